//! What is installed beside the program: pages that `man` can set, completions that shells can load.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::judges::judge;
use crate::support::make_image::make_image;
use crate::support::program::bcdrescue;
use crate::support::program::commands_of_bcd;
use crate::support::program::text;

const COMMANDS: [&str; 8] = ["list", "inspect", "check", "fix", "record", "undo", "bcd", "schema"];

#[test]
fn make_install_puts_all_in_its_place() {
    // `make install` takes what lies beside the program.
    make_image();
    let folder = tempfile::tempdir().unwrap();
    let root = text(folder.path());
    let program = format!("BIN={}", env!("CARGO_BIN_EXE_bcdrescue"));
    let (prefix, into) = ("PREFIX=/usr", format!("DESTDIR={root}"));
    judge("make", &["-C", env!("CARGO_MANIFEST_DIR"), "install", &program, prefix, &into]);
    let share = folder.path().join("usr/share");
    let installed = folder.path().join("usr/bin/bcdrescue");
    let version = String::from_utf8(judge(text(&installed), &["--version"])).unwrap();
    assert_eq!(version, format!("bcdrescue {}\n", env!("BCDRESCUE_VERSION")));
    let maker = folder.path().join("usr/bin/bcdrescue-make-image");
    assert!(String::from_utf8(judge(text(&maker), &["--list"])).unwrap().contains("win11-uefi"));
    let of_bcd = commands_of_bcd().into_iter().map(|name| format!("bcd-{name}"));
    let pages = COMMANDS.map(str::to_owned).into_iter().chain(of_bcd).map(|name| format!("bcdrescue-{name}"));
    for page in std::iter::once("bcdrescue".to_owned()).chain(pages) {
        let path = share.join(format!("man/man1/{page}.1"));
        // groff warns of what is no page.
        let set = judge("groff", &["-man", "-Tutf8", "-ww", "-b", "-P-cbou", text(&path)]);
        let set = String::from_utf8(set).unwrap();
        assert!(
            set.contains("NAME") && set.contains("SYNOPSIS") && set.contains("bcdrescue"),
            "{page}:\n{set}"
        );
    }
    let check = fs::read_to_string(share.join("man/man1/bcdrescue-check.1")).unwrap();
    assert!(check.contains("recursive") && check.contains("unique"), "{check}");
    assert!(check.contains("Check N targets in parallel"), "{check}");
    bash_completes(&share.join("bash-completion/completions/bcdrescue"));
    for (file, word) in [
        ("zsh/site-functions/_bcdrescue", "#compdef bcdrescue"),
        ("fish/vendor_completions.d/bcdrescue.fish", "complete -c bcdrescue"),
    ] {
        assert!(fs::read_to_string(share.join(file)).unwrap().contains(word), "{file}");
    }
}

/// What bash offers behind `bcdrescue check --re`, and behind a command of `bcd`.
fn bash_completes(script: &Path) {
    let ask = r#"
        source "$1"
        shift
        COMP_WORDS=(bcdrescue "$@") COMP_CWORD=$#
        function="$(complete -p bcdrescue | sed 's/.*-F \([^ ]*\).*/\1/')"
        "$function" bcdrescue "${@: -1}" "${@: -2:1}"
        printf '%s\n' "${COMPREPLY[@]}" | sort
    "#;
    for (words, expected) in [
        (
            &["check", "--re"][..],
            "--read-size\n--rebuild\n--recovery\n--recovery-config\n--recursive\n--require\n",
        ),
        (&["bcd", "boot"], "bootems\nbootsequence\n"),
        (&["bcd", "set", "--add"], "--addfirst\n--addlast\n"),
    ] {
        let offered = judge("bash", &[&["-c", ask, "bash", text(script)], words].concat());
        assert_eq!(String::from_utf8(offered).unwrap(), expected, "{words:?}");
    }
}

/// What `src/build.rs` says to cargo in a folder: the version, and the files after whose change it is to be asked again.
struct Asked {
    version: String,
    watched: Vec<String>,
}

fn ask(script: &Path, root: &Path, variables: &[(&str, &str)]) -> Asked {
    let mut command = Command::new(script);
    command.current_dir(root).env("CARGO_MANIFEST_DIR", root).env("CARGO_PKG_VERSION", "7.8.9");
    command.env_remove("BCDRESCUE_COMMIT").envs(variables.iter().copied());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let after =
        |word: &str| said.lines().filter_map(|line| line.strip_prefix(word).map(str::to_owned)).collect();
    let versions: Vec<String> = after("cargo::rustc-env=BCDRESCUE_VERSION=");
    Asked { version: versions.concat(), watched: after("cargo::rerun-if-changed=") }
}

