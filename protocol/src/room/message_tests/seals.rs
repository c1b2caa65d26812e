use super::super::seal::{
    BOX_FRAME_BYTES, GOSSIP_FRAME_BYTES, GOSSIP_LARGEST, GOSSIP_SMALLEST, box_deposit, box_open, box_queue,
    box_seal, box_token, gossip_open, gossip_seal, rv, secret_id, topic,
};
use super::*;
use crate::ids::AccountId;
use crate::invite::{Invite, LinkError, LinkKind, link_kind};
use crate::mail::envelope::{self, LARGEST, SMALLEST, SealPair};
use proptest::prelude::*;

const SECRET: [u8; 32] = [1; 32];
const OTHER: [u8; 32] = [2; 32];
const NONCE: [u8; 24] = [3; 24];

#[test]
fn gossip_opens_with_its_secret_on_its_day_and_shows_a_padded_length() {
    for (bytes, length) in
        [(0, 512), (468, 512), (469, 1_024), (9_000, 16_384), (GOSSIP_FRAME_BYTES, GOSSIP_LARGEST)]
    {
        let frame = vec![7; bytes];
        let data = gossip_seal(&SECRET, 20_000, &NONCE, &frame).unwrap();
        assert_eq!(data.len(), length, "{bytes}");
        assert_eq!(gossip_open(&SECRET, 20_000, &data).as_ref(), Some(&frame));
        assert_eq!(gossip_open(&OTHER, 20_000, &data), None);
        assert_eq!(gossip_open(&SECRET, 20_001, &data), None, "said again the day after");
    }
    assert_eq!(gossip_seal(&SECRET, 1, &NONCE, &vec![0; GOSSIP_FRAME_BYTES + 1]), None);
    assert_eq!(GOSSIP_LARGEST, crate::engine::net::GOSSIP_BYTES, "what the network takes");
}

#[test]
fn what_lies_in_a_rooms_mailbox_has_the_form_of_an_envelope() {
    for (bytes, length) in [(0, SMALLEST), (2_003, SMALLEST), (2_004, 4_096), (BOX_FRAME_BYTES, LARGEST)] {
        let frame = vec![7; bytes];
        let data = box_seal(&SECRET, &frame).unwrap();
        assert_eq!(data.len(), length, "{bytes}");
        assert_eq!(box_open(&SECRET, &data).as_ref(), Some(&frame));
        assert_eq!(box_open(&OTHER, &data), None);
        assert_eq!(data, box_seal(&SECRET, &frame).unwrap(), "left twice, it lies there once");
        assert_eq!(envelope::hint_of(&data), None, "no envelope of mail");
        assert!(envelope::open(&data, &SealPair::from_secret([6; 32])).is_err());
    }
    assert_eq!(box_seal(&SECRET, &vec![0; BOX_FRAME_BYTES + 1]), None);
    let nonce = |frame: &[u8]| box_seal(&SECRET, frame).unwrap()[1..25].to_vec();
    assert_ne!(nonce(b"a"), nonce(b"b"), "two frames never share one");
}

#[test]
fn not_one_byte_can_be_changed_and_no_second_form_is_opened() {
    let gossip = gossip_seal(&SECRET, 1, &NONCE, b"frame").unwrap();
    let boxed = box_seal(&SECRET, b"frame").unwrap();
    for place in 0..gossip.len() {
        let mut bent = gossip.clone();
        bent[place] ^= 1;
        assert_eq!(gossip_open(&SECRET, 1, &bent), None, "byte {place}");
    }
    for place in 0..boxed.len() {
        let mut bent = boxed.clone();
        bent[place] ^= 1;
        assert_eq!(box_open(&SECRET, &bent), None, "byte {place}");
    }
    for length in [0, 1, 24, 40, 511] {
        assert_eq!(gossip_open(&SECRET, 1, &gossip[..length]), None);
        assert_eq!(box_open(&SECRET, &boxed[..length]), None);
    }
    // Who has the secret may still not choose another length, or hide something in the padding.
    for (length, filler) in [(GOSSIP_SMALLEST, 1), (1_024, 0), (513, 0)] {
        let mut padded = [&5_u32.to_le_bytes()[..], b"frame"].concat();
        padded.resize(length - 41, 0);
        padded.push(filler);
        let sealed = seal_raw("room gossip", &[&SECRET, &1_u32.to_le_bytes()], &NONCE, &padded);
        assert_eq!(gossip_open(&SECRET, 1, &[&NONCE[..], &sealed].concat()), None, "{length}, {filler}");
    }
    let mut padded = [&5_u32.to_le_bytes()[..], b"frame"].concat();
    padded.resize(SMALLEST - 41, 0);
    let sealed = seal_raw("room box", &[&SECRET], &NONCE, &padded);
    assert_eq!(box_open(&SECRET, &[&[2][..], &NONCE, &sealed].concat()), None, "another nonce");
    let sealed = seal_raw("room gossip", &[&SECRET, &1_u32.to_le_bytes()], &NONCE, &[0xff; 512 - 40]);
    assert_eq!(gossip_open(&SECRET, 1, &[&NONCE[..], &sealed].concat()), None, "a length that is a lie");
}

