//! A bit for each cluster.

/// A bit for each cluster of a volume; all are unset at first.
#[derive(Debug, Clone)]
pub(super) struct Bits(Vec<u8>);

impl Bits {
    /// Bits for clusters below `end`.
    pub(super) fn new(end: u32) -> Self {
        Self(vec![0; usize::try_from(end.div_ceil(8)).unwrap_or(0)])
    }

    pub(super) fn has(&self, cluster: u32) -> bool {
        let (byte, bit) = place(cluster);
        self.0.get(byte).is_some_and(|byte| byte & bit != 0)
    }

    /// Sets a bit; returns whether it was set before. There is none for what is no cluster.
    pub(super) fn set(&mut self, cluster: u32) -> bool {
        let (byte, bit) = place(cluster);
        let Some(byte) = self.0.get_mut(byte) else { return false };
        let before = *byte & bit != 0;
        *byte |= bit;
        before
    }
}

fn place(cluster: u32) -> (usize, u8) {
    (usize::try_from(cluster >> 3).unwrap_or(usize::MAX), 1 << (cluster & 7))
}
