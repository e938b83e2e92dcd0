//! What a person needs to judge a failing seed.

use std::fmt::Write;

use crate::matching::machine::Machine;
use crate::matching::operation::show_object;
use crate::matching::outcome::outcomes;
use crate::matching::outcome::show;
use crate::matching::run::Ran;
use crate::matching::scene::Scene;

/// The machine, what happened, the command, and every element.
pub fn story(scene: &Scene, ran: &Ran) -> String {
    let mut text = String::from("then:\n");
    machine(&mut text, &scene.then);
    for operation in &scene.operations {
        let _ = writeln!(text, "  * {}", operation.show(&scene.now));
    }
    text.push_str("now:\n");
    machine(&mut text, &scene.now);
    let _ = writeln!(text, "command: {}", command(scene));
    let _ = writeln!(text, "end: {:?}", ran.end);
    for outcome in outcomes(scene, &ran.after) {
        let _ = writeln!(text, "  {}", show(scene, &outcome));
    }
    text
}

fn machine(text: &mut String, machine: &Machine) {
    for disk in &machine.disks {
        let _ = writeln!(text, "  disk {} {}", disk.name, disk.id.text());
        let mut parts: Vec<usize> = (0..disk.parts.len()).collect();
        parts.sort_by_key(|part| disk.parts[*part].start);
        for index in parts {
            let part = &disk.parts[index];
            let volume = &machine.volumes[part.volume];
            let guid =
                if disk.is_gpt() { format!(" {}", &part.guid.to_string()[..8]) } else { String::new() };
            let own = if volume.own_recovery.is_some() { ", WinRE of its own" } else { "" };
            let hidden = if volume.is_encrypted { ", encrypted" } else { "" };
            let number = disk.number(index);
            let _ = writeln!(text, "    {number} at {:x}{guid}: {}{own}{hidden}", part.start, volume.name);
        }
    }
}

/// The command with its switches.
pub fn command(scene: &Scene) -> String {
    let command = &scene.command;
    let mut text = String::from("fix A");
    for (disk, attached) in scene.now.disks.iter().skip(1).zip(&scene.attached) {
        let _ = write!(text, " [{} {attached:?}]", disk.name);
    }
    let name = |volume: usize| &scene.now.volumes[volume].name;
    let windows = command.windows.map(|volume| format!(" --windows <{}>", name(volume)));
    let entry = command.entry.map(|entry| format!(" --entry {}", show_object(entry)));
    let system = command.system.map(|volume| format!(" --system <{}>", name(volume)));
    let switches = [
        (command.against, " --against"),
        (command.restore_identity, " --restore-identity"),
        (command.drive_letters, " --drive-letters"),
        (command.firmware_entries, " --firmware-entries"),
    ];
    text.extend(windows.into_iter().chain(entry).chain(system));
    text.extend(switches.iter().filter(|(is, _)| *is).map(|(_, switch)| *switch));
    text
}
