//! From the engine's views and the store's rows to the API's objects. Only shapes: it decides nothing.

use super::names::Names;
use super::types::{self, Object, V};
use crate::driver::handle::Facts;
use crate::store::{EventBody, OtherEvent, StoreStats, StoredEvent, StoredMessage};
use starling_protocol::engine::command::{
    ContactState, ContactView, InviteView, Presence, RequestView, StatusView, Via,
};
use starling_protocol::engine::step::{MessageKind, Notice};
use starling_protocol::ids::{AccountId, ChatId};
use starling_protocol::time::{WallMs, clamp_wall};
use std::collections::BTreeMap;

/// RFC 3339, UTC, with milliseconds.
pub fn stamp(at: WallMs) -> String {
    let at = jiff::Timestamp::from_millisecond(clamp_wall(at)).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{at:.3}")
}

/// The wall time of an RFC 3339 text.
pub fn wall(text: &str) -> Option<WallMs> {
    text.parse::<jiff::Timestamp>().ok().map(|at| clamp_wall(at.as_millisecond()))
}

/// The word of a contact's standing.
pub fn contact_word(state: ContactState) -> &'static str {
    match state {
        ContactState::Pending => "pending",
        ContactState::Accepted => "accepted",
        ContactState::Blocked => "blocked",
        ContactState::Removed => "removed",
    }
}

/// The word of a presence.
pub fn presence_word(presence: Presence) -> &'static str {
    match presence {
        Presence::Online => "online",
        Presence::Away => "away",
        Presence::Busy => "busy",
        Presence::Offline => "offline",
        Presence::Invisible => "invisible",
        Presence::Hidden => "hidden",
    }
}

/// The word of a road.
pub fn via_word(via: Option<Via>) -> &'static str {
    match via {
        Some(Via::Direct) => "direct",
        Some(Via::Lan) => "lan",
        Some(Via::Relay) => "relay",
        None => "none",
    }
}

/// The word of the network's state.
pub fn network_word(direct: u32, relayed: u32, lan: u32, uptime_s: u64) -> &'static str {
    /// Seconds after the start in which having no link yet means nothing.
    const STARTING_S: u64 = 5;
    match (direct, relayed, lan) {
        (1.., _, _) => "direct",
        (0, 1.., _) => "relayed",
        (0, 0, 1..) => "lan",
        (0, 0, 0) if uptime_s < STARTING_S => "starting",
        (0, 0, 0) => "offline",
    }
}

/// A message.
pub fn message(names: &Names, cursor: String, kept: &StoredMessage) -> types::Message {
    let mut reactions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (who, emoji) in &kept.reactions {
        reactions.entry(emoji.clone()).or_default().push(names.name(*who));
    }
    let recipients = kept.recipients.iter().map(|(who, state, at)| types::Recipient {
        account: who.to_string(),
        name: names.name(*who),
        state: state.word().to_owned(),
        at: stamp(*at),
    });
    types::Message {
        v: V,
        cursor,
        id: kept.id.to_string(),
        chat: kept.chat.to_string(),
        chat_name: names.chat_name(kept.chat),
        from: types::From {
            account: kept.author.to_string(),
            name: names.name(kept.author),
            verified: kept.me || names.person(kept.author).is_some_and(|person| person.verified),
            me: kept.me,
        },
        at: stamp(kept.sent_at),
        received: stamp(kept.received_at),
        text: kept.text.clone(),
        reply_to: kept.reply_to.map(|id| id.to_string()),
        edited: kept.edited,
        deleted: kept.deleted,
        reactions,
        files: Vec::new(),
        via: kept.via.clone(),
        state: kept.state.word().to_owned(),
        reason: kept.reason.clone(),
        state_at: stamp(kept.state_at),
        unread: kept.unread,
        kind: match kept.kind {
            MessageKind::Text => "text",
            MessageKind::Unknown => "unknown",
            MessageKind::Notice => "notice",
        }
        .to_owned(),
        recipients: recipients.collect(),
    }
}

/// A contact.
pub fn contact(view: &ContactView) -> types::Contact {
    types::Contact {
        v: V,
        cursor: String::new(),
        account: view.account.to_string(),
        name: view.name.clone(),
        state: contact_word(view.state).to_owned(),
        verified: view.verified,
        key_changed: view.key_changed,
        reason: view.reason.clone(),
        presence: presence_word(view.presence).to_owned(),
        via: via_word(view.via).to_owned(),
        last_seen: view.last_seen.map(stamp),
        waiting: view.waiting,
        next_try_ms: view.next_try_ms,
    }
}

/// Somebody who asks.
pub fn request(view: &RequestView) -> types::Request {
    types::Request {
        v: V,
        cursor: String::new(),
        id: view.account.to_string(),
        account: view.account.to_string(),
        name: view.name.clone(),
        note: view.note.clone(),
        at: stamp(view.at),
    }
}

/// An invite.
pub fn invite(view: &InviteView) -> types::Invite {
    types::Invite {
        v: V,
        id: view.invite.to_string(),
        link: view.link.clone(),
        uses: view.uses,
        until: stamp(view.until),
        revoked: view.revoked,
    }
}

