#!/bin/sh
# What imdb_sentiment does with saved models, no data set in reach. Part of test_programs.sh.
# usage: test_sentiment_use.sh PROGRAM MODEL-WITH-EMBEDDING MODEL-WITHOUT
set -eu
program=$1
model=$2
dense=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "FAILED: $*"; exit 1; }

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
# a - a + b is b.
"$program" --load "$model" --analogy "movie movie film" | grep -vw movie | head -n 9 >"$work/analogy"
grep -vw movie "$work/near" | head -n 9 | cmp - "$work/analogy" || fail "--analogy: $(cat "$work/analogy")"
"$program" --load "$model" --analogy "movie the film" >"$work/one"
"$program" --load "$model" --analogy "film the movie" | cmp - "$work/one" || fail "--analogy: A and C add up"
! "$program" --load "$model" --analogy "movie film the" | cmp -s - "$work/one" || fail "--analogy: B is not taken away"
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
for wrong in "--load $model" "--load $model --predict x --explain" "--predict x" "--analogy x"; do
    code=0
    # shellcheck disable=SC2086
    "$program" $wrong >"$work/out" 2>"$work/err" || code=$?
    [ "$code" -eq 2 ] && [ "$(wc -l <"$work/err")" -eq 1 ] || fail "$wrong: $code, $(cat "$work/err")"
done

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