#[test]
fn the_version_names_the_commit() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/build.rs");
    judge("rustc", &["--edition", "2024", "-o", text(&script), text(&source)]);
    let root = folder.path().join("checkout");
    fs::create_dir_all(root.join("src")).unwrap();
    for file in ["Cargo.toml", "Cargo.lock", "src/main.rs", "README.md"] {
        fs::write(root.join(file), "one").unwrap();
    }
    let version = |variables: &[(&str, &str)]| ask(&script, &root, variables).version;
    assert_eq!(version(&[]), "7.8.9", "no repository");
    let git = |at: &Path, arguments: &[&str]| {
        let day = "2031-02-03T23:59:59 +0100";
        let who = ["-c", "user.name=A", "-c", "user.email=a@example.invalid", "-c", "commit.gpgsign=false"];
        let output = Command::new("git")
            .args(["-C", text(at), "-c", "init.defaultBranch=main"])
            .args(who)
            .args(arguments)
            .envs([("GIT_AUTHOR_DATE", "2001-01-01T00:00:00 +0000"), ("GIT_COMMITTER_DATE", day)])
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let commit = |at: &Path| {
        git(at, &["add", "."]);
        git(at, &["commit", "-q", "-m", "one"]);
        git(at, &["rev-parse", "HEAD"])[..12].to_owned()
    };
    // Unpacked sources in somebody else's repository are not that repository's commit.
    git(folder.path(), &["init", "-q"]);
    commit(folder.path());
    assert_eq!(version(&[]), "7.8.9", "another repository");

    git(&root, &["init", "-q"]);
    assert_eq!(version(&[]), "7.8.9", "no commit yet");
    let first = commit(&root);
    assert_eq!(version(&[]), format!("7.8.9 ({first} 2031-02-03)"));
    assert_eq!(version(&[("TZ", "Pacific/Auckland"), ("GIT_DIR", "/nowhere")]), version(&[]));
    assert_eq!(version(&[("PATH", "/nowhere")]), "7.8.9", "no git");
    assert_eq!(version(&[("BCDRESCUE_COMMIT", "vendor 5")]), "7.8.9 (vendor 5)");
    assert_eq!(version(&[("BCDRESCUE_COMMIT", "")]), "7.8.9");

    // What is no part of the program changes nothing; what is, says so.
    fs::write(root.join("README.md"), "two").unwrap();
    assert_eq!(version(&[]), format!("7.8.9 ({first} 2031-02-03)"));
    fs::write(root.join("src/main.rs"), "two").unwrap();
    assert_eq!(version(&[]), format!("7.8.9 ({first}-dirty 2031-02-03)"));

    // A commit is seen by one of the watched files, with a log of HEAD and without one.
    for log in ["true", "false"] {
        git(&root, &["config", "core.logAllRefUpdates", log]);
        let watched = ask(&script, &root, &[]).watched;
        let times = || -> Vec<_> {
            let files = watched.iter().filter(|name| name.starts_with(".git/"));
            files.map(|name| newest(&root.join(name))).collect()
        };
        assert!(watched.iter().any(|name| name == "src") && !times().is_empty(), "{watched:?}");
        let before = times();
        fs::write(root.join("src/main.rs"), log).unwrap();
        let next = commit(&root);
        assert_ne!(times(), before, "{watched:?}");
        assert_eq!(version(&[]), format!("7.8.9 ({next} 2031-02-03)"));
    }
}

/// When a file, or the newest below a folder, was changed: what cargo looks at.
fn newest(path: &Path) -> std::time::SystemTime {
    let files = walkdir::WalkDir::new(path).into_iter();
    files.map(|entry| entry.unwrap().metadata().unwrap().modified().unwrap()).max().unwrap()
}

#[test]
fn a_page_of_no_command_is_refused() {
    bcdrescue(&["man", "nothing"]).exits(16).says("unknown command nothing");
    bcdrescue(&["man", "bcd", "nothing"]).exits(16).says("unknown command nothing");
    bcdrescue(&["completions", "dos"]).exits(16).says("bash");
}
