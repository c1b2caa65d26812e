//! What leaves the screen past the cells: the window's title, notices and the clipboard, as sequences of a terminal or
//! words to the desktop. Every text is cleaned here for the way it takes. Must not decide whether something is told.

pub mod desktop;
#[cfg(test)]
mod tests;

use super::notify::Notice;
use super::settings::Clipboard;
use super::text::{clean, cut};

/// Columns of a title or of one part of a notice. Longer texts are cut; terminals cut or drop them anyway.
const COLUMNS: usize = 200;
/// Bytes put on the clipboard by the terminal at most. Some terminals drop longer sequences, others choke on them.
const CLIPBOARD_BYTES: usize = 48 * 1024;
/// The same inside tmux, which passes on at most so much of one sequence in many versions.
const TMUX_BYTES: usize = 24 * 1024;

/// Keeps the title there is, so that [`TITLE_POP`] brings it back.
pub const TITLE_PUSH: &str = "\x1b[22;2t";
/// Brings back the title that was there.
pub const TITLE_POP: &str = "\x1b[23;2t";
/// Rings.
pub const BELL: &str = "\x07";

/// How notices are shown by the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// With an id and parts of their own (kitty).
    Osc99,
    /// Title and text (foot, WezTerm, Ghostty, urxvt).
    Osc777,
    /// One text (iTerm2, Windows Terminal).
    Osc9,
    /// Only the bell.
    Bell,
}

/// What the environment says of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// How it shows notices.
    pub way: Way,
    /// Whether tmux lies between.
    pub tmux: bool,
    /// Whether tmux passes sequences on to the terminal.
    pub passes: bool,
    /// Whether the screen runs on another machine than the terminal.
    pub remote: bool,
}

impl Terminal {
    /// Reads what variables say.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let has = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let is =
            |name: &str, word: &str| variable(name).is_some_and(|value| value.to_lowercase().contains(word));
        let way = if has("KITTY_WINDOW_ID") || is("TERM", "kitty") {
            Way::Osc99
        } else if is("TERM", "foot")
            || is("TERM", "rxvt")
            || is("TERM_PROGRAM", "wezterm")
            || is("TERM_PROGRAM", "ghostty")
            || has("WEZTERM_PANE")
            || has("GHOSTTY_RESOURCES_DIR")
        {
            Way::Osc777
        } else if is("TERM_PROGRAM", "iterm") || is("LC_TERMINAL", "iterm") || has("WT_SESSION") {
            Way::Osc9
        } else {
            Way::Bell
        };
        let remote = has("SSH_TTY") || has("SSH_CONNECTION");
        Self { way, tmux: has("TMUX"), passes: false, remote }
    }

    /// The sequence of a notice; the bell where the terminal can do no more.
    pub fn notice(&self, notice: &Notice) -> String {
        let (title, body) = (plain(&notice.title), plain(&notice.body));
        let sequence = match self.way {
            _ if self.tmux && !self.passes => return BELL.to_owned(),
            Way::Bell => return BELL.to_owned(),
            Way::Osc99 => {
                let id = number(&notice.chat);
                let part = |what: &str, done: u8, text: &str| {
                    format!("\x1b]99;i=s{id}:d={done}:p={what}:e=1;{}\x1b\\", base64(text.as_bytes()))
                };
                // Inside tmux each sequence is passed on by itself.
                return self.through(&part("title", 0, &title)) + &self.through(&part("body", 1, &body));
            }
            Way::Osc777 => format!("\x1b]777;notify;{title};{body}\x1b\\"),
            Way::Osc9 => format!("\x1b]9;{title}: {body}\x1b\\"),
        };
        self.through(&sequence)
    }

    /// The sequence that puts text on the clipboard; none if it is too long for one.
    pub fn copy(&self, text: &str) -> Option<String> {
        let clean = clean::block(text);
        let most = if self.tmux { TMUX_BYTES } else { CLIPBOARD_BYTES };
        if clean.len() > most {
            return None;
        }
        let sequence = format!("\x1b]52;c;{}\x07", base64(clean.as_bytes()));
        // tmux takes this one itself and keeps a buffer of it; where it passes on, the terminal has it for sure.
        Some(if self.tmux && self.passes { self.through(&sequence) + &sequence } else { sequence })
    }

    /// Whether text is copied by the terminal, by the desktop, or both; the words say which.
    pub fn copies(&self, wanted: Clipboard, desktop: bool) -> (bool, bool) {
        match wanted {
            Clipboard::Off => (false, false),
            Clipboard::Terminal => (true, false),
            Clipboard::Desktop => (!desktop, desktop),
            // The desktop of a machine far away is not the person's.
            Clipboard::Auto if self.remote || self.tmux => (true, false),
            Clipboard::Auto => (true, desktop),
        }
    }

    fn through(&self, sequence: &str) -> String {
        if self.tmux {
            format!("\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b"))
        } else {
            sequence.to_owned()
        }
    }
}

/// The sequence of a window's title.
pub fn title(words: &str) -> String {
    format!("\x1b]2;{}\x1b\\", plain(words))
}

/// One line without anything that steers or parts a sequence.
pub fn plain(text: &str) -> String {
    let line = clean::line(text).replace(';', ",");
    cut(line.trim(), COLUMNS, "...")
}

/// A number for a chat, the same each time.
fn number(chat: &str) -> u32 {
    chat.bytes().fold(2_166_136_261, |sum: u32, byte| (sum ^ u32::from(byte)).wrapping_mul(16_777_619))
}

/// Base64 with padding.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letter = |six: u32| LETTERS.get((six & 63) as usize).map_or('=', |letter| char::from(*letter));
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let part = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let word = part(0) << 16 | part(1) << 8 | part(2);
        out.push(letter(word >> 18));
        out.push(letter(word >> 12));
        out.push(if chunk.len() > 1 { letter(word >> 6) } else { '=' });
        out.push(if chunk.len() > 2 { letter(word) } else { '=' });
    }
    out
}
