//! A played conversation for the tests of the screen: a model that was fed through `update` only, and its screen as
//! text.
#![allow(
    dead_code,
    unused_imports,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod shoot;

pub use shoot::{SIZES, keep, letters, picture, shoot};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use starling_node::api::types::*;
use starling_tui::screen::model::Model;
use starling_tui::screen::msg::{Effect, Msg, Opened, ProfileKind};
use starling_tui::screen::theme::{ASCII, Marks, Theme, UNICODE};
use starling_tui::screen::update::{Moment, update};

pub const LINK: &str = "starling:aeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibae";
pub const WORDS: &str = "river table ocean stone lunch fossil candle violin garden silver bridge tennis orbit spring paper whale carbon magnet lemon awake mirror copper theory oxygen";

/// A model and its clock.
pub struct Scene {
    pub model: Model,
    pub ms: u64,
    pub effects: Vec<Effect>,
}

impl Scene {
    pub fn new(size: (u16, u16), marks: Marks) -> Self {
        let model = Model::new(Theme::new(marks, true), jiff::tz::TimeZone::UTC, size, 7, None);
        Self { model, ms: 1_000, effects: Vec::new() }
    }

    /// A first run.
    pub fn first_run(size: (u16, u16)) -> Self {
        let mut scene = Self::new(size, UNICODE);
        scene.msg(Msg::Profile(ProfileKind::Missing));
        scene
    }

    /// The main screen with a played conversation.
    pub fn talk(size: (u16, u16)) -> Self {
        Self::talk_with(size, UNICODE)
    }

    pub fn talk_ascii(size: (u16, u16)) -> Self {
        Self::talk_with(size, ASCII)
    }

    fn talk_with(size: (u16, u16), marks: Marks) -> Self {
        let mut scene = Self::new(size, marks);
        scene.msg(Msg::Profile(ProfileKind::Open));
        scene.msg(Msg::Opened(Ok(opened())));
        scene.msg(Msg::Status(Ok(Box::new(status()))));
        scene.msg(Msg::People(Ok(people())));
        scene.msg(Msg::Chats(Ok(chats())));
        scene.open("chat:ilse");
        scene.msg(Msg::Log { chat: "chat:ilse".into(), page: Ok(messages()) });
        scene
    }

    /// The main screen of somebody who has nobody yet.
    pub fn alone(size: (u16, u16)) -> Self {
        let mut scene = Self::new(size, UNICODE);
        scene.msg(Msg::Profile(ProfileKind::Open));
        scene.msg(Msg::Opened(Ok(Opened { words_later: true, ..opened() })));
        scene.msg(Msg::Status(Ok(Box::new(status()))));
        scene.msg(Msg::People(Ok(Vec::new())));
        scene.msg(Msg::Chats(Ok(vec![notes()])));
        scene.msg(Msg::Log { chat: "chat:me".into(), page: Ok(Vec::new()) });
        scene
    }

    pub fn open(&mut self, chat: &str) {
        let at = self.model.chats.iter().position(|row| row.chat == chat).unwrap();
        self.key(KeyCode::Char(char::from_digit(at as u32 + 1, 10).unwrap()), KeyModifiers::ALT);
    }

    pub fn moment(&self) -> Moment {
        let start: jiff::Timestamp = "2026-11-22T21:14:00Z".parse().unwrap();
        Moment { ms: self.ms, wall: start + jiff::SignedDuration::from_millis(self.ms as i64) }
    }

    /// Feeds one message; gives back and keeps what is to be done.
    pub fn msg(&mut self, msg: Msg) -> Vec<Effect> {
        let now = self.moment();
        let effects = update(&mut self.model, msg, now);
        self.effects.extend(effects.iter().cloned());
        effects
    }

    pub fn event(&mut self, object: Object) -> Vec<Effect> {
        self.msg(Msg::Event(Box::new(object)))
    }

    pub fn key(&mut self, code: KeyCode, modifiers: KeyModifiers) -> Vec<Effect> {
        self.msg(Msg::Term(Event::Key(KeyEvent::new(code, modifiers))))
    }

