//! What the screen says of the network, and what one does about it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod screen_scene;

use crossterm::event::KeyCode;
use screen_scene::*;
use starling_node::api::types::{Network, Object};
use starling_tui::screen::msg::{After, Effect, Msg};

fn said(scene: &Scene) -> Vec<String> {
    scene.model.log().unwrap().said.iter().map(|line| line.text.clone()).collect()
}

#[test]
fn a_chat_tells_another_state_of_the_network_only_when_it_lasts() {
    let mut scene = Scene::talk((80, 24));
    scene.event(Object::Network(network("offline", 0, 0, 0)));
    assert!(scene.screen().contains("! No network."));
    scene.wait(9_000);
    scene.event(Object::Network(network("direct", 1, 0, 0)));
    scene.wait(60_000);
    assert!(said(&scene).is_empty() && scene.model.notice.is_none());
    scene.event(Object::Network(network("lan", 0, 0, 1)));
    // More of the same does not begin anew.
    scene.wait(6_000);
    scene.event(Object::Network(network("lan", 0, 0, 2)));
    scene.wait(5_000);
    assert_eq!(said(&scene), ["No internet since 21:15; people on this network are reached."]);
    assert!(scene.model.notice.is_none());
    scene.event(Object::Network(network("direct", 1, 0, 0)));
    scene.wait(11_000);
    assert_eq!(said(&scene).len(), 2);
    // The line stays where it was said.
    scene.event(Object::Message(Box::new(message("n1", "ilse", "2026-11-22T21:16:00.000Z", "Later."))));
    let screen = scene.screen();
    assert!(screen.find("Online since").unwrap() < screen.find("Later.").unwrap());
}

#[test]
fn being_invisible_is_said_wherever_somebody_would_look_and_is_no_event() {
    let mut scene = Scene::talk((80, 24));
    scene.type_text("/presence invisble");
    assert!(scene.press(KeyCode::Enter).is_empty() && !scene.model.editor.is_empty());
    scene.ctrl('u');
    scene.type_text("/presence invisible");
    assert!(matches!(scene.press(KeyCode::Enter)[..], [Effect::Presence { state: "invisible" }]));
    scene.event(Object::Network(Network { invisible: true, ..network("direct", 0, 0, 0) }));
    scene.wait(20_000);
    let screen = scene.screen();
    assert!(screen.contains("○ invisible") && screen.contains("· you are invisible"), "{screen}");
    scene.event(Object::Network(network("direct", 1, 0, 0)));
    scene.wait(20_000);
    assert!(said(&scene).is_empty());
}

#[test]
fn the_network_view_tests_reads_again_and_copies_a_report_that_names_nobody() {
    let mut scene = Scene::talk((120, 36));
    scene.press(KeyCode::F(5));
    scene.msg(Msg::Net(Ok(Box::new(net()))));
    assert!(scene.wait(2_100).iter().any(|effect| matches!(effect, Effect::Net)));
    assert!(matches!(scene.press(KeyCode::Char('t'))[..], [Effect::NetTest]));
    // One test at a time.
    assert!(scene.press(KeyCode::Char('t')).is_empty());
    scene.msg(Msg::NetTest(Ok(found())));
    assert!(scene.screen().contains("no  router"));
    let [Effect::Copy { text }] = &scene.press(KeyCode::Char('c'))[..] else { panic!() };
    assert!(text.contains("relays     2 known, 1 with a place") && text.contains("no reach"), "{text}");
    for secret in ["198.51", "192.168", "203.0.113", "Ilse", "Dad", "account:", "/ip4"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    scene.press(KeyCode::Char('r'));
    assert!(scene.screen().contains("Am I on?"));
    scene.press(KeyCode::Esc);
    assert!(!scene.wait(10_000).iter().any(|effect| matches!(effect, Effect::Net)));
}

#[test]
fn hiding_from_a_person_is_asked_of_the_node_and_said() {
    let mut scene = Scene::talk((80, 24));
    scene.type_text("/hide @dad");
    let [Effect::Visible { account, on: false }] = &scene.press(KeyCode::Enter)[..] else { panic!() };
    assert_eq!(account, "account:dad");
    let mut dad = people().pop().unwrap();
    dad.hidden = true;
    scene.msg(Msg::Contact { then: After::Say("They do not see it."), result: Ok(Box::new(dad)) });
    assert!(scene.screen().contains("They do not see it."));
    scene.type_text("/info dad");
    scene.press(KeyCode::Enter);
    assert!(scene.screen().contains("They do not see how you are."));
    assert!(matches!(scene.press(KeyCode::Char('h'))[..], [Effect::Visible { on: true, .. }]));
}
