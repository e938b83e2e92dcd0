//! Signals that would end the program between two writes.

use nix::sys::signal::SigSet;
use nix::sys::signal::Signal;

/// From here on an interrupt, a lost terminal and a request to end wait until the program ends by itself, a second later;
/// and a file that must not be written that far (`ulimit -f`) is an error that is reported, not the end. Who has to
/// stop it at once can (`SIGQUIT`, `SIGKILL`): `undo` and `fix` go on from there.
pub fn hold() {
    let held = [Signal::SIGINT, Signal::SIGHUP, Signal::SIGTERM, Signal::SIGXFSZ];
    // It has no way to fail with a set like this; without it, a signal is what a power cut is.
    let _ = held.into_iter().collect::<SigSet>().thread_block();
}
