//! Messages on the screen: what one does with them, how they are shown, and finding them in chats of any length.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod screen_scene;

use crossterm::event::{KeyCode, KeyModifiers};
use proptest::prelude::*;
use screen_scene::*;
use starling_node::api::types::{Gap, Hidden, Message, Object, Receipt};
use starling_tui::screen::model::chatlog::{Anchor, LOADED, PAGE, Part};
use starling_tui::screen::model::overlay::Overlay;
use starling_tui::screen::model::talk::TalkBox;
use starling_tui::screen::model::timeline::Timeline;
use starling_tui::screen::model::{Compose, Notice};
use starling_tui::screen::msg::{Effect, Msg, TalkNews, TalkWish, WriteAs};

const SIZE: (u16, u16) = (80, 24);
const CHAT: &str = "chat:ilse";
/// What tears screens (a picture of a heart, joined people, a flag, a keycap, nothing, a turned line, a pile of
/// marks, right to left, wide, a cluster of three) and what steers terminals.
const NASTY: [&str; 12] = [
    "❤️",
    "👩‍👩‍👧",
    "🇩🇪",
    "1️⃣",
    "a\u{200b}b",
    "x\u{202e}y",
    "e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a}\u{30b}\u{30c}",
    "קול",
    "你好",
    "क्षि",
    "\u{1b}[2J\u{1b}]0;t\u{7}\u{9b}31m\t|",
    "\u{e0041}\u{2066}",
];

fn wishes(effects: &[Effect]) -> Vec<TalkWish> {
    let wish = |effect: &Effect| match effect {
        Effect::Talk(wish) => Some(wish.clone()),
        _ => None,
    };
    effects.iter().filter_map(wish).collect()
}

fn said(scene: &Scene) -> String {
    match &scene.model.notice {
        Some(Notice::Said(words)) => words.clone(),
        Some(Notice::Trouble(trouble)) => trouble.what.clone(),
        None => String::new(),
    }
}

/// A chat with one message of somebody, chosen.
fn chosen(text: &str) -> Scene {
    let mut scene = with(vec![message("x", "ilse", "2026-11-22T21:00:00.000Z", text)]);
    scene.press(KeyCode::Up);
    scene
}

fn chosen_own(state: &str) -> Scene {
    let own = message("x", "alice", "2026-11-22T21:00:00.000Z", "mine");
    let mut scene = with(vec![Message { state: state.into(), ..own }]);
    scene.press(KeyCode::Up);
    scene
}

fn with(page: Vec<Message>) -> Scene {
    let mut scene = Scene::talk(SIZE);
    scene.msg(Msg::Log { chat: CHAT.into(), page: Ok(page) });
    scene
}

fn command(scene: &mut Scene, text: &str) -> Vec<Effect> {
    scene.paste(text);
    scene.press(KeyCode::Enter)
}

// ---- actions ----------------------------------------------------------------------------------------------------

#[test]
fn a_chosen_message_is_answered_copied_and_reacted_to() {
    let mut scene = chosen("**hello** there");
    let effects = scene.press(KeyCode::Char('y'));
    assert!(matches!(&effects[..], [Effect::Copy { text }] if text == "**hello** there"), "as it was typed");
    let effects = scene.press(KeyCode::Char('Y'));
    assert!(
        matches!(&effects[..], [Effect::Copy { text }] if text == "Ilse Brandt, 21:00:\n**hello** there")
    );
    scene.press(KeyCode::Char('+'));
    let effects = scene.press(KeyCode::Char('2'));
    assert!(matches!(&effects[..], [Effect::React { id, emoji }] if id == "x" && emoji == "❤️"));
    assert!(scene.screen().contains("z undoes it"));
    scene.press(KeyCode::Char('r'));
    assert_eq!(scene.model.compose, Compose::Reply { id: "x".into() });
    let effects = scene.press(KeyCode::Char('z'));
    assert!(matches!(&effects[..], [Effect::React { id, emoji }] if id == "x" && emoji.is_empty()));
}

#[test]
fn only_own_messages_are_changed() {
    let mut scene = chosen("theirs");
    scene.press(KeyCode::Char('e'));
    assert_eq!(scene.model.compose, Compose::New);
    let mut scene = chosen_own("delivered");
    scene.press(KeyCode::Char('e'));
    assert_eq!(scene.model.editor.text(), "mine");
}

