//! What keys, pastes and the node's answers do to the screen, without a terminal or a node.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "screen_behaviour/newcomer.rs"]
mod newcomer;
mod screen_rooms_scene;
mod screen_scene;

use crossterm::event::{Event, KeyCode, KeyModifiers};
use proptest::prelude::*;
use screen_scene::*;
use starling_node::api::types::{Object, Receipt, Sent};
use starling_tui::screen::model::chatlog::Part;
use starling_tui::screen::model::overlay::Overlay;
use starling_tui::screen::model::{Notice, Place};
use starling_tui::screen::msg::{After, Effect, Msg, TalkNews, TalkWish};

const SIZE: (u16, u16) = (80, 24);

fn names(effects: &[Effect]) -> Vec<String> {
    effects.iter().map(|effect| format!("{effect:?}")).collect()
}

fn sent(scene: &mut Scene, reference: &str, id: &str) {
    scene.msg(Msg::Sent {
        chat: "chat:ilse".into(),
        reference: reference.into(),
        result: Ok(Sent {
            v: 1,
            id: id.into(),
            to: "@ilse".into(),
            chat: "chat:ilse".into(),
            state: "queued".into(),
            at: "2026-11-22T21:14:01.000Z".into(),
        }),
    });
}

#[test]
fn a_paste_is_never_sent_and_never_run() {
    let mut scene = Scene::talk(SIZE);
    let effects = scene.paste("a\n/quit\n");
    assert!(!names(&effects).iter().any(|name| name == "Send" || name == "Quit"));
    assert_eq!(scene.model.editor.text(), "a\n/quit\n");
    let mut scene = Scene::talk(SIZE);
    scene.paste("/quit\r\nx");
    scene.press(KeyCode::Enter);
    assert_eq!(scene.model.editor.text(), "/quit\nx");
    assert!(!names(&scene.effects).contains(&"Quit".to_owned()));
}

#[test]
fn control_characters_of_a_paste_never_reach_the_editor() {
    let mut scene = Scene::talk(SIZE);
    scene.paste("a\u{1b}[31m\u{202e}b");
    assert_eq!(scene.model.editor.text(), "a[31mb");
}

#[test]
fn a_sent_text_waits_for_the_disk_and_comes_back_when_refused() {
    let mut scene = Scene::talk(SIZE);
    scene.type_text("hello");
    let effects = scene.press(KeyCode::Enter);
    let reference = effects
        .iter()
        .find_map(|effect| match effect {
            Effect::Send { text, reference, .. } if text == "hello" => Some(reference.clone()),
            _ => None,
        })
        .unwrap();
    assert!(scene.model.editor.is_empty());
    assert!(scene.screen().contains("writing to disk"));
    scene.type_text("more");
    scene.msg(Msg::Sent { chat: "chat:ilse".into(), reference, result: Err(trouble()) });
    assert_eq!(scene.model.editor.text(), "hello\nmore");
    assert!(matches!(scene.model.notice, Some(Notice::Trouble(_))));
    assert!(!scene.screen().contains("writing to disk"));
}

#[test]
fn a_refused_text_that_is_sent_again_untouched_keeps_its_reference() {
    fn sent_as(effects: &[Effect]) -> String {
        let reference = effects.iter().find_map(|effect| match effect {
            Effect::Send { reference, .. } => Some(reference.clone()),
            _ => None,
        });
        reference.unwrap()
    }
    let refuse = |scene: &mut Scene, reference: &str| {
        let (chat, reference) = ("chat:ilse".to_owned(), reference.to_owned());
        scene.msg(Msg::Sent { chat, reference, result: Err(trouble()) });
    };
    let mut scene = Scene::talk(SIZE);
    scene.type_text("hello");
    let first = sent_as(&scene.press(KeyCode::Enter));
    refuse(&mut scene, &first);
    // The node may have it already: it must not become two messages.
    let again = sent_as(&scene.press(KeyCode::Enter));
    assert_eq!(again, first);
    refuse(&mut scene, &first);
    // Touched, it is another message, even if it reads the same in the end.
    scene.type_text("x");
    scene.press(KeyCode::Backspace);
    let third = sent_as(&scene.press(KeyCode::Enter));
    assert_ne!(third, first);
}

