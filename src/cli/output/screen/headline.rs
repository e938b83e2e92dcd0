//! The answer in a sentence: what Windows would do, and why.

use owo_colors::OwoColorize as _;

use crate::cli::run::examine::Examined;
use crate::cli::text::lines::Lines;
use crate::cli::text::words;
use crate::cli::text::words::clean;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Finding;
use crate::diagnosis::Remedy;
use crate::diagnosis::Verdict;
use crate::diagnosis::model::finding::is_identity;
use crate::diagnosis::model::subject::Place;

/// A verdict, what it means, and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headline {
    /// The verdict.
    pub verdict: Verdict,
    /// What Windows would do; none where the verdict says it.
    pub sentence: Option<String>,
    /// Why it does not start.
    pub why: Option<String>,
}

impl Headline {
    /// Of what was found.
    #[must_use]
    pub fn of(diagnosis: &Diagnosis) -> Self {
        let verdict = diagnosis.verdict;
        let (sentence, why) = match (verdict, diagnosis.stop()) {
            (Verdict::Healthy, _) => (Some("Windows should start".to_owned()), None),
            (Verdict::Degraded, _) => {
                (Some("Windows should start, but not everything is in order".to_owned()), None)
            }
            (Verdict::NotWindows, _) => (None, None),
            (Verdict::Unknown, _) => {
                let doubt = diagnosis.doubt().map(|finding| finding.message.clone());
                (Some("whether Windows starts cannot be determined".to_owned()), doubt)
            }
            (Verdict::Broken, None) => (Some("Windows does not start".to_owned()), None),
            (Verdict::Broken, Some(stop)) => (Some(stops(stop)), Some(reason(stop))),
        };
        Self { verdict, sentence, why }
    }

    /// Of a target that could not be examined.
    #[must_use]
    pub const fn unknown() -> Self {
        Self { verdict: Verdict::Unknown, sentence: None, why: None }
    }

    /// The verdict and what it means, in colour: `BROKEN: Windows stops at boot with 0xc000000e`.
    #[must_use]
    pub fn coloured(&self) -> String {
        let verdict = words::verdict(self.verdict);
        self.sentence.as_ref().map_or_else(|| verdict.clone(), |it| format!("{verdict}: {}", clean(it)))
    }

    /// All of it in a line, for reports: `broken: Windows stops at boot with 0xc000000e: the boot entry refers to …`.
    #[must_use]
    pub fn line(&self) -> String {
        let verdict = self.verdict.to_string();
        [Some(&verdict), self.sentence.as_ref(), self.why.as_ref()]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(": ")
    }
}

fn stops(stop: &Finding) -> String {
    if let Place::Controller(_, controller) = stop.subject.place() {
        return format!("on {controller} Windows would not start");
    }
    stop.predicted_status.map_or_else(
        || "Windows does not start".to_owned(),
        |status| format!("Windows stops at boot with {status}"),
    )
}

fn reason(stop: &Finding) -> String {
    match &stop.remedy {
        Remedy::Belongs(named) => {
            format!("the boot entry refers to {}, which is a different disk", named.place())
        }
        _ if is_identity(stop) => {
            "the boot entry refers to a disk or partition that is not present".to_owned()
        }
        _ => stop.message.clone(),
    }
}

/// The first rows of a screen.
pub fn show(out: &mut Lines, examined: &Examined) {
    let headline = Headline::of(&examined.diagnosis);
    out.add(format_args!("{}: {}", clean(&examined.path.display().to_string()), headline.coloured()));
    if let Some(why) = &headline.why {
        out.add(format_args!("  {}", clean(why).bold()));
    }
}

/// What opening the disk had to say.
pub fn notes(out: &mut Lines, examined: &Examined) {
    for note in &examined.notes {
        out.add(format_args!("  note: {}", clean(note)));
    }
}
