//! Findings about storage drivers: whether each Windows would start from the controllers that the user asked for (`--on`).

use std::collections::BTreeSet;

use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::context::Context;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::remedy::Switch;
use crate::diagnosis::model::subject::Place;
use crate::diagnosis::model::subject::Subject;
use crate::diagnosis::windows::lack::Lack;
use crate::diagnosis::windows::readiness::Readiness;
use crate::diagnosis::windows::start_edits::StartEdits;
use crate::diagnosis::windows::starts_on::StartsOn;
use crate::diagnosis::windows::starts_on::starts_on;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::layout::windows::WindowsVolume;

/// The answers of a Windows of this disk for the controllers that it was asked for; none where it was not asked.
#[must_use]
pub fn of_windows(layout: &Layout, windows: &WindowsVolume) -> Vec<StartsOn> {
    let Some(asked) = &windows.drivers else { return Vec::new() };
    let doubt = doubt(layout, windows);
    let machine =
        layout.boot_file(windows.volume, &windows.kernel_path()).and_then(|kernel| kernel.machine());
    let one = |controller| match (&doubt, &asked.found) {
        (_, Err(cause)) => StartsOn::unknown(controller, format!("its SYSTEM hive cannot be read: {cause}")),
        (Some(why), Ok(_)) => StartsOn::unknown(controller, why.clone()),
        (None, Ok(drivers)) => starts_on(drivers, &windows.root, machine, controller),
    };
    asked.controllers.iter().map(one).collect()
}

/// Why what stands in the SYSTEM hive may not be what Windows will read there.
fn doubt(layout: &Layout, windows: &WindowsVolume) -> Option<String> {
    let mounted = layout.hive_of(windows)?;
    if mounted.dirty {
        return Some(
            "the last write to its SYSTEM hive is incomplete, and its logs are not replayed".to_owned(),
        );
    }
    let log = mounted.newer_logs.first()?;
    Some(format!("a log of its SYSTEM hive may hold something newer: {log}"))
}

/// All findings; `way` are the volumes on the boot path, none where they are not known.
#[must_use]
pub(crate) fn findings(layout: &Layout, context: &Context, way: &BTreeSet<VolumeIndex>) -> Vec<Finding> {
    let on = context.choice.on;
    let mut findings = Vec::new();
    for windows in &layout.windows {
        let mut edits = StartEdits::new(layout, windows);
        for answer in of_windows(layout, windows).iter().filter(|answer| on.has(answer.controller)) {
            let remedy = remedy(context, answer, edits.as_mut());
            findings.push(Finding { remedy, ..finding(layout, windows, answer, way) });
        }
    }
    findings
}

/// What can be done: the start values that the user asked for, or the switch that asks for them.
fn remedy(context: &Context, answer: &StartsOn, edits: Option<&mut StartEdits<'_>>) -> Remedy {
    let advice = || advice(answer).map_or(Remedy::None, Remedy::Advice);
    let Some(edits) = edits.filter(|_| !answer.patches.is_empty()) else { return advice() };
    let controller = answer.controller;
    if context.choice.load.has(controller) {
        return Remedy::Edit(edits.of(&answer.patches));
    }
    if answer.readiness == Readiness::Ready || !edits.is_writable() {
        return advice();
    }
    let what = format!("`fix --on={controller}` has its drivers loaded at boot");
    Remedy::Switch(Switch::On(controller), what)
}

fn finding(
    layout: &Layout,
    windows: &WindowsVolume,
    answer: &StartsOn,
    way: &BTreeSet<VolumeIndex>,
) -> Finding {
    let controller = answer.controller;
    let text = format!("{} on {controller}", layout.name(windows.volume));
    let subject = Subject::new(Place::Controller(windows.volume, controller), text);
    let is_started = way.is_empty() || way.contains(&windows.volume);
    let stops = if is_started { Severity::BlocksBoot } else { Severity::Degrades };
    let first = answer.lacks.first().map(ToString::to_string).unwrap_or_default();
    let (code, severity, message) = match answer.readiness {
        Readiness::Ready => {
            (Code::StorageDriverReady, Severity::Note, format!("it has the drivers to start on {controller}"))
        }
        Readiness::ReadyButOverridden => (
            Code::StorageDriverOverridden,
            Severity::Degrades,
            format!("Windows may stop with 0x7B: {first}"),
        ),
        Readiness::Unknown => (
            Code::StorageDriverUnknown,
            Severity::Degrades,
            format!("whether Windows starts on {controller} cannot be determined: {first}"),
        ),
        Readiness::Patchable => {
            (Code::StorageDriverStart, stops, format!("Windows would stop with 0x7B: {first}"))
        }
        Readiness::Staged => {
            (Code::StorageDriverStaged, stops, format!("Windows would stop with 0x7B: {first}"))
        }
        Readiness::NotReady => {
            (Code::StorageDriverMissing, stops, format!("Windows would stop with 0x7B: {first}"))
        }
    };
    let evidence = evidence(answer);
    Finding { evidence, ..Finding::plain(code, severity, subject, message) }
}

fn evidence(answer: &StartsOn) -> Vec<String> {
    let drivers = (!answer.services.is_empty()).then(|| format!("drivers: {}", answer.services.join(", ")));
    let others = answer.lacks.iter().skip(1).map(ToString::to_string);
    drivers.into_iter().chain(others).collect()
}

fn advice(answer: &StartsOn) -> Option<String> {
    let controller = answer.controller;
    Some(match answer.readiness {
        Readiness::Ready => return None,
        Readiness::ReadyButOverridden => {
            "the override is for the hardware on which Windows ran: other hardware ignores it, the same (or a machine with its UUID) does not"
                .to_owned()
        }
        Readiness::Patchable => {
            "in Windows, before the move: set the drivers to load at boot (`sc config NAME start= boot`); after it: start once in safe mode \
             (`bcdrescue bcd safe-mode DISK`), which loads all of them"
                .to_owned()
        }
        Readiness::Staged | Readiness::NotReady => {
            format!(
                "install the driver in Windows before the move, with a second disk on {controller} attached once, or convert the disk with `virt-v2v`"
            )
        }
        Readiness::Unknown => match answer.lacks.first() {
            Some(Lack::Hive(_)) => "start Windows once and shut it down fully, so that its hive is complete",
            _ => "start a copy of the disk on such a machine before the move",
        }
        .to_owned(),
    })
}
