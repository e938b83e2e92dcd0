//! Signals that would end the program between two writes.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use signal_hook::consts::SIGHUP;
use signal_hook::consts::SIGINT;
use signal_hook::consts::SIGTERM;
use signal_hook::consts::SIGXFSZ;
use signal_hook::flag;
use signal_hook::iterator::Signals;

use crate::cli::text::lines;

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
    answer();
}

/// Tells whoever sends one why nothing seems to come of it: a server that does not answer is waited for.
fn answer() {
    let Ok(mut signals) = Signals::new([SIGINT, SIGHUP, SIGTERM]) else { return };
    let tell = move || {
        for _ in signals.forever() {
            lines::warn(format_args!("warning: not stopped: the repair must now run to its end"));
        }
    };
    // Without the thread a signal waits as well, only nobody says so.
    let _ = thread::Builder::new().name("signals".to_owned()).spawn(tell);
}
