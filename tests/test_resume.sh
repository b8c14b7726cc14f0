#!/bin/sh
# A run that is stopped at arbitrary moments and goes on with --resume ends as one that never was: the same model byte for
# byte, the same history, the same lines. usage: test_resume.sh PROGRAM FOLDER-OF-PROGRAMS
. "$(dirname "$0")/support/programs.sh"
program=$1
folder=$2

# Each program: its options, its history, and what the numbers of episodes end in at which it saves by itself.
case $program in
cartpole_qlearning)
    options="--preset tuned --episodes 20500 --seed 3"
    csv=history.csv
    regular=000
    ;;
cartpole_dqn)
    options="--solved 475 --episodes 130 --batch 16 --units 16 --dueling --prioritised --seed 3"
    csv=scores.csv
    regular=00
    ;;
*) fail "$program: no options to resume with" ;;
esac

# amid NAME: whether the checkpoint of NAME lies between the regular ones, where a signal came. What is refused tells where
# it stands.
amid()
{
    # shellcheck disable=SC2086
    "$folder/$program" $options --quiet --out "$work/$1.out" --resume --episodes 1 2>&1 |
        grep 'episodes [0-9]* or more' | grep -qv "$regular or more"
}

# launch NAME OPTIONS..: the program on the folder of NAME; its stdout is appended to $work/NAME.
launch()
{
    name=$1
    shift
    # shellcheck disable=SC2086 # lists of options
    ${stopper-} "$folder/$program" $options --quiet --out "$work/$name.out" --save "$work/$name.model" "$@" \
        >>"$work/$name" 2>"$work/$name.err"
}

# stop_and_go NAME SIGNAL SECONDS: starts and resumes NAME until it is done, stopped again and again after some SECONDS, more
# each time: what is killed before its first checkpoint gets there in the end. The number of stops is left in
# $stops; one that the program could catch counts if it was saved.
stop_and_go()
{
    rm -rf "$work/$1".*
    : >"$work/$1"
    stops=0
    later=$3
    while :; do
        # In the background timeout(1) is gone before what it kills, which holds its locks for a moment.
        stopper="timeout --foreground --preserve-status -s $2 $later"
        code=0
        launch "$1" --resume || code=$?
        stopper=
        [ "$code" -eq 0 ] && return
        case $2:$code in
        KILL:137) stops=$((stops + 1)) ;;
        INT:130 | TERM:130) ! grep -q 'go on with' "$work/$1.err" || ! amid "$1" || stops=$((stops + 1)) ;;
        TERM:143) ;; # before it could catch the signal
        *) fail "$program: SIG$2 gave $code: $(cat "$work/$1.err")" ;;
        esac
        later=$(echo "$later" | awk '{ print $1 * 1.3 }')
    done
}

# rows NAME: of the history, without its column of seconds. lines NAME: what was printed, without seconds.
rows() { awk 'NR == 1 { drop = /,seconds$/ } drop { sub(/,[^,]*$/, "") } { print }' "$work/$1.out/$csv"; }
lines() { sed 's/seconds=.*//' "$work/$1"; }

launch whole || fail "$program $options: $(cat "$work/whole.err")"

for signal in INT TERM KILL; do
    # However fast the machine is: shorter pauses until there were three stops.
    pause=0.4
    for try in 1 2 3 4 5 6 7 8 9; do
        stop_and_go "$signal" "$signal" "$pause"
        [ "$stops" -lt 3 ] || break
        pause=$(echo "$pause" | awk '{ print $1 / 2 }')
    done
    [ "$stops" -ge 3 ] || fail "SIG$signal: stopped $stops times in the last of $try tries"
    cmp "$work/whole.model" "$work/$signal.model" || fail "SIG$signal, $stops stops: another model"
    [ "$(rows whole)" = "$(rows $signal)" ] || fail "SIG$signal, $stops stops: another $csv"
    # What is killed prints again what came after its last checkpoint.
    [ "$signal" = KILL ] || [ "$(lines whole)" = "$(lines $signal)" ] || fail "SIG$signal, $stops stops: other lines"
    echo "SIG$signal: the same after $stops stops"
done

