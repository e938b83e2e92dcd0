//! Which boot files are put where, and their bytes: what `bcdboot` copies from `\Windows\Boot`.
//!
//! Lowest first: what is wanted (`wish`), what comes out (`boot_file`), and the rules (`name`, `select`); where they are read from
//! (`source`, `folder`, `survey`, `windows`), what is there already (`target`), whether there is room (`room`); and `collect`.

mod boot_file;
mod collect;
mod error;
mod folder;
mod manager;
mod name;
mod room;
#[cfg(test)]
mod sample;
mod select;
mod signer;
mod source;
mod survey;
mod target;
#[cfg(test)]
mod tests;
mod tree;
mod windows;
mod wish;
mod words;

pub(crate) use boot_file::BootFile;
pub(crate) use boot_file::Collected;
pub(crate) use boot_file::LeftOut;
pub use boot_file::Origin;
pub(crate) use boot_file::Role;
pub(crate) use boot_file::WhyKept;
pub(crate) use boot_file::WhyLeftOut;
pub(crate) use collect::collect;
pub use error::Limit;
pub use error::NoFiles;
pub use error::SourceError;
pub(crate) use signer::Certificates;
pub(crate) use tree::Group;
pub(crate) use tree::tree;
pub(crate) use windows::machine;
pub(crate) use wish::Extent;
pub(crate) use wish::Overwrite;
pub(crate) use wish::Wish;
