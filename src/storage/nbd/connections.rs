//! One connection for each URL: a server may serve a single client, and end with it.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::storage::StorageError;
use crate::storage::nbd::Nbd;
use crate::storage::nbd::url::NbdUrl;

/// Connections that are kept when nothing uses them: a target is opened several times, and of a list each of them twice.
const KEPT: usize = 256;

/// The connections that stand, newest last. Clones share them.
#[derive(Clone, Default)]
pub struct Connections(Arc<Mutex<VecDeque<(NbdUrl, Place)>>>);

/// Where the connection of one URL is, or will be: who comes second waits for the first, and not for a second client's turn.
type Place = Arc<Mutex<Option<Arc<Nbd>>>>;

impl Connections {
    /// The export that the URL `target` names.
    ///
    /// # Errors
    /// As [`NbdUrl::parse`] and [`Nbd::connect`].
    pub fn open(&self, target: &Path) -> Result<Arc<Nbd>, StorageError> {
        let url = NbdUrl::parse(target)?;
        let place = self.place(&url);
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(nbd) = place.as_ref() {
            return Ok(Arc::clone(nbd));
        }
        let nbd = Arc::new(Nbd::connect(&url, target)?);
        *place = Some(Arc::clone(&nbd));
        Ok(nbd)
    }

    /// By what the URL means: `/disk` and `disk` are two exports, though as paths they would be one file.
    fn place(&self, url: &NbdUrl) -> Place {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, place)) = kept.iter().find(|(known, _)| known == url) {
            return Arc::clone(place);
        }
        let place = Place::default();
        kept.push_back((url.clone(), Arc::clone(&place)));
        if kept.len() > KEPT {
            kept.pop_front();
        }
        place
    }
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connections")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_for_one_export() {
        let connections = Connections::default();
        let place = |url: &str| connections.place(&NbdUrl::parse(Path::new(url)).unwrap());
        let disk = place("nbd://host/disk");
        assert!(Arc::ptr_eq(&disk, &place("nbd://host:10809/disk")));
        // As paths these would be one.
        assert!(!Arc::ptr_eq(&disk, &place("nbd://host//disk")));
        assert!(!Arc::ptr_eq(&place("nbd://host/a/b"), &place("nbd://host/a/./b")));
    }
}
