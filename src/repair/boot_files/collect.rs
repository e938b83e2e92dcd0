//! Collecting the boot files of a Windows for its system volume.

use crate::bcd::Firmware;
use crate::diagnosis::model::rebuild::Languages;
use crate::layout::boot_file::Content;
use crate::layout::boot_file::Machine;
use crate::repair::boot_files::boot_file::BootFile;
use crate::repair::boot_files::boot_file::Collected;
use crate::repair::boot_files::boot_file::Kept;
use crate::repair::boot_files::boot_file::LeftOut;
use crate::repair::boot_files::boot_file::Origin;
use crate::repair::boot_files::boot_file::Role;
use crate::repair::boot_files::boot_file::WhyLeftOut;
use crate::repair::boot_files::error::Limit;
use crate::repair::boot_files::error::NoFiles;
use crate::repair::boot_files::manager;
use crate::repair::boot_files::room;
use crate::repair::boot_files::select;
use crate::repair::boot_files::select::Chosen;
use crate::repair::boot_files::signer;
use crate::repair::boot_files::signer::Certificates;
use crate::repair::boot_files::source::Source;
use crate::repair::boot_files::survey::Part;
use crate::repair::boot_files::survey::Survey;
use crate::repair::boot_files::target::Fate;
use crate::repair::boot_files::target::Target;
use crate::repair::boot_files::target::content_of;
use crate::repair::boot_files::windows;
use crate::repair::boot_files::wish::Extent;
use crate::repair::boot_files::wish::Wish;
use crate::volume::Volume;

/// Bytes of all files; those of a Windows 11 with all languages have 33 MiB.
const BYTES_MAX: u64 = 64 << 20;
/// Length of `BOOTSTAT.DAT`, which is zeros as long as nothing was noted in it.
const BOOTSTAT_LEN: usize = 0x1_0000;
/// Bytes of a cluster of a volume that is to be formatted.
const CLUSTER: u64 = 4096;

/// The boot files of the Windows under `root` for the system volume `target`, which is `None` when that is to be formatted.
///
/// # Errors
/// There is no sound boot manager for this Windows, the source is none, the system volume has a directory where a file has to be (or
/// the other way round), or no room.
pub(crate) fn collect(
    windows: &Volume<'_>,
    root: &str,
    target: Option<&Volume<'_>>,
    wish: &Wish<'_>,
) -> Result<Collected, NoFiles> {
    let source = match wish.files_from {
        Some(folder) => Source::Folder(folder),
        None => Source::Windows(windows, root),
    };
    let mut system = Target::new(target);
    let loader = windows::machine(windows, root, wish.firmware);
    let wants_2023 = wish.firmware == Firmware::Uefi && is_of_2023(&system, loader);
    let (manager, machine) = manager::take(source, wish.firmware, wants_2023, loader)?;
    let certificates = signer::certificates(&manager.contents);
    let has_language = |language: &str| windows::has_language(windows, root, language);

    let (mut wanted, mut left_out) = (Vec::new(), Vec::new());
    if wants_2023 && certificates != Certificates::Ca2023 {
        let from = source.origin(&select::MANAGER_2023.map(str::to_owned));
        left_out.push(LeftOut { from, why: WhyLeftOut::Missing });
    }
    if wish.extent == Extent::Full {
        let mut survey = survey(source, wish.firmware, wants_2023)?;
        left_out.append(&mut survey.left_out);
        let chosen = select::choose(&survey.files, wish.firmware, &wish.languages, &has_language);
        left_out.extend(missing_languages(source, &chosen, wish));
        wanted = read(source, &chosen, &mut left_out)?;
        wanted.extend(bootstat(&mut system, wish.firmware)?);
    }
    let fallback =
        machine.and_then(select::fallback).map(|to| BootFile { to: to.to_owned(), ..manager.clone() });
    // A start by an entry needs the one, a start without it the other: each is whole before the next is begun.
    wanted.extend(fallback);
    wanted.push(manager);

    let (mut files, mut kept) = (Vec::new(), Vec::new());
    for mut file in wanted {
        match system.fate(&file, wish.overwrite)? {
            Fate::Stays(path, why) => {
                kept.push(Kept { path, why });
                continue;
            }
            Fate::New(path) => file.to = path,
            Fate::Replaces(path, len) => (file.to, file.replaces) = (path, Some(len)),
        }
        files.push(file);
    }
    if let Some(free) = wish.room {
        let cluster = target.and_then(Volume::cluster_size).map_or(CLUSTER, u64::from);
        let is_kept = |language: &str| select::is_kept(language, &has_language);
        let (fitting, dropped) = room::fit(files, free, cluster, &is_kept)?;
        files = fitting;
        left_out.extend(dropped);
    }
    let machine = machine.or(loader).unwrap_or(Machine::X86);
    Ok(Collected { files, kept, left_out, certificates, machine })
}

