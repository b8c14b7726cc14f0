#!/bin/sh
# Every row of docs/faults.md, 1 to 71, once and in order, names tests that exist and are run. usage: test_fault_table.sh SOURCE
set -eu
cd "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
wrong=0
report() { echo "FAILED: $*"; wrong=1; }

# "number file function" for each test; "number - -" for a row without one.
awk -F '|' '/^\| [0-9]+ \|/ {
    number = $2 + 0
    count = split($5, part, "`")
    named = 0
    for (i = 2; i <= count; i += 2) {
        if (split(part[i], test, ":") == 2) { print number, test[1], test[2]; named = 1 }
    }
    if (!named) print number, "-", "-"
}' docs/faults.md >"$work/tests"

# row NUMBER FILE FUNCTION
row()
{
    if [ "$2" = - ]; then
        report "row $1: expected a test, got none"
    elif [ ! -f "tests/$2" ]; then
        report "row $1: tests/$2: expected a file, got none"
    elif [ "${2%.sh}" != "$2" ]; then
        grep -q "^$3()" "tests/$2" || report "row $1: tests/$2: expected $3(), got none"
        grep -q "^$3\$\|[^#]*\b$3 \|; *$3\b" "tests/$2" || report "row $1: tests/$2: expected a call of $3, got none"
        grep -rq "$2" tests/*.cmake || report "row $1: tests/$2: expected a test of ctest, got none"
    else
        grep -q "^static void $3(" "tests/$2" || report "row $1: tests/$2: expected $3(), got none"
        grep -Eq "(cmocka_unit_test|TEST_EVERY_ISA)\($3\)" "tests/$2" || report "row $1: tests/$2: expected $3 among its tests, got none"
    fi
}
while read -r number file function; do row "$number" "$file" "$function"; done <"$work/tests"

cut -d ' ' -f 1 "$work/tests" | uniq >"$work/numbers"
seq 71 >"$work/expected"
cmp -s "$work/expected" "$work/numbers" || report "expected rows 1 to 71 in order, got $(tr '\n' ' ' <"$work/numbers")"
[ "$wrong" -eq 0 ] || exit 1
echo "faults.md: $(wc -l <"$work/tests") tests of $(wc -l <"$work/numbers") rows are there"
