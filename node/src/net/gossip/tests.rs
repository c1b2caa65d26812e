//! What waits to be judged, and what gives way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use libp2p::gossipsub::{DataTransform, Message, RawMessage, TopicHash};
use tokio::sync::mpsc;

use super::config::{Wanted, id, name};
use super::*;

fn rumour(n: u64) -> Rumour {
    let topic = name(&[7; 32]).hash();
    Rumour { id: MessageId::new(&n.to_be_bytes()), from: PeerId::random(), topic, data: vec![1] }
}

#[test]
fn so_many_wait_to_be_judged_and_the_oldest_give_way() {
    let (sender, mut events) = mpsc::channel(2 * UNJUDGED_COUNT);
    let (mut gate, mut out, mut gossip) = (Gate::new().unwrap(), Outbox::new(sender), Gossip::default());
    for n in 1..=UNJUDGED_COUNT as u64 + 10 {
        gossip.on_rumour(&mut gate, &mut out, rumour(n));
        let told = events.try_recv().unwrap();
        assert_eq!(told, NetEvent::Gossip { gossip: n, topic: [7; 32], data: vec![1] });
    }
    assert_eq!(gossip.unjudged.len(), UNJUDGED_COUNT);
    assert_eq!(gossip.unjudged.first_key_value().unwrap().0, &11);
    for number in [1, 11, 11, 12, 9_999] {
        gossip.judge(&mut gate, number, Verdict::Accept);
    }
    assert_eq!(gossip.unjudged.len(), UNJUDGED_COUNT - 2);
}

#[test]
fn gossip_gives_way_before_the_network_has_to_stop() {
    let (sender, _events) = mpsc::channel(1);
    let (mut gate, mut out, mut gossip) = (Gate::new().unwrap(), Outbox::new(sender), Gossip::default());
    for n in 0..1_000 {
        gossip.on_rumour(&mut gate, &mut out, rumour(n));
    }
    assert_eq!(out.len(), BACKLOG_COUNT);
    assert!(!out.is_busy());
    assert_eq!(gossip.unjudged.len(), BACKLOG_COUNT + 1);
}

#[test]
fn topics_over_the_limit_are_left_out_and_the_rest_is_compared() {
    let (mut gate, mut gossip) = (Gate::new().unwrap(), Gossip::default());
    let topics = |range: std::ops::Range<u64>| -> Vec<Topic> {
        range.map(|n| *blake3::hash(&n.to_be_bytes()).as_bytes()).collect()
    };
    gossip.topics(&mut gate, topics(0..2_000));
    assert_eq!(gossip.topics.len(), config::TOPICS_COUNT);
    assert_eq!(gate.topics_count(), config::TOPICS_COUNT);
    gossip.topics(&mut gate, topics(0..3));
    gossip.topics(&mut gate, topics(1..4));
    assert_eq!(gate.topics_count(), 3);
    gossip.topics(&mut gate, Vec::new());
    assert_eq!(gate.topics_count(), 0);
}

#[test]
fn a_topic_is_named_in_lower_case_digits() {
    let mut topic = [0; 32];
    topic[0] = 0xab;
    assert_eq!(name(&topic).hash().as_str(), format!("ab{}", "00".repeat(31)));
}

#[test]
fn the_same_bytes_under_another_topic_are_another_message() {
    let named = |topic: &str, data: &[u8]| {
        let topic = TopicHash::from_raw(topic);
        id(&Message { source: None, data: data.to_vec(), sequence_number: None, topic })
    };
    assert_eq!(named("a", b"x"), named("a", b"x"));
    assert_ne!(named("a", b"x"), named("b", b"x"));
    assert_ne!(named("a", b"x"), named("a", b"y"));
}

#[test]
fn only_what_is_heard_and_not_too_large_gets_in() {
    let wanted = Wanted::default();
    let raw = |bytes| RawMessage {
        source: None,
        data: vec![0; bytes],
        sequence_number: None,
        topic: name(&[7; 32]).hash(),
        signature: None,
        key: None,
        validated: false,
    };
    assert!(wanted.inbound_transform(raw(1)).is_err());
    wanted.add(name(&[7; 32]).hash());
    assert!(wanted.inbound_transform(raw(GOSSIP_BYTES)).is_ok());
    assert!(wanted.inbound_transform(raw(GOSSIP_BYTES + 1)).is_err());
    wanted.remove(&name(&[7; 32]).hash());
    assert!(wanted.inbound_transform(raw(1)).is_err());
}
