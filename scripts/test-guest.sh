#!/bin/sh
# Runs tests on a second kernel: Debian's cloud kernel in a virtual machine, with cgroup v2 alone.
# The guest sees this machine's file system read-only, with a tmpfs over it, so that it has the same
# node, the same libraries and this very tree, and nothing it does stays. No KVM is needed.
#
#     scripts/test-guest.sh [TEST-FILE...]      default: all of test/guest
#     GUEST_SECONDS=2400                        how long it may take
#     GUEST_COMMAND='sh -c "dmesg | tail"'      runs that instead of tests
set -eu
cd "$(dirname "$0")/.."
seconds=${GUEST_SECONDS:-2400}

refuse() {
  echo "hawser: $1" >&2
  exit 1
}

[ "$(dpkg --print-architecture)" = amd64 ] || refuse 'make test-guest knows the x86 kernel alone'

qemu=$PWD/build/guest/qemu
kernel=$PWD/build/guest/kernel
scripts/unpack-packages.sh "$qemu" qemu-system-x86
if [ ! -e "$kernel/.unpacked" ]; then
  image=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p')
  [ -n "$image" ] || refuse "make test-guest needs Debian's linux-image-cloud-amd64, which apt does not know here"
  scripts/unpack-packages.sh --alone "$kernel" "$image"
fi
version=$(ls "$kernel/lib/modules")
[ -e "$kernel/lib/modules/$version/modules.dep" ] || busybox depmod -b "$kernel" "$version"

# Shared memory, because the file system's server reads the guest's memory.
work=$(mktemp -d -p /dev/shm hawser-guest-XXXXXX)
server=''
cleanup() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

# The first file system: what it takes to reach the machine's own.
mkdir -p "$work/initramfs/bin" "$work/initramfs/modules"
cp "$(command -v busybox)" "$work/initramfs/bin/busybox"
cp scripts/guest/init scripts/guest/system "$work/initramfs/"
for module in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci fuse virtiofs overlay; do
  found=$(find "$kernel/lib/modules/$version" -name "$module.ko")
  [ -n "$found" ] || refuse "kernel $version has no module $module"
  cp "$found" "$work/initramfs/modules/"
  echo "$module" >>"$work/initramfs/modules/order"
done
# What the guest is to do.
{
  echo "cd '$PWD'"
  echo "export PATH='$PATH' HOME=/root LANG=C.UTF-8 NO_COLOR=1"
  if [ -n "${GUEST_COMMAND:-}" ]; then
    echo "$GUEST_COMMAND"
  else
    echo "exec node node_modules/vitest/vitest.mjs run --config test/guest/vitest.config.ts $*"
  fi
} >"$work/initramfs/task"
(cd "$work/initramfs" && find . | busybox cpio -o -H newc 2>/dev/null) >"$work/initramfs.cpio"

libraries=$qemu/usr/lib/x86_64-linux-gnu:$qemu/lib/x86_64-linux-gnu
LD_LIBRARY_PATH=$libraries "$qemu/usr/lib/qemu/virtiofsd" --socket-path="$work/fs" \
  -o source=/ -o cache=always -o sandbox=chroot >"$work/server.log" 2>&1 &
server=$!
tries=0
while [ ! -S "$work/fs" ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || refuse "the guest's file server does not start: $(tail -n 1 "$work/server.log")"
  sleep 0.1
done

echo "guest: booting Linux $version, cgroup v2 alone"
LD_LIBRARY_PATH=$libraries timeout "$seconds" "$qemu/usr/bin/qemu-system-x86_64" \
  -L "$qemu/usr/share/qemu" -L "$qemu/usr/share/seabios" \
  -nodefaults -no-user-config -display none -no-reboot \
  -accel tcg,thread=multi -cpu max -smp 2 -m 2G \
  -object memory-backend-memfd,id=memory,size=2G,share=on -numa node,memdev=memory \
  -chardev "socket,id=fs,path=$work/fs" -device vhost-user-fs-pci,chardev=fs,tag=machine \
  -serial stdio -serial "file:$work/status" \
  -kernel "$kernel/boot/vmlinuz-$version" -initrd "$work/initramfs.cpio" \
  -append "console=ttyS0 quiet loglevel=0 panic=-1 cgroup_no_v1=all modules=$kernel/lib/modules" </dev/null ||
  refuse "the guest was ended after $seconds seconds, or fell over"

status=$(tr -d '\r\n' <"$work/status")
[ -n "$status" ] || refuse 'the guest ended without telling a result'
exit "$status"
