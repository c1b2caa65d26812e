//! What somebody sees who sees every record of a network for days: nothing that names anybody, and nothing that ties
//! one day's records to the next's.

use starling_protocol::engine::Command;
use starling_protocol::testing::{Capture, Dht};
use starling_tests::sim::finding::Finding;
use std::collections::{BTreeMap, BTreeSet};

const PEOPLE: usize = 10;
/// Of them, how many are there all the time; the others are for two hours of twelve, each time elsewhere.
const ALWAYS: usize = 3;
const HOUR_MS: u64 = 3_600_000;
/// Bits that two of some thousand random keys may share in front: 2·log2 of their number is 24.
const CHANCE_BITS: u32 = 40;

/// Ten people over three days, with moves and restarts; everything they publish.
fn three_days() -> (Finding, Vec<Capture>, Vec<Vec<u8>>) {
    let mut dht = Dht::new(60, 1);
    // Few holders: what is published is the same, and the days go by faster.
    (dht.tick_ms, dht.width) = (60_000, 8);
    let mut world = Finding::new(PEOPLE, dht, 50);
    let mut names = Vec::new();
    for index in 0..PEOPLE {
        let name = format!("a rather long name {index}");
        let named = world.world.command(index, Command::SetName { name: name.clone() });
        assert!(named.is_ok(), "{named:?}");
        names.push(name.into_bytes());
        world.world.invite(index, 2, true);
    }
    // The names are told before nobody can be reached any more.
    world.world.run(60_000);
    world.world.dht_capture = Some(Vec::new());
    // Nobody answers anybody: what is seen is what looking and publishing alone shows, at its most.
    world.world.deaf = (0..PEOPLE).collect();
    let mut secrets = names;
    for round in 0..6 {
        for index in 0..PEOPLE {
            if index >= ALWAYS {
                world.come_back(index);
            } else if index == round % ALWAYS {
                let place = world.new_place();
                world.world.roam(index, place);
            }
            secrets.push(world.world.peer_of(index));
            secrets.push(world.world.address(index).into_bytes());
        }
        world.world.run(2 * HOUR_MS);
        (ALWAYS..PEOPLE).for_each(|index| world.leave(index));
        world.world.run(10 * HOUR_MS);
    }
    for index in 0..PEOPLE {
        let machine = &world.world.machines[index];
        secrets.push(machine.account.0.to_vec());
        secrets.push(machine.device.0.to_vec());
        for (rv_in, rv_out) in machine.disk.secrets().into_values() {
            secrets.extend(rv_in.map(|rv| rv.to_vec()));
            secrets.push(rv_out.to_vec());
        }
    }
    let capture = world.world.dht_capture.take().unwrap_or_default();
    (world, capture, secrets)
}

#[test]
fn three_days_of_records_name_nobody_and_tie_nothing_together() {
    let (mut world, capture, secrets) = three_days();
    println!("{} publications, {} keys", capture.len(), keys(&capture).len());
    assert!(capture.len() > PEOPLE * (PEOPLE - 1) * 2 * 3);
    sizes(&capture);
    no_secret(&capture, &secrets);
    keys_are_unrelated(&capture);
    values_are_unrelated(&capture);
    owners_keys_differ_by_day(&mut world, &capture);
}

fn keys(capture: &[Capture]) -> BTreeSet<[u8; 32]> {
    capture.iter().map(|record| record.key).collect()
}

fn sizes(capture: &[Capture]) {
    assert!(capture.iter().all(|record| [4_096, 8_192].contains(&record.value.len())));
}

/// No identity, secret, name or address, as bytes or as any text people write such things in.
fn no_secret(capture: &[Capture], secrets: &[Vec<u8>]) {
    let mut forms: BTreeSet<Vec<u8>> = BTreeSet::new();
    for secret in secrets {
        assert!(secret.len() >= 8, "too short to be missed by chance");
        forms.insert(secret.clone());
        forms.insert(hex(secret));
        forms.insert(base32(secret));
        forms.insert(base32(secret).to_ascii_uppercase());
        forms.insert(base58(secret));
    }
    let heads: BTreeMap<&[u8], &[u8]> = forms.iter().map(|form| (&form[..8], form.as_slice())).collect();
    // Two bytes sort out nearly everything.
    let mut begins = vec![false; 65_536];
    heads.keys().for_each(|head| begins[usize::from(head[0]) << 8 | usize::from(head[1])] = true);
    for record in capture {
        for bytes in [&record.key[..], &record.value] {
            let suspects = bytes
                .windows(8)
                .filter(|window| begins[usize::from(window[0]) << 8 | usize::from(window[1])]);
            for window in suspects {
                assert!(!heads.contains_key(window), "a record shows {:?}", heads.get(window));
            }
        }
    }
}

/// No two keys, and no two public keys in front of the values, have more in common than random ones.
fn keys_are_unrelated(capture: &[Capture]) {
    let publics: BTreeSet<[u8; 32]> =
        capture.iter().filter_map(|record| record.value.first_chunk().copied()).collect();
    assert_eq!(publics.len(), keys(capture).len(), "one public key per key");
    for set in [keys(capture), publics] {
        // The longest prefix any two share is one that neighbours in order share.
        let sorted: Vec<[u8; 32]> = set.into_iter().collect();
        for pair in sorted.windows(2) {
            let shared = shared_bits(&pair[0], &pair[1]);
            assert!(shared < CHANCE_BITS, "two keys share {shared} bits");
        }
    }
}

fn shared_bits(a: &[u8; 32], b: &[u8; 32]) -> u32 {
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let next = a.iter().zip(b).nth(same).map_or(0, |(a, b)| (a ^ b).leading_zeros());
    same as u32 * 8 + next
}

/// No value, and no sixteen bytes at one place of a value, is seen under two keys.
fn values_are_unrelated(capture: &[Capture]) {
    let mut seen: BTreeMap<(usize, [u8; 16]), [u8; 32]> = BTreeMap::new();
    for record in capture {
        for (at, chunk) in record.value.chunks_exact(16).enumerate() {
            let chunk: [u8; 16] = chunk.try_into().expect("sixteen bytes");
            let key = *seen.entry((at, chunk)).or_insert(record.key);
            assert_eq!(key, record.key, "sixteen bytes at {at} are under two keys");
        }
    }
}

/// What one person publishes for another on two days is known to be theirs only by who has the secret.
fn owners_keys_differ_by_day(world: &mut Finding, capture: &[Capture]) {
    use starling_protocol::discovery::{Slot, key};
    let slot = world.world.slot_of(0, 1).expect("a slot");
    let seen = keys(capture);
    let days: Vec<[u8; 32]> = (slot.day - 3..=slot.day + 1)
        .map(|day| key(&Slot { day, ..slot }))
        .filter(|key| seen.contains(key))
        .collect();
    assert!(days.len() >= 4, "{} days of one contact were seen", days.len());
    for pair in days.windows(2) {
        assert!(shared_bits(&pair[0], &pair[1]) < 32);
    }
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}

fn base32(bytes: &[u8]) -> Vec<u8> {
    starling_protocol::ids::base32().encode(bytes).into_bytes()
}

fn base58(bytes: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut digits: Vec<u32> = Vec::new();
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += *digit * 256;
            *digit = carry % 58;
            carry /= 58;
        }
        while carry > 0 {
            digits.push(carry % 58);
            carry /= 58;
        }
    }
    digits.iter().rev().map(|digit| LETTERS[*digit as usize]).collect()
}
