//! What the screen says of mailboxes: who keeps a message, how mailboxes are, the question between friends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod screen_scene;

use crossterm::event::KeyCode;
use screen_scene::*;
use starling_node::api::types::{
    Contact, Kept, KeptAt, MailAsk, Mailbox, Message, Object, Receipt, Recipient,
};
use starling_tui::screen::msg::{Effect, MailWish, Msg};

const UNTIL: &str = "2026-12-21T18:00:00.000Z";

fn kept(mailboxes: u8) -> Option<Kept> {
    Some(Kept { mailboxes, until: (mailboxes > 0).then(|| UNTIL.to_owned()) })
}

fn receipt(state: &str, kept: Option<Kept>) -> Object {
    Object::Receipt(Receipt {
        v: 1,
        cursor: "c3".into(),
        id: "m12".into(),
        chat: "chat:ilse".into(),
        who: "account:ilse".into(),
        state: state.into(),
        reason: None,
        at: "2026-11-22T21:13:00.000Z".into(),
        message_state: state.into(),
        kept,
        attempt: 1,
    })
}

/// Ilse is away and uses two mailboxes; Dad is away and uses none.
fn away() -> Vec<Contact> {
    let mut people = people();
    people[0] = Contact {
        mailboxes: 2,
        waiting: 1,
        in_mailboxes: 1,
        ..contact("ilse", "Ilse Brandt", "offline", "none")
    };
    people[3].waiting = 2;
    people
}

fn mailbox(role: &str, name: Option<&str>, state: &str) -> Mailbox {
    Mailbox {
        v: 1,
        id: "mailbox:abcdefghijklmnopqrstuvwxyz234567".into(),
        link: None,
        role: role.into(),
        account: name.map(|name| format!("account:{}", name.to_lowercase())),
        name: name.map(str::to_owned),
        state: state.into(),
        seen: Some("2026-11-22T20:05:00.000Z".into()),
        until: None,
        holding: 12,
        boxes: 3,
        bytes: 1_500_000,
        quota: 67_108_864,
    }
}

fn mailboxes() -> Vec<Mailbox> {
    vec![
        mailbox("mine", Some("Bob"), "ok"),
        mailbox("mine", None, "silent"),
        mailbox("asked", Some("Dad"), "open"),
        mailbox("serving", None, "ok"),
    ]
}

fn read(state: &str, kept: Option<Kept>) -> Message {
    let mut read = messages().pop().unwrap();
    read.state = state.into();
    read.kept.clone_from(&kept);
    read.recipients = vec![Recipient {
        account: "account:ilse".into(),
        name: "Ilse Brandt".into(),
        state: state.into(),
        at: "2026-11-22T21:13:00.000Z".into(),
        kept,
    }];
    read
}

#[test]
fn the_newest_own_message_says_how_many_keep_it_and_until_when() {
    let mut scene = Scene::talk((80, 24));
    scene.event(receipt("mailbox", kept(1)));
    assert!(scene.screen().contains("in 1 mailbox, kept until 21 Dec"), "{}", scene.screen());
    scene.event(receipt("mailbox", kept(2)));
    assert!(scene.screen().contains("in 2 mailboxes, kept until 21 Dec"));
    scene.event(receipt("mailbox", kept(0)));
    assert!(scene.screen().contains("in no mailbox any more"));
    scene.event(receipt("delivered", None));
    assert!(scene.screen().contains("delivered 21:13"));
    // A late word of a mailbox changes nothing.
    scene.event(receipt("mailbox", kept(2)));
    let screen = scene.screen();
    assert!(screen.contains("delivered 21:13") && !screen.contains("kept until"), "{screen}");
}

#[test]
fn a_burst_of_receipts_asks_for_the_people_once() {
    let mut scene = Scene::talk((80, 24));
    let mut asked = 0;
    for nth in 0..100 {
        let effects = scene.event(receipt("mailbox", kept(nth % 2 + 1)));
        asked += effects.iter().filter(|effect| matches!(effect, Effect::People)).count();
    }
    let later = scene.wait(3_500);
    asked += later.iter().filter(|effect| matches!(effect, Effect::People)).count();
    assert_eq!(asked, 1);
    scene.msg(Msg::People(Ok(away())));
    assert!(!scene.wait(2_000).iter().any(|effect| matches!(effect, Effect::People)));
}

#[test]
fn the_question_of_a_friend_stands_in_their_chat_until_it_is_answered() {
    let mut scene = Scene::talk((120, 36));
    let ask = |change: &str| {
        Object::MailAsk(MailAsk {
            v: 1,
            cursor: "c4".into(),
            account: "account:ilse".into(),
            change: change.into(),
        })
    };
    let effects = scene.event(ask("asked"));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Mail(MailWish::List))));
    assert!(scene.screen().contains("Ilse Brandt asks: keep mail for each other? /mailbox accept @ilse"));
    let mut asks = mailbox("asks", Some("Ilse Brandt"), "open");
    asks.account = Some("account:ilse".into());
    scene.msg(Msg::Mailboxes(Ok(vec![asks])));
    scene.press(KeyCode::End);
    assert!(scene.screen().contains("! Ilse Brandt asks: keep mail"), "{}", scene.screen());
    scene.open("chat:bob");
    assert!(!scene.screen().contains("asks: keep mail"));
    scene.open("chat:ilse");
    scene.type_text("/mailbox accept");
    let [Effect::Mail(MailWish::Answer { account, agree: true }), ..] = &scene.press(KeyCode::Enter)[..]
    else {
        panic!()
    };
    assert_eq!(account, "account:ilse");
    scene.event(ask("agreed"));
    scene.msg(Msg::Mailboxes(Ok(Vec::new())));
    let screen = scene.screen();
    assert!(screen.contains("· Ilse Brandt and you keep mail for each other now."), "{screen}");
    assert!(!screen.contains("asks: keep mail"));
}

