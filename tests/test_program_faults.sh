#!/bin/sh
# What must not cost a run its results: places that cannot be written, a second trainer, a lost stdout, a full disk, a
# locale with a decimal comma. Rows 14, 39, 44, 45, 48 and 63 of docs/faults.md. usage: test_program_faults.sh PROGRAM FOLDER
. "$(dirname "$0")/support/programs.sh"
program=$1
folder=$2

case $program in
cartpole_qlearning)
    options="--episodes 1100 --lr 0.25 --seed 3"
    long="--episodes 10000000"
    csv=history.csv
    ;;
cartpole_dqn)
    options="--episodes 6 --lr 0.005 --seed 3"
    long="--episodes 1000000 --solved 475 --lr 1e-9"
    csv=scores.csv
    ;;
imdb_sentiment)
    options="--model gru --maxlen 20 --words 200 --reviews 100 --epochs 1 --lr 0.005 --seed 3"
    long="--model lstm --maxlen 500 --reviews 1000 --epochs 1000 --patience 0"
    csv=history.csv
    ;;
mnist_dcgan)
    options="--images 100 --epochs 1 --batch 50 --samples 100 --lr 0.0005 --seed 3"
    long="--images 100 --epochs 4000 --batch 50 --samples 100"
    csv=history.csv
    ;;
esac

# launch NAME OPTIONS..: the program on the folder of NAME.
launch()
{
    name=$1
    shift
    # shellcheck disable=SC2086,SC2154 # lists of options; $work is of what is sourced
    $as "$folder/$program" $options --quiet --out "$work/$name.out" "$@"
}
as=

# --- 44: a place that cannot be written is found at the start ---

# refused TEXT OPTIONS..: exit code 1, one line on stderr with TEXT, and not a line of a run.
refused()
{
    text=$1
    shift
    code=0
    launch refused "$@" >"$work/refused" 2>"$work/refused.err" || code=$?
    [ "$code" -eq 1 ] || fail "$*: expected exit code 1, got $code"
    [ "$(wc -l <"$work/refused.err")" -eq 1 ] || fail "$*: expected one line, got $(cat "$work/refused.err")"
    grep -qF "$program: $text" "$work/refused.err" || fail "$*: expected $text, got $(cat "$work/refused.err")"
    ! grep -qv ' generated digits; ' "$work/refused" || fail "$*: it had begun: $(cat "$work/refused")"
    [ ! -e "$work/refused.out/$csv" ] || [ "$(wc -l <"$work/refused.out/$csv")" -le 1 ] || fail "$*: it had trained"
}

places()
{
    refused "$work/missing/model.lock: cannot create: No such file or directory" --save "$work/missing/model"
    refused "$work:0: file: expected a regular file, got a directory" --save "$work"
    refused "$work/board:0: file: expected a regular file, got a directory" --save "$work/board" --tensorboard "$work/board"
    refused "--out: expected a folder that can be written, $work/file: Not a directory" --out "$work/file"
    [ ! -e "$work/missing" ] || fail "--save: made $work/missing"
    # Root writes everywhere: then as nobody, if there is a way to become nobody.
    mkdir "$work/closed"
    [ "$(id -u)" -ne 0 ] || as="setpriv --reuid=65534 --regid=65534 --clear-groups"
    if ! $as "$folder/$program" --version >"$work/version" 2>&1; then
        echo "no other user to run it as than root, who may write everywhere: read-only folders are not tried"
    else
        chmod 755 "$work"
        chmod 555 "$work/closed"
        mkdir "$work/refused.out.nobody"
        chmod 777 "$work/refused.out" "$work/refused.out.nobody"
        refused "$work/closed/model.lock: cannot create: Permission denied" --save "$work/closed/model" \
            --out "$work/refused.out.nobody"
        refused "--out: expected a folder that can be written, $work/closed: Permission denied" --out "$work/closed"
    fi
    as=
}

# --- 44: nor is the model saved under a name that the program gives to a file of its own ---

# What each writes in --out, at any time, and options by which it does.
case $program in
cartpole_qlearning)
    own="history.csv history-seed7.csv history.png play.gif .play.gif.7-0.tmp"
    all="--play 1 --render gif"
    more="--episodes 10 --runs 2"
    ;;
cartpole_dqn)
    own="scores.csv scores.png play.gif .scores.png.7.tmp"
    all="--play 1 --render gif"
    more=
    ;;
imdb_sentiment)
    own="history.csv history.png reviews.cache vectors.tsv words.tsv .words.tsv.7.tmp"
    all=
    more=
    ;;
mnist_dcgan)
    own="checkpoint_epoch_0001.safetensors checkpoint_epoch_0015.safetensors.prev classifier.safetensors
        classifier.safetensors.lock history.csv curves.png dcgan.gif image_at_epoch_0001.png image_at_epoch_4000.png
        generated.png interpolation.png interpolation.gif .curves.png.7.tmp"
    all="--checkpoint-every 1"
    more="--load $work/own.out/checkpoint.safetensors --interpolate 4"
    ;;
