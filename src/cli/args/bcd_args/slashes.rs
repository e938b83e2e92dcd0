//! Lines of bcdedit's: `bcdrescue bcd /store /dev/vdb /set {default} device partition=2`.
//!
//! They are rewritten as this program's own words before those are parsed. Only words that bcdedit has are switches, and only where it
//! has them; everything else behind a slash is a path, or a value.

use std::ffi::OsStr;
use std::ffi::OsString;

use crate::cli::args::bcd_args::job::is_object;
use crate::cli::args::bcd_args::own_words::COMMANDS;
use crate::cli::args::bcd_args::own_words::is_switch;
use crate::cli::args::bcd_args::own_words::plain;
use crate::cli::args::bcd_args::own_words::takes_value;
use crate::cli::args::bcd_args::slash_words::Slash;
use crate::cli::args::bcd_args::store_word::StoreWord;
use crate::cli::text::exit::Usage;

/// The command line in this program's own words, where it is one of `bcd`; its first word is the program's name.
///
/// # Errors
/// When it has a word of bcdedit's that is not one of this program's, or no disk.
pub(crate) fn rewritten(line: Vec<OsString>) -> Result<Vec<OsString>, Usage> {
    // The first is the program's own name.
    let command = plain(&line).get(1).filter(|(_, word)| *word == "bcd").map(|(at, _)| *at);
    let Some(at) = command else { return Ok(line) };
    let (before, words) = line.split_at(at.saturating_add(1));
    if !is_read(words) {
        return Ok(line);
    }
    let words = Line::read(words)?.words()?;
    Ok(before.iter().cloned().chain(words).collect())
}

/// Whether these words make sense; the grammar says what is wrong with others.
fn is_read(words: &[OsString]) -> bool {
    let is_of_bcdedit = |word: &OsString| word.to_str().is_some_and(|word| Slash::of(word, None).is_some());
    let is_path = |word: &OsStr| word.as_encoded_bytes().iter().any(|byte| b"/.\\".contains(byte));
    let is_own = match plain(words).as_slice() {
        [] => false,
        [(_, word)] if is_path(word) => true,
        [(_, word), ..] => COMMANDS.iter().any(|own| *word == own),
    };
    is_own || words.iter().any(is_of_bcdedit)
}

/// What was read of a line.
#[derive(Debug, Default)]
struct Line {
    /// The command, by its name here.
    command: Option<&'static str>,
    /// Whether it was written with a slash.
    has_slashes: bool,
    /// Whether help is asked for.
    help: bool,
    /// Where the store is.
    store: Option<StoreWord>,
    /// This program's switches for bcdedit's.
    switches: Vec<OsString>,
    /// All other words.
    rest: Vec<OsString>,
    /// How many of them are no switches.
    plain: usize,
    /// Whether the first of these names an object.
    has_object: bool,
}

impl Line {
    fn read(words: &[OsString]) -> Result<Self, Usage> {
        let mut line = Self::default();
        let mut rest = words;
        while let [word, behind @ ..] = rest {
            rest = behind;
            if word == "--" {
                line.rest.extend([word.clone()].into_iter().chain(behind.iter().cloned()));
                break;
            }
            let slash = line.slash(word, behind);
            if slash.is_none() && is_switch(word) {
                line.rest.push(word.clone());
                if let ([value, behind @ ..], true) = (behind, takes_value(word)) {
                    line.rest.push(value.clone());
                    rest = behind;
                }
                continue;
            }
            match slash {
                Some(slash) => rest = line.take(slash, word, behind)?,
                None => line.plain(word)?,
            }
        }
        Ok(line)
    }

    /// What the word means, where it is one of bcdedit's and stands where that is no value.
    fn slash(&self, word: &OsStr, behind: &[OsString]) -> Option<Slash> {
        let slash = Slash::of(word.to_str()?, self.command)?;
        let is_first = self.command.is_none();
        let fits = match slash {
            Slash::Command(_) | Slash::Other(_) => is_first || self.has_slashes,
            _ => true,
        };
        // Behind `set {ID} ELEMENT` are values, but that bcdedit has switches about the list at the end.
        let is_last = match slash {
            Slash::Switch(_) => plain(behind).is_empty(),
            Slash::Store => self.store.is_none() && self.has_slashes && plain(behind).len() == 1,
            _ => false,
        };
        (fits && (is_last || !self.is_in_values())).then_some(slash)
    }

    fn is_in_values(&self) -> bool {
        let target = usize::from(!self.has_slashes && self.store.is_none());
        let before = target.saturating_add(usize::from(self.has_object)).saturating_add(1);
        self.command == Some("set") && self.plain >= before
    }

