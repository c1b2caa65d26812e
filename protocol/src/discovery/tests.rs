//! Records: what holds, what is refused, what they tell.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use crate::kdf;
use crate::wire::{self, Signed};
use proptest::prelude::*;
use std::collections::BTreeSet;

const NONCE: [u8; 24] = [9; 24];

fn slot(rv: u8, device: Option<u8>, day: u32) -> Slot {
    let who = device.map_or(SlotOwner::Account, |id| SlotOwner::Device(DeviceId([id; 16])));
    Slot { rv: [rv; 32], who, day }
}

/// Something signed whose encoding has `bytes` bytes. Records do not look into cards.
fn card(bytes: usize) -> Signed {
    let mut card = Signed { body: vec![7; bytes.saturating_sub(68)], sig: [3; 64] };
    while wire::encode(&card).unwrap().len() > bytes {
        card.body.pop();
    }
    assert_eq!(wire::encode(&card).unwrap().len(), bytes);
    card
}

fn record(slot: &Slot, made: u32) -> Record {
    seal(slot, Made(made), &NONCE, &card(900)).unwrap()
}

#[test]
fn a_record_comes_back_to_who_knows_the_slot() {
    for (bytes, length) in [(900, 4_096), (3_952, 4_096), (3_953, 8_192), (8_048, 8_192)] {
        let slot = slot(1, Some(2), 20_000);
        let record = seal(&slot, Made(86_400), &NONCE, &card(bytes)).unwrap();
        assert_eq!(record.value.len(), length);
        assert_eq!(record.key, key(&slot));
        assert_eq!(check(&record.key, &record.value), Ok(Made(86_400)));
        assert_eq!(open(&slot, &record.value), Ok(card(bytes)));
    }
    assert_eq!(seal(&slot(1, None, 1), Made(0), &NONCE, &card(8_049)), Err(RecordError::Length));
}

#[test]
fn times_that_cannot_be_are_refused() {
    let slot = slot(1, None, 20_000);
    for made in [5, MADE_MAX_S + MADE_STEP_S, u32::MAX] {
        assert_eq!(seal(&slot, Made(made), &NONCE, &card(900)), Err(RecordError::Made));
        let mut record = record(&slot, 0);
        record.value[96..100].copy_from_slice(&made.to_be_bytes());
        assert_eq!(check(&record.key, &record.value), Err(RecordError::Made));
    }
    assert!(seal(&slot, Made(MADE_MAX_S), &NONCE, &card(900)).is_ok());
}

#[test]
fn who_saw_a_record_can_write_none_under_its_key() {
    let slot = slot(1, None, 20_000);
    let real = record(&slot, 100);
    // A later time without a new signature, a record of another slot, and one that is signed with another key.
    let mut later = real.clone();
    later.value[96..100].copy_from_slice(&200_u32.to_be_bytes());
    assert_eq!(check(&real.key, &later.value), Err(RecordError::Signature));
    let other = record(&self::slot(2, None, 20_000), 200);
    assert_eq!(check(&real.key, &other.value), Err(RecordError::Key));
    assert_eq!(open(&slot, &other.value), Err(RecordError::Key));
    let mut signed_by_another = other.clone();
    signed_by_another.value[..32].copy_from_slice(&real.value[..32]);
    assert_eq!(check(&real.key, &signed_by_another.value), Err(RecordError::Signature));
    // A key of small order, for which signatures could be made up.
    let mut weak = real.clone();
    weak.value[..32].fill(0);
    weak.value[32..96].fill(0);
    assert_eq!(check(&kdf::derive("card key", &[&[0; 32]]), &weak.value), Err(RecordError::Signature));
}

