//! Lengths of time as people write them: 30s, 5m, 7d.

use std::str::FromStr;
use std::time::Duration;

/// A length of time. At most a hundred years, so that sums stay in range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

/// A hundred years, in milliseconds.
const MAX_MS: u64 = 100 * 365 * 86_400_000;

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write a number and a unit: 500ms, 30s, 5m, 2h, 7d, 2w".to_owned();
        let text = text.trim();
        let digits = text.chars().take_while(char::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(digits).ok_or_else(wrong)?;
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let unit_ms = match unit.trim() {
            "ms" => 1,
            "" | "s" => 1_000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 7 * 86_400_000,
            _ => return Err(wrong()),
        };
        let ms =
            number.checked_mul(unit_ms).filter(|ms| *ms <= MAX_MS).ok_or("that is more than 100 years")?;
        Ok(Self(Duration::from_millis(ms)))
    }
}

impl Span {
    /// In whole milliseconds.
    pub fn ms(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(MAX_MS)
    }
}

/// "3 s", "5 min", "2 h", "4 days": the biggest unit that fits.
pub fn roughly(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        86_400..172_800 => "1 day".to_owned(),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// A moment for `--since`, as RFC 3339: a length of time before now, a date (its first moment here), or a time.
///
/// # Errors
/// In words, when it is none of them.
pub fn moment(text: &str) -> Result<String, String> {
    let text = text.trim();
    if let Ok(span) = text.parse::<Span>() {
        let ago = i64::try_from(span.ms()).unwrap_or(i64::MAX);
        let at = jiff::Timestamp::now().as_millisecond().saturating_sub(ago).max(0);
        return Ok(jiff::Timestamp::from_millisecond(at).unwrap_or_default().to_string());
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(at.to_string());
    }
    let zone = jiff::tz::TimeZone::system();
    if let Ok(time) = text.parse::<jiff::civil::DateTime>()
        && let Ok(at) = time.to_zoned(zone)
    {
        return Ok(at.timestamp().to_string());
    }
    Err("write a length of time (2d), a date (2026-11-20) or a time (2026-11-20T18:00)".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn spans() {
        let ms = |text: &str| text.parse::<Span>().map(Span::ms);
        assert_eq!(ms("500ms"), Ok(500));
        assert_eq!(ms("30s"), Ok(30_000));
        assert_eq!(ms("30"), Ok(30_000));
        assert_eq!(ms("5m"), Ok(300_000));
        assert_eq!(ms("7d"), Ok(604_800_000));
        for wrong in ["", "s", "5y", "-1s", "1.5s", "99999999999999999999s", "18446744073709551615w", "5 s s"]
        {
            assert!(ms(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn moments() {
        assert_eq!(moment("2026-11-20T18:00:00Z").unwrap(), "2026-11-20T18:00:00Z");
        assert!(moment("2026-11-20").is_ok() && moment("2d").is_ok() && moment("100w").is_ok());
        assert!(moment("soon").is_err());
    }

    #[test]
    fn rough_lengths() {
        let all = [5, 61, 7_300, 90_000, 300_000].map(roughly);
        assert_eq!(all, ["5 s", "1 min", "2 h", "1 day", "3 days"]);
    }
}
