//! What is made to be taken elsewhere: the Debian package, the container of nothing but the program, the GitHub action.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::guest::on_path;
use crate::support::disk::image;
use crate::support::judges::judge;
use crate::support::program::commands_of_bcd;
use crate::support::program::is_root;
use crate::support::program::not_run;
use crate::support::program::target;
use crate::support::program::text;

/// A file of the project.
fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// What `make static` built, for a user other than root in another root; `None`, with a word why, where that cannot be.
fn for_another_root(part: &str) -> Option<PathBuf> {
    let program = target("static/x86_64-unknown-linux-gnu/release/bcdrescue");
    if !is_root() {
        not_run(part, "only root may change the root");
    } else if !program.exists() {
        not_run(part, "the static program is not built; `make static` builds it");
    } else {
        return Some(program);
    }
    None
}

/// A root into which every user may look.
fn root() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// Runs a program in another root as `nobody`; its exit code and all that it prints.
fn as_nobody(root: &Path, words: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new("chroot");
    let output = command.args(["--userspec=65534:65534", text(root)]).args(words).env_clear();
    let output = output.env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin").output().unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    (output.status.code(), stdout + &stderr)
}

#[test]
fn the_package_holds_all_and_is_the_same_twice() {
    let folder = tempfile::tempdir().unwrap();
    // Packing the program of the tests itself, with all that is in it for debuggers, takes long.
    let program = folder.path().join("program");
    fs::write(&program, format!("#!/bin/sh\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_bcdrescue"))).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    let script = project("integration/package/deb.sh");
    let architecture = String::from_utf8(judge("dpkg", &["--print-architecture"])).unwrap();
    let name = format!("bcdrescue_{}_{}.deb", env!("CARGO_PKG_VERSION"), architecture.trim());
    let made = ["022", "077"].map(|mask| {
        let out = folder.path().join(mask);
        fs::create_dir(&out).unwrap();
        let ask = format!("umask {mask}; exec env SOURCE_DATE_EPOCH=1700000000 \"$@\"");
        judge("sh", &["-c", &ask, "sh", text(&script), text(&program), text(&out)]);
        out.join(&name)
    });
    let [one, other] = made.each_ref().map(|path| fs::read(path).unwrap());
    assert!(one == other, "two packages of one program differ");

    let package = text(&made[0]);
    let control = String::from_utf8(judge("dpkg-deb", &["--field", package])).unwrap();
    for line in [
        "Package: bcdrescue",
        concat!("Version: ", env!("CARGO_PKG_VERSION")),
        &format!("Architecture: {}", architecture.trim()),
        "Section: admin",
        "Priority: optional",
        "Suggests: qemu-utils",
    ] {
        assert!(control.lines().any(|found| found == line), "{line}:\n{control}");
    }
    assert!(control.contains("\nMaintainer: ") && !control.contains("\nDepends:"), "{control}");

    let contents = String::from_utf8(judge("dpkg-deb", &["--contents", package])).unwrap();
    for line in contents.lines() {
        let (mode, path) = (&line[..10], line.split("./").nth(1).unwrap());
        let expected = match path {
            "usr/bin/bcdrescue" => "-rwxr-xr-x",
            _ if path.is_empty() || path.ends_with('/') => "drwxr-xr-x",
            _ => "-rw-r--r--",
        };
        assert_eq!(mode, expected, "{line}");
        assert!(line.contains(" root/root ") && line.contains(" 2023-11-14 "), "{line}");
    }
    let pages = ["", "-list", "-inspect", "-check", "-fix", "-record", "-undo", "-bcd", "-schema"];
    let of_bcd = commands_of_bcd().into_iter().map(|name| format!("-bcd-{name}"));
    let pages = pages.map(str::to_owned).into_iter().chain(of_bcd);
    let pages: Vec<String> = pages.map(|name| format!("usr/share/man/man1/bcdrescue{name}.1.gz")).collect();
    let mut expected = vec![
        "usr/bin/bcdrescue",
        "usr/share/bash-completion/completions/bcdrescue",
        "usr/share/doc/bcdrescue/CHANGELOG.md",
        "usr/share/doc/bcdrescue/README.md",
        "usr/share/doc/bcdrescue/changelog.gz",
        "usr/share/doc/bcdrescue/copyright",
        "usr/share/doc/bcdrescue/crates.txt.gz",
        "usr/share/fish/vendor_completions.d/bcdrescue.fish",
        "usr/share/lintian/overrides/bcdrescue",
        "usr/share/zsh/vendor-completions/_bcdrescue",
    ];
    expected.extend(pages.iter().map(String::as_str));
    let documents = fs::read_dir(project("docs")).unwrap().map(|entry| entry.unwrap().file_name());
    let documents: Vec<String> =
        documents.map(|name| format!("usr/share/doc/bcdrescue/docs/{}", name.to_str().unwrap())).collect();
    expected.extend(documents.iter().map(String::as_str));
    expected.sort_unstable();
    let mut files: Vec<&str> = contents.lines().filter(|line| line.starts_with('-')).collect();
    files.iter_mut().for_each(|line| *line = line.split("./").nth(1).unwrap());
    files.sort_unstable();
    assert_eq!(files, expected);

    let unpacked = folder.path().join("unpacked");
    judge("dpkg-deb", &["-R", package, text(&unpacked)]);
    let sums = fs::read_to_string(unpacked.join("DEBIAN/md5sums")).unwrap();
    assert_eq!(sums.lines().count(), expected.len(), "{sums}");
    judge("sh", &["-c", "cd \"$1\" && md5sum -c --quiet --strict DEBIAN/md5sums", "sh", text(&unpacked)]);
    let crates = judge("gzip", &["-dc", text(&unpacked.join("usr/share/doc/bcdrescue/crates.txt.gz"))]);
    let crates = String::from_utf8(crates).unwrap();
    // Direct and indirect, with and without a text of their own.
    for linked in ["clap 4.", "ntfs 0.4.", "zmij 1.", "crc-catalog 2.", "signal-hook-registry 1."] {
        assert!(crates.lines().any(|line| line.starts_with(linked) && line.ends_with(')')), "{linked}");
    }
    assert!(!crates.contains("(*)"), "{crates}");
    let copyright = fs::read_to_string(unpacked.join("usr/share/doc/bcdrescue/copyright")).unwrap();
    assert!(
        copyright.starts_with("Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n")
    );
    // The packager's copy of the licence is the project's, word for word.
    let words =
        |text: &str| text.split_whitespace().filter(|word| *word != ".").collect::<Vec<_>>().join(" ");
    let licence = fs::read_to_string(project("LICENSE-MIT")).unwrap();
    let (_, licence) = licence.split_once("Permission is").unwrap();
    assert!(words(&copyright).contains(&words(licence)), "{copyright}");
}

