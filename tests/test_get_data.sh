#!/bin/sh
# scripts/get-data against a server of our own on 127.0.0.1. Exit 77: skipped.
set -eu
get_data=$1
command -v python3 >/dev/null 2>&1 || { echo "no python3: skipped"; exit 77; }
command -v curl >/dev/null 2>&1 || command -v wget >/dev/null 2>&1 || { echo "neither curl nor wget: skipped"; exit 77; }
unset KVIST_DATA_URL http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY || true

root=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$root"' EXIT
trap 'exit 1' INT TERM

# Files made up for the test, and the checksums that go with them.
mkdir -p "$root/www/good/mnist" "$root/www/good/imdb"
for name in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
    echo "content of $name" >"$root/$name"
    gzip -c "$root/$name" >"$root/www/good/mnist/$name-ubyte.gz"
    echo "$(sha256sum <"$root/$name" | cut -d' ' -f1)  $name-ubyte.gz" >>"$root/sums"
done
head -c 300000 /dev/zero >"$root/www/good/imdb/aclImdb_v1.tar.gz"
echo "$(sha256sum <"$root/www/good/imdb/aclImdb_v1.tar.gz" | cut -d' ' -f1)  aclImdb_v1.tar.gz" >>"$root/sums"

# A plain file server; below /cut/ it tells the length of the file in /good/ and sends only half of it.
cat >"$root/server.py" <<'END'
import http.server, os, sys
root, port_file = sys.argv[1:]
class Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *args):
        super().__init__(*args, directory=root)
    def log_message(self, *args):
        pass
    def do_GET(self):
        if not self.path.startswith("/cut/"):
            return super().do_GET()
        with open(root + "/good/" + self.path[5:], "rb") as file:
            content = file.read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:len(content) // 2])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(port_file + ".new", "w") as file:
    file.write(str(server.server_address[1]))
os.rename(port_file + ".new", port_file)
server.serve_forever()
END
python3 "$root/server.py" "$root/www" "$root/port" &
server=$!
tries=0
while [ ! -f "$root/port" ]; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || { echo "the server did not start"; exit 1; }
    sleep 0.1
done
url=http://127.0.0.1:$(cat "$root/port")

fail() {
    echo "FAILED: $*" >&2
    [ ! -f "$root/log" ] || sed 's/^/    /' "$root/log" >&2
    exit 1
}
# run EXIT_CODE ARGUMENTS: get-data into $root/data
run() {
    code=0
    want=$1
    shift
    "$get_data" --dir "$root/data" "$@" >"$root/log" 2>&1 || code=$?
    [ $code -eq "$want" ] || fail "get-data $*: exit $code, expected $want"
}
says() { grep -q -e "$1" "$root/log" || fail "no \"$1\" in the output"; }
files() { [ "$(find "$root/data" -type f 2>/dev/null | wc -l)" -eq "$1" ] || fail "expected $1 files: $(find "$root/data")"; }

checks() {
    rm -rf "$root/data"
    # Small wrong files in the place of the real ones: refused, and nothing stays.
    run 1 --base-url "$url/good" mnist
    says "SHA-256: expected ba891046"
    run 1 --base-url "$url/good" imdb
    says "SHA-256: expected c40f74a1"
    # Not there; cut on the way; no server.
    run 1 --base-url "$url/nowhere" --checksums "$root/sums" mnist
    says "download failed"
    run 1 --base-url "$url/cut" --checksums "$root/sums" imdb
    run 1 --base-url http://127.0.0.1:1 --checksums "$root/sums" imdb
    says "download failed"
    files 0
    # A wrong file that is there already stays until a right one can take its place.
    mkdir -p "$root/data/imdb"
    echo old >"$root/data/imdb/aclImdb_v1.tar.gz"
    run 1 --base-url "$url/good" imdb
    [ "$(cat "$root/data/imdb/aclImdb_v1.tar.gz")" = old ] || fail "the old file is gone"
    files 1
    # The right ones; then once more without a server.
    run 0 --base-url "$url/good" --checksums "$root/sums"
    files 5
    for name in train-images-idx3 t10k-labels-idx1; do
        gzip -dc "$root/data/mnist/$name-ubyte.gz" | cmp - "$root/$name" || fail "$name differs"
    done
    cmp "$root/www/good/imdb/aclImdb_v1.tar.gz" "$root/data/imdb/aclImdb_v1.tar.gz" || fail "the archive differs"
    run 0 --base-url http://127.0.0.1:1 --checksums "$root/sums"
    says "already there"
    files 5
}
checks

# The real MNIST, where it is: the checksums in the script are those of the real files.
if [ -n "${KVIST_DATA:-}" ] && [ -f "$KVIST_DATA/mnist/train-images-idx3-ubyte.gz" ]; then
    rm -rf "$root/data"
    ln -s "$KVIST_DATA" "$root/www/real"
    run 0 --base-url "$url/real" mnist
    files 4
else
    echo "no MNIST in \$KVIST_DATA/mnist: that part skipped"
fi

# The folder by default, the address by the environment.
KVIST_DATA="$root/by-kvist" KVIST_DATA_URL="$url/good" "$get_data" --checksums "$root/sums" imdb >"$root/log" 2>&1 ||
    fail "by \$KVIST_DATA"
[ -f "$root/by-kvist/imdb/aclImdb_v1.tar.gz" ] || fail "not in \$KVIST_DATA"
(unset KVIST_DATA && XDG_DATA_HOME="$root/xdg" "$get_data" --base-url "$url/good" --checksums "$root/sums" imdb) \
    >"$root/log" 2>&1 || fail "by \$XDG_DATA_HOME"
[ -f "$root/xdg/kvist/imdb/aclImdb_v1.tar.gz" ] || fail "not in \$XDG_DATA_HOME/kvist"

# Usage.
run 0 --help
says "usage: get-data"
run 2 --no-such-option
run 2 --dir
run 2 --dir ""
# Nothing says where: not into the root.
code=0
(unset KVIST_DATA XDG_DATA_HOME && HOME='' "$get_data" --base-url "$url/nowhere" imdb) >"$root/log" 2>&1 || code=$?
[ $code -eq 2 ] || fail "without \$HOME: exit $code, expected 2"
says "no folder for the data"
# Checksums as sha256sum -b writes them.
rm -rf "$root/data"
sed 's/  / */' "$root/sums" >"$root/binary-sums"
run 0 --base-url "$url/good" --checksums "$root/binary-sums" imdb

# Once more with wget alone.
if command -v wget >/dev/null 2>&1; then
    mkdir "$root/bin"
    for tool in sh cat cut gzip mkdir mv rm sha256sum wget; do ln -s "$(command -v $tool)" "$root/bin/$tool"; done
    cat >"$root/with-wget" <<END
#!/bin/sh
PATH='$root/bin' exec '$get_data' "\$@"
END
    chmod +x "$root/with-wget"
    get_data=$root/with-wget
    checks
fi
echo "get-data: all checks passed"
