//! For tests: logs as Windows writes them, and hives as a power cut leaves them, by code that shares nothing with the
//! reader.

/// A hive with these numbers and a checksum that fits.
pub(crate) fn numbered(hive: &[u8], primary: u32, secondary: u32) -> Vec<u8> {
    let mut hive = hive.to_vec();
    hive[4..8].copy_from_slice(&primary.to_le_bytes());
    hive[8..12].copy_from_slice(&secondary.to_le_bytes());
    sealed(hive)
}

/// Bytes that begin with a base block, with a checksum that fits.
pub(crate) fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = bytes[..0x1fc].chunks(4).fold([0; 4], |mut sum: [u8; 4], word| {
        sum.iter_mut().zip(word).for_each(|(sum, byte)| *sum ^= byte);
        sum
    });
    bytes[0x1fc..0x200].copy_from_slice(&sum);
    bytes
}

/// An entry with this number: the pages of `hive` at these offsets from its first bin, of these lengths.
pub(crate) fn entry(number: u32, hive: &[u8], pages: &[(usize, usize)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (offset, len) in pages {
        body.extend((*offset as u32).to_le_bytes());
        body.extend((*len as u32).to_le_bytes());
    }
    for (offset, len) in pages {
        body.extend(&hive[0x1000 + offset..0x1000 + offset + len]);
    }
    let size = (0x28 + body.len()).next_multiple_of(512);
    body.resize(size - 0x28, 0xee);
    let mut head = b"HvLE".to_vec();
    let bins = u32::from_le_bytes(hive[0x28..0x2c].try_into().unwrap());
    for word in [size as u32, 0, number, bins, pages.len() as u32] {
        head.extend(word.to_le_bytes());
    }
    head.extend(hash(&body));
    head.extend(hash(&head));
    [head, body].concat()
}

/// A log of entries, the first of which has this number.
pub(crate) fn entry_log(number: u32, hive: &[u8], entries: &[Vec<u8>]) -> Vec<u8> {
    let mut log = hive[..512].to_vec();
    log[0x1c] = 6;
    let mut log = numbered(&log, number, number);
    entries.iter().for_each(|entry| log.extend(entry));
    log.resize(log.len().next_multiple_of(4096) + 4096, 0);
    log
}

/// A log of pages of 512 bytes: those of `hive` at these offsets from its first bin.
pub(crate) fn page_log(number: u32, hive: &[u8], pages: &[usize]) -> Vec<u8> {
    let mut log = hive[..512].to_vec();
    log[0x1c] = 1;
    let mut log = numbered(&log, number, number);
    log.extend(b"DIRT");
    let mut bitmap = vec![0u8; (hive.len() - 0x1000) / 4096];
    let mut pages = pages.to_vec();
    pages.sort_unstable();
    pages.iter().for_each(|at| bitmap[at / 4096] |= 1 << (at / 512 % 8));
    log.extend(bitmap);
    log.resize(log.len().next_multiple_of(512), 0xee);
    pages.iter().for_each(|at| log.extend(&hive[0x1000 + at..0x1200 + at]));
    log
}

/// Marvin32, for messages of whole words.
fn hash(message: &[u8]) -> Vec<u8> {
    let mut state = [0x7a4e_55c5u32, 0x82ef_4d88];
    let words = message.chunks(4).map(|word| u32::from_le_bytes(word.try_into().unwrap()));
    for word in words.chain([0x80, 0]) {
        let [a, b] = state;
        let a = a.wrapping_add(word);
        let b = b ^ a;
        let a = a.rotate_left(20).wrapping_add(b);
        let b = b.rotate_left(9) ^ a;
        let a = a.rotate_left(27).wrapping_add(b);
        state = [a, b.rotate_left(19)];
    }
    state.iter().flat_map(|word| word.to_le_bytes()).collect()
}
