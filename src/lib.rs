//! Repairs the boot configuration of a Windows disk from Linux.
//!
//! A Windows disk whose MBR signature or GPT GUIDs have changed stops at boot, because its BCD store still names the
//! old identity. This crate reads the identity that the disk has, finds the store, works out which partition every
//! device element should name, and patches just those bytes, verified and undoable.
//!
//! ```text
//!                      cli                      words in, words out
//!                       |
//!                     repair                    plan, apply, undo       <- only here are disks written
//!                       |
//!                   diagnosis                   findings and remedies   (pure)
//!                       |
//!                     layout                    what is where on this disk (facts, no opinion)
//!                    /      \
//!              volume        bcd                files with extents  |  objects, elements, devices
//!            partition       hive               MBR and GPT         |  regf cells, logs
//!             storage          |                bytes at offsets    |  (pure: bytes in, bytes out)
//!                    \      /
//!              bytes, guid, error
//! ```
//!
//! A module uses only what stands below it. The disk wing knows nothing of registries, the registry wing never sees
//! a disk; they meet in [`layout`].
//!
//! # Library
//!
//! Every command of the program is a place to stop on one pipe, and so is every use of the crate: [`storage::open::open`],
//! [`layout::discover`], [`diagnosis::diagnose`], [`repair::transaction`].
//!
//! Meant for users, and changed only with the minor version while the first number is 0: [`storage`] itself with
//! [`storage::open`], [`storage::cache`] and [`storage::ram`]; [`layout`] with [`layout::store`], [`layout::system`] and
//! [`layout::windows`]; [`diagnosis`] itself; [`bcd`] with what it re-exports, [`bcd::names`],
//! [`bcd::create`], [`bcd::words`], [`bcd::change`], [`bcd::compare`] and [`bcd::compact`]; [`guid`] and
//! [`error`]; and of [`repair`] the modules [`case`](repair::case), [`cure`](repair::cure), [`plan`](repair::plan), [`refusal`](repair::refusal),
//! [`record`](repair::record), [`store_edit`](repair::store_edit), [`transaction`](repair::transaction) and [`undo`](repair::undo). Of [`partition`], [`volume`] and [`hive`]
//! what those hand out. Everything else ([`cli`], [`bytes`], the insides of qcow2, NBD, NTFS, FAT and hives) is public for the
//! program, its tests and its fuzz targets, and changes as they need it. Names of findings ([`diagnosis::Finding::code`]) are
//! those of the JSON and stay.
//!
//! The feature `cli`, which is on by default, is the program: a library user leaves it and its crates out with
//! `default-features = false`.
//!
//! Nothing here needs root for an image, and nothing but [`repair::apply::apply`] writes to a disk.
//!
//! ## Check a disk
//!
//! ```
//! use std::path::Path;
//!
//! use bcdrescue::diagnosis::{Context, Verdict, diagnose};
//! use bcdrescue::layout::discover;
//! use bcdrescue::storage::cache::Cached;
//! use bcdrescue::storage::open::{OpenOptions, open};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let image = Path::new(env!("CARGO_MANIFEST_DIR")).join("images/win10-bios.qcow2");
//! // A device or an image, read-only. The cache is for parsers, which read a few bytes at a time.
//! let disk = Cached::new(open(&image, &OpenOptions::default())?.storage);
//! let layout = discover(&disk)?;
//! let diagnosis = diagnose(&layout, &Context::default());
//!
//! assert_eq!(diagnosis.verdict, Verdict::Broken);
//! let stop = diagnosis.stop().expect("a broken disk has a finding that stops it");
//! assert_eq!((stop.code.as_str(), stop.predicted_status), ("signature-changed", Some("0xc000000e")));
//! assert!(diagnosis.is_curable());
//! # Ok(())
//! # }
//! ```
//!
//! ## Read a store
//!
//! [`bcd::Store::parse`] reads the bytes of a store file from anywhere; a layout has read those of its disk already.
//!
//! ```
//! use bcdrescue::bcd::{Device, ElementId, QualifiedPartition};
//! # use bcdrescue::layout::discover;
//! # use bcdrescue::storage::cache::Cached;
//! # use bcdrescue::storage::open::{OpenOptions, open};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let image = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("images/win10-bios.qcow2");
//! # let disk = Cached::new(open(&image, &OpenOptions::default())?.storage);
//! # let layout = discover(&disk)?;
//! let file = layout.stores.iter().find(|file| file.live).expect("the store that firmware comes to");
//! let store = file.store.as_ref().map_err(Clone::clone)?;
//! let entry = store.default_entry().expect("the entry that starts by itself");
//! assert_eq!(entry.string(ElementId::DESCRIPTION), Some("Windows 10"));
//!
//! let device = entry.device(ElementId::DEVICE).expect("where its loader is");
//! let Device::Partition(QualifiedPartition::Mbr { signature, offset }) = device.device else {
//!     panic!("an MBR disk's partition")
//! };
//! assert_eq!((signature, offset), (0xc3a1_f00d, 581 << 20));
//! # Ok(())
//! # }
//! ```
//!
//! ## Repair a disk, and bring it back
//!
//! A repair is one [transaction](repair::transaction), each step of which can only follow the one before it.
//!
//! ```
//! use bcdrescue::diagnosis::{Context, Verdict, diagnose};
//! use bcdrescue::layout::discover;
//! use bcdrescue::repair::case::Case;
//! use bcdrescue::repair::cure::Cure;
//! use bcdrescue::repair::record::Record;
//! use bcdrescue::repair::refusal::Allowed;
//! use bcdrescue::repair::transaction::Planned;
//! use bcdrescue::repair::undo::Undo;
//! use bcdrescue::storage::cache::Cached;
//! use bcdrescue::storage::open::{OpenOptions, open, open_mut};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let image = folder.path().canonicalize()?.join("win10-bios.qcow2");
//! # std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/images/win10-bios.qcow2"), &image)?;
//! # let file = folder.path().join("win10-bios.undo.json");
//! let (options, context, allowed) = (OpenOptions::default(), Context::default(), Allowed::default());
//! let storage = Cached::new(open(&image, &options)?.storage);
//! let layout = discover(&storage)?;
//! let diagnosis = diagnose(&layout, &context);
//! let case = Case { storage: &storage, layout: &layout, context: &context, allowed };
//! // Refused for a hibernated Windows, a dirty volume, BitLocker that would ask for its key; then tried in memory.
//! let repair = Planned::new(case, &diagnosis, Cure::Repoint)?.rehearse()?;
//! assert_eq!(repair.after().verdict, Verdict::Healthy);
//! // Locked and looked at once more; recorded; written and read back.
//! let locked = repair.lock(open_mut(&image, &options)?, &context)?;
//! let applied = locked.record(image.clone(), "2026-01-02T03:04:05Z".to_owned(), [file.clone()])?.apply()?;
//! // Opened and examined anew: only then it is a repair, and its record is marked.
//! let storage = Cached::new(open(&image, &options)?.storage);
//! let layout = discover(&storage)?;
//! applied.verify(&layout, &diagnose(&layout, &context))?;
//!
//! // And back, by the record alone.
//! let undo = Undo::new(&Record::load(&file)?, file, &storage, &layout, false)?;
//! drop(storage);
//! let applied = undo.lock(open_mut(&image, &options)?)?.apply()?;
//! let layout = discover(&Cached::new(open(&image, &options)?.storage))?;
//! let diagnosis = diagnose(&layout, &context);
//! applied.verify(&layout, &diagnosis)?;
//! assert_eq!(diagnosis.verdict, Verdict::Broken);
//! # Ok(())
//! # }
//! ```

#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::as_conversions, clippy::disallowed_methods))]

pub mod bcd;
pub mod bytes;
#[cfg(feature = "cli")]
pub mod cli;
pub mod diagnosis;
pub mod error;
pub mod guid;
pub mod hive;
pub mod layout;
pub mod partition;
pub mod repair;
pub mod storage;
pub mod volume;
