//! Which disk, when none was named; and the question before a write.

use std::io::IsTerminal;
use std::path::PathBuf;

use anyhow::bail;

use crate::cli::run::examine::Examined;
use crate::cli::run::examine::NOTHING_ATTACHED;
use crate::cli::run::examine::attached_targets;
use crate::cli::run::examine::examine;
use crate::cli::run::examine::examine_alone;
use crate::cli::run::examine::running_disks;
use crate::cli::run::known_disks::NamedDisks;
use crate::cli::run::known_disks::context;
use crate::cli::text::advice;
use crate::cli::text::disk_state::NOTHING_WRITTEN;
use crate::cli::text::lines;
use crate::cli::text::words;
use crate::cli::text::words::clean;
use crate::diagnosis::Choice;
use crate::diagnosis::Verdict;
use crate::storage::open::OpenOptions;

/// The outcome of looking for the disk that needs a repair.
pub enum Picked {
    /// This one.
    Disk(PathBuf),
    /// No attached disk has anything that a repair could cure; these have something else that is wrong.
    Nothing(Vec<PathBuf>),
    /// Several do, and nobody can be asked, or nobody chose.
    Several(Vec<PathBuf>),
}

/// The attached disks that may be repaired without being named, by what was found on them.
#[derive(Default)]
struct Attached {
    /// Those that a repair could cure: path, a line about it, verdict.
    broken: Vec<(PathBuf, String, Verdict)>,
    /// Those that have something else that is wrong.
    incurable: Vec<PathBuf>,
    /// Why others cannot be told about.
    unreadable: Vec<String>,
    /// Whether one is Windows' and needs nothing.
    is_one_well: bool,
}

impl Attached {
    fn look(options: &OpenOptions, choice: Choice) -> anyhow::Result<Self> {
        let mut all = Self::default();
        for path in attached_targets()? {
            let context = context(&path, &NamedDisks::default(), options, choice, false);
            match examine(&path, options, &context) {
                Ok(examined) => all.add(path, &examined),
                Err(error) => all.unreadable.push(advice::of(&error)),
            }
        }
        Ok(all)
    }

    fn add(&mut self, path: PathBuf, examined: &Examined) {
        let diagnosis = &examined.diagnosis;
        match diagnosis.verdict {
            _ if diagnosis.is_curable() => {
                let line =
                    format!("{}  {}", path.display(), words::disk_line(&examined.layout.table, examined.len));
                self.broken.push((path, line, diagnosis.verdict));
            }
            Verdict::Unknown => {
                let why = diagnosis.doubt().map_or("", |finding| &finding.message);
                self.unreadable.push(format!("{}: {why}", path.display()));
            }
            Verdict::Broken | Verdict::Degraded => self.incurable.push(path),
            Verdict::Healthy => self.is_one_well = true,
            Verdict::NotWindows => {}
        }
    }
}

/// The attached disk that needs a repair: the only one, or the one that the user chooses. The disk that carries the
/// running system is never offered.
///
/// # Errors
/// When the disks cannot be enumerated, one of them cannot be read (it may be the one), or none is Windows'.
pub fn pick(options: &OpenOptions, choice: Choice, quiet: bool) -> anyhow::Result<Picked> {
    let Attached { broken, incurable, unreadable, is_one_well } = Attached::look(options, choice)?;
    if let (true, Some(first)) = (broken.is_empty(), unreadable.first()) {
        bail!("no readable attached disk needs a repair, but not all are readable: {first}");
    }
    match broken.as_slice() {
        [] if incurable.is_empty() && !is_one_well => bail!("{}", nothing_attached(options)),
        [] => Ok(Picked::Nothing(incurable)),
        [(path, ..)] => Ok(Picked::Disk(path.clone())),
        several => choose(several, quiet),
    }
}

/// That no Windows disk is attached, or that the only one has to be named.
fn nothing_attached(options: &OpenOptions) -> String {
    let is_windows = |path: &PathBuf| {
        let verdict = examine_alone(path, options).map(|examined| examined.diagnosis.verdict);
        !matches!(verdict, Err(_) | Ok(Verdict::NotWindows))
    };
    match running_disks().into_iter().find(is_windows) {
        Some(path) => format!(
            "no Windows disk is attached but {}, which runs this system and is repaired only when named",
            path.display()
        ),
        None => NOTHING_ATTACHED.to_owned(),
    }
}

fn choose(several: &[(PathBuf, String, Verdict)], quiet: bool) -> anyhow::Result<Picked> {
    if !quiet {
        lines::show(|out| {
            out.add(format_args!("several disks need a repair:"));
            for (number, (_, line, verdict)) in (1..).zip(several) {
                let verdict = words::verdict(*verdict);
                out.add(format_args!("  {number}) {}  {verdict}", clean(line)));
            }
        })?;
    }
    let answer = if quiet { None } else { ask("which one (number, or Enter for none)? ")? };
    let number =
        answer.and_then(|answer| answer.parse::<usize>().ok()).and_then(|number| number.checked_sub(1));
    Ok(number.and_then(|number| several.get(number)).map_or_else(
        || Picked::Several(several.iter().map(|(path, ..)| path.clone()).collect()),
        |(path, ..)| Picked::Disk(path.clone()),
    ))
}

/// Asks on a terminal; `None` without one.
///
/// # Errors
/// When the terminal cannot be read or written.
pub fn ask(question: &str) -> anyhow::Result<Option<String>> {
    if !std::io::stdin().is_terminal() {
        return Ok(None);
    }
    lines::write(format_args!("{question}"))?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(Some(answer.trim().to_owned()))
}

/// Whether the user agrees: by `--yes`, or by typing it. `None` when nobody can be asked.
///
/// # Errors
/// As [`ask`].
pub fn confirm(question: &str, yes: bool) -> anyhow::Result<Option<bool>> {
    if yes {
        return Ok(Some(true));
    }
    let answer = ask(&format!("{question} [y/N] "))?;
    Ok(answer.map(|answer| matches!(answer.to_lowercase().as_str(), "y" | "yes")))
}

/// What is said where nobody can be asked.
#[must_use]
pub fn unasked(command: &str) -> String {
    format!("no terminal to ask on: {command} needs --yes; {NOTHING_WRITTEN}")
}
