//! One Olm session with one device: a double ratchet from vodozemac (docs/spec/05-delivery.md, "Sessions"), with the
//! counters that order its messages in both directions.

use crate::content::Content;
use crate::ids::SessionId;
use crate::wire;
use serde::{Deserialize, Serialize};
use vodozemac::Curve25519PublicKey;
use vodozemac::olm::{Account, OlmMessage, Session, SessionConfig, SessionPickle};
use zeroize::Zeroizing;

/// Why a session cannot be made or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RatchetError {
    /// Keys that give no secret, or of another device.
    #[error("the keys of the message cannot be used")]
    Keys,
    /// It does not decrypt here.
    #[error("the message does not decrypt in this session")]
    Decrypt,
    /// It decrypts, but the inside is malformed.
    #[error("what is inside the message is malformed")]
    Content,
    /// The stored state cannot be read.
    #[error("the stored session is damaged")]
    Stored,
}

/// A session and its counters.
pub struct Ratchet {
    id: SessionId,
    session: Session,
    /// Number of the next message we send in it.
    pub send_order: u64,
    /// Grows with each message received in any session of the device: the highest is the one last received on.
    pub received_mark: u64,
    /// The other side cannot use it any more: receive only.
    pub retired: bool,
    /// The day (of the engine's own count) it was retired or replaced on, 0 while in use.
    pub retired_day: u32,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(with = "serde_bytes")]
    pickle: Vec<u8>,
    send_order: u64,
    received_mark: u64,
    retired: bool,
    retired_day: u32,
}

impl Ratchet {
    /// A session to a device's fallback key.
    ///
    /// # Errors
    /// [`RatchetError::Keys`] for keys without contribution.
    pub fn outbound(
        account: &Account,
        identity: &[u8; 32],
        fallback: &[u8; 32],
    ) -> Result<Self, RatchetError> {
        let session = account
            .create_outbound_session(
                SessionConfig::version_2(),
                Curve25519PublicKey::from_bytes(*identity),
                Curve25519PublicKey::from_bytes(*fallback),
            )
            .map_err(|_| RatchetError::Keys)?;
        Self::around(session)
    }

    /// A session out of the first message that reached us in it, and that message's content.
    ///
    /// # Errors
    /// [`RatchetError::Keys`] when it names a key we do not hold (any more) or another device's identity;
    /// [`RatchetError::Content`] when the inside is malformed.
    pub fn inbound(
        account: &mut Account,
        identity: &[u8; 32],
        olm: &[u8],
    ) -> Result<(Self, Content), RatchetError> {
        let OlmMessage::PreKey(message) =
            OlmMessage::from_parts(0, olm).map_err(|_| RatchetError::Decrypt)?
        else {
            return Err(RatchetError::Decrypt);
        };
        let made = account
            .create_inbound_session(
                SessionConfig::version_2(),
                Curve25519PublicKey::from_bytes(*identity),
                &message,
            )
            .map_err(|_| RatchetError::Keys)?;
        let plain = Zeroizing::new(made.plaintext);
        let content = Content::unpad(&plain).map_err(|_| RatchetError::Content)?;
        Ok((Self::around(made.session)?, content))
    }

    /// The session a prekey message belongs to, without decrypting it.
    pub fn session_of(olm: &[u8]) -> Option<SessionId> {
        match OlmMessage::from_parts(0, olm).ok()? {
            OlmMessage::PreKey(message) => session_id(&message.session_id()),
            OlmMessage::Normal(_) => None,
        }
    }

    fn around(session: Session) -> Result<Self, RatchetError> {
        let id = session_id(&session.session_id()).ok_or(RatchetError::Stored)?;
        Ok(Self { id, session, send_order: 0, received_mark: 0, retired: false, retired_day: 0 })
    }

    /// Its id.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// Encrypts a content: (whether it is a prekey message, its bytes, its order).
    ///
    /// # Errors
    /// [`RatchetError`]; the session is unchanged.
    pub fn encrypt(&mut self, content: &Content) -> Result<(bool, Vec<u8>, u64), RatchetError> {
        let padded = Zeroizing::new(content.pad().map_err(|_| RatchetError::Content)?);
        let message = self.session.encrypt(padded.as_slice()).map_err(|_| RatchetError::Keys)?;
        let order = self.send_order;
        self.send_order = self.send_order.saturating_add(1);
        let (kind, bytes) = message.to_parts();
        Ok((kind == 0, bytes, order))
    }

    /// Decrypts a message.
    ///
    /// # Errors
    /// [`RatchetError::Decrypt`]: the session is unchanged. [`RatchetError::Content`]: the ratchet has moved, the
    /// inside is malformed.
    pub fn decrypt(&mut self, prekey: bool, olm: &[u8]) -> Result<Content, RatchetError> {
        let message = OlmMessage::from_parts(usize::from(!prekey), olm).map_err(|_| RatchetError::Decrypt)?;
        let plain = Zeroizing::new(self.session.decrypt(&message).map_err(|_| RatchetError::Decrypt)?);
        Content::unpad(&plain).map_err(|_| RatchetError::Content)
    }

    /// Its stored form. vodozemac's own state is kept as the JSON its documentation describes.
    ///
    /// # Errors
    /// [`RatchetError::Stored`], which no session has been seen to give.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RatchetError> {
        let pickle = serde_json::to_vec(&self.session.pickle()).map_err(|_| RatchetError::Stored)?;
        wire::encode(&Stored {
            pickle,
            send_order: self.send_order,
            received_mark: self.received_mark,
            retired: self.retired,
            retired_day: self.retired_day,
        })
        .map_err(|_| RatchetError::Stored)
    }

    /// A session out of its stored form.
    ///
    /// # Errors
    /// [`RatchetError::Stored`] when it is damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RatchetError> {
        let stored: Stored = wire::decode(bytes).map_err(|_| RatchetError::Stored)?;
        let pickle: SessionPickle =
            serde_json::from_slice(&stored.pickle).map_err(|_| RatchetError::Stored)?;
        let mut ratchet = Self::around(Session::from_pickle(pickle))?;
        ratchet.send_order = stored.send_order;
        ratchet.received_mark = stored.received_mark;
        ratchet.retired = stored.retired;
        ratchet.retired_day = stored.retired_day;
        Ok(ratchet)
    }
}

impl std::fmt::Debug for Ratchet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ratchet({:?}, {} sent)", self.id, self.send_order)
    }
}

fn session_id(text: &str) -> Option<SessionId> {
    data_encoding::BASE64_NOPAD.decode(text.as_bytes()).ok().and_then(|bytes| SessionId::from_slice(&bytes))
}
