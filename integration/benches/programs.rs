//! Other programs, which may be missing or fail.

use std::io::Write;
use std::process::Command;
use std::process::Stdio;

/// What a program prints, given this to read.
pub(crate) fn output(program: &str, arguments: &[&str], input: &str) -> Result<String, String> {
    let child = Command::new(program)
        .args(arguments)
        // Of libguestfs: without libvirt, which a bare machine does not have.
        .env("LIBGUESTFS_BACKEND", "direct")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.map_err(|error| format!("{program}: {error}"))?;
    child.stdin.take().ok_or("no pipe")?.write_all(input.as_bytes()).map_err(|error| error.to_string())?;
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
