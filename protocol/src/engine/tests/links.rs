//! Links: silence to strangers, who may speak first, two at once, renewals, roads that die.

use super::*;
use crate::noise::live::{Initiator, Responder};
use crate::time::{HOUR_MS, MINUTE_MS};

const CONN: u64 = 1_000_001;

/// The bytes a step writes, by link.
fn written(step: &Step) -> Vec<(LinkId, Vec<Vec<u8>>)> {
    step.actions
        .iter()
        .filter_map(|action| match action {
            Action::Net(NetCommand::Write { link, messages }) => Some((*link, messages.clone())),
            _ => None,
        })
        .collect()
}

fn closes(step: &Step, link: LinkId) -> bool {
    step.actions.contains(&Action::Net(NetCommand::CloseLink { link }))
}

/// Gives one engine events and a later wake by hand.
fn feed(world: &mut World, at: usize, events: Vec<NetEvent>, after_ms: u64) -> Step {
    let engine = engine(world, at);
    let now = Now::new(engine.now.mono_ms + after_ms, engine.now.wall_ms);
    engine.turn(events.into_iter().map(Input::Net), now)
}

fn opened(link: LinkId, protocol: LinkProtocol) -> Vec<NetEvent> {
    let (local_peer, remote_peer) = (b"here".to_vec(), b"there".to_vec());
    let addr = "/ip4/192.0.2.9/tcp/1".to_owned();
    vec![
        NetEvent::ConnOpened {
            conn: CONN + link,
            peer: remote_peer.clone(),
            addr,
            outbound: false,
            via: Via::Direct,
        },
        NetEvent::LinkOpened { link, conn: CONN + link, protocol, outbound: false, local_peer, remote_peer },
    ]
}

fn keys(world: &mut World, index: usize) -> ([u8; 32], [u8; 32]) {
    let device = &engine(world, index).own.device;
    (*device.noise_secret(), device.noise_public())
}

#[test]
fn a_stranger_a_wrong_key_and_swapped_peers_get_no_byte() {
    let mut world = World::friends(3, 100);
    world.run(1_000);
    let (alice, bob, carol) = (keys(&mut world, 0), keys(&mut world, 1), keys(&mut world, 2));
    // Carol removed: a stranger by now.
    let account = world.account(2);
    world.command(0, Command::Remove { account }).unwrap();
    let hello = |secret: &[u8; 32], to: &[u8; 32], local: &[u8], remote: &[u8]| {
        Initiator::start(secret, to, local, remote).unwrap().1
    };
    let first = [
        hello(&carol.0, &alice.1, b"there", b"here"),
        hello(&[9; 32], &alice.1, b"there", b"here"),
        hello(&bob.0, &carol.1, b"there", b"here"),
        hello(&bob.0, &alice.1, b"here", b"there"),
        vec![0; 1_312],
        Vec::new(),
    ];
    for (n, message) in first.into_iter().enumerate() {
        let link = 20_001 + 2 * n as u64;
        feed(&mut world, 0, opened(link, LinkProtocol::Live), 0);
        let heard = feed(&mut world, 0, vec![NetEvent::LinkData { link, message: message.clone() }], 0);
        let more = feed(&mut world, 0, vec![NetEvent::LinkData { link, message }], 0);
        let later = feed(&mut world, 0, Vec::new(), 200);
        for step in [&heard, &more, &later] {
            assert!(written(step).iter().all(|(to, _)| *to != link), "case {n}");
        }
        // A wait of no time at all is possible.
        assert!(closes(&more, link) || closes(&later, link), "case {n}");
    }
    // Bob himself is answered.
    feed(&mut world, 0, opened(30_001, LinkProtocol::Live), 0);
    let message = hello(&bob.0, &alice.1, b"there", b"here");
    let answer = feed(&mut world, 0, vec![NetEvent::LinkData { link: 30_001, message }], 0);
    assert_eq!(written(&answer).len(), 1);
}

