//! Whatever comes, in whatever order, at whatever size: the screen does not panic, draws only into its cells, and no
//! cell holds what a terminal would obey.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod screen_rooms_scene;
mod screen_scene;

use crossterm::event::{Event, KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;
use screen_rooms_scene::{ROOF, in_room, members, room};
use screen_scene::*;
use starling_node::api::types::*;
use starling_tui::screen::msg::{Effect, Msg, RoomNews};
use starling_tui::screen::theme::{ASCII, UNICODE};

/// Strings that tear screens: joiners, flags, keycaps, invisible, overrides, marks without end, right to left, wide,
/// a script with conjuncts, escapes, tags, tabs, ends of lines.
const NASTY: [&str; 14] = [
    "❤️",
    "👩‍👩‍👧",
    "🇩🇪",
    "1️⃣",
    "a\u{200b}b\u{200d}\u{feff}",
    "\u{202e}evil\u{202c}\u{2066}x\u{2069}",
    "e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a}\u{30b}\u{30c}",
    "קול אחד",
    "你好 世界",
    "क्षि त्र",
    "\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m",
    "\u{e0041}\u{e0042}tag",
    "tab\there\r\nline\u{2028}next\u{85}",
    "`code` **bold *both* __ [x](javascript:y) <https://a.b/\u{202e}c>",
];

/// All of them together.
fn all() -> String {
    NASTY.join(" ")
}

/// What is on the screen may be shown: no controls, no overrides, nothing outside.
fn check(scene: &Scene) {
    let (width, height) = scene.model.size;
    let (buffer, caret) = picture(&scene.model);
    assert_eq!((buffer.area.width, buffer.area.height), (width, height));
    if let Some(at) = caret {
        assert!(at.x < width && at.y < height, "the caret is outside: {at} of {width}x{height}");
    }
    for cell in &buffer.content {
        let bad = |c: char| {
            c.is_control()
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}')
        };
        assert!(!cell.symbol().contains(bad), "{:?} is on the screen", cell.symbol());
    }
}

/// Something a person or a node does.
#[derive(Debug, Clone)]
enum Step {
    Key(KeyCode, KeyModifiers),
    Text(String),
    Paste(String),
    Size(u16, u16),
    Focus(bool),
    Mouse(u16, u16, bool),
    Wait(u16),
    Message(u8, String),
    Change(u8, String),
    Receipt(u8, u8),
    Network(u8),
    Presence(u8, bool),
    Typing(u8, bool),
    Request(String),
    Gap(u8),
    Room(String),
    Members(u8),
    Refused(String),
    Answer,
    Resync,
    Closed,
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::sample::select(NASTY.to_vec()).prop_map(str::to_owned),
        proptest::collection::vec(proptest::sample::select(NASTY.to_vec()), 0..12)
            .prop_map(|parts| parts.concat()),
        any::<String>(),
        "[a-z/@# ]{0,12}",
        proptest::sample::select(vec![
            "/quit",
            "/find a",
            "/room new x",
            "/set theme mono",
            "/help",
            "/info @ilse",
            "/nick x",
            "/net",
        ])
        .prop_map(str::to_owned),
    ]
}

fn key() -> impl Strategy<Value = Step> {
    let code = prop_oneof![
        4 => proptest::sample::select(vec![
            KeyCode::Enter, KeyCode::Esc, KeyCode::Tab, KeyCode::BackTab, KeyCode::Backspace, KeyCode::Delete,
            KeyCode::Up, KeyCode::Down, KeyCode::Left, KeyCode::Right, KeyCode::Home, KeyCode::End,
            KeyCode::PageUp, KeyCode::PageDown, KeyCode::Insert, KeyCode::Null,
        ]),
        2 => (1..=12_u8).prop_map(KeyCode::F),
        4 => proptest::char::range('!', '~').prop_map(KeyCode::Char),
        1 => any::<char>().prop_map(KeyCode::Char),
    ];
    let modifiers = proptest::sample::select(vec![
        KeyModifiers::NONE,
        KeyModifiers::NONE,
        KeyModifiers::CONTROL,
        KeyModifiers::ALT,
        KeyModifiers::SHIFT,
    ]);
    (code, modifiers).prop_map(|(code, modifiers)| Step::Key(code, modifiers))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => key(),
        3 => text().prop_map(Step::Text),
        1 => text().prop_map(Step::Paste),
        3 => (1..=200_u16, 1..=60_u16).prop_map(|(width, height)| Step::Size(width, height)),
        1 => any::<bool>().prop_map(Step::Focus),
        1 => (0..220_u16, 0..70_u16, any::<bool>()).prop_map(|(x, y, press)| Step::Mouse(x, y, press)),
        2 => any::<u16>().prop_map(Step::Wait),
        4 => (any::<u8>(), text()).prop_map(|(nth, text)| Step::Message(nth, text)),
        1 => (any::<u8>(), text()).prop_map(|(nth, text)| Step::Change(nth, text)),
        1 => any::<(u8, u8)>().prop_map(|(nth, state)| Step::Receipt(nth, state)),
        1 => any::<u8>().prop_map(Step::Network),
        1 => any::<(u8, bool)>().prop_map(|(who, here)| Step::Presence(who, here)),
        1 => any::<(u8, bool)>().prop_map(|(who, on)| Step::Typing(who, on)),
        1 => text().prop_map(Step::Request),
        1 => any::<u8>().prop_map(Step::Gap),
        1 => text().prop_map(Step::Room),
        1 => any::<u8>().prop_map(Step::Members),
        1 => text().prop_map(Step::Refused),
        2 => Just(Step::Answer),
        1 => Just(Step::Resync),
        1 => Just(Step::Closed),
    ]
}