#[test]
fn deleting_asks_first_and_here_alone_is_possible_for_any_message() {
    let mut scene = chosen("theirs");
    scene.press(KeyCode::Char('d'));
    assert!(scene.screen().contains("delete for me only"));
    assert!(!scene.screen().contains("ask everyone"), "nobody takes back what another wrote");
    assert!(scene.press(KeyCode::Char('e')).is_empty());
    assert_eq!(wishes(&scene.press(KeyCode::Char('m'))), [TalkWish::Hide { id: "x".into() }]);
    scene.event(Object::Hidden(Hidden { v: 1, cursor: String::new(), id: "x".into(), chat: CHAT.into() }));
    assert!(!scene.screen().contains("theirs"));
    assert!(scene.model.log().unwrap().chosen.is_none());

    let mut scene = chosen_own("delivered");
    scene.press(KeyCode::Char('d'));
    assert!(scene.screen().contains("Ilse Brandt already has it."));
    scene.press(KeyCode::Esc);
    assert!(scene.screen().contains("mine"));
    scene.press(KeyCode::Char('d'));
    assert!(matches!(&scene.press(KeyCode::Char('e'))[..], [Effect::Delete { id }] if id == "x"));
}

#[test]
fn a_message_hidden_elsewhere_closes_what_was_about_it() {
    let mut scene = chosen("theirs");
    scene.press(KeyCode::Char('d'));
    scene.event(Object::Hidden(Hidden { v: 1, cursor: String::new(), id: "x".into(), chat: CHAT.into() }));
    assert!(scene.model.overlay.is_none());
    let mut scene = chosen("theirs");
    scene.press(KeyCode::Char('r'));
    scene.type_text("half");
    scene.event(Object::Hidden(Hidden { v: 1, cursor: String::new(), id: "x".into(), chat: CHAT.into() }));
    assert_eq!((scene.model.compose.clone(), scene.model.editor.text().as_str()), (Compose::New, "half"));
}

#[test]
fn a_link_is_opened_only_after_it_was_shown_whole() {
    let mut scene = chosen("see https://example.org/a?b=c.");
    assert!(wishes(&scene.press(KeyCode::Char('o'))).is_empty());
    assert!(scene.screen().contains("https://example.org/a?b=c"));
    let open = TalkWish::Open { address: "https://example.org/a?b=c".into() };
    assert_eq!(wishes(&scene.press(KeyCode::Enter)), [open]);
    assert!(scene.model.overlay.is_none());

    let mut scene =
        chosen("https://one.example https://xn--80ak6aa92e.com/login http://bank.example@evil.example");
    scene.press(KeyCode::Char('o'));
    assert!(scene.screen().contains("1 https://one.example"));
    assert!(wishes(&scene.press(KeyCode::Char('2'))).is_empty());
    let screen = scene.screen();
    assert!(
        screen.contains("It looks like аррӏе.com") && screen.contains("https://xn--80ak6aa92e.com/login"),
        "{screen}"
    );
    scene.press(KeyCode::Backspace);
    scene.press(KeyCode::Char('3'));
    assert!(scene.screen().contains("stands before an @"));
    scene.press(KeyCode::Esc);
    assert!(wishes(&scene.effects).is_empty());

    let mut scene = chosen("[click](javascript:alert(1)) file:///etc/passwd");
    scene.press(KeyCode::Char('o'));
    assert!(scene.model.overlay.is_none() && said(&scene).contains("no link"));
    assert!(scene.screen().contains("[click](javascript:alert(1))"));
}

#[test]
fn forwarding_says_who_wrote_it() {
    let mut scene = chosen("two\nlines");
    scene.press(KeyCode::Char('f'));
    scene.type_text("dad");
    let effects = scene.press(KeyCode::Enter);
    let sent = "Forwarded from Ilse Brandt, 21:00:\n> two\n> lines";
    assert!(
        matches!(&effects[..], [Effect::Send { chat, text, reply_to: None, .. }] if chat == "chat:dad" && text == sent)
    );
    assert_eq!(said(&scene), "Forwarded to Dad.");
    assert_eq!(scene.model.open.as_deref(), Some(CHAT));

    let mut scene = chosen("x");
    scene.press(KeyCode::Char('f'));
    scene.type_text("nobody");
    assert!(scene.press(KeyCode::Enter).is_empty());
    assert!(scene.screen().contains("Nobody you can write to"));
}

