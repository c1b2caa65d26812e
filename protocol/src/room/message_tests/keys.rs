use super::super::entry::LAST_INDEX;
use super::super::sender::{AGE_MS, HOLDERS, MESSAGES, MESSAGES_LARGE, SMALL_ROOM};
use super::*;
use proptest::prelude::*;

fn devices(numbers: &[u8]) -> BTreeSet<DeviceId> {
    numbers.iter().map(|number| keys(*number).id()).collect()
}

#[test]
fn nothing_is_sealed_unless_the_holders_are_the_members_devices() {
    let mut sender = Sender::new(0);
    let (bob, both) = (devices(&[2]), devices(&[2, 3]));
    assert_eq!(sender.missing(&both).len(), 2);
    assert_eq!(sender.seal(b"x", &both), Err(SenderError::Holders), "nobody has it yet");
    sender.give(bob.clone());
    assert_eq!(sender.missing(&both), [keys(3).id()]);
    assert_eq!(sender.seal(b"x", &both), Err(SenderError::Holders), "one too few");
    sender.give(both.clone());
    assert_eq!(sender.seal(b"x", &both).unwrap().1, 0);
    assert!(!sender.must_rotate(&both, 0, 2));
    assert!(sender.must_rotate(&bob, 0, 2), "one holds it who is out");
    assert_eq!(sender.seal(b"x", &bob), Err(SenderError::Holders), "one too many");
    assert_eq!(sender.index(), 1, "what was refused used nothing up");
}

#[test]
fn a_session_is_replaced_by_count_by_age_and_not_before() {
    let (nobody, mut sender) = (BTreeSet::new(), Sender::new(500));
    for _ in 0..MESSAGES {
        assert!(!sender.must_rotate(&nobody, 500, SMALL_ROOM));
        sender.seal(b"x", &nobody).unwrap();
    }
    assert!(sender.must_rotate(&nobody, 500, SMALL_ROOM));
    assert!(!sender.must_rotate(&nobody, 500, SMALL_ROOM + 1));
    assert!(!sender.must_rotate(&nobody, 500 + AGE_MS - 1, SMALL_ROOM + 1));
    assert!(sender.must_rotate(&nobody, 500 + AGE_MS, SMALL_ROOM + 1));
    for _ in MESSAGES..MESSAGES_LARGE {
        sender.seal(b"x", &nobody).unwrap();
    }
    assert!(sender.must_rotate(&nobody, 500, SMALL_ROOM + 1));
    assert_eq!(sender.seal(b"x", &nobody), Err(SenderError::UsedUp));
}

#[test]
fn more_holders_than_a_room_has_devices_are_not_noted_and_stop_the_sealing() {
    let many: BTreeSet<DeviceId> = (0..=u32::try_from(HOLDERS).unwrap())
        .map(|n| DeviceId([n.to_le_bytes(); 4].concat().try_into().unwrap()))
        .collect();
    let mut sender = Sender::new(0);
    sender.give(many.iter().copied().take(HOLDERS));
    let stored = sender.to_bytes().unwrap();
    assert_eq!(Sender::from_bytes(&stored).unwrap().missing(&many).len(), 1);
    sender.give(many.clone());
    assert_eq!(sender.seal(b"x", &many), Err(SenderError::Holders));
}

#[test]
fn a_stored_sender_goes_on_where_it_was() {
    let mut alice = Writer::new(1);
    let mut bob = alice.receiver();
    let (head, entry, _) = alice.write("one");
    bob.open(&head, body(&entry)).unwrap();
    let stored = alice.sender.to_bytes().unwrap();
    alice.sender = Sender::from_bytes(&stored).unwrap();
    assert_eq!((alice.sender.id(), alice.sender.index()), (head.session, 1));
    let (head, entry, opened) = alice.write("two");
    assert_eq!(bob.open(&head, body(&entry)).unwrap().as_slice(), body(&opened));
    assert!(matches!(Sender::from_bytes(&stored[1..]), Err(SenderError::Stored)));
}

