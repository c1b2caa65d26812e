//! Every wish about rooms through the API, with an engine that only answers.

use super::rooms::{CAROL, ROOF, invitation, list, members, said, town};
use super::*;
use crate::api::types::{Counts, Invite, Member, Room, RoomCopy, Trouble};
use crate::driver::handle::NodeFault;
use starling_protocol::engine::command::{InviteView, RoomSetting};
use starling_protocol::ids::{ChatId, InviteId, RoomId};

/// What the engine answers to a wish about rooms.
pub(super) fn answer(command: &Command) -> Option<Result<Reply, NodeFault>> {
    let roof = || list().into_iter().next().ok_or(NodeFault::Stopping);
    Some(match command {
        Command::RoomList => Ok(Reply::Rooms(list())),
        Command::RoomMembers { .. } => Ok(Reply::Members(members())),
        Command::RoomNew { name } if name.is_empty() => Err(Refusal::Empty.into()),
        Command::RoomNew { .. } | Command::RoomJoin { .. } => roof().map(Reply::Room),
        Command::RoomInvite { account: BOB, .. } => Ok(Reply::Done),
        Command::RoomInvite { .. } => Err(Refusal::NoContact.into()),
        Command::RoomLink { uses, valid_ms, auto_accept, .. } => Ok(Reply::Invite(InviteView {
            invite: InviteId([6; 16]),
            link: format!("starling:{uses}-{valid_ms}-{auto_accept}"),
            uses: *uses,
            until: 5,
            revoked: false,
        })),
        Command::RoomAnswer { room, .. } if *room != invitation().room => Err(Refusal::NotInvited.into()),
        Command::RoomRemove { account: BOB, .. } => Err(Refusal::NotAllowed.into()),
        Command::RoomRole { account: ALICE, .. } => Err(Refusal::NotTheirs.into()),
        Command::RoomSet { what: RoomSetting::History(policy), .. } if policy == "x" => {
            Err(Refusal::OutOfRange { what: "a history policy", range: "none, last N, days N or all" }.into())
        }
        Command::RoomAnswer { .. }
        | Command::RoomLeave { .. }
        | Command::RoomRemove { account: CAROL, .. }
        | Command::RoomRole { account: CAROL, .. }
        | Command::RoomSet { .. } => Ok(Reply::Done),
        Command::RoomNewOpen { .. } | Command::RoomJoinOpen { .. } => Ok(Reply::Room(town())),
        Command::RoomMute { room: ROOF, .. } => Err(Refusal::NotOpen.into()),
        Command::RoomMute { .. } | Command::RoomFollow { .. } | Command::RoomModerate { .. } => {
            Ok(Reply::Done)
        }
        Command::Send { text, .. } if text == "outside" => Err(Refusal::NotMember.into()),
        _ => return None,
    })
}

async fn refused(client: &Client, method: &str, params: Value) -> Trouble {
    client.call::<Value>(method, params).await.unwrap_err()
}

#[tokio::test]
async fn rooms_are_listed_with_how_they_are() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    let all: Vec<Room> = client.call("room.list", json!({})).await.unwrap();
    let now = all[0].now.as_ref().unwrap();
    assert_eq!((all[0].name.as_str(), all[0].change.as_str(), all[0].members), ("#roof", "member", 3));
    assert_eq!((all[0].who.clone(), now.role.as_str(), now.here), (ALICE.to_string(), "member", 1));
    assert_eq!(now.chat, ChatId::from(ROOF).to_string());
    let asked = all[1].now.as_ref().unwrap();
    assert_eq!((all[1].change.as_str(), asked.by.as_deref()), ("invited", Some("Bob")));
    assert_eq!(all[1].who, BOB.to_string());
    let lines: Vec<Value> = client.call("room.list", json!({})).await.unwrap();
    assert_eq!((&lines[0]["type"], &lines[0]["topic"]), (&json!("room"), &json!("")));
}

