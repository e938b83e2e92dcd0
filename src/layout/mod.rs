//! What is where on one disk: partitions, volumes, stores, Windows installations. Facts, no opinion.
//!
//! [`discover`] walks the disk once, with few small reads, and answers every question that the diagnosis will ask
//! ("is `\Windows\system32\winload.exe` on partition 2?"), so that everything above is pure.

pub(crate) mod arc_path;
pub mod ask;
mod beneath;
pub mod boot_file;
pub mod boot_files;
#[doc(hidden)]
pub mod boot_ini;
pub mod boot_ini_line;
pub(crate) mod content;
#[doc(hidden)]
pub mod current_version;
mod disk;
pub mod drivers;
pub(crate) mod esp;
pub(crate) mod evidence;
pub mod extent;
#[doc(hidden)]
pub mod file_version;
pub mod index;
pub mod known;
#[doc(hidden)]
pub mod letters;
pub mod locale;
mod look_into;
pub mod machine;
mod missing;
pub mod mounted_devices;
pub mod obstacle;
mod opened_volume;
mod processor;
pub(crate) mod product;
mod raid_member;
#[doc(hidden)]
pub mod reagent;
pub mod reagent_field;
pub(crate) mod spanned;
pub mod store;
mod store_budget;
mod store_logs;
pub mod system;
pub(crate) mod system_file;
pub mod text_file;
mod uefi_ntfs;
pub mod unread;
pub mod unseen;
pub mod version;
mod volume_facts;
mod walk;
pub mod windows;
pub(crate) mod winre;

pub use crate::bcd::Firmware;
pub use content::Encryptor;
pub use disk::Layout;
pub use missing::Missing;
pub use raid_member::RaidMember;
pub use volume_facts::VolumeFacts;
pub use volume_facts::VolumeRole;
pub use walk::discover;
pub use walk::discover_companion;
