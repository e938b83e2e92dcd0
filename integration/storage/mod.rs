//! Images, servers, devices, and what fails below.

pub mod devices;
pub mod failing;
pub mod memory;
pub mod qcow2_cut;
pub mod served;
