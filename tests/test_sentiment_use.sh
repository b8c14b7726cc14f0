#!/bin/sh
# What imdb_sentiment does with saved models, no data set in reach. Part of test_programs.sh.
# usage: test_sentiment_use.sh PROGRAM MODEL-WITH-EMBEDDING MODEL-WITHOUT FOLDER-OF-THE-FIRST
. "$(dirname "$0")/support/programs.sh"
program=$1
model=$2
dense=$3
exported=$4

# refused OPTION..: exit code 1 and one line on stderr, without control characters.
refused()
{
    code=0
    "$program" "$@" >"$work/out" 2>"$work/err" || code=$?
    [ "$code" -eq 1 ] || fail "$*: expected exit code 1, got $code"
    [ "$(wc -l <"$work/err")" -eq 1 ] || fail "$*: expected one line, got $(cat "$work/err")"
    [ ! -s "$work/out" ] || fail "$*: $(cat "$work/out")"
    ! LC_ALL=C tr -d '\n' <"$work/err" | LC_ALL=C grep -q '[[:cntrl:]]' || fail "$*: control characters"
}

# --- --predict: a number for a text, the same number for it as a line

alone() { "$program" --load "$1" --predict "$2"; }
lines() { "$program" --load "$1" --predict -; }
for file in "$model" "$dense"; do
    good=$(alone "$file" "a wonderful film")
    none=$(alone "$file" "")
    unknown=$(alone "$file" "xyzzy")
    echo "$good $none $unknown" | grep -Eqx '(0\.[0-9]{4} ?){3}' || fail "--predict: $good, $none, $unknown"
    [ "$good" != "$none" ] || fail "--predict: $good for a text and for none"
    [ -z "$(lines "$file" </dev/null)" ] || fail "--predict -: an answer to nothing"
    [ "$(printf 'a wonderful film\n\nxyzzy\nA WONDERFUL film!\r\na wonderful film' | lines "$file" | tr '\n' ' ')" = \
        "$good $none $unknown $good $good " ] || fail "--predict -: lines"
    # A NUL is a byte of a word like another: what follows it counts.
    [ "$(printf '\0 a wonderful film\n' | lines "$file")" = "$(alone "$file" "xyzzy a wonderful film")" ] ||
        fail "--predict -: NUL"
    [ "$(head -c 3000000 /dev/zero | tr '\0' 'x' | lines "$file")" = "$unknown" ] || fail "--predict -: a long line"
    yes 'film ' | head -n 300000 | tr -d '\n' | lines "$file" | grep -Eqx '0\.[0-9]{4}' || fail "--predict -: many words"
done
code=0
lines "$model" <"$work" >"$work/out" 2>"$work/err" || code=$?
[ "$code" -eq 1 ] && [ "$(wc -l <"$work/err")" -eq 1 ] || fail "--predict - from a folder: $code, $(cat "$work/err")"

# --- near words

"$program" --load "$model" --neighbours film >"$work/near"
[ "$(wc -l <"$work/near")" -eq 10 ] || fail "--neighbours: $(cat "$work/near")"
sort -r -g "$work/near" | cmp - "$work/near" || fail "--neighbours: not the nearest first"
! grep -qw film "$work/near" || fail "--neighbours: the word itself"
"$program" --load "$model" --neighbours FILM | cmp - "$work/near" || fail "--neighbours: capitals"
# The same from the exported vectors: cosines with a/|a| - b/|b| + c/|c|, without a, b and c.
"$program" --load "$model" --analogy "Movie the film" >"$work/one"
paste "$exported/words.tsv" "$exported/vectors.tsv" | awk -F '\t' -v given="movie the film" '
    { word[NR] = $1; for (k = 2; k <= NF; k++) { v[NR, k] = $k; square[NR] += $k * $k } }
    END {
        split(given, g, " ")
        for (i = 1; i <= NR; i++) for (j = 1; j <= 3; j++) if (word[i] == g[j]) at[j] = i
        for (k = 2; k <= NF; k++) {
            t[k] = v[at[1], k] / sqrt(square[at[1]]) - v[at[2], k] / sqrt(square[at[2]]) + v[at[3], k] / sqrt(square[at[3]])
            length2 += t[k] * t[k]
        }
        for (i = 4; i <= NR; i++) {
            if (i == at[1] || i == at[2] || i == at[3]) continue
            dot = 0
            for (k = 2; k <= NF; k++) dot += t[k] * v[i, k]
            printf "%.6f %s\n", dot / sqrt(length2 * square[i]), word[i]
        }
    }' | sort -r -g | head -n 10 >"$work/twin"
[ "$(wc -l <"$work/twin")" -eq 10 ] || fail "the exported vectors: $(cat "$work/twin")"
awk 'NR == FNR { near[FNR] = $1; word[FNR] = $2; next }
     { if ($2 != word[FNR] || $1 - near[FNR] > 6e-4 || near[FNR] - $1 > 6e-4) exit 1 }' "$work/twin" "$work/one" ||
    fail "--analogy: $(paste "$work/one" "$work/twin")"
[ "$(wc -l <"$work/one")" -eq 10 ] || fail "--analogy: $(cat "$work/one")"
! grep -Eqw 'movie|the|film' "$work/one" || fail "--analogy: a given word: $(cat "$work/one")"

# --- what is refused