fn seal_raw(context: &str, parts: &[&[u8]], nonce: &[u8; 24], padded: &[u8]) -> Vec<u8> {
    use chacha20poly1305::aead::{Aead, KeyInit};
    use chacha20poly1305::{XChaCha20Poly1305, XNonce};
    let key = crate::kdf::derive(context, parts);
    XChaCha20Poly1305::new((&key).into()).encrypt(&XNonce::from(*nonce), padded).unwrap()
}

#[test]
fn everything_derived_from_a_secret_is_something_else() {
    let account = AccountId([5; 32]);
    let of = |secret: &[u8; 32]| {
        let queue = [box_queue(secret), [0; 16]].concat().try_into().unwrap();
        [
            *secret,
            secret_id(secret),
            topic(secret, 1),
            topic(secret, 2),
            rv(secret, &account),
            rv(secret, &AccountId([6; 32])),
            box_token(secret),
            box_deposit(secret),
            queue,
        ]
    };
    let all: BTreeSet<[u8; 32]> = of(&SECRET).into_iter().chain(of(&OTHER)).collect();
    assert_eq!(all.len(), 18);
}

fn link() -> RoomLink {
    let invite = Invite {
        root: crate::identity::Seed::from_entropy([2; 32]).root().account(),
        secret: [7; 32],
        hints: vec!["/ip4/192.0.2.2/udp/4001/quic-v1".to_owned()],
    };
    RoomLink { invite, room: ROOM, name: "Käse & Brot".to_owned() }
}

#[test]
fn a_room_link_comes_back_however_it_was_copied_and_says_what_it_is() {
    let text = link().to_link();
    assert_eq!(RoomLink::from_link(&text), Ok(link()));
    assert_eq!(RoomLink::from_link(&text.to_uppercase()), Ok(link()));
    let (start, rest) = text.split_at(40);
    assert_eq!(RoomLink::from_link(&format!(" {start}\n{rest}")), Ok(link()));
    assert_eq!(link_kind(&text), Ok(LinkKind::Room));
    let other = LinkError::OtherKind { found: LinkKind::Room, wanted: LinkKind::Invite };
    assert_eq!(Invite::from_link(&text), Err(other));
    let other = LinkError::OtherKind { found: LinkKind::Invite, wanted: LinkKind::Room };
    assert_eq!(RoomLink::from_link(&link().invite.to_link()), Err(other));
    let debug = format!("{:?}", link());
    assert!(!debug.contains("7, 7, 7"), "{debug}");
}

#[test]
fn a_damaged_or_forged_room_link_is_refused() {
    let text = link().to_link();
    for place in 9..text.len() {
        let mut bent = text.clone().into_bytes();
        bent[place] = if bent[place] == b'a' { b'b' } else { b'a' };
        assert_eq!(RoomLink::from_link(&String::from_utf8(bent).unwrap()), Err(LinkError::Damaged));
    }
    let body = |root: &[u8; 32], name: &[u8], length: u16, rest: &[u8]| {
        [&root[..], &[7; 32], &ROOM.0, &length.to_le_bytes(), name, rest].concat()
    };
    let root = link().invite.root.0;
    let read = |body: Vec<u8>| RoomLink::from_link(&crate::invite::link::write(2, 1, &body));
    assert!(read(body(&root, b"abc", 3, &[])).is_ok());
    for bent in [
        body(&root, b"abc", 2, &[]),
        body(&root, b"abc", 4, &[]),
        body(&root, b" a\nc", 4, &[]),
        body(&root, &[0xff], 1, &[]),
        body(&root, b"abc", 3, &[0xff]),
        body(&[0; 32], b"abc", 3, &[]),
        body(&root, b"abc", 3, &[])[..97].to_vec(),
    ] {
        assert_eq!(read(bent), Err(LinkError::Content));
    }
    let newer = crate::invite::link::write(2, 2, &body(&root, b"abc", 3, &[]));
    assert_eq!(RoomLink::from_link(&newer), Err(LinkError::Version { found: 2 }));
}

#[test]
fn a_link_to_a_room_with_the_worst_of_names_can_be_read() {
    for name in ["\u{1d54f}\u{301}\u{302}\u{303}".repeat(99), " \u{202e}x\n".to_owned(), String::new()] {
        let read = RoomLink::from_link(&RoomLink { name: name.clone(), ..link() }.to_link()).unwrap();
        assert_eq!(read.name, crate::text::clean_name(&name));
    }
}

proptest! {
    #[test]
    fn any_frame_comes_back(frame in proptest::collection::vec(any::<u8>(), 0..3_000), secret: [u8; 32], day: u32, nonce: [u8; 24]) {
        let data = gossip_seal(&secret, day, &nonce, &frame).unwrap();
        prop_assert!(data.len().is_power_of_two() && data.len() >= 512);
        prop_assert_eq!(gossip_open(&secret, day, &data), Some(frame.clone()));
        prop_assert_eq!(box_open(&secret, &box_seal(&secret, &frame).unwrap()), Some(frame.clone()));
        prop_assert_eq!(gossip_open(&secret, day, &frame), None);
        prop_assert_eq!(box_open(&secret, &frame), None);
    }
}
