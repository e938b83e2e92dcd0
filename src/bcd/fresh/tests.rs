//! Stores of every kind, read back.

use super::FreshRecovery;
use super::FreshStore;
use super::FreshWindows;
use super::Generation;
use super::Release;
use super::Stamp;
use super::Template;
use crate::bcd::create::NewElement;
use crate::bcd::create::NewObject;
use crate::bcd::create::NewStore;
use crate::bcd::device::DeviceElement;
use crate::bcd::device::QualifiedPartition;
use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::firmware::Firmware;
use crate::bcd::object::Object;
use crate::bcd::object_id;
use crate::bcd::object_type::ObjectType;
use crate::bcd::store::Store;
use crate::bcd::store::StoreError;
use crate::guid::Guid;

const GENERATIONS: [Generation; 6] = [
    Generation::Vista,
    Generation::Seven,
    Generation::Eight,
    Generation::EightOne,
    Generation::Ten,
    Generation::Eleven,
];
const SYSTEM: QualifiedPartition = QualifiedPartition::Mbr { signature: 0x3623_4da4, offset: 0x10_0000 };
const STAMP: Stamp = Stamp { last_written: 42, sequence_above: 698 };

fn windows<'a>(number: u32, generation: Generation, has_recovery: bool) -> FreshWindows<'a> {
    let id = |kind: u128| {
        Guid::from_u128(0x733b62e0_f608_11eb_825c_c112f60133ab + (u128::from(number) << 64) + kind)
    };
    let partition = QualifiedPartition::Gpt { disk: Guid::from_u128(1), partition: id(0) };
    let recovery =
        FreshRecovery { entry: id(3), options: id(4), partition, folder: r"\Recovery\WindowsRE".into() };
    FreshWindows {
        release: Release { generation, is_server: number % 2 == 1, is_x86: false },
        partition,
        root: r"\Windows".into(),
        locale: "uk-UA".into(),
        entry: id(2),
        resume: id(1),
        recovery: has_recovery.then_some(recovery),
        template: None,
    }
}

