//! Tests of the identity: words, manifests (I1), cards, keys (N5, I17), safety numbers (I5).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use crate::error::SignatureError;
use crate::kdf;
use crate::wire::{self, Signed, WireError};
use proptest::prelude::*;
use x25519_dalek::{PublicKey, StaticSecret};

fn seed(number: u8) -> Seed {
    Seed::from_entropy([number; 32])
}

fn keys(number: u8) -> DeviceKeys {
    DeviceKeys::from_entropy([number; 64])
}

fn entry(keys: &DeviceKeys) -> DeviceEntry {
    let olm = PublicKey::from(&StaticSecret::from([77; 32])).to_bytes();
    let (sig, noise) = (keys.sig_public(), keys.noise_public());
    DeviceEntry { id: keys.id(), sig, noise, olm, added_day: 20_000, flags: 0 }
}

fn manifest(root: &RootKey, version: u64, prev: [u8; 32], devices: &[&DeviceKeys]) -> Manifest {
    Manifest {
        account: root.account(),
        version,
        prev,
        created_s: version,
        flags: 0,
        devices: devices.iter().map(|keys| entry(keys)).collect(),
        revoked: Vec::new(),
        ext: Vec::new(),
    }
}

/// Signs without the checks of `sign_manifest`, as mallory would.
fn sign_anyhow(number: u8, manifest: &Manifest) -> Signed {
    let root = ed25519_dalek::SigningKey::from_bytes(&kdf::derive("root", &[&[number; 32]]));
    let body = wire::encode(manifest).unwrap();
    let sig = kdf::sign(&root, Manifest::DOMAIN, &body);
    Signed { body, sig }
}

fn card(keys: &DeviceKeys, manifest: Signed) -> Card {
    Card {
        device: keys.id(),
        seq: 1,
        peer_id: vec![0, 36, 8, 1],
        addrs: vec!["/ip4/192.0.2.1/udp/4001/quic-v1".to_owned()],
        seal: Some(SealKey { day: 20_000, ek: vec![3; 1_216] }),
        olm_fallback: entry(keys).olm,
        mailboxes: Vec::new(),
        manifest,
        ext: Vec::new(),
    }
}

#[test]
fn words_come_back_in_any_shape() {
    let alice = Seed::from_entropy(std::array::from_fn(|place| u8::try_from(place).unwrap()));
    let words = alice.words();
    assert_eq!(words.split(' ').count(), 24);
    let shouted = format!("\n {} \t", words.to_uppercase().replace(' ', " \n "));
    assert_eq!(Seed::from_words(&shouted).unwrap().as_bytes(), alice.as_bytes());
    assert_eq!(Seed::from_entropy([0; 32]).words().as_str(), "abandon ".repeat(23) + "art");
}

#[test]
fn wrong_words_are_named_by_number() {
    let words = seed(1).words();
    let with = |place: usize, word: &str| {
        let mut list: Vec<&str> = words.split(' ').collect();
        list[place] = word;
        list.join(" ")
    };
    let fail = |text: &str| Seed::from_words(text).unwrap_err();
    assert_eq!(fail(&with(6, "starlling")), WordsError::Unknown { number: 7 });
    assert_eq!(fail(&with(0, "zoo")), WordsError::Checksum);
    assert_eq!(fail("abandon art"), WordsError::Count { found: 2 });
    assert_eq!(fail(""), WordsError::Count { found: 0 });
    assert!(matches!(fail(&"zoo ".repeat(100_000)), WordsError::Count { .. }));
    assert!(!format!("{}", fail(&with(6, "starlling"))).contains("starlling"));
}

#[test]
fn secrets_are_not_printed() {
    assert_eq!(format!("{:?} {:?}", seed(1), seed(1).root()), "Seed(..) RootKey(..)");
    let shown = format!("{:?}", keys(1));
    assert!(shown.starts_with("DeviceKeys(DeviceId(") && shown.len() < 50, "{shown}");
}

#[test]
fn device_keys_are_stored_whole() {
    let alice = DeviceKeys::from_entropy(std::array::from_fn(|place| u8::try_from(place).unwrap()));
    let again = DeviceKeys::from_bytes(&alice.to_bytes());
    assert_eq!((again.id(), again.noise_public()), (alice.id(), alice.noise_public()));
    assert_eq!(again.sign("test", b"body"), alice.sign("test", b"body"));
    assert_eq!(
        alice.to_bytes()[..],
        std::array::from_fn::<u8, 64, _>(|place| u8::try_from(place).unwrap())[..]
    );
}

