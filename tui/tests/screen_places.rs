//! Going places: Ctrl-K, completion, the chat list and what is put away, taking back, the lock, the editor's keys.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "screen_places/drafts.rs"]
mod drafts;
mod screen_scene;

use crossterm::event::{Event, KeyCode, KeyModifiers};
use proptest::prelude::*;
use screen_scene::*;
use starling_node::api::types::{Chat, Object, Trouble};
use starling_tui::screen::model::editor::Editor;
use starling_tui::screen::model::overlay::{Overlay, Sure};
use starling_tui::screen::model::{Notice, Place};
use starling_tui::screen::msg::{ChatWish, Effect, Msg, Opened, PlaceNews, PlaceWish, WordsPut};
use zeroize::Zeroizing;

const SIZE: (u16, u16) = (80, 24);

fn wishes(effects: &[Effect]) -> Vec<ChatWish> {
    let wish = |effect: &Effect| match effect {
        Effect::Place(PlaceWish::Chat(wish)) => Some(wish.clone()),
        _ => None,
    };
    effects.iter().filter_map(wish).collect()
}

fn run(scene: &mut Scene, command: &str) -> Vec<Effect> {
    scene.type_text(command);
    scene.press(KeyCode::Enter)
}

fn searched(effects: &[Effect]) -> Vec<String> {
    let text = |effect: &Effect| match effect {
        Effect::Find { text, chat: None, .. } => Some(text.clone()),
        _ => None,
    };
    effects.iter().filter_map(text).collect()
}

fn hits(scene: &Scene) -> Vec<(String, &'static str)> {
    match &scene.model.overlay {
        Some(Overlay::GoTo(goto)) => goto.hits.iter().map(|hit| (hit.name.clone(), hit.kind)).collect(),
        other => panic!("no Ctrl-K: {other:?}"),
    }
}

/// The scene with one chat put away, one pinned, one muted and one with a call by name.
fn many(size: (u16, u16)) -> Scene {
    let mut scene = Scene::talk(size);
    let mut chats = chats();
    chats.push(Chat { pinned: true, ..chat("kim", "Kim", "offline", "none", "09:00") });
    chats.push(Chat { archived: true, unread: 0, ..chat("old", "Old Club", "offline", "none", "08:00") });
    chats.push(Chat { mute: "all".into(), unread: 3, ..chat("noise", "Noise", "online", "direct", "21:00") });
    let room =
        Chat { kind: "room".into(), account: None, ..chat("roof", "roof", "offline", "none", "07:00") };
    chats.push(Chat { name: "#roof".into(), unread: 4, mentions: 1, ..room });
    scene.msg(Msg::Chats(Ok(chats)));
    scene.wait(4_000);
    scene
}

// ---- Ctrl-K -----------------------------------------------------------------------------------------------------

#[test]
fn an_empty_ctrl_k_begins_with_the_chat_looked_at_before() {
    let mut scene = many(SIZE);
    scene.open("chat:bob");
    scene.open("chat:dad");
    scene.ctrl('k');
    let names: Vec<String> = hits(&scene).into_iter().map(|(name, _)| name).take(2).collect();
    assert_eq!(names[0], people()[1].name, "bob was open before");
    scene.press(KeyCode::Enter);
    assert_eq!(scene.model.open.as_deref(), Some("chat:bob"));
}

#[test]
fn a_first_character_narrows_and_tab_goes_through_them() {
    let mut scene = many(SIZE);
    scene.ctrl('k');
    for (filter, kind) in [("#", "room"), ("@", "person"), (">", "command")] {
        scene.press(KeyCode::Tab);
        assert!(scene.screen().contains(&format!("> {filter}")), "{}", scene.screen());
        assert!(!hits(&scene).is_empty());
        assert!(hits(&scene).iter().all(|(_, is)| *is == kind), "{:?}", hits(&scene));
    }
    scene.press(KeyCode::Tab);
    scene.press(KeyCode::Tab);
    assert!(hits(&scene).iter().all(|(_, is)| *is == "key"));
    scene.press(KeyCode::Tab);
    assert!(hits(&scene).iter().any(|(_, is)| *is == "command"), "all again");
    scene.press(KeyCode::Esc);
    scene.ctrl('p');
    scene.type_text("mut");
    assert!(scene.screen().contains("/mute [8h|on|off|mentions"), "with what it takes");
}

