//! The transport after a handshake (docs/spec/03-live.md, "Transport"): frames of up to 64 KiB in padded Noise
//! messages. The plaintext of one message is
//!
//! ```text
//! flags u8 (bit 0: more of this frame follows) || len u16 LE || part (len bytes) || zeros
//! ```
//!
//! and 256 * 2^k bytes long, at most 32,768. Only a full message of that largest size may say that more follows, so a
//! frame is at most three messages and one frame has few shapes.

use super::NoiseError;
use super::handshake::TAG;
use crate::limits::FRAME_BYTES;
use snow::{HandshakeState, TransportState};

/// Bytes of the smallest plaintext.
const SMALLEST: usize = 256;
/// Bytes of the largest plaintext.
const LARGEST: usize = 32_768;
/// Bytes before the part.
const HEADER: usize = 3;
/// Bytes of a frame in a full message.
const FULL_PART: usize = LARGEST - HEADER;
/// Flag: more of this frame follows.
const MORE: u8 = 1;

/// One end of an encrypted stream. Each message must be given to the other end once and in order.
pub struct Transport {
    state: TransportState,
    parts: Parts,
    bytes_moved: u64,
    may_send: bool,
    ended: bool,
}

impl Transport {
    /// `may_send`: whether the other end has already shown, freshly, that it holds its static key.
    pub(super) fn new(state: HandshakeState, may_send: bool) -> Result<Self, NoiseError> {
        let state = state.into_transport_mode().map_err(|_| NoiseError::Internal)?;
        Ok(Self { state, parts: Parts::default(), bytes_moved: 0, may_send, ended: false })
    }

    /// Encrypts one frame into one to three messages.
    ///
    /// # Errors
    /// [`NoiseError::FrameSize`] and [`NoiseError::TooEarly`] change nothing; after any other the stream has ended.
    pub fn seal(&mut self, frame: &[u8]) -> Result<Vec<Vec<u8>>, NoiseError> {
        if self.ended {
            return Err(NoiseError::Ended);
        }
        if !self.may_send {
            return Err(NoiseError::TooEarly);
        }
        if frame.is_empty() || frame.len() > FRAME_BYTES {
            return Err(NoiseError::FrameSize);
        }
        let mut parts = frame.chunks(FULL_PART).peekable();
        let mut messages = Vec::with_capacity(frame.len().div_ceil(FULL_PART));
        while let Some(part) = parts.next() {
            let plaintext = pad(part, parts.peek().is_some());
            messages.push(self.encrypt(&plaintext).inspect_err(|_| self.ended = true)?);
        }
        Ok(messages)
    }

    fn encrypt(&mut self, plaintext: &[u8]) -> Result<Vec<u8>, NoiseError> {
        let mut message = vec![0; plaintext.len().saturating_add(TAG)];
        let written = self.state.write_message(plaintext, &mut message).map_err(|_| NoiseError::Ended)?;
        message.truncate(written);
        self.bytes_moved = self.bytes_moved.saturating_add(written as u64);
        Ok(message)
    }

    /// Decrypts one message; gives a frame when it was the frame's last.
    ///
    /// # Errors
    /// After any error the stream has ended.
    pub fn open(&mut self, message: &[u8]) -> Result<Option<Vec<u8>>, NoiseError> {
        if self.ended {
            return Err(NoiseError::Ended);
        }
        self.decrypt(message).inspect_err(|_| {
            self.ended = true;
            self.parts = Parts::default();
        })
    }

    fn decrypt(&mut self, message: &[u8]) -> Result<Option<Vec<u8>>, NoiseError> {
        let total = message.len().checked_sub(TAG).ok_or(NoiseError::Length)?;
        if !total.is_power_of_two() || !(SMALLEST..=LARGEST).contains(&total) {
            return Err(NoiseError::Length);
        }
        let mut plaintext = vec![0; message.len()];
        let written = self.state.read_message(message, &mut plaintext).map_err(|_| NoiseError::Decrypt)?;
        plaintext.truncate(written);
        self.bytes_moved = self.bytes_moved.saturating_add(message.len() as u64);
        self.may_send = true;
        self.parts.take(&plaintext)
    }

    /// Whether [`Self::seal`] is allowed: the responder of a live stream waits for the initiator's first message.
    pub fn may_send(&self) -> bool {
        self.may_send && !self.ended
    }

    /// Bytes of all messages in both directions, for [`super::STREAM_LIFE_BYTES`].
    pub fn bytes_moved(&self) -> u64 {
        self.bytes_moved
    }
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport")
            .field("bytes_moved", &self.bytes_moved)
            .field("ended", &self.ended)
            .finish()
    }
}

/// The parts of a frame that has not ended yet.
#[derive(Default)]
pub(crate) struct Parts(Vec<u8>);

impl Parts {
    /// Takes one plaintext; gives a frame when it was the frame's last.
    pub(crate) fn take(&mut self, plaintext: &[u8]) -> Result<Option<Vec<u8>>, NoiseError> {
        let (part, more) = unpad(plaintext)?;
        if self.0.len().saturating_add(part.len()) > FRAME_BYTES {
            return Err(NoiseError::FrameSize);
        }
        self.0.extend_from_slice(part);
        Ok(if more { None } else { Some(std::mem::take(&mut self.0)) })
    }
}

/// The plaintext of a message around a part of at most [`FULL_PART`] bytes.
fn pad(part: &[u8], more: bool) -> Vec<u8> {
    let total = part.len().saturating_add(HEADER).next_power_of_two().max(SMALLEST);
    let mut plaintext = Vec::with_capacity(total);
    plaintext.push(if more { MORE } else { 0 });
    // A part has at most 32,765 bytes.
    plaintext.extend_from_slice(&u16::try_from(part.len()).unwrap_or(u16::MAX).to_le_bytes());
    plaintext.extend_from_slice(part);
    plaintext.resize(total, 0);
    plaintext
}

/// The part in a plaintext, and whether more follows.
fn unpad(plaintext: &[u8]) -> Result<(&[u8], bool), NoiseError> {
    let ([flags, low, high], rest) = plaintext.split_first_chunk::<HEADER>().ok_or(NoiseError::Malformed)?;
    let length = usize::from(u16::from_le_bytes([*low, *high]));
    let (part, zeros) = rest.split_at_checked(length).ok_or(NoiseError::Malformed)?;
    let more = match *flags {
        0 => false,
        MORE if length == FULL_PART => true,
        _ => return Err(NoiseError::Malformed),
    };
    if part.is_empty() || zeros.iter().fold(0, |seen, byte| seen | byte) != 0 {
        return Err(NoiseError::Malformed);
    }
    Ok((part, more))
}

#[cfg(test)]
impl Transport {
    /// Encrypts a plaintext as it is, as a hostile peer would.
    pub(super) fn encrypt_for_test(&mut self, plaintext: &[u8]) -> Vec<u8> {
        self.encrypt(plaintext).unwrap_or_default()
    }
}
