//! `fix --recovery-config`: places and the entry in `ReAgent.xml`, in every encoding, in the file's record or in clusters. ntfs-3g's
//! programs and xmllint see that nothing else of the file changes.

mod left;
mod power;

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::findings::check;
use crate::support::findings::checked;
use crate::support::findings::findings;
use crate::support::findings::has;
use crate::support::judges::judge;
use crate::support::judges::ntfs_file;
use crate::support::judges::put_ntfs;
use crate::support::letters::SYSTEM;
use crate::support::letters::mbr;
use crate::support::letters::system_hive;
use crate::support::parts::change;
use crate::support::parts::part;
use crate::support::parts::volume;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::recovery_config::COPY;
use crate::support::recovery_config::GPT;
use crate::support::recovery_config::MBR;
use crate::support::recovery_config::NO_GUID;
use crate::support::recovery_config::OWN;
use crate::support::recovery_config::Right;
use crate::support::recovery_config::entry;
use crate::support::recovery_config::start;
use crate::support::recovery_config::xml;

const GONE: &str = "{01234567-89ab-cdef-0123-456789abcdef}";

/// How a text is spelt in a file.
type Spelling = fn(&str) -> Vec<u8>;

fn utf8(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn marked(text: &str) -> Vec<u8> {
    format!("\u{feff}{text}").into_bytes()
}

fn little(text: &str) -> Vec<u8> {
    format!("\u{feff}{}", text.replace("'utf-8'", "'utf-16'"))
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect()
}

fn big(text: &str) -> Vec<u8> {
    format!("\u{feff}{}", text.replace("'utf-8'", "'utf-16'"))
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect()
}

/// The same text, with so much before what is changed that it lies in clusters, and with characters of every length.
fn long(text: &str) -> String {
    let comment = format!("<!-- {} von Hand ge\u{e4}ndert \u{1f600} -->\r\n", "line of many ".repeat(60));
    text.replace("<WinreBCD", &format!("{comment}<WinreBCD"))
        .replace("<ImageLocation", &format!("{comment}<ImageLocation"))
}

/// The disk with this as Windows' own file.
fn disk(name: &str, right: &Right, own: &[u8]) -> Disk {
    let disk = Disk::raw(name);
    change(&disk, right.windows, |volume| put_ntfs(volume, OWN, own));
    disk
}

fn file(disk: &Disk, number: u32, path: &str) -> Vec<u8> {
    let volume = volume(disk, number);
    judge("ntfsfix", &["-n", text(&volume)]);
    let bytes = ntfs_file(&volume, path);
    fs::remove_file(volume).unwrap();
    bytes
}

/// What ntfsinfo says of the file: its attributes, times and names, but not how its contents are kept.
fn attributes(disk: &Disk, number: u32, path: &str) -> String {
    let volume = volume(disk, number);
    let said = judge("ntfsinfo", &["-F", path, text(&volume)]);
    let said = String::from_utf8_lossy(&said).into_owned();
    fs::remove_file(volume).unwrap();
    let begin = said.find("Dumping attribute $STANDARD_INFORMATION").unwrap();
    said[begin..said.find("Dumping attribute $DATA").unwrap()].to_owned()
}

/// The values of an element's attributes, as xmllint reads the file.
fn by_xmllint(bytes: &[u8], element: &str) -> Vec<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    let value = |name: &str| {
        let path = format!("string(/WindowsRE/{element}/@{name})");
        String::from_utf8(judge("xmllint", &["--xpath", &path, text(file.path())])).unwrap().trim().to_owned()
    };
    ["id", "offset", "guid"].map(value).to_vec()
}

