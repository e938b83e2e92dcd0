//! `bcdrescue-make-image RECIPE.toml OUT.qcow2`: a Windows-shaped disk, healthy or damaged in a named way, for tests.
//!
//! It carries the healthy images of this folder, changes one of them in memory as the recipe says, and writes the result:
//! without root, a mount or other programs, and the same bytes for the same recipe.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "offsets on disks that are made here; the recipe's reader bounds them"
)]

mod bases;
mod bitlocker;
mod boot_code;
mod boot_start;
mod damage;
mod disk;
mod driver_keys;
mod drivers;
mod esp;
mod fat;
mod field;
mod files;
mod foreign;
mod generalized;
mod grow;
mod hibernated;
mod identity;
mod loader;
mod noise;
mod ntfs;
mod ntfs_record;
mod output;
mod partition_file;
mod parts;
mod place;
mod protective;
mod qcow2;
mod re_agent;
mod recipe;
mod stores;
mod system_reserved;
mod table;
mod target;
mod wipe;

use std::fmt::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use anyhow::Result;
use bcdrescue::bytes::one_line;
use bcdrescue::cli::run::signals;
use bcdrescue::cli::text::lines;
use clap::Parser;

use crate::bases::BASES;
use crate::damage::DAMAGES;
use crate::disk::Disk;
use crate::drivers::State;
use crate::output::Form;
use crate::place::look;
use crate::recipe::Recipe;
use crate::target::Target;

/// It could not be done.
const FAILED: u8 = 8;
/// The command line or the recipe is wrong.
const USAGE: u8 = 16;
/// Longest recipe that is read; what is longer is none.
const RECIPE_MAX: u64 = 64 << 10;

/// Makes a Windows-shaped disk for tests, healthy or damaged in a named way: the same bytes for the same recipe.
#[derive(Debug, Parser)]
#[command(
    name = "bcdrescue-make-image",
    version,
    max_term_width = 100,
    after_help = "A recipe:\n  base = \"win10-bios\"             what --list names\n  identity = \"0x1234abcd\"         or a GUID: another identity, and everything names it\n  size = \"40 GiB\"                 grown; nothing is written to the new part but a GPT's backup\n  drivers = { nvme = \"patchable\" }  storage drivers, in a state that --list names\n  damage = [\"signature-changed\"]  what --list names, one after the other\n  new_identity = \"0x5678abcd\"     what the damage gives the disk; otherwise it follows from the recipe\n\nExit codes: 0 made, 8 could not be written, 16 wrong usage or recipe."
)]
struct Arguments {
    /// What to make, as TOML.
    #[arg(value_name = "RECIPE", required_unless_present = "list")]
    recipe: Option<PathBuf>,
    /// The image to make: a name that ends in .qcow2, or in .raw or .img for a sparse raw file. Never over an existing file.
    #[arg(value_name = "OUT", required_unless_present = "list")]
    out: Option<PathBuf>,
    /// Name the bases and the damages.
    #[arg(long, exclusive = true)]
    list: bool,
}

/// Parses the command line, makes the image, and turns the result into an exit code.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
        }
    };
    let done = match (&arguments.recipe, &arguments.out) {
        (Some(recipe), Some(out)) => make(recipe, out),
        _ => lines::write(format_args!("{}", list())).map_err(|error| (FAILED, error)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, error)) => {
            lines::warn(format_args!("bcdrescue-make-image: {}", one_line(&format!("{error:#}"))));
            ExitCode::from(code)
        }
    }
}

/// Makes the image; a failure comes with its exit code.
fn make(recipe: &Path, out: &Path) -> Result<(), (u8, anyhow::Error)> {
    let form = Form::of(out).map_err(|error| (USAGE, error))?;
    let text = read(recipe).map_err(|error| (FAILED, error))?;
    let name = || recipe.display().to_string();
    let recipe = Recipe::parse(&text).with_context(name).map_err(|error| (USAGE, error))?;
    let disk = build(&recipe).with_context(name).map_err(|error| (USAGE, error))?;
    // What was begun of the image is removed where it cannot be written whole.
    signals::hold();
    output::write(&disk, form, out).map_err(|error| (FAILED, error))
}

fn read(recipe: &Path) -> Result<String> {
    let name = || recipe.display().to_string();
    let facts = std::fs::metadata(recipe).with_context(name)?;
    anyhow::ensure!(facts.is_file(), "{}: not a regular file", recipe.display());
    let len = facts.len();
    anyhow::ensure!(len <= RECIPE_MAX, "{}: {len} bytes are too many for a recipe", recipe.display());
    std::fs::read_to_string(recipe).with_context(name)
}

/// The disk as the recipe has it: first everything that keeps it healthy, then the damage.
fn build(recipe: &Recipe) -> Result<Disk> {
    let mut disk = Disk::of(recipe.base.image)?;
    if let Some(identity) = recipe.identity {
        identity::give(&mut disk, identity).context("identity")?;
    }
    if let Some(size) = recipe.size {
        grow::grow(&mut disk, size).context("size")?;
    }
    if !recipe.drivers.is_empty() {
        let layout = look(&disk)?;
        let what = || format!("drivers on {}", recipe.base.name);
        drivers::install(&mut disk, &layout, &recipe.drivers).with_context(what)?;
    }
    let layout = look(&disk)?;
    let target = Target { layout: &layout, new_identity: recipe.identity_after_damage(layout.table.kind) };
    for damage in &recipe.damage {
        (damage.make)(&mut disk, &target)
            .with_context(|| format!("damage {} on {}", damage.name, recipe.base.name))?;
    }
    Ok(disk)
}

fn list() -> String {
    let mut text = String::from("bases:\n");
    for base in &BASES {
        let _ = writeln!(text, "  {:<24}{}", base.name, base.about);
    }
    text.push_str("\ndamages:\n");
    for damage in &DAMAGES {
        let _ = writeln!(text, "  {:<24}{}", damage.name, damage.about);
    }
    text.push_str("\nstates of drivers, for the controllers of check --on:\n");
    for state in State::ALL {
        let _ = writeln!(text, "  {:<24}{}", state.name(), state.about());
    }
    text
}
