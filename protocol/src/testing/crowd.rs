//! People who are only keys, for what is measured or tried without engines.

use crate::content::{Body, Content, Text};
use crate::identity::{DeviceEntry, DeviceKeys, Manifest, Seed};
use crate::ids::{AccountId, ChatId, MessageId};
use crate::rng::Rng;
use crate::session::Ratchet;
use crate::wire::Signed;
use vodozemac::olm::Account;

/// An account with some devices.
pub struct Keys {
    /// Who.
    pub account: AccountId,
    /// The keys of their devices.
    pub devices: Vec<DeviceKeys>,
    /// What says so.
    pub manifest: Signed,
}

impl Keys {
    /// The person of a number, with so many devices, 1 to 8; `None` for other counts.
    pub fn new(number: u64, devices: usize) -> Option<Self> {
        let mut rng = Rng::from_number(number);
        let root = Seed::from_entropy(rng.bytes()).root();
        let mut draw = || {
            let mut entropy = [0; 64];
            let (left, right) = entropy.split_at_mut(32);
            left.copy_from_slice(&rng.bytes::<32>());
            right.copy_from_slice(&rng.bytes::<32>());
            DeviceKeys::from_entropy(entropy)
        };
        let devices: Vec<DeviceKeys> = (0..devices).map(|_| draw()).collect();
        let entry = |device: &DeviceKeys| DeviceEntry {
            id: device.id(),
            sig: device.sig_public(),
            noise: device.noise_public(),
            // Nobody opens a session to it.
            olm: device.noise_public(),
            added_day: 20_000,
            flags: 0,
        };
        let manifest = Manifest {
            account: root.account(),
            version: 1,
            prev: [0; 32],
            created_s: 1,
            flags: 0,
            devices: devices.iter().map(entry).collect(),
            revoked: Vec::new(),
            ext: Vec::new(),
        };
        let manifest = root.sign_manifest(&manifest).ok()?;
        Some(Self { account: root.account(), devices, manifest })
    }
}

/// A session in which both have spoken, as one side has it. `None` never, as far as anybody has seen.
pub fn ratchet() -> Option<Ratchet> {
    let (ours, mut theirs) = (Account::new(), Account::new());
    theirs.generate_fallback_key();
    let fallback = *theirs.fallback_key().values().next()?.as_bytes();
    let text = Text { text: "hello".to_owned(), reply_to: None, ext: Vec::new() };
    let (kind, body) = Body::Text(text).encode().ok()?;
    let hello = Content {
        msg_id: MessageId([1; 16]),
        conv: ChatId([0; 32]),
        seq: 1,
        prev: [0; 32],
        seen: Vec::new(),
        sent_at: 0,
        kind,
        body,
        ext: Vec::new(),
    };
    let mut near = Ratchet::outbound(&ours, theirs.curve25519_key().as_bytes(), &fallback).ok()?;
    let (_, olm, _) = near.encrypt(&hello).ok()?;
    let (mut far, _) = Ratchet::inbound(&mut theirs, ours.curve25519_key().as_bytes(), &olm).ok()?;
    let (prekey, olm, _) = far.encrypt(&hello).ok()?;
    near.decrypt(prekey, &olm).ok()?;
    Some(near)
}