esac
own="$own checkpoint.safetensors checkpoint.safetensors.lock checkpoint.safetensors.prev .checkpoint.safetensors.7.tmp
    .checkpoint.safetensors.7.old.tmp"

# not_saved NAME OPTION FOLDER: a name of the program's own in that folder of --OPTION is refused, the folder left alone.
not_saved()
{
    path="$work/../$(basename "$work")/./$3/$1"
    before=$(ls -lA --full-time "$work/$3")
    code=0
    launch own --tensorboard "$work/own.events" --save "$path" >"$work/refused" 2>"$work/refused.err" || code=$?
    [ "$code" -eq 2 ] || fail "--save $1: expected exit code 2, got $code"
    text="$program: --save: expected another name than that of the program's own $1 in --$2, got $path"
    [ "$(cat "$work/refused.err")" = "$text" ] || fail "--save $1: expected $text, got $(cat "$work/refused.err")"
    [ ! -s "$work/refused" ] || fail "--save $1: it had begun: $(cat "$work/refused")"
    [ "$(ls -lA --full-time "$work/$3")" = "$before" ] || fail "--save $1: $3 is another"
}

own_names()
{
    mkdir "$work/own.events"
    not_saved events.out.tfevents.1700000000.host tensorboard own.events
    # shellcheck disable=SC2086 # lists of options
    launch own $all >"$work/own" 2>&1 || grep -q 'built without giflib' "$work/own" || fail "$all: $(cat "$work/own")"
    # shellcheck disable=SC2086
    [ ! "$more" ] || "$folder/$program" $more --quiet --out "$work/own.out" >"$work/own" 2>&1 || fail "$more: $(cat "$work/own")"
    for name in $own $(ls -A "$work/own.out"); do not_saved "$name" out own.out; done
    launch own --save "$work/own.out/model" >"$work/own" 2>&1 || fail "--save model: $(cat "$work/own")"
    [ -s "$work/own.out/model" ] || fail "--save: no model beside the program's own files"
}

# --- 45: two trainers, one folder ---

second_trainer()
{
    checkpoint="$work/shared.out/checkpoint.safetensors"
    # shellcheck disable=SC2086 # lists of options
    "$folder/$program" $options --quiet --out "$work/shared.out" $long >"$work/first" 2>&1 &
    first=$!
    for _ in $(seq 600); do
        [ ! -e "$checkpoint" ] || break
        kill -0 $first || fail "$program $long ended: $(cat "$work/first")"
        sleep 0.1
    done
    code=0
    launch shared >"$work/second" 2>"$work/second.err" || code=$?
    kill -9 $first || fail "$program $long ended: $(cat "$work/first")"
    wait $first 2>"$work/killed" || :
    [ "$code" -eq 1 ] || fail "a second trainer: expected exit code 1, got $code"
    grep -q "$checkpoint: another process or archive is saving to it" "$work/second.err" || fail "$(cat "$work/second.err")"
}

# --- 48 and 63: lines that nobody reads, a disk that takes none, a locale that writes 0,5 ---

# same NAME: its model and its history, but for their seconds, are those of the plain run.
rows() { awk 'NR == 1 { drop = /,seconds$/ } drop { sub(/,[^,]*$/, "") } { print }' "$work/$1.out/$csv"; }
same()
{
    cmp "$work/plain.model" "$work/$1.model" || fail "$1: another model"
    [ "$(rows plain)" = "$(rows "$1")" ] || fail "$1: another $csv"
}
unheard()
{
    launch plain --save "$work/plain.model" >"$work/plain" 2>&1 || fail "$program $options: $(cat "$work/plain")"

    # The locale is made here, or is the system's.
    ! localedef -c -i de_DE -f UTF-8 "$work/de_DE.UTF-8" >"$work/localedef" 2>&1 || export LOCPATH="$work"
    [ "$(LC_ALL=de_DE.UTF-8 locale decimal_point 2>"$work/locale")" = , ] ||
        echo "skipped: a locale with a decimal comma: there is none, and none can be made (localedef, locale sources)"
    LC_ALL=de_DE.UTF-8 launch closed --save "$work/closed.model" >&- 2>"$work/closed.err" ||
        fail "stdout closed: $(cat "$work/closed.err")"
    unset LOCPATH
    grep -q 'warning: stdout: ' "$work/closed.err" || fail "stdout closed: expected a warning, got $(cat "$work/closed.err")"
    same closed

    mkdir "$work/full.out"
    ln -s /dev/full "$work/full.out/$csv"
    launch full --save "$work/full.model" >/dev/full 2>"$work/full.err" || fail "full disk: $(cat "$work/full.err")"
    cmp "$work/plain.model" "$work/full.model" || fail "full disk: another model"
    for text in "$program: warning: stdout: " "$program: warning: $work/full.out/$csv: "; do
        [ "$(grep -c "$text" "$work/full.err")" -eq 1 ] || fail "full disk: expected $text once, got $(cat "$work/full.err")"
    done
    launch silent --save "$work/silent.model" >/dev/full 2>&- || fail "stderr closed: exited with $?"
    same silent
}

# --- 39: a limit on the size of files is an error like another; what another program left does no harm ---

