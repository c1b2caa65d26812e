//! The handshake of devices that know each other (docs/spec/03-live.md, "Handshake"):
//! `Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s`, where psk2 comes out of an X-Wing exchange made for this stream alone.
//!
//! ```text
//! initiator                                    responder
//!   start   -- e, es, s, ss, [ek 1216] ------->  read: who is it? unknown: close without a byte
//!   finish  <- ct 1120, e, ee, se, psk, [] ----  answer
//!           -- first transport message ------->  only now the responder may send
//! ```

use super::handshake::{self, Ends, KEY, Setup, TAG};
use super::kem::{self, CIPHERTEXT_BYTES, HybridKem, KEY_BYTES, SharedSecret, XWing};
use super::{NoiseError, Transport};
use crate::kdf;
use snow::HandshakeState;
use zeroize::Zeroizing;

const PATTERN: &str = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";
const LABEL: &str = "starling/1";
/// Where the pre-shared key goes into the pattern.
const PSK: usize = 2;

/// Bytes of the first message: ephemeral key, encrypted static key, encrypted X-Wing key.
pub const FIRST_BYTES: usize = KEY + (KEY + TAG) + (KEY_BYTES + TAG);
/// Bytes of the second message: X-Wing ciphertext, ephemeral key, tag of an empty payload.
pub const SECOND_BYTES: usize = CIPHERTEXT_BYTES + KEY + TAG;

fn stream_psk(shared: &SharedSecret, ciphertext: &[u8], public: &[u8]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(kdf::derive("stream psk", &[shared.as_slice(), ciphertext, public]))
}

/// The side that opened the stream, waiting for the answer.
pub struct Initiator {
    state: HandshakeState,
    kem_secret: Zeroizing<[u8; 32]>,
    kem_public: Vec<u8>,
}

impl Initiator {
    /// Starts a handshake with the device whose static key is `remote_static`; gives the first message.
    ///
    /// # Errors
    /// [`NoiseError::Key`] when that key is unusable; [`NoiseError::Internal`] without random bytes.
    pub fn start(
        secret: &[u8; 32],
        remote_static: &[u8; 32],
        initiator_peer: &[u8],
        responder_peer: &[u8],
    ) -> Result<(Self, Vec<u8>), NoiseError> {
        let (kem_secret, _) = XWing::generate()?;
        Self::start_from(secret, remote_static, Ends { initiator_peer, responder_peer }, kem_secret, None)
    }

    pub(crate) fn start_from(
        secret: &[u8; 32],
        remote_static: &[u8; 32],
        ends: Ends<'_>,
        kem_secret: Zeroizing<[u8; 32]>,
        ephemeral: Option<&[u8; 32]>,
    ) -> Result<(Self, Vec<u8>), NoiseError> {
        let remote_static = Some(remote_static);
        let setup =
            Setup { pattern: PATTERN, label: LABEL, ends, secret, remote_static, psk: None, ephemeral };
        let mut state = setup.initiator()?;
        let kem_public = kem::public_key(&kem_secret);
        let message = handshake::write(&mut state, &kem_public)?;
        Ok((Self { state, kem_secret, kem_public }, message))
    }

    /// Reads the answer. From here on the initiator may send, and must, before the responder does.
    ///
    /// # Errors
    /// [`NoiseError`]: the other end is not who it should be, or the answer was changed on the way.
    pub fn finish(mut self, message: &[u8]) -> Result<Transport, NoiseError> {
        if message.len() != SECOND_BYTES {
            return Err(NoiseError::Length);
        }
        let (ciphertext, answer) = message.split_at_checked(CIPHERTEXT_BYTES).ok_or(NoiseError::Length)?;
        handshake::check_ephemeral(answer)?;
        let shared = XWing::decapsulate(&self.kem_secret, ciphertext)?;
        let psk = stream_psk(&shared, ciphertext, &self.kem_public);
        self.state.set_psk(PSK, psk.as_slice()).map_err(|_| NoiseError::Internal)?;
        handshake::read(&mut self.state, answer)?;
        Transport::new(self.state, true)
    }
}

/// The side that was called, knowing by whom.
pub struct Responder {
    state: HandshakeState,
    kem_public: Vec<u8>,
    remote_static: [u8; 32],
}

impl Responder {
    /// Reads the first message. It can be a replay of an old one; the caller's device must be known before anything
    /// is answered.
    ///
    /// # Errors
    /// [`NoiseError`]: the stream must be closed without a byte.
    pub fn read(
        secret: &[u8; 32],
        initiator_peer: &[u8],
        responder_peer: &[u8],
        message: &[u8],
    ) -> Result<Self, NoiseError> {
        Self::read_from(secret, Ends { initiator_peer, responder_peer }, message, None)
    }

    pub(crate) fn read_from(
        secret: &[u8; 32],
        ends: Ends<'_>,
        message: &[u8],
        ephemeral: Option<&[u8; 32]>,
    ) -> Result<Self, NoiseError> {
        if message.len() != FIRST_BYTES {
            return Err(NoiseError::Length);
        }
        handshake::check_ephemeral(message)?;
        let setup =
            Setup { pattern: PATTERN, label: LABEL, ends, secret, remote_static: None, psk: None, ephemeral };
        let mut state = setup.responder()?;
        let kem_public = handshake::read(&mut state, message)?;
        let remote_static = handshake::remote_static(&state)?;
        Ok(Self { state, kem_public, remote_static })
    }

    /// The static key of the caller's device.
    pub fn remote_static(&self) -> &[u8; 32] {
        &self.remote_static
    }

    /// Answers a known caller: the transport, which refuses to send until the caller's first message has come, and
    /// the second message.
    ///
    /// # Errors
    /// [`NoiseError::Key`] when the X-Wing key is none; [`NoiseError::Internal`] without random bytes.
    pub fn answer(self) -> Result<(Transport, Vec<u8>), NoiseError> {
        let (ciphertext, shared) = XWing::encapsulate(&self.kem_public)?;
        self.answer_with(ciphertext, &shared)
    }

    pub(crate) fn answer_with(
        mut self,
        ciphertext: Vec<u8>,
        shared: &SharedSecret,
    ) -> Result<(Transport, Vec<u8>), NoiseError> {
        let psk = stream_psk(shared, &ciphertext, &self.kem_public);
        self.state.set_psk(PSK, psk.as_slice()).map_err(|_| NoiseError::Internal)?;
        let mut message = ciphertext;
        message.extend(handshake::write(&mut self.state, &[])?);
        Ok((Transport::new(self.state, false)?, message))
    }
}

impl std::fmt::Debug for Initiator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Initiator(..)")
    }
}

impl std::fmt::Debug for Responder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Responder(..)")
    }
}
