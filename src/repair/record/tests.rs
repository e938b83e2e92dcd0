//! A record comes back as it was, or is refused with the reason.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::repair::patch::Patch;
use crate::repair::sector::Sector;

fn sector(offset: u64, size: usize, before: u8, after: u8, stage: u8) -> SavedSector {
    let after = After::Bytes(vec![after; size].into());
    SavedSector { offset, before: vec![before; size].into(), after, stage }
}

fn sample() -> Record {
    let target =
        Target { path: "/x/disk.img".into(), len: 1 << 20, sector_size: 512, disk: "mbr:00000001".into() };
    let store = SavedStore {
        partition: 1,
        path: r"\Boot\BCD".into(),
        before: Some(vec![1, 2, 3].into()),
        sha256_after: sha256(&[1, 2, 4]),
    };
    let patch = sector(1024, 512, 0, 1, 0);
    Record {
        tool: "0.1.0".into(),
        created: "2026-01-02T03:04:05Z".into(),
        state: State::Planned,
        target,
        stores: vec![store],
        patches: vec![patch],
        restored: None,
        touched: Vec::new(),
        taken: Vec::new(),
        firmware_entry: None,
    }
}

/// The text of a record's file.
fn text(record: &Record) -> String {
    serde_json::to_string(&wire::pack(record)).unwrap()
}

#[test]
fn a_record_comes_back_private_and_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk.undo.json");
    let mut record = sample();
    record.create(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(Record::load(&path).unwrap(), record);
    assert!(matches!(record.create(&path), Err(RecordError::Io { .. })));
    let text = fs::read_to_string(&path).unwrap();
    for (state, word) in [
        (State::Applied, "\n  \"state\": \"applied\",\n"),
        (State::Undone, "\n  \"state\": \"undone\" ,\n"),
        (State::Planned, "\n  \"state\": \"planned\",\n"),
    ] {
        record.set_state(&path, state).unwrap();
        assert_eq!(Record::load(&path).unwrap().state, state);
        let marked = fs::read_to_string(&path).unwrap();
        assert_eq!(marked.replacen(word, "\n  \"state\": \"planned\",\n", 1), text);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    fs::write(&path, text.replacen("planned", "unheard", 1)).unwrap();
    let error = record.set_state(&path, State::Undone).unwrap_err().to_string();
    assert!(error.ends_with("it has no state field to update"), "{error}");
    assert!(fs::read_to_string(&path).unwrap().contains("unheard"));
}

#[test]
fn what_a_damaged_record_says_is_one_line_that_fits_a_screen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk.undo.json");
    let sample = text(&sample());
    let digest = sample.rsplit_once("\"digest\":\"").unwrap().1.trim_end_matches("\"}").to_owned();
    for (old, new) in [("planned", "pla\\nned"), (digest.as_str(), "123\\n456")] {
        fs::write(&path, sample.replacen(old, &new.repeat(100), 1)).unwrap();
        let error = Record::load(&path).unwrap_err().to_string();
        assert!(error.contains("\\n") && error.lines().count() == 1 && error.len() < 600, "{error}");
    }
}

#[test]
fn a_sector_that_is_there_twice_must_go_on_from_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    for (before, sound) in [(1, true), (2, false)] {
        let path = folder.path().join(format!("{before}.undo.json"));
        let mut record = sample();
        record.patches.push(sector(1024, 512, before, 3, 0));
        assert_eq!(record.create(&path).is_ok(), sound);
        fs::write(&path, text(&record)).unwrap();
        let loaded = Record::load(&path);
        assert_eq!(loaded.is_ok(), sound, "{loaded:?}");
        if let Err(error) = loaded {
            assert!(matches!(error, RecordError::Invalid { defect: Defect::NotInOrder(1024), .. }));
        }
    }
}

