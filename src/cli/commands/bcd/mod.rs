//! `bcd`: bcdedit's commands on a store of a disk, an image, or a file by itself.

mod changes;
mod edit_disk;
mod edit_file;
mod edit_screen;
mod exchange;
mod found;
mod names;
mod recipes;
mod remarks;
mod show;

use crate::bcd::Store;
use crate::cli::args::bcd_args::BcdArgs;
use crate::cli::args::bcd_args::job::Job;
use crate::cli::args::bcd_args::place::EditArgs;
use crate::cli::args::bcd_args::recipe::Recipe;
use crate::cli::args::bcd_args::request::Request;
use crate::cli::args::show_args::ShowArgs;
use crate::cli::commands::bcd::changes::Amended;
use crate::cli::commands::bcd::changes::amended;
use crate::cli::commands::bcd::edit_disk::DiskEdit;
use crate::cli::commands::bcd::edit_file::FileEdit;
use crate::cli::commands::bcd::found::Found;
use crate::cli::commands::bcd::found::OnDisk;
use crate::cli::run::clock;
use crate::cli::run::confine;
use crate::cli::run::store_file::is_store_file;
use crate::cli::text::exit::Usage;
use crate::repair::store_edit::StoreEdit;

/// Runs the command.
///
/// # Errors
/// When the store cannot be read, a word means nothing in it, or a step of the edit fails; the message then says what state the disk is
/// in.
pub(crate) fn run(args: &BcdArgs, show: ShowArgs) -> anyhow::Result<u8> {
    let job = args.job(show.json)?;
    let Some(edit) = args.edit() else {
        return match job {
            Job::Export { to: Some(to) } => exchange::export(args.place(), &to),
            Job::Export { to: None } => exchange::export_json(args.place()),
            Job::Diff { other } => exchange::diff(args.place(), &other, show),
            Job::Get { object, element } => {
                show::get(args.place(), object.as_deref(), element.as_deref(), show)
            }
            Job::Enum(which) => show::objects(args.place(), which.as_deref(), show),
            _ => Err(Usage("this command edits".to_owned()).into()),
        };
    };
    confined(edit);
    match job {
        Job::CreateStore => exchange::create_store(edit, show),
        Job::Import { from } => exchange::import(edit, &from, show),
        Job::Edit(requests) => edited(edit, show, &Asked::Typed(requests)),
        Job::Recipe(recipe) => edited(edit, show, &Asked::Recipe(recipe)),
        _ => Err(Usage("this command only reads".to_owned()).into()),
    }
}

/// Gives up what the edit does not need.
fn confined(edit: &EditArgs) {
    let place = &edit.place;
    match (edit.write.dry_run, &edit.output) {
        (true, _) => confine::to_reading(),
        (false, Some(output)) => confine::to_new_file(output),
        (false, None) if exchange::is_new(&place.target) => confine::to_new_file(&place.target),
        (false, None) => {
            confine::to_repair(&place.target, edit.record_dir.as_deref(), &place.open.allow_backing, None);
        }
    }
}

/// What an edit was asked for by.
enum Asked {
    /// Edits that were typed.
    Typed(Vec<Request>),
    /// A recipe, whose edits depend on the store.
    Recipe(Recipe),
}

/// Carries out what was asked for.
fn edited(edit: &EditArgs, show: ShowArgs, asked: &Asked) -> anyhow::Result<u8> {
    if edit.output.is_some() && !is_store_file(&edit.place.target) {
        return Err(Usage(
            "--output is for a store file; a disk's store is exported by bcd export".to_owned(),
        )
        .into());
    }
    let found = Found::open_to_edit(&edit.place)?;
    let store = found.editable()?;
    let now = clock::now();
    let entry = edit.place.entry.as_ref().map(|entry| entry.0);
    let requests = match asked {
        Asked::Typed(requests) => requests.clone(),
        Asked::Recipe(recipe) => recipes::requests(*recipe, store, found.layout(), entry)?,
    };
    let mut amended = amended(store, found.layout(), entry, &requests, now)?;
    if let Asked::Recipe(_) = asked {
        let edits: Vec<String> = requests.iter().map(ToString::to_string).collect();
        amended.notes.insert(0, format!("these edits: {}", edits.join("; ")));
    }
    written(edit, show, &found, store, amended, now)
}

/// Brings a store where it belongs.
fn written(
    args: &EditArgs,
    show: ShowArgs,
    found: &Found,
    before: &Store,
    amended: Amended,
    now: u64,
) -> anyhow::Result<u8> {
    match found {
        Found::Disk(found) => {
            let OnDisk { examined, context, index } = found.as_ref();
            let edit = StoreEdit::of(&examined.layout, *index, amended.bytes, now);
            let edit = edit.ok_or_else(|| anyhow::anyhow!("internal error: the store was not parsed"))?;
            DiskEdit { args, show, examined, context, before, edit, notes: amended.notes }.run()
        }
        Found::File(found) => FileEdit { args, show, found, amended }.run(),
    }
}
