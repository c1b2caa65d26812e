//! Whole screens in all their variants (`shoot`). A change of one of them must be looked at, not only accepted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod screen_scene;

use crossterm::event::KeyCode;
use screen_scene::*;
use starling_node::api::types::{Contact, Gap, Network, Object, Presence, Recipient, Safety, Typing};
use starling_tui::screen::msg::{Msg, Opened};
use zeroize::Zeroizing;

fn presence(who: &str, state: &str, via: &str) -> Presence {
    Presence {
        v: 1,
        cursor: "c9".into(),
        account: format!("account:{who}"),
        state: state.into(),
        via: via.into(),
        text: None,
    }
}

fn people_waiting() -> Vec<Contact> {
    let mut people = people();
    if let Some(dad) = people.iter_mut().find(|one| one.name == "Dad") {
        dad.waiting = 2;
    }
    people
}

fn to_lock(size: (u16, u16)) -> Scene {
    let mut scene = Scene::first_run(size);
    scene.type_text("Alice");
    scene.press(KeyCode::Enter);
    scene
}

fn to_words(size: (u16, u16)) -> Scene {
    let mut scene = to_lock(size);
    scene.type_text("correct horse battery");
    scene.press(KeyCode::Enter);
    scene.type_text("correct horse battery");
    scene.press(KeyCode::Enter);
    scene.msg(Msg::Created(Ok(Zeroizing::new(WORDS.to_owned()))));
    scene.msg(Msg::Opened(Ok(Opened { locked: true, ..opened() })));
    scene
}

#[test]
fn first_run_name() {
    shoot("first_run_1_name", |size| {
        let mut scene = Scene::first_run(size);
        scene.type_text("Alice");
        scene
    });
}

#[test]
fn first_run_lock() {
    shoot("first_run_2_lock", |size| {
        let mut scene = to_lock(size);
        scene.type_text("correct horse battery");
        scene.press(KeyCode::Enter);
        scene.type_text("correct");
        scene
    });
}

#[test]
fn first_run_words() {
    shoot("first_run_3_words", to_words);
    shoot("first_run_3_words_check", |size| {
        let mut scene = to_words(size);
        scene.press(KeyCode::Enter);
        scene.type_text("wrong");
        scene.press(KeyCode::Enter);
        scene
    });
}

#[test]
fn first_run_people() {
    shoot("first_run_4_people", |size| {
        let mut scene = to_words(size);
        scene.press(KeyCode::Char('l'));
        scene.msg(Msg::Invite(Ok(invite())));
        scene
    });
    shoot("first_run_4_code_alone", |size| {
        let mut scene = to_words(size);
        scene.press(KeyCode::Char('l'));
        scene.msg(Msg::Invite(Ok(invite())));
        scene.press(KeyCode::Char('q'));
        scene
    });
}

#[test]
fn main_without_anybody() {
    shoot("main_alone", Scene::alone);
}

#[test]
fn main_with_messages_in_all_states() {
    shoot("main_talk", Scene::talk);
}

#[test]
fn main_very_small() {
    let small = [(39, 9), (20, 5), (3, 2), (1, 1)];
    let screens = small.map(|size| format!("==== {}x{}\n{}\n", size.0, size.1, Scene::talk(size).screen()));
    keep("main_small", screens.concat());
}

#[test]
fn main_offline() {
    shoot("main_offline", |size| {
        let mut scene = Scene::talk(size);
        scene.event(Object::Network(network("offline", 0, 0, 0)));
        scene.event(Object::Presence(presence("ilse", "offline", "none")));
        scene.type_text("two lines");
        scene.ctrl('j');
        scene.type_text("of text");
        scene
    });
}

#[test]
fn main_of_every_state_of_the_network() {
    shoot("main_relayed", |size| {
        let mut scene = Scene::talk(size);
        scene.event(Object::Network(network("relayed", 0, 7, 0)));
        scene.event(Object::Presence(presence("ilse", "online", "relay")));
        scene.wait(12_000);
        scene
    });
    shoot("main_lan", |size| {
        let mut scene = Scene::talk(size);
        scene.event(Object::Network(network("lan", 0, 0, 3)));
        scene.wait(125_000);
        scene
    });
    shoot("main_invisible", |size| {
        let mut scene = Scene::talk(size);
        scene.event(Object::Network(Network { invisible: true, ..network("direct", 0, 0, 0) }));
        scene.event(Object::Presence(presence("ilse", "offline", "none")));
        scene
    });
    shoot("main_nobody", |size| {
        let mut scene = Scene::talk(size);
        scene.event(Object::Network(network("direct", 0, 0, 0)));
        scene
    });
}

#[test]
fn main_scrolled_with_gap_and_writer() {
    shoot("main_scrolled", |size| {
        let mut scene = Scene::talk(size);
        scene.press(KeyCode::PageUp);
        scene.event(Object::Gap(Gap {
            v: 1,
            cursor: "c10".into(),
            chat: "chat:ilse".into(),
            missing: 2,
            from: "account:ilse".into(),
        }));
        for id in ["n1", "n2"] {
            let mut new = message(id, "ilse", "2026-11-22T21:14:00.000Z", "Are you there?");
            new.unread = true;
            scene.event(Object::Message(Box::new(new)));
        }
        scene.event(Object::Typing(Typing {
            v: 1,
            cursor: "c11".into(),
            chat: "chat:ilse".into(),
            account: "account:ilse".into(),
            on: true,
        }));
        scene
    });
}