#[test]
fn a_manifest_is_judged_beside_the_held_one() {
    let root = seed(1).root();
    let (phone, laptop) = (keys(2), keys(3));
    let judge = |held: Option<&Signed>, new: &Signed| judge_manifest(held, new).map(|(_, verdict)| verdict);
    let first = root.sign_manifest(&manifest(&root, 100, [0; 32], &[&phone])).unwrap();
    let second = manifest(&root, 200, Manifest::hash(&first), &[&phone, &laptop]);
    let second_signed = root.sign_manifest(&second).unwrap();
    assert_eq!(judge(None, &first), Ok(ManifestVerdict::First));
    assert_eq!(judge(Some(&first), &first), Ok(ManifestVerdict::Same));
    assert_eq!(judge(Some(&first), &second_signed), Ok(ManifestVerdict::Newer));
    assert_eq!(judge(Some(&second_signed), &first), Ok(ManifestVerdict::Older));

    let missed_one = Manifest { version: 300, prev: [9; 32], ..second.clone() };
    assert_eq!(judge(Some(&first), &root.sign_manifest(&missed_one).unwrap()), Ok(ManifestVerdict::Newer));
    let no_prev = Manifest { version: 300, prev: [0; 32], ..second.clone() };
    assert_eq!(judge(Some(&first), &root.sign_manifest(&no_prev).unwrap()), Err(ManifestError::Prev));
    let restored = Manifest { flags: Manifest::RESTORED, ..no_prev };
    assert_eq!(
        judge(Some(&first), &root.sign_manifest(&restored).unwrap()),
        Ok(ManifestVerdict::NewerRestored)
    );

    let other_bytes = Manifest { created_s: 7, ..second.clone() };
    let other_bytes = root.sign_manifest(&other_bytes).unwrap();
    assert_eq!(judge(Some(&second_signed), &other_bytes), Ok(ManifestVerdict::Conflict));
    let fork = root.sign_manifest(&Manifest { version: 201, ..second }).unwrap();
    assert_eq!(judge(Some(&second_signed), &fork), Ok(ManifestVerdict::Conflict));

    let bob = seed(5).root();
    let of_bob = bob.sign_manifest(&manifest(&bob, 300, [1; 32], &[&keys(6)])).unwrap();
    assert_eq!(judge(Some(&first), &of_bob), Err(ManifestError::Account));
}

#[test]
fn a_revoked_device_never_returns() {
    let root = seed(1).root();
    let (phone, laptop) = (keys(2), keys(3));
    let mut held = manifest(&root, 100, [0; 32], &[&phone]);
    held.revoked.push(Revoked { id: laptop.id(), at_day: 20_000 });
    let held = root.sign_manifest(&held).unwrap();
    let back = manifest(&root, 200, Manifest::hash(&held), &[&phone, &laptop]);
    let back_signed = root.sign_manifest(&back).unwrap();
    assert_eq!(judge_manifest(Some(&held), &back_signed).unwrap_err(), ManifestError::Revoked);
    let restored = Manifest { flags: Manifest::RESTORED, prev: [0; 32], ..back };
    let restored = root.sign_manifest(&restored).unwrap();
    assert_eq!(judge_manifest(Some(&held), &restored).unwrap_err(), ManifestError::Revoked);
}

