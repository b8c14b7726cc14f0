#!/bin/sh
# What the archives call and what they define: nothing that prints, ends the process, handles signals, draws from hidden
# generators or reads the environment; no global symbol outside the library's prefix; no variable that can change.
# usage: test_symbols.sh NM ARCHIVE..  (libNAME.a defines NAME_...)
set -eu
nm=$1
shift

# Names as in C; the variants that the headers of the C library put in their place are <name>, __<name>_chk, _IO_<name>.
forbidden='abort exit _exit _Exit quick_exit at_quick_exit atexit __assert_fail __assert_perror_fail __assert
printf vprintf fprintf vfprintf dprintf vdprintf puts fputs putchar putc fputc perror psignal warn warnx err errx
stdout stderr stdin syslog
signal sigaction sigprocmask raise kill alarm longjmp
rand srand rand_r random srandom drand48 lrand48 mrand48 srand48 arc4random
getenv secure_getenv setenv putenv unsetenv environ
setlocale uselocale'

fail=0
wrong() { echo "FAILED: $*"; fail=1; }

for archive in "$@"; do
    prefix=$(basename "$archive" .a)
    prefix=${prefix#lib}_
    symbols=$("$nm" -A -P "$archive" | sed 's/^[^:]*\[\(.*\)\]: /\1 /; s/^[^ ]*: //') # object, name, type, ..
    [ "$(echo "$symbols" | awk -v p="$prefix" '$3 == "T" && index($2, p) == 1' | wc -l)" -ge 10 ] ||
        wrong "$archive: expected functions $prefix..., got: $(echo "$symbols" | head -n 3)"

    calls=$(echo "$symbols" | awk -v list="$forbidden" '
        BEGIN { split(list, names); for (i in names) bad[names[i]] }
        $3 ~ /^[Uvw]$/ { name = $2; sub(/^_IO_/, "", name); if (name ~ /_chk$/) gsub(/^__|_chk$/, "", name)
            if (name in bad) print $1 ": " $2 }')
    [ -z "$calls" ] || wrong "$archive calls $(echo "$calls" | tr '\n' ' ')"

    # Capitals are global; u, V and W with a value are global too. _GLOBAL_OFFSET_TABLE_ and its like are undefined.
    strangers=$(echo "$symbols" | awk -v p="$prefix" '$3 ~ /^[ABCDGRSTVWu]$/ && index($2, p) != 1 { print $1 ": " $2 }')
    [ -z "$strangers" ] || wrong "$archive defines $(echo "$strangers" | tr '\n' ' ')"

    # Not initialised, so to be written. One is thread-local and serves within one call: png.c tells why.
    variables=$(echo "$symbols" | awk '$3 ~ /^[bBCsS]$/ && $1 " " $2 != "png.c.o packed_rows" { print $1 ": " $2 }')
    [ -z "$variables" ] || wrong "$archive has variables $(echo "$variables" | tr '\n' ' ')"
done
# With NDEBUG an assertion leaves no symbol: the sources have none, nor would a build without it.
cd "$(dirname "$0")/.."
[ -f libnn/src/model_plan.c ] || wrong "no sources of the libraries beside this script"
assertions=$(grep -rnE '\bassert[[:space:]]*\(|<assert\.h>' libnn libenv libdata --include='*.[ch]') || true
[ -z "$assertions" ] || wrong "the libraries assert: $assertions"
[ $fail -eq 0 ] || exit 1
echo "symbols: all as expected"
