//! What of a Windows disk is made anew, from the Windows that is on it.

pub mod code;
