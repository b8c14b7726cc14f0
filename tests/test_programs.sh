#!/bin/sh
# The example programs as a user runs them, small. usage: test_programs.sh PROGRAM FOLDER-OF-PROGRAMS
. "$(dirname "$0")/support/programs.sh"
program=$1
folder=$2

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
    more="--episodes 1600"
    restart=e907 # 1001, as a varint
    csv=history.csv
    columns=episode,mean_reward,good_ratio,epsilon
    ;;
cartpole_dqn)
    options="--episodes 12"
    more="--episodes 13"
    restart=0d
    csv=scores.csv
    columns=episode,score,mean100,epsilon
    ;;
imdb_sentiment)
    options="--model gru --maxlen 20 --words 200 --epochs 1"
    more="--epochs 2"
    restart=02
    csv=history.csv
    columns=epoch,loss,accuracy,val_loss,val_accuracy,seconds
    ;;
mnist_dcgan)
    options="--images 100 --epochs 2 --batch 50 --samples 100"
    more="--epochs 3"
    restart=03
    csv=history.csv
    columns=epoch,d_loss,g_loss,d_real,d_fake,score,seconds
    ;;
esac

# shellcheck disable=SC2086 # a list of options
run first $options --seed 3 --tensorboard "$work/runs/first"
# shellcheck disable=SC2086
run second $options --seed 3
header first "$csv" "$columns"
same first second

# --tensorboard: one file of events in a folder made for it, with each column's name in it, and more than the version.
[ "$(ls "$work/runs/first" | wc -l)" -eq 1 ] || fail "--tensorboard: expected one file, got $(ls "$work/runs/first")"
events=$(echo "$work"/runs/first/events.out.tfevents.*)
[ -s "$events" ] || fail "--tensorboard: expected events in $events"
for tag in $(echo "$columns" | tr , ' ' | cut -d ' ' -f 2-); do
    grep -aq "$tag" "$events" || fail "--tensorboard: expected $tag in its events"
done
[ "$program" != mnist_dcgan ] || grep -aq IHDR "$events" || fail "--tensorboard: expected a PNG in its events"

