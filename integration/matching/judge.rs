//! The oracle: what each element meant is known, so what a repair made of it is right, left or wrong.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use bcdrescue::bcd::QualifiedPartition;
use bcdrescue::guid::Guid;

use crate::matching::boot;
use crate::matching::fault::Fault;
use crate::matching::machine::Machine;
use crate::matching::other_bytes;
use crate::matching::outcome::Outcome;
use crate::matching::outcome::outcomes;
use crate::matching::outcome::show;
use crate::matching::outcome::show_place;
use crate::matching::run::Ran;
use crate::matching::scene::Scene;
use crate::matching::store::Name;
use crate::matching::store::Role;

/// All that is wrong with what a command did.
pub fn judge(scene: &Scene, ran: &Ran) -> Vec<Fault> {
    let outcomes = outcomes(scene, &ran.after);
    let now = scene.now.with_identity_of(0, &ran.after);
    let mut judge = Judge { scene, now: &now, faults: Vec::new() };
    ran.faults.iter().for_each(|fault| judge.fault("repair", fault.clone()));
    if scene.command.restore_identity && now.disks[0].id != scene.now.disks[0].id {
        judge.restored();
    }
    judge.elements(&outcomes);
    judge.places(&outcomes);
    let mut faults = judge.faults;
    faults.extend(boot::faults(scene, &now, &outcomes));
    faults.extend(other_bytes::faults(scene, ran, &outcomes));
    faults
}

struct Judge<'a> {
    scene: &'a Scene,
    /// With the identity that the disk has after the repair.
    now: &'a Machine,
    faults: Vec<Fault>,
}

impl Judge<'_> {
    fn fault(&mut self, rule: &'static str, what: String) {
        self.faults.push(Fault { rule, what });
    }

    /// The identities that an element may come to name.
    fn right(&self, name: &Name) -> Vec<QualifiedPartition> {
        let meant = name.meant.into_iter().flat_map(|meant| self.scene.now.successors(meant));
        let seen = meant
            .filter(|volume| self.scene.now.place(*volume).is_some_and(|(disk, _)| self.scene.is_seen(disk)));
        seen.filter_map(|volume| self.scene.now.identity(volume)).collect()
    }

    fn elements(&mut self, outcomes: &[Outcome<'_>]) {
        let command = self.scene.command;
        let chosen = command.windows.and_then(|volume| self.scene.now.identity(volume));
        let system = command.system.and_then(|volume| self.scene.now.identity(volume));
        let of_entry =
            |name: &Name| name.role.is_windows() && (command.entry.is_none() || command.entry == name.entry);
        // With the elements of a Windows goes what names the same place.
        let by_choice: BTreeSet<QualifiedPartition> = outcomes
            .iter()
            .filter(|outcome| of_entry(outcome.name) && Some(outcome.after) == chosen)
            .map(|outcome| outcome.name.named)
            .collect();
        let mut to_chosen = BTreeSet::new();
        for outcome in outcomes.iter().filter(|outcome| outcome.is_changed()) {
            let name = outcome.name;
            let right = self.right(name);
            let may = match name.role {
                Role::Inner => false,
                Role::Firmware => command.firmware_entries && right.contains(&outcome.after),
                Role::System if Some(outcome.after) == system => true,
                _ if right.contains(&outcome.after) => true,
                _ if Some(outcome.after) == chosen && by_choice.contains(&name.named) => {
                    to_chosen.insert((name.entry.filter(|_| name.role.is_windows()), name.named));
                    true
                }
                _ => false,
            };
            if !may {
                self.fault(self.kind(name), show(self.scene, outcome));
            } else if right.contains(&name.named) {
                self.fault("was right, and was changed", show(self.scene, outcome));
            }
        }
        // A resume object goes with its loader, by whatever names both were known.
        let entries: BTreeSet<Guid> = to_chosen.iter().filter_map(|(entry, _)| *entry).collect();
        if to_chosen.len() > 1 && entries.len() > 1 {
            self.fault("two places to the chosen Windows", format!("{to_chosen:x?}"));
        }
    }

    /// The rule that is broken where a name came to name something that it did not mean.
    fn kind(&self, name: &Name) -> &'static str {
        let place = name.meant.map(|meant| self.scene.now.place(meant));
        match (name.role, place) {
            (Role::Inner, _) => "the inside of a virtual disk was changed",
            (Role::Firmware, _) => "a firmware entry was changed",
            (Role::Ntldr, _) => "{ntldr} names what it did not mean",
            (_, None | Some(None)) => "meant what is gone, and names something",
            (_, Some(Some((0, _)))) => "meant a volume of this disk, and names another",
            (_, Some(Some(_))) => "meant a volume of another disk, and names something else",
        }
    }

    /// One old place, one answer.
    fn places(&mut self, outcomes: &[Outcome<'_>]) {
        let mut places: BTreeMap<QualifiedPartition, Vec<&Outcome<'_>>> = BTreeMap::new();
        for outcome in outcomes.iter().filter(|outcome| !outcome.name.role.is_fixed()) {
            places.entry(outcome.name.named).or_default().push(outcome);
        }
        let is_chosen = self.scene.command.windows.or(self.scene.command.system).is_some();
        // By the user's word an entry may go where nothing else of its place is.
        let chosen = self.scene.command.windows.and_then(|volume| self.scene.now.identity(volume));
        for (place, outcomes) in places {
            let answers: BTreeSet<QualifiedPartition> =
                outcomes.iter().map(|outcome| outcome.after).collect();
            let changed =
                answers.iter().filter(|answer| **answer != place && Some(**answer) != chosen).count();
            if changed > 1 {
                self.fault("one place, two answers", show_place(self.scene, place));
            }
            if changed == 1 && answers.contains(&place) && !is_chosen {
                self.fault("half of a place", show_place(self.scene, place));
            }
        }
    }

    /// What was given back was this disk's, and no element is worse off.
    fn restored(&mut self) {
        let (before, after) = (&self.scene.now.disks[0], &self.now.disks[0]);
        if !self.scene.now.had(after.name, after.id) {
            self.fault("an identity that it never had", after.id.text());
        }
        let pairs = before.parts.iter().zip(&after.parts);
        for (_, part) in pairs.filter(|(before, after)| before.guid != after.guid) {
            let is_part = self.scene.had_by_place(part.start, part.guid);
            if !self.scene.now.had_guid(part.volume, part.guid) && !is_part {
                self.fault("a GUID that it never had", part.guid.to_string());
            }
        }
        let was_right = |name: &&Name| {
            let meant = name.meant.and_then(|meant| self.scene.now.identity(meant));
            !name.role.is_fixed() && meant == Some(name.named)
        };
        let lost = |name: &&Name| name.meant.and_then(|meant| self.now.identity(meant)) != Some(name.named);
        let lost: Vec<String> = self
            .scene
            .names()
            .filter(was_right)
            .filter(lost)
            .map(|name| format!("{:?} {:x?}", name.role, name.named))
            .collect();
        lost.into_iter().for_each(|what| self.fault("was right before the identity", what));
    }
}
