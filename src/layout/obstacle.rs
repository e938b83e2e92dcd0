//! Why a volume must not be written now.

use std::fmt;

use crate::layout::known::Cause;
use crate::volume::Obstacle;
use crate::volume::Volume;

/// Why a volume must not be written now.
#[derive(Debug, Clone)]
pub enum NotWritable {
    /// Its file system is dirty, or hibernated.
    Obstacle(Obstacle),
    /// Nobody can tell whether it may be.
    Unknown(Cause),
}

impl NotWritable {
    /// All that stands against writing to a volume.
    pub(super) fn of(volume: &Volume<'_>) -> Vec<Self> {
        match volume.obstacles() {
            Ok(obstacles) => obstacles.into_iter().map(Self::Obstacle).collect(),
            Err(error) => vec![Self::Unknown(error.into())],
        }
    }
}

impl fmt::Display for NotWritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Obstacle(obstacle) => f.write_str(&obstacle.message),
            Self::Unknown(cause) => cause.fmt(f),
        }
    }
}
