#!/bin/sh
# Installs the Debian packages that a part of the project needs, where they are missing: as root, or with sudo when it
# asks for no password. Otherwise names them and ends with exit code 2.
#   packages.sh judges    programs that judge our work in the tests
#   packages.sh rescue    what builds the rescue disk
#   packages.sh guests    what boots it
set -eu
PATH=$PATH:/usr/sbin:/sbin
missing=
need() {
    command -v "$1" >/dev/null 2>&1 || [ -e "$1" ] || missing="$missing $2"
}
case ${1-} in
judges)
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
    ;;
rescue)
    need cc gcc
    need dpkg-deb dpkg
    need /bin/busybox busybox-static
    [ -e /usr/share/doc/busybox-static ] || missing="$missing busybox-static"
    need depmod kmod
    need cpio cpio
    need xz xz-utils
    need grub-mkrescue grub-common
    need /usr/lib/grub/i386-pc grub-pc-bin
    need /usr/lib/grub/x86_64-efi grub-efi-amd64-bin
    need xorriso xorriso
    need mformat mtools
    ;;
guests)
    need qemu-system-x86_64 qemu-system-x86
    need qemu-img qemu-utils
    need /usr/share/OVMF/OVMF_CODE_4M.fd ovmf
    need mkfs.fat dosfstools
    need mcopy mtools
    need mkfs.ext4 e2fsprogs
    need debugfs e2fsprogs
    need dmsetup dmsetup
    ;;
*)
    echo "usage: packages.sh judges|rescue|guests" >&2
    exit 16
    ;;
esac
[ -n "$missing" ] || exit 0
packages=$(printf '%s\n' $missing | sort -u | tr '\n' ' ')
if [ "$(id -u)" = 0 ]; then
    as_root=
elif sudo -n true 2>/dev/null; then
    as_root=sudo
else
    echo "$1: these Debian packages are needed: $packages" >&2
    echo "install them: apt-get install $packages" >&2
    exit 2
fi
install() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}
$as_root apt-get update -qq
case " $packages " in
*" qemu-system-x86 "*)
    # Of one version and in one command: else apt may take the one away to install the other.
    version=$(apt-cache policy qemu-system-x86 | sed -n 's/^  Candidate: //p')
    install --allow-downgrades "qemu-utils=$version" "qemu-system-x86=$version" $packages
    ;;
*)
    install $packages
    ;;
esac
