#!/bin/sh
# Builds the rescue system: OUT/vmlinuz and OUT/initramfs (PXE, qemu -kernel), OUT/bcdrescue.iso (BIOS and UEFI).
# PROGRAM is the static bcdrescue; PARAMETERS are for the kernel of the ISO's first entry.
# Kernel and busybox are Debian's packages, unpacked below OUT; nothing is installed, no root is needed.
set -eu
program=$1 out=$2 parameters=${3-}
source=$(cd "$(dirname "$0")" && pwd)
case $parameters in
*['#&|\"{};$']*)
    echo "kernel parameters with quotes or GRUB's own characters are not taken: $parameters" >&2
    exit 16
    ;;
esac
mkdir -p "$out/packages"
out=$(cd "$out" && pwd)
# What stands there after a failure would be of another build.
rm -f "$out/vmlinuz" "$out/vmlinux" "$out/initramfs" "$out/bcdrescue.iso"

download() {
    (cd "$out/partial" && apt-get -qq -o APT::Sandbox::User="$(id -un)" download "$1")
}

update() {
    [ "$(id -u)" = 0 ] || { echo "as root, run: apt-get update" >&2 && return 1; }
    apt-get update -qq
}

# Downloads the package $1 and unpacks it into $out/$2, unless that was done before.
unpack() {
    if ! ls "$out/packages/$1"_*.deb >/dev/null 2>&1; then
        rm -rf "$out/partial"
        mkdir "$out/partial"
        # Lists of yesterday name packages that are no longer there.
        download "$1" || { update && download "$1"; }
        mv "$out/partial/$1"_*.deb "$out/packages"
    fi
    [ ! -d "$out/$2" ] || return 0
    rm -rf "$out/unpacked"
    dpkg-deb -x "$out/packages/$1"_*.deb "$out/unpacked"
    mv "$out/unpacked" "$out/$2"
}

kernel_package() {
    if ls "$out/packages"/linux-image-*.deb >/dev/null 2>&1; then
        basename "$out/packages"/linux-image-*.deb | sed 's/_.*//'
    else
        apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9][^ ]*\)$/\1/p' | head -n 1
    fi
}

# The modules of the list with all that they need, as paths below the kernel's folder.
modules() {
    sed 's/#.*//' "$source/modules" | tr -s ' \n' '\n\n' | sed '/^$/d' |
        awk -v list="$1/modules.dep" -v builtin="$1/modules.builtin" '
        function name(path) { sub(/.*\//, "", path); sub(/\.ko.*/, "", path); gsub(/-/, "_", path); return path }
        BEGIN {
            while ((getline line < builtin) > 0) inside[name(line)] = 1
            while ((getline line < list) > 0) {
                split(line, part, ": *")
                path[name(part[1])] = part[1]
                needs[part[1]] = part[2]
            }
        }
        function take(file,   i, n, needed) {
            if (taken[file]++) return
            n = split(needs[file], needed, " ")
            for (i = 1; i <= n; i++) take(needed[i])
            print file
        }
        { gsub(/-/, "_"); optional = sub(/\?$/, "") }
        $0 in path { take(path[$0]); next }
        !optional && !($0 in inside) { print "no kernel module " $0 > "/dev/stderr"; exit 1 }'
}

package=$(kernel_package)
if [ -z "$package" ] && update; then
    package=$(kernel_package)
fi
[ -n "$package" ] || {
    echo "no Debian package linux-image-amd64 is to be had: run apt-get update on a Debian machine" >&2
    exit 1
}
unpack "$package" kernel
unpack busybox-static busybox
busybox=$out/busybox/bin/busybox
[ -x "$busybox" ] || busybox=$out/busybox/usr/bin/busybox
# Debian has moved /lib and /bin to /usr.
tree=$out/kernel/lib/modules
[ -d "$tree" ] || tree=$out/kernel/usr/lib/modules
version=$(basename "$tree"/*)

root=$out/root
rm -rf "$root"
mkdir -p "$root/bin" "$root/etc" "$root/lib/modules/$version"
cp -R "$source/root/." "$root"
chmod 755 "$root/init" "$root"/bin/*
cp "$busybox" "$root/bin/busybox"
cp "$program" "$root/bin/bcdrescue"
# The kernel asks for modules by this name.
ln -s bin "$root/sbin"
ln -s bin/busybox "$root/linuxrc"
if [ ! -e "$out/kernel/depmod-done" ]; then
    find "$tree" -name '*.ko.xz' -exec xz -d {} +
    "$busybox" depmod -b "${tree%/lib/modules}" "$version"
    touch "$out/kernel/depmod-done"
fi
modules "$tree/$version" >"$out/modules"
(cd "$tree/$version" && xargs cp --parents -t "$root/lib/modules/$version") <"$out/modules"
"$busybox" depmod -b "$root" "$version"

cp "$out/kernel/boot/vmlinuz-$version" "$out/vmlinuz"
# The same kernel uncompressed, which QEMU boots too, without seconds of unpacking by an emulated processor: for the
# tests. Some kernels are not packed by xz; the tests then take the packed one.
start=$(LC_ALL=C grep -abo -m 1 -P '\xfd7zXZ\x00' "$out/vmlinuz" | head -n 1 | cut -d: -f1)
tail -c "+$((start + 1))" "$out/vmlinuz" | xz -dc --single-stream >"$out/vmlinux" 2>/dev/null || rm "$out/vmlinux"
find "$root" -exec touch -h -d @0 {} +
(cd "$root" && find . | LC_ALL=C sort >"$out/files" &&
    "$busybox" cpio -o -H newc -R 0:0 --renumber-inodes --ignore-devno <"$out/files" >"$out/cpio" 2>/dev/null)
gzip -9nc "$out/cpio" >"$out/initramfs"
rm "$out/cpio"

iso=$out/iso
rm -rf "$iso"
mkdir -p "$iso/boot/grub"
cp "$out/vmlinuz" "$out/initramfs" "$iso/boot"
sed "s#@PARAMETERS@#$parameters#" "$source/grub.cfg" >"$iso/boot/grub/grub.cfg"
grub-mkrescue -o "$out/bcdrescue.iso" "$iso" -- -volid BCDRESCUE_ISO >"$out/grub-mkrescue.log" 2>&1 || {
    cat "$out/grub-mkrescue.log" >&2
    exit 1
}
rm -rf "$iso" "$root"
ls -l "$out/vmlinuz" "$out/initramfs" "$out/bcdrescue.iso"