#[test]
fn a_message_is_shown_once_whatever_comes_first() {
    for event_first in [true, false] {
        let mut scene = Scene::talk(SIZE);
        scene.type_text("only once");
        scene.press(KeyCode::Enter);
        let mut own = message("m20", "alice", "2026-11-22T21:14:01.000Z", "only once");
        own.state = "queued".into();
        let event = Object::Message(Box::new(own));
        if event_first {
            scene.event(event);
            sent(&mut scene, "screen-0000000000000007-1", "m20");
        } else {
            sent(&mut scene, "screen-0000000000000007-1", "m20");
            scene.event(event);
        }
        assert_eq!(scene.screen().matches("only once").count(), 1);
        assert!(scene.model.log().unwrap().pending.is_empty());
    }
}

#[test]
fn marks_never_turn_back() {
    let mut scene = Scene::talk(SIZE);
    let receipt = |state: &str| {
        Object::Receipt(Receipt {
            v: 1,
            cursor: "c".into(),
            id: "m12".into(),
            chat: "chat:ilse".into(),
            who: "account:ilse".into(),
            state: state.into(),
            reason: None,
            at: "2026-11-22T21:15:00.000Z".into(),
            message_state: state.into(),
            kept: None,
            attempt: 1,
        })
    };
    scene.event(receipt("read"));
    assert!(scene.screen().contains("read 21:15"));
    scene.event(receipt("delivered"));
    assert!(scene.screen().contains("read 21:15"));
    let mut old = message("m12", "alice", "2026-11-22T21:12:00.000Z", "And a ladder");
    old.state = "queued".into();
    scene.event(Object::Message(Box::new(old)));
    assert_eq!(scene.model.log().unwrap().get("m12").unwrap().message.state, "read");
}

#[test]
fn read_needs_focus_and_a_second_on_the_screen() {
    let read = |effects: &[Effect]| {
        effects.iter().find_map(|effect| match effect {
            Effect::MarkRead { ids, .. } => Some(ids.clone()),
            _ => None,
        })
    };
    let mut scene = Scene::talk(SIZE);
    assert_eq!(read(&scene.wait(900)), None);
    let mut ids = read(&scene.wait(200)).unwrap();
    ids.sort();
    assert_eq!(ids, ["m10", "m9"]);
    assert_eq!(scene.model.chat().unwrap().unread, 0);

    let mut scene = Scene::talk(SIZE);
    scene.wait(500);
    scene.msg(Msg::Term(Event::FocusLost));
    assert_eq!(read(&scene.wait(5_000)), None);
    scene.msg(Msg::Term(Event::FocusGained));
    assert_eq!(read(&scene.wait(900)), None);
    assert!(read(&scene.wait(200)).is_some());

    let mut scene = Scene::talk(SIZE);
    scene.press(KeyCode::F(1));
    assert_eq!(read(&scene.wait(5_000)), None, "help covers the messages");
}

#[test]
fn nothing_moves_while_one_reads_older_messages() {
    let mut scene = Scene::talk(SIZE);
    scene.wait(2_000);
    scene.press(KeyCode::PageUp);
    let rows = |screen: String| {
        screen
            .lines()
            .skip(2)
            .take(14)
            .map(|line| line.chars().skip(22).collect::<String>())
            .collect::<Vec<_>>()
    };
    let before = rows(scene.screen());
    for n in 0..6 {
        let mut new = message(&format!("n{n}"), "ilse", "2026-11-22T21:14:00.000Z", "new");
        new.unread = true;
        scene.event(Object::Message(Box::new(new)));
    }
    assert_eq!(rows(scene.screen()), before);
    assert!(scene.screen().contains("6 new below, End"));
    let mut older = message("old1", "ilse", "2026-11-20T10:00:00.000Z", "older");
    older.state = "delivered".into();
    let first = scene.model.log().unwrap().items[0].message.id.clone();
    let news = TalkNews::Page { chat: "chat:ilse".into(), part: Part::Before(first), page: Ok(vec![older]) };
    scene.msg(Msg::Talk(news));
    assert_eq!(scene.model.log().unwrap().items[0].message.id, "old1");
    assert_eq!(rows(scene.screen()), before);
    scene.press(KeyCode::End);
    assert!(scene.model.log().unwrap().anchor.is_none());
}

