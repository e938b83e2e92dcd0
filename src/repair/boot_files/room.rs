//! Whether the files have room, and what is left out where not.

use std::collections::BTreeMap;

use crate::repair::boot_files::boot_file::BootFile;
use crate::repair::boot_files::boot_file::LeftOut;
use crate::repair::boot_files::boot_file::Role;
use crate::repair::boot_files::boot_file::WhyLeftOut;
use crate::repair::boot_files::error::NoFiles;

/// Bytes of a directory that a name takes: on FAT with 30 letters 128, on NTFS with twice 13 about as many.
const NAME: u64 = 128;

/// Leaves out fonts, then languages that are not `is_kept`, until the rest fits into `free` bytes of clusters of `cluster` bytes.
///
/// # Errors
/// The rest does not fit either.
pub(super) fn fit(
    mut files: Vec<BootFile>,
    free: u64,
    cluster: u64,
    is_kept: &dyn Fn(&str) -> bool,
) -> Result<(Vec<BootFile>, Vec<LeftOut>), NoFiles> {
    let mut left_out = Vec::new();
    let is_font = |file: &BootFile| file.role == Role::Font;
    let is_spare = |file: &BootFile| matches!(&file.role, Role::Texts(language) if !is_kept(language));
    let steps: [&dyn Fn(&BootFile) -> bool; 2] = [&is_font, &is_spare];
    for is_dropped in steps {
        if needed(&files, cluster) <= free {
            break;
        }
        // What replaces a file needs no room for itself, or hardly any.
        let (dropped, rest) = files.into_iter().partition(|file| is_dropped(file) && file.replaces.is_none());
        files = rest;
        let no_room =
            |file: BootFile| LeftOut { why: WhyLeftOut::NoRoom { len: len(&file) }, from: file.from };
        left_out.extend(Vec::into_iter(dropped).map(no_room));
    }
    match needed(&files, cluster) {
        needed if needed > free => Err(NoFiles::NoRoom { needed, free }),
        _ => Ok((files, left_out)),
    }
}

/// Bytes that the files take, with the directories that may have to be made for them.
pub(super) fn needed(files: &[BootFile], cluster: u64) -> u64 {
    let clusters = |len: u64| len.div_ceil(cluster.max(1)).saturating_mul(cluster.max(1));
    let mut names: BTreeMap<String, u64> = BTreeMap::new();
    let mut sum = 0u64;
    for file in files {
        let own = clusters(len(file));
        sum = sum.saturating_add(own.saturating_sub(clusters(file.replaces.unwrap_or(0))));
        let mut path = file.to.to_lowercase();
        while let Some((parent, _)) = path.rsplit_once('\\').filter(|_| file.replaces.is_none()) {
            let parent = parent.to_owned();
            let is_new = !names.contains_key(&parent);
            let count = names.entry(parent.clone()).or_insert(0);
            *count = count.saturating_add(1);
            if !is_new {
                break;
            }
            path = parent;
        }
    }
    names.values().map(|count| clusters(count.saturating_mul(NAME))).fold(sum, u64::saturating_add)
}

fn len(file: &BootFile) -> u64 {
    u64::try_from(file.contents.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repair::boot_files::boot_file::Origin;

    fn file(to: &str, len: usize, role: Role, replaces: Option<u64>) -> BootFile {
        let from = Origin::Windows(to.to_owned());
        BootFile { from, to: to.to_owned(), contents: vec![1; len], role, replaces }
    }

    fn all() -> Vec<BootFile> {
        vec![
            file(r"\Boot\bootvhd.dll", 5000, Role::Program, None),
            file(r"\Boot\de-DE\bootmgr.exe.mui", 4000, Role::Texts("de-DE".into()), None),
            file(r"\Boot\fr-FR\bootmgr.exe.mui", 4000, Role::Texts("fr-FR".into()), None),
            file(r"\Boot\Fonts\wgl4_boot.ttf", 9000, Role::Font, None),
            file(r"\Boot\Fonts\jpn_boot.ttf", 9000, Role::Font, Some(8000)),
            file(r"\bootmgr", 4096, Role::Manager, None),
        ]
    }

    #[test]
    fn fonts_go_first_then_languages_and_then_all() {
        let is_kept = |language: &str| language == "de-DE";
        let names = |free| {
            let (files, left_out) = fit(all(), free, 4096, &is_kept)?;
            assert_eq!(files.len() + left_out.len(), 6);
            Ok(left_out.into_iter().map(|left| left.from.to_string()).collect::<Vec<_>>())
        };
        let refused = |free: u64, needed: u64| {
            let error: NoFiles = names(free).unwrap_err();
            assert!(matches!(error, NoFiles::NoRoom { needed: found, .. } if found == needed), "{error}");
        };
        // Files: 2 + 1 + 1 + 3 + (3 - 2) + 1 clusters; directories: the root, \Boot, two languages and the fonts.
        let most = 14 * 4096;
        assert_eq!(needed(&all(), 4096), most);
        assert!(names(most).unwrap().is_empty());
        let font = r"\Boot\Fonts\wgl4_boot.ttf";
        assert_eq!(names(most - 1).unwrap(), [font]);
        assert_eq!(names(10 * 4096).unwrap(), [font]);
        assert_eq!(names(10 * 4096 - 1).unwrap(), [font, r"\Boot\fr-FR\bootmgr.exe.mui"]);
        assert_eq!(names(8 * 4096).unwrap().len(), 2);
        refused(8 * 4096 - 1, 8 * 4096);
    }
}
