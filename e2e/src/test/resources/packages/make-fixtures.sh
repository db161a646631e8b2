#!/bin/sh
# Makes, in the directory $1, what a developer's tools install from: an apt repository, a Python index, an npm registry and
# git repositories, each with one small package of our own. Run where these tools are (inside the base image).
set -eu
out=$1
mkdir -p "$out/apt" "$out/pip/simple/redoubt-hello" "$out/npm"

# --- apt: one package with a maintainer script and files of another owner
deb=$(mktemp -d)
mkdir -p "$deb/DEBIAN" "$deb/usr/bin" "$deb/var/lib/redoubt-hello"
cat >"$deb/DEBIAN/control" <<'EOF'
Package: redoubt-hello
Version: 1.0
Architecture: all
Maintainer: Redoubt <security@redoubt.dev>
Description: says hello
EOF
cat >"$deb/DEBIAN/postinst" <<'EOF'
#!/bin/sh
set -e
chown 33:33 /var/lib/redoubt-hello
chmod 2750 /var/lib/redoubt-hello
EOF
chmod 755 "$deb/DEBIAN/postinst"
printf '#!/bin/sh\necho hello from apt\n' >"$deb/usr/bin/redoubt-hello"
chmod 755 "$deb/usr/bin/redoubt-hello"
dpkg-deb --root-owner-group --build "$deb" "$out/apt/redoubt-hello_1.0_all.deb" >&2
{
	cat "$deb/DEBIAN/control"
	echo "Filename: ./redoubt-hello_1.0_all.deb"
	echo "Size: $(stat -c %s "$out/apt/redoubt-hello_1.0_all.deb")"
	echo "SHA256: $(sha256sum "$out/apt/redoubt-hello_1.0_all.deb" | cut -d' ' -f1)"
	echo
} >"$out/apt/Packages"

# --- pip: a wheel and the index page that leads to it
python3 - "$out/pip/simple/redoubt-hello" <<'EOF'
import base64, hashlib, sys, zipfile
folder, name = sys.argv[1], "redoubt_hello-1.0-py3-none-any.whl"
info = "redoubt_hello-1.0.dist-info/"
files = {
    "redoubt_hello.py": b"print('hello from pip')\n",
    info + "METADATA": b"Metadata-Version: 2.1\nName: redoubt-hello\nVersion: 1.0\n",
    info + "WHEEL": b"Wheel-Version: 1.0\nGenerator: redoubt\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
}
def line(path, data):
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(data)}\n"
record = "".join(line(p, d) for p, d in files.items()) + info + "RECORD,,\n"
with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
    for path, data in files.items():
        wheel.writestr(path, data)
    wheel.writestr(info + "RECORD", record)
with open(f"{folder}/index.html", "w") as page:
    page.write(f'<!DOCTYPE html><html><body><a href="{name}">{name}</a></body></html>\n')
EOF

# --- npm: a tarball and the registry document that leads to it
package=$(mktemp -d)
mkdir "$package/package"
cat >"$package/package/package.json" <<'EOF'
{"name": "redoubt-hello", "version": "1.0.0", "bin": {"redoubt-hello-js": "hello.js"}}
EOF
printf '#!/usr/bin/env node\nconsole.log("hello from npm")\n' >"$package/package/hello.js"
tar -C "$package" -czf "$out/npm/redoubt-hello-1.0.0.tgz" package
cat >"$out/npm/redoubt-hello" <<EOF
{"name": "redoubt-hello", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": {
  "name": "redoubt-hello", "version": "1.0.0", "bin": {"redoubt-hello-js": "hello.js"},
  "dist": {"tarball": "http://127.0.0.1:8000/npm/redoubt-hello-1.0.0.tgz",
           "shasum": "$(sha1sum "$out/npm/redoubt-hello-1.0.0.tgz" | cut -d' ' -f1)"}}}}
EOF

# --- git: a bare repository, served as plain files too
work=$(mktemp -d)
git -c init.defaultBranch=main init -q "$work"
echo hello from git >"$work/README"
git -C "$work" add README
git -C "$work" -c user.name=Redoubt -c user.email=security@redoubt.dev commit -q -m "say hello"
git clone -q --bare "$work" "$out/hello.git"
git -C "$out/hello.git" update-server-info