# Going on: TensorBoard is told, by its SessionLog, to forget what history.csv cuts off: all behind the checkpoint.
# shellcheck disable=SC2086
run first $options $more --seed 3 --tensorboard "$work/runs/first" --resume
events=$(ls "$work"/runs/first/* | tail -n 1)
bytes=$(od -A n -v -t x1 "$events" | tr -d ' \n')
[ "$(echo "$bytes" | grep -o "10$restart"3a020801 | wc -l)" -eq 1 ] || fail "--resume: no restart at $restart: $bytes"
[ "$(echo "$bytes" | grep -o 3a020801 | wc -l)" -eq 1 ] || fail "--resume: several restarts: $bytes"

# A wrong option is told in one line, with exit code 2.
for wrong in "--no-such-option" "--seed x" "--threads -1" "--threads 257"; do
    code=0
    # shellcheck disable=SC2086
    "$folder/$program" $wrong >"$work/wrong" 2>"$work/wrong.err" || code=$?
    [ "$code" -eq 2 ] || fail "$wrong: expected exit code 2, got $code"
    [ "$(wc -l <"$work/wrong.err")" -eq 1 ] || fail "$wrong: expected one line on stderr"
done
"$folder/$program" --help | awk 'length > 80 || NR > 24 { exit 1 }' || fail "--help is larger than 80 x 24"

# refused CODE OPTIONS..: one line on stderr, none on stdout, and that exit code.
refused()
{
    expected=$1
    shift
    code=0
    "$folder/$program" --quiet "$@" >"$work/refused" 2>"$work/refused.err" || code=$?
    [ "$code" -eq "$expected" ] || fail "$*: expected exit code $expected, got $code"
    [ "$(wc -l <"$work/refused.err")" -eq 1 ] || fail "$*: expected one line, got $(cat "$work/refused.err")"
    [ ! -s "$work/refused" ] || fail "$*: it had begun: $(cat "$work/refused")"
}

# windows OPTIONS..: these, which play and train, in a window without a screen; with no display; by a build without SDL2.
windows()
{
    refused 2 --render window
    if [ "${KVIST_TEST_WINDOW-}" != sdl2 ]; then
        refused 2 "$@" --render window
        grep -q 'built without SDL2' "$work/refused.err" || fail "--render window: $(cat "$work/refused.err")"
        return
    fi
    SDL_VIDEODRIVER=dummy run shown "$@" --render window
    run unshown "$@"
    same shown unshown
    SDL_VIDEODRIVER=none-such refused 1 "$@" --render window
    grep -q 'no display' "$work/refused.err" || fail "--render window: $(cat "$work/refused.err")"
    (
        unset SDL_VIDEODRIVER WAYLAND_DISPLAY DISPLAY XDG_RUNTIME_DIR
        refused 1 "$@" --render window
        export DISPLAY=:9999
        refused 1 "$@" --render window
    )
}

# screen: what a terminal shows of its input, a line for each, by the sequences that the programs use.
screen()
{
    tr -d '\r' | sed 's/\x1b\[[0-9]*m//g' | awk '
        BEGIN { row = 0; last = -1 }
        {
            while (match($0, /^\033\[[0-9]*[AHJK]/)) {
                code = substr($0, RLENGTH, 1)
                number = substr($0, 3, RLENGTH - 3)
                if (code == "A") row -= number
                if (code == "H" || (code == "J" && number == 2)) row = 0
                if (code == "J") last = row - 1
                $0 = substr($0, RLENGTH + 1)
            }
            sub(/\033\[K$/, "")
            line[row] = $0
            if (row > last) last = row
            row++
        }
        END { for (row = 0; row <= last; row++) print line[row] }'
}

# on_terminal NAME COMMAND: what it leaves there is kept in $work/NAME.
on_terminal() { TERM=xterm script -qec "$2" /dev/null <"$work/nothing" >"$work/$1"; }

case $program in
cartpole_qlearning)
    run saved --preset tuned --episodes 4000 --play 3 --save "$work/table.safetensors"
    for file in "$work/table.safetensors" "$work/saved.out/checkpoint.safetensors"; do
        "$folder/$program" --load "$file" --play 3 >"$work/played"
        [ "$(cat "$work/played")" = "$(grep '^Episode\|^Mean' "$work/saved")" ] || fail "$file plays $(cat "$work/played")"
    done
    mean=$(sed -n 's/^Mean score of 3 episodes: \([0-9]*\).*/\1/p' "$work/played")
    [ "$mean" -ge 100 ] || fail "a table that has learnt holds the pole for a mean of $mean"
    frames=$("$folder/$program" --random --play 2 --render ansi | grep -c '^step')
    scores=$("$folder/$program" --random --play 2 | awk '/^Episode/ { sum += $4 } END { print sum }')
    [ "$frames" -eq "$scores" ] || fail "--random: $frames frames of $scores steps"

    # On a terminal the frames spare what stands there: lines of the training, scores; and have colours but for NO_COLOR.
    : >"$work/nothing"
    if ! on_terminal none true 2>"$work/none.err"; then
        echo "skipped: frames on a terminal: none can be made, $(head -n 1 "$work/none.err")"
    else
        playing="$folder/$program --episodes 1000 --quiet --play 3 --seed 3"
        $playing | sed 's/seconds=.*//' >"$work/unseen"
        on_terminal seen "env -u NO_COLOR $playing --render ansi"
        screen <"$work/seen" | sed 's/seconds=.*//' >"$work/shown"
        [ "$(grep -c '^step' "$work/shown")" -eq 1 ] || fail "--render ansi: expected one frame: $(cat "$work/shown")"
        [ "$(grep -v '^step\|^ *[][/|\\o]\|^-\|^ *$' "$work/shown")" = "$(cat "$work/unseen")" ] ||
            fail "--render ansi: lines are missing: $(cat "$work/shown")"
        esc=$(printf '\033')
        grep -q "$esc\[[0-9]*m" "$work/seen" || fail "--render ansi: no colours"
        on_terminal plain "NO_COLOR=1 $playing --render ansi"
        ! grep -q "$esc\[[0-9]*m" "$work/plain" || fail "NO_COLOR: colours"
        [ "$(screen <"$work/plain" | sed 's/seconds=.*//')" = "$(cat "$work/shown")" ] || fail "NO_COLOR: another screen"
    fi

    # Three runs in one are three runs, and the middle one is their median.
    run three --episodes 2000 --runs 3 --seed 5
    : >"$work/means"
    for seed in 5 6 7; do
        run alone --episodes 2000 --seed $seed
        cmp "$work/alone.out/history.csv" "$work/three.out/history-seed$seed.csv" || fail "--runs: another seed $seed"
        sed -n 's/.*final_mean=\([0-9.]*\).*/\1/p' "$work/alone" >>"$work/means"
    done
    median=$(sort -g "$work/means" | sed -n 2p)
    grep -q "median_final_mean=$median " "$work/three" || fail "--runs: expected the median $median in $(tail -n 1 "$work/three")"
    [ ! -e "$work/three.out/history.csv" ] || fail "--runs: a history.csv of no run"

    head -c 1000 "$work/table.safetensors" >"$work/cut"
    for file in "$work/cut" "$work/saved.out/history.csv" "$work/nowhere"; do refused 1 --load "$file" --play 1; done
    refused 1 --episodes 1 --save "$work/nowhere/table"
    run chance --random --episodes 100
    ! grep -q 'lr:\|gamma\|epsi ' "$work/chance" || fail "--random: settings of what is not learnt: $(cat "$work/chance")"
    refused 1 --resume --episodes 100 --out "$work/chance.out" # begun with --random
    refused 2 --load "$work/table.safetensors"
    for wrong in --lr=0.1 --random --tensorboard=d --episodes=5; do
        refused 2 --load "$work/table.safetensors" --play 1 $wrong
    done
    refused 2 --random --lr 0.1
    refused 2 --random --play 1 --episodes 5
    refused 2 --resume
    refused 2 --random --save "$work/table"
    refused 2 --runs 2 --save "$work/table"
    refused 2 --runs 2 --out "$work/three.out" --resume
    refused 2 --render ansi
    refused 2 --play 1 --render gif
    windows --episodes 10 --play 2
    for edges in 1,2,3 1,2,3,4,5 1,2,3,0 1,2,3,nan 1,2,3,x 1e-320,1,1,1 1,1,1,1e-310; do
        refused 2 --edges $edges
        grep -q "^cartpole_qlearning: --edges: expected .* got '$edges'" "$work/refused.err" ||
            fail "--edges $edges: $(cat "$work/refused.err")"
    done
    ;;
cartpole_dqn)
    run saved --episodes 3 --save "$work/pole.safetensors"
    "$folder/$program" --load "$work/pole.safetensors" --play 1 | grep -q '^Mean score' || fail "--play"
    refused 2 --load "$work/pole.safetensors"
    for wrong in --units=8 --lr=0.1 --solved=475 --classic --episodes=5 --save=f --resume --tensorboard=d; do
        refused 2 --load "$work/pole.safetensors" --play 1 --out "$work/no" $wrong
    done
    refused 2 --render ansi
    refused 2 --play 1 --render gif
    refused 2 --classic --single
    grep -q -e '--classic: expected no --single with it, ' "$work/refused.err" || fail "--classic: $(cat "$work/refused.err")"
    windows --episodes 3 --play 2
    ;;
