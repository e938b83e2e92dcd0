//! What a recipe says. Every error is one line that tells where it is and what may stand there.

use std::collections::BTreeMap;

use anyhow::Context;
use anyhow::Result;
use anyhow::anyhow;
use anyhow::bail;
use anyhow::ensure;
use bcdrescue::guid::Guid;
use bcdrescue::layout::drivers::controller::Controller;
use bcdrescue::partition::DiskId;
use bcdrescue::partition::TableKind;
use serde::Deserialize;
use sha2::Digest;
use sha2::Sha256;
use toml::Spanned;

use crate::bases;
use crate::bases::BASES;
use crate::bases::Base;
use crate::bases::Table;
use crate::damage;
use crate::damage::DAMAGES;
use crate::damage::Damage;
use crate::drivers;
use crate::drivers::State;
use crate::identity::guid_of;

/// Longest disk: what an MBR with sectors of 512 bytes can describe.
const SIZE_MAX: u64 = 2 << 40;
/// Units of a size.
const UNITS: [(&str, u32); 3] = [("MiB", 20), ("GiB", 30), ("TiB", 40)];

/// The words of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    base: Spanned<String>,
    identity: Option<Spanned<String>>,
    size: Option<Spanned<String>>,
    #[serde(default)]
    damage: Vec<Spanned<String>>,
    new_identity: Option<Spanned<String>>,
    #[serde(default)]
    drivers: BTreeMap<String, Spanned<String>>,
}

/// A disk to be made.
pub(crate) struct Recipe {
    /// What it begins as.
    pub(crate) base: &'static Base,
    /// The identity that it is to have, and that everything on it names.
    pub(crate) identity: Option<DiskId>,
    /// Its length in bytes.
    pub(crate) size: Option<u64>,
    /// Storage drivers that its Windows gets.
    pub(crate) drivers: Vec<(Controller, State)>,
    /// What then happens to it, in order.
    pub(crate) damage: Vec<&'static Damage>,
    /// What a damage that changes the identity gives it.
    new_identity: Option<DiskId>,
}

impl Recipe {
    /// Reads a recipe.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let words: Words = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(String::new(), |span| line(text, span.start));
            anyhow!("{at}{}", error.message())
        })?;
        let base = at(text, &words.base, "base", |name| {
            let all: Vec<&str> = BASES.iter().map(|base| base.name).collect();
            bases::find(name).ok_or_else(|| anyhow!("expected one of {}, found {name:?}", all.join(", ")))
        })?;
        let identity = words.identity.as_ref();
        let identity = identity.map(|word| at(text, word, "identity", |word| identity_of(word, base)));
        let size = words.size.as_ref().map(|word| at(text, word, "size", size_of)).transpose()?;
        let new = words.new_identity.as_ref();
        let new = new.map(|word| at(text, word, "new_identity", |word| identity_of(word, base)));
        let mut damage = Vec::new();
        for word in &words.damage {
            let one = at(text, word, "damage", |name| damage_of(name, &damage))?;
            damage.push(one);
        }
        let driver = |(controller, state): (&String, &Spanned<String>)| {
            at(text, state, "drivers", |state| drivers::parse(controller, state))
        };
        let drivers = words.drivers.iter().map(driver).collect::<Result<_>>()?;
        let recipe = Self {
            base,
            identity: identity.transpose()?,
            size,
            drivers,
            damage,
            new_identity: new.transpose()?,
        };
        if let (Some(word), false) = (&words.new_identity, recipe.damage.iter().any(|it| it.gives_identity)) {
            let givers: Vec<&str> = DAMAGES.iter().filter(|it| it.gives_identity).map(|it| it.name).collect();
            let givers = givers.join(" or ");
            at(text, word, "new_identity", |_| -> Result<()> {
                bail!("it is what {givers} gives the disk, and the recipe has neither")
            })?;
        }
        Ok(recipe)
    }

    /// What a damage gives the disk: the recipe's, or one that follows from it; of the kind that the table has.
    pub(crate) fn identity_after_damage(&self, table: TableKind) -> DiskId {
        let bytes = self.bytes_for("new identity");
        self.new_identity.unwrap_or_else(|| match table {
            TableKind::Gpt => DiskId::Gpt(guid_of(&bytes)),
            // Zero would be no identity.
            _ => DiskId::Mbr(
                bytes.iter().take(4).fold(0, |number, byte| (number << 8) | u32::from(*byte)).max(1),
            ),
        })
    }

    /// Bytes that follow from what the recipe says and from `what` they are for, and from nothing else: not from its
    /// comments, nor from the time.
    fn bytes_for(&self, what: &str) -> [u8; 32] {
        let identity = self.identity.map(DiskId::text).unwrap_or_default();
        let damage: Vec<&str> = self.damage.iter().map(|damage| damage.name).collect();
        let size = self.size.map(|size| size.to_string()).unwrap_or_default();
        let damage = damage.join(",");
        let driver = |(controller, state): &(Controller, State)| format!("{controller}={}", state.name());
        let drivers: Vec<String> = self.drivers.iter().map(driver).collect();
        let mut words = vec![self.base.name, &identity, &size, &damage, what];
        words.extend(drivers.iter().map(String::as_str));
        Sha256::digest(words.join("\n")).into()
    }
}

/// Reads a word; an error says where the word stands.
fn at<T>(text: &str, word: &Spanned<String>, key: &str, read: impl FnOnce(&str) -> Result<T>) -> Result<T> {
    read(word.get_ref()).with_context(|| format!("{}{key}", line(text, word.span().start)))
}

