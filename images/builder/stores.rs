//! The stores of the test disks: what bcdboot makes, and where each is otherwise, because Windows has used it or on purpose.

use anyhow::Result;
use anyhow::bail;
use bcdrescue::bcd::Firmware;
use bcdrescue::bcd::ObjectType;
use bcdrescue::bcd::create::NewObject;
use bcdrescue::bcd::create::NewStore;
use bcdrescue::bcd::device::Device;
use bcdrescue::bcd::device::DeviceElement;
use bcdrescue::bcd::device::QualifiedPartition;
use bcdrescue::bcd::element::ElementId as Id;
use bcdrescue::bcd::element::ElementValue as Value;
use bcdrescue::bcd::fresh::FreshRecovery;
use bcdrescue::bcd::fresh::FreshStore;
use bcdrescue::bcd::fresh::FreshWindows;
use bcdrescue::bcd::fresh::Generation;
use bcdrescue::bcd::fresh::Release;
use bcdrescue::bcd::object_id;
use bcdrescue::guid::Guid;

use crate::recipe::Recipe;

/// 2010-01-08 12:00:00 UTC, the age of the first two stores.
pub const LAST_WRITTEN: u64 = 129_073_824_000_000_000;

/// The bytes of the store of this name, for the disk of `recipe`.
pub fn build(name: &str, recipe: &Recipe) -> Result<Vec<u8>> {
    let at = |number| recipe.stored_identity(number);
    let mut uefi = false;
    let objects = match name {
        "win2008r2" => windows_2008_r2(at(1)?, at(2)?),
        "win2008sp2" => windows_2008_sp2(at(1)?),
        "win7-logical" => windows_7(at(1)?, at(3)?),
        "win10-bios" => windows_10(at(1)?, at(2)?, at(1)?, Firmware::Bios),
        "win11-uefi" | "win2022-uefi" => {
            uefi = true;
            windows_10(at(1)?, at(3)?, at(4)?, Firmware::Uefi)
        }
        "recovery" => recovery_store(at(1)?, at(4)?),
        other => bail!("there is no store {other}"),
    };
    Ok(NewStore { objects, last_written: LAST_WRITTEN, firmware_modified: uefi }.build()?)
}

fn partition(named: QualifiedPartition) -> Value {
    Value::Device(DeviceElement::plain(Device::Partition(named)))
}

fn text(text: &str) -> Value {
    Value::String(text.into())
}

const RESUME_ENABLED: Id = Id(0x2600_0005);
const EMS_PORT: Id = Id(0x1500_0022);

/// The objects of a store that is made.
struct Made(Vec<NewObject>);

impl Made {
    /// A store that its Windows has used for a while. All have the settings of Windows 7 and before.
    fn used(fresh: &FreshStore<'_>) -> Self {
        let (windows, on) = (&fresh.chosen, partition(fresh.chosen.partition));
        let mut made = Self(fresh.objects());
        made.change(object_id::HYPERVISORSETTINGS, |object| {
            object
                .without(Id::HYPERVISOR_DEBUGGER_PORT)
                .without(Id::HYPERVISOR_BAUD_RATE)
                .with(EMS_PORT, Value::Integer(1))
        });
        made.change(object_id::MEMDIAG, |object| object.without(Id::BAD_MEMORY_ACCESS));
        made.change(windows.entry, |object| object.with(Id::NX, Value::Integer(1)));
        made.change(windows.resume, |object| {
            object.with(Id::FILE_DEVICE, on).with(Id::RESUME_DEBUG_OPTION, Value::Boolean(false))
        });
        made
    }

    fn change(&mut self, id: Guid, with: impl FnOnce(NewObject) -> NewObject) {
        if let Some(place) = self.0.iter_mut().find(|object| object.id == id) {
            *place = with(place.clone());
        }
    }
}

fn fresh(
    (generation, is_server): (Generation, bool),
    firmware: Firmware,
    system: QualifiedPartition,
    windows: QualifiedPartition,
    [entry, resume]: [Guid; 2],
    recovery: Option<FreshRecovery>,
) -> FreshStore<'static> {
    let release = Release { generation, is_server, is_x86: false };
    let (root, locale) = (r"\Windows".into(), "en-US".into());
    let chosen =
        FreshWindows { release, partition: windows, root, locale, entry, resume, recovery, template: None };
    FreshStore { firmware, system, chosen, others: Vec::new() }
}

/// Two objects that belong together.
const fn pair(first: u128, second: u128) -> [Guid; 2] {
    [Guid::from_u128(first), Guid::from_u128(second)]
}

/// A recovery environment by its entry and its options.
fn recovery([entry, options]: [Guid; 2], partition: QualifiedPartition, folder: &str) -> FreshRecovery {
    FreshRecovery { entry, options, partition, folder: folder.into() }
}

/// 2008 R2: a `default` that names an object that is not there; the loader is found through `displayorder`.
fn windows_2008_r2(system: QualifiedPartition, windows: QualifiedPartition) -> Vec<NewObject> {
    let ids = pair(0xca73fe21_fc0c_11de_8f38_8e2c5384be89, 0xca73fe20_fc0c_11de_8f38_8e2c5384be89);
    let recovery = recovery(
        pair(0xca73fe24_fc0c_11de_8f38_8e2c5384be89, 0xca73fe25_fc0c_11de_8f38_8e2c5384be89),
        windows,
        r"\Recovery\ca73fe24-fc0c-11de-8f38-8e2c5384be89",
    );
    let release = (Generation::Seven, true);
    let mut made = Made::used(&fresh(release, Firmware::Bios, system, windows, ids, Some(recovery)));
    made.change(object_id::BOOTMGR, |object| object.with(Id::DEFAULT, Value::Object(object_id::NTLDR)));
    made.0
}