imdb_sentiment)
    small="--words 2000 --reviews 400 --epochs 2 --explain"
    for model in dense embedding conv rnn gru lstm lstm2 bilstm; do
        [ "$model" = gru ] && some="--words 60" || some= # the reviews have words that this one does not know
        [ "$model" = dense ] || some="--maxlen 20 $some"
        # shellcheck disable=SC2086
        run $model --model $model $small $some --save "$work/$model.safetensors"
        # What a saved model says of the same reviews is what it said when it was trained.
        "$folder/$program" --load "$work/$model.safetensors" --explain --reviews 400 >"$work/again" || fail "--explain"
        table() { sed -n '/predicted/,/^result/p' "$1" | sed '$d'; }
        [ "$(table "$work/$model" | wc -l)" -ge 6 ] || fail "--explain: $(cat "$work/$model")"
        [ "$(table "$work/$model")" = "$(table "$work/again")" ] || fail "--explain of a loaded $model: $(cat "$work/again")"
    done
    refused 2 --model conv --maxlen 4
    grep -q -e '--maxlen: expected at least 5 with --model conv' "$work/refused.err" || fail "$(cat "$work/refused.err")"
    run conv5 --model conv --maxlen 5 --words 50 --reviews 40 --epochs 1
    for model in lstm dense; do refused 2 --preset tuned --model $model; done
    refused 2 --preset tuned

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
mnist_dcgan)
    # shellcheck disable=SC2086 # a list of options
    run saved $options --seed 3 --checkpoint-every 2 --save "$work/gan.safetensors"
    kept="$work/saved.out/checkpoint_epoch_0002.safetensors"
    [ -s "$kept" ] || fail "--checkpoint-every 2: no checkpoint of epoch 2"
    # The score of a file is that of the training it comes from; models and checkpoints are both such files.
    for file in "$work/gan.safetensors" "$kept"; do
        run scored --images 100 --samples 100 --seed 3 --score-only --load "$file"
        tail -n 1 "$work/saved" >"$work/result.saved"
        tail -n 1 "$work/scored" >"$work/result.scored"
        same result.saved result.scored
    done

    # A damaged file whose .prev is whole: a training begins with that, and says so.
    cp "$work/gan.safetensors" "$work/two.safetensors.prev"
    head -c 5000 "$work/gan.safetensors" >"$work/two.safetensors"
    run two $options --load "$work/two.safetensors"
    grep -q '^mnist_dcgan: took .prev instead: ' "$work/two.err" || fail "--load: .prev was taken in silence"

    # Fewer images than a batch by default: one batch of all. A batch that was typed is refused by its name.
    run few --images 20 --epochs 1 --samples 20
    code=0
    "$folder/$program" --images 20 --batch 32 >"$work/refused" 2>"$work/refused.err" || code=$?
    [ "$code" -eq 2 ] || fail "--images 20 --batch 32: expected exit code 2, got $code"
    grep -q -e '--batch: expected at most the 20 images there are (--images), got 32$' "$work/refused.err" ||
        fail "--images 20 --batch 32: $(cat "$work/refused.err")"

    # draw FOLDER OPTIONS..: must exit 0.
    # shellcheck disable=SC2086
    draw() { "$folder/$program" --load "$work/gan.safetensors" --out "$work/$1" $2 >/dev/null || fail "$2 exited with $?"; }
    # png_size FILE: width and height, by its header.
    png_size() { od -A n -t u1 -j 16 -N 8 "$1" | awk '{ print 256 * $3 + $4, 256 * $7 + $8 }'; }
    draw pictures "--generate 12 --seed 4"
    [ "$(png_size "$work/pictures/generated.png")" = "118 88" ] || fail "--generate 12: expected 4 x 3 images of 28 x 28"
    draw again "--generate 12 --seed 4"
    cmp "$work/pictures/generated.png" "$work/again/generated.png" || fail "--generate: one seed, two pictures"
    draw other "--generate 12 --seed 5"
    ! cmp -s "$work/pictures/generated.png" "$work/other/generated.png" || fail "--generate: two seeds, one picture"
    "$folder/$program" --load "$kept" --generate 12 --seed 4 --out "$work/kept" >/dev/null || fail "--load of a checkpoint"
    cmp "$work/pictures/generated.png" "$work/kept/generated.png" || fail "--generate: other images from the checkpoint"
    draw pictures "--interpolate 5"
    [ "$(png_size "$work/pictures/interpolation.png")" = "148 478" ] || fail "--interpolate 5: expected 5 x 16 images"
    [ ! -e "$work/saved.out/dcgan.gif" ] || [ -s "$work/pictures/interpolation.gif" ] || fail "--interpolate: no GIF"

    # Files without a generator, and options that make no sense together, are refused in one line.
    refused()
    {
        expected=$1
        shift
        code=0
        "$folder/$program" "$@" >"$work/refused" 2>"$work/refused.err" || code=$?
        [ "$code" -eq "$expected" ] || fail "$*: expected exit code $expected, got $code"
        [ "$(wc -l <"$work/refused.err")" -eq 1 ] || fail "$*: expected one line on stderr"
    }
    for file in "$work/saved.out/classifier.safetensors" "$work/saved.out/history.csv" "$work/missing"; do
        refused 1 --load "$file" --generate 4 --out "$work/no"
        refused 1 --load "$file" --interpolate 4 --out "$work/no"
        refused 1 --load "$file" --score-only --images 100
    done
    for wrong in --epochs=1 --batch=2 --checkpoint-every=1 --save=f --resume; do
        for mode in --generate=4 --interpolate=4 --score-only; do
            refused 2 --load "$work/gan.safetensors" --out "$work/no" $mode $wrong
        done
    done
    for wrong in --images=10 --samples=1 --data=d --score-only; do
        refused 2 --load "$work/gan.safetensors" --out "$work/no" --generate 4 $wrong
        refused 2 --load "$work/gan.safetensors" --out "$work/no" --interpolate 4 $wrong
    done
    refused 2 --images 20 --out "$work/own" --save "$work/own/checkpoint_epoch_0002.safetensors"
    refused 2 --images 20 --out "$work/own/" --save "$work/own/./classifier.safetensors"
    refused 2 --load "$work/gan.safetensors" --out "$work/no" --generate 4 --interpolate 4
    refused 2 --load "$work/gan.safetensors" --out "$work/no" --resume
    refused 2 --out "$work/no" --generate 4
    refused 2 --out "$work/no" --interpolate 4
    refused 2 --load "$work/gan.safetensors" --generate 4
    refused 2 --load "$work/gan.safetensors" --interpolate 4
    refused 2 --score-only
    refused 2 --checkpoint-every 4
    ;;
esac
echo "$program: all as expected"