#[test]
fn a_bad_manifest_is_refused() {
    let root = seed(1).root();
    let phone = keys(2);
    let good = manifest(&root, 100, [0; 32], &[&phone]);
    let refused = |change: &dyn Fn(&mut Manifest)| {
        let mut bad = good.clone();
        change(&mut bad);
        Manifest::open(&sign_anyhow(1, &bad)).unwrap_err()
    };
    assert_eq!(Manifest::open(&sign_anyhow(1, &good)).unwrap(), good);
    assert_eq!(refused(&|m| m.account = seed(2).root().account()), SignatureError::Mismatch.into());
    assert_eq!(refused(&|m| m.account.0 = [0; 32]), SignatureError::Key.into());
    assert_eq!(refused(&|m| m.devices[0].id.0 = [9; 16]), ManifestError::DeviceId);
    assert_eq!(refused(&|m| m.devices.clear()), ManifestError::Count);
    assert_eq!(refused(&|m| m.devices.push(m.devices[0].clone())), ManifestError::Duplicate);
    assert_eq!(refused(&|m| m.devices = (10..19).map(|n| entry(&keys(n))).collect()), ManifestError::Count);
    assert_eq!(refused(&|m| m.revoked = vec![Revoked { id: phone.id(), at_day: 1 }]), ManifestError::Revoked);
    assert_eq!(
        refused(&|m| m.revoked = vec![Revoked { id: keys(9).id(), at_day: 1 }; 65]),
        ManifestError::Count
    );
    assert_eq!(refused(&|m| m.ext.push((3, Vec::new()))), ManifestError::Ext);
    for low in low_order_spellings() {
        assert_eq!(refused(&|m| m.devices[0].noise = low), ManifestError::Key);
        assert_eq!(refused(&|m| m.devices[0].olm = low), ManifestError::Key);
    }
    assert_eq!(refused(&|m| m.devices[0].olm[31] |= 0x80), ManifestError::Key);

    let mut may_be_ignored = good.clone();
    may_be_ignored.ext.push((2, vec![1, 2, 3]));
    assert_eq!(Manifest::open(&sign_anyhow(1, &may_be_ignored)).unwrap(), may_be_ignored);
    let mut trailing = sign_anyhow(1, &good);
    trailing.body.push(0);
    assert_eq!(Manifest::open(&trailing).unwrap_err(), WireError::NotCanonical.into());
    let mallory = sign_anyhow(2, &good);
    assert_eq!(Manifest::open(&mallory).unwrap_err(), SignatureError::Mismatch.into());
    assert_eq!(
        root.sign_manifest(&Manifest { devices: Vec::new(), ..good }).unwrap_err(),
        ManifestError::Count
    );
}

#[test]
fn a_signature_serves_one_purpose() {
    let root = seed(1).root();
    let phone = keys(2);
    let signed_manifest = root.sign_manifest(&manifest(&root, 100, [0; 32], &[&phone])).unwrap();
    let card = card(&phone, signed_manifest);
    let as_ack = phone.sign("ack", &wire::encode(&card).unwrap());
    assert_eq!(Card::open(&as_ack).unwrap_err(), SignatureError::Mismatch.into());
}

#[test]
fn a_card_needs_its_device_in_its_manifest() {
    let root = seed(1).root();
    let (phone, other) = (keys(2), keys(3));
    let signed_manifest = root.sign_manifest(&manifest(&root, 100, [0; 32], &[&phone])).unwrap();
    let good = card(&phone, signed_manifest.clone());
    let signed = good.sign(&phone).unwrap();
    let (opened, opened_manifest) = Card::open(&signed).unwrap();
    assert_eq!(opened, good);
    assert_eq!(opened_manifest.account, root.account());
    assert_eq!(good.sign(&other).unwrap_err(), SignatureError::Mismatch.into());
    let foreign = card(&other, signed_manifest);
    assert_eq!(foreign.sign(&other).unwrap_err(), CardError::Device);
    let mut changed = signed;
    let last = changed.body.len() - 1;
    changed.body[last] ^= 1;
    assert!(Card::open(&changed).is_err());
}

#[test]
fn a_bad_card_is_refused() {
    let root = seed(1).root();
    let phone = keys(2);
    let good = card(&phone, root.sign_manifest(&manifest(&root, 100, [0; 32], &[&phone])).unwrap());
    let refused = |change: &dyn Fn(&mut Card)| {
        let mut bad = good.clone();
        change(&mut bad);
        Card::open(&phone.sign(Card::DOMAIN, &wire::encode(&bad).unwrap())).unwrap_err()
    };
    assert_eq!(refused(&|c| c.addrs = vec!["/ip4/192.0.2.1/tcp/1".to_owned(); 9]), CardError::Limit);
    assert_eq!(refused(&|c| c.addrs = vec!["a".repeat(257)]), CardError::Limit);
    assert_eq!(refused(&|c| c.addrs = vec!["/dns4/\u{1b}[2J/tcp/1".to_owned()]), CardError::Address);
    assert_eq!(refused(&|c| c.addrs = vec!["/dns4/bücher/tcp/1".to_owned()]), CardError::Address);
    assert_eq!(refused(&|c| c.addrs = vec![String::new()]), CardError::Limit);
    assert_eq!(refused(&|c| c.peer_id = vec![0; 129]), CardError::Limit);
    assert_eq!(refused(&|c| c.seal = Some(SealKey { day: 1, ek: vec![0; 1_215] })), CardError::Key);
    assert_eq!(refused(&|c| c.olm_fallback = [0; 32]), CardError::Key);
    assert_eq!(refused(&|c| c.ext = vec![(1, Vec::new())]), CardError::Ext);
    let mailbox = Mailbox {
        id: crate::ids::MailboxId([1; 32]),
        addrs: vec!["/ip4/192.0.2.1/tcp/1".to_owned()],
        queue: [1; 16],
        deposit: [2; 32],
    };
    assert_eq!(refused(&|c| c.mailboxes = vec![mailbox.clone(); 4]), CardError::Limit);
    assert!(!format!("{mailbox:?}").contains("deposit"));
}

