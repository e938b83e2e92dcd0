//! Time as FAT has it: two seconds at a time, from 1980 to 2107, in nobody's time zone.

/// 100 ns units of a second, and seconds of a day.
const UNITS: u64 = 10_000_000;
const DAY: u64 = 86_400;
/// Days from 1601 to 1980, and to the day after 2107.
const FIRST_DAY: u64 = 138_426;
const LAST_DAY: u64 = 185_177;

/// A date and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Year from 1980, month, day.
    pub(super) date: u16,
    /// Hours, minutes, seconds by two.
    pub(super) time: u16,
    /// Hundredths of a second that `time` leaves out, below 200.
    pub(super) hundredths: u8,
}

impl Stamp {
    /// From 100 ns since 1601, UTC. What is before 1980 or after 2107 is the nearest that there is.
    pub(super) fn new(filetime: u64) -> Self {
        let least = FIRST_DAY.saturating_mul(DAY).saturating_mul(UNITS);
        let most = LAST_DAY.saturating_mul(DAY).saturating_mul(UNITS).saturating_sub(1);
        let hundredths = filetime.clamp(least, most).checked_div(UNITS / 100).unwrap_or(0);
        let split =
            |value: u64, by: u64| (value.checked_div(by).unwrap_or(0), value.checked_rem(by).unwrap_or(0));
        let (halves, hundredths) = split(hundredths, 200);
        let (days, halves) = split(halves, DAY / 2);
        let (hours, halves) = split(halves, 1800);
        let (minutes, halves) = split(halves, 30);
        let (years, month, day) = date(days.saturating_sub(FIRST_DAY));
        let field = |high: u64, middle: u64, low: u64, bits: u32| {
            u16::try_from(high << (bits.saturating_add(5)) | middle << 5 | low).unwrap_or(0)
        };
        Self {
            date: field(years, month, day, 4),
            time: field(hours, minutes, halves, 6),
            hundredths: u8::try_from(hundredths).unwrap_or(0),
        }
    }
}

/// Years since 1980, month and day from 1, of a day counted from 1980-01-01. 2100 is the one year by four that is no leap year.
fn date(mut day: u64) -> (u64, u64, u64) {
    for year in 0..128 {
        let leap = year % 4 == 0 && year != 120;
        let february = if leap { 29 } else { 28 };
        for (month, len) in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].into_iter().enumerate() {
            if day < len {
                let month = u64::try_from(month).unwrap_or(0);
                return (year, month.saturating_add(1), day.saturating_add(1));
            }
            day = day.saturating_sub(len);
        }
    }
    (127, 12, 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(filetime: u64) -> (u16, u16, u16, u16, u16, u16, u8) {
        let Stamp { date, time, hundredths } = Stamp::new(filetime);
        let day = (1980 + (date >> 9), date >> 5 & 15, date & 31);
        (day.0, day.1, day.2, time >> 11, time >> 5 & 63, (time & 31) * 2, hundredths)
    }

    #[test]
    fn times_are_what_the_calendar_says() {
        let second = |unix: u64| (unix + 11_644_473_600) * 10_000_000;
        assert_eq!(told(0), (1980, 1, 1, 0, 0, 0, 0));
        assert_eq!(told(u64::MAX), (2107, 12, 31, 23, 59, 58, 199));
        assert_eq!(told(second(315_532_800)), (1980, 1, 1, 0, 0, 0, 0));
        assert_eq!(told(second(1_709_210_096)), (2024, 2, 29, 12, 34, 56, 0));
        assert_eq!(told(second(1_767_312_001) + 5_500_000), (2026, 1, 2, 0, 0, 0, 155));
        assert_eq!(told(second(4_107_542_400)), (2100, 3, 1, 0, 0, 0, 0));
        assert_eq!(told(second(4_354_819_199)), (2107, 12, 31, 23, 59, 58, 100));
    }
}
