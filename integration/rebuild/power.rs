//! The power goes in a rebuild: nothing that started stops starting, undo brings back every byte, and a second run completes or says why
//! the first has to be undone.

use std::sync::Arc;

use bcdrescue::diagnosis::Choice;
use bcdrescue::diagnosis::Context;
use bcdrescue::diagnosis::Verdict;
use bcdrescue::diagnosis::model::rebuild::Orders;
use bcdrescue::diagnosis::model::rebuild::Scope;
use bcdrescue::repair::apply::apply;
use bcdrescue::repair::cure::Cure;
use bcdrescue::repair::error::PlanError;
use bcdrescue::repair::plan;
use bcdrescue::repair::plan::Plan;
use bcdrescue::repair::rebuild_error::RebuildError;
use bcdrescue::repair::record::Record;
use bcdrescue::repair::undo;
use bcdrescue::repair::undo::way_back;
use bcdrescue::storage::Storage;

use crate::rebuild::promise::damaged;
use crate::support::power_cut::Cut;
use crate::support::power_cut::PowerCut;
use crate::support::program::counted;
use crate::support::sparse::SparseRam;
use crate::support::sparse::look_with;

/// 2026-01-02, in 100 ns since 1601.
const NOW: u64 = 134_118_000_000_000_000;

struct Case {
    name: String,
    context: Context,
    before: SparseRam,
    plan: Plan,
    record: Record,
}

fn case(base: &str, damages: &[&str], format: Option<u32>) -> Case {
    let disk = damaged(base, damages);
    let before = SparseRam::read(&disk.path);
    let choice = Choice { rebuild: Some(Scope::Missing), format, ..Choice::default() };
    let orders = Arc::new(Orders { now: NOW, ..Orders::default() });
    let context = Context { choice, orders, ..Context::default() };
    let (layout, diagnosis) = look_with(&before, &context).expect("a sound disk");
    let plan = plan::plan(&before, &layout, &diagnosis, Cure::Repoint).expect("a plan");
    let created = "2026-01-02T03:04:05Z".into();
    let record = Record::of(&plan, &layout, before.len(), "/x/disk.img".into(), created);
    Case { name: format!("{base} {damages:?}"), context, before, plan, record }
}

/// Whether a second run completes; it may say that the file system has to be brought back first.
fn recovers(case: &Case, disk: &SparseRam, story: &str) -> bool {
    let (layout, diagnosis) = look_with(disk, &case.context).expect("the table is there");
    undo::check(&case.record, &layout, disk.len()).unwrap_or_else(|error| panic!("{story}: {error}"));
    let back = way_back(&case.record, disk).unwrap_or_else(|error| panic!("{story}: {error}"));
    let mut undone = disk.clone();
    apply(&mut undone, &back.patches).unwrap_or_else(|error| panic!("{story}: {error}"));
    assert!(undone.is_same(&case.before), "{story}: undo left something");
    match plan::plan(disk, &layout, &diagnosis, Cure::Repoint) {
        Ok(plan) => {
            let mut fixed = disk.clone();
            apply(&mut fixed, &plan.patches).unwrap_or_else(|error| panic!("{story}: {error}"));
            let (_, after) = look_with(&fixed, &case.context).expect("the table is there");
            let left: Vec<_> = after.findings.iter().map(|finding| &finding.message).collect();
            assert_eq!(after.verdict, Verdict::Healthy, "{story}: a second run does not complete: {left:?}");
            true
        }
        Err(PlanError::Rebuild(why)) => {
            let is_of_volume = matches!(*why, RebuildError::Write(..) | RebuildError::NotEmpty { .. });
            assert!(is_of_volume, "{story}: {why}");
            false
        }
        Err(error) => panic!("{story}: {error}"),
    }
}

#[test]
fn power_is_cut_in_a_rebuild() {
    let cases = [
        case("win11-uefi", &["esp-empty"], None),
        case("win11-uefi", &["esp-unformatted"], Some(1)),
        case("win10-bios", &["no-boot-code", "system-reserved-empty"], None),
        case("win2008sp2-bios", &["no-store"], None),
    ];
    let (mut cuts, mut completed) = (0, 0);
    for case in &cases {
        let mut seen: Vec<SparseRam> = Vec::new();
        // What lies between two barriers is alike: a prime number of writes comes to every place of it.
        for writes in (0..case.plan.patches.len()).step_by(3) {
            for cut in [Cut::Kept, Cut::Lost, Cut::LastOnly] {
                let mut disk = PowerCut::new(&case.before, writes);
                // Records and blocks of several sectors are one write.
                if apply(&mut disk, &case.plan.patches).is_ok() {
                    assert!(writes * 2 > case.plan.patches.len(), "{}: {writes} writes", case.name);
                    continue;
                }
                let disk = disk.after(cut);
                if !seen.iter().any(|state| state.is_same(&disk)) {
                    cuts += 1;
                    let story = format!("{}: {cut:?} in write {writes}", case.name);
                    completed += usize::from(recovers(case, &disk, &story));
                    seen.push(disk);
                }
            }
        }
    }
    assert!(completed * 3 > cuts, "{completed} of {cuts}");
    let figures = format!("{cuts} states in {} rebuilds; a second run completes {completed}", cases.len());
    counted("power cuts in a rebuild", &figures);
}