# refused WORD OPTIONS..: going on with other settings must fail with one line that holds WORD, and change nothing.
refused()
{
    word=$1
    shift
    cp "$work/whole.out/$csv" "$work/before"
    code=0
    launch whole --resume "$@" || code=$?
    [ "$code" -eq 1 ] || fail "--resume $*: expected exit code 1, got $code"
    [ "$(wc -l <"$work/whole.err")" -eq 1 ] || fail "--resume $*: expected one line, got $(cat "$work/whole.err")"
    grep -q -e "$word" "$work/whole.err" || fail "--resume $*: expected $word in $(cat "$work/whole.err")"
    cmp "$work/before" "$work/whole.out/$csv" || fail "--resume $*: $csv has changed"
}

# begun_with "WAS: OPTION VALUE": going on with that option is refused, and told what it was.
begun_with()
{
    option=${1#*: }
    # shellcheck disable=SC2086
    refused "was begun with ${option% *} ${1%%: *}, got ${option#* }$" $option
}

case $program in
cartpole_qlearning)
    for wrong in "3: --seed 4" "10: --bins 8" "2.4,1.5,0.21,1.5: --edges 2.4,3,0.21,3" "0.1: --lr 0.2" "0.99: --gamma 0.9" \
        "0.1: --epsilon 0.2"; do
        begun_with "$wrong"
    done
    refused "--episodes 20500 or more" --episodes 20499

    # A finished run goes on from its last episode, within its last check: a checkpoint of what was learnt.
    saved() { "$folder/$program" --load "$1" --play 20; }
    [ "$(saved "$work/whole.model")" = "$(saved "$work/whole.out/checkpoint.safetensors")" ] || fail "the checkpoint plays otherwise"

    # Going on with what is done, a part of a check: the same result once more, and the same row.
    launch whole --resume || fail "done: $(cat "$work/whole.err")"
    result=$(lines whole | grep '^result')
    [ "$(echo "$result" | uniq | wc -l)" -eq 1 ] && [ "$(echo "$result" | wc -l)" -eq 2 ] || fail "done: $(lines whole)"
    [ "$(rows whole)" = "$(rows INT)" ] || fail "done: another $csv"

    # More episodes than it was begun with: as if it had been begun with them.
    launch whole --resume --episodes 22000 || fail "more episodes: $(cat "$work/whole.err")"
    launch longer --episodes 22000 || fail "$(cat "$work/longer.err")"
    cmp "$work/whole.model" "$work/longer.model" || fail "more episodes: another model"
    [ "$(rows whole)" = "$(rows longer)" ] || fail "more episodes: another $csv"

    # A new run in the folder of an old one, too short for a check: what goes on is the new one.
    launch whole --episodes 500 || fail "anew: $(cat "$work/whole.err")"
    launch whole --resume --episodes 22000 || fail "anew: $(cat "$work/whole.err")"
    [ "$(rows whole)" = "$(rows longer)" ] || fail "anew: another $csv"

    # Going on with what is done: the same result once more.
    launch longer --resume --episodes 22000 || fail "done: $(cat "$work/longer.err")"
    [ "$(lines longer | grep '^result' | uniq -c | awk '{ print $1 }')" = 2 ] || fail "done: $(lines longer)"
    ;;
cartpole_dqn)
    for wrong in "3: --seed 4" "16: --units 17" "16: --batch 8" "0.99: --gamma 0.9" "0.99: --gamma 0.9900001" "0.05: --tau 0.1" \
        "0.001: --lr 0.01" "60000: --lr-steps 7"; do
        begun_with "$wrong"
    done
    for wrong in --single --classic; do refused "was begun without $wrong, got it$" $wrong; done
    refused "--episodes 130 or more" --episodes 129
    launch whole --resume --episodes 140 || fail "more episodes: $(cat "$work/whole.err")"
    launch longer --episodes 140 || fail "$(cat "$work/longer.err")"
    cmp "$work/whole.model" "$work/longer.model" || fail "more episodes: another model"
    [ "$(rows whole)" = "$(rows longer)" ] || fail "more episodes: another $csv"
    ;;
esac
echo "$program: all as expected"