/// `make deb-test` makes the clean Debian; that takes minutes.
#[test]
fn the_package_installs_into_a_clean_debian_and_leaves_it() {
    let part = "the Debian package in a clean Debian";
    let archive = target("debian.tar");
    let Some(program) = for_another_root(part) else { return };
    if !archive.exists() {
        return not_run(
            part,
            "no clean Debian is there; `make deb-test` makes it with mmdebstrap and apt's mirror",
        );
    }
    let root = root();
    let path = root.path();
    judge("tar", &["-xf", text(&archive), "-C", text(path)]);
    judge(text(&project("integration/package/deb.sh")), &[text(&program), text(path)]);
    let package = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let package = package.filter(|name| name.ends_with(".deb")).collect::<Vec<_>>();
    let [package] = package.as_slice() else { panic!("{package:?}") };
    fs::copy(image("win2008r2-bios"), path.join("disk.qcow2")).unwrap();
    // dpkg keeps books of its own, and man an index.
    let all =
        || judge("find", &[text(path), "-path", "*/var/*", "-prune", "-o", "-printf", "%P %y %m %U %s\n"]);
    let clean = all();

    judge("chroot", &[text(path), "dpkg", "-i", &format!("/{package}")]);
    assert_ne!(all(), clean);
    assert!(judge("chroot", &[text(path), "dpkg", "--verify", "bcdrescue"]).is_empty());
    let (code, said) = as_nobody(path, &["bcdrescue", "check", "/disk.qcow2"]);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("Windows stops at boot with 0xc000000e"), "{said}");
    let (code, page) = as_nobody(path, &["man", "-P", "cat", "bcdrescue-check"]);
    assert!(code == Some(0) && page.contains("--recursive"), "{page}");
    let (code, found) = as_nobody(path, &["man", "-k", "bcdrescue"]);
    assert!(code == Some(0) && found.contains("bcdrescue-undo (1)"), "{found}");
    // As an interactive shell finds it: by the name of the command.
    let ask = r#"
        . /usr/share/bash-completion/bash_completion
        _completion_loader bcdrescue
        COMP_WORDS=(bcdrescue check --re) COMP_CWORD=2
        function="$(complete -p bcdrescue | sed 's/.*-F \([^ ]*\).*/\1/')"
        "$function" bcdrescue --re check
        printf '%s\n' "${COMPREPLY[@]}" | sort
    "#;
    let (_, offered) = as_nobody(path, &["bash", "-c", ask]);
    assert_eq!(offered, "--read-size\n--rebuild\n--recovery\n--recovery-config\n--recursive\n--require\n");

    judge("chroot", &[text(path), "dpkg", "-r", "bcdrescue"]);
    let [clean, left] = [clean, all()].map(|bytes| String::from_utf8(bytes).unwrap());
    let left: Vec<&str> = left.lines().filter(|line| !clean.lines().any(|known| known == *line)).collect();
    assert_eq!(left, [""; 0]);
    let books = fs::read_dir(path.join("var/lib/dpkg/info")).unwrap();
    let books = books.filter(|entry| text(&entry.as_ref().unwrap().path()).contains("bcdrescue")).count();
    assert_eq!(books, 0);
}