#[test]
fn older_pages_are_read_when_the_top_is_reached() {
    let mut scene = Scene::talk(SIZE);
    let page: Vec<_> =
        (0..60).map(|n| message(&format!("p{n}"), "ilse", "2026-11-22T20:00:00.000Z", "line")).collect();
    scene.model.logs.get_mut("chat:ilse").unwrap().page(page, &Part::Newest);
    let effects: Vec<Effect> = (0..10).flat_map(|_| scene.press(KeyCode::PageUp)).collect();
    let asked: Vec<_> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Talk(TalkWish::Page { part: Part::Before(id), .. }) => Some(id.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(asked, ["p0"], "asked once, for what is before the oldest");
}

#[test]
fn the_screen_sleeps_when_nothing_happens() {
    let mut scene = Scene::talk(SIZE);
    scene.msg(Msg::People(Ok(vec![contact("ilse", "Ilse Brandt", "online", "lan")])));
    scene.wait(60_000);
    scene.model.dirty = false;
    assert_eq!(scene.model.next_wake(), None);
    assert!(scene.wait(600_000).is_empty());
    assert!(!scene.model.dirty);
}

#[test]
fn a_wrong_command_stays_in_the_editor_with_a_suggestion() {
    let mut scene = Scene::talk(SIZE);
    scene.type_text("/invte");
    scene.press(KeyCode::Enter);
    assert_eq!(scene.model.editor.text(), "/invte");
    assert!(scene.screen().contains("Did you mean /invite?"));
    let mut scene = Scene::talk(SIZE);
    scene.type_text("//etc/hosts");
    let effects = scene.press(KeyCode::Enter);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Send { text, .. } if text == "/etc/hosts")));
}

#[test]
fn names_are_never_guessed() {
    let mut scene = Scene::talk(SIZE);
    scene.type_text("/block @ilze");
    let effects = scene.press(KeyCode::Enter);
    assert!(!names(&effects).contains(&"Block".to_owned()));
    scene.key(KeyCode::Char('u'), KeyModifiers::CONTROL);
    scene.type_text("/name @ilse Ilse B.");
    let effects = scene.press(KeyCode::Enter);
    assert!(effects.iter().any(|effect| {
        matches!(effect, Effect::Rename { account, name } if account == "account:ilse" && name == "Ilse B.")
    }));
}

#[test]
fn drafts_are_kept_per_chat_and_come_back() {
    let mut scene = Scene::talk(SIZE);
    scene.type_text("half a tho");
    let effects = scene.key(KeyCode::Char('1'), KeyModifiers::ALT);
    assert!(effects.iter().any(|effect| {
        matches!(effect, Effect::Draft { chat, text } if chat == "chat:ilse" && text == "half a tho")
    }));
    assert!(scene.model.editor.is_empty());
    scene.open("chat:ilse");
    assert_eq!(scene.model.editor.text(), "half a tho");
    assert_eq!(scene.model.chat().unwrap().title, "Ilse Brandt");
    scene.ctrl('u');
    scene.type_text("x");
    assert!(
        scene.wait(3_000).iter().any(|effect| matches!(effect, Effect::Draft { .. })),
        "also after a pause"
    );
}

#[test]
fn leaving_asks_only_if_messages_wait_here() {
    let mut scene = Scene::talk(SIZE);
    assert!(scene.ctrl('q').is_empty());
    assert!(matches!(scene.model.overlay, Some(Overlay::Leave)));
    scene.press(KeyCode::Esc);
    assert!(scene.model.overlay.is_none());
    scene.ctrl('q');
    assert!(names(&scene.press(KeyCode::Char('q'))).contains(&"Quit".to_owned()));

    let mut scene = Scene::talk(SIZE);
    scene.model.opened.as_mut().unwrap().in_process = false;
    scene.type_text("x");
    scene.ctrl('c');
    assert!(scene.model.editor.is_empty());
    assert!(names(&scene.ctrl('c')).contains(&"Quit".to_owned()));
}

#[test]
fn one_sign_of_writing_at_a_time_and_one_of_its_end() {
    let mut scene = Scene::talk(SIZE);
    let effects = scene.type_text("hello there");
    let signs = effects.iter().filter(|effect| matches!(effect, Effect::Typing { on: true, .. })).count();
    assert_eq!(signs, 1);
    let effects = scene.press(KeyCode::Enter);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Typing { on: false, .. })));
    assert!(!names(&scene.type_text("/help")).contains(&"Typing".to_owned()));
}

