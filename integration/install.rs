//! What is installed beside the program: pages that `man` can set, completions that shells can load.

use std::fs;
use std::path::Path;

use crate::support::bcdrescue;
use crate::support::judge;
use crate::support::text;

const COMMANDS: [&str; 6] = ["list", "inspect", "check", "fix", "record", "undo"];

#[test]
fn make_install_puts_all_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let root = text(folder.path());
    let program = format!("BIN={}", env!("CARGO_BIN_EXE_bcdrescue"));
    let (prefix, into) = ("PREFIX=/usr", format!("DESTDIR={root}"));
    judge("make", &["-C", env!("CARGO_MANIFEST_DIR"), "install", &program, prefix, &into]);
    let share = folder.path().join("usr/share");
    let installed = folder.path().join("usr/bin/bcdrescue");
    let version = String::from_utf8(judge(text(&installed), &["--version"])).unwrap();
    assert_eq!(version, format!("bcdrescue {}\n", env!("CARGO_PKG_VERSION")));
    let maker = folder.path().join("usr/bin/bcdrescue-make-image");
    assert!(String::from_utf8(judge(text(&maker), &["--list"])).unwrap().contains("win11-uefi"));
    for page in std::iter::once("bcdrescue".into()).chain(COMMANDS.map(|name| format!("bcdrescue-{name}"))) {
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
    bash_completes(&share.join("bash-completion/completions/bcdrescue"));
    for (file, word) in [
        ("zsh/site-functions/_bcdrescue", "#compdef bcdrescue"),
        ("fish/vendor_completions.d/bcdrescue.fish", "complete -c bcdrescue"),
    ] {
        assert!(fs::read_to_string(share.join(file)).unwrap().contains(word), "{file}");
    }
}

/// What bash offers behind `bcdrescue check --re`.
fn bash_completes(script: &Path) {
    let ask = r#"
        source "$1"
        COMP_WORDS=(bcdrescue check --re) COMP_CWORD=2
        function="$(complete -p bcdrescue | sed 's/.*-F \([^ ]*\).*/\1/')"
        "$function" bcdrescue --re check
        printf '%s\n' "${COMPREPLY[@]}" | sort
    "#;
    let offered = judge("bash", &["-c", ask, "bash", text(script)]);
    assert_eq!(String::from_utf8(offered).unwrap(), "--recursive\n--require\n");
}

#[test]
fn a_page_of_no_command_is_refused() {
    bcdrescue(&["man", "nothing"]).exits(16).says("there is no command nothing");
    bcdrescue(&["completions", "dos"]).exits(16).says("bash");
}
