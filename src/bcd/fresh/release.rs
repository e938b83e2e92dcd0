//! Which Windows a store is for, as far as its contents depend on it.

/// The releases that stores differ between, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Generation {
    /// 6.0: Windows Vista, Server 2008.
    Vista,
    /// 6.1: Windows 7, Server 2008 R2.
    Seven,
    /// 6.2: Windows 8, Server 2012.
    Eight,
    /// 6.3: Windows 8.1, Server 2012 R2.
    EightOne,
    /// 10.0 below build 22000: Windows 10, Server 2016 to 2022.
    Ten,
    /// 10.0 from build 22000 on: Windows 11, Server 2025.
    Eleven,
}

/// What a Windows is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Release {
    /// Its generation.
    pub generation: Generation,
    /// Whether it is a Windows Server.
    pub is_server: bool,
    /// Whether its programs are for 32-bit x86.
    pub is_x86: bool,
}

impl Generation {
    /// By the version of its files or its registry; `None` for what has no store (5.x) or is not known.
    #[must_use]
    pub const fn of_version(major: u32, minor: u32, build: u32) -> Option<Self> {
        match (major, minor) {
            (6, 0) => Some(Self::Vista),
            (6, 1) => Some(Self::Seven),
            (6, 2) => Some(Self::Eight),
            (6, 3) => Some(Self::EightOne),
            (10, 0) if build < 22000 => Some(Self::Ten),
            (10, 0) => Some(Self::Eleven),
            _ => None,
        }
    }
}

impl Generation {
    /// By the build number alone, which no two versions share (Microsoft, "Operating System Version"); `None` as above.
    #[must_use]
    pub const fn of_build(build: u32) -> Option<Self> {
        match build {
            6000..=6099 => Some(Self::Vista),
            7600..=7699 => Some(Self::Seven),
            9200..=9299 => Some(Self::Eight),
            9600..=9699 => Some(Self::EightOne),
            10240..=21999 => Some(Self::Ten),
            22000..=99999 => Some(Self::Eleven),
            _ => None,
        }
    }
}

impl Release {
    /// The title of its entry in the menu, the same in every language.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match (self.generation, self.is_server) {
            (Generation::Vista, false) => "Microsoft Windows Vista",
            (Generation::Vista, true) => "Microsoft Windows Server 2008",
            (Generation::Seven, false) => "Windows 7",
            (Generation::Seven, true) => "Windows Server 2008 R2",
            (Generation::Eight, false) => "Windows 8",
            (Generation::Eight, true) => "Windows Server 2012",
            (Generation::EightOne, false) => "Windows 8.1",
            (Generation::EightOne, true) => "Windows Server 2012 R2",
            (Generation::Ten, false) => "Windows 10",
            (Generation::Eleven, false) => "Windows 11",
            (Generation::Ten | Generation::Eleven, true) => "Windows Server",
        }
    }
}
