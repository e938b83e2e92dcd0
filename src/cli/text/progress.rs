//! How far it is, for somebody who looks at a terminal.

use std::fmt::Write;

use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressState;
use indicatif::ProgressStyle;

/// Fewer targets are done before a bar could be read, and on a console it would only stand in the way of the results.
const FEWEST: usize = 16;

/// Fewer bytes are written before a bar could be read.
const FEWEST_BYTES: u64 = 4 << 20;

/// A bar on standard error; nothing of it is written when that is no terminal, or for little work.
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

    /// For bytes that are written; of how many the first step tells.
    #[must_use]
    pub fn of_bytes() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {bytes} of {total_bytes}, {eta} left") {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// So many bytes are written, of `all`.
    pub fn reached(&self, done: u64, all: u64) {
        if self.0.length().is_none() {
            self.0.set_length(all);
            if all >= FEWEST_BYTES {
                self.0.set_draw_target(ProgressDrawTarget::stderr());
            }
        }
        self.0.set_position(done);
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