/// The cure by the program, twice, and its undoing; the file of the partition has to become `right`. The disk keeps it.
#[track_caller]
fn cured(disk: &Disk, number: u32, path: &str, right: &[u8], fields: usize) -> Json {
    let before = hash(&disk.path);
    let (old, kept) = (file(disk, number, path), attributes(disk, number, path));
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(0).says("nothing was written");
    let fix = |more: &[&str]| bcdrescue(&[&["fix", disk.name(), "--recovery-config"], more].concat());
    fix(&["--dry-run"]).exits(4).says("dry run: nothing was written");
    assert_eq!((hash(&disk.path), disk.records().len()), (before.clone(), 0));
    let target = fix(&["--yes", "--json"]).exits(1).target();
    assert_eq!(target["edits"].as_array().unwrap().len(), fields, "{target:#}");
    let new = file(disk, number, path);
    assert!(new == right, "{}\n{}", String::from_utf8_lossy(&new), String::from_utf8_lossy(right));
    assert!(new != old);
    assert_eq!(attributes(disk, number, path), kept);
    assert!(!has(&checked(disk, 0, "healthy"), "recovery-config"));
    let after = hash(&disk.path);
    fix(&["--yes"]).exits(0).says("nothing was written");
    assert_eq!((hash(&disk.path), disk.records().len()), (after.clone(), 1));
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1).says("every byte is as it was");
    assert_eq!(hash(&disk.path), before);
    fs::remove_file(disk.record()).unwrap();
    fix(&["--yes"]).exits(1);
    assert_eq!(file(disk, number, path), right);
    fs::remove_file(disk.record()).unwrap();
    target
}

/// The only finding about the file.
#[track_caller]
fn found(disk: &Disk, code: i32) -> Json {
    let target = check(disk, code);
    let [finding] = findings(&target, "recovery-config").try_into().unwrap();
    assert_eq!(finding["severity"], "note");
    finding.clone()
}

#[test]
fn a_place_and_the_entry_become_what_is_there() {
    for right in [&GPT, &MBR] {
        let (entry, start) = (entry(&Disk::raw(right.healthy)), start(right));
        // As long as it should be, and shorter.
        for (offset, spelling) in
            [(start + 512, utf8 as Spelling), (7, marked), (7, little), (start + 512, big)]
        {
            for longer in [str::to_owned, long] {
                let of = |entry: &str, offset| longer(&xml(entry, right.id, offset, right.guid, 1));
                let disk = disk(right.healthy, right, &spelling(&of(GONE, offset)));
                let finding = found(&disk, 0);
                assert_eq!(finding["switch"], "--recovery-config", "{finding:#}");
                let good = spelling(&of(&entry, start));
                cured(&disk, right.windows, OWN, &good, 2);
                let values = [right.id, &start.to_string(), right.guid].map(str::to_owned);
                assert_eq!(by_xmllint(&file(&disk, right.windows, OWN), "WinreLocation"), values);
            }
        }
    }
}

/// Blanks, the other quotes and capitals stay; zeros that are missing are none.
#[test]
fn the_way_in_which_a_value_is_written_stays() {
    let (entry, start) = (entry(&Disk::raw(GPT.healthy)), start(&GPT));
    let of = |entry: &str, offset: &str, guid: &str, id: &str| {
        format!(
            "<WindowsRE>\n<WinreBCD\tid='{entry}' x=\"&amp;\"/><WinreLocation guid = ' {guid}' offset=\"{offset} \" {id} \
             path='\\Recovery\\WindowsRE\\'></WinreLocation>\n<InstallState state='1'/></WindowsRE><!-- {GONE} -->\n"
        )
    };
    let [gone, other, good] = [GONE, NO_GUID, GPT.guid].map(str::to_uppercase);
    let upper = entry.to_uppercase();
    // Not known as this disk's but by the entry, and its partition was elsewhere.
    let other = other.replace("0-000000000000", "A-000000000000");
    for (from, to) in [
        (of(&gone, "1", &good, ""), of(&upper, &start.to_string(), &good, "")),
        (of(&entry, "1", &other, ""), of(&entry, &start.to_string(), &good, "")),
        (
            of(&upper, "", NO_GUID, "id='77'"),
            of(&upper, &format!(" {start}"), &good, "id='0'")
                .replace("  ", " ")
                .replace(&format!("{start} "), &start.to_string()),
        ),
    ] {
        let disk = disk(GPT.healthy, &GPT, from.as_bytes());
        let fields = if from.contains("77") { 3 } else { 2 };
        cured(&disk, GPT.windows, OWN, to.as_bytes(), fields);
    }
}

