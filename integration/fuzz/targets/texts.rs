//! Files that Windows keeps beside its store.

use std::cell::Cell;

use bcdrescue::guid::Guid;
use bcdrescue::layout::boot_file::Content;
use bcdrescue::layout::boot_file::HEAD;
use bcdrescue::layout::boot_ini::BootIni;
use bcdrescue::layout::boot_ini::BootIniText;
use bcdrescue::layout::current_version::CurrentVersion;
use bcdrescue::layout::file_version;
use bcdrescue::layout::reagent;
use bcdrescue::layout::reagent::ReAgentError;
use bcdrescue::layout::reagent_field::Field;
use bcdrescue::partition::DiskId;

use super::number;
use super::one_line;

/// A program file.
pub(super) fn file_version(data: &[u8]) {
    let reads = Cell::new(0);
    let found = file_version::read(data.len() as u64, &|at, len| {
        reads.set(reads.get() + 1);
        assert!(len <= 0x1000 && reads.get() <= 8, "read {} of {len} bytes", reads.get());
        let from = usize::try_from(at).expect("short");
        Some(data.get(from..from + len).expect("no read behind the end").to_vec())
    });
    match found {
        Ok(version) => assert_eq!(version.to_string().matches('.').count(), 3),
        Err(error) => one_line(&error.to_string()),
    }
    let refused = file_version::read(number(data, 0, 8), &|_, _| None);
    one_line(&refused.expect_err("nothing was read").to_string());
    let head = data.get(..HEAD).unwrap_or(data);
    assert_eq!(Content::of(data.len() as u64, head) == Content::Empty, data.is_empty());
    let _ = Content::of(number(data, 0, 8), head);
}

/// A `boot.ini`, and the words of a Windows about itself.
pub(super) fn boot_ini(data: &[u8]) {
    let decoded = BootIniText::decode(data);
    assert!(decoded.utf16.is_none() || decoded.parse() == BootIni::default());
    let part = |span: std::ops::Range<usize>| data.get(span).and_then(|bytes| bytes.strip_suffix(b")"));
    for place in decoded.places() {
        assert!(part(place.adapter).is_some() && part(place.partition).is_some());
    }
    let text = String::from_utf8_lossy(data);
    let found = BootIni::parse(&text);
    assert!(found.entries.len() <= 64);
    assert!(found.default_entry().is_none_or(|index| index < found.entries.len()));
    let _ = found.default_target();
    let mut words = text.split('\n').map(|line| Some(line.to_owned()));
    let mut word = || words.next().flatten();
    let version = CurrentVersion {
        product_name: word(),
        build_number: word(),
        update_revision: data.first().map(|byte| u32::from(*byte)),
        display_version: word(),
        release_id: word(),
        installation_type: word(),
        service_pack: word(),
    };
    for said in [version.name(), version.build()].into_iter().flatten() {
        one_line(&said);
        assert!(said.chars().count() <= 4 * 80 + 16 && !said.contains(char::is_control), "{said:?}");
    }
}

/// A `ReAgent.xml`; each of its values becomes another.
pub(super) fn reagent(data: &[u8]) {
    let (config, fields) = match reagent::parse_with_fields(data) {
        Ok(parsed) => parsed,
        Err(error) => return one_line(&error.to_string()),
    };
    assert!(config.locations.len() <= 4096 && fields.locations.len() == config.locations.len());
    let disk = Guid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
    let entry = fields.entry.iter().map(|field| (field, field.braced(disk, None)));
    let places = fields.locations.iter().flat_map(|place| {
        let guid = place.guid.iter().map(|field| (field, field.braced(Guid::ZERO, fields.entry.as_ref())));
        let id = place.id.iter().map(|field| (field, "4294967295".to_owned()));
        id.chain(place.offset.iter().map(|field| (field, "1048576".to_owned()))).chain(guid)
    });
    let mut edits: Vec<(&Field, String)> = entry.chain(places).collect();
    edits.sort_by_key(|(field, _)| field.at);
    let (mut changed, mut at) = (Vec::new(), 0);
    for (field, text) in &edits {
        let before = field.spelt(&field.value);
        changed.extend_from_slice(&data[at..field.at]);
        changed.extend_from_slice(&field.spelt(text));
        at = field.at + before.len();
        assert_eq!(data[field.at..at], before);
    }
    changed.extend_from_slice(&data[at..]);
    if changed.len() > reagent::SIZE_MAX {
        return;
    }
    // A value that could not be changed may stand beside one that was, so that a place is on two disks.
    let now = match reagent::parse(&changed) {
        Ok(now) => now,
        Err(error) => return assert!(matches!(error, ReAgentError::TwoDisks { .. }), "{error}"),
    };
    assert!(fields.entry.is_none() || now.entry == Some(disk));
    assert_eq!(now.state, config.state);
    for ((now, before), place) in now.locations.iter().zip(&config.locations).zip(&fields.locations) {
        assert_eq!((&now.what, &now.path), (&before.what, &before.path));
        assert_eq!(now.offset, if place.offset.is_some() { Some(1 << 20) } else { before.offset });
        if place.id.is_some() {
            assert_eq!(now.disk, Some(DiskId::Mbr(u32::MAX)));
        }
    }
}