    pub fn press(&mut self, code: KeyCode) -> Vec<Effect> {
        self.key(code, KeyModifiers::NONE)
    }

    pub fn ctrl(&mut self, letter: char) -> Vec<Effect> {
        self.key(KeyCode::Char(letter), KeyModifiers::CONTROL)
    }

    pub fn type_text(&mut self, text: &str) -> Vec<Effect> {
        text.chars().flat_map(|c| self.press(KeyCode::Char(c))).collect()
    }

    pub fn paste(&mut self, text: &str) -> Vec<Effect> {
        self.msg(Msg::Term(Event::Paste(text.to_owned())))
    }

    /// Lets time pass and wakes the model as the loop would.
    pub fn wait(&mut self, ms: u64) -> Vec<Effect> {
        let end = self.ms + ms;
        let mut effects = Vec::new();
        while let Some(wake) = self.model.next_wake().filter(|wake| *wake <= end) {
            self.ms = wake.max(self.ms + 1);
            effects.extend(self.msg(Msg::Tick));
        }
        self.ms = end;
        effects
    }

    /// The screen as text, with the place of the caret.
    pub fn screen(&self) -> String {
        let (buffer, caret) = picture(&self.model);
        letters(&buffer, caret)
    }
}

pub fn opened() -> Opened {
    Opened {
        account: Account {
            v: 1,
            account: "account:alice".into(),
            device: "device:a".into(),
            name: "Alice".into(),
        },
        in_process: true,
        locked: false,
        words_later: false,
    }
}

pub fn status() -> Status {
    Status {
        v: 1,
        account: "account:alice".into(),
        device: "device:a".into(),
        name: "Alice".into(),
        version: "0.1.0".into(),
        api: 1,
        pid: 4127,
        uptime_s: 60,
        network: "direct".into(),
        listen: vec!["/ip4/192.0.2.7/tcp/41641".into(), "/ip4/192.0.2.7/udp/41641/quic-v1".into()],
        peers: Peers { direct: 1, relayed: 0, lan: 1, dht: 0 },
        outbox: Outbox { queued: 1, mailbox: 0 },
        mailboxes: Vec::new(),
        serving: Vec::new(),
        serving_mail: None,
        invisible: false,
        store: StoreFigures { messages: 12, bytes: 81_920 },
        requests: 0,
        cursor: "c1".into(),
        trouble: None,
    }
}

pub fn network(state: &str, direct: u32, relayed: u32, lan: u32) -> Network {
    Network {
        v: 1,
        cursor: "c9".into(),
        state: state.into(),
        direct,
        relayed,
        lan,
        waiting: 2,
        next_try_ms: Some(15_000),
        invisible: false,
    }
}

/// What a node behind a router knows of its network.
pub fn net() -> Net {
    let address = |addr: &str, how: &str| Address { addr: addr.into(), how: how.into(), since_s: 7_300 };
    Net {
        v: 1,
        state: "direct".into(),
        invisible: false,
        route: true,
        network: true,
        listen: vec!["/ip4/192.168.1.7/udp/41641/quic-v1".into(), "/ip4/192.168.1.7/tcp/41641".into()],
        addresses: vec![
            address("/ip4/192.168.1.7/udp/41641/quic-v1", "listen"),
            address("/ip4/192.168.1.7/tcp/41641", "listen"),
            address("/ip4/198.51.100.7/udp/50123/quic-v1", "confirmed"),
        ],
        reach: "private".into(),
        mapping: "not_public".into(),
        relays: vec![
            Relay { addr: "/ip4/203.0.113.5/udp/4001/quic-v1".into(), reserved: true, since_s: 7_300 },
            Relay { addr: "/ip4/203.0.113.6/tcp/4001".into(), reserved: false, since_s: 40 },
        ],
        dht: Dht { known: 12, keeps: false, records: 0, published: 3, publishes: 4 },
        peers: Peers { direct: 1, relayed: 1, lan: 1, dht: 12 },
        punched: 2,
        punch_failed: 1,
        connections: 9,
        carried: 0,
        serving: Vec::new(),
        waiting: 2,
        next_try_ms: Some(15_000),
        down_bytes: 61_000_000,
        up_bytes: 12_000_000,
        uptime_s: 7_300,
    }
}