const CHATS: [&str; 5] = ["chat:ilse", "chat:bob", "chat:dad", "chat:me", ROOF];
const WHO: [&str; 4] = ["ilse", "bob", "carol", "dad"];

fn of<T: Copy>(list: &[T], nth: u8) -> T {
    list[usize::from(nth) % list.len()]
}

fn new_message(nth: u8, text: &str) -> Message {
    let chat = of(&CHATS, nth);
    let who = if nth.is_multiple_of(5) { "alice" } else { of(&WHO, nth / 3) };
    let mut made = message(&format!("p{}", nth / 2), who, "2026-11-22T21:14:00.000Z", text);
    chat.clone_into(&mut made.chat);
    made.unread = !made.from.me;
    text.clone_into(&mut made.from.name);
    made.order = if chat == ROOF { format!("{nth:04}") } else { String::new() };
    made.reply_to = nth.is_multiple_of(7).then(|| format!("p{}", nth / 4));
    made.kind = if nth.is_multiple_of(11) { "notice" } else { "text" }.to_owned();
    made.reason = nth.is_multiple_of(13).then(|| text.to_owned());
    made
}

fn act(scene: &mut Scene, step: Step) -> Vec<Effect> {
    let v = 1;
    let cursor = String::new;
    match step {
        Step::Key(code, modifiers) => scene.key(code, modifiers),
        Step::Text(text) => scene.type_text(&text.chars().take(40).collect::<String>()),
        Step::Paste(text) => scene.paste(&text),
        Step::Size(width, height) => scene.msg(Msg::Term(Event::Resize(width, height))),
        Step::Focus(on) => scene.msg(Msg::Term(if on { Event::FocusGained } else { Event::FocusLost })),
        Step::Mouse(column, row, press) => {
            let kind = if press { MouseEventKind::Down(MouseButton::Left) } else { MouseEventKind::ScrollUp };
            scene.msg(Msg::Term(Event::Mouse(MouseEvent {
                kind,
                column,
                row,
                modifiers: KeyModifiers::NONE,
            })))
        }
        Step::Wait(ms) => scene.wait(u64::from(ms)),
        Step::Message(nth, text) => scene.event(Object::Message(Box::new(new_message(nth, &text)))),
        Step::Change(nth, text) => {
            let mut changed = new_message(nth, &text);
            changed.edited = nth.is_multiple_of(2);
            changed.deleted = !changed.edited;
            changed.reactions = [(text.clone(), vec![text])].into();
            scene.event(Object::Message(Box::new(changed)))
        }
        Step::Receipt(nth, state) => {
            let states = ["queued", "mailbox", "delivered", "read", "failed", "expired", "?"];
            let receipt = serde_json::json!({
                "v": 1, "cursor": "", "id": format!("p{}", nth / 2), "chat": of(&CHATS, nth), "who": "account:ilse",
                "state": of(&states, state), "reason": "\u{202e}no", "at": "2026-11-22T21:15:00.000Z",
                "message_state": of(&states, state / 2),
            });
            scene.event(Object::Receipt(serde_json::from_value(receipt).unwrap()))
        }
        Step::Network(nth) => {
            let state = of(&["starting", "direct", "relayed", "lan", "offline", "?"], nth);
            scene.event(Object::Network(Network { invisible: nth > 220, ..network(state, 1, 2, 3) }))
        }
        Step::Presence(who, here) => {
            let (state, via) = if here { ("online", "relay") } else { ("offline", "none") };
            scene.event(Object::Presence(Presence {
                v,
                cursor: cursor(),
                account: format!("account:{}", of(&WHO, who)),
                state: state.into(),
                via: via.into(),
                text: Some(all()),
            }))
        }
        Step::Typing(who, on) => scene.event(Object::Typing(Typing {
            v,
            cursor: cursor(),
            chat: of(&CHATS, who).into(),
            account: format!("account:{}", of(&WHO, who)),
            on,
        })),
        Step::Request(text) => {
            scene.event(Object::Request(Request { name: text.clone(), note: text, ..request() }))
        }
        Step::Gap(nth) => scene.event(Object::Gap(Gap {
            v,
            cursor: cursor(),
            chat: of(&CHATS, nth).into(),
            missing: u64::from(nth / 8),
            from: format!("account:{}", of(&WHO, nth)),
        })),
        Step::Room(name) => {
            let mut one = screen_rooms_scene::listed("roof", &name, 8, "member");
            one.now.as_mut().unwrap().topic = name;
            scene.msg(Msg::Room(RoomNews::List(Ok(vec![one]))))
        }
        Step::Members(count) => {
            let some = members().into_iter().take(usize::from(count) % 9).collect();
            scene.msg(Msg::Room(RoomNews::Members { chat: ROOF.into(), result: Ok(some) }))
        }
        Step::Refused(text) => {
            let trouble = Trouble::new(&text, 6, text.clone(), text.clone(), text.clone());
            scene.msg(Msg::Done { say: None, result: Err(trouble) })
        }
        Step::Answer => answer(scene),
        Step::Resync => scene.event(Object::Resync(Resync { v, cursor: cursor(), lost: 9 })),
        Step::Closed => {
            scene.msg(Msg::Closed(trouble()));
            scene.msg(Msg::Opened(Ok(opened())))
        }
    }
}

