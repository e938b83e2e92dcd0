//! What happens to the machine, and what is asked of the program, by chance.

use bcdrescue::bcd::object_id::BOOTMGR;
use bcdrescue::bcd::object_id::MEMDIAG;
use bcdrescue::guid::Guid;

use crate::matching::disk::SLOTS;
use crate::matching::operation::Operation;
use crate::matching::readings;
use crate::matching::scene::Attached;
use crate::matching::scene::Command;
use crate::matching::scene::Scene;
use crate::matching::setup;
use crate::matching::setup::one_in;
use crate::matching::setup::pick;
use crate::matching::store::Role;
use crate::matching::volume::WINDOWS;
use crate::matching::volume::XP;
use crate::matching::volume_id::VolumeId;
use crate::support::chance::Chance;

/// The scene of a seed; `None` where nobody could tell what is meant.
pub fn scene(seed: u64) -> Result<Scene, &'static str> {
    let mut chance = Chance::new("matching", seed);
    // The first numbers of neighbouring seeds are alike.
    for _ in 0..8 {
        chance.next();
    }
    let mut scene = Scene::new(setup::machine(&mut chance));
    let plain = one_in(&mut chance, 5);
    let count = if plain { 1 } else { [0, 1, 1, 2, 2, 3, 4][chance.below(7)] };
    for _ in 0..count {
        if let Some(operation) = operation(&mut chance, &scene, plain) {
            scene.happen(operation);
        }
    }
    if scene.now.place(scene.now.system()).is_none_or(|(disk, _)| disk != 0) {
        return Err("no store is left");
    }
    let kinds = [Attached::Companion, Attached::Companion, Attached::Known, Attached::Absent];
    scene.attached.iter_mut().for_each(|attached| *attached = kinds[chance.below(4)]);
    if !plain {
        scene.command = command(&mut chance, &scene);
    }
    readings::unfair(&scene).map_or(Ok(scene), Err)
}

/// Something that can happen now; mostly to disk A.
fn operation(chance: &mut Chance, scene: &Scene, plain: bool) -> Option<Operation> {
    let disk = if plain || chance.below(3) > 0 { 0 } else { chance.below(scene.now.disks.len()) };
    let now = &scene.now.disks[disk];
    let all: Vec<VolumeId> = now.parts.iter().map(|part| part.volume).collect();
    let system = scene.now.system();
    let others: Vec<VolumeId> = all.iter().copied().filter(|volume| *volume != system).collect();
    let windows = |kind: u16| -> Vec<VolumeId> {
        others.iter().copied().filter(|volume| scene.now.volumes[*volume].is(kind)).collect()
    };
    let interesting = windows(WINDOWS | XP);
    let one = |chance: &mut Chance| match interesting.is_empty() || one_in(chance, 3) {
        true => pick(chance, &others),
        false => pick(chance, &interesting),
    };
    let free = now.free();
    let slot = |chance: &mut Chance| pick(chance, &free);
    let keeps = one_in(chance, 2);
    Some(match chance.below(if plain { 5 } else { 16 }) {
        0 | 1 => Operation::NewId(disk),
        2 if now.is_gpt() => Operation::NewGuids(disk),
        2 => Operation::NewId(disk),
        3 | 4 => Operation::Move(one(chance)?, slot(chance)?, keeps),
        5 if now.is_gpt() => Operation::NewGuid(one(chance)?),
        5 | 6 => Operation::Delete(one(chance)?),
        7 => {
            let (first, second) = (one(chance)?, one(chance)?);
            (first != second).then_some(Operation::Swap(first, second))?
        }
        8 => Operation::Photos(one(chance)?),
        9 => Operation::Clone(one(chance)?, slot(chance)?),
        10 => {
            let (from, onto) = (one(chance)?, one(chance)?);
            (from != onto).then_some(Operation::CloneOnto(from, onto))?
        }
        11 => {
            let mut slots: Vec<usize> = (0..(all.len() + 1).min(SLOTS.len())).collect();
            let mut order = Vec::new();
            while order.len() < all.len() {
                order.push(slots.swap_remove(chance.below(slots.len())));
            }
            Operation::Reorder(disk, order)
        }
        12 => Operation::Move(pick(chance, &all)?, slot(chance)?, keeps),
        _ => Operation::Mend(mended(chance, scene)),
    })
}

/// What people mend by hand, and what they forget.
fn mended(chance: &mut Chance, scene: &Scene) -> Vec<Guid> {
    let names = || scene.names().filter(|name| !name.role.is_fixed());
    let loaders: Vec<Guid> =
        names().filter(|name| name.role == Role::Loader).map(|name| name.object).collect();
    let resumes: Vec<Guid> =
        names().filter(|name| name.role == Role::Resume).map(|name| name.object).collect();
    let (loader, resume) = (pick(chance, &loaders), pick(chance, &resumes));
    match chance.below(6) {
        0 | 1 => vec![BOOTMGR],
        2 => vec![BOOTMGR, MEMDIAG],
        3 => [BOOTMGR, MEMDIAG].into_iter().chain(loader).collect(),
        4 => resume.into_iter().collect(),
        _ => loader.into_iter().collect(),
    }
}

fn command(chance: &mut Chance, scene: &Scene) -> Command {
    let mut command = Command::default();
    let seen = (0..scene.now.disks.len()).filter(|disk| scene.is_seen(*disk));
    let parts = seen.flat_map(|disk| &scene.now.disks[disk].parts).map(|part| part.volume);
    let windows: Vec<VolumeId> =
        parts.filter(|volume| scene.now.volumes[*volume].is(WINDOWS) || one_in(chance, 12)).collect();
    match chance.below(12) {
        0..=2 if !windows.is_empty() => {
            command.windows = pick(chance, &windows);
            let loaders = scene.names().filter(|name| name.role == Role::Loader);
            let entries: Vec<Guid> = loaders.map(|name| name.object).collect();
            if one_in(chance, 3) {
                command.entry = pick(chance, &entries);
            }
        }
        3 => command.system = Some(scene.now.system()),
        4 | 5 => command.against = true,
        6 | 7 => command.restore_identity = true,
        8 | 9 => command.drive_letters = true,
        10 => command.firmware_entries = true,
        _ => {}
    }
    // A record is used for the other cure as well.
    command.restore_identity |= command.against && one_in(chance, 3);
    command
}
