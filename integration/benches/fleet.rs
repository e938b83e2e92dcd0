//! Many images in one run.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::PROGRAM;
use crate::make_image::make_image;
use crate::row;
use crate::run;
use crate::text;
use crate::time;

/// A thousand images of 40 GiB, each with an identity of its own: with one thread, and with as many as there are processors.
pub(crate) fn bench(folder: &Path) {
    fs::create_dir(folder).unwrap();
    let recipe = folder.join("recipe.toml");
    for number in 0..1000 {
        let base = ["win2008r2-bios", "win10-bios", "win7-logical", "win2008sp2-bios"][number % 4];
        let words = format!("base = {base:?}\nidentity = \"0x{:08x}\"\nsize = \"40 GiB\"\n", number + 0x1000);
        fs::write(&recipe, words).unwrap();
        let image = folder.join(format!("{number:03}.qcow2"));
        run(make_image(), &[text(&recipe), text(&image)]);
        assert!(image.exists());
    }
    let ways = [("-j 1", &["-j", "1"][..]), ("all processors", &[]), ("-j 32", &["-j", "32"])];
    for (name, jobs) in ways {
        let arguments = [&["check", "--recursive", text(folder), "--jsonl"], jobs].concat();
        let times = time(5, || {}, &mut || run(PROGRAM, &arguments));
        row(&format!("check of 1000 qcow2, {name}"), &times, None);
    }
    long_list(folder);
    fs::remove_dir_all(folder).unwrap();
}

/// Ten thousand names in one run, each image ten times; the time to the first result, and once more with the report of that run.
fn long_list(folder: &Path) {
    let images = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let images: Vec<String> = images
        .filter(|path| path.extension() == Some("qcow2".as_ref()))
        .map(|path| text(&path).to_owned())
        .collect();
    let (list, report) = (folder.join("list"), folder.join("report.jsonl"));
    fs::write(&list, (0..10).map(|_| images.join("\n") + "\n").collect::<String>()).unwrap();
    let list = format!("@{}", text(&list));
    let output = Command::new("/usr/bin/time")
        .args(["-f", "%e s, at most %M KiB", PROGRAM, "check", "--jsonl", "-o", text(&report), &list])
        .output();
    match output {
        Ok(output) => println!(
            "check of 10,000: {}",
            String::from_utf8_lossy(&output.stderr).trim().lines().last().unwrap_or_default()
        ),
        Err(error) => println!("check of 10,000: not measured: /usr/bin/time: {error}"),
    }
    let head = format!("{PROGRAM} check --jsonl {list} | head -n 1");
    row("its first result, then `head` leaves", &time(5, || {}, &mut || run("sh", &["-c", &head])), None);
    let arguments = ["check", "--jsonl", &list, "--since", text(&report)];
    row("the same 10,000 with --since", &time(3, || {}, &mut || run(PROGRAM, &arguments)), None);
}
