#!/bin/sh
# Makes the machine ready for the targets named: Debian packages and npm packages that are missing.
# Asks nothing, says in one line what it does, and says nothing when there is nothing to do.
set -eu
cd "$(dirname "$0")/.."

refuse() {
  echo "hawser: $1" >&2
  exit 1
}

command -v node >/dev/null || refuse 'this needs Node.js 20 or later, and there is no node here'
node_version=$(node -p 'process.versions.node')
[ "${node_version%%.*}" -ge 20 ] || refuse "this needs Node.js 20 or later, and node here is $node_version"
command -v npm >/dev/null || refuse 'this needs npm, which comes with Node.js, and there is no npm here'

# gcc, musl-tools, libc6-dev, linux-libc-dev: the launcher. libnftables1, libseccomp2: called in-process.
packages='gcc make libc6-dev linux-libc-dev musl-tools libnftables1 libseccomp2'
for target in "$@"; do
  [ "$(id -u)" = 0 ] || refuse "make $target needs root: it makes namespaces, links and mounts"
  case $target in
    demo) packages="$packages busybox-static iproute2 util-linux" ;;
    # libasan and libubsan come with gcc; nftables and iproute2 check from outside what was made inside.
    test) packages="$packages busybox-static iperf3 iproute2 iptables nftables util-linux procps" ;;
    bench) packages="$packages busybox-static iproute2 nftables util-linux iperf3" ;;
    test-guest) packages="$packages busybox-static util-linux cpio iproute2 nftables" ;;
  esac
done

missing=''
for package in $packages; do
  status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || case " $missing " in
    *" $package "*) ;;
    *) missing="$missing $package" ;;
  esac
done

if [ -n "$missing" ]; then
  command -v apt-get >/dev/null || refuse "these Debian packages are missing, and there is no apt-get here:$missing"
  [ "$(id -u)" = 0 ] || refuse "only root can install the Debian packages that are missing:$missing"
  echo "setup: installing Debian packages:$missing"
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086 -- a list of names
  if ! { apt-get update -q && apt-get install -q -y --no-install-recommends $missing; } >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    refuse "apt-get could not install:$missing (its last words are above)"
  fi
fi

if ! node scripts/dependencies-match.mjs; then
  echo 'setup: installing npm packages (npm ci)'
  # No package here needs its install script: all ship their native part prebuilt.
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null ||
    refuse 'npm ci failed; its reason is above'
fi
