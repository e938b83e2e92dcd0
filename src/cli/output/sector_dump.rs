//! Sectors as they are and as they will be, byte for byte where they differ.

use owo_colors::OwoColorize as _;

use crate::cli::output::plan_lines;
use crate::cli::text::lines::Lines;
use crate::repair::patch::Patch;
use crate::repair::run::runs;

/// Bytes in a line of a dump.
const LINE: usize = 16;

/// Every sector with the bytes that differ, before and after; of contents of files no more than where they are.
pub fn sectors(out: &mut Lines, patches: &[Patch]) {
    out.gap();
    out.add(format_args!("  {}:", plan_lines::sectors(patches)));
    for run in runs(patches) {
        match run.is_contents {
            true => {
                let (sectors, at) = (plan_lines::sectors(run.patches), run.offset());
                out.add(format_args!("  {sectors} at 0x{at:x} ({} bytes): contents of files", run.len()));
            }
            false => run.patches.iter().for_each(|patch| sector(out, patch)),
        }
    }
}

fn sector(out: &mut Lines, patch: &Patch) {
    out.add(format_args!("  sector at 0x{:x} ({} bytes)", patch.offset, patch.before.len()));
    let lines = patch.before.chunks(LINE).zip(patch.after.chunks(LINE)).enumerate();
    for (index, (before, after)) in lines.filter(|(_, (before, after))| before != after) {
        let at = patch.offset.saturating_add(u64::try_from(index.saturating_mul(LINE)).unwrap_or(0));
        out.whole(format_args!("    {} 0x{at:x}: {}", "-".red(), dump(before)));
        out.whole(format_args!("    {} 0x{at:x}: {}", "+".green(), dump(after)));
    }
}

fn dump(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}