/// 2008 SP2: one partition, no recovery, an {ntldr} entry that is the default.
fn windows_2008_sp2(windows: QualifiedPartition) -> Vec<NewObject> {
    let ids = pair(0x1d25cc4a_fc03_11de_b973_d1d82d39e489, 0x1d25cc4b_fc03_11de_b973_d1d82d39e489);
    let release = (Generation::Vista, true);
    let mut made = Made::used(&fresh(release, Firmware::Bios, windows, windows, ids, None));
    made.change(object_id::BOOTMGR, |object| {
        object.with(Id::DEFAULT, Value::Object(object_id::NTLDR)).with(RESUME_ENABLED, Value::Boolean(false))
    });
    made.0.push(
        NewObject::new(object_id::NTLDR, ObjectType::NTLDR)
            .with(Id::DEVICE, partition(windows))
            .with(Id::PATH, text(r"\ntldr"))
            .with(Id::DESCRIPTION, text("Earlier Version of Windows")),
    );
    made.0
}

/// Windows 7: its recovery environment is not enabled.
fn windows_7(system: QualifiedPartition, windows: QualifiedPartition) -> Vec<NewObject> {
    let ids @ [entry, _] =
        pair(0x733b62e5_0a4c_11e2_9f6a_8c89a5b1d2c0, 0x733b62e4_0a4c_11e2_9f6a_8c89a5b1d2c0);
    let recovery = recovery(
        pair(0x733b62e6_0a4c_11e2_9f6a_8c89a5b1d2c0, 0x733b62e7_0a4c_11e2_9f6a_8c89a5b1d2c0),
        windows,
        r"\Recovery\733b62e6-0a4c-11e2-9f6a-8c89a5b1d2c0",
    );
    let release = (Generation::Seven, false);
    let mut made = Made::used(&fresh(release, Firmware::Bios, system, windows, ids, Some(recovery)));
    made.change(entry, |object| object.without(Id::RECOVERY_ENABLED));
    made.0
}

/// The recovery entry of Windows 10, 11 and Server 2022.
pub const WINDOWS_10_RECOVERY: Guid = Guid::from_u128(0x5f3c4a92_3b1d_11ee_a2c4_0242ac1b0001);

/// Windows 10, 11 and Server 2022: WinRE on a partition of its own, element 21000026 in the resume object.
fn windows_10(
    system: QualifiedPartition,
    windows: QualifiedPartition,
    rescue_volume: QualifiedPartition,
    firmware: Firmware,
) -> Vec<NewObject> {
    let ids @ [entry, resume] =
        pair(0x5f3c4a91_3b1d_11ee_a2c4_0242ac1b0001, 0x5f3c4a90_3b1d_11ee_a2c4_0242ac1b0001);
    let recovery = recovery(
        [WINDOWS_10_RECOVERY, Guid::from_u128(0x5f3c4a93_3b1d_11ee_a2c4_0242ac1b0001)],
        rescue_volume,
        r"\Recovery\WindowsRE",
    );
    let (sequence, in_memory) =
        (Value::ObjectList(vec![recovery.entry]), Value::IntegerList(vec![0x1500_0075]));
    let release = (Generation::Seven, false);
    let mut made = Made::used(&fresh(release, firmware, system, windows, ids, Some(recovery)));
    made.change(entry, |object| {
        object
            .with(Id::DESCRIPTION, text("Windows 10"))
            .with(Id::ISOLATED_CONTEXT, Value::Boolean(true))
            .with(Id::ALLOWED_IN_MEMORY_SETTINGS, in_memory.clone())
            .with(Id::BOOT_MENU_POLICY, Value::Integer(1))
    });
    made.change(resume, |object| {
        object
            .with(Id::RESUME_DEVICE_26, partition(windows))
            .with(Id::RECOVERY_SEQUENCE, sequence)
            .with(Id::ALLOWED_IN_MEMORY_SETTINGS, in_memory)
    });
    made.0
}

/// `\EFI\Microsoft\Recovery\BCD`: {bootmgr} and a recovery entry, no default, no settings.
fn recovery_store(system: QualifiedPartition, rescue_volume: QualifiedPartition) -> Vec<NewObject> {
    let recovery = recovery(
        pair(0x5f3c4a96_3b1d_11ee_a2c4_0242ac1b0001, 0x5f3c4a97_3b1d_11ee_a2c4_0242ac1b0001),
        rescue_volume,
        r"\Recovery\WindowsRE",
    );
    let release = (Generation::Seven, false);
    let fresh = fresh(release, Firmware::Uefi, system, system, [Guid::ZERO; 2], Some(recovery));
    let mut made = Made(fresh.recovery_objects().unwrap_or_default());
    made.0.retain(|object| !object.object_type.is_inherit());
    made.change(object_id::BOOTMGR, |object| {
        object.without(Id::INHERIT).without(Id::DEFAULT).without(Id::TIMEOUT)
    });
    made.0
}
