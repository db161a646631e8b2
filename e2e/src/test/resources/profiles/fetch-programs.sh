#!/bin/sh
# Fetches Debian's nginx, PostgreSQL and gdb and lays them out below the directory $1, without installing anything on the
# host: the tests of the profiles mount them read-only into sandboxes of the base image. Run once; what is there is kept.
set -eu
out=$1
[ ! -e "$out/done" ] || exit 0
rm -rf -- "$out"
mkdir -p "$out/debs" "$out/root"
cd -- "$out/debs"
# The programs, and the libraries of theirs that the base image does not have.
set -- nginx postgresql-15 postgresql-client-15 libpq5 libxml2 gdb-minimal libipt2 libdebuginfod1 libcurl3-gnutls libelf1 libdw1
apt-get download -q "$@" >&2 || {
	apt-get update -q >&2
	apt-get download -q "$@" >&2
}
for deb in ./*.deb; do
	dpkg-deb -x "$deb" "$out/root"
done
mv -- "$out/root/usr/lib/x86_64-linux-gnu" "$out/libraries"
cd -- "$out"
rm -rf -- "$out/debs"
: >"$out/done"
