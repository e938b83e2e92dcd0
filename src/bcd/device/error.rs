//! Why a device is not understood.

/// Why the value of a device element is not understood. Offsets are within the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// Too short for options and the header of a descriptor.
    #[error("device value: expected at least 0x20 bytes, found {len:#x}")]
    Short {
        /// Bytes of the value.
        len: usize,
    },
    /// A field that contradicts the encoding.
    #[error("{what} at {at:#x} of the device value: expected {expected}, found {found}")]
    Field {
        /// The field.
        what: &'static str,
        /// Its offset.
        at: usize,
        /// What the encoding asks for.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// Devices in devices beyond any use.
    #[error("device at {at:#x} of the device value: nested more than 8 deep")]
    Deep {
        /// Offset of the descriptor.
        at: usize,
    },
    /// Bytes that the fields do not account for.
    #[error("device value: contains unknown bytes")]
    NotUnderstood,
}