    /// Does as a word of bcdedit's says; returns what is left behind it.
    fn take<'a>(
        &mut self,
        slash: Slash,
        word: &OsStr,
        behind: &'a [OsString],
    ) -> Result<&'a [OsString], Usage> {
        let name = word.display();
        let value =
            || behind.split_first().ok_or_else(|| Usage(format!("{name}: a word is missing behind it")));
        match slash {
            Slash::Command(command) => match self.command.replace(command) {
                _ if self.help => self.has_slashes = true,
                None => self.has_slashes = true,
                Some(other) => {
                    return Err(Usage(format!("{name}: only one command at a time, and {other} came first")));
                }
            },
            Slash::Store => {
                let (word, behind) = value()?;
                self.locate(word)?;
                return Ok(behind);
            }
            Slash::Verbose => self.switches.push("-v".into()),
            Slash::Help => self.help = true,
            Slash::Switch(switch) => self.switches.push(switch.into()),
            Slash::Valued(switch) => {
                let (word, behind) = value()?;
                self.switches.push(with_value(switch, word));
                return Ok(behind);
            }
            Slash::Inherit => {
                let kind = behind.split_first().filter(|(word, _)| is_kind(word));
                let (kind, behind) =
                    kind.map_or((OsStr::new("any"), behind), |(word, rest)| (word.as_os_str(), rest));
                self.switches.push(with_value("--inherit", kind));
                return Ok(behind);
            }
            Slash::Clean => {
                let message =
                    "/clean deletes the firmware's own boot entries, which bcd does not touch; omit it";
                return Err(Usage(message.to_owned()));
            }
            Slash::Other(instead) => {
                return Err(Usage(format!("{name}: bcd has no such command; {instead}")));
            }
        }
        Ok(behind)
    }

    /// A word that is no switch.
    fn plain(&mut self, word: &OsString) -> Result<(), Usage> {
        let own = COMMANDS.iter().find(|own| *own == word);
        if let (None, Some(own)) = (self.command, own) {
            self.command = Some(own);
            return Ok(());
        }
        if let (None, Some(_), Some(name)) = (self.command, &self.store, slashed(word)) {
            return Err(Usage(format!("{name}: neither bcdedit nor bcd has such a command")));
        }
        let names_store = self.command.is_none() || (self.has_slashes && self.command == Some("createstore"));
        if names_store && self.store.is_none() {
            return self.locate(word);
        }
        let at = usize::from(!self.has_slashes && self.store.is_none());
        if self.plain == at {
            self.has_object = word.to_str().is_some_and(is_object);
        }
        self.plain = self.plain.saturating_add(1);
        self.rest.push(word.clone());
        Ok(())
    }

    fn locate(&mut self, word: &OsStr) -> Result<(), Usage> {
        match self.store.replace(StoreWord::parse(word)?) {
            None => Ok(()),
            Some(first) => Err(Usage(format!(
                "{}: only one store at a time, and {} came first",
                word.display(),
                first.target.display()
            ))),
        }
    }

    /// The words that say the same here.
    fn words(self) -> Result<Vec<OsString>, Usage> {
        let mut words: Vec<OsString> = Vec::new();
        if self.help {
            words.extend(self.command.map(Into::into));
            words.push("--help".into());
            return Ok(words);
        }
        let rest = plain(&self.rest);
        let first = rest.first().and_then(|(_, word)| word.to_str());
        let asks_help = self.rest.iter().any(|word| word == "-h" || word == "--help");
        let lacks_target = !asks_help
            && self.store.is_none()
            && (self.has_slashes
                || self.command.is_none()
                || first.is_some_and(|word| word.starts_with('{')));
        if lacks_target {
            return Err(Usage(NO_TARGET.to_owned()));
        }
        words.push(self.command.unwrap_or("enum").into());
        words.extend(self.switches);
        if let Some(store) = self.store {
            words.extend(store.path.map(|path| with_value("--store-path", OsStr::new(&path))));
            words.push(store.target);
        }
        words.extend(self.rest);
        Ok(words)
    }
}

/// There is no store like that of the Windows that bcdedit runs on.
const NO_TARGET: &str = "no store is named, and a Linux machine has none of its own; name a disk, an image or a store file: \
                         bcdrescue bcd /store /dev/vdb /enum";

/// A word that can only be meant as a command of bcdedit's.
fn slashed(word: &OsStr) -> Option<&str> {
    word.to_str().filter(|word| word.starts_with('/') && !word.contains('\\'))
}

/// Whether a word can be that behind `/inherit`.
fn is_kind(word: &OsStr) -> bool {
    word.to_str().is_some_and(|word| word.chars().all(|c| c.is_ascii_alphabetic()))
}

fn with_value(switch: &str, value: &OsStr) -> OsString {
    let mut word = OsString::from(switch);
    word.push("=");
    word.push(value);
    word
}

#[cfg(test)]
mod tests;
