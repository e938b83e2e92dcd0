//! What a person can do about an error from below, which itself only says what is wrong.

use std::error::Error;
use std::fmt::Display;

use crate::cli::text::way_out::words;
use crate::error::way_out::WayOut;
use crate::partition::PartitionError;
use crate::repair::apply::ApplyError;
use crate::repair::error::PlanError;
use crate::repair::prospect::Reason;
use crate::repair::prospect::reasons;
use crate::repair::transaction;
use crate::repair::undo::Stopped;
use crate::storage::StorageError;

/// An error with all that led to it, and the way out.
#[must_use]
pub fn of(error: &anyhow::Error) -> String {
    with(format_args!("{error:#}"), error.chain().find_map(way_out))
}

/// A repair that does not come to a plan, or the plan not to a repair: why, and the way out.
#[must_use]
pub fn of_plan(error: &PlanError) -> String {
    let told = with(error, error.way_out());
    let advice = match error {
        PlanError::Table(_) => {
            "if an earlier repair was interrupted, run `bcdrescue undo` with its record; else repair the table first (`sgdisk -e` or `gdisk`)"
        }
        PlanError::Changed | PlanError::Unread(_) => "run check again",
        PlanError::Nvram(error) => {
            let Some(cure) = error.cure() else { return told };
            let instead = r"firmware starts \EFI\Boot\bootx64.efi without an entry";
            return format!("{told}; {cure}, or omit --firmware-entry: {instead}");
        }
        PlanError::Rebuild(why) if why.is_full() => {
            "make room there; if an earlier repair was interrupted, undo it by its record first"
        }
        PlanError::Rebuild(why) if why.is_of_file_system() => {
            "if an earlier repair was interrupted, undo it by its record first"
        }
        PlanError::Rehearsal(_) => "if an earlier repair was interrupted, undo it by its record first",
        PlanError::Storage(_)
        | PlanError::Mismatch { .. }
        | PlanError::Unreadable(_)
        | PlanError::Rebuild(_)
        | PlanError::Check(_) => return told,
    };
    format!("{told}; {advice}")
}

/// A reason why a repair would not be carried out, and the way out.
#[must_use]
pub fn of_reason(reason: &Reason) -> String {
    match reason {
        Reason::Refusal(refusal) => refusal.to_string(),
        Reason::Plan(error) => of_plan(error),
    }
}

/// Why a repair is not begun, each reason with its way out.
#[must_use]
pub fn of_stopped(stopped: &transaction::Stopped) -> Vec<String> {
    reasons(stopped).iter().map(of_reason).collect()
}

/// A disk that was not written, or not to the end: why, and the way out.
#[must_use]
pub fn of_apply(error: &ApplyError) -> String {
    with(error, error.way_out())
}

fn with(error: impl Display, way_out: Option<&WayOut>) -> String {
    match way_out {
        Some(way_out) => format!("{error}; {}", words(way_out)),
        None => error.to_string(),
    }
}

/// The way out of one error of a chain. One that shows another as itself stands there in its place.
fn way_out<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a WayOut> {
    if let Some(error) = error.downcast_ref::<StorageError>() {
        return error.way_out();
    }
    if let Some(error) = error.downcast_ref::<PartitionError>() {
        return error.way_out();
    }
    if let Some(error) = error.downcast_ref::<ApplyError>() {
        return error.way_out();
    }
    error.downcast_ref::<Stopped>().and_then(Stopped::way_out)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::error::way_out::HeldBy;
    use crate::error::way_out::ImageCure;
    use crate::error::way_out::TableCure;
    use crate::repair::error::Unread;

    fn unsound() -> StorageError {
        StorageError::unsound("qcow2 cluster", 0x200, "1", 0)
    }

    #[test]
    fn the_way_out_follows_all_that_led_to_the_error() {
        let busy = || StorageError::busy("/dev/vdb is mounted", HeldBy::Listed);
        assert_eq!(of(&busy().into()), "/dev/vdb is mounted; unmount or detach that first");
        let told = anyhow::Error::from(busy()).context("d").context("nothing was written");
        assert_eq!(of(&told), "nothing was written: d: /dev/vdb is mounted; unmount or detach that first");
        let elsewhere = WayOut::AllowBacking(PathBuf::from("/there/base"));
        assert_eq!(
            of(&StorageError::unsupported("it lies elsewhere", elsewhere).into()),
            "it lies elsewhere; if you trust the image, add --allow-backing /there/base"
        );
        let encrypted = StorageError::unsupported("it is encrypted (AES)", ImageCure::Decrypt);
        assert_eq!(
            of(&encrypted.into()),
            "it is encrypted (AES); decrypt it with `qemu-img convert --image-opts` and its secret, and work on the copy"
        );
        assert_eq!(
            of(&StorageError::Budget { reads: 1 }.into()),
            StorageError::Budget { reads: 1 }.to_string()
        );
        assert_eq!(of(&anyhow::anyhow!("else").context("what")), "what: else");
    }

    #[test]
    fn a_repair_that_ends_at_an_image_says_how_to_mend_that() {
        let why = "qcow2 cluster at 0x200: expected 1, found 0; repair it with `qemu-img check -r all IMAGE`";
        assert_eq!(of_apply(&ApplyError::Refused(unsound())), why);
        assert_eq!(of(&ApplyError::Refused(unsound()).into()), why);
        let begun = ApplyError::Incomplete { written: 1, total: 2, cause: unsound() };
        assert_eq!(of_apply(&begun), format!("1 of 2 sectors written, then: {why}"));
    }

    #[test]
    fn a_table_says_how_to_mend_it_wherever_it_is_met() {
        let table = || PartitionError::unsupported("GPT entries of 256 bytes", TableCure::Rewrite);
        let why = "GPT entries of 256 bytes; rewrite the table with gdisk or sgdisk";
        assert_eq!(of(&anyhow::Error::from(table()).context("d")), format!("d: {why}"));
        assert_eq!(of(&Stopped::Table(table()).into()), why);
        assert_eq!(
            of_plan(&PlanError::Unread(Unread::Table(table()))),
            format!(
                "the disk cannot be read as before, or it is now a different disk: {why}; run check again"
            )
        );
        assert_eq!(of_plan(&PlanError::Unreadable(table())), format!("internal check failed: {why}"));
        assert!(of_plan(&PlanError::Table(table())).starts_with(&format!("{why}; if an earlier repair")));
    }
}
