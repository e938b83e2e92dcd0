//! What a Windows says of itself in its registry.
//!
//! Sources: the values as real systems have them; dissect.target, `plugins/os/windows/_os.py` (the name on Windows 11).

use crate::layout::product::Kind;
use crate::layout::product::name_by_number;

/// Characters of one value that are shown, at most; real ones have under fifty.
const TEXT_MAX: usize = 80;

/// Builds from this on are called Windows 11, although `ProductName` still says 10.
const WINDOWS_11: u32 = 22000;

/// Values of the SOFTWARE hive's `Microsoft\Windows NT\CurrentVersion`, as they stand there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CurrentVersion {
    /// "Windows 10 Pro", on Windows 11 too.
    pub product_name: Option<String>,
    /// The build: "19045". (`CurrentBuild` is another thing on old systems.)
    pub build_number: Option<String>,
    /// `UBR`, what the last update made of the build; from Windows 8.1 on.
    pub update_revision: Option<u32>,
    /// "22H2", from 20H2 on.
    pub display_version: Option<String>,
    /// "1909"; "2009" for ever after that.
    pub release_id: Option<String>,
    /// "Client", "Server", "Server Core"; from Windows 7 on.
    pub installation_type: Option<String>,
    /// "Service Pack 2".
    pub service_pack: Option<String>,
}

impl CurrentVersion {
    /// The name: "Windows 11 Pro 23H2", "Windows Server 2008 R2 Standard Service Pack 1". `None` when the values tell
    /// nothing.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        let Some(product) = shown(&self.product_name) else {
            return Some(name_by_number(self.number()?, self.kind()));
        };
        let mut name = self.corrected(product);
        let release = shown(&self.display_version).or_else(|| shown(&self.release_id));
        for part in [release, shown(&self.service_pack)].into_iter().flatten() {
            if !name.contains(&part) {
                name = format!("{name} {part}");
            }
        }
        Some(name)
    }

    /// The build with its update revision: "22631.3007", or "7601" where there is none.
    #[must_use]
    pub fn build(&self) -> Option<String> {
        let build = shown(&self.build_number)?;
        Some(self.update_revision.map_or_else(|| build.clone(), |revision| format!("{build}.{revision}")))
    }

    /// Client or server, when the values say so.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        let named = self.installation_type.as_deref().and_then(Kind::named);
        // Before Windows 7 only the product's name tells, and only of servers.
        named.or_else(|| {
            self.product_name.as_deref().filter(|name| name.contains("Server")).and(Some(Kind::Server))
        })
    }

    /// The build by itself.
    #[must_use]
    pub fn number(&self) -> Option<u32> {
        self.build_number.as_deref()?.trim().parse().ok()
    }

    fn corrected(&self, product: String) -> String {
        let is_11 = self.number() >= Some(WINDOWS_11) && self.kind() != Some(Kind::Server);
        match product.strip_prefix("Windows 10") {
            Some(rest) if is_11 && (rest.is_empty() || rest.starts_with(' ')) => format!("Windows 11{rest}"),
            _ => product,
        }
    }
}

/// A value without what no name has: control characters, blanks around it, more than a line. `None` when empty.
fn shown(value: &Option<String>) -> Option<String> {
    let plain = value.as_deref()?.chars().filter(|c| !c.is_control());
    let text: String = plain.take(TEXT_MAX).collect();
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Product, build, revision, display version, release, installation, service pack.
    fn values(texts: [&str; 6], update_revision: Option<u32>) -> CurrentVersion {
        let [product_name, build_number, display_version, release_id, installation_type, service_pack] =
            texts.map(|text| (!text.is_empty()).then(|| text.to_owned()));
        CurrentVersion {
            product_name,
            build_number,
            update_revision,
            display_version,
            release_id,
            installation_type,
            service_pack,
        }
    }

    #[test]
    fn registries_are_understood() {
        for (texts, revision, name, build) in [
            (
                ["Windows 10 Pro", "22631", "23H2", "2009", "Client", ""],
                Some(3007),
                "Windows 11 Pro 23H2",
                "22631.3007",
            ),
            (
                ["Windows 10 Pro", "19045", "22H2", "2009", "Client", ""],
                Some(1),
                "Windows 10 Pro 22H2",
                "19045.1",
            ),
            (["Windows 10", "22000", "", "", "", ""], None, "Windows 11", "22000"),
            (["Windows 10 Home", "17134", "", "1803", "Client", ""], None, "Windows 10 Home 1803", "17134"),
            (["Windows 100", "26100", "", "", "Client", ""], None, "Windows 100", "26100"),
            // Nobody sells this; a server is not renamed.
            (["Windows 10 Core", "26100", "", "", "Server Core", ""], None, "Windows 10 Core", "26100"),
            (
                ["Windows Server 2025 Standard", "26100", "24H2", "2009", "Server", ""],
                Some(1742),
                "Windows Server 2025 Standard 24H2",
                "26100.1742",
            ),
            (
                ["Windows Server (R) 2008 Standard", "6002", "", "", "", "Service Pack 2"],
                None,
                "Windows Server (R) 2008 Standard Service Pack 2",
                "6002",
            ),
            (["", "7601", "", "", "Server", "Service Pack 1"], None, "Windows Server 2008 R2 SP1", "7601"),
            (["", "12345", "", "", "", ""], None, "Windows build 12345", "12345"),
        ] {
            let values = values(texts, revision);
            assert_eq!((values.name().as_deref(), values.build().as_deref()), (Some(name), Some(build)));
        }
    }

    #[test]
    fn hostile_values_are_bounded() {
        assert_eq!((CurrentVersion::default().name(), CurrentVersion::default().build()), (None, None));
        assert_eq!(values([" \n", "x", "", "", "", ""], None).name(), None);
        let long = "W".repeat(1 << 20);
        let name =
            values([&long, "9999999999999", &long, "", "", "S\u{1b}[31mP"], Some(u32::MAX)).name().unwrap();
        assert_eq!(name, format!("{} S[31mP", &long[..TEXT_MAX]));
        let build = values(["", &long, "", "", "", ""], Some(u32::MAX)).build().unwrap();
        assert_eq!(build.len(), TEXT_MAX + ".4294967295".len());
    }
}
