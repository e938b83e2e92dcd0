//! Named cases: machines like those of the mass run, each with the one right outcome.

use bcdrescue::bcd::object_id::BOOTMGR;
use bcdrescue::bcd::object_id::NTLDR;

use crate::matching::build::Build;
use crate::matching::build::entry;
use crate::matching::judge::judge;
use crate::matching::operation::Operation;
use crate::matching::outcome::outcomes;
use crate::matching::run::run;
use crate::matching::scene::Attached;
use crate::matching::scene::Scene;
use crate::matching::store::Name;
use crate::matching::story::story;
use crate::matching::volume::PHOTOS;
use crate::matching::volume::RECOVERY;
use crate::matching::volume::WIN_RE;
use crate::matching::volume::WINDOWS;
use crate::matching::volume::XP;
use crate::matching::volume_id::VolumeId;

/// What must have become of an element.
enum Want {
    Left,
    /// It names the present identity of this volume.
    Names(VolumeId),
}

/// Runs the command; nothing may be wrong, and each element is what `want` says of it.
#[track_caller]
fn expect(scene: &Scene, want: impl Fn(&Name) -> Want) {
    let ran = run(scene);
    let faults = judge(scene, &ran);
    assert!(faults.is_empty(), "{}\n{faults:#?}", story(scene, &ran));
    for outcome in outcomes(scene, &ran.after) {
        let wanted = match want(outcome.name) {
            Want::Left => Some(outcome.name.named),
            Want::Names(volume) => scene.now.identity(volume),
        };
        let which = format!("{:?} of {}", outcome.name.role, outcome.name.object);
        assert_eq!(Some(outcome.after), wanted, "{which}\n{}", story(scene, &ran));
    }
}

#[track_caller]
fn expect_nothing_written(scene: &Scene) {
    expect(scene, |_| Want::Left);
}

/// Everything is as it was meant.
#[track_caller]
fn expect_cured(scene: &Scene) {
    expect(scene, |name| Want::Names(name.meant.expect("a volume")));
}

/// A system volume and an old Windows of no entry on A; the only entry is of the Windows at the same place of B.
fn foreign_at_a_coinciding_place() -> (Scene, VolumeId) {
    let mut build = Build::bios(2);
    let system = build.system(0);
    build.part(0, 1, WINDOWS);
    let foreign = build.part(1, 1, WINDOWS);
    let scene = build.scene(system, |writer| {
        writer.boot_manager(system, true, &[entry(1)]);
        writer.windows(entry(1), entry(2), foreign, None);
    });
    (scene, foreign)
}

#[test]
fn an_entry_of_an_absent_disk_is_left_where_another_windows_is_at_its_place() {
    expect_nothing_written(&foreign_at_a_coinciding_place().0);
}

#[test]
fn an_entry_of_a_disk_beside_follows_its_windows_there() {
    let (mut scene, foreign) = foreign_at_a_coinciding_place();
    scene.happen(Operation::Move(foreign, 4, true));
    expect_nothing_written(&scene);
    scene.attached = vec![Attached::Companion];
    expect_cured(&scene);
}

/// A with two Windows that have both moved; B beside has one of its own, which no entry means.
fn two_moved(encrypted: bool) -> Scene {
    let mut build = Build::bios(2);
    let system = build.system(0);
    let [one, other] = [1, 2].map(|slot| build.part(0, slot, WINDOWS));
    for volume in [one, other] {
        build.machine.volumes[volume].is_encrypted = encrypted;
    }
    build.part(1, 5, WINDOWS);
    let mut scene = build.scene(system, |writer| {
        writer.boot_manager(system, true, &[entry(1), entry(3)]);
        writer.windows(entry(1), entry(2), one, None);
        writer.windows(entry(3), entry(4), other, None);
    });
    scene.happen(Operation::Move(one, 3, true));
    scene.happen(Operation::Move(other, 4, true));
    scene.attached = vec![Attached::Companion];
    scene
}

