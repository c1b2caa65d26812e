//! Marks and colours. Every fact has a mark or a word; colour only repeats it, so the screen means the same without
//! colour (NO_COLOR) and with plain characters (STARLING_ASCII=1, or a locale that is not UTF-8).

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

impl Theme {
    /// The theme for marks, with or without colour.
    pub fn new(marks: Marks, colour: bool) -> Self {
        let plain = Style::new();
        let tint = |colour_of: Color| if colour { plain.fg(colour_of) } else { plain };
        Self {
            marks,
            styles: Styles {
                text: plain,
                dim: if colour { plain.fg(Color::DarkGray) } else { plain.add_modifier(Modifier::DIM) },
                strong: plain.add_modifier(Modifier::BOLD),
                own: tint(Color::Cyan).add_modifier(Modifier::BOLD),
                warn: tint(Color::Yellow).add_modifier(Modifier::BOLD),
                good: tint(Color::Green),
                chosen: plain.add_modifier(Modifier::REVERSED),
            },
        }
    }

    /// The theme the environment asks for.
    pub fn from_environment() -> Self {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        let utf8 = locale.is_none_or(|value| {
            let value = value.to_ascii_lowercase();
            value.contains("utf-8") || value.contains("utf8")
        });
        let ascii = is_set("STARLING_ASCII") || !(utf8 || cfg!(windows));
        Self::new(if ascii { ASCII } else { UNICODE }, !is_set("NO_COLOR"))
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