#[test]
fn a_pasted_link_asks_before_anybody_is_asked() {
    let mut scene = Scene::talk(SIZE);
    assert!(!names(&scene.paste(LINK)).contains(&"Add".to_owned()));
    scene.press(KeyCode::Esc);
    assert_eq!(scene.model.editor.text(), LINK);
    scene.ctrl('u');
    scene.paste(LINK);
    assert!(names(&scene.press(KeyCode::Enter)).contains(&"Add".to_owned()));
}

#[test]
fn requests_are_accepted_and_dropped_by_one_key() {
    let mut scene = Scene::talk(SIZE);
    scene.event(Object::Request(request()));
    assert!(scene.screen().contains("! 1 request"));
    scene.press(KeyCode::Enter);
    let effects = scene.press(KeyCode::Enter);
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Accept { account } if *account == request().account))
    );
}

#[test]
fn the_first_run_can_be_passed_and_asks_for_the_same_passphrase_twice() {
    let mut scene = Scene::first_run(SIZE);
    scene.press(KeyCode::Enter);
    assert!(scene.screen().contains("A name is needed"));
    scene.type_text("Alice");
    scene.press(KeyCode::Enter);
    scene.type_text("one");
    scene.press(KeyCode::Enter);
    scene.type_text("two");
    assert!(!names(&scene.press(KeyCode::Enter)).contains(&"Create".to_owned()));
    scene.type_text("one");
    let effects = scene.press(KeyCode::Enter);
    assert!(effects.iter().any(|effect| {
        matches!(effect, Effect::Create { name, passphrase: Some(passphrase) } if name == "Alice" && passphrase.as_str() == "one")
    }));
    assert!(!format!("{:?}", scene.model).contains("one\""), "no secret in Debug");
    scene.msg(Msg::Created(Ok(zeroize::Zeroizing::new(WORDS.to_owned()))));
    scene.msg(Msg::Opened(Ok(opened())));
    scene.press(KeyCode::Enter);
    for _ in 0..2 {
        let Place::Setup(setup) = &scene.model.place else { panic!("not in the first run") };
        let starling_tui::screen::model::setup::Page::Words(page) = &setup.page else {
            panic!("not at the words")
        };
        let check = page.check.as_ref().unwrap();
        let word = page.word(check.places[check.answered]).to_owned();
        scene.type_text(&word);
        scene.press(KeyCode::Enter);
    }
    scene.msg(Msg::Invite(Ok(invite())));
    assert!(scene.screen().contains("starling:"));
    assert!(scene.effects.iter().any(|effect| matches!(effect, Effect::Copy { text } if text == LINK)));
    scene.press(KeyCode::Enter);
    assert!(matches!(scene.model.place, Place::Main));
}

#[test]
fn no_passphrase_is_ever_on_the_screen() {
    let mut scene = Scene::first_run(SIZE);
    scene.type_text("Alice");
    scene.press(KeyCode::Enter);
    scene.type_text("sesame");
    assert!(!scene.screen().contains("sesame"));
}

fn any_key() -> impl Strategy<Value = (KeyCode, KeyModifiers)> {
    let code = prop_oneof![
        4 => any::<char>().prop_map(KeyCode::Char),
        4 => prop::sample::select(vec!['a', 'r', 'e', 'd', 'i', 'k', 'n', 'p', 'f', 'u', '/', '+', 'q', 'y', '?', 'c', 'l']).prop_map(KeyCode::Char),
        6 => prop::sample::select(vec![
            KeyCode::Enter, KeyCode::Esc, KeyCode::Tab, KeyCode::BackTab, KeyCode::Backspace, KeyCode::Delete,
            KeyCode::Up, KeyCode::Down, KeyCode::Left, KeyCode::Right, KeyCode::Home, KeyCode::End,
            KeyCode::PageUp, KeyCode::PageDown, KeyCode::F(1), KeyCode::F(2), KeyCode::F(4), KeyCode::F(5),
        ]),
    ];
    let modifiers = prop::sample::select(vec![
        KeyModifiers::NONE,
        KeyModifiers::NONE,
        KeyModifiers::NONE,
        KeyModifiers::CONTROL,
        KeyModifiers::ALT,
    ]);
    (code, modifiers)
}

