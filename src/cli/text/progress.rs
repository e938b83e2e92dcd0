//! How far it is, for somebody who looks at a terminal.

use std::fmt::Write;

use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressState;
use indicatif::ProgressStyle;

/// Fewer targets are done before a bar could be read, and on a console it would only stand in the way of the results.
const FEWEST: usize = 16;

/// A bar on standard error; nothing of it is written when that is no terminal, or for few targets.
pub struct Progress(ProgressBar);

impl Progress {
    /// For so many targets.
    #[must_use]
    pub fn new(targets: usize) -> Self {
        let target = match targets < FEWEST {
            true => ProgressDrawTarget::hidden(),
            false => ProgressDrawTarget::stderr(),
        };
        let bar = ProgressBar::with_draw_target(u64::try_from(targets).ok(), target);
        let template = "{bar:30} {pos} of {len}, {rate}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.with_key("rate", |state: &ProgressState, out: &mut dyn Write| {
                // Where it cannot be written, the bar is short of a number.
                let _ = write!(out, "{:.0}/s", state.per_sec());
            }));
        }
        Self(bar)
    }

    /// One more is done.
    pub fn step(&self) {
        self.0.inc(1);
    }

    /// Shows something while the bar is out of its way.
    pub fn aside<T>(&self, show: impl FnOnce() -> T) -> T {
        self.0.suspend(show)
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.0.finish_and_clear();
    }
}
