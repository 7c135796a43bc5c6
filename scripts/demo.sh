#!/bin/sh
# Shows hawser at work: containers in all four network modes that talk to one another, to the host and
# through a published port, and go away leaving nothing behind. Only bin/hawser and busybox take part.
#
# The host they run on is a network namespace of their own, and their state a temporary directory, so
# that nothing here touches the machine's network or another hawser's containers.
set -eu
cd "$(dirname "$0")/.."

if [ "${1:-}" != inside ]; then
  exec unshare --net -- "$0" inside
fi

state=$(mktemp -d /tmp/hawser-demo-XXXXXX)
export HAWSER_ROOT="$state/root" HAWSER_RUN="$state/run" HAWSER_CGROUP_PARENT=hawser-demo

cleanup() {
  status=$?
  trap '' EXIT HUP INT TERM
  if [ "$status" != 0 ]; then
    echo "demo: this step failed: ${step:-getting ready}" >&2
    bin/hawser system reset --force >/dev/null 2>&1 || true
  fi
  rm -rf "$state"
  exit "$status"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

say() {
  step=$1
  printf '\n== %s\n' "$1"
}

# Shows a command as one would type it, and runs it.
show() {
  case $1 in
    bin/hawser) shift && echo "\$ hawser $*" && bin/hawser "$@" ;;
    *) echo "\$ $*" && "$@" ;;
  esac
}

# Like show, and what it prints must contain a text.
expect() {
  text=$1
  shift
  output=$(show "$@")
  echo "$output"
  case $output in
    *"$text"*) ;;
    *) echo "demo: '$text' was expected above" >&2 && return 1 ;;
  esac
}

# Waits until something answers, 10 seconds at most.
until_answers() {
  tries=0
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || return 1
    sleep 0.1
  done
}

hawser=bin/hawser
page='<h1>Moored.</h1>'
fetch='busybox timeout 10 busybox wget -q -O -'

echo 'demo: in a network namespace and a state directory of its own; your machine is left alone'
busybox ip link set lo up

say 'An image, made of the busybox of this machine'
scripts/busybox-image.sh "$state/busybox.tar"
show $hawser image import "$state/busybox.tar" busybox
show $hawser image ls

say 'A network'
show $hawser network create --subnet 10.5.0.0/24 blue

say 'bridge: two containers on it, one with a published port'
serve="mkdir /www; echo '$page' >/www/index.html; exec httpd -f -p 80 -h /www"
show $hawser run -d --name web --network blue --ip 10.5.0.10 -p 8080:80 busybox sh -c "$serve"
show $hawser run -d --name client --network blue busybox sleep 600
expect ' 0% packet loss' $hawser exec client ping -c 2 -W 2 10.5.0.10

say "The page, from the other container"
until_answers $hawser exec client $fetch http://10.5.0.10
expect "$page" $hawser exec client $fetch http://10.5.0.10

say "The page, through the published port: by the bridge's gateway address, and by 127.0.0.1"
expect "$page" $fetch http://10.5.0.1:8080
expect "$page" $fetch http://127.0.0.1:8080

say 'host: no sandbox of its own; the published port is there on its 127.0.0.1'
expect "$page" $hawser run --rm --network host busybox $fetch http://127.0.0.1:8080

say 'none: a loopback, and nothing else'
expect '1: lo:' $hawser run --rm --network none busybox ip -o link
[ "$(echo "$output" | grep -c '^[0-9]*: ')" = 1 ] # one interface

say "container: web's own sandbox, so that 127.0.0.1 is web"
expect "$page" $hawser run --rm --network container:web busybox $fetch http://127.0.0.1

say 'Who is attached where'
expect web $hawser ps
expect 8080 $hawser port web
show $hawser network ls

say 'Everything goes away'
show $hawser rm -f web client
show $hawser network rm blue
show $hawser system reset --force
links=$(busybox ip -o link | grep -v ': lo:' || true)
mounts=$(grep "$state" /proc/mounts || true)
groups=$(find /sys/fs/cgroup -maxdepth 2 -name hawser-demo)
[ -z "$links$mounts$groups" ] || { printf 'left behind: %s\n' "$links" "$mounts" "$groups" >&2 && exit 1; }
echo 'No interface, no mount and no control group is left.'
