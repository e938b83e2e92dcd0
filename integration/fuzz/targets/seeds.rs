//! What the targets begin with: the structures of the committed images, a few that are made here, and the stores of
//! real systems where their folder is given.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use bcdrescue::bcd::Store;
use bcdrescue::bcd::firmware_variable::value_of;
use bcdrescue::cli::output::json::exported::ExportedStore;
use bcdrescue::hive::REG_BINARY;
use bcdrescue::hive::REG_DWORD;
use bcdrescue::hive::build::NewKey;
use bcdrescue::hive::build::NewValue;
use bcdrescue::hive::build::build;
use bcdrescue::layout::discover;

use super::base::Base;
use super::base::IMAGES;
use super::checksums;
use super::disks;
use super::drivers;
use super::images;
use super::ntfs;
use super::number;
use super::tables;
use super::templates;
use super::wounds;

#[path = "../../../src/layout/file_version/sample.rs"]
pub mod program_file;

const BOOT_INI: &str = "[boot loader]\r\ntimeout=30\r\ndefault=multi(0)disk(0)rdisk(0)partition(1)\\WINDOWS\r\n\
    [operating systems]\r\nmulti(0)disk(0)rdisk(0)partition(1)\\WINDOWS=\"Windows Server 2003\" /fastdetect\r\n\
    scsi(0)disk(1)rdisk(0)partition(2)\\WINNT=\"Other\"\r\nsignature(3624da4)disk(0)rdisk(0)partition(1)\\W=\"x\"\r\nC:\\=\"DOS\"\r\n";

const REAGENT: &str = "<?xml version='1.0' encoding='utf-8'?>\n<WindowsRE version=\"2.0\">\n\
    <WinreBCD id=\"{67b32047-0000-11e9-8c0e-0242ac1b0001}\"/>\n\
    <WinreLocation path=\"\\Recovery\\WindowsRE\" id=\"908937636\" offset=\"1048576\" guid=\"{00000000-0000-0000-0000-000000000000}\"/>\n\
    <ImageLocation path=\"\" id=\"0\" offset=\"0\" guid=\"{00000000-0000-0000-0000-000000000000}\"/>\n\
    <PBRImageLocation path=\"\" id=\"0\" offset=\"0\" guid=\"{00000000-0000-0000-0000-000000000000}\" index=\"0\"/>\n\
    <InstallState state=\"1\"/>\n<OsInstallAvailable state=\"0\"/>\n</WindowsRE>\n";

/// What a target begins with. `corpus` is a folder of stores (`.bcd`) and their logs (`.LOG`).
pub fn of(target: &str, corpus: Option<&Path>) -> Vec<Vec<u8>> {
    match target {
        "mbr" => tables::seeds().0,
        "gpt" => tables::seeds().1,
        "volume" => volume_heads(),
        "fat" => vec![fat12()],
        "ntfs_record" => ntfs::seeds(),
        "fat32" => damages(1, 24),
        "fat_writer" => damages(2, 24),
        "ntfs_writer" => damages(4, 40),
        "ntfs" | "disk" => damages(IMAGES.len() as u8 * 2, 40),
        "hive" | "sparse_hive" | "compact" => {
            let all = hives(corpus);
            all.iter().flat_map(|hive| [0, 3].map(|steer| [&[steer][..], hive].concat())).collect()
        }
        "storage_drivers" => [0, 3].map(|steer| [vec![steer], drivers::seed()].concat()).to_vec(),
        "hive_edit" | "bcd_change" => {
            let all = hives(corpus).into_iter().zip(damages(4, 60).into_iter().cycle().skip(4));
            all.map(|(hive, steers)| [&[3][..], &steers.repeat(64)[..64], &hive].concat()).collect()
        }
        "template" => [0, 3].map(|steer| [vec![steer], templates::seed()].concat()).to_vec(),
        "exported" => exported(corpus),
        "log_head" => logs(corpus),
        "device" => {
            elements(corpus).into_iter().filter(|it| it[3] & 0x0f == 1).map(|it| it[8..].to_vec()).collect()
        }
        "element" => elements(corpus),
        "firmware_variable" => firmware_variables(corpus),
        "file_version" => {
            [false, true].map(|wide| program_file::program([10, 0, 19041, 3570], wide)).to_vec()
        }
        "boot_ini" => vec![BOOT_INI.into(), "Windows 10 Pro\n22631\n23H2\n2009\nClient\n".into()],
        "reagent" => {
            vec![REAGENT.into(), wide(REAGENT), format!("\u{feff}{}", REAGENT.replace('"', "'")).into()]
        }
        "undo_record" => disks::record_seeds().0,
        "identity_record" => disks::record_seeds().1,
        "qcow2" => images::seeds(),
        "nbd" => images::servers(),
        _ => Vec::new(),
    }
}

