//! What tells one Windows from another of the same kind: the name of its computer, and when it was last shut down.
//!
//! Both stand in its SYSTEM hive, below the control set that `Select` names as `Current`: the name in
//! `Control\ComputerName\ComputerName` (M. Russinovich, "Windows Internals"; dissect.target, `plugins/os/windows/_os.py`), the time in
//! `Control\Windows`, a FILETIME of eight bytes (libyal winreg-kb, "System information"). Asked for by those who list disks, not by the
//! walk: nothing of it matters for booting. What cannot be read is left out.

use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use crate::bytes;
use crate::hive::HiveError;
use crate::hive::REG_BINARY;
use crate::hive::REG_DWORD;
use crate::hive::REG_SZ;
use crate::hive::sparse::ReadAt;
use crate::hive::sparse::SparseHive;

/// Letters of a name that are shown, at most; a NetBIOS name has 15, a DNS label 63.
const NAME_MAX: usize = 63;
/// FILETIME of 1970-01-01, in 100 ns since 1601 (Microsoft, `RtlSecondsSince1970ToTime`).
pub const UNIX: u64 = 116_444_736_000_000_000;
/// 2000-01-01 and 9999-12-31 in seconds since 1970: what is not between them is no time at which a Windows was shut down.
const SECONDS: std::ops::Range<u64> = 946_684_800..253_402_214_400;

/// What a Windows says of the machine that it is; what it does not say is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Machine {
    /// `WEB01`.
    pub computer_name: Option<String>,
    /// When it was last shut down, by its own clock.
    pub last_shutdown: Option<SystemTime>,
}

impl Machine {
    /// By the SYSTEM hive of `len` bytes that `read` reads.
    ///
    /// # Errors
    /// When it is none. What is damaged within is not known.
    pub fn of_hive(read: &ReadAt<'_>, len: u64) -> Result<Self, HiveError> {
        let hive = SparseHive::open(read, len)?;
        let set = control_set(&hive);
        let value = |key: &[&str], name: &str, data_type: u32| {
            let path = [&[set.as_str(), "Control"], key].concat();
            let value = hive.value(&hive.key(&path).ok()??, name).ok()??;
            (value.data_type == data_type).then_some(value.data)
        };
        Ok(Self {
            computer_name: value(&["ComputerName", "ComputerName"], "ComputerName", REG_SZ)
                .and_then(|data| shown(&bytes::utf16le_until_nul(&data))),
            last_shutdown: value(&["Windows"], "ShutdownTime", REG_BINARY).and_then(|data| time(&data)),
        })
    }
}

/// The key of the control set that ran last: `ControlSet001` where nothing says so.
pub(super) fn control_set(hive: &SparseHive<'_>) -> String {
    let select = || hive.value(&hive.key(&["Select"]).ok()??, "Current").ok()?;
    let number = select().filter(|value| value.data_type == REG_DWORD);
    let number = number.and_then(|value| bytes::le_u32(&value.data, 0)).unwrap_or(1);
    format!("ControlSet{number:03}")
}

/// A name without what no name has: control characters, blanks around it, more than a line. `None` when empty.
fn shown(name: &str) -> Option<String> {
    let plain: String = name.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect();
    Some(plain.trim().to_owned()).filter(|name| !name.is_empty())
}