#[test]
fn with_the_stores_the_old_identity_becomes_the_present_one() {
    for right in [&GPT, &MBR] {
        let (entry, start) = (entry(&Disk::raw(right.broken)), start(right));
        let old = xml(&entry, right.id, start, right.guid, 1);
        let good = xml(&entry, right.new_id, start, right.new_guid, 1);
        let disk = disk(right.broken, right, old.as_bytes());
        let finding = found(&disk, 4);
        let remedy = finding["remedy"].as_str().unwrap();
        assert_eq!(finding["switch"], "--recovery-config");
        assert!(remedy.contains("--restore-identity"), "{remedy}");
        let before = hash(&disk.path);
        // One plan for both.
        let target =
            bcdrescue(&["fix", disk.name(), "--recovery-config", "--yes", "--json"]).exits(1).target();
        // The copy beside the image too.
        assert_eq!(target["edits"].as_array().unwrap().len(), 2);
        assert_eq!(file(&disk, right.windows, OWN), good.as_bytes());
        assert!(!has(&checked(&disk, 0, "healthy"), "recovery-config"));
        let after = hash(&disk.path);
        bcdrescue(&["fix", disk.name(), "--recovery-config", "--yes"]).exits(0).says("nothing was written");
        assert_eq!(hash(&disk.path), after);
        bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
        assert_eq!(hash(&disk.path), before);
        fs::remove_file(disk.record()).unwrap();
        // The stores first, and the files later: the entry that they name starts the image here.
        bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
        fs::remove_file(disk.record()).unwrap();
        assert_eq!(file(&disk, right.windows, OWN), old.as_bytes());
        cured(&disk, right.windows, OWN, good.as_bytes(), 2);
    }
}

/// What tells an old identity where neither the stores nor the entry do.
#[test]
fn a_record_and_the_drive_letters_tell_an_old_identity() {
    let (entry, start) = (entry(&Disk::raw(MBR.healthy)), start(&MBR));
    let of = |entry: &str, id: &str| xml(entry, id, start, NO_GUID, 1).into_bytes();
    let disk = disk(MBR.healthy, &MBR, &of(GONE, MBR.id));
    change(&disk, 1, |volume| put_ntfs(volume, COPY, b"no copy"));
    change(&disk, 2, |volume| put_ntfs(volume, SYSTEM, &system_hive(vec![], 0)));
    let record = disk.folder.path().join("identity.json");
    bcdrescue(&["record", disk.name(), "-o", text(&record)]).exits(0);
    judge("sfdisk", &["-q", "--disk-id", disk.name(), "0x01020304"]);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
    fs::remove_file(disk.record()).unwrap();
    // Nor is its entry written: the file would seem to be this disk's then.
    left(&disk, 0, "nothing says that disk signature 0xc3a1f00d was this disk's");
    let corrected = |more: &[&str], fields: &str| {
        let words = [&["fix", disk.name(), "--recovery-config", "--yes"], more].concat();
        bcdrescue(&words).says(fields);
        assert_eq!(file(&disk, 2, OWN), of(&entry, "16909060"));
        assert!(!has(&check(&disk, 0), "recovery-config"));
        bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
        fs::remove_file(disk.record()).unwrap();
    };
    corrected(&["--against", text(&record)], "2 fields corrected");
    let letters = vec![(r"\DosDevices\C:", mbr(0xc3a1_f00d, part(&disk, 2).start))];
    change(&disk, 2, |volume| put_ntfs(volume, SYSTEM, &system_hive(letters, 0)));
    corrected(&["--drive-letters"], "3 fields corrected");
}

#[test]
fn the_copies_are_corrected_with_it_and_by_themselves() {
    for right in [&GPT, &MBR] {
        let (entry, start) = (entry(&Disk::raw(right.healthy)), start(right));
        let of = |entry: &str, offset| xml(entry, right.id, offset, right.guid, 1);
        let (wrong, good) = (of(GONE, start + 512), of(&entry, start));
        let disk = disk(right.healthy, right, wrong.as_bytes());
        change(&disk, right.recovery, |volume| put_ntfs(volume, COPY, wrong.as_bytes()));
        assert!(found(&disk, 0)["evidence"].to_string().contains("the copy is also wrong"));
        cured(&disk, right.windows, OWN, good.as_bytes(), 4);
        assert_eq!(file(&disk, right.recovery, COPY), good.as_bytes());
        change(&disk, right.recovery, |volume| put_ntfs(volume, COPY, wrong.as_bytes()));
        cured(&disk, right.recovery, COPY, good.as_bytes(), 2);
    }
}

