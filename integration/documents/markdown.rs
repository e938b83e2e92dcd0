//! The documents, and what a test has to see of Markdown.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// A document of the project.
pub(super) struct Document {
    /// Its path from the root of the project.
    pub name: String,
    pub text: String,
}

/// A block between fences.
pub(super) struct Block<'a> {
    /// What stands behind the opening fence.
    pub language: &'a str,
    pub lines: Vec<&'a str>,
}

pub(super) fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub(super) fn read(name: &str) -> Document {
    let text = fs::read_to_string(project(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    Document { name: name.to_owned(), text }
}

/// What users read.
pub(super) fn for_users() -> Vec<Document> {
    let mut names: Vec<String> = fs::read_dir(project("docs"))
        .unwrap()
        .map(|entry| format!("docs/{}", entry.unwrap().file_name().into_string().unwrap()))
        .collect();
    names.sort_unstable();
    assert!(names.len() > 9 && names.iter().all(|name| name.ends_with(".md")), "{names:?}");
    ["README.md", "CHANGELOG.md"]
        .map(str::to_owned)
        .into_iter()
        .chain(names)
        .map(|name| read(&name))
        .collect()
}

/// All of them.
pub(super) fn all() -> Vec<Document> {
    let others = ["ARCHITECTURE.md", "CONTRIBUTING.md", "images/README.md", "integration/README.md"];
    for_users().into_iter().chain(others.map(read)).collect()
}

impl Document {
    pub(super) fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks = Vec::new();
        let mut open: Option<Block<'_>> = None;
        for line in self.text.lines() {
            match (line.trim_start().strip_prefix("```"), open.as_mut()) {
                (Some(language), None) => open = Some(Block { language, lines: Vec::new() }),
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (None, Some(block)) => block.lines.push(line),
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a block is not closed", self.name);
        blocks
    }

    /// The lines that are in no block.
    pub(super) fn prose(&self) -> Vec<&str> {
        let mut is_in_block = false;
        let is_prose = |line: &&str| {
            let is_fence = line.trim_start().starts_with("```");
            is_in_block ^= is_fence;
            !is_in_block && !is_fence
        };
        self.text.lines().filter(is_prose).collect()
    }

    /// What stands between backticks, outside of blocks; one may go over the end of a line.
    pub(super) fn spans(&self) -> Vec<String> {
        let mut spans = Vec::new();
        for paragraph in self.prose().split(|line| line.is_empty()) {
            let text = paragraph.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
            assert_eq!(text.matches('`').count() % 2, 0, "{}: an odd backtick: {text}", self.name);
            spans.extend(text.split('`').skip(1).step_by(2).map(str::to_owned));
        }
        spans
    }

    /// The cells of the rows of the table that has this head; a `|` of a cell is written `\|`.
    pub(super) fn table(&self, head: &str) -> Vec<Vec<String>> {
        let mut lines = self.text.lines().skip_while(|line| line.trim() != head).skip(2);
        let rows: Vec<Vec<String>> = lines
            .by_ref()
            .map_while(|line| line.trim().strip_prefix("| ")?.strip_suffix(" |"))
            .map(|row| row.split(" | ").map(str::to_owned).collect())
            .collect();
        assert!(!rows.is_empty(), "{}: no table {head}", self.name);
        rows
    }

    /// The names between backticks in the first column of a table.
    pub(super) fn names(&self, head: &str) -> Vec<String> {
        let first = self.table(head).into_iter().map(|row| row[0].clone());
        first
            .flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>())
            .collect()
    }

    /// Where links can lead in it, as GitHub makes them of headings.
    pub(super) fn anchors(&self) -> Vec<String> {
        let headings = self.prose().into_iter().filter(|line| line.starts_with('#'));
        headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect()
    }
}

fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept.chars().filter(|letter| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}
