//! BCD stores: objects, elements, and the device elements that name disks.
//!
//! A store is a registry hive: below `Objects` a key for each object, below its `Elements` a key for each element with
//! one value. Sources: Microsoft, BCD WMI provider; G. Chappell, "BCD Objects" and "BCD Elements"; ReactOS `bl.h` and
//! `bcd.h` for the device encodings. Nothing is lost in reading: what is not understood keeps its bytes and says why.

pub mod change;
#[doc(hidden)]
pub mod compact;
#[doc(hidden)]
pub mod compare;
pub mod create;
pub mod device;
#[doc(hidden)]
pub mod device_path;
#[doc(hidden)]
pub mod edit;
pub mod element;
mod firmware;
#[doc(hidden)]
pub mod firmware_variable;
mod firmware_variable_error;
#[doc(hidden)]
pub mod fresh;
#[doc(hidden)]
pub mod hard_drive_edit;
#[doc(hidden)]
pub mod index;
#[doc(hidden)]
pub mod load_option;
pub mod names;
#[doc(hidden)]
pub mod new_ids;
pub mod object;
#[doc(hidden)]
pub mod object_id;
pub mod object_type;
mod store;
#[doc(hidden)]
pub mod words;

pub use device::Device;
pub use device::DeviceElement;
pub use device::DeviceError;
pub use device::QualifiedPartition;
pub use device::StoredIdentity;
pub use element::Element;
pub use element::ElementFormat;
pub use element::ElementId;
pub use element::ElementValue;
pub use firmware::Firmware;
pub use firmware_variable::FirmwareVariable;
pub use firmware_variable_error::FirmwareVariableError;
pub use object::Object;
pub use object_type::ObjectType;
pub use store::ELEMENTS_MAX;
pub use store::Store;
pub use store::StoreError;
