//! What the program may do, as the kernel sees it.

pub mod confinement;
