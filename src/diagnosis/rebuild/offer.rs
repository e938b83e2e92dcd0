//! What a rebuild cures is said where it was found.

use crate::bcd::Firmware;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::rebuild::NoRebuild;
use crate::diagnosis::model::rebuild::Rebuild;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::remedy::Switch;
use crate::diagnosis::rebuild::parts::Part;
use crate::diagnosis::rebuild::parts::cured;
use crate::diagnosis::rebuild::parts::part_of;
use crate::layout::Layout;

/// Gives the findings that a rebuild cures that remedy, or what stands against it. `is_asked` is whether the user said `--rebuild`.
pub(in crate::diagnosis) fn offer(
    layout: &Layout,
    found: &Result<Option<Rebuild>, NoRebuild>,
    is_asked: bool,
    findings: &mut [Finding],
) {
    match found {
        Ok(None) => {}
        Ok(Some(rebuild)) => {
            for finding in findings {
                let Some(advice) = advice(layout, rebuild, finding) else { continue };
                finding.remedy =
                    if is_asked { Remedy::Rebuild } else { Remedy::Switch(Switch::Rebuild, advice) };
            }
        }
        // What is missing may be where nobody has looked.
        Err(NoRebuild::LoneVolume | NoRebuild::Unread) => {}
        Err(why) => {
            let is_open = |finding: &Finding| {
                finding.severity == Severity::BlocksBoot
                    && matches!(finding.remedy, Remedy::Advice(_) | Remedy::None)
            };
            // Boot code, and another place for the partition, do not take a Windows to make it from.
            let is_lost = |finding: &Finding| {
                finding.code != Code::SystemVolumeLogical
                    && part_of(finding.code).is_some_and(|part| part != Part::Code)
            };
            let open = findings.iter_mut().filter(|it| is_lost(it) && is_open(it));
            open.for_each(|finding| finding.remedy = instead(why));
        }
    }
}

/// What is to be done where nothing can be rebuilt.
fn instead(why: &NoRebuild) -> Remedy {
    match why {
        NoRebuild::NotFormatted { number, .. } => Remedy::Switch(Switch::Format(*number), why.to_string()),
        why => Remedy::Advice(why.to_string()),
    }
}

/// What a rebuild does about a finding; nothing where it does not cure it.
fn advice(layout: &Layout, rebuild: &Rebuild, finding: &Finding) -> Option<String> {
    let is_flag = matches!(
        finding.code,
        Code::ActivePartitionMissing | Code::ActivePartitionWrong | Code::ActivePartitionAmbiguous
    );
    let place = layout.name(rebuild.system);
    if is_flag {
        let is_open = rebuild.parts.active && !finding.remedy.is_cure();
        return is_open.then(|| format!("`fix --rebuild` makes {place} active"));
    }
    let source = match rebuild.firmware {
        Firmware::Bios => r"\Windows\Boot\PCAT",
        Firmware::Uefi => r"\Windows\Boot\EFI",
    };
    Some(match cured(layout, rebuild.system, rebuild.firmware, finding)? {
        Part::Store => format!("`fix --rebuild` makes a new store on {place}"),
        Part::Files => format!("`fix --rebuild` puts the boot files from {source} on {place}"),
        Part::Code => "`fix --rebuild` writes it, with code from this disk".to_owned(),
        Part::Everything => format!(
            "`fix --rebuild` makes boot files and store on {place}, from this Windows; if another disk of the machine has them, \
             examine that one"
        ),
    })
}
