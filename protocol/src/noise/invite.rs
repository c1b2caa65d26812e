//! The handshake of somebody who holds an invite (docs/spec/03-live.md, "Live"):
//! `Noise_XXpsk0_25519_ChaChaPoly_BLAKE2s` under the invite's secret. The secret has 256 bits and travelled outside
//! the network, so the stream is safe from a quantum computer without another exchange.
//!
//! ```text
//! joiner                                       inviter
//!           -- tag (Invite::tag) ------------->  which invite? none: close without a byte
//!   start   -- psk, e ------------------------>  answer
//!   read    <- e, ee, s, es, [card] -----------
//!   finish  -- s, se -------------------------->  finish
//! ```

use super::handshake::{self, Ends, KEY, MESSAGE_BYTES, Setup, TAG};
use super::{NoiseError, Transport};
use crate::invite::Invite;
use snow::HandshakeState;

const PATTERN: &str = "Noise_XXpsk0_25519_ChaChaPoly_BLAKE2s";
const LABEL: &str = "starling/invite/1";

/// Bytes of the first message: ephemeral key, tag of an empty payload.
pub const FIRST_BYTES: usize = KEY + TAG;
/// Bytes of the third message: encrypted static key, tag of an empty payload.
pub const THIRD_BYTES: usize = (KEY + TAG) + TAG;
/// Bytes of the longest card the second message has room for.
pub const CARD_BYTES: usize = MESSAGE_BYTES - KEY - (KEY + TAG) - TAG;

fn setup<'a>(
    secret: &'a [u8; 32],
    ends: Ends<'a>,
    psk: &'a [u8; 32],
    ephemeral: Option<&'a [u8; 32]>,
) -> Setup<'a> {
    Setup {
        pattern: PATTERN,
        label: LABEL,
        ends,
        secret,
        remote_static: None,
        psk: Some((0, psk)),
        ephemeral,
    }
}

/// The side that holds the invite, waiting for the inviter.
pub struct Joiner {
    state: HandshakeState,
}

impl Joiner {
    /// Starts the handshake; gives the first message, which follows [`Invite::tag`].
    ///
    /// # Errors
    /// [`NoiseError::Internal`] without random bytes.
    pub fn start(
        secret: &[u8; 32],
        invite: &Invite,
        joiner_peer: &[u8],
        inviter_peer: &[u8],
    ) -> Result<(Self, Vec<u8>), NoiseError> {
        let ends = Ends { initiator_peer: joiner_peer, responder_peer: inviter_peer };
        Self::start_from(secret, invite, ends, None)
    }

    pub(crate) fn start_from(
        secret: &[u8; 32],
        invite: &Invite,
        ends: Ends<'_>,
        ephemeral: Option<&[u8; 32]>,
    ) -> Result<(Self, Vec<u8>), NoiseError> {
        let psk = invite.stream_key();
        let mut state = setup(secret, ends, &psk, ephemeral).initiator()?;
        let message = handshake::write(&mut state, &[])?;
        Ok((Self { state }, message))
    }

    /// Reads the answer. The card must be checked with [`Invite::open_card`] before going on.
    ///
    /// # Errors
    /// [`NoiseError`]: the other end does not know the invite, or the answer was changed on the way.
    pub fn read(mut self, message: &[u8]) -> Result<JoinerReady, NoiseError> {
        handshake::check_ephemeral(message)?;
        let card = handshake::read(&mut self.state, message)?;
        let remote_static = handshake::remote_static(&self.state)?;
        Ok(JoinerReady { state: self.state, card, remote_static })
    }
}

/// The joiner, knowing who answered.
pub struct JoinerReady {
    state: HandshakeState,
    card: Vec<u8>,
    remote_static: [u8; 32],
}

impl JoinerReady {
    /// The inviter's card as it was sent: an encoded [`crate::wire::Signed`], not checked yet.
    pub fn card(&self) -> &[u8] {
        &self.card
    }

    /// The static key the other end has proven.
    pub fn remote_static(&self) -> &[u8; 32] {
        &self.remote_static
    }

    /// Shows who one is; gives the transport and the third message.
    ///
    /// # Errors
    /// [`NoiseError::Internal`].
    pub fn finish(mut self) -> Result<(Transport, Vec<u8>), NoiseError> {
        let message = handshake::write(&mut self.state, &[])?;
        Ok((Transport::new(self.state, true)?, message))
    }
}

/// The side that gave the invite away, waiting to hear who the joiner is.
pub struct Inviter {
    state: HandshakeState,
}

impl Inviter {
    /// Reads the first message and answers with the own card (an encoded [`crate::wire::Signed`]).
    ///
    /// # Errors
    /// [`NoiseError`]: close without a byte; [`NoiseError::FrameSize`] when the card is over [`CARD_BYTES`].
    pub fn answer(
        secret: &[u8; 32],
        invite: &Invite,
        joiner_peer: &[u8],
        inviter_peer: &[u8],
        message: &[u8],
        card: &[u8],
    ) -> Result<(Self, Vec<u8>), NoiseError> {
        let ends = Ends { initiator_peer: joiner_peer, responder_peer: inviter_peer };
        Self::answer_from(secret, invite, ends, message, card, None)
    }

    pub(crate) fn answer_from(
        secret: &[u8; 32],
        invite: &Invite,
        ends: Ends<'_>,
        message: &[u8],
        card: &[u8],
        ephemeral: Option<&[u8; 32]>,
    ) -> Result<(Self, Vec<u8>), NoiseError> {
        if card.len() > CARD_BYTES {
            return Err(NoiseError::FrameSize);
        }
        if message.len() != FIRST_BYTES {
            return Err(NoiseError::Length);
        }
        handshake::check_ephemeral(message)?;
        let psk = invite.stream_key();
        let mut state = setup(secret, ends, &psk, ephemeral).responder()?;
        handshake::read(&mut state, message)?;
        let answer = handshake::write(&mut state, card)?;
        Ok((Self { state }, answer))
    }

    /// Reads the third message; gives the transport and the static key of the joiner's device.
    ///
    /// # Errors
    /// [`NoiseError`].
    pub fn finish(mut self, message: &[u8]) -> Result<(Transport, [u8; 32]), NoiseError> {
        if message.len() != THIRD_BYTES {
            return Err(NoiseError::Length);
        }
        handshake::read(&mut self.state, message)?;
        let remote_static = handshake::remote_static(&self.state)?;
        Ok((Transport::new(self.state, true)?, remote_static))
    }
}

impl std::fmt::Debug for Joiner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Joiner(..)")
    }
}

impl std::fmt::Debug for JoinerReady {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JoinerReady(..)")
    }
}

impl std::fmt::Debug for Inviter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inviter(..)")
    }
}
