//! Volumes: mkntfs and mkfs.fat, filled through ntfs-3g and mtools.

use std::fs;
use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Result;
use anyhow::bail;

use crate::boot_files;
use crate::recipe::Part;
use crate::recipe::Recipe;
use crate::run;
use crate::stores;
use crate::text;
use crate::windows;

/// Says in every file that is only there for its name that it is not the real one.
const PLACEHOLDER: &str = "placeholder of a bcdrescue test disk, not the file that belongs here\n";

/// Files that were there and are not any more.
const FREE_RECORDS: usize = 48;

/// Makes the volume of every partition that has a file system.
pub fn make_all(recipe: &Recipe, folder: &Path) -> Result<Vec<Option<PathBuf>>> {
    let make = |(index, part): (usize, &Part)| {
        let Some(file_system) = &part.file_system else { return Ok(None) };
        let path = folder.join(format!("volume{index}"));
        let contents = contents(recipe, part)?;
        fs::File::create(&path)?.set_len(part.size * 1024)?;
        match file_system.as_str() {
            "ntfs" => ntfs(recipe, part, index, &path, folder, &contents)?,
            "fat32" => fat32(recipe, part, &path, folder, &contents)?,
            other => bail!("file system {other}: expected ntfs or fat32"),
        }
        Ok(Some(path))
    };
    recipe.partition.iter().enumerate().map(make).collect()
}

/// Every file with its bytes; paths with slashes, without the first.
fn contents(recipe: &Recipe, part: &Part) -> Result<Vec<(String, Vec<u8>)>> {
    let path = |path: &String| path.trim_start_matches('\\').replace('\\', "/");
    let mut files = Vec::new();
    for file in &part.files {
        let bytes = windows::file(file, recipe)?.unwrap_or_else(|| PLACEHOLDER.as_bytes().to_vec());
        files.push((path(file), bytes));
    }
    files.extend(part.texts.iter().map(|(file, text)| (path(file), text.as_bytes().to_vec())));
    for (file, store) in &part.stores {
        files.push((path(file), stores::build(store, recipe)?));
    }
    if has_windows(part) {
        files.extend(boot_files::of(recipe, PLACEHOLDER)?);
    }
    Ok(files)
}

fn has_windows(part: &Part) -> bool {
    part.files.iter().any(|file| file.to_ascii_lowercase().ends_with(r"\config\system"))
}

fn ntfs(
    recipe: &Recipe,
    part: &Part,
    index: usize,
    path: &Path,
    folder: &Path,
    contents: &[(String, Vec<u8>)],
) -> Result<()> {
    let start = (part.start * 1024 / recipe.sector_size).to_string();
    let sector = recipe.sector_size.to_string();
    let mut arguments =
        vec!["-F", "-f", "-q", "-T", "-s", &sector, "-c", "4096", "-p", &start, "-H", "255", "-S", "63"];
    if let Some(label) = &part.label {
        arguments.extend(["-L", label]);
    }
    arguments.push(text(path));
    run("mkntfs", &arguments)?;
    distinct_serial(path, part.size * 1024, recipe.sector_size, index)?;
    let mount = folder.join("mount");
    fs::create_dir_all(&mount)?;
    run("ntfs-3g", &[text(path), text(&mount)])?;
    let filled = fill(&mount, contents).and_then(|()| leave_free_records(recipe, &mount));
    run("umount", &[text(&mount)])?;
    filled?;
    name_what_starts(part, path)
}

/// Windows' boot code has behind its first 512 bytes the name of the file that it starts.
fn name_what_starts(part: &Part, path: &Path) -> Result<()> {
    let starts = |name: &&str| part.files.iter().any(|file| file.eq_ignore_ascii_case(&format!("\\{name}")));
    let Some(name) = ["BOOTMGR", "NTLDR"].into_iter().find(starts) else { return Ok(()) };
    let mut file = fs::OpenOptions::new().write(true).open(path)?;
    file.seek(SeekFrom::Start(0x200))?;
    file.write_all(&u16::try_from(name.len())?.to_le_bytes())?;
    file.write_all(&name.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())?;
    Ok(())
}

/// mkntfs gives volumes made in the same second the same serial number. It stands in the boot sector and in its copy
/// in the last sector.
fn distinct_serial(path: &Path, len: u64, sector: u64, index: usize) -> Result<()> {
    let mut file = fs::OpenOptions::new().write(true).open(path)?;
    let serial = 0x1c0f_fee0_0000_0000u64 + 0x1001 * (index as u64 + 1);
    for offset in [0, len - sector] {
        file.seek(SeekFrom::Start(offset + 0x48))?;
        file.write_all(&serial.to_le_bytes())?;
    }
    Ok(())
}

fn fill(mount: &Path, contents: &[(String, Vec<u8>)]) -> Result<()> {
    for (file, bytes) in contents {
        let path = mount.join(file);
        fs::create_dir_all(path.parent().unwrap())?;
        fs::write(path, bytes)?;
    }
    Ok(())
}

/// mkntfs gives a volume hardly more FILE records than it needs. One that Windows has used for a while has many, of files that
/// were deleted.
fn leave_free_records(recipe: &Recipe, mount: &Path) -> Result<()> {
    if recipe.windows.as_ref().is_none_or(|windows| windows.files[0] < 6) || recipe.table == "gpt" {
        return Ok(());
    }
    let folder = mount.join("left");
    fs::create_dir(&folder)?;
    for number in 0..FREE_RECORDS {
        fs::write(folder.join(number.to_string()), [])?;
    }
    Ok(fs::remove_dir_all(folder)?)
}

fn fat32(
    recipe: &Recipe,
    part: &Part,
    path: &Path,
    folder: &Path,
    contents: &[(String, Vec<u8>)],
) -> Result<()> {
    let sector = recipe.sector_size.to_string();
    let start = (part.start * 1024 / recipe.sector_size).to_string();
    let label = part.label.as_deref().unwrap_or("SYSTEM");
    run(
        "mkfs.fat",
        &["-F", "32", "-S", &sector, "-s", "1", "-h", &start, "-i", "1c0ffee1", "-n", label, text(path)],
    )?;
    let source = folder.join("file");
    let mut made = Vec::new();
    for (file, bytes) in contents {
        let parts: Vec<&str> = file.split('/').collect();
        for depth in 1..parts.len() {
            let directory = parts[..depth].join("/");
            if !made.contains(&directory) {
                run("mmd", &["-i", text(path), &format!("::/{directory}")])?;
                made.push(directory);
            }
        }
        fs::write(&source, bytes)?;
        run("mcopy", &["-i", text(path), text(&source), &format!("::/{file}")])?;
    }
    Ok(())
}