/// What a test of it found.
pub fn found() -> Vec<Test> {
    let line = |what: &str, ok: Option<bool>, text: &str, advice: &str| Test {
        v: 1,
        what: what.into(),
        ok,
        text: text.into(),
        advice: advice.into(),
    };
    vec![
        line("port", Some(true), "This node has its port, 41641.", ""),
        line("route", Some(true), "There is a way to the internet.", ""),
        line("peers", None, "Nobody is asked for by the configuration.", ""),
        line(
            "reach",
            Some(false),
            "3 nodes dialled /ip4/198.51.100.7/udp/50123/quic-v1 and did not get through.",
            "",
        ),
        line(
            "router",
            Some(false),
            "The router is itself behind another one.",
            "Ask your provider for an address of your own, or forward UDP 41641 on both.",
        ),
        line("relay", Some(true), "203.0.113.5:4001 keeps a place for you.", ""),
    ]
}

pub fn contact(id: &str, name: &str, presence: &str, via: &str) -> Contact {
    Contact {
        v: 1,
        cursor: String::new(),
        account: format!("account:{id}"),
        name: name.into(),
        state: "accepted".into(),
        verified: false,
        key_changed: false,
        reason: None,
        presence: presence.into(),
        via: via.into(),
        last_seen: (presence == "offline").then(|| "2026-11-22T18:20:00.000Z".to_owned()),
        waiting: 0,
        in_mailboxes: 0,
        mailboxes: 0,
        hidden: false,
        looked_up: None,
        found: None,
        next_try_ms: (presence == "offline").then_some(15_000),
    }
}

/// Names that tear screens: emoji with joiners, flags, marks, right to left, wide, a direction override.
pub fn people() -> Vec<Contact> {
    vec![
        contact("ilse", "Ilse Brandt", "online", "lan"),
        contact("bob", "Bob ❤️ 👩‍👩‍👧 🇩🇪", "online", "direct"),
        contact(
            "carol",
            "e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a}\u{30b}\u{30c} קול 你好 \u{202e}abc",
            "online",
            "relay",
        ),
        contact("dad", "Dad", "offline", "none"),
    ]
}

pub fn chat(id: &str, title: &str, presence: &str, via: &str, last: &str) -> Chat {
    Chat {
        v: 1,
        chat: format!("chat:{id}"),
        name: format!("@{id}"),
        title: title.into(),
        kind: "person".into(),
        open: false,
        account: Some(format!("account:{id}")),
        state: "accepted".into(),
        verified: false,
        key_changed: false,
        presence: presence.into(),
        via: via.into(),
        last_seen: (presence == "offline").then(|| "2026-11-22T18:20:00.000Z".to_owned()),
        unread: 0,
        mentions: 0,
        draft: None,
        last_at: Some(format!("2026-11-22T{last}:00.000Z")),
        mute: "off".into(),
        mute_until: None,
        pinned: false,
        archived: false,
        notify: "default".into(),
    }
}

pub fn notes() -> Chat {
    Chat {
        kind: "me".into(),
        account: None,
        name: "me".into(),
        presence: "offline".into(),
        via: "none".into(),
        last_seen: None,
        ..chat("me", "Notes to self", "online", "direct", "01:00")
    }
}

pub fn chats() -> Vec<Chat> {
    let names = people();
    vec![
        notes(),
        Chat { unread: 2, ..chat("ilse", &names[0].name, "online", "lan", "21:09") },
        Chat { unread: 12, ..chat("bob", &names[1].name, "online", "direct", "20:50") },
        chat("carol", &names[2].name, "online", "relay", "20:40"),
        Chat { draft: Some("later".into()), ..chat("dad", "Dad", "offline", "none", "20:30") },
    ]
}

