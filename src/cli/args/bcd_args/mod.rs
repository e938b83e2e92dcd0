//! The words of `bcdrescue bcd`, which are bcdedit's.

pub(crate) mod command;
mod edit_args;
pub(crate) mod help;
pub(crate) mod job;
mod menu_args;
mod own_words;
pub(crate) mod place;
mod read_args;
pub(crate) mod recipe;
mod recipe_args;
pub(crate) mod request;
mod serial_args;
mod slash_words;
pub(crate) mod slashes;
mod store_word;

use std::path::Path;

use clap::Args;

use crate::cli::args::bcd_args::command::BcdCommand;
use crate::cli::args::bcd_args::edit_args::TypeArg;
use crate::cli::args::bcd_args::job::Job;
use crate::cli::args::bcd_args::job::is_object;
use crate::cli::args::bcd_args::menu_args::OrderArgs;
use crate::cli::args::bcd_args::place::EditArgs;
use crate::cli::args::bcd_args::place::PlaceArgs;
use crate::cli::args::bcd_args::recipe::Recipe;
use crate::cli::args::bcd_args::recipe_args::Switch;
use crate::cli::args::bcd_args::request::BOOTMGR;
use crate::cli::args::bcd_args::serial_args::EmsArgs;
use crate::cli::args::bcd_args::serial_args::EmsSetting;

use crate::cli::args::bcd_args::request::Request;
use crate::cli::text::exit::Usage;

/// Arguments of `bcd`.
#[derive(Debug, Args)]
pub(crate) struct BcdArgs {
    /// What to do with the store.
    #[command(subcommand)]
    pub command: BcdCommand,
}

impl BcdArgs {
    /// The disk or file that is named.
    pub(crate) fn target(&self) -> &Path {
        &self.place().target
    }

    /// Which store is meant.
    pub(crate) fn place(&self) -> &PlaceArgs {
        self.parts().0
    }

    /// How it is edited, where the command edits.
    pub(crate) fn edit(&self) -> Option<&EditArgs> {
        self.parts().1
    }

    fn parts(&self) -> (&PlaceArgs, Option<&EditArgs>) {
        let edit = match &self.command {
            BcdCommand::Enum(args) => return (&args.place, None),
            BcdCommand::Get(args) => return (&args.place, None),
            BcdCommand::Export(args) => return (&args.place, None),
            BcdCommand::Diff(args) => return (&args.place, None),
            BcdCommand::Set(args) => &args.edit,
            BcdCommand::Unset(args) => &args.edit,
            BcdCommand::Create(args) => &args.edit,
            BcdCommand::Createstore(args) => &args.edit,
            BcdCommand::Copy(args) => &args.edit,
            BcdCommand::Delete(args) => &args.edit,
            BcdCommand::Import(args) => &args.edit,
            BcdCommand::Default(args) => &args.edit,
            BcdCommand::Displayorder(args)
            | BcdCommand::Toolsdisplayorder(args)
            | BcdCommand::Bootsequence(args) => &args.edit,
            BcdCommand::Timeout(args) => &args.edit,
            BcdCommand::Ems(args) | BcdCommand::Bootems(args) => &args.edit,
            BcdCommand::Emssettings(args) => &args.edit,
            BcdCommand::SafeMode(args) => &args.edit,
            BcdCommand::SerialConsole(args) => &args.edit,
            BcdCommand::AutoRepair(args) => &args.edit,
            BcdCommand::Menu(args) => &args.edit,
            BcdCommand::LastKnownGood(args) => &args.edit,
        };
        (&edit.place, Some(edit))
    }

