use super::sample::entry;
use super::sample::entry_log;
use super::sample::numbered;
use super::sample::page_log;
use super::tests::ALL;
use super::tests::ONE;
use super::tests::OTHER;
use super::tests::cut;
use super::tests::hive;
use super::tests::refused;
use super::*;

#[test]
fn an_entry_with_right_hashes_may_still_be_wrong() {
    let new = hive(2);
    let dirty = cut(&new, (700, 699), ONE);
    let outside = numbered(&[&new[..], &[0; 0x1000]].concat(), 700, 700);
    let unfit = |why| [Unfit::Entries(LogEnd::Entry { number: 699, at: 0x200, why })];
    for (offset, size) in [(0x4000, 0x1000), (0x10, 0x200), (0, 0x10), (0, 0)] {
        let log = entry_log(699, &new, &[entry(699, &outside, &[(offset, size)])]);
        refused(&dirty, &[("BCD.LOG", &log)], &unfit(EntryError::Reference { offset, size }));
    }
    for bins in [0u32, 0x4001, 0x7fff_e000] {
        let mut other = new.clone();
        other[0x28..0x2c].copy_from_slice(&bins.to_le_bytes());
        let log = entry_log(699, &new, &[entry(699, &other, ONE)]);
        refused(&dirty, &[("BCD.LOG", &log)], &unfit(EntryError::Bins(bins as usize)));
    }
}

#[test]
fn what_comes_out_must_be_sound_and_have_a_number() {
    let new = hive(2);
    let log = entry_log(699, &new, &[entry(699, &new, ONE)]);
    let unsound = replay(&cut(&new, (700, 699), ALL), &[("BCD.LOG", &log)]);
    let Err(ReplayError::Unsound(HiveError::Corrupt { what, .. })) = unsound else { panic!("{unsound:?}") };
    assert_eq!(what, "signature of a hive bin");
    let log = entry_log(u32::MAX, &new, &[entry(u32::MAX, &new, ONE)]);
    assert_eq!(replay(&cut(&new, (700, 699), ONE), &[("BCD.LOG", &log)]), Err(ReplayError::Numbers));
    // What is left over behind the last entry counts too.
    let log = entry_log(699, &new, &[entry(699, &new, ONE), entry(800, &new, OTHER)]);
    let replayed = replay(&cut(&new, (700, 699), ONE), &[("BCD.LOG", &log)]).unwrap().unwrap();
    assert_eq!((replayed.used[0].last, replayed.highest), (699, 800));
}

/// Each byte of a log turned over: a whole hive or a refusal, never anything else.
#[test]
fn a_log_may_be_wrong_anywhere() {
    let new = hive(2);
    let logs = [
        entry_log(698, &new, &[entry(698, &new, ONE), entry(699, &new, OTHER)]),
        page_log(700, &new, &[0, 0x200, 0x400, 0x600, 0x800, 0xa00, 0xc00, 0xe00]),
    ];
    for log in logs {
        let (mut made, mut refused) = (0, 0);
        for at in 0..log.len() {
            let mut wrong = log.clone();
            wrong[at] = !wrong[at];
            let dirty = cut(&new, (700, 698), ONE);
            for (dirty, log) in [(&dirty[..], &wrong[..]), (&dirty, &log[..at]), (&[0x5a; 100], &wrong)] {
                match replay(dirty, &[("BCD.LOG", log)]) {
                    Ok(replayed) => {
                        made += 1;
                        assert!(is_clean(&replayed.unwrap().bytes));
                    }
                    Err(error) => {
                        refused += 1;
                        assert!(!error.to_string().contains('\n'));
                    }
                }
            }
        }
        assert!(made > 0 && refused > 0);
    }
}