limited()
{
    # LLVM's OpenMP writes a file of its own at the start, whose end it does not stand.
    if ldd "$folder/$program" | grep -q libomp; then
        echo "skipped: ulimit -f: LLVM's OpenMP ends the process"
        return
    fi
    code=0
    (ulimit -f 1 && launch limited --save "$work/limited.model") >/dev/null 2>"$work/limited.err" || code=$?
    [ "$code" -eq 1 ] || fail "ulimit -f: expected exit code 1, got $code"
    grep -Eq '(limited\.model|safetensors).*: File too large$' "$work/limited.err" || fail "ulimit -f: expected a reason, got $(cat "$work/limited.err")"
    [ -z "$(find "$work/limited.out" "$work" -maxdepth 1 -name '.*.tmp')" ] || fail "ulimit -f: a temporary is left"
}

strange_history()
{
    mkdir "$work/strange.out"
    printf 'another,header\n1,2\n' >"$work/strange.out/$csv"
    launch strange --save "$work/strange.model" >"$work/strange" 2>&1 || fail "another $csv: $(cat "$work/strange")"
    same strange
}

# What is printed at once and nothing else comes of.
unprinted()
{
    for option in --help --version; do
        code=0
        "$folder/$program" $option >/dev/full 2>"$work/unprinted" || code=$?
        [ "$code" -eq 1 ] || fail "$option on a full disk: expected exit code 1, got $code"
        grep -q "^$program: warning: stdout: " "$work/unprinted" || fail "$option: expected a reason, got $(cat "$work/unprinted")"
    done
    [ "$program" = imdb_sentiment ] || return 0
    code=0
    "$folder/$program" --load "$work/plain.model" --predict good >/dev/full 2>"$work/unprinted" || code=$?
    [ "$code" -eq 1 ] || fail "--predict on a full disk: expected exit code 1, got $code"
}

# --- 39: words for an embedding projector that cannot be written cost nothing else ---

words_and_vectors()
{
    [ "$program" = imdb_sentiment ] || return 0
    for name in vectors words; do
        [ $name = words ] && other=vectors || other=words
        mkdir "$work/$name.out"
        ln -s /dev/full "$work/$name.out/$name.tsv"
        echo old >"$work/$name.out/$other.tsv"
        launch $name --save "$work/$name.model" >"$work/$name" 2>"$work/$name.err" || fail "$name.tsv: $(cat "$work/$name.err")"
        text="$program: warning: $work/$name.out/$name.tsv: expected a regular file or none, got something else"
        [ "$(grep "^$program: " "$work/$name.err")" = "$text" ] || fail "$name.tsv: expected $text, got $(cat "$work/$name.err")"
        [ "$(cat "$work/$name.out/$other.tsv")" = old ] || fail "$name.tsv: only $other.tsv was written"
        tail -n 1 "$work/$name" | grep -q '^result: ' || fail "$name.tsv: no result"
        same $name
    done
}

# --- Ctrl-C without --out: what is lost is told ---

# interrupted TEXT OPTIONS..: exit code 130, and TEXT as the last line on stderr.
interrupted()
{
    text=$1
    shift
    for seconds in 2 8 30; do # the first is too early where the machine is busy: the program has not begun
        code=0
        # shellcheck disable=SC2086 # lists of options
        timeout --preserve-status -s INT $seconds "$folder/$program" $options --quiet $long "$@" \
            >"$work/stopped" 2>"$work/stopped.err" || code=$?
        [ "$code" -eq 130 ] || fail "SIGINT without --out: expected exit code 130, got $code"
        [ ! -s "$work/stopped.err" ] || break
    done
    [ "$(tail -n 1 "$work/stopped.err")" = "$program: interrupted; $text" ] || fail "SIGINT $*: $(cat "$work/stopped.err")"
}

# Another's file in the place of the reviews' cache stays, and a line says why each start takes long. Row 14.
another_cache()
{
    [ "$program" = imdb_sentiment ] || return 0
    for place in train/pos/1_9 train/neg/1_1 test/pos/1_9 test/neg/1_1; do
        mkdir -p "$work/aclImdb/${place%/*}" "$work/cached.out"
        echo "a film of $place" >"$work/aclImdb/$place.txt"
    done
    echo notes >"$work/cached.out/reviews.cache"
    launch cached --data "$work/aclImdb" >/dev/null 2>"$work/cached.err" || fail "another cache: $(cat "$work/cached.err")"
    grep -q "warning: .*reviews.cache: cannot be written, or is no cache of reviews" "$work/cached.err" || fail "another cache: no warning"
    [ "$(cat "$work/cached.out/reviews.cache")" = notes ] || fail "another cache: the file was replaced"
}

without_out()
{
    interrupted "nothing is saved without --out" --save "$work/stopped.model"
    [ ! -e "$work/stopped.model" ] || fail "SIGINT: a model of half a run"
    [ "$program" != cartpole_qlearning ] || interrupted "--runs saves nothing to go on from" --runs 2 --out "$work/stopped.out"
}

: >"$work/file"
places
own_names
second_trainer
unheard
limited
strange_history
unprinted
words_and_vectors
another_cache
without_out
echo "$program: all as expected"
