//! Code in files of each Windows of the disk.

use crate::layout::Layout;
use crate::repair::boot_code::no_code::UnreadCarrier;
use crate::repair::boot_code::search::Carried;
use crate::repair::boot_code::search::Search;
use crate::repair::boot_code::source::Source;
use crate::volume::Volume;

/// Bytes of a file that is read, at most; the largest that is known has a third of that.
const MAX: u64 = 8 << 20;

/// Looks into the files of each Windows, until code is found that is known.
pub(super) fn look<C: Carried>(search: &mut Search<C>, volumes: &[Option<&Volume<'_>>], layout: &Layout) {
    for windows in &layout.windows {
        let Some(volume) = windows.volume.opened(volumes) else { continue };
        for name in C::CARRIERS {
            if search.is_over() {
                return;
            }
            look_at(search, volume, format!(r"{}\System32\{name}", windows.root));
        }
    }
}

/// Looks into one file.
pub(super) fn look_at<C: Carried>(search: &mut Search<C>, volume: &Volume<'_>, path: String) {
    match volume.read(&path, MAX) {
        Ok(bytes) => {
            let code = bytes.as_deref().and_then(C::carried);
            search.offer(code, || Source::File(path));
        }
        Err(cause) => search.unread.push(UnreadCarrier { path, cause: cause.into() }),
    }
}
