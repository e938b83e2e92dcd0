//! What a volume holds, and its bytes; each kind is made once and copied.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::matching::fat;
use crate::matching::letters::Letter;
use crate::matching::store::StoreSpec;
use crate::matching::volume_id::VolumeId;
use crate::support::letters::system_hive;
use crate::support::sparse::SparseRam;
use crate::support::stand_in;

/// Kinds of content; a volume may have several.
pub const BIOS: u16 = 1;

pub const ESP: u16 = 2;

pub const WINDOWS: u16 = 4;

pub const XP: u16 = 8;

pub const RECOVERY: u16 = 16;

pub const VHD: u16 = 32;

pub const PHOTOS: u16 = 64;

/// The path of a Windows' SYSTEM hive.
pub const HIVE: &str = r"\Windows\System32\config\SYSTEM";

pub const BIOS_STORE: &str = r"\Boot\BCD";

pub const UEFI_STORE: &str = r"\EFI\Microsoft\Boot\BCD";

pub const RECOVERY_STORE: &str = r"\EFI\Microsoft\Recovery\BCD";

pub const WIN_RE: &str = r"\Recovery\WindowsRE";

pub const VHD_FILE: &str = r"\vhd\win.vhd";

/// A volume.
#[derive(Clone)]
pub struct Volume {
    /// To show, e.g. `Windows 1`.
    pub name: String,
    /// Of the kinds above.
    pub kind: u16,
    /// The folder of its own recovery environment, beside Windows.
    pub own_recovery: Option<String>,
    /// By BitLocker: nobody sees what is on it.
    pub is_encrypted: bool,
    /// The volume that it was copied from.
    pub copy_of: Option<VolumeId>,
    /// The stores on it.
    pub stores: Vec<StoreSpec>,
    /// What its Windows remembers of drive letters.
    pub letters: Vec<Letter>,
    /// Makes its bytes differ from those of others of its kind.
    pub serial: u32,
}

impl Volume {
    /// An unencrypted volume without stores and letters.
    pub fn new(name: &str, kind: u16, serial: u32) -> Self {
        Self {
            name: name.into(),
            kind,
            own_recovery: None,
            is_encrypted: false,
            copy_of: None,
            stores: Vec::new(),
            letters: Vec::new(),
            serial,
        }
    }

    /// Whether it is of this kind.
    pub fn is(&self, kind: u16) -> bool {
        self.kind & kind != 0
    }

    /// Whether it has a file or folder, seen or not.
    pub fn has(&self, path: &str) -> bool {
        let path = path.to_lowercase();
        let below = |file: &String| {
            let file = file.to_lowercase();
            file == path || file.starts_with(&format!("{path}\\"))
        };
        self.files().iter().any(below)
    }

    fn files(&self) -> Vec<String> {
        let kinds: [(u16, &[&str]); 7] = [
            (BIOS, &[r"\bootmgr", BIOS_STORE, r"\boot\memtest.exe"]),
            (ESP, &[r"\EFI\Microsoft\Boot\bootmgfw.efi", r"\EFI\Boot\bootx64.efi", UEFI_STORE]),
            (
                WINDOWS,
                &[
                    r"\Windows\System32\winload.exe",
                    r"\Windows\System32\winload.efi",
                    r"\Windows\System32\winresume.exe",
                    r"\Windows\System32\winresume.efi",
                    r"\Windows\System32\ntoskrnl.exe",
                    HIVE,
                ],
            ),
            (
                XP,
                &[
                    r"\ntldr",
                    r"\NTDETECT.COM",
                    r"\boot.ini",
                    r"\Windows\System32\ntoskrnl.exe",
                    r"\Windows\System32\hal.dll",
                    HIVE,
                ],
            ),
            (RECOVERY, &[r"\Recovery\WindowsRE\Winre.wim", r"\Recovery\WindowsRE\boot.sdi"]),
            (VHD, &[VHD_FILE]),
            (PHOTOS, &[r"\photos\cat.jpg"]),
        ];
        let of_kinds = kinds.iter().filter(|(kind, _)| self.is(*kind)).flat_map(|(_, files)| *files);
        let mut files: Vec<String> = of_kinds.map(|file| (*file).to_owned()).collect();
        if self.is(ESP) {
            files.push(r"\EFI\Microsoft\Boot\memtest.efi".into());
        }
        let own = self.own_recovery.iter();
        files.extend(own.flat_map(|folder| [format!(r"{folder}\Winre.wim"), format!(r"{folder}\boot.sdi")]));
        files
    }

    /// Its bytes, with its stores and hive as they are now.
    pub fn bytes(&self) -> SparseRam {
        if self.is_encrypted {
            let mut sector = vec![0; 512];
            sector[..3].copy_from_slice(&[0xeb, 0x58, 0x90]);
            sector[3..11].copy_from_slice(b"-FVE-FS-");
            sector[0x1fe..].copy_from_slice(&[0x55, 0xaa]);
            let mut volume = SparseRam::new(fat::LEN);
            volume.add(0, &sector);
            return volume;
        }
        let mut volume = self.template();
        let stores = self.stores.iter().map(|store| (store.path.to_owned(), store.bytes()));
        let mut files: Vec<(String, Vec<u8>)> = stores.collect();
        if self.has(HIVE) && !self.letters.is_empty() {
            let letters = self.letters.iter().map(|letter| (letter.name.as_str(), letter.data()));
            files.push((HIVE.into(), system_hive(letters.collect(), 0)));
        }
        if !files.is_empty() {
            fat::put(&mut volume, &files);
        }
        fat::set_serial(&mut volume, self.serial);
        volume
    }

    fn template(&self) -> SparseRam {
        thread_local! {
            static MADE: RefCell<HashMap<(u16, Option<String>), SparseRam>> = RefCell::default();
        }
        let key = (self.kind, self.own_recovery.clone());
        MADE.with_borrow_mut(|made| {
            let make = || {
                let mut volume = fat::format();
                // Stores and hives are written for each machine.
                let is_own = |path: &String| path == HIVE || path.ends_with(r"\BCD");
                let files = self.files().into_iter().filter(|path| !is_own(path));
                let files: Vec<_> = files.map(|path| (path.clone(), content(&path))).collect();
                fat::put(&mut volume, &files);
                volume
            };
            made.entry(key).or_insert_with(make).clone()
        })
    }
}

fn content(path: &str) -> Vec<u8> {
    match path {
        r"\boot.ini" => {
            let windows = r"multi(0)disk(0)rdisk(0)partition(1)\WINDOWS";
            format!("[boot loader]\r\ndefault={windows}\r\n[operating systems]\r\n{windows}=\"XP\"\r\n")
                .into()
        }
        _ => stand_in::of(path),
    }
}
