#!/bin/sh
# Each allocation of a program fails, once and from then on, in a small run of each thing that it does (oom_program.c).
# usage: test_oom_programs.sh PROGRAM FOLDER-OF-PROGRAMS OOM-PROGRAM [sparse]
# With "sparse", for a sanitizer under which a run takes long, mnist_dcgan fails at a part of them, and imdb_sentiment in the
# more of what it does.
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

# What programs read that is no model of theirs: reviews as a folder, an archive and Keras' file; digits.
make_reviews()
{
    for part in train test; do
        for class in pos/1_9 pos/2_8 pos/3_10 neg/1_1 neg/2_2 neg/3_3; do
            mkdir -p "$work/aclImdb/$part/${class%/*}"
            echo "a film of $part $class that is neither long nor short" >"$work/aclImdb/$part/$class.txt"
        done
    done
    tar -C "$work" -czf "$work/reviews.tar.gz" aclImdb
    mkdir "$work/keras"
    cp "$(dirname "$0")/data/npz/rows.npz" "$work/keras/imdb.npz"
    awk 'BEGIN { printf "{"; for (i = 90; i > 1; i--) printf "\"w%d\": %d, ", i, i; print "\"film\": 1}" }' \
        >"$work/keras/imdb_word_index.json"
}

# images NAME: ten of 28 x 28, and their labels.
images()
{
    { printf '\0\0\10\3\0\0\0\12\0\0\0\34\0\0\0\34' && head -c 7840 /dev/zero; } | gzip >"$work/mnist/$1-images-idx3-ubyte.gz"
    printf '\0\0\10\1\0\0\0\12\0\1\2\3\4\5\6\7\10\11' | gzip >"$work/mnist/$1-labels-idx1-ubyte.gz"
}

case $program in
cartpole_qlearning)
    starve --episodes 20 --save model --out out --tensorboard board
    starve --episodes 20 --runs 2 --out out --tensorboard board
    starve --episodes 20 --random --out out
    starve --random --play 1 --render gif --out out
    save --episodes 20
    starve --load "$work/model" --play 1 --render ansi
    starve --episodes 20 --out "$work/out" --resume
    ;;
cartpole_dqn)
    starve --episodes 2 --save model --out out --prioritised --dueling --tensorboard board
    save --episodes 2
    starve --load "$work/model" --play 1 --render gif --out out
    starve --episodes 2 --out "$work/out" --resume
    ;;
imdb_sentiment)
    small="--maxlen 20 --words 100 --epochs 1"
    generated="--model gru --reviews 60 $small"
    [ "$sparse" ] && more="3 9" || more="1 1"
    # shellcheck disable=SC2086 # lists of options, here and below
    starve $generated --explain --save model --out out --tensorboard board
    # shellcheck disable=SC2086
    starve_some $more --model dense --reviews 60 --words 100 --epochs 1 --save model --out out
    # shellcheck disable=SC2086
    save $generated
    # shellcheck disable=SC2086
    starve_some $more $generated --out "$work/out" --resume
    starve --load "$work/model" --predict "a good film"
    printf 'a good film\nand another\n' >"$work/lines"
    # shellcheck disable=SC2086
    starve_some $more --load "$work/model" --predict - <"$work/lines"
    starve --load "$work/model" --neighbours the
    # shellcheck disable=SC2086
    starve_some $more --load "$work/model" --analogy "movie the film"
    # shellcheck disable=SC2086
    starve_some $more --load "$work/model" --explain --reviews 60
    make_reviews
    # shellcheck disable=SC2086
    for data in aclImdb reviews.tar.gz keras/imdb.npz; do starve_some $more --model embedding $small --batch 4 --data "$work/$data"; done
    # shellcheck disable=SC2086
    starve_some $more --model embedding $small --batch 4 --data "$work/aclImdb" --out "$work/cached" # all but the first from its cache
    ;;
mnist_dcgan)
    if [ "$sparse" ]; then
        learning="9 25" drawing="3 9" again="25 60"
    else
        learning="1 1" drawing="1 1" again="1 1"
    fi
    ten="--images 10 --batch 10 --epochs 1 --samples 10"
    # shellcheck disable=SC2086 # lists of words, here and below
    starve_some $learning $ten --out out --save model --tensorboard board
    # shellcheck disable=SC2086
    save $ten
    # shellcheck disable=SC2086
    starve_some $again $ten --out "$work/out" --resume
    # shellcheck disable=SC2086
    starve_some $again $ten --load "$work/model"
    # shellcheck disable=SC2086
    starve_some $drawing --load "$work/model" --generate 4 --out out
    # shellcheck disable=SC2086
    starve_some $again --load "$work/model" --interpolate 2 --out out
    mkdir "$work/mnist"
    images train
    images t10k
    # shellcheck disable=SC2086
    starve_some $again --load "$work/model" --score-only --samples 10 --data "$work/mnist"
    ;;
esac
