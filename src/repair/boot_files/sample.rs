//! For tests: programs that stand in for those of Windows.

use crate::layout::file_version;

/// A program for x64 with this version.
pub(crate) fn program(version: [u16; 4]) -> Vec<u8> {
    file_version::sample::program(version, true)
}

/// The same for a processor of this number.
pub(crate) fn program_for(machine: u16, version: [u16; 4]) -> Vec<u8> {
    let mut program = program(version);
    program[0x84..0x86].copy_from_slice(&machine.to_le_bytes());
    program
}

/// A program with the place of its resources taken away, as loaders of other systems have none.
pub(crate) fn foreign() -> Vec<u8> {
    let mut program = program([1, 0, 0, 0]);
    // The third data directory of a PE32+: header at 0x80, 24 bytes of COFF, 112 of addresses.
    program[0x80 + 24 + 112 + 16..][..8].fill(0);
    program
}

/// A program with a table of certificates in which an issuer has this common name.
pub(crate) fn signed(program: &[u8], issuer: &str) -> Vec<u8> {
    let name = [&[0x06, 0x03, 0x55, 0x04, 0x03, 0x13, issuer.len() as u8][..], issuer.as_bytes()].concat();
    let mut signed = program.to_vec();
    let place = [signed.len() as u32, name.len() as u32].map(u32::to_le_bytes).concat();
    signed[0x80 + 24 + 112 + 32..][..8].copy_from_slice(&place);
    signed.extend(name);
    signed
}
