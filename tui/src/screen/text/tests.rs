//! Text must come out visible, bounded and unable to steer a terminal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use proptest::prelude::*;

#[test]
fn cleaning_drops_what_steers_and_keeps_the_rest() {
    assert_eq!(clean::line("a\u{1b}[31mb\u{202e}c\u{7f}\u{9b}d"), "a[31mbcd");
    assert_eq!(clean::line("a\tb"), "a   b");
    assert_eq!(clean::line("❤️ 👩‍👩‍👧 🇩🇪 קול 你好"), "❤️ 👩‍👩‍👧 🇩🇪 קול 你好");
    let zalgo = format!("e{}", "\u{301}".repeat(12));
    assert_eq!(clean::line(&zalgo), format!("e{}", "\u{301}".repeat(6)));
}

#[test]
fn wide_clusters_are_counted_as_drawn() {
    assert_eq!(columns("❤️"), 2);
    assert_eq!(columns("👩‍👩‍👧"), 2);
    assert_eq!(columns("🇩🇪"), 2);
    assert_eq!(columns("你好"), 4);
    assert_eq!(cut("你好吗", 4, "…"), "你…");
}

#[test]
fn wrapping_breaks_at_words_and_inside_long_ones() {
    assert_eq!(wrap::wrap("one two three", 7), ["one two", "three"]);
    assert_eq!(wrap::wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
    assert_eq!(wrap::wrap("a\n\nb", 4), ["a", "", "b"]);
    assert_eq!(wrap::wrap("大家好，我在局域网里", 8), ["大家好，", "我在局域", "网里"]);
    assert_eq!(wrap::wrap("", 4), [""]);
}

#[test]
fn days_and_times_read_like_speech() {
    let zone = jiff::tz::TimeZone::UTC;
    let now = time::local("2026-11-22T21:12:00Z", &zone).unwrap();
    let at = time::local("2026-11-21T18:02:00Z", &zone).unwrap();
    assert_eq!(time::day(at.date(), now.date()), "Yesterday");
    let old = time::local("2025-11-20T18:02:00Z", &zone).unwrap();
    assert_eq!(time::day(old.date(), now.date()), "Thursday 20 November 2025");
    assert_eq!(time::short(&at, &now), "21 Nov");
    assert_eq!(time::until(15_000), "15 s");
    assert_eq!(time::until(10), "1 s");
    assert_eq!(time::ago(old.timestamp(), now.timestamp()), "367 d");
}

proptest! {
    #[test]
    fn no_row_is_wider_than_asked_and_none_has_control_characters(text in "\\PC*|.*", width in 1usize..60) {
        for row in wrap::wrap(&text, width) {
            prop_assert!(columns(&row) <= width, "{row:?}");
            prop_assert!(!row.chars().any(char::is_control));
        }
    }

    #[test]
    fn cutting_never_exceeds(text in ".*", width in 0usize..20) {
        prop_assert!(columns(&cut(&clean::line(&text), width, "…")) <= width);
        prop_assert_eq!(columns(&pad(&clean::line(&text), width, "…")), width);
    }

    #[test]
    fn the_caret_has_a_place_in_the_rows(lines in prop::collection::vec("[a-z你❤ ]{0,12}", 1..5), line in 0usize..5, at in 0usize..14, width in 2usize..9) {
        let line = line.min(lines.len() - 1);
        let at = at.min(lines[line].chars().count());
        let (rows, (row, column)) = wrap::edit_rows(&lines, (line, at), width);
        prop_assert!(row < rows.len());
        prop_assert!(column <= width);
        for row in rows { prop_assert!(columns(&row.text) <= width); }
    }
}