#[test]
fn pinning_can_be_taken_back_and_pins_are_a_list() {
    let mut scene = chosen("keep this");
    assert_eq!(wishes(&scene.press(KeyCode::Char('p'))), [TalkWish::Pin { id: "x".into(), on: true }]);
    scene.msg(Msg::Talk(TalkNews::Pinned { id: "x".into(), on: true, result: Ok(()) }));
    scene.event(Object::Message(Box::new(Message {
        pinned: true,
        ..message("x", "ilse", "2026-11-22T21:00:00.000Z", "keep this")
    })));
    assert!(scene.screen().contains("keep this (pinned)"));
    assert!(scene.screen().contains("Pinned. /pins shows what is. z undoes it"));
    assert_eq!(wishes(&scene.press(KeyCode::Char('z'))), [TalkWish::Pin { id: "x".into(), on: false }]);

    assert_eq!(wishes(&command(&mut scene, "/pins")), [TalkWish::Pins { chat: CHAT.into() }]);
    let pin = message("far", "ilse", "2026-01-02T21:00:00.000Z", "the door code");
    scene.msg(Msg::Talk(TalkNews::Pins { chat: CHAT.into(), result: Ok(vec![pin]) }));
    assert!(scene.screen().contains("the door code"));
    let part = Part::Around("far".into());
    assert_eq!(wishes(&scene.press(KeyCode::Enter)), [TalkWish::Page { chat: CHAT.into(), part }]);
}

#[test]
fn trying_again_fits_how_the_message_is() {
    for state in ["failed", "expired"] {
        let mut scene = chosen_own(state);
        assert!(scene.screen().contains("R tries again"), "{state}");
        assert_eq!(wishes(&scene.press(KeyCode::Char('R'))), [TalkWish::Again { id: "x".into() }]);
        // The next try begins from the start; the end of the one before is no news any more.
        let own = message("x", "alice", "2026-11-22T21:00:00.000Z", "mine");
        scene.event(Object::Message(Box::new(Message { state: "queued".into(), attempt: 2, ..own })));
        scene.event(Object::Receipt(receipt(state, 1)));
        assert_eq!(scene.model.log().unwrap().get("x").unwrap().message.state, "queued");
        scene.event(Object::Receipt(receipt("delivered", 2)));
        scene.event(Object::Receipt(receipt("mailbox", 2)));
        assert_eq!(scene.model.log().unwrap().get("x").unwrap().message.state, "delivered");
    }
    let mut scene = chosen_own("queued");
    assert!(matches!(&scene.press(KeyCode::Char('R'))[..], [Effect::Wake]));
    let mut scene = chosen_own("read");
    assert!(scene.press(KeyCode::Char('R')).is_empty() && said(&scene).contains("arrived"));
    let mut scene = chosen("theirs");
    scene.event(Object::Gap(Gap {
        v: 1,
        cursor: String::new(),
        chat: CHAT.into(),
        missing: 2,
        from: "account:ilse".into(),
    }));
    assert!(matches!(&scene.press(KeyCode::Char('R'))[..], [Effect::Wake]));
    assert!(said(&scene).contains("by itself"), "what is done is said, not promised");
}

fn receipt(state: &str, attempt: u32) -> Receipt {
    Receipt {
        v: 1,
        cursor: String::new(),
        id: "x".into(),
        chat: CHAT.into(),
        who: "account:ilse".into(),
        state: state.into(),
        reason: None,
        at: "2026-11-22T21:01:00.000Z".into(),
        message_state: state.into(),
        kept: None,
        attempt,
    }
}

#[test]
fn a_thread_is_a_message_with_its_answers() {
    let at = "2026-11-22T21:00:00.000Z";
    let answer = |id: &str, to: &str| Message { reply_to: Some(to.into()), ..message(id, "ilse", at, id) };
    let mut scene = with(vec![
        message("root", "ilse", at, "root"),
        message("other", "ilse", at, "other"),
        answer("one", "root"),
        answer("two", "one"),
    ]);
    scene.press(KeyCode::Up);
    scene.press(KeyCode::Char('t'));
    let Some(Overlay::Talk(TalkBox::Thread(list))) = &scene.model.overlay else { panic!() };
    let ids: Vec<_> = list.messages.as_ref().unwrap().iter().map(|message| message.id.as_str()).collect();
    assert_eq!((ids.as_slice(), list.at), (["root", "one", "two"].as_slice(), 2));
    scene.press(KeyCode::Up);
    scene.press(KeyCode::Enter);
    assert_eq!(scene.model.log().unwrap().chosen.as_deref(), Some("one"));
}

