#!/bin/sh
# scripts/results in a scratch tree, with programs that print what the test wants. usage: test_results.sh SOURCE FOLDER-OF-PROGRAMS
set -eu
source=$1
programs=$2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
trap 'exit 1' INT TERM HUP
unset KVIST_DATA
export XDG_DATA_HOME="$root/no-data" KVIST_BUILD_DIR="$root/build" PROGRAMS="$programs" PRINT=real

fail() {
    echo "FAILED: $*" >&2
    [ ! -f "$root/log" ] || sed 's/^/    /' "$root/log" >&2
    exit 1
}

mkdir -p "$root/scripts" "$root/docs" "$root/build/examples"
cp "$source/scripts/results" "$root/scripts"
# On generated data the programs themselves say what scripts/results looks for.
cat >"$root/build/examples/imdb_sentiment" <<'END'
#!/bin/sh
case $PRINT in
real) printf '60 + 60 reviews from /real\nresult: best_val_accuracy=0.%s test_accuracy=0.5 seconds=1.5\n' "$4" ;;
generated) "$PROGRAMS/imdb_sentiment" --reviews 60 --maxlen 20 --words 100 --epochs 1 ;;
nothing) ;;
failure) echo 'result: best_val_accuracy=0.5 test_accuracy=0.5 seconds=1.5' && exit 3 ;;
esac
END
cat >"$root/build/examples/mnist_dcgan" <<'END'
#!/bin/sh
exec "$PROGRAMS/mnist_dcgan" --images 20 --epochs 1 --samples 10
END
chmod +x "$root"/build/examples/*

# fresh: the committed page, nothing kept.
fresh() {
    rm -rf "$root/out"
    cp "$source/docs/results.md" "$root/docs/results.md"
}
# run EXIT_CODE ARGUMENTS
run() {
    code=0
    want=$1
    shift
    "$root/scripts/results" "$@" >"$root/log" 2>&1 || code=$?
    [ $code -eq "$want" ] || fail "results $*: exit $code, expected $want"
}
says() { grep -q -e "$1" "$root/log" || fail "no \"$1\" in the output"; }
same_page() { cmp -s "$source/docs/results.md" "$root/docs/results.md" || fail "$1: the page has changed"; }
kept() { [ "$(find "$root/out" -name '*.txt' 2>/dev/null | wc -l)" -eq "$1" ] || fail "expected $1 kept runs: $(ls "$root/out/results")"; }

# What is not understood is not run.
fresh
for arguments in 'densse' '--seed' '--seed x' '--seed=' '--seed -1' '--seed 4 dense' '--sed 1' 'dense --all'; do
    # shellcheck disable=SC2086 # a list of words
    run 2 $arguments
    says 'usage: scripts/results'
done
run 0 --help
says 'usage: scripts/results'
kept 0

# One seed of three, wherever the option stands: kept, and the row stays.
for arguments in '--seed 1 dense' 'dense --seed 1' '--seed=1 dense'; do
    fresh
    # shellcheck disable=SC2086
    run 0 $arguments
    says 'dense: 2 of its seeds are not run'
    kept 1
    same_page "$arguments"
done
# The others, and the row is written anew; only that one.
run 0 dense
kept 3
grep -q -- '- best_val_accuracy: 0.1 0.2 0.3; median \*\*0.2\*\*' "$root/docs/results.md" || fail 'the row is not written'
[ "$(diff "$source/docs/results.md" "$root/docs/results.md" | grep -c '^>')" -eq 3 ] || fail 'more than the row has changed'

# Runs that are none: on generated data, without a result, that fail.
fresh
PRINT=generated run 1 --seed 1 dense
says 'ran on generated data'
run 1 --seed 1 dcgan
says 'ran on generated data'
PRINT=nothing run 1 dense
says 'printed no result'
PRINT=failure run 3 dense
kept 0
same_page 'runs that are none'
echo "results: all checks passed"
