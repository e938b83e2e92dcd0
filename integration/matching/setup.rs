//! A machine by chance, as it was when its store was written.

use bcdrescue::bcd::QualifiedPartition;
use bcdrescue::guid::Guid;
use bcdrescue::partition::DiskId;

use crate::matching::disk::Disk;
use crate::matching::disk::SLOTS;
use crate::matching::entries::Writer;
use crate::matching::letters::Letter;
use crate::matching::machine::Machine;
use crate::matching::volume::BIOS;
use crate::matching::volume::BIOS_STORE;
use crate::matching::volume::ESP;
use crate::matching::volume::PHOTOS;
use crate::matching::volume::RECOVERY;
use crate::matching::volume::RECOVERY_STORE;
use crate::matching::volume::UEFI_STORE;
use crate::matching::volume::VHD;
use crate::matching::volume::Volume;
use crate::matching::volume::WIN_RE;
use crate::matching::volume::WINDOWS;
use crate::matching::volume::XP;
use crate::matching::volume_id::VolumeId;
use crate::support::chance::Chance;

/// One in so many.
pub fn one_in(chance: &mut Chance, many: usize) -> bool {
    chance.below(many) == 0
}

/// One of several; none of none.
pub fn pick<T: Clone>(chance: &mut Chance, all: &[T]) -> Option<T> {
    if all.is_empty() { None } else { Some(all[chance.below(all.len())].clone()) }
}

/// Entries of a store, at most.
const ENTRIES_MAX: usize = 4;

/// A machine with one to three disks.
pub fn machine(chance: &mut Chance) -> Machine {
    let mut machine = Machine::new();
    let is_uefi = one_in(chance, 3);
    for name in ['A', 'B', 'C'].into_iter().take(1 + chance.below(6) / 3 + chance.below(6) / 5) {
        let is_gpt = if name == 'A' || !one_in(chance, 6) { is_uefi } else { !is_uefi };
        disk(chance, &mut machine, name, is_gpt, is_uefi);
    }
    letters(chance, &mut machine);
    let system = machine.disks[0].parts[0].volume;
    machine.volumes[system].stores = stores(chance, &machine, system, is_uefi);
    machine
}

fn disk(chance: &mut Chance, machine: &mut Machine, name: char, is_gpt: bool, is_uefi: bool) {
    let id = if is_gpt { DiskId::Gpt(machine.fresh_guid()) } else { DiskId::Mbr(machine.fresh()) };
    let mut disk = Disk::new(name, id);
    disk.primaries = [4, 4, 3, 2][chance.below(4)];
    let is_first = name == 'A';
    let mut wanted = Vec::new();
    for number in 1..=[1, 1, 1, 2, 2, 3][chance.below(6)] {
        wanted.push((format!("Windows {number}"), WINDOWS));
    }
    if !is_uefi && one_in(chance, 4) {
        wanted.push(("XP".into(), XP));
    }
    for number in 1..=[0, 0, 1, 1, 2][chance.below(5)] {
        wanted.push((format!("recovery {number}"), RECOVERY));
    }
    if one_in(chance, 5) {
        wanted.push(("virtual disk".into(), VHD));
    }
    if one_in(chance, 4) {
        wanted.push(("data".into(), PHOTOS));
    }
    let mut order = Vec::new();
    while !wanted.is_empty() {
        order.push(wanted.swap_remove(chance.below(wanted.len())));
    }
    if is_first || one_in(chance, 3) {
        order.insert(0, ("system".into(), if is_uefi { ESP } else { BIOS }));
    }
    // An old machine: boot manager and Windows, or XP, on one volume.
    if is_first && !is_uefi && one_in(chance, 8) {
        let (other, kind) = order.remove(1);
        order[0] = (format!("{other} with the boot manager"), BIOS | kind);
    }
    let mut slot = 0;
    for (what, kind) in order {
        let serial = machine.fresh();
        let mut volume = Volume::new(&format!("{what} of {name}"), kind, serial);
        if kind == WINDOWS {
            volume.is_encrypted = one_in(chance, 12);
            volume.own_recovery = one_in(chance, 4).then(|| format!(r"\Recovery\{serial:08x}"));
        }
        let volume = machine.volume(volume);
        if slot > 0 && one_in(chance, 5) && slot + 4 < SLOTS.len() {
            slot += 1;
        }
        if slot < SLOTS.len() {
            disk.add(volume, slot, machine.fresh_guid());
        }
        slot += 1;
    }
    machine.disks.push(disk);
}