pub fn message(id: &str, from: &str, at: &str, text: &str) -> Message {
    let me = from == "alice";
    Message {
        v: 1,
        cursor: String::new(),
        id: id.into(),
        chat: "chat:ilse".into(),
        chat_name: "@ilse".into(),
        from: From {
            account: format!("account:{from}"),
            name: if me { "Alice".into() } else { "Ilse Brandt".into() },
            verified: false,
            me,
        },
        at: at.into(),
        received: at.into(),
        order: String::new(),
        text: text.into(),
        reply_to: None,
        edited: false,
        deleted: false,
        reactions: std::collections::BTreeMap::new(),
        files: Vec::new(),
        via: "lan".into(),
        state: "delivered".into(),
        reason: None,
        state_at: at.into(),
        unread: false,
        kind: "text".into(),
        recipients: Vec::new(),
        counts: None,
        kept: None,
        pinned: false,
        attempt: 1,
    }
}

/// A conversation with messages in all states.
pub fn messages() -> Vec<Message> {
    let day = |time: &str| format!("2026-11-21T{time}:00.000Z");
    let today = |time: &str| format!("2026-11-22T{time}:00.000Z");
    let reactions = [
        ("👍".to_owned(), vec!["Ilse".to_owned(), "Bob".to_owned()]),
        ("🎉".to_owned(), vec!["Bob".to_owned()]),
    ];
    vec![
        message(
            "m1",
            "ilse",
            &day("18:02"),
            "The relay on the roof is back. Could two of you in building C try a long message and a file?",
        ),
        Message {
            state: "read".into(),
            reactions: reactions.into(),
            ..message("m2", "alice", &day("18:05"), "Trying now. The file is 4 MB.")
        },
        Message {
            kind: "notice".into(),
            ..message("m3", "ilse", &day("18:06"), "Ilse Brandt compared the safety number with you.")
        },
        message(
            "m4",
            "ilse",
            &today("20:47"),
            "大家好，我在局域网里，没有互联网也能发消息。 ❤️ 👩‍👩‍👧 🇩🇪 קול \u{202e}evil\u{1b}[2J",
        ),
        Message { deleted: true, ..message("m5", "ilse", &today("20:48"), "") },
        Message {
            state: "failed".into(),
            reason: Some("she has blocked you".into()),
            ..message("m6", "alice", &today("20:49"), "Is this on?")
        },
        Message {
            state: "mailbox".into(),
            edited: true,
            ..message("m7", "alice", &today("20:55"), "This one waits in a mailbox.")
        },
        Message {
            kind: "unknown".into(),
            ..message("m8", "ilse", &today("21:00"), "A poll: this version cannot show it.")
        },
        Message {
            reply_to: Some("m2".into()),
            unread: true,
            ..message(
                "m9",
                "ilse",
                &today("21:09"),
                "It arrived in one go, and the checksum matches. Docs are here: https://example.org/wiki/relays/roof-c#step-4",
            )
        },
        Message {
            unread: true,
            ..message("m10", "ilse", &today("21:09"), "@alice can you bring the long cable on Monday?")
        },
        message("m11", "alice", &today("21:12"), "Yes. I also have spare clips."),
        Message {
            state: "queued".into(),
            ..message("m12", "alice", &today("21:12"), "And a ladder, if somebody can carry it with me.")
        },
    ]
}

pub fn request() -> Request {
    Request {
        v: 1,
        cursor: "c2".into(),
        id: "account:mallory".into(),
        account: "account:mallory2345672345".into(),
        name: "Mallory \u{202e}ecilA".into(),
        note: "Hi, we met at the meeting. 👋".into(),
        at: "2026-11-22T21:10:00.000Z".into(),
    }
}

pub fn invite() -> Invite {
    Invite {
        v: 1,
        id: "i1".into(),
        link: LINK.into(),
        uses: 1,
        until: "2026-11-29T21:00:00.000Z".into(),
        revoked: false,
    }
}

pub fn trouble() -> Trouble {
    Trouble::new(
        "E-REFUSED",
        6,
        "Dad has not accepted yet",
        "Nothing was sent; the text is kept.",
        "Wait until he accepts.",
    )
}
