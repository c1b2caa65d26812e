//! What the screen says of the network, and what one does about it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "screen_network/near.rs"]
mod near;
mod screen_scene;

use crossterm::event::KeyCode;
use screen_scene::*;
use starling_node::api::types::{LogLine, Message, Network, Object};
use starling_tui::screen::msg::{After, Effect, Msg, OutsideNews, OutsideWish};
use starling_tui::screen::notify::Notice;
use starling_tui::screen::settings::Notify;

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

/// The notices among effects.
fn notices(effects: &[Effect]) -> Vec<Notice> {
    let notice = |effect: &Effect| match effect {
        Effect::Outside(OutsideWish::Notify(notice)) => Some(notice.clone()),
        _ => None,
    };
    effects.iter().filter_map(notice).collect()
}

/// Something Bob writes, while the chat with Ilse is open.
fn from_bob(id: &str) -> Object {
    let bob = message(id, "bob", "2026-11-22T21:14:05.000Z", "Are you there?");
    Object::Message(Box::new(Message { chat: "chat:bob".into(), unread: true, ..bob }))
}

#[test]
fn what_comes_behind_the_back_is_told_once_and_what_is_before_the_eyes_is_not() {
    let mut scene = Scene::talk((80, 24));
    scene.model.settings.notify = Notify::Text;
    let told = notices(&scene.event(from_bob("b1")));
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].chat.as_str(), told[0].body.as_str()), ("chat:bob", "Are you there?"));
    // The same again is no news; another one waits and is told with what follows.
    assert!(notices(&scene.event(from_bob("b1"))).is_empty());
    assert!(notices(&scene.event(from_bob("b2"))).is_empty());
    assert!(notices(&scene.event(from_bob("b3"))).is_empty());
    let later = notices(&scene.wait(2_500));
    assert!(later.len() == 1 && later[0].body.starts_with("2 new in "), "{later:?}");
    let here = |id| {
        let ilse = message(id, "ilse", "2026-11-22T21:14:06.000Z", "Here.");
        Object::Message(Box::new(Message { unread: true, ..ilse }))
    };
    assert!(notices(&scene.event(here("i1"))).is_empty());
    scene.msg(Msg::Term(crossterm::event::Event::FocusLost));
    assert_eq!(notices(&scene.event(here("i2"))).len(), 1);
    // A muted chat is silent, and the hours of the night are.
    scene.model.chats.iter_mut().find(|row| row.chat == "chat:bob").unwrap().mute = "all".into();
    scene.wait(3_000);
    assert!(notices(&scene.event(from_bob("b4"))).is_empty());
    scene.model.settings.quiet = "20:00-23:00".into();
    assert!(notices(&scene.event(here("i3"))).is_empty());
    assert!(notices(&scene.event(Object::Request(request()))).is_empty());
}

#[test]
fn the_title_counts_what_is_new_unless_it_may_not() {
    let mut scene = Scene::talk((80, 24));
    let titles = |effects: &[Effect]| -> Vec<String> {
        let title = |effect: &Effect| match effect {
            Effect::Outside(OutsideWish::Title(title)) => Some(title.clone()),
            _ => None,
        };
        effects.iter().filter_map(title).collect()
    };
    let first = titles(&scene.effects);
    assert!(first.last().unwrap().starts_with('('), "{first:?}");
    let more = titles(&scene.event(from_bob("b1")));
    assert!(more.len() == 1 && more.last() != first.last(), "{more:?}");
    scene.model.settings.title = false;
    assert_eq!(titles(&scene.press(KeyCode::F(5))), [""]);
}

fn log_lines() -> Vec<LogLine> {
    let line = |n: u64, level: &str, part: &str, text: &str| LogLine {
        v: 1,
        n,
        at: format!("2026-11-22T21:13:{n:02}.000Z"),
        level: level.into(),
        part: part.into(),
        text: text.into(),
    };
    let taken = "the port is taken by another program: another one is used for this run addr=address#3f2a";
    vec![
        line(1, "info", "starling_node::node", "listens at address#3f2a and address#77b1"),
        line(2, "debug", "starling_node::net::calls", "dial failed dial=3 reason=timed out"),
        line(3, "warn", "starling_node::node", taken),
        line(
            4,
            "error",
            "starling_node::driver",
            "the engine is loaded anew: the store failed error=disk full",
        ),
    ]
}

fn log_scene(size: (u16, u16)) -> Scene {
    let mut scene = Scene::talk(size);
    scene.press(KeyCode::F(8));
    scene.msg(Msg::Outside(OutsideNews::Logs(Ok(log_lines()))));
    scene
}

