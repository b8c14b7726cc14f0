#!/bin/sh
# Each allocation of a program fails, once and from then on, in a small run of each thing that it does (oom_program.c).
# usage: test_oom_programs.sh PROGRAM FOLDER-OF-PROGRAMS OOM-PROGRAM [sparse]
# With "sparse", mnist_dcgan fails at a part of them: its networks are large, a run under a sanitizer takes long.
. "$(dirname "$0")/support/programs.sh"
program=$1
examples=$2
starved=$3
sparse=${4:-}
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

# starve_some ONCE FOR-GOOD OPTIONS..: every ONCE-th allocation fails, then all from every FOR-GOOD-th on.
starve_some()
{
    once=$1 for_good=$2
    shift 2
    "$starved" "$once" "$for_good" "$@" --quiet --threads 1 >"$work/log" 2>&1 || fail "$program $*: $(cat "$work/log")"
    echo "$program $*"
    grep '^allocations' "$work/log"
}

starve() { starve_some 1 1 "$@"; }

# save OPTIONS..: what is loaded later.
save() { "$examples/$program" --quiet --out "$work/out" --save "$work/model" "$@" >/dev/null || fail "$program $*"; }

case $program in
cartpole_qlearning)
    starve --episodes 20 --save model --out out --tensorboard board
    save --episodes 20
    starve --load "$work/model" --play 1 --render ansi
    starve --episodes 20 --out "$work/out" --resume
    ;;
cartpole_dqn)
    starve --episodes 2 --save model --out out --prioritised --dueling
    save --episodes 2
    starve --load "$work/model" --play 1 --render gif --out out
    starve --episodes 2 --out "$work/out" --resume
    ;;
imdb_sentiment)
    starve --model gru --reviews 60 --maxlen 20 --words 100 --epochs 1 --explain --save model --out out
    save --model gru --reviews 60 --maxlen 20 --words 100 --epochs 1
    starve --load "$work/model" --predict "a good film"
    starve --load "$work/model" --neighbours the
    ;;
mnist_dcgan)
    if [ "$sparse" ]; then
        learning="9 25" drawing="3 9"
    else
        learning="1 1" drawing="1 1"
    fi
    # shellcheck disable=SC2086 # two words
    starve_some $learning --images 10 --batch 10 --epochs 1 --samples 10 --out out
    save --images 10 --batch 10 --epochs 1 --samples 10
    # shellcheck disable=SC2086
    starve_some $drawing --load "$work/model" --generate 4 --out out
    ;;
esac
