//! What was done just now and can be taken back for a moment: one thing, named in a line above the editor.

use super::Model;
use crate::screen::msg::Effect;

/// Milliseconds something can be taken back by one key. Less is missed while reading the line; more keeps `z` from
/// being an ordinary letter on an empty line.
pub const UNDO_MS: u64 = 10_000;

/// What can be taken back.
#[derive(Debug, Clone)]
pub struct Undo {
    /// What was done, a whole sentence: "Archived."
    pub words: String,
    /// Until when, on the monotonic clock.
    pub until_ms: u64,
    /// What takes it back.
    pub effects: Vec<Effect>,
}

impl Model {
    /// What can be taken back now.
    pub fn undoable(&self) -> Option<&Undo> {
        self.undo.as_ref().filter(|undo| undo.until_ms > self.now_ms)
    }

    /// The line about it: "Archived. z undoes it".
    pub fn undo_line(&self) -> Option<String> {
        let key = if self.editor.is_empty() { "z undoes it" } else { "On an empty line z undoes it" };
        self.undoable().map(|undo| format!("{} {key}", undo.words))
    }
}
