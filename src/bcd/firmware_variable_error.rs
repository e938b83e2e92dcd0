//! Why a boot entry of the firmware is not understood, or not changed.

/// Why a `FirmwareVariable` is not understood, or not changed. Offsets are within the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FirmwareVariableError {
    /// A field that contradicts the encoding.
    #[error("{what} at {at:#x} of the value: expected {expected}, found {found}")]
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
    /// The value names no partition there.
    #[error("no partition at {at:#x} of the value")]
    NoDrive {
        /// Offset of the node.
        at: usize,
    },
    /// MBR to GPT or back, or a signature of a kind that is not known.
    #[error(
        "partition at {at:#x} of the value: format {format} with signature type {signature_type} cannot be \
         changed to {new}"
    )]
    Style {
        /// Offset of the node.
        at: usize,
        /// Format of its partition table.
        format: u8,
        /// Type of its signature.
        signature_type: u8,
        /// The style that it was to have.
        new: &'static str,
    },
    /// A partition that no firmware could find.
    #[error("partition at {at:#x} of the value: {why}")]
    NoIdentity {
        /// Offset of the node.
        at: usize,
        /// What is wrong with it.
        why: &'static str,
    },
}
