//! `record`: what a disk is called while all is well, into a file.

use anyhow::Context as _;

use crate::cli::args::command_line::RecordArgs;
use crate::cli::output::json;
use crate::cli::run::confine;
use crate::cli::run::examine::examine_alone;
use crate::cli::run::record_store;
use crate::cli::text::exit::HEALTHY;
use crate::cli::text::lines;
use crate::cli::text::words;
use crate::cli::text::words::clean;
use crate::diagnosis::Finding;
use crate::diagnosis::Severity;
use crate::diagnosis::model::finding::is_identity;
use crate::diagnosis::model::snapshot::Snapshot;
use crate::repair::snapshot::SnapshotFile;

/// Runs the command.
///
/// # Errors
/// When the disk cannot be examined, or not be read everywhere, its stores do not name it (then it is too late for a record),
/// it has no identity, or the file cannot be made.
pub(crate) fn run(args: &RecordArgs, as_json: bool) -> anyhow::Result<u8> {
    confine::to_new_file(&args.output);
    let examined = examine_alone(&args.target, &args.open.options())?;
    let name = clean(&args.target.display().to_string());
    if let Some(error) = examined.layout.unseen() {
        anyhow::bail!("{name}: not recorded: part of the disk cannot be read: {error}");
    }
    let is_stale = |finding: &&Finding| finding.severity > Severity::Note && is_identity(finding);
    let stale = examined.diagnosis.findings.iter().filter(is_stale).count();
    anyhow::ensure!(
        stale == 0,
        "{name}: not recorded: {} of its stores do not refer to this disk; repair it first",
        words::count(stale, "element", "elements")
    );
    let snapshot = Snapshot::of(&examined.layout).with_context(|| {
        format!("{name}: not recorded: the disk has no identity (no table, or signature 0)")
    })?;
    let record = SnapshotFile::new(json::path(&args.target), examined.len, snapshot, record_store::now());
    record.create(&args.output)?;
    let (partitions, stores) = (record.snapshot.partitions.len(), record.snapshot.stores.len());
    if as_json {
        json::print(&[json::repair::Recorded {
            target: json::path(&args.target),
            verdict: examined.diagnosis.verdict,
            record: json::path(&args.output),
            identity: words::identity(examined.layout.table.disk),
            error: None,
        }])?;
    } else {
        lines::say(format_args!(
            "{name}: {}, {} and {} recorded in {}",
            words::identity(examined.layout.table.disk),
            words::count(partitions, "partition", "partitions"),
            words::count(stores, "store", "stores"),
            clean(&args.output.display().to_string())
        ))?;
    }
    Ok(HEALTHY)
}
