//! The multi-line editor of the main screen: `ratatui-textarea` keeps text, undo and the cut buffer; this file gives
//! it readline keys, moves by what a person sees as one character, and bounds it. It never sends anything.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui_textarea::{CursorMove, DataCursor, TextArea};
use unicode_segmentation::UnicodeSegmentation;

/// Bytes the editor takes: two messages' worth, so that a too long text can be seen and shortened.
const BYTES: usize = 64 * 1024;

/// Texts that were sent and can be had again. More only costs memory.
const SENT: usize = 50;

/// The editor.
#[derive(Debug, Clone, Default)]
pub struct Editor {
    area: TextArea<'static>,
}

impl Editor {
    /// An editor with a text, the caret behind it.
    pub fn with(text: &str) -> Self {
        let mut editor = Self::default();
        editor.insert(text);
        editor
    }

    /// The whole text.
    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// The lines.
    pub fn lines(&self) -> &[String] {
        self.area.lines()
    }

    /// Line and character of the caret.
    pub fn caret(&self) -> (usize, usize) {
        let DataCursor(line, character) = self.area.cursor();
        (line, character)
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.area.is_empty()
    }

    /// Replaces the text; the caret goes behind it.
    pub fn set(&mut self, text: &str) {
        *self = Self::with(text);
    }

    /// Takes everything out (undo brings it back).
    pub fn clear(&mut self) {
        if !self.area.is_empty() {
            self.area.clear();
        }
    }

    /// Puts text at the caret, cleaned; what does not fit is left out. True if all of it went in.
    pub fn insert(&mut self, text: &str) -> bool {
        let clean = crate::screen::text::clean::block(&text.replace("\r\n", "\n").replace('\r', "\n"));
        let used: usize = self.area.lines().iter().map(|line| line.len() + 1).sum();
        let room = BYTES.saturating_sub(used);
        let mut end = clean.len().min(room);
        while !clean.is_char_boundary(end) {
            end -= 1;
        }
        let part = clean.get(..end).unwrap_or("");
        if !part.is_empty() {
            self.area.insert_str(part);
        }
        end == clean.len()
    }

    /// The line the caret is in, up to the caret.
    pub fn before(&self) -> String {
        let (line, character) = self.caret();
        self.area.lines().get(line).map(|text| text.chars().take(character).collect()).unwrap_or_default()
    }

    /// Puts a text in place of the word before the caret. Does nothing if another word stands there.
    pub fn replace_before(&mut self, word: &str, text: &str) {
        if self.before().ends_with(word) {
            let count = word.chars().count();
            self.repeat(count, |area| {
                area.delete_char();
            });
            self.insert(text);
        }
    }

    /// Swaps what stands before the caret with what stands under it, or the last two at the end of a line.
    fn swap(&mut self) {
        let (line, character) = self.caret();
        let Some(text) = self.area.lines().get(line) else { return };
        let clusters: Vec<&str> = text.graphemes(true).collect();
        let mut chars = 0;
        let mut at = 0;
        for cluster in &clusters {
            if chars >= character {
                break;
            }
            chars += cluster.chars().count();
            at += 1;
        }
        let right = at.min(clusters.len().saturating_sub(1));
        let (Some(left), Some(right)) =
            (right.checked_sub(1).and_then(|left| clusters.get(left)), clusters.get(right))
        else {
            return;
        };
        let (left, right) = ((*left).to_owned(), (*right).to_owned());
        if at < clusters.len() {
            self.forth();
        }
        self.erase_back();
        self.erase_back();
        self.insert(&right);
        self.insert(&left);
    }

    fn boundaries(&self) -> (usize, usize) {
        let (line, character) = self.caret();
        let (mut back, mut forth, mut at) = (0, 0, 0);
        for cluster in self.area.lines().get(line).map_or("", String::as_str).graphemes(true) {
            let next = at + cluster.chars().count();
            if at < character {
                back = character - at;
            }
            if at <= character && next > character {
                forth = next - character;
            }
            at = next;
        }
        (back.max(1), forth.max(1))
    }

    /// Deletes to the end of the line.
    pub fn cut_to_end(&mut self) {
        self.area.delete_line_by_end();
    }

