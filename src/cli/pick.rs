//! Which disk, when none was named; and the question before a write.

use std::io::IsTerminal;
use std::path::PathBuf;

use anyhow::bail;

use crate::cli::examine::attached_targets;
use crate::cli::examine::examine;
use crate::cli::lines;
use crate::cli::named::NamedDisks;
use crate::cli::named::context;
use crate::cli::text;
use crate::cli::text::clean;
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

/// The attached disk that needs a repair: the only one, or the one that the user chooses. The disk that carries the
/// running system is never offered.
///
/// # Errors
/// When the disks cannot be enumerated, or one of them cannot be read (it may be the one).
pub fn pick(options: &OpenOptions, choice: Choice, quiet: bool) -> anyhow::Result<Picked> {
    let mut broken = Vec::new();
    let mut unreadable = Vec::new();
    let mut incurable = Vec::new();
    for path in attached_targets()? {
        let context = context(&path, &NamedDisks::default(), options, choice, false);
        match examine(&path, options, &context) {
            Ok(examined) if examined.diagnosis.is_curable() => {
                let line =
                    format!("{}  {}", path.display(), text::disk_line(&examined.layout.table, examined.len));
                broken.push((path, line, examined.diagnosis.verdict));
            }
            Ok(examined) if examined.diagnosis.verdict == Verdict::Unknown => {
                let why = examined.diagnosis.doubt().map_or("", |finding| &finding.message);
                unreadable.push(format!("{}: {why}", path.display()));
            }
            Ok(examined) if matches!(examined.diagnosis.verdict, Verdict::Broken | Verdict::Degraded) => {
                incurable.push(path);
            }
            Ok(_) => {}
            Err(error) => unreadable.push(format!("{error:#}")),
        }
    }
    if let (true, Some(first)) = (broken.is_empty(), unreadable.first()) {
        bail!("no attached disk that can be read needs a repair, but not all can be read: {first}");
    }
    match broken.as_slice() {
        [] => Ok(Picked::Nothing(incurable)),
        [(path, ..)] => Ok(Picked::Disk(path.clone())),
        several => {
            if !quiet {
                lines::show(|out| {
                    out.add(format_args!("several disks need a repair; none is guessed at:"));
                    for (number, (_, line, verdict)) in (1..).zip(several) {
                        let verdict = text::verdict(*verdict);
                        out.add(format_args!("  {number}) {}  {verdict}", clean(line)));
                    }
                })?;
            }
            let answer = if quiet { None } else { ask("which one (number, or Enter for none)? ")? };
            let number = answer
                .and_then(|answer| answer.parse::<usize>().ok())
                .and_then(|number| number.checked_sub(1));
            Ok(number.and_then(|number| several.get(number)).map_or_else(
                || Picked::Several(several.iter().map(|(path, ..)| path.clone()).collect()),
                |(path, ..)| Picked::Disk(path.clone()),
            ))
        }
    }
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
