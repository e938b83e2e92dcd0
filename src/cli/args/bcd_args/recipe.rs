//! Recipes: what rescuers do to a store, each as the edits that it is made of.
//!
//! Each is shown as `bcdrescue bcd` would take it, so that it can be read, and done in part by hand. What a recipe takes away need not
//! be there.

use crate::bcd::fresh::Generation;
use crate::cli::args::bcd_args::request::BOOTMGR;
use crate::cli::args::bcd_args::request::EMSSETTINGS;
use crate::cli::args::bcd_args::request::Request;

/// The seconds that the menu waits on a serial console, as Microsoft's article on Azure's has it: long enough to reach for a key, short
/// enough for a server that nobody looks at.
const SERIAL_TIMEOUT: &str = "10";

/// What is to be made of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recipe {
    /// `safe-mode`: Windows starts with the least that it needs.
    SafeMode(SafeMode),
    /// `serial-console on`: boot manager and Windows speak on a serial port.
    SerialConsole {
        /// 1 is COM1.
        port: u32,
        /// Bits per second.
        baud: u32,
    },
    /// `serial-console off`: the same undone.
    NoSerialConsole,
    /// `auto-repair`: whether the recovery environment starts by itself when Windows has failed to.
    AutoRepair(bool),
    /// `menu SECONDS`: the boot menu is shown for so long, before Windows is loaded.
    Menu(u32),
    /// `menu off`: not, where there is one Windows.
    NoMenu,
    /// `last-known-good`: Windows starts with the drivers and services of its last good start.
    LastKnownGood(bool),
}

/// Which safe mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SafeMode {
    /// Without network.
    Minimal,
    /// With it.
    Network,
    /// None: Windows as usual.
    Off,
}

impl Recipe {
    /// Its edits, in order. `windows` is what `{current}` starts, as far as it is known.
    pub(crate) fn requests(self, windows: Option<Generation>) -> Vec<Request> {
        let here = |element, value: &str| Request::set(None, element, value);
        let not_here = |element| Request::unset_if_there(None, element);
        match self {
            Self::SafeMode(SafeMode::Minimal) => vec![here("safeboot", "Minimal")],
            Self::SafeMode(SafeMode::Network) => vec![here("safeboot", "Network")],
            // The second makes a command prompt of the desktop, and means nothing outside of safe mode.
            Self::SafeMode(SafeMode::Off) => vec![not_here("safeboot"), not_here("safebootalternateshell")],
            Self::SerialConsole { port, baud } => serial_console(port, baud),
            Self::NoSerialConsole => no_serial_console(),
            Self::AutoRepair(true) => vec![here("recoveryenabled", "Yes"), not_here("bootstatuspolicy")],
            // The first keeps failures from starting the recovery environment, the second from stopping at a menu that asks for it: a
            // loop of repairs has both.
            Self::AutoRepair(false) => {
                vec![here("recoveryenabled", "No"), here("bootstatuspolicy", "IgnoreAllFailures")]
            }
            Self::Menu(seconds) => {
                let mut requests = shown_menu(&seconds.to_string());
                requests.extend(has_menu_policy(windows).then(|| here("bootmenupolicy", "Legacy")));
                requests
            }
            // The timeout stays: with one entry and no menu it is not used, and with several the menu waits as before.
            Self::NoMenu => {
                let mut requests = vec![Request::unset_if_there(Some(BOOTMGR), "displaybootmenu")];
                requests.extend(has_menu_policy(windows).then(|| here("bootmenupolicy", "Standard")));
                requests
            }
            Self::LastKnownGood(true) => vec![here("lastknowngood", "Yes")],
            Self::LastKnownGood(false) => vec![not_here("lastknowngood")],
        }
    }
}

/// Windows since 8 has a second menu, drawn by Windows after it was loaded, where F8 does nothing: `Standard`. Before, there is no
/// such element.
fn has_menu_policy(windows: Option<Generation>) -> bool {
    windows.is_some_and(|windows| windows >= Generation::Eight)
}

fn shown_menu(seconds: &str) -> Vec<Request> {
    let manager = |element, value| Request::set(Some(BOOTMGR), element, value);
    vec![manager("displaybootmenu", "Yes"), manager("timeout", seconds)]
}

/// Windows' own console (`ems`), the boot manager's (`bootems`), and their port. The menu is shown because a boot manager with one entry
/// shows nothing otherwise: there would be no moment for F8, which is what a serial console is needed for when Windows does not come up.
fn serial_console(port: u32, baud: u32) -> Vec<Request> {
    let mut requests = vec![
        Request::set(None, "ems", "Yes"),
        Request::set(Some(BOOTMGR), "bootems", "Yes"),
        Request::set(Some(EMSSETTINGS), "emsport", &port.to_string()),
        Request::set(Some(EMSSETTINGS), "emsbaudrate", &baud.to_string()),
    ];
    requests.extend(shown_menu(SERIAL_TIMEOUT));
    requests
}

/// What was the timeout before is not known here; `undo` knows it.
fn no_serial_console() -> Vec<Request> {
    vec![
        Request::unset_if_there(None, "ems"),
        Request::unset_if_there(Some(BOOTMGR), "bootems"),
        Request::unset_if_there(Some(EMSSETTINGS), "emsport"),
        Request::unset_if_there(Some(EMSSETTINGS), "emsbaudrate"),
        Request::unset_if_there(Some(BOOTMGR), "displaybootmenu"),
    ]
}
