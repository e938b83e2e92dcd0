//! Against stores that Windows has used for years, and the logs beside them. What is not the same is listed, with the reason.

use std::collections::BTreeMap;
use std::fs;

use bcdrescue::bcd::Firmware;
use bcdrescue::bcd::Store;
use bcdrescue::bcd::fresh::FreshStore;
use bcdrescue::bcd::fresh::FreshWindows;
use bcdrescue::bcd::fresh::Generation;
use bcdrescue::bcd::fresh::Release;
use bcdrescue::bcd::fresh::Stamp;
use bcdrescue::guid::Guid;
use bcdrescue::hive::replay::replay;
use serde_json::Value as Json;

use crate::support::corpus::folder;
use crate::support::corpus::stores;
use crate::support::given_store::MANAGER;
use crate::support::given_store::STAMP;
use crate::support::given_store::client;
use crate::support::given_store::differences;
use crate::support::given_store::given;
use crate::support::given_store::recovery;
use crate::support::program::counted;
use crate::support::store::qualified;
use crate::support::store::with_dirty_base_block;
use crate::support::store_by_hivex::by_hivex;
use crate::support::store_by_hivex::identity;
use crate::support::store_by_hivex::raw;
use crate::support::store_by_hivex::string;

/// A store that Windows has used for years: where it has more than a new one, and why.
struct Used {
    name: &'static str,
    release: Release,
    /// Whether `reagentc` gave it a recovery environment; it ends its texts twice.
    has_recovery: bool,
    differences: &'static [&'static str],
}

/// What Windows adds to what resumes it, once it can hibernate.
const HIBERNATES: [&str; 2] = ["resume +21000001", "resume +26000006"];
const OF_REAGENTC: [&str; 3] =
    ["options 12000004 is longer", "recovery 12000004 is longer", "recovery 22000002 is longer"];

const USED: [Used; 8] = [
    Used {
        name: "win7-bios-sysreserved",
        release: x86(Generation::Seven),
        has_recovery: true,
        differences: &[],
    },
    Used {
        name: "win7-bios-two-disks",
        release: x86(Generation::Seven),
        has_recovery: true,
        differences: &[],
    },
    Used {
        name: "win7-bios-onepartition",
        release: x86(Generation::Seven),
        has_recovery: false,
        // Somebody set nointegritychecks.
        differences: &["{bootmgr} +16000048"],
    },
    Used {
        name: "win7-bios-oem-layout",
        release: client(Generation::Seven),
        has_recovery: true,
        // Its owner set nx to OptOut.
        differences: &["loader 25000020 differs"],
    },
    Used {
        name: "win81-bios-laptop",
        release: client(Generation::EightOne),
        has_recovery: true,
        // "Windows 8.1 Preview"; integrityservices, which some of its time have; a displaymessageoverride in the recovery entry itself.
        differences: &[
            "loader +1500004b",
            "loader 12000004 differs",
            "recovery +15000066",
            "{bootmgr} +1500004b",
        ],
    },
    Used {
        name: "win10-bios-sysreserved",
        release: client(Generation::Ten),
        has_recovery: true,
        differences: &[],
    },
    Used {
        name: "win10-uefi",
        release: client(Generation::Ten),
        has_recovery: true,
        // What Windows takes over from the firmware; `en-us` instead of `en-US`.
        differences: &[
            "+ firmware entry",
            "+ {fwbootmgr}",
            "recovery 12000005 differs",
            "{bootmgr} +Description FirmwareVariable",
            "{bootmgr} 12000002 is longer",
        ],
    },
    Used {
        name: "win11-uefi-24h2",
        release: client(Generation::Eleven),
        has_recovery: true,
        // The same, the path in upper case; hypervisorlaunchtype; an element of resume objects since 2020.
        differences: &[
            "+ {fwbootmgr}",
            "loader +250000f0",
            "recovery 12000005 differs",
            "resume +21000026",
            "{bootmgr} +Description FirmwareVariable",
            "{bootmgr} 12000002 differs",
        ],
    },
];

const fn x86(generation: Generation) -> Release {
    Release { is_x86: true, ..client(generation) }
}

#[test]
fn used_stores_differ_by_what_came_later() {
    let stores: BTreeMap<String, Json> =
        stores().into_iter().map(|(name, _, expected)| (name, expected)).collect();
    if stores.is_empty() {
        return;
    }
    for Used { name, release, has_recovery, differences: listed } in USED {
        let real = &stores[name];
        let made = by_hivex(&given(real, release).build(STAMP).unwrap());
        let of_reagentc = OF_REAGENTC.iter().filter(|_| has_recovery);
        let listed = listed.iter().chain(&HIBERNATES).chain(of_reagentc).map(|text| (*text).to_owned());
        assert_eq!(differences(&made, real), listed.collect(), "{name}");
    }
}

/// The one recovery store of the corpus; it is of early 2016, when {dbgsettings} still named a serial line.
#[test]
fn a_new_recovery_store_is_what_windows_makes() {
    let stores = stores();
    let Some((_, _, real)) = stores.iter().find(|(name, ..)| name == "win10-uefi-recovery-store") else {
        return;
    };
    let entry = string(real, MANAGER, "23000003").unwrap();
    let system = qualified(identity(&raw(real, MANAGER, "11000001").unwrap(), 0x20));
    let chosen = FreshWindows {
        release: client(Generation::Ten),
        // No Windows is named in it.
        partition: system,
        root: r"\Windows".to_owned(),
        locale: string(real, MANAGER, "12000005").unwrap(),
        entry: Guid::from_u128(1),
        resume: Guid::from_u128(2),
        recovery: Some(recovery(real, &entry)),
        template: None,
    };
    let fresh = FreshStore { firmware: Firmware::Uefi, system, chosen, others: Vec::new() };
    let made = by_hivex(&fresh.build_recovery(STAMP).unwrap().unwrap());
    let mut found = differences(&made, real);
    let debugger = "{4636856e-540f-4170-a130-a84776f4c654}";
    for difference in ["15000011 differs", "+15000013", "+15000014"] {
        assert!(found.remove(&format!("{debugger} {difference}")), "{difference}");
    }
    assert_eq!(found, OF_REAGENTC.iter().map(|text| (*text).to_owned()).collect());
    let names: Vec<&String> = made["description"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["KeyName"]);
}

/// Without a number above those of the logs, what was written to the store that was there would go into the new one once its writing
/// is cut short; the time does not tell them apart, for Windows keeps that of the making.
#[test]
fn no_old_log_goes_into_a_new_store() {
    let (Some(folder), all) = (folder(), stores()) else { return };
    let (mut compared, mut replayed) = (0, 0);
    for (name, bytes, real) in &all {
        let Ok(log) = fs::read(folder.join(format!("{name}.LOG"))) else { continue };
        let Some(used) = USED.iter().find(|used| used.name == name) else { continue };
        let old = Store::parse(bytes.clone()).unwrap();
        let block = old.hive().base_block();
        let fresh = given(real, used.release);
        let with_logs = |sequence_above| {
            let stamp = Stamp { last_written: block.last_written, sequence_above };
            replay(&with_dirty_base_block(&fresh.build(stamp).unwrap()), &[("LOG", &log)])
        };
        assert!(with_logs(block.primary_sequence).is_err(), "{name}");
        compared += 1;
        replayed += u32::from(with_logs(0).is_ok());
    }
    counted("old logs beside a new store", &format!("{replayed} of {compared} would have applied"));
    assert!(replayed > 0, "{compared}");
}
