//! What else a repair may have changed: other elements, copies of firmware entries, drive letters.

use bcdrescue::bcd::ElementValue;
use bcdrescue::bcd::Object;
use bcdrescue::bcd::QualifiedPartition;
use bcdrescue::guid::Guid;
use bcdrescue::partition::DiskId;

use crate::matching::fat;
use crate::matching::fault::Fault;
use crate::matching::letters;
use crate::matching::letters::Letter;
use crate::matching::operation::show_object;
use crate::matching::outcome::Outcome;
use crate::matching::outcome::read_store;
use crate::matching::outcome::show_place;
use crate::matching::run::Ran;
use crate::matching::scene::Scene;
use crate::matching::store::StoreSpec;
use crate::matching::volume::HIVE;

/// All faults.
pub fn faults(scene: &Scene, ran: &Ran, outcomes: &[Outcome<'_>]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for store in &scene.now.volumes[scene.now.system()].stores {
        elements(scene, ran, store, &mut faults);
        copies(scene, ran, store, &mut faults);
    }
    for part in &scene.now.disks[0].parts {
        let volume = &scene.now.volumes[part.volume];
        if volume.letters.is_empty() || volume.is_encrypted {
            continue;
        }
        let hive = fat::get(&ran.after, part.start, HIVE).expect("the hive");
        for letter in &volume.letters {
            let after = letters::value(&hive, &letter.name).expect("the letter");
            if after != letter.data() && !may_become(scene, outcomes, letter, &after) {
                let what = format!(
                    "{} of {}: meant {}, {} -> {after:02x?}",
                    letter.name,
                    volume.name,
                    scene.now.volumes[letter.meant].name,
                    show_place(scene, letter.named)
                );
                faults.push(Fault { rule: "a drive letter", what });
            }
        }
    }
    faults
}

fn may_become(scene: &Scene, outcomes: &[Outcome<'_>], letter: &Letter, after: &[u8]) -> bool {
    let is_here = |volume: &usize| scene.now.place(*volume).is_some_and(|(disk, _)| disk == 0);
    let meant: Vec<usize> = scene.now.successors(letter.meant).into_iter().filter(is_here).collect();
    let identities = meant.iter().filter_map(|volume| scene.now.identity(*volume));
    if !scene.command.drive_letters {
        return false;
    }
    if identities.into_iter().any(|named| letters::data(named) == after) {
        return true;
    }
    // An old signature of this disk with the offset kept: that another volume is there now, a letter does not tell. Elements may: those
    // that named the same, and those that were re-pointed to that place from another one.
    let QualifiedPartition::Mbr { signature, offset } = letter.named else { return false };
    let there = scene.now.disks[0].parts.iter().find(|part| part.start == offset);
    let Some(there) = there.map(|part| scene.now.disks[0].named(part)) else { return false };
    let contradicts = |outcome: &Outcome<'_>| {
        outcome.is_changed() && (outcome.name.named == letter.named) != (outcome.after == there)
    };
    scene.now.had('A', DiskId::Mbr(signature))
        && letters::data(there) == after
        && !outcomes.iter().any(contradicts)
}

/// Whatever is no identity stays, byte for byte.
fn elements(scene: &Scene, ran: &Ran, store: &StoreSpec, faults: &mut Vec<Fault>) {
    let [before, after] = [&ran.before, &ran.after].map(|raw| read_store(scene, raw, store));
    let same = |before: &Object, after: &Object| {
        let pairs = before.elements.iter().zip(&after.elements);
        let is_same = |raw: &[u8], other: &[u8]| raw.len() == other.len() && raw[..16] == other[..16];
        before.key == after.key
            && before.object_type == after.object_type
            && before.elements.len() == after.elements.len()
            && pairs.into_iter().all(|(before, after)| match before.value {
                ElementValue::Device(_) => before.key == after.key && is_same(&before.raw, &after.raw),
                _ => before == &bcdrescue::bcd::Element { at: before.at, ..after.clone() },
            })
    };
    for (before, after) in before.objects().iter().zip(after.objects()) {
        if !same(before, after) {
            let what = before.id.map_or_else(String::new, show_object);
            faults.push(Fault { rule: "bytes that are no identity", what });
        }
    }
}

/// Copies of firmware entries name what they named, or with `--firmware-entries` what they meant.
fn copies(scene: &Scene, ran: &Ran, store: &StoreSpec, faults: &mut Vec<Fault>) {
    let read = read_store(scene, &ran.after, store);
    for spec in &store.objects {
        let Some(variable) = &spec.variable else { continue };
        let object = read.object(spec.id).expect("the object");
        let value = object.description.iter().find(|value| value.name == "FirmwareVariable");
        let after = &value.expect("the copy").data;
        let mut right = variable.clone();
        let meant = variable.meant.and_then(|meant| scene.now.place(meant));
        if let Some((disk, part)) = meant {
            let disk = &scene.now.disks[disk];
            let number = disk.number(part);
            let part = &disk.parts[part];
            right.node = (number, part.start / 512, part.len / 512, part.guid);
        }
        let may = scene.command.firmware_entries && meant.is_some_and(|(disk, _)| scene.is_seen(disk));
        if *after != variable.bytes() && !(may && *after == right.bytes()) {
            let at = after.windows(4).position(|bytes| bytes == [4, 1, 0x2a, 0]).expect("a node");
            let guid = Guid::from_bytes(after[at + 24..at + 40].try_into().expect("16 bytes"));
            let what = format!("{}: {} -> {guid}", show_object(spec.id), variable.node.3);
            faults.push(Fault { rule: "a copy of a firmware entry", what });
        }
    }
}
