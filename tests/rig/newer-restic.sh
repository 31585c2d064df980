#!/bin/sh
# Unpack the newest restic and rest-server that Debian ships into .peers/, without installing them: `make bench` compares
# with both restics. Uses the mirror that this machine already uses; says so and goes on without when there is none.
set -eu
cd "$(dirname "$0")/../.."
[ -x .peers/usr/bin/restic ] && exit 0
mirror=$(grep -rhoE '(^URIs: *|^deb (\[[^]]*\] )?)https?://[^ ]+' /etc/apt/sources.list /etc/apt/sources.list.d/ 2>/dev/null |
    grep -oE 'https?://[^ ]+' | grep -m1 -i debian || true)
if [ -z "$mirror" ]; then
    echo "No Debian mirror is configured here: comparing with the installed restic only."
    exit 0
fi
state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
mkdir -p "$state/lists/partial" "$state/cache/archives/partial" .peers
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" > "$state/sources.list"
apt() {
    apt-get -o "Dir::Etc::sourcelist=$state/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::Lists=$state/lists" \
        -o "Dir::Cache=$state/cache" -o APT::Sandbox::User=root -qq "$@"
}
peers=$PWD/.peers
apt update
cd "$state"
apt download restic restic-rest-server
for package in ./*.deb; do dpkg -x "$package" "$peers"; done