#[test]
fn the_log_is_read_from_where_it_ended_and_shows_what_is_asked_for() {
    let mut scene = log_scene((100, 30));
    assert!(scene.effects.iter().any(|one| matches!(one, Effect::Outside(OutsideWish::Logs { since: 0 }))));
    let again = scene.wait(1_100);
    assert!(again.iter().any(|one| matches!(one, Effect::Outside(OutsideWish::Logs { since: 4 }))));
    assert!(scene.screen().contains("disk full") && !scene.screen().contains("timed out"));
    scene.press(KeyCode::Right);
    assert!(scene.screen().contains("timed out"));
    scene.type_text("port");
    assert!(scene.screen().contains("the port is taken") && !scene.screen().contains("disk full"));
    scene.ctrl('u');
    // Held, new lines do not move what is read; End follows again.
    scene.press(KeyCode::Up);
    assert!(!scene.screen().contains("disk full") && scene.screen().contains("held"));
    let mut more = log_lines();
    more[0].n = 5;
    more[0].text = "the newest".into();
    scene.msg(Msg::Outside(OutsideNews::Logs(Ok(more[..1].to_vec()))));
    assert!(!scene.screen().contains("the newest"));
    scene.press(KeyCode::End);
    assert!(scene.screen().contains("the newest"));
    scene.press(KeyCode::Esc);
    assert!(scene.wait(5_000).iter().all(|one| !matches!(one, Effect::Outside(OutsideWish::Logs { .. }))));
}

#[test]
fn network_commands_do_what_they_say() {
    let mut scene = Scene::talk((80, 24));
    scene.type_text("/net test");
    assert!(scene.press(KeyCode::Enter).iter().any(|effect| matches!(effect, Effect::NetTest)));
    assert!(scene.screen().contains("Trying everything"));
    scene.press(KeyCode::Esc);
    scene.type_text("/lan of");
    scene.press(KeyCode::Enter);
    assert!(!scene.model.editor.is_empty());
    scene.type_text("f");
    assert!(scene.press(KeyCode::Enter).iter().any(|effect| matches!(effect, Effect::Setting(_))));
    assert!(scene.model.editor.is_empty());
}

fn network_scene(size: (u16, u16)) -> Scene {
    let mut scene = Scene::talk(size);
    scene.press(KeyCode::F(5));
    let (mut down, mut up) = (1_000, 500);
    for second in 0..40_u64 {
        scene.ms += 1_000;
        down += (second * second * 37) % 3_400;
        up += (second * 61) % 900;
        let net = starling_node::api::types::Net { down_bytes: down, up_bytes: up, ..net() };
        scene.msg(Msg::Net(Ok(Box::new(net))));
    }
    scene
}

#[test]
fn the_network_its_map_and_the_log_at_all_sizes() {
    shoot("network_flow", network_scene);
    shoot("network_map", |size| {
        let mut scene = network_scene(size);
        scene.press(KeyCode::Char('m'));
        scene
    });
    shoot("network_log", log_scene);
}

#[test]
fn a_report_gives_away_nobody_and_no_place_whatever_the_node_says() {
    let mut scene = Scene::talk((80, 24));
    scene.press(KeyCode::F(5));
    let secret = "12D3KooWAbCdEfGhIjKlMnOpQrStUvWxYz0123456789";
    let mut known = net();
    known.state = format!("direct {secret}");
    known.reach = "by /dns/relay.example/tcp/4001 and 192.0.2.9".into();
    known.mapping = "account:k7f3ak9qxw2m4t8zbk7f3ak9q".into();
    known.serving = vec!["Ilse Brandt".into()];
    scene.msg(Msg::Net(Ok(Box::new(known))));
    let mut tests = found();
    tests[0].text = format!("asked {secret} at [2001:db8::9]:41641");
    scene.press(KeyCode::Char('t'));
    scene.msg(Msg::NetTest(Ok(tests)));
    let [Effect::Copy { text }] = &scene.press(KeyCode::Char('c'))[..] else { panic!() };
    let secrets = [secret, "192.", "198.", "203.", "2001:", "relay.example", "k7f3", "Ilse", "Alice", "/ip4"];
    for gone in secrets {
        assert!(!text.contains(gone), "{gone}: {text}");
    }
    assert!(text.contains("traffic    61.0 MB down, 12.0 MB up in 2 h"), "{text}");
}
