//! What line mode asks for: it has no editor and no keys, only whole lines and the numbers of messages.

/// A whole line, or what was asked for by a command of line mode.
#[derive(Clone, PartialEq, Eq)]
pub enum Typed {
    /// A message or a command, as typed.
    Line(String),
    /// What a key does with a chosen message.
    Key {
        /// Which message.
        id: String,
        /// The key.
        key: char,
    },
    /// A reaction; an empty one takes it back.
    React {
        /// To which message.
        id: String,
        /// The emoji.
        emoji: String,
    },
    /// What is kept unsent in the open chat from now on.
    Keep(String),
    /// Send what is kept unsent in the open chat.
    SendKept,
    /// No answer and no change after all.
    Cancel,
    /// The list of where one can go.
    GoTo,
    /// Older messages.
    Older,
    /// Back to the newest messages.
    Newest,
    /// Take back what was done just now.
    Undo,
    /// Leave.
    Leave,
}

impl std::fmt::Debug for Typed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Line(_) => "Line",
            Self::Key { .. } => "Key",
            Self::React { .. } => "React",
            Self::Keep(_) => "Keep",
            Self::SendKept => "SendKept",
            Self::Cancel => "Cancel",
            Self::GoTo => "GoTo",
            Self::Older => "Older",
            Self::Newest => "Newest",
            Self::Undo => "Undo",
            Self::Leave => "Leave",
        })
    }
}
