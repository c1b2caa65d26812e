//! A played room for the tests of the screen.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use crate::screen_scene::*;
use starling_node::api::types::*;
use starling_tui::screen::msg::{Msg, Opened, ProfileKind, RoomNews};
use starling_tui::screen::theme::Marks;

/// The chat of the room.
pub const ROOF: &str = "chat:roof";

/// A whole link to a room called "The Roof".
pub fn room_link() -> String {
    "starling:aia4m332fv6mgq7xx3eik7lqdupexfl7w2zfqpurvhvkdd3277ardoybaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaebaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaecaakrugkicsn5xwnrrfmlwq".to_owned()
}

/// The main screen with the room open, and an invitation into another one.
pub fn room(size: (u16, u16), marks: Marks) -> Scene {
    let mut scene = Scene::new(size, marks);
    scene.msg(Msg::Profile(ProfileKind::Open));
    scene.msg(Msg::Opened(Ok(Opened { ..opened() })));
    scene.msg(Msg::Status(Ok(Box::new(status()))));
    scene.msg(Msg::People(Ok(people())));
    let asked = listed("builders", "#builders", 12, "invited");
    scene.msg(Msg::Room(RoomNews::List(Ok(vec![asked, listed("roof", "#roof", 8, "member")]))));
    let mut list = chats();
    list.push(Chat { unread: 2, mentions: 1, ..room_row("roof", "#roof", "member", "21:13") });
    list.push(room_row("builders", "#builders", "invited", "00:00"));
    scene.msg(Msg::Chats(Ok(list)));
    scene.open(ROOF);
    scene.msg(Msg::Room(RoomNews::Members { chat: ROOF.into(), result: Ok(members()) }));
    scene.msg(Msg::Log { chat: ROOF.into(), page: Ok(said()) });
    scene
}

/// A room of the list.
pub fn listed(id: &str, name: &str, members: u32, change: &str) -> Room {
    Room {
        v: 1,
        cursor: String::new(),
        room: format!("room:{id}"),
        name: name.into(),
        open: false,
        change: change.into(),
        who: "account:ilse".into(),
        who_name: "Ilse Brandt".into(),
        members,
        epoch: Some("e1".into()),
        now: Some(RoomNow {
            chat: format!("chat:{id}"),
            title: name.trim_start_matches('#').into(),
            role: "admin".into(),
            by: (change == "invited").then(|| "Ilse Brandt".to_owned()),
            topic: "The relay on the roof of building C".into(),
            here: 5,
            history: "last 50".into(),
            mailboxes: 1,
            waiting: 1,
            slow_s: 0,
        }),
    }
}

/// The row of a room's chat.
pub fn room_row(id: &str, name: &str, state: &str, last: &str) -> Chat {
    Chat {
        kind: "room".into(),
        account: None,
        name: name.into(),
        state: state.into(),
        last_seen: None,
        ..chat(id, name.trim_start_matches('#'), "offline", "none", last)
    }
}

fn member(id: &str, name: &str, role: &str, via: &str, away: Option<&str>) -> Member {
    Member {
        v: 1,
        room: "room:roof".into(),
        account: format!("account:{id}"),
        name: name.into(),
        role: role.into(),
        me: id == "alice",
        contact: !matches!(id, "kim" | "jo"),
        via: via.into(),
        last_seen: away.map(str::to_owned),
        ignored: false,
        followed: false,
    }
}

/// Oneself in the room.
pub fn you() -> Member {
    member("alice", "Alice", "admin", "none", None)
}

/// Everybody in the room.
pub fn members() -> Vec<Member> {
    vec![
        member("ilse", "Ilse Brandt", "creator", "lan", None),
        you(),
        member("tomas", "Tomás", "member", "direct", None),
        member("wang", "王小明", "member", "relay", None),
        member("jo", "Jo", "member", "lan", None),
        member("ana", "Ana", "member", "none", Some("2026-11-20T20:00:00.000Z")),
        member("dad", "Dad", "admin", "none", Some("2026-11-22T18:10:00.000Z")),
        member("kim", "Kim", "member", "none", None),
    ]
}

/// More than fit anywhere.
pub fn many() -> Vec<Member> {
    let other = |nth: u32| member(&format!("x{nth}"), &format!("Person {nth}"), "member", "none", None);
    members().into_iter().chain((0..240).map(other)).collect()
}

/// A message of the room.
pub fn in_room(id: &str, from: &str, at: &str, text: &str) -> Message {
    let name = members().into_iter().find(|one| one.account == format!("account:{from}"));
    let mut message = message(id, from, &format!("2026-11-22T{at}:00.000Z"), text);
    message.chat = ROOF.into();
    message.chat_name = "#roof".into();
    message.from.name = name.map_or_else(|| "account:abcdefgh".to_owned(), |one| one.name);
    message.via = "room".into();
    message
}

fn recipient(id: &str, state: &str) -> Recipient {
    let name = members().into_iter().find(|one| one.account == format!("account:{id}")).unwrap().name;
    Recipient {
        account: format!("account:{id}"),
        name,
        state: state.into(),
        at: "2026-11-22T21:12:00.000Z".into(),
        kept: (state == "mailbox")
            .then(|| Kept { mailboxes: 1, until: Some("2026-12-06T21:00:00.000Z".to_owned()) }),
    }
}

/// What is said in the room.
pub fn said() -> Vec<Message> {
    let all = vec![
        in_room(
            "r1",
            "tomas",
            "18:02",
            "The relay on the roof is back. Could two of you in building C try a long message?",
        ),
        Message {
            recipients: ["ilse", "tomas", "wang", "jo", "ana"].map(|who| recipient(who, "read")).into(),
            state: "read".into(),
            reactions: [("👍".to_owned(), vec!["Jo".to_owned(), "Tomás".to_owned()])].into(),
            ..in_room("r2", "alice", "18:05", "Trying now.")
        },
        Message {
            kind: "notice".into(), ..in_room("r3", "tomas", "18:06", "Jo joined (asked in by Tomás)")
        },
        in_room("r4", "wang", "20:47", "大家好，我在局域网里，没有互联网也能发消息。"),
        in_room("r5", "jo", "20:48", "你好!"),
        Message {
            reply_to: Some("r2".into()),
            unread: true,
            ..in_room(
                "r6",
                "jo",
                "21:09",
                "It arrived in one go. @Alice can you bring the long cable on Monday?",
            )
        },
        Message {
            state: "queued".into(),
            recipients: vec![
                recipient("ilse", "delivered"),
                recipient("tomas", "delivered"),
                recipient("wang", "read"),
                recipient("ana", "mailbox"),
                recipient("dad", "queued"),
            ],
            ..in_room("r7", "alice", "21:12", "Yes. I also have spare clips.")
        },
    ];
    all.into_iter()
        .enumerate()
        .map(|(nth, one)| Message { order: format!("00{}0", nth + 1), ..one })
        .collect()
}
