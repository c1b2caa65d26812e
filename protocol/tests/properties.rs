//! Laws over arbitrary input: W2 (mutations never panic), W3 (strict decoding), W4 (unknown parts pass), W5 (bombs),
//! and that no changed signature holds (I13).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{ack, content, frame, invite, part, person, request};
use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use starling_protocol::identity::{Card, Manifest};
use starling_protocol::invite::Request;
use starling_protocol::rng::Rng;
use starling_protocol::wire::{self, Frame, Signed, WireError};

/// Mutations of each type's golden bytes.
const MUTATIONS: u32 = 20_000;

/// One random change: a flipped bit, a new byte, a cut, an insertion, or a length that promises too much.
fn mutate(rng: &mut Rng, bytes: &mut Vec<u8>) {
    let place = usize::try_from(rng.below(bytes.len() as u64)).unwrap();
    match rng.below(6) {
        0 => bytes[place] ^= 1 << rng.below(8),
        1 => bytes[place] = rng.bytes::<1>()[0],
        2 => bytes.truncate(place),
        3 => bytes.insert(place, rng.bytes::<1>()[0]),
        4 => bytes[place] = 251 + u8::try_from(rng.below(5)).unwrap(),
        _ => drop(bytes.splice(place..place, [0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
    }
}

fn law<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> bool {
    wire::decode::<T>(bytes).is_ok_and(|value| {
        assert_eq!(wire::encode(&value).unwrap(), bytes, "W3");
        true
    })
}

fn mutations_of<T: Serialize + DeserializeOwned>(value: &T) {
    let golden = wire::encode(value).unwrap();
    assert!(law::<T>(&golden));
    let mut rng = Rng::from_number(golden.len() as u64);
    for _ in 0..MUTATIONS {
        let mut bytes = golden.clone();
        for _ in 0..=rng.below(3) {
            if !bytes.is_empty() {
                mutate(&mut rng, &mut bytes);
            }
        }
        law::<T>(&bytes);
    }
}

#[test]
fn w2_w3_mutated_bytes_are_an_answer() {
    let alice = person(1);
    mutations_of(&frame());
    mutations_of(&alice.signed_manifest());
    mutations_of(&alice.manifest());
    mutations_of(&alice.card());
    mutations_of(&request());
    mutations_of(&content());
    mutations_of(&part());
    mutations_of(&ack());
    mutations_of(&common::room_entry().0);
    mutations_of(&common::room_entry().1);
    mutations_of(&common::room_have());
}

#[test]
fn i13_no_changed_bytes_keep_their_signature() {
    let alice = person(1);
    let (invite, signed_request) = (invite(), request().sign(&alice.keys).unwrap());
    let mut rng = Rng::from_number(13);
    let mut changed = |signed: &Signed| {
        let mut bytes = wire::encode(signed).unwrap();
        mutate(&mut rng, &mut bytes);
        wire::decode::<Signed>(&bytes).ok().filter(|mutated| mutated != signed)
    };
    for _ in 0..2_000 {
        assert!(changed(&alice.signed_manifest()).is_none_or(|signed| Manifest::open(&signed).is_err()));
        assert!(changed(&alice.signed_card()).is_none_or(|signed| Card::open(&signed).is_err()));
        assert!(changed(&signed_request).is_none_or(|signed| Request::open(&signed, &invite).is_err()));
    }
}

#[test]
fn i13_a_second_form_of_a_signature_is_refused() {
    let mut signed = person(1).signed_manifest();
    // s + L is the same scalar and another encoding.
    const L: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0;
    for (place, add) in L.iter().enumerate() {
        let sum = u16::from(signed.sig[32 + place]) + u16::from(*add) + carry;
        signed.sig[32 + place] = u8::try_from(sum & 0xff).unwrap();
        carry = sum >> 8;
    }
    assert!(Manifest::open(&signed).is_err());
}

#[test]
fn w4_unknown_kinds_and_parts_pass_unchanged() {
    let unknown = Frame { v: 9, kind: u16::MAX, body: vec![0; 100] };
    assert_eq!(Frame::unpack(&wire::encode(&unknown).unwrap()).unwrap(), unknown);
    let alice = person(1);
    let mut manifest = alice.manifest();
    manifest.ext = vec![(4_000, vec![9; 50]), (2, Vec::new())];
    let signed = alice.root.sign_manifest(&manifest).unwrap();
    assert_eq!(Manifest::open(&signed).unwrap(), manifest);
}

#[test]
fn w5_bombs_are_errors() {
    let bomb = [0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    assert!(wire::decode::<Vec<u8>>(&bomb).is_err());
    assert!(wire::decode::<Vec<u64>>(&bomb).is_err());
    assert!(wire::decode::<String>(&bomb).is_err());
    assert!(wire::decode::<Vec<(u16, Vec<u8>)>>(&bomb).is_err());
    let in_frame = [&[1, 1][..], &bomb].concat();
    assert!(Frame::unpack(&in_frame).is_err());
    assert!(matches!(wire::decode::<Vec<u8>>(&vec![0; 300_000]), Err(WireError::TooLarge { .. })));
    assert!(matches!(Frame::unpack(&vec![0; 65_537]), Err(WireError::TooLarge { .. })));
    assert!(matches!(Frame::pack(1, &vec![0_u8; 65_536]), Err(WireError::TooLarge { .. })));
    // Long forms of small numbers, and bytes behind the value.
    assert_eq!(wire::decode::<u64>(&[0xfb, 5, 0]), Err(WireError::NotCanonical));
    assert_eq!(wire::decode::<u64>(&[5, 0]), Err(WireError::NotCanonical));
    assert_eq!(wire::decode::<Option<u8>>(&[2]), Err(WireError::Malformed));
    assert_eq!(wire::decode::<String>(&[2, 0xc3, 0x28]), Err(WireError::Malformed));
}

proptest! {
    #[test]
    fn w3_any_bytes_are_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        law::<Frame>(&bytes);
        law::<Signed>(&bytes);
        law::<Manifest>(&bytes);
        law::<Card>(&bytes);
        law::<Request>(&bytes);
    }

    #[test]
    fn frames_come_back(kind in any::<u16>(), body in prop::collection::vec(any::<u8>(), 0..5_000)) {
        let bytes = Frame::pack(kind, &body).unwrap();
        let frame = Frame::unpack(&bytes).unwrap();
        prop_assert_eq!((frame.v, frame.kind), (1, kind));
        prop_assert_eq!(wire::decode::<Vec<u8>>(&frame.body).unwrap(), body);
    }
}
