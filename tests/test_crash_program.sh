#!/bin/sh
# A training that goes on from a checkpoint, killed at every system call that changes a file in --out, and with those of the
# program's own files failing. What is killed goes on with --resume and ends as if nothing had been; what fails goes on with a warning or ends with
# one line, and goes on too. usage: test_crash_program.sh CARTPOLE_QLEARNING
. "$(dirname "$0")/support/programs.sh"
. "$(dirname "$0")/support/strace.sh"
program=$1
options="--quiet --out $work/out --save $work/out/model"

"$program" --quiet --out "$work/before" --episodes 10 >/dev/null || fail "no training to go on with"
restore() { rm -rf "$work/out" && cp -r "$work/before" "$work/out"; }
# go_on: to the end of the training.
# shellcheck disable=SC2086 # a list of options
go_on() { "$program" $options --resume --episodes 1000 >"$work/stdout" 2>"$work/stderr" || fail "$1: $(cat "$work/stderr")"; }

restore
# shellcheck disable=SC2086
calls "$work/out" "$program" $options --resume --episodes 1000 |
    grep -E '^(openat|write|fsync|close|link|rename|unlink|ftruncate|mkdir) ' >"$work/calls"
# Those that change something: before the others all is as it was before the call that comes next.
grep '^[lrufmw]\|O_CREAT' "$work/calls" | grep -v '^fsync\| = -1 ' >"$work/changes"
for file in checkpoint.safetensors history.csv history.png model; do
    grep -q "^rename .*out/$file\"\|^write .*out/$file>" "$work/calls" || [ $file = history.png ] || fail "no call changes $file"
done
mv "$work/out" "$work/whole"

# same WHAT: the training that ends now has the history and the model of one that was left alone.
same()
{
    cmp "$work/whole/model" "$work/out/model" || fail "$1: another model"
    [ "$2" = "no history" ] || cmp "$work/whole/history.csv" "$work/out/history.csv" || fail "$1: another history"
    # A kill may leave the hidden beginning of a picture.
    [ "$2" = "no history" ] || ! ls -A "$work/out" | grep -v '^\.kvist-\|^\.history' | grep -q '^\.\|\.lock$' || fail "$1: $(ls -A "$work/out") is left"
}

kills=0
while read -r call number rest; do
    restore
    # shellcheck disable=SC2086
    inject "$call" "$number" signal=KILL "$program" $options --resume --episodes 1000
    [ "$code" -eq 137 ] || fail "killed at $call $number: exit code $code"
    go_on "killed at $call $number$rest"
    same "killed at $call $number$rest" "history"
    kills=$((kills + 1))
done <"$work/changes"
[ "$kills" -ge 40 ] || fail "only $kills calls change something"

# What the library does with a checkpoint is tested elsewhere (test_crash.sh): here its fsync stands for the rest.
failures=0
grep '\.kvist-\|\.png\|\.lock", \|\.csv>\|\.csv", O_WR' "$work/calls" | grep -v '^close\|^unlink' >"$work/own"
grep '^close .*\.csv>\|^fsync .*\(checkpoint\|model\).*tmp' "$work/calls" >>"$work/own"
while read -r call number rest; do
    restore
    # shellcheck disable=SC2086
    inject "$call" "$number" error=ENOSPC "$program" $options --resume --episodes 1000
    [ "$code" -eq 0 ] || [ "$code" -eq 1 ] || fail "ENOSPC of $call $number$rest: exit code $code: $(cat "$work/stderr")"
    # A warning and what follows from it: no row, no plot.
    [ "$(wc -l <"$work/stderr")" -le 2 ] || fail "ENOSPC of $call $number$rest: $(cat "$work/stderr")"
    [ "$code" -eq 0 ] || [ -s "$work/stderr" ] || fail "ENOSPC of $call $number$rest: nothing was said"
    failures=$((failures + code))
    [ "$code" -eq 0 ] || go_on "ENOSPC of $call $number$rest"
    same "ENOSPC of $call $number$rest" "no history"
done <"$work/own"
[ "$failures" -ge 3 ] || fail "only $failures calls that failed ended the training"
echo "killed at $kills calls; of $(wc -l <"$work/own") calls that failed $failures ended the training"
