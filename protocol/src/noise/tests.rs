//! Tests of the streams: N1 to N3, N5, N6 and vectors with fixed keys.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::handshake::Ends;
use super::kem::{CIPHERTEXT_BYTES, HybridKem, KEY_BYTES, XWing};
use super::*;
use crate::identity::{DeviceKeys, Seed};
use crate::invite::Invite;
use crate::limits::FRAME_BYTES;
use crate::rng::Rng;
use data_encoding::HEXLOWER;
use proptest::prelude::*;
use zeroize::Zeroizing;

const ALICE_PEER: &[u8] = b"peer of alice";
const BOB_PEER: &[u8] = b"peer of bob";

fn keys(number: u8) -> DeviceKeys {
    DeviceKeys::from_entropy([number; 64])
}

fn first_message(to: &DeviceKeys) -> (live::Initiator, Vec<u8>) {
    live::Initiator::start(keys(1).noise_secret(), &to.noise_public(), ALICE_PEER, BOB_PEER).unwrap()
}

fn read(message: &[u8]) -> Result<live::Responder, NoiseError> {
    live::Responder::read(keys(2).noise_secret(), ALICE_PEER, BOB_PEER, message)
}

/// Alice, who called, and bob, who answered.
fn live_pair() -> (Transport, Transport) {
    let (initiator, first) = first_message(&keys(2));
    let (bob, second) = read(&first).unwrap().answer().unwrap();
    (initiator.finish(&second).unwrap(), bob)
}

fn invite_of_bob() -> Invite {
    Invite { root: Seed::from_entropy([2; 32]).root().account(), secret: [7; 32], hints: Vec::new() }
}

/// Sends one frame and gives what comes out at the other end.
fn carry(from: &mut Transport, to: &mut Transport, frame: &[u8]) -> Vec<u8> {
    let messages = from.seal(frame).unwrap();
    let (last, before) = messages.split_last().unwrap();
    for message in before {
        assert_eq!(to.open(message).unwrap(), None);
    }
    to.open(last).unwrap().unwrap()
}

#[test]
fn devices_that_know_each_other_talk() {
    let (initiator, first) = first_message(&keys(2));
    assert_eq!(first.len(), live::FIRST_BYTES);
    let responder = read(&first).unwrap();
    assert_eq!(responder.remote_static(), &keys(1).noise_public());
    let (mut bob, second) = responder.answer().unwrap();
    assert_eq!((first.len(), second.len()), (1_312, 1_168));
    let mut alice = initiator.finish(&second).unwrap();
    assert_eq!(carry(&mut alice, &mut bob, b"hello bob"), b"hello bob");
    assert_eq!(carry(&mut bob, &mut alice, b"hello alice"), b"hello alice");
    assert_eq!(alice.bytes_moved(), 2 * (256 + 16));
    assert_eq!(alice.bytes_moved(), bob.bytes_moved());
}

#[test]
fn n1_a_message_for_somebody_else_is_not_answered() {
    let (_, for_carol) = first_message(&keys(3));
    assert_eq!(read(&for_carol).unwrap_err(), NoiseError::Decrypt);
    let (_, first) = first_message(&keys(2));
    let swapped = live::Responder::read(keys(2).noise_secret(), BOB_PEER, ALICE_PEER, &first);
    assert_eq!(swapped.unwrap_err(), NoiseError::Decrypt);
    // The same bytes in sum, divided otherwise.
    let moved = live::Responder::read(keys(2).noise_secret(), b"peer of alic", b"epeer of bob", &first);
    assert_eq!(moved.unwrap_err(), NoiseError::Decrypt);
    for length in [0, 31, 32, live::FIRST_BYTES - 1] {
        assert_eq!(read(&first[..length]).unwrap_err(), NoiseError::Length);
    }
    assert_eq!(read(&[&first[..], &[0]].concat()).unwrap_err(), NoiseError::Length);
}

