//! `check`: findings and a verdict for each of many targets, examined at the same time and shown in order.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::path::Path;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::anyhow;

use crate::cli::args::check_args::CheckArgs;
use crate::cli::commands::check_result;
use crate::cli::output::json::Form;
use crate::cli::output::json::Stream;
use crate::cli::output::outcome::Outcome;
use crate::cli::output::outcome::Tally;
use crate::cli::output::reports::Reports;
use crate::cli::run::confine;
use crate::cli::run::examine::NOTHING_ATTACHED;
use crate::cli::run::examine::examine_with;
use crate::cli::run::examine::snapshot;
use crate::cli::run::known_disks::NamedDisks;
use crate::cli::run::known_disks::context;
use crate::cli::run::known_disks::is_same_file;
use crate::cli::run::parallel::in_order;
use crate::cli::run::parallel::processors;
use crate::cli::run::store_file::is_store_file;
use crate::cli::run::targets::expand;
use crate::cli::run::targets::no_directory;
use crate::cli::text::advice;
use crate::cli::text::exit::HEALTHY;
use crate::cli::text::exit::Usage;
use crate::cli::text::lines;
use crate::cli::text::progress::Progress;
use crate::cli::text::words::clean;
use crate::diagnosis::Choice;
use crate::diagnosis::Verdict;
use crate::diagnosis::model::known_disks::Others;
use crate::diagnosis::model::snapshot::Snapshot;
use crate::diagnosis::requirement::Requirement;
use crate::storage::attached::attached_disks;

/// Runs the command.
///
/// # Errors
/// When no target is named and no Windows disk is attached, a list cannot be read, or the results cannot be
/// written; a target that cannot be examined is one result among others.
pub(crate) fn run(args: &CheckArgs, as_json: bool) -> anyhow::Result<u8> {
    let choice = args.choice.choice()?;
    if let (Some(junit), Some(sarif)) = (&args.junit, &args.sarif)
        && is_same_file(junit, sarif)
    {
        return Err(Usage("--junit and --sarif name the same file".to_owned()).into());
    }
    let mut reports = Reports::create(args.junit.as_deref(), args.sarif.as_deref())?;
    confine::to_reading();
    check(args, as_json, choice, &mut reports).inspect_err(|error| reports.broke_off(error))
}

fn check(args: &CheckArgs, as_json: bool, choice: Choice, reports: &mut Reports) -> anyhow::Result<u8> {
    let mut targets = targets(args)?;
    if args.against.is_some() && targets.len() != 1 {
        return Err(Usage("--against is for one target: a record is of one disk".to_owned()).into());
    }
    // A search that found nothing, or a file that was not filled, must not pass for a fleet that is well.
    anyhow::ensure!(!targets.is_empty() || !is_named(args), "the list names no target");
    if let Some(shard) = args.shard {
        targets = shard.of(targets);
    }
    let threads = args.jobs.map_or_else(|| processors(targets.len()), |jobs| jobs.get().into());
    let is_compared =
        !args.tells_of_each_alone() || args.requirements().any(|it| it == Requirement::UniqueIdentity);
    let named: &[PathBuf] = if is_named(args) && is_compared { &targets } else { &[] };
    let check = Check {
        args,
        named: NamedDisks::among(named, &args.open.options(), threads),
        form: form(args, as_json),
        choice,
        snapshot: snapshot(args.against.as_deref())?,
    };
    check.all(&targets, threads, reports)
}

fn is_named(args: &CheckArgs) -> bool {
    !args.targets.is_empty()
}

fn form(args: &CheckArgs, as_json: bool) -> Option<Form> {
    match (args.jsonl, as_json) {
        (true, _) => Some(Form::Lines),
        (false, true) => Some(Form::Document),
        (false, false) => None,
    }
}

fn targets(args: &CheckArgs) -> anyhow::Result<Vec<PathBuf>> {
    match is_named(args) {
        true => expand(&args.targets, args.recursive),
        false => Ok(attached_disks(Path::new("/"))?.into_iter().map(|disk| disk.path).collect()),
    }
}

/// What is the same for all targets.
struct Check<'a> {
    args: &'a CheckArgs,
    /// Of JSON; `None` for text.
    form: Option<Form>,
    choice: Choice,
    /// The disks whose identities each is compared with.
    named: NamedDisks,
    snapshot: Option<Snapshot>,
}

impl Check<'_> {
    fn all(&self, targets: &[PathBuf], threads: usize, reports: &mut Reports) -> anyhow::Result<u8> {
        let progress = Progress::new(targets.len());
        let (mut code, mut tally, mut outcomes) = (HEALTHY, Tally::default(), Vec::new());
        let mut stream = self.form.map(Stream::new);
        let work = |path: &PathBuf| {
            let outcome = self.one(path);
            progress.step();
            outcome
        };
        let show = |outcome: Option<Outcome>| {
            let Some(mut outcome) = outcome else { return Ok(()) };
            code |= outcome.code;
            let first = tally.targets() == 0;
            tally.add(&outcome);
            let shown = std::mem::take(&mut outcome.shown);
            if reports.are_wanted() {
                outcomes.push(outcome);
            }
            progress.aside(|| match &mut stream {
                Some(stream) => stream.add(&shown),
                None => lines::write(format_args!("{}{shown}", if first { "" } else { "\n" })),
            })
        };
        in_order(targets, threads, work, show)?;
        progress.end();
        reports.write(&outcomes)?;
        anyhow::ensure!(is_named(self.args) || tally.targets() > 0, NOTHING_ATTACHED);
        self.end(stream, &tally)?;
        Ok(code)
    }

    fn end(&self, stream: Option<Stream>, tally: &Tally) -> anyhow::Result<()> {
        let is_many = tally.targets() != 1;
        match stream {
            None if is_many => lines::write(format_args!("\n{}\n", tally.line()))?,
            None => {}
            Some(stream) => {
                stream.end(tally)?;
                if is_many && self.form == Some(Form::Lines) {
                    lines::warn(format_args!("bcdrescue: {}", tally.line()));
                }
            }
        }
        Ok(())
    }

    /// `None` for an attached disk that nobody named and that is not Windows'.
    fn one(&self, path: &Path) -> Option<Outcome> {
        let begun = Instant::now();
        let examined = catch_unwind(AssertUnwindSafe(|| self.examine(path)));
        let outcome = examined.unwrap_or_else(|_| Err(anyhow!("an error of this program; please report it")));
        let mut outcome = outcome.unwrap_or_else(|error| {
            let message = clean(&advice::of(&error));
            Some(check_result::failed(path, message, self.form))
        })?;
        outcome.seconds = begun.elapsed().as_secs_f64();
        Some(outcome)
    }

    fn examine(&self, path: &Path) -> anyhow::Result<Option<Outcome>> {
        no_directory(path, self.args.recursive)?;
        if is_store_file(path) {
            return check_result::store_file(path, self.args, self.form).map(Some);
        }
        let options = self.args.open.options();
        let mut context = context(path, &self.named, &options, self.choice, self.args.choice.independent);
        context.snapshot.clone_from(&self.snapshot);
        let at_hand = [context.others.clone(), context.apart.clone(), context.named.clone()];
        if self.args.tells_of_each_alone() {
            context.named = Others::default();
        }
        let examined = examine_with(path, &self.args.choice.with, &options, &mut context)?;
        if !is_named(self.args) && examined.diagnosis.verdict == Verdict::NotWindows {
            return Ok(None);
        }
        Ok(Some(check_result::disk(&examined, &context, &at_hand, self.args, self.form)))
    }
}
