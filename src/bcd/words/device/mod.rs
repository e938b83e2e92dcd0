//! Devices: `boot`, `partition=…`, `locate`, `vhd=[…]\x.vhd`, `ramdisk=[…]\x.wim,{options}`.
//!
//! Microsoft, "BCDEdit /set" and `bcdedit /? FORMATS`. A virtual disk by itself is written as bcdedit writes it: as a `locate` on it.

use std::collections::VecDeque;

use crate::bcd::device::Device;
use crate::bcd::device::DeviceElement;
use crate::bcd::device::QualifiedPartition;
use crate::bcd::element::ElementId;
use crate::bcd::words::error::Expected;
use crate::bcd::words::error::WordError;
use crate::bcd::words::identity::identity;
use crate::bcd::words::value::Said;
use crate::guid::Guid;

/// Devices in devices, as deep as they are read.
const DEPTH_MAX: u32 = 8;

/// `locate` by an element, and by a path.
const BY_ELEMENT: u32 = 0;
const BY_PATH: u32 = 1;

/// A text that is read, and the identities behind it of what it calls `unknown`.
struct Reader<'a> {
    said: Said<'a>,
    text: &'a str,
    unknown: VecDeque<QualifiedPartition>,
    inner: Option<QualifiedPartition>,
}

/// The device that a text says, with its options.
pub(super) fn device(said: Said<'_>, text: &str) -> Result<DeviceElement, WordError> {
    let mut reader = Reader { said, text, unknown: VecDeque::new(), inner: None };
    let rest = reader.remarks(text);
    let (rest, options) = reader.options(rest)?;
    let device = reader.whole(rest)?;
    if !reader.unknown.is_empty() {
        return Err(reader.not(Expected::Device));
    }
    if matches!(device, Device::Ramdisk { .. }) && options.is_zero() {
        return Err(reader.not(Expected::Options));
    }
    let element = DeviceElement { options, device };
    // What would be read otherwise must not be written.
    match DeviceElement::decode(&element.encode()) {
        Ok(read) if read == element => Ok(element),
        _ => Err(reader.not(Expected::Device)),
    }
}