#[test]
fn a_person_stands_once_in_ctrl_k() {
    let mut scene = Scene::talk(SIZE);
    scene.ctrl('k');
    scene.type_text("ilse");
    let found = hits(&scene).into_iter().filter(|(name, _)| name.contains("Ilse")).count();
    assert_eq!(found, 1);
}

#[test]
fn a_number_in_ctrl_k_is_the_chat_with_that_number() {
    let mut scene = many(SIZE);
    let second = scene.model.shown_chats().nth(1).unwrap().chat.clone();
    scene.ctrl('k');
    scene.type_text("2");
    scene.press(KeyCode::Enter);
    assert_eq!(scene.model.open, Some(second));
}

#[test]
fn messages_are_searched_when_typing_stops_and_never_hold_up_a_key() {
    let mut scene = Scene::talk(SIZE);
    scene.ctrl('k');
    assert!(searched(&scene.type_text("ladder")).is_empty());
    assert!(searched(&scene.wait(149)).is_empty());
    assert_eq!(searched(&scene.wait(2)), ["ladder"], "once, for all of it");
    let found = message("m12", "alice", "2026-11-22T21:12:00.000Z", "And a ladder, if somebody can carry it");
    scene.msg(Msg::Found { text: "lad".into(), result: Ok(vec![found.clone()]) });
    assert!(!hits(&scene).iter().any(|(_, kind)| *kind == "message"), "an answer to another question");
    scene.msg(Msg::Found { text: "ladder".into(), result: Ok(vec![found]) });
    assert!(hits(&scene).iter().any(|(_, kind)| *kind == "message"));
    scene.press(KeyCode::Down);
    scene.press(KeyCode::Enter);
    assert!(scene.model.overlay.is_none());
}

#[test]
fn a_search_that_fails_leaves_the_rest_of_ctrl_k_as_it_is() {
    let mut scene = Scene::talk(SIZE);
    scene.ctrl('k');
    scene.type_text("ilse");
    scene.wait(200);
    scene.msg(Msg::Found { text: "ilse".into(), result: Err(trouble()) });
    assert!(scene.model.notice.is_none());
    scene.press(KeyCode::Enter);
    assert_eq!(scene.model.open.as_deref(), Some("chat:ilse"));
}

#[test]
fn what_was_put_away_is_found_by_its_name() {
    let mut scene = many(SIZE);
    scene.ctrl('k');
    scene.type_text("old club");
    assert!(scene.screen().contains("archived"));
    scene.press(KeyCode::Enter);
    assert_eq!(scene.model.open.as_deref(), Some("chat:old"));
}

// ---- completion -------------------------------------------------------------------------------------------------

#[test]
fn commands_are_offered_as_one_types_and_tab_puts_one_in() {
    let mut scene = Scene::talk(SIZE);
    scene.type_text("/mu");
    assert!(scene.screen().contains("/mute [8h|on|off|mentions"), "{}", scene.screen());
    scene.press(KeyCode::Tab);
    assert_eq!(scene.model.editor.text(), "/mute ");
    scene.type_text("m");
    scene.press(KeyCode::Tab);
    assert_eq!(scene.model.editor.text(), "/mute mentions ");
}

#[test]
fn nothing_is_offered_behind_a_command_that_ran() {
    let mut scene = Scene::talk(SIZE);
    scene.type_text("/pin");
    assert!(scene.model.completion.is_some(), "/pin and /pins");
    scene.press(KeyCode::Tab);
    assert_eq!(scene.model.editor.text().trim(), "/pin", "what is typed already comes first");
    scene.press(KeyCode::Enter);
    assert!(scene.model.completion.is_none());
    assert!(scene.model.editor.is_empty());
}

