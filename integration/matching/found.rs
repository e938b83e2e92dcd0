//! What the generator found, by name: each of these seeds once made an element name what it did not mean. Where the generator draws
//! otherwise, they are other machines, and have to be found anew.

use crate::matching::happen;
use crate::matching::judge::judge;
use crate::matching::run::run;
use crate::matching::story::story;

/// What went wrong, and the seed.
const FOUND: [(&str, u64); 33] = [
    ("photos under the GUID of a Windows, on a disk with another GUID", 136),
    ("an entry of an absent disk, and an unrelated disk beside", 129),
    ("letters of another disk at the offset of a Windows that moved", 384),
    ("{ntldr} sent by --system to where no ntldr is", 435),
    ("a lost Windows, taken from a disk beside that has one of its own", 583),
    ("an entry sent elsewhere by --windows, with a recovery image that is not there", 1376),
    ("XP in the place of a Windows that is gone: \\Windows alone", 1529),
    ("the old signature with the offset of a volume that moved, in a drive letter", 2362),
    ("a partition of a disk beside at one offset of an absent disk", 3040),
    ("a recovery partition gone, and another named by the other store", 13043),
    ("a record that leads to the other of two Windows", 3865),
    ("a letter of another disk in a hive that knows the disk by what it is", 4997),
    ("a Windows of a disk beside, taken for one that was deleted there", 5379),
    ("a deleted Windows, and two entries that may mean the one that is left", 7786),
    ("recovery image and Windows of one entry, one mended and one gone", 7979),
    ("a wrong --windows, and the other Windows left over", 8109),
    ("two Windows in one another's place on GPT, told apart by a file", 10980),
    ("{memdiag} on an encrypted volume", 11522),
    ("a deleted recovery partition, and room for one on a disk beside", 12992),
    ("a deleted Windows, and one on the system volume", 14801),
    ("one old place on two disks, and --windows for a part of it", 16540),
    ("two old disks of one entry, and --windows", 17239),
    ("a deleted recovery partition, and foreign entries with the same path", 18257),
    ("letters while elements are left", 20513),
    ("a foreign Windows at the offset of a disk's own, whose system volume moved", 25142),
    ("an absent disk beside one that has XP at one of its offsets", 24649),
    ("a letter of another disk at the offset of one's own", 31263),
    ("letters of a copied XP", 48704),
    ("a Windows of a disk beside, taken for an entry of a third", 3011),
    ("a Windows of a disk beside that is named by its own entry", 5467),
    ("one old place in two stores", 9602),
    ("partitions copied in another order, Windows in one another's place", 52929),
    ("loader and resume object by two old names", 39706),
];

#[test]
fn what_was_found_stays_mended() {
    let mut made = 0;
    for (name, seed) in FOUND {
        let Ok(scene) = happen::scene(seed) else { continue };
        made += 1;
        let ran = run(&scene);
        let faults: Vec<String> =
            judge(&scene, &ran).into_iter().map(|fault| format!("{}: {}", fault.rule, fault.what)).collect();
        assert!(faults.is_empty(), "{name}, seed {seed}\n{}\n{faults:#?}", story(&scene, &ran));
    }
    assert!(made > FOUND.len() / 2, "{made} of the seeds make a machine that can be told");
}
