//! What is not written, and why.

use std::fs;

use bcdrescue::volume::FatUnfit;

use super::*;

#[track_caller]
fn refusal(image: &FatImage, step: &Step<'_>) -> FatWriteError {
    planned(image, step).unwrap_err()
}

#[test]
fn a_volume_in_an_unfit_state_is_not_written() {
    for (len, arguments) in [KINDS[1], KINDS[3]] {
        let image = FatImage::made(len, arguments);
        let whole = fs::read(image.path()).unwrap();
        let field = |at: usize, len: usize| {
            whole[at..at + len].iter().rev().fold(0usize, |value, byte| value << 8 | usize::from(*byte))
        };
        let is_fat32 = field(0x16, 2) == 0;
        let table_len = if is_fat32 { field(0x24, 4) } else { field(0x16, 2) };
        let copy = (field(0x0e, 2) + table_len) * field(0x0b, 2);
        let state = if is_fat32 { 0x41 } else { 0x25 };
        let mut cases = vec![(state, 1, FatUnfit::Dirty), (state, 2, FatUnfit::Dirty)];
        cases.extend([(copy, 1, FatUnfit::CopiesDiffer), (copy + 400, 1, FatUnfit::CopiesDiffer)]);
        cases.extend(is_fat32.then_some((0x28, 0x80, FatUnfit::NotMirrored)));
        for (at, bit, expected) in cases {
            let mut bytes = whole.clone();
            bytes[at] ^= bit;
            fs::write(image.path(), bytes).unwrap();
            let error = refusal(&image, &creating(r"\", &[file("x", b"")]));
            assert!(matches!(error, FatWriteError::Unfit(found) if found == expected), "{at:x}: {error}");
        }
    }
}

#[test]
fn names_and_room_have_their_own_refusals() {
    let image = FatImage::made(2 << 20, &["-F12"]);
    let twice = [file("one", b""), file("ONE", b"")];
    let nested = [directory("new", vec![file("Two", b""), file("two", b"")])];
    for (parent, entries) in [
        (r"\", &[file("MANY", b"")][..]),
        (r"\many", &[file("FILE NAMED 001", b"")]),
        (r"\", &twice),
        (r"\", &nested),
    ] {
        let error = refusal(&image, &creating(parent, entries));
        assert!(matches!(error, FatWriteError::Exists(_)), "{error}");
    }
    let error = refusal(&image, &creating(r"\none", &[]));
    assert!(matches!(error, FatWriteError::Missing(_)), "{error}");
    let error = refusal(&image, &creating(r"\", &[directory("a", vec![file("a:b", b"")])]));
    assert!(matches!(error, FatWriteError::Name(_)), "{error}");
    let large = vec![1; 2 << 20];
    for step in [replacing(r"\EFI\Microsoft\Boot\BCD", &large), creating(r"\", &[file("x", &large)])] {
        let disk = image.storage();
        let expected = FatWriter::new(&disk, TIME).unwrap().free();
        let error = refusal(&image, &step);
        assert!(
            matches!(error, FatWriteError::Full { needed, free } if needed == 2 << 20 && free == expected),
            "{error}"
        );
    }
    let names: Vec<String> = (0..600).map(|number| number.to_string()).collect();
    let many: Vec<NewEntry<'_>> = names.iter().map(|name| file(name, b"")).collect();
    let error = refusal(&image, &creating(r"\", &many));
    assert!(matches!(error, FatWriteError::Crowded(_)), "{error}");
}
