//! Rooms as the API's objects.

use super::super::names::{Names, room_handle};
use super::super::types::{self, Counts, V};
use super::{stamp, via_word};
use crate::store::Recipient;
use starling_protocol::engine::command::{MemberView, RoomState, RoomView};
use starling_protocol::engine::step::MessageState;
use starling_protocol::ids::{AccountId, ChatId, RoomId};

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
        open: view.open,
        account: None,
        state: room_word(view.state).to_owned(),
        verified: false,
        key_changed: false,
        presence: "offline".to_owned(),
        via: "none".to_owned(),
        last_seen: None,
        unread: 0,
        mentions: 0,
        draft: None,
        last_at: None,
        mute: "off".to_owned(),
        mute_until: None,
        pinned: false,
        archived: false,
        notify: "default".to_owned(),
    }
}

/// A room of the list: the fields of an event, and how it is.
pub fn room(names: &Names, view: &RoomView, own: AccountId) -> types::Room {
    types::Room {
        v: V,
        cursor: String::new(),
        room: view.room.to_string(),
        name: room_handle(&view.name),
        open: view.open,
        change: room_word(view.state).to_owned(),
        who: view.invited_by.unwrap_or(own).to_string(),
        who_name: names.name(view.invited_by.unwrap_or(own)),
        members: view.members,
        epoch: Some(view.epoch.clone()),
        now: Some(types::RoomNow {
            chat: ChatId::from(view.room).to_string(),
            title: view.name.clone(),
            role: view.role.word().to_owned(),
            by: view.invited_by.map(|who| names.name(who)),
            topic: view.topic.clone(),
            here: view.here,
            history: view.history.clone(),
            mailboxes: view.mailboxes,
            waiting: view.waiting,
            slow_s: view.slow_s,
        }),
    }
}

/// Somebody in a room.
pub fn member(room: RoomId, view: &MemberView) -> types::Member {
    types::Member {
        v: V,
        room: room.to_string(),
        account: view.account.to_string(),
        name: view.name.clone(),
        role: view.role.word().to_owned(),
        me: view.me,
        contact: view.contact,
        via: via_word(view.via).to_owned(),
        last_seen: view.last_seen.map(stamp),
        ignored: view.muted,
        followed: view.followed,
    }
}

/// How many of a room have a message.
pub fn counts(recipients: &[Recipient]) -> Counts {
    let mut counts = Counts { of: u32::try_from(recipients.len()).unwrap_or(u32::MAX), ..Counts::default() };
    for one in recipients {
        let count = match one.state {
            MessageState::Queued => &mut counts.queued,
            MessageState::Mailbox => &mut counts.mailbox,
            MessageState::Failed | MessageState::Expired => &mut counts.failed,
            MessageState::Delivered => &mut counts.delivered,
            MessageState::Read => {
                counts.read += 1;
                &mut counts.delivered
            }
        };
        *count += 1;
    }
    counts
}
