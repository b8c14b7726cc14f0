#!/bin/sh
# imdb_sentiment interrupted at arbitrary moments and resumed until it is done, against a run left alone: the same
# history but for its seconds, the same result, the same model byte for byte. usage: test_resume_sentiment.sh FOLDER [SLOWER]
# SLOWER: for a build whose steps take so many times as long or more: fewer reviews, later interrupts.
. "$(dirname "$0")/support/programs.sh"
program=$1/imdb_sentiment
slower=${2:-1}

# learn RUN OPTION..: dropout, best weights and patience are what a resume could lose; by patience the best epoch is
# never the last one. Not silent: the lines of the epochs are part of it.
learn()
{
    run=$1
    shift
    exec "$program" --model lstm --maxlen 80 --words 200 --reviews $((1500 / slower)) --batch 32 --lr 0.03 --dropout 0.3 \
        --epochs 30 --patience 2 --threads 1 --out "$work/$run" --save "$work/$run.safetensors" "$@" \
        >>"$work/$run.log" 2>>"$work/$run.err"
}

(learn alone) || fail "the run left alone exited with $?: $(cat "$work/alone.err")"

# Each attempt is left a little longer than the one before, so that it always comes further. The signal waits for the
# first line: the program listens from then on, and a shell lets what runs in its background ignore SIGINT before.
attempts=0
interrupted=0
delay=$((10 * slower)) # milliseconds
while :; do
    attempts=$((attempts + 1))
    [ "$attempts" -le 100 ] || fail "not done after 100 attempts"
    : >"$work/broken.log"
    learn broken --resume &
    pid=$!
    while [ ! -s "$work/broken.log" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.01; done
    sleep "$(printf '%d.%03d' $((delay / 1000)) $((delay % 1000)))"
    kill -INT "$pid" 2>/dev/null || true
    code=0
    wait "$pid" || code=$?
    case $code in
    0) break ;;
    130) interrupted=$((interrupted + 1)) ;;
    *) fail "attempt $attempts exited with $code: $(cat "$work/broken.err")" ;;
    esac
    delay=$((delay + delay / 8 + 7 * slower))
done
[ "$interrupted" -ge 3 ] || fail "interrupted $interrupted times only: nothing was tested"

without_seconds() { cut -d, -f 1-5 "$1"; }
result() { sed -n '/^best epoch/p; s/^\(result: .*\) seconds=.*/\1/p' "$work/$1.log" | tail -n 2; }

grep -q '^stopped early' "$work/alone.log" || fail "not stopped early: $(cat "$work/alone.log")"
[ "$(without_seconds "$work/alone/history.csv")" = "$(without_seconds "$work/broken/history.csv")" ] || {
    diff "$work/alone/history.csv" "$work/broken/history.csv" || true
    fail "another history.csv after $interrupted interruptions"
}
[ "$(result alone)" = "$(result broken)" ] || fail "left alone: $(result alone); interrupted: $(result broken)"
best=$(awk -F , 'NR > 1 && $5 > most { most = $5; epoch = $1 } END { printf "best_val_accuracy=%.4f best_epoch=%d ", most, epoch }' \
    "$work/broken/history.csv")
result broken | grep -q "^result: $best" || fail "expected $best as in history.csv, got $(result broken)"
cmp "$work/alone.safetensors" "$work/broken.safetensors" || fail "another model after $interrupted interruptions"
cmp "$work/alone/vectors.tsv" "$work/broken/vectors.tsv" || fail "another embedding"

# A line for each epoch, whatever moment it was resumed at.
epoch_lines() { grep -o '^Epoch [0-9]*/30' "$1"; }
[ "$(epoch_lines "$work/alone.err")" = "$(epoch_lines "$work/broken.err")" ] || fail "epoch lines: $(cat "$work/broken.err")"

# What is finished stays as it is: no epoch more, the same best one.
(learn broken --resume) || fail "resuming a finished run exited with $?"
[ "$(result alone)" = "$(result broken)" ] || fail "a finished run resumed: $(result broken)"
cmp "$work/alone.safetensors" "$work/broken.safetensors" || fail "another model from a finished run"

