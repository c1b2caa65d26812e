//! One ratchet message as it travels, and the signed answer to it (docs/spec/05-delivery.md, "Parts and acks").

use crate::identity::DeviceKeys;
use crate::ids::{AccountId, DeviceId, MessageId, SessionId};
use crate::kdf;
use crate::limits::{ACK_ITEMS, FRAME_BYTES};
use crate::wire::{self, Signed, WireError};
use serde::{Deserialize, Serialize};

/// Domain of an ack's signature.
const ACK_DOMAIN: &str = "ack";

/// One Olm message with what its receiver needs to order it and to answer it. Travels only inside a Noise frame or
/// a seal, so nobody on the way sees these fields. A lie in them harms only the liar's own session.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OlmPart {
    /// The session.
    pub session: SessionId,
    /// The number of this message in the session and direction, from 0.
    pub order: u64,
    /// The least number the sender had not had answered when it made this part: nothing below comes any more.
    pub floor: u64,
    /// The content's id; the content inside must carry the same.
    pub msg_id: MessageId,
    /// Which encryption of that content this is, from 1.
    pub attempt: u32,
    /// Whether `olm` is a prekey message.
    pub prekey: bool,
    /// The Olm message.
    #[serde(with = "serde_bytes")]
    pub olm: Vec<u8>,
}

impl OlmPart {
    /// The part's bounds.
    pub fn within_bounds(&self) -> bool {
        self.olm.len() <= FRAME_BYTES && self.floor <= self.order && self.order < u64::MAX
    }
}

impl std::fmt::Debug for OlmPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "OlmPart({:?} #{} of {:?}, attempt {})",
            self.msg_id, self.order, self.session, self.attempt
        )
    }
}

/// Why a device did not take a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefuseReason {
    /// It has no such session, or the message does not decrypt in it: a new session is needed.
    Session,
    /// The place in the session is used up: encrypt again in the same session.
    Stale,
    /// It decrypts, and what is inside is not a content for this device. Trying again will not help.
    Content,
}

/// What became of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Committed, decrypted. Ends the sender's duty.
    Delivered,
    /// Committed, waiting for an earlier one.
    Held,
    /// Not taken.
    Refused(RefuseReason),
}

/// A device's signed answer to up to [`ACK_ITEMS`] messages. Never acked itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// The account of the device that sent the messages.
    pub to_account: AccountId,
    /// That device.
    pub to_device: DeviceId,
    /// The device that answers.
    pub from_device: DeviceId,
    /// Message, attempt, outcome.
    pub items: Vec<(MessageId, u32, Outcome)>,
}

impl Ack {
    /// Signs it with the answering device's key.
    ///
    /// # Errors
    /// [`WireError`] when it is over its bound.
    pub fn sign(&self, keys: &DeviceKeys) -> Result<Signed, WireError> {
        if self.items.len() > ACK_ITEMS {
            return Err(WireError::TooLarge { limit_bytes: ACK_ITEMS });
        }
        Ok(keys.sign(ACK_DOMAIN, &wire::encode(self)?))
    }

    /// The ack, if `sig_key` signed it and it is within its bound.
    pub fn open(signed: &Signed, sig_key: &[u8; 32]) -> Option<Self> {
        kdf::verify(sig_key, ACK_DOMAIN, &signed.body, &signed.sig).ok()?;
        let ack: Self = wire::decode(&signed.body).ok()?;
        (ack.items.len() <= ACK_ITEMS).then_some(ack)
    }
}
