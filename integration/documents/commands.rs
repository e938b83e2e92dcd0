//! Every command of the documents is run or, where it cannot be, looked at.
//!
//! * Blocks of `sh` are run line by line beside copies of the test disks: what uses this program, `bcdrescue-make-image`, `find` and
//!   `python3`. `/dev/vdX` is such a copy. What would ask is told `--yes`. Nothing may exit with 8 or 16.
//! * `make TARGET` is asked what it would run (`make -n`).
//! * Commands that need root, a network, a container or a machine ([`NOT_RUN`]) are only parsed by the shell; where they start this program
//!   in there, its words are parsed as below.
//! * A command of this program without a target would look at the disks of the machine that runs the tests: it is parsed by this
//!   program with the name of a file that is not there, as are commands between backticks, in YAML and in HCL.
//! * Blocks of `console` are compared with what is printed, see `screens`.

use super::grammar::assert_taken;
use super::markdown::Block;
use super::markdown::Document;
use super::markdown::for_users;
use super::sandbox::Sandbox;
use super::switches::commands;
use crate::support::judges::judge;
use crate::support::program::counted;

/// Programs that are not run.
const NOT_RUN: [&str; 6] = ["podman", "openstack", "qemu-system-x86_64", "truncate", "dd", "mkfs.fat"];

/// What blocks may be.
const LANGUAGES: [&str; 8] = ["sh", "console", "text", "json", "toml", "yaml", "hcl", "rust"];

/// The commands of a block of `sh`, without comments.
fn lines(block: &Block<'_>) -> Vec<String> {
    let joined = block.lines.join("\n").replace("\\\n", " ");
    let bare = joined.lines().map(|line| line.split_once(" #").map_or(line, |(command, _)| command).trim());
    bare.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(|word| word.trim_matches(['\'', '"']).to_owned()).collect()
}

/// The words of this program in a command of others, from its command on.
fn own_words(words: &[String]) -> Option<&[String]> {
    let at = words.iter().position(|word| word == "bcdrescue")?;
    let own = words.get(at + 1..)?;
    commands().contains(own.first()?).then_some(own)
}

/// Whether a command is one of `bcd` that writes.
fn edits_store(words: &[String]) -> bool {
    let reads = ["enum", "get", "diff", "export"];
    words.get(1).is_some_and(|word| word == "bcd")
        && words.get(2).is_some_and(|word| !reads.contains(&word.as_str()))
}

/// Runs a line of a block, or parses it; whether it was run.
fn try_line(line: &str, sandbox: &mut Sandbox, place: &str) -> bool {
    judge("sh", &["-n", "-c", line]);
    let words = words(line);
    match words[0].as_str() {
        "bcdrescue" if words.len() == 2 => assert_taken(&words[1..], place),
        "bcdrescue" | "bcdrescue-make-image" | "find" | "python3" | "exec" => {
            let asks = ["bcdrescue fix ", "bcdrescue undo "].iter().any(|command| line.contains(command))
                || edits_store(&words);
            let would_ask = asks && !line.contains("--yes") && !line.contains("--dry-run");
            let line = if would_ask { format!("{line} --yes") } else { line.to_owned() };
            let run = sandbox.run(&line);
            assert!([0, 1, 4, 5].contains(&run.code), "{place}: {line}: {run:?}");
            return true;
        }
        "make" => {
            judge("make", &["-n", "-C", env!("CARGO_MANIFEST_DIR"), "BUILDER=builder", &words[1]]);
        }
        program => {
            assert!(NOT_RUN.contains(&program), "{place}: is {program} to be run?");
            own_words(&words).into_iter().for_each(|own| assert_taken(own, place));
        }
    }
    false
}

#[test]
fn every_command_in_a_block_is_run_or_parsed() {
    let (mut run, mut parsed) = (0, 0);
    for document in for_users() {
        for block in document.blocks() {
            assert!(
                LANGUAGES.contains(&block.language),
                "{}: a block of {:?}",
                document.name,
                block.language
            );
            if block.language != "sh" {
                continue;
            }
            let mut sandbox = Sandbox::new(&document);
            for line in lines(&block) {
                match try_line(&line, &mut sandbox, &document.name) {
                    true => run += 1,
                    false => parsed += 1,
                }
            }
        }
    }
    assert!(run > 20 && parsed > 10, "{run} run, {parsed} parsed");
    counted("commands in the documents", &format!("{run} run, {parsed} parsed"));
}

/// Commands between backticks, those that say what to run above all: with or without the program's name before them.
fn in_spans(document: &Document) -> Vec<Vec<String>> {
    let commands = commands();
    let spans = document.spans().into_iter().filter(|span| !span.contains(['[', '…']));
    let spans = spans.map(|span| words(span.strip_prefix("bcdrescue ").unwrap_or(&span)));
    // `bcd set` is the name of a command.
    let is_name = |words: &[String]| words.len() < 2 || (words.len() == 2 && words[0] == "bcd");
    spans.filter(|words| !is_name(words) && commands.contains(&words[0])).collect()
}

/// The arguments of a Kubernetes container, and the commands of a provisioner.
fn in_data(block: &Block<'_>) -> Vec<Vec<String>> {
    let text = block.lines.join("\n").replace("\\\"", "").replace("$(JOB_COMPLETION_INDEX)", "0");
    let arguments = text.split("args: [").skip(1).filter_map(|rest| rest.split_once(']'));
    let arguments = arguments
        .map(|(list, _)| list.split(',').map(|word| word.trim().trim_matches('\'').to_owned()).collect());
    let provisioned = text.split("\"bcdrescue ").skip(1).filter_map(|rest| rest.split_once('"'));
    arguments.chain(provisioned.map(|(line, _)| words(line))).collect()
}

#[test]
fn every_command_between_backticks_is_one_that_the_program_takes() {
    let mut count = 0;
    for document in for_users() {
        let data = document.blocks();
        let data = data.iter().filter(|block| ["yaml", "hcl"].contains(&block.language)).flat_map(in_data);
        for words in in_spans(&document).into_iter().chain(data) {
            assert_taken(&words, &document.name);
            count += 1;
        }
    }
    assert!(count > 50, "{count}");
}