#[test]
fn mailbox_commands_ask_the_node_and_wrong_ones_stay_in_the_line() {
    let mut scene = Scene::talk((80, 24));
    let mut typed = |text: &str| {
        scene.type_text(text);
        let effects = scene.press(KeyCode::Enter);
        let left = scene.model.editor.text();
        scene.press(KeyCode::Esc);
        scene.ctrl('u');
        let wish = effects.into_iter().find_map(|effect| match effect {
            Effect::Mail(wish) => Some(wish),
            _ => None,
        });
        (wish, left)
    };
    assert!(matches!(typed("/mailbox"), (Some(MailWish::List), left) if left.is_empty()));
    assert!(
        matches!(typed("/mailbox use starling:ab cd").0, Some(MailWish::Use { link }) if link == "starling:abcd")
    );
    assert!(matches!(typed("/mailbox drop @ilse").0, Some(MailWish::Drop { id }) if id == "@ilse"));
    assert!(matches!(typed("/mailbox grant").0, Some(MailWish::Grant)));
    assert!(
        matches!(typed("/mailbox ask @dad").0, Some(MailWish::Ask { account }) if account == "account:dad")
    );
    assert!(matches!(typed("/mailbox decline").0, Some(MailWish::Answer { agree: false, .. })));
    for wrong in ["/mailbox use", "/mailbox drop", "/mailbox frobnicate", "/mailbox ask @nobody"] {
        let (wish, left) = typed(wrong);
        assert!(wish.is_none(), "{wrong}");
        assert_eq!(left, wrong);
    }
    scene.type_text("/mailbox acc");
    scene.press(KeyCode::Tab);
    assert_eq!(scene.model.editor.text(), "/mailbox accept ");
    scene.type_text("@il");
    scene.press(KeyCode::Tab);
    assert_eq!(scene.model.editor.text(), "/mailbox accept @ilse ");
}

#[test]
fn leaving_asks_only_for_what_is_nowhere_else() {
    let mut scene = Scene::talk((80, 24));
    let mut all = away();
    all[3].waiting = 0;
    scene.msg(Msg::People(Ok(all)));
    assert!(
        scene.ctrl('q').iter().any(|effect| matches!(effect, Effect::Quit { .. })),
        "its one message is kept"
    );
}

#[test]
fn main_kept() {
    shoot("mail_main", |size| {
        let mut scene = Scene::talk(size);
        scene.msg(Msg::People(Ok(away())));
        scene.event(receipt("mailbox", kept(2)));
        scene
    });
    shoot("mail_asked", |size| {
        let mut scene = Scene::talk(size);
        let mut asks = mailbox("asks", Some("Ilse Brandt"), "open");
        asks.account = Some("account:ilse".into());
        scene.msg(Msg::Mailboxes(Ok(vec![asks])));
        scene
    });
}

#[test]
fn overlays() {
    let who_has = |size, message: Message, places: Vec<KeptAt>| {
        let mut scene = Scene::talk(size);
        scene.msg(Msg::People(Ok(away())));
        scene.press(KeyCode::Up);
        scene.press(KeyCode::Char('i'));
        scene.msg(Msg::One(Ok(Box::new(message))));
        scene.msg(Msg::Kept { id: "m12".into(), result: Ok(places) });
        scene
    };
    let place = |id: &str| KeptAt {
        v: 1,
        message: "m12".into(),
        account: "account:ilse".into(),
        name: "Ilse Brandt".into(),
        mailbox: format!("mailbox:{id}"),
        until: UNTIL.into(),
    };
    shoot("mail_who_has_kept", |size| {
        who_has(size, read("mailbox", kept(2)), vec![place("abcdefghijkl"), place("zyxwvutsrqpo")])
    });
    shoot("mail_who_has_waiting", |size| who_has(size, read("queued", None), Vec::new()));
    shoot("mail_person", |size| {
        let mut scene = Scene::talk(size);
        scene.msg(Msg::People(Ok(away())));
        scene.type_text("/info ilse");
        scene.press(KeyCode::Enter);
        scene
    });
    shoot("mail_network", |size| {
        let mut scene = Scene::talk(size);
        scene.press(KeyCode::F(5));
        scene.msg(Msg::Net(Ok(Box::new(net()))));
        scene.msg(Msg::People(Ok(away())));
        scene.msg(Msg::Mailboxes(Ok(mailboxes())));
        scene
    });
    shoot("mail_mailboxes", |size| {
        let mut scene = Scene::talk(size);
        scene.type_text("/mailbox");
        scene.press(KeyCode::Enter);
        scene.msg(Msg::Mailboxes(Ok(mailboxes())));
        scene
    });
    shoot("mail_granted", |size| {
        let mut scene = Scene::talk(size);
        scene.type_text("/mailbox grant");
        scene.press(KeyCode::Enter);
        let mut granted = mailbox("grant", None, "ok");
        granted.link = Some(LINK.to_owned());
        scene.msg(Msg::Granted(Ok(granted)));
        scene.msg(Msg::Mailboxes(Ok(Vec::new())));
        scene
    });
}
