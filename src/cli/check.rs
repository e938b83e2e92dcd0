//! `check`: findings and a verdict for each of many targets, examined at the same time and shown in order.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::path::Path;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::anyhow;

use crate::cli::HEALTHY;
use crate::cli::args::CheckArgs;
use crate::cli::confine;
use crate::cli::examine::NamedDisks;
use crate::cli::examine::context;
use crate::cli::examine::examine_with;
use crate::cli::examine::is_store_file;
use crate::cli::examine::recorded;
use crate::cli::json::Form;
use crate::cli::json::Stream;
use crate::cli::junit::Junit;
use crate::cli::junit::Summary;
use crate::cli::lines;
use crate::cli::outcome::Outcome;
use crate::cli::outcome::Tally;
use crate::cli::parallel::in_order;
use crate::cli::parallel::processors;
use crate::cli::progress::Progress;
use crate::cli::result;
use crate::cli::targets::expand;
use crate::cli::targets::no_directory;
use crate::cli::text::clean;
use crate::cli::usage;
use crate::diagnosis::Choice;
use crate::diagnosis::Verdict;
use crate::diagnosis::recorded::Recorded;
use crate::diagnosis::requirement::Requirement;
use crate::storage::attached::attached_disks;

/// Runs the command.
///
/// # Errors
/// When no target is named and no Windows disk is attached, a list or a directory cannot be read, or the results cannot
/// be written; a target that cannot be examined is one result among others.
pub fn run(args: &CheckArgs, as_json: bool) -> anyhow::Result<u8> {
    let choice = match args.choice.choice() {
        Ok(choice) => choice,
        Err(error) => return usage(&error.to_string(), as_json),
    };
    let junit = args.junit.as_deref().map(Junit::create).transpose()?;
    confine::to_reading();
    let mut targets = targets(args)?;
    if args.against.is_some() && targets.len() != 1 {
        return usage("--against is for one target: a record is of one disk", as_json);
    }
    if let Some(shard) = args.shard {
        targets = shard.of(targets);
    }
    let threads = args.jobs.map_or_else(processors, |jobs| jobs.get().into());
    let among: &[PathBuf] = if is_named(args) { &targets } else { &[] };
    let disks = || NamedDisks::among(among, &args.open.options(), threads);
    let (named, compared) = match args.is_independent() {
        false => (disks(), NamedDisks::default()),
        true if args.requirements().any(|it| it == Requirement::UniqueIdentity) => {
            (NamedDisks::default(), disks())
        }
        true => Default::default(),
    };
    let check = Check {
        args,
        named,
        compared,
        form: form(args, as_json),
        choice,
        recorded: recorded(args.against.as_deref())?,
    };
    check.all(&targets, threads, junit)
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
    /// The other disks of the same machine.
    named: NamedDisks,
    /// Disks that must have another identity.
    compared: NamedDisks,
    recorded: Option<Recorded>,
}

impl Check<'_> {
    fn all(&self, targets: &[PathBuf], threads: usize, junit: Option<Junit>) -> anyhow::Result<u8> {
        let progress = Progress::new(targets.len());
        let (mut code, mut tally, mut summaries) = (HEALTHY, Tally::default(), Vec::new());
        let mut stream = self.form.map(Stream::new);
        let work = |path: &PathBuf| {
            let outcome = self.one(path);
            progress.step();
            outcome
        };
        let show = |outcome: Option<Outcome>| {
            let Some(outcome) = outcome else { return Ok(()) };
            code |= outcome.code;
            let first = tally.targets() == 0;
            tally.add(&outcome);
            if junit.is_some() {
                summaries.push(Summary::of(&outcome));
            }
            progress.aside(|| match &mut stream {
                Some(stream) => Ok(stream.add(&outcome.shown)?),
                None => lines::write(format_args!("{}{}", if first { "" } else { "\n" }, outcome.shown)),
            })
        };
        in_order(targets, threads, work, show)?;
        progress.end();
        if let Some(junit) = junit {
            junit.write(&summaries)?;
        }
        // Who asked for the state of a disk that did not come up must not hear that all is well.
        anyhow::ensure!(
            is_named(self.args) || tally.targets() > 0,
            "no Windows disk is attached; see `bcdrescue list`"
        );
        self.end(stream, &tally)?;
        Ok(code)
    }

    fn end(&self, stream: Option<Stream>, tally: &Tally) -> anyhow::Result<()> {
        let is_many = tally.targets() != 1;
        match stream {
            None if is_many => lines::write(format_args!("\n{}\n", tally.line()))?,
            None => {}
            Some(stream) => {
                stream.end(&tally.json())?;
                if is_many && self.form == Some(Form::Lines) {
                    anstream::eprintln!("bcdrescue: {}", tally.line());
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
            let message = clean(&format!("{error:#}"));
            Some(result::failed(path, message, self.form))
        })?;
        outcome.seconds = begun.elapsed().as_secs_f64();
        Some(outcome)
    }

    fn examine(&self, path: &Path) -> anyhow::Result<Option<Outcome>> {
        no_directory(path, self.args.recursive)?;
        if is_store_file(path) {
            return result::store_file(path, self.form).map(Some);
        }
        let options = self.args.open.options();
        let mut context = context(path, &self.named, &options, self.choice);
        context.recorded.clone_from(&self.recorded);
        let compared =
            if self.args.is_independent() { self.compared.beside(path) } else { context.others.clone() };
        let examined = examine_with(path, &self.args.choice.with, &options, &mut context)?;
        if !is_named(self.args) && examined.diagnosis.verdict == Verdict::NotWindows {
            return Ok(None);
        }
        Ok(Some(result::disk(&examined, &compared, self.args, self.form)))
    }
}
