//! What people call a Windows: by the version of its files, or by what its registry says.
//!
//! Sources: Microsoft, "Operating System Version" (versions), "Windows 10 release information", "Windows 11 release
//! information" and "Windows Server release information" (builds); KB 4517245, KB 5015684 and KB 5027397 (enablement
//! packages: 18363, 19042 to 19045 and 22631 run the files of the build before them, which keep their version; the new
//! number is in the registry only).

use crate::layout::file_version::FileVersion;

/// A system for a desk, or one for a rack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Windows 2000 Professional, XP, Vista, 7 and so on.
    Client,
    /// Windows Server.
    Server,
}

impl Kind {
    /// From `InstallationType` in the SOFTWARE hive ("Client", "Server", "Server Core", "Nano Server"), or from
    /// `ProductType` in the SYSTEM hive's `Control\ProductOptions` ("WinNT", "ServerNT", "LanmanNT").
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        match text.as_str() {
            "client" | "winnt" => Some(Self::Client),
            "lanmannt" => Some(Self::Server),
            _ => text.contains("server").then_some(Self::Server),
        }
    }
}

/// A build, with the names of the client and of the server that it is; empty when there is none.
type Build = (u16, u16, u16, &'static str, &'static str);

#[rustfmt::skip]
const BUILDS: &[Build] = &[
    (4, 0, 1381, "Windows NT 4.0", "Windows NT 4.0"),
    (5, 0, 2195, "Windows 2000", "Windows 2000"),
    (5, 1, 2600, "Windows XP", ""),
    (5, 2, 3790, "Windows XP x64", "Windows Server 2003"),
    (6, 0, 6000, "Windows Vista", ""),
    (6, 0, 6001, "Windows Vista SP1", "Windows Server 2008"),
    (6, 0, 6002, "Windows Vista SP2", "Windows Server 2008 SP2"),
    (6, 0, 6003, "Windows Vista SP2", "Windows Server 2008 SP2"),
    (6, 1, 7600, "Windows 7", "Windows Server 2008 R2"),
    (6, 1, 7601, "Windows 7 SP1", "Windows Server 2008 R2 SP1"),
    (6, 2, 9200, "Windows 8", "Windows Server 2012"),
    (6, 3, 9600, "Windows 8.1", "Windows Server 2012 R2"),
    (10, 0, 10240, "Windows 10 1507", ""),
    (10, 0, 10586, "Windows 10 1511", ""),
    (10, 0, 14393, "Windows 10 1607", "Windows Server 2016"),
    (10, 0, 15063, "Windows 10 1703", ""),
    (10, 0, 16299, "Windows 10 1709", "Windows Server 1709"),
    (10, 0, 17134, "Windows 10 1803", "Windows Server 1803"),
    (10, 0, 17763, "Windows 10 1809", "Windows Server 2019"),
    (10, 0, 18362, "Windows 10 1903/1909", "Windows Server 1903/1909"),
    (10, 0, 18363, "Windows 10 1909", "Windows Server 1909"),
    (10, 0, 19041, "Windows 10 2004 to 22H2", "Windows Server 2004/20H2"),
    (10, 0, 19042, "Windows 10 20H2", "Windows Server 20H2"),
    (10, 0, 19043, "Windows 10 21H1", ""),
    (10, 0, 19044, "Windows 10 21H2", ""),
    (10, 0, 19045, "Windows 10 22H2", ""),
    (10, 0, 20348, "", "Windows Server 2022"),
    (10, 0, 22000, "Windows 11 21H2", ""),
    (10, 0, 22621, "Windows 11 22H2/23H2", ""),
    (10, 0, 22631, "Windows 11 23H2", ""),
    (10, 0, 25398, "", "Windows Server 23H2"),
    (10, 0, 26100, "Windows 11 24H2/25H2", "Windows Server 2025"),
    (10, 0, 26200, "Windows 11 25H2", ""),
];

