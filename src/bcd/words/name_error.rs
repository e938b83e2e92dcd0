//! Why a name stands for nothing: what whoever knows the store and its disk answers.

use crate::bcd::object_id::shown;
use crate::guid::Guid;

/// Why a name stands for no object, or for no partition. Places are texts for people, as the layout of a disk has them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// `{default}` of a store without one.
    #[error("{{default}}: the store has no default entry; name one by its GUID, as enum all shows it")]
    NoDefault,
    /// An object that is not there.
    #[error("no object {} in this store", shown(*id))]
    NoObject {
        /// Its id.
        id: Guid,
    },
    /// `{current}` of a store without a Windows.
    #[error("{{current}}: no entry of this store starts Windows")]
    NoEntry,
    /// `{current}` where several entries start one.
    #[error("{{current}}: several entries start Windows; choose one with --entry: {}", keys.join(", "))]
    Several {
        /// The names of their keys.
        keys: Vec<String>,
    },
    /// `{current}` is an object whose key is no GUID.
    #[error("the only entry has no GUID")]
    NoId,
    /// A partition, of a store without its disk.
    #[error(
        "a store file does not tell what partition {name} is; edit the store on its disk, or give the identity: \
         partition=disk 36234da4 offset 0x100000"
    )]
    NoDisk {
        /// The name.
        name: String,
    },
    /// No such partition.
    #[error("no partition {name} on this disk; it has {}", there.join(", "))]
    NoPartition {
        /// The name.
        name: String,
        /// The partitions that are there.
        there: Vec<String>,
    },
    /// No such drive letter.
    #[error("no drive {letter} on this disk; {}partitions by number: {}", known(letters), there.join(", "))]
    NoLetter {
        /// The letter.
        letter: String,
        /// The letters that are known, with their partitions.
        letters: Vec<(String, String)>,
        /// The partitions that are there.
        there: Vec<String>,
    },
    /// A partition that a store cannot name.
    #[error("{place} has no identity that a store could refer to")]
    NoIdentity {
        /// The partition.
        place: String,
    },
}

/// `C: is partition 2; `, or nothing.
fn known(letters: &[(String, String)]) -> String {
    let all: Vec<String> = letters.iter().map(|(letter, place)| format!("{letter} is {place}")).collect();
    if all.is_empty() { String::new() } else { format!("{}; ", all.join(", ")) }
}
