//! What commands do besides deciding and showing: targets, disks, threads, records, confinement.

pub mod carry_out;
pub mod clock;
pub mod confine;
pub mod earlier;
pub mod efivars;
pub mod examine;
pub mod known_disks;
pub mod parallel;
pub mod pick;
pub mod record_store;
pub mod signals;
pub mod stamp;
pub mod store_file;
pub mod targets;