#[test]
fn the_windows_of_a_disk_beside_is_not_taken_for_one_of_two_that_moved() {
    expect_nothing_written(&two_moved(false));
}

#[test]
fn the_windows_of_a_disk_beside_is_not_taken_for_one_that_is_encrypted() {
    expect_nothing_written(&two_moved(true));
}

/// XP and the boot manager on A where 7 is on B.
fn xp_here_and_7_there() -> (Scene, VolumeId, VolumeId) {
    let mut build = Build::bios(2);
    let xp = build.system_with(0, XP);
    let seven = build.part(1, 0, WINDOWS);
    let scene = build.scene(xp, |writer| {
        writer.boot_manager(xp, true, &[entry(1)]);
        writer.ntldr(xp);
        writer.windows(entry(1), entry(2), seven, None);
    });
    (scene, xp, seven)
}

#[test]
fn a_sound_pair_of_disks_is_left() {
    let (mut scene, ..) = xp_here_and_7_there();
    scene.attached = vec![Attached::Companion];
    expect_nothing_written(&scene);
}

#[test]
fn system_root_and_loader_stay_together_where_xp_took_the_place_beside() {
    let mut build = Build::bios(2);
    let system = build.system_with(0, XP);
    let seven = build.part(1, 0, WINDOWS);
    let other_xp = build.part(1, 3, XP);
    let mut scene = build.scene(system, |writer| {
        writer.boot_manager(system, true, &[entry(1)]);
        writer.windows(entry(1), entry(2), seven, None);
    });
    scene.happen(Operation::NewId(1));
    scene.happen(Operation::Move(seven, 2, true));
    scene.happen(Operation::Clone(other_xp, 0));
    scene.attached = vec![Attached::Companion];
    expect_cured(&scene);
}

#[test]
fn system_root_and_loader_stay_together_where_xp_took_the_place_here() {
    let mut build = Build::bios(1);
    let xp = build.system_with(0, XP);
    let seven = build.part(0, 1, WINDOWS);
    let mut scene = build.scene(xp, |writer| {
        writer.boot_manager(xp, true, &[entry(1)]);
        writer.ntldr(xp);
        writer.windows(entry(1), entry(2), seven, None);
    });
    scene.happen(Operation::NewId(0));
    scene.happen(Operation::Move(seven, 2, true));
    let copy = scene.now.volume(crate::matching::volume::Volume::new("copy of XP", XP, 77));
    let guid = scene.now.fresh_guid();
    scene.now.disks[0].add(copy, 1, guid);
    expect_cured(&scene);
}

#[test]
fn ntldr_of_a_disk_that_is_not_here_is_left() {
    let mut build = Build::bios(2);
    let system = build.system(0);
    let windows = build.part(0, 1, WINDOWS);
    let xp = build.part(1, 1, XP);
    let scene = build.scene(system, |writer| {
        writer.boot_manager(system, true, &[entry(1)]);
        writer.windows(entry(1), entry(2), windows, None);
        writer.ntldr(xp);
    });
    expect_nothing_written(&scene);
}

#[test]
fn ntldr_follows_its_xp() {
    let mut build = Build::bios(1);
    let system = build.system(0);
    let windows = build.part(0, 1, WINDOWS);
    let xp = build.part(0, 2, XP);
    let mut scene = build.scene(system, |writer| {
        writer.boot_manager(system, true, &[entry(1)]);
        writer.windows(entry(1), entry(2), windows, None);
        writer.ntldr(xp);
    });
    scene.happen(Operation::Move(xp, 3, true));
    expect(&scene, |name| match name.object {
        NTLDR => Want::Names(xp),
        _ => Want::Left,
    });
}

