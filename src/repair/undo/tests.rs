//! The undo of a repair that made files on a volume.

use super::*;
use crate::diagnosis::Context;
use crate::diagnosis::diagnose;
use crate::repair::apply::apply;
use crate::repair::draft::Draft;
use crate::repair::plan::Plan;
use crate::repair::plan::StorePlan;
use crate::repair::touched::Touched;
use crate::storage::ram::Ram;

const START: u64 = 1 << 20;

/// A disk with one partition of 3 MiB without a file system.
fn disk() -> Ram {
    let mut bytes = vec![0; 6 << 20];
    bytes[0x1b8..0x1bc].copy_from_slice(&0x1234_5678_u32.to_le_bytes());
    bytes[0x1be..0x1ce].copy_from_slice(&[0, 0, 2, 0, 7, 0, 2, 0, 0, 8, 0, 0, 0, 24, 0, 0]);
    bytes[510..512].copy_from_slice(&[0x55, 0xaa]);
    Ram::new(bytes, None)
}

fn layout(disk: &Ram) -> Layout {
    discover(disk).unwrap()
}

/// New files on the partition, with a store that was not there, and their record.
fn rebuilt(disk: &Ram, start: u64) -> (Vec<Patch>, Record) {
    let mut draft = Draft::new(disk, 512);
    draft.write_at(START + 0x8000, &[0xa5; 400 << 10]).unwrap();
    draft.sync().unwrap();
    draft.write_at(START + 0x4000, b"table").unwrap();
    let patches = draft.into_patches().unwrap();
    let path = r"\EFI\Microsoft\Boot\BCD".to_owned();
    let name = path.clone();
    let after = vec![0xa5; 400 << 10];
    let store = StorePlan { partition: 1, path, name, before: None, after, recovered: None };
    let touched = vec![Touched::Volume { partition: 1, start }];
    let plan =
        Plan { stores: vec![store], patches: patches.clone(), restored: None, touched, made: Vec::new() };
    let record = Record::of(&plan, &layout(disk), disk.len(), "/x".into(), String::new());
    (patches, record)
}

fn undo(record: &Record, disk: &Ram) -> Result<Undo, Stopped> {
    Undo::new(record, "/x.undo.json".into(), disk, &layout(disk), false)
}

#[test]
fn files_that_were_made_go_from_every_state_and_a_store_that_was_not_there_is_absent() {
    let before = disk();
    let (patches, record) = rebuilt(&before, START);
    let loaded = Record::from_text_of_any_digest(&record.to_json().unwrap()).unwrap();
    assert!(loaded == record && loaded.stores[0].before.is_none());
    for cut in [1, 100, patches.len() - 1, patches.len()] {
        let mut now = disk();
        apply(&mut now, &patches[..cut]).unwrap();
        let undo = undo(&record, &now).unwrap();
        let mut undone = Ram::new(now.bytes().to_vec(), None);
        assert_eq!(apply(&mut undone, undo.patches()).unwrap(), cut);
        assert!(undone.bytes() == before.bytes(), "{cut}");
        let recorded = undo.lock(Box::new(now)).unwrap();
        let layout = layout(&undone);
        recorded.goal.is_met(&record, &layout, &diagnose(&layout, &Context::default())).unwrap();
    }
    assert!(matches!(undo(&record, &before), Err(Stopped::Done(None))));
}

#[test]
fn a_volume_that_was_written_since_or_is_another_is_left_alone() {
    let before = disk();
    let (patches, record) = rebuilt(&before, START);
    for at in [START + 0x4100, START + 0x9000] {
        let mut now = disk();
        apply(&mut now, &patches).unwrap();
        now.write_at(at, &[1, 2, 3]).unwrap();
        let refused = undo(&record, &now).err().unwrap();
        let sector = at / 512 * 512;
        assert!(
            matches!(refused, Stopped::Refused(UndoRefusal::Rewritten { at }) if at == sector),
            "{refused}"
        );
    }
    let (_, elsewhere) = rebuilt(&before, START + 512);
    let refused = undo(&elsewhere, &before).err().unwrap();
    assert!(matches!(refused, Stopped::Refused(UndoRefusal::NotOurs { .. })), "{refused}");
}
