//! Where the stores of the committed images are.

use std::path::Path;

use serde_json::Value as Json;

use crate::support::disk::MIB;
use crate::support::judges::fat_file;
use crate::support::judges::hivex_difference;
use crate::support::judges::judge;
use crate::support::judges::ntfs_file;
use crate::support::parts::cut;
use crate::support::program::text;

/// Where a store of an image lies: path, file system, and byte offset and length of its volume.
pub struct Place {
    pub path: &'static str,
    pub fat: bool,
    pub start: u64,
    pub len: u64,
}

/// Each broken image with its stores and how many elements each of them has to be re-pointed.
pub fn images() -> Vec<(&'static str, Vec<(Place, usize)>)> {
    let ntfs = |len| Place { path: "/Boot/BCD", fat: false, start: MIB, len };
    let esp = |path, len| Place { path, fat: true, start: MIB, len };
    let uefi =
        |len| vec![(esp("/EFI/Microsoft/Boot/BCD", len), 10), (esp("/EFI/Microsoft/Recovery/BCD", len), 4)];
    vec![
        // {bootmgr} and {memdiag} device; loader device, osdevice; resume device, filedevice; WinRE device, osdevice;
        // the RAM disk's ramdisksdidevice.
        ("win2008r2-bios", vec![(ntfs(100 * MIB), 9)]),
        // {bootmgr}, {memdiag} and {ntldr} device; loader device, osdevice; resume device, filedevice.
        ("win2008sp2-bios", vec![(ntfs(1022 * MIB), 7)]),
        // The nine of 2008 R2 and 21000026 of the resume object.
        ("win10-bios", vec![(ntfs(580 * MIB), 10)]),
        ("win7-logical", vec![(ntfs(100 * MIB), 9)]),
        ("win11-uefi", uefi(100 * MIB)),
        ("win2022-uefi-4kn", uefi(300 * MIB)),
    ]
}

pub fn store(raw: &Path, place: &Place) -> Vec<u8> {
    let volume = cut(raw, place.start, place.len);
    if place.fat { fat_file(&volume, place.path) } else { ntfs_file(&volume, place.path) }
}

/// hivex sees exactly the planned elements changed, and nothing else came, went or changed.
pub fn judge_stores(name: &str, original: &Path, repaired: &Path, stores: &[(Place, usize)], fixed: &Json) {
    let mut changed = Vec::new();
    for (place, count) in stores {
        let difference = hivex_difference(&store(original, place), &store(repaired, place));
        assert_eq!(difference.len(), *count, "{name}: {difference:?}");
        changed.extend(difference);
        if place.fat {
            judge("fsck.fat", &["-n", text(&cut(repaired, place.start, place.len))]);
        }
    }
    let planned = fixed["changes"].as_array().expect("changes").iter().map(|change| {
        let (object, element) = (change["object"].as_str().unwrap(), change["element"].as_str().unwrap());
        format!("NewStoreRoot\\Objects\\{object}\\Elements\\{element}\\Element")
    });
    let mut planned: Vec<String> = planned.collect();
    planned.sort();
    changed.sort();
    assert_eq!(planned, changed, "{name}");
}
