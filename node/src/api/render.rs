//! From the engine's views and the store's rows to the API's objects. Only shapes: it decides nothing.

mod mail;
mod network;
mod rooms;

use super::names::Names;
use super::types::{self, Object, V};
use crate::driver::handle::Facts;
use crate::net::facts::NetFacts;
use crate::store::{
    ChatSummary, EventBody, Mute, Notify, OtherEvent, StoreStats, StoredEvent, StoredMessage,
};
pub use mail::{
    blank, custody, grant_name, grants, kept, mail_ask, mailbox, not_serving, serving, serving_mail,
};
pub use network::{log_line, net, network, test};
pub use rooms::{counts, member, room, room_chat, room_word};
use starling_protocol::engine::command::{
    ContactState, ContactView, InviteView, NearView, Presence, RequestView, StatusView, Via,
};
use starling_protocol::engine::step::{MessageKind, Notice};
use starling_protocol::ids::{AccountId, ChatId};
use starling_protocol::time::{WallMs, clamp_wall};
use std::collections::BTreeMap;

/// Recipients each of whom a listed message names. More is of use to nobody in a list, and a page of a full room
/// would be megabytes.
const RECIPIENTS_LISTED: usize = 20;

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

/// Where a message stands, as a text that sorts like it.
fn order(kept: &StoredMessage) -> String {
    let (place, row) = kept.order();
    // The other way round for negative numbers, which stand before the others.
    let sortable = |number: i64| number.cast_unsigned() ^ (1 << 63);
    format!("{:016x}{:016x}{:016x}", sortable(place.depth), sortable(place.mark), sortable(row))
}

/// A message of a list, or of an event: in a room of many with counts instead of each recipient.
pub fn message(names: &Names, cursor: String, kept: &StoredMessage) -> types::Message {
    let mut message = whole_message(names, cursor, kept);
    if message.counts.is_some() && message.recipients.len() > RECIPIENTS_LISTED {
        message.recipients = Vec::new();
    }
    message
}