#[test]
fn the_called_side_says_nothing_before_the_callers_first_frame() {
    let mut world = World::friends(2, 101);
    world.run(1_000);
    world.crash(1);
    world.run(1_000);
    world.start(1);
    // Bob's own engine is kept from calling: only the call by hand counts.
    world.part(0, 1);
    world.run(1_000);
    let (alice, bob) = (keys(&mut world, 0), keys(&mut world, 1));
    let (initiator, message) = Initiator::start(&bob.0, &alice.1, b"there", b"here").unwrap();
    feed(&mut world, 0, opened(20_001, LinkProtocol::Live), 0);
    let step = feed(&mut world, 0, vec![NetEvent::LinkData { link: 20_001, message }], 0);
    let answer = written(&step).remove(0).1.remove(0);
    world.send(0, 1, "are you there?").unwrap();
    let idle = feed(&mut world, 0, Vec::new(), 1_000);
    assert!(written(&idle).is_empty());
    let mut transport = initiator.finish(&answer).unwrap();
    // Anything but the card of the device that was proven ends the link.
    let typing = live::FrameOut::Typing(true).encode().unwrap();
    let message = transport.seal(&typing).unwrap().remove(0);
    let step = feed(&mut world, 0, vec![NetEvent::LinkData { link: 20_001, message }], 0);
    assert!(closes(&step, 20_001) && written(&step).is_empty());
}

#[test]
fn a_slow_handshake_is_closed() {
    let mut world = World::friends(2, 102);
    world.run(1_000);
    for (n, protocol) in LinkProtocol::ALL.into_iter().enumerate() {
        let link = 20_001 + 2 * n as u64;
        // About open channels a stranger from elsewhere is not even heard.
        let at_once = closes(&feed(&mut world, 0, opened(link, protocol), 0), link);
        assert_eq!(at_once, protocol == LinkProtocol::Open);
        assert!(at_once || closes(&feed(&mut world, 0, Vec::new(), 10_000), link));
    }
}

#[test]
fn a_link_to_a_person_that_is_not_who_they_say_brings_nothing() {
    let mut world = World::friends(2, 103);
    world.run(1_000);
    world.part(0, 1);
    world.run(100);
    world.send(0, 1, "secret").unwrap();
    // Mallory sits at bob's address and answers with keys of her own.
    let device = world.machines[1].device;
    let link = {
        let engine = engine(&mut world, 0);
        engine.conns.insert(
            CONN,
            ConnState::new(b"there".to_vec(), "/ip4/192.0.2.9/tcp/1".to_owned(), true, Via::Direct),
        );
        engine.open_link(CONN, LinkProtocol::Live, crate::engine::links::Purpose::Live(device));
        engine.next_number
    };
    let ends = (b"here".to_vec(), b"there".to_vec());
    let event = NetEvent::LinkOpened {
        link,
        conn: CONN,
        protocol: LinkProtocol::Live,
        outbound: true,
        local_peer: ends.0.clone(),
        remote_peer: ends.1.clone(),
    };
    let step = feed(&mut world, 0, vec![event], 0);
    let first = written(&step).into_iter().find(|(to, _)| *to == link).unwrap().1.remove(0);
    assert!(Responder::read(&[9; 32], &ends.0, &ends.1, &first).is_err());
    let step = feed(&mut world, 0, vec![NetEvent::LinkData { link, message: vec![7; 1_168] }], 0);
    assert!(closes(&step, link));
    assert_eq!(peer(&mut world, 0, 1).outbox.len(), 1);
}

#[test]
fn links_are_shaken_anew_every_hour_with_messages_on_the_way() {
    let mut world = World::friends(2, 104);
    let ups = engine(&mut world, 0).links_up;
    let mut texts = Vec::new();
    for minute in 0..200 {
        for from in [0, 1] {
            for n in 0..3 {
                let text = format!("{from} {minute}.{n}");
                world.send(from, 1 - from, &text).unwrap();
                texts.push((from, text));
            }
        }
        let ms = MINUTE_MS - 5 + world.rng.below(10);
        world.run(ms);
    }
    for from in [0, 1] {
        let sent: Vec<String> = texts.iter().filter(|(f, _)| *f == from).map(|(_, t)| t.clone()).collect();
        assert_eq!(world.shown(1 - from, from), sent);
    }
    assert!((3..=5).contains(&(engine(&mut world, 0).links_up - ups)));
    assert_eq!(world.links_between(0, 1).1, 1);
    assert!(!events(&world, 1).iter().any(|event| matches!(event, Event::Gap { .. })));
}