/// Answers what was asked for last, as a node would.
fn answer(scene: &mut Scene) -> Vec<Effect> {
    let asked = std::mem::take(&mut scene.effects);
    for effect in asked.into_iter().take(20) {
        let msg = match effect {
            Effect::Chats => Msg::Chats(Ok(scene.model.chats.clone())),
            Effect::People => Msg::People(Ok(people())),
            Effect::Send { chat, text, reference, .. } => {
                let id = format!("message:{reference}");
                let at = "2026-11-22T21:14:30.000Z".to_owned();
                let sent =
                    Sent { v: 1, id, to: chat.clone(), chat: chat.clone(), state: "queued".into(), at };
                let refused = text.len().is_multiple_of(3);
                Msg::Sent { chat, reference, result: if refused { Err(trouble()) } else { Ok(sent) } }
            }
            Effect::Invite => Msg::Invite(Ok(invite())),
            Effect::Net => Msg::Net(Ok(Box::new(net()))),
            Effect::NetTest => Msg::NetTest(Ok(found())),
            Effect::One { id } => {
                Msg::One(Ok(Box::new(Message { id, ..in_room("x", "alice", "21:14", "who has it") })))
            }
            Effect::Find { text, .. } => Msg::Found { text, result: Ok(messages()) },
            _ => continue,
        };
        scene.msg(msg);
    }
    Vec::new()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, ..ProptestConfig::default() })]

    /// Keys, pastes, sizes, answers and events in any order.
    #[test]
    fn nothing_that_comes_breaks_the_screen(
        size in (1..=200_u16, 1..=60_u16),
        ascii in any::<bool>(),
        alone in any::<bool>(),
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let mut scene = if alone { Scene::alone(size) } else { room(size, if ascii { ASCII } else { UNICODE }) };
        check(&scene);
        for step in steps {
            act(&mut scene, step);
            check(&scene);
        }
    }

    /// The first run and the passphrase question.
    #[test]
    fn nothing_that_is_typed_breaks_the_first_run(
        size in (1..=200_u16, 1..=60_u16),
        steps in proptest::collection::vec(
            prop_oneof![key(), text().prop_map(Step::Paste), (1..=90_u16, 1..=40_u16).prop_map(|(w, h)| Step::Size(w, h))],
            1..60,
        ),
    ) {
        let mut scene = Scene::first_run(size);
        for step in steps {
            for effect in act(&mut scene, step) {
                let made = matches!(effect, Effect::Create { .. });
                if made {
                    scene.msg(Msg::Created(Ok(zeroize::Zeroizing::new(WORDS.to_owned()))));
                    scene.msg(Msg::Opened(Ok(opened())));
                }
            }
            check(&scene);
        }
    }
}