    fn repeat(&mut self, times: usize, mut act: impl FnMut(&mut TextArea<'static>)) {
        for _ in 0..times {
            act(&mut self.area);
        }
    }

    fn back(&mut self) {
        let (back, _) = self.boundaries();
        self.repeat(back, |area| area.move_cursor(CursorMove::Back));
    }

    fn forth(&mut self) {
        let (_, forth) = self.boundaries();
        self.repeat(forth, |area| area.move_cursor(CursorMove::Forward));
    }

    fn erase_back(&mut self) {
        let (back, _) = self.boundaries();
        self.repeat(back, |area| {
            area.delete_char();
        });
    }

    fn erase_forth(&mut self) {
        let (_, forth) = self.boundaries();
        self.repeat(forth, |area| {
            area.delete_next_char();
        });
    }

    /// Takes an editing key. False if the key means nothing here.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match (key.code, ctrl, alt) {
            (KeyCode::Char(c), false, false) => {
                self.insert(c.encode_utf8(&mut [0; 4]));
            }
            (KeyCode::Char('j'), true, false) | (KeyCode::Enter, ..) => {
                self.insert("\n");
            }
            _ if ctrl => return self.control_key(key.code),
            _ if alt => return self.alt_key(key.code),
            (KeyCode::Backspace, ..) => self.erase_back(),
            (KeyCode::Delete, ..) => self.erase_forth(),
            (KeyCode::Left, ..) => self.back(),
            (KeyCode::Right, ..) => self.forth(),
            (KeyCode::Up, ..) => self.area.move_cursor(CursorMove::Up),
            (KeyCode::Down, ..) => self.area.move_cursor(CursorMove::Down),
            (KeyCode::Home, ..) => self.area.move_cursor(CursorMove::Head),
            (KeyCode::End, ..) => self.area.move_cursor(CursorMove::End),
            _ => return false,
        }
        true
    }

    fn control_key(&mut self, code: KeyCode) -> bool {
        match code {
            KeyCode::Char('a') => self.area.move_cursor(CursorMove::Head),
            KeyCode::Char('e') => self.area.move_cursor(CursorMove::End),
            KeyCode::Char('h') => self.erase_back(),
            KeyCode::Char('d') => self.erase_forth(),
            KeyCode::Char('u') => {
                self.area.delete_line_by_head();
            }
            KeyCode::Char('w') | KeyCode::Backspace => {
                self.area.delete_word();
            }
            KeyCode::Char('t') => self.swap(),
            KeyCode::Char('y') => {
                // Not `paste`, which knows no bound.
                let cut = self.area.yank_text();
                self.insert(&cut);
            }
            // Ctrl-_ comes as Ctrl-7 from most terminals.
            KeyCode::Char('_' | '7') => {
                self.area.undo();
            }
            KeyCode::Left => self.area.move_cursor(CursorMove::WordBack),
            KeyCode::Right => self.area.move_cursor(CursorMove::WordForward),
            _ => return false,
        }
        true
    }

    fn alt_key(&mut self, code: KeyCode) -> bool {
        match code {
            KeyCode::Char('b') | KeyCode::Left => self.area.move_cursor(CursorMove::WordBack),
            KeyCode::Char('f') | KeyCode::Right => self.area.move_cursor(CursorMove::WordForward),
            KeyCode::Char('d') => {
                self.area.delete_next_word();
            }
            KeyCode::Backspace => {
                self.area.delete_word();
            }
            _ => return false,
        }
        true
    }
}

/// Texts sent lately, to be had again.
#[derive(Debug, Clone, Default)]
pub struct Sent {
    texts: Vec<String>,
    /// Which of them is in the editor, and what was typed before.
    at: Option<(usize, String)>,
}

impl Sent {
    /// Remembers a text that was sent.
    pub fn push(&mut self, text: &str) {
        self.at = None;
        if self.texts.last().is_some_and(|last| last == text) {
            return;
        }
        if self.texts.len() >= SENT {
            self.texts.remove(0);
        }
        self.texts.push(text.to_owned());
    }

    /// The text before (or after) the one in the editor; what was typed comes after the newest.
    pub fn step(&mut self, older: bool, typed: &str) -> Option<String> {
        // What was changed since is typed anew.
        self.at.take_if(|(at, _)| self.texts.get(*at).is_none_or(|text| text != typed));
        let (next, typed) = match (self.at.take(), older) {
            (None, true) => (self.texts.len().checked_sub(1)?, typed.to_owned()),
            (None, false) => return None,
            (Some((0, typed)), true) => {
                self.at = Some((0, typed));
                return None;
            }
            (Some((at, typed)), true) => (at - 1, typed),
            (Some((at, typed)), false) if at + 1 >= self.texts.len() => return Some(typed),
            (Some((at, typed)), false) => (at + 1, typed),
        };
        let text = self.texts.get(next)?.clone();
        self.at = Some((next, typed));
        Some(text)
    }
}
