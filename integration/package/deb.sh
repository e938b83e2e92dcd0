#!/bin/sh
# Builds a Debian package: OUT/bcdrescue_VERSION_ARCHITECTURE.deb, of PROGRAM (static) and what `make install` puts beside
# it. Needs dpkg-deb, gzip, make and cargo; no root. One commit gives one package: dpkg-deb dates all by SOURCE_DATE_EPOCH, which
# is the commit's time unless it is given.
set -eu
umask 022
export LC_ALL=C
program=$(realpath "$1") out=$(realpath "$2")
source=$(cd "$(dirname "$0")/../.." && pwd)
# Sources without a repository come as an archive, whose times are the commit's too.
[ -n "${SOURCE_DATE_EPOCH-}" ] || SOURCE_DATE_EPOCH=$(git -C "$source" log -1 --format=%ct 2>/dev/null) ||
    SOURCE_DATE_EPOCH=$(stat -c %Y "$source/Cargo.toml")
export SOURCE_DATE_EPOCH
version=$("$program" --version | cut -d' ' -f2)
architecture=$(dpkg --print-architecture)
maintainer='bcdrescue developers <bcdrescue@example.invalid>'
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$root"
"${MAKE:-make}" -s -C "$source" install BIN="$program" DESTDIR="$root" PREFIX=/usr

share=$root/usr/share doc=$root/usr/share/doc/bcdrescue
# zsh looks elsewhere on Debian; lintian takes a static program that can be loaded anywhere for a library.
mkdir -p "$share/zsh/vendor-completions" "$share/lintian/overrides" "$doc" "$root/DEBIAN"
mv "$share/zsh/site-functions/_bcdrescue" "$share/zsh/vendor-completions"
rmdir "$share/zsh/site-functions"
gzip -9n "$share"/man/man1/*.1
# Their links to each other stay right, uncompressed and side by side as in the sources.
mkdir "$doc/docs"
cp "$source/README.md" "$source/CHANGELOG.md" "$doc"
cp "$source"/docs/*.md "$doc/docs"
cp "$source/integration/package/copyright" "$doc/copyright"
"$source/integration/package/licences.sh" >"$doc/crates.txt"
gzip -9n "$doc/crates.txt"
echo 'bcdrescue: shared-library-lacks-prerequisites' >"$share/lintian/overrides/bcdrescue"
gzip -9nc >"$doc/changelog.gz" <<END
bcdrescue ($version) unstable; urgency=medium

  * What is new stands in CHANGELOG.md.

 -- $maintainer  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
END

cat >"$root/DEBIAN/control" <<END
Package: bcdrescue
Version: $version
Architecture: $architecture
Maintainer: $maintainer
Installed-Size: $(find "$root/usr" -printf '%y %s\n' | awk '{ kib += $1 == "f" ? int(($2 + 1023) / 1024) : 1 } END { print kib }')
Suggests: qemu-utils
Section: admin
Priority: optional
Description: repairs the boot configuration of a Windows disk
 A Windows disk whose MBR signature or GPT GUIDs have changed stops at boot
 with 0xc000000e: its BCD store still names the old identity. bcdrescue finds
 the store on the disk or in its image, re-points it to the disk that it is on,
 in place, proves the result, and can undo it to the byte.
 .
 It needs no Windows, no mount, and no root for an image. Images other than raw
 and plain qcow2 are opened through qemu-nbd of qemu-utils.
END
(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
dpkg-deb --root-owner-group -Zxz --build "$root" "$out/bcdrescue_${version}_$architecture.deb"
