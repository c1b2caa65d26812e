//! Tests of the cleaner.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// Strings rich in what the cleaner must handle.
fn hostile() -> impl Strategy<Value = String> {
    let special = prop::sample::select(vec![
        '\u{1b}',
        '\u{9b}',
        '\u{7f}',
        '\u{0}',
        '\r',
        '\n',
        '\t',
        '\u{85}',
        '\u{2028}',
        '\u{202e}',
        '\u{2066}',
        '\u{200b}',
        '\u{200c}',
        '\u{200d}',
        '\u{200f}',
        '\u{fe0f}',
        '\u{fe0e}',
        '\u{e0041}',
        '\u{e007f}',
        '\u{301}',
        '\u{308}',
        '\u{93c}',
        '\u{94d}',
        '\u{915}',
        '\u{958}',
        '\u{1d15e}',
        '\u{1100}',
        '\u{1161}',
        '\u{11a8}',
        '\u{1f469}',
        '\u{2764}',
        '\u{1f3fb}',
        '\u{1f1e9}',
        '\u{1f1ea}',
        '\u{20e3}',
        '1',
        '#',
        '\u{627}',
        '\u{6cc}',
        ' ',
        '\u{a0}',
        '\u{2800}',
        '\u{3164}',
        'e',
        'I',
        'l',
        '\u{130}',
        '\u{5e7}',
        '@',
        '/',
        '-',
        '\u{ff20}',
        '\u{600}',
        '\u{345}',
        '\u{390}',
        '\u{1e9e}',
        '\u{212b}',
        '\u{37e}',
        '\u{d7b0}',
        '\u{1160}',
    ]);
    prop::collection::vec(prop_oneof![3 => special, 1 => any::<char>()], 0..60).prop_map(String::from_iter)
}

fn is_inert(text: &str) -> bool {
    text.chars().all(|c| (c == '\n' || !c.is_control()) && !chars::is_hidden_for_test(c))
}

#[test]
fn the_tables_can_be_searched() {
    assert!(chars::tables_are_sorted());
}

#[test]
fn plain_text_stays() {
    for text in [
        "Guten Tag,\nwie geht's?",
        "❤️ 👩‍👩‍👧 🇩🇪 1️⃣ 👍🏽",
        "קוֹל שָׁלוֹם",
        "你好",
        "क्षि क्‍ष",
        "می‌خواهم",
        "Tiếng Việt",
        "e\u{301}",
        "👩🏻‍❤️‍💋‍👨🏿",
    ] {
        assert_eq!(clean_text(text), text, "{text:?}");
    }
}

#[test]
fn terminal_controls_are_gone() {
    assert_eq!(clean_text("\u{1b}]0;owned\u{7}a\u{1b}[31mb\u{9b}2Jc\u{8}\r"), "]0;owneda[31mb2Jc");
    assert_eq!(clean_text("a\r\nb\u{2028}c\u{85}d"), "a\nb\nc\nd");
    assert_eq!(clean_text("tab\there"), "tab    here");
    assert_eq!(clean_line("a\nb\r\nc"), "a b c");
}

#[test]
fn hidden_text_is_gone() {
    assert_eq!(clean_text("a\u{202e}txt.exe\u{202c}\u{2066}b\u{2069}"), "atxt.exeb");
    assert_eq!(clean_text("x\u{e0068}\u{e0069}\u{200b}\u{feff}\u{ad}y"), "xy");
    assert_eq!(clean_text("pay\u{200d}pal\u{200c}!"), "paypal!");
    assert_eq!(clean_text("a\u{fe0f}b"), "ab");
}

#[test]
fn marks_do_not_pile_up() {
    let piled = format!("e{}x", "\u{301}".repeat(10_000));
    assert_eq!(clean_text(&piled).chars().count(), 1 + 6 + 1);
    assert_eq!(clean_text("\u{301}\u{301}a\n\u{301}b"), "a\nb");
    let family = "👩\u{200d}".repeat(5_000);
    assert!(clean_text(&family).graphemes(true).all(|cluster| cluster.chars().count() <= 17));
    let coloured = format!("👍{}", "\u{1f3fb}".repeat(1_000));
    assert_eq!(clean_text(&coloured).chars().count(), 7);
}

#[test]
fn names_are_short_and_single() {
    assert_eq!(clean_name("  Ilse \n\t Brandt  "), "Ilse Brandt");
    assert_eq!(clean_name("\u{200b}\u{3164}\u{2800} \u{a0}"), "");
    assert_eq!(clean_name("Zoe\u{308}"), "Zoë");
    assert_eq!(clean_name(&"W".repeat(100)).width(), 32);
    assert_eq!(clean_name(&"你".repeat(100)).width(), 32);
    assert!(clean_name(&"👩‍👩‍👧".repeat(100)).chars().count() <= 64);
}

#[test]
fn handles_can_be_typed() {
    assert_eq!(handle("Ilse Brandt"), "ilse-brandt");
    assert_eq!(handle("@#:/"), "someone");
    assert_eq!(handle("--help"), "help");
    assert_eq!(handle("＠alice ／ bob"), "alice-bob");
    assert_eq!(handle("🐦"), "🐦");
}

#[test]
fn look_alikes_share_a_skeleton() {
    for (one, other) in [
        ("paypal", "pаypаl"),
        ("PayPaI", "paypal"),
        ("Ilse Brandt", "llse Brandt"),
        ("alice", "ALICE"),
        ("alice", "al\u{200d}ice"),
        ("modern", "modem"),
        ("b0b", "bob"),
    ] {
        assert_eq!(skeleton(one), skeleton(other), "{one} {other}");
    }
    assert_ne!(skeleton("alice"), skeleton("bob"));
    assert_ne!(skeleton("Zoë"), skeleton("Zoe"));
}

#[test]
fn reactions_are_one_emoji() {
    for text in ["👍", "👍🏽", "❤️", "👩‍👩‍👧", "🇩🇪", "1️⃣", "🏳️‍🌈", "☺"]
    {
        assert!(is_one_emoji(text), "{text}");
    }
    for text in
        ["", "a", "1", "👍👍", "👍 ", "\u{1b}", "👍\u{202e}", "e\u{301}", "🇩", "\n", "👍\n", "👩\u{200d}"]
    {
        assert!(!is_one_emoji(text), "{text:?}");
    }
    assert!(!is_one_emoji(&"👩\u{200d}".repeat(20)));
}

proptest! {
    #[test]
    fn cleaning_twice_is_cleaning_once(text in hostile()) {
        for clean in [clean_text, clean_line, clean_name, handle] {
            let once = clean(&text);
            prop_assert!(is_inert(&once), "{once:?}");
            prop_assert_eq!(clean(&once), once);
        }
        prop_assert!(!clean_line(&text).contains('\n'));
        prop_assert!(!handle(&text).is_empty() && !handle(&text).starts_with(['-', '@', '#']));
    }

    #[test]
    fn a_name_fits_and_stays_in_its_clusters(text in hostile()) {
        let name = clean_name(&text);
        prop_assert!(name.width() <= 32 && name.chars().count() <= 64);
        prop_assert_eq!(name.trim(), &name);
        let _ = skeleton(&text);
        let _ = is_one_emoji(&text);
    }

    #[test]
    fn clusters_are_bounded(text in hostile()) {
        for cluster in clean_text(&text).graphemes(true) {
            prop_assert!(cluster.chars().filter(|c| chars::is_extender(*c) && *c != chars::ZWJ && *c != chars::ZWNJ).count() <= 6 * 9);
        }
    }
}
