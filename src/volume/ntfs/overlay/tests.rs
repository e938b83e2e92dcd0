//! Chunks that another program packed: wimlib 1.13.5, `wimlib_compress` with chunks of 4 KiB (XPRESS) and 32 KiB (LZX).

use crate::bytes;
use crate::storage::ram::Ram;
use crate::volume::file::Decode;
use crate::volume::ntfs::data_runs::Run;
use crate::volume::ntfs::file_record::Body;
use crate::volume::ntfs::file_record::NonResident;
use crate::volume::ntfs::overlay::Overlay;
use crate::volume::ntfs::overlay::Packing;
use crate::volume::ntfs::overlay::error::PackedError;
use crate::volume::ntfs::overlay::lzx;
use crate::volume::ntfs::overlay::xpress;
use crate::volume::ntfs::stream::Stream;

/// What [`plain()`] is in XPRESS.
const XPRESS: &str = "\
    6666666666666666666688888888888887888888888888885665656666999999000000000000000000000000000000000089\
    8900000000000099900009000000000000000000000000000000000000000000000000000000000000000000000000000000\
    0000000000000000000000000000000003000000000000000000000009000000000000900000000000000000000000000000\
    0000300000900700000000000000900700000000000070090000000000007007000000000000000500000000000000790000\
    0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
    00000000000080610cebf93180650de11f30b621c443c83887640c59f310b241681f4434090d854821b136112227c43648c4\
    84e05c8911108233273244740e45b28d7429116dc3538a741bde6d84293c6d2341f18f1bc88a7cdd465403f48d8c07f81c11\
    0e1038521c6171843742e3c86f84c911e1109623c02168465187d11c928ee339841d4674c83a90e9117320d547cc835c8ea0\
    47c91d398fb23b221ea577243dccf0087998e391ee30ca23da719c47c0e3498f79c75016212e05149a100406485b85bc1052\
    d445088ba1be186912543546890f5619043eab7b321ff53d918f7e0c9efe5fbfffb802b7b7d7dfedf1c89a91bfe219ccb392\
    b4f5fc6737ffb65a697e6971a332d5582ce8042bc50b5f920dacc36e4298d1c5e952a92fd9c6925a291d33b938943a0dbb5e\
    5897b1cce8d83f5ac3eb9825c3ca8c86fd8a8b178b0889f45f1c6c7f4228e762b7b6b2dc39459400fa0000";
/// What it is in LZX.
const LZX: &str = "\
    6c40d060826000000200562400707f3055775dddd55d2bd5eb5f2bcbac2cbdf77bdff7ee80ca8983e1c0366cf80f80208a82\
    102c4010624158b00d6bc582040416100828202058b1342c027e62c1028200500000450250504001f0fd5678b40e21b2c1c3\
    c1c387c3c2d1fead9cff00400000000043202033e5e3bf1fb47f807ec471e08e88c64ae2a2e9338b114d1a266871056a8db1\
    1f15c731d4e8f18fa6aa834b5d20b11a6b7ed329c9004618c750b5359209866b9669cd33647c36d148038dd8e4339a8ecaa7\
    cf356c982a9bdd946336f97c09c755f411278ef4ea336211fa7224e4ec932616b560da3eb7b4e03e68c3673f58dfc39f1ff0\
    f1d3f31f256b4f2e60c8989f36c593d2fd2051068cfaf6b34cad6ec38f3368dcb519a8c91a5de1c567b04d4ba1a25fb6851b\
    e97567bc038ee400b02cd1487f7959028bfce522b70ff5ede5dd15ee1df625e6c9f43ab23ab9a6dc76e6fa42f3b6d3eddda8\
    a1546e6ad68166e713c245d4b229d9d88e906784e79fc8407968b7506fef940824aa27146cdef6fc69cb137434e9d4feb983\
    844c5f4c588fbaf206da7536b6f537f0163372da25e95074799f00d9";

/// Calls, a run of zeros that is longer than a byte tells, and text.
fn plain() -> Vec<u8> {
    let mut plain: Vec<u8> = (0..60u8).flat_map(|n| [n, n / 3, 0xe8, n ^ 5, 0, 0, 0, b'x']).collect();
    plain.resize(plain.len() + 700, 0);
    plain.extend((0..40u32).flat_map(|n| format!("bcdrescue {}\n", n * n).into_bytes()));
    plain
}

fn packed(hex: &str) -> Vec<u8> {
    bytes::from_hex(&hex.replace(' ', "")).unwrap()
}

type Decompress = fn(&[u8], usize) -> Result<Vec<u8>, PackedError>;
const BOTH: [(&str, Decompress); 2] = [(XPRESS, xpress::decompress), (LZX, lzx::decompress)];

