//! Everything that was found: every hop of the boot path, every finding with its evidence and what can be done.

use owo_colors::OwoColorize as _;

use crate::cli::output::screen::group::Group;
use crate::cli::output::screen::group::groups;
use crate::cli::output::screen::hop;
use crate::cli::text::lines::Lines;
use crate::cli::text::words;
use crate::cli::text::words::clean;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Finding;
use crate::diagnosis::Remedy;

/// The hops from the firmware to the kernel, each with what was found there.
pub fn chain(out: &mut Lines, diagnosis: &Diagnosis) {
    if diagnosis.chain.is_empty() {
        return;
    }
    out.gap();
    out.add(format_args!("  boot path:"));
    for hop in &diagnosis.chain {
        hop::add(out, hop.kind.as_str(), hop.state, &hop.evidence);
    }
}

/// All findings; those of one kind together, what they share said once.
pub fn findings(out: &mut Lines, findings: &[Finding]) {
    for group in groups(findings) {
        out.gap();
        add_group(out, &group);
    }
}

fn add_group(out: &mut Lines, group: &Group<'_>) {
    let first = group.first;
    out.add(format_args!("  {}: {}", words::severity(first.severity), clean(&first.message)));
    for finding in group.all {
        out.add(format_args!("      {}", clean(finding.subject.as_str())));
    }
    let mut said: Vec<&String> = Vec::new();
    for line in group.all.iter().flat_map(|finding| &finding.evidence) {
        if !said.contains(&line) {
            said.push(line);
            out.add(format_args!("    - {}", clean(line).dimmed()));
        }
    }
    match &first.remedy {
        Remedy::None => {}
        Remedy::Belongs(_) => {
            out.add(format_args!("    {} not changed; see below for the two possibilities", "->".yellow()));
        }
        Remedy::Repoint(repoint) => {
            let it = if group.all.len() == 1 { "it" } else { "them" };
            out.add(format_args!("    {} fix re-points {it} to {}", "->".green(), clean(&repoint.place)));
        }
        Remedy::Edit(edits) => {
            for edit in edits {
                let line = format!("fix changes {}: {}", edit.named(), edit.meaning);
                out.add(format_args!("    {} {}", "->".green(), clean(&line)));
            }
        }
        Remedy::Rebuild => out.add(format_args!("    {} fix makes it anew", "->".green())),
        Remedy::Switch(_, advice) | Remedy::Advice(advice) => {
            out.add(format_args!("    {} {}", "->".yellow(), clean(advice)));
        }
    }
}
