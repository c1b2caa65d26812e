//! What is asked for about open channels. They are rooms for everything else.

/// A wish about an open channel, which is named by the id of its chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenWish {
    /// Make one, or go into it.
    New {
        /// Its name.
        name: String,
    },
    /// Go into the room of a name one was asked into, else into the open channel of that name.
    Join {
        /// The name.
        name: String,
        /// Only the open channel is meant.
        open: bool,
    },
    /// Show nothing of somebody on this device, or show them again.
    Ignore {
        /// Which.
        chat: String,
        /// Whom.
        account: String,
        /// Ignore, or not.
        on: bool,
    },
    /// Let somebody moderate what is shown, or do not any more.
    Follow {
        /// Which.
        chat: String,
        /// Whom.
        account: String,
        /// Follow, or not.
        on: bool,
    },
    /// Hide a message from those who follow one.
    Hide {
        /// Which.
        chat: String,
        /// The message.
        id: String,
    },
    /// Hide somebody from those who follow one, for a time.
    Mute {
        /// Which.
        chat: String,
        /// Whom.
        account: String,
        /// How long, in seconds.
        seconds: u64,
    },
    /// One text of each in a time.
    Slow {
        /// Which.
        chat: String,
        /// Seconds; 0 ends it.
        seconds: u64,
    },
}