fn wide(text: &str) -> Vec<u8> {
    [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

/// No wound at all, and up to four by chance: the same in every run.
fn damages(steers: u8, count: u64) -> Vec<Vec<u8>> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    };
    let sound = (0..steers).map(|steer| vec![steer]);
    let damaged = (0..count).map(|index| {
        let mut wounds = vec![(index % u64::from(steers)) as u8];
        for _ in 0..=next() % 4 {
            wounds.extend((0..wounds::SIZE / 8).flat_map(|_| next().to_le_bytes()));
        }
        wounds
    });
    sound.collect::<Vec<_>>().into_iter().chain(damaged.collect::<Vec<_>>()).collect()
}

/// The first bytes of each volume of the images.
fn volume_heads() -> Vec<Vec<u8>> {
    let mut heads = BTreeSet::new();
    for index in 0..IMAGES.len() {
        let base = Base::image(index);
        let layout = discover(&base.disk).expect("a sound disk");
        heads.extend(layout.volumes.iter().map(|volume| base.disk.get_inside(volume.partition.start, 16384)));
    }
    heads.into_iter().collect()
}

/// A FAT12 volume with `\EFI\Microsoft\Boot\BCD`, a file of three clusters that do not follow each other.
fn fat12() -> Vec<u8> {
    let mut bytes = vec![0u8; 64 * 512];
    let head: &[(usize, &[u8])] = &[
        (0, &[0xeb, 0x3c, 0x90]),
        (3, b"MSDOS5.0"),
        (0x0b, &[0, 2, 1, 1, 0, 2, 16, 0, 64, 0, 0xf8, 1, 0]),
        (0x26, &[0x29, 1, 2, 3, 4]),
        (0x2b, b"SYSTEM     FAT12   "),
        (0x1fe, &[0x55, 0xaa]),
    ];
    head.iter().for_each(|(at, field)| bytes[*at..at + field.len()].copy_from_slice(field));
    // Clusters 2, 3, 4 are directories, the file lies in 5, 8 and 6.
    let links: [u16; 9] = [0xff8, 0xfff, 0xfff, 0xfff, 0xfff, 8, 0xfff, 0, 6];
    for table in [512, 1024] {
        for (cluster, link) in links.iter().enumerate() {
            let at = table + cluster * 3 / 2;
            let shift = 4 * (cluster % 2);
            let word = number(&bytes, at, 2) as u16 | link << shift;
            bytes[at..at + 2].copy_from_slice(&word.to_le_bytes());
        }
    }
    let entry = |name: &[u8; 11], kind: u8, cluster: u16, len: u32| {
        let mut entry = [0; 32];
        entry[..11].copy_from_slice(name);
        entry[11] = kind;
        entry[26..28].copy_from_slice(&cluster.to_le_bytes());
        entry[28..].copy_from_slice(&len.to_le_bytes());
        entry
    };
    let at = |cluster: usize| (4 + cluster - 2) * 512;
    let entries = [
        (3 * 512, entry(b"SYSTEM     ", 8, 0, 0)),
        (3 * 512 + 32, entry(b"EFI        ", 16, 2, 0)),
        (at(2), entry(b".          ", 16, 2, 0)),
        (at(2) + 32, entry(b"MICROS~1   ", 16, 3, 0)),
        (at(3), entry(b"BOOT       ", 16, 4, 0)),
        (at(4), entry(b"BCD        ", 32, 5, 1400)),
    ];
    entries.iter().for_each(|(at, entry)| bytes[*at..at + 32].copy_from_slice(entry));
    // A long name before MICROS~1, which needs another place then.
    let short = bytes[at(2) + 32..at(2) + 64].to_vec();
    let sum = short[..11].iter().fold(0u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte));
    let mut long = [0xffu8; 32];
    (long[0], long[11], long[12], long[13], long[26], long[27]) = (0x41, 0x0f, 0, sum, 0, 0);
    let units: Vec<u8> = "Microsoft\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    long[1..11].copy_from_slice(&units[..10]);
    long[14..24].copy_from_slice(&units[10..]);
    bytes[at(2) + 32..at(2) + 64].copy_from_slice(&long);
    bytes[at(2) + 64..at(2) + 96].copy_from_slice(&short);
    for cluster in [5, 8, 6] {
        bytes[at(cluster)..at(cluster) + 512].fill(cluster as u8);
    }
    bytes
}