#[test]
fn chunks_of_another_program_are_read() {
    for (hex, decompress) in BOTH {
        assert!(decompress(&packed(hex), plain().len()).unwrap() == plain());
    }
}

#[test]
fn what_lies_is_an_error_and_never_more_than_asked_for() {
    for (hex, decompress) in BOTH {
        let (packed, len) = (packed(hex), plain().len());
        for at in 0..packed.len() {
            let _ = decompress(&packed[..at], len);
            for flip in [0x01, 0x10, 0x80, 0xff] {
                let mut packed = packed.clone();
                packed[at] ^= flip;
                assert!(decompress(&packed, len).is_ok_and(|plain| plain.len() == len) || flip > 0);
            }
        }
        assert_eq!(decompress(&packed[..len / 10], len), Err(PackedError::Cut));
    }
    assert_eq!(xpress::decompress(&[0; 300], 1), Err(PackedError::NoSymbol));
    assert_eq!(xpress::decompress(&[0x11; 300], 1), Err(PackedError::NoCode));
    assert_eq!(lzx::decompress(&[0; 300], 1), Err(PackedError::Block));
}

/// A file of three chunks, of which the second is kept as it is, in the clusters from `lcn` on.
fn in_chunks() -> (Vec<u8>, Vec<u8>) {
    let noise = crate::volume::test_tools::noise(0x1000);
    let mut first = plain();
    first.resize(0x1000, 0);
    let second_hex = packed(XPRESS);
    // The first chunk has the same symbols, and zeros behind them: it is stored too.
    let file = [&first[..], &noise, &plain()].concat();
    let starts = [0x1000u32, 0x2000].map(u32::to_le_bytes).concat();
    (file, [&starts[..], &first, &noise, &second_hex].concat())
}

#[test]
fn a_table_says_where_the_chunks_are() {
    let (file, stream) = in_chunks();
    let mut disk = vec![0; 0x800];
    disk.extend(&stream);
    disk.resize(0x8000, 0);
    let disk = Ram::new(disk, None);
    let size = stream.len() as u64;
    let runs = vec![Run { vcn: 0, clusters: 20, lcn: Some(4) }];
    let places =
        NonResident { first_vcn: 0, allocated: 20 * 512, size, initialised: size, compression_unit: 0, runs };
    let bodies = [Body::NonResident(places), Body::Resident(stream)];
    for body in bodies {
        let packed = Stream { flags: 0, body };
        let overlay = Overlay::new(r"\x", Packing::Xpress(0x1000), packed, 512, file.len() as u64);
        for (at, len) in
            [(0, file.len()), (0xfff, 2), (0x1ffe, 5), (0x2000, 1), (file.len() - 1, 1), (0x1000, 0)]
        {
            assert!(overlay.read_at(&disk, at as u64, len).unwrap() == file[at..at + len], "{at} {len}");
        }
    }
}

#[test]
fn a_table_that_lies_is_told_with_the_place() {
    let (file, stream) = in_chunks();
    let disk = Ram::new(Vec::new(), None);
    for (at, value) in [(0, 0xffff_ffffu32), (0, 0), (4, 0x3000), (4, 0x0fff), (0, 0x1001)] {
        let mut stream = stream.clone();
        stream[at..at + 4].copy_from_slice(&value.to_le_bytes());
        let packed = Stream { flags: 0, body: Body::Resident(stream) };
        let overlay = Overlay::new(r"\x", Packing::Xpress(0x1000), packed, 512, file.len() as u64);
        let error = overlay.read_at(&disk, 0, file.len()).unwrap_err().to_string();
        assert!(error.starts_with(r"\x:WofCompressedData at 0x"), "{error}");
    }
}

#[test]
fn reparse_points_tell_the_packing() {
    let point = |words: [u32; 4]| {
        [&[0x17, 0, 0, 0x80, 16, 0, 0, 0][..], &words.map(u32::to_le_bytes).concat()].concat()
    };
    for (algorithm, packing) in [
        (0, Some(Packing::Xpress(4096))),
        (1, Some(Packing::Lzx)),
        (2, Some(Packing::Xpress(8192))),
        (3, Some(Packing::Xpress(16384))),
        (4, None),
    ] {
        assert_eq!(Packing::of(&point([1, 2, 1, algorithm])), packing);
    }
    // In a WIM file; cut.
    assert_eq!(Packing::of(&point([1, 1, 1, 0])), None);
    assert_eq!(Packing::of(&point([1, 2, 1, 0])[..20]), None);
}
