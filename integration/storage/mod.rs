//! Images, servers, devices, and what fails below.

pub mod devices;
pub mod failing;
pub mod memory;
pub mod nbd_servers;
pub mod qcow2_cut;
pub mod round_trips;
pub mod served;