/// A message with everybody it goes to.
pub fn whole_message(names: &Names, cursor: String, kept: &StoredMessage) -> types::Message {
    let mut reactions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (who, emoji) in &kept.reactions {
        reactions.entry(emoji.clone()).or_default().push(names.name_in(kept.chat, *who));
    }
    let recipients = kept.recipients.iter().map(|one| types::Recipient {
        account: one.account.to_string(),
        name: names.name_in(kept.chat, one.account),
        state: one.state.word().to_owned(),
        at: stamp(one.at),
        kept: mail::kept(one.state, one.custody),
    });
    types::Message {
        v: V,
        cursor,
        id: kept.id.to_string(),
        chat: kept.chat.to_string(),
        chat_name: names.chat_name(kept.chat),
        from: types::From {
            account: kept.author.to_string(),
            name: names.name_in(kept.chat, kept.author),
            verified: kept.me || names.person(kept.author).is_some_and(|person| person.verified),
            me: kept.me,
        },
        at: stamp(kept.sent_at),
        received: stamp(kept.received_at),
        order: order(kept),
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
        counts: (kept.me
            && !kept.recipients.is_empty()
            && names.room(kept.chat).is_some_and(|room| !room.open))
        .then(|| counts(&kept.recipients)),
        kept: mail::kept_by_all(kept),
        pinned: kept.pinned.is_some(),
        attempt: kept.attempt,
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
        in_mailboxes: view.in_mailboxes,
        mailboxes: view.mailboxes,
        next_try_ms: view.next_try_ms,
        hidden: view.hidden,
        looked_up: view.looked_up.map(stamp),
        found: view.found.map(stamp),
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

/// Somebody near.
pub fn near(cursor: String, view: &NearView) -> types::Near {
    types::Near {
        v: V,
        cursor,
        account: view.account.to_string(),
        name: view.name.clone(),
        link: view.link.clone(),
        contact: view.contact,
        seen: stamp(view.seen),
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
        open: false,
        account: Some(view.account.to_string()),
        state: contact_word(view.state).to_owned(),
        verified: view.verified,
        key_changed: view.key_changed,
        presence: presence_word(view.presence).to_owned(),
        via: via_word(view.via).to_owned(),
        last_seen: view.last_seen.map(stamp),
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

/// What the store knows of a chat, into its row.
pub fn kept_chat(row: &mut types::Chat, kept: &ChatSummary, now: WallMs) {
    let (settings, mute) = (kept.settings, kept.settings.muted_at(now));
    row.unread = kept.unread;
    row.draft.clone_from(&kept.draft);
    row.last_at = (kept.last_at > 0).then(|| stamp(kept.last_at));
    word(&Mute::WORDS, mute).clone_into(&mut row.mute);
    row.mute_until = (mute != Mute::Off && settings.mute_until > 0).then(|| stamp(settings.mute_until));
    (row.pinned, row.archived) = (settings.pinned, settings.archived);
    word(&Notify::WORDS, settings.notify).clone_into(&mut row.notify);
}

fn word<T: Copy + PartialEq>(words: &[(T, &'static str)], value: T) -> &'static str {
    words.iter().find(|(known, _)| *known == value).map_or("", |(_, word)| word)
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
        open: false,
        account: (!me).then(|| id.account().to_string()),
        state: if me { "accepted" } else { "removed" }.to_owned(),
        verified: me,
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

/// The summary of a node.
pub fn status(
    (names, now): (&Names, WallMs),
    view: &StatusView,
    facts: &Facts,
    net: &NetFacts,
    stats: &StoreStats,
    trouble: Option<String>,
) -> types::Status {
    let uptime = facts.started.elapsed();
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
        uptime_s: uptime.as_secs(),
        network: network::word(view, net, uptime),
        listen,
        peers: network::peers(view, net),
        outbox: types::Outbox { queued: stats.queued, mailbox: stats.mailbox },
        mailboxes: view.mailboxes.iter().map(|one| mailbox(names, one, now)).collect(),
        serving: network::serving(facts),
        serving_mail: None,
        invisible: view.invisible,
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
        EventBody::Hidden { message, chat } => {
            Object::Hidden(types::Hidden { v: V, cursor, id: message.to_string(), chat: chat.to_string() })
        }
        EventBody::Receipt { message, chat, who, state, reason, at, message_state, custody, attempt } => {
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
                kept: mail::kept(*state, *custody),
                attempt: *attempt,
            })
        }
        EventBody::Other(other) => other_event(names, cursor, kept.at, other),
    }
}

fn other_event(names: &Names, cursor: String, at: WallMs, other: &OtherEvent) -> Object {
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
                in_mailboxes: 0,
                mailboxes: 0,
                next_try_ms: None,
                hidden: false,
                looked_up: None,
                found: None,
            })
        }
        OtherEvent::MailAsk { account, change } => Object::MailAsk(types::MailAsk {
            v: V,
            cursor,
            account: account.to_string(),
            change: change.clone(),
        }),
        OtherEvent::Room { room, name, open, change, who, members } => Object::Room(types::Room {
            v: V,
            cursor,
            room: room.to_string(),
            name: super::names::room_handle(name),
            open: *open,
            change: change.clone(),
            who: who.to_string(),
            who_name: names.name_in((*room).into(), *who),
            members: *members,
            epoch: None,
            now: None,
        }),
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
pub fn notice(cursor: u64, notice: &Notice) -> Option<Object> {
    let cursor = cursor.to_string();
    Some(match notice {
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
        Notice::Words { account, words } => Object::Compare(types::Compare {
            v: V,
            cursor,
            account: account.to_string(),
            words: words.iter().map(|word| (*word).to_owned()).collect(),
        }),
        Notice::Near(view) => Object::Near(near(cursor, view)),
        // It comes by an event of its own, with what the network knows beside it.
        Notice::Network { .. } => return None,
    })
}