/// Two Windows with an entry each.
fn two_windows() -> (Scene, VolumeId, VolumeId) {
    let mut build = Build::bios(1);
    let system = build.system(0);
    let [one, other] = [1, 2].map(|slot| build.part(0, slot, WINDOWS));
    let scene = build.scene(system, |writer| {
        writer.boot_manager(system, true, &[entry(1), entry(3)]);
        writer.memory_test(system);
        writer.windows(entry(1), entry(2), one, None);
        writer.windows(entry(3), entry(4), other, None);
    });
    (scene, one, other)
}

#[test]
fn a_choice_is_not_about_places_that_are_proven() {
    let (mut scene, one, other) = two_windows();
    scene.happen(Operation::NewId(0));
    for chosen in [one, other] {
        scene.command.windows = Some(chosen);
        expect_cured(&scene);
    }
}

#[test]
fn a_deleted_windows_is_left_beside_a_healthy_one() {
    for is_new in [false, true] {
        let (mut scene, one, other) = two_windows();
        if is_new {
            scene.happen(Operation::NewId(0));
        }
        scene.happen(Operation::Delete(other));
        expect(&scene, |name| match name.meant {
            Some(meant) if meant == one || name.object == BOOTMGR => Want::Names(meant),
            Some(meant) if meant != other => Want::Names(meant),
            _ => Want::Left,
        });
    }
}

/// Windows has moved, and photos are where it was.
fn photos_in_its_place() -> Scene {
    let mut build = Build::bios(1);
    let system = build.system(0);
    let windows = build.part(0, 1, WINDOWS);
    let photos = build.part(0, 3, PHOTOS);
    let mut scene = build.scene(system, |writer| {
        writer.boot_manager(system, true, &[entry(1)]);
        writer.windows(entry(1), entry(2), windows, None);
    });
    scene.happen(Operation::Move(windows, 2, true));
    scene.happen(Operation::Move(photos, 1, true));
    scene
}

#[test]
fn a_record_does_not_lead_to_photos() {
    let mut scene = photos_in_its_place();
    scene.happen(Operation::NewId(0));
    for against in [false, true] {
        scene.command.against = against;
        expect_cured(&scene);
    }
}

/// The signature has not changed, so that all elements name a partition that is here: nothing is wrong with leaving them.
#[test]
fn a_record_makes_nothing_else_of_photos_than_a_plain_repair() {
    let mut scene = photos_in_its_place();
    let after = [false, true].map(|against| {
        scene.command.against = against;
        let ran = run(&scene);
        assert_eq!(judge(&scene, &ran), [], "{}", story(&scene, &ran));
        ran.after
    });
    assert!(after[0].is_same(&after[1]));
}

/// One Windows with a recovery partition.
fn one_windows(mut build: Build, system: VolumeId) -> (Scene, VolumeId) {
    let windows = build.part(0, 1, WINDOWS);
    let recovery = build.part(0, 2, RECOVERY);
    let scene = build.scene(system, |writer| {
        writer.boot_manager(system, true, &[entry(1)]);
        writer.memory_test(system);
        writer.windows(entry(1), entry(2), windows, Some(entry(3)));
        writer.recovery(entry(3), entry(4), recovery, WIN_RE);
    });
    (scene, windows)
}

#[test]
fn one_windows_is_cured() {
    for is_gpt in [false, true] {
        let mut build = if is_gpt { Build::uefi(1) } else { Build::bios(1) };
        let system = build.system(0);
        let (scene, windows) = one_windows(build, system);
        let changes: [&[Operation]; 5] = [
            &[Operation::NewId(0)],
            &[Operation::NewGuids(0)],
            &[Operation::Move(windows, 4, true)],
            &[Operation::Move(windows, 4, false)],
            &[Operation::NewId(0), Operation::Move(windows, 4, true)],
        ];
        for change in
            changes.into_iter().filter(|change| is_gpt || !matches!(change, [Operation::NewGuids(_)]))
        {
            let mut scene = scene.clone();
            change.iter().for_each(|operation| scene.happen(operation.clone()));
            assert!(scene.is_plain());
            expect_cured(&scene);
        }
    }
}
