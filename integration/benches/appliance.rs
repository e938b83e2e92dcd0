//! The same look without this program, root or loop devices: a libguestfs appliance, and hivexsh.

use std::path::Path;
use std::time::Duration;

use crate::programs::output;

/// Times a look at the store of the first partition of `image`.
pub(crate) fn bench(image: &Path, folder: &Path) -> Result<Vec<Duration>, String> {
    let store = folder.join("BCD");
    let look = || {
        let download = format!("run\nmount-ro /dev/sda1 /\ndownload /Boot/BCD {}\n", crate::text(&store));
        output("guestfish", &["--ro", "--format=qcow2", "-a", crate::text(image)], &download)?;
        output("hivexsh", &[crate::text(&store)], "cd \\Objects\nls\n").map(|_| ())
    };
    look()?;
    let mut failure = None;
    let times = crate::time(3, || {}, &mut || failure = look().err());
    failure.map_or(Ok(times), Err)
}
