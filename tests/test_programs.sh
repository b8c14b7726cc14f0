#!/bin/sh
# The example programs as a user runs them, small. usage: test_programs.sh PROGRAM FOLDER-OF-PROGRAMS
set -eu
program=$1
folder=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset KVIST_DATA
export XDG_DATA_HOME="$work/nowhere" # generated data

fail() { echo "FAILED: $*"; exit 1; }

# run NAME OPTIONS..: must exit 0 and close with a result line; its stdout is kept in $work/NAME.
run()
{
    name=$1
    shift
    "$folder/$program" --quiet --out "$work/$name.out" "$@" >"$work/$name" 2>"$work/$name.err" || {
        cat "$work/$name" "$work/$name.err"
        fail "$program $* exited with $?"
    }
    tail -n 1 "$work/$name" | grep -q '^result: [a-z_]*=' || fail "$program $*: no result line last"
}

# header NAME FILE TEXT: the first line of a CSV file.
header() { [ "$(head -n 1 "$work/$1.out/$2")" = "$3" ] || fail "$2 begins with $(head -n 1 "$work/$1.out/$2")"; }

# same A B: two runs that print the same but for their seconds.
same() { [ "$(sed 's/seconds=.*//' "$work/$1")" = "$(sed 's/seconds=.*//' "$work/$2")" ] || fail "one seed, two results: $1, $2"; }

case $program in
cartpole_qlearning)
    options="--episodes 1500"
    csv=history.csv
    columns=episode,mean_reward,good_ratio,epsilon
    ;;
cartpole_dqn)
    options="--episodes 12"
    csv=scores.csv
    columns=episode,score,mean100,epsilon
    ;;
imdb_sentiment)
    options="--model gru --maxlen 20 --words 200 --epochs 1"
    csv=history.csv
    columns=epoch,loss,accuracy,val_loss,val_accuracy,seconds
    ;;
mnist_dcgan)
    options="--images 100 --epochs 2 --batch 50 --samples 100"
    csv=history.csv
    columns=epoch,d_loss,g_loss,d_real,d_fake,score,seconds
    ;;
esac

# shellcheck disable=SC2086 # a list of options
run first $options --seed 3
# shellcheck disable=SC2086
run second $options --seed 3
header first "$csv" "$columns"
same first second

# A wrong option is told in one line, with exit code 2.
for wrong in "--no-such-option" "--seed x" "--threads -1"; do
    code=0
    # shellcheck disable=SC2086
    "$folder/$program" $wrong >"$work/wrong" 2>"$work/wrong.err" || code=$?
    [ "$code" -eq 2 ] || fail "$wrong: expected exit code 2, got $code"
    [ "$(wc -l <"$work/wrong.err")" -eq 1 ] || fail "$wrong: expected one line on stderr"
done
"$folder/$program" --help | awk 'length > 80 { exit 1 }' || fail "--help is wider than 80 columns"

case $program in
cartpole_dqn)
    run saved --episodes 3 --save "$work/pole.safetensors"
    "$folder/$program" --load "$work/pole.safetensors" --play 1 | grep -q '^Mean score' || fail "--play"
    ;;
imdb_sentiment)
    small="--maxlen 20 --words 2000 --reviews 400 --epochs 2 --explain"
    for model in dense embedding conv rnn gru lstm lstm2 bilstm; do
        [ "$model" = gru ] && some="--words 60" || some= # the reviews have words that this one does not know
        # shellcheck disable=SC2086
        run $model --model $model $small $some --save "$work/$model.safetensors"
        # What a saved model says of the same reviews is what it said when it was trained.
        "$folder/$program" --load "$work/$model.safetensors" --explain --reviews 400 >"$work/again" || fail "--explain"
        table() { sed -n '/predicted/,/^result/p' "$1" | sed '$d'; }
        [ "$(table "$work/$model" | wc -l)" -ge 6 ] || fail "--explain: $(cat "$work/$model")"
        [ "$(table "$work/$model")" = "$(table "$work/again")" ] || fail "--explain of a loaded $model: $(cat "$work/again")"
    done
    accuracy=$(sed -n 's/^result: .*test_accuracy=\([0-9.]*\).*/\1/p' "$work/dense")
    # Recall and precision from the counts; their sum is all of the reviews and agrees with the accuracy.
    awk -v accuracy="$accuracy" '
        /^true negative/ { tn = $3; fp = $4; recall[0] = $5 }
        /^true positive/ { fn = $3; tp = $4; recall[1] = $5 }
        /^precision/ { precision[0] = $2; precision[1] = $3 }
        function near(a, b) { return a - b < 1e-4 && b - a < 1e-4 }
        END { exit !(tn + fp + fn + tp == 100 && near(accuracy, (tn + tp) / 100) && near(recall[0], tn / (tn + fp)) &&
                     near(recall[1], tp / (fn + tp)) && near(precision[0], tn / (tn + fn)) && near(precision[1], tp / (fp + tp))) }
    ' "$work/dense" || fail "--explain: $(cat "$work/dense")"
    sh "$(dirname "$0")/test_sentiment_use.sh" "$folder/$program" "$work/lstm.safetensors" "$work/dense.safetensors" "$work/lstm.out"

    # The embedding: a row for each word and each special index; none for index 3, which stands for nothing.
    words=$(sed -n 's/^result: .*vocabulary=\([0-9]*\).*/\1/p' "$work/lstm")
    for file in words vectors; do
        [ "$(wc -l <"$work/lstm.out/$file.tsv")" -eq $((words + 3)) ] || fail "$file.tsv: not a row for each of $words words"
    done
    [ "$(awk -F '\t' '{ print NF }' "$work/lstm.out/vectors.tsv" | sort -u)" = 32 ] || fail "vectors.tsv: not 32 columns"

    # Patience ends a run that does not get better; its best epoch lies that far back.
    run patient --model dense --reviews 400 --lr 0.01 --epochs 100 --patience 2
    rows=$(($(wc -l <"$work/patient.out/history.csv") - 1))
    best=$(sed -n 's/^result: .*best_epoch=\([0-9]*\).*/\1/p' "$work/patient")
    [ "$rows" -eq $((best + 2)) ] || fail "--patience 2: $rows epochs, the best $best"
    grep -q '^stopped early' "$work/patient" || fail "--patience: $(cat "$work/patient")"
    ;;
esac
echo "$program: all as expected"