#[test]
fn g6_a_message_opens_in_its_room_of_its_device_in_its_session_only() {
    let (mut alice, mallory) = (Writer::new(1), keys(9));
    let key = alice.sender.key();
    let (head, entry, opened) = alice.write("hello");
    let sealed = body(&entry);
    let foreign = |room, device| {
        let mut receiver = Receiver::from_key(room, device, &key).unwrap();
        assert_eq!(receiver.open(&head, sealed), Err(ReceiverError::Foreign));
    };
    foreign(ELSEWHERE, alice.keys.id());
    foreign(ROOM, mallory.id());
    let mut other = Receiver::from_key(ROOM, alice.keys.id(), &Sender::new(0).key()).unwrap();
    assert_eq!(other.open(&head, sealed), Err(ReceiverError::Foreign));
    // Said again under another head: in another room, by another device, at another place, of another text.
    let mut bob = Receiver::from_key(ROOM, alice.keys.id(), &key).unwrap();
    for bent in [
        Head { room: ELSEWHERE, ..head.clone() },
        Head { device: mallory.id(), ..head.clone() },
        Head { session: [7; 32], ..head.clone() },
    ] {
        assert_eq!(bob.open(&bent, sealed), Err(ReceiverError::Foreign));
    }
    for bent in [Head { index: 1, ..head.clone() }, Head { digest: [0; 32], ..head.clone() }] {
        assert_eq!(bob.open(&bent, sealed), Err(ReceiverError::Decrypt));
    }
    let mut dirt = sealed.to_vec();
    dirt[20] ^= 1;
    assert_eq!(bob.open(&head, &dirt), Err(ReceiverError::Decrypt));
    // A field of protobuf that nobody knows: the library drops it before it checks anything.
    let mut second = sealed.to_vec();
    second.splice(sealed.len() - 96..sealed.len() - 96, [0x7a, 0x01, 0x00]);
    assert_eq!(bob.open(&head, &second), Err(ReceiverError::Decrypt), "a second form");
    assert_eq!(bob.open(&head, sealed).unwrap().as_slice(), body(&opened), "no failure cost anything");
    assert_eq!(bob.open(&head, sealed), Err(ReceiverError::Passed), "once");
}

#[test]
fn g5_a_seized_key_opens_nothing_that_was_opened_in_order() {
    let mut alice = Writer::new(1);
    let mut bob = alice.receiver();
    let said: Vec<_> = (0..5).map(|n| alice.write(&format!("{n}"))).collect();
    for (head, entry, opened) in &said[..3] {
        assert_eq!(bob.open(head, body(entry)).unwrap().as_slice(), body(opened));
    }
    // Out of order: the key must wait for the one that is missing.
    bob.open(&said[4].0, body(&said[4].1)).unwrap();
    assert_eq!(bob.first_index(), 3);
    let seized = bob.to_bytes().unwrap();
    for (head, entry, _) in said.iter().take(3).chain(&said[4..]) {
        let mut thief = Receiver::from_bytes(&seized).unwrap();
        assert_eq!(thief.open(head, body(entry)), Err(ReceiverError::Passed));
    }
    // The library itself has no key left for the first three either.
    let mut raw = raw_session(&seized);
    for (_, entry, _) in &said[..3] {
        assert!(raw.decrypt(&vodozemac::megolm::MegolmMessage::from_bytes(body(entry)).unwrap()).is_err());
    }
    bob.open(&said[3].0, body(&said[3].1)).unwrap();
    assert_eq!(bob.first_index(), 5);
    let mut raw = raw_session(&bob.to_bytes().unwrap());
    for (_, entry, _) in &said {
        assert!(raw.decrypt(&vodozemac::megolm::MegolmMessage::from_bytes(body(entry)).unwrap()).is_err());
    }
}

/// vodozemac's session out of a stored receiver, as a thief would take it.
fn raw_session(stored: &[u8]) -> vodozemac::megolm::InboundGroupSession {
    let from = stored.iter().position(|byte| *byte == b'{').unwrap();
    let mut json = serde_json::Deserializer::from_slice(&stored[from..]);
    let pickle = serde::Deserialize::deserialize(&mut json).unwrap();
    vodozemac::megolm::InboundGroupSession::from_pickle(pickle)
}

