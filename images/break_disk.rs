//! Breaks a test disk as a rescue attach does: gives it another MBR signature, four bytes of its first sector.
//!
//! `cargo run --package bcdrescue-make-image --example break-disk -- IMAGE 0xNEWSIGNATURE`. For demonstrations; the tests use sfdisk.

#![allow(clippy::disallowed_methods, reason = "breaking a disk is what this is for")]

use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use bcdrescue::storage::open::OpenOptions;
use bcdrescue::storage::open::open_mut;

/// The disk signature's place in the first sector.
const SIGNATURE: u64 = 0x1b8;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [image, signature] = arguments.as_slice() else {
        anyhow::bail!("usage: break-disk IMAGE 0xSIGNATURE")
    };
    let signature = u32::from_str_radix(signature.trim_start_matches("0x"), 16).context("the signature")?;
    let mut disk = open_mut(Path::new(image), &OpenOptions::default())?;
    let old = disk.read_vec(SIGNATURE, 4)?;
    disk.write_at(SIGNATURE, &signature.to_le_bytes())?;
    disk.sync()?;
    let old = old.iter().rev().map(|byte| format!("{byte:02x}")).collect::<String>();
    println!("{image}: the disk signature was 0x{old} and is 0x{signature:08x} now");
    Ok(())
}
