//! What `fix` would come to, tried in memory: the switches that it takes, or why it would refuse.
//!
//! Nothing is suggested that was not tried here.

use std::sync::Arc;

use crate::diagnosis::Choice;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Severity;
use crate::diagnosis::Switch;
use crate::diagnosis::Verdict;
use crate::diagnosis::diagnose;
use crate::diagnosis::identity::restore::Restore;
use crate::repair::case::Case;
use crate::repair::cure::Cure;
use crate::repair::error::PlanError;
use crate::repair::refusal::Lift;
use crate::repair::refusal::Refusal;
use crate::repair::transaction::Planned;
use crate::repair::transaction::Stopped;

/// Rounds of further switches, at most: one cure may show the next fault.
const ROUNDS: usize = 4;

/// A repair that would be carried out, and what the disk is then.
#[derive(Debug, Clone)]
pub struct Way {
    /// Which cure.
    pub cure: Cure,
    /// Switches beyond those that the user gave.
    pub switches: Vec<Switch>,
    /// The same that lift refusals.
    pub lifts: Vec<Lift>,
    /// The disk as it is, with these switches.
    pub before: Diagnosis,
    /// The disk as it would be.
    pub after: Diagnosis,
}

impl Way {
    /// Whether Windows would start.
    #[must_use]
    pub fn ends_well(&self) -> bool {
        starts(&self.after)
    }

    /// The further switches as they stand on a command line.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = self.switches.iter().flat_map(Switch::words).collect();
        if self.cure == Cure::RestoreIdentity {
            words.push("--restore-identity".to_owned());
        }
        words.extend(self.lifts.iter().map(|lift| lift.word().to_owned()));
        words
    }
}

/// What `fix` would come to.
#[derive(Debug, Clone, Default)]
pub struct Prospect {
    /// The repair to run; none where there is nothing to repair, or where all would be refused.
    pub way: Option<Way>,
    /// The other cure of a changed identity, where it ends well too.
    pub other: Option<Way>,
    /// Why `fix` with no more switches, or with none that lifts a refusal, would be refused.
    pub refused: Vec<Reason>,
    /// Why giving the old identity back would be refused, where that is known and no switch lifts it.
    pub unrestorable: Option<Reason>,
}

/// Whether Windows starts, by a diagnosis.
#[must_use]
pub fn starts(diagnosis: &Diagnosis) -> bool {
    matches!(diagnosis.verdict, Verdict::Healthy | Verdict::Degraded)
}

/// Looks for the repair that makes Windows start, by as few further switches as that takes.
#[must_use]
pub fn prospect(case: Case<'_>, diagnosis: &Diagnosis) -> Prospect {
    let plain = case.attempt(Cure::Repoint, case.context.choice, &[], &[]);
    let mut refused = plain.as_ref().err().map(reasons).unwrap_or_default();
    let restored = case.restored(diagnosis);
    let unrestorable = restored.as_ref().and_then(|restored| without_way(restored.as_ref().err()?));
    let restored = restored.and_then(Result::ok);
    let other = || restored.clone().filter(Way::ends_well);
    if let Ok(way) = plain.as_ref()
        && way.ends_well()
    {
        let other = other().filter(|other| other.after.verdict == Verdict::Healthy);
        return Prospect { way: plain.ok(), other, refused, unrestorable };
    }
    if diagnosis.verdict == Verdict::Healthy && plain.is_err() {
        return Prospect { way: None, other: other(), refused, unrestorable };
    }
    let (mut choice, mut switches) = case.further(diagnosis, least);
    let is_any = !switches.is_empty() || plain.as_ref().is_err_and(|stopped| wanted(stopped).is_some());
    let first = switches.is_empty().then(|| plain.clone());
    let more = is_any.then(|| case.attempt_wanting(Cure::Repoint, first, &mut choice, &mut switches));
    let well = more.as_ref().and_then(|more| more.as_ref().ok()).filter(|way| way.ends_well());
    let way = well.cloned();
    let way = way.or_else(other);
    let way = way.or_else(|| {
        let more = more.as_ref().and_then(|more| more.as_ref().err()).map(reasons);
        case.lifted(choice, &switches, &more.filter(|more| !more.is_empty()).unwrap_or(refused.clone()))
    });
    let way = way.or_else(|| case.of_all(diagnosis, &switches));
    // What is lifted is said, also where it is the further switches that meet it.
    if refused.is_empty() && way.as_ref().is_none_or(|way| !way.lifts.is_empty()) {
        refused = more.as_ref().and_then(|more| more.as_ref().err()).map(reasons).unwrap_or_default();
    }
    let partly = || more.and_then(Result::ok).or(plain.ok());
    // Of two repairs after which nobody can tell, that which every store and every program knows.
    let is_in_doubt =
        |way: &Way| (diagnosis.verdict, way.after.verdict) == (Verdict::Broken, Verdict::Unknown);
    let in_doubt = || restored.clone().filter(is_in_doubt);
    Prospect { way: way.or_else(in_doubt).or_else(partly), other: None, refused, unrestorable }
}

/// The reason that no switch lifts.
fn without_way(stopped: &Stopped) -> Option<Reason> {
    let reasons = reasons(stopped).into_iter().filter(|_| wanted(stopped).is_none());
    reasons.into_iter().find(|reason| lift_of(reason).is_none())
}

/// A reason why a repair would not be carried out.
#[derive(Debug, Clone)]
pub enum Reason {
    /// It would be refused.
    Refusal(Refusal),
    /// It does not come to a plan, or the plan does not come out.
    Plan(Arc<PlanError>),
}