#[test]
fn n1_an_answer_that_was_changed_fails() {
    for place in
        [0, 500, CIPHERTEXT_BYTES - 40, CIPHERTEXT_BYTES - 1, CIPHERTEXT_BYTES, live::SECOND_BYTES - 1]
    {
        let (initiator, first) = first_message(&keys(2));
        let (_, mut second) = read(&first).unwrap().answer().unwrap();
        second[place] ^= 1;
        assert!(matches!(initiator.finish(&second), Err(NoiseError::Decrypt | NoiseError::Key)), "{place}");
    }
    // Carol's answer to the same first message.
    let (initiator, first) = first_message(&keys(2));
    let carol = live::Responder::read(keys(3).noise_secret(), ALICE_PEER, BOB_PEER, &first);
    assert!(carol.is_err());
    assert_eq!(initiator.finish(&[9; 100]).unwrap_err(), NoiseError::Length);
}

#[test]
fn n2_mutated_first_messages_are_only_refused() {
    let mut rng = Rng::from_number(2);
    let (_, first) = first_message(&keys(2));
    let mut accepted = 0;
    for round in 0..100_000_u32 {
        let mut message = first.clone();
        match round % 8 {
            // The key exchange is the expensive part, so it is reached by one message in eight.
            0 => {
                let place = usize::try_from(rng.below(message.len() as u64)).unwrap();
                message[place] ^= 1 << rng.below(8);
            }
            1..=3 => message.truncate(usize::try_from(rng.below(message.len() as u64)).unwrap()),
            4 => message.extend_from_slice(&rng.bytes::<9>()),
            5 => message[..32].fill(0),
            6 => message[..32].copy_from_slice(&low_order(round)),
            _ => {
                // Not canonical, so refused without work.
                message[31] |= 0x80;
            }
        }
        accepted += u32::from(read(&message).is_ok());
    }
    assert_eq!(accepted, 0);
    assert!(read(&first).is_ok());
}

#[test]
fn n3_the_responder_is_silent_until_the_initiator_has_spoken() {
    let (mut alice, mut bob) = live_pair();
    assert!(alice.may_send() && !bob.may_send());
    assert_eq!(bob.seal(b"early").unwrap_err(), NoiseError::TooEarly);
    // A replay of the first message gets no further: nothing valid follows it.
    assert_eq!(bob.open(&[0; 272]).unwrap_err(), NoiseError::Decrypt);
    assert_eq!(bob.seal(b"early").unwrap_err(), NoiseError::Ended);
    let (mut alice_again, mut bob_again) = live_pair();
    bob_again.open(&alice_again.seal(b"x").unwrap()[0]).unwrap();
    assert!(bob_again.may_send());
    assert!(alice.seal(b"still fine").is_ok());
    assert!(alice_again.open(&bob_again.seal(b"y").unwrap()[0]).unwrap().is_some());
}

/// One of the spellings of small order, by number.
fn low_order(number: u32) -> [u8; 32] {
    let mut key = [0; 32];
    match number % 4 {
        0 => {}
        1 => key[0] = 1,
        lowest => {
            key = [0xff; 32];
            key[0] = if lowest == 2 { 0xec } else { 0xee };
            key[31] = 0x7f;
        }
    }
    key
}

#[test]
fn n5_low_order_keys_are_refused() {
    for number in 0..4 {
        let low = low_order(number);
        let start = live::Initiator::start(keys(1).noise_secret(), &low, ALICE_PEER, BOB_PEER);
        assert_eq!(start.unwrap_err(), NoiseError::Key);

        let (initiator, first) = first_message(&keys(2));
        let mut bad = first.clone();
        bad[..32].copy_from_slice(&low);
        assert_eq!(read(&bad).unwrap_err(), NoiseError::Key);
        let (_, mut second) = read(&first).unwrap().answer().unwrap();
        second[CIPHERTEXT_BYTES..CIPHERTEXT_BYTES + 32].copy_from_slice(&low);
        assert_eq!(initiator.finish(&second).unwrap_err(), NoiseError::Key);

        let (initiator, first) = first_message(&keys(2));
        let (_, mut second) = read(&first).unwrap().answer().unwrap();
        second[CIPHERTEXT_BYTES - 32..CIPHERTEXT_BYTES].copy_from_slice(&low);
        assert_eq!(initiator.finish(&second).unwrap_err(), NoiseError::Key, "in the KEM");

        let (_, mut public) = XWing::generate().unwrap();
        public[KEY_BYTES - 32..].copy_from_slice(&low);
        assert_eq!(XWing::encapsulate(&public).unwrap_err(), NoiseError::Key);

        let invite = invite_of_bob();
        let (joiner, first) =
            invite::Joiner::start(keys(1).noise_secret(), &invite, ALICE_PEER, BOB_PEER).unwrap();
        let mut bad = first.clone();
        bad[..32].copy_from_slice(&low);
        let answer = |message: &[u8]| {
            invite::Inviter::answer(keys(2).noise_secret(), &invite, ALICE_PEER, BOB_PEER, message, b"card")
        };
        assert_eq!(answer(&bad).unwrap_err(), NoiseError::Key);
        let (_, mut second) = answer(&first).unwrap();
        second[..32].copy_from_slice(&low);
        assert_eq!(joiner.read(&second).unwrap_err(), NoiseError::Key);
    }
}

