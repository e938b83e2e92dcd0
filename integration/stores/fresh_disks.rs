//! New stores on the test disks: each disk is as healthy as with the store that it had.

use bcdrescue::bcd::Firmware;
use bcdrescue::bcd::QualifiedPartition;
use bcdrescue::bcd::fresh::FreshRecovery;
use bcdrescue::bcd::fresh::FreshStore;
use bcdrescue::bcd::fresh::FreshWindows;
use bcdrescue::bcd::fresh::Generation;
use bcdrescue::bcd::fresh::Release;
use bcdrescue::guid::Guid;

use crate::support::disk::Disk;
use crate::support::disk::MIB;
use crate::support::findings::checked;
use crate::support::findings::codes;
use crate::support::given_store::STAMP;
use crate::support::judges::fat_file;
use crate::support::judges::put_fat;
use crate::support::made_disks::second_windows;
use crate::support::oracle::Identity;
use crate::support::oracle::identities_of_table;
use crate::support::parts::change_at;
use crate::support::store::BIOS;
use crate::support::store::UEFI;
use crate::support::store::put_store;
use crate::support::store::qualified;

/// A test disk with a Windows; places count from 0 in the order of its table.
struct Installed {
    name: &'static str,
    generation: Generation,
    is_server: bool,
    system: usize,
    windows: usize,
    /// Place, folder, and the entry that `ReAgent.xml` knows.
    recovery: Option<(usize, &'static str, &'static str)>,
}

const WINDOWS_RE: &str = r"\Recovery\WindowsRE";
const KNOWN: &str = "5f3c4a92-3b1d-11ee-a2c4-0242ac1b0001";

const DISKS: [Installed; 6] = [
    Installed {
        name: "win2008sp2-bios-healthy",
        generation: Generation::Vista,
        is_server: true,
        system: 0,
        windows: 0,
        recovery: None,
    },
    Installed {
        name: "win2008r2-bios-healthy",
        generation: Generation::Seven,
        is_server: true,
        system: 0,
        windows: 1,
        recovery: Some((
            1,
            r"\Recovery\ca73fe24-fc0c-11de-8f38-8e2c5384be89",
            "ca73fe24-fc0c-11de-8f38-8e2c5384be89",
        )),
    },
    Installed {
        name: "win7-logical-healthy",
        generation: Generation::Seven,
        is_server: false,
        system: 0,
        windows: 2,
        recovery: Some((
            2,
            r"\Recovery\733b62e6-0a4c-11e2-9f6a-8c89a5b1d2c0",
            "733b62e6-0a4c-11e2-9f6a-8c89a5b1d2c0",
        )),
    },
    Installed {
        name: "win10-bios-healthy",
        generation: Generation::Ten,
        is_server: false,
        system: 0,
        windows: 1,
        recovery: Some((0, WINDOWS_RE, KNOWN)),
    },
    Installed {
        name: "win11-uefi-healthy",
        generation: Generation::Eleven,
        is_server: false,
        system: 0,
        windows: 2,
        recovery: Some((3, WINDOWS_RE, KNOWN)),
    },
    Installed {
        name: "win2022-uefi-4kn-healthy",
        generation: Generation::Ten,
        is_server: true,
        system: 0,
        windows: 2,
        recovery: Some((3, WINDOWS_RE, KNOWN)),
    },
];

/// The identities of a disk's partitions; sfdisk does not read those of an image with sectors of 4096 bytes.
fn identities(installed: &Installed, disk: &Disk) -> Vec<QualifiedPartition> {
    let identities = if installed.name.contains("4kn") {
        let partition = |number: u32| {
            let partition = format!("5f3c020{}-3b1d-4c02-9a2c-0242ac1b000{}", number + 1, number + 1);
            Identity::gpt("5f3c0201-3b1d-4c02-9a2c-0242ac1b0001", &partition)
        };
        (1..=4).map(partition).collect()
    } else {
        identities_of_table(&disk.path)
    };
    identities.into_iter().map(qualified).collect()
}

