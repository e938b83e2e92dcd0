//! Records that the program wrote, or that somebody says it wrote.

use bcdrescue::layout::discover;
use bcdrescue::repair::patch::inverse;
use bcdrescue::repair::record::Record;
use bcdrescue::repair::record::RecordError;
use bcdrescue::repair::record::State;
use bcdrescue::repair::snapshot::SnapshotFile;
use bcdrescue::repair::undo;
use bcdrescue::storage::Storage;

use super::base::Base;
use super::base::IMAGES;
use super::disks;
use super::one_line;
use super::patches::apply_and_back;
use super::scratch::with_file;

/// An undo record: as it stands, and once more with the digest that its content has.
pub(super) fn undo_record(data: &[u8]) {
    with_file("x.undo.json", data, |path| match Record::load(path) {
        Ok(record) => use_record(&record),
        Err(error) => one_line(&error.to_string()),
    });
    let Ok(mut made) = Record::from_text_of_any_digest(data) else { return };
    // What stands before the state is short, as the tool writes it; with more the state stands where nothing marks it, which
    // is no harm to an undo.
    let brief = |text: &str| text.chars().filter(char::is_ascii_graphic).take(32).collect::<String>();
    (made.tool, made.created) = (brief(&made.tool), brief(&made.created));
    with_file("y.json", b"", |scratch| {
        let path = scratch.with_extension("undo.json");
        if let Err(error @ RecordError::Invalid { .. }) = made.create(&path) {
            return one_line(&error.to_string());
        }
        assert!(made.create(&path).is_err(), "over an existing file");
        match Record::load(&path) {
            Ok(loaded) => {
                assert_eq!(loaded, made);
                for state in [State::Applied, State::Undone, State::Planned] {
                    made.set_state(&path, state).expect("marked");
                    assert_eq!(Record::load(&path).expect("still a record"), made);
                }
                use_record(&made);
            }
            Err(error) => one_line(&error.to_string()),
        }
    });
}

/// What is checked before an undo, and the undo of what a record says.
fn use_record(record: &Record) {
    let image = IMAGES.iter().position(|name| record.target.path.to_string_lossy().contains(name));
    let base = Base::image(image.unwrap_or(0));
    let layout = discover(&base.disk).expect("a sound disk");
    if let Err(error) = undo::check(record, &layout, base.disk.len()) {
        one_line(&error.to_string());
    }
    if let Ok(way) = undo::way_back(record, &base.disk) {
        apply_and_back(&base.disk, &inverse(&way.patches));
        apply_and_back(&base.disk, &way.patches);
    }
}

/// The record of a disk's identities: as it stands, and once more with the digest that its content has.
pub(super) fn identity_record(data: &[u8]) {
    with_file("x.json", data, |path| {
        if let Err(error) = SnapshotFile::load(path) {
            one_line(&error.to_string());
        }
    });
    let Ok(record) = serde_json::from_slice::<SnapshotFile>(data) else { return };
    let made = SnapshotFile::new(record.path, record.len, record.snapshot, record.created);
    with_file("y.json", b"", |scratch| {
        let path = scratch.with_extension("record");
        if let Err(error @ RecordError::Invalid { .. }) = made.create(&path) {
            return one_line(&error.to_string());
        }
        match SnapshotFile::load(&path) {
            Ok(loaded) => {
                assert_eq!(loaded, made);
                disks::against(&loaded.snapshot);
            }
            Err(error) => one_line(&error.to_string()),
        }
    });
}
