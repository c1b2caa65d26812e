//! What the screen asks of what is around it (title, notices, the log), and what comes back.

use crate::screen::notify::Notice;
use starling_node::api::types::{LogLine, Trouble};

/// Something to be done around the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutsideWish {
    /// Tell the person although they look elsewhere.
    Notify(Notice),
    /// Name the window.
    Title(String),
    /// Read the log.
    Logs {
        /// After this line.
        since: u64,
    },
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutsideNews {
    /// Text was copied, or not.
    Copied(Copied),
    /// Lines of the log.
    Logs(Result<Vec<LogLine>, Trouble>),
}

/// How text was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copied {
    /// The terminal was asked to; whether it did cannot be known.
    ByTerminal,
    /// The desktop has it.
    ByDesktop,
    /// Both.
    ByBoth,
    /// It is too long for a terminal.
    TooLong,
    /// The person does not want it.
    Off,
}

impl Copied {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::ByTerminal => "Copied, by the terminal.",
            Self::ByDesktop => "Copied, by the desktop.",
            Self::ByBoth => "Copied, by the desktop and the terminal.",
            Self::TooLong => "Not copied: that is too long for the clipboard of a terminal.",
            Self::Off => "Not copied: `clipboard` is off (/set clipboard auto).",
        }
    }

    /// Whether it may be on a clipboard now.
    pub fn worked(self) -> bool {
        !matches!(self, Self::TooLong | Self::Off)
    }
}