#[test]
fn neighbours_of_a_stage_are_one_run_and_zeros_are_not_stored() {
    let patch = |offset, after, stage| sector(offset, 512, 0, after, stage);
    let mut record = sample();
    record.patches = vec![patch(512, 1, 0), patch(1024, 2, 0), patch(1536, 3, 1), patch(8192, 4, 1)];
    let json: serde_json::Value = serde_json::from_str(&text(&record)).unwrap();
    let runs: Vec<(u64, u64)> = json["patches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| (run["offset"].as_u64().unwrap(), run["len"].as_u64().unwrap()))
        .collect();
    assert_eq!(runs, [(512, 1024), (1536, 512), (8192, 512)]);
    assert!(json["patches"].as_array().unwrap().iter().all(|run| run["before"].is_null()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk.undo.json");
    record.create(&path).unwrap();
    assert_eq!(Record::load(&path).unwrap(), record);
}

#[test]
fn a_record_that_would_not_be_read_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk.undo.json");
    let mut record = sample();
    record.target.len = 1 << 30;
    record.patches = (0..30_000).map(|number| sector(number * 512, 512, 0, 1, 0)).collect();
    let error = record.create(&path).unwrap_err();
    assert!(matches!(error, RecordError::Invalid { defect: Defect::TooLarge { .. }, .. }), "{error}");
    assert!(!path.exists());
    record.patches.truncate(10_000);
    record.create(&path).unwrap();
    assert!(fs::metadata(&path).unwrap().len() < 100_000);
    assert_eq!(Record::load(&path).unwrap(), record);
}

#[test]
fn damage_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk.undo.json");
    let sound = text(&sample());
    let broken = |from: &str, to: &str| {
        assert!(sound.contains(from), "{from}");
        fs::write(&path, sound.replacen(from, to, 1)).unwrap();
        match Record::load(&path).unwrap_err() {
            RecordError::Invalid { defect, .. } => defect,
            error @ RecordError::Io { .. } => panic!("{error}"),
        }
    };
    assert!(matches!(broken("\"offset\":1024", "\"offset\":2048"), Defect::Digest { .. }));
    assert_eq!(broken("\"version\":2", "\"version\":4"), Defect::Version(4));
    assert_eq!(broken("undo record", "something"), Defect::OtherKind);
    assert!(matches!(broken("{", ""), Defect::NoRecord(_)));
    let mut record = sample();
    record.patches[0].offset = 1 << 20;
    fs::write(&path, text(&record)).unwrap();
    let error = Record::load(&path).unwrap_err();
    assert!(matches!(error, RecordError::Invalid { defect: Defect::NoSector(0x10_0000), .. }), "{error}");
    assert!(error.to_string().contains("is not a sector of the disk"));
}

/// Every size of a sector that a partition table is read with can be recorded, and nothing that would be read otherwise.
#[test]
fn what_is_written_is_what_is_read() {
    let folder = tempfile::tempdir().unwrap();
    for size in [512, 1024, 2048, 4096] {
        let path = folder.path().join(format!("{size}.undo.json"));
        let mut record = sample();
        record.target.sector_size = size;
        let bytes = usize::try_from(size).unwrap();
        record.patches = vec![sector(8192, bytes, 0, 1, 0)];
        record.create(&path).unwrap();
        assert_eq!(Record::load(&path).unwrap(), record);
    }
    let halves = |offset| sector(offset, 256, 0, 1, 0);
    let mut split = sample();
    split.patches = vec![halves(1024), halves(1280)];
    let mut idle = sample();
    idle.patches[0] = sector(1024, 512, 0, 0, 0);
    let mut many = sample();
    many.touched = vec![Touched::Table; 2000];
    for record in [split, idle, many] {
        let path = folder.path().join("no.undo.json");
        assert!(matches!(record.create(&path), Err(RecordError::Invalid { .. })));
        assert!(!path.exists());
    }
}

#[test]
fn a_run_that_is_no_row_of_sectors_is_no_sector() {
    for len in ["0", "100"] {
        let text = text(&sample()).replacen("\"len\":512", &format!("\"len\":{len}"), 1);
        let defect = wire::unpack(text, false).unwrap_err();
        assert_eq!(defect, Defect::NoSector(1024), "{len}");
    }
}

/// A plan of new files in clusters of zeros: `sectors` of them, and a few of a directory and a table.
fn rebuilt(sectors: u64) -> Record {
    let noise = |sector: u64| {
        let mut state = sector.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let byte = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        };
        std::iter::repeat_with(byte).take(512).collect::<Vec<u8>>()
    };
    let patch = |offset, sector, stage| Patch {
        offset,
        before: vec![0; 512].into(),
        after: noise(sector).into(),
        stage,
    };
    let contents = (0..sectors).map(|sector| patch((1 << 20) + sector * 512, sector, 0));
    let patches: Vec<Patch> =
        contents.chain((0..9).map(|sector| patch(512 * sector, sector + 7, 1))).collect();
    let mut record = sample();
    record.target.len = 1 << 30;
    record.stores[0].before = None;
    record.patches = SavedSector::all_of(&patches);
    record.touched = vec![Touched::Volume { partition: 1, start: 1 << 20 }];
    record
}