/// A caller whose static secret gives a public key of small order cannot exist in snow's terms, so the one who is
/// called is shown it by a state built around the check.
#[test]
fn n5_a_low_order_static_key_is_refused() {
    let bob = keys(2);
    let mut builder = snow::Builder::new("Noise_NN_25519_ChaChaPoly_BLAKE2s".parse().unwrap());
    builder = builder.prologue(b"").unwrap();
    let state = builder.build_initiator().unwrap();
    assert_eq!(handshake::remote_static(&state).unwrap_err(), NoiseError::Internal, "none was proven");
    for number in 0..4 {
        let low = low_order(number);
        let builder = snow::Builder::new("Noise_IK_25519_ChaChaPoly_BLAKE2s".parse().unwrap());
        let builder = builder.local_private_key(bob.noise_secret()).unwrap().remote_public_key(&low).unwrap();
        let state = builder.build_initiator().unwrap();
        assert_eq!(handshake::remote_static(&state).unwrap_err(), NoiseError::Key);
    }
}

#[test]
fn n6_frames_of_every_size_arrive() {
    let (mut alice, mut bob) = live_pair();
    for length in [1, 252, 253, 254, 509, 510, 32_765, 32_766, 65_530, 65_531, FRAME_BYTES] {
        let frame: Vec<u8> = (0..length).map(|place| u8::try_from(place % 251).unwrap()).collect();
        let messages = alice.seal(&frame).unwrap();
        assert_eq!(messages.len(), length.div_ceil(32_765), "{length}");
        for message in &messages {
            assert!((message.len() - 16).is_power_of_two() && (272..=32_784).contains(&message.len()));
        }
        let mut arrived = None;
        for message in messages {
            assert_eq!(arrived, None);
            arrived = bob.open(&message).unwrap();
        }
        assert_eq!(arrived, Some(frame));
    }
    assert_eq!(alice.seal(&vec![0; FRAME_BYTES + 1]).unwrap_err(), NoiseError::FrameSize);
    assert_eq!(alice.seal(b"").unwrap_err(), NoiseError::FrameSize);
    assert_eq!(carry(&mut alice, &mut bob, b"unharmed"), b"unharmed");
}

#[test]
fn a_lost_repeated_or_changed_message_ends_the_stream() {
    type Fault = fn(&mut Transport, Vec<u8>) -> Vec<u8>;
    let faults: [Fault; 4] = [
        |alice, _lost| alice.seal(b"second").unwrap().remove(0),
        |_, mut message| {
            message[100] ^= 4;
            message
        },
        |_, mut message| {
            message.pop();
            message
        },
        |_, message| [message, vec![0; 256]].concat(),
    ];
    for fault in faults {
        let (mut alice, mut bob) = live_pair();
        let message = alice.seal(b"first").unwrap().remove(0);
        assert!(matches!(
            bob.open(&fault(&mut alice, message)),
            Err(NoiseError::Decrypt | NoiseError::Length)
        ));
        let next = alice.seal(b"third").unwrap().remove(0);
        assert_eq!(bob.open(&next).unwrap_err(), NoiseError::Ended);
    }
    let (mut alice, mut bob) = live_pair();
    let message = alice.seal(b"once").unwrap().remove(0);
    assert!(bob.open(&message).is_ok());
    assert_eq!(bob.open(&message).unwrap_err(), NoiseError::Decrypt);
}

