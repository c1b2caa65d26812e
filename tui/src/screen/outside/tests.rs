#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use proptest::prelude::*;

fn terminal(variables: &[(&str, &str)]) -> Terminal {
    Terminal::of(|name| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    })
}

fn notice(title: &str, body: &str) -> Notice {
    Notice { chat: "chat:ilse".into(), title: title.into(), body: body.into() }
}

#[test]
fn each_terminal_gets_what_it_understands() {
    let table: &[(&[(&str, &str)], Way)] = &[
        (&[("TERM", "xterm-kitty")], Way::Osc99),
        (&[("TERM", "tmux-256color"), ("KITTY_WINDOW_ID", "1"), ("TMUX", "/tmp/x")], Way::Osc99),
        (&[("TERM", "foot-extra")], Way::Osc777),
        (&[("TERM_PROGRAM", "WezTerm")], Way::Osc777),
        (&[("TERM_PROGRAM", "ghostty")], Way::Osc777),
        (&[("TERM_PROGRAM", "iTerm.app")], Way::Osc9),
        (&[("LC_TERMINAL", "iTerm2"), ("SSH_TTY", "/dev/pts/1")], Way::Osc9),
        (&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "Apple_Terminal")], Way::Bell),
        (&[], Way::Bell),
    ];
    for (variables, way) in table {
        assert_eq!(terminal(variables).way, *way, "{variables:?}");
    }
}

#[test]
fn tmux_is_only_gone_through_where_it_lets_one() {
    let inside = terminal(&[("TERM_PROGRAM", "WezTerm"), ("TMUX", "/tmp/x")]);
    assert_eq!(inside.notice(&notice("a", "b")), BELL);
    let passes = Terminal { passes: true, ..inside };
    assert_eq!(passes.notice(&notice("a", "b")), "\x1bPtmux;\x1b\x1b]777;notify;a;b\x1b\x1b\\\x1b\\");
    assert!(inside.copy("x").unwrap().starts_with("\x1b]52;"));
    assert!(inside.copy(&"x".repeat(TMUX_BYTES + 1)).is_none());
    assert!(terminal(&[]).copy(&"x".repeat(TMUX_BYTES + 1)).is_some());
    assert!(terminal(&[]).copy(&"x".repeat(CLIPBOARD_BYTES + 1)).is_none());
}

#[test]
fn far_from_the_desktop_text_is_copied_by_the_terminal() {
    let here = terminal(&[]);
    let far = terminal(&[("SSH_CONNECTION", "a b")]);
    assert_eq!(here.copies(Clipboard::Auto, true), (true, true));
    assert_eq!(here.copies(Clipboard::Auto, false), (true, false));
    assert_eq!(far.copies(Clipboard::Auto, true), (true, false));
    assert_eq!(far.copies(Clipboard::Desktop, true), (false, true));
    assert_eq!(here.copies(Clipboard::Desktop, false), (true, false));
    assert_eq!(here.copies(Clipboard::Off, true), (false, false));
}

#[test]
fn the_clipboard_gets_standard_base64() {
    for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foobar", "Zm9vYmFy")] {
        assert_eq!(base64(bytes.as_bytes()), text);
    }
}

#[test]
fn a_long_text_is_cut() {
    assert!(super::super::text::columns(&plain(&"wide 你好 ".repeat(200))) <= COLUMNS);
}

/// What a terminal would take as the end of the sequence, or as another part of it.
fn payload(sequence: &str) -> &str {
    sequence.strip_prefix("\x1b]777;notify;").unwrap().strip_suffix("\x1b\\").unwrap()
}

proptest! {
    /// Nothing in a name or text ends a sequence, begins another, or adds a part to it.
    #[test]
    fn nothing_gets_out_of_a_sequence(title in ".{0,300}", body in any::<String>()) {
        let hostile = notice(&title, &body);
        let foot = terminal(&[("TERM", "foot")]).notice(&hostile);
        let inside = payload(&foot);
        prop_assert_eq!(inside.matches(';').count(), 1);
        prop_assert!(!inside.chars().any(char::is_control));
        let iterm = terminal(&[("TERM_PROGRAM", "iTerm.app")]).notice(&hostile);
        let inside = iterm.strip_prefix("\x1b]9;").unwrap().strip_suffix("\x1b\\").unwrap();
        prop_assert!(!inside.contains(';') && !inside.chars().any(char::is_control));
        let kitty = terminal(&[("TERM", "xterm-kitty")]).notice(&hostile);
        prop_assert_eq!(kitty.matches('\x1b').count(), 4);
        let named = super::title(&title);
        let inside = named.strip_prefix("\x1b]2;").unwrap().strip_suffix("\x1b\\").unwrap();
        prop_assert!(!inside.chars().any(char::is_control));
        let copied = terminal(&[]).copy(&title).unwrap();
        prop_assert_eq!((copied.matches('\x1b').count(), copied.matches('\x07').count()), (1, 1));
        let markup = desktop::escaped(&title);
        prop_assert!(!markup.contains(['<', '>']) && !markup.chars().any(char::is_control));
    }
}
