//! Open channels on the screen: that they say that they are open, who is there, and what one does about people in them.

use super::screen_rooms_scene::*;
use super::screen_scene::*;
use super::{typed, wishes};
use crossterm::event::{KeyCode, KeyModifiers};
use starling_node::api::types::*;
use starling_tui::screen::model::overlay::{Overlay, RoomBox};
use starling_tui::screen::msg::{
    Effect, Msg, OpenWish, Opened, OutsideWish, ProfileKind, RoomNews, RoomWish,
};
use starling_tui::screen::settings::NotifyOpen;
use starling_tui::screen::theme::UNICODE;

const LOBBY: &str = "chat:lobby";

fn row() -> Chat {
    Chat { open: true, last_at: None, ..room_row("lobby", "#lobby", "member", "00:00") }
}

/// The lobby with so many who wrote in the last day, and so many other nodes around.
fn channel(members: u32, others: u32) -> Room {
    let room = listed("lobby", "#lobby", members, "member");
    let now = RoomNow {
        role: "member".into(),
        topic: String::new(),
        here: others + 1,
        history: "days 1".into(),
        mailboxes: 0,
        waiting: 0,
        slow_s: 30,
        ..room.now.clone().unwrap()
    };
    Room { open: true, now: Some(now), ..room }
}

fn writer(id: &str, name: &str, ago: &str) -> Member {
    Member {
        v: 1,
        room: "room:lobby".into(),
        account: format!("account:{id}"),
        name: name.into(),
        role: "member".into(),
        me: id == "alice",
        contact: id == "ilse",
        via: if id == "ilse" { "lan" } else { "none" }.into(),
        last_seen: Some(format!("2026-11-22T{ago}:00.000Z")),
        ignored: id == "mallory",
        followed: id == "ilse",
    }
}

fn writers() -> Vec<Member> {
    vec![
        writer("alice", "Alice", "21:12"),
        writer("ilse", "Ilse Brandt", "20:50"),
        writer("mallory", "mallory", "12:00"),
        writer("mara", "Mara", "21:02"),
        writer("other", "x7q2 Alice", "19:14"),
    ]
}

fn told(id: &str, from: &str, at: &str, text: &str) -> Message {
    let mut message = message(id, from, &format!("2026-11-22T{at}:00.000Z"), text);
    let name = writers().into_iter().find(|one| one.account == message.from.account).unwrap().name;
    message.chat = LOBBY.into();
    message.chat_name = "#lobby".into();
    message.from.name = name;
    message.from.verified = false;
    message.via = "room".into();
    message.order = at.into();
    message
}

fn newest(state: &str) -> Message {
    Message { state: state.into(), recipients: Vec::new(), ..told("l4", "alice", "21:12", "Hello all.") }
}

fn page() -> Vec<Message> {
    vec![
        told("l1", "other", "19:14", "I am Alice too, honestly."),
        told("l2", "ilse", "20:50", "The key is under the third stone."),
        told("l3", "mara", "21:02", "Is anybody from building C here?"),
        newest("delivered"),
    ]
}

/// A first start: nobody but oneself, the notes and the lobby.
fn fresh(size: (u16, u16)) -> Scene {
    let mut scene = Scene::new(size, UNICODE);
    scene.msg(Msg::Profile(ProfileKind::Open));
    scene.msg(Msg::Opened(Ok(Opened { ..opened() })));
    scene.msg(Msg::Status(Ok(Box::new(status()))));
    scene.msg(Msg::People(Ok(Vec::new())));
    scene.msg(Msg::Room(RoomNews::List(Ok(vec![channel(0, 0)]))));
    scene.msg(Msg::Chats(Ok(vec![notes(), row()])));
    scene.msg(Msg::Log { chat: LOBBY.into(), page: Ok(Vec::new()) });
    scene
}

/// The lobby among one's other chats, with people in it.
fn lobby(size: (u16, u16)) -> Scene {
    lobby_with(size, page())
}

