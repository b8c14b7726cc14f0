#!/bin/sh
# scripts/setup on systems made up of stubs: a PATH with tools that find, and install, what the test says. usage: test_setup.sh SOURCE
set -eu
setup=$1/scripts/setup
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
trap 'exit 1' INT TERM HUP
unset KVIST_NO_SETUP

fail() {
    echo "FAILED: $*" >&2
    sed 's/^/    /' "$root/log" >&2
    exit 1
}

# system TOOL..: a new system that has the shell's tools and these, and no header and no module yet.
system() {
    rm -rf "${root:?}/bin" "$root/has"
    mkdir -p "$root/bin" "$root/has"
    for tool in sh env tr cat id; do ln -s "$(command -v $tool)" "$root/bin/$tool"; done
    for tool; do stub "$tool" 'exit 0'; done
}
# stub TOOL BODY
stub() {
    printf '#!/bin/sh\n%s\n' "$2" >"$root/bin/$1"
    chmod +x "$root/bin/$1"
}
# has NAME..: modules as jansson, headers as openblas_cblas.h.
has() { for name; do touch "$root/has/$name"; done; }
builds() {
    stub pkg-config "[ -e '$root/has/'\$2 ]"
    # The line that it reads is #include <folder/header.h>.
    stub cc "[ \"\$1\" != -dumpmachine ] || exit 0
IFS=' <>' read -r _ name
name=\${name%>}
case \$name in */*) name=\${name%%/*}_\${name#*/} ;; esac
[ -e '$root/has/'\$name ]"
    has jansson libxxhash cmocka zlib libarchive
}
# run EXIT_CODE [VARIABLE=VALUE]
run() {
    code=0
    want=$1
    shift
    env PATH="$root/bin" "$@" "$setup" >"$root/log" 2>&1 || code=$?
    [ $code -eq "$want" ] || fail "exit $code, expected $want"
}
says() { grep -q -e "$1" "$root/log" || fail "no \"$1\" in the output"; }
silent() { [ ! -s "$root/log" ] || fail "expected no word"; }

# Everything is there, headers of BLAS and stb where some distributions put them.
for folder in '' openblas_ blis_; do
    system cmake curl
    builds
    has cairo-png gif_lib.h "${folder}cblas.h" stb_image_write.h
    run 0
    silent
done

# Without what is optional it goes on, and says what is not there.
system cmake
builds
has stb_stb_image_write.h
run 0
for name in curl cairo cblas.h gif_lib.h 'package manager is not known' 'going on without'; do says "$name"; done

# Without what is not, it does not, unless it is told to leave all as it is.
system cmake curl
builds
has cairo-png gif_lib.h cblas.h
run 1
says 'stb_image_write.h'
says 'libstb-dev'
run 0 KVIST_NO_SETUP=1
silent
system
run 1
says 'cmake pkg-config cc'

# With apt-get all is installed, by root or sudo.
system
stub apt-get "echo \"apt-get \$*\""
stub id 'echo 0'
run 0
says 'apt-get update'
says 'apt-get install -y --no-install-recommends build-essential .* libopenblas-dev .* ca-certificates'
stub id 'echo 1000'
run 1
says 'run as root: apt-get install build-essential'
stub sudo "echo sudo && exec \"\$@\""
run 0
says 'sudo'
says 'apt-get install'
# A package manager that fails is an error, where what is missing is needed.
stub apt-get 'exit 100'
run 1
says 'apt-get failed'
system cmake curl
builds
has stb_stb_image_write.h
stub apt-get 'exit 100'
stub id 'echo 0'
run 0
says 'going on without'
echo "setup: all checks passed"
