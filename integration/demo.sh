#!/bin/sh
# The main jobs, shown with the program's own output: a disk is broken, listed, checked, repaired, checked and undone; one that lost all
# that starts it gets that again; and the store of one is edited. Needs nothing but the programs that `make demo` builds; no root.
set -eu
program=$1 break_disk=$2 make_image=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp images/win2008r2-bios-healthy.qcow2 "$folder/server.qcow2"
cp images/win11-uefi-healthy.qcow2 "$folder/win11.qcow2"
cd "$folder"
ln -s "$program" bcdrescue
PATH=$folder:$PATH

# Runs a command as a person would, and insists on its exit code.
show() {
    expected=$1
    shift
    printf '\n\033[1m$ %s\033[0m\n' "$*"
    code=0
    "$@" || code=$?
    printf '[exit code %s]\n' "$code"
    [ "$code" = "$expected" ] || { echo "expected exit code $expected"; exit 1; }
}

before=$(sha256sum <server.qcow2)
show 0 bcdrescue check server.qcow2
printf '\n\033[1m# rescue mode: the disk is attached to another machine, and comes back with a different signature\033[0m\n'
"$break_disk" server.qcow2 0x9e5f31c7
show 0 bcdrescue list server.qcow2
show 4 bcdrescue check server.qcow2
show 4 bcdrescue fix --dry-run server.qcow2
show 1 bcdrescue fix --yes --record-dir . server.qcow2
show 0 bcdrescue check server.qcow2
show 0 bcdrescue fix --yes server.qcow2
record=$(echo server.qcow2.*.undo.json)
show 1 bcdrescue undo --yes "$record"
show 4 bcdrescue check server.qcow2
printf '\n\033[1m# another installer has formatted the EFI system partition\033[0m\n'
printf 'base = "win11-uefi"\ndamage = ["esp-empty"]\n' >lost.toml
"$make_image" lost.toml lost.qcow2
show 4 bcdrescue check lost.qcow2
show 1 bcdrescue fix --rebuild --yes --record-dir . lost.qcow2
show 0 bcdrescue check lost.qcow2
record=$(echo lost.qcow2.*.undo.json)
show 1 bcdrescue undo --yes "$record"
printf '\n\033[1m# a driver stops Windows: it is to start in safe mode\033[0m\n'
show 0 bcdrescue bcd get win11.qcow2 '{default}'
show 4 bcdrescue bcd safe-mode --dry-run win11.qcow2
show 0 bcdrescue bcd safe-mode --yes --record-dir . win11.qcow2
show 0 bcdrescue bcd get win11.qcow2 safeboot
show 0 bcdrescue bcd set win11.qcow2 '{default}' bootmenupolicy Standard
record=$(echo win11.qcow2.*.undo.json)
show 1 bcdrescue undo --yes "$record"
printf '\nthe demo ran to its end: broken, found, repaired, edited, proven, undone\n'