#[test]
fn a_second_form_of_the_same_card_is_refused() {
    let slot = slot(1, None, 20_000);
    let signer = ed25519_dalek::SigningKey::from_bytes(&kdf::derive(
        "record key",
        &[&slot.rv, &slot.who.bytes(), &slot.day.to_le_bytes()],
    ));
    let enc = kdf::derive("card enc", &[&slot.rv, &slot.who.bytes(), &slot.day.to_le_bytes()]);
    let make = |padded: &[u8]| {
        use chacha20poly1305::aead::{Aead, KeyInit};
        let cipher = chacha20poly1305::XChaCha20Poly1305::new(&enc.into());
        let ciphertext = cipher.encrypt(&NONCE.into(), padded).unwrap();
        let public = signer.verifying_key().to_bytes();
        let body = [&public[..], &[0; 4], &NONCE, &ciphertext].concat();
        let sig = kdf::sign(&signer, "record", &body);
        [&public[..], &sig, &[0; 4], &NONCE, &ciphertext].concat()
    };
    let encoded = wire::encode(&card(900)).unwrap();
    let mut padded = [&900_u32.to_le_bytes()[..], &encoded].concat();
    padded.resize(4_096 - 140, 0);
    assert_eq!(make(&padded), seal(&slot, Made(0), &NONCE, &card(900)).unwrap().value);
    let mut longer = padded.clone();
    longer.resize(8_192 - 140, 0);
    let mut dirty = padded.clone();
    *dirty.last_mut().unwrap() = 1;
    let mut endless = padded.clone();
    endless[..4].fill(0xff);
    let mut inside = padded;
    inside[4..904].fill(0xff);
    for padded in [longer, dirty, endless, inside] {
        let value = make(&padded);
        assert!(check(&key(&slot), &value).is_ok());
        assert_eq!(open(&slot, &value), Err(RecordError::Content));
    }
}

/// How many bits two keys share beyond half: 256 fair coins stay within 64 of 128 with all but certainty (8 sigma).
fn look_unrelated(a: &[u8], b: &[u8]) -> bool {
    let equal: u32 = a.iter().zip(b).map(|(a, b)| (!(a ^ b)).count_ones()).sum();
    (64..=192).contains(&equal)
}

#[test]
fn m1_records_of_one_contact_show_nothing_in_common() {
    // Two devices and the account, on forty days, each with the same card, time and nonce.
    let mut seen: Vec<([u8; 32], Vec<u8>)> = Vec::new();
    for day in 20_000..20_040 {
        for device in [None, Some(1), Some(2)] {
            let record = record(&slot(1, device, day), 100);
            seen.push((record.key, record.value));
        }
    }
    let unrelated = |a: &[u8], b: &[u8]| look_unrelated(a, b) && a[..4] != b[..4];
    for (at, (key, value)) in seen.iter().enumerate() {
        assert!(look_unrelated(key, &value[..32]));
        for (other_key, other) in &seen[at + 1..] {
            assert!(unrelated(key, other_key), "keys");
            assert!(unrelated(&value[..32], &other[..32]), "public keys");
            assert!(unrelated(&value[32..64], &other[32..64]), "signatures");
            assert!(unrelated(&value[124..156], &other[124..156]), "ciphertexts");
        }
    }
    assert_eq!(seen.iter().map(|(key, _)| key).collect::<BTreeSet<_>>().len(), seen.len());
}

proptest! {
    #[test]
    fn any_bytes_are_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..300), length in 0..3_usize) {
        let mut value = bytes;
        if let Some(length) = RECORD_BYTES.get(length) {
            value.resize(*length, 0);
        }
        prop_assert!(check(&[0; 32], &value).is_err());
        prop_assert!(open(&slot(1, None, 1), &value).is_err());
    }

    #[test]
    fn no_changed_record_holds(place in 0..4_096_usize, change in 1..=255_u8) {
        let slot = slot(1, None, 20_000);
        let mut record = record(&slot, 100);
        record.value[place] ^= change;
        prop_assert!(check(&record.key, &record.value).is_err());
        prop_assert!(open(&slot, &record.value).is_err());
    }
}
