//! Rooms on the screen: whole pictures, and what keys and the node's words do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "screen_rooms/open.rs"]
mod open;
mod screen_rooms_scene;
mod screen_scene;

use crossterm::event::KeyCode;
use screen_rooms_scene::*;
use screen_scene::*;
use starling_node::api::types::{Counts, Message, Object, Receipt, Request, Room};
use starling_tui::screen::model::overlay::{Overlay, RoomBox};
use starling_tui::screen::msg::{Effect, Msg, RoomNews, RoomWish};
use starling_tui::screen::theme::{ASCII, UNICODE};

fn wishes(effects: &[Effect]) -> Vec<RoomWish> {
    let wish = |effect: &Effect| match effect {
        Effect::Room(wish) => Some(wish.clone()),
        _ => None,
    };
    effects.iter().filter_map(wish).collect()
}

fn typed(scene: &mut Scene, text: &str) -> Vec<RoomWish> {
    scene.ctrl('u');
    scene.type_text(text);
    wishes(&scene.press(KeyCode::Enter))
}

fn receipt(id: &str, who: &str, state: &str, whole: &str) -> Object {
    Object::Receipt(Receipt {
        v: 1,
        cursor: "c3".into(),
        id: id.into(),
        chat: ROOF.into(),
        who: format!("account:{who}"),
        state: state.into(),
        reason: None,
        at: "2026-11-22T21:13:00.000Z".into(),
        message_state: whole.into(),
        kept: None,
        attempt: 1,
    })
}

// ---- pictures ---------------------------------------------------------------------------------------------------

#[test]
fn a_room() {
    shoot("room_main", |size| room(size, UNICODE));
}

#[test]
fn a_room_nobody_else_is_in_yet() {
    shoot("room_alone", |size| {
        let mut scene = room(size, UNICODE);
        scene.msg(Msg::Room(RoomNews::List(Ok(vec![listed("roof", "#roof", 1, "member")]))));
        scene.msg(Msg::Room(RoomNews::Members { chat: ROOF.into(), result: Ok(vec![you()]) }));
        scene.msg(Msg::Log { chat: ROOF.into(), page: Ok(Vec::new()) });
        scene
    });
}

#[test]
fn people_of_a_room() {
    shoot("room_people", |size| {
        let mut scene = room(size, UNICODE);
        scene.press(KeyCode::F(3));
        scene
    });
    shoot("room_people_many", |size| {
        let mut scene = room(size, UNICODE);
        scene.msg(Msg::Room(RoomNews::Members { chat: ROOF.into(), result: Ok(many()) }));
        scene.press(KeyCode::F(3));
        scene.press(KeyCode::PageDown);
        scene
    });
}

#[test]
fn asked_into_a_room() {
    shoot("room_invitation", |size| {
        let mut scene = room(size, UNICODE);
        scene.press(KeyCode::Enter);
        scene
    });
    shoot("room_link", |size| {
        let mut scene = room(size, UNICODE);
        scene.paste(&room_link());
        scene
    });
}

#[test]
fn how_a_room_is() {
    shoot("room_card", |size| {
        let mut scene = room(size, UNICODE);
        scene.press(KeyCode::F(4));
        scene
    });
    shoot("room_leave", |size| {
        let mut scene = room(size, UNICODE);
        typed(&mut scene, "/leave");
        scene
    });
    shoot("room_invite_link", |size| {
        let mut scene = room(size, UNICODE);
        typed(&mut scene, "/invite link");
        scene.msg(Msg::Room(RoomNews::Link { chat: ROOF.into(), result: Ok(invite()) }));
        scene
    });
    shoot("room_go_to", |size| {
        let mut scene = room(size, UNICODE);
        scene.ctrl('k');
        scene.type_text("#");
        scene
    });
}

