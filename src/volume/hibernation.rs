//! The header of `\hiberfil.sys`: whether a Windows sleeps, with its caches of all volumes.
//!
//! Source: ntfs-3g, which refuses to mount when the file begins with "hibr" or is shorter than a header.

/// Bytes of the header that are looked at.
pub(crate) const HEADER_SIZE: u64 = 4096;

/// What a hibernation file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hibernation {
    /// There is no file, or its header is zeroed: nothing sleeps.
    None,
    /// "hibr" or "HIBR": a session, or the kernel of a fast startup, sleeps on this disk.
    Hibernated {
        /// The four letters.
        signature: String,
    },
    /// "wake" or "RSTR": the session was resumed, or a resume was begun; the image is spent.
    Resumed {
        /// The four letters.
        signature: String,
    },
    /// Shorter than its header: counts as hibernated, as for ntfs-3g.
    TooShort {
        /// Length of the file in bytes.
        len: u64,
    },
    /// A signature that is not known; nothing is concluded from it.
    Unknown {
        /// The first four bytes, in hex.
        signature: String,
    },
}

impl Hibernation {
    /// Whether writing to the disk would pull the ground from under a sleeping Windows.
    #[must_use]
    pub fn is_hibernated(&self) -> bool {
        matches!(self, Self::Hibernated { .. } | Self::TooShort { .. })
    }

    /// From the first [`HEADER_SIZE`] bytes of the file.
    pub(crate) fn from_header(head: &[u8]) -> Self {
        let len = u64::try_from(head.len()).unwrap_or(u64::MAX);
        let first = head.get(..4).unwrap_or(head);
        let signature = || String::from_utf8_lossy(first).into_owned();
        match first {
            b"hibr" | b"HIBR" => Self::Hibernated { signature: signature() },
            _ if len < HEADER_SIZE => Self::TooShort { len },
            b"wake" | b"WAKE" | b"rstr" | b"RSTR" => Self::Resumed { signature: signature() },
            _ if head.iter().all(|byte| *byte == 0) => Self::None,
            _ => Self::Unknown { signature: crate::bytes::hex(first) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_live_image_and_a_stump_count_as_hibernated() {
        let header = |text: &[u8]| {
            let mut head = vec![0; 4096];
            head[..text.len()].copy_from_slice(text);
            Hibernation::from_header(&head)
        };
        assert!(header(b"hibr").is_hibernated() && header(b"HIBR").is_hibernated());
        assert_eq!(header(b""), Hibernation::None);
        assert_eq!(header(b"wake"), Hibernation::Resumed { signature: "wake".into() });
        assert_eq!(header(b"RSTR"), Hibernation::Resumed { signature: "RSTR".into() });
        assert_eq!(header(b"\x01"), Hibernation::Unknown { signature: "01000000".into() });
        assert_eq!(Hibernation::from_header(b"wake"), Hibernation::TooShort { len: 4 });
        assert!(Hibernation::from_header(b"").is_hibernated());
    }
}
