//! The clock of the played conversation: it begins at the same moment every time, so that what is shown is the same
//! every time.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// When it begins, in seconds since 1970: 2026-03-14 20:14:03 UTC.
const START_S: i64 = 1_773_519_243;

/// The time after `ms` milliseconds of play.
pub fn at(ms: u64) -> Timestamp {
    let start = Timestamp::from_second(START_S).unwrap_or(Timestamp::UNIX_EPOCH);
    let passed = SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
    start.checked_add(passed).unwrap_or(start)
}

/// The same as the API writes it.
pub fn text(ms: u64) -> String {
    format!("{:.3}", at(ms))
}

/// Some minutes before the beginning.
pub fn before(minutes: u64) -> String {
    let past = SignedDuration::from_mins(i64::try_from(minutes).unwrap_or(0));
    format!("{:.3}", at(0).checked_sub(past).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// The zone it is played in.
pub fn zone() -> TimeZone {
    TimeZone::UTC
}