/// The name of the Windows whose files have this version: of both that it may be when nobody knows the kind.
#[must_use]
pub(crate) fn name(version: FileVersion, kind: Option<Kind>) -> String {
    let FileVersion { major, minor, build, .. } = version;
    let known = BUILDS.iter().find(|known| (known.0, known.1, known.2) == (major, minor, build));
    known.map_or_else(|| format!("Windows {major}.{minor} build {build}"), |known| name_of(known, kind))
}

/// The name by the build alone, as a registry without a `ProductName` has it.
pub(super) fn name_by_number(number: u32, kind: Option<Kind>) -> String {
    let known = BUILDS.iter().find(|build| u32::from(build.2) == number);
    known.map_or_else(|| format!("Windows build {number}"), |build| name_of(build, kind))
}

fn name_of(build: &Build, kind: Option<Kind>) -> String {
    let (_, _, _, client, server) = *build;
    match (kind, client, server) {
        (_, name, "") | (_, "", name) | (Some(Kind::Client), name, _) | (Some(Kind::Server), _, name) => {
            name.to_owned()
        }
        _ if client == server => client.to_owned(),
        _ => format!("{client} or {}", server.strip_prefix("Windows ").unwrap_or(server)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(major: u16, minor: u16, build: u16) -> FileVersion {
        FileVersion { major, minor, build, revision: 17514 }
    }

    #[test]
    fn builds_have_names() {
        let (client, server) = (Some(Kind::Client), Some(Kind::Server));
        for (major, minor, build, kind, expected) in [
            (5, 0, 2195, None, "Windows 2000"),
            (5, 1, 2600, server, "Windows XP"),
            (5, 2, 3790, None, "Windows XP x64 or Server 2003"),
            (6, 0, 6000, None, "Windows Vista"),
            (6, 0, 6002, server, "Windows Server 2008 SP2"),
            (6, 1, 7600, None, "Windows 7 or Server 2008 R2"),
            (6, 1, 7601, client, "Windows 7 SP1"),
            (6, 3, 9600, None, "Windows 8.1 or Server 2012 R2"),
            (10, 0, 14393, server, "Windows Server 2016"),
            (10, 0, 19041, client, "Windows 10 2004 to 22H2"),
            (10, 0, 20348, None, "Windows Server 2022"),
            (10, 0, 20348, client, "Windows Server 2022"),
            (10, 0, 26100, None, "Windows 11 24H2/25H2 or Server 2025"),
            (10, 0, 26200, client, "Windows 11 25H2"),
            (10, 0, 27881, client, "Windows 10.0 build 27881"),
            (6, 3, 9431, None, "Windows 6.3 build 9431"),
            // The build alone is not enough.
            (6, 0, 7601, None, "Windows 6.0 build 7601"),
        ] {
            assert_eq!(name(version(major, minor, build), kind), expected);
        }
    }

    #[test]
    fn the_table_is_in_order_and_names_something() {
        assert!(BUILDS.is_sorted_by_key(|build| (build.0, build.1, build.2)));
        assert!(BUILDS.is_sorted_by(|one, other| one.2 < other.2), "a build is of one version");
        for (_, _, build, client, server) in BUILDS {
            assert!(!(client.is_empty() && server.is_empty()), "{build}");
            assert!(
                [client, server].iter().all(|name| name.is_empty() || name.starts_with("Windows ")),
                "{build}"
            );
        }
    }

    #[test]
    fn kinds_are_named_in_two_hives() {
        for text in ["Server", "Server Core", "Nano Server", "ServerNT", "LanmanNT"] {
            assert_eq!(Kind::named(text), Some(Kind::Server), "{text}");
        }
        assert_eq!(["Client", "WinNT"].map(Kind::named), [Some(Kind::Client); 2]);
        assert_eq!(["", "WindowsPE", "Embedded"].map(Kind::named), [None; 3]);
    }
}
