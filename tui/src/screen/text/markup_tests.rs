//! Marks go, text stays; rows are no wider than asked; addresses show what a computer reads.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::link::Address;
use super::markup::{Face, Look, TextRow, rows, widest_code, width_of};
use super::{clean, direction, emoji, link};
use proptest::prelude::*;

const LOOK: Look = Look { width: 40, shift: 0, markdown: true, names: false, bar: "│", ellipsis: "…" };

fn plain(rows: &[TextRow]) -> Vec<String> {
    rows.iter().map(|row| row.iter().map(|span| span.text.as_str()).collect()).collect()
}

fn shown(text: &str) -> Vec<String> {
    plain(&rows(text, &LOOK))
}

/// The text of the pieces with a look.
fn with(text: &str, face: Face) -> Vec<String> {
    let rows = rows(text, &LOOK);
    rows.iter()
        .flat_map(|row| row.iter())
        .filter(|span| span.face.has(face))
        .map(|span| span.text.clone())
        .collect()
}

#[test]
fn marks_become_looks() {
    assert_eq!(shown("a **b** *c* _d_ ~~e~~ `f`"), ["a b c d e f"]);
    assert_eq!(with("a **b c** d", Face::BOLD), ["b c"]);
    assert_eq!(with("*x* and _y_", Face::ITALIC), ["x", "y"]);
    assert_eq!(with("~~gone~~", Face::STRIKE), ["gone"]);
    assert_eq!(with("`**no**`", Face::CODE), ["**no**"]);
    assert_eq!(with("**bold *both* bold**", Face::BOLD | Face::ITALIC), ["both"]);
    assert_eq!(with("这是**粗体**字", Face::BOLD), ["粗体"]);
}

#[test]
fn what_is_no_mark_stays_as_typed() {
    for text in [
        "2*3*4",
        "snake_case_name",
        "**",
        "a ** b ** c",
        "`open",
        "5 * 3 * 2",
        "~/a ~/b",
        "**a*",
        "[x]",
        "[x](y)",
    ] {
        assert_eq!(shown(text), [text.trim_end()], "{text}");
    }
    assert_eq!(shown("[go](javascript:alert(1))"), ["[go](javascript:alert(1))"]);
    let off = Look { markdown: false, ..LOOK };
    assert_eq!(plain(&rows("**a** `b`\n> c", &off)), ["**a** `b`", "> c"]);
}

#[test]
fn marks_that_go_do_not_let_pieces_act_together() {
    let pile = "\u{301}".repeat(6);
    let text = format!("e{pile}**{pile}x**");
    assert_eq!(shown(&text), [clean::line(&text)], "as it was typed");
}

#[test]
fn every_line_stays_a_line() {
    assert_eq!(shown("a\n\nb\n# c\n---\n\n"), ["a", "", "b", "# c", "---", "", ""]);
    assert_eq!(shown("> said\n- one\n2. two"), ["│ said", "- one", "2. two"]);
    let narrow = Look { width: 12, ..LOOK };
    assert_eq!(plain(&rows("> one two three", &narrow)), ["│ one two", "│ three"]);
    assert_eq!(plain(&rows("- one two three", &narrow)), ["- one two", "  three"]);
}

#[test]
fn code_is_moved_and_never_broken() {
    let text = "see\n```rust\nlet **a** = \"0123456789 0123456789 0123456789\";\n```\nend";
    assert_eq!(widest_code(text), 47);
    let first = shown(text);
    assert_eq!(first.len(), 5);
    assert!(first[2].starts_with("let **a** = ") && first[2].ends_with('…'));
    let moved = plain(&rows(text, &Look { shift: 20, ..LOOK }));
    assert!(moved[2].ends_with("\";"), "{moved:?}");
    assert_eq!(moved[0], "see");
    assert_eq!(shown("```\nnever closed **b**"), ["```", "never closed b"]);
}

#[test]
fn words_of_a_link_never_hide_where_it_leads() {
    assert_eq!(shown("[bank](https://evil.example/x)"), ["bank (https://evil.example/x)"]);
    assert_eq!(shown("[https://a.example](https://a.example)"), ["https://a.example"]);
    assert_eq!(with("see https://a.example/a_b_c.", Face::LINK), ["https://a.example/a_b_c"]);
}