impl Reader<'_> {
    fn not(&self, expected: Expected) -> WordError {
        self.said.not(expected, self.text)
    }

    /// Takes the identities in parentheses off the end, as the layout shows them behind a device.
    fn remarks<'t>(&mut self, text: &'t str) -> &'t str {
        let mut rest = text.trim_end();
        while let Some((before, inside)) = rest.strip_suffix(')').and_then(|rest| rest.rsplit_once(" (")) {
            let (is_inner, bare) = match inside.strip_prefix("in it ") {
                Some(bare) => (true, bare),
                // `on /dev/sdb: …` where another disk is known that has it.
                None => (false, inside.rsplit_once(": ").map_or(inside, |(_, bare)| bare)),
            };
            let Some(named) = identity(bare) else { break };
            if is_inner {
                self.inner = Some(named);
            } else {
                self.unknown.push_front(named);
            }
            rest = before.trim_end();
        }
        rest
    }

    /// Takes the object with the options off the end: `…,{ramdiskoptions}`.
    fn options<'t>(&self, text: &'t str) -> Result<(&'t str, Guid), WordError> {
        match text.rsplit_once(',') {
            Some((device, options)) if text.ends_with('}') && options.trim_start().starts_with('{') => {
                Ok((device, self.said.id_of(options.trim(), Expected::Options)?))
            }
            _ => Ok((text, Guid::ZERO)),
        }
    }

    fn whole(&mut self, text: &str) -> Result<Device, WordError> {
        match (self.device(text, 0)?, self.inner) {
            (Device::Vhd { parent }, Some(inner)) => Ok(Device::VhdPartition { inner, host: parent }),
            (vhd @ Device::Vhd { .. }, None) => self.locate("", Some(vhd)),
            (_, Some(_)) => Err(self.not(Expected::Device)),
            (other, None) => Ok(other),
        }
    }

    fn device(&mut self, text: &str, depth: u32) -> Result<Device, WordError> {
        if depth > DEPTH_MAX {
            return Err(self.not(Expected::Shallow));
        }
        let deeper = depth.saturating_add(1);
        let text = text.trim();
        if let Some((parent, what)) = split_last(text, ",locate") {
            let parent = self.device(parent, deeper)?;
            return self.locate(what, Some(parent));
        }
        if let Some((disk, named)) = split_last(text, ",partition=") {
            let Device::Vhd { parent } = self.device(disk, deeper)? else {
                return Err(self.not(Expected::Device));
            };
            let inner = identity(named).ok_or_else(|| self.not(Expected::Identity))?;
            return Ok(Device::VhdPartition { inner, host: parent });
        }
        if let Some(name) = strip(text, "partition=").or_else(|| strip(text, "hd_partition=")) {
            return self.partition(name).map(Device::Partition);
        }
        if let Some(what) = strip(text, "locate") {
            return self.locate(what, None);
        }
        if let Some(file) = strip(text, "file=") {
            let (parent, path) = self.file(file, deeper)?;
            return Ok(Device::File { parent, path });
        }
        if let Some(file) = strip(text, "ramdisk=") {
            let (parent, path) = self.file(file, deeper)?;
            return Ok(Device::Ramdisk { base: 0, size: 0, offset: 0, parent, path });
        }
        // A virtual disk is told by its name where nothing says what the file is.
        let is_disk = |file: &&str| {
            let name = file.to_ascii_lowercase();
            file.starts_with('[') && (name.ends_with(".vhd") || name.ends_with(".vhdx"))
        };
        if let Some(file) = strip(text, "vhd=").or(Some(text).filter(is_disk)) {
            let (parent, path) = self.file(file, deeper)?;
            return Ok(Device::Vhd { parent: Box::new(Device::File { parent, path }) });
        }
        match text.to_ascii_lowercase().as_str() {
            "boot" => Ok(Device::Boot),
            "unknown" => self.partition(text).map(Device::Partition),
            _ => Err(self.not(Expected::Device)),
        }
    }

    /// What stands behind `locate`: nothing for the path of the own object, else an element or a path.
    fn locate(&self, what: &str, parent: Option<Device>) -> Result<Device, WordError> {
        let parent = parent.map(Box::new);
        let by_element = |id: ElementId| Device::Locate {
            mode: BY_ELEMENT,
            element: id.0,
            path: String::new(),
            parent: parent.clone(),
        };
        if what.is_empty() {
            return path_of(self.said.id).map(by_element).ok_or_else(|| self.not(Expected::Locate));
        }
        let Some(what) = what.strip_prefix('=') else { return Err(self.not(Expected::Device)) };
        if let Some(id) = strip(what, "custom:") {
            let id = ElementId::from_key_name(strip(id, "0x").unwrap_or(id));
            return id.map(by_element).ok_or_else(|| self.not(Expected::Locate));
        }
        let path = self.path(what).map_err(|_| self.not(Expected::Locate))?;
        Ok(Device::Locate { mode: BY_PATH, element: 0, path, parent })
    }

    /// `[…]\path`.
    fn file(&mut self, text: &str, depth: u32) -> Result<(Box<Device>, String), WordError> {
        let (place, path) = bracketed(text).ok_or_else(|| self.not(Expected::File))?;
        let path = self.path(path)?;
        Ok((Box::new(self.place(place, &path, depth)?), path))
    }

    /// The device in brackets before a path: a name of a partition, or a device.
    fn place(&mut self, text: &str, path: &str, depth: u32) -> Result<Device, WordError> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        let kinds = ["partition=", "hd_partition=", "locate=", "file=", "ramdisk=", "vhd="];
        match lower.as_str() {
            "locate" => Ok(Device::Locate { mode: BY_PATH, element: 0, path: path.to_owned(), parent: None }),
            "boot" => Ok(Device::Boot),
            _ if kinds.iter().any(|kind| lower.starts_with(kind)) || lower.contains(",locate=") => {
                self.device(text, depth)
            }
            _ => self.partition(text).map(Device::Partition),
        }
    }

    fn path(&self, text: &str) -> Result<String, WordError> {
        let is_path = text.len() > 1 && text.starts_with('\\') && !text.contains('\0');
        if is_path { Ok(text.to_owned()) } else { Err(self.not(Expected::File)) }
    }

    fn partition(&mut self, name: &str) -> Result<QualifiedPartition, WordError> {
        let name = name.trim();
        if name.is_empty() {
            return Err(self.not(Expected::Device));
        }
        if name.eq_ignore_ascii_case("unknown") {
            return self.unknown.pop_front().ok_or_else(|| self.not(Expected::Identity));
        }
        if let Some(named) = identity(name) {
            return Ok(named);
        }
        let error = |why| WordError::Name { element: self.said.element(), why };
        (self.said.names.partition)(name).map_err(error)
    }
}

/// The element that tells the path on the device of an element.
fn path_of(device: ElementId) -> Option<ElementId> {
    match device.0 {
        0x1100_0001 => Some(ElementId::PATH),
        0x2100_0001 => Some(ElementId::SYSTEM_ROOT),
        0x2100_0022 => Some(ElementId(0x2200_0023)),
        0x1100_0043 => Some(ElementId(0x1200_0044)),
        0x3100_0003 => Some(ElementId::RAMDISK_SDI_PATH),
        _ => None,
    }
}

/// What stands behind `word`, in whatever case.
fn strip<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let (head, rest) = text.split_at_checked(word.len())?;
    head.eq_ignore_ascii_case(word).then_some(rest)
}

/// What stands before and behind the last `word`, in whatever case.
fn split_last<'t>(text: &'t str, word: &str) -> Option<(&'t str, &'t str)> {
    let at = text.to_ascii_lowercase().rfind(word)?;
    // What is in brackets belongs to the place in there.
    let (before, rest) = text.split_at_checked(at)?;
    let is_outside = before.matches('[').count() == before.matches(']').count();
    rest.get(word.len()..).filter(|_| is_outside).map(|rest| (before, rest))
}

/// What stands in the brackets at the beginning, and the path behind them.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let inside = text.trim_start().strip_prefix('[')?;
    let mut depth = 0_u32;
    for (at, c) in inside.char_indices() {
        match c {
            '[' => depth = depth.saturating_add(1),
            ']' if depth == 0 => {
                let (place, path) = inside.split_at_checked(at)?;
                return path.strip_prefix(']').map(|path| (place, path));
            }
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests;
