//! The contact card: where a device is, what to encrypt to, which mailboxes it has, and the manifest that proves it
//! (docs/spec/02-identity.md, "Card"). Signed by the device.

use super::device::DeviceKeys;
use super::keys::x25519_is_usable;
use super::manifest::{Manifest, ManifestError};
use crate::error::SignatureError;
use crate::ids::{DeviceId, MailboxId};
use crate::kdf;
use crate::limits::{ADDRESS_BYTES, ADDRESSES};
use crate::wire::{self, Ext, Signed, WireError, ext_understood};
use serde::{Deserialize, Serialize};

/// Mailboxes in one card.
pub const MAILBOXES: usize = 3;
/// Addresses of one mailbox in a card.
pub const MAILBOX_ADDRESSES: usize = 3;
/// Bytes of an X-Wing encapsulation key.
const SEAL_KEY_BYTES: usize = 1_216;
/// Bytes of the longest peer id: libp2p's are 34 to 42, with room for longer hashes.
const PEER_ID_BYTES: usize = 128;

/// Why a card is refused. Always the peer's fault, unless it comes from [`Card::sign`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// Not a card.
    #[error("the card cannot be read: {0}")]
    Wire(#[from] WireError),
    /// The manifest inside is refused.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Its device is not in its manifest.
    #[error("the card's device does not belong to its account")]
    Device,
    /// Not signed by its device.
    #[error("the card is not signed by its device: {0}")]
    Signature(#[from] SignatureError),
    /// More addresses or mailboxes than allowed, or one that is too long.
    #[error("the card is over a limit")]
    Limit,
    /// An address with characters other than printable ASCII.
    #[error("the card has an unprintable address")]
    Address,
    /// A key of the wrong length or of small order.
    #[error("the card has an unusable key")]
    Key,
    /// It needs a newer Starling.
    #[error("the card has parts this version does not understand")]
    Ext,
}

/// A key to seal envelopes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealKey {
    /// The day it was made for, in days since 1970.
    pub day: u32,
    /// The X-Wing encapsulation key, 1216 bytes.
    #[serde(with = "serde_bytes")]
    pub ek: Vec<u8>,
}

/// A mailbox queue of the card's owner.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// The mailbox.
    pub id: MailboxId,
    /// Where it was last, at most [`MAILBOX_ADDRESSES`] multiaddr texts without `/p2p`.
    pub addrs: Vec<String>,
    /// The queue.
    pub queue: [u8; 16],
    /// The token that allows a deposit.
    pub deposit: [u8; 32],
}

impl std::fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailbox").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What a device tells those who may know: see the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Whose card it is.
    pub device: DeviceId,
    /// Higher is newer. Never goes back for one device.
    pub seq: u64,
    /// The throw-away peer id the device has now, 1 to 128 bytes.
    #[serde(with = "serde_bytes")]
    pub peer_id: Vec<u8>,
    /// At most 8 multiaddr texts without `/p2p`.
    pub addrs: Vec<String>,
    /// What to seal envelopes to, if the device wants any.
    pub seal: Option<SealKey>,
    /// X25519: the Olm fallback key new sessions start from.
    pub olm_fallback: [u8; 32],
    /// At most 3.
    pub mailboxes: Vec<Mailbox>,
    /// The account's manifest, which holds the device.
    pub manifest: Signed,
    /// Room for growth.
    pub ext: Ext,
}

impl Card {
    /// The domain of the device's signature.
    pub const DOMAIN: &'static str = "card";

    /// Signs this card, after checking it as a receiver would.
    ///
    /// # Errors
    /// [`CardError`] when receivers would refuse it.
    pub fn sign(&self, keys: &DeviceKeys) -> Result<Signed, CardError> {
        let signed = keys.sign(Self::DOMAIN, &wire::encode(self)?);
        Self::open(&signed)?;
        Ok(signed)
    }

    /// Reads a card and the manifest it carries: both signatures hold, and the device belongs to the account. Whether
    /// that is the account one looks for, the caller must check.
    ///
    /// # Errors
    /// [`CardError`].
    pub fn open(signed: &Signed) -> Result<(Self, Manifest), CardError> {
        let card: Self = wire::decode(&signed.body)?;
        card.check()?;
        let manifest = Manifest::open(&card.manifest)?;
        let entry = manifest.device(&card.device).ok_or(CardError::Device)?;
        kdf::verify(&entry.sig, Self::DOMAIN, &signed.body, &signed.sig)?;
        Ok((card, manifest))
    }

    fn check(&self) -> Result<(), CardError> {
        if !ext_understood(&self.ext) {
            return Err(CardError::Ext);
        }
        if self.addrs.len() > ADDRESSES || self.mailboxes.len() > MAILBOXES {
            return Err(CardError::Limit);
        }
        check_peer(&self.peer_id)?;
        for addr in &self.addrs {
            check_address(addr)?;
        }
        for mailbox in &self.mailboxes {
            if mailbox.addrs.len() > MAILBOX_ADDRESSES {
                return Err(CardError::Limit);
            }
            for addr in &mailbox.addrs {
                check_address(addr)?;
            }
        }
        if self.seal.as_ref().is_some_and(|seal| seal.ek.len() != SEAL_KEY_BYTES)
            || !x25519_is_usable(&self.olm_fallback)
        {
            return Err(CardError::Key);
        }
        Ok(())
    }
}

fn check_peer(peer: &[u8]) -> Result<(), CardError> {
    if peer.is_empty() || peer.len() > PEER_ID_BYTES { Err(CardError::Limit) } else { Ok(()) }
}

fn check_address(addr: &str) -> Result<(), CardError> {
    if addr.is_empty() || addr.len() > ADDRESS_BYTES {
        return Err(CardError::Limit);
    }
    if addr.bytes().all(|byte| byte.is_ascii_graphic()) { Ok(()) } else { Err(CardError::Address) }
}
