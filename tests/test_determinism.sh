#!/bin/sh
# Whole trainings on 1, 2, 3, 4 and 8 threads, and on as many as OpenMP takes by itself: the same model byte for byte, the same
# history and lines but for their seconds, the same pictures. usage: test_determinism.sh PROGRAM FOLDER-OF-PROGRAMS
. "$(dirname "$0")/support/programs.sh"
program=$1
folder=$2
export OMP_WAIT_POLICY=passive # more threads than processors take turns

# train NAME THREADS OPTIONS..: everything that a run leaves in the folder $work/NAME.
train()
{
    name=$1
    threads=$2
    shift 2
    mkdir "$work/$name"
    "$folder/$program" --quiet --threads "$threads" --out "$work/$name/out" --save "$work/$name/model" "$@" \
        >"$work/$name/lines" 2>"$work/$name/err" || fail "$program $*: exit code $?: $(cat "$work/$name/err")"
    [ -s "$work/$name/model" ] || fail "$program $*: no model"
    # A column of seconds is the last one; so is the word of the last line. Checkpoints hold seconds, too.
    for csv in "$work/$name"/out/*.csv; do
        awk 'NR == 1 { drop = /,seconds$/ } drop { sub(/,[^,]*$/, "") } { print }' "$csv" >"$csv.new"
        mv "$csv.new" "$csv"
    done
    sed 's/ *seconds=.*//' "$work/$name/lines" >"$work/$name/lines.new"
    mv "$work/$name/lines.new" "$work/$name/lines"
    rm -f "$work/$name"/out/checkpoint*
}

# same OPTIONS..: trains with every number of threads.
same()
{
    rm -rf "$work"/1 "$work"/[2-8] "$work"/free
    train 1 1 "$@"
    [ "$(cat "$work/1"/out/*.csv | wc -l)" -ge 3 ] || fail "$program $*: no history"
    for threads in 2 3 4 8; do
        train $threads $threads "$@"
        diff -r "$work/1" "$work/$threads" || fail "$program $*: 1 and $threads threads differ"
        rm -rf "${work:?}/$threads"
    done
    OMP_NUM_THREADS=5 train free 0 "$@"
    diff -r "$work/1" "$work/free" || fail "$program $*: 1 and OpenMP's 5 threads differ"
    echo "$program $*: the same, $(find "$work/1" -type f | wc -l) files"
}

# The CartPole programs work on one thread whatever they are told: their networks are too small to be split.
case $program in
cartpole_qlearning)
    same --episodes 3000 --seed 3
    same --episodes 3000 --seed 3 --preset tuned
    ;;
cartpole_dqn)
    same --solved 475 --episodes 30 --batch 64 --seed 3
    same --solved 475 --episodes 30 --batch 64 --seed 3 --dueling --prioritised
    ;;
imdb_sentiment)
    for model in dense embedding conv rnn gru lstm lstm2 bilstm; do
        same --model $model --reviews 300 --maxlen 60 --words 300 --batch 64 --epochs 2 --dropout "$([ $model = dense ] && echo 0 || echo 0.2)"
    done
    ;;
mnist_dcgan)
    same --images 100 --batch 20 --epochs 2 --samples 50
    ;;
*) fail "$program: no options to train with" ;;
esac
echo "$program: all as expected"
