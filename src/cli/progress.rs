//! How far it is, for somebody who looks at a terminal.

use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressStyle;

/// A bar on standard error; nothing of it is written when that is no terminal, or for a single target.
pub struct Progress(ProgressBar);

impl Progress {
    /// For so many targets.
    #[must_use]
    pub fn new(targets: usize) -> Self {
        let target = if targets > 1 { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(u64::try_from(targets).ok(), target);
        let template = "{bar:30} {pos} of {len}, {per_sec}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
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
