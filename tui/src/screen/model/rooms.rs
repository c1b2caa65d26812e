//! What the screen knows of rooms, and of who is in them.

use super::{Model, Place};
use starling_node::api::names::mentions;
use starling_node::api::types::{Chat, Member, Message, Room, RoomNow};
use std::collections::BTreeMap;

/// Milliseconds between two looks at who of the open room is here, while that is shown.
pub const PEOPLE_LOOK_MS: u64 = 10_000;

/// What is known of rooms.
#[derive(Debug, Default)]
pub struct Rooms {
    /// All rooms, by name.
    pub list: Vec<Room>,
    /// Who is in them, by chat, for rooms that were looked at.
    pub members: BTreeMap<String, Vec<Member>>,
    /// When the people of the open room are read again, on the monotonic clock.
    pub look_ms: Option<u64>,
    /// Messages whose counts are being read, and whether they changed meanwhile.
    pub counting: BTreeMap<String, bool>,
    /// The chat to open when the list has it.
    pub awaited: Option<String>,
}

/// A row of the list behind the chats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extra {
    /// Somebody asks us into a room: its chat, and its name.
    Invitation {
        /// The room's chat.
        chat: String,
        /// Its name, with the `#`.
        name: String,
    },
    /// People who ask.
    Requests,
    /// The 24 words are not written down.
    Words,
    /// Chats that were put away: how many.
    Archived(u64),
    /// Invite somebody.
    Invite,
}

/// The id of a room's chat.
pub fn chat_of(room: &Room) -> &str {
    room.now.as_ref().map_or("", |now| &now.chat)
}

impl Model {
    /// A room, by its chat.
    pub fn room(&self, chat: &str) -> Option<(&Room, &RoomNow)> {
        let room = self.rooms.list.iter().find(|room| chat_of(room) == chat)?;
        room.now.as_ref().map(|now| (room, now))
    }

    /// Whether a chat is an open channel, which anybody reads and writes.
    pub fn is_open(&self, chat: &str) -> bool {
        self.chat_row(chat).is_some_and(|row| row.open) || self.room(chat).is_some_and(|(room, _)| room.open)
    }

    /// The open chat, if it is an open channel one is in.
    pub fn open_channel(&self) -> Option<&Chat> {
        self.chat().filter(|chat| chat.state == "member" && self.is_open(&chat.chat))
    }

    /// The chat of a room, by the room's id.
    pub fn chat_of_room(&self, room: &str) -> Option<&str> {
        self.rooms.list.iter().find(|known| known.room == room).map(chat_of)
    }

    /// The open chat, if it is a room one is in.
    pub fn open_room(&self) -> Option<(&Room, &RoomNow)> {
        let open = self.open.as_deref()?;
        self.room(open).filter(|(room, _)| room.change == "member")
    }

    /// Who is in the open room.
    pub fn people_here(&self) -> &[Member] {
        self.open.as_ref().and_then(|open| self.rooms.members.get(open)).map_or(&[], Vec::as_slice)
    }

    /// Whether the terminal is wide enough, and the open chat a room, for its people at the right.
    pub fn shows_people(&self) -> bool {
        matches!(self.place, Place::Main) && self.open_room().is_some() && !self.people_here().is_empty()
    }

    /// Somebody of a room who is no contact, by the name a room knows.
    pub fn fellow(&self, account: &str) -> Option<&str> {
        let mut all = self.rooms.members.values().flatten();
        all.find(|one| one.account == account).map(|one| one.name.as_str())
    }

    /// The rooms one is asked into.
    pub fn invitations(&self) -> impl Iterator<Item = &Room> {
        self.rooms.list.iter().filter(|room| room.change == "invited")
    }

    /// The rows of the list behind the chats.
    pub fn extras(&self) -> Vec<Extra> {
        let mut extras: Vec<Extra> = self
            .invitations()
            .map(|room| Extra::Invitation { chat: chat_of(room).to_owned(), name: room.name.clone() })
            .collect();
        if !self.requests.is_empty() {
            extras.push(Extra::Requests);
        }
        if self.words_due() {
            extras.push(Extra::Words);
        }
        extras.push(Extra::Invite);
        extras
    }

    /// The rows behind the chats where the whole list is shown: also what was put away.
    pub fn list_extras(&self) -> Vec<Extra> {
        let mut extras = self.extras();
        let archived = u64::try_from(self.archived_chats().count()).unwrap_or(0);
        if archived > 0 {
            extras.push(Extra::Archived(archived));
        }
        extras
    }

    /// Whether a message of a room calls oneself by name.
    pub fn calls_me(&self, message: &Message) -> bool {
        let Some(opened) = &self.opened else { return false };
        let in_room = self.chat_row(&message.chat).is_some_and(|chat| chat.kind == "room");
        in_room && !message.from.me && mentions(&message.text, &opened.account.name)
    }
}
