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
    /// Show the value of an element, or all of an object's.
    #[command(
        override_usage = "bcdrescue bcd get [OPTIONS] <TARGET> [{ID}] [ELEMENT]",
        after_long_help = "Examples:\n  bcdrescue bcd get /dev/vdb '{default}' description\n  bcdrescue bcd get /dev/vdb '{bootmgr}'"
    )]
    Get(GetArgs),
    /// Give an element a value.
    #[command(
        override_usage = "bcdrescue bcd set [OPTIONS] <TARGET> [{ID}] <ELEMENT> <VALUE>...",
        after_long_help = "Examples:\n  bcdrescue bcd set /dev/vdb '{default}' device partition=2\n  bcdrescue bcd set /dev/vdb recoveryenabled No\n  bcdrescue bcd set /dev/vdb '{bootmgr}' displayorder '{ntldr}' --addlast\n  bcdrescue bcd set /dev/vdb -- loadoptions --debug   a value with a hyphen\n  bcdrescue bcd set /dev/vdb custom:26000025 Yes --type boolean"
    )]
    Set(SetArgs),
    /// Take an element away (deletevalue).
    #[command(
        visible_alias = "deletevalue",
        override_usage = "bcdrescue bcd unset [OPTIONS] <TARGET> [{ID}] <ELEMENT>",
        after_long_help = "Examples:\n  bcdrescue bcd unset /dev/vdb safeboot\n  bcdrescue bcd unset /dev/vdb '{bootmgr}' bootsequence"
    )]
    Unset(UnsetArgs),
    /// Make an object.
    #[command(
        after_long_help = "Examples:\n  bcdrescue bcd create /dev/vdb -d Rescue --application osloader\n  bcdrescue bcd create /dev/vdb '{ramdiskoptions}'"
    )]
    Create(CreateArgs),
    /// Make a store without objects.
    Createstore(CreateStoreArgs),
    /// Copy an object, and put the copy into the menu.
    #[command(after_long_help = "Example:\n  bcdrescue bcd copy /dev/vdb '{default}' -d 'Safe mode'")]
    Copy(CopyArgs),
    /// Delete an object.
    #[command(
        after_long_help = "Example:\n  bcdrescue bcd delete /dev/vdb '{ca73fe21-fc0c-11de-8f38-8e2c5384be89}'"
    )]
    Delete(DeleteArgs),
    /// Set the entry that starts by itself.
    #[command(
        after_long_help = "Example:\n  bcdrescue bcd default /dev/vdb '{ca73fe21-fc0c-11de-8f38-8e2c5384be89}'"
    )]
    Default(DefaultArgs),
    /// Set the entries of the boot menu.
    #[command(
        after_long_help = "Examples:\n  bcdrescue bcd displayorder /dev/vdb '{default}' '{ntldr}'\n  bcdrescue bcd displayorder /dev/vdb '{ntldr}' --remove"
    )]
    Displayorder(OrderArgs),
    /// Set the tools of the boot menu.
    Toolsdisplayorder(OrderArgs),
    /// Set what starts the next time only.
    Bootsequence(OrderArgs),
    /// Set how long the boot menu waits.
    Timeout(TimeoutArgs),
    /// Whether Windows has a console on a serial port.
    #[command(override_usage = "bcdrescue bcd ems [OPTIONS] <TARGET> [{ID}] <on|off>")]
    Ems(EmsArgs),
    /// Whether a boot program has a console on a serial port.
    #[command(override_usage = "bcdrescue bcd bootems [OPTIONS] <TARGET> [{ID}] <on|off>")]
    Bootems(EmsArgs),
    /// Set the serial port of these consoles.
    #[command(
        override_usage = "bcdrescue bcd emssettings [OPTIONS] <TARGET> bios\n       bcdrescue bcd emssettings [OPTIONS] <TARGET> emsport:N [emsbaudrate:N]"
    )]
    Emssettings(EmsSettingsArgs),
    /// Write the store to a file, sound and compact; with --json print it.
    #[command(
        after_long_help = "Examples:\n  bcdrescue bcd export /dev/vdb BCD.new\n  bcdrescue bcd export /dev/vdb --json > bcd.json"
    )]
    Export(ExportArgs),
    /// Put the objects of another store in place of this one's.
    #[command(after_long_help = "Example:\n  bcdrescue bcd import /dev/vdb bcd.json --dry-run")]
    Import(ImportArgs),
    /// Say in what two stores differ.
    #[command(after_long_help = "Example:\n  bcdrescue bcd diff /dev/vdb /dev/vdc")]
    Diff(DiffArgs),
    /// Recipe: start Windows in safe mode, or no longer.
    SafeMode(SafeModeArgs),
    /// Recipe: the boot manager's and Windows' console on a serial port.
    SerialConsole(SerialConsoleArgs),
    /// Recipe: whether automatic repair starts by itself.
    AutoRepair(AutoRepairArgs),
    /// Recipe: show the boot menu for some seconds, where F8 works.
    Menu(MenuArgs),
    /// Recipe: start with the drivers and services of the last good start.
    LastKnownGood(LastKnownGoodArgs),
}
