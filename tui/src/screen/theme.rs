//! Marks and colours. Every fact has a mark or a word; colour only repeats it, so the screen means the same without
//! colour (NO_COLOR) and with plain characters (STARLING_ASCII=1, a locale that is not UTF-8, or a terminal that draws
//! the marks two columns wide).

pub mod palette;
#[cfg(test)]
mod tests;

use super::settings::{MarksOf, Settings};
use palette::Palette;
use ratatui::style::{Color, Modifier, Style};

/// The characters used for facts and frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks {
    /// On this disk.
    pub waiting: &'static str,
    /// In a mailbox.
    pub mailbox: &'static str,
    /// Delivered.
    pub delivered: &'static str,
    /// Read.
    pub read: &'static str,
    /// Failed or expired.
    pub failed: &'static str,
    /// Reached directly.
    pub direct: &'static str,
    /// On this LAN.
    pub lan: &'static str,
    /// By relay.
    pub relay: &'static str,
    /// Not here.
    pub away: &'static str,
    /// Upright line.
    pub up: &'static str,
    /// Level line.
    pub level: &'static str,
    /// Corners: top left, top right, bottom left, bottom right.
    pub corners: [&'static str; 4],
    /// What stands for cut text.
    pub ellipsis: &'static str,
    /// In front of a line Starling says.
    pub dot: &'static str,
    /// A step that is done.
    pub done: &'static str,
    /// One character of a hidden passphrase.
    pub hidden: &'static str,
    /// Whether half blocks may be drawn (for the QR code).
    pub blocks: bool,
}

/// Marks of a terminal that shows Unicode.
pub const UNICODE: Marks = Marks {
    waiting: "◷",
    mailbox: "✓",
    delivered: "✓✓",
    read: "◉",
    failed: "✗",
    direct: "●",
    lan: "⌂",
    relay: "◐",
    away: "○",
    up: "│",
    level: "─",
    corners: ["┌", "┐", "└", "┘"],
    ellipsis: "…",
    dot: "·",
    done: "✓",
    hidden: "•",
    blocks: true,
};

/// Marks of any terminal.
pub const ASCII: Marks = Marks {
    waiting: "~",
    mailbox: "+",
    delivered: "++",
    read: "R",
    failed: "!",
    direct: "*",
    lan: "L",
    relay: "%",
    away: "o",
    up: "|",
    level: "-",
    corners: ["+", "+", "+", "+"],
    ellipsis: "...",
    dot: "*",
    done: "+",
    hidden: "*",
    blocks: false,
};

/// Styles by meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Styles {
    /// Ordinary text.
    pub text: Style,
    /// What matters less.
    pub dim: Style,
    /// Names and headings.
    pub strong: Style,
    /// Own name.
    pub own: Style,
    /// Something needs the person.
    pub warn: Style,
    /// Something is well.
    pub good: Style,
    /// The chosen entry.
    pub chosen: Style,
}

/// Marks and styles together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Characters.
    pub marks: Marks,
    /// Styles.
    pub styles: Styles,
}

/// How many colours a terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// None.
    None,
    /// Sixteen, whose values are the person's.
    Sixteen,
    /// 256 with known values.
    Indexed,
    /// All.
    True,
}

/// What is known of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// Its colours.
    pub depth: Depth,
    /// Whether its ground is dark.
    pub dark: bool,
    /// Whether it takes UTF-8.
    pub utf8: bool,
    /// Whether it draws the marks two columns wide.
    pub wide: bool,
    /// Whether plain marks are asked for by STARLING_ASCII.
    pub ascii: bool,
}

impl Default for Terminal {
    fn default() -> Self {
        Self { depth: Depth::Sixteen, dark: true, utf8: true, wide: false, ascii: false }
    }
}

impl Terminal {
    /// What the environment says.
    pub fn from_environment() -> Self {
        Self::from(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    /// What variables say.
    pub fn from(variable: impl Fn(&str) -> Option<String>) -> Self {
        let said = |name: &str| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| said(name));
        let utf8 = locale.is_none_or(|value| {
            let value = value.to_ascii_lowercase();
            value.contains("utf-8") || value.contains("utf8")
        });
        let term = said("TERM").unwrap_or_default();
        let many = said("COLORTERM").is_some_and(|value| value == "truecolor" || value == "24bit");
        let none =
            term == "dumb" || term.starts_with("vt1") || term.starts_with("vt2") || term.ends_with("-m");
        let forced = said("CLICOLOR_FORCE").is_some_and(|value| value != "0");
        let depth = if said("NO_COLOR").is_some() || none && !forced {
            Depth::None
        } else if many {
            Depth::True
        } else if term.contains("256color") {
            Depth::Indexed
        } else {
            Depth::Sixteen
        };
        let utf8 = utf8 || cfg!(windows);
        Self { depth, utf8, ascii: said("STARLING_ASCII").is_some(), ..Self::default() }
    }
}

impl Theme {
    /// The theme for marks, with or without colour.
    pub fn new(marks: Marks, colour: bool) -> Self {
        let palette = if colour { Palette::sixteen(true) } else { Palette::default() };
        Self::painted(marks, &palette)
    }

    /// The theme the person set, as the terminal can show it; `file` is the palette of a theme that is a file.
    pub fn of(settings: &Settings, terminal: &Terminal, file: Option<&Palette>) -> Self {
        let plain = match settings.marks {
            _ if terminal.ascii => true,
            MarksOf::Ascii => true,
            MarksOf::Unicode => false,
            MarksOf::Auto => !terminal.utf8 || terminal.wide,
        };
        let palette = match (settings.theme.as_str(), file) {
            ("mono", _) => Palette::default(),
            ("dark", _) => Palette::DARK.shown(terminal.depth, true),
            ("light", _) => Palette::LIGHT.shown(terminal.depth, false),
            ("auto", _) | (_, None) => Palette::sixteen(terminal.dark).shown(terminal.depth, terminal.dark),
            (_, Some(palette)) => palette.shown(terminal.depth, terminal.dark),
        };
        Self::painted(if plain { ASCII } else { UNICODE }, &palette)
    }

    fn painted(marks: Marks, palette: &Palette) -> Self {
        let ink = |colour: Option<Color>| colour.map_or(Style::new(), |colour| Style::new().fg(colour));
        let bold = |colour: Option<Color>| ink(colour).add_modifier(Modifier::BOLD);
        let dim = match palette.dim {
            None => ink(palette.text).add_modifier(Modifier::DIM),
            dim => ink(dim),
        };
        let chosen = match (palette.chosen, palette.ground) {
            (None, None) => Style::new().add_modifier(Modifier::REVERSED),
            (ink, ground) => Style { fg: ink, bg: ground, ..Style::new() },
        };
        Self {
            marks,
            styles: Styles {
                text: ink(palette.text),
                dim,
                strong: bold(palette.text),
                own: bold(palette.own),
                warn: bold(palette.warn),
                good: ink(palette.good),
                chosen,
            },
        }
    }

    /// The mark of a message state.
    pub fn state(&self, state: &str) -> &'static str {
        match state {
            "queued" => self.marks.waiting,
            "mailbox" => self.marks.mailbox,
            "delivered" => self.marks.delivered,
            "read" => self.marks.read,
            "failed" | "expired" => self.marks.failed,
            _ => "?",
        }
    }

    /// The mark of a person: by which road they are here.
    pub fn person(&self, presence: &str, via: &str) -> &'static str {
        match (presence, via) {
            ("offline", _) | (_, "none") => self.marks.away,
            (_, "lan") => self.marks.lan,
            (_, "relay") => self.marks.relay,
            _ => self.marks.direct,
        }
    }
}
