#!/bin/sh
# No public function is forgotten: each is called where allocations fail in turn, or where none may be made. usage:
# test_oom_coverage.sh SOURCES
set -eu
cd "$1"
starved="tests/test_oom.c tests/test_archive_memory.c tests/test_fit_memory.c tests/test_data_memory.c"
without="tests/test_noalloc.c"

forgotten=0
functions=0
for library in nn env data; do
    # What is declared or called there: comments and macros aside, a name before a parenthesis.
    for name in $(grep -v '^ *\(/\*\|\*\|#\)' "lib$library/include/kvist/$library.h" | grep -o "\b${library}_[a-z0-9_]*(" | tr -d '(' | sort -u); do
        functions=$((functions + 1))
        # shellcheck disable=SC2086 # lists of files
        grep -q "\b$name\b" $starved $without || {
            echo "FAILED: $name: called neither in $starved nor in $without"
            forgotten=$((forgotten + 1))
        }
    done
done
[ "$functions" -gt 130 ] || { echo "FAILED: only $functions functions found"; exit 1; }
[ "$forgotten" -eq 0 ] || exit 1
echo "$functions public functions"
