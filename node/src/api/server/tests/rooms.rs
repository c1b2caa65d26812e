//! Rooms through the API, with an engine that only answers.

use super::*;
use crate::api::types::Room;
use starling_protocol::engine::command::{MemberView, Role, RoomState, RoomView};
use starling_protocol::engine::step::Event;
use starling_protocol::ids::{ChatId, RoomId};

pub(super) const ROOF: RoomId = RoomId([8; 32]);
pub(super) const CAROL: AccountId = AccountId([3; 32]);
const DAVE: AccountId = AccountId([4; 32]);

/// The rooms the engine lists.
pub(super) fn list() -> Vec<RoomView> {
    let roof = RoomView {
        room: ROOF,
        name: "roof".to_owned(),
        topic: String::new(),
        open: false,
        state: RoomState::Member,
        role: Role::Member,
        members: 3,
        here: 1,
        history: "none".to_owned(),
        invited_by: None,
        mailboxes: 0,
        waiting: 0,
        slow_s: 0,
        epoch: String::new(),
    };
    vec![roof, invitation(), town()]
}

/// An open channel.
pub(super) fn town() -> RoomView {
    let (room, name, history) = (RoomId([6; 32]), "town".to_owned(), "days 1".to_owned());
    let (open, state, invited_by) = (true, RoomState::Member, None);
    RoomView { room, name, history, open, state, invited_by, ..invitation() }
}

/// A room Bob asks us into.
pub(super) fn invitation() -> RoomView {
    RoomView {
        room: RoomId([7; 32]),
        name: "Builders".to_owned(),
        topic: String::new(),
        open: false,
        state: RoomState::Invited,
        role: Role::Member,
        members: 12,
        here: 0,
        history: "none".to_owned(),
        invited_by: Some(BOB),
        mailboxes: 0,
        waiting: 0,
        slow_s: 0,
        epoch: String::new(),
    }
}

/// The members it lists, of any room.
pub(super) fn members() -> Vec<MemberView> {
    let member = |account, name: &str| MemberView {
        account,
        name: name.to_owned(),
        role: Role::Member,
        me: account == ALICE,
        contact: account == BOB,
        via: None,
        last_seen: None,
        muted: false,
        followed: false,
    };
    vec![member(ALICE, "A"), member(BOB, "Bobby"), member(CAROL, "Carol of the roof")]
}

impl Fake {
    pub(super) async fn happens(&self, changes: Vec<Change>) {
        for event in self.handle.store.commit(changes, 5).await.unwrap() {
            let _ = self.handle.events.send(Arc::new(NodeEvent::Kept(event)));
        }
    }
}

pub(super) fn said(number: u64, author: AccountId, depth: u64) -> Change {
    Change::Message(NewMessage {
        id: id(number),
        chat: ROOF.into(),
        author,
        device: DeviceId([author.0[0]; 16]),
        seq: number,
        me: author == ALICE,
        kind: MessageKind::Text,
        text: number.to_string(),
        reply_to: None,
        sent_at: 0,
        received_at: 0,
        via: "room",
        state: MessageState::Delivered,
        place: Place::At { depth, mark: 7 },
    })
}

#[tokio::test]
async fn who_speaks_in_a_room_has_a_name_and_every_message_its_place() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    let mut events = client.subscribe(&Wanted::since("0")).await.unwrap();
    fake.happens(vec![said(3, CAROL, 3), said(1, BOB, 1), said(2, DAVE, 2)]).await;
    let log: Vec<Message> = client.call("log", json!({ "chat": "#roof" })).await.unwrap();
    let shown: Vec<_> = log.iter().map(|one| (one.text.as_str(), one.from.name.as_str())).collect();
    let dave: String = DAVE.to_string().chars().take(40).collect();
    // A contact has the name we gave, a member the one of the room, a stranger part of an id.
    let named = [("1", "Bob"), ("2", dave.as_str()), ("3", "Carol of the roof")];
    assert_eq!(shown, named);
    assert!(log.iter().all(|one| one.chat_name == "#roof" && one.via == "room"));
    assert!(log.windows(2).all(|pair| pair[0].order < pair[1].order));
    let mut told = Vec::new();
    while told.len() < 3 {
        if let Object::Message(message) = events.next().await.unwrap() {
            told.push(*message);
        }
    }
    told.sort_by(|a, b| a.order.cmp(&b.order));
    let place = |one: &Message| (one.id.clone(), one.order.clone(), one.from.name.clone());
    assert_eq!(told.iter().map(place).collect::<Vec<_>>(), log.iter().map(place).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_room_is_written_to_by_its_name_or_id_and_stands_among_the_chats() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    for to in ["#roof", "roof", "#Roof", &ROOF.to_string()] {
        let sent: Sent = client.call("send", json!({ "to": to, "text": "hello" })).await.unwrap();
        assert_eq!((sent.to.as_str(), sent.chat), ("#roof", ChatId::from(ROOF).to_string()), "{to}");
    }
    for to in ["#wall", "#", "@roof", "room:zz", &RoomId([9; 32]).to_string()] {
        let refused = client.call::<Sent>("send", json!({ "to": to, "text": "hello" })).await.unwrap_err();
        assert!(matches!(refused.exit, 2 | 4), "{to}: {refused}");
    }
    let chats: Vec<Chat> = client.call("chats.list", json!({})).await.unwrap();
    let roof = chats.iter().find(|chat| chat.name == "#roof").unwrap();
    assert_eq!((roof.name.as_str(), roof.state.as_str(), &roof.account), ("#roof", "member", &None));
    assert_eq!(chats.iter().filter(|chat| chat.chat == roof.chat).count(), 1);
}

#[tokio::test]
async fn what_happens_in_a_room_is_told_and_its_new_name_holds_at_once() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    let wanted = Wanted { types: vec!["room".to_owned()], ..Wanted::since("0") };
    let mut events = client.subscribe(&wanted).await.unwrap();
    let renamed = Event::Room {
        room: ROOF,
        name: "Roof Terrace".to_owned(),
        open: false,
        change: "renamed",
        who: CAROL,
        members: 3,
    };
    fake.happens(vec![said(1, CAROL, 1), Change::Event(renamed)]).await;
    let Object::Room(told) = events.next().await.unwrap() else { panic!() };
    let expected = Room {
        v: 1,
        cursor: "2".to_owned(),
        room: ROOF.to_string(),
        name: "#roof-terrace".to_owned(),
        open: false,
        change: "renamed".to_owned(),
        who: CAROL.to_string(),
        who_name: "Carol of the roof".to_owned(),
        members: 3,
        epoch: None,
        now: None,
    };
    assert_eq!(told, expected);
    let line = serde_json::to_value(Object::Room(told)).unwrap();
    assert_eq!((&line["type"], &line["epoch"]), (&json!("room"), &Value::Null));
}
