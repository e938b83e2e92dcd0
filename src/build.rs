//! Tells the program its version, as BCDRESCUE_VERSION: in a git checkout with the commit, `0.1.0 (9f5adb9a1b2c
//! 2026-11-25)`, elsewhere `0.1.0`. The date is the commit's, so that one commit is always the same program.

use std::env;
use std::path::Path;
use std::process::Command;
use std::process::Output;

/// What becomes part of the program.
const SOURCES: [&str; 3] = ["src", "Cargo.toml", "Cargo.lock"];

/// What git writes when HEAD moves, in its own folder: with a log of it, without one, in either kind of store for refs.
const MOVES: [&str; 5] = ["HEAD", "logs/HEAD", "refs/heads", "packed-refs", "reftable"];

fn main() {
    let version = env::var("CARGO_PKG_VERSION").expect("cargo sets it");
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    println!("cargo::rerun-if-env-changed=BCDRESCUE_COMMIT");
    // For distributors, who know what they build where git does not; an empty one is none.
    let commit = env::var("BCDRESCUE_COMMIT").ok().or_else(|| commit(Path::new(&root)));
    let commit = commit.as_deref().and_then(|words| words.lines().next()).unwrap_or_default().trim();
    let commit = if commit.is_empty() { String::new() } else { format!(" ({commit})") };
    println!("cargo::rustc-env=BCDRESCUE_VERSION={version}{commit}");
}

/// The commit and its date; none without git, and none in another project's repository that holds this one's sources.
fn commit(root: &Path) -> Option<String> {
    if !root.join(".git").exists() {
        return None;
    }
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
    }
    for name in MOVES {
        let path = printed(git(root, &["rev-parse", "--git-path", name])?)?;
        // One that is not there would be taken for changed every time.
        if root.join(&path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    let head = printed(git(root, &["log", "-1", "--no-show-signature", "--format=%H %cs"])?)?;
    let (hash, date) = head.split_once(' ')?;
    // git's own short hash grows with the repository.
    let hash = hash.get(..12)?;
    let differs =
        git(root, &[&["diff", "--quiet", "HEAD", "--"][..], &SOURCES].concat())?.status.code() == Some(1);
    Some(format!("{hash}{} {date}", if differs { "-dirty" } else { "" }))
}

fn printed(output: Output) -> Option<String> {
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    Some(text.trim().to_owned())
}

fn git(root: &Path, arguments: &[&str]) -> Option<Output> {
    #[expect(clippy::disallowed_methods, reason = "this is not the program")]
    let mut git = Command::new("git");
    // A hook that builds sets these, for its own repository.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        git.env_remove(name);
    }
    git.arg("-C").arg(root).args(arguments).env("GIT_OPTIONAL_LOCKS", "0").output().ok()
}
