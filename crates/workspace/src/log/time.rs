//! Times as the log has them: RFC 3339 in UTC, so that they sort as text.

use std::time::{Duration, SystemTime};

/// A time as the log has it: `2026-11-25T15:56:55.012Z`.
#[must_use]
pub fn stamp(time: SystemTime) -> String {
    // Before 1970 no box ran.
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / DAY, since.as_secs() % DAY);
    let (year, month, day) = date(days);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}.{:03}Z",
        second % 60,
        since.subsec_millis()
    )
}

/// What a user means by a time: `90s`, `5m`, `2h`, `3d` before now, or the beginning of a time as
/// the log has it (`2026-11-25`, `2026-11-25T15:00`, with a space instead of the `T`); as text that
/// sorts like those of the log. None: it is neither.
#[must_use]
pub fn written(text: &str, now: SystemTime) -> Option<String> {
    let number = text.get(..text.len().saturating_sub(1)).and_then(|text| text.parse().ok());
    let unit = UNITS.iter().find(|(unit, _)| text.ends_with(*unit));
    if let (Some(number), Some((_, seconds))) = (number, unit) {
        let number: u64 = number;
        let before = Duration::from_secs(number.checked_mul(*seconds)?);
        return Some(stamp(now.checked_sub(before).unwrap_or(SystemTime::UNIX_EPOCH)));
    }
    let text = text.trim_end_matches('Z').replacen(' ', "T", 1);
    let is_like = |form: &str| {
        let fits =
            |(form, c): (char, char)| if form == '0' { c.is_ascii_digit() } else { form == c };
        form.len() == text.len() && form.chars().zip(text.chars()).all(fits)
    };
    FORMS.iter().any(|form| is_like(form)).then_some(text)
}

const DAY: u64 = 86_400;
const UNITS: &[(char, u64)] = &[('s', 1), ('m', 60), ('h', 3600), ('d', DAY)];
const FORMS: &[&str] = &["0000-00-00", "0000-00-00T00:00", "0000-00-00T00:00:00"];

/// Days since 1970 as a date of the Gregorian calendar: eras of 400 years, which all have the same
/// days, counted from a March, so that the leap day is a year's last.
const fn date(days: u64) -> (u64, u64, u64) {
    const ERA: u64 = 146_097;
    let days = days + 719_468;
    let (era, day) = (days / ERA, days % ERA);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(seconds * 1000 + 12)
    }

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.012Z"),
            (951_782_399, "2000-02-28T23:59:59.012Z"),
            (951_782_400, "2000-02-29T00:00:00.012Z"),
            (951_868_800, "2000-03-01T00:00:00.012Z"),
            (1_709_164_800, "2024-02-29T00:00:00.012Z"),
            (1_735_689_599, "2024-12-31T23:59:59.012Z"),
            (4_107_542_400, "2100-03-01T00:00:00.012Z"),
        ] {
            assert_eq!(stamp(at(seconds)), text);
        }
    }

    #[test]
    fn a_user_says_how_long_ago_or_when() {
        let now = at(1_735_689_599);
        assert_eq!(written("0s", now).unwrap(), stamp(now));
        assert_eq!(written("2h", now).unwrap(), "2024-12-31T21:59:59.012Z");
        assert_eq!(written("366d", now).unwrap(), "2023-12-31T23:59:59.012Z");
        assert_eq!(written("99999999d", now).unwrap(), "1970-01-01T00:00:00.000Z");
        assert_eq!(written("2024-12-31", now).unwrap(), "2024-12-31");
        assert_eq!(written("2024-12-31 15:00", now).unwrap(), "2024-12-31T15:00");
        assert_eq!(written("2024-12-31T15:00:01Z", now).unwrap(), "2024-12-31T15:00:01");
        for none in
            ["", "h", "yesterday", "12", "-3h", "2024-1-1", "é", "9d9", "18446744073709551615d"]
        {
            assert_eq!(written(none, now), None, "{none}");
        }
    }
}