/// Whether what the system volume starts with is signed under certificates of 2023: firmware may know no others any more.
fn is_of_2023(system: &Target<'_>, loader: Option<Machine>) -> bool {
    let (_, manager) = select::manager(Firmware::Uefi);
    let mut known = [Some(manager), loader.and_then(select::fallback)].into_iter().flatten();
    let found = known.find_map(|path| match system.certificates(path) {
        Certificates::Unknown => None,
        known => Some(known),
    });
    found == Some(Certificates::Ca2023)
}

fn survey<'a>(source: Source<'a>, firmware: Firmware, wants_2023: bool) -> Result<Survey<'a>, NoFiles> {
    let of_2023: &[Part] = if wants_2023 { &[Part::Programs2023, Part::Fonts2023] } else { &[] };
    let mut survey = Survey::new(source);
    for part in [Part::Programs(firmware), Part::Fonts, Part::Resources].iter().chain(of_2023) {
        survey.part(*part)?;
    }
    Ok(survey)
}

/// The languages that the user named and no file has.
fn missing_languages(source: Source<'_>, chosen: &[Chosen<'_>], wish: &Wish<'_>) -> Vec<LeftOut> {
    let Languages::Of(wanted) = &wish.languages else { return Vec::new() };
    let is_there = |wanted: &&String| {
        let is_it = |role: &Role| matches!(role, Role::Texts(found) if found.eq_ignore_ascii_case(wanted));
        chosen.iter().any(|chosen| is_it(&chosen.role))
    };
    let part = Part::Programs(wish.firmware).directory().to_owned();
    let from = |language: &String| source.origin(&[part.clone(), language.clone()]);
    let missing = wanted.iter().filter(|language| !is_there(language));
    missing.map(|language| LeftOut { from: from(language), why: WhyLeftOut::Missing }).collect()
}

/// The bytes of the files that were chosen; what cannot be read, or is none, is left out.
fn read(
    source: Source<'_>,
    chosen: &[Chosen<'_>],
    left_out: &mut Vec<LeftOut>,
) -> Result<Vec<BootFile>, NoFiles> {
    let mut sum = 0u64;
    let mut files = Vec::new();
    for Chosen { file, to, role } in chosen {
        let from = source.origin(&file.path);
        sum = sum.saturating_add(file.len);
        if sum > BYTES_MAX {
            return Err(NoFiles::Beyond { from, limit: Limit::Bytes(BYTES_MAX) });
        }
        let why = match source.read(&file.path, file.len) {
            Ok(contents) => match why_broken(to, &contents) {
                Some(found) => WhyLeftOut::Broken(found),
                None => {
                    let (to, role) = (to.clone(), role.clone());
                    files.push(BootFile { from, to, contents, role, replaces: None });
                    continue;
                }
            },
            Err(cause) => WhyLeftOut::Unread(cause),
        };
        left_out.push(LeftOut { from, why });
    }
    Ok(files)
}

/// What a file is where it cannot be what its name says. The file of one zero that `\BOOTNXT` is may be.
fn why_broken(to: &str, contents: &[u8]) -> Option<Content> {
    let name = to.to_lowercase();
    let is_program = [".efi", ".exe", ".dll"].iter().any(|ending| name.ends_with(ending));
    let content = content_of(contents);
    let is_broken = match content {
        Content::Empty => true,
        Content::Zeros => contents.len() > 1,
        Content::Program(_) => false,
        Content::Cut { .. } | Content::RealMode { .. } | Content::Unclear | Content::NoProgram => is_program,
    };
    is_broken.then_some(content)
}

/// The log of the boot status, where there is none.
fn bootstat(system: &mut Target<'_>, firmware: Firmware) -> Result<Option<BootFile>, NoFiles> {
    let (to, there) = system.look(&format!(r"{}\BOOTSTAT.DAT", select::home(firmware)))?;
    let contents = vec![0; BOOTSTAT_LEN];
    Ok(there.is_none().then_some(BootFile {
        from: Origin::Made,
        to,
        contents,
        role: Role::Program,
        replaces: None,
    }))
}