#[test]
fn at_most_eight_are_offered_and_esc_closes_them() {
    let mut scene = Scene::talk(SIZE);
    scene.type_text("/");
    assert_eq!(scene.model.completion.as_ref().unwrap().offers.len(), 8);
    scene.press(KeyCode::Esc);
    assert!(scene.model.completion.is_none());
    assert_eq!(scene.model.editor.text(), "/");
    scene.type_text("p");
    scene.press(KeyCode::Down);
    let second = scene.model.completion.as_ref().unwrap().offers[1].text.clone();
    scene.press(KeyCode::Tab);
    assert_eq!(scene.model.editor.text(), second);
}

#[test]
fn enter_sends_what_was_typed_whatever_is_offered() {
    let mut scene = Scene::talk(SIZE);
    scene.type_text("hello @b");
    assert!(scene.model.completion.is_some());
    let effects = scene.press(KeyCode::Enter);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Send { text, .. } if text == "hello @b")));
    assert!(scene.model.completion.is_none());
}

// ---- the chat list ----------------------------------------------------------------------------------------------

#[test]
fn notes_and_pinned_chats_come_first_and_archived_ones_are_not_shown() {
    let scene = many(SIZE);
    let shown: Vec<&str> = scene.model.shown_chats().map(|chat| chat.chat.as_str()).collect();
    assert_eq!(shown[..2], ["chat:me", "chat:kim"]);
    assert!(!shown.contains(&"chat:old"));
    assert!(!scene.screen().contains("Old Club"));
}

#[test]
fn the_whole_list_says_how_many_were_put_away_and_shows_them() {
    let mut scene = many((50, 24));
    run(&mut scene, "/chats");
    assert!(scene.screen().contains("Archived: 1"), "{}", scene.screen());
    for _ in 0..20 {
        scene.press(KeyCode::Down);
    }
    scene.press(KeyCode::Enter);
    assert!(scene.screen().contains("Old Club"), "{}", scene.screen());
    scene.press(KeyCode::Enter);
    assert_eq!(scene.model.open.as_deref(), Some("chat:old"));
}

#[test]
fn tab_goes_to_calls_by_name_first_and_to_muted_chats_last() {
    let mut scene = many(SIZE);
    let mut visited = Vec::new();
    for _ in 0..3 {
        scene.press(KeyCode::Tab);
        let open = scene.model.open.clone().unwrap();
        for chat in scene.model.chats.iter_mut().filter(|chat| chat.chat == open) {
            (chat.unread, chat.mentions) = (0, 0);
        }
        visited.push(open);
    }
    assert_eq!(visited, ["chat:roof", "chat:bob", "chat:noise"]);
}

#[test]
fn a_muted_chat_says_so_and_is_not_counted() {
    let mut scene = many((120, 36));
    assert!(scene.screen().contains("muted 3"), "{}", scene.screen());
    let loud = scene.model.unread_elsewhere();
    for chat in scene.model.chats.iter_mut().filter(|chat| chat.chat == "chat:noise") {
        chat.mute = "off".into();
    }
    assert_eq!(scene.model.unread_elsewhere(), loud + 3);
    for chat in scene.model.chats.iter_mut().filter(|chat| chat.chat == "chat:noise") {
        chat.mute = "all".into();
        chat.mute_until = Some("2026-11-22T21:00:00.000Z".into());
    }
    assert_eq!(scene.model.unread_elsewhere(), loud + 3, "that mute is over");
}

#[test]
fn the_list_keeps_its_order_while_somebody_types() {
    let mut scene = Scene::talk(SIZE);
    scene.wait(5_000);
    let order = |scene: &Scene| scene.model.chats.iter().map(|chat| chat.chat.clone()).collect::<Vec<_>>();
    scene.type_text("x");
    let before = order(&scene);
    let mut new = message("d1", "dad", "2026-11-22T21:30:00.000Z", "hello");
    new.chat = "chat:dad".into();
    new.unread = true;
    scene.event(Object::Message(Box::new(new)));
    assert_eq!(order(&scene), before);
    let mut newer = chats();
    newer[4].last_at = Some("2026-11-22T21:31:00.000Z".into());
    scene.msg(Msg::Chats(Ok(newer)));
    assert_eq!(order(&scene), before, "nor does a list that is read anew move it");
    scene.wait(3_500);
    assert_eq!(order(&scene)[1], "chat:dad");
}

#[test]
fn chat_commands_ask_the_node_and_what_can_be_taken_back_is() {
    let mut scene = many(SIZE);
    assert_eq!(wishes(&run(&mut scene, "/pin"))[0].pinned, Some(true));
    let muted = wishes(&run(&mut scene, "/mute 8h"));
    assert_eq!((muted[0].mute, muted[0].mute_for_s), (Some("all"), Some(28_800)));
    assert!(scene.screen().contains("z undoes it"), "{}", scene.screen());
    let back = wishes(&scene.press(KeyCode::Char('z')));
    assert_eq!(back[0].mute, Some("off"));
    assert!(scene.model.editor.is_empty());
    assert!(wishes(&run(&mut scene, "/mute soon")).is_empty());
    assert_eq!(scene.model.editor.text(), "/mute soon");
}

#[test]
fn archiving_goes_to_the_chat_before_and_can_be_taken_back_for_ten_seconds() {
    let mut scene = many(SIZE);
    scene.open("chat:bob");
    scene.open("chat:carol");
    let asked = wishes(&run(&mut scene, "/archive"));
    assert_eq!((asked[0].chat.as_str(), asked[0].archived), ("chat:carol", Some(true)));
    assert_eq!(scene.model.open.as_deref(), Some("chat:bob"));
    assert!(scene.screen().contains("Archived. z undoes it"));
    scene.type_text("a z");
    assert_eq!(scene.model.editor.text(), "a z", "a letter is a letter");
    scene.ctrl('u');
    let back = wishes(&scene.press(KeyCode::Char('z')));
    assert_eq!(back[0].archived, Some(false));
    run(&mut scene, "/archive");
    scene.wait(10_001);
    assert!(!scene.screen().contains("z undoes it"));
    scene.press(KeyCode::Char('z'));
    assert_eq!(scene.model.editor.text(), "z");
}

#[test]
fn a_message_brings_a_chat_back_that_was_put_away() {
    let mut scene = many(SIZE);
    let mut new = message("o1", "old", "2026-11-22T21:30:00.000Z", "anybody?");
    new.chat = "chat:old".into();
    new.unread = true;
    scene.event(Object::Message(Box::new(new)));
    scene.wait(4_000);
    assert!(scene.screen().contains("Old Club"));
}

#[test]
fn go_back_and_close() {
    let mut scene = many(SIZE);
    run(&mut scene, "/go dad");
    assert_eq!(scene.model.open.as_deref(), Some("chat:dad"));
    // The draft of that chat came back.
    assert_eq!(scene.model.editor.text(), "later");
    scene.ctrl('u');
    run(&mut scene, "/back");
    assert_eq!(scene.model.open.as_deref(), Some("chat:ilse"));
    run(&mut scene, "/go #roof");
    assert_eq!(scene.model.open.as_deref(), Some("chat:roof"));
    run(&mut scene, "/close");
    assert_eq!(scene.model.open.as_deref(), Some("chat:ilse"));
    run(&mut scene, "/go carrot");
    assert_eq!(scene.model.editor.text(), "/go carrot");
    assert!(matches!(scene.model.notice, Some(Notice::Trouble(_))));
    scene.ctrl('u');
    run(&mut scene, "/go kin");
    assert!(scene.screen().contains("Did you mean Kim?"), "{}", scene.screen());
}

// ---- questions --------------------------------------------------------------------------------------------------

#[test]
fn blocking_asks_and_esc_is_the_safe_way() {
    let mut scene = Scene::talk(SIZE);
    assert!(run(&mut scene, "/block").iter().all(|effect| !matches!(effect, Effect::Block { .. })));
    assert!(scene.screen().contains("Block Ilse Brandt?"));
    scene.press(KeyCode::Enter);
    scene.press(KeyCode::Esc);
    assert!(scene.model.overlay.is_none());
    run(&mut scene, "/block");
    let effects = scene.press(KeyCode::Char('b'));
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Block { account, on: true } if account == "account:ilse"))
    );
}

#[test]
fn removing_somebody_wants_their_name_typed() {
    let mut scene = Scene::talk(SIZE);
    run(&mut scene, "/remove @ilse");
    scene.type_text("Ilze");
    let removed = |effects: &[Effect]| {
        effects.iter().any(|effect| matches!(effect, Effect::Place(PlaceWish::Remove { .. })))
    };
    assert!(!removed(&scene.press(KeyCode::Enter)));
    assert!(scene.screen().contains("That is another name"), "{}", scene.screen());
    scene.type_text("ilse brandt");
    assert!(removed(&scene.press(KeyCode::Enter)));
    assert!(!matches!(scene.model.overlay, Some(Overlay::Sure(Sure::Remove { .. }))));
}

#[test]
fn an_unknown_name_is_answered_with_the_one_that_was_meant() {
    let mut scene = Scene::talk(SIZE);
    run(&mut scene, "/info @ilze");
    assert!(scene.screen().contains("There is no \"ilze\" among your people"), "{}", scene.screen());
    assert!(
        scene.screen().contains("Did you mean Ilse Brandt (@ilse-brandt)?")
            || scene.screen().contains("Did you mean"),
        "{}",
        scene.screen()
    );
    assert_eq!(scene.model.editor.text(), "/info @ilze");
}

#[test]
fn a_refused_text_says_where_it_is_and_what_to_do_here() {
    let mut scene = Scene::talk(SIZE);
    let refuse = |scene: &mut Scene| {
        let effects = run(scene, "hello");
        let reference = effects.iter().find_map(|effect| match effect {
            Effect::Send { reference, .. } => Some(reference.clone()),
            _ => None,
        });
        let why = Trouble::new(
            "E-REFUSED",
            6,
            "You blocked Ilse",
            "Nothing was sent.",
            "`starling people unblock @who`.",
        );
        scene.msg(Msg::Sent { chat: "chat:ilse".into(), reference: reference.unwrap(), result: Err(why) });
    };
    refuse(&mut scene);
    let Some(Notice::Trouble(said)) = &scene.model.notice else { panic!("nothing said") };
    let words = starling_tui::screen::model::words::trouble(said);
    assert_eq!(
        words,
        "You blocked Ilse. Nothing was sent; your text is still in the editor. /unblock @who. [E-REFUSED]"
    );
    assert_eq!(scene.model.editor.text(), "hello");
}

#[test]
fn a_changed_key_stands_above_the_messages_until_it_was_compared() {
    let mut scene = Scene::talk((120, 36));
    let mut list = chats();
    list[1].key_changed = true;
    scene.msg(Msg::Chats(Ok(list)));
    assert!(
        scene.screen().contains("Ilse Brandt's key changed: a new device, or somebody else."),
        "{}",
        scene.screen()
    );
    scene.press(KeyCode::Char('x'));
    assert!(scene.screen().contains("key changed: a new device"));
}

#[test]
fn room_commands_have_words_for_what_they_need() {
    let mut scene = many(SIZE);
    for wrong in ["/room rename", "/room rename roof", "/room frob x", "/room decline #nowhere", "/away soon"]
    {
        assert!(run(&mut scene, wrong).iter().all(|effect| !matches!(effect, Effect::Room(_))), "{wrong}");
        assert!(matches!(scene.model.notice, Some(Notice::Trouble(_))), "{wrong}");
        assert_eq!(scene.model.editor.text(), wrong);
        scene.ctrl('u');
    }
    let effects = run(&mut scene, "/away");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Presence { state: "away" })));
    let effects = run(&mut scene, "/back-here");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Presence { state: "online" })));
}

// ---- the lock ---------------------------------------------------------------------------------------------------

fn lockable(size: (u16, u16)) -> Scene {
    let mut scene = many(size);
    scene.model.opened = Some(Opened { locked: true, ..opened() });
    scene
}

fn tried(effects: &[Effect]) -> Option<String> {
    effects.iter().find_map(|effect| match effect {
        Effect::Place(PlaceWish::Unlock { passphrase }) => Some(passphrase.as_str().to_owned()),
        _ => None,
    })
}

fn wrong() -> Msg {
    Msg::Place(PlaceNews::Unlocked(Err(Trouble::new("E-LOCK", 5, "wrong", "", ""))))
}

#[test]
fn a_locked_screen_shows_nothing_but_the_question_and_a_count() {
    let mut scene = lockable(SIZE);
    scene.type_text("half a thought");
    scene.key(KeyCode::Char('l'), KeyModifiers::ALT);
    let screen = scene.screen();
    for secret in ["Ilse", "ladder", "half a thought", "Chats", "roof"] {
        assert!(!screen.contains(secret), "{secret}: {screen}");
    }
    assert!(screen.contains("16 new messages."), "{screen}");
    scene.model.settings.lock_counts = false;
    assert!(!scene.screen().contains("new messages"));
    let mut new = message("s1", "ilse", "2026-11-22T21:30:00.000Z", "secret");
    new.unread = true;
    scene.event(Object::Message(Box::new(new)));
    scene.event(Object::Request(request()));
    assert!(!scene.screen().contains("secret") && !scene.screen().contains("request"));
    scene.type_text("sesame");
    assert!(!scene.screen().contains("sesame"));
    assert_eq!(tried(&scene.press(KeyCode::Enter)).unwrap(), "sesame");
    scene.msg(Msg::Place(PlaceNews::Unlocked(Ok(()))));
    assert!(scene.screen().contains("secret"), "what came meanwhile is there");
    assert_eq!(scene.model.editor.text(), "half a thought");
}

#[test]
fn nothing_counts_as_read_while_locked() {
    let mut scene = Scene::talk(SIZE);
    scene.model.opened = Some(Opened { locked: true, ..opened() });
    scene.key(KeyCode::Char('l'), KeyModifiers::ALT);
    assert!(!scene.wait(60_000).iter().any(|effect| matches!(effect, Effect::MarkRead { .. })));
    scene.type_text("x");
    scene.press(KeyCode::Enter);
    scene.msg(Msg::Place(PlaceNews::Unlocked(Ok(()))));
    assert!(scene.wait(2_000).iter().any(|effect| matches!(effect, Effect::MarkRead { .. })));
}

#[test]
fn wrong_tries_take_longer_and_longer() {
    let mut scene = lockable(SIZE);
    run(&mut scene, "/lock");
    let mut waits = Vec::new();
    for _ in 0..6 {
        let since = scene.ms;
        loop {
            scene.type_text("x");
            if tried(&scene.press(KeyCode::Enter)).is_some() {
                break;
            }
            scene.wait(500);
        }
        waits.push(scene.ms - since);
        scene.msg(wrong());
    }
    assert_eq!(waits[..3], [0, 0, 0]);
    assert!(waits[3] >= 2_000 && waits[4] >= 4_000 && waits[5] >= 8_000, "{waits:?}");
    assert!(scene.model.locked.is_some());
}

#[test]
fn no_end_of_the_node_opens_the_lock() {
    let mut scene = lockable(SIZE);
    run(&mut scene, "/lock");
    scene.msg(Msg::Closed(trouble()));
    scene.press(KeyCode::Enter);
    scene.press(KeyCode::Esc);
    scene.paste("x");
    scene.msg(Msg::Opened(Ok(Opened { locked: true, ..opened() })));
    assert!(scene.model.locked.is_some());
    assert!(!scene.screen().contains("Ilse"));
}

#[test]
fn a_profile_without_passphrase_cannot_be_locked_and_says_what_to_do() {
    let mut scene = Scene::talk(SIZE);
    run(&mut scene, "/lock");
    assert!(scene.model.locked.is_none());
    assert!(
        matches!(&scene.model.notice, Some(Notice::Trouble(said)) if said.what.contains("no passphrase"))
    );
}

#[test]
fn the_screen_locks_by_itself_after_the_minutes_that_were_set() {
    let mut scene = lockable(SIZE);
    scene.model.settings.lock_after_min = 5;
    scene.type_text("a");
    scene.wait(299_000);
    assert!(scene.model.locked.is_none());
    scene.wait(2_000);
    assert!(scene.model.locked.is_some());
}

// ---- the 24 words -----------------------------------------------------------------------------------------------

#[test]
fn the_reminder_of_the_words_comes_again_after_one_three_and_ten_days() {
    let mut scene = Scene::alone(SIZE);
    assert!(scene.screen().contains("write down words"));
    let day = 86_400_000;
    for (times, days) in [(1u8, 1u64), (2, 3), (3, 10), (4, 10)] {
        scene.msg(Msg::Words(Ok(Zeroizing::new(WORDS.to_owned()))));
        let effects = scene.press(KeyCode::Esc);
        let put = effects.iter().find_map(|effect| match effect {
            Effect::Place(PlaceWish::WordsPut(put)) => Some(*put),
            _ => None,
        });
        assert_eq!(put.map(|put| put.times), Some(times));
        assert!(!scene.screen().contains("write down words"));
        scene.wait(days * day - 60_000);
        assert!(!scene.screen().contains("write down words"), "{days} days");
        scene.wait(120_000);
        assert!(scene.screen().contains("write down words"), "{days} days");
    }
}

#[test]
fn a_reminder_put_off_before_the_start_stays_put_off() {
    let mut scene = Scene::alone(SIZE);
    let at_s = scene.moment().wall.as_second() - 3_600;
    scene.msg(Msg::Place(PlaceNews::WordsPut(WordsPut { times: 1, at_s })));
    assert!(!scene.screen().contains("write down words"));
}

// ---- the editor -------------------------------------------------------------------------------------------------

#[test]
fn readline_keys() {
    let mut scene = Scene::talk(SIZE);
    scene.type_text("one two three");
    scene.ctrl('w');
    assert_eq!(scene.model.editor.text(), "one two ");
    scene.ctrl('y');
    assert_eq!(scene.model.editor.text(), "one two three");
    scene.key(KeyCode::Char('b'), KeyModifiers::ALT);
    scene.key(KeyCode::Left, KeyModifiers::CONTROL);
    scene.key(KeyCode::Char('d'), KeyModifiers::ALT);
    assert_eq!(scene.model.editor.text(), "one  three");
    scene.key(KeyCode::Char('_'), KeyModifiers::CONTROL);
    assert_eq!(scene.model.editor.text(), "one two three");
    scene.ctrl('e');
    scene.ctrl('u');
    assert!(scene.model.editor.is_empty());
    scene.type_text("ab");
    scene.ctrl('t');
    assert_eq!(scene.model.editor.text(), "ba");
    scene.ctrl('a');
    scene.key(KeyCode::Right, KeyModifiers::NONE);
    scene.ctrl('t');
    assert_eq!((scene.model.editor.text(), scene.model.editor.caret()), ("ab".to_owned(), (0, 2)));
}

#[test]
fn the_editor_grows_to_a_third_of_the_window() {
    let mut scene = Scene::talk((80, 24));
    scene.paste(&"line\n".repeat(30));
    let rows =
        scene.screen().lines().filter(|line| line.contains("│   line") || line.contains("│ > line")).count();
    assert_eq!(rows + 1, 8, "with the empty last one:\n{}", scene.screen());
}

#[test]
fn texts_sent_before_come_back() {
    let mut scene = Scene::talk(SIZE);
    run(&mut scene, "first");
    run(&mut scene, "second");
    scene.type_text("half");
    let alt = KeyModifiers::ALT;
    let step = |scene: &mut Scene, key| {
        scene.key(KeyCode::Char(key), alt);
        scene.model.editor.text()
    };
    assert_eq!(step(&mut scene, 'p'), "second");
    assert_eq!(step(&mut scene, 'p'), "first");
    assert_eq!(step(&mut scene, 'p'), "first");
    assert_eq!(step(&mut scene, 'n'), "second");
    assert_eq!(step(&mut scene, 'n'), "half");
}

#[test]
fn the_persons_own_editor_gets_the_text_and_gives_it_back() {
    let mut scene = Scene::talk(SIZE);
    scene.type_text("half");
    scene.ctrl('x');
    let effects = scene.ctrl('e');
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Place(PlaceWish::Write { text }) if text == "half"))
    );
    scene.msg(Msg::Place(PlaceNews::Written(Ok("half\nand half".into()))));
    assert_eq!(scene.model.editor.text(), "half\nand half");
    scene.msg(Msg::Place(PlaceNews::Written(Err(trouble()))));
    assert_eq!(scene.model.editor.text(), "half\nand half");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Whatever is typed and pasted: the text never outgrows its bound and the caret stays inside it.
    #[test]
    fn no_keys_break_the_editor(
        acts in prop::collection::vec((any::<char>(), 0u8..24, 0u8..4, ".{0,30}"), 1..80),
        big in 0usize..3,
    ) {
        let mut editor = Editor::with(&"w\u{301}ö ".repeat(big * 9_000));
        for (letter, code, modifier, text) in acts {
            let code = match code {
                0 => KeyCode::Left, 1 => KeyCode::Right, 2 => KeyCode::Up, 3 => KeyCode::Down,
                4 => KeyCode::Home, 5 => KeyCode::End, 6 => KeyCode::Backspace, 7 => KeyCode::Delete,
                8 => KeyCode::Enter, 9 => KeyCode::Char('w'), 10 => KeyCode::Char('t'), 11 => KeyCode::Char('y'),
                12 => KeyCode::Char('u'), 13 => KeyCode::Char('b'), 14 => KeyCode::Char('d'), 15 => KeyCode::Char('_'),
                16 => { editor.insert(&text); continue; }
                17 => { editor.replace_before(&text, "x"); continue; }
                _ => KeyCode::Char(letter),
            };
            let modifiers = match modifier {
                0 => KeyModifiers::CONTROL,
                1 => KeyModifiers::ALT,
                _ => KeyModifiers::NONE,
            };
            editor.key(crossterm::event::KeyEvent::new(code, modifiers));
            let (line, character) = editor.caret();
            prop_assert!(character <= editor.lines()[line].chars().count());
            prop_assert!(editor.text().len() <= 64 * 1024);
            prop_assert!(!editor.text().chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
        }
    }
}

// ---- scenes -----------------------------------------------------------------------------------------------------

#[test]
fn places_palette() {
    shoot("places_palette", |size| {
        let mut scene = many(size);
        scene.ctrl('k');
        scene.type_text("ilse");
        scene.wait(200);
        let found = message("m12", "alice", "2026-11-22T21:12:00.000Z", "A ladder, if Ilse can carry it");
        scene.msg(Msg::Found { text: "ilse".into(), result: Ok(vec![found]) });
        scene
    });
    shoot("places_commands", |size| {
        let mut scene = many(size);
        scene.ctrl('p');
        scene
    });
}

#[test]
fn places_completion() {
    shoot("places_completion", |size| {
        let mut scene = many(size);
        scene.type_text("/m");
        scene
    });
}

#[test]
fn places_undo() {
    shoot("places_undo", |size| {
        let mut scene = many(size);
        run(&mut scene, "/archive");
        scene
    });
}

#[test]
fn places_list() {
    shoot("places_list_whole", |size| {
        let mut scene = many(size);
        scene.press(KeyCode::F(2));
        scene
    });
    shoot("places_list_archived", |size| {
        let mut scene = many(size);
        scene.press(KeyCode::F(2));
        for _ in 0..20 {
            scene.press(KeyCode::Down);
        }
        scene.press(KeyCode::Enter);
        scene
    });
}

#[test]
fn places_locked() {
    shoot("places_locked", |size| {
        let mut scene = lockable(size);
        scene.key(KeyCode::Char('l'), KeyModifiers::ALT);
        for _ in 0..4 {
            scene.wait(10_000);
            scene.type_text("wrong");
            scene.press(KeyCode::Enter);
            scene.msg(wrong());
        }
        scene.type_text("again");
        scene
    });
}

#[test]
fn places_questions() {
    shoot("places_block", |size| {
        let mut scene = many(size);
        run(&mut scene, "/block");
        scene
    });
    shoot("places_remove", |size| {
        let mut scene = many(size);
        run(&mut scene, "/remove @ilse");
        scene.type_text("Il");
        scene
    });
}

#[test]
fn a_locked_screen_survives_any_size() {
    let mut scene = lockable(SIZE);
    run(&mut scene, "/lock");
    for size in [(1, 1), (3, 2), (20, 5), (39, 9), (200, 60)] {
        scene.msg(Msg::Term(Event::Resize(size.0, size.1)));
        assert!(!scene.screen().contains("Ilse"));
    }
    assert!(matches!(scene.model.place, Place::Main));
}