refused --load "$model" --neighbours xyzzy
refused --load "$model" --neighbours "$(printf 'xy\033[31m')"
refused --load "$model" --neighbours "two words"
refused --load "$model" --neighbours ""
refused --load "$model" --analogy "movie film"
refused --load "$model" --analogy "movie xyzzy film"
refused --load "$model" --analogy "a film and a movie"
refused --load "$dense" --neighbours film
refused --load "$dense" --analogy "movie the film"
refused --load "$work/none" --predict text
refused --load "$work" --predict text
refused --load "$program" --predict text
: >"$work/empty"
refused --load "$work/empty" --predict text
head -c 5000 "$model" >"$work/half"
refused --load "$work/half" --predict text
"$program" --quiet --model dense --words 50 --reviews 40 --epochs 1 --out "$work/run" >"$work/out"
refused --load "$work/run/checkpoint.safetensors" --predict text # a sealed file of another kind
for wrong in "--load $model" "--load $model --predict x --explain" "--predict x" "--analogy x" \
    "--load $model --predict x --neighbours film" "--load $model --predict x --batch 8" "--load $model --explain --epochs 2" \
    "--load $model --analogy x --save f" "--load $model --neighbours film --resume --out $work/no"; do
    code=0
    # shellcheck disable=SC2086
    "$program" $wrong >"$work/out" 2>"$work/err" || code=$?
    [ "$code" -eq 2 ] && [ "$(wc -l <"$work/err")" -eq 1 ] || fail "$wrong: $code, $(cat "$work/err")"
done

# --- --explain keeps its cache in --out: a folder made for it, or no explanation

refused --load "$model" --explain --out /proc/nope
grep -q -e '--out: expected a folder that can be written, /proc/nope: ' "$work/err" || fail "--explain --out: $(cat "$work/err")"
"$program" --load "$model" --explain --reviews 400 --out "$work/new/folder" >"$work/out"
[ -d "$work/new/folder" ] || fail "--explain: no folder made"

# --- reviews that want to speak to the terminal

for part in train test; do
    mkdir -p "$work/aclImdb/$part/pos" "$work/aclImdb/$part/neg"
    for i in 1 2 3 4 5 6; do
        printf 'a good \033]0;title\007 \302\233film caf\303\251 \377 %s' "$i" >"$work/aclImdb/$part/pos/${i}_9.txt"
        printf 'a good \033]0;title\007 \302\233film caf\303\251 \377 %s' "$i" >"$work/aclImdb/$part/neg/${i}_2.txt"
    done
done
"$program" --quiet --model dense --data "$work/aclImdb" --epochs 1 --explain >"$work/out"
grep -q 'a good ?.*café ?' "$work/out" || fail "--explain: $(cat -v "$work/out")"
! LC_ALL=C tr -d '\n' <"$work/out" | LC_ALL=C grep -q "[[:cntrl:]]" || fail "--explain: control characters"
! LC_ALL=C grep -q "$(printf '\302\233')" "$work/out" || fail "--explain: C1 control characters"

# --- reviews as Keras ships them: ranks of words, with the words beside them or without

mkdir "$work/keras"
cp "$(dirname "$0")/data/npz/rows.npz" "$work/keras/any-name"
keras() { "$program" --quiet --epochs 1 --batch 64 --words 100 --data "$work/keras/any-name" "$@"; }
for kind in dense "embedding --maxlen 4"; do
    # shellcheck disable=SC2086
    keras --model $kind --out "$work/keras/out" >"$work/out"
    grep -qx 'vocabulary 90 words, by their ranks alone' "$work/out" || fail "npz: $(cat "$work/out")"
    grep -q '^result: .* vocabulary=90 ' "$work/out" || fail "npz: $(cat "$work/out")"
done
[ ! -e "$work/keras/out/words.tsv" ] || fail "npz: words exported that are not there"
for option in "--save $work/keras/model" --explain; do
    code=0
    # shellcheck disable=SC2086
    keras --model embedding --maxlen 4 $option >"$work/out" 2>"$work/err" || code=$?
    [ "$code" -eq 1 ] && [ "$(wc -l <"$work/err")" -eq 1 ] || fail "npz $option: $code, $(cat "$work/err")"
    grep -q -e "${option%% *}: expected words: Keras' imdb_word_index.json beside" "$work/err" || fail "npz: $(cat "$work/err")"
    ! grep -q '^Epoch' "$work/out" || fail "npz $option: trained first"
done
[ ! -e "$work/keras/model" ] || fail "npz: a model saved without words"
awk 'BEGIN { printf "{"; for (i = 90; i > 1; i--) printf "\"w%d\": %d, ", i, i; print "\"film\": 1}" }' \
    >"$work/keras/imdb_word_index.json"
keras --model embedding --maxlen 4 --out "$work/keras/out" --save "$work/keras/model" --explain >"$work/out"
grep -qx 'vocabulary 90 words' "$work/out" || fail "npz with words: $(cat "$work/out")"
grep -qx 'film' "$work/keras/out/words.tsv" || fail "npz with words: $(head "$work/keras/out/words.tsv")"
alone "$work/keras/model" "a film w90" | grep -Eqx '0\.[0-9]{4}' || fail "npz with words: --predict"
"$program" --load "$work/keras/model" --explain --data "$work/keras/any-name" >"$work/out"
grep -q '^result: .* reviews=1$' "$work/out" || fail "npz: --explain: $(cat "$work/out")"
