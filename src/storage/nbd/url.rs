//! Where an NBD server is and which of its exports is meant.
//!
//! Source: the NBD project's `doc/uri.md`. `nbd://HOST[:PORT][/EXPORT]` and `nbd+unix:///[EXPORT]?socket=PATH`, with percent
//! encoding.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use crate::error::way_out::ServerCure;
use crate::error::way_out::Target;
use crate::storage::StorageError;

/// The port of NBD servers (IANA).
const PORT: u16 = 10809;
/// Bytes that the name of an export may have (NBD `doc/proto.md`, "String values").
const NAME_MAX: usize = 4096;

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// TCP: a host name or address, and a port.
    Tcp(String, u16),
    /// A Unix domain socket.
    Unix(PathBuf),
}

/// One export of one server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NbdUrl {
    /// Where the server is.
    pub address: Address,
    /// The name of the export; empty for the server's default.
    pub export: String,
}

/// Whether this target is a URL of NBD rather than a path; files of such a name are named as `./nbd:`.
#[must_use]
pub fn is_url(target: &Path) -> bool {
    target.to_str().is_some_and(|target| {
        let scheme = target.split_once("://").map(|(scheme, _)| scheme);
        scheme.is_some_and(|scheme| scheme.starts_with("nbd") && scheme.len() < 12)
    })
}

impl NbdUrl {
    /// The export that a target names.
    ///
    /// # Errors
    /// [`StorageError::Unsupported`] for a URL of another kind, or one that says too little.
    pub fn parse(target: &Path) -> Result<Self, StorageError> {
        let text = target.to_str().unwrap_or_default();
        let wrong = |what: &str| {
            let shown = text.escape_debug();
            StorageError::unsupported(format!("{shown}: {what}"), Target::Url)
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(|| wrong("not a valid URL"))?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = place.split_once('/').unwrap_or((place, ""));
        let export = String::from_utf8(percent_decode_str(path).collect())
            .map_err(|_| wrong("the export name is not UTF-8"))?;
        if export.len() > NAME_MAX {
            return Err(wrong("the export name is too long"));
        }
        let address = match scheme {
            "nbd" if !query.is_empty() => {
                return Err(wrong("it has unknown options"));
            }
            "nbd" => tcp(authority).ok_or_else(|| wrong("the host or port is missing or invalid"))?,
            "nbd+unix" if !authority.is_empty() => {
                return Err(wrong("nbd+unix takes no host: a third slash belongs before the export name"));
            }
            "nbd+unix" => unix(query).ok_or_else(|| wrong("socket=PATH must be its only option"))?,
            "nbds" | "nbds+unix" => {
                let what = format!("{}: TLS is not supported", text.escape_debug());
                return Err(StorageError::unsupported(what, ServerCure::Tunnel));
            }
            _ => return Err(wrong("unknown scheme")),
        };
        Ok(Self { address, export })
    }
}

fn tcp(authority: &str) -> Option<Address> {
    // A user name before the host is part of the grammar and means nothing without TLS.
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (name, port) = match host.strip_prefix('[') {
        Some(six) => {
            let (name, after) = six.split_once(']')?;
            (name, after.strip_prefix(':').or(after.is_empty().then_some(""))?)
        }
        None => host.split_once(':').unwrap_or((host, "")),
    };
    let port = if port.is_empty() { PORT } else { port.parse().ok()? };
    let name = String::from_utf8(percent_decode_str(name).collect()).ok()?;
    (!name.is_empty()).then_some(Address::Tcp(name, port))
}

fn unix(query: &str) -> Option<Address> {
    let path: Vec<u8> = percent_decode_str(query.strip_prefix("socket=")?).collect();
    let is_one = !path.is_empty() && !query.contains('&');
    is_one.then(|| Address::Unix(OsString::from_vec(path).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_as_the_standard_has_them() {
        let tcp = |host: &str, port| Address::Tcp(host.into(), port);
        for (text, address, export) in [
            ("nbd://example.com", tcp("example.com", 10809), ""),
            ("nbd://example.com/", tcp("example.com", 10809), ""),
            ("nbd://127.0.0.1:4711/disk", tcp("127.0.0.1", 4711), "disk"),
            ("nbd://[::1]:7/a%20b/c", tcp("::1", 7), "a b/c"),
            ("nbd://[fe80::1]", tcp("fe80::1", 10809), ""),
            ("nbd://me@host//x", tcp("host", 10809), "/x"),
            ("nbd+unix:///?socket=/run/s", Address::Unix("/run/s".into()), ""),
            ("nbd+unix:///sda?socket=a%26b", Address::Unix("a&b".into()), "sda"),
        ] {
            assert!(is_url(Path::new(text)));
            let url = NbdUrl::parse(Path::new(text)).unwrap();
            assert_eq!(url, NbdUrl { address, export: export.into() }, "{text}");
        }
    }

    #[test]
    fn what_says_too_little_or_too_much_is_refused() {
        for text in [
            "nbd://",
            "nbd:///disk",
            "nbd://:1/x",
            "nbd://host:port",
            "nbd://host:99999",
            "nbd://[::1/x",
            "nbd://[::1]x",
            "nbd://host/%ff",
            "nbd://host/x?tls=yes",
            "nbd+unix:///x",
            "nbd+unix:///x?socket=",
            "nbd+unix:///x?socket=a&b=c",
            "nbd+unix://host/x?socket=a",
            "nbd+vsock://1/x",
        ] {
            assert!(is_url(Path::new(text)));
            let (error, way_out) = NbdUrl::parse(Path::new(text)).unwrap_err().told();
            assert!(error.starts_with(&format!("{text}: ")), "{error}");
            assert_eq!(way_out, Some(Target::Url.into()), "{error}");
        }
        let (error, way_out) = NbdUrl::parse(Path::new("nbds://host/x")).unwrap_err().told();
        assert!(error.ends_with("TLS is not supported"), "{error}");
        assert_eq!(way_out, Some(ServerCure::Tunnel.into()));
        for path in ["./nbd://x", "disk", "/dev/nbd0", "nbd:", "http://x"] {
            assert!(!is_url(Path::new(path)), "{path}");
        }
    }
}