#[test]
fn who_has_a_message_of_a_room() {
    let who_has = |size, message: Message| {
        let mut scene = room(size, UNICODE);
        scene.press(KeyCode::Up);
        scene.press(KeyCode::Char('i'));
        scene.msg(Msg::One(Ok(Box::new(message))));
        scene
    };
    shoot("room_who_has", |size| who_has(size, said().pop().unwrap()));
    shoot("room_who_has_counts", |size| {
        let counts = Counts { delivered: 40, read: 12, mailbox: 5, queued: 3, failed: 0, of: 48 };
        let message = Message { counts: Some(counts), recipients: Vec::new(), ..said().pop().unwrap() };
        who_has(size, message)
    });
}

// ---- behaviour --------------------------------------------------------------------------------------------------

#[test]
fn the_newest_own_message_says_who_has_it() {
    let mut scene = room((120, 36), UNICODE);
    let screen = scene.screen();
    assert!(screen.contains("3 of 5 have it; waiting in mailboxes for Ana; waiting for Dad"), "{screen}");
    scene.event(receipt("r7", "dad", "delivered", "mailbox"));
    assert!(scene.screen().contains("4 of 5 have it; waiting in mailboxes for Ana"));
    scene.event(receipt("r7", "ana", "delivered", "delivered"));
    assert!(scene.screen().contains("read by 1, delivered to 4 more"), "{}", scene.screen());
    // A late word of a mailbox changes nothing.
    scene.event(receipt("r7", "ana", "mailbox", "delivered"));
    scene.event(receipt("r7", "ana", "read", "delivered"));
    assert!(scene.screen().contains("read by 2, delivered to 3 more"), "{}", scene.screen());
}

#[test]
fn in_a_room_of_many_counts_are_read_once_for_a_burst_of_receipts() {
    let mut scene = room((120, 36), UNICODE);
    let counts = Counts { delivered: 1, queued: 47, of: 48, ..Counts::default() };
    let big = Message { counts: Some(counts), recipients: Vec::new(), ..said().pop().unwrap() };
    let mut page = said();
    *page.last_mut().unwrap() = big.clone();
    scene.msg(Msg::Log { chat: ROOF.into(), page: Ok(page) });
    assert!(scene.screen().contains("1 of 48 have it; waiting for 47 people"), "{}", scene.screen());
    let mut asked = Vec::new();
    for nth in 0..30 {
        asked.extend(wishes(&scene.event(receipt("r7", &format!("x{nth}"), "delivered", "queued"))));
    }
    assert!(matches!(&asked[..], [RoomWish::Count { id }] if id == "r7"), "{}", asked.len());
    let after = Counts { delivered: 31, queued: 17, of: 48, ..Counts::default() };
    let found = Message { counts: Some(after), ..big };
    let again = |found: &Message| {
        Msg::Room(RoomNews::Counted { id: "r7".into(), result: Ok(Box::new(found.clone())) })
    };
    // They changed while they were read: once more, and then it is enough.
    assert_eq!(wishes(&scene.msg(again(&found))).len(), 1);
    assert_eq!(wishes(&scene.msg(again(&found))).len(), 0);
    assert!(scene.screen().contains("31 of 48 have it; waiting for 17 people"));
}

#[test]
fn a_late_message_stands_at_its_place_and_moves_nothing_that_is_read() {
    let mut scene = room((80, 24), UNICODE);
    let order = |scene: &Scene| -> Vec<String> {
        scene.model.log().unwrap().items.iter().map(|item| item.message.id.clone()).collect()
    };
    scene.event(Object::Message(Box::new(Message {
        order: "0025".into(),
        ..in_room("late", "jo", "20:50", "late")
    })));
    let at = order(&scene).iter().position(|id| id == "late").unwrap();
    assert_eq!((order(&scene)[at - 1].as_str(), order(&scene)[at + 1].as_str()), ("r2", "r3"));
    // While older ones are read the window stays where it is.
    for nth in 0..40 {
        let text = format!("line {nth}");
        let more = in_room(&format!("n{nth}"), "jo", "21:13", &text);
        scene.event(Object::Message(Box::new(Message { order: format!("1{nth:03}"), ..more })));
    }
    scene.press(KeyCode::PageUp);
    let shown = |scene: &Scene| {
        let screen = scene.screen();
        let lines: Vec<String> = screen
            .lines()
            .filter_map(|line| line.split_once("line "))
            .map(|(_, nth)| nth.to_owned())
            .collect();
        lines
    };
    let before = shown(&scene);
    for (id, order) in [("above", "0026"), ("below", "1039x")] {
        let more = in_room(id, "jo", "20:51", "another");
        scene.event(Object::Message(Box::new(Message { order: order.into(), ..more })));
    }
    assert_eq!(shown(&scene), before);
    // Twice is once, also at another place.
    let again = Message { order: "0027".into(), ..in_room("late", "jo", "20:50", "late") };
    scene.event(Object::Message(Box::new(again)));
    assert_eq!(order(&scene).iter().filter(|id| *id == "late").count(), 1);
}

