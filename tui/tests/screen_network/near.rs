//! People near one, and the three words two people compare.

use super::*;
use starling_node::api::types::{Compare, Contact, Near, Presence};
use starling_tui::screen::model::overlay::{Overlay, Sure};
use starling_tui::screen::model::{Notice as Line, Place};
use starling_tui::screen::msg::{NearNews, NearWish};

const SIZE: (u16, u16) = (80, 24);

fn near(id: &str, name: &str, contact: bool) -> Near {
    Near {
        v: 1,
        cursor: String::new(),
        account: format!("account:{id}"),
        name: name.into(),
        link: format!("starling:{id}"),
        contact,
        seen: "2026-11-22T21:14:00.000Z".into(),
    }
}

fn seen(scene: &mut Scene, list: Vec<Near>) {
    scene.msg(Msg::Near(NearNews::Seen(Ok(list))));
}

fn words(id: &str) -> Object {
    let words = ["river", "candle", "orbit"].map(str::to_owned).to_vec();
    Object::Compare(Compare { v: 1, cursor: "c9".into(), account: format!("account:{id}"), words })
}

fn wishes(effects: &[Effect]) -> Vec<NearWish> {
    let wish = |effect: &Effect| match effect {
        Effect::Near(wish) => Some(wish.clone()),
        _ => None,
    };
    effects.iter().filter_map(wish).collect()
}

fn looking(size: (u16, u16)) -> Scene {
    let mut scene = Scene::talk(size);
    scene.type_text("/near");
    let effects = scene.press(KeyCode::Enter);
    assert!(wishes(&effects) == [NearWish::Look]);
    scene
}

fn found(size: (u16, u16)) -> Scene {
    let mut scene = looking(size);
    let list = vec![
        near("7f3ak9qxw2m4t8zb", "Tomas", false),
        near("ilse", "Ilse Brandt", true),
        near("mallory", "\u{202e}Mallory\u{1b}[31m", false),
    ];
    seen(&mut scene, list);
    scene
}

#[test]
fn what_is_near_and_compared_looks_like_this() {
    shoot("near_nobody", |size| {
        let mut scene = looking(size);
        seen(&mut scene, Vec::new());
        scene.wait(32_000);
        scene
    });
    shoot("near_found", found);
    shoot("near_asks", |size| {
        let mut scene = found(size);
        scene.event(Object::Request(request()));
        scene
    });
    let compared = |size| {
        let mut scene = Scene::talk(size);
        scene.event(words("ilse"));
        scene
    };
    shoot("near_words", compared);
    shoot("near_words_differ", |size| {
        let mut scene = compared(size);
        scene.wait(1_000);
        scene.press(KeyCode::Char('x'));
        scene
    });
}

#[test]
fn the_page_is_kept_open_while_it_is_shown_and_closed_however_it_goes() {
    let mut scene = looking(SIZE);
    let looks = wishes(&scene.wait(30_000));
    assert!((5..=12).contains(&looks.len()) && looks.iter().all(|wish| *wish == NearWish::Look));
    assert!(wishes(&scene.press(KeyCode::Esc)) == [NearWish::Close]);
    assert!(wishes(&scene.wait(30_000)).is_empty() && scene.model.overlay.is_none());
    // Through Ctrl-N, and replaced by another box.
    scene.ctrl('n');
    assert!(wishes(&scene.press(KeyCode::Char('n'))) == [NearWish::Look]);
    assert!(wishes(&scene.press(KeyCode::F(5))) == [NearWish::Close]);
    assert!(matches!(scene.model.overlay, Some(Overlay::Network(_))));
    // Late answers open nothing.
    seen(&mut scene, vec![near("tomas", "Tomas", false)]);
    assert!(matches!(scene.model.overlay, Some(Overlay::Network(_))));
    let mut scene = looking(SIZE);
    scene.type_text("/near");
    assert!(wishes(&scene.msg(Msg::Closed(starling_node::api::trouble::node_gone()))) == [NearWish::Close]);
}

#[test]
fn the_first_run_leads_to_people_near_too() {
    let mut scene = Scene::first_run(SIZE);
    scene.type_text("Mara");
    scene.press(KeyCode::Enter);
    scene.press(KeyCode::Up);
    scene.press(KeyCode::Down);
    scene.press(KeyCode::Enter);
    scene.msg(Msg::Created(Ok(WORDS.to_owned().into())));
    scene.msg(Msg::Opened(Ok(opened())));
    scene.press(KeyCode::Char('l'));
    scene.msg(Msg::Chats(Ok(vec![notes()])));
    assert!(scene.screen().contains("n people near you"), "{}", scene.screen());
    assert!(wishes(&scene.press(KeyCode::Char('n'))) == [NearWish::Look]);
    scene.msg(Msg::Chats(Ok(vec![notes()])));
    assert!(matches!(scene.model.place, Place::Main) && scene.screen().contains("People near you"));
}

