//! How long the first reads of a medium took: what lies behind a network does not always say so.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

/// Reads that are measured. The fastest counts: a machine that is busy delays one of them, hardly all.
const FIRST: u32 = 3;
/// What is slower is far: a flash disk takes a tenth of that.
const SLOW: Duration = Duration::from_millis(1);

/// The first reads of one medium.
#[derive(Debug)]
pub(crate) struct Meter {
    taken: AtomicU32,
    /// Microseconds.
    fastest: AtomicU64,
}

impl Meter {
    /// Nothing was read yet.
    pub(crate) const fn new() -> Self {
        Self { taken: AtomicU32::new(0), fastest: AtomicU64::new(u64::MAX) }
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
        self.fastest.fetch_min(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.taken.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether all of the first reads were slow.
    pub(crate) fn is_slow(&self) -> bool {
        let fastest = Duration::from_micros(self.fastest.load(Ordering::Relaxed));
        self.taken.load(Ordering::Relaxed) >= FIRST && fastest >= SLOW
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_slow_each_time_is_far() {
        for (millis, is_slow) in
            [(&[][..], false), (&[9, 9], false), (&[9, 9, 9], true), (&[9, 0, 9], false), (&[1, 1, 1], true)]
        {
            let meter = Meter::new();
            millis.iter().for_each(|millis| meter.note(Duration::from_millis(*millis)));
            assert_eq!(meter.is_slow(), is_slow, "{millis:?}");
        }
        let meter = Meter::new();
        assert_eq!((0..4).map(|number| meter.time(|| number)).sum::<u32>(), 6);
        assert!(!meter.is_slow());
    }
}