#[test]
fn what_stands_above_all_that_is_loaded_waits_for_its_page() {
    let mut scene = room((80, 24), UNICODE);
    let page: Vec<Message> = (0..60)
        .map(|nth| Message { order: format!("2{nth:03}"), ..in_room(&format!("p{nth}"), "jo", "21:00", "x") })
        .collect();
    scene.msg(Msg::Log { chat: ROOF.into(), page: Ok(page) });
    let old = Message { order: "0001".into(), unread: true, ..in_room("old", "jo", "20:00", "very old") };
    scene.event(Object::Message(Box::new(old)));
    assert!(scene.model.log().unwrap().get("old").is_none());
    assert_eq!(scene.model.log().unwrap().items.len(), 60);
}

#[test]
fn being_called_by_name_is_counted_until_it_is_read() {
    let mut scene = room((80, 24), UNICODE);
    scene.open("chat:ilse");
    for (id, text) in [("c1", "@Alice come up"), ("c2", "nothing"), ("c3", "mail@alice.example")] {
        let called = Message { unread: true, order: format!("3{id}"), ..in_room(id, "jo", "21:13", text) };
        scene.event(Object::Message(Box::new(called)));
    }
    let row = scene.screen().lines().find(|line| line.contains("#roof")).unwrap().to_owned();
    assert!(row.contains("@2  5"), "{row}");
    let at = scene.model.chats.iter().position(|chat| chat.chat == ROOF).unwrap();
    assert_eq!((scene.model.chats[at].mentions, scene.model.chats[at].unread), (2, 5));
    scene.open(ROOF);
    scene.wait(1_500);
    // (Of those that are said to be unread two are not loaded.)
    let row = scene.model.chat_row(ROOF).unwrap();
    assert_eq!((row.mentions, row.unread), (0, 1));
}

#[test]
fn commands_of_a_room_ask_the_node_and_wrong_ones_stay_in_the_line() {
    let mut scene = room((80, 24), UNICODE);
    let chat = || ROOF.to_owned();
    let account = |who: &str| format!("account:{who}");
    for (text, expected) in [
        ("/room new The Roof", RoomWish::New { name: "The Roof".into() }),
        ("/join #builders", RoomWish::Join { chat: "chat:builders".into() }),
        ("/join starling:ai bc", RoomWish::JoinLink { link: "starling:aibc".into() }),
        ("/topic the relay", RoomWish::Topic { chat: chat(), text: "the relay".into() }),
        ("/kick @jo", RoomWish::Remove { chat: chat(), account: account("jo") }),
        (
            "/role @ilse-brandt member",
            RoomWish::Role { chat: chat(), account: account("ilse"), admin: false },
        ),
        ("/role Jo admin", RoomWish::Role { chat: chat(), account: account("jo"), admin: true }),
        ("/invite @bob", RoomWish::Invite { chat: chat(), account: account("bob") }),
        ("/invite link", RoomWish::Link { chat: chat() }),
    ] {
        let found = typed(&mut scene, text);
        assert!(found.first() == Some(&expected), "{text}");
        assert!(scene.model.editor.is_empty(), "{text}");
        scene.press(KeyCode::Esc);
    }
    for wrong in ["/room", "/room open x", "/kick @nobody", "/role @jo", "/role @jo king", "/kick @alice"] {
        assert!(typed(&mut scene, wrong).is_empty(), "{wrong}");
        assert_eq!(scene.model.editor.text(), wrong);
    }
    scene.ctrl('u');
    scene.open("chat:ilse");
    for wrong in ["/topic x", "/kick @jo", "/leave", "/people", "/invite @bob"] {
        assert!(typed(&mut scene, wrong).is_empty(), "{wrong}");
        assert_eq!(scene.model.editor.text(), wrong);
    }
}

