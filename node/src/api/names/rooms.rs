//! What `#roof` is, and who the people of a room are that are no contacts.

use super::{Names, handle, not_an_id, short};
use crate::api::trouble;
use crate::api::types::Trouble;
use starling_protocol::engine::command::{MemberView, RoomState, RoomView};
use starling_protocol::ids::{AccountId, ChatId, RoomId};
use std::collections::HashMap;

/// What is remembered of one room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Its id.
    pub room: RoomId,
    /// The name as it is typed, with the `#`.
    pub handle: String,
    /// Whether we are in it no more.
    gone: bool,
    /// Whether it is an open channel: people come and go there without a word.
    pub open: bool,
    /// What its members are called in it; none until somebody asked, and again when they change.
    members: Option<HashMap<AccountId, String>>,
}

/// A room's name as it is typed: `#roof`.
pub fn room_handle(name: &str) -> String {
    format!("#{}", handle(name))
}

impl Names {
    /// Replaces all rooms. Who is in those that stay is still known.
    pub fn replace_rooms(&mut self, rooms: &[RoomView]) {
        let mut before = std::mem::take(&mut self.rooms);
        for view in rooms {
            let members = before.remove(&ChatId::from(view.room)).and_then(|room| room.members);
            let gone = matches!(view.state, RoomState::Left | RoomState::Removed);
            let (room, handle) = (view.room, room_handle(&view.name));
            let room = Room { room, handle, gone, open: view.open, members };
            self.rooms.insert(ChatId::from(view.room), room);
        }
    }

    /// Something about a room changed: its name, who is in it, or (by `gone`) whether we are.
    pub fn put_room(&mut self, room: RoomId, name: &str, gone: Option<bool>) {
        let handle = room_handle(name);
        let known = self.rooms.entry(ChatId::from(room)).or_insert_with(|| Room {
            room,
            handle: String::new(),
            gone: false,
            open: false,
            members: None,
        });
        known.handle = handle;
        known.gone = gone.unwrap_or(known.gone);
        known.members = None;
    }

    /// A room is an open channel.
    pub fn put_open(&mut self, room: RoomId) {
        if let Some(known) = self.rooms.get_mut(&ChatId::from(room)) {
            known.open = true;
        }
    }

    /// Takes in who is in a room.
    pub fn put_members(&mut self, room: RoomId, members: &[MemberView]) {
        if let Some(known) = self.rooms.get_mut(&ChatId::from(room)) {
            known.members = Some(members.iter().map(|one| (one.account, one.name.clone())).collect());
        }
    }

    /// The room a chat is, if it is one.
    pub fn room(&self, chat: ChatId) -> Option<&Room> {
        self.rooms.get(&chat)
    }

    /// The room whose members must be asked for, to name somebody who speaks there.
    pub fn unasked(&self, chat: ChatId, account: AccountId) -> Option<RoomId> {
        let room = self.rooms.get(&chat)?;
        let known = room.members.as_ref().is_some_and(|all| !room.open || all.contains_key(&account));
        // The room itself "writes" what Starling says in it.
        let stranger = ChatId::from(account) != chat && account != self.own;
        (!known && stranger && !self.people.contains_key(&account)).then_some(room.room)
    }

    /// A name to show for somebody who speaks in a chat: the contact's, else what the room calls them.
    pub fn name_in(&self, chat: ChatId, account: AccountId) -> String {
        if let Some(room) = self.rooms.get(&chat).filter(|_| ChatId::from(account) == chat) {
            return room.handle.clone();
        }
        let known = account == self.own || self.people.contains_key(&account);
        let members = self.rooms.get(&chat).and_then(|room| room.members.as_ref());
        match members.and_then(|members| members.get(&account)).filter(|name| !known && !name.is_empty()) {
            Some(name) => name.clone(),
            None => self.name(account),
        }
    }

    /// Rooms of a name; those we are in no more only if there is no other.
    pub(super) fn rooms_named(&self, wanted: &str) -> Vec<&Room> {
        let fits = |room: &&Room| room.handle.strip_prefix('#') == Some(wanted);
        let mut found: Vec<&Room> = self.rooms.values().filter(fits).collect();
        if found.iter().any(|room| !room.gone) {
            found.retain(|room| !room.gone);
        }
        found
    }

    /// Whether some room of ours bears this name, as it is typed.
    pub fn is_room_name(&self, typed: &str) -> bool {
        let name = typed.trim();
        !self.rooms_named(&handle(name.strip_prefix('#').unwrap_or(name))).is_empty()
    }

    /// The chat of `#roof`.
    pub(super) fn by_room_name(&self, to: &str) -> Result<ChatId, Trouble> {
        if to.trim().is_empty() {
            return Err(trouble::misuse("There is no name", "Write #name, or an id."));
        }
        match self.rooms_named(&handle(to)).as_slice() {
            [one] => Ok(ChatId::from(one.room)),
            [] => Err(trouble::no_such(
                format!("There is no room \"{}\"", short(to)),
                "`starling room list` lists your rooms.",
            )),
            several => Err(ambiguous(to, several.iter().map(|room| room.shown()).collect())),
        }
    }

    /// The room of `#roof`, `roof`, `room:…` or `chat:…`: no person is meant.
    ///
    /// # Errors
    /// Exit 4 when there is none, or several.
    pub fn room_of(&self, to: &str) -> Result<RoomId, Trouble> {
        let to = to.trim();
        let chat = match to.strip_prefix('#') {
            Some(name) => self.by_room_name(name),
            None if to.starts_with("room:") => self.by_room_id(to),
            None if to.starts_with("chat:") => to.parse().map_err(|_| not_an_id(to)),
            None => self.by_room_name(to),
        }?;
        let no_room = || trouble::no_such("This chat is no room", "`starling room list` lists your rooms.");
        self.room(chat).map(|room| room.room).ok_or_else(no_room)
    }

    /// The chat of `room:…`.
    pub(super) fn by_room_id(&self, to: &str) -> Result<ChatId, Trouble> {
        let room: RoomId = to.parse().map_err(|_| not_an_id(to))?;
        let chat = ChatId::from(room);
        if self.rooms.contains_key(&chat) {
            return Ok(chat);
        }
        Err(trouble::no_such("You know no room with this id", "`starling room list --json` lists the ids."))
    }
}

impl Room {
    pub(super) fn shown(&self) -> String {
        format!("{} {}", self.handle, self.room)
    }
}

/// One name, several things.
pub(super) fn ambiguous(name: &str, mut fits: Vec<String>) -> Trouble {
    fits.sort();
    trouble::no_such(
        format!("\"{}\" fits {}: {}", short(name), fits.len(), fits.join(", ")),
        "Write @name for a person and #name for a room, or use the id.",
    )
}
