//! The first minutes of somebody who has never seen it: what they try, and that nothing they typed goes astray.

use crate::screen_rooms_scene::{listed, room, room_link};
use crate::screen_scene::*;
use crate::{SIZE, names};
use crossterm::event::KeyCode;
use starling_node::api::types::{Contact, Object, Trouble};
use starling_tui::screen::model::Place;
use starling_tui::screen::model::overlay::{Overlay, RoomBox};
use starling_tui::screen::msg::{Effect, Msg, RoomNews, RoomWish, SettingWish};
use starling_tui::screen::theme::UNICODE;
use zeroize::Zeroizing;

/// The first run at the page for a lock.
fn at_lock() -> Scene {
    let mut scene = Scene::first_run(SIZE);
    scene.type_text("Alice");
    scene.press(KeyCode::Enter);
    scene
}

/// The first run at its last page, with a link.
fn at_people() -> Scene {
    let mut scene = at_lock();
    scene.press(KeyCode::Down);
    scene.press(KeyCode::Enter);
    scene.msg(Msg::Created(Ok(Zeroizing::new(WORDS.to_owned()))));
    scene.msg(Msg::Opened(Ok(opened())));
    scene.press(KeyCode::Char('l'));
    scene.msg(Msg::Invite(Ok(invite())));
    scene
}

#[test]
fn down_and_enter_choose_no_lock_at_once() {
    let mut scene = at_lock();
    scene.press(KeyCode::Down);
    let effects = scene.press(KeyCode::Enter);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Create { passphrase: None, .. })));
}

#[test]
fn typing_at_the_choice_is_the_passphrase() {
    for paste in [false, true] {
        let mut scene = at_lock();
        if paste {
            scene.paste("one two");
        } else {
            scene.type_text("one two");
        }
        scene.press(KeyCode::Enter);
        scene.type_text("one two");
        let effects = scene.press(KeyCode::Enter);
        assert!(effects.iter().any(|effect| {
            matches!(effect, Effect::Create { passphrase: Some(given), .. } if given.as_str() == "one two")
        }));
    }
}

#[test]
fn the_last_page_says_who_asks_and_enter_shows_them() {
    let mut scene = at_people();
    scene.event(Object::Request(request()));
    assert!(scene.screen().contains("asks to write to you: Enter shows it."), "{}", scene.screen());
    assert!(!scene.screen().contains("Enter #lobby"));
    scene.press(KeyCode::Enter);
    assert!(matches!(scene.model.place, Place::Main));
    assert!(matches!(scene.model.overlay, Some(Overlay::Requests { .. })));
}

#[test]
fn what_the_last_page_said_of_its_link_does_not_stand_in_the_first_chat() {
    let mut scene = at_people();
    scene.msg(Msg::Done { say: Some("Copied, by the terminal.".to_owned()), result: Ok(()) });
    scene.press(KeyCode::Enter);
    assert!(!scene.screen().contains("Copied"), "{}", scene.screen());
}

#[test]
fn a_link_to_a_room_on_the_last_page_asks_to_be_let_in() {
    let mut scene = at_people();
    scene.paste(&room_link());
    let effects = scene.press(KeyCode::Enter);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Room(RoomWish::JoinLink { .. }))));
    scene.msg(Msg::Room(RoomNews::Entered(Ok(Box::new(listed("roof", "#roof", 1, "joining"))))));
    assert!(matches!(scene.model.place, Place::Main));
    assert!(scene.screen().contains("You asked to come into #roof."));
}

#[test]
fn a_link_to_a_room_that_cannot_be_used_is_told_on_the_last_page() {
    let mut scene = at_people();
    scene.paste(&room_link());
    scene.press(KeyCode::Enter);
    scene.msg(Msg::Room(RoomNews::Entered(Err(trouble()))));
    assert!(scene.screen().contains(&format!("! {}", trouble().what)), "{}", scene.screen());
}