/// Seals plaintexts that an honest transport would not write.
fn open_plaintexts(plaintexts: &[Vec<u8>]) -> Result<Option<Vec<u8>>, NoiseError> {
    let (mut alice, mut bob) = live_pair();
    let mut last = Ok(None);
    for plaintext in plaintexts {
        last = bob.open(&alice.encrypt_for_test(plaintext));
        if last.is_err() {
            break;
        }
    }
    last
}

#[test]
fn hostile_plaintexts_are_refused() {
    let plaintext = |flags: u8, length: u16, total: usize| {
        let [low, high] = length.to_le_bytes();
        let mut bytes = vec![flags, low, high];
        bytes.resize((3 + usize::from(length)).min(total), 7);
        bytes.resize(total, 0);
        bytes
    };
    let full = plaintext(1, 32_765, 32_768);
    assert_eq!(open_plaintexts(&[plaintext(0, 5, 256)]), Ok(Some(vec![7; 5])));
    assert_eq!(open_plaintexts(&[plaintext(0, 5, 32_768)]), Ok(Some(vec![7; 5])), "more padding than needed");
    assert_eq!(open_plaintexts(&[plaintext(2, 5, 256)]), Err(NoiseError::Malformed), "unknown flag");
    assert_eq!(open_plaintexts(&[plaintext(0, 0, 256)]), Err(NoiseError::Malformed), "empty");
    assert_eq!(
        open_plaintexts(&[plaintext(0, 254, 256)]),
        Err(NoiseError::Malformed),
        "longer than the message"
    );
    assert_eq!(open_plaintexts(&[plaintext(0, u16::MAX, 256)]), Err(NoiseError::Malformed));
    assert_eq!(
        open_plaintexts(&[plaintext(1, 5, 256)]),
        Err(NoiseError::Malformed),
        "more after a small part"
    );
    assert_eq!(open_plaintexts(&[plaintext(0, 5, 255)]), Err(NoiseError::Length));
    assert_eq!(open_plaintexts(&[plaintext(0, 5, 128)]), Err(NoiseError::Length));
    assert_eq!(open_plaintexts(&[plaintext(0, 5, 300)]), Err(NoiseError::Length));
    assert_eq!(open_plaintexts(&[plaintext(0, 5, 65_519)]), Err(NoiseError::Length));
    let mut hidden = plaintext(0, 5, 256);
    hidden[255] = 1;
    assert_eq!(open_plaintexts(&[hidden]), Err(NoiseError::Malformed), "something behind the zeros");
    let endless = vec![full.clone(); 3];
    assert_eq!(open_plaintexts(&endless), Err(NoiseError::FrameSize), "a frame without end");
    assert_eq!(open_plaintexts(&[full.clone(), full, plaintext(0, 7, 256)]), Err(NoiseError::FrameSize));
}

#[test]
fn the_holder_of_an_invite_gets_the_card() {
    let invite = invite_of_bob();
    let card = vec![5; 9_000];
    let (joiner, first) =
        invite::Joiner::start(keys(1).noise_secret(), &invite, ALICE_PEER, BOB_PEER).unwrap();
    assert_eq!(first.len(), invite::FIRST_BYTES);
    let bob = keys(2);
    let (inviter, second) =
        invite::Inviter::answer(bob.noise_secret(), &invite, ALICE_PEER, BOB_PEER, &first, &card).unwrap();
    let ready = joiner.read(&second).unwrap();
    assert_eq!((ready.card(), ready.remote_static()), (&card[..], &bob.noise_public()));
    let (mut alice, third) = ready.finish().unwrap();
    assert_eq!(third.len(), invite::THIRD_BYTES);
    let (mut bob, who) = inviter.finish(&third).unwrap();
    assert_eq!(who, keys(1).noise_public());
    assert_eq!(carry(&mut bob, &mut alice, b"welcome"), b"welcome");
    assert_eq!(carry(&mut alice, &mut bob, b"thank you"), b"thank you");
}

