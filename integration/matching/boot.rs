//! What starts before a repair starts after it.

use std::collections::BTreeMap;

use bcdrescue::bcd::QualifiedPartition;
use bcdrescue::guid::Guid;

use crate::matching::fault::Fault;
use crate::matching::machine::Machine;
use crate::matching::operation::show_object;
use crate::matching::outcome::Outcome;
use crate::matching::scene::Scene;
use crate::matching::store::Role;

/// The elements of one object that its start depends on, each with the file that has to be there.
type Needed<'a> = Vec<(&'a Outcome<'a>, &'a str)>;

/// Entries that started and do not start any more; `now` has the identity that the disk has after the repair.
pub fn faults(scene: &Scene, now: &Machine, outcomes: &[Outcome<'_>]) -> Vec<Fault> {
    let mut entries: BTreeMap<Guid, Needed<'_>> = BTreeMap::new();
    for outcome in outcomes {
        let is_needed = matches!(outcome.name.role, Role::Loader | Role::OsRoot | Role::Image | Role::Ntldr);
        if let Some(file) = outcome.name.file.as_deref().filter(|_| is_needed) {
            entries.entry(outcome.name.object).or_default().push((outcome, file));
        }
    }
    let starts = |machine: &Machine, named: QualifiedPartition, file: &str| {
        machine.resolve(named).is_some_and(|(_, volume)| machine.volumes[volume].has(file))
    };
    // What the user sends elsewhere may not be there.
    let chosen = scene.command.windows.and_then(|volume| scene.now.identity(volume));
    let is_sent = |needed: &Needed<'_>| needed.iter().any(|(outcome, _)| Some(outcome.after) == chosen);
    let stopped = entries.iter().filter(|(_, needed)| !is_sent(needed)).filter(|(_, needed)| {
        needed.iter().all(|(outcome, file)| starts(&scene.now, outcome.name.named, file))
            && !needed.iter().all(|(outcome, file)| starts(now, outcome.after, file))
    });
    stopped.map(|(id, _)| Fault { rule: "started before", what: show_object(*id) }).collect()
}
