//! `fix`: which disk, then plan, ask, record, write, verify.

mod firmware_entry;
mod output;
mod repair_run;
mod write;

use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::args::command_line::FixArgs;
use crate::cli::args::on_arg::OnArg;
use crate::cli::args::show_args::ShowArgs;
use crate::cli::commands::fix::repair_run::RepairRun;
use crate::cli::output::json;
use crate::cli::output::json::action::Action;
use crate::cli::output::json::repair::LeftAlone;
use crate::cli::run::confine;
use crate::cli::run::examine::examine_with;
use crate::cli::run::examine::snapshot;
use crate::cli::run::known_disks::NamedDisks;
use crate::cli::run::known_disks::context;
use crate::cli::run::pick;
use crate::cli::run::pick::Picked;
use crate::cli::run::store_file::is_store_file;
use crate::cli::text::disk_state;
use crate::cli::text::disk_state::NOTHING_WRITTEN;
use crate::cli::text::exit::HEALTHY;
use crate::cli::text::exit::LEFT;
use crate::cli::text::exit::USAGE;
use crate::cli::text::exit::Usage;
use crate::cli::text::lines;
use crate::cli::text::shell_quote;
use crate::diagnosis::Choice;

/// Runs the command.
///
/// # Errors
/// When the target cannot be examined, or a step fails; the message then says what state the disk is in.
pub(crate) fn run(args: &FixArgs, show: ShowArgs) -> anyhow::Result<u8> {
    let as_json = show.json;
    let on = OnArg::controllers(&args.on);
    let choice = Choice { on, load: on, ..args.choice.choice()? };
    match (args.write.dry_run, &args.target) {
        (true, _) => confine::to_reading(),
        (false, None) => confine::to_attached_disks(args.record_dir.as_deref()),
        (false, Some(_)) => {}
    }
    let target = match &args.target {
        Some(target) => target.clone(),
        None if args.choice.is_of_one_disk() || args.against.is_some() || !on.is_empty() => {
            let message = format!("these switches need a target; {NOTHING_WRITTEN}");
            return Err(Usage(message).into());
        }
        None => match pick::pick(&args.open.options(), choice, as_json)? {
            Picked::Disk(path) => path,
            Picked::Nothing(incurable) => return nothing_attached(&incurable, as_json),
            Picked::Several(paths) => return several(&paths, as_json),
        },
    };
    let orders = args.choice.rebuild.orders();
    if !args.write.dry_run {
        let record = args.record_dir.as_deref();
        confine::to_repair(&target, record, &args.open.allow_backing, orders.firmware_entry.as_deref());
    }
    anyhow::ensure!(
        !is_store_file(&target),
        "{}: a store alone does not tell which disk it should refer to; run fix on its disk",
        target.display()
    );
    let (options, nobody) = (args.open.options(), NamedDisks::default());
    let mut context = context(&target, &nobody, &options, choice, args.choice.independent);
    context.orders = Arc::new(orders);
    context.snapshot = snapshot(args.against.as_deref())?;
    let examined = examine_with(&target, &args.choice.with, &options, &mut context)?;
    RepairRun { args, show, context, examined }.run().map_err(disk_state::told)
}

fn nothing_attached(incurable: &[PathBuf], as_json: bool) -> anyhow::Result<u8> {
    if as_json {
        let document =
            |path: &PathBuf| LeftAlone { target: json::path(path), action: Action::NothingToDo, error: None };
        json::print(&incurable.iter().map(document).collect::<Vec<_>>())?;
    } else if incurable.is_empty() {
        lines::say(format_args!("no attached Windows disk needs a repair"))?;
    } else {
        lines::show(|out| {
            out.add(format_args!("fix cannot repair what is wrong; see:"));
            for path in incurable {
                out.add(format_args!(
                    "  {}",
                    shell_quote::command(&["check".into(), shell_quote::path(path)])
                ));
            }
        })?;
    }
    Ok(if incurable.is_empty() { HEALTHY } else { LEFT })
}

fn several(paths: &[PathBuf], as_json: bool) -> anyhow::Result<u8> {
    let message =
        format!("several attached disks need a repair; name one: bcdrescue fix TARGET; {NOTHING_WRITTEN}");
    if as_json {
        let document = |path: &PathBuf| LeftAlone {
            target: json::path(path),
            action: Action::NotChosen,
            error: Some(message.clone()),
        };
        json::print(&paths.iter().map(document).collect::<Vec<_>>())?;
    } else {
        lines::warn(format_args!("error: {message}"));
    }
    Ok(USAGE)
}