    /// What is to be done.
    ///
    /// # Errors
    /// When words are missing, or are too many.
    pub(crate) fn job(&self, as_json: bool) -> Result<Job, Usage> {
        let manager = |element, value: &str| Job::Edit(vec![Request::set(Some(BOOTMGR), element, value)]);
        Ok(match &self.command {
            BcdCommand::Enum(args) => Job::Enum(args.which.clone()),
            BcdCommand::Get(args) => {
                let (object, element) = split(&args.words);
                Job::Get { object, element: only(element, "get", "[{ID}] [ELEMENT]")? }
            }
            BcdCommand::Export(args) => match (&args.file, as_json) {
                (None, false) => return Err(Usage("export needs a FILE to write, or --json".to_owned())),
                (Some(_), true) => {
                    return Err(Usage("export --json prints the store: omit FILE".to_owned()));
                }
                (file, _) => Job::Export { to: file.clone() },
            },
            BcdCommand::Diff(args) => Job::Diff { other: args.other.clone() },
            BcdCommand::Set(args) => {
                let (object, words) = split(&args.words);
                let [element, value @ ..] = words else { return Err(short("set", SET)) };
                if value.is_empty() {
                    return Err(short("set", SET));
                }
                Job::Edit(vec![Request::Set {
                    object,
                    element: element.clone(),
                    value: value.to_vec(),
                    how: args.list.how(),
                    as_type: args.as_type.map(TypeArg::format),
                }])
            }
            BcdCommand::Unset(args) => {
                let (object, element) = split(&args.words);
                let element = only(element, "unset", UNSET)?.ok_or_else(|| short("unset", UNSET))?;
                Job::Edit(vec![Request::Unset { object, element, if_there: false }])
            }
            BcdCommand::Create(args) => Job::Edit(vec![Request::Create {
                id: args.id.clone(),
                kind: args.kind.kind(),
                description: args.description.clone(),
            }]),
            BcdCommand::Createstore(_) => Job::CreateStore,
            BcdCommand::Copy(args) => Job::Edit(vec![Request::Copy {
                object: args.id.clone(),
                description: args.description.clone(),
            }]),
            BcdCommand::Delete(args) => Job::Edit(vec![Request::Delete {
                object: args.id.clone(),
                force: args.force,
                cleanup: !args.no_cleanup,
            }]),
            BcdCommand::Import(args) => Job::Import { from: args.file.clone() },
            BcdCommand::Default(args) => manager("default", &args.id),
            BcdCommand::Displayorder(args) => order("displayorder", args),
            BcdCommand::Toolsdisplayorder(args) => order("toolsdisplayorder", args),
            BcdCommand::Bootsequence(args) => order("bootsequence", args),
            BcdCommand::Timeout(args) => manager("timeout", &args.seconds.to_string()),
            BcdCommand::Ems(args) => on_or_off("ems", args)?,
            BcdCommand::Bootems(args) => on_or_off("bootems", args)?,
            BcdCommand::Emssettings(args) => {
                if args.settings.len() > 1 && args.settings.contains(&EmsSetting::Bios) {
                    return Err(Usage(
                        "emssettings: bios leaves the port to the firmware; omit the rest".to_owned(),
                    ));
                }
                Job::Edit(args.settings.iter().flat_map(|setting| setting.requests()).collect())
            }
            BcdCommand::SafeMode(args) => Job::Recipe(args.recipe()),
            BcdCommand::SerialConsole(args) => Job::Recipe(args.recipe()),
            BcdCommand::AutoRepair(args) => Job::Recipe(Recipe::AutoRepair(args.switch == Switch::On)),
            BcdCommand::Menu(args) => Job::Recipe(args.recipe()),
            BcdCommand::LastKnownGood(args) => Job::Recipe(Recipe::LastKnownGood(args.switch == Switch::On)),
        })
    }
}

/// What `set` takes.
const SET: &str = "[{ID}] ELEMENT VALUE...";
/// What `unset` takes.
const UNSET: &str = "[{ID}] ELEMENT";
/// What `ems` and `bootems` take.
const EMS: &str = "[{ID}] on|off";

/// The object that leads, where one does, and what is behind it.
fn split(words: &[String]) -> (Option<String>, &[String]) {
    match words {
        [object, rest @ ..] if is_object(object) => (Some(object.clone()), rest),
        rest => (None, rest),
    }
}

/// The one word behind the object, or none.
fn only(words: &[String], command: &str, takes: &str) -> Result<Option<String>, Usage> {
    match words {
        [] => Ok(None),
        [word] => Ok(Some(word.clone())),
        _ => Err(short(command, takes)),
    }
}

fn short(command: &str, takes: &str) -> Usage {
    Usage(format!("bcd {command}: expected TARGET {takes}, with {{ID}} a name in braces or a GUID"))
}

fn order(element: &str, args: &OrderArgs) -> Job {
    Job::Edit(vec![Request::Set {
        object: Some(BOOTMGR.to_owned()),
        element: element.to_owned(),
        value: args.ids.clone(),
        how: args.list.how(),
        as_type: None,
    }])
}

fn on_or_off(element: &str, args: &EmsArgs) -> Result<Job, Usage> {
    let (object, word) = split(&args.words);
    let word = only(word, element, EMS)?.ok_or_else(|| short(element, EMS))?;
    Ok(Job::Edit(vec![Request::set(object.as_deref(), element, &word)]))
}

#[cfg(test)]
mod tests;