fn lobby_with(size: (u16, u16), said: Vec<Message>) -> Scene {
    let mut scene = Scene::new(size, UNICODE);
    scene.msg(Msg::Profile(ProfileKind::Open));
    scene.msg(Msg::Opened(Ok(opened())));
    scene.msg(Msg::Status(Ok(Box::new(status()))));
    scene.msg(Msg::People(Ok(people())));
    scene.msg(Msg::Room(RoomNews::List(Ok(vec![channel(5, 3)]))));
    let mut list = chats();
    list.push(Chat { last_at: Some("2026-11-22T21:13:00.000Z".into()), ..row() });
    scene.msg(Msg::Chats(Ok(list)));
    scene.open(LOBBY);
    scene.msg(Msg::Room(RoomNews::Members { chat: LOBBY.into(), result: Ok(writers()) }));
    scene.msg(Msg::Log { chat: LOBBY.into(), page: Ok(said) });
    scene
}

fn asked(wishes: &[RoomWish]) -> Option<OpenWish> {
    match wishes {
        [RoomWish::Open(wish)] => Some(wish.clone()),
        _ => None,
    }
}

// ---- pictures ---------------------------------------------------------------------------------------------------

#[test]
fn the_lobby_where_nobody_is_yet() {
    shoot("open_alone", fresh);
}

#[test]
fn the_lobby_with_people_in_it() {
    shoot("open_main", lobby);
}

#[test]
fn how_an_open_room_is_and_who_wrote_there() {
    shoot("open_card", |size| {
        let mut scene = lobby(size);
        scene.press(KeyCode::F(4));
        scene
    });
    shoot("open_people", |size| {
        let mut scene = lobby(size);
        scene.press(KeyCode::F(3));
        scene
    });
}

#[test]
fn who_signed_a_message_of_an_open_room() {
    shoot("open_signed", |size| {
        let mut scene = lobby(size);
        scene.press(KeyCode::Up);
        scene.press(KeyCode::Up);
        scene.press(KeyCode::Char('i'));
        scene.msg(Msg::One(Ok(Box::new(page().remove(2)))));
        scene
    });
    shoot("open_hide", |size| {
        let mut scene = lobby(size);
        scene.press(KeyCode::Up);
        scene.press(KeyCode::Up);
        scene.press(KeyCode::Char('H'));
        scene
    });
}

// ---- behaviour --------------------------------------------------------------------------------------------------

#[test]
fn the_lobby_is_first_and_open_at_the_first_start_and_says_that_it_is_open() {
    let scene = fresh((80, 24));
    assert_eq!(scene.model.open.as_deref(), Some(LOBBY));
    assert_eq!(scene.model.chats.first().map(|chat| chat.chat.as_str()), Some(LOBBY));
    let screen = scene.screen();
    for said in ["#lobby  open room, not private", "#lobby (open) >", "Nobody else is here yet."] {
        assert!(screen.contains(said), "{said}:\n{screen}");
    }
    assert!(!screen.contains("encrypted"), "{screen}");
    // With people of one's own it is a chat among others.
    let scene = lobby((80, 24));
    assert_ne!(scene.model.chats.first().map(|chat| chat.chat.as_str()), Some(LOBBY));
    assert!(!scene.screen().contains("encrypted"));
}

#[test]
fn a_chat_with_ones_people_is_opened_before_an_open_room_with_something_new() {
    let mut scene = Scene::new((80, 24), UNICODE);
    scene.msg(Msg::Profile(ProfileKind::Open));
    scene.msg(Msg::Opened(Ok(opened())));
    let read = chats().into_iter().map(|chat| Chat { unread: 0, ..chat });
    let new = Chat { unread: 9, last_at: Some("2026-11-22T21:13:00.000Z".into()), ..row() };
    scene.msg(Msg::Chats(Ok(read.chain([new]).collect())));
    assert_eq!(scene.model.open.as_deref(), Some("chat:ilse"));
    assert_eq!(scene.model.unread_elsewhere(), 0, "nobody called");
}

