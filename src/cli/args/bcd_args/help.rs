//! The help of `bcd` itself: more commands than a screen has rows, so that they stand in groups.

/// The help, in which the groups stand for a list of commands.
pub(crate) const TEMPLATE: &str =
    "{about-with-newline}\n{usage-heading} {usage}{after-help}\n\nOptions:\n{options}";

/// The groups.
pub(crate) const GROUPS: &str = "\
Commands, as bcdedit has them; each has --help:
  show     enum, get, diff, export
  change   set, unset, create, copy, delete, import, createstore
  menu     default, timeout, displayorder, toolsdisplayorder, bootsequence
  serial   ems, bootems, emssettings
Recipes, each a few of these, shown before they are done:
  safe-mode, serial-console, auto-repair, menu, last-known-good
A line of bcdedit's works too: bcdrescue bcd /store /dev/vdb /set ...";

/// The groups, and examples.
pub(crate) const GROUPS_AND_EXAMPLES: &str = "\
Commands, as bcdedit has them; each has --help:
  show     enum, get, diff, export
  change   set, unset, create, copy, delete, import, createstore
  menu     default, timeout, displayorder, toolsdisplayorder, bootsequence
  serial   ems, bootems, emssettings
Recipes, each a few of these, shown before they are done:
  safe-mode, serial-console, auto-repair, menu, last-known-good
A line of bcdedit's works too: bcdrescue bcd /store /dev/vdb /set ...

TARGET is a device, an image, an NBD URL or a store file. {ID} is {default}, {bootmgr} and so on, or a
{GUID}; where set, unset, get and ems have none, {current} is meant, the Windows of this disk.

Examples:
  bcdrescue bcd enum /dev/vdb all
  bcdrescue bcd set /dev/vdb '{default}' device partition=2
  bcdrescue bcd auto-repair /dev/vdb off --dry-run
  bcdrescue bcd safe-mode win.qcow2 network
  bcdrescue bcd /store '/dev/vdb\\boot\\bcd' /set '{default}' bootstatuspolicy IgnoreAllFailures

Exit codes: 0 shown, or nothing to do, 1 edited, 4 diff found differences, 8 failed or refused, 16 usage.";