#[test]
fn add_with_a_link_to_a_room_shows_the_question_of_the_room() {
    let mut scene = Scene::talk(SIZE);
    scene.type_text("/add ");
    scene.type_text(&room_link());
    let effects = scene.press(KeyCode::Enter);
    assert!(!names(&effects).contains(&"Add".to_owned()));
    assert!(matches!(scene.model.overlay, Some(Overlay::Room(RoomBox::AskLink { .. }))));
    assert!(scene.model.editor.is_empty());
}

#[test]
fn an_invite_in_a_message_is_opened_where_it_stands() {
    let mut scene = Scene::talk(SIZE);
    let text = format!("come in: {} it is warm", room_link());
    let message = message("m99", "ilse", "2026-11-22T21:14:00.000Z", &text);
    scene.event(Object::Message(Box::new(message)));
    scene.press(KeyCode::Up);
    scene.press(KeyCode::Char('o'));
    assert!(matches!(scene.model.overlay, Some(Overlay::Room(RoomBox::AskLink { .. }))));
    scene.press(KeyCode::Esc);
    assert!(scene.model.editor.is_empty(), "it still stands in the message");
    scene.press(KeyCode::Char('o'));
    let effects = scene.press(KeyCode::Enter);
    assert!(
        effects.iter().any(
            |effect| matches!(effect, Effect::Room(RoomWish::JoinLink { link }) if *link == room_link())
        )
    );
}

#[test]
fn who_was_let_into_a_room_is_told_so() {
    let mut scene = Scene::talk(SIZE);
    scene.msg(Msg::Room(RoomNews::Entered(Ok(Box::new(listed("roof", "#roof", 1, "joining"))))));
    scene.msg(Msg::Room(RoomNews::List(Ok(vec![listed("roof", "#roof", 1, "joining")]))));
    assert!(scene.screen().contains("You asked to come into #roof."));
    scene.msg(Msg::Room(RoomNews::List(Ok(vec![listed("roof", "#roof", 2, "member")]))));
    assert!(scene.screen().contains("You are in #roof now."), "{}", scene.screen());
}

#[test]
fn who_asked_is_told_of_the_yes_and_who_says_yes_is_not() {
    let asked = |state: &str| Contact { state: state.into(), ..contact("dave", "Dave", "online", "direct") };
    let mut scene = Scene::talk(SIZE);
    let mut list = people();
    list.push(asked("pending"));
    scene.msg(Msg::People(Ok(list)));
    scene.event(Object::Contact(asked("accepted")));
    assert!(scene.screen().contains("Dave has accepted"), "{}", scene.screen());
    scene.press(KeyCode::Esc);
    scene.event(Object::Contact(asked("accepted")));
    assert!(!scene.screen().contains("Dave has accepted"));
    scene.event(Object::Request(request()));
    let mine = Contact { account: request().account, ..asked("accepted") };
    scene.event(Object::Contact(mine));
    assert!(!scene.screen().contains("has accepted"));
}

#[test]
fn somebody_with_a_picture_in_the_name_is_called_by_the_letters_alone() {
    let verified = |name: &str, others: &[&str]| {
        let mut scene = Scene::talk(SIZE);
        let numbered = |(nth, name): (usize, &&str)| contact(&format!("n{nth}"), name, "online", "direct");
        scene.msg(Msg::People(Ok(others.iter().enumerate().map(numbered).collect())));
        scene.type_text(&format!("/verify @{name}"));
        let effects = scene.press(KeyCode::Enter);
        effects.iter().find_map(|effect| match effect {
            Effect::Safety { account } => Some(account.clone()),
            _ => None,
        })
    };
    assert_eq!(verified("ben-müller", &["Ben Müller 🦊"]).as_deref(), Some("account:n0"));
    assert_eq!(
        verified("ben", &["Ben 🦊", "Ben"]).as_deref(),
        Some("account:n1"),
        "the whole name goes first"
    );
    assert_eq!(verified("ben", &["Ben 🦊", "Ben 🐦"]), None, "never a guess");
    assert_eq!(verified("ben", &["Ben Müller 🦊"]), None, "all the letters");
}