#[test]
fn the_first_run_ends_in_the_lobby() {
    let mut scene = Scene::first_run((80, 24));
    scene.type_text("Alice");
    scene.press(KeyCode::Enter);
    scene.press(KeyCode::Up);
    scene.press(KeyCode::Down);
    scene.press(KeyCode::Enter);
    scene.msg(Msg::Created(Ok(zeroize::Zeroizing::new(WORDS.to_owned()))));
    scene.msg(Msg::Opened(Ok(opened())));
    scene.msg(Msg::Chats(Ok(vec![notes(), row()])));
    scene.press(KeyCode::Char('l'));
    assert!(scene.screen().contains("Enter #lobby") || scene.screen().contains("Enter go to #lobby"));
    scene.press(KeyCode::Enter);
    assert_eq!(scene.model.open.as_deref(), Some(LOBBY));
    let sent = {
        scene.type_text("hello");
        scene.press(KeyCode::Enter)
    };
    assert!(sent.iter().any(|effect| matches!(effect, Effect::Send { chat, .. } if chat == LOBBY)));
}

#[test]
fn under_the_newest_own_message_stands_how_many_here_have_it() {
    for (state, others, words) in [
        ("delivered", 3, "3 people here have it"),
        ("delivered", 1, "1 person here has it"),
        ("delivered", 0, "somebody has it"),
        ("queued", 0, "waiting for somebody to come"),
        ("expired", 0, "nobody came within 24 hours"),
    ] {
        let mut scene = lobby_with((80, 24), vec![newest(state)]);
        scene.msg(Msg::Room(RoomNews::List(Ok(vec![channel(5, others)]))));
        assert!(scene.screen().contains(words), "{words}:\n{}", scene.screen());
    }
}

#[test]
fn who_has_what_one_wrote_is_looked_for_soon_and_then_now_and_then_without_drawing_for_nothing() {
    let mut scene = lobby((80, 24));
    scene.event(Object::Message(Box::new(told("l5", "alice", "21:14", "again"))));
    let list = |effects: &[Effect]| wishes(effects).iter().filter(|wish| **wish == RoomWish::List).count();
    assert_eq!(list(&scene.wait(1_500)), 1);
    assert_eq!(list(&scene.wait(10_000)), 1);
    scene.model.dirty = false;
    scene.msg(Msg::Room(RoomNews::List(Ok(vec![channel(5, 3)]))));
    assert!(!scene.model.dirty, "nothing changed");
    scene.msg(Msg::Room(RoomNews::List(Ok(vec![channel(5, 4)]))));
    assert!(scene.model.dirty);
    // Nobody signs for it: how many have it is not counted as in a private room.
    let all = wishes(&scene.effects);
    assert!(!all.iter().any(|wish| matches!(wish, RoomWish::Count { .. })));
}

#[test]
fn open_rooms_give_no_notice_but_for_a_call_by_name_and_as_the_person_wants() {
    let notices = |setting: NotifyOpen, text: &str| {
        let mut scene = lobby((80, 24));
        scene.model.settings.notify_open = setting;
        scene.open("chat:ilse");
        let message = Message { unread: true, ..told("l9", "mara", "21:14", text) };
        let effects = scene.event(Object::Message(Box::new(message)));
        let told = |effect: &Effect| matches!(effect, Effect::Outside(OutsideWish::Notify(_)));
        effects.iter().filter(|effect| told(effect)).count()
    };
    assert_eq!(notices(NotifyOpen::Calls, "good evening"), 0);
    assert_eq!(notices(NotifyOpen::Calls, "@Alice good evening"), 1);
    assert_eq!(notices(NotifyOpen::All, "good evening"), 1);
    assert_eq!(notices(NotifyOpen::Off, "@Alice good evening"), 0);
}

