//! A limit to how long one answer may take, however it drips in.

use std::io;
use std::io::Read;
use std::io::Write;
use std::time::Duration;
use std::time::Instant;

/// How long a server may take for an answer.
pub(crate) const ANSWER: Duration = Duration::from_secs(60);

/// The times of one answer in which many have to come that were asked for together.
const MANY: u32 = 5;

/// A connection with a time for each question and its answer. Reads that wait have their own limit below: together nothing
/// takes longer than twice the time.
pub(crate) struct Patient<W> {
    wire: W,
    time: Duration,
    until: Option<Instant>,
}

impl<W> Patient<W> {
    /// The first question is asked now.
    pub(crate) fn new(wire: W, time: Duration) -> Self {
        Self { wire, time, until: Instant::now().checked_add(time) }
    }

    /// The next question is asked now.
    pub(crate) fn begin(&mut self) {
        self.until = Instant::now().checked_add(self.time);
    }

    /// Until when many questions that are asked together now may be answered.
    pub(crate) fn many(&self) -> Option<Instant> {
        Instant::now().checked_add(self.time.saturating_mul(MANY))
    }

    /// The next answer is waited for now, and none behind `end`.
    pub(crate) fn begin_before(&mut self, end: Option<Instant>) {
        self.begin();
        self.until = self.until.zip(end).map(|(until, end)| until.min(end));
    }

    fn check(&self) -> io::Result<()> {
        match self.until {
            Some(until) if Instant::now() > until => Err(io::ErrorKind::TimedOut.into()),
            _ => Ok(()),
        }
    }
}

impl<W: Read> Read for Patient<W> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        self.wire.read(buf)
    }
}

impl<W: Write> Write for Patient<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.check()?;
        self.wire.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.wire.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;

    use super::*;

    /// A byte now and then, for ever.
    struct Dripping;

    impl Read for Dripping {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            sleep(Duration::from_millis(2));
            buf[0] = 0;
            Ok(1)
        }
    }

    #[test]
    fn an_answer_that_drips_in_has_an_end() {
        // Long enough for two bytes on a machine that is busy.
        let limit = Duration::from_millis(400);
        let mut wire = Patient::new(Dripping, limit);
        let mut buf = [0; 1 << 20];
        for _ in 0..2 {
            let begun = Instant::now();
            let error = wire.read_exact(&mut buf).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
            assert!(begun.elapsed() >= limit);
            wire.begin();
        }
        wire.read_exact(&mut buf[..2]).unwrap();
        // Of many questions together none is answered behind the end of all.
        wire.begin_before(wire.many());
        wire.read_exact(&mut buf[..2]).unwrap();
        wire.begin_before(Some(Instant::now()));
        assert_eq!(wire.read_exact(&mut buf).unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