#[test]
fn without_the_invite_nothing_is_said() {
    let (real, guessed) = (invite_of_bob(), Invite { secret: [8; 32], ..invite_of_bob() });
    let (_, first) = invite::Joiner::start(keys(1).noise_secret(), &guessed, ALICE_PEER, BOB_PEER).unwrap();
    let answer = |invite: &Invite, joiner: &[u8], message: &[u8], card: &[u8]| {
        invite::Inviter::answer(keys(2).noise_secret(), invite, joiner, BOB_PEER, message, card)
    };
    assert_eq!(answer(&real, ALICE_PEER, &first, b"card").unwrap_err(), NoiseError::Decrypt);
    let (joiner, first) = invite::Joiner::start(keys(1).noise_secret(), &real, ALICE_PEER, BOB_PEER).unwrap();
    assert_eq!(answer(&real, b"another peer", &first, b"card").unwrap_err(), NoiseError::Decrypt);
    assert_eq!(answer(&real, ALICE_PEER, &first[1..], b"card").unwrap_err(), NoiseError::Length);
    assert_eq!(answer(&real, ALICE_PEER, &first, &[0; 65_500]).unwrap_err(), NoiseError::FrameSize);
    let (inviter, second) = answer(&real, ALICE_PEER, &first, &vec![0; invite::CARD_BYTES]).unwrap();
    assert_eq!(second.len(), 65_535);
    let (_, mut third) = joiner.read(&second).unwrap().finish().unwrap();
    third[3] ^= 1;
    assert_eq!(inviter.finish(&third).unwrap_err(), NoiseError::Decrypt);
}

/// X-Wing out of an independent ML-KEM: secret expanded by SHAKE256, combined by SHA3-256 (draft-connolly-cfrg-xwing-kem).
#[test]
fn the_kem_agrees_with_another_implementation() {
    for number in 0..8_u8 {
        let secret = [number; 32];
        let public = kem::public_key(&secret);
        let (ciphertext, shared) = kem::encapsulate_from(&public, &[number ^ 0xff; 32]).unwrap();
        assert_eq!(XWing::decapsulate(&secret, &ciphertext).unwrap(), shared);

        let mut expanded = [0; 96];
        libcrux_sha3::shake256_ema(&mut expanded, &secret);
        let pair = libcrux_ml_kem::mlkem768::generate_key_pair(expanded[..64].try_into().unwrap());
        assert_eq!(pair.public_key().as_slice()[..], public[..1_184]);
        let ours: [u8; 1_088] = ciphertext[..1_088].try_into().unwrap();
        let inner = libcrux_ml_kem::mlkem768::decapsulate(pair.private_key(), &ours.into());
        let scalar: [u8; 32] = expanded[64..].try_into().unwrap();
        let scalar = x25519_dalek::StaticSecret::from(scalar);
        let point: [u8; 32] = ciphertext[1_088..].try_into().unwrap();
        let outer = scalar.diffie_hellman(&point.into());
        let combined = [&inner[..], outer.as_bytes(), &point, &public[1_184..], b"\\.//^\\"].concat();
        assert_eq!(libcrux_sha3::sha256(&combined), *shared, "{number}");
    }
}

#[test]
fn a_changed_ciphertext_gives_another_secret() {
    let (secret, public) = XWing::generate().unwrap();
    let (mut ciphertext, shared) = XWing::encapsulate(&public).unwrap();
    ciphertext[5] ^= 1;
    assert_ne!(XWing::decapsulate(&secret, &ciphertext).unwrap(), shared);
    assert_eq!(XWing::decapsulate(&secret, &ciphertext[1..]).unwrap_err(), NoiseError::Length);
    assert_eq!(XWing::encapsulate(&public[1..]).unwrap_err(), NoiseError::Key);
    assert_eq!(XWing::encapsulate(&[0xff; KEY_BYTES]).unwrap_err(), NoiseError::Key);
}

/// Both handshakes and a transport with every secret fixed, against `vectors/noise.json`.
#[test]
fn vectors_hold() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/noise.json");
    let found = serde_json::json!({ "live": live_vector(), "invite": invite_vector() });
    if std::env::var_os("STARLING_WRITE_VECTORS").is_some() {
        std::fs::write(path, serde_json::to_string_pretty(&found).unwrap() + "\n").unwrap();
    }
    let expected: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(found, expected);
}

fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

fn live_vector() -> serde_json::Value {
    let (alice, bob) = (keys(1), keys(2));
    let ends = Ends { initiator_peer: ALICE_PEER, responder_peer: BOB_PEER };
    let (kem_secret, kem_seed) = (Zeroizing::new([5; 32]), [6; 32]);
    let (initiator, first) = live::Initiator::start_from(
        alice.noise_secret(),
        &bob.noise_public(),
        ends,
        kem_secret.clone(),
        Some(&[3; 32]),
    )
    .unwrap();
    let responder = live::Responder::read_from(bob.noise_secret(), ends, &first, Some(&[4; 32])).unwrap();
    let kem_public = kem::public_key(&kem_secret);
    let (ciphertext, shared) = kem::encapsulate_from(&kem_public, &kem_seed).unwrap();
    let (mut bob_end, second) = responder.answer_with(ciphertext.clone(), &shared).unwrap();
    let mut alice_end = initiator.finish(&second).unwrap();
    let hello = alice_end.seal(b"hello bob").unwrap();
    assert_eq!(bob_end.open(&hello[0]).unwrap().unwrap(), b"hello bob");
    let answer = bob_end.seal(&[0x61; 300]).unwrap();
    serde_json::json!({
        "initiator_peer": hex(ALICE_PEER), "responder_peer": hex(BOB_PEER),
        "initiator_static_secret": hex(alice.noise_secret()), "responder_static_secret": hex(bob.noise_secret()),
        "initiator_ephemeral_secret": hex(&[3; 32]), "responder_ephemeral_secret": hex(&[4; 32]),
        "kem_secret": hex(kem_secret.as_slice()), "kem_ciphertext": hex(&ciphertext), "kem_shared": hex(shared.as_slice()),
        "first": hex(&first), "second": hex(&second),
        "frame_of_9": hex(b"hello bob"), "message_of_9": hex(&hello[0]),
        "frame_of_300": hex(&[0x61; 300]), "message_of_300": hex(&answer[0]),
    })
}

fn invite_vector() -> serde_json::Value {
    let (alice, bob, invite) = (keys(1), keys(2), invite_of_bob());
    let ends = Ends { initiator_peer: ALICE_PEER, responder_peer: BOB_PEER };
    let (joiner, first) =
        invite::Joiner::start_from(alice.noise_secret(), &invite, ends, Some(&[3; 32])).unwrap();
    let (inviter, second) =
        invite::Inviter::answer_from(bob.noise_secret(), &invite, ends, &first, b"card", Some(&[4; 32]))
            .unwrap();
    let (mut alice_end, third) = joiner.read(&second).unwrap().finish().unwrap();
    inviter.finish(&third).unwrap();
    serde_json::json!({
        "joiner_peer": hex(ALICE_PEER), "inviter_peer": hex(BOB_PEER), "secret": hex(&invite.secret),
        "tag": hex(&invite.tag(ALICE_PEER, BOB_PEER)), "psk": hex(invite.stream_key().as_slice()),
        "joiner_static_secret": hex(alice.noise_secret()), "inviter_static_secret": hex(bob.noise_secret()),
        "joiner_ephemeral_secret": hex(&[3; 32]), "inviter_ephemeral_secret": hex(&[4; 32]),
        "card": hex(b"card"), "first": hex(&first), "second": hex(&second), "third": hex(&third),
        "frame": hex(b"hello"), "message": hex(&alice_end.seal(b"hello").unwrap()[0]),
    })
}

proptest! {
    #[test]
    fn any_frame_arrives(frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..3_000), 1..6)) {
        let (mut alice, mut bob) = live_pair();
        for frame in frames {
            prop_assert_eq!(&carry(&mut alice, &mut bob, &frame), &frame);
            prop_assert_eq!(&carry(&mut bob, &mut alice, &frame), &frame);
        }
    }

    #[test]
    fn any_plaintext_is_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut bytes = bytes;
        bytes.resize(512, 0);
        let _ = open_plaintexts(&[bytes]);
    }
}
