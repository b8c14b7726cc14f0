#!/bin/sh
# A save over an old file, killed at every system call that it makes, and with every one of them failing: strace does both.
# The old or the new generation loads afterwards, and the next save works. usage: test_crash.sh SAVER
. "$(dirname "$0")/support/programs.sh"
. "$(dirname "$0")/support/strace.sh"
saver=$1
file="$work/out/file"

mkdir "$work/out"
"$saver" "$file" new >/dev/null || fail "no file to save over"

# The calls of the first of its saves: from the lock to the closing of the lock.
calls "$work/out" "$saver" "$file" | awk '/^openat .*file\.lock"/ { on = 1 } on { print $1, $2 } /^close .*file\.lock/ { exit }' \
    >"$work/calls"
for name in openat fcntl write fsync close link rename unlink; do
    grep -q "^$name " "$work/calls" || fail "$name is none of the calls: $(cat "$work/calls")"
done

# generations: of the file before, after the first save and after the second, in $before, $first and $second.
generations() { read -r before first second <"$work/stdout" || fail "it did not begin: $(cat "$work/stderr")"; }

kills=0
news=0
generations
last=$second
while read -r call number; do
    inject "$call" "$number" signal=KILL "$saver" "$file"
    [ "$code" -eq 137 ] || fail "killed at $call $number: exit code $code"
    "$saver" "$file" >"$work/stdout" 2>"$work/stderr" || fail "killed at $call $number: $(cat "$work/stdout" "$work/stderr")"
    generations
    [ $((first - before)) -eq 1 ] && [ $((second - before)) -eq 2 ] || fail "killed at $call $number: $(cat "$work/stdout")"
    case $((before - last)) in
    0) ;;
    1) news=$((news + 1)) ;;
    *) fail "killed at $call $number: generation $before loads, where $last was saved" ;;
    esac
    [ "$(ls -A "$work/out" | tr '\n' ' ')" = "file file.prev " ] || fail "killed at $call $number: $(ls -A "$work/out") is left"
    last=$second
    kills=$((kills + 1))
done <"$work/calls"
[ "$news" -ge 3 ] && [ "$news" -lt "$kills" ] || fail "$news of $kills kills left the new generation"

# errnos: names, and what strerror says of them.
errnos='ENOSPC No space left on device
EIO Input/output error
EDQUOT Disk quota exceeded
EINTR Interrupted system call
EROFS Read-only file system'

failures=0
echo "$errnos" >"$work/errnos"
while read -r errno message; do
    while read -r call number; do
        inject "$call" "$number" "error=$errno" "$saver" "$file"
        generations
        told=
        read -r told <"$work/stderr" || true
        case "$code $((before - last)) $((first - before)) $((second - before)) $told" in
        "0 0 1 2 ") ;;
        "1 0 0 2 $work/out/"*": $message") failures=$((failures + 1)) ;;
        *) fail "$errno of $call $number: exit code $code, $last, then $(cat "$work/stdout" "$work/stderr")" ;;
        esac
        last=$second
    done <"$work/calls"
done <"$work/errnos"
[ "$failures" -ge 40 ] || fail "only $failures saves failed"
echo "killed at $kills calls; of $((5 * kills)) calls that failed $failures made the save fail"