# refused PATTERN OPTIONS..: going on with other settings fails with one line of that pattern, and changes nothing.
refused()
{
    text=$1
    shift
    cp "$work/broken/history.csv" "$work/before"
    cp "$work/broken/checkpoint.safetensors" "$work/before.safetensors"
    : >"$work/broken.err"
    code=0
    (learn broken --resume "$@") || code=$?
    [ "$code" -eq 1 ] || fail "--resume $*: expected exit code 1, got $code"
    # shellcheck disable=SC2254 # a pattern
    case $(cat "$work/broken.err") in
    "imdb_sentiment: $work/broken/checkpoint.safetensors: "$text) ;;
    *) fail "--resume $*: expected $text, got $(cat "$work/broken.err")" ;;
    esac
    cmp "$work/before" "$work/broken/history.csv" || fail "--resume $*: history.csv has changed"
    cmp "$work/before.safetensors" "$work/broken/checkpoint.safetensors" || fail "--resume $*: the checkpoint has changed"
}

reviews=$((1500 / slower))
for wrong in "1: --seed 2" "$reviews: --reviews 300" "lstm: --model gru" "200: --words 100" "80: --maxlen 40" "32: --batch 16" \
    "0.03: --lr 0.1" "0: --clip-norm 1" "0.3: --dropout 0.2"; do
    option=${wrong#*: }
    # shellcheck disable=SC2086
    refused "was begun with ${option% *} ${wrong%%: *}, got ${option#* }" $option
done
# Reviews that are read, not made: of two sets of the same counts only one is that of the run.
for set in one two; do
    for part in train test; do
        mkdir -p "$work/$set/$part/pos" "$work/$set/$part/neg"
        for i in 1 2 3 4 5 6; do
            echo "good $set $i" >"$work/$set/$part/pos/${i}_9.txt"
            echo "bad $i" >"$work/$set/$part/neg/${i}_2.txt"
        done
    done
done
(learn broken --data "$work/one" --epochs 1) || fail "reviews of a folder: $(cat "$work/broken.err")"
(learn broken --data "$work/one" --epochs 2 --resume) || fail "reviews of a folder: $(cat "$work/broken.err")"
sum="(????????????????)"
mv "$work/two/train/pos/1_9.txt" "$work/two/train/neg/9_2.txt"
refused "was begun with --data 12 reviews $sum, got 12 reviews $sum" --data "$work/two"
refused "was begun with --data 12 reviews $sum, got generated $sum"
# What was saved without its settings.
cp "$work/alone.safetensors" "$work/broken/checkpoint.safetensors"
refused "fit.note: expected the settings it was begun with, got none of this program; begin anew"

# A new run in the folder of an old one, killed before its first epoch is done: what goes on is the new one.
cp -r "$work/alone" "$work/anew"
long_epoch="--seed 5 --batch 1 --maxlen 400 --reviews $((4000 / slower)) --epochs 1"
# shellcheck disable=SC2086 # a list of options
learn anew $long_epoch &
pid=$!
while [ ! -e "$work/anew/checkpoint.safetensors.lock" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.01; done
tick=0
while cmp -s "$work/alone/checkpoint.safetensors" "$work/anew/checkpoint.safetensors" && [ $tick -lt 20 ]; do
    sleep 0.02
    tick=$((tick + 1))
done
kill -KILL "$pid" 2>/dev/null || true
wait "$pid" || true
# shellcheck disable=SC2086
(learn anew $long_epoch --resume) || fail "anew: exited with $?: $(cat "$work/anew.err")"
# shellcheck disable=SC2086
(learn fresh $long_epoch) || fail "seed 5: exited with $?"
[ "$(without_seconds "$work/anew/history.csv")" = "$(without_seconds "$work/fresh/history.csv")" ] || fail "anew: another history.csv"
cmp "$work/anew.safetensors" "$work/fresh.safetensors" || fail "anew: another model"
echo "imdb_sentiment: the same after $interrupted interruptions"
