//! One connection for each URL: a server may serve a single client, and end with it.

use std::collections::VecDeque;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::storage::StorageError;
use crate::storage::nbd::Nbd;
use crate::storage::nbd::url::NbdUrl;

/// Connections that are kept when nothing uses them. A repair opens its disk several times; of a long list of URLs each is
/// opened twice at most, and another connection does no harm there.
const KEPT: usize = 16;

/// The connections that stand, newest last. Clones share them.
#[derive(Clone, Default)]
pub struct Connections(Arc<Mutex<Kept>>);

type Kept = VecDeque<(PathBuf, Arc<Nbd>)>;

impl Connections {
    /// The export that the URL `target` names.
    ///
    /// # Errors
    /// As [`NbdUrl::parse`] and [`Nbd::connect`].
    pub fn open(&self, target: &Path) -> Result<Arc<Nbd>, StorageError> {
        let url = NbdUrl::parse(target)?;
        let known =
            |kept: &Kept| kept.iter().find(|(path, _)| path == target).map(|(_, nbd)| Arc::clone(nbd));
        if let Some(nbd) = known(&self.0.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(nbd);
        }
        // Others may connect to their servers while this one is slow.
        let nbd = Arc::new(Nbd::connect(&url, target)?);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((target.to_path_buf(), Arc::clone(&nbd)));
        if kept.len() > KEPT {
            kept.pop_front();
        }
        Ok(nbd)
    }
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connections")
    }
}
