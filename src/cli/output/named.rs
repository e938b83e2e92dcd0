//! What a partition that an element names is called on the screen.

use crate::bcd::device::Device;
use crate::bcd::device::QualifiedPartition;
use crate::bcd::element::Element;
use crate::bcd::element::ElementValue;
use crate::bytes;
use crate::cli::output::bcdedit::Named;
use crate::diagnosis::Context;
use crate::diagnosis::disk_of;
use crate::diagnosis::resolve::reference::is_here;
use crate::diagnosis::show_identity;
use crate::layout::Layout;

/// What a partition is on this disk, or else what it is called where it may be.
#[must_use]
pub fn resolve(layout: &Layout, context: &Context, named: &QualifiedPartition) -> Named {
    if let Some(volume) = is_here(layout, named) {
        let name = layout.name_without_noun(volume);
        let number = layout.partition(volume).map(|partition| partition.number.to_string());
        return Named::Here { short: number.unwrap_or_else(|| name.clone()), name };
    }
    let other = context.others.find(disk_of(named));
    let identity = show_identity(named);
    Named::Unknown(other.map_or_else(|| identity.clone(), |other| format!("on {}: {identity}", other.name)))
}

/// A device element with every partition shown as what it is on this disk, or as what it names.
#[must_use]
pub fn device(layout: &Layout, context: &Context, element: &Element) -> String {
    show_device(element, &|named, inside_vhd| {
        if inside_vhd {
            return format!("in a virtual disk: {}", show_identity(named));
        }
        let other = context.others.find(disk_of(named));
        match (is_here(layout, named), other) {
            (Some(volume), _) => format!("{}, matches", layout.name(volume)),
            (None, Some(other)) => format!("on {}: {}", other.name, show_identity(named)),
            (None, None) => format!("unknown: {}", show_identity(named)),
        }
    })
}

/// The same of a store by itself.
#[must_use]
pub fn alone(element: &Element) -> String {
    show_device(element, &|named, _| show_identity(named))
}

fn show_device(element: &Element, name: &dyn Fn(&QualifiedPartition, bool) -> String) -> String {
    match &element.value {
        ElementValue::Device(device) => match device.device {
            Device::Partition(named) => name(&named, false),
            _ => device.display_with(name),
        },
        _ => bytes::hex(&element.raw),
    }
}
