//! The words of bcdedit's own command line, all of which begin with a slash, or a hyphen.
//!
//! Microsoft, "BCDEdit command-line options" and the pages of its commands.

/// What bcdedit calls a command, and what it is called here.
const COMMANDS: [(&str, &str); 17] = [
    ("enum", "enum"),
    ("set", "set"),
    ("deletevalue", "unset"),
    ("create", "create"),
    ("createstore", "createstore"),
    ("copy", "copy"),
    ("delete", "delete"),
    ("default", "default"),
    ("displayorder", "displayorder"),
    ("toolsdisplayorder", "toolsdisplayorder"),
    ("bootsequence", "bootsequence"),
    ("timeout", "timeout"),
    ("ems", "ems"),
    ("bootems", "bootems"),
    ("emssettings", "emssettings"),
    ("export", "export"),
    ("import", "import"),
];

/// What bcdedit has and this program has not, with what does the same.
const OTHERS: [(&str, &str); 8] = [
    ("debug", "use bcdrescue bcd set DISK {ID} debug Yes"),
    ("bootdebug", "use bcdrescue bcd set DISK {ID} bootdebug Yes"),
    ("dbgsettings", "use bcdrescue bcd set DISK {dbgsettings} debugtype Serial, and so on"),
    ("hypervisorsettings", "use bcdrescue bcd set DISK {hypervisorsettings} ELEMENT VALUE"),
    ("event", "use bcdrescue bcd set DISK {ID} event Yes"),
    ("eventsettings", "use bcdrescue bcd set DISK {eventsettings} ELEMENT VALUE"),
    ("mirror", "use bcdrescue bcd copy DISK {ID}"),
    ("sysstore", "a disk's store is found by itself: bcdrescue bcd enum DISK"),
];

/// Switches that stand for one word here, each with the commands that have it.
const SWITCHES: [(&str, &str, &[&str]); 7] = [
    ("addfirst", "--addfirst", &LISTS),
    ("addlast", "--addlast", &LISTS),
    ("remove", "--remove", &LISTS),
    ("device", "--device", &["create"]),
    ("f", "--force", &["delete"]),
    ("cleanup", "--cleanup", &["delete"]),
    ("nocleanup", "--no-cleanup", &["delete"]),
];

/// The commands about lists.
const LISTS: [&str; 4] = ["set", "displayorder", "toolsdisplayorder", "bootsequence"];

/// Switches with a value behind them.
const VALUED: [(&str, &str, &[&str]); 3] = [
    ("d", "--description", &["create", "copy"]),
    ("application", "--application", &["create"]),
    ("inherit", "--inherit", &["create"]),
];

/// What a word behind a slash means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slash {
    /// A command, by its name here.
    Command(&'static str),
    /// `/store`: the next word says where the store is.
    Store,
    /// `/v`.
    Verbose,
    /// `/?`.
    Help,
    /// A switch, by its name here.
    Switch(&'static str),
    /// A switch whose value is the next word, by its name here.
    Valued(&'static str),
    /// `/inherit`, whose value may be the next word.
    Inherit,
    /// `/clean` of `/import`.
    Clean,
    /// What this program has not: what to do instead.
    Other(&'static str),
}

impl Slash {
    /// What a word means: of a line without a command yet, or of the line of a command.
    pub(super) fn of(word: &str, command: Option<&str>) -> Option<Self> {
        // bcdedit takes a hyphen for the slash; what has one letter then is a switch of this program.
        let hyphened = || word.strip_prefix('-').filter(|name| name.len() > 1 && !name.starts_with('-'));
        let name = word.strip_prefix('/').or_else(hyphened)?.to_ascii_lowercase();
        let known = |table: &[(&'static str, &'static str)]| {
            table.iter().find(|(slash, _)| *slash == name).map(|(_, here)| *here)
        };
        let of_command = |(slash, _, commands): &&(&str, &'static str, &[&str])| {
            *slash == name && command.is_some_and(|command| commands.contains(&command))
        };
        let switch = SWITCHES.iter().find(of_command).map(|(_, here, _)| Self::Switch(here));
        let valued = || VALUED.iter().find(of_command).map(|(_, here, _)| Self::Valued(here));
        match name.as_str() {
            "store" => return Some(Self::Store),
            "v" => return Some(Self::Verbose),
            "?" | "help" => return Some(Self::Help),
            "inherit" if command == Some("create") => return Some(Self::Inherit),
            "clean" if command == Some("import") => return Some(Self::Clean),
            _ => {}
        }
        switch
            .or_else(valued)
            .or_else(|| known(&COMMANDS).map(Self::Command))
            .or_else(|| known(&OTHERS).map(Self::Other))
    }
}
