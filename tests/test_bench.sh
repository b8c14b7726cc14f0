#!/bin/sh
# kvist_bench's names and lines, kvist_growth's lines and pictures. usage: test_bench.sh FOLDER-OF-PROGRAMS
set -eu
bench=$1/kvist_bench
growth=$1/kvist_growth
unset KVIST_DATA
XDG_DATA_HOME=$(mktemp -d)
export XDG_DATA_HOME # no real data
trap 'rm -rf "$XDG_DATA_HOME"' EXIT

fail() { echo "FAILED: $*"; exit 1; }

# line PATTERN OPTIONS..: prints one line, which matches.
line()
{
    pattern=$1
    shift
    printed=$("$bench" "$@" --seconds 0.01) || fail "$* exited with $?"
    echo "$printed" | grep -Eqx "$pattern" || fail "$*: expected $pattern, got $printed"
    [ "$(echo "$printed" | wc -l)" -eq 1 ] || fail "$*: more than one line: $printed"
}

expected='cartpole_env cartpole_env_vector cartpole_q dqn_24_b20 dqn_128_b64 dense_multi_hot rnn_train lstm_train
lstm_train_reviews dcgan_step dcgan_epoch lstm_epoch'
for layer in dense512 lstm128 conv5x5s2 conv3x3 convt5x5s2 batch_norm embedding; do
    expected="$expected ${layer}_forward ${layer}_train"
done
names=$("$bench" --list --epochs 1)
for name in $expected; do echo "$names" | grep -q " $name\$" || fail "no line $name"; done

"$bench" --list --only lstm | grep -q epoch && fail "--only lstm takes minutes: it runs an epoch"

number='[0-9]+(\.[0-9]+)?'
timed="threads=1 median_ms=$number min_ms=$number n=[0-9]+"
line "W1 cartpole_env $timed msteps_per_s=$number( peak_mb=$number)?" --only cartpole_env
line "W2 dqn_24_b20 $timed gflops=$number( peak_mb=$number)? gflop=$number" --only dqn_24_b20
line "W3 dense_multi_hot $timed( peak_mb=$number)? traffic_mb=$number traffic_at=l2 data=generated words=13[0-9]" --only W3
line "W5r lstm_train_reviews skipped: .*" --only lstm_train_reviews
line "epoch lstm_epoch skipped: .*" --only lstm_epoch

"$growth" --only dense --threads 1 --seconds 0.001 --draw "$XDG_DATA_HOME" >"$XDG_DATA_HOME/lines" 2>"$XDG_DATA_HOME/err"
[ "$(grep -Ecx "growth dense batch=[0-9]+ units=[0-9]+ threads=1 median_ms=$number( peak_mb=$number)? gflops=$number" \
    "$XDG_DATA_HOME/lines")" -eq 16 ] || fail "kvist_growth: expected 16 lines, got $(cat "$XDG_DATA_HOME/lines")"
[ -s "$XDG_DATA_HOME/growth-dense-time.png" ] || grep -q 'without cairo' "$XDG_DATA_HOME/err" || fail "no picture of growth"

status=0
"$bench" --only nothing 2>/dev/null || status=$?
[ "$status" -eq 2 ] || fail "--only nothing exited with $status"
