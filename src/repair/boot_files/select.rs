//! Which files of `\Windows\Boot` are put where. Pure.
//!
//! Sources: Microsoft, "BCDBoot Command-Line Options"; measured on EFI system partitions and volumes "System Reserved" of Windows 7 to 11.

use std::collections::BTreeSet;

use crate::bcd::Firmware;
use crate::diagnosis::model::rebuild::Languages;
use crate::layout::boot_file::Machine;
use crate::repair::boot_files::boot_file::Role;
use crate::repair::boot_files::name;
use crate::repair::boot_files::survey::Listed;
use crate::repair::boot_files::survey::Part;

/// English of the United States, which is there in each Windows.
const ENGLISH: &str = "en-US";

/// A file that is to be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen<'l> {
    /// The file.
    pub(super) file: &'l Listed,
    /// Its path on the system volume.
    pub(super) to: String,
    /// What it is.
    pub(super) role: Role,
}

/// The files that are put for a kind of firmware, without the boot manager. `is_of_windows` says whether the Windows has a language.
pub(super) fn choose<'l>(
    files: &'l [Listed],
    firmware: Firmware,
    languages: &Languages,
    is_of_windows: &dyn Fn(&str) -> bool,
) -> Vec<Chosen<'l>> {
    let mut taken = BTreeSet::new();
    let mut chosen = Vec::new();
    for plain in files.iter().filter(|file| !is_variant(file)) {
        let Some(to) = destination(plain, firmware) else { continue };
        let role = role(plain);
        if let Role::Texts(language) = &role
            && !is_wanted(language, languages, is_of_windows)
        {
            continue;
        }
        // Where names differ in case alone, there is room for one of them.
        if taken.insert(to.to_lowercase()) {
            let file = files.iter().find(|file| is_variant_of(file, plain)).unwrap_or(plain);
            chosen.push(Chosen { file, to, role });
        }
    }
    chosen
}

/// The path of the boot manager in a source, and on the system volume.
pub(super) const fn manager(firmware: Firmware) -> ([&'static str; 2], &'static str) {
    match firmware {
        Firmware::Uefi => (["EFI", "bootmgfw.efi"], r"\EFI\Microsoft\Boot\bootmgfw.efi"),
        Firmware::Bios => (["PCAT", "bootmgr"], r"\bootmgr"),
    }
}

/// The path of the boot manager for UEFI that is signed under certificates of 2023.
pub(super) const MANAGER_2023: [&str; 2] = ["EFI_EX", "bootmgfw_EX.efi"];

/// Where firmware looks that has no entry for this disk (UEFI Specification, "Removable Media Boot Behavior").
pub(super) const fn fallback(machine: Machine) -> Option<&'static str> {
    match machine {
        Machine::X64 => Some(r"\EFI\Boot\bootx64.efi"),
        Machine::X86 => Some(r"\EFI\Boot\bootia32.efi"),
        Machine::Arm => Some(r"\EFI\Boot\bootarm.efi"),
        Machine::Arm64 => Some(r"\EFI\Boot\bootaa64.efi"),
        Machine::Other(_) => None,
    }
}

/// The directory of boot files on a system volume.
pub(super) const fn home(firmware: Firmware) -> &'static str {
    match firmware {
        Firmware::Uefi => r"\EFI\Microsoft\Boot",
        Firmware::Bios => r"\Boot",
    }
}

/// Whether a language stays when there is no room for all.
pub(super) fn is_kept(language: &str, is_of_windows: &dyn Fn(&str) -> bool) -> bool {
    language.eq_ignore_ascii_case(ENGLISH) || is_of_windows(language)
}

fn is_wanted(language: &str, languages: &Languages, is_of_windows: &dyn Fn(&str) -> bool) -> bool {
    match languages {
        Languages::All => true,
        Languages::Of(wanted) => wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(language)),
        Languages::Default => is_kept(language, is_of_windows),
    }
}

