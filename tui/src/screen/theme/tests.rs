#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::palette::{MEANINGS, Palette};
use super::*;
use crate::screen::settings::{MarksOf, Settings};

/// Relative luminance, as WCAG 2 has it.
fn luminance(colour: Color) -> f64 {
    let Color::Rgb(red, green, blue) = colour else { panic!("{colour:?} has no values") };
    let part = |value: u8| {
        let value = f64::from(value) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue)
}

fn contrast(one: Color, other: Color) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn light_and_dark_have_a_contrast_of_seven_to_one() {
    let grounds = [(Palette::DARK, Color::Rgb(0, 0, 0)), (Palette::LIGHT, Color::Rgb(255, 255, 255))];
    for (palette, ground) in grounds {
        for ink in [palette.text, palette.dim, palette.own, palette.warn, palette.good] {
            let seen = contrast(ink.unwrap(), ground);
            assert!(seen >= 7.0, "{ink:?} on {ground:?}: {seen:.1}");
        }
        let seen = contrast(palette.chosen.unwrap(), palette.ground.unwrap());
        assert!(seen >= 7.0, "chosen: {seen:.1}");
    }
    assert!((contrast(Color::Rgb(0, 0, 0), Color::Rgb(255, 255, 255)) - 21.0).abs() < 1e-9);
}

fn with(theme: &str) -> Settings {
    Settings { theme: theme.to_owned(), ..Settings::default() }
}

#[test]
fn a_theme_is_what_settings_and_terminal_allow() {
    let terminal = Terminal { depth: Depth::True, ..Terminal::default() };
    let colour = |theme: &str, terminal: &Terminal| Theme::of(&with(theme), terminal, None).styles.own.fg;
    assert_eq!(colour("auto", &terminal), Some(Color::Cyan));
    assert_eq!(colour("auto", &Terminal { dark: false, ..terminal }), Some(Color::Blue));
    assert_eq!(colour("dark", &terminal), Palette::DARK.own);
    assert_eq!(colour("light", &terminal), Palette::LIGHT.own);
    assert_eq!(colour("mono", &terminal), None);
    for depth in [Depth::None, Depth::Sixteen, Depth::Indexed] {
        let fg = colour("dark", &Terminal { depth, ..terminal });
        assert!(!matches!(fg, Some(Color::Rgb(..))), "{depth:?}");
        assert_eq!(fg.is_none(), depth == Depth::None);
    }
    // Without colour what is chosen and what is dim can still be told.
    let mono = Theme::of(&with("dark"), &Terminal { depth: Depth::None, ..terminal }, None).styles;
    assert!(mono.chosen.add_modifier.contains(Modifier::REVERSED));
    assert!(mono.dim.add_modifier.contains(Modifier::DIM) && mono.own.add_modifier.contains(Modifier::BOLD));
    assert_eq!(Theme::of(&with("mono"), &terminal, None), Theme::new(UNICODE, false));
    assert_eq!(Theme::of(&with("auto"), &terminal, None), Theme::new(UNICODE, true));
}

#[test]
fn a_file_brings_its_own_colours() {
    let mut palette = Palette::default();
    palette.set("own", "#102030").unwrap();
    palette.set("warn", "bright-red").unwrap();
    palette.set("ground", "blue").unwrap();
    palette.set("dim", "default").unwrap();
    let terminal = Terminal { depth: Depth::True, ..Terminal::default() };
    let theme = Theme::of(&with("mine"), &terminal, Some(&palette));
    assert_eq!(theme.styles.own.fg, Some(Color::Rgb(0x10, 0x20, 0x30)));
    assert_eq!(theme.styles.warn.fg, Some(Color::LightRed));
    assert_eq!((theme.styles.chosen.bg, theme.styles.chosen.fg), (Some(Color::Blue), None));
    for (meaning, text) in
        [("own", "#12345"), ("own", "#+12345"), ("own", "pink"), ("own", ""), ("text", "#ääääää")]
    {
        assert!(palette.set(meaning, text).unwrap_err().starts_with("a colour is"), "{text}");
    }
    assert!(palette.set("sky", "blue").unwrap_err().contains("ground"));
    for meaning in MEANINGS {
        palette.set(meaning, "red").unwrap();
    }
}

#[test]
fn marks_are_plain_where_the_others_would_tear_the_screen() {
    let marks = |settings: MarksOf, terminal: Terminal| {
        Theme::of(&Settings { marks: settings, ..Settings::default() }, &terminal, None).marks
    };
    let can = Terminal::default();
    assert_eq!(marks(MarksOf::Auto, can), UNICODE);
    assert_eq!(marks(MarksOf::Auto, Terminal { utf8: false, ..can }), ASCII);
    assert_eq!(marks(MarksOf::Auto, Terminal { wide: true, ..can }), ASCII);
    assert_eq!(marks(MarksOf::Unicode, Terminal { wide: true, ..can }), UNICODE);
    assert_eq!(marks(MarksOf::Ascii, can), ASCII);
    assert_eq!(marks(MarksOf::Unicode, Terminal { ascii: true, ..can }), ASCII);
}

#[test]
fn the_environment_says_how_many_colours_there_are() {
    let depth = |list: &[(&str, &str)]| {
        let said =
            |name: &str| list.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Terminal::from(said).depth
    };
    assert_eq!(depth(&[("TERM", "xterm")]), Depth::Sixteen);
    assert_eq!(depth(&[("TERM", "xterm-256color")]), Depth::Indexed);
    assert_eq!(depth(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), Depth::True);
    assert_eq!(depth(&[("TERM", "vt100")]), Depth::None);
    assert_eq!(depth(&[("TERM", "vt100"), ("CLICOLOR_FORCE", "1")]), Depth::Sixteen);
    assert_eq!(depth(&[("TERM", "vt100"), ("CLICOLOR_FORCE", "0")]), Depth::None);
    assert_eq!(depth(&[("TERM", "xterm"), ("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]), Depth::None);
    assert_eq!(depth(&[("TERM", "xterm"), ("NO_COLOR", "")]), Depth::Sixteen);
    let locale = |value: &str| {
        let value = value.to_owned();
        Terminal::from(move |name: &str| (name == "LC_ALL").then(|| value.clone())).utf8
    };
    assert!(locale("de_DE.UTF-8") && locale("C.utf8") && !locale("C") && !locale("ja_JP.SJIS"));
}
