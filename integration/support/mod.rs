//! What the cases stand on: the program, disks to try it on, and judges that share no code with it.

pub mod assembled;
pub mod attached;
pub mod chance;
pub mod corpus;
pub mod dirty;
pub mod disk;
pub mod faults;
pub mod findings;
pub mod firmware_stores;
pub mod given_store;
pub mod judges;
pub mod letters;
pub mod made_disks;
pub mod make_image;
pub mod menu_lists;
pub mod nbd_server;
pub mod oracle;
pub mod parts;
pub mod places;
pub mod power_cut;
pub mod program;
pub mod repair;
pub mod sparse;
pub mod stand_in;
pub mod store;
pub mod store_by_hivex;
