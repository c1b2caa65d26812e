//! Times in a person's words. All of them arrive as RFC 3339 from the node and are shown in the person's zone; what
//! cannot be read is shown as nothing, never as a wrong time.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// Reads a time of the API.
pub fn parse(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// A time in the person's zone.
pub fn local(text: &str, zone: &TimeZone) -> Option<Zoned> {
    parse(text).map(|at| at.to_zoned(zone.clone()))
}

/// "21:12".
pub fn clock(at: &Zoned) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn month(date: Date) -> &'static str {
    usize::try_from(date.month() - 1).ok().and_then(|index| MONTHS.get(index)).copied().unwrap_or("")
}

/// "Today", "Yesterday", "Saturday 21 November", with the year when it is not this one.
pub fn day(date: Date, today: Date) -> String {
    if date == today {
        return "Today".to_owned();
    }
    if today.yesterday().is_ok_and(|yesterday| yesterday == date) {
        return "Yesterday".to_owned();
    }
    let offset = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0);
    let weekday = WEEKDAYS.get(offset).copied().unwrap_or("");
    let year = if date.year() == today.year() { String::new() } else { format!(" {}", date.year()) };
    format!("{weekday} {} {}{year}", date.day(), month(date))
}

/// "21:12" for today, "21 Nov" or "21 Nov 2025" before that.
pub fn short(at: &Zoned, now: &Zoned) -> String {
    if at.date() == now.date() {
        return clock(at);
    }
    let name: String = month(at.date()).chars().take(3).collect();
    if at.year() == now.year() {
        format!("{} {name}", at.day())
    } else {
        format!("{} {name} {}", at.day(), at.year())
    }
}

/// "21:12" for today, "21 Nov 21:12" before that: for "delivered …".
pub fn moment(at: &Zoned, now: &Zoned) -> String {
    if at.date() == now.date() { clock(at) } else { format!("{} {}", short(at, now), clock(at)) }
}

/// How long ago, in the biggest unit: "now", "5 min", "3 h", "2 d".
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(at.as_second()).max(0);
    match seconds {
        0..=59 => "now".to_owned(),
        60..=3_599 => format!("{} min", seconds / 60),
        3_600..=86_399 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// How long until: "1 s", "15 s", "4 min", "2 h".
pub fn until(milliseconds: u64) -> String {
    let seconds = milliseconds.div_ceil(1_000).max(1);
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    }
}
