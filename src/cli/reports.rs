//! The reports that CI systems show, beside what is printed.

use std::path::Path;

use crate::cli::FAILED;
use crate::cli::junit::Junit;
use crate::cli::outcome::Outcome;
use crate::cli::outcome::Reason;
use crate::cli::sarif::Sarif;
use crate::diagnosis::Verdict;

/// Those that are wanted.
pub struct Reports {
    junit: Option<Junit>,
    sarif: Option<Sarif>,
}

impl Reports {
    /// Opens their files, while the program still may, and writes that the run did not come to its end: until it does. What
    /// an earlier run has left is not the report of one that breaks off.
    ///
    /// # Errors
    /// When one cannot be written, or its file holds something else.
    pub fn create(junit: Option<&Path>, sarif: Option<&Path>) -> anyhow::Result<Self> {
        let begun = [Outcome {
            target: "bcdrescue check".into(),
            code: FAILED,
            verdict: Verdict::Unknown,
            reasons: vec![Reason::plain("it did not come to its end".to_owned())],
            shown: String::new(),
            seconds: 0.0,
        }];
        let mut reports = Self { junit: junit.map(Junit::create).transpose()?, sarif: None };
        reports.write(&begun)?;
        // By another name of the same file it finds the first there, and does not write over it.
        reports.sarif = sarif.map(Sarif::create).transpose()?;
        reports.write(&begun)?;
        Ok(reports)
    }

    /// Whether there is any.
    #[must_use]
    pub fn are_wanted(&self) -> bool {
        self.junit.is_some() || self.sarif.is_some()
    }

    /// Writes the results.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&mut self, outcomes: &[Outcome]) -> anyhow::Result<()> {
        self.junit.iter_mut().try_for_each(|junit| junit.write(outcomes))?;
        self.sarif.iter_mut().try_for_each(|sarif| sarif.write(outcomes))
    }
}