/// A program that knows no entries refuses it by its version.
#[test]
fn an_entry_of_the_firmware_makes_a_record_of_version_3() {
    let version = |record: &Record| {
        let json: serde_json::Value = serde_json::from_slice(&record.to_json().unwrap()).unwrap();
        (json["version"].clone(), json["firmware_entry"]["number"].clone())
    };
    let mut record = sample();
    assert_eq!(version(&record), (2.into(), serde_json::Value::Null));
    let entry = FirmwareEntry { number: 3, partition: 1, value: vec![1, 0, 0, 0], order: vec![0, 5] };
    record.firmware_entry = Some(entry);
    assert_eq!(version(&record), (3.into(), 3.into()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk.undo.json");
    record.create(&path).unwrap();
    assert!(Record::load(&path).unwrap() == record);
    // Its bytes are under the digest too.
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"value\": \"01000000\"", "\"value\": \"00000000\"")).unwrap();
    let error = Record::load(&path).unwrap_err();
    assert!(error.to_string().contains("damaged: expected digest"), "{error}");
}

#[test]
fn of_contents_a_record_has_digests_and_is_under_a_tenth_of_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk.undo.json");
    let record = rebuilt(40_000);
    record.create(&path).unwrap();
    assert!(fs::metadata(&path).unwrap().len() < 40_000 * 512 / 20);
    let loaded = Record::load(&path).unwrap();
    assert!(loaded == record);
    let json: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!((&json["version"], &json["stores"][0]["before"]), (&3.into(), &serde_json::Value::Null));
    let runs = json["patches"].as_array().unwrap();
    assert!(runs.iter().all(|run| run["before"].is_null() && run["len"].as_u64().unwrap() <= 1 << 20));
    let with_bytes: Vec<_> = runs.iter().filter(|run| run["after"].is_string()).collect();
    assert_eq!((with_bytes.len(), with_bytes[0]["len"].as_u64()), (1, Some(9 * 512)));
    assert!(runs.iter().all(|run| run["after"].is_string() != run["digests"].is_string()));
}

#[test]
fn as_much_as_a_repair_may_write_is_recorded_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk.undo.json");
    let zeros = After::Digests([[7; 16]].into());
    let one = |offset| SavedSector { offset, before: Sector::zeros(512), after: zeros.clone(), stage: 0 };
    let mut record = rebuilt(0);
    record.patches = (0..(64 << 20) / 512).map(|sector| one(sector * 512)).collect();
    record.create(&path).unwrap();
    record.patches.push(one(64 << 20));
    let error = record.create(&folder.path().join("more.undo.json")).unwrap_err();
    assert!(matches!(error, RecordError::Invalid { defect: Defect::TooLarge { .. }, .. }), "{error}");
}

#[test]
fn digests_that_are_not_those_of_a_run_are_damage_and_a_long_run_is_refused() {
    let sound = text(&rebuilt(600));
    let defect = |from: &str, to: &str| {
        assert!(sound.contains(from), "{from}");
        wire::unpack(sound.replacen(from, to, 1), false).unwrap_err()
    };
    assert!(matches!(defect("\"digests\":\"", "\"digests\":\"AAAA"), Defect::Packed(_)));
    assert!(matches!(defect("\"digests\":\"", "\"digests\":\"!"), Defect::Packed(_)));
    assert!(matches!(defect("\"len\":307200", "\"len\":306688"), Defect::Packed(_)));
    assert!(matches!(defect("\"len\":307200", "\"len\":1049088"), Defect::TooLarge { .. }));
    assert!(matches!(defect("\"digests\"", "\"unheard\""), Defect::NoRecord(_)));
}
