//! Under which certificates of Microsoft's a program for UEFI is signed.
//!
//! Source: Microsoft, "Windows Authenticode Portable Executable Signature Format"; RFC 5280, 4.1.2.4 (the name of an issuer: an
//! attribute with the OID 2.5.4.3 and a text). Measured: boot managers are signed under one of two names.

use crate::bytes::slice;
use crate::layout::boot_file;

/// Under which certificates a boot manager is signed: firmware with Secure Boot may know the one and not the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Certificates {
    /// "Microsoft Windows Production PCA 2011".
    Pca2011,
    /// "Windows UEFI CA 2023".
    Ca2023,
    /// Under others, or not at all.
    Unknown,
}

/// DER of the OID 2.5.4.3, "common name".
const COMMON_NAME: [u8; 5] = [0x06, 0x03, 0x55, 0x04, 0x03];
/// DER tags of the texts that names are.
const TEXTS: [u8; 2] = [0x13, 0x0c];

/// Under which certificates a program is signed.
pub(super) fn certificates(program: &[u8]) -> Certificates {
    let place = boot_file::certificates(program)
        .and_then(|(at, len)| Some((usize::try_from(at).ok()?, usize::try_from(len).ok()?)));
    let Some(signature) = place.and_then(|(at, len)| slice(program, at, len)) else {
        return Certificates::Unknown;
    };
    match () {
        () if has_common_name(signature, "Windows UEFI CA 2023") => Certificates::Ca2023,
        () if has_common_name(signature, "Microsoft Windows Production PCA 2011") => Certificates::Pca2011,
        () => Certificates::Unknown,
    }
}

/// Whether a name is anywhere in a signature; only issuers have these.
fn has_common_name(signature: &[u8], name: &str) -> bool {
    let Ok(len) = u8::try_from(name.len()) else { return false };
    let wanted = |tag: u8| [&COMMON_NAME[..], &[tag, len], name.as_bytes()].concat();
    TEXTS.into_iter().map(wanted).any(|wanted| signature.windows(wanted.len()).any(|part| part == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repair::boot_files::sample;

    #[test]
    fn the_name_of_the_issuer_tells() {
        let plain = sample::program([10, 0, 26100, 1]);
        assert_eq!(certificates(&plain), Certificates::Unknown);
        for (name, expected) in [
            ("Windows UEFI CA 2023", Certificates::Ca2023),
            ("Microsoft Windows Production PCA 2011", Certificates::Pca2011),
            ("Canonical Ltd. Master Certificate Authority", Certificates::Unknown),
        ] {
            let signed = sample::signed(&plain, name);
            assert_eq!(certificates(&signed), expected, "{name}");
            // The same text elsewhere says nothing.
            let elsewhere = [&plain[..], name.as_bytes()].concat();
            assert_eq!(certificates(&elsewhere), Certificates::Unknown);
            for at in 0..signed.len() {
                let _ = certificates(&signed[..at]);
            }
        }
    }
}