#[test]
fn leaving_asks_first() {
    let mut scene = room((80, 24), UNICODE);
    assert!(typed(&mut scene, "/leave").is_empty());
    scene.press(KeyCode::Enter);
    assert!(matches!(scene.model.overlay, Some(Overlay::Room(RoomBox::Leave { .. }))), "Enter is not enough");
    scene.press(KeyCode::Esc);
    assert!(scene.model.overlay.is_none());
    typed(&mut scene, "/leave");
    let left = wishes(&scene.press(KeyCode::Char('l')));
    assert!(matches!(&left[..], [RoomWish::Leave { chat }] if chat == ROOF));
}

#[test]
fn an_invitation_is_joined_declined_or_left_for_later() {
    let mut scene = room((80, 24), UNICODE);
    assert!(scene.screen().contains("! #builders"));
    // It is no chat, and has no number.
    assert!(scene.model.chats.iter().all(|chat| chat.name != "#builders"));
    scene.press(KeyCode::Enter);
    assert!(scene.screen().contains("Ilse Brandt asks you into #builders. 12 people are in it."));
    scene.press(KeyCode::Esc);
    assert!(scene.screen().contains("! #builders"));
    scene.press(KeyCode::Enter);
    let joined = wishes(&scene.press(KeyCode::Enter));
    assert!(matches!(&joined[..], [RoomWish::Join { chat }] if chat == "chat:builders"));
    let entered = listed("builders", "#builders", 13, "member");
    let effects = scene.msg(Msg::Room(RoomNews::Entered(Ok(Box::new(entered.clone())))));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Chats)));
    scene.msg(Msg::Room(RoomNews::List(Ok(vec![listed("roof", "#roof", 8, "member"), entered]))));
    let mut list = chats();
    list.push(room_row("roof", "#roof", "member", "21:13"));
    list.push(room_row("builders", "#builders", "member", "21:14"));
    scene.msg(Msg::Chats(Ok(list)));
    assert_eq!(scene.model.open.as_deref(), Some("chat:builders"));
    assert!(scene.screen().contains("You are in #builders"), "{}", scene.screen());

    let mut scene = room((80, 24), UNICODE);
    scene.press(KeyCode::Enter);
    let declined = wishes(&scene.press(KeyCode::Char('x')));
    assert!(matches!(&declined[..], [RoomWish::Decline { .. }]));
    assert!(!scene.screen().contains("! #builders"));
    // People who ask come before rooms.
    let mut scene = room((80, 24), UNICODE);
    scene.event(Object::Request(Request { ..request() }));
    scene.press(KeyCode::Enter);
    assert!(matches!(scene.model.overlay, Some(Overlay::Requests { .. })));
}

#[test]
fn a_pasted_link_to_a_room_asks_before_it_does_anything() {
    let mut scene = room((80, 24), UNICODE);
    let effects = scene.paste(&room_link());
    assert!(wishes(&effects).is_empty());
    let asked = wishes(&scene.press(KeyCode::Enter));
    assert!(matches!(&asked[..], [RoomWish::JoinLink { link }] if *link == room_link()));
    scene.paste(&room_link());
    scene.press(KeyCode::Esc);
    assert_eq!(scene.model.editor.text(), room_link());
}

