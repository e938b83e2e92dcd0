//! The same look without this program, root or loop devices: a libguestfs appliance, and hivexsh.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Times a look at the store of the first partition of `image`.
pub(crate) fn bench(image: &Path, folder: &Path) -> Result<Vec<Duration>, String> {
    let store = folder.join("BCD");
    let look = || {
        let download = format!("run\nmount-ro /dev/sda1 /\ndownload /Boot/BCD {}\n", crate::text(&store));
        piped("guestfish", &["--ro", "--format=qcow2", "-a", crate::text(image)], &download)?;
        piped("hivexsh", &[crate::text(&store)], "cd \\Objects\nls\n").map(|_| ())
    };
    look()?;
    let mut failure = None;
    let times = crate::time(3, || {}, &mut || failure = look().err());
    failure.map_or(Ok(times), Err)
}

fn piped(program: &str, arguments: &[&str], input: &str) -> Result<String, String> {
    use std::io::Write;
    use std::process::Stdio;
    let child = Command::new(program)
        .args(arguments)
        // Without libvirt, which a bare machine does not have.
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
