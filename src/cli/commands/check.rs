//! `check`: findings and a verdict for each of many targets, examined at the same time and shown in order.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use anyhow::anyhow;

use crate::cli::args::check_args::CheckArgs;
use crate::cli::args::show_args::ShowArgs;
use crate::cli::commands::check_output::CheckOutput;
use crate::cli::commands::check_result;
use crate::cli::commands::check_result::Shape;
use crate::cli::output::json;
use crate::cli::output::json::Form;
use crate::cli::output::json::Stream;
use crate::cli::output::json::VERSION;
use crate::cli::output::outcome::Outcome;
use crate::cli::output::report_file::ReportFile;
use crate::cli::output::reports::Reports;
use crate::cli::run::confine;
use crate::cli::run::earlier::Earlier;
use crate::cli::run::examine::NOTHING_ATTACHED;
use crate::cli::run::examine::examine_with;
use crate::cli::run::examine::snapshot;
use crate::cli::run::known_disks::NamedDisks;
use crate::cli::run::known_disks::context;
use crate::cli::run::known_disks::is_same_file;
use crate::cli::run::parallel::in_order;
use crate::cli::run::parallel::threads;
use crate::cli::run::stamp::Question;
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
use crate::storage::network::may_be_far;

/// Runs the command.
///
/// # Errors
/// When no target is named and no Windows disk is attached, a list cannot be read, or the results cannot be
/// written; a target that cannot be examined is one result among others.
pub(crate) fn run(args: &CheckArgs, show: ShowArgs) -> anyhow::Result<u8> {
    let choice = Choice { on: args.controllers(), ..args.choice.choice()? };
    if let (Some(junit), Some(sarif)) = (&args.junit, &args.sarif)
        && is_same_file(junit, sarif)
    {
        return Err(Usage("--junit and --sarif name the same file".to_owned()).into());
    }
    if let (Some(since), Some(output)) = (&args.since, &args.output)
        && is_same_file(since, output)
    {
        return Err(Usage("--since and --output name the same file".to_owned()).into());
    }
    let mut reports = Reports::create(args.junit.as_deref(), args.sarif.as_deref())?;
    let file = args.output.as_deref().map(lines_file).transpose()?;
    confine::to_reading();
    check(args, show, choice, file, &mut reports).inspect_err(|error| reports.broke_off(error))
}

/// What is asked of each target.
fn question(args: &CheckArgs) -> Question {
    let CheckArgs { require, on, open, choice, .. } = args;
    let (open, choice) = (open.words(), choice.words());
    Question::new(&format!("{VERSION} {require:?} {on:?} {open:?} {choice:?}"))
}

/// The file that JSON Lines go to, empty.
fn lines_file(path: &Path) -> anyhow::Result<Stream> {
    let name = || format!("--output {}", path.display());
    let file = ReportFile::create("--output", path, "{\"version\":")?.into_empty().with_context(name)?;
    Ok(Stream::into_file(file, name()))
}

fn check(
    args: &CheckArgs,
    show: ShowArgs,
    choice: Choice,
    file: Option<Stream>,
    reports: &mut Reports,
) -> anyhow::Result<u8> {
    let mut targets = targets(args)?;
    if args.against.is_some() && targets.len() != 1 {
        return Err(Usage("--against takes one target: a record is of one disk".to_owned()).into());
    }
    // A search that found nothing, or a file that was not filled, must not pass for a fleet that is well.
    anyhow::ensure!(!targets.is_empty() || !is_named(args), "the list contains no target");
    if let Some(shard) = args.shard {
        targets = shard.of(targets);
    }
    let is_any_far = || targets.iter().any(|target| may_be_far(target));
    let threads = args.jobs.map_or_else(|| threads(targets.len(), is_any_far), |jobs| jobs.get().into());
    let is_compared =
        !args.tells_of_each_alone() || args.requirements().any(|it| it == Requirement::UniqueIdentity);
    let named: &[PathBuf] = if is_named(args) && is_compared { &targets } else { &[] };
    // What is judged by other targets too, or made from other files, may change with those.
    let is_alone = args.choice.with.is_empty() && args.choice.rebuild.files_from.is_none();
    let question = (args.jsonl && !is_compared && is_alone && args.against.is_none()).then(|| question(args));
    if args.since.is_some() && question.is_none() {
        return Err(Usage(
            "--since takes images that are judged each alone: a list, a directory (-r) or --independent, and not \
             unique-identity, --with or --files-from"
                .to_owned(),
        )
        .into());
    }
    let check = Check {
        args,
        question,
        earlier: args.since.as_deref().map(Earlier::open).transpose()?,
        named: NamedDisks::among(named, &args.open.options(), threads),
        shape: shape(args, show, targets.len() != 1),
        choice,
        snapshot: snapshot(args.against.as_deref())?,
    };
    check.all(&targets, threads, CheckOutput::new(check.shape, file), reports)
}