fn time(data: &[u8]) -> Option<SystemTime> {
    let ticks = bytes::le_u64(data, 0).filter(|_| data.len() == 8)?.checked_sub(UNIX)?;
    let seconds = ticks.checked_div(10_000_000)?;
    SECONDS.contains(&seconds).then(|| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hive::ReadError;
    use crate::hive::build::NewKey;
    use crate::hive::build::NewValue;
    use crate::hive::build::build;

    type Values<'a> = &'a [(&'a str, u32, &'a [u8])];

    fn key(name: &str, values: Values<'_>, subkeys: Vec<NewKey>) -> NewKey {
        let value = |(name, data_type, data): &(&str, u32, &[u8])| NewValue {
            name: (*name).into(),
            data_type: *data_type,
            data: data.to_vec(),
        };
        NewKey { name: name.into(), values: values.iter().map(value).collect(), subkeys }
    }

    fn set(number: u32, name: Values<'_>, shutdown: Values<'_>) -> NewKey {
        let name = key("ComputerName", &[], vec![key("ComputerName", name, vec![])]);
        let control = key("Control", &[], vec![name, key("Windows", shutdown, vec![])]);
        key(&format!("ControlSet{number:03}"), &[], vec![control])
    }

    fn machine(subkeys: Vec<NewKey>) -> Machine {
        let hive = build(&key("ROOT", &[], subkeys), 0).unwrap();
        let read = |at: u64, len: usize| Ok(hive[at as usize..][..len].to_vec());
        Machine::of_hive(&read, hive.len() as u64).unwrap()
    }

    fn utf16(text: &str) -> Vec<u8> {
        bytes::utf16le(&format!("{text}\0"))
    }

    #[test]
    fn the_set_that_ran_last_is_asked() {
        let (one, two) = (utf16("ONE"), utf16("TWO"));
        let sets =
            || vec![set(1, &[("ComputerName", 1, &one)], &[]), set(2, &[("ComputerName", 1, &two)], &[])];
        let select = |number: &[u8], kind| key("Select", &[("Current", kind, number)], vec![]);
        for (select, name) in [
            (Some(select(&[1, 0, 0, 0], 4)), Some("ONE")),
            (Some(select(&[2, 0, 0, 0], 4)), Some("TWO")),
            (Some(select(&[3, 0, 0, 0], 4)), None),
            (Some(select(&[2, 0, 0, 0], 3)), Some("ONE")),
            (Some(select(&[2], 4)), Some("ONE")),
            (None, Some("ONE")),
        ] {
            let found = machine(sets().into_iter().chain(select).collect());
            assert_eq!(found.computer_name.as_deref(), name);
        }
    }

    #[test]
    fn what_is_no_name_and_no_time_is_left_out() {
        let time = 133_542_013_510_000_000u64.to_le_bytes();
        let good = machine(vec![set(
            1,
            &[("ComputerName", 1, &utf16("W\u{1b}[1mEB "))],
            &[("ShutdownTime", 3, &time)],
        )]);
        assert_eq!(good.computer_name.as_deref(), Some("W[1mEB"));
        let seconds = good.last_shutdown.unwrap().duration_since(UNIX_EPOCH).unwrap().as_secs();
        assert_eq!(seconds, 1_709_727_751);
        assert_eq!(machine(vec![]), Machine::default());
        for (name, shutdown) in [
            ((1, utf16(" ")), (3, time[..7].to_vec())),
            ((1, vec![]), (3, [&time[..], &[0]].concat())),
            ((2, utf16("WEB")), (11, time.to_vec())),
            ((3, utf16("WEB")), (3, vec![0; 8])),
            ((4, vec![1, 0, 0, 0]), (3, vec![0xff; 8])),
        ] {
            let values: (Values<'_>, Values<'_>) =
                (&[("ComputerName", name.0, &name.1)], &[("ShutdownTime", shutdown.0, &shutdown.1)]);
            assert_eq!(machine(vec![set(1, values.0, values.1)]), Machine::default());
        }
        let long = machine(vec![set(1, &[("ComputerName", 1, &utf16(&"W".repeat(9000)))], &[])]);
        assert_eq!(long.computer_name.unwrap().len(), NAME_MAX);
    }

    #[test]
    fn a_damaged_hive_says_nothing_and_does_no_harm() {
        let name = utf16("WEB01");
        let hive = build(&key("ROOT", &[], vec![set(1, &[("ComputerName", 1, &name)], &[])]), 0).unwrap();
        for at in 0..hive.len() {
            for byte in [0, 0x7f, 0xff] {
                let mut hive = hive.clone();
                hive[at] = byte;
                let read = |at: u64, len: usize| {
                    let at = usize::try_from(at).unwrap();
                    hive.get(at..at + len)
                        .map(<[u8]>::to_vec)
                        .ok_or_else(|| ReadError::reader(std::fmt::Error))
                };
                let _ = Machine::of_hive(&read, hive.len() as u64);
            }
        }
    }
}