fn store(firmware: Firmware, chosen: FreshWindows<'_>) -> FreshStore<'_> {
    FreshStore { firmware, system: SYSTEM, chosen, others: Vec::new() }
}

fn read(store: &FreshStore<'_>) -> Store {
    Store::parse(store.build(STAMP).unwrap()).unwrap()
}

/// Every object that another one names.
fn named(object: &Object) -> Vec<Guid> {
    object
        .elements
        .iter()
        .flat_map(|element| match &element.value {
            ElementValue::Object(id) => vec![*id],
            ElementValue::ObjectList(ids) => ids.clone(),
            ElementValue::Device(DeviceElement { options, .. }) if !options.is_zero() => vec![*options],
            _ => Vec::new(),
        })
        .collect()
}

#[test]
fn every_kind_of_store_reads_back() {
    for generation in GENERATIONS {
        for (firmware, others, has_recovery) in [
            (Firmware::Bios, 0, false),
            (Firmware::Bios, 2, true),
            (Firmware::Uefi, 0, true),
            (Firmware::Uefi, 1, false),
        ] {
            let mut fresh = store(firmware, windows(0, generation, has_recovery));
            fresh.others =
                (1..=others).map(|number| windows(number, Generation::Seven, has_recovery)).collect();
            let read = read(&fresh);
            let block = read.hive().base_block();
            assert!(!block.is_dirty());
            assert_eq!(
                (block.primary_sequence, block.secondary_sequence, block.last_written),
                (699, 699, 42)
            );
            let entries: Vec<Guid> = fresh.all().map(|windows| windows.entry).collect();
            assert_eq!((read.default_id(), read.display_order()), (Some(entries[0]), &entries[..]));
            let of_windows = if has_recovery { 4 } else { 2 };
            assert_eq!(read.objects().len(), 9 + entries.len() * of_windows);
            for object in read.objects() {
                for id in named(object) {
                    assert!(
                        read.object(id).is_some(),
                        "{generation:?} {firmware:?}: {} names {id}",
                        object.name()
                    );
                }
            }
            for windows in fresh.all() {
                let loader = read.object(windows.entry).unwrap();
                assert!(loader.is_os_loader());
                assert_eq!(loader.string(ElementId::DESCRIPTION), Some(windows.release.title()));
                assert_eq!(loader.object(ElementId::RESUME_OBJECT), Some(windows.resume));
                assert_eq!(loader.integer(ElementId::NX), Some(u64::from(windows.release.is_server)));
                let places = loader.device(ElementId::OS_DEVICE).unwrap().identities();
                assert_eq!(places.len(), 1);
                assert_eq!(places[0].partition, windows.partition);
            }
        }
    }
}

#[test]
fn a_32_bit_windows_7_is_resumed_with_pae() {
    for (generation, is_x86, expected) in [
        (Generation::Vista, true, Some(true)),
        (Generation::Seven, true, Some(true)),
        (Generation::Seven, false, None),
        (Generation::Ten, true, None),
    ] {
        let mut windows = windows(0, generation, false);
        windows.release.is_x86 = is_x86;
        let read = read(&store(Firmware::Bios, windows.clone()));
        assert_eq!(read.object(windows.resume).unwrap().boolean(ElementId::RESUME_PAE), expected);
    }
}

#[test]
fn every_version_has_its_generation() {
    let cases = [
        ((5, 2, 3790), None),
        ((6, 0, 6002), Some(Generation::Vista)),
        ((6, 1, 7601), Some(Generation::Seven)),
        ((6, 2, 9200), Some(Generation::Eight)),
        ((6, 3, 9600), Some(Generation::EightOne)),
        ((10, 0, 10240), Some(Generation::Ten)),
        ((10, 0, 20348), Some(Generation::Ten)),
        ((10, 0, 22000), Some(Generation::Eleven)),
        ((11, 0, 30000), None),
    ];
    for ((major, minor, build), generation) in cases {
        assert_eq!(Generation::of_version(major, minor, build), generation);
    }
}

#[test]
fn only_uefi_has_a_recovery_store() {
    let windows = windows(0, Generation::Eleven, true);
    assert_eq!(store(Firmware::Bios, windows.clone()).build_recovery(STAMP), Ok(None));
    let entry = windows.recovery.as_ref().unwrap().entry;
    let bytes = store(Firmware::Uefi, windows.clone()).build_recovery(STAMP).unwrap().unwrap();
    let read = Store::parse(bytes).unwrap();
    assert_eq!((read.default_id(), read.display_order()), (Some(entry), &[entry][..]));
    assert_eq!(read.objects().len(), 10);
    assert!(read.object(windows.entry).is_none() && read.object(object_id::MEMDIAG).is_none());
    let without = FreshWindows { recovery: None, ..windows };
    let bytes = store(Firmware::Uefi, without).build_recovery(STAMP).unwrap().unwrap();
    let read = Store::parse(bytes).unwrap();
    assert_eq!((read.default_id(), read.objects().len()), (None, 8));
}

#[test]
fn a_copied_windows_shares_the_recovery_entry() {
    let chosen = windows(0, Generation::Ten, true);
    let mut copy = windows(1, Generation::Ten, true);
    copy.recovery.clone_from(&chosen.recovery);
    let entry = chosen.recovery.as_ref().unwrap().entry;
    let fresh = FreshStore { others: vec![copy.clone()], ..store(Firmware::Uefi, chosen) };
    let read = read(&fresh);
    assert_eq!(read.objects().len(), 9 + 2 + 2 + 2);
    assert_eq!(read.object(copy.entry).unwrap().objects(ElementId::RECOVERY_SEQUENCE), [entry]);
}

#[test]
fn what_makes_no_store_is_refused() {
    let fresh = store(Firmware::Bios, windows(0, Generation::Ten, false));
    let last = Stamp { sequence_above: u32::MAX, ..STAMP };
    let error = fresh.build(last).unwrap_err();
    assert_eq!(error, StoreError::Sequence { above: u32::MAX });
    assert_eq!(
        error.to_string(),
        "sequence number of the log: expected less than 0xffffffff, found 0xffffffff"
    );
    let mut twice = fresh.clone();
    twice.chosen.resume = twice.chosen.entry;
    assert!(matches!(twice.build(STAMP), Err(StoreError::Hive(_))));
    let mut of_loader = store(Firmware::Bios, windows(0, Generation::Ten, true));
    of_loader.chosen.recovery.as_mut().unwrap().entry = of_loader.chosen.entry;
    assert!(matches!(of_loader.build(STAMP), Err(StoreError::Hive(_))));
    let mut cut = fresh;
    cut.chosen.root = "\\Win\0dows".into();
    assert!(matches!(cut.build(STAMP), Err(StoreError::Element { .. })));
    let long = Template::parse(vec![0; 300 << 10]).unwrap_err();
    assert_eq!(long.to_string(), "BCD-Template of 307200 bytes: expected at most 262144");
}

#[test]
fn half_a_template_is_none() {
    let mut bytes = template();
    // Not closed properly: by itself no reason to doubt what can be read.
    bytes[4] += 1;
    assert!(Template::parse(bytes.clone()).is_ok());
    let elements: Vec<u8> = b"16000020".to_vec();
    let at = bytes.windows(8).position(|window| window == elements).unwrap();
    // The signature of that key.
    bytes[at - 0x4c] = b'x';
    assert!(matches!(Template::parse(bytes), Err(StoreError::Hive(_))));
}

/// A template as a maker might have it, with what a store does not take.
fn template() -> Vec<u8> {
    let raw = |object: NewObject, id: u32, bytes: &[u8]| {
        let mut object = object;
        object.elements.push((ElementId(id), NewElement::Raw(bytes.to_vec())));
        object
    };
    let text = |text: &str| ElementValue::String(text.to_owned());
    let id = |text: &str| text.parse::<Guid>().unwrap();
    let loader = NewObject::new(id("b012b84d-c47c-4ed5-b722-c0c42163e569"), ObjectType::OS_LOADER)
        .with(ElementId::LOCALE, text("en-US"))
        .with(ElementId(0x4200_0002), text(r"\system32\boot\winload.efi"));
    let loader = raw(raw(loader, 0x2500_0020, &[1]), 0x4500_0001, &[2]);
    let loader = raw(raw(loader, 0x1100_0001, &[0; 88]), 0x1600_007e, &[1]);
    let manager = raw(NewObject::new(object_id::BOOTMGR, ObjectType::BOOT_MANAGER), 0x2500_0004, &[0x0a]);
    let settings = raw(NewObject::new(object_id::EMSSETTINGS, ObjectType::INHERIT_ANY), 0x1600_0020, &[1]);
    let further = raw(
        NewObject::new(object_id::KERNELDBGSETTINGS, ObjectType::INHERIT_ANY),
        0x1500_0014,
        &[0, 0xc2, 1],
    );
    let setup = NewObject::new(id("7254a080-1510-4e85-ac0f-e7fb3d444736"), ObjectType::OS_LOADER);
    let objects = vec![loader, manager, settings, further, setup];
    NewStore { objects, last_written: 0, firmware_modified: false }.build().unwrap()
}

#[test]
fn a_template_says_what_the_store_has() {
    let template = Template::parse(template()).unwrap();
    let mut windows = windows(0, Generation::Ten, false);
    windows.template = Some(&template);
    let read = read(&store(Firmware::Uefi, windows.clone()));
    let loader = read.object(windows.entry).unwrap();
    let keys: Vec<&str> = loader.elements.iter().map(|element| element.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "11000001", "12000002", "12000004", "12000005", "1600007e", "21000001", "22000002", "23000003",
            "25000020"
        ]
    );
    assert_eq!(loader.string(ElementId::PATH), Some(r"\Windows\system32\boot\winload.efi"));
    assert_eq!(loader.string(ElementId::LOCALE), Some("uk-UA"));
    assert_eq!(loader.element(ElementId::NX).unwrap().raw, [1, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(read.boot_manager().unwrap().integer(ElementId::TIMEOUT), Some(10));
    assert_eq!(read.object(object_id::EMSSETTINGS).unwrap().boolean(ElementId::BOOT_EMS), Some(true));
    let further = read.object(object_id::KERNELDBGSETTINGS).unwrap();
    assert_eq!(further.integer(ElementId::DEBUGGER_BAUD_RATE), Some(115_200));
    // What the template lacks is that of our table; its entries for setup are nobody's.
    assert_eq!(read.object(object_id::DBGSETTINGS).unwrap().integer(ElementId::DEBUGGER_TYPE), Some(4));
    assert_eq!(read.objects().len(), 12);
    let resume = read.object(windows.resume).unwrap();
    assert_eq!(resume.integer(ElementId::RESUME_BOOT_MENU_POLICY), Some(1));
}

/// Templates with wrong bytes, and ids and texts of all kinds: a store or an error, and a store is read.
#[test]
fn whatever_is_given_there_is_an_answer() {
    let good = template();
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % below
    };
    let (mut built, mut with_template) = (0, 0);
    for _ in 0..2000 {
        let mut bytes = good.clone();
        for _ in 0..next(4) {
            let at = 0x1000 + next(bytes.len() - 0x1000);
            bytes[at] = u8::try_from(next(256)).unwrap();
        }
        let template = Template::parse(bytes).ok();
        with_template += u32::from(template.is_some());
        let firmware = if next(2) == 0 { Firmware::Bios } else { Firmware::Uefi };
        let mut chosen = windows(0, GENERATIONS[next(6)], next(2) == 0);
        chosen.template = template.as_ref();
        let ids = [chosen.entry, chosen.resume, object_id::BOOTMGR, object_id::EMSSETTINGS, Guid::ZERO];
        let texts = ["", "\\", "en-US", "\u{65e5}\0", "\u{1f600}", "a\\\\", "\u{feff}"];
        let mut other = windows(1, GENERATIONS[next(6)], next(2) == 0);
        match next(4) {
            0 => other.entry = ids[next(ids.len())],
            1 => chosen.entry = ids[next(ids.len())],
            2 => other.root = texts[next(texts.len())].into(),
            _ => chosen.locale = texts[next(texts.len())].into(),
        }
        let fresh = FreshStore { others: vec![other], ..store(firmware, chosen) };
        for bytes in
            [fresh.build(STAMP).ok(), fresh.build_recovery(STAMP).ok().flatten()].into_iter().flatten()
        {
            let read = Store::parse(bytes).unwrap();
            assert!(read.boot_manager().is_some() && !read.hive().base_block().is_dirty());
            built += 1;
        }
    }
    assert!(built > 1000 && with_template > 1000, "{built} {with_template}");
}
