//! A mailbox's own key, the leave it gives to have a box, and its promises (docs/spec/08-mail.md, "Mailbox key",
//! "Grant", "Promise").

use super::words::QueueId;
use crate::error::SignatureError;
use crate::identity::DeviceKeys;
use crate::ids::MailboxId;
use crate::kdf;
use crate::wire::{self, Signed};
use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

const HELLO: &str = "mailbox hello";
const PROMISE: &str = "promise";

/// Leave to have a box at a mailbox: whoever knows it has it. The mailbox keeps nothing of it until it is used.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its name, by which it can be taken back.
    pub id: [u8; 16],
    /// How many boxes may be made under it.
    pub uses: u32,
    /// What each may hold, in MiB.
    pub quota_mib: u32,
    /// Shows that the mailbox's owner gave it.
    pub mac: [u8; 16],
}

impl std::fmt::Debug for Grant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grant")
            .field("uses", &self.uses)
            .field("quota_mib", &self.quota_mib)
            .finish_non_exhaustive()
    }
}

/// A mailbox's word that an envelope is on its disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// `H(queue)`.
    pub queue: [u8; 32],
    /// `H(envelope)`.
    pub envelope: [u8; 32],
    /// How long it is kept from `at` on, in seconds. Who gets the promise counts from its receipt, on its own clock.
    pub kept_s: u32,
    /// When it was deposited first, by the mailbox's clock, in Unix seconds. Shown only.
    pub at_s: u64,
}

impl Promise {
    /// The promise, if `mailbox` signed it for this queue and this envelope.
    pub fn open(signed: &Signed, mailbox: &MailboxId, queue: &QueueId, envelope: &[u8; 32]) -> Option<Self> {
        kdf::verify(&mailbox.0, PROMISE, &signed.body, &signed.sig).ok()?;
        let promise: Self = wire::decode(&signed.body).ok()?;
        (promise.queue == kdf::hash(queue) && promise.envelope == *envelope).then_some(promise)
    }
}

/// The secret key of a mailbox: of the device that keeps it, and for nothing else.
pub struct MailKey(SigningKey);

impl MailKey {
    /// The mailbox of a device.
    pub fn of(device: &DeviceKeys) -> Self {
        Self(SigningKey::from_bytes(&device.mail_seed()))
    }

    /// Its public half: the mailbox's name.
    pub fn id(&self) -> MailboxId {
        MailboxId(self.0.verifying_key().to_bytes())
    }

    /// A new grant; `id` is chance.
    pub fn grant(&self, id: [u8; 16], uses: u32, quota_mib: u32) -> Grant {
        Grant { id, uses, quota_mib, mac: self.mac(&id, uses, quota_mib) }
    }

    /// Whether a grant is one of ours.
    pub fn gave(&self, grant: &Grant) -> bool {
        self.mac(&grant.id, grant.uses, grant.quota_mib).ct_eq(&grant.mac).into()
    }

    fn mac(&self, id: &[u8; 16], uses: u32, quota_mib: u32) -> [u8; 16] {
        let parts: [&[u8]; 4] = [self.0.as_bytes(), id, &uses.to_le_bytes(), &quota_mib.to_le_bytes()];
        kdf::derive_short("mailbox grant", &parts)
    }

    /// Shows who we are to a caller, on this connection and no other: both peer ids are signed.
    pub fn greet(&self, nonce: &[u8; 32], caller: &[u8], mailbox: &[u8]) -> [u8; 64] {
        kdf::sign(&self.0, HELLO, &hello(nonce, caller, mailbox))
    }

    /// Signs a promise.
    ///
    /// # Errors
    /// Never for a promise of this crate; [`wire::WireError`] if it could not be encoded.
    pub fn promise(&self, promise: &Promise) -> Result<Signed, wire::WireError> {
        let body = wire::encode(promise)?;
        Ok(self.sign(PROMISE, body))
    }

    /// Signs an encoded body for the purpose `domain`.
    pub(super) fn sign(&self, domain: &str, body: Vec<u8>) -> Signed {
        Signed { sig: kdf::sign(&self.0, domain, &body), body }
    }
}

/// Checks what [`MailKey::greet`] signed. `caller` and `mailbox` are the peer ids of this connection's ends.
///
/// # Errors
/// [`SignatureError`] when it is not that mailbox, or not on this connection.
pub fn check_greeting(
    id: &MailboxId,
    nonce: &[u8; 32],
    caller: &[u8],
    mailbox: &[u8],
    sig: &[u8; 64],
) -> Result<(), SignatureError> {
    kdf::verify(&id.0, HELLO, &hello(nonce, caller, mailbox), sig)
}

fn hello(nonce: &[u8; 32], caller: &[u8], mailbox: &[u8]) -> Vec<u8> {
    kdf::derive("mailbox hello", &[nonce, caller, mailbox]).to_vec()
}

impl std::fmt::Debug for MailKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MailKey({:?}, ..)", self.id())
    }
}