#[test]
fn commands_about_people_and_messages_of_an_open_room() {
    let mut scene = lobby((80, 24));
    let (chat, account) = (LOBBY.to_owned(), "account:mara".to_owned());
    let person = |on| (chat.clone(), account.clone(), on);
    for (line, wish) in [
        ("/ignore @mara", {
            let (chat, account, on) = person(true);
            OpenWish::Ignore { chat, account, on }
        }),
        ("/unignore @mara", {
            let (chat, account, on) = person(false);
            OpenWish::Ignore { chat, account, on }
        }),
        ("/follow Mara", {
            let (chat, account, on) = person(true);
            OpenWish::Follow { chat, account, on }
        }),
        ("/unfollow @mara", {
            let (chat, account, on) = person(false);
            OpenWish::Follow { chat, account, on }
        }),
        ("/mute @mara", OpenWish::Mute { chat: chat.clone(), account: account.clone(), seconds: 3_600 }),
        ("/mute @mara 5m", OpenWish::Mute { chat: chat.clone(), account: account.clone(), seconds: 300 }),
        ("/slow 30s", OpenWish::Slow { chat: chat.clone(), seconds: 30 }),
        ("/slow off", OpenWish::Slow { chat: chat.clone(), seconds: 0 }),
        ("/room new town open", OpenWish::New { name: "town".into() }),
        ("/join #town", OpenWish::Join { name: "#town".into(), open: false }),
        ("/join #town open", OpenWish::Join { name: "#town".into(), open: true }),
    ] {
        assert_eq!(asked(&typed(&mut scene, line)), Some(wish), "{line}");
    }
    for (line, said) in [
        ("/ignore @nobody", "There is no \"@nobody\" in this room"),
        ("/slow soon", "\"soon\" is no time"),
        ("/mute @mara soon", "\"soon\" is no time"),
        ("/hide", "No message is chosen"),
    ] {
        assert!(typed(&mut scene, line).is_empty(), "{line}");
        assert_eq!(scene.model.editor.text(), line, "{}", scene.screen());
        assert!(scene.screen().contains(said), "{line}:\n{}", scene.screen());
    }
    // Elsewhere these words are about the chat and its person, or about nothing.
    scene.ctrl('u');
    scene.open("chat:ilse");
    assert!(typed(&mut scene, "/ignore @mara").is_empty());
    assert!(scene.screen().contains("This chat is no open room"), "{}", scene.screen());
    scene.ctrl('u');
    scene.type_text("/hide");
    let effects = scene.press(KeyCode::Enter);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Visible { on: false, .. })));
}

#[test]
fn a_message_is_hidden_after_a_question_only() {
    let mut scene = lobby((80, 24));
    let choose = |scene: &mut Scene| {
        scene.press(KeyCode::Up);
        scene.press(KeyCode::Up);
    };
    choose(&mut scene);
    let hide = |scene: &Scene| matches!(&scene.model.overlay, Some(Overlay::Room(RoomBox::Hide { id, .. })) if id == "l3");
    scene.press(KeyCode::Char('H'));
    assert!(hide(&scene));
    assert!(wishes(&scene.press(KeyCode::Esc)).is_empty());
    scene.press(KeyCode::Char('H'));
    let wish = asked(&wishes(&scene.press(KeyCode::Char('h'))));
    assert_eq!(wish, Some(OpenWish::Hide { chat: LOBBY.into(), id: "l3".into() }));
    let gone = Message { deleted: true, text: String::new(), ..page().remove(2) };
    let mut after = lobby((80, 24));
    after.event(Object::Message(Box::new(gone)));
    assert!(after.screen().contains("deleted, or hidden by a moderator"), "{}", after.screen());
    // The same by its word, as commands are chosen.
    scene.key(KeyCode::Char('p'), KeyModifiers::CONTROL);
    scene.type_text("/hide");
    scene.press(KeyCode::Enter);
    assert!(hide(&scene), "{}", scene.screen());
}

