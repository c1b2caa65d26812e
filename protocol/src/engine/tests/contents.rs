//! What is inside: edits, deletions, reactions, receipts, typing, presence, unknown kinds, holes.

use super::*;
use crate::content::{Body, Content, Edit, Text};

fn state_changes(world: &World, index: usize) -> Vec<&Change> {
    world.machines[index].disk.edits.iter().collect()
}

/// A content as a device would make it, encrypted by hand.
fn forge(world: &mut World, from: usize, to: usize, seq: u64, kind: u16, body: Vec<u8>) -> OlmPart {
    let id = MessageId(engine(world, from).rng.bytes());
    let conv = world.chat(to);
    let content = Content {
        msg_id: id,
        conv,
        seq,
        prev: [0; 32],
        seen: Vec::new(),
        sent_at: 0,
        kind,
        body,
        ext: Vec::new(),
    };
    forge_content(world, from, to, &content)
}

fn forge_content(world: &mut World, from: usize, to: usize, content: &Content) -> OlmPart {
    let device = world.machines[to].device;
    let engine = engine(world, from);
    let row = state::OutRow {
        msg_id: content.msg_id,
        chat: content.conv,
        seq: content.seq,
        attempt: 1,
        visible: true,
        accepted_lived_ms: 0,
        content: crate::wire::encode(content).unwrap(),
        part: None,
    };
    let peer = engine.peers.get_mut(&device).unwrap();
    let number = peer.next_row;
    peer.enqueue(&engine.own.olm, content, row, 0);
    peer.outbox[&number].part.clone().unwrap()
}

fn text(seq: u64, words: &str) -> (u64, u16, Vec<u8>) {
    let text = Text { text: words.to_owned(), reply_to: None, ext: Vec::new() };
    let (kind, body) = Body::Text(text).encode().unwrap();
    (seq, kind, body)
}

/// The next number of alice's chain as bob has it.
fn next_seq(world: &mut World) -> u64 {
    let (device, chat) = (world.machines[0].device, world.chat(0));
    engine(world, 1).streams_in.get(&(device, chat)).map_or(1, |stream| stream.next_seq)
}

#[test]
fn edits_deletions_reactions_and_receipts_arrive() {
    let mut world = World::friends(2, 20);
    let id = world.send(0, 1, "helo").unwrap();
    world.run(500);
    let (alice, bob, chat) = (world.account(0), world.account(1), world.chat(1));
    world.command(0, Command::Edit { chat, message: id, text: "hello".to_owned() }).unwrap();
    let back = world.chat(0);
    let react = Command::React { chat: back, message: id, author: alice, emoji: "👍".to_owned() };
    world.command(1, react).unwrap();
    world.command(1, Command::MarkRead { chat: back, messages: vec![id] }).unwrap();
    world.run(500);
    assert!(state_changes(&world, 1).iter().any(
        |c| matches!(c, Change::Edit { author, message, text, .. } if (*author, *message, text.as_str()) == (alice, id, "hello"))
    ));
    assert!(state_changes(&world, 0).iter().any(
        |c| matches!(c, Change::React { who, message, emoji, .. } if (*who, *message, emoji.as_str()) == (bob, id, "👍"))
    ));
    assert_eq!(world.state(0, id, 1), Some(MessageState::Read));
    world.command(0, Command::Delete { chat, message: id }).unwrap();
    world.run(500);
    assert!(
        state_changes(&world, 1)
            .iter()
            .any(|c| matches!(c, Change::Delete { message, .. } if *message == id))
    );
}

#[test]
fn receipts_turned_off_are_not_sent() {
    let mut world = World::friends(2, 21);
    let id = world.send(0, 1, "hello").unwrap();
    world.run(500);
    let chat = world.chat(0);
    world.command(1, Command::SetReadReceipts { on: false }).unwrap();
    world.command(1, Command::MarkRead { chat, messages: vec![id] }).unwrap();
    world.run(500);
    assert_eq!(world.state(0, id, 1), Some(MessageState::Delivered));
}