#[test]
fn safety_numbers_are_the_same_on_both_sides() {
    let (alice, bob, carol) = (seed(1).root().account(), seed(2).root().account(), seed(3).root().account());
    let number = safety_number(&alice, &bob);
    assert_eq!(number, safety_number(&bob, &alice));
    assert_ne!(number, safety_number(&alice, &carol));
    let groups: Vec<&str> = number.split(' ').collect();
    assert_eq!(groups.len(), 12);
    assert!(groups.iter().all(|group| group.len() == 5 && group.bytes().all(|byte| byte.is_ascii_digit())));
}

/// Every 255-bit spelling of a point of small order.
fn low_order_spellings() -> Vec<[u8; 32]> {
    let mut all: Vec<[u8; 32]> = Vec::new();
    // 0 and 1, p - 1, p and p + 1, and the two points of order 8 (RFC 7748, libsodium's list).
    all.push([0; 32]);
    all.push(std::array::from_fn(|place| u8::from(place == 0)));
    for lowest in [0xec, 0xed, 0xee] {
        all.push(std::array::from_fn(|place| match place {
            0 => lowest,
            31 => 0x7f,
            _ => 0xff,
        }));
    }
    for hex in [
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    ] {
        all.push(data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap().try_into().unwrap());
    }
    let with_top_bit: Vec<[u8; 32]> = all
        .iter()
        .map(|key| {
            let mut key = *key;
            key[31] |= 0x80;
            key
        })
        .collect();
    all.extend(with_top_bit);
    all
}

#[test]
fn every_low_order_key_is_known() {
    let secret = StaticSecret::from([42; 32]);
    for key in low_order_spellings() {
        assert!(!secret.diffie_hellman(&PublicKey::from(key)).was_contributory());
        assert!(x25519_is_low_order(&key) && !x25519_is_usable(&key), "{key:?}");
    }
    // Second spellings of 2 to 18 are refused too.
    for lowest in 0xef..=0xff_u8 {
        let key = std::array::from_fn(|place| match place {
            0 => lowest,
            31 => 0x7f,
            _ => 0xff,
        });
        assert!(!x25519_is_usable(&key));
    }
    assert!(!ed25519_is_usable(&[0; 32]) && !ed25519_is_usable(&[2; 32]));
    let one = std::array::from_fn(|place| u8::from(place == 0));
    assert!(!ed25519_is_usable(&one));
    assert!(ed25519_is_usable(&keys(1).sig_public()));
}

proptest! {
    #[test]
    fn honest_keys_are_usable(entropy in any::<[u8; 32]>(), other in any::<[u8; 32]>()) {
        let mut both = [0; 64];
        both[..32].copy_from_slice(&entropy);
        both[32..].copy_from_slice(&other);
        let keys = DeviceKeys::from_entropy(both);
        prop_assert!(x25519_is_usable(&keys.noise_public()));
        prop_assert!(ed25519_is_usable(&keys.sig_public()));
        let contributory = StaticSecret::from([42; 32]).diffie_hellman(&PublicKey::from(other)).was_contributory();
        prop_assert_eq!(x25519_is_low_order(&other), !contributory);
    }

    #[test]
    fn any_seed_has_words(entropy in any::<[u8; 32]>()) {
        let words = Seed::from_entropy(entropy).words();
        let again = Seed::from_words(&words).unwrap();
        prop_assert_eq!(again.as_bytes(), &entropy);
    }

    #[test]
    fn any_words_are_an_answer(text in "\\PC{0,200}") {
        let _ = Seed::from_words(&text);
    }
}
