#!/bin/sh
# mnist_dcgan, interrupted wherever it happens to be and resumed, gives the bytes of an uninterrupted run.
# usage: test_resume_dcgan.sh FOLDER-OF-PROGRAMS
. "$(dirname "$0")/support/programs.sh"
program=$1/mnist_dcgan
pid=
trap '[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || :; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

fail() { echo "FAILED: $*"; cat "$work/err" 2>/dev/null || :; exit 1; }

# dcgan OPTIONS..: the tiny training; stderr in $work/err.
dcgan() { "$program" --quiet --images 100 --batch 20 --epochs 2 --checkpoint-every 1 --samples 50 "$@" >"$work/text" 2>"$work/err"; }

# begin OPTIONS..: the same in the background; $pid. A new shell leaves its signals to the program.
begin() { "$program" --quiet --images 100 --batch 20 --epochs 2 --checkpoint-every 1 --samples 50 "$@" >"$work/text" 2>"$work/err" & pid=$!; }

alive() { kill -0 "$pid" 2>/dev/null; }

# until_there FILE: waits for it, or for the end of the program.
until_there() { while alive && [ ! -e "$1" ]; do sleep 0.01; done; }

# interrupted: sends SIGINT and waits; the exit code is in $code. A program that does not stop within minutes is killed.
interrupted()
{
    kill -INT "$pid" 2>/dev/null || :
    tick=0
    while alive && [ $tick -lt 1200 ]; do sleep 0.1; tick=$((tick + 1)); done
    [ $tick -lt 1200 ] || fail "SIGINT: expected an end, still running"
    code=0
    wait "$pid" || code=$?
    pid=
}

# says_resume: the exit code and the line of an interrupted run.
says_resume()
{
    [ "$code" -eq 130 ] || fail "$1: expected exit code 130, got $code"
    grep -q 'interrupted, state saved; go on with:' "$work/err" || fail "$1: no word of how to go on"
}

# same FOLDER FOLDER: all pictures, and history.csv but for its last column, the seconds.
same()
{
    for file in image_at_epoch_0001.png image_at_epoch_0002.png; do
        cmp "$work/$1/$file" "$work/$2/$file" || fail "$file: $1 and $2 differ"
    done
    if [ -e "$work/$1/dcgan.gif" ]; then # built with giflib
        cmp "$work/$1/dcgan.gif" "$work/$2/dcgan.gif" || fail "dcgan.gif: $1 and $2 differ"
    fi
    sed 's/,[^,]*$//' "$work/$1/history.csv" >"$work/one"
    sed 's/,[^,]*$//' "$work/$2/history.csv" >"$work/two"
    [ "$(wc -l <"$work/one")" -eq 3 ] || fail "$1/history.csv: expected a header and two epochs"
    cmp "$work/one" "$work/two" || fail "history.csv: $1 and $2 differ"
}

# --- one run without a break, one with many ---------------------------------------------------------------------------

dcgan --out "$work/whole" --save "$work/whole.safetensors" || fail "uninterrupted run: exit code $?"
cp "$work/text" "$work/whole.text"

# A signal comes ever later, three times after the beginning, while the classifier learns, then after that; sooner again until
# two came while the networks did, however fast the machine is.
lock=$work/broken/checkpoint.safetensors.lock
for scale in 1 0.5 0.2 0.1 0.05 0.02 0.01; do
    rm -rf "$work/broken"
    saves=0 tries=0
    for delay in 0 0.1 0.3 0 0.1 0.2 0.3 0.5 0.7 1 1.5 2 3 4 6 8 16 32 64 128; do
        begin --out "$work/broken" --save "$work/broken.safetensors" --resume
        tries=$((tries + 1))
        until_there "$([ $tries -le 3 ] && echo "$lock" || echo "$work/broken/classifier.safetensors")"
        sleep "$(echo "$delay $scale" | awk '{ print $1 * $2 }')"
        interrupted
        [ "$code" -ne 0 ] || break
        says_resume "after $delay s"
        [ ! -e "$work/broken/classifier.safetensors" ] || saves=$((saves + 1))
    done
    [ "$code" -eq 0 ] || fail "interrupted run: expected it to end once"
    [ $saves -lt 2 ] || break