#[test]
fn of_two_links_at_once_one_is_left_and_stays() {
    for seed in 0..40 {
        let mut world = World::friends(2, 10_500 + seed);
        world.max_latency_ms = 500;
        world.run(1_000);
        world.drop_wires(0, 1);
        for index in [0, 1] {
            // Both call at the same moment.
            world.command(index, Command::Wake).unwrap();
        }
        world.run(30_000);
        assert_eq!(world.links_between(0, 1).1, 1, "seed {seed}");
        let turns = world.turns;
        world.run(10 * MINUTE_MS);
        assert!(world.turns - turns < 10, "seed {seed}: {} turns of nothing", world.turns - turns);
        let id = world.send(0, 1, "hello").unwrap();
        let back = world.send(1, 0, "hello").unwrap();
        world.run(3_000);
        assert_eq!(world.state(0, id, 1), Some(MessageState::Delivered), "seed {seed}");
        assert_eq!(world.state(1, back, 0), Some(MessageState::Delivered), "seed {seed}");
    }
}

#[test]
fn a_road_that_dies_without_a_word_is_given_up() {
    let mut world = World::friends(2, 106);
    world.run(1_000);
    world.mute(0, 1);
    let id = world.send(0, 1, "into the void").unwrap();
    world.run(50_000);
    assert_eq!(world.state(0, id, 1), Some(MessageState::Queued));
    world.heal(0, 1);
    world.run(40_000);
    assert_eq!(world.state(0, id, 1), Some(MessageState::Delivered));
    assert_eq!(world.shown(1, 0), ["into the void"]);
}

#[test]
fn a_slow_road_carries_things_once() {
    let mut world = World::friends(2, 107);
    world.max_latency_ms = 25_000;
    world.drop_wires(0, 1);
    world.run(HOUR_MS);
    let before = world.bytes;
    for n in 0..100 {
        world.send(0, 1, &format!("{n} {}", "x".repeat(30_000))).unwrap();
    }
    world.run(HOUR_MS);
    assert_eq!(world.shown(1, 0).len(), 100);
    assert!(world.bytes - before < 8_000_000, "{} bytes", world.bytes - before);
}

#[test]
fn a_contact_who_moved_is_found_on_the_lan() {
    let mut world = World::friends(2, 108);
    world.run(1_000);
    for index in [0, 1] {
        world.crash(index);
        world.machines[index].place = 7;
    }
    world.run(1_000);
    (0..2).for_each(|index| world.start(index));
    world.run(60_000);
    assert_eq!(world.links_between(0, 1).1, 0);
    world.meet_on_lan(0, 1);
    world.run(5_000);
    let id = world.send(1, 0, "same cafe").unwrap();
    world.run(1_000);
    assert_eq!(world.state(1, id, 0), Some(MessageState::Delivered));
}

#[test]
fn a_link_without_addresses_works_on_a_lan_that_is_known_already() {
    let mut world = World::new(2, 41);
    world.start(0);
    world.start(1);
    // They see each other before either has a reason to call.
    world.meet_on_lan(0, 1);
    world.meet_on_lan(1, 0);
    world.run(1_000);
    let invite = Command::InviteNew { uses: 1, valid_ms: 86_400_000, private: true, auto_accept: true };
    let Ok(Reply::Invite(invite)) = world.command(0, invite) else { panic!("no invite") };
    world.command(1, Command::Add { link: invite.link, name: None, note: String::new() }).unwrap();
    world.run(2_000);
    assert!(world.are_friends(1, 0), "the inviter of this LAN was not asked");
}