#[test]
fn who_is_picked_is_asked_and_compared_with_once_they_are_here() {
    let mut scene = found(SIZE);
    // What comes meanwhile does not move the choice.
    scene.event(Object::Near(near("dave", "Dave", false)));
    let effects = scene.press(KeyCode::Enter);
    let asked: Vec<&str> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Add { link } => Some(link.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(asked, ["starling:7f3ak9qxw2m4t8zb"]);
    let tomas = |state: &str, via: &str| Contact {
        state: state.into(),
        ..contact("7f3ak9qxw2m4t8zb", "Tomas", if via == "none" { "offline" } else { "online" }, via)
    };
    let then = After::Asked;
    let effects = scene.msg(Msg::Contact { then, result: Ok(Box::new(tomas("pending", "none"))) });
    assert!(wishes(&effects) == [NearWish::Close] && scene.model.overlay.is_none());
    let effects = scene.event(Object::Contact(tomas("accepted", "none")));
    assert!(wishes(&effects).is_empty(), "not linked yet");
    let account = "account:7f3ak9qxw2m4t8zb".to_owned();
    let here = Presence {
        v: 1,
        cursor: "c5".into(),
        account: account.clone(),
        state: "online".into(),
        via: "lan".into(),
        text: None,
    };
    let effects = scene.event(Object::Presence(here.clone()));
    assert!(wishes(&effects) == [NearWish::Compare { account: account.clone() }]);
    assert!(wishes(&scene.event(Object::Presence(here))).is_empty(), "once");
    scene.event(words("7f3ak9qxw2m4t8zb"));
    assert!(scene.screen().contains("river   candle   orbit"), "{}", scene.screen());
}

#[test]
fn keys_count_once_the_words_were_there_for_a_moment() {
    let verified = |effects: &[Effect]| {
        effects.iter().find_map(|effect| match effect {
            Effect::Verify { account, matches } => Some((account.clone(), *matches)),
            _ => None,
        })
    };
    let mut scene = Scene::talk(SIZE);
    scene.event(words("ilse"));
    assert_eq!(verified(&scene.press(KeyCode::Enter)), None);
    assert!(scene.model.overlay.is_some());
    scene.wait(1_000);
    assert_eq!(verified(&scene.press(KeyCode::Enter)), Some(("account:ilse".to_owned(), true)));
    assert!(scene.model.overlay.is_none());
    // Later is nothing.
    scene.event(words("ilse"));
    assert_eq!(verified(&scene.press(KeyCode::Esc)), None);
    // Others: said, and what to do about it.
    scene.event(words("ilse"));
    scene.wait(1_000);
    assert_eq!(verified(&scene.press(KeyCode::Char('x'))), Some(("account:ilse".to_owned(), false)));
    assert!(scene.screen().contains("! Then somebody may be in between"), "{}", scene.screen());
    assert_eq!(verified(&scene.press(KeyCode::Char('b'))), None);
    assert!(matches!(scene.model.overlay, Some(Overlay::Sure(Sure::Block { .. }))));
}

#[test]
fn words_never_come_over_what_one_writes_or_looks_at() {
    let said = |scene: &Scene| matches!(&scene.model.notice, Some(Line::Said(line)) if line.contains("river candle orbit"));
    let mut scene = Scene::talk(SIZE);
    scene.type_text("half a sentence");
    scene.event(words("ilse"));
    assert!(scene.model.overlay.is_none() && said(&scene));
    let mut scene = Scene::talk(SIZE);
    scene.press(KeyCode::F(1));
    scene.event(words("ilse"));
    assert!(matches!(scene.model.overlay, Some(Overlay::Help(_))) && said(&scene));
}

#[test]
fn the_card_of_who_is_here_offers_words() {
    let mut scene = Scene::talk(SIZE);
    scene.press(KeyCode::F(4));
    assert!(scene.screen().contains("v words"));
    let effects = scene.press(KeyCode::Char('v'));
    assert!(wishes(&effects) == [NearWish::Compare { account: "account:ilse".into() }]);
    scene.event(words("ilse"));
    assert!(matches!(scene.model.overlay, Some(Overlay::Compare(_))));
    let mut scene = Scene::talk(SIZE);
    scene.type_text("/info @dad");
    scene.press(KeyCode::Enter);
    assert!(!scene.screen().contains("v words"), "{}", scene.screen());
    assert!(wishes(&scene.press(KeyCode::Char('v'))).is_empty());
}

#[test]
fn who_asks_while_one_looks_is_answered_at_once() {
    let mut scene = found(SIZE);
    scene.event(Object::Request(request()));
    scene.wait(1_000);
    let effects = scene.press(KeyCode::Char('x'));
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Drop { account } if *account == request().account))
    );
    assert!(scene.model.requests.is_empty());
    scene.event(Object::Request(request()));
    let hasty = scene.press(KeyCode::Enter);
    let accepts = |effect: &Effect| matches!(effect, Effect::Accept { .. });
    assert!(!hasty.iter().any(accepts), "that key was meant for the list");
    scene.wait(1_000);
    let effects = scene.press(KeyCode::Enter);
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Accept { account } if *account == request().account))
    );
    assert!(
        !effects.iter().any(|effect| matches!(effect, Effect::Add { .. })),
        "nobody is asked by that key"
    );
}

#[test]
fn a_locked_screen_shows_nobody_to_anybody() {
    let mut scene = looking(SIZE);
    scene.press(KeyCode::Esc);
    scene.model.opened.as_mut().unwrap().locked = true;
    scene.model.settings.lock_after_min = 1;
    scene.type_text("/near");
    scene.press(KeyCode::Enter);
    let effects = scene.wait(120_000);
    assert!(scene.model.locked.is_some());
    assert!(wishes(&effects).last().is_some_and(|wish| *wish == NearWish::Close));
    assert!(wishes(&scene.wait(60_000)).is_empty());
}