/// What a container `FROM scratch` gives it: no /proc, no /dev, no /tmp, no libraries, no rights.
#[test]
fn an_empty_root_is_enough_without_privileges() {
    let Some(program) = for_another_root("an empty container root without privileges") else { return };
    let root = root();
    fs::copy(program, root.path().join("bcdrescue")).unwrap();
    for (name, file) in [("win2008r2-bios", "broken.qcow2"), ("win11-uefi-healthy", "healthy.qcow2")] {
        fs::copy(image(name), root.path().join(file)).unwrap();
    }
    let run = |words: &[&str]| as_nobody(root.path(), &[&["/bcdrescue"], words].concat());
    let (code, said) = run(&["check", "/broken.qcow2"]);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("Windows stops at boot with 0xc000000e"), "{said}");
    let (code, said) = run(&["check", "--jsonl", "--recursive", "/"]);
    assert_eq!(code, Some(4), "{said}");
    assert!(
        said.contains(r#""target":"/healthy.qcow2""#) && said.contains(r#""verdict":"healthy""#),
        "{said}"
    );
    for command in ["list", "inspect"] {
        let (code, said) = run(&[command, "/healthy.qcow2"]);
        assert_eq!(code, Some(0), "{said}");
    }
    let (code, said) = run(&["fix", "--yes", "/broken.qcow2"]);
    assert!(code == Some(8) && said.contains("nothing was written"), "{code:?} {said}");
}

/// Bytes that the container's image may have; it is the static program, and grew from 9 MB.
const IMAGE_MAX: u64 = 12 << 20;