/// What each Windows remembers: itself as C:, and some others.
fn letters(chance: &mut Chance, machine: &mut Machine) {
    let places: Vec<(usize, VolumeId)> = machine
        .disks
        .iter()
        .enumerate()
        .flat_map(|(index, disk)| disk.parts.iter().map(move |part| (index, part.volume)))
        .collect();
    for (_, own) in &places {
        if !machine.volumes[*own].is(WINDOWS | XP) {
            continue;
        }
        let others = places.iter().filter(|(_, volume)| volume != own && chance.below(2) == 0);
        let all: Vec<VolumeId> =
            [*own].into_iter().chain(others.map(|(_, volume)| *volume)).take(6).collect();
        let letter = |(index, meant): (usize, &VolumeId)| Letter {
            name: format!(r"\DosDevices\{}:", char::from(b'C' + index as u8)),
            meant: *meant,
            named: machine.identity(*meant).expect("on a disk"),
        };
        machine.volumes[*own].letters = all.iter().enumerate().map(letter).collect();
    }
}

fn stores(
    chance: &mut Chance,
    machine: &Machine,
    system: VolumeId,
    is_uefi: bool,
) -> Vec<crate::matching::store::StoreSpec> {
    let mut writer = Writer::new(machine, if is_uefi { UEFI_STORE } else { BIOS_STORE });
    let of_disk = |index: usize, kind: u16| -> Vec<VolumeId> {
        let parts = machine.disks[index].parts.iter().map(|part| part.volume);
        parts.filter(|volume| machine.volumes[*volume].is(kind)).collect()
    };
    let mut windows = Vec::new();
    for index in 0..machine.disks.len() {
        for volume in of_disk(index, WINDOWS) {
            // Of another disk's Windows fewer are in this store.
            if if index == 0 { !one_in(chance, 6) } else { one_in(chance, 2) } {
                windows.push((index, volume));
            }
        }
    }
    windows.truncate(ENTRIES_MAX);
    let id = |kind: u128, number: usize| {
        Guid::from_u128(kind << 100 | (number as u128) << 96 | 0xfc0c_11de_8f38_8e2c_5384_be89)
    };
    let order: Vec<Guid> = (0..windows.len()).map(|number| id(1, number)).collect();
    writer.boot_manager(system, !one_in(chance, 4), &order);
    if !one_in(chance, 4) {
        writer.memory_test(system);
    }
    for (number, (disk, volume)) in windows.iter().enumerate() {
        let own = machine.volumes[*volume].own_recovery.clone().map(|folder| (*volume, folder));
        let others = of_disk(*disk, RECOVERY);
        let elsewhere = pick(chance, &others).map(|volume| (volume, WIN_RE.to_owned()));
        let recovery = own.or(elsewhere);
        let recovery_id = recovery.is_some().then(|| id(3, number));
        writer.windows(order[number], id(2, number), *volume, recovery_id);
        if let Some((on, folder)) = recovery {
            writer.recovery(id(3, number), id(4, number), on, &folder);
        }
    }
    let xp: Vec<VolumeId> = (0..machine.disks.len()).flat_map(|index| of_disk(index, XP)).collect();
    if let Some(xp) = pick(chance, &xp).filter(|_| !one_in(chance, 4)) {
        writer.ntldr(xp);
    }
    for (number, host) in (0..machine.disks.len()).flat_map(|index| of_disk(index, VHD)).enumerate() {
        // The partition in a virtual disk may have the very identity of one outside.
        let inner = match (one_in(chance, 2), is_uefi) {
            (true, _) => machine.identity(system).expect("on a disk"),
            (false, true) => QualifiedPartition::Gpt { disk: id(8, number), partition: id(9, number) },
            (false, false) => QualifiedPartition::Mbr { signature: 0xf549_dc16, offset: 0x10_0000 },
        };
        writer.virtual_disk(id(5, number), host, inner);
    }
    if is_uefi && one_in(chance, 2) {
        writer.firmware(id(6, 0), system, true);
        writer.firmware(id(6, 1), system, false);
    }
    let mut stores = vec![writer.done()];
    let recoveries = of_disk(0, RECOVERY);
    if let Some(on) = recoveries.first().filter(|_| is_uefi && one_in(chance, 3)) {
        let mut writer = Writer::new(machine, RECOVERY_STORE);
        writer.boot_manager(system, true, &[]);
        writer.recovery(id(7, 0), id(7, 1), *on, WIN_RE);
        stores.push(writer.done());
    }
    stores
}
