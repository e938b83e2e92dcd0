//! An earlier report of `check --jsonl`: the results of images that are as they were then.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use anyhow::Context;
use serde::Deserialize;

use crate::diagnosis::Verdict;

/// Longest line that is taken; those of check have some thousand bytes.
const LINE_MAX: usize = 4 << 20;

/// A report, by its targets. What it says of them stays in its file.
pub struct Earlier {
    file: File,
    lines: HashMap<String, Line>,
    reused: AtomicUsize,
}

/// Where a result stands, and what it comes to.
struct Line {
    stamp: String,
    at: u64,
    len: usize,
    verdict: Verdict,
    is_unmet: bool,
}

/// A result of the report that still holds.
pub struct Reused {
    /// The line, as it was.
    pub line: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// Whether a requirement is not met.
    pub is_unmet: bool,
}

/// What is needed of a line.
#[derive(Deserialize)]
struct Known {
    target: String,
    stamp: String,
    verdict: String,
    #[serde(default)]
    requirements: Vec<Requirement>,
}

#[derive(Deserialize)]
struct Requirement {
    met: bool,
}

impl Earlier {
    /// Reads a report. A line that is none is left out, as is one that was cut short: its image is then examined.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let name = || format!("--since {}", path.display());
        let file = File::open(path).with_context(name)?;
        let mut reader = BufReader::new(file.try_clone().with_context(name)?);
        let (mut lines, mut at) = (HashMap::new(), 0u64);
        loop {
            let (whole, line) = next(&mut reader).with_context(name)?;
            if whole == 0 {
                break;
            }
            // The last one of a target counts.
            if let Some((target, line)) = line.and_then(|line| known(&line, at)) {
                lines.insert(target, line);
            }
            at = at.saturating_add(whole);
        }
        Ok(Self { file, lines, reused: AtomicUsize::new(0) })
    }

    /// The result of a target that still has this stamp.
    pub fn find(&self, target: &str, stamp: &str) -> Option<Reused> {
        let found = self.lines.get(target).filter(|found| found.stamp == stamp)?;
        let mut bytes = vec![0; found.len];
        self.file.read_exact_at(&mut bytes, found.at).ok()?;
        let line = String::from_utf8(bytes).ok()?;
        // Somebody may write to the report meanwhile.
        let (_, again) = known(line.as_bytes(), found.at)?;
        if again.stamp != found.stamp {
            return None;
        }
        self.reused.fetch_add(1, Ordering::Relaxed);
        Some(Reused { line, verdict: again.verdict, is_unmet: again.is_unmet })
    }

    /// How many results were taken from it.
    #[must_use]
    pub fn reused(&self) -> usize {
        self.reused.load(Ordering::Relaxed)
    }
}

/// Bytes of the next line with its end, and the line without, where it is whole and no longer than any is.
fn next(reader: &mut impl BufRead) -> std::io::Result<(u64, Option<Vec<u8>>)> {
    let (mut line, mut whole, mut is_ended) = (Vec::new(), 0u64, false);
    while !is_ended {
        let piece = reader.fill_buf()?;
        if piece.is_empty() {
            break;
        }
        let end = piece.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(piece.len(), |end| end.saturating_add(1));
        let kept = piece.iter().take(end.unwrap_or(used));
        line.extend(kept.take(LINE_MAX.saturating_sub(line.len())));
        is_ended = end.is_some();
        reader.consume(used);
        whole = whole.saturating_add(u64::try_from(used).unwrap_or(u64::MAX));
    }
    let is_short = line.len() < LINE_MAX;
    Ok((whole, (is_ended && is_short).then_some(line)))
}

fn known(line: &[u8], at: u64) -> Option<(String, Line)> {
    let Known { target, stamp, verdict, requirements } = serde_json::from_slice(line).ok()?;
    let verdict = match verdict.as_str() {
        "healthy" => Verdict::Healthy,
        "degraded" => Verdict::Degraded,
        "broken" => Verdict::Broken,
        "not-windows" => Verdict::NotWindows,
        // What nobody could tell then is looked at anew.
        _ => return None,
    };
    let is_unmet = requirements.iter().any(|requirement| !requirement.met);
    Some((target, Line { stamp, at, len: line.len(), verdict, is_unmet }))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn whole_lines_count_and_of_a_target_the_last() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let line = |target: &str, stamp: &str, verdict: &str| {
            format!(
                "{{\"target\":\"{target}\",\"stamp\":\"{stamp}\",\"verdict\":\"{verdict}\",\"requirements\":[{{\"met\":false}}]}}\n"
            )
        };
        let long = format!(
            "{{\"target\":\"l\",\"stamp\":\"1\",\"verdict\":\"healthy\",\"x\":\"{}\"}}\n",
            "x".repeat(LINE_MAX)
        );
        let text = [
            line("a", "1", "healthy"),
            "no JSON\n\n".into(),
            line("a", "2", "broken"),
            line("u", "1", "unknown"),
            long,
            "{\"target\":\"n\",\"verdict\":\"healthy\"}\n".into(),
            line("b", "3", "healthy"),
            line("c", "4", "healthy").trim_end().to_owned(),
        ]
        .concat();
        file.write_all(text.as_bytes()).unwrap();
        let earlier = Earlier::open(file.path()).unwrap();
        for (target, stamp) in [("a", "1"), ("u", "1"), ("l", "1"), ("n", ""), ("c", "4"), ("d", "1")] {
            assert!(earlier.find(target, stamp).is_none(), "{target} {stamp}");
        }
        let found = earlier.find("a", "2").unwrap();
        assert_eq!((found.verdict, found.is_unmet), (Verdict::Broken, true));
        assert_eq!(found.line, line("a", "2", "broken").trim_end());
        assert!(earlier.find("b", "3").is_some());
        assert_eq!(earlier.reused(), 2);
        // Written over meanwhile.
        file.as_file().set_len(10).unwrap();
        assert!(earlier.find("b", "3").is_none());
    }
}
