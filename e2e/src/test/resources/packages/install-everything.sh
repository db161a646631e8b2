#!/bin/sh
# Runs inside a sandbox as its root: every tool installs for real, from a mirror on the sandbox's own loopback.
set -eu
fixtures=/srv/fixtures
sh /srv/make-fixtures.sh "$fixtures"
python3 -m http.server 8000 --bind 127.0.0.1 --directory "$fixtures" >/tmp/mirror.log 2>&1 &
mirror=$!
tries=0
until curl -fs http://127.0.0.1:8000/ >/dev/null; do
	tries=$((tries + 1))
	[ "$tries" -lt 100 ] || { echo "the mirror did not start"; cat /tmp/mirror.log; exit 1; }
	sleep 0.1
done

rm -rf /etc/apt/sources.list /etc/apt/sources.list.d
echo 'deb [trusted=yes] http://127.0.0.1:8000/apt ./' >/etc/apt/sources.list
apt-get update -q >/dev/null
apt-get install -q -y redoubt-hello >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; exit 1; }
redoubt-hello
stat -c 'owner %u:%g mode %a' /var/lib/redoubt-hello

useradd --create-home alice
# shellcheck disable=SC2016 # it is alice's shell that expands it
su alice -c 'echo "su: I am $(id -un) in $(cd && pwd)"'

pip install -q --no-cache-dir --index-url http://127.0.0.1:8000/pip/simple redoubt-hello
python3 -c 'import redoubt_hello'

npm install -g --silent --no-audit --no-fund --registry http://127.0.0.1:8000/npm/ redoubt-hello
redoubt-hello-js

git clone -q http://127.0.0.1:8000/hello.git /tmp/by-http
cat /tmp/by-http/README
git clone -q "$fixtures/hello.git" /tmp/by-path
mkdir /app
tar -C /tmp/by-path -cf - README | tar -C /app -xpf -
cat /app/README
kill "$mirror"
echo everything installed