fn is_named(args: &CheckArgs) -> bool {
    !args.targets.is_empty()
}

fn shape(args: &CheckArgs, show: ShowArgs, is_many: bool) -> Shape {
    match (args.jsonl, show.json, show.verbose) {
        (true, ..) => Shape::Json(Form::Lines),
        (false, true, _) => Shape::Json(Form::Document),
        (false, false, true) => Shape::Details,
        (false, false, false) if is_many => Shape::OneOfMany,
        (false, false, false) => Shape::Screen,
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
    /// How each is shown.
    shape: Shape,
    choice: Choice,
    /// What is asked of each alone, where nothing else matters.
    question: Option<Question>,
    /// The report that results are taken from.
    earlier: Option<Earlier>,
    /// The disks whose identities each is compared with.
    named: NamedDisks,
    snapshot: Option<Snapshot>,
}

impl Check<'_> {
    fn all(
        &self,
        targets: &[PathBuf],
        threads: usize,
        mut output: CheckOutput,
        reports: &mut Reports,
    ) -> anyhow::Result<u8> {
        let progress = Progress::new(targets.len());
        let (mut code, mut outcomes) = (HEALTHY, Vec::new());
        let work = |path: &PathBuf| {
            let outcome = self.one(path);
            progress.step();
            outcome
        };
        let show = |outcome: Option<Outcome>| {
            let Some(mut outcome) = outcome else { return Ok(()) };
            code |= outcome.code;
            match progress.aside(|| output.add(&outcome)) {
                // A report has a reader of its own.
                Err(error) if reports.are_wanted() && lines::is_gone(&error) => {}
                shown => shown?,
            }
            if reports.are_wanted() {
                outcome.shown = String::new();
                outcomes.push(outcome);
            }
            Ok(())
        };
        let done = in_order(targets, threads, work, show);
        progress.end();
        match done {
            Err(error) if lines::is_gone(&error) => return Ok(code),
            done => done?,
        }
        reports.write(&outcomes)?;
        anyhow::ensure!(is_named(self.args) || output.tally().targets() > 0, NOTHING_ATTACHED);
        output.end()?;
        if let (Some(earlier), Some(since)) = (&self.earlier, &self.args.since) {
            let name = clean(&since.display().to_string());
            lines::warn(format_args!("bcdrescue: {} unchanged since {name}", earlier.reused()));
        }
        Ok(code)
    }

    /// `None` for an attached disk that nobody named and that is not Windows'.
    fn one(&self, path: &Path) -> Option<Outcome> {
        let begun = Instant::now();
        let examined = catch_unwind(AssertUnwindSafe(|| self.examine(path)));
        let outcome = examined.unwrap_or_else(|_| Err(anyhow!("internal error; please report it")));
        let mut outcome = outcome.unwrap_or_else(|error| {
            let message = clean(&advice::of(&error));
            Some(check_result::failed(path, message, self.shape))
        })?;
        outcome.seconds = begun.elapsed().as_secs_f64();
        Some(outcome)
    }

    fn examine(&self, path: &Path) -> anyhow::Result<Option<Outcome>> {
        no_directory(path, self.args.recursive)?;
        if is_store_file(path) {
            return check_result::store_file(path, self.args, self.shape).map(Some);
        }
        let stamp = self.question.as_ref().and_then(|question| question.stamp(path));
        if let (Some(earlier), Some(stamp)) = (&self.earlier, &stamp)
            && let Some(reused) = earlier.find(&json::path(path), stamp)
        {
            return Ok(Some(check_result::reused(path, reused)));
        }
        let options = self.args.open.options();
        let mut context = context(path, &self.named, &options, self.choice, self.args.choice.independent);
        context.orders = Arc::new(self.args.choice.rebuild.orders());
        context.snapshot.clone_from(&self.snapshot);
        let at_hand = [context.others.clone(), context.apart.clone(), context.named.clone()];
        if self.args.tells_of_each_alone() {
            context.named = Others::default();
        }
        let examined = examine_with(path, &self.args.choice.with, &options, &mut context)?;
        if !is_named(self.args) && examined.diagnosis.verdict == Verdict::NotWindows {
            return Ok(None);
        }
        // Whoever wrote to it meanwhile, or let the name lead elsewhere, has given it another.
        let again = |question: &Question| question.stamp(path);
        let stamp = stamp.filter(|stamp| self.question.as_ref().and_then(again).as_ref() == Some(stamp));
        Ok(Some(check_result::disk(&examined, &context, &at_hand, self.args, self.shape, stamp)))
    }
}