/// A small hive, the stores of the images, and those of the corpus.
fn hives(corpus: Option<&Path>) -> Vec<Vec<u8>> {
    let value =
        |name: &str, data_type, data: &[u8]| NewValue { name: name.into(), data_type, data: data.to_vec() };
    let key = |name: &str, values, subkeys| NewKey { name: name.into(), values, subkeys };
    let devices = vec![
        value(r"\DosDevices\C:", REG_BINARY, &[0xa4, 0x4d, 0x23, 0x36, 0, 0, 0x10, 0, 0, 0, 0, 0]),
        value("Long", REG_BINARY, &[7; 5000]),
    ];
    let select = vec![value("Current", REG_DWORD, &[1, 0, 0, 0]), value("", 1, b"x\0\0\0")];
    let subkeys = vec![
        key("MountedDevices", devices, Vec::new()),
        key("Select", select, Vec::new()),
        key("ControlSet001", Vec::new(), vec![key("Control", Vec::new(), Vec::new())]),
    ];
    let mut all = vec![build(&key("System", Vec::new(), subkeys), 1).expect("a hive")];
    for index in 0..IMAGES.len() {
        let layout = discover(&Base::image(index).disk).expect("a sound disk");
        all.extend(layout.stores.iter().filter_map(|file| Some(file.parsed()?.hive().bytes().to_vec())));
    }
    all.extend(files(corpus, "bcd").into_iter().filter(|file| file.len() < 50_000));
    all
}

/// The files with this ending in a folder, by name.
fn files(folder: Option<&Path>, ending: &str) -> Vec<Vec<u8>> {
    let Some(entries) = folder.and_then(|folder| fs::read_dir(folder).ok()) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let paths: BTreeSet<_> = paths.filter(|path| path.extension().is_some_and(|it| it == ending)).collect();
    paths.iter().filter_map(|path| fs::read(path).ok()).collect()
}

/// A log of either scheme behind the base block of its hive.
fn logs(corpus: Option<&Path>) -> Vec<Vec<u8>> {
    let hive = &hives(None)[0];
    let of = |kind: u8, entries: &[u8]| {
        let mut log = hive[..512].to_vec();
        log[0x1c] = kind;
        checksums::seal(&mut log);
        [&[3][..], &hive[..512], &log, entries].concat()
    };
    let mut entry = vec![0; 512];
    entry[..4].copy_from_slice(b"HvLE");
    (entry[5], entry[0x0c]) = (2, 1);
    let mut all = vec![of(1, b"DIRT\xff"), of(6, &entry.repeat(3)), of(6, &[])];
    let stores = files(corpus, "bcd");
    all.extend(
        files(corpus, "LOG")
            .iter()
            .zip(&stores)
            .map(|(log, store)| [&[0][..], &store[..512], &log[..log.len().min(4096)]].concat()),
    );
    all
}

fn stores(corpus: Option<&Path>) -> Vec<Store> {
    hives(corpus).into_iter().filter_map(|hive| Store::parse(hive).ok()).collect()
}

/// The text of every store that can be exported.
fn exported(corpus: Option<&Path>) -> Vec<Vec<u8>> {
    let text = |store: &Store| Some(ExportedStore::of(store).ok()?.text().ok()?.into_bytes());
    stores(corpus).iter().filter_map(text).collect()
}

/// Id, registry type and bytes of every element.
fn elements(corpus: Option<&Path>) -> Vec<Vec<u8>> {
    let mut all = BTreeSet::new();
    for store in stores(corpus) {
        for element in store.objects().iter().flat_map(|object| &object.elements) {
            let Some(id) = element.id else { continue };
            all.insert([&id.0.to_le_bytes()[..], &element.data_type.to_le_bytes(), &element.raw].concat());
        }
    }
    all.into_iter().collect()
}

fn firmware_variables(corpus: Option<&Path>) -> Vec<Vec<u8>> {
    let mut node =
        vec![0x04, 0x01, 0x2a, 0x00, 1, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0x18, 8, 0, 0, 0, 0, 0];
    node.extend([7; 16]);
    node.extend([2, 2, 0x04, 0x04, 8, 0, b'\\', 0, 0, 0, 0x7f, 0xff, 4, 0]);
    let path_len = 12 + node.len() as u32;
    let mut made: Vec<u8> = [1, 0, 3, 5, 0x24, 0x30, 8].into_iter().flat_map(u32::to_le_bytes).collect();
    made.extend(b"WINDOWS\0B\0o\0o\0t\0\0\0\0\0");
    made.extend([1, path_len, 4].into_iter().flat_map(u32::to_le_bytes));
    made.extend(node);
    let len = made.len() as u32;
    made[4..8].copy_from_slice(&len.to_le_bytes());
    let mut all = BTreeSet::from([made]);
    for store in stores(corpus) {
        all.extend(store.objects().iter().filter_map(|object| Some(value_of(object)?.data.clone())));
    }
    all.into_iter().collect()
}

/// Writes the seeds of every target into a folder of its name.
#[allow(dead_code, reason = "the seeds are written by the package for cargo fuzz")]
pub fn write(folder: &Path, corpus: Option<&Path>) -> std::io::Result<()> {
    for (name, _) in super::ALL {
        let folder = folder.join(name);
        fs::create_dir_all(&folder)?;
        for (index, seed) in of(name, corpus).iter().enumerate() {
            fs::write(folder.join(format!("seed-{index:03}")), seed)?;
        }
    }
    Ok(())
}
