//! Disks: a table by sfdisk, and the volumes in their places.

use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;

use crate::recipe::Recipe;
use crate::run;
use crate::text;

/// Makes the disk anew at `raw`, with the identity that its store names or with the one after the change.
pub fn assemble(recipe: &Recipe, healthy: bool, volumes: &[Option<PathBuf>], raw: &Path) -> Result<()> {
    let _ = fs::remove_file(raw);
    fs::File::create(raw)?.set_len(recipe.size << 20)?;
    let script = script(recipe, healthy)?;
    if recipe.sector_size == 512 {
        sfdisk(raw, &script)?;
    } else {
        // sfdisk takes the sector size from the device; a file has none.
        let sector = recipe.sector_size.to_string();
        let device = run("losetup", &["-f", "--show", "-b", &sector, text(raw)])?;
        let device = String::from_utf8(device)?.trim().to_owned();
        let result = sfdisk(Path::new(&device), &script);
        run("losetup", &["-d", &device])?;
        result?;
    }
    if recipe.table == "mbr" {
        fs::OpenOptions::new().write(true).open(raw)?.write_all(&boot_code())?;
    }
    for (part, volume) in recipe.partition.iter().zip(volumes) {
        if let Some(volume) = volume {
            copy_sparse(volume, raw, part.start * 1024)?;
        }
    }
    Ok(())
}

/// Our own boot code for an MBR: says by the BIOS what it is, and halts.
fn boot_code() -> Vec<u8> {
    #[rustfmt::skip]
    let mut code = vec![
        0x31, 0xc0, // xor ax, ax
        0x8e, 0xd8, // mov ds, ax
        0xbe, 0x17, 0x7c, // mov si, text
        0xac, // next: lodsb
        0x84, 0xc0, // test al, al
        0x74, 0x08, // jz halt
        0xb4, 0x0e, // mov ah, 0eh (teletype)
        0x31, 0xdb, // xor bx, bx
        0xcd, 0x10, // int 10h
        0xeb, 0xf3, // jmp next
        0xf4, // halt: hlt
        0xeb, 0xfd, // jmp halt
    ];
    code.extend(b"a bcdrescue test disk: this is not the boot code of Windows\r\n\0");
    code
}

fn script(recipe: &Recipe, healthy: bool) -> Result<String> {
    let label = if recipe.table == "mbr" { "dos" } else { "gpt" };
    let identity = if healthy { &recipe.identity } else { &recipe.new_identity };
    let mut script = format!("label: {label}\nlabel-id: {identity}\nunit: sectors\n\n");
    for part in &recipe.partition {
        let (start, size) = (part.start * 1024 / recipe.sector_size, part.size * 1024 / recipe.sector_size);
        if let Some(number) = part.number {
            write!(script, "disk{number} : ")?;
        }
        write!(script, "start={start}, size={size}, type={}", part.kind)?;
        if part.active {
            script.push_str(", bootable");
        }
        let guid = if healthy { &part.guid } else { &part.new_guid };
        if let Some(guid) = guid {
            write!(script, ", uuid={guid}")?;
        }
        if let Some(name) = &part.name {
            write!(script, ", name=\"{name}\"")?;
        }
        script.push('\n');
    }
    Ok(script)
}

fn sfdisk(disk: &Path, script: &str) -> Result<()> {
    let mut child = Command::new("sfdisk")
        .args(["--quiet", "--no-reread", "--no-tell-kernel", "--wipe", "never", text(disk)])
        .stdin(Stdio::piped())
        .spawn()
        .context("sfdisk")?;
    child.stdin.take().context("sfdisk")?.write_all(script.as_bytes())?;
    ensure!(child.wait()?.success(), "sfdisk failed on:\n{script}");
    Ok(())
}

/// Copies a volume into the disk, leaving out what is zero.
fn copy_sparse(volume: &Path, disk: &Path, offset: u64) -> Result<()> {
    let mut source = fs::File::open(volume)?;
    let mut target = fs::OpenOptions::new().write(true).open(disk)?;
    let mut chunk = vec![0; 1 << 20];
    let mut at = 0;
    loop {
        let count = source.read(&mut chunk)?;
        if count == 0 {
            return Ok(());
        }
        if chunk[..count].iter().any(|byte| *byte != 0) {
            target.seek(SeekFrom::Start(offset + at))?;
            target.write_all(&chunk[..count])?;
        }
        at += count as u64;
    }
}
