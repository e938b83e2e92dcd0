#!/bin/sh
# Installs the Debian packages that parts of the project need, where they are missing: as root, or with sudo when it
# asks for no password. Otherwise names them and ends with exit code 2.
#   packages.sh PART...
#     judges    programs that judge our work in the tests
#     rescue    what builds the rescue disk
#     guests    what boots it in the tests
#     debian    what makes the clean Debian of `make deb-test`
set -eu
PATH=$PATH:/usr/sbin:/sbin
missing=
need() {
    command -v "$1" >/dev/null 2>&1 || [ -e "$1" ] || missing="$missing $2"
}
for part; do
    case $part in
    judges)
        need qemu-img qemu-utils
        need qemu-nbd qemu-utils
        need hivexml libhivex-bin
        need reged chntpw
        need mkntfs ntfs-3g
        need ntfscat ntfs-3g
        need wimlib-imagex wimtools
        need mkfs.fat dosfstools
        need mcopy mtools
        need sfdisk fdisk
        need sgdisk gdisk
        need efibootmgr efibootmgr
        need objdump binutils
        need as binutils
        need ld binutils
        need strace strace
        need xmllint libxml2-utils
        need groff groff-base
        need /usr/lib/python3/dist-packages/jsonschema python3-jsonschema
        need /usr/lib/python3/dist-packages/sarif_om python3-sarif-python-om
        need dpkg-deb dpkg
        need jq jq
        need cc gcc
        need /usr/include/stdio.h libc6-dev
        need buildah buildah
        ;;
    rescue)
        need cc gcc
        need /usr/include/stdio.h libc6-dev
        need dpkg-deb dpkg
        need xz xz-utils
        need grub-mkrescue grub-common
        need /usr/lib/grub/i386-pc grub-pc-bin
        need /usr/lib/grub/x86_64-efi grub-efi-amd64-bin
        need xorriso xorriso
        need mformat mtools
        ;;
    guests)
        need qemu-system-x86_64 qemu-system-x86
        need /usr/share/OVMF/OVMF_CODE_4M.fd ovmf
        need mkfs.fat dosfstools
        need mcopy mtools
        need mkfs.ext4 e2fsprogs
        need debugfs e2fsprogs
        need dmsetup dmsetup
        need cpio cpio
        ;;
    debian)
        need mmdebstrap mmdebstrap
        ;;
    *)
        echo "packages.sh: $part: expected judges, rescue, guests or debian" >&2
        exit 16
        ;;
    esac
done
[ -n "$missing" ] || exit 0
case " $missing " in
# Of one version and in one command: else apt may take the one away to install the other.
*" qemu-system-x86 "* | *" qemu-utils "*) missing="$missing qemu-utils qemu-system-x86" ;;
esac
packages=$(printf '%s\n' $missing | sort -u | tr '\n' ' ')
if [ "$(id -u)" = 0 ]; then
    as_root=
elif sudo -n true 2>/dev/null; then
    as_root=sudo
else
    echo "needed for $*: these Debian packages: $packages" >&2
    echo "install them: apt-get install $packages" >&2
    exit 2
fi
$as_root apt-get update -qq
case " $packages " in
*" qemu-utils "*)
    version=$(apt-cache policy qemu-system-x86 | sed -n 's/^  Candidate: //p')
    packages="$packages qemu-utils=$version qemu-system-x86=$version"
    ;;
esac
echo "installing: $packages"
$as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends --allow-downgrades $packages >/dev/null
