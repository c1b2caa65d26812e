//! Rooms as the API's objects.

use super::super::names::room_handle;
use super::super::types::{self, V};
use starling_protocol::engine::command::{RoomState, RoomView};
use starling_protocol::ids::ChatId;

/// The word of where we stand in a room.
pub fn room_word(state: RoomState) -> &'static str {
    match state {
        RoomState::Invited => "invited",
        RoomState::Joining => "joining",
        RoomState::Member => "member",
        RoomState::Left => "left",
        RoomState::Removed => "removed",
    }
}

/// A row of the chat list, for a room.
pub fn room_chat(view: &RoomView) -> types::Chat {
    types::Chat {
        v: V,
        chat: ChatId::from(view.room).to_string(),
        name: room_handle(&view.name),
        title: view.name.clone(),
        kind: "room".to_owned(),
        account: None,
        state: room_word(view.state).to_owned(),
        verified: false,
        key_changed: false,
        presence: "offline".to_owned(),
        via: "none".to_owned(),
        last_seen: None,
        unread: 0,
        draft: None,
        last_at: None,
    }
}