/// A row of the chat list, for a contact.
pub fn chat(names: &Names, view: &ContactView) -> types::Chat {
    let id = ChatId::from(view.account);
    types::Chat {
        v: V,
        chat: id.to_string(),
        name: names.chat_name(id),
        title: view.name.clone(),
        kind: "person".to_owned(),
        account: Some(view.account.to_string()),
        state: contact_word(view.state).to_owned(),
        verified: view.verified,
        key_changed: view.key_changed,
        presence: presence_word(view.presence).to_owned(),
        via: via_word(view.via).to_owned(),
        last_seen: view.last_seen.map(stamp),
        unread: 0,
        draft: None,
        last_at: None,
    }
}

/// A row of the chat list for a chat that belongs to no contact: the notes to oneself, or a history whose person
/// is gone.
pub fn lone_chat(id: ChatId, own: AccountId) -> types::Chat {
    let me = id.account() == own;
    types::Chat {
        v: V,
        chat: id.to_string(),
        name: if me { "me".to_owned() } else { id.to_string() },
        title: if me { "Notes to self".to_owned() } else { super::names::short(&id.to_string()) },
        kind: if me { "me" } else { "person" }.to_owned(),
        account: (!me).then(|| id.account().to_string()),
        state: if me { "accepted" } else { "removed" }.to_owned(),
        verified: me,
        key_changed: false,
        presence: "offline".to_owned(),
        via: "none".to_owned(),
        last_seen: None,
        unread: 0,
        draft: None,
        last_at: None,
    }
}

/// The summary of a node.
pub fn status(
    view: &StatusView,
    facts: &Facts,
    stats: &StoreStats,
    trouble: Option<String>,
) -> types::Status {
    let uptime_s = facts.started.elapsed().as_secs();
    let mut listen = facts.listen.clone();
    listen.extend(view.addrs.iter().filter(|addr| !facts.listen.contains(addr)).cloned());
    types::Status {
        v: V,
        account: view.account.to_string(),
        device: view.device.to_string(),
        name: view.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        api: types::API,
        pid: std::process::id(),
        uptime_s,
        network: network_word(view.direct, view.relayed, view.lan, uptime_s).to_owned(),
        listen,
        peers: types::Peers { direct: view.direct, relayed: view.relayed, lan: view.lan, dht: 0 },
        outbox: types::Outbox { queued: stats.queued, mailbox: stats.mailbox },
        mailboxes: Vec::new(),
        serving: Vec::new(),
        store: types::StoreFigures { messages: stats.messages, bytes: stats.bytes },
        requests: view.requests,
        cursor: stats.newest.to_string(),
        trouble,
    }
}

/// A kept event.
pub fn event(names: &Names, kept: &StoredEvent) -> Object {
    let cursor = kept.cursor.to_string();
    match &kept.what {
        EventBody::Message(stored) => Object::Message(Box::new(message(names, cursor, stored))),
        EventBody::Receipt { message, chat, who, state, reason, at, message_state } => {
            Object::Receipt(types::Receipt {
                v: V,
                cursor,
                id: message.to_string(),
                chat: chat.to_string(),
                who: who.to_string(),
                state: state.word().to_owned(),
                reason: reason.clone(),
                at: stamp(*at),
                message_state: message_state.word().to_owned(),
            })
        }
        EventBody::Other(other) => other_event(cursor, kept.at, other),
    }
}

fn other_event(cursor: String, at: WallMs, other: &OtherEvent) -> Object {
    match other {
        OtherEvent::Request { account, name, note } => Object::Request(types::Request {
            v: V,
            cursor,
            id: account.to_string(),
            account: account.to_string(),
            name: name.clone(),
            note: note.clone(),
            at: stamp(at),
        }),
        OtherEvent::Contact { account, name, state, verified, key_changed } => {
            Object::Contact(types::Contact {
                v: V,
                cursor,
                account: account.to_string(),
                name: name.clone(),
                state: state.clone(),
                verified: *verified,
                key_changed: *key_changed,
                reason: None,
                presence: "offline".to_owned(),
                via: "none".to_owned(),
                last_seen: None,
                waiting: 0,
                next_try_ms: None,
            })
        }
        OtherEvent::Gap { chat, account, missing, .. } => Object::Gap(types::Gap {
            v: V,
            cursor,
            chat: chat.to_string(),
            missing: *missing,
            from: account.to_string(),
        }),
        OtherEvent::GapClosed { chat, .. } => Object::Gap(types::Gap {
            v: V,
            cursor,
            chat: chat.to_string(),
            missing: 0,
            from: chat.account().to_string(),
        }),
    }
}

/// A passing fact, with the newest durable cursor.
pub fn notice(cursor: u64, uptime_s: u64, notice: &Notice) -> Object {
    let cursor = cursor.to_string();
    match notice {
        Notice::Presence { account, presence, via } => Object::Presence(types::Presence {
            v: V,
            cursor,
            account: account.to_string(),
            state: presence_word(*presence).to_owned(),
            via: via_word(*via).to_owned(),
            text: None,
        }),
        Notice::Typing { chat, account, on } => Object::Typing(types::Typing {
            v: V,
            cursor,
            chat: chat.to_string(),
            account: account.to_string(),
            on: *on,
        }),
        Notice::Network { direct, relayed, lan, waiting } => Object::Network(types::Network {
            v: V,
            cursor,
            state: network_word(*direct, *relayed, *lan, uptime_s).to_owned(),
            direct: *direct,
            relayed: *relayed,
            lan: *lan,
            waiting: *waiting,
            next_try_ms: None,
        }),
    }
}