#[test]
fn commands_mean_the_chosen_or_the_newest_message() {
    let at = "2026-11-22T21:00:00.000Z";
    let talk = || with(vec![message("a", "ilse", at, "theirs"), message("b", "alice", at, "mine")]);
    let mut scene = talk();
    assert!(
        matches!(&command(&mut scene, "/reply yes")[..], [.., Effect::Send { reply_to: Some(id), text, .. }] if id == "a" && text == "yes")
    );
    let mut scene = talk();
    assert!(
        matches!(&command(&mut scene, "/react :thumbsup:")[..], [Effect::React { id, emoji }] if id == "a" && emoji == "👍")
    );
    assert!(scene.model.editor.is_empty());
    command(&mut scene, "/react :thumsbup:");
    assert!(said(&scene).contains("no emoji") && scene.model.editor.text() == "/react :thumsbup:");
    let mut scene = talk();
    command(&mut scene, "/edit");
    assert_eq!(scene.model.editor.text(), "mine");
    let mut scene = talk();
    command(&mut scene, "/quote");
    assert_eq!(scene.model.editor.text(), "> theirs\n");
    let mut scene = talk();
    assert!(
        matches!(&command(&mut scene, "/me waves")[..], [.., Effect::Send { text, .. }] if text == "_Alice waves_")
    );
    let mut scene = talk();
    assert!(
        matches!(&command(&mut scene, "/code a **b**")[..], [.., Effect::Send { text, .. }] if text == "```\na **b**\n```")
    );
    let mut scene = talk();
    assert!(matches!(&command(&mut scene, "/copy")[..], [Effect::Copy { text }] if text == "mine"));
    let effects = command(&mut scene, "/export md notes.md");
    let form = WriteAs::Markdown;
    let wish = TalkWish::Write {
        chat: CHAT.into(),
        form,
        path: Some("notes.md".into()),
        name: "Ilse Brandt".into(),
    };
    assert_eq!(wishes(&effects), [wish]);
    command(&mut scene, "/export pdf");
    assert!(said(&scene).contains("cannot be written"));
}

// ---- how they are shown -----------------------------------------------------------------------------------------

const MARKED: &str = "**Bold**, *italic*, ~~struck~~, `code` and https://example.org/a_b_c\n> said before\n- one\n- two is a longer entry that goes on into the next row of the list\n```\nfn main() { println!(\"a line of code that is wider than the pane it stands in, by far\"); }\n```\nשלום לכולם";

#[test]
fn marked_up_messages() {
    shoot("messages_marked", |size| {
        let mut scene = Scene::talk(size);
        let at = "2026-11-22T21:00:00.000Z";
        let page =
            vec![message("x", "ilse", at, MARKED), message("y", "alice", at, "[here](https://example.org)")];
        scene.msg(Msg::Log { chat: CHAT.into(), page: Ok(page) });
        scene
    });
}

#[test]
fn boxes_about_messages() {
    let links = "https://example.org/a https://xn--80ak6aa92e.com/login";
    shoot("messages_links", |size| box_of(size, links, 'o'));
    shoot("messages_link", |size| {
        let mut scene = box_of(size, links, 'o');
        scene.press(KeyCode::Char('2'));
        scene
    });
    shoot("messages_forward", |size| box_of(size, "Meet at eight.", 'f'));
    shoot("messages_delete", |size| box_of(size, "Meet at eight.", 'd'));
    shoot("messages_thread", |size| box_of(size, "Meet at eight.", 't'));
    shoot("messages_pins", |size| {
        let mut scene = box_of(size, "Meet at eight.", 'p');
        command(&mut scene, "/pins");
        let pins =
            vec![message("x", "ilse", "2026-11-20T21:00:00.000Z", "The code of the door is on the board.")];
        scene.msg(Msg::Talk(TalkNews::Pins { chat: CHAT.into(), result: Ok(pins) }));
        scene
    });
    shoot("messages_search_nothing", |size| {
        let mut scene = box_of(size, "The antenna is up.", 'z');
        scene.press(KeyCode::Esc);
        scene.ctrl('f');
        scene.type_text("antena");
        scene.wait(200);
        scene.msg(Msg::Found { text: "antena".into(), result: Ok(Vec::new()) });
        scene
    });
}

fn box_of(size: (u16, u16), text: &str, key: char) -> Scene {
    let mut scene = Scene::talk(size);
    let page = vec![message("x", "ilse", "2026-11-22T21:00:00.000Z", text)];
    scene.msg(Msg::Log { chat: CHAT.into(), page: Ok(page) });
    scene.press(KeyCode::Up);
    scene.press(KeyCode::Char(key));
    scene
}