/// `line 3: `, for a byte of the text.
fn line(text: &str, at: usize) -> String {
    let before = text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    format!("line {}: ", before + 1)
}

/// A signature for a base with an MBR, a GUID for one with a GPT.
fn identity_of(word: &str, base: &Base) -> Result<DiskId> {
    let found = || format!("found {word:?}");
    if base.table == Table::Gpt {
        let guid: Guid = word.trim_matches(['{', '}']).parse().map_err(|_| {
            anyhow!(
                "{} has a GPT: expected a GUID such as \"5f3c0101-3b1d-4c01-9a2c-0242ac1b0001\", {}",
                base.name,
                found()
            )
        })?;
        ensure!(!guid.is_zero(), "a GUID of zeros is no identity");
        return Ok(DiskId::Gpt(guid));
    }
    let digits = word.strip_prefix("0x").filter(|digits| (1..=8).contains(&digits.len()));
    let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let signature = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).with_context(|| {
        format!("{} has an MBR: expected a signature such as \"0x1234abcd\", {}", base.name, found())
    })?;
    ensure!(signature != 0, "a signature of zero is no identity");
    Ok(DiskId::Mbr(signature))
}

fn size_of(word: &str) -> Result<u64> {
    let expected = || {
        anyhow!(
            "expected a whole number of MiB, GiB or TiB such as \"40 GiB\", at most 2 TiB, found {word:?}"
        )
    };
    let (digits, shift) = UNITS
        .iter()
        .find_map(|(unit, shift)| Some((word.strip_suffix(unit)?.trim_end(), *shift)))
        .ok_or_else(expected)?;
    let number =
        digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse::<u64>().ok()).flatten();
    let size = number.and_then(|number| number.checked_mul(1u64.checked_shl(shift)?));
    size.filter(|size| (1..=SIZE_MAX).contains(size)).ok_or_else(expected)
}

fn damage_of(name: &str, before: &[&'static Damage]) -> Result<&'static Damage> {
    let all: Vec<&str> = DAMAGES.iter().map(|damage| damage.name).collect();
    let found = damage::find(name);
    let damage = found.ok_or_else(|| anyhow!("expected one of {}, found {name:?}", all.join(", ")))?;
    ensure!(!before.iter().any(|other| other.name == name), "{name:?} is there twice");
    Ok(damage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_is_read() {
        let text = "# A comment.\nbase = 'win10-bios'\nidentity = '0x1234abcd'\nsize = '40GiB'\ndamage = ['not-active', 'signature-changed']\nnew_identity = '0x1'\n";
        let recipe = Recipe::parse(text).unwrap();
        assert_eq!((recipe.base.name, recipe.size), ("win10-bios", Some(40 << 30)));
        assert_eq!(
            (recipe.identity, recipe.new_identity),
            (Some(DiskId::Mbr(0x1234_abcd)), Some(DiskId::Mbr(1)))
        );
        let names: Vec<&str> = recipe.damage.iter().map(|damage| damage.name).collect();
        assert_eq!(names, ["not-active", "signature-changed"]);
        let again = Recipe::parse(&text.replace("A comment", "Another")).unwrap();
        assert_eq!(recipe.bytes_for("x"), again.bytes_for("x"));
        assert_ne!(recipe.bytes_for("x"), again.bytes_for("y"));
        let other = Recipe::parse(&text.replace("40GiB", "41 GiB")).unwrap();
        assert_ne!(recipe.bytes_for("x"), other.bytes_for("x"));
    }

    #[test]
    fn an_error_says_where_and_what_is_allowed() {
        for (text, expected) in [
            ("", "missing field `base`"),
            ("base = 'win10-bios'\nsise = '1 GiB'", "line 2: unknown field `sise`, expected one of `base`"),
            ("base = 'win10-bios'\nbase = 'x'", "line 2: duplicate key"),
            ("base = 1", "line 1: invalid type: integer `1`"),
            ("\nbase = 'dos'", "line 2: base: expected one of win2003-bios, "),
            (
                "base = 'win11-uefi'\nidentity = '0x1'",
                "line 2: identity: win11-uefi has a GPT: expected a GUID",
            ),
            (
                "base = 'win10-bios'\nidentity = '123'",
                "line 2: identity: win10-bios has an MBR: expected a signature",
            ),
            ("base = 'win10-bios'\nidentity = '0x123456789'", "expected a signature"),
            ("base = 'win10-bios'\nidentity = '0x+1'", "expected a signature"),
            ("base = 'win10-bios'\nidentity = '0x0'", "a signature of zero is no identity"),
            ("base = 'win11-uefi'\nidentity = '00000000-0000-0000-0000-000000000000'", "no identity"),
            ("base = 'win10-bios'\nsize = '40'", "line 2: size: expected a whole number of MiB"),
            ("base = 'win10-bios'\nsize = '3 TiB'", "at most 2 TiB"),
            ("base = 'win10-bios'\nsize = '99999999999999 TiB'", "at most 2 TiB"),
            ("base = 'win10-bios'\nsize = 'TiB'", "at most 2 TiB"),
            ("base = 'win10-bios'\ndamage = ['fire']", "line 2: damage: expected one of signature-changed, "),
            (
                "base = 'win10-bios'\ndamage = ['not-active',\n'not-active']",
                "line 3: damage: \"not-active\" is there twice",
            ),
            (
                "base = 'win10-bios'\nnew_identity = '0x1'",
                "line 2: new_identity: it is what signature-changed or guids-changed",
            ),
        ] {
            let error = format!("{:#}", Recipe::parse(text).err().unwrap());
            assert!(error.contains(expected) && !error.contains('\n'), "{text:?}: {error}");
        }
    }
}
