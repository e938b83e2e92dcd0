//! Disk controllers on a command line.

use std::ffi::OsString;
use std::sync::LazyLock;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::layout::drivers::controller::Controller;
use crate::layout::drivers::controller::Controllers;

/// A controller by its name, or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnArg {
    /// This one.
    One(Controller),
    /// All.
    All,
}

/// All that can be said.
static WORDS: LazyLock<Vec<OnArg>> =
    LazyLock::new(|| Controller::ALL.into_iter().map(OnArg::One).chain([OnArg::All]).collect());

impl OnArg {
    /// The controllers that several words mean.
    pub(crate) fn controllers(words: &[Self]) -> Controllers {
        let is_in =
            |controller: &Controller| words.contains(&Self::One(*controller)) || words.contains(&Self::All);
        Controller::ALL.into_iter().filter(is_in).collect()
    }
}

/// These controllers as switches.
pub(crate) fn words(controllers: Controllers) -> impl Iterator<Item = OsString> {
    controllers.iter().map(|controller| format!("--on={controller}").into())
}

impl ValueEnum for OnArg {
    fn value_variants<'a>() -> &'a [Self] {
        &WORDS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::One(controller) => controller.as_str(),
            Self::All => "all",
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_controller_can_be_said() {
        for controller in Controller::ALL {
            assert!(WORDS.contains(&OnArg::One(controller)), "{controller}");
        }
        assert_eq!(OnArg::controllers(&[OnArg::All]), Controllers::ALL);
        let one = OnArg::controllers(&[OnArg::One(Controller::Nvme), OnArg::One(Controller::Nvme)]);
        assert_eq!(one.iter().collect::<Vec<_>>(), [Controller::Nvme]);
    }
}