#[tokio::test]
async fn members_are_listed_by_the_rooms_name_or_id() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    for room in ["#roof", "roof", " #Roof ", &ROOF.to_string(), &ChatId::from(ROOF).to_string()] {
        let all: Vec<Member> = client.call("room.members", json!({ "room": room })).await.unwrap();
        let names: Vec<_> = all.iter().map(|one| (one.name.as_str(), one.me, one.contact)).collect();
        let expected = [("A", true, false), ("Bobby", false, true), ("Carol of the roof", false, false)];
        assert_eq!(names, expected, "{room}");
    }
    for room in ["#wall", "bob", "@bob", &RoomId([9; 32]).to_string(), &ChatId::from(BOB).to_string()] {
        assert_eq!(refused(&client, "room.members", json!({ "room": room })).await.exit, 4, "{room}");
    }
}

#[tokio::test]
async fn wishes_about_rooms_are_done() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    let made: Room = client.call("room.new", json!({ "name": "roof" })).await.unwrap();
    assert_eq!(made.room, ROOF.to_string());
    let link = json!({ "room": "roof", "uses": 5, "for": 60, "auto_accept": true });
    let made: Invite = client.call("room.link", link).await.unwrap();
    assert_eq!(made.link, "starling:5-60000-true");
    let asked = invitation().room.to_string();
    for (method, params) in [
        ("room.invite", json!({ "room": "roof", "who": "@bob" })),
        ("room.decline", json!({ "room": asked })),
        ("room.leave", json!({ "room": "#roof" })),
        // Not a contact: by the name the room knows.
        ("room.remove", json!({ "room": "roof", "who": "@carol-of-the-roof" })),
        ("room.promote", json!({ "room": "roof", "who": "Carol of the roof" })),
        ("room.demote", json!({ "room": "roof", "who": CAROL.to_string() })),
    ] {
        let done: Done = client.call(method, params).await.unwrap();
        assert!(!done.what.is_empty(), "{method}");
    }
    for (method, params) in [
        ("room.join", json!({ "room": asked })),
        ("room.join", json!({ "link": "starling:abc", "note": "me" })),
        ("room.topic", json!({ "room": "roof" })),
        ("room.topic", json!({ "room": "roof", "text": "the relay" })),
        ("room.rename", json!({ "room": "roof", "name": "terrace" })),
        ("room.history", json!({ "room": "roof", "policy": "last 50" })),
    ] {
        let room: Room = client.call(method, params.clone()).await.unwrap();
        assert!(room.now.is_some(), "{method} {params}");
    }
}

#[tokio::test]
async fn a_copy_of_a_room_asks_its_people_but_some() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    let copy: RoomCopy = client.call("room.copy", json!({ "room": "roof" })).await.unwrap();
    // Carol is no contact: she is named, not forgotten.
    assert_eq!((copy.asked, copy.not_asked), (vec![BOB.to_string()], vec![CAROL.to_string()]));
    let copy: RoomCopy =
        client.call("room.copy", json!({ "room": "roof", "without": ["@bob"] })).await.unwrap();
    assert_eq!((copy.asked, copy.not_asked), (vec![], vec![CAROL.to_string()]));
    for params in [json!({ "room": "roof", "without": ["@nobody"] }), json!({ "room": "wall" })] {
        assert_eq!(refused(&client, "room.copy", params).await.exit, 4);
    }
}