/// The image was moved to another partition, or the file got the place of one that has none.
#[test]
fn a_partition_without_the_image_is_not_the_place() {
    for right in [&GPT, &MBR] {
        let (entry, start) = (entry(&Disk::raw(right.healthy)), start(right));
        let of = |offset| xml(&entry, right.id, offset, right.guid, 1);
        let disk = Disk::raw(right.healthy);
        let other = part(&disk, right.windows).start;
        change(&disk, right.windows, |volume| put_ntfs(volume, OWN, of(other).as_bytes()));
        assert!(found(&disk, 0)["evidence"].to_string().contains("which does not have"));
        cured(&disk, right.windows, OWN, of(start).as_bytes(), 1);
    }
}

/// Where the image was put by hand; what else a file names is not looked at.
#[test]
fn the_place_of_the_image_goes_with_it() {
    let (entry, start) = (entry(&Disk::raw(GPT.broken)), start(&GPT));
    let of = |guid: &str| {
        let named = format!("path=\"\\Recovery\\WindowsRE\" id=\"0\" offset=\"{start}\" guid=\"{guid}\"");
        let reset =
            format!("<PBRImageLocation path=\"\" id=\"0\" offset=\"77\" guid=\"{}\" index=\"0\"/>", GPT.guid);
        xml(&entry, "0", start, guid, 1)
            .replace(&format!("path=\"\" id=\"0\" offset=\"0\" guid=\"{NO_GUID}\""), &named)
            .replace("<InstallState", &format!("{reset}<InstallState"))
    };
    let disk = disk(GPT.broken, &GPT, of(GPT.guid).as_bytes());
    bcdrescue(&["fix", disk.name(), "--recovery-config", "--yes"]).exits(1);
    let good = of(GPT.new_guid).replace(
        &format!("offset=\"77\" guid=\"{}\"", GPT.new_guid),
        &format!("offset=\"77\" guid=\"{}\"", GPT.guid),
    );
    assert_eq!(String::from_utf8(file(&disk, GPT.windows, OWN)).unwrap(), good);
}

#[test]
fn json_has_the_edits_as_any() {
    let start = start(&MBR);
    let entry = entry(&Disk::raw(MBR.healthy));
    let disk = disk(MBR.healthy, &MBR, &little(&xml(&entry, MBR.id, 7, NO_GUID, 1)));
    let target = bcdrescue(&["check", disk.name(), "--recovery-config", "--json"]).target();
    let [finding] = findings(&target, "recovery-config").try_into().unwrap();
    let [edit] = finding["cure"]["edits"].as_array().unwrap().as_slice() else { panic!("{finding:#}") };
    assert_eq!(edit["what"], r"\Windows\System32\Recovery\ReAgent.xml on partition 2 (Windows)");
    assert_eq!(edit["meaning"], format!("WinreLocation offset=\"7\" -> \"{start}\""));
    assert_eq!(edit["from"].as_str().unwrap().replace(' ', ""), "3700");
    assert_eq!(finding["switch"], Json::Null);
}

/// A disk with what `check` says in it, and what is not written.
#[track_caller]
fn left(disk: &Disk, code: i32, evidence: &str) -> Json {
    let finding = found(disk, code);
    assert!(finding["evidence"].to_string().contains(evidence), "{evidence}: {finding:#}");
    assert!(finding["switch"].is_null(), "{finding:#}");
    assert!(finding["remedy"].as_str().unwrap().contains("reagentc /enable"));
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--recovery-config", "--yes"]).exits(0).says("nothing was written");
    assert_eq!((hash(&disk.path), disk.records().len()), (before, 0));
    finding
}

/// A directory with a file in it, by our own writer: no other program at hand makes one on a volume that is not mounted.
fn with_directory(volume: &Path, parent: &str, name: &str, file: &str) {
    use bcdrescue::volume::NewEntry;
    use bcdrescue::volume::VolumeWriter;

    use crate::support::sparse::SparseRam;

    let mut image = SparseRam::read(volume);
    let entries = vec![NewEntry::File { name: file.into(), contents: b"stands for an image" }];
    let new = NewEntry::Directory { name: name.into(), entries };
    let writer = VolumeWriter::new(&image, 134_117_856_000_000_000).unwrap();
    for piece in writer.create(parent, &[new]).unwrap().finish().unwrap().into_iter().flatten() {
        image.put(piece.at, &piece.bytes);
    }
    fs::remove_file(volume).unwrap();
    image.save(volume);
}
