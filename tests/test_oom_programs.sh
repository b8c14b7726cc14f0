#!/bin/sh
# Each allocation of a program fails, in a small run of each thing that it does (oom_program.c).
# usage: test_oom_programs.sh PROGRAM FOLDER-OF-PROGRAMS OOM-PROGRAM [all | TIMES]
# With "all" every allocation fails both ways, which takes minutes; with a number so many times fewer than without.
. "$(dirname "$0")/support/programs.sh"
program=$1
examples=$2
starved=$3
sparser=${4:-1}
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

step()
{
    if [ "$sparser" = all ]; then echo 1; else echo $(($1 * sparser)); fi
}

# starve ONCE FOR-GOOD OPTIONS..: every ONCE-th allocation fails, then all from every FOR-GOOD-th on.
starve()
{
    once=$(step "$1")
    for_good=$(step "$2")
    shift 2
    "$starved" "$once" "$for_good" "$@" --quiet --threads 1 >"$work/log" 2>&1 || fail "$program $*: $(cat "$work/log")"
    echo "$program $*"
    grep '^allocations' "$work/log"
}

# save OPTIONS..: what is loaded later.
save() { "$examples/$program" --quiet --out "$work/out" --save "$work/model" "$@" >/dev/null || fail "$program $*"; }

case $program in
cartpole_qlearning)
    starve 1 4 --episodes 20 --save model --out out --tensorboard board
    save --episodes 20
    starve 1 4 --load "$work/model" --play 1 --render ansi
    starve 3 9 --episodes 20 --out "$work/out" --resume
    ;;
cartpole_dqn)
    starve 1 4 --episodes 2 --save model --out out --prioritised --dueling
    save --episodes 2
    starve 1 4 --load "$work/model" --play 1 --render gif --out out
    starve 4 9 --episodes 2 --out "$work/out" --resume
    ;;
imdb_sentiment)
    starve 1 4 --model gru --reviews 60 --maxlen 20 --words 100 --epochs 1 --explain --save model --out out
    save --model gru --reviews 60 --maxlen 20 --words 100 --epochs 1
    starve 1 4 --load "$work/model" --predict "a good film"
    starve 4 9 --load "$work/model" --neighbours the
    ;;
mnist_dcgan)
    # Its networks are large: a run takes long.
    starve 9 25 --images 10 --batch 10 --epochs 1 --samples 10 --out out
    save --images 10 --batch 10 --epochs 1 --samples 10
    starve 3 9 --load "$work/model" --generate 4 --out out
    ;;
esac