#[test]
fn code_moves_sideways_and_text_can_be_shown_as_typed() {
    let mut scene = chosen(MARKED);
    assert!(!scene.screen().contains("by far\"); }"));
    for _ in 0..9 {
        scene.press(KeyCode::Right);
    }
    assert!(scene.screen().contains("by far\"); }"), "{}", scene.screen());
    for _ in 0..9 {
        scene.press(KeyCode::Left);
    }
    assert!(scene.screen().contains("fn main()"));
    scene.press(KeyCode::Esc);
    assert!(!scene.screen().contains("**Bold**"));
    command(&mut scene, "/plain-text on");
    assert!(scene.screen().contains("**Bold**"));
    command(&mut scene, "/plain-text off");
    assert!(!scene.screen().contains("**Bold**"));
}

#[test]
fn long_messages_fold() {
    let lines: Vec<String> = (0..80).map(|n| format!("line {n}")).collect();
    let mut scene = with(vec![message("x", "ilse", "2026-11-22T21:00:00.000Z", &lines.join("\n"))]);
    assert!(scene.screen().contains("50 more lines, Up, Enter"));
    scene.press(KeyCode::Up);
    scene.press(KeyCode::Enter);
    scene.press(KeyCode::Esc);
    scene.press(KeyCode::End);
    assert!(scene.screen().contains("line 79"));
}

// ---- finding ----------------------------------------------------------------------------------------------------

#[test]
fn a_search_asks_when_one_stops_typing_and_leads_to_the_message() {
    let mut scene = chosen("the antenna on the roof");
    scene.ctrl('f');
    let asked =
        |effects: &[Effect]| effects.iter().filter(|effect| matches!(effect, Effect::Find { .. })).count();
    assert_eq!(asked(&scene.type_text("antena")), 0);
    let effects = scene.wait(200);
    assert!(
        matches!(&effects[..], [Effect::Find { text, chat: Some(chat) }] if text == "antena" && chat == CHAT)
    );
    scene.msg(Msg::Found { text: "antena".into(), result: Ok(Vec::new()) });
    assert!(scene.screen().contains("Did you mean \"antenna\"?"));
    assert!(matches!(&scene.press(KeyCode::Tab)[..], [Effect::Find { chat: None, .. }]));
    let hit =
        Message { chat: "chat:bob".into(), ..message("far", "ilse", "2026-02-03T10:00:00.000Z", "antena") };
    // An answer to another question is not taken for this one's.
    scene.msg(Msg::Found { text: "ante".into(), result: Ok(Vec::new()) });
    assert!(scene.screen().contains("Searching."));
    scene.msg(Msg::Found { text: "antena".into(), result: Ok(vec![hit.clone()]) });
    assert!(scene.screen().contains("1 message with \"antena\""));
    let effects = scene.press(KeyCode::Enter);
    assert_eq!(scene.model.open.as_deref(), Some("chat:bob"));
    let part = Part::Around("far".into());
    assert_eq!(wishes(&effects), [TalkWish::Page { chat: "chat:bob".into(), part: part.clone() }]);
    scene.msg(Msg::Talk(TalkNews::Page { chat: "chat:bob".into(), part, page: Ok(vec![hit]) }));
    assert_eq!(scene.model.log().unwrap().chosen.as_deref(), Some("far"));
}

/// A chat of any length in a node that answers pages.
struct Node {
    messages: Vec<Message>,
    calls: usize,
}

impl Node {
    fn new(count: usize) -> Self {
        let messages = (0..count).map(|n| Self::message(n, n + 700 >= count)).collect();
        Self { messages, calls: 0 }
    }

    fn message(n: usize, unread: bool) -> Message {
        let order = format!("{n:08}");
        Message {
            unread,
            order,
            ..message(&format!("n{n}"), "ilse", "2026-11-22T20:00:00.000Z", &format!("text {n}"))
        }
    }

    fn page(&self, part: &Part) -> Vec<Message> {
        let at = |id: &String| self.messages.iter().position(|message| message.id == *id).unwrap();
        let page = PAGE as usize;
        let (from, to) = match part {
            Part::Newest => (self.messages.len().saturating_sub(page), self.messages.len()),
            Part::Before(id) => (at(id).saturating_sub(page), at(id)),
            Part::After(id) => (at(id) + 1, at(id) + 1 + page),
            Part::Around(id) => (at(id).saturating_sub(page / 2), at(id) + page / 2),
            Part::Unread => {
                let first = self.messages.iter().position(|message| message.unread).unwrap();
                (first.saturating_sub(page / 2), first + page / 2)
            }
        };
        self.messages[from..to.min(self.messages.len())].to_vec()
    }