/// A conversation in which every name, title, text, topic, note and reason is nasty.
fn nasty_scene(size: (u16, u16)) -> Scene {
    let nasty = all();
    let mut scene = room(size, UNICODE);
    let mut contacts = people();
    for one in &mut contacts {
        one.name.clone_from(&nasty);
        one.reason = Some(nasty.clone());
    }
    scene.msg(Msg::People(Ok(contacts)));
    let mut listed = screen_rooms_scene::listed("roof", &nasty, 8, "member");
    let mut asked = screen_rooms_scene::listed("builders", &nasty, 12, "invited");
    for one in [&mut listed, &mut asked] {
        let now = one.now.as_mut().unwrap();
        (now.topic, now.title, now.history) = (nasty.clone(), nasty.clone(), nasty.clone());
        now.by = Some(nasty.clone());
    }
    scene.msg(Msg::Room(RoomNews::List(Ok(vec![listed, asked]))));
    let mut inside = members();
    inside.iter_mut().for_each(|one| one.name.clone_from(&nasty));
    scene.msg(Msg::Room(RoomNews::Members { chat: ROOF.into(), result: Ok(inside) }));
    let mut rows = scene.model.chats.clone();
    for row in &mut rows {
        (row.title, row.name) = (nasty.clone(), nasty.clone());
        row.draft = Some(nasty.clone());
    }
    scene.msg(Msg::Chats(Ok(rows)));
    for nth in 0..20 {
        scene.event(Object::Message(Box::new(new_message(nth * 5 + 4, &nasty))));
    }
    scene.event(Object::Request(Request { name: nasty.clone(), note: nasty.clone(), ..request() }));
    scene.msg(Msg::Done { say: Some(nasty.clone()), result: Ok(()) });
    scene
}

#[test]
fn nasty_strings_in_every_field_and_behind_every_box_stay_in_their_cells() {
    let keys = [
        (KeyCode::F(1), KeyModifiers::NONE),
        (KeyCode::F(2), KeyModifiers::NONE),
        (KeyCode::F(3), KeyModifiers::NONE),
        (KeyCode::F(4), KeyModifiers::NONE),
        (KeyCode::F(5), KeyModifiers::NONE),
        (KeyCode::F(8), KeyModifiers::NONE),
        (KeyCode::Enter, KeyModifiers::NONE),
        (KeyCode::Up, KeyModifiers::NONE),
        (KeyCode::Char('k'), KeyModifiers::CONTROL),
        (KeyCode::Char('p'), KeyModifiers::CONTROL),
        (KeyCode::Char('n'), KeyModifiers::CONTROL),
        (KeyCode::Char('f'), KeyModifiers::CONTROL),
        (KeyCode::Char('q'), KeyModifiers::CONTROL),
    ];
    for size in [(200, 60), (120, 36), (80, 24), (50, 24), (40, 16), (20, 5), (3, 2), (1, 1)] {
        let mut scene = nasty_scene(size);
        check(&scene);
        for (code, modifiers) in keys {
            scene.key(code, modifiers);
            check(&scene);
            scene.paste(&all());
            check(&scene);
            for letter in ['i', 'r', 'd', '+'] {
                scene.press(KeyCode::Char(letter));
                check(&scene);
            }
            (0..4).for_each(|_| drop(scene.press(KeyCode::Esc)));
            scene.ctrl('u');
        }
        for chat in 0..6 {
            scene.key(KeyCode::Char(char::from_digit(chat + 1, 10).unwrap()), KeyModifiers::ALT);
            check(&scene);
        }
    }
}

/// Somebody sends the longest messages there are, as fast as they can, and one is longer than any that a node lets
/// through: each is drawn, and what is kept is bounded.
#[test]
fn a_contact_who_floods_with_the_longest_messages_is_only_a_long_chat() {
    let mut scene = room((80, 24), UNICODE);
    scene.open("chat:ilse");
    scene.msg(Msg::Log { chat: "chat:ilse".into(), page: Ok(messages()) });
    let shapes = ["x", "x ", "👩‍👩‍👧", "e\u{301}", "你", "\n", "**a** `b` https://a.b/c ", "קול "];
    for (nth, shape) in (0_u16..).zip(shapes.iter().cycle().take(32)) {
        let bytes = if nth == 7 { 1 << 20 } else { 32 * 1_024 };
        let long = shape.repeat(bytes / shape.len());
        let mut flood = message(&format!("f{nth}"), "ilse", "2026-11-22T21:14:00.000Z", &long);
        flood.unread = true;
        scene.event(Object::Message(Box::new(flood)));
        check(&scene);
    }
    for _ in 0..4 {
        scene.press(KeyCode::PageUp);
        check(&scene);
    }
    assert!(scene.model.log().unwrap().items.len() <= starling_tui::screen::model::chatlog::LOADED);
}