#[test]
fn typing_and_presence_are_told_and_not_kept() {
    let mut world = World::friends(2, 22);
    let chat = world.chat(1);
    let events_before = events(&world, 1).len();
    world.command(0, Command::Typing { chat, on: true }).unwrap();
    world.command(0, Command::SetPresence { presence: Presence::Busy }).unwrap();
    world.run(500);
    let alice = world.account(0);
    assert!(world.machines[1].notices.contains(&Notice::Typing {
        chat: alice.into(),
        account: alice,
        on: true
    }));
    assert_eq!(view(&mut world, 1, 0).presence, Presence::Busy);
    world.crash(0);
    world.run(2_000);
    assert_eq!(view(&mut world, 1, 0).presence, Presence::Offline);
    assert_eq!(events(&world, 1).len(), events_before);
    let offline = world.command(1, Command::SetPresence { presence: Presence::Offline });
    assert!(matches!(offline, Err(Refusal::OutOfRange { .. })));
}

#[test]
fn an_unknown_kind_is_a_placeholder_and_the_rest_flows() {
    let mut world = apart(23);
    let next = next_seq(&mut world);
    let part = forge(&mut world, 0, 1, next, 999, b"from the future".to_vec());
    assert_eq!(give(&mut world, 0, 1, part)[0].2, Outcome::Delivered);
    let part = forge(&mut world, 0, 1, next + 1, 0x8001, b"to be ignored".to_vec());
    assert_eq!(give(&mut world, 0, 1, part)[0].2, Outcome::Delivered);
    let (seq, kind, body) = text(next + 2, "hello");
    let part = forge(&mut world, 0, 1, seq, kind, body);
    give(&mut world, 0, 1, part);
    let shown: Vec<MessageKind> = world.machines[1]
        .disk
        .messages
        .iter()
        .map(|m| m.kind)
        .filter(|kind| *kind != MessageKind::Notice)
        .collect();
    assert_eq!(shown, [MessageKind::Unknown, MessageKind::Text]);
}

#[test]
fn a_hole_is_shown_after_ten_seconds_and_closed_when_it_is_filled_or_gone() {
    let mut world = apart(24);
    let next = next_seq(&mut world);
    let parts: Vec<OlmPart> = (0..4)
        .map(|n| {
            let (seq, kind, body) = text(next + n, &format!("text {n}"));
            forge(&mut world, 0, 1, seq, kind, body)
        })
        .collect();
    // 1 is lost, as by a restored backup: it is not in the outbox and its place in the session is skipped.
    let lost = parts[1].clone();
    let floor = |part: &OlmPart| OlmPart { floor: part.order, ..part.clone() };
    for n in [0, 2, 3] {
        give(&mut world, 0, 1, floor(&parts[n]));
    }
    assert_eq!(world.shown(1, 0), ["text 0"]);
    // Power fails while contents wait: they are still there.
    world.crash(1);
    world.start(1);
    world.run(11_000);
    assert_eq!(world.shown(1, 0), ["text 0", "text 2", "text 3"]);
    let gap = events(&world, 1).iter().find_map(|event| match event {
        Event::Gap { from_seq, missing, .. } => Some((*from_seq, *missing)),
        _ => None,
    });
    assert_eq!(gap, Some((next + 1, 1)));
    // It comes after all: Olm still has its key.
    assert_eq!(give(&mut world, 0, 1, lost)[0].2, Outcome::Delivered);
    assert_eq!(world.shown(1, 0), ["text 0", "text 2", "text 3", "text 1"]);
    let closed = events(&world, 1).iter().any(
        |event| matches!(event, Event::GapClosed { from_seq, filled: true, .. } if *from_seq == next + 1),
    );
    assert!(closed);
}

#[test]
fn what_is_gone_for_good_is_said_when_the_two_meet() {
    let mut world = apart(25);
    let next = next_seq(&mut world);
    let (seq, kind, body) = text(next + 5, "after the hole");
    let part = forge(&mut world, 0, 1, seq, kind, body);
    give(&mut world, 0, 1, part.clone());
    answer(&mut world, 1, 0, vec![(part.msg_id, 1, Outcome::Delivered)]);
    world.run(11_000);
    assert_eq!(world.shown(1, 0), ["after the hole"]);
    world.heal(0, 1);
    world.run(60_000);
    let closed: Vec<_> = events(&world, 1)
        .iter()
        .filter_map(|event| match event {
            Event::GapClosed { from_seq, count, filled, .. } => Some((*from_seq, *count, *filled)),
            _ => None,
        })
        .collect();
    assert_eq!(closed, [(next, 5, false)]);
}

