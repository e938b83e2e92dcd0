//! For tests and test disks: program files of our own, with nothing in them but a version.

/// Addresses and places of the sections.
const TEXT: (u32, u32) = (0x1000, 0x400);
const RESOURCES: (u32, u32) = (0x2000, 0x600);
const SECTION_LEN: u32 = 0x200;
const DIRECTORY: u32 = 0x8000_0000;

/// Words of 16 and 32 bits, one after the other.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn u16s(&mut self, words: &[u16]) -> &mut Self {
        words.iter().for_each(|word| self.0.extend_from_slice(&word.to_le_bytes()));
        self
    }

    fn u32s(&mut self, words: &[u32]) -> &mut Self {
        words.iter().for_each(|word| self.0.extend_from_slice(&word.to_le_bytes()));
        self
    }

    fn zeros_to(&mut self, len: u32) -> &mut Self {
        self.0.resize(usize::try_from(len).unwrap(), 0);
        self
    }

    /// A resource directory with named and numbered entries.
    fn directory(&mut self, named: &[(u32, u32)], numbered: &[(u32, u32)]) -> &mut Self {
        self.u32s(&[0, 0, 0]).u16s(&[named.len().try_into().unwrap(), numbered.len().try_into().unwrap()]);
        named.iter().chain(numbered).for_each(|(name, offset)| {
            self.u32s(&[*name, *offset]);
        });
        self
    }
}

/// A program of 2 KiB with this version: for AMD64 (PE32+), or else for i386 (PE32).
pub(crate) fn program(version: [u16; 4], wide: bool) -> Vec<u8> {
    let mut file = Bytes::default();
    file.raw(b"MZ").zeros_to(0x3c).u32s(&[0x80]).zeros_to(0x80).raw(b"PE\0\0");
    let (machine, optional_len, characteristics) =
        if wide { (0x8664, 240, 0x22) } else { (0x14c, 224, 0x102) };
    file.u16s(&[machine, 2]).u32s(&[0, 0, 0]).u16s(&[optional_len, characteristics]);
    // Magic, linker; sizes of code and data; entry point, bases; alignments.
    file.u16s(&[if wide { 0x20b } else { 0x10b }, 14]).u32s(&[SECTION_LEN, SECTION_LEN, 0, TEXT.0, TEXT.0]);
    file.u32s(if wide { &[0x40_0000, 0] } else { &[RESOURCES.0, 0x40_0000] }).u32s(&[0x1000, 0x200]);
    // Versions; size of the image, of its headers; subsystem 16, a Windows boot application.
    file.u16s(&[10, 0, 10, 0, 10, 0, 0, 0]).u32s(&[0x3000, 0x400, 0]).u16s(&[16, 0]);
    // Sizes of stack and heap, flags; the data directories, of which the third is of the resources.
    file.raw(&vec![0; if wide { 36 } else { 20 }]).u32s(&[16]);
    file.u32s(&[0, 0, 0, 0, RESOURCES.0, 0x11c]).raw(&[0; 13 * 8]);
    let sections: [(&[u8; 8], (u32, u32), u32); 2] =
        [(b".text\0\0\0", TEXT, 0x6000_0020), (b".rsrc\0\0\0", RESOURCES, 0x4000_0040)];
    for (name, (address, place), flags) in sections {
        file.raw(name).u32s(&[SECTION_LEN, address, SECTION_LEN, place, 0, 0, 0, flags]);
    }
    file.zeros_to(RESOURCES.1).raw(&resources(version)).zeros_to(RESOURCES.1 + SECTION_LEN);
    file.0
}

/// As `bootmgr` and `ntldr` are: code for 16 bits, which says by the BIOS what it is and halts, and a program behind it.
pub(crate) fn real_mode(version: [u16; 4]) -> Vec<u8> {
    let mut file = Bytes::default();
    #[rustfmt::skip]
    file.raw(&[
        0xe9, 0x0d, 0x00, // jmp start
    ]).zeros_to(0x10).raw(&[
        0x0e, // start: push cs
        0x1f, // pop ds
        0xbe, 0x26, 0x00, // mov si, text
        0xac, // next: lodsb
        0x84, 0xc0, // test al, al
        0x74, 0x09, // jz halt
        0xb4, 0x0e, // mov ah, 0eh (teletype)
        0xbb, 0x07, 0x00, // mov bx, 7
        0xcd, 0x10, // int 10h
        0xeb, 0xf2, // jmp next
        0xf4, // halt: hlt
        0xeb, 0xfd, // jmp halt
    ]);
    file.raw(b"a bcdrescue test disk: this is no file of Windows\r\n\0").zeros_to(0x200);
    file.raw(&program(version, false));
    file.0
}

/// Two types, a named one and the version, each with one name and one language.
fn resources(version: [u16; 4]) -> Vec<u8> {
    let mut bytes = Bytes::default();
    bytes.directory(&[(DIRECTORY | 0xa0, DIRECTORY | 0x20)], &[(16, DIRECTORY | 0x50)]);
    bytes.directory(&[], &[(1, DIRECTORY | 0x38)]).directory(&[], &[(0x409, 0x80)]);
    bytes.directory(&[], &[(1, DIRECTORY | 0x68)]).directory(&[], &[(0x409, 0x90)]);
    bytes.u32s(&[RESOURCES.0 + 0xb0, 16, 0, 0]).u32s(&[RESOURCES.0 + 0xc0, 92, 0, 0]);
    bytes.u16s(&[3, u16::from(b'M'), u16::from(b'U'), u16::from(b'I')]).zeros_to(0xc0);
    bytes.u16s(&[92, 52, 0]);
    bytes.u16s(&"VS_VERSION_INFO".encode_utf16().collect::<Vec<u16>>()).zeros_to(0xe8);
    let [major, minor, build, revision] = version;
    bytes.u32s(&[0xfeef_04bd, 0x1_0000]).u16s(&[minor, major, revision, build]);
    // The product's version; flags and their mask; Windows NT, a program.
    bytes.u16s(&[minor, major, revision, build]).u32s(&[0x3f, 0, 0x4_0004, 1, 0, 0, 0]);
    bytes.0
}
