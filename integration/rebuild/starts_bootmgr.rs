//! A disk whose boot code is made anew, started by a BIOS: our master boot record starts Windows' boot record, and that `\bootmgr`.

use bcdrescue::layout::index::VolumeIndex;
use bcdrescue::repair::boot_code::Source;
use bcdrescue::repair::boot_code::mbr_code;
use bcdrescue::repair::boot_code::record_code;

use super::bios_start::can_start;
use super::bios_start::starts;
use super::disks::Disk;
use super::disks::Part;
use super::disks::windows_record;
use crate::support::assembled::stand_in;
use crate::support::judges::put_ntfs;

/// Where the fields of an NTFS boot record end.
const CODE_AT: usize = 0x54;

/// What Windows' record starts has to be a file of the root directory with plain contents: not compressed, not sparse, not encrypted.
/// In its FILE record or in clusters does not matter, and neither does what mkntfs leaves out of a volume that Windows would put there.
#[test]
fn a_disk_with_new_boot_code_starts_bootmgr() {
    let Some(record) = windows_record().filter(|_| can_start()) else { return };
    for (len, word) in [(0, "a small file"), (70_000, "a large file")] {
        let system = Part::ntfs(&[]);
        let mut bytes = stand_in(word);
        bytes.resize(bytes.len().max(len), 0x90);
        put_ntfs(system.path(), "bootmgr", &bytes);
        let windows = Part::ntfs(&[]).with(CODE_AT, &record[CODE_AT..]);
        let disk = Disk::new(&[&windows, &system]);
        // The second one is started, so that it has to know where it begins.
        disk.put(0x1be, &[0]);
        disk.put(0x1ce, &[0x80]);
        assert!(!starts(&disk.path()).contains(word));
        let changes = disk.read(|storage, volumes, layout| {
            let record = record_code(volumes, layout, VolumeIndex::new(1)).unwrap();
            assert!(record.iter().all(|change| change.from == Source::Record(1)));
            [record, mbr_code(storage, volumes, layout).unwrap()].concat()
        });
        disk.change(&changes);
        let said = starts(&disk.path());
        assert!(said.contains(&format!("{word} from drive 80h")), "{said}");
    }
}
