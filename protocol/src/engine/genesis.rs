//! How an account and its first device begin: the records of a new profile.

use super::state::{self, OwnRecord, key};
use super::step::{Change, Space};
use crate::identity::{DeviceEntry, DeviceKeys, Manifest, Seed};
use crate::ids::{AccountId, DeviceId};
use crate::text;
use crate::time::Now;
use vodozemac::olm::Account;
use zeroize::Zeroizing;

/// Why a profile cannot begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GenesisError {
    /// Nothing is left of the name after cleaning.
    #[error("the name is empty")]
    Name,
    /// The keys could not be made (never seen; a broken source of randomness would).
    #[error("the keys could not be made")]
    Keys,
}

/// A beginning: what to commit, and who it is.
#[derive(Debug)]
pub struct Genesis {
    /// The records of the new profile.
    pub changes: Vec<Change>,
    /// The account.
    pub account: AccountId,
    /// Its first device.
    pub device: DeviceId,
}

impl Genesis {
    /// A new device for the account of `seed`: the first one, or (`restored`) the only one after the 24 words were
    /// all that was left. The root key signs here and is not kept.
    ///
    /// # Errors
    /// See [`GenesisError`].
    pub fn new(
        seed: &Seed,
        name: &str,
        entropy: [u8; 64],
        now: Now,
        restored: bool,
    ) -> Result<Self, GenesisError> {
        let name = text::clean_name(name);
        if name.is_empty() {
            return Err(GenesisError::Name);
        }
        let root = seed.root();
        let device = DeviceKeys::from_entropy(entropy);
        let mut olm = Account::new();
        let fallback = new_fallback(&mut olm).ok_or(GenesisError::Keys)?;
        let created_s = u64::try_from(now.wall_ms / 1000).unwrap_or(0);
        let manifest = Manifest {
            account: root.account(),
            version: created_s.max(1),
            prev: [0; 32],
            created_s,
            flags: if restored { Manifest::RESTORED } else { 0 },
            devices: vec![DeviceEntry {
                id: device.id(),
                sig: device.sig_public(),
                noise: device.noise_public(),
                olm: olm.curve25519_key().to_bytes(),
                added_day: u32::try_from(created_s / 86_400).unwrap_or(u32::MAX),
                flags: 0,
            }],
            revoked: Vec::new(),
            ext: Vec::new(),
        };
        let manifest = root.sign_manifest(&manifest).map_err(|_| GenesisError::Keys)?;
        let record = OwnRecord {
            name,
            device: device.to_bytes().to_vec(),
            olm: pickle(&olm).ok_or(GenesisError::Keys)?.to_vec(),
            fallback,
            fallback_lived_ms: 0,
            manifest,
            card_seq: 1,
            lived_ms: 0,
            last_wall_ms: now.wall_ms,
            read_receipts: true,
            received_mark: 1,
            presence: 1,
            record_s: 0,
        };
        let change = state::put_second(Space::Own, key::own(), &record).ok_or(GenesisError::Keys)?;
        Ok(Self { changes: vec![change], account: root.account(), device: device.id() })
    }
}

/// A new fallback key, published at once (it goes out in the next card). vodozemac keeps the one before it.
pub(super) fn new_fallback(olm: &mut Account) -> Option<[u8; 32]> {
    olm.generate_fallback_key();
    let key = olm.fallback_key().values().next().map(vodozemac::Curve25519PublicKey::to_bytes);
    olm.mark_keys_as_published();
    key
}

/// The stored form of an Olm account.
pub(super) fn pickle(olm: &Account) -> Option<Zeroizing<Vec<u8>>> {
    serde_json::to_vec(&olm.pickle()).ok().map(Zeroizing::new)
}