    /// Answers all that is asked, until nothing is.
    fn answer(&mut self, scene: &mut Scene, mut effects: Vec<Effect>) {
        while let Some(effect) = effects.pop() {
            let msg = match effect {
                Effect::Log { chat } => Msg::Log { chat, page: Ok(self.page(&Part::Newest)) },
                Effect::Talk(TalkWish::Page { chat, part }) => {
                    let page = Ok(self.page(&part));
                    Msg::Talk(TalkNews::Page { chat, part, page })
                }
                _ => continue,
            };
            self.calls += 1;
            effects.extend(scene.msg(msg));
            self.check(scene);
        }
    }

    /// What is loaded is a gapless piece of the chat, and bounded.
    fn check(&self, scene: &Scene) {
        let items = &scene.model.log().unwrap().items;
        assert!(items.len() <= LOADED, "{}", items.len());
        let orders: Vec<usize> = items.iter().map(|item| item.message.order.parse().unwrap()).collect();
        assert!(orders.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{orders:?}");
    }

    fn open(&mut self) -> Scene {
        let mut scene = Scene::talk(SIZE);
        scene.model.logs.clear();
        scene.model.chats.iter_mut().find(|chat| chat.chat == CHAT).unwrap().unread = 700;
        scene.model.open = None;
        scene.open(CHAT);
        let effects = std::mem::take(&mut scene.effects);
        self.answer(&mut scene, effects);
        scene
    }

    fn press(&mut self, scene: &mut Scene, code: KeyCode) {
        let effects = scene.press(code);
        self.answer(scene, effects);
    }
}

#[test]
fn a_chat_of_a_hundred_thousand_messages_is_paged_both_ways() {
    let mut node = Node::new(100_000);
    let mut scene = node.open();
    assert_eq!(scene.model.log().unwrap().items.len(), PAGE as usize);
    assert!(scene.screen().contains("text 99999"));
    let calls = node.calls;
    for _ in 0..250 {
        node.press(&mut scene, KeyCode::PageUp);
    }
    assert!(node.calls > calls + 30, "it read on: {}", node.calls);
    let log = scene.model.log().unwrap();
    assert!(log.items.len() > 1_500 && log.short, "the newest were let go");
    assert!(scene.screen().contains("new below, End"));
    let top = scene.screen();
    for _ in 0..40 {
        node.press(&mut scene, KeyCode::PageDown);
    }
    assert_ne!(scene.screen(), top);
    for _ in 0..40 {
        node.press(&mut scene, KeyCode::PageUp);
    }
    assert_eq!(scene.screen(), top, "down and up again is where one was");
    for _ in 0..300 {
        node.press(&mut scene, KeyCode::PageDown);
    }
    assert!(!scene.model.log().unwrap().short && scene.screen().contains("text 99999"), "down to the end");

    for _ in 0..250 {
        node.press(&mut scene, KeyCode::PageUp);
    }
    node.press(&mut scene, KeyCode::End);
    assert!(scene.screen().contains("text 99999") && scene.model.log().unwrap().anchor.is_none());
    assert_eq!(scene.model.log().unwrap().items.len(), PAGE as usize);
}

#[test]
fn the_oldest_unread_message_is_reached_however_far_above() {
    let mut node = Node::new(5_000);
    let mut scene = node.open();
    assert!(scene.screen().contains("new above, Alt-U"));
    assert!(scene.model.log().unwrap().new_line.is_none(), "it is not put where it does not belong");
    let effects = scene.key(KeyCode::Char('u'), KeyModifiers::ALT);
    node.answer(&mut scene, effects);
    let screen = scene.screen();
    assert!(screen.contains("text 4300") && screen.contains(" 700 new ─"), "{screen}");
}

#[test]
fn what_comes_while_one_reads_far_above_is_there_at_the_end() {
    let mut node = Node::new(5_000);
    let mut scene = node.open();
    for _ in 0..250 {
        node.press(&mut scene, KeyCode::PageUp);
    }
    let before = scene.screen();
    let now = || "2026-11-22T21:20:00.000Z".to_owned();
    let new = Message { received: now(), ..Node::message(5_000, true) };
    node.messages.push(new.clone());
    scene.event(Object::Message(Box::new(new)));
    node.check(&scene);
    assert!(scene.screen().contains("701 new below"), "{}", scene.screen());
    let rows = |screen: &str| {
        screen
            .lines()
            .skip(2)
            .take(12)
            .map(|line| line.chars().skip(22).collect::<String>())
            .collect::<Vec<_>>()
    };
    assert_eq!(rows(&before), rows(&scene.screen()), "nothing moves");
    // One that comes between the question for the newest page and its answer is not lost either.
    let effects = scene.press(KeyCode::End);
    let late = Message { received: now(), ..Node::message(5_001, true) };
    scene.event(Object::Message(Box::new(late)));
    node.answer(&mut scene, effects);
    assert!(scene.screen().contains("text 5001"));
    // And sending goes to the end.
    for _ in 0..250 {
        node.press(&mut scene, KeyCode::PageUp);
    }
    scene.type_text("here");
    let effects = scene.press(KeyCode::Enter);
    node.messages.push(Node::message(5_001, true));
    node.answer(&mut scene, effects);
    assert!(scene.screen().contains("writing to disk") && !scene.model.log().unwrap().short);
}

#[test]
fn long_texts_are_let_go_earlier() {
    let mut node = Node::new(1_500);
    let long = "long ".repeat(32 * 1024 / 5);
    node.messages.iter_mut().for_each(|message| message.text.clone_from(&long));
    let mut scene = node.open();
    for _ in 0..60 {
        scene.press(KeyCode::Up);
        let effects = std::mem::take(&mut scene.effects);
        node.answer(&mut scene, effects);
    }
    let bytes: usize = scene.model.log().unwrap().items.iter().map(|item| item.message.text.len()).sum();
    assert!(bytes < 8 * 1024 * 1024, "{bytes}");
}

#[test]
fn a_page_asked_for_before_a_jump_does_not_join_what_is_elsewhere() {
    let mut node = Node::new(5_000);
    let mut scene = node.open();
    let mut late = Vec::new();
    while late.is_empty() {
        late = wishes(&scene.press(KeyCode::PageUp));
    }
    let hit = Node::message(100, false);
    scene.ctrl('f');
    scene.type_text("text");
    scene.wait(200);
    scene.msg(Msg::Found { text: "text".into(), result: Ok(vec![hit]) });
    let effects = scene.press(KeyCode::Enter);
    node.answer(&mut scene, effects);
    assert_eq!(scene.model.log().unwrap().chosen.as_deref(), Some("n100"));
    node.answer(&mut scene, late.into_iter().map(Effect::Talk).collect());
    node.check(&scene);
    assert!(scene.screen().contains("text 100"));
}

#[test]
fn a_change_of_an_old_message_is_no_new_one() {
    let page = (0..PAGE).map(|n| Node::message(n as usize, false)).collect();
    let mut scene = with(page);
    let last = scene.model.chat().unwrap().last_at.clone();
    let unread = scene.model.chat().unwrap().unread;
    for (pinned, attempt) in [(true, 1), (false, 1), (false, 2)] {
        let old = message("old", "ilse", "2026-01-02T10:00:00.000Z", "long ago");
        let order = "0".to_owned();
        scene.event(Object::Message(Box::new(Message { pinned, attempt, order, unread: true, ..old })));
    }
    assert_eq!(scene.model.log().unwrap().items.len(), PAGE as usize);
    let chat = scene.model.chat().unwrap();
    assert_eq!((&chat.last_at, chat.unread), (&last, unread));
}

// ---- hostile ----------------------------------------------------------------------------------------------------

/// Everything about a message, from somebody who means harm.
fn hostile(text: &str, n: usize) -> Message {
    let mut message = message(&format!("h{n}"), "ilse", "2026-11-22T21:00:00.000Z", text);
    message.from.name = text.chars().take(300).collect();
    message.from.me = n % 4 == 1;
    message.reactions = [(text.chars().take(40).collect(), vec![text.to_owned()])].into();
    message.reply_to = (n > 0).then(|| format!("h{}", n - 1));
    message.state = ["failed", "queued", "mailbox", "nonsense"][n % 4].into();
    message.reason = Some(text.chars().take(200).collect());
    message.edited = n.is_multiple_of(2);
    message.pinned = n.is_multiple_of(3);
    message.kind = ["text", "text", "unknown", "notice"][n % 4].into();
    message
}

/// No cell steers, and no row says more than it has columns for.
fn is_sane(scene: &Scene) {
    let (buffer, _) = picture(&scene.model);
    for cell in buffer.content() {
        let symbol = cell.symbol();
        assert!(!symbol.chars().any(char::is_control), "{symbol:?}");
        assert!(!symbol.contains(['\u{202e}', '\u{2066}', '\u{200b}']), "{symbol:?}");
        assert!(symbol.chars().count() <= 16, "{symbol:?}");
    }
}

#[test]
fn nasty_strings_stand_in_every_place_and_behind_every_box() {
    for nasty in NASTY {
        for size in [(120, 36), (50, 24), (20, 6), (1, 1)] {
            let mut scene = Scene::talk(size);
            let marked = format!(
                "{nasty} **{nasty}** `{nasty}`\n> {nasty}\n- {nasty}\n```\n{nasty}\n```\nhttps://{}.example/{}",
                "ä", "x"
            );
            let page = (0..8).map(|n| hostile(&marked, n)).collect();
            scene.msg(Msg::Log { chat: CHAT.into(), page: Ok(page) });
            is_sane(&scene);
            for key in ['o', 'f', 't', 'i', '+', 'd', 'r'] {
                scene.press(KeyCode::Up);
                scene.press(KeyCode::Up);
                scene.press(KeyCode::Char(key));
                is_sane(&scene);
                scene.press(KeyCode::Esc);
                scene.press(KeyCode::Esc);
            }
            scene.ctrl('f');
            scene.paste(nasty);
            scene.msg(Msg::Found { text: nasty.into(), result: Ok(vec![hostile(&marked, 0)]) });
            is_sane(&scene);
        }
    }
}

#[test]
fn a_hostile_contact_costs_little_and_tears_nothing() {
    let started = std::time::Instant::now();
    let lines = [
        "x".repeat(1_000_000),
        "\n".repeat(200_000),
        format!("e{}", "\u{301}".repeat(10_000)),
        "\u{202e}\u{1b}]52;c;AAAA\u{7}".repeat(10_000),
        "👩‍".repeat(20_000),
        "[link](javascript:alert(1)) https://раураl.example/ ".repeat(2_000),
        "**_~~`".repeat(20_000),
        "\t".repeat(20_000),
    ];
    let mut scene = Scene::talk(SIZE);
    let page = lines.iter().enumerate().map(|(n, line)| hostile(line, n)).collect();
    scene.msg(Msg::Log { chat: CHAT.into(), page: Ok(page) });
    for _ in 0..lines.len() {
        is_sane(&scene);
        scene.press(KeyCode::Up);
    }
    scene.press(KeyCode::Char('o'));
    is_sane(&scene);
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(NASTY.to_vec()).prop_map(str::to_owned),
        "[*_~`>\\[\\]() \n.-]{1,4}",
        "```\n",
        "https://[a-zä]{1,8}\\.example/",
        "\\PC{0,6}",
        "[a-z ]{1,12}",
    ];
    prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_messages_at_any_size_break_nothing(texts in prop::collection::vec(any_text(), 1..8), width in 1u16..200, height in 1u16..60, keys in prop::collection::vec(prop::sample::select(vec!['u', 'o', 't', 'i', 'f', 'd', '+', 'e', 'r', 'R', 'p', '\n', '<', '>', '\u{1b}', '1']), 0..12), names: bool, big: bool) {
        let mut scene = Scene::talk((width, height));
        if names {
            scene.model.settings.emoji = starling_tui::screen::settings::Emoji::Names;
        }
        scene.model.settings.big = big;
        let page = texts.iter().enumerate().map(|(n, text)| hostile(text, n)).collect();
        scene.msg(Msg::Log { chat: CHAT.into(), page: Ok(page) });
        for key in keys {
            scene.press(match key {
                'u' => KeyCode::Up,
                '\n' => KeyCode::Enter,
                '<' => KeyCode::Left,
                '>' => KeyCode::Right,
                '\u{1b}' => KeyCode::Esc,
                key => KeyCode::Char(key),
            });
            is_sane(&scene);
        }
    }
}

#[test]
fn a_message_whose_end_is_below_the_window_was_not_seen() {
    let mut scene = Scene::talk((80, 24));
    let text = (0..9).map(|n| n.to_string()).collect::<Vec<_>>().join("\n");
    let mut tall = message("tall", "ilse", "2026-11-22T21:20:00.000Z", &text);
    tall.unread = true;
    scene.event(Object::Message(Box::new(tall)));
    let mut seen_at = |row: usize| {
        scene.model.log_mut().unwrap().anchor = Some(Anchor { id: "tall".into(), row });
        let seen = Timeline::open(&scene.model).unwrap().unseen(12);
        seen.contains(&"tall".to_owned())
    };
    assert!(!seen_at(0) && !seen_at(5));
    assert!(seen_at(usize::MAX));
}
