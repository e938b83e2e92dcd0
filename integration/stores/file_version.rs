//! What version a program file has: the library's answer, beside what binutils see of the same file.

use std::fs;

use bcdrescue::layout::file_version;

use crate::program_file::program;
use crate::support::judges::by_objdump;

#[test]
fn binutils_see_the_version_that_the_library_reads() {
    let home = tempfile::tempdir().unwrap();
    for (wide, version) in
        [(false, [6, 1, 7601, 17514]), (true, [10, 0, 20348, 1]), (true, [65535, 0x1234, 0x5678, 0x9abc])]
    {
        let path = home.path().join("winload");
        fs::write(&path, program(version, wide)).unwrap();
        let bytes = fs::read(&path).unwrap();
        let read = |at: u64, len: usize| Some(bytes.get(at as usize..)?.get(..len)?.to_vec());
        let ours = file_version::read(bytes.len() as u64, &read).unwrap();
        assert_eq!([ours.major, ours.minor, ours.build, ours.revision], version);
        assert_eq!(by_objdump(&path), version);
    }
}