#[test]
fn a_late_edit_does_not_undo_a_newer_one() {
    let mut world = apart(26);
    let next = next_seq(&mut world);
    let (seq, kind, body) = text(next, "first");
    let part = forge(&mut world, 0, 1, seq, kind, body);
    let id = part.msg_id;
    give(&mut world, 0, 1, part);
    let edit = |world: &mut World, seq, words: &str| {
        let edit = Edit { id, text: words.to_owned(), ext: Vec::new() };
        let (kind, body) = Body::Edit(edit).encode().unwrap();
        forge(world, 0, 1, seq, kind, body)
    };
    let older = edit(&mut world, next + 1, "older");
    let newer = edit(&mut world, next + 2, "newer");
    give(&mut world, 0, 1, OlmPart { floor: newer.order, ..newer });
    world.run(11_000);
    give(&mut world, 0, 1, older);
    let texts: Vec<&str> = state_changes(&world, 1)
        .iter()
        .filter_map(|c| if let Change::Edit { text, .. } = c { Some(text.as_str()) } else { None })
        .collect();
    assert_eq!(texts, ["newer"]);
}

#[test]
fn a_content_for_somebody_else_or_out_of_bounds_is_refused_and_its_sender_told() {
    let mut world = World::friends(3, 27);
    world.run(1_000);
    world.part(0, 1);
    world.run(100);
    let next = next_seq(&mut world);
    let (seq, kind, body) = text(next, "for carol");
    let elsewhere = Content {
        msg_id: MessageId([9; 16]),
        conv: world.chat(2),
        seq,
        prev: [0; 32],
        seen: Vec::new(),
        sent_at: 0,
        kind,
        body,
        ext: Vec::new(),
    };
    let mut bad = vec![elsewhere.clone()];
    let here = Content { conv: world.chat(1), ..elsewhere };
    bad.push(Content { seq: 0, msg_id: MessageId([10; 16]), ..here.clone() });
    bad.push(Content { seq: u64::MAX, msg_id: MessageId([11; 16]), ..here.clone() });
    bad.push(Content { seen: vec![(DeviceId([0; 16]), 1); 9], msg_id: MessageId([12; 16]), ..here.clone() });
    bad.push(Content { ext: vec![(1, vec![])], msg_id: MessageId([13; 16]), ..here.clone() });
    bad.push(Content { body: vec![0xff; 40], msg_id: MessageId([14; 16]), ..here });
    for content in bad {
        let part = forge_content(&mut world, 0, 1, &content);
        let answers = give(&mut world, 0, 1, part);
        assert_eq!(answers[0].2, Outcome::Refused(crate::session::RefuseReason::Content));
        answer(&mut world, 1, 0, answers);
    }
    assert!(world.shown(1, 0).is_empty());
    assert!(peer(&mut world, 0, 1).outbox.is_empty());
    // The session is as good as before.
    let (seq, kind, body) = text(next, "for bob");
    let part = forge(&mut world, 0, 1, seq, kind, body);
    give(&mut world, 0, 1, part);
    assert_eq!(world.shown(1, 0), ["for bob"]);
}

#[test]
fn nobody_signs_or_reads_for_another() {
    let mut world = World::friends(3, 28);
    world.crash(1);
    world.run(2_000);
    let id = world.send(0, 1, "for bob alone").unwrap();
    let chat = world.chat(0);
    // Carol learned the id somehow.
    world.command(2, Command::MarkRead { chat, messages: vec![id] }).unwrap();
    let react = Command::React { chat, message: id, author: world.account(0), emoji: "👍".to_owned() };
    world.command(2, react).unwrap();
    answer(&mut world, 2, 0, vec![(id, 1, Outcome::Delivered)]);
    world.run(1_000);
    assert_eq!(world.state(0, id, 1), Some(MessageState::Queued));
    assert_eq!(world.state(0, id, 2), None);
    // Her reaction names her own chat, where there is no such message: a store ignores it.
    let hers = world.machines[0].disk.edits.iter().all(|change| match change {
        Change::React { chat, .. } => *chat == ChatId::from(world.account(2)),
        _ => true,
    });
    assert!(hers);
    world.start(1);
    world.run(60_000);
    assert_eq!(world.state(0, id, 1), Some(MessageState::Delivered));
}
