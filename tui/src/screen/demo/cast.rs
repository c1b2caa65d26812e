//! Who is in the played conversation, and what was said before it begins. All of it is made up; the objects are those
//! of the API, so that the screen cannot tell the difference.

use super::clock;
use starling_node::api::types::{
    Account, Chat, Contact, From, Invite, Member, Message, Network, Recipient, Request, Room, RoomNow,
    Safety, V,
};
use std::collections::BTreeMap;

/// Own account.
pub const ME: &str = "account:demo-you";
/// The room.
pub const ROOF: &str = "chat:demo-roof";
/// A link that leads nowhere: it is as long as a real one.
pub const LINK: &str = "starling:demo4hq2m7xk5vbw3jrt6nsy2cgz7dpf4ael5iuo3hq2m7xk5vbw3jrt6nsy2cgz7dpf4ael5iuo3hq2m7xk5vbw3jrt6nsy2cgz7demo";
/// Words that open nothing.
pub const WORDS: &str = "river table ocean stone lunch fossil candle violin garden silver bridge tennis orbit spring paper whale carbon magnet lemon awake mirror copper theory oxygen";

/// Somebody of the played conversation: short id, name, presence, road.
pub type Person = (&'static str, &'static str, &'static str, &'static str);

/// Everybody.
pub const PEOPLE: [Person; 4] = [
    ("ilse", "Ilse Brandt", "online", "lan"),
    ("tomas", "Tomás", "online", "direct"),
    ("wang", "王小明", "online", "relay"),
    ("dad", "Dad", "offline", "none"),
];

/// The account of a short id.
pub fn account(id: &str) -> String {
    if id == "you" { ME.to_owned() } else { format!("account:demo-{id}") }
}

/// The name of a short id.
pub fn name(id: &str, own: &str) -> String {
    PEOPLE.iter().find(|one| one.0 == id).map_or_else(|| own.to_owned(), |one| one.1.to_owned())
}

/// Oneself.
pub fn me(own: &str) -> Account {
    Account { v: V, account: ME.to_owned(), device: "device:demo".to_owned(), name: own.to_owned() }
}

/// A contact.
pub fn contact((id, name, presence, via): Person) -> Contact {
    Contact {
        v: V,
        cursor: String::new(),
        account: account(id),
        name: name.to_owned(),
        state: "accepted".to_owned(),
        verified: id == "ilse",
        key_changed: false,
        reason: None,
        presence: presence.to_owned(),
        via: via.to_owned(),
        last_seen: (presence == "offline").then(|| clock::before(95)),
        waiting: 0,
        in_mailboxes: 0,
        mailboxes: 1,
        next_try_ms: None,
        hidden: false,
        looked_up: None,
        found: None,
    }
}

/// A row of the chat list: of a person, of oneself, or of the room.
pub fn row(id: &str, minutes: u64) -> Chat {
    let person = PEOPLE.iter().find(|one| one.0 == id);
    let kind = match id {
        "notes" => "me",
        "roof" => "room",
        _ => "person",
    };
    let title = match id {
        "notes" => "Notes to self",
        "roof" => "Roof",
        _ => person.map_or("", |one| one.1),
    };
    Chat {
        v: V,
        chat: format!("chat:demo-{id}"),
        name: if kind == "room" { format!("#{id}") } else { format!("@{id}") },
        title: title.to_owned(),
        kind: kind.to_owned(),
        open: false,
        account: person.map(|one| account(one.0)),
        state: if kind == "room" { "member" } else { "accepted" }.to_owned(),
        verified: id == "ilse",
        key_changed: false,
        presence: person.map_or("offline", |one| one.2).to_owned(),
        via: person.map_or("none", |one| one.3).to_owned(),
        last_seen: person.filter(|one| one.2 == "offline").map(|_| clock::before(95)),
        unread: 0,
        mentions: 0,
        draft: None,
        last_at: Some(clock::before(minutes)),
        mute: "off".to_owned(),
        mute_until: None,
        pinned: false,
        archived: false,
        notify: "default".to_owned(),
    }
}

