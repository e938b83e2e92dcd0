//! Ids of objects that every store knows, and the names that bcdedit has for them.
//!
//! G. Chappell, "BCD Objects"; Microsoft, "Boot Configuration Data in Windows Vista".

use crate::guid::Guid;

/// `{bootmgr}`, the Windows boot manager.
pub const BOOTMGR: Guid = Guid::from_u128(0x9dea862c_5cdd_4e70_acc1_f32b344d4795);
/// `{fwbootmgr}`, the boot manager of UEFI firmware.
pub const FWBOOTMGR: Guid = Guid::from_u128(0xa5a30fa2_3d06_4e9f_b5f4_a01df9d1fcba);
/// `{memdiag}`, the memory tester.
pub const MEMDIAG: Guid = Guid::from_u128(0xb2721d73_1db4_4c62_bf78_c548a880142d);
/// `{ntldr}`, the loader of Windows before Vista.
pub const NTLDR: Guid = Guid::from_u128(0x466f5a88_0af2_4f76_9038_095b170dc21c);
/// `{current}`, an alias that only a running Windows resolves; never a key.
pub const CURRENT: Guid = Guid::from_u128(0xfa926493_6f1c_4193_a414_58f0b2456d1e);
/// `{default}`, an alias for what [`ElementId::DEFAULT`](crate::bcd::ElementId::DEFAULT) of the boot manager says; never a key.
pub const DEFAULT: Guid = Guid::from_u128(0x1cae1eb7_a0df_4d4d_9851_4860e34ef535);
/// `{badmemory}`.
pub const BADMEMORY: Guid = Guid::from_u128(0x5189b25c_5558_4bf2_bca4_289b11bd29e2);
/// `{bootloadersettings}`.
pub const BOOTLOADERSETTINGS: Guid = Guid::from_u128(0x6efb52bf_1766_41db_a6b3_0ee5eff72bd7);
/// `{dbgsettings}`.
pub const DBGSETTINGS: Guid = Guid::from_u128(0x4636856e_540f_4170_a130_a84776f4c654);
/// `{kerneldbgsettings}`.
pub const KERNELDBGSETTINGS: Guid = Guid::from_u128(0x313e8eed_7098_4586_a9bf_309c61f8d449);
/// `{emssettings}`.
pub const EMSSETTINGS: Guid = Guid::from_u128(0x0ce4991b_e6b3_4b16_b23c_5e0d9250e5d9);
/// `{globalsettings}`.
pub const GLOBALSETTINGS: Guid = Guid::from_u128(0x7ea2e1ac_2e61_4728_aaa3_896d9d0a9f0e);
/// `{hypervisorsettings}`.
pub const HYPERVISORSETTINGS: Guid = Guid::from_u128(0x7ff607e0_4395_11db_b0de_0800200c9a66);
/// `{resumeloadersettings}`. Published lists have 4a90 in the fourth group; stores have 901b.
pub const RESUMELOADERSETTINGS: Guid = Guid::from_u128(0x1afa9c49_16ab_4a5c_901b_212802da9460);
/// `{ramdiskoptions}`.
pub const RAMDISKOPTIONS: Guid = Guid::from_u128(0xae5534e0_a924_466c_b836_758539a3ee3a);

/// The names that bcdedit has for ids.
const WELL_KNOWN: &[(Guid, &str)] = &[
    (BOOTMGR, "{bootmgr}"),
    (FWBOOTMGR, "{fwbootmgr}"),
    (MEMDIAG, "{memdiag}"),
    (NTLDR, "{ntldr}"),
    (CURRENT, "{current}"),
    (DEFAULT, "{default}"),
    (BADMEMORY, "{badmemory}"),
    (BOOTLOADERSETTINGS, "{bootloadersettings}"),
    (DBGSETTINGS, "{dbgsettings}"),
    (KERNELDBGSETTINGS, "{kerneldbgsettings}"),
    (EMSSETTINGS, "{emssettings}"),
    (GLOBALSETTINGS, "{globalsettings}"),
    (HYPERVISORSETTINGS, "{hypervisorsettings}"),
    (RESUMELOADERSETTINGS, "{resumeloadersettings}"),
    (RAMDISKOPTIONS, "{ramdiskoptions}"),
];

/// The name that bcdedit has for an id, with its braces.
#[must_use]
pub fn alias(id: Guid) -> Option<&'static str> {
    WELL_KNOWN.iter().find(|(known, _)| *known == id).map(|(_, name)| *name)
}

/// An id as people are shown it: the name that bcdedit has for it, or the id in braces.
#[must_use]
pub fn shown(id: Guid) -> String {
    alias(id).map_or_else(|| id.braced(), str::to_owned)
}

/// The id that one of bcdedit's names stands for, with or without braces; case does not matter.
#[must_use]
pub fn from_alias(name: &str) -> Option<Guid> {
    let bare = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name);
    let braced = match bare.to_ascii_lowercase().as_str() {
        "legacy" => "{ntldr}".to_owned(),
        "eventsettings" => "{dbgsettings}".to_owned(),
        other => format!("{{{other}}}"),
    };
    WELL_KNOWN.iter().find(|(_, known)| known.eq_ignore_ascii_case(&braced)).map(|(id, _)| *id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_go_both_ways() {
        for (id, name) in WELL_KNOWN {
            assert_eq!(alias(*id), Some(*name));
            assert_eq!(from_alias(name), Some(*id));
        }
        assert_eq!(from_alias("BOOTMGR"), Some(BOOTMGR));
        assert_eq!(from_alias("{legacy}"), Some(NTLDR));
        assert_eq!(from_alias("{EventSettings}"), Some(DBGSETTINGS));
        assert_eq!(from_alias("setupdiskoptions"), None);
        assert_eq!(alias(Guid::ZERO), None);
    }
}
