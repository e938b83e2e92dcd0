//! The commands of `bcd`.

use clap::Subcommand;

use crate::cli::args::bcd_args::edit_args::CopyArgs;
use crate::cli::args::bcd_args::edit_args::CreateArgs;
use crate::cli::args::bcd_args::edit_args::CreateStoreArgs;
use crate::cli::args::bcd_args::edit_args::DeleteArgs;
use crate::cli::args::bcd_args::edit_args::ImportArgs;
use crate::cli::args::bcd_args::edit_args::SetArgs;
use crate::cli::args::bcd_args::edit_args::UnsetArgs;
use crate::cli::args::bcd_args::menu_args::DefaultArgs;
use crate::cli::args::bcd_args::menu_args::OrderArgs;
use crate::cli::args::bcd_args::menu_args::TimeoutArgs;
use crate::cli::args::bcd_args::read_args::DiffArgs;
use crate::cli::args::bcd_args::read_args::EnumArgs;
use crate::cli::args::bcd_args::read_args::ExportArgs;
use crate::cli::args::bcd_args::read_args::GetArgs;
use crate::cli::args::bcd_args::recipe_args::AutoRepairArgs;
use crate::cli::args::bcd_args::recipe_args::LastKnownGoodArgs;
use crate::cli::args::bcd_args::recipe_args::MenuArgs;
use crate::cli::args::bcd_args::recipe_args::SafeModeArgs;
use crate::cli::args::bcd_args::recipe_args::SerialConsoleArgs;
use crate::cli::args::bcd_args::serial_args::EmsArgs;
use crate::cli::args::bcd_args::serial_args::EmsSettingsArgs;

