//! What is wished of messages beyond sending, and what the node or the computer says to it.

use crate::screen::model::chatlog::Part;
use starling_node::api::types::{Message, Sent, Trouble};

/// The form of a written-out chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteAs {
    /// Markdown.
    Markdown,
    /// One JSON object a line.
    Json,
    /// Lines to read.
    Text,
}

/// Something to be done about messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TalkWish {
    /// Read a part of a chat that is not its newest page.
    Page {
        /// The chat.
        chat: String,
        /// Which part.
        part: Part,
    },
    /// Pin a message, or take the pin out.
    Pin {
        /// Which.
        id: String,
        /// Whether it is to be pinned.
        on: bool,
    },
    /// Read what is pinned.
    Pins {
        /// The chat.
        chat: String,
    },
    /// Delete a message here only.
    Hide {
        /// Which.
        id: String,
    },
    /// Try a message again that did not go.
    Again {
        /// Which.
        id: String,
    },
    /// Open an address that was shown whole.
    Open {
        /// The address.
        address: String,
    },
    /// Write a chat into a file.
    Write {
        /// The chat.
        chat: String,
        /// The form.
        form: WriteAs,
        /// Where; a file of the chat's name in the present folder without one.
        path: Option<String>,
        /// The chat's name.
        name: String,
    },
}

/// What came of it.
#[derive(Debug)]
pub enum TalkNews {
    /// A part of a chat.
    Page {
        /// The chat.
        chat: String,
        /// Which part.
        part: Part,
        /// It.
        page: Result<Vec<Message>, Trouble>,
    },
    /// A message is pinned, or is not any more.
    Pinned {
        /// Which.
        id: String,
        /// Whether it is pinned.
        on: bool,
        /// The outcome.
        result: Result<(), Trouble>,
    },
    /// What is pinned.
    Pins {
        /// The chat.
        chat: String,
        /// The messages, oldest first.
        result: Result<Vec<Message>, Trouble>,
    },
    /// A message is tried again.
    Again(Result<Sent, Trouble>),
    /// A chat is in a file: its path and how many messages.
    Written(Result<(String, u64), Trouble>),
}
