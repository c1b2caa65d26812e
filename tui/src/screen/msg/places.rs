//! What is asked for about the places of the screen (chats, the lock, the editor), and what comes back.

use starling_node::api::types::{Chat, Trouble};
use zeroize::Zeroizing;

/// What is to be another way about a chat; what is none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChatWish {
    /// Which.
    pub chat: String,
    /// "off", "all" or "mentions".
    pub mute: Option<&'static str>,
    /// Seconds after which it is not muted any more; only with `mute`.
    pub mute_for_s: Option<u64>,
    /// Whether it stands before the others.
    pub pinned: Option<bool>,
    /// Whether it is put away.
    pub archived: Option<bool>,
    /// How its messages are told: "text", "name", "something", "off" or "default".
    pub notify: Option<&'static str>,
    /// What is said once it is so.
    pub say: Option<String>,
}

/// A wish about places.
#[derive(Clone)]
pub enum PlaceWish {
    /// Change how a chat is kept.
    Chat(ChatWish),
    /// Remove a person.
    Remove {
        /// Who.
        account: String,
    },
    /// Try a passphrase on the key file.
    Unlock {
        /// As typed.
        passphrase: Zeroizing<String>,
    },
    /// Have the person's own editor change a text. Only `run` does this: it has the terminal.
    Write {
        /// The text.
        text: String,
    },
    /// The 24 words were put off once more; how often by now.
    WordsPut(WordsPut),
}

/// When the 24 words were put off, and how often.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WordsPut {
    /// How often the reminder was put off. 0: only at the first run.
    pub times: u8,
    /// When last, in Unix seconds.
    pub at_s: i64,
}

/// What came back.
#[derive(Debug)]
pub enum PlaceNews {
    /// A chat is kept another way now.
    Chat {
        /// What is said if it worked.
        say: Option<String>,
        /// The chat.
        result: Result<Box<Chat>, Trouble>,
    },
    /// Whether the passphrase opens the key file.
    Unlocked(Result<(), Trouble>),
    /// The text as the person's editor left it.
    Written(Result<String, Trouble>),
    /// When the 24 words were put off.
    WordsPut(WordsPut),
}