/// The store that bcdboot would make for it.
fn fresh(installed: &Installed, places: &[QualifiedPartition]) -> FreshStore<'static> {
    let recovery = installed.recovery.map(|(place, folder, entry)| FreshRecovery {
        entry: entry.parse().unwrap(),
        options: Guid::from_u128(0x0b0c_0003_1111_2222_3333_4455_6677_8899),
        partition: places[place],
        folder: folder.to_owned(),
    });
    let chosen = FreshWindows {
        release: Release { generation: installed.generation, is_server: installed.is_server, is_x86: false },
        partition: places[installed.windows],
        root: r"\Windows".to_owned(),
        locale: "en-US".to_owned(),
        entry: Guid::from_u128(0x0b0c_0002_1111_2222_3333_4455_6677_8899),
        resume: Guid::from_u128(0x0b0c_0001_1111_2222_3333_4455_6677_8899),
        recovery,
        template: None,
    };
    let firmware = if installed.name.contains("uefi") { Firmware::Uefi } else { Firmware::Bios };
    FreshStore { firmware, system: places[installed.system], chosen, others: Vec::new() }
}

fn put(installed: &Installed, disk: &Disk, fresh: &FreshStore<'_>) {
    let store = fresh.build(STAMP).unwrap();
    let Some(recovery) = fresh.build_recovery(STAMP).unwrap() else { return put_store(disk, BIOS, &store) };
    let len = if installed.name.contains("4kn") { 300 } else { 100 };
    change_at(disk, MIB, len * MIB, |volume| {
        for (path, bytes) in [(UEFI, &store), ("/EFI/Microsoft/Recovery/BCD", &recovery)] {
            put_fat(volume, path, bytes);
            assert_eq!(&fat_file(volume, path), bytes);
        }
    });
}

#[test]
fn a_disk_is_healthy_with_a_new_store() {
    for installed in &DISKS {
        let disk = Disk::raw(installed.name);
        let places = identities(installed, &disk);
        put(installed, &disk, &fresh(installed, &places));
        let target = checked(&disk, 0, "healthy");
        assert!(codes(&target).is_empty(), "{}: {:#}", installed.name, target["findings"]);
    }
}

/// Nothing of this would be seen if `check` did not look at what the new store names.
#[test]
fn a_disk_is_not_healthy_with_a_new_store_of_another() {
    for installed in &DISKS {
        let disk = Disk::raw(installed.name);
        let mut places = identities(installed, &disk);
        for place in &mut places {
            match place {
                QualifiedPartition::Mbr { signature, .. } => *signature ^= 1,
                QualifiedPartition::Gpt { partition, .. } => *partition = Guid::from_u128(0x77),
            }
        }
        put(installed, &disk, &fresh(installed, &places));
        checked(&disk, 4, "broken");
    }
}

/// A copy of Windows behind all other partitions; its `ReAgent.xml`, where it has one, names the recovery entry of the first.
#[test]
fn each_windows_has_an_entry() {
    for (name, of, number) in [("win2008r2-bios-healthy", 2, 3), ("win11-uefi-healthy", 3, 5)] {
        let installed = DISKS.iter().find(|installed| installed.name == name).unwrap();
        let disk = Disk::raw(name);
        second_windows(&disk, of, number);
        let places = identities(installed, &disk);
        let mut fresh = fresh(installed, &places);
        let second = FreshWindows {
            partition: *places.last().unwrap(),
            entry: Guid::from_u128(0x0b0c_0005_1111_2222_3333_4455_6677_8899),
            resume: Guid::from_u128(0x0b0c_0004_1111_2222_3333_4455_6677_8899),
            ..fresh.chosen.clone()
        };
        fresh.others.push(second);
        put(installed, &disk, &fresh);
        checked(&disk, 0, "healthy");
        fresh.others[0].partition = match places[0] {
            QualifiedPartition::Mbr { signature, .. } => {
                QualifiedPartition::Mbr { signature, offset: 7 * MIB }
            }
            QualifiedPartition::Gpt { disk, .. } => {
                QualifiedPartition::Gpt { disk, partition: Guid::from_u128(0x77) }
            }
        };
        put(installed, &disk, &fresh);
        checked(&disk, 4, "degraded");
    }
}
