#!/bin/sh
# Makes OUT, an archive of a clean Debian with man and bash-completion, of the release and from the mirror that this
# machine's apt is set up for, and by its settings. Needs mmdebstrap, and root.
set -eu
out=$1
[ "$(id -u)" = 0 ] || { echo "$0: needs root" >&2 && exit 2; }
command -v mmdebstrap >/dev/null || { echo "$0: needs mmdebstrap" >&2 && exit 2; }
settings=$(mktemp)
trap 'rm -f "$settings" "$out.partial"' EXIT
trap 'exit 1' HUP INT TERM
apt-config dump Acquire >"$settings"
release=$(. /etc/os-release && echo "$VERSION_CODENAME")
find /etc/apt/sources.list /etc/apt/sources.list.d -name '*.list' -o -name '*.sources' 2>/dev/null |
    xargs mmdebstrap --quiet --mode=root --variant=minbase --format=tar --include=man-db,bash-completion \
        --aptopt="$settings" "$release" "$out.partial"
mv "$out.partial" "$out"
