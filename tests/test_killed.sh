#!/bin/sh
# A training killed (SIGKILL) before each of its steps in turn and resumed ends as one that was left alone: the same model, history
# and pictures byte for byte, the same result, and it takes no step again that was saved (of the CartPole programs it takes fewer
# steps once they saved). These save after many episodes: theirs begins short of a save.
# usage: test_killed.sh PROGRAM KILLED-PROGRAM [all]    all: every step, else a few
. "$(dirname "$0")/support/programs.sh"
program=$1
killed=$2
all=${3-}
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

# Those that save after each epoch: the steps of one, and those before the first.
epoch='' ahead=0
from=
case $program in
cartpole_qlearning)
    # It saves after 1000 episodes, and when it is interrupted.
    options="--seed 3"
    from="-30800 --episodes 1002"
    end="--episodes 1002"
    least=100 most=8
    ;;
cartpole_dqn)
    options="--batch 8 --units 8 --dueling --prioritised --seed 3"
    from="0 --episodes 99"
    end="--episodes 101"
    least=100 most=8
    ;;
imdb_sentiment)
    options="--model lstm --maxlen 20 --words 100 --reviews 96 --batch 16 --lr 0.03 --dropout 0.3 --patience 2 --threads 1"
    end="--epochs 4"
    epoch=5
    least=12 most=15
    ;;
mnist_dcgan)
    options="--images 20 --batch 10 --checkpoint-every 1 --samples 10 --threads 1"
    end="--epochs 2"
    epoch=4 ahead=20 # of the classifier, which has a file of its own
    least=12 most=5  # one of them in the second epoch
    ;;
*) fail "$program: no options" ;;
esac

# train N OPTIONS..: until it is done, or killed before step N; the exit code is in $code.
train()
{
    n=$1
    shift
    code=0
    # shellcheck disable=SC2086 # lists of options
    "$killed" "$n" $options --quiet --out "$work/out" --save "$work/out/model" --resume "$@" \
        >"$work/stdout" 2>"$work/stderr" || code=$?
}

# restore: what the training begins with.
restore()
{
    rm -rf "$work/out"
    [ ! -d "$work/before" ] || cp -r "$work/before" "$work/out"
}

# told: how many steps the training took.
told() { sed -n '$s/ steps$//p' "$work/stderr"; }

# left AT: the most steps that are left to do of a training killed before step AT. One that does not save after each epoch has
# saved if its checkpoint is not what it began with.
left()
{
    if [ -z "$epoch" ]; then
        cmp -s "$work/before/checkpoint.safetensors" "$work/out/checkpoint.safetensors" && echo "$steps" || echo $((steps - 1))
    elif [ "$1" -le "$ahead" ]; then
        echo "$steps"
    else
        echo $((steps - ahead - ($1 - 1 - ahead) / epoch * epoch))
    fi
}

result() { sed -n 's/ seconds=.*//; /^result: /p' "$work/stdout"; }
# rows FOLDER: of the history, without its column of seconds.
rows() { awk 'NR == 1 { drop = /,seconds$/ } drop { sub(/,[^,]*$/, "") } { print }' "$work/$1/"*.csv; }

# same: as the training that was left alone. A kill may leave the hidden beginning of a file, and the checkpoint holds seconds.
same()
{
    for file in $(cd "$work/whole" && find . -type f ! -name '.*' ! -name '*.csv' ! -name 'checkpoint*'); do
        cmp "$work/whole/$file" "$work/out/$file" || fail "$1: another $file"
    done
    [ "$(rows whole)" = "$(rows out)" ] || fail "$1: another history"
    [ "$(result)" = "$expected" ] || fail "$1: expected $expected, got $(result)"
}

if [ -n "$from" ]; then
    # shellcheck disable=SC2086
    train $from
    [ "$code" -eq 0 ] || [ "$code" -eq 130 ] || fail "no training to go on with: $(cat "$work/stderr")"
    mv "$work/out" "$work/before"
fi
restore
# shellcheck disable=SC2086
train 0 $end
[ "$code" -eq 0 ] || fail "left alone: $(cat "$work/stderr")"
mv "$work/out" "$work/whole"
expected=$(result)
steps=$(told)
[ -n "$expected" ] && [ "$steps" -ge "$least" ] && [ "$steps" -le 1000 ] ||
    fail "expected a result and $least to 1000 steps, got $steps: $expected"

stride=1
[ -n "$all" ] || stride=$(((steps + most - 1) / most))
kills=0 at=1
while [ "$at" -le "$steps" ]; do
    restore
    # shellcheck disable=SC2086
    train "$at" $end
    [ "$code" -eq 137 ] || fail "step $at: expected to be killed, got exit code $code: $(cat "$work/stderr")"
    left=$(left "$at")
    # shellcheck disable=SC2086
    train 0 $end
    [ "$code" -eq 0 ] || fail "killed before step $at: $(cat "$work/stderr")"
    [ "$(told)" -le "$left" ] || fail "killed before step $at of $steps: expected to take $left at most, took $(told)"
    same "killed before step $at of $steps"
    kills=$((kills + 1)) at=$((at + stride))
done
echo "$program: the same after each of $kills kills at $steps steps"
