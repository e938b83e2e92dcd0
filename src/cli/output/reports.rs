//! The reports that CI systems show, beside what is printed.

use std::path::Path;

use crate::cli::output::junit::Junit;
use crate::cli::output::outcome::Outcome;
use crate::cli::output::outcome::Reason;
use crate::cli::output::sarif::Sarif;
use crate::cli::output::screen::headline::Headline;
use crate::cli::text::advice;
use crate::cli::text::exit::FAILED;
use crate::cli::text::words::clean;

/// Those that are wanted.
pub struct Reports {
    junit: Option<Junit>,
    sarif: Option<Sarif>,
    /// The results were written, or that they cannot be.
    is_ended: bool,
}

impl Reports {
    /// Opens their files, while the program still may, and writes that the run did not come to its end: until it does. What
    /// an earlier run has left is not the report of one that breaks off.
    ///
    /// # Errors
    /// When one cannot be written, or its file holds something else.
    pub fn create(junit: Option<&Path>, sarif: Option<&Path>) -> anyhow::Result<Self> {
        let mut reports = Self { junit: junit.map(Junit::create).transpose()?, sarif: None, is_ended: false };
        let begun = [broken_off("")];
        reports.put(&begun)?;
        // By another name of the same file it finds the first there, and does not write over it.
        reports.sarif = sarif.map(Sarif::create).transpose()?;
        reports.put(&begun)?;
        Ok(reports)
    }

    /// Whether there is any.
    #[must_use]
    pub fn are_wanted(&self) -> bool {
        self.junit.is_some() || self.sarif.is_some()
    }

    /// Writes the results; where one cannot be written, that stands in it as far as it can.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&mut self, outcomes: &[Outcome]) -> anyhow::Result<()> {
        self.is_ended = true;
        let said = |error: &anyhow::Error| [broken_off(&why(error))];
        let junit = self
            .junit
            .iter_mut()
            .try_for_each(|junit| junit.write(outcomes).inspect_err(|error| drop(junit.write(&said(error)))));
        let sarif = self
            .sarif
            .iter_mut()
            .try_for_each(|sarif| sarif.write(outcomes).inspect_err(|error| drop(sarif.write(&said(error)))));
        junit.and(sarif)
    }

    /// Says why there are no results, where that can be written.
    pub fn broke_off(&mut self, error: &anyhow::Error) {
        if !self.is_ended {
            drop(self.put(&[broken_off(&why(error))]));
        }
    }

    fn put(&mut self, outcomes: &[Outcome]) -> anyhow::Result<()> {
        self.junit.iter_mut().try_for_each(|junit| junit.write(outcomes))?;
        self.sarif.iter_mut().try_for_each(|sarif| sarif.write(outcomes))
    }
}

fn why(error: &anyhow::Error) -> String {
    clean(&format!(": {}", advice::of(error)))
}

/// What stands for the results of a run that has none.
fn broken_off(why: &str) -> Outcome {
    Outcome {
        target: "bcdrescue check".into(),
        code: FAILED,
        headline: Headline::unknown(),
        reasons: vec![Reason::plain(format!("it did not finish{why}"))],
        shown: String::new(),
        seconds: 0.0,
    }
}