/// Why a repair would not be carried out; empty where there is nothing to do.
#[must_use]
pub fn reasons(stopped: &Stopped) -> Vec<Reason> {
    match stopped {
        Stopped::NoWork => Vec::new(),
        Stopped::Refused(refused) => refused.iter().cloned().map(Reason::Refusal).collect(),
        Stopped::Plan(error) => vec![Reason::Plan(Arc::clone(error))],
    }
}

/// The switch that lifts a reason, where one does.
fn lift_of(reason: &Reason) -> Option<Lift> {
    match reason {
        Reason::Refusal(refusal) => refusal.lift,
        Reason::Plan(_) => None,
    }
}

/// The switch that the rehearsal of a repair found wanting.
fn wanted(stopped: &Stopped) -> Option<Switch> {
    match stopped {
        Stopped::Plan(error) => error.wants(),
        Stopped::NoWork | Stopped::Refused(_) => None,
    }
}

impl Case<'_> {
    /// Plans a repair and tries it.
    fn attempt(
        &self,
        cure: Cure,
        choice: Choice,
        switches: &[Switch],
        lifts: &[Lift],
    ) -> Result<Way, Stopped> {
        let context = self.trying(choice);
        let before = diagnose(self.layout, &context);
        if !cure.has_work(&before) {
            return Err(Stopped::NoWork);
        }
        let allowed = lifts.iter().fold(self.allowed, |allowed, lift| allowed.and(*lift));
        let case = Case { context: &context, allowed, ..*self };
        let after = Planned::new(case, &before, cure)?.rehearse()?.into_after();
        Ok(Way { cure, switches: switches.to_vec(), lifts: lifts.to_vec(), before, after })
    }

    /// Tries a repair with these switches (`first` where that was tried already), and with those that its rehearsal finds wanting: a
    /// cure may lay the next fault open.
    fn attempt_wanting(
        &self,
        cure: Cure,
        first: Option<Result<Way, Stopped>>,
        choice: &mut Choice,
        switches: &mut Vec<Switch>,
    ) -> Result<Way, Stopped> {
        let mut tried = first.unwrap_or_else(|| self.attempt(cure, *choice, switches, &[]));
        for _ in 0..ROUNDS {
            let switch = tried.as_ref().err().and_then(wanted);
            let more = switch.and_then(|switch| Some((switch, switch.added_to(*choice)?)));
            let Some((switch, more)) = more.filter(|(_, more)| more != choice) else { break };
            *choice = more;
            switches.push(switch);
            tried = self.attempt(cure, *choice, switches, &[]);
        }
        tried
    }

    /// The choice with the switches that findings of this severity and above ask for, as far as nothing has to be chosen.
    fn further(&self, diagnosis: &Diagnosis, least: fn(&Diagnosis) -> Severity) -> (Choice, Vec<Switch>) {
        let (mut choice, mut switches) = (self.context.choice, Vec::new());
        let mut wanted = asked(diagnosis, least);
        for _ in 0..ROUNDS {
            let before = choice;
            for switch in wanted {
                let more = switch.added_to(choice).filter(|more| *more != choice);
                if let Some(more) = more {
                    choice = more;
                    switches.push(switch);
                }
            }
            if choice == before {
                break;
            }
            wanted = asked(&diagnose(self.layout, &self.choosing(choice)), least);
        }
        (choice, switches)
    }

    /// Giving the old identity back: with what else stops Windows, where that ends well and it alone does not, or alone.
    fn restored(&self, diagnosis: &Diagnosis) -> Option<Result<Way, Stopped>> {
        let (cure, choice) = (Cure::RestoreIdentity, self.context.choice);
        if choice.is_of_repointing() || !matches!(diagnosis.restore, Restore::Possible(_)) {
            return None;
        }
        let alone = self.attempt(cure, choice, &[], &[]);
        if alone.as_ref().is_ok_and(Way::ends_well) {
            return Some(alone);
        }
        let (mut choice, mut switches) = self.further(diagnosis, least);
        if switches.is_empty() || choice.is_of_repointing() {
            return Some(alone);
        }
        let more = self.attempt_wanting(cure, None, &mut choice, &mut switches);
        Some(if more.as_ref().is_ok_and(Way::ends_well) { more } else { alone })
    }

    /// The repair with all switches that anything asks for: where two places changed roles, neither can be corrected alone.
    fn of_all(&self, diagnosis: &Diagnosis, fewer: &[Switch]) -> Option<Way> {
        let (mut choice, mut switches) = self.further(diagnosis, |_| Severity::Degrades);
        if switches.len() <= fewer.len() {
            return None;
        }
        self.attempt_wanting(Cure::Repoint, None, &mut choice, &mut switches).ok().filter(Way::ends_well)
    }

    /// The same repair, where a switch lifts each refusal.
    fn lifted(&self, choice: Choice, switches: &[Switch], refused: &[Reason]) -> Option<Way> {
        let mut lifts: Vec<Lift> = Vec::new();
        for lift in refused.iter().map(lift_of) {
            let lift = lift?;
            if !lifts.contains(&lift) {
                lifts.push(lift);
            }
        }
        if lifts.is_empty() {
            return None;
        }
        self.attempt(Cure::Repoint, choice, switches, &lifts).ok().filter(Way::ends_well)
    }
}

/// What a repair is for: that Windows starts; where it does, that the rest is in order too.
fn least(diagnosis: &Diagnosis) -> Severity {
    if starts(diagnosis) { Severity::Degrades } else { Severity::BlocksBoot }
}

/// The switches that findings of this severity and above ask for.
fn asked(diagnosis: &Diagnosis, least: fn(&Diagnosis) -> Severity) -> Vec<Switch> {
    let least = least(diagnosis);
    let findings = diagnosis.findings.iter().filter(|finding| finding.severity >= least);
    findings.filter_map(|finding| finding.remedy.switch()).collect()
}