#[test]
fn main_chosen_reply_and_trouble() {
    shoot("main_chosen", |size| {
        let mut scene = Scene::talk(size);
        scene.press(KeyCode::Up);
        scene.press(KeyCode::Up);
        scene
    });
    shoot("main_reply_refused", |size| {
        let mut scene = Scene::talk(size);
        scene.press(KeyCode::Up);
        scene.press(KeyCode::Char('r'));
        scene.type_text("This is an answer");
        scene.press(KeyCode::Enter);
        scene.msg(Msg::Sent {
            chat: "chat:ilse".into(),
            reference: "screen-0000000000000007-1".into(),
            result: Err(trouble()),
        });
        scene
    });
    shoot("main_writing_to_disk", |size| {
        let mut scene = Scene::talk(size);
        scene.type_text("On its way to the disk");
        scene.press(KeyCode::Enter);
        scene
    });
}

#[test]
fn overlay_requests() {
    shoot("overlay_requests", |size| {
        let mut scene = Scene::talk(size);
        scene.event(Object::Request(request()));
        scene.press(KeyCode::Enter);
        scene
    });
}

#[test]
fn overlay_go_to() {
    shoot("overlay_go_to", |size| {
        let mut scene = Scene::talk(size);
        scene.ctrl('k');
        scene.type_text("il");
        scene
    });
}

#[test]
fn overlay_help() {
    shoot("overlay_help", |size| {
        let mut scene = Scene::talk(size);
        scene.press(KeyCode::F(1));
        scene
    });
    shoot("overlay_help_filtered", |size| {
        let mut scene = Scene::talk(size);
        scene.press(KeyCode::F(1));
        scene.type_text("message");
        scene
    });
}

#[test]
fn overlay_invite() {
    shoot("overlay_invite", |size| {
        let mut scene = Scene::talk(size);
        scene.ctrl('n');
        scene.msg(Msg::Invite(Ok(invite())));
        scene
    });
    shoot("overlay_ask_add", |size| {
        let mut scene = Scene::talk(size);
        scene.paste(LINK);
        scene
    });
}

#[test]
fn overlay_who_has_it() {
    shoot("overlay_who_has", |size| {
        let mut scene = Scene::talk(size);
        scene.press(KeyCode::Up);
        scene.press(KeyCode::Char('i'));
        let mut read = messages().pop().unwrap();
        read.recipients = vec![Recipient {
            account: "account:ilse".into(),
            name: "Ilse Brandt".into(),
            state: "queued".into(),
            at: "2026-11-22T21:12:00.000Z".into(),
            kept: None,
        }];
        scene.msg(Msg::One(Ok(Box::new(read))));
        scene
    });
}

#[test]
fn overlay_person_who_is_not_here() {
    shoot("overlay_person_away", |size| {
        let mut scene = Scene::talk(size);
        let mut people = people_waiting();
        let dad = people.iter_mut().find(|one| one.name == "Dad").unwrap();
        dad.hidden = true;
        dad.looked_up = Some("2026-11-22T21:13:00.000Z".into());
        scene.msg(Msg::People(Ok(people)));
        scene.type_text("/info dad");
        scene.press(KeyCode::Enter);
        scene
    });
}

#[test]
fn overlay_person() {
    shoot("overlay_person", |size| {
        let mut scene = Scene::talk(size);
        scene.press(KeyCode::F(4));
        scene.msg(Msg::Safety(Ok(Safety {
            v: 1,
            account: "account:ilse".into(),
            name: "Ilse Brandt".into(),
            number: ["01234"; 12].join(" "),
            verified: false,
            key_changed: false,
        })));
        scene
    });
}

#[test]
fn overlay_delete_react_leave_network_chats_find() {
    shoot("overlay_delete", |size| {
        let mut scene = Scene::talk(size);
        scene.press(KeyCode::Up);
        scene.press(KeyCode::Up);
        scene.press(KeyCode::Char('d'));
        scene
    });
    shoot("overlay_react", |size| {
        let mut scene = Scene::talk(size);
        scene.press(KeyCode::Up);
        scene.press(KeyCode::Char('+'));
        scene
    });
    shoot("overlay_leave", |size| {
        let mut scene = Scene::talk(size);
        scene.ctrl('q');
        scene
    });
    shoot("overlay_network", |size| {
        let mut scene = Scene::talk(size);
        scene.press(KeyCode::F(5));
        scene.msg(Msg::Net(Ok(Box::new(net()))));
        scene.msg(Msg::People(Ok(people_waiting())));
        scene
    });
    shoot("overlay_network_test", |size| {
        let mut scene = Scene::talk(size);
        scene.press(KeyCode::F(5));
        scene.msg(Msg::Net(Ok(Box::new(net()))));
        scene.press(KeyCode::Char('t'));
        scene.msg(Msg::NetTest(Ok(found())));
        scene.press(KeyCode::Char('c'));
        scene
    });
    shoot("overlay_chats", |size| {
        let mut scene = Scene::talk(size);
        scene.press(KeyCode::F(2));
        scene
    });
    shoot("overlay_found", |size| {
        let mut scene = Scene::talk(size);
        scene.type_text("/find cable");
        scene.press(KeyCode::Enter);
        let hit = messages().into_iter().find(|message| message.id == "m10").unwrap();
        scene.msg(Msg::Found { text: "cable".into(), result: Ok(vec![hit]) });
        scene
    });
}

#[test]
fn before_the_main_screen() {
    shoot("unlock", |size| {
        let mut scene = Scene::new(size, starling_tui::screen::theme::UNICODE);
        scene.msg(Msg::Profile(starling_tui::screen::msg::ProfileKind::Locked));
        scene.type_text("wrong");
        scene.press(KeyCode::Enter);
        let mut wrong = trouble();
        wrong.exit = 5;
        wrong.code = "E-LOCK".into();
        wrong.what = "That passphrase does not open this profile".into();
        wrong.means = "Nothing is lost.".into();
        wrong.do_ = "Try again.".into();
        scene.msg(Msg::Opened(Err(wrong)));
        scene
    });
}
