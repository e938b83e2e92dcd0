//! Jobs that the kernel's command line orders: JSON between marks, the exit code, power off.

use serde_json::Value as Json;

use super::Rescue;
use super::machine::Drive;
use super::machine::Guest;
use super::records;
use super::records::Kind;
use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::disk::image;
use crate::support::disk::same_content;

/// What an unattended run reports.
pub struct Report {
    pub json: String,
    pub code: i32,
    pub all: String,
}

impl Report {
    /// Boots with these parameters, and waits until the guest has switched itself off.
    #[track_caller]
    fn of(rescue: &Rescue, drives: &[Drive], parameters: &str) -> Self {
        Self::read(Guest::boot(rescue, drives, parameters).ended())
    }

    #[track_caller]
    pub fn read(all: String) -> Self {
        let between = |begin: &str, end: &str| {
            let (_, rest) = all.split_once(begin).unwrap_or_else(|| panic!("no {begin:?} in:\n{all}"));
            rest.split_once(end).unwrap_or_else(|| panic!("no {end:?} in:\n{all}")).0.to_owned()
        };
        let json = between("-----BEGIN BCDRESCUE JSON-----\n", "-----END BCDRESCUE JSON-----\n");
        let code = between("BCDRESCUE EXIT CODE ", "\n").parse().expect("a number");
        Self { json, code, all }
    }

    #[track_caller]
    pub fn targets(&self, code: i32) -> Vec<Json> {
        assert_eq!(self.code, code, "{}", self.all);
        let document: Json = serde_json::from_str(&self.json).expect("JSON");
        assert_eq!(document["version"], 1);
        document["targets"].as_array().expect("targets").clone()
    }
}

#[test]
fn check_fix_and_undo() {
    let Some(rescue) = Rescue::find("unattended runs") else { return };
    let disk = Disk::of("win2008sp2-bios");
    let volume = records::volume(disk.folder.path(), Kind::Ext4);
    let drives = [Drive::qcow2(&disk.path), Drive::raw(&volume)];
    let report = Report::of(&rescue, &drives, "bcdrescue.run=check");
    let [target] = report.targets(4).try_into().expect("one target");
    assert_eq!((&target["target"], &target["verdict"]), (&"/dev/vda".into(), &"broken".into()));
    assert_eq!(hash(&disk.path), hash(&image("win2008sp2-bios")));

    let report = Report::of(
        &rescue,
        &drives,
        "bcdrescue.run=fix bcdrescue.target=/dev/vda bcdrescue.options=--windows=1,--system=1",
    );
    let [target] = report.targets(1).try_into().expect("one target");
    assert_eq!((&target["action"], &target["verdict"]), (&"fixed".into(), &"healthy".into()));
    let record = target["record"].as_str().expect("a record").to_owned();
    assert!(!report.all.contains("BEGIN BCDRESCUE RECORD"), "{}", report.all);

    let parameters =
        format!("bcdrescue.run=undo bcdrescue.record={}", record.trim_start_matches("/records/"));
    let report = Report::of(&rescue, &drives, &parameters);
    let [target] = report.targets(1).try_into().expect("one target");
    assert_eq!(target["action"], "undone");
    assert!(same_content(&disk.path, &image("win2008sp2-bios")));
}

#[test]
fn a_fix_without_a_place_for_records_prints_the_record() {
    let Some(rescue) = Rescue::find("an unattended fix without a place for records") else { return };
    let disk = Disk::of("win7-logical");
    let report = Report::of(&rescue, &[Drive::qcow2(&disk.path)], "bcdrescue.run=fix");
    assert_eq!(report.targets(1)[0]["action"], "fixed");
    assert!(report.all.contains("-----BEGIN BCDRESCUE RECORD vda."), "{}", report.all);
}

/// Nothing to work on, nothing that makes sense, and words that a shell would read.
#[test]
fn what_cannot_be_done_is_said_with_an_exit_code() {
    let Some(rescue) = Rescue::find("unattended runs that cannot be done") else { return };
    let disk = Disk::of("win10-bios");
    let drives = [Drive::qcow2(&disk.path)];
    let report = Report::of(&rescue, &[], "bcdrescue.run=check");
    let error = report.targets(8)[0]["error"].to_string();
    assert!(error.contains("no Windows disk is attached"), "{error}");
    let report = Report::of(&rescue, &drives, "bcdrescue.run=format");
    assert_eq!((report.code, report.json.as_str()), (16, ""), "{}", report.all);
    assert!(report.all.contains("expected check, fix, undo or list"), "{}", report.all);
    let report = Report::of(
        &rescue,
        &drives,
        "bcdrescue.run=check bcdrescue.target=$(poweroff),/bin/* bcdrescue.options=--format=raw,--nonsense",
    );
    assert_eq!(report.code, 16, "{}", report.all);
    assert!(report.all.contains("--nonsense"), "{}", report.all);
    assert_eq!(hash(&disk.path), hash(&image("win10-bios")));
}
