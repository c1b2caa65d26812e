//! What is asked for about rooms, and what comes back. A room is named by the id of its chat.

use super::open::OpenWish;
use starling_node::api::types::{Invite, Member, Message, Room, Trouble};

/// A wish about rooms.
#[derive(Clone, PartialEq, Eq)]
pub enum RoomWish {
    /// Read which there are.
    List,
    /// Read who is in one.
    Members {
        /// Which.
        chat: String,
    },
    /// Make one.
    New {
        /// Its name.
        name: String,
    },
    /// Go into one that one was asked into.
    Join {
        /// Which.
        chat: String,
    },
    /// Ask to be let into the room of a link.
    JoinLink {
        /// The link.
        link: String,
    },
    /// Do not go into one.
    Decline {
        /// Which.
        chat: String,
    },
    /// Leave one.
    Leave {
        /// Which.
        chat: String,
    },
    /// Say what it is about.
    Topic {
        /// Which.
        chat: String,
        /// What.
        text: String,
    },
    /// Give it another name.
    Rename {
        /// Which.
        chat: String,
        /// The name.
        name: String,
    },
    /// Say what of the past newcomers read.
    History {
        /// Which.
        chat: String,
        /// "none", "last N", "days N" or "all".
        policy: String,
    },
    /// Ask a contact in.
    Invite {
        /// Which.
        chat: String,
        /// Whom.
        account: String,
    },
    /// Make a link to it.
    Link {
        /// Which.
        chat: String,
    },
    /// Remove somebody.
    Remove {
        /// Which.
        chat: String,
        /// Whom.
        account: String,
    },
    /// Make somebody an admin, or a plain member.
    Role {
        /// Which.
        chat: String,
        /// Whom.
        account: String,
        /// Admin, or not.
        admin: bool,
    },
    /// Something about an open channel.
    Open(OpenWish),
    /// Read how many have a message.
    Count {
        /// The message.
        id: String,
    },
}

/// What came back.
#[derive(Debug)]
pub enum RoomNews {
    /// The rooms.
    List(Result<Vec<Room>, Trouble>),
    /// Who is in one.
    Members {
        /// Which.
        chat: String,
        /// Them.
        result: Result<Vec<Member>, Trouble>,
    },
    /// A room was made, or one goes into it.
    Entered(Result<Box<Room>, Trouble>),
    /// Something was done, in the node's words.
    Done(Result<String, Trouble>),
    /// A link to a room.
    Link {
        /// Which.
        chat: String,
        /// The link.
        result: Result<Invite, Trouble>,
    },
    /// A message with all it goes to.
    Counted {
        /// Which.
        id: String,
        /// It.
        result: Result<Box<Message>, Trouble>,
    },
}