/// The commands of `bcd`.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum BcdCommand {
    /// Show objects as bcdedit does.
    #[command(
        after_long_help = "Examples:\n  bcdrescue bcd enum /dev/vdb\n  bcdrescue bcd enum /dev/vdb all -v   every object, with GUIDs\n  bcdrescue bcd enum ./BCD '{default}'"
    )]
    Enum(EnumArgs),
    /// Show an element's value, or a whole object.
    #[command(
        override_usage = "bcdrescue bcd get [OPTIONS] <TARGET> [{ID}] [ELEMENT]",
        after_long_help = "Examples:\n  bcdrescue bcd get /dev/vdb '{default}' description\n  bcdrescue bcd get /dev/vdb '{bootmgr}'"
    )]
    Get(GetArgs),
    /// Set an element to a value.
    #[command(
        override_usage = "bcdrescue bcd set [OPTIONS] <TARGET> [{ID}] <ELEMENT> <VALUE>...",
        after_long_help = "Examples:\n  bcdrescue bcd set /dev/vdb '{default}' device partition=2\n  bcdrescue bcd set /dev/vdb recoveryenabled No\n  bcdrescue bcd set /dev/vdb '{bootmgr}' displayorder '{ntldr}' --addlast\n  bcdrescue bcd set /dev/vdb -- loadoptions --debug   a value with a hyphen\n  bcdrescue bcd set /dev/vdb custom:26000025 Yes --type boolean"
    )]
    Set(SetArgs),
    /// Remove an element (bcdedit's deletevalue).
    #[command(
        visible_alias = "deletevalue",
        override_usage = "bcdrescue bcd unset [OPTIONS] <TARGET> [{ID}] <ELEMENT>",
        after_long_help = "Examples:\n  bcdrescue bcd unset /dev/vdb safeboot\n  bcdrescue bcd unset /dev/vdb '{bootmgr}' bootsequence"
    )]
    Unset(UnsetArgs),
    /// Create an object.
    #[command(
        after_long_help = "Examples:\n  bcdrescue bcd create /dev/vdb -d Rescue --application osloader\n  bcdrescue bcd create /dev/vdb '{ramdiskoptions}'"
    )]
    Create(CreateArgs),
    /// Create an empty store file.
    #[command(
        override_usage = "bcdrescue bcd createstore <FILE>",
        mut_arg("target", |arg| arg.value_name("FILE").help("The new file; it must not exist")),
        mut_arg("dry_run", |arg| arg.hide(true)),
        mut_arg("yes", |arg| arg.hide(true)),
        mut_arg("output", |arg| arg.hide(true)),
        mut_arg("record_dir", |arg| arg.hide(true)),
        mut_arg("entry", |arg| arg.hide(true)),
        mut_arg("store_path", |arg| arg.hide(true)),
        after_long_help = "Example:\n  bcdrescue bcd createstore ./BCD"
    )]
    Createstore(CreateStoreArgs),
    /// Copy an object, and add the copy to the boot menu.
    #[command(after_long_help = "Example:\n  bcdrescue bcd copy /dev/vdb '{default}' -d 'Safe mode'")]
    Copy(CopyArgs),
    /// Delete an object.
    #[command(
        after_long_help = "Example:\n  bcdrescue bcd delete /dev/vdb '{ca73fe21-fc0c-11de-8f38-8e2c5384be89}'"
    )]
    Delete(DeleteArgs),
    /// Set the default entry of the boot menu.
    #[command(
        after_long_help = "Example:\n  bcdrescue bcd default /dev/vdb '{ca73fe21-fc0c-11de-8f38-8e2c5384be89}'"
    )]
    Default(DefaultArgs),
    /// Set the entries of the boot menu.
    #[command(
        after_long_help = "Examples:\n  bcdrescue bcd displayorder /dev/vdb '{default}' '{ntldr}'\n  bcdrescue bcd displayorder /dev/vdb '{ntldr}' --remove"
    )]
    Displayorder(OrderArgs),
    /// Set the boot menu's tools.
    Toolsdisplayorder(OrderArgs),
    /// Set what starts at the next boot only.
    Bootsequence(OrderArgs),
    /// Set the boot menu's timeout.
    Timeout(TimeoutArgs),
    /// Switch Windows' console on the serial port (EMS) on or off.
    #[command(override_usage = "bcdrescue bcd ems [OPTIONS] <TARGET> [{ID}] <on|off>")]
    Ems(EmsArgs),
    /// Switch a boot program's console on the serial port on or off.
    #[command(override_usage = "bcdrescue bcd bootems [OPTIONS] <TARGET> [{ID}] <on|off>")]
    Bootems(EmsArgs),
    /// Set the serial port that ems and bootems use.
    #[command(
        override_usage = "bcdrescue bcd emssettings [OPTIONS] <TARGET> bios\n       bcdrescue bcd emssettings [OPTIONS] <TARGET> emsport:N [emsbaudrate:N]"
    )]
    Emssettings(EmsSettingsArgs),
    /// Export the store to a new file, or print it with --json.
    #[command(
        after_long_help = "Examples:\n  bcdrescue bcd export /dev/vdb BCD.new\n  bcdrescue bcd export /dev/vdb --json > bcd.json"
    )]
    Export(ExportArgs),
    /// Replace the store's contents with those of a file.
    #[command(after_long_help = "Example:\n  bcdrescue bcd import /dev/vdb bcd.json --dry-run")]
    Import(ImportArgs),
    /// Compare two stores.
    #[command(after_long_help = "Example:\n  bcdrescue bcd diff /dev/vdb /dev/vdc")]
    Diff(DiffArgs),
    /// Recipe: start Windows in safe mode, until it is switched off.
    #[command(
        after_long_help = "Examples:\n  bcdrescue bcd safe-mode /dev/vdb            a driver or service stops Windows\n  bcdrescue bcd safe-mode /dev/vdb network    the same, with network\n  bcdrescue bcd safe-mode /dev/vdb off        afterwards: it stays on until then"
    )]
    SafeMode(SafeModeArgs),
    /// Recipe: boot menu and Windows' console (EMS) on a serial port.
    #[command(
        after_long_help = "Examples:\n  bcdrescue bcd serial-console /dev/vdb                  for a cloud's serial console\n  bcdrescue bcd serial-console /dev/vdb --port 2 --baud 57600\n  bcdrescue bcd serial-console /dev/vdb off"
    )]
    SerialConsole(SerialConsoleArgs),
    /// Recipe: switch automatic repair off or on.
    #[command(
        after_long_help = "Example:\n  bcdrescue bcd auto-repair /dev/vdb off    it starts each time, and fails"
    )]
    AutoRepair(AutoRepairArgs),
    /// Recipe: show the boot menu, where F8 works.
    #[command(
        after_long_help = "Examples:\n  bcdrescue bcd menu /dev/vdb 30\n  bcdrescue bcd menu /dev/vdb off"
    )]
    Menu(MenuArgs),
    /// Recipe: start with the last known good configuration.
    #[command(
        after_long_help = "Example:\n  bcdrescue bcd last-known-good /dev/vdb    after a driver or service was installed"
    )]
    LastKnownGood(LastKnownGoodArgs),
}
