//! The same repair without this program: a loop device at the partition, ntfs-3g on it, and a hivexsh script.

use std::fs;
use std::path::Path;
use std::time::Duration;

use bcdrescue::bcd::Store;
use bcdrescue::bcd::device::QualifiedPartition;
use bcdrescue::bcd::edit;
use bcdrescue::bcd::element::ElementValue;
use bcdrescue::bytes::hex;

use crate::programs::output;

/// Where System Reserved lies on the image, in bytes.
const START: &str = "1048576";

/// Times the repair of `source`, copied to `target` for each run.
pub(crate) fn bench(source: &Path, target: &Path, folder: &Path) -> Result<Vec<Duration>, String> {
    if !nix::unistd::geteuid().is_root() {
        return Err("it needs root".into());
    }
    let mount = folder.join("mount");
    fs::create_dir_all(&mount).map_err(|error| error.to_string())?;
    crate::restore(source, target);
    let bcd = mount.join("Boot/BCD");
    let script = folder.join("script");
    with_volume(target, &mount, &mut || {
        let store = fs::read(&bcd).map_err(|error| error.to_string())?;
        fs::write(&script, hivexsh(store)?).map_err(|error| error.to_string())
    })?;
    let mut failure = None;
    let times = crate::time(11, || crate::restore(source, target), &mut || {
        let edit =
            &mut || output("hivexsh", &["-w", "-f", crate::text(&script), crate::text(&bcd)], "").map(|_| ());
        if let Err(error) = with_volume(target, &mount, edit) {
            failure = Some(error);
        }
    });
    failure.map_or(Ok(times), Err)
}

fn with_volume(
    disk: &Path,
    mount: &Path,
    work: &mut dyn FnMut() -> Result<(), String>,
) -> Result<(), String> {
    let device =
        output("losetup", &["-f", "--show", "-o", START, "--sizelimit", "104857600", crate::text(disk)], "")?;
    let device = device.trim();
    let result = output("ntfs-3g", &[device, crate::text(mount)], "").and_then(|_| {
        let result = work();
        output("umount", &[crate::text(mount)], "")?;
        result
    });
    output("losetup", &["-d", device], "")?;
    result
}

/// The script that gives every device element the new signature.
fn hivexsh(store: Vec<u8>) -> Result<String, String> {
    let store = Store::parse(store).map_err(|error| error.to_string())?;
    let mut script = String::new();
    for object in store.objects() {
        for element in &object.elements {
            let ElementValue::Device(device) = &element.value else { continue };
            let mut raw = element.raw.clone();
            for record in device.identities() {
                let QualifiedPartition::Mbr { offset, .. } = record.partition else { continue };
                let new = QualifiedPartition::Mbr { signature: 0x9e5f_31c7, offset };
                let edits =
                    edit::replace_identity(element, &record, new).map_err(|error| error.to_string())?;
                for change in edits {
                    raw[change.at - element.at..][..change.after.len()].copy_from_slice(&change.after);
                }
            }
            let spelt: Vec<String> = raw.iter().map(|byte| hex(&[*byte])).collect();
            script += &format!(
                "cd \\Objects\\{}\\Elements\\{}\nsetval 1\nElement\nhex:3:{}\n",
                object.key,
                element.key,
                spelt.join(",")
            );
        }
    }
    Ok(script + "commit\n")
}
