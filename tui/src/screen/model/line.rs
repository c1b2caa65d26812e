//! A one-line field: a name, a passphrase, a search. Its text is wiped when it is dropped, so that it can hold a
//! secret.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_segmentation::UnicodeSegmentation;
use zeroize::{Zeroize, Zeroizing};

/// Bytes a field takes. Longer than any invite link; a paste of a whole book must not fill the field.
const BYTES: usize = 4_096;

/// A one-line field with a caret.
#[derive(Default, Clone)]
pub struct Line {
    text: Zeroizing<String>,
    /// Byte place of the caret, always between two clusters.
    caret: usize,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").field("bytes", &self.text.len()).finish_non_exhaustive()
    }
}

impl Line {
    /// A field with a text, the caret behind it.
    pub fn with(text: &str) -> Self {
        let mut line = Self::default();
        line.insert(text);
        line
    }

    /// What is in it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The text before the caret.
    pub fn before(&self) -> &str {
        self.text.get(..self.caret).unwrap_or("")
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        self.text.zeroize();
        self.caret = 0;
    }

    /// Puts text at the caret; line ends and what steers are dropped.
    pub fn insert(&mut self, text: &str) {
        let clean = Zeroizing::new(crate::screen::text::clean::line(text.trim_end_matches(['\n', '\r'])));
        if self.text.len() + clean.len() > BYTES {
            return;
        }
        // Room is made in a new string so that no old copy of a secret stays behind in freed memory.
        let mut next = Zeroizing::new(String::with_capacity(self.text.len() + clean.len()));
        next.push_str(self.before());
        next.push_str(&clean);
        let caret = next.len();
        next.push_str(self.text.get(self.caret..).unwrap_or(""));
        self.text = next;
        self.caret = caret;
    }

    fn step_back(&self) -> usize {
        self.before().grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn step_forth(&self) -> usize {
        let rest = self.text.get(self.caret..).unwrap_or("");
        self.caret + rest.graphemes(true).next().map_or(0, str::len)
    }

    fn word_back(&self) -> usize {
        let before = self.before();
        let trimmed = before.trim_end();
        trimmed.rfind(char::is_whitespace).map_or(0, |at| {
            at + trimmed.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8)
        })
    }

    fn remove(&mut self, from: usize, to: usize) {
        if from < to && self.text.get(from..to).is_some() {
            self.text.replace_range(from..to, "");
            self.caret = from;
        }
    }

    /// Takes an editing key. False if the key means nothing here.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::Char(c) if !ctrl && !alt => self.insert(c.encode_utf8(&mut [0; 4])),
            KeyCode::Backspace => self.remove(self.step_back(), self.caret),
            KeyCode::Char('h') if ctrl => self.remove(self.step_back(), self.caret),
            KeyCode::Delete => self.remove(self.caret, self.step_forth()),
            KeyCode::Left => self.caret = self.step_back(),
            KeyCode::Right => self.caret = self.step_forth(),
            KeyCode::Home => self.caret = 0,
            KeyCode::End => self.caret = self.text.len(),
            KeyCode::Char('a') if ctrl => self.caret = 0,
            KeyCode::Char('e') if ctrl => self.caret = self.text.len(),
            KeyCode::Char('u') if ctrl => self.remove(0, self.caret),
            KeyCode::Char('w') if ctrl => self.remove(self.word_back(), self.caret),
            _ => return false,
        }
        true
    }
}
