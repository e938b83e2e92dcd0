//! Volumes that lie to a writer.

use crate::storage::Storage;
use crate::volume::new_entry::NewEntry;
use crate::volume::ntfs::NtfsVolume;
use crate::volume::ntfs::ROOT;
use crate::volume::ntfs::locate::BITMAP;
use crate::volume::ntfs::tests::image;
use crate::volume::ntfs::write::NtfsWriteError;
use crate::volume::ntfs::write::NtfsWriter;
use crate::volume::piece::Piece;
use crate::volume::test_tools::Flipped;

fn plan(disk: &dyn Storage) -> Result<Vec<Vec<Piece>>, NtfsWriteError> {
    let large = [7; 5000];
    let inside = NewEntry::File { name: "x".into(), contents: &large };
    let new = [NewEntry::Directory { name: "Boot".into(), entries: vec![inside] }];
    NtfsWriter::new(disk, 0)?.create("\\", &new)?.replace("\\BCD", &[1; 40_000])?.finish()
}

#[test]
fn no_byte_of_boot_sector_records_or_bitmaps_can_make_it_panic_or_write_outside() {
    let image = image(&[]);
    let (good, disk) = (image.bytes(), image.storage());
    let stages = plan(&disk).unwrap();
    assert_eq!(stages.len(), 5, "contents, marks, records, names, what is free");
    let volume = NtfsVolume::open(&disk, &good).unwrap();
    let record = |number| volume.table.record(number).unwrap().at as usize;
    let file = volume.lookup("\\BCD").unwrap().unwrap().record.at as usize;
    let records = [0, 1, 3, ROOT, BITMAP].map(record);
    let root =
        stages[3].iter().map(|piece| piece.at as usize).filter(|at| !records.contains(at) && *at != file);
    let places = records.into_iter().chain([file]).flat_map(|at| at..at + 0x1a0);
    let places = places.chain(root.flat_map(|at| at..at + 0x100)).chain(0..0x54);
    for at in places.step_by(3) {
        for mask in [0x01, 0xff] {
            let flipped = Flipped { below: &disk, at: at as u64, mask };
            for piece in plan(&flipped).unwrap_or_default().into_iter().flatten() {
                assert!(piece.at + piece.bytes.len() as u64 <= disk.len());
                assert!(piece.at >= 512, "the boot sector is nobody's to write");
            }
        }
    }
}
