//! A hive that hivex has made bigger, read a path at a time: hivex makes new lists of subkeys with hashes of its own.

use std::fs;

use bcdrescue::hive::Hive;
use bcdrescue::hive::ReadError;
use bcdrescue::hive::build::NewKey;
use bcdrescue::hive::build::build;
use bcdrescue::hive::sparse::SparseHive;

use crate::support::judges::judge_with;
use crate::support::program::text;

/// Names of many lengths and letters.
fn names() -> Vec<String> {
    let words = ["CurrentVersion", "ControlSet001", "MountedDevices", "Select", "x", "{9dea862c}", "A.b-c_9"];
    (0..300).map(|index| format!("{}{index}", words[index % words.len()])).collect()
}

#[test]
fn subkeys_with_hashes_of_hivex_are_found() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("hive");
    fs::write(&path, build(&NewKey { name: "Root".into(), ..NewKey::default() }, 0).unwrap()).unwrap();
    let mut script = String::from("add Software\ncd Software\n");
    for (index, name) in names().iter().enumerate() {
        let byte = index % 256;
        script +=
            &format!("add {name}\ncd {name}\nsetval 1\nData\nhex:3:{byte:02x},00,01,02,03,04,05,06\ncd ..\n");
    }
    script += "commit\nexit\n";
    judge_with("hivexsh", &["-w", text(&path)], script.as_bytes());
    let bytes = fs::read(&path).unwrap();
    assert!(bytes.windows(2).any(|pair| pair == b"lh"), "a list with hashes");
    let whole = Hive::parse(bytes.clone()).unwrap();
    assert_eq!(whole.root().subkey("software").unwrap().subkeys.len(), 300);
    let reads = std::cell::Cell::new(0);
    let read = |offset: u64, len: usize| {
        reads.set(reads.get() + 1);
        let from = usize::try_from(offset).unwrap();
        bytes
            .get(from..from + len)
            .map(<[u8]>::to_vec)
            .ok_or_else(|| ReadError::reader(std::io::Error::other("outside")))
    };
    for (index, name) in names().iter().enumerate() {
        reads.set(0);
        let hive = SparseHive::open(&read, bytes.len() as u64).unwrap();
        let key = hive.key(&["SOFTWARE", &name.to_uppercase()]).unwrap().unwrap_or_else(|| panic!("{name}"));
        let value = hive.value(&key, "DATA").unwrap().unwrap();
        assert_eq!(value.data, [(index % 256) as u8, 0, 1, 2, 3, 4, 5, 6], "{name}");
        assert_eq!(&bytes[value.at..value.at + 8], value.data, "{name}");
        assert!(reads.get() <= 9, "{name}: {} reads", reads.get());
    }
}
