//! Files that Windows keeps beside its store.

use std::cell::Cell;

use bcdrescue::layout::boot_file::Content;
use bcdrescue::layout::boot_file::HEAD;
use bcdrescue::layout::boot_ini::BootIni;
use bcdrescue::layout::boot_ini::BootIniText;
use bcdrescue::layout::current_version::CurrentVersion;
use bcdrescue::layout::file_version;
use bcdrescue::layout::reagent;

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

/// A `ReAgent.xml`.
pub(super) fn reagent(data: &[u8]) {
    match reagent::parse(data) {
        Ok(config) => assert!(config.locations.len() <= 4096),
        Err(error) => one_line(&error.to_string()),
    }
}
