#!/bin/sh
# Installs the programs that judge our work in the tests, where they are missing: as root, or with sudo when it asks for
# no password. Otherwise names the packages and ends.
set -eu
missing=
need() {
    command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ] || missing="$missing $2"
}
need qemu-img qemu-utils
need qemu-nbd qemu-utils
need hivexml libhivex-bin
need mkntfs ntfs-3g
need ntfscat ntfs-3g
need mkfs.fat dosfstools
need mcopy mtools
need sfdisk fdisk
need sgdisk gdisk
need cc gcc
[ -n "$missing" ] || exit 0
packages=$(printf '%s\n' $missing | sort -u | tr '\n' ' ')
if [ "$(id -u)" = 0 ]; then
    as_root=
elif sudo -n true 2>/dev/null; then
    as_root=sudo
else
    echo "the tests need these Debian packages: $packages" >&2
    echo "install them: apt-get install $packages" >&2
    exit 1
fi
$as_root apt-get update -qq
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages
