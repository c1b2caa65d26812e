//! What is typed is not lost, and does not turn up where it was not meant to: commands that go elsewhere, refusals,
//! reading everything again, the lock.

use super::*;
use starling_node::api::types::Resync;
use starling_tui::screen::model::Compose;
use starling_tui::screen::model::chatlog::{ChatLog, PAGE, Part};
use starling_tui::screen::msg::{OutsideWish, Typed};

const HALF: &str = "half a thought";

/// Ctrl-K, a command, Enter.
fn through_ctrl_k(scene: &mut Scene, command: &str) -> Vec<Effect> {
    scene.ctrl('k');
    scene.type_text(&format!("/{command}"));
    scene.press(KeyCode::Enter)
}

/// What the node was told to keep of a chat.
fn kept(effects: &[Effect], of: &str) -> Vec<String> {
    let draft = |effect: &Effect| match effect {
        Effect::Draft { chat, text } if chat == of => Some(text.clone()),
        _ => None,
    };
    effects.iter().filter_map(draft).collect()
}

#[test]
fn a_command_that_goes_elsewhere_takes_no_draft_along_and_leaves_none_behind() {
    for command in ["back", "close", "archive"] {
        let mut scene = many(SIZE);
        run(&mut scene, "/go dad");
        scene.ctrl('u');
        scene.type_text(HALF);
        let effects = through_ctrl_k(&mut scene, command);
        assert_eq!(scene.model.open.as_deref(), Some("chat:ilse"), "{command}");
        assert_eq!(scene.model.editor.text(), "", "{command}");
        assert_eq!(kept(&effects, "chat:dad"), [HALF], "{command}");
        let there = if command == "back" { "/back" } else { "/go dad" };
        let mut effects = run(&mut scene, there);
        effects.extend(scene.wait(10_000));
        assert_eq!(kept(&effects, "chat:ilse"), [""; 0], "{command} is no draft");
        assert_eq!(scene.model.editor.text(), HALF, "{command}");
        assert_eq!(kept(&effects, "chat:dad"), [""; 0], "{command}");
    }
}

#[test]
fn a_command_out_of_ctrl_k_uses_what_stands_in_the_editor_and_loses_none_of_it() {
    let start = || {
        let mut scene = Scene::talk(SIZE);
        scene.type_text(HALF);
        scene
    };
    let mut scene = start();
    through_ctrl_k(&mut scene, "edit");
    assert!(matches!(&scene.model.compose, Compose::Edit { before, .. } if before == HALF));
    assert_ne!(scene.model.editor.text(), HALF, "the message is in the editor");
    let mut scene = start();
    through_ctrl_k(&mut scene, "quote");
    assert!(scene.model.editor.text().starts_with("> ") && scene.model.editor.text().ends_with(HALF));
    let mut scene = start();
    let effects = through_ctrl_k(&mut scene, "write");
    assert!(
        effects.iter().any(|one| matches!(one, Effect::Place(PlaceWish::Write { text }) if text == HALF))
    );
    let mut scene = start();
    // Messages wait in this process: it asks.
    let mut effects = through_ctrl_k(&mut scene, "quit");
    effects.extend(scene.press(KeyCode::Char('q')));
    assert_eq!(kept(&effects, "chat:ilse"), [HALF]);
    assert!(effects.iter().any(|one| matches!(one, Effect::Quit { .. })));
}

#[test]
fn what_line_mode_keeps_unsent_outlives_its_commands() {
    for command in ["/go dad", "/quit"] {
        let mut scene = Scene::talk(SIZE);
        scene.msg(Msg::Typed(Typed::Keep(HALF.into())));
        let mut effects = scene.wait(10_000);
        effects.extend(scene.msg(Msg::Typed(Typed::Line(command.into()))));
        effects.extend(scene.press(KeyCode::Char('q')));
        assert_eq!(kept(&effects, "chat:ilse"), [HALF], "{command}");
    }
}

#[test]
fn a_text_that_is_refused_while_another_is_changed_comes_back_behind_the_change() {
    let mut scene = Scene::talk(SIZE);
    let effects = run(&mut scene, "hello");
    let sent = effects.iter().find_map(|effect| match effect {
        Effect::Send { reference, .. } => Some(reference.clone()),
        _ => None,
    });
    run(&mut scene, "/edit");
    let why = Trouble::new("E-REFUSED", 6, "No", "Nothing was sent.", "");
    scene.msg(Msg::Sent { chat: "chat:ilse".into(), reference: sent.unwrap(), result: Err(why) });
    assert_ne!(scene.model.editor.text(), "hello");
    scene.press(KeyCode::Esc);
    assert_eq!(scene.model.editor.text(), "hello");
}

#[test]
fn reading_everything_again_keeps_what_is_on_its_way_and_nothing_old_around_it() {
    let mut scene = Scene::talk(SIZE);
    run(&mut scene, "on its way");
    scene.open("chat:dad");
    scene.event(Object::Resync(Resync { v: 1, cursor: String::new(), lost: 1 }));
    let effects = {
        scene.open("chat:ilse");
        std::mem::take(&mut scene.effects)
    };
    let log = &scene.model.logs["chat:ilse"];
    assert_eq!(log.pending.len(), 1);
    assert!(log.items.is_empty() && !log.loaded, "what came meanwhile is not known");
    let reads = |one: &Effect| matches!(one, Effect::Log { chat, .. } if chat == "chat:ilse");
    assert!(effects.iter().rev().any(reads));
}

#[test]
fn more_messages_than_are_kept_beside_a_page_are_read_on() {
    let all: Vec<_> = (0..600).map(|n| message(&format!("m{n:03}"), "ilse", "21:00", "x")).collect();
    let with_order = |n: usize| {
        let mut message = all[n].clone();
        message.order = format!("{n:03}");
        message
    };
    let mut log = ChatLog::default();
    log.loading = Some(Part::Newest);
    for n in 0..600 {
        log.upsert(with_order(n));
    }
    log.page((0..PAGE as usize).map(with_order).collect(), &Part::Newest);
    let last = log.items.last().unwrap().message.id.clone();
    assert_ne!(last, "m599");
    assert_eq!(log.wanted(false, true), Some(Part::After(last)), "nothing is missing without anybody asking");
    log.page(Vec::new(), &log.loading.clone().unwrap_or(Part::After(String::new())));
    assert!(log.short);
}

#[test]
fn what_the_node_refuses_is_not_said_to_be_done() {
    let mut scene = many(SIZE);
    run(&mut scene, "/mute 8h");
    assert!(scene.model.undoable().is_some());
    let why = Trouble::new("E-BUSY", 1, "The disk is full", "Nothing was done.", "");
    let effects = scene.msg(Msg::Place(PlaceNews::Chat { say: None, result: Err(why) }));
    assert!(scene.model.undoable().is_none());
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Chats)), "the list is read as it is");
}

#[test]
fn a_notice_held_back_does_not_say_who_wrote_once_the_screen_is_locked() {
    let mut scene = lockable(SIZE);
    scene.msg(Msg::Term(Event::FocusLost));
    for n in 0..3 {
        let mut came = message(&format!("m-new-{n}"), "ilse", "21:20", "a secret");
        came.unread = true;
        scene.event(Object::Message(Box::new(came)));
    }
    scene.effects.clear();
    run(&mut scene, "/lock");
    scene.wait(10_000);
    let told: Vec<String> = scene
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Outside(OutsideWish::Notify(notice)) => Some(format!("{} {}", notice.title, notice.body)),
            _ => None,
        })
        .collect();
    assert!(told.iter().all(|words| !words.contains("Ilse")), "{told:?}");
}

#[test]
fn a_reaction_taken_back_is_the_one_before() {
    for (before, after) in [("👍", "👍"), ("", "")] {
        let mut scene = Scene::talk(SIZE);
        let mut changed = scene.model.log().unwrap().items.last().unwrap().message.clone();
        changed.reactions.clear();
        if !before.is_empty() {
            let own = scene.model.opened.as_ref().unwrap().account.name.clone();
            changed.reactions.insert(before.to_owned(), vec!["Ilse".to_owned(), own]);
        }
        scene.event(Object::Message(Box::new(changed)));
        scene.press(KeyCode::Up);
        scene.press(KeyCode::Char('+'));
        scene.press(KeyCode::Char('2'));
        scene.press(KeyCode::Esc);
        let effects = scene.press(KeyCode::Char('z'));
        let back = effects.iter().find_map(|effect| match effect {
            Effect::React { emoji, .. } => Some(emoji.as_str()),
            _ => None,
        });
        assert_eq!(back, Some(after));
    }
}

#[test]
fn a_change_that_is_refused_loses_nothing_of_what_was_begun_meanwhile() {
    let mut scene = Scene::talk(SIZE);
    scene.type_text(HALF);
    through_ctrl_k(&mut scene, "edit");
    let other = scene.model.editor.text();
    let trouble = Trouble::new("E-REFUSED", 6, "No", "Nothing was changed.", "");
    scene.msg(Msg::EditRefused { id: "m1".into(), text: "refused".into(), trouble });
    assert_eq!(scene.model.editor.text(), "refused");
    scene.press(KeyCode::Esc);
    assert_eq!(scene.model.editor.text(), format!("{HALF}\n{other}"));
}