#[tokio::test]
async fn wishes_about_rooms_that_cannot_be_are_refused_in_words() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    let invite = starling_protocol::invite::Invite { root: BOB, secret: [1; 32], hints: Vec::new() };
    for (method, params, expected) in [
        ("room.new", json!({ "name": "" }), ("E-USE", 2)),
        ("room.invite", json!({ "room": "roof", "who": "@nobody" }), ("E-NAME", 4)),
        ("room.join", json!({}), ("E-USE", 2)),
        ("room.join", json!({ "room": "roof" }), ("E-NAME", 4)),
        ("room.join", json!({ "link": invite.to_link() }), ("E-LINK", 1)),
        ("room.remove", json!({ "room": "roof", "who": "@bobby" }), ("E-REFUSED", 6)),
        ("room.remove", json!({ "room": "roof", "who": "@nobody" }), ("E-NAME", 4)),
        ("room.promote", json!({ "room": "roof", "who": "A" }), ("E-NAME", 4)),
        ("room.history", json!({ "room": "roof", "policy": "x" }), ("E-USE", 2)),
        ("room.leave", json!({ "room": "#wall" }), ("E-NAME", 4)),
        ("send", json!({ "to": "#roof", "text": "outside" }), ("E-REFUSED", 6)),
        ("send", json!({ "to": "#wall", "text": "x" }), ("E-NAME", 4)),
    ] {
        let fault = refused(&client, method, params.clone()).await;
        assert_eq!((fault.code.as_str(), fault.exit), expected, "{method} {params}: {fault}");
        assert!(!fault.what.is_empty() && !fault.do_.is_empty());
    }
}

#[tokio::test]
async fn open_channels_are_joined_by_their_name_alone() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    for (method, params) in [
        ("room.new", json!({ "name": "roof", "open": true })),
        ("room.join", json!({ "room": "#nobody-knows-it" })),
        ("room.join", json!({ "room": "#town" })),
        ("room.join", json!({ "room": "roof", "open": true })),
    ] {
        let room: Room = client.call(method, params.clone()).await.unwrap();
        assert!(room.open, "{method} {params}");
    }
    // A private room's name joins no channel by mistake, nor does an id.
    for room in ["#roof", &RoomId([9; 32]).to_string(), ""] {
        assert!(client.call::<Value>("room.join", json!({ "room": room })).await.is_err(), "{room}");
    }
    let all: Vec<Room> = client.call("room.list", json!({})).await.unwrap();
    assert_eq!(all.iter().filter(|room| room.open).count(), 1);
    let chats: Vec<Value> = client.call("chats.list", json!({})).await.unwrap();
    let open: Vec<_> = chats.iter().filter(|chat| chat["open"] == true).map(|chat| &chat["name"]).collect();
    assert_eq!(open, ["#town"]);
}

#[tokio::test]
async fn people_of_open_channels_are_ignored_followed_and_moderated() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    for (method, params) in [
        ("room.ignore", json!({ "room": "town", "who": "@carol-of-the-roof" })),
        ("room.ignore", json!({ "room": "town", "who": "@carol-of-the-roof", "on": false })),
        ("room.follow", json!({ "room": "town", "who": CAROL.to_string() })),
        ("room.mute", json!({ "room": "town", "who": "@carol-of-the-roof", "for": 60 })),
        ("room.slow", json!({ "room": "town", "seconds": 30 })),
    ] {
        let done: Done = client.call(method, params.clone()).await.unwrap();
        assert!(done.what.contains("#town"), "{params}: {}", done.what);
    }
    for (method, params, exit) in [
        ("room.slow", json!({ "room": "town" }), 2),
        ("room.hide", json!({ "room": "town" }), 2),
        ("room.hide", json!({ "room": "town", "id": id(77).to_string() }), 4),
        ("room.slow", json!({ "room": "wall", "seconds": 1 }), 4),
    ] {
        assert_eq!(refused(&client, method, params.clone()).await.exit, exit, "{method} {params}");
    }
    let private = refused(&client, "room.ignore", json!({ "room": "roof", "who": "@bob" })).await;
    assert_eq!((private.code.as_str(), private.exit), ("E-REFUSED", 6));
}