#[derive(Debug, Clone)]
enum Act {
    Key(KeyCode, KeyModifiers),
    Paste(String),
    Size(u16, u16),
    Message(String, bool),
    Wait(u16),
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        12 => any_key().prop_map(|(code, modifiers)| Act::Key(code, modifiers)),
        1 => ".{0,40}".prop_map(Act::Paste),
        3 => (1u16..130, 1u16..40).prop_map(|(width, height)| Act::Size(width, height)),
        2 => (".{0,60}", any::<bool>()).prop_map(|(text, unread)| Act::Message(text, unread)),
        1 => (0u16..3_000).prop_map(Act::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Drawing asserts by itself: a cell outside the buffer panics, and `screen()` draws every time.
    #[test]
    fn no_keys_sizes_or_texts_break_the_screen(acts in prop::collection::vec(any_act(), 1..60), start in 0u8..3) {
        let mut scene = match start {
            0 => Scene::talk(SIZE),
            1 => Scene::alone(SIZE),
            _ => Scene::first_run(SIZE),
        };
        for (n, act) in acts.into_iter().enumerate() {
            match act {
                Act::Key(code, modifiers) => { scene.key(code, modifiers); }
                Act::Paste(text) => { scene.paste(&text); }
                Act::Size(width, height) => { scene.msg(Msg::Term(Event::Resize(width, height))); }
                Act::Message(text, unread) => {
                    let mut new = message(&format!("x{n}"), "ilse", "2026-11-22T21:14:00.000Z", &text);
                    new.unread = unread;
                    scene.event(Object::Message(Box::new(new)));
                }
                Act::Wait(ms) => { scene.wait(u64::from(ms)); }
            }
            let screen = scene.screen();
            let width = usize::from(scene.model.size.0);
            for line in screen.lines().take(usize::from(scene.model.size.1)) {
                prop_assert!(starling_tui::screen::text::columns(line) <= width, "{line:?}");
                prop_assert!(!line.chars().any(char::is_control));
            }
        }
    }
}

#[test]
fn what_rushed_past_is_not_taken_for_read() {
    let mut scene = Scene::talk(SIZE);
    scene.wait(2_000);
    for n in 0..40 {
        let mut new = message(&format!("n{n}"), "ilse", "2026-11-22T21:14:00.000Z", "new");
        new.unread = true;
        scene.event(Object::Message(Box::new(new)));
    }
    scene.wait(2_000);
    let unread = scene.model.chat().unwrap().unread;
    assert!(unread > 10 && unread < 40, "{unread}");
    assert!(scene.screen().contains(&format!("{unread} new above, Alt-U")));
    scene.key(KeyCode::Char('u'), KeyModifiers::ALT);
    scene.wait(2_000);
    assert!(scene.model.chat().unwrap().unread < unread);
}

#[test]
fn while_a_message_waits_the_next_try_is_learnt_and_counted_down() {
    let mut scene = Scene::talk((120, 36));
    let mut away = contact("ilse", "Ilse Brandt", "offline", "none");
    away.next_try_ms = None;
    scene.msg(Msg::People(Ok(vec![away.clone()])));
    let asked = scene.wait(4_000);
    assert!(asked.iter().any(|effect| matches!(effect, Effect::People)));
    away.next_try_ms = Some(15_000);
    scene.msg(Msg::People(Ok(vec![away])));
    assert!(scene.screen().contains("next try in 15 s"));
    scene.wait(5_000);
    assert!(scene.screen().contains("next try in 10 s"));
}

#[test]
fn the_chat_of_somebody_just_added_opens_when_its_row_comes() {
    let mut scene = Scene::alone(SIZE);
    let asked = contact("ilse", "Ilse", "offline", "none");
    scene.msg(Msg::Contact { then: After::Asked, result: Ok(Box::new(asked)) });
    // A list that was on its way already does not have them yet.
    let bob = || chat("bob", "Bob", "online", "direct", "21:05");
    scene.msg(Msg::Chats(Ok(vec![notes(), bob()])));
    assert!(!matches!(scene.model.notice, Some(Notice::Trouble(_))), "{}", scene.screen());
    scene.msg(Msg::Chats(Ok(vec![notes(), bob(), chat("ilse", "Ilse", "offline", "none", "21:00")])));
    assert_eq!(scene.model.open.as_deref(), Some("chat:ilse"));
}
