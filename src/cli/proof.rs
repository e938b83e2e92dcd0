//! What a repair leaves behind: the record that undoes it, and the proof that it came out as planned.

use anyhow::Context as _;

use crate::cli::examine::Examined;
use crate::cli::keep;
use crate::repair::disk_text;
use crate::repair::plan;
use crate::repair::plan::Plan;
use crate::repair::record::Record;
use crate::repair::record::SavedStore;
use crate::repair::record::Target;
use crate::repair::record::sha256;

/// The undo record of a plan.
///
/// # Errors
/// When the target's path cannot be kept in a record.
pub fn record(examined: &Examined, plan: &Plan) -> anyhow::Result<Record> {
    let path = std::fs::canonicalize(&examined.path)
        .with_context(|| format!("{}; nothing was written", examined.path.display()))?;
    anyhow::ensure!(
        path.to_str().is_some(),
        "{}: the name is not UTF-8, which the undo record has to be: give the file another name, or name a hard link to it; nothing was written",
        path.display()
    );
    let target = Target {
        path,
        len: examined.len,
        sector_size: examined.layout.table.sector_size,
        disk: disk_text(examined.layout.table.disk),
    };
    let saved = |store: &plan::StorePlan| SavedStore {
        partition: store.partition,
        path: store.path.clone(),
        sha256_before: sha256(&store.before),
        sha256_after: sha256(&store.after),
        bytes_before: store.before.clone(),
    };
    Ok(Record::new(target, plan.stores.iter().map(saved).collect(), plan.patches.clone(), keep::now()))
}

/// The disk, read anew from the start, holds exactly what was planned, and nothing curable is left.
///
/// # Errors
/// What is not as planned.
pub fn prove(before: &Examined, plan: &Plan, after: &Examined) -> anyhow::Result<()> {
    for store in &plan.stores {
        let old = before.layout.stores.get(store.store).map(|file| (file.volume, &file.path));
        let file = after.layout.stores.iter().find(|file| old == Some((file.volume, &file.path)));
        let found = file.and_then(|file| file.parsed()).map(|parsed| parsed.hive().bytes());
        anyhow::ensure!(
            found == Some(store.after.as_slice()),
            "{} does not hold the planned bytes",
            store.path
        );
    }
    anyhow::ensure!(after.diagnosis.repoints().next().is_none(), "elements are still stale");
    Ok(())
}