#[test]
fn g2_who_holds_every_old_key_opens_nothing_of_a_new_session() {
    let mut alice = Writer::new(1);
    let old = [alice.sender.key(), {
        alice.write("old");
        alice.sender.key()
    }];
    alice.sender = Sender::new(1);
    let (head, entry, _) = alice.write("new");
    for key in old {
        let mut removed = Receiver::from_key(ROOM, alice.keys.id(), &key).unwrap();
        assert_eq!(removed.open(&head, body(&entry)), Err(ReceiverError::Foreign));
        let bent = Head { session: removed.session_id(), index: removed.first_index(), ..head.clone() };
        assert_eq!(removed.open(&bent, body(&entry)), Err(ReceiverError::Decrypt));
    }
}

#[test]
fn a_newcomer_opens_what_comes_and_nothing_before() {
    let mut alice = Writer::new(1);
    let (before, sealed, _) = alice.write("before");
    let mut carol = alice.receiver();
    assert_eq!(carol.open(&before, body(&sealed)), Err(ReceiverError::Passed));
    let (after, sealed, _) = alice.write("after");
    carol.open(&after, body(&sealed)).unwrap();
}

#[test]
fn an_index_that_came_by_another_road_lets_the_key_go_on() {
    let mut alice = Writer::new(1);
    let mut bob = alice.receiver();
    let (first, sealed, _) = alice.write("one");
    let (second, sealed_second, _) = alice.write("two");
    bob.open(&second, body(&sealed_second)).unwrap();
    bob.pass(0);
    assert_eq!(bob.first_index(), 2);
    assert_eq!(bob.open(&first, body(&sealed)), Err(ReceiverError::Passed));
    bob.pass(LAST_INDEX + 1);
    bob.pass(u32::MAX);
    assert_eq!(bob.first_index(), 2);
    bob.pass(LAST_INDEX);
    assert!(bob.is_passed(LAST_INDEX) && !bob.is_passed(LAST_INDEX - 1));
}

#[test]
fn a_key_that_is_none_is_refused() {
    let (device, key) = (keys(1).id(), Sender::new(0).key());
    assert_eq!(key.len(), KEY_BYTES);
    let refused = |key: &[u8]| matches!(Receiver::from_key(ROOM, device, key), Err(ReceiverError::Key));
    assert!(!refused(&key));
    assert!(refused(&[]) && refused(&key[1..]) && refused(&[&key[..], &[0]].concat()));
    for place in 0..key.len() {
        let mut bent = key.clone();
        bent[place] ^= 1;
        assert!(refused(&bent), "byte {place}");
    }
}

#[test]
fn nothing_secret_is_printed() {
    let alice = Writer::new(1);
    let said = format!("{:?} {:?}", alice.sender, alice.receiver());
    assert!(said.starts_with("Sender(index 0, 0 holders) Receiver("), "{said}");
    assert!(said.len() < 120, "{said}");
}

proptest! {
    #[test]
    fn in_any_order_each_opens_once_and_in_the_end_no_key_is_left(
        order in Just((0..24usize).collect::<Vec<_>>()).prop_shuffle(),
        again in proptest::collection::vec(0..24usize, 12),
    ) {
        let mut alice = Writer::new(1);
        let mut bob = alice.receiver();
        let said: Vec<_> = (0..24).map(|n| alice.write(&format!("{n}"))).collect();
        let mut opened = BTreeSet::new();
        for at in order.iter().flat_map(|at| [*at, again[at % again.len()]]) {
            let (head, entry, plain) = &said[at];
            let result = bob.open(head, body(entry));
            if opened.insert(at) {
                let said = result.unwrap();
                prop_assert_eq!(said.as_slice(), body(plain));
            } else {
                prop_assert_eq!(result, Err(ReceiverError::Passed));
            }
            let expected = (0..).take_while(|at| opened.contains(at)).count();
            prop_assert_eq!(bob.first_index() as usize, expected);
            bob = Receiver::from_bytes(&bob.to_bytes().unwrap()).unwrap();
        }
        prop_assert_eq!(bob.first_index(), 24);
    }
}
