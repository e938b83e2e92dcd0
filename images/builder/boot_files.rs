//! What a Windows has of its own to make a lost system volume from: `\Windows\Boot`, and beside it the texts and the template of a
//! store. Programs are stand-ins with the version of that Windows, all else is a line that says that it is not the real one.

use anyhow::Result;

use crate::carrier::untfs;
use crate::program_file::program;
use crate::program_file::real_mode;
use crate::recipe::Recipe;
use crate::recipe::Windows;
use crate::template;

/// Languages that it has.
const LANGUAGES: [&str; 2] = ["en-US", "de-DE"];
/// Fonts for the menu, of the five that Windows 7 has.
const FONTS: [&str; 3] = ["chs_boot.ttf", "jpn_boot.ttf", "wgl4_boot.ttf"];
/// `bootnxt`: no other disk is to be started.
const BOOTNXT: [u8; 1] = [0];

/// Every file with its bytes; paths with slashes, without the first. Windows before 6.0 has none.
pub fn of(recipe: &Recipe, placeholder: &str) -> Result<Vec<(String, Vec<u8>)>> {
    let Some(windows) = recipe.windows.as_ref().filter(|windows| windows.files[0] >= 6) else {
        return Ok(Vec::new());
    };
    let root = windows.root.trim_start_matches('\\');
    let mut files = Vec::new();
    // Only a BIOS starts boot code.
    if recipe.table == "mbr" {
        files.push((format!("{root}/System32/untfs.dll"), untfs(windows, recipe.has_64_bits())));
    }
    for path in paths(windows, recipe.has_64_bits()) {
        let bytes = file(&path, windows, recipe.has_64_bits()).unwrap_or_else(|| placeholder.into());
        files.push((format!("{root}/{path}"), bytes));
    }
    files.push((format!("{root}/System32/config/BCD-Template"), template::build(windows)?));
    Ok(files)
}

fn paths(windows: &Windows, has_64_bits: bool) -> Vec<String> {
    let [major, minor, ..] = windows.files;
    let (since_8, since_10) = ((major, minor) >= (6, 2), major >= 10);
    let mut paths: Vec<String> = Vec::new();
    let mut add = |folder: &str, names: &[&str]| {
        paths.extend(names.iter().map(|name| format!("{folder}/{name}")));
    };
    if has_64_bits {
        add("Boot/EFI", &["bootmgfw.efi", "bootmgr.efi", "memtest.efi"]);
        for language in LANGUAGES {
            add(&format!("Boot/EFI/{language}"), &["bootmgfw.efi.mui", "bootmgr.efi.mui"]);
        }
    }
    if since_8 {
        add("Boot/EFI", &["boot.stl"]);
        add("Boot/PCAT", &["bootnxt", "bootvhd.dll"]);
        add("Boot/Resources", &["bootres.dll"]);
    }
    if since_10 {
        add("Boot/EFI", &["winsipolicy.p7b", "kd_02_8086.dll", "kdstub.dll"]);
    }
    add("Boot/PCAT", &["bootmgr", "memtest.exe"]);
    for language in LANGUAGES {
        add(&format!("Boot/PCAT/{language}"), &["bootmgr.exe.mui"]);
        add(&format!("System32/{language}"), &["bootstr.dll.mui"]);
    }
    add("Boot/Fonts", &FONTS);
    add("Boot/DVD/PCAT", &["boot.sdi"]);
    paths
}

fn file(path: &str, windows: &Windows, has_64_bits: bool) -> Option<Vec<u8>> {
    let name = path.rsplit('/').next()?;
    match name {
        "bootmgr" => Some(real_mode(windows.files)),
        "bootnxt" => Some(BOOTNXT.into()),
        // What runs below BIOS has 32 bits in every Windows.
        "memtest.exe" | "bootvhd.dll" => Some(program(windows.files, false)),
        _ => [".efi", ".dll", ".mui"]
            .iter()
            .any(|ending| name.ends_with(ending))
            .then(|| program(windows.files, has_64_bits)),
    }
}
