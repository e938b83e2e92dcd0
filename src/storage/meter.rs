//! How long the first reads of a medium took: what lies behind a network does not always say so.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

/// Reads that are measured.
const FIRST: u32 = 4;
/// So many of them have to be slow: a machine that is busy delays one, hardly two, and what was read already by another is fast anywhere.
const MANY: u32 = 2;
/// What takes so long is slow: a flash disk takes a tenth of that.
const SLOW: Duration = Duration::from_millis(1);

/// The first reads of one medium.
#[derive(Debug)]
pub(crate) struct Meter {
    taken: AtomicU32,
    slow: AtomicU32,
}

impl Meter {
    /// Nothing was read yet.
    pub(crate) const fn new() -> Self {
        Self { taken: AtomicU32::new(0), slow: AtomicU32::new(0) }
    }

    /// Reads, and measures how long that takes.
    pub(crate) fn time<T>(&self, read: impl FnOnce() -> T) -> T {
        if self.taken.load(Ordering::Relaxed) >= FIRST {
            return read();
        }
        let begun = Instant::now();
        let read = read();
        self.note(begun.elapsed());
        read
    }

    fn note(&self, took: Duration) {
        self.slow.fetch_add(u32::from(took >= SLOW), Ordering::Relaxed);
        self.taken.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the first reads were slow.
    pub(crate) fn is_slow(&self) -> bool {
        self.slow.load(Ordering::Relaxed) >= MANY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_slow_more_than_once_is_far() {
        for (millis, is_slow) in
            [(&[][..], false), (&[9], false), (&[9, 9], true), (&[0, 9, 0, 0], false), (&[1, 0, 0, 1], true)]
        {
            let meter = Meter::new();
            millis.iter().for_each(|millis| meter.note(Duration::from_millis(*millis)));
            assert_eq!(meter.is_slow(), is_slow, "{millis:?}");
        }
        let meter = Meter::new();
        assert_eq!((0..9).map(|number| meter.time(|| number)).sum::<u32>(), 36);
        assert_eq!(meter.taken.into_inner(), FIRST);
    }
}