/// A message. `order` is its place in the room; elsewhere the order of coming counts.
pub fn message(chat: &Chat, nth: u64, from: From, at: String, text: &str) -> Message {
    let me = from.me;
    Message {
        v: V,
        cursor: String::new(),
        id: format!("message:demo-{nth}"),
        chat: chat.chat.clone(),
        chat_name: chat.name.clone(),
        from,
        at: at.clone(),
        received: at.clone(),
        order: if chat.kind == "room" { format!("{nth:08}") } else { String::new() },
        text: text.to_owned(),
        reply_to: None,
        edited: false,
        deleted: false,
        reactions: BTreeMap::new(),
        files: Vec::new(),
        via: if me { "local".to_owned() } else { chat.via.clone() },
        state: if me { "queued" } else { "delivered" }.to_owned(),
        reason: None,
        state_at: at,
        unread: false,
        kind: "text".to_owned(),
        recipients: Vec::new(),
        counts: None,
        kept: None,
        pinned: false,
        attempt: 1,
    }
}

/// Who wrote.
pub fn from(id: &str, own: &str) -> From {
    From { account: account(id), name: name(id, own), verified: id == "ilse", me: id == "you" }
}

/// One to whom a message goes.
pub fn recipient(id: &str, at: String) -> Recipient {
    Recipient { account: account(id), name: name(id, ""), state: "queued".to_owned(), at, kept: None }
}

/// The room as it stands in the list.
pub fn room(here: u32) -> Room {
    Room {
        v: V,
        cursor: String::new(),
        room: "room:demo-roof".to_owned(),
        name: "#roof".to_owned(),
        open: false,
        change: "member".to_owned(),
        who: ME.to_owned(),
        who_name: String::new(),
        members: 5,
        epoch: Some("1".to_owned()),
        now: Some(RoomNow {
            chat: ROOF.to_owned(),
            title: "Roof".to_owned(),
            role: "member".to_owned(),
            by: None,
            topic: "The relay on the roof of building C".to_owned(),
            here,
            history: "last 50".to_owned(),
            mailboxes: 1,
            waiting: 0,
            slow_s: 0,
        }),
    }
}

/// Somebody in the room.
pub fn member(contact: &Contact, role: &str) -> Member {
    Member {
        v: V,
        room: "room:demo-roof".to_owned(),
        account: contact.account.clone(),
        name: contact.name.clone(),
        role: role.to_owned(),
        me: contact.account == ME,
        contact: contact.account != ME,
        via: contact.via.clone(),
        last_seen: contact.last_seen.clone(),
        ignored: false,
        followed: false,
    }
}

/// Somebody asks to be talked to.
pub fn request(id: &str, name: &str, note: &str, at: String) -> Request {
    Request {
        v: V,
        cursor: String::new(),
        id: account(id),
        account: account(id),
        name: name.to_owned(),
        note: note.to_owned(),
        at,
    }
}

/// An invite.
pub fn invite(until: String) -> Invite {
    Invite { v: V, id: "invite:demo".to_owned(), link: LINK.to_owned(), uses: 1, until, revoked: false }
}

/// A safety number.
pub fn safety(contact: &Contact) -> Safety {
    Safety {
        v: V,
        account: contact.account.clone(),
        name: contact.name.clone(),
        number: "31415 92653 58979 32384 62643 38327 95028 84197 16939 93751 05820 97494".to_owned(),
        verified: contact.verified,
        key_changed: false,
    }
}

/// The network in one of its states.
pub fn network(state: &str, people: &[Contact], waiting: u64) -> Network {
    let by = |via: &str| {
        let count = people.iter().filter(|one| one.presence != "offline" && one.via == via).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    };
    Network {
        v: V,
        cursor: String::new(),
        state: state.to_owned(),
        direct: by("direct"),
        relayed: by("relay"),
        lan: by("lan"),
        waiting,
        next_try_ms: (state == "offline").then_some(15_000),
        invisible: false,
    }
}
