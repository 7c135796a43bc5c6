#!/bin/sh
# Makes the tar of a small root filesystem out of this machine's static busybox:
#
#     scripts/busybox-image.sh OUT.tar
#     hawser image import OUT.tar busybox
#
# The same busybox gives the same archive, byte for byte.
set -eu

fail() {
	echo "busybox-image: $1" >&2
	exit 1
}

[ $# -eq 1 ] || fail 'say where to write the archive: busybox-image.sh OUT.tar'
busybox=$(command -v busybox) || fail 'no busybox here (Debian: apt install busybox-static)'
# A dynamic program names its loader; nothing else of the machine goes into the image.
if grep -q '/ld-linux\|/ld-musl' "$busybox"; then
	fail "$busybox needs shared libraries (Debian: apt install busybox-static)"
fi

umask 022
here=$PWD
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$root"
cd "$root"

mkdir bin dev etc home mnt proc root run sys tmp usr var
mkdir var/log var/spool var/tmp var/www
chmod 700 root
chmod 1777 tmp var/tmp
ln -s bin sbin
ln -s ../bin usr/bin
ln -s ../bin usr/sbin
ln -s ../run var/run

cp "$busybox" bin/busybox
chmod 755 bin/busybox
bin/busybox --install bin # a hard link for each applet

cat >etc/passwd <<'END'
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
bin:x:2:2:bin:/bin:/bin/false
mail:x:8:8:mail:/var/spool/mail:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
END
cat >etc/group <<'END'
root:x:0:
daemon:x:1:
bin:x:2:
tty:x:5:
mail:x:8:
users:x:100:
www-data:x:33:
nogroup:x:65534:
END
cat >etc/shadow <<'END'
root:*:::::::
END
chmod 600 etc/shadow
cat >etc/nsswitch.conf <<'END'
hosts: files dns
END
echo hawser >etc/hostname

cd "$here" # which OUT.tar may be relative to
tar --create --file "$1" --directory "$root" --sort=name --mtime=@0 \
	--owner=0 --group=0 --numeric-owner --format=ustar .
