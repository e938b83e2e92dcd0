//! `fix --rebuild`: what is lost is made again from the Windows on the same disk.

mod promise;
mod refused;
mod scenarios;
mod store;
