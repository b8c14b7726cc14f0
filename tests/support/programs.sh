# What every test of the programs begins with; sourced. A folder $work that goes away, generated data, fail.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset KVIST_DATA
export XDG_DATA_HOME="$work/nowhere" # generated data

fail() { echo "FAILED: $*"; exit 1; }
