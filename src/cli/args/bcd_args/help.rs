//! The help of `bcd` itself: more commands than a screen has rows, so that they stand in groups.

/// The help, in which the groups stand for a list of commands.
pub(crate) const TEMPLATE: &str =
    "{about-with-newline}\n{usage-heading} {usage}{after-help}\n\nOptions:\n{options}";

/// The groups.
pub(crate) const GROUPS: &str = "\
Commands, as bcdedit has them; each has --help:
  show     enum, get, diff, export
  edit     set, unset, create, copy, delete, import, createstore
  menu     default, timeout, displayorder, toolsdisplayorder, bootsequence
  serial   ems, bootems, emssettings
Recipes, each a few of these:
  safe-mode, serial-console, auto-repair, menu, last-known-good
A line of bcdedit's works too: bcdrescue bcd /store /dev/vdb /set ...";

/// The groups, and examples.
pub(crate) const GROUPS_AND_EXAMPLES: &str = "\
Commands, as bcdedit has them; each has --help:
  show     enum, get, diff, export
  edit     set, unset, create, copy, delete, import, createstore
  menu     default, timeout, displayorder, toolsdisplayorder, bootsequence
  serial   ems, bootems, emssettings
Recipes, each a few of these:
  safe-mode, serial-console, auto-repair, menu, last-known-good
A line of bcdedit's works too: bcdrescue bcd /store /dev/vdb /set ...

TARGET is a device, an image, an NBD URL or a store file. {ID} is {default},
{bootmgr} or another of bcdedit's names, or a {GUID}; without one, get, set,
unset and ems mean {current}, the entry that starts Windows on this disk.

Examples:
  bcdrescue bcd enum /dev/vdb all
  bcdrescue bcd set /dev/vdb '{default}' device partition=2
  bcdrescue bcd auto-repair /dev/vdb off --dry-run
  bcdrescue bcd safe-mode win.qcow2 network
  bcdrescue bcd /store '/dev/vdb\\boot\\bcd' /set '{default}' nx OptOut

Exit codes: 0 done, or nothing to do, 4 not written (--dry-run, or answered no)
or diff found differences, 8 failed or refused, 16 usage.";