#[test]
fn what_is_typed_while_the_node_is_gone_goes_on_in_the_message() {
    let mut scene = Scene::talk(SIZE);
    scene.type_text("half a ");
    scene.msg(Msg::Closed(Trouble::new("E-NODE", 3, "Starling is not running any more", "", "")));
    scene.type_text("sentence");
    scene.paste(", pasted");
    assert!(scene.screen().contains("Your message is kept"), "{}", scene.screen());
    let effects = scene.press(KeyCode::Enter);
    assert!(!names(&effects).contains(&"Send".to_owned()));
    scene.msg(Msg::Opened(Ok(opened())));
    assert_eq!(scene.model.editor.text(), "half a sentence, pasted");
}

#[test]
fn the_empty_line_at_the_end_of_a_paste_is_not_sent() {
    let mut scene = Scene::talk(SIZE);
    scene.paste("  one\ntwo\n\n");
    let effects = scene.press(KeyCode::Enter);
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::Send { text, .. } if text == "  one\ntwo")),
        "{effects:?}"
    );
}

#[test]
fn the_name_of_an_emoji_that_is_typed_whole_becomes_its_picture() {
    for (typed, stands) in [
        ("hi :smile:", "hi 😄"),
        ("at 10:30: no", "at 10:30: no"),
        (":nosuchthing: ::", ":nosuchthing: ::"),
        ("`:smile:`", "`:smile:`"),
        ("/react :smile:", "/react :smile:"),
    ] {
        let mut scene = Scene::talk(SIZE);
        scene.type_text(typed);
        assert_eq!(scene.model.editor.text(), stands);
    }
    let mut scene = Scene::talk(SIZE);
    scene.paste(":smile:");
    assert_eq!(scene.model.editor.text(), ":smile:", "what is pasted stays as it is");
}

#[test]
fn ctrl_c_says_how_the_text_comes_back() {
    let mut scene = Scene::talk(SIZE);
    scene.type_text("half a sentence");
    scene.ctrl('c');
    assert!(scene.screen().contains("Ctrl-_ brings the text back."), "{}", scene.screen());
    scene.ctrl('_');
    assert_eq!(scene.model.editor.text(), "half a sentence");
    scene.ctrl('u');
    scene.ctrl('c');
    assert!(!scene.screen().contains("brings the text back"));
}

#[test]
fn set_alone_names_the_settings_and_switches_speak_plainly() {
    let mut scene = Scene::talk(SIZE);
    scene.type_text("/set");
    scene.press(KeyCode::Enter);
    assert!(scene.screen().contains("/set KEY shows one of theme, marks,"), "{}", scene.screen());
    scene.type_text("/plain-text on");
    let effects = scene.press(KeyCode::Enter);
    let said = effects.iter().find_map(|effect| match effect {
        Effect::Setting(SettingWish::Set { say, .. }) => say.clone(),
        _ => None,
    });
    assert_eq!(said.as_deref(), Some("Messages are shown as they were typed."));
}

#[test]
fn the_key_line_offers_a_change_only_of_ones_own_message() {
    let mut scene = Scene::talk(SIZE);
    scene.press(KeyCode::Up);
    let mut seen = [false, false];
    for _ in 0..8 {
        let me = scene.model.log().unwrap().chosen().unwrap().message.from.me;
        assert_eq!(scene.screen().contains("e edit"), me, "{}", scene.screen());
        seen[usize::from(me)] = true;
        scene.press(KeyCode::Up);
    }
    assert_eq!(seen, [true, true]);
}

#[test]
fn the_box_with_a_rooms_link_has_no_field_for_another_link() {
    let mut scene = room(SIZE, UNICODE);
    scene.type_text("/invite link");
    scene.press(KeyCode::Enter);
    scene.msg(Msg::Room(RoomNews::Link { chat: "chat:roof".into(), result: Ok(invite()) }));
    assert!(scene.screen().contains("It works once"), "{}", scene.screen());
    assert!(!scene.screen().contains("A link you were given"));
}

#[test]
fn a_commands_slash_stays_with_its_name_where_a_row_ends() {
    let words = "You are in the room. /invite asks somebody in.";
    for width in 8..words.len() {
        let rows = starling_tui::screen::text::wrap::wrap(words, width);
        assert!(rows.iter().all(|row| !row.ends_with('/')), "{width}: {rows:?}");
    }
}
