//! Builds the test disks of this folder from their recipes: `make images` (root: it mounts volumes with ntfs-3g).
//!
//! Each recipe gives two images: `NAME-healthy.qcow2`, whose store names the disk that it is on, and `NAME.qcow2`,
//! the same disk after its identity was changed. Volumes are made by mkntfs and mkfs.fat, tables by sfdisk, images by
//! qemu-img; only stores and hives are our own work, and hivex reads them.

#![allow(clippy::arithmetic_side_effects, clippy::as_conversions, clippy::disallowed_methods)]
#![allow(clippy::indexing_slicing, clippy::must_use_candidate, clippy::unwrap_used)]
#![allow(missing_docs, unreachable_pub)]

mod boot_files;
mod carrier;
mod disk;
#[path = "../../src/layout/file_version/sample.rs"]
mod program_file;
mod recipe;
mod stores;
mod template;
mod volume;
mod windows;

use std::path::Path;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;

use recipe::Recipe;

/// Cluster size of the images: small, so that what little there is compresses into little.
const CLUSTER: &str = "4096";

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (recipes, output) = (arguments.next(), arguments.next());
    let (Some(recipes), Some(output)) = (recipes, output) else {
        anyhow::bail!("usage: make-images RECIPES OUTPUT [NAME…]");
    };
    let wanted: Vec<String> = arguments.collect();
    let mut paths: Vec<_> =
        std::fs::read_dir(&recipes)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "toml")) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if !wanted.is_empty() && !wanted.contains(&name) {
            continue;
        }
        let recipe: Recipe = toml::from_str(&std::fs::read_to_string(path)?).with_context(|| name.clone())?;
        build(&name, &recipe, Path::new(&output)).with_context(|| name.clone())?;
    }
    Ok(())
}

fn build(name: &str, recipe: &Recipe, output: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let raw = folder.path().join("disk.raw");
    let volumes = volume::make_all(recipe, folder.path())?;
    for healthy in [true, false] {
        disk::assemble(recipe, healthy, &volumes, &raw)?;
        let image = output.join(format!("{name}{}.qcow2", if healthy { "-healthy" } else { "" }));
        let cluster = format!("cluster_size={CLUSTER}");
        run(
            "qemu-img",
            &["convert", "-c", "-f", "raw", "-O", "qcow2", "-o", &cluster, text(&raw), text(&image)],
        )?;
        let size = std::fs::metadata(&image)?.len();
        println!("{} {} bytes", image.display(), size);
        ensure!(size <= 480 << 10, "{} is larger than 480 KiB", image.display());
    }
    Ok(())
}

/// Runs a program; its output is shown when it fails.
pub fn run(program: &str, arguments: &[&str]) -> Result<Vec<u8>> {
    let output = Command::new(program).args(arguments).output().with_context(|| program.to_owned())?;
    ensure!(
        output.status.success(),
        "{program} {}: {}{}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output.stdout)
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap_or_default()
}