#[test]
fn addresses_are_spelled_out() {
    let found = link::addresses(
        "a https://bücher.example/ä, again https://bücher.example/ä\nhttps://xn--80ak6aa92e.com (javascript:x) http://bank.example@evil.example/",
    );
    assert_eq!(found.len(), 3);
    assert_eq!(found[0].whole, "https://xn--bcher-kva.example/ä");
    assert_eq!(found[0].looks_like.as_deref(), Some("bücher.example"));
    assert_eq!(found[1].whole, "https://xn--80ak6aa92e.com");
    assert_eq!(found[1].looks_like.as_deref(), Some("аррӏе.com"));
    assert_eq!(found[2].before_at.as_deref(), Some("bank.example"));
    assert_eq!(Address::of("https://www.example.org/a?b#c").looks_like, None);
    // RFC 3492, 7.1: Chinese (simplified), and Czech.
    assert_eq!(Address::of("http://他们为什么不说中文").whole, "http://xn--ihqwcrb4cv8a8dqg056pqjye");
    assert_eq!(
        Address::of("http://pročprostěnemluvíčesky/").whole,
        "http://xn--proprostnemluvesky-uyb24dma41a/"
    );
    assert!(!link::openable("javascript:alert(1)") && !link::openable("file:///etc/passwd"));
    assert!(!link::openable("https://a b") && !link::openable("https://a\u{1b}[2J"));
}

#[test]
fn direction_is_that_of_the_first_letter() {
    assert!(direction::right_to_left("123 קול abc"));
    assert!(direction::right_to_left("مرحبا"));
    assert!(!direction::right_to_left("abc קול"));
    assert!(!direction::right_to_left("123 ..."));
    assert_eq!(shown("קול"), [format!("{}קול", " ".repeat(37))]);
    assert_eq!(shown("> קול"), [format!("│ {}קול", " ".repeat(35))]);
}

#[test]
fn emoji_have_names() {
    assert!(emoji::complete("thumbs").iter().any(|(name, emoji)| *name == "thumbsup" && *emoji == "👍"));
    assert!(emoji::complete("a").is_empty());
    assert!(emoji::complete("an").len() <= emoji::ROWS);
    assert_eq!(emoji::meant(":thumbsup:").as_deref(), Some("👍"));
    assert_eq!(emoji::meant("❤️").as_deref(), Some("❤️"));
    assert_eq!(emoji::meant("hello"), None);
    let names = Look { names: true, ..LOOK };
    assert_eq!(plain(&rows("well done 👍", &names)), ["well done :+1:"]);
}

#[test]
fn hostile_texts_take_no_longer_than_others() {
    let started = std::time::Instant::now();
    for piece in [
        "*a ",
        "**a ",
        "_a",
        "`",
        "`` ` ",
        "[a](",
        "[",
        "[a](https://x ",
        "~~",
        "a*b_",
        "***",
        "> ",
        "e\u{301}\u{301}",
        "https://",
    ] {
        let text = piece.repeat(32 * 1024 / piece.len());
        for row in rows(&text, &LOOK) {
            assert!(width_of(&row) <= LOOK.width);
        }
    }
    // Squared, each of these takes minutes.
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

#[test]
fn names_are_bounded() {
    assert_eq!(clean::name(&"n".repeat(100)).chars().count(), 32);
    assert_eq!(clean::name("a\u{202e}b\nc"), "ab c");
}

proptest! {
    #[test]
    fn no_row_is_wider_than_asked(text in "([*_~`>\\[\\]() \n\t-]|```|https://a\\.b/|\\PC|ק|你|👩‍👩‍👧){0,60}", width in 1usize..50, shift in 0usize..9, markdown: bool, names: bool) {
        let look = Look { width, shift, markdown, names, ..LOOK };
        for row in rows(&text, &look) {
            prop_assert!(width_of(&row) <= width, "{row:?}");
            prop_assert!(!row.iter().any(|span| span.text.is_empty() || span.text.chars().any(char::is_control)));
        }
    }

    /// All but marks and spaces is there, in its order, and lines are not joined.
    #[test]
    fn no_text_is_lost(text in "([*_~`>\\[\\]() \n.-]|```|https://a\\.b/|[a-zé你ק]){0,60}") {
        let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
        let look = Look { width: 400, ..LOOK };
        let shown = plain(&rows(&text, &look));
        prop_assert_eq!(shown.len(), text.split('\n').count());
        prop_assert_eq!(letters(&shown.concat()), letters(&text));
        let other = |text: &str| text.chars().filter(|c| !c.is_whitespace() && !"*_~`>[]()│".contains(*c)).collect::<String>();
        prop_assert_eq!(other(&shown.concat()), other(&text));
    }

    #[test]
    fn addresses_are_whole(host in "[a-zа-я你é]{1,12}") {
        let address = Address::of(&format!("https://{host}.example/"));
        prop_assert!(address.whole.is_ascii(), "{}", address.whole);
        prop_assert_eq!(address.looks_like.clone().unwrap_or(format!("{host}.example")), format!("{host}.example"));
        prop_assert_eq!(Address::of(&address.whole).looks_like, address.looks_like);
    }
}