#[test]
fn who_signed_is_shown_and_only_own_messages_are_changed() {
    let mut scene = lobby((120, 36));
    scene.press(KeyCode::Up);
    scene.press(KeyCode::Up);
    scene.press(KeyCode::F(4));
    scene.msg(Msg::One(Ok(Box::new(page().remove(2)))));
    let screen = scene.screen();
    assert!(screen.contains("not among your people") && screen.contains("account:mara"), "{screen}");
    assert!(!screen.contains("encrypted"), "{screen}");
    scene.press(KeyCode::Esc);
    scene.press(KeyCode::Char('e'));
    assert!(scene.screen().contains("Only your own messages can be changed."));
    scene.press(KeyCode::Char('r'));
    scene.type_text("I am.");
    let effects = scene.press(KeyCode::Enter);
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::Send { reply_to: Some(id), .. } if id == "l3"))
    );
    // Somebody of one's people is named as that.
    scene.press(KeyCode::Up);
    scene.press(KeyCode::Up);
    scene.press(KeyCode::Up);
    scene.press(KeyCode::Char('i'));
    scene.msg(Msg::One(Ok(Box::new(page().remove(1)))));
    assert!(scene.screen().contains("one of your people"), "{}", scene.screen());
}

#[test]
fn coming_into_an_open_room_says_what_it_is() {
    let mut scene = lobby((120, 36));
    let room = Room { name: "#town".into(), ..channel(0, 0) };
    scene.msg(Msg::Room(RoomNews::Entered(Ok(Box::new(room)))));
    assert!(scene.screen().contains("It is open, not private"), "{}", scene.screen());
    typed(&mut scene, "/leave");
    assert!(scene.screen().contains("It is open: /join and its name"), "{}", scene.screen());
}

#[test]
fn a_long_name_leaves_room_to_write() {
    let name = format!("#{}", "long".repeat(8));
    let mut scene = lobby((50, 24));
    let long = Chat { name: name.clone(), ..row() };
    let mut list = chats();
    list.push(long);
    scene.msg(Msg::Chats(Ok(list)));
    scene.type_text("hello");
    let screen = scene.screen();
    assert!(screen.contains("(open) > hello") && !screen.contains(&format!("{name} (open)")), "{screen}");
    let mut scene = lobby((80, 24));
    scene.type_text(&"word ".repeat(20));
    let rows: Vec<String> = scene.screen().lines().map(str::to_owned).collect();
    let first = rows.iter().position(|row| row.contains("#lobby (open) > word")).unwrap();
    // What follows stands below what stands behind the prompt.
    let at = |row: &str| row.split("word").next().unwrap().chars().count();
    assert!(
        at(&rows[first + 2]) > at(&rows[first]) && !rows[first + 1].contains("(open)"),
        "{}",
        rows.join("\n")
    );
}

#[test]
fn somebody_who_writes_for_the_first_time_can_be_named_at_once() {
    let mut scene = lobby((80, 24));
    let mut new = told("l5", "mara", "21:13", "Hello.");
    new.from.account = "account:zoe".into();
    let effects = scene.event(Object::Message(Box::new(new)));
    let reads = |effect: &Effect| matches!(effect, Effect::Room(RoomWish::Members { chat }) if chat == LOBBY);
    assert!(effects.iter().any(reads), "{effects:?}");
    let effects = scene.event(Object::Message(Box::new(told("l6", "mara", "21:13", "And me."))));
    assert!(!effects.iter().any(reads), "who is known there is not asked for again: {effects:?}");
}

#[test]
fn a_room_is_open_if_it_is_said_as_in_a_shell() {
    for command in ["/room new cabin open", "/room new #cabin --open", "/room new --open cabin"] {
        let mut scene = lobby((80, 24));
        let wish = asked(&typed(&mut scene, command));
        assert!(matches!(wish, Some(OpenWish::New { name }) if name == "cabin"), "{command}");
    }
    let mut scene = lobby((80, 24));
    let wishes = typed(&mut scene, "/room new reopen");
    assert!(matches!(wishes.as_slice(), [RoomWish::New { name }] if name == "reopen"));
}

#[test]
fn forwarding_says_which_chats_anybody_can_read() {
    let mut scene = lobby((80, 24));
    scene.press(KeyCode::Up);
    scene.press(KeyCode::Char('f'));
    let screen = scene.screen();
    let row = |name: &str| screen.lines().rfind(|line| line.contains(name)).unwrap().to_owned();
    assert!(row("#lobby   open").contains("open: anybody can read it"), "{screen}");
    assert!(!row("  Ilse Brandt").contains("anybody"), "{screen}");
}
