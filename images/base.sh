#!/bin/sh
# Makes the base image: Debian with what developers and agents expect, as a plain tar archive on standard output.
#
# Run as root on a Debian-like host with mmdebstrap. Arguments: Debian packages to have instead of the usual ones
# (tests make a small image that way).
#
# Reproducible: the same packages give the same bytes. Whatever the build itself would leave behind that differs from
# one run to the next (logs, caches, backup copies of the user database, machine-id, times) is removed or set.

set -eu

suite=bookworm
default_packages='
	bash ca-certificates curl git less nano netbase procps
	python3 python3-pip python3-venv python-is-python3
	nodejs npm
'
[ $# -gt 0 ] || {
	# shellcheck disable=SC2086 # one word a package
	set -- $default_packages
}
packages=$(printf '%s,' "$@")

# Later than 1980, before which zip archives (Python wheels are such) cannot say when a file was made.
export SOURCE_DATE_EPOCH=1686355200
export LC_ALL=C.UTF-8

# The host's own sources of this suite, so that a host with a mirror of its own uses it. None, or the host has never run
# "apt-get update", which is when apt learns whose they are: Debian's default.
# shellcheck disable=SC2016 # apt's own variables
sources=$(apt-get indextargets --format '$(ORIGIN)|$(RELEASE)|deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
	'Created-By: Packages' 2>/dev/null |
	sed -En "s/^Debian\|$suite(-updates|-security)?\|(deb .* main)$/\2/p" | sort -u) || sources=
if [ -n "$sources" ]; then
	set -- -
else
	set --
fi

# shellcheck disable=SC2016 # "$1" in a hook is the directory of the new system, which only mmdebstrap knows.
printf '%s\n' "$sources" | mmdebstrap \
	--mode=root --variant=minbase --format=tar --skip=output/dev \
	--include="${packages%,}" \
	--dpkgopt='path-exclude=/usr/share/man/*' \
	--dpkgopt='path-exclude=/usr/share/info/*' \
	--dpkgopt='path-exclude=/usr/share/locale/*/LC_MESSAGES/*.mo' \
	--dpkgopt='path-exclude=/usr/share/doc/*' \
	--dpkgopt='path-include=/usr/share/doc/*/copyright' \
	--customize-hook='chroot "$1" useradd --uid 1000 --user-group --create-home --shell /bin/bash user' \
	--customize-hook='printf "[global]\nbreak-system-packages = true\n" >"$1/etc/pip.conf"' \
	--customize-hook='if [ -x "$1/usr/bin/python3" ]; then
		chroot "$1" python3 -m compileall -q -f --invalidation-mode unchecked-hash /usr/lib/python3 /usr/lib/python3.11 || :
	fi' \
	--customize-hook='rm -f "$1"/etc/passwd- "$1"/etc/group- "$1"/etc/shadow- "$1"/etc/gshadow- "$1"/etc/subuid- "$1"/etc/subgid-' \
	--customize-hook='rm -rf "$1"/var/cache/ldconfig/aux-cache "$1"/var/cache/debconf/*-old "$1"/root/.npm "$1"/root/.cache' \
	--customize-hook='find "$1/var/log" "$1/var/lib/apt/lists" -type f -delete; find "$1/var/cache/apt" "$1/tmp" "$1/run" -mindepth 1 -delete' \
	--customize-hook=': >"$1/etc/machine-id"; echo sandbox >"$1/etc/hostname"' \
	--customize-hook='printf "127.0.0.1 localhost\n::1 localhost ip6-localhost\n" >"$1/etc/hosts"' \
	--customize-hook='rm -f "$1/etc/resolv.conf"; : >"$1/etc/resolv.conf"' \
	"$suite" - "$@"