done
[ $saves -ge 2 ] || fail "expected at least two interrupts in training, got $saves"
same whole broken
cmp "$work/whole.safetensors" "$work/broken.safetensors" || fail "weights: interrupted and resumed, they differ"
[ "$(sed 's/seconds=.*//' "$work/text")" = "$(sed 's/seconds=.*//' "$work/whole.text")" ] || fail "other results"

# --- a finished run ---------------------------------------------------------------------------------------------------

# Resumed, it only writes its pictures anew.
mkdir "$work/before"
cp "$work/broken"/* "$work/before"
rm -f "$work/broken/dcgan.gif"
dcgan --out "$work/broken" --resume || fail "--resume of a finished run: exit code $?"
same before broken

# A signal during its score.
begin --out "$work/broken" --resume --samples 1000000
until_there "$lock"
sleep 1
interrupted
says_resume "during the score"

# --- a new run in the folder of an old one ----------------------------------------------------------------------------

# Killed before its first epoch is done: what goes on is the new one, with its own history.
cp -r "$work/whole" "$work/anew"
begin --out "$work/anew" --seed 5
while alive && [ "$(wc -l <"$work/anew/history.csv")" -gt 1 ]; do sleep 0.01; done
kill -9 "$pid" 2>/dev/null || :
wait "$pid" || :
pid=
dcgan --out "$work/anew" --seed 5 --resume || fail "anew: exit code $?"
dcgan --out "$work/alone" --seed 5 || fail "seed 5: exit code $?"
same anew alone

# --- what stays, and what is refused ----------------------------------------------------------------------------------

# The checkpoint of epoch 1 holds all that epoch 2 needs.
mkdir "$work/kept"
cp "$work/whole/checkpoint_epoch_0001.safetensors" "$work/kept/checkpoint.safetensors"
cp "$work/whole/history.csv" "$work/whole/image_at_epoch_0001.png" "$work/kept"
dcgan --out "$work/kept" --resume --save "$work/kept.safetensors" || fail "a checkpoint that stayed: exit code $?"
same whole kept
cmp "$work/whole.safetensors" "$work/kept.safetensors" || fail "weights: from the checkpoint of epoch 1, they differ"

# A longer run goes on; a shorter one, another seed, batch, number of images, learning rate or average does not, and leaves all as it is.
dcgan --out "$work/kept" --resume --epochs 3 || fail "--resume --epochs 3: exit code $?"
[ "$(wc -l <"$work/kept/history.csv")" -eq 4 ] || fail "--resume --epochs 3: expected three epochs in history.csv"
cp "$work/kept/classifier.safetensors" "$work/classifier"
for wrong in "--epochs 2" "--seed 2" "--batch 25" "--images 101" "--lr 0.001" "--average 0.5"; do
    code=0
    # shellcheck disable=SC2086
    dcgan --out "$work/kept" --resume --epochs 3 $wrong || code=$?
    [ $code -eq 1 ] || fail "--resume $wrong: expected exit code 1, got $code"
    [ "$(wc -l <"$work/err")" -eq 1 ] || fail "--resume $wrong: expected one line"
    case $wrong in
    --epochs*) told="--epochs: expected at least 3, which is begun" ;;
    *) told="was begun with ${wrong% *} .*" ;;
    esac
    grep -q "checkpoint.safetensors: $told, got ${wrong#* }$" "$work/err" || fail "--resume $wrong: not told"
done
cmp "$work/kept/classifier.safetensors" "$work/classifier" || fail "a refused --resume wrote the classifier anew"

# A second signal ends the program within its step, here one of seconds; within a second of the first it is its double.
begin --out "$work/twice" --batch 2048 --images 2048 --threads 1
until_there "$work/twice/classifier.safetensors"
kill -INT "$pid"
sleep 1.2
interrupted
[ "$code" -eq 130 ] || fail "two signals: expected exit code 130, got $code"
[ ! -s "$work/err" ] || fail "two signals: expected an end at once"
echo "mnist_dcgan: resumed runs give the numbers of whole ones"
