//! FILETIMEs as text, to the 100 ns: `2014-04-03T19:14:58.0000000Z`.
//!
//! H. Hinnant, "chrono-Compatible Low-Level Date Algorithms": years that begin in March, in eras of 400.

/// 100 ns units of a second, and seconds of a day.
const UNITS: u64 = 10_000_000;
const DAY: u64 = 86_400;
/// Days from the first of March of the year 0 to the first of January 1601.
const FIRST_DAY: u64 = 584_694;
/// Days of 400 years.
const ERA: u64 = 146_097;

/// The text of a FILETIME. Those of years from 10000 on have longer ones.
pub(super) fn show(filetime: u64) -> String {
    let (seconds, units) = (filetime / UNITS, filetime % UNITS);
    let (days, second) = (seconds / DAY, seconds % DAY);
    let (year, month, day) = date(days.saturating_add(FIRST_DAY));
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{units:07}Z")
}

/// The FILETIME whose text this is.
pub(super) fn read(text: &str) -> Option<u64> {
    let fields: Option<Vec<u64>> =
        text.strip_suffix('Z')?.split(['-', 'T', ':', '.']).map(|field| field.parse().ok()).collect();
    let [year, month, day, hour, minute, second, units] = *fields? else { return None };
    let seconds = days(year, month, day)?
        .checked_mul(DAY)?
        .checked_add(hour.checked_mul(3600)?)?
        .checked_add(minute.checked_mul(60)?)?
        .checked_add(second)?;
    let filetime = seconds.checked_mul(UNITS)?.checked_add(units)?;
    // There is one text for each: what is out of its range, or spelt otherwise, is none.
    (show(filetime) == text).then_some(filetime)
}

/// Year, month and day of a day from the first of March of the year 0.
fn date(days: u64) -> (u64, u64, u64) {
    let (era, day) = (days / ERA, days % ERA);
    let leap_days = (day / 1460).saturating_add(day / 146_096).saturating_sub(day / 36_524);
    let year = day.saturating_sub(leap_days) / 365;
    let day = day.saturating_sub(before_year(year));
    let month = day.saturating_mul(5).saturating_add(2) / 153;
    let day = day.saturating_sub(before_month(month)).saturating_add(1);
    let year = era.saturating_mul(400).saturating_add(year);
    match month < 10 {
        true => (year, month.saturating_add(3), day),
        false => (year.saturating_add(1), month.saturating_sub(9), day),
    }
}

/// Days from the first of January 1601.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let (year, month) = match month {
        1 | 2 => (year.checked_sub(1)?, month.checked_add(9)?),
        _ => (year, month.checked_sub(3)?),
    };
    let within = before_year(year % 400).checked_add(before_month(month))?.checked_add(day)?;
    (year / 400).checked_mul(ERA)?.checked_add(within)?.checked_sub(1)?.checked_sub(FIRST_DAY)
}

/// Days of an era before its year, and of a year before its month, counted from March.
const fn before_year(year: u64) -> u64 {
    year.saturating_mul(365).saturating_add(year / 4).saturating_sub(year / 100)
}

const fn before_month(month: u64) -> u64 {
    month.saturating_mul(153).saturating_add(2) / 5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_others() {
        // By `date -u -d @SECONDS`, with 11644473600 seconds between 1601 and 1970.
        let cases = [
            (0, "1601-01-01T00:00:00.0000000Z"),
            (116_444_736_000_000_000, "1970-01-01T00:00:00.0000000Z"),
            (116_444_736_000_000_000 + 951_782_400 * UNITS, "2000-02-29T00:00:00.0000000Z"),
            (116_444_736_000_000_000 + 1_396_552_498 * UNITS + 1, "2014-04-03T19:14:58.0000001Z"),
            (116_444_736_000_000_000 + 253_402_300_799 * UNITS, "9999-12-31T23:59:59.0000000Z"),
            (u64::MAX, "60056-05-28T05:36:10.9551615Z"),
        ];
        for (filetime, text) in cases {
            assert_eq!(show(filetime), text);
            assert_eq!(read(text), Some(filetime), "{text}");
        }
    }

    #[test]
    fn every_day_comes_back() {
        for day in 0..300_000 {
            let filetime = (day * DAY + 86_399) * UNITS + 9_999_999;
            assert_eq!(read(&show(filetime)), Some(filetime));
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        let cases = [
            "",
            "2014-04-03",
            "2014-04-03T19:14:58Z",
            "2014-04-03T19:14:58.0000000",
            "2014-04-31T19:14:58.0000000Z",
            "2014-00-03T19:14:58.0000000Z",
            "2014-13-03T19:14:58.0000000Z",
            "2014-04-03T24:14:58.0000000Z",
            "2014-04-03T+9:14:58.0000000Z",
            "2014-4-03T19:14:58.0000000Z",
            "1600-12-31T23:59:59.0000000Z",
            "0000-01-01T00:00:00.0000000Z",
            "60056-05-28T05:36:10.9551616Z",
            "99999999999999999999-05-28T05:36:10.9551616Z",
            "18446744073709551615-12-31T00:00:00.0000000Z",
        ];
        for text in cases {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