#[test]
fn tab_completes_the_people_of_a_room() {
    let mut scene = room((80, 24), UNICODE);
    scene.type_text("hi @k");
    scene.press(KeyCode::Tab);
    assert_eq!(scene.model.editor.text(), "hi @kim ");
    scene.ctrl('u');
    // Into the room come others: one's own people.
    scene.type_text("/invite @bo");
    scene.press(KeyCode::Tab);
    assert_eq!(scene.model.editor.text(), "/invite @bob ");
}

#[test]
fn who_is_here_is_looked_at_while_it_is_shown_and_draws_nothing_new_for_nothing() {
    let mut scene = room((120, 36), UNICODE);
    scene.model.dirty = false;
    let asked = wishes(&scene.wait(25_000));
    assert!(asked.iter().all(|wish| matches!(wish, RoomWish::Members { chat } if chat == ROOF)));
    assert_eq!(asked.len(), 2);
    scene.model.dirty = false;
    scene.msg(Msg::Room(RoomNews::Members { chat: ROOF.into(), result: Ok(members()) }));
    assert!(!scene.model.dirty);
    let mut fewer = members();
    fewer.pop();
    scene.msg(Msg::Room(RoomNews::Members { chat: ROOF.into(), result: Ok(fewer) }));
    assert!(scene.model.dirty);
    // Where they are not shown nobody is asked for.
    scene.open("chat:ilse");
    assert!(wishes(&scene.wait(60_000)).is_empty());
}

#[test]
fn an_event_of_a_room_has_everything_read_again() {
    let mut scene = room((80, 24), UNICODE);
    let room = Room { change: "added".into(), now: None, ..listed("roof", "#roof", 9, "member") };
    let effects = scene.event(Object::Room(room));
    let asked = wishes(&effects);
    assert!(asked.contains(&RoomWish::List) && asked.contains(&RoomWish::Members { chat: ROOF.into() }));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Chats)));
}

#[test]
fn nasty_names_and_topics_tear_nothing() {
    let nasty = "\u{202e}evil\u{1b}[2J ❤️ 👩‍👩‍👧 🇩🇪 e\u{301}\u{302}\u{303} קול 你好 \u{200b}\nline";
    for size in [(120, 36), (80, 24), (50, 24), (30, 8), (12, 4), (1, 1)] {
        for marks in [UNICODE, ASCII] {
            let mut scene = room(size, marks);
            let mut all: Vec<Room> =
                vec![listed("roof", nasty, 8, "member"), listed("builders", nasty, 12, "invited")];
            for one in &mut all {
                let now = one.now.as_mut().unwrap();
                nasty.clone_into(&mut now.topic);
                nasty.clone_into(&mut now.title);
                now.by = Some(nasty.to_owned());
                nasty.clone_into(&mut now.history);
            }
            let mut people = members();
            people.iter_mut().for_each(|one| nasty.clone_into(&mut one.name));
            scene.msg(Msg::Room(RoomNews::List(Ok(all))));
            scene.msg(Msg::Room(RoomNews::Members { chat: ROOF.into(), result: Ok(people) }));
            let chats = scene.model.chats.clone().into_iter().map(|mut chat| {
                if chat.chat == ROOF {
                    nasty.clone_into(&mut chat.name);
                }
                chat
            });
            let chats = chats.collect();
            scene.msg(Msg::Chats(Ok(chats)));
            let mut said = in_room("nasty", "jo", "21:13", nasty);
            nasty.clone_into(&mut said.from.name);
            scene.event(Object::Message(Box::new(said)));
            for key in [KeyCode::F(2), KeyCode::F(3), KeyCode::F(4), KeyCode::Enter] {
                scene.press(key);
                let screen = scene.screen();
                assert!(screen.lines().all(|line| !line.contains(char::is_control)), "{key:?} {size:?}");
                assert!(!screen.contains(['\u{202e}', '\u{200b}']), "{key:?} {size:?}");
                scene.press(KeyCode::Esc);
            }
        }
    }
}
