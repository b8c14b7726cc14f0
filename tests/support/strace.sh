# Calls to the system made to fail or to be the last one before a kill, by strace; sourced after programs.sh. Exit code 77 with
# a line where there is no strace or it may not trace.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 # the calls of one thread come in one order
command -v strace >/dev/null || { echo "skipped: strace is not installed"; exit 77; }
strace -f --seccomp-bpf -o "$work/strace" true 2>/dev/null || { echo "skipped: strace may not trace here"; exit 77; }

# calls PATH COMMAND..: every call of the command that names PATH or a file below it or has it open, a line each: the name of the
# call, its number among the calls of this name, and the rest as strace has it.
calls()
{
    path=$1
    shift
    strace -y -o "$work/strace" "$@" >"$work/stdout" 2>"$work/stderr" || fail "$*: exit code $?: $(cat "$work/stderr")"
    awk -v path="$path" '
        { name = $0; sub(/\(.*/, "", name); number[name]++ }
        name ~ /^[a-z0-9_]+$/ && name != "execve" && index($0, path) { print name, number[name], substr($0, length(name) + 1) }
    ' "$work/strace"
}

# inject CALL NUMBER WHAT COMMAND..: runs the command with that call made to fail (error=EIO) or not to return (signal=KILL); its
# exit code is left in $code, its output in $work/stdout and $work/stderr.
inject()
{
    call=$1
    number=$2
    what=$3
    shift 3
    code=0
    case $what in
    error=*) fast='-f --seccomp-bpf' ;; # the other calls do not stop
    *) fast= ;;                         # with which strace 6.1 sends no signals
    esac
    # shellcheck disable=SC2086 # a list of options. The shell says what was killed.
    { strace $fast -o "$work/strace" -e trace="$call" -e inject="$call:$what:when=$number" "$@" >"$work/stdout" 2>"$work/stderr" ||
        code=$?; } 2>/dev/null
    grep -q -e INJECTED -e 'killed by SIGKILL' "$work/strace" || fail "$call $number: not reached: $what"
}