#[tokio::test]
async fn an_own_message_of_a_room_counts_who_has_it() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    let _: Sent = client.call("send", json!({ "to": "#roof", "text": "one" })).await.unwrap();
    let state = |account, state| Change::State { message: id(1), account, state, reason: None, at: 5 };
    let kept = Change::Custody { message: id(1), account: CAROL, mailboxes: 1, until: 9, at: 5 };
    let one = || client.call::<Message>("message", json!({ "id": id(1).to_string() }));
    fake.happens(vec![state(CAROL, MessageState::Queued), kept, state(BOB, MessageState::Read)]).await;
    let found = one().await.unwrap();
    let expected = Counts { delivered: 1, read: 1, mailbox: 1, queued: 0, failed: 0, of: 2 };
    assert_eq!((found.state.as_str(), found.counts), ("mailbox", Some(expected)));
    assert_eq!(found.recipients[1].name, "Carol of the roof");

    // In a room of many a list only counts; one message still names all.
    let many = (10..40).map(|n| state(AccountId([n; 32]), MessageState::Queued)).collect();
    fake.happens(many).await;
    let log: Vec<Message> = client.call("log", json!({ "chat": "#roof" })).await.unwrap();
    assert_eq!((log[0].recipients.len(), log[0].counts.unwrap().of), (0, 32));
    assert_eq!(one().await.unwrap().recipients.len(), 32);
    // A letter to one person has no counts.
    let _: Sent = client.call("send", send("hello")).await.unwrap();
    let letter: Message = client.call("message", json!({ "id": id(2).to_string() })).await.unwrap();
    assert_eq!((letter.counts, letter.recipients.len()), (None, 1));
}

#[tokio::test]
async fn waiting_in_a_room_is_for_everybody() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    let wait = |limit: u64| json!({"to": "#roof", "text": "x", "wait": "delivered", "timeout_ms": limit});
    let fault = refused(&client, "send", wait(1)).await;
    assert_eq!((fault.code.as_str(), fault.exit), ("E-WAIT", 7));
    let (sent, ()) = tokio::join!(client.call::<Sent>("send", wait(60_000)), async {
        while fake.handle.store.message(id(2)).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        let state = |account, state| Change::State { message: id(2), account, state, reason: None, at: 5 };
        fake.happens(vec![state(CAROL, MessageState::Queued), state(BOB, MessageState::Delivered)]).await;
        let half = client.call::<Message>("message", json!({ "id": id(2).to_string() })).await.unwrap();
        assert_eq!(half.state, "queued");
        fake.happens(vec![state(CAROL, MessageState::Delivered)]).await;
    });
    assert_eq!(sent.unwrap().state, "delivered");
    let mut wait = wait(1);
    wait["wait"] = json!("mailbox");
    let fault = refused(&client, "send", wait).await;
    assert!(fault.means.starts_with("#roof has named no mailbox"), "{}", fault.means);
}

#[tokio::test]
async fn a_room_says_how_often_one_was_called() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    let mut calls: Vec<Change> = (1..5).map(|n| said(n, CAROL, n)).collect();
    if let Change::Message(message) = &mut calls[1] {
        message.text = "@alice come".to_owned();
    }
    fake.happens(calls).await;
    let chats: Vec<Chat> = client.call("chats.list", json!({})).await.unwrap();
    let roof = chats.iter().find(|chat| chat.name == "#roof").unwrap();
    assert_eq!((roof.unread, roof.mentions), (4, 1));
}

#[tokio::test]
async fn the_oldest_message_not_seen_is_found_with_what_is_around_it() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    let page = async |chat: &str| {
        let params = json!({ "chat": chat, "limit": 2, "around": "unread" });
        client.call::<Vec<Message>>("log", params).await.unwrap()
    };
    assert!(page("#roof").await.is_empty(), "nothing is unread");
    fake.happens((1..9).map(|n| said(n, CAROL, n)).collect()).await;
    let found: Vec<String> = page("#roof").await.into_iter().map(|message| message.id).collect();
    assert!(found.contains(&id(1).to_string()) && found.len() <= 2, "{found:?}");
    assert!(page("@bob").await.is_empty());
}
