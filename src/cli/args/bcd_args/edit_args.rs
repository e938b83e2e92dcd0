//! Arguments of the commands of `bcd` that edit what is named.

use std::path::PathBuf;

use clap::Args;
use clap::ValueEnum;

use crate::bcd::element::ElementFormat;
use crate::cli::args::bcd_args::place::EditArgs;
use crate::cli::args::bcd_args::request::Application;
use crate::cli::args::bcd_args::request::CreateKind;
use crate::cli::args::bcd_args::request::Inherit;
use crate::cli::args::bcd_args::request::ListEdit;

/// Arguments of `bcd set`.
#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    /// How the store is edited.
    #[command(flatten)]
    pub edit: EditArgs,
    /// Object (default: {current}), element and value.
    #[arg(value_name = "{ID} ELEMENT VALUE", num_args = 1.., required = true)]
    pub words: Vec<String>,
    /// What becomes of a list.
    #[command(flatten)]
    pub list: ListArgs,
    /// Type of the value, for an element given by number.
    ///
    /// device, string, object, objectlist, integer, boolean, integerlist or binary.
    #[arg(
        long = "type",
        value_enum,
        ignore_case = true,
        value_name = "TYPE",
        hide_possible_values = true,
        display_order = 0
    )]
    pub as_type: Option<TypeArg>,
}

/// What becomes of a list.
#[derive(Debug, Clone, Copy, Default, Args)]
#[group(multiple = false)]
pub(crate) struct ListArgs {
    /// Put these first in the list.
    #[arg(long, display_order = 0)]
    pub addfirst: bool,
    /// Put these last in the list.
    #[arg(long, display_order = 0)]
    pub addlast: bool,
    /// Take these out of the list.
    #[arg(long, display_order = 0)]
    pub remove: bool,
}

impl ListArgs {
    /// The same in one word.
    pub(crate) fn how(self) -> ListEdit {
        match (self.addfirst, self.addlast, self.remove) {
            (true, _, _) => ListEdit::AddFirst,
            (_, true, _) => ListEdit::AddLast,
            (_, _, true) => ListEdit::Remove,
            _ => ListEdit::Replace,
        }
    }
}

/// Kinds of values by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TypeArg {
    /// partition=2, boot, locate=\path and so on.
    Device,
    /// Text.
    String,
    /// {GUID}.
    Object,
    /// Several of them.
    #[value(alias = "objlist")]
    Objectlist,
    /// A number; 0x for hexadecimal.
    #[value(alias = "int")]
    Integer,
    /// Yes or No.
    #[value(alias = "bool")]
    Boolean,
    /// Several numbers.
    #[value(alias = "intlist")]
    Integerlist,
    /// Bytes in hexadecimal.
    Binary,
}

impl TypeArg {
    /// The same in the words of the store.
    pub(crate) const fn format(self) -> ElementFormat {
        match self {
            Self::Device => ElementFormat::Device,
            Self::String => ElementFormat::String,
            Self::Object => ElementFormat::Object,
            Self::Objectlist => ElementFormat::ObjectList,
            Self::Integer => ElementFormat::Integer,
            Self::Boolean => ElementFormat::Boolean,
            Self::Integerlist => ElementFormat::IntegerList,
            Self::Binary => ElementFormat::Binary,
        }
    }
}

/// Arguments of `bcd unset`.
#[derive(Debug, Args)]
pub(crate) struct UnsetArgs {
    /// How the store is edited.
    #[command(flatten)]
    pub edit: EditArgs,
    /// The object (default: {current}), and the element.
    #[arg(value_name = "{ID} ELEMENT", num_args = 1..=2, required = true)]
    pub words: Vec<String>,
}

/// Arguments of `bcd create`.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// How the store is edited.
    #[command(flatten)]
    pub edit: EditArgs,
    /// The object's id (default: a new GUID).
    #[arg(value_name = "{ID}")]
    pub id: Option<String>,
    /// Its description.
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true, display_order = 0)]
    pub description: Option<String>,
    /// What it is.
    #[command(flatten)]
    pub kind: KindArgs,
}

/// What a new object is.
#[derive(Debug, Clone, Copy, Default, Args)]
#[group(multiple = false)]
pub(crate) struct KindArgs {
    /// An entry of this type.
    ///
    /// osloader, resume, bootsector, startup or bootapp.
    #[arg(
        long,
        value_enum,
        ignore_case = true,
        value_name = "TYPE",
        hide_possible_values = true,
        display_order = 0
    )]
    pub application: Option<Application>,
    /// Settings that entries of this type inherit.
    ///
    /// fwbootmgr, bootmgr, osloader, resume, memdiag, ntldr, setupldr, bootsector, startup or device; any without TYPE.
    #[arg(long, value_enum, ignore_case = true, value_name = "TYPE", num_args = 0..=1, default_missing_value = "any",
        hide_possible_values = true, display_order = 0)]
    pub inherit: Option<Inherit>,
    /// Options of a device, such as a RAM disk.
    #[arg(long, display_order = 0)]
    pub device: bool,
}

impl KindArgs {
    /// The same in one word.
    pub(crate) fn kind(self) -> Option<CreateKind> {
        let application = self.application.map(CreateKind::Application);
        let inherit = self.inherit.map(CreateKind::Inherit);
        application.or(inherit).or(self.device.then_some(CreateKind::Device))
    }
}

/// Arguments of `bcd copy`.
#[derive(Debug, Args)]
pub(crate) struct CopyArgs {
    /// How the store is edited.
    #[command(flatten)]
    pub edit: EditArgs,
    /// The object.
    #[arg(value_name = "{ID}")]
    pub id: String,
    /// The copy's description.
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true, display_order = 0)]
    pub description: Option<String>,
}

/// Arguments of `bcd delete`.
#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    /// How the store is edited.
    #[command(flatten)]
    pub edit: EditArgs,
    /// The object.
    #[arg(value_name = "{ID}")]
    pub id: String,
    /// Also delete an object that has a name, such as {memdiag}.
    #[arg(short, long, display_order = 0)]
    pub force: bool,
    /// Also remove it from the lists that name it (default).
    #[arg(long, conflicts_with = "no_cleanup", hide_short_help = true, display_order = 0)]
    pub cleanup: bool,
    /// Keep it in the lists that name it.
    #[arg(long, display_order = 0)]
    pub no_cleanup: bool,
}

/// Arguments of `bcd import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// How the store is edited.
    #[command(flatten)]
    pub edit: EditArgs,
    /// A store file, or the output of export --json.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Arguments of `bcd createstore`.
#[derive(Debug, Args)]
pub(crate) struct CreateStoreArgs {
    /// How the store is edited.
    #[command(flatten)]
    pub edit: EditArgs,
}
