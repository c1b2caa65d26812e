//! What both handshakes share: building a Noise state with a prologue that names both ends, and the checks snow
//! leaves to its caller (it accepts keys that make every shared secret zero).

use super::NoiseError;
use crate::identity::x25519_is_usable;
use snow::{Builder, HandshakeState};

/// Bytes of a public key.
pub(super) const KEY: usize = 32;
/// Bytes of an authentication tag.
pub(super) const TAG: usize = 16;
/// Bytes of the longest Noise message.
pub(super) const MESSAGE_BYTES: usize = 65_535;

/// The two ends of the transport connection as bytes, who speaks first and who answers.
#[derive(Clone, Copy)]
pub(crate) struct Ends<'a> {
    pub(crate) initiator_peer: &'a [u8],
    pub(crate) responder_peer: &'a [u8],
}

impl Ends<'_> {
    /// `label`, then each peer id after its length (u64, little endian), so that no two pairs give the same bytes.
    fn prologue(&self, label: &str) -> Vec<u8> {
        let mut bytes = label.as_bytes().to_vec();
        for peer in [self.initiator_peer, self.responder_peer] {
            bytes.extend_from_slice(&(peer.len() as u64).to_le_bytes());
            bytes.extend_from_slice(peer);
        }
        bytes
    }
}

/// What a Noise state is built from.
pub(super) struct Setup<'a> {
    pub(super) pattern: &'static str,
    pub(super) label: &'static str,
    pub(super) ends: Ends<'a>,
    pub(super) secret: &'a [u8; 32],
    pub(super) remote_static: Option<&'a [u8; 32]>,
    pub(super) psk: Option<(u8, &'a [u8; 32])>,
    /// A fixed ephemeral secret: only ever set by tests, for vectors.
    pub(super) ephemeral: Option<&'a [u8; 32]>,
}

impl Setup<'_> {
    fn builder<'b>(&'b self, prologue: &'b [u8]) -> Result<Builder<'b>, NoiseError> {
        let params = self.pattern.parse().map_err(|_| NoiseError::Internal)?;
        let internal = |_| NoiseError::Internal;
        let mut builder = Builder::new(params).prologue(prologue).map_err(internal)?;
        builder = builder.local_private_key(self.secret).map_err(internal)?;
        if let Some(key) = self.remote_static {
            if !x25519_is_usable(key) {
                return Err(NoiseError::Key);
            }
            builder = builder.remote_public_key(key).map_err(internal)?;
        }
        if let Some((place, psk)) = self.psk {
            builder = builder.psk(place, psk).map_err(internal)?;
        }
        if let Some(key) = self.ephemeral {
            builder = builder.fixed_ephemeral_key_for_testing_only(key);
        }
        Ok(builder)
    }

    /// The state of the one who speaks first.
    pub(super) fn initiator(&self) -> Result<HandshakeState, NoiseError> {
        let prologue = self.ends.prologue(self.label);
        self.builder(&prologue)?.build_initiator().map_err(|_| NoiseError::Internal)
    }

    /// The state of the one who answers.
    pub(super) fn responder(&self) -> Result<HandshakeState, NoiseError> {
        let prologue = self.ends.prologue(self.label);
        self.builder(&prologue)?.build_responder().map_err(|_| NoiseError::Internal)
    }
}

/// Writes one handshake message around `payload`.
pub(super) fn write(state: &mut HandshakeState, payload: &[u8]) -> Result<Vec<u8>, NoiseError> {
    // At most a key, an encrypted key and the payload with its tag.
    let mut message = vec![0; payload.len().saturating_add(2 * (KEY + TAG))];
    let written = state.write_message(payload, &mut message).map_err(|_| NoiseError::Internal)?;
    message.truncate(written);
    Ok(message)
}

/// Reads one handshake message and gives its payload.
pub(super) fn read(state: &mut HandshakeState, message: &[u8]) -> Result<Vec<u8>, NoiseError> {
    if message.len() > MESSAGE_BYTES {
        return Err(NoiseError::Length);
    }
    let mut payload = vec![0; message.len()];
    let written = state.read_message(message, &mut payload).map_err(|_| NoiseError::Decrypt)?;
    payload.truncate(written);
    Ok(payload)
}

/// Refuses a message whose ephemeral key, its first 32 bytes, is unusable. Before any work is done with it.
pub(super) fn check_ephemeral(message: &[u8]) -> Result<(), NoiseError> {
    let key = message.first_chunk::<KEY>().ok_or(NoiseError::Length)?;
    if x25519_is_usable(key) { Ok(()) } else { Err(NoiseError::Key) }
}

/// The static key the other end has proven, if it is usable.
pub(super) fn remote_static(state: &HandshakeState) -> Result<[u8; 32], NoiseError> {
    let key = state.get_remote_static().and_then(|key| key.try_into().ok()).ok_or(NoiseError::Internal)?;
    if x25519_is_usable(&key) { Ok(key) } else { Err(NoiseError::Key) }
}
