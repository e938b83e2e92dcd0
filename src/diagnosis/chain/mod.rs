//! The way from the firmware to the kernel, walked as firmware and boot manager would, hop by hop.
//!
//! Order and failures: Microsoft, "Boot process"; ReactOS `boot/environ` for the boot manager's part. A hop is broken
//! when a finding that blocks the boot belongs to it; the first broken one is what the user sees on the screen.

mod loader;
mod start;
mod without_system;

use crate::bcd::element::ElementId;
use crate::bcd::index::ObjectIndex;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::context::Context;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::hop::Hop;
use crate::diagnosis::model::hop::HopKind;
use crate::diagnosis::model::hop::State;
use crate::diagnosis::model::resolution::Resolution;
use crate::diagnosis::model::subject::Place;
use crate::diagnosis::resolve::reference::Reference;
use crate::diagnosis::store::menu::main_entry;
use crate::layout::Layout;
use crate::layout::index::StoreIndex;
use crate::layout::index::VolumeIndex;

/// Walks the chain of the firmware that this disk starts on; empty when there is no Windows and nothing to start.
#[must_use]
pub(crate) fn walk(
    layout: &Layout,
    context: &Context,
    references: &[Reference],
    answers: &[Resolution],
    findings: &[Finding],
) -> Vec<Hop> {
    let mut chain = Chain { layout, context, findings, volume: None, entry: None, hops: Vec::new() };
    let Some(system) = layout.first_system() else {
        if !layout.windows.is_empty() {
            chain.without_system();
        }
        return chain.hops;
    };
    chain.volume = Some(system.volume);
    let firmware = system.firmware();
    chain.before_the_store(system, firmware);
    if system.is_ntldr_only() {
        chain.boot_ini(system);
        return chain.hops;
    }
    let store = layout.stores_indexed().find(|(_, file)| {
        file.volume == system.volume && file.live && !file.recovery && file.firmware == firmware
    });
    let Some((store_index, file)) = store else {
        chain.add(
            HopKind::Store,
            "none".into(),
            &[Code::StoreMissing, Code::StoreElsewhere, Code::StoreUnknown],
        );
        chain.unsure();
        return chain.hops;
    };
    chain.store(store_index, file);
    if let Some(store) = file.parsed()
        && let Some(index) = main_entry(store)
        && let Some(object) = store.object_at(index)
    {
        chain.entry = Some((store_index, index));
        chain.entry(store, object);
        let of_entry: Vec<(&Reference, &Resolution)> = references
            .iter()
            .zip(answers)
            .filter(|(reference, _)| reference.store == store_index && reference.object == index)
            .collect();
        chain.loader(object, &of_entry);
    } else if let Some(store) = file.parsed() {
        chain.no_entry(store);
    }
    chain.hops
}

/// Whether the finding is about this element of the entry.
fn is_about(finding: &Finding, entry: Option<(StoreIndex, ObjectIndex)>, id: ElementId) -> bool {
    entry.is_some_and(|(store, object)| finding.is_about(store, object, id))
}

struct Chain<'a> {
    layout: &'a Layout,
    context: &'a Context,
    findings: &'a [Finding],
    /// The volume that the firmware comes to.
    volume: Option<VolumeIndex>,
    /// The entry that starts by itself: index of its store, and its own there.
    entry: Option<(StoreIndex, ObjectIndex)>,
    hops: Vec<Hop>,
}

impl<'a> Chain<'a> {
    /// Adds a hop that is broken when one of the findings with these codes blocks the boot.
    fn add(&mut self, kind: HopKind, evidence: String, codes: &[Code]) {
        self.add_where(kind, evidence, |finding| codes.contains(&finding.code));
    }

    /// Adds a hop that is broken when one of the findings with these codes about this place blocks the boot.
    fn add_at(&mut self, kind: HopKind, evidence: String, place: &Place, codes: &[Code]) {
        self.add_where(kind, evidence, |finding| {
            codes.contains(&finding.code) && finding.subject.place() == place
        });
    }

    fn add_where(&mut self, kind: HopKind, evidence: String, breaks: impl Fn(&Finding) -> bool) {
        let finding = self
            .findings
            .iter()
            .position(|finding| finding.severity == Severity::BlocksBoot && breaks(finding));
        let state = match finding.and_then(|index| self.findings.get(index)) {
            // That nobody can look breaks nothing.
            Some(finding) if finding.code == Code::FileUnknown => State::Unknown,
            Some(_) => State::Broken,
            None => State::Ok,
        };
        self.hops.push(Hop { kind, state, evidence, finding });
    }

    /// Nobody can tell whether the last hop is as it should be, where nothing breaks it.
    fn unsure(&mut self) {
        if let Some(hop) = self.hops.last_mut().filter(|hop| hop.state == State::Ok) {
            hop.state = State::Unknown;
        }
    }
}
