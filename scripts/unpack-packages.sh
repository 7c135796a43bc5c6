#!/bin/sh
# Unpacks Debian packages into a directory instead of installing them, so that a peer to measure
# against or a second kernel starts no service, asks nothing and stays out of the machine's way.
#
#     scripts/unpack-packages.sh DIRECTORY PACKAGE...     with the packages they need and are missing here
#     scripts/unpack-packages.sh --alone DIRECTORY PACKAGE...
#
# Does nothing the second time. `rm -r DIRECTORY` undoes it.
set -eu

alone=''
if [ "$1" = --alone ]; then
  alone=yes
  shift
fi
directory=$1
shift

stamp=$directory/.unpacked
[ "$(cat "$stamp" 2>/dev/null)" != "$*" ] || exit 0

echo "setup: unpacking Debian packages into $directory: $*"
rm -rf "$directory"
mkdir -p "$directory/.archives/partial"
log=$directory/.log
export DEBIAN_FRONTEND=noninteractive

download() {
  apt-get update -q
  if [ -n "$alone" ]; then
    (cd "$directory/.archives" && apt-get download -q -o APT::Sandbox::User=root "$@")
  else
    apt-get install -q -y --no-install-recommends --download-only \
      -o APT::Sandbox::User=root -o "Dir::Cache::archives=$(realpath "$directory")/.archives" "$@"
  fi
}

if ! download "$@" >"$log" 2>&1 </dev/null; then
  tail -n 20 "$log" >&2
  echo "hawser: apt-get could not download: $* (its last words are above)" >&2
  exit 1
fi
for archive in "$directory"/.archives/*.deb; do
  [ ! -e "$archive" ] || dpkg-deb --extract "$archive" "$directory"
done
rm -rf "$directory/.archives"
echo "$*" >"$stamp"
