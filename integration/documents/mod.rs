//! What the documents say is so: what they name is there, their commands run, their screens are the program's, their tables
//! are complete, and their links lead somewhere.
//!
//! `BLESS=1 cargo test --test integration -- documents::` writes screens and the table of switches anew.

mod claims;
mod commands;
mod grammar;
mod links;
mod markdown;
mod sandbox;
mod screens;
mod switches;
mod tables;
