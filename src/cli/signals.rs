//! Signals that would end the program between two writes.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::SIGHUP;
use signal_hook::consts::SIGINT;
use signal_hook::consts::SIGTERM;
use signal_hook::consts::SIGXFSZ;
use signal_hook::flag;

/// From here on an interrupt, a lost terminal and a request to end wait until the program ends by itself, a second later;
/// and a file that must not be written that far (`ulimit -f`) is an error that is reported, not the end. Who has to
/// stop it at once can (`SIGQUIT`, `SIGKILL`): `undo` and `fix` go on from there.
pub fn hold() {
    // Caught, not blocked: a signal to the process goes to any thread that does not block it, and what is blocked here would be
    // blocked in the programs that are started too. Nobody looks at the flag: the repair ends in any case, and the program with it.
    let seen = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGHUP, SIGTERM, SIGXFSZ] {
        // None of these is one that cannot be caught; without it, a signal is what a power cut is.
        let _ = flag::register(signal, Arc::clone(&seen));
    }
}