/// The image of `make container`, as buildah makes it: small, of one file, for a user without rights.
#[test]
fn the_container_is_the_program_and_small() {
    let Some(program) = for_another_root("the container's image") else { return };
    let len = fs::metadata(&program).unwrap().len();
    assert!(len < IMAGE_MAX, "the static program has {len} bytes");
    if !is_root() || !on_path("buildah") {
        not_run("the container's image", "it needs root and buildah; only the program in it was measured");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (context, kept) = (folder.path().join("context"), folder.path().join("kept"));
    fs::create_dir(&context).unwrap();
    fs::copy(&program, context.join("bcdrescue")).unwrap();
    let buildah = |words: &[&str]| {
        let run = folder.path().join("run");
        let store = ["--storage-driver", "vfs", "--root", text(&kept), "--runroot", text(&run)];
        String::from_utf8(judge("buildah", &[&store, words].concat())).unwrap()
    };
    let recipe = project("integration/package/Containerfile");
    buildah(&[
        "build",
        "--isolation",
        "chroot",
        "-q",
        "-t",
        "bcdrescue",
        "-f",
        text(&recipe),
        text(&context),
    ]);
    let image: Json = serde_json::from_str(&buildah(&["inspect", "--type", "image", "bcdrescue"])).unwrap();
    let config = &image["OCIv1"]["config"];
    assert_eq!(
        (&config["User"], &config["Entrypoint"]),
        (&"65534:65534".into(), &serde_json::json!(["/bin/bcdrescue"]))
    );
    let layers = image["OCIv1"]["rootfs"]["diff_ids"].as_array().unwrap();
    assert_eq!(layers.len(), 1, "{image:#}");
    let files = String::from_utf8(judge("find", &[text(&kept.join("vfs/dir")), "-type", "f"])).unwrap();
    let [only] = files.lines().collect::<Vec<_>>()[..] else { panic!("{files}") };
    assert!(only.ends_with("/bin/bcdrescue"), "{only}");
    assert_eq!(fs::metadata(only).unwrap().len(), len);
}

/// Runs the action's script as the runner does; its exit code, the summary and the outputs.
fn act(folder: &Path, images: &str, require: &str) -> (Option<i32>, String, String) {
    let [summary, outputs] = ["summary", "outputs"].map(|name| folder.join(name));
    for file in [&summary, &outputs] {
        fs::write(file, "before\n").unwrap();
    }
    let output = Command::new("bash")
        .arg(project("integration/package/action/check.sh"))
        .current_dir(folder)
        .env("PROGRAM", env!("CARGO_BIN_EXE_bcdrescue"))
        .envs([("IMAGES", images), ("REQUIRE", require), ("ARGUMENTS", "--jobs\n2")])
        .envs([("RESULTS", folder.join("results")), ("GITHUB_STEP_SUMMARY", summary.clone())])
        .env("GITHUB_OUTPUT", &outputs)
        .output()
        .unwrap();
    (output.status.code(), fs::read_to_string(summary).unwrap(), fs::read_to_string(outputs).unwrap())
}

#[test]
fn the_action_sums_up_and_fails() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::create_dir(path.join("two words")).unwrap();
    fs::copy(image("win2008r2-bios"), path.join("two words/a|b<i>_c_.qcow2")).unwrap();
    fs::copy(image("win11-uefi-healthy"), path.join("healthy.qcow2")).unwrap();

    let (code, summary, outputs) = act(path, "healthy.qcow2", "");
    assert_eq!(code, Some(0), "{summary}");
    assert!(
        summary.starts_with("before\n") && summary.contains("\n| healthy.qcow2 | healthy |  |\n"),
        "{summary}"
    );
    assert!(outputs.starts_with("before\ncode=0\nresults="), "{outputs}");

    let (code, summary, _) = act(path, "healthy.qcow2", "generalized");
    assert_eq!(code, Some(4), "{summary}");
    assert!(summary.contains("\n| healthy.qcow2 | healthy | generalized: "), "{summary}");

    let (code, summary, outputs) = act(path, "two words/*.qcow2\nhealthy.qcow2\nnone*", "");
    assert_eq!(code, Some(12), "{summary}");
    let broken =
        r"| two words/a\|b&lt;i&gt;\_c\_.qcow2 | broken | 0xc000000e: refers to partition 2 (Windows) by ";
    assert!(summary.contains(broken) && summary.contains(r"| none\* | unknown | "), "{summary}");
    for (name, lines) in [("results", 3), ("junit", 0)] {
        let word = format!("{name}=");
        let file = outputs.lines().find_map(|line| line.strip_prefix(word.as_str())).unwrap();
        assert!(fs::read_to_string(file).unwrap().lines().count() >= lines, "{file}");
    }
    judge("xmllint", &["--noout", text(&path.join("results/junit.xml"))]);

    // What looks like a switch is an image; and none at all is not the runner's own disks.
    let (code, summary, _) = act(path, "--recursive", "");
    assert_eq!(code, Some(8), "{summary}");
    let (code, summary, _) = act(path, "", "");
    assert_eq!((code, summary.as_str()), (Some(16), "before\n"));
}

/// An input that stands in a script could be a command; and what the script asks for has to be handed over.
#[test]
fn the_action_hands_inputs_over_as_variables() {
    let read = |name: &str| fs::read_to_string(project("integration/package/action").join(name)).unwrap();
    let (action, script) = (read("action.yml"), read("check.sh"));
    let (_, steps) = action.split_once("\nruns:").unwrap();
    for line in steps.lines().filter(|line| line.contains("${{")) {
        let (name, _) = line.trim().split_once(": ${{").unwrap();
        assert!(name.chars().all(|letter| letter.is_ascii_uppercase()), "{line}");
    }
    for name in ["IMAGES", "REQUIRE", "ARGUMENTS", "RESULTS"] {
        assert!(steps.contains(&format!(" {name}: ${{{{ ")) && script.contains(name), "{name}");
    }
    assert!(steps.contains("export PROGRAM") && script.contains("\"$PROGRAM\""));
}