fn destination(file: &Listed, firmware: Firmware) -> Option<String> {
    let home = home(firmware);
    let inside = file.inside.join(r"\");
    let is = |name: &str| inside.eq_ignore_ascii_case(name);
    match file.part {
        Part::Programs(Firmware::Uefi) if is("bootmgfw.efi") => None,
        Part::Programs(Firmware::Bios) if is("bootmgr") => None,
        Part::Programs(Firmware::Bios) if is("bootnxt") => Some(r"\BOOTNXT".to_owned()),
        // They are no files of a source, and not for it to put over those that are there.
        Part::Programs(_) if is("BOOTSTAT.DAT") || is("BCD") || starts_with(&inside, "BCD.") => None,
        Part::Programs(_) => Some(format!(r"{home}\{inside}")),
        Part::Fonts => Some(format!(r"{home}\Fonts\{inside}")),
        Part::Resources => Some(format!(r"{home}\Resources\{inside}")),
        Part::Programs2023 | Part::Fonts2023 => None,
    }
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn role(file: &Listed) -> Role {
    let language = file.inside.first().filter(|first| file.inside.len() > 1 && name::is_language(first));
    match (file.part, language) {
        (Part::Fonts | Part::Fonts2023, _) => Role::Font,
        (_, Some(language)) => Role::Texts(language.clone()),
        (_, None) => Role::Program,
    }
}

const fn is_variant(file: &Listed) -> bool {
    matches!(file.part, Part::Programs2023 | Part::Fonts2023)
}

/// Whether `file` is the one that is put instead of `plain`: `EFI_EX\x_EX.efi` for `EFI\x.efi`.
fn is_variant_of(file: &Listed, plain: &Listed) -> bool {
    let is_counterpart = matches!(
        (file.part, plain.part),
        (Part::Programs2023, Part::Programs(Firmware::Uefi)) | (Part::Fonts2023, Part::Fonts)
    );
    let (Some((name, directories)), Some((plain, plain_directories))) =
        (file.inside.split_last(), plain.inside.split_last())
    else {
        return false;
    };
    let (stem, extension) = plain.rsplit_once('.').unwrap_or((plain, ""));
    is_counterpart
        && directories.join(r"\").eq_ignore_ascii_case(&plain_directories.join(r"\"))
        && name.eq_ignore_ascii_case(&format!("{stem}_EX.{extension}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(part: Part, path: &str) -> Listed {
        let inside: Vec<String> = path.split('\\').map(str::to_owned).collect();
        Listed { part, path: [vec![part.directory().to_owned()], inside.clone()].concat(), inside, len: 1 }
    }

    fn names(chosen: &[Chosen<'_>]) -> Vec<(String, String)> {
        chosen.iter().map(|chosen| (chosen.file.path.join(r"\"), chosen.to.clone())).collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect()
    }

    fn is_german(language: &str) -> bool {
        language.eq_ignore_ascii_case("de-DE")
    }

    #[test]
    fn each_file_for_a_bios_has_its_place() {
        let programs = Part::Programs(Firmware::Bios);
        let files = [
            listed(programs, "BootMgr"),
            listed(programs, "bootnxt"),
            listed(programs, "memtest.exe"),
            listed(programs, r"de-DE\bootmgr.exe.mui"),
            listed(programs, r"fr-FR\bootmgr.exe.mui"),
            listed(programs, r"EN-us\bootmgr.exe.mui"),
            listed(Part::Fonts, "wgl4_boot.ttf"),
            listed(Part::Resources, "bootres.dll"),
            listed(Part::Resources, r"de-DE\bootres.dll.mui"),
            listed(Part::Resources, r"fr-FR\bootres.dll.mui"),
        ];
        let chosen = choose(&files, Firmware::Bios, &Languages::Default, &is_german);
        let expected = [
            (r"PCAT\bootnxt", r"\BOOTNXT"),
            (r"PCAT\memtest.exe", r"\Boot\memtest.exe"),
            (r"PCAT\de-DE\bootmgr.exe.mui", r"\Boot\de-DE\bootmgr.exe.mui"),
            (r"PCAT\EN-us\bootmgr.exe.mui", r"\Boot\EN-us\bootmgr.exe.mui"),
            (r"Fonts\wgl4_boot.ttf", r"\Boot\Fonts\wgl4_boot.ttf"),
            (r"Resources\bootres.dll", r"\Boot\Resources\bootres.dll"),
            (r"Resources\de-DE\bootres.dll.mui", r"\Boot\Resources\de-DE\bootres.dll.mui"),
        ];
        assert_eq!(names(&chosen), pairs(&expected));
        let count = |languages| choose(&files, Firmware::Bios, &languages, &is_german).len();
        assert_eq!(count(Languages::All), 9);
        assert_eq!(count(Languages::Of(vec!["FR-fr".into()])), 6);
    }

    #[test]
    fn variants_of_2023_have_the_plain_names() {
        let programs = Part::Programs(Firmware::Uefi);
        let files = [
            listed(programs, "bootmgfw.efi"),
            listed(programs, "bootmgr.efi"),
            listed(programs, "BOOTMGR.EFI"),
            listed(programs, "boot.stl"),
            listed(programs, "bcd"),
            listed(programs, "BCD.LOG1"),
            listed(programs, "bootstat.dat"),
            listed(Part::Programs2023, "BOOTMGR_ex.efi"),
            listed(Part::Programs2023, "other_EX.efi"),
            listed(Part::Programs2023, r"deep\boot_EX.stl"),
            listed(Part::Fonts, "wgl4_boot.ttf"),
            listed(Part::Fonts, "jpn_boot.ttf"),
            listed(Part::Fonts2023, "wgl4_boot_EX.ttf"),
        ];
        let chosen = choose(&files, Firmware::Uefi, &Languages::All, &is_german);
        let expected = [
            (r"EFI_EX\BOOTMGR_ex.efi", r"\EFI\Microsoft\Boot\bootmgr.efi"),
            (r"EFI\boot.stl", r"\EFI\Microsoft\Boot\boot.stl"),
            (r"Fonts_EX\wgl4_boot_EX.ttf", r"\EFI\Microsoft\Boot\Fonts\wgl4_boot.ttf"),
            (r"Fonts\jpn_boot.ttf", r"\EFI\Microsoft\Boot\Fonts\jpn_boot.ttf"),
        ];
        assert_eq!(names(&chosen), pairs(&expected));
    }
}
