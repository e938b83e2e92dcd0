//! Random machines, of which it is known what each element meant, and an oracle that shares no decision with the program: whatever
//! `fix` is asked to do, no element may come to name something that it did not mean.
//!
//! A [`machine`] has volumes that keep their number for good, on disks whose identities and places change. Its store is written when all
//! is well ([`setup`], [`entries`]); then things [`happen`]; then one command is [`run`], and the [`judge`] compares what stands in
//! the store's bytes with what each element meant. What nobody can tell is not made, see [`readings`].
//!
//! `BCDRESCUE_SEEDS=7..8` runs one seed, `BCDRESCUE_SEEDS=20000` the first so many; `make matching SEEDS=20000` does that in release.

mod boot;
mod build;
mod by_hivex;
mod cases;
mod disk;
mod entries;
mod fat;
mod fault;
mod found;
mod happen;
mod judge;
mod letters;
mod machine;
mod mass;
mod operation;
mod other_bytes;
mod outcome;
mod readings;
mod run;
mod scene;
mod setup;
mod store;
mod story;
mod table;
mod volume;
mod volume_id;
