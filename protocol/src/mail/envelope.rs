//! A sealed envelope (docs/spec/08-mail.md, "Envelope"):
//!
//! ```text
//! version 1 || hint [4] || X-Wing ciphertext [1120] || AEAD(len u32 LE || inner || zeros)
//! ```
//!
//! Its length is a power of two. Who carries it sees that and nothing else: not the sender, not for which key.

use crate::ids::{AccountId, DeviceId};
use crate::kdf;
use crate::noise::kem::{self, CIPHERTEXT_BYTES, HybridKem as _, XWing};
use crate::wire::{self, Signed};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Bytes of the smallest envelope. Smaller would tell short messages from long ones.
pub const SMALLEST: usize = 2_048;
/// Bytes of the largest envelope.
pub const LARGEST: usize = 65_536;
/// Bytes around the padded inside.
const AROUND: usize = HEADER + TAG;
const HEADER: usize = 1 + HINT + CIPHERTEXT_BYTES;
const HINT: usize = 4;
const TAG: usize = 16;
const LENGTH: usize = 4;
const VERSION: u8 = 1;
/// Bytes of the largest encoded [`Inner`].
pub const INNER_BYTES: usize = LARGEST - AROUND - LENGTH;

/// What an envelope is for. Numbers are fixed for ever.
pub mod kind {
    /// Parts of sessions (`Vec<OlmPart>`).
    pub const PARTS: u16 = 1;
    /// A Request of somebody who holds an invite (`Signed`).
    pub const REQUEST: u16 = 3;
    /// Acks (`Vec<Signed>`).
    pub const ACKS: u16 = 5;
}

/// What is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inner {
    /// Whose it is. Says nothing until what is in it proves it.
    pub account: AccountId,
    /// From which device.
    pub device: DeviceId,
    /// That device's card, if it is news.
    pub card: Option<Signed>,
    /// One of [`kind`]; an unknown one is dropped.
    pub kind: u16,
    /// Its encoded body.
    #[serde(with = "serde_bytes")]
    pub body: Vec<u8>,
}

/// A key pair to seal to: made for one reader of our card and one day, kept until its mail must have come.
pub struct SealPair {
    secret: Zeroizing<[u8; 32]>,
}

impl SealPair {
    /// From 32 bytes of chance, or from storage.
    pub fn from_secret(secret: [u8; 32]) -> Self {
        Self { secret: Zeroizing::new(secret) }
    }

    /// The key to publish: 1,216 bytes.
    pub fn public(&self) -> Vec<u8> {
        kem::public_key(&self.secret)
    }

    /// The secret, for storage.
    pub fn secret(&self) -> &[u8; 32] {
        &self.secret
    }
}

impl std::fmt::Debug for SealPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealPair(..)")
    }
}

/// Why there is no envelope, or nothing in it. Whoever opens drops it without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Larger than [`INNER_BYTES`], or not an envelope's length.
    #[error("too large for an envelope, or not of its lengths")]
    Length,
    /// Not a key, or not sealed to this one.
    #[error("the key does not fit")]
    Key,
    /// Opened, and malformed inside.
    #[error("malformed")]
    Malformed,
}

/// Four bytes that tell the owner of many keys which one to try, and others nothing.
pub fn hint(ek: &[u8]) -> [u8; HINT] {
    kdf::derive_short("seal hint", &[ek])
}

/// The hint of an envelope.
pub fn hint_of(envelope: &[u8]) -> Option<[u8; HINT]> {
    let (version, rest) = envelope.split_first()?;
    (*version == VERSION).then(|| rest.first_chunk::<HINT>().copied()).flatten()
}

/// Seals for the holder of `ek`. The same `own_secret` and the same rest give the same bytes, so that a retry is not a
/// second envelope; the chance in it is drawn from all of them, so that no two different insides share it.
///
/// # Errors
/// [`EnvelopeError::Length`], or [`EnvelopeError::Key`] when `ek` is no key.
pub fn seal(ek: &[u8], own_secret: &[u8; 32], inner: &Inner) -> Result<Vec<u8>, EnvelopeError> {
    let encoded = Zeroizing::new(wire::encode(inner).map_err(|_| EnvelopeError::Malformed)?);
    let length = length_for(encoded.len()).ok_or(EnvelopeError::Length)?;
    let room = length.saturating_sub(AROUND);
    let mut padded = Zeroizing::new(Vec::with_capacity(room));
    padded.extend_from_slice(&u32::try_from(encoded.len()).map_err(|_| EnvelopeError::Length)?.to_le_bytes());
    padded.extend_from_slice(&encoded);
    padded.resize(room, 0);
    let chance = Zeroizing::new(kdf::derive("seal chance", &[own_secret, ek, &padded]));
    let (ciphertext, shared) = kem::encapsulate_from(ek, &chance).map_err(|_| EnvelopeError::Key)?;
    let mut envelope = Vec::with_capacity(length);
    envelope.push(VERSION);
    envelope.extend_from_slice(&hint(ek));
    envelope.extend_from_slice(&ciphertext);
    let key = key_of(&shared, &ciphertext, ek);
    let sealed = XChaCha20Poly1305::new((&*key).into())
        .encrypt(&XNonce::default(), Payload { msg: &padded, aad: &envelope })
        .map_err(|_| EnvelopeError::Length)?;
    envelope.extend_from_slice(&sealed);
    Ok(envelope)
}

/// Opens with one key; which one to try says [`hint_of`].
///
/// # Errors
/// [`EnvelopeError`]; never panics, whatever the bytes.
pub fn open(envelope: &[u8], pair: &SealPair) -> Result<Inner, EnvelopeError> {
    if !envelope.len().is_power_of_two() || !(SMALLEST..=LARGEST).contains(&envelope.len()) {
        return Err(EnvelopeError::Length);
    }
    let (header, sealed) = envelope.split_at_checked(HEADER).ok_or(EnvelopeError::Length)?;
    let ciphertext = header.get(1 + HINT..).ok_or(EnvelopeError::Length)?;
    let ek = pair.public();
    if hint_of(envelope) != Some(hint(&ek)) {
        return Err(EnvelopeError::Key);
    }
    let shared = XWing::decapsulate(pair.secret(), ciphertext).map_err(|_| EnvelopeError::Key)?;
    let key = key_of(&shared, ciphertext, &ek);
    let padded = XChaCha20Poly1305::new((&*key).into())
        .decrypt(&XNonce::default(), Payload { msg: sealed, aad: header })
        .map_err(|_| EnvelopeError::Key)?;
    let padded = Zeroizing::new(padded);
    let (length, rest) = padded.split_first_chunk::<LENGTH>().ok_or(EnvelopeError::Malformed)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| EnvelopeError::Malformed)?;
    let (inner, zeros) = rest.split_at_checked(length).ok_or(EnvelopeError::Malformed)?;
    let clean: bool = zeros.ct_eq(&vec![0; zeros.len()]).into();
    if !clean || length_for(length) != Some(envelope.len()) {
        return Err(EnvelopeError::Malformed);
    }
    wire::decode(inner).map_err(|_| EnvelopeError::Malformed)
}

/// The length of the envelope around so many bytes.
fn length_for(inner: usize) -> Option<usize> {
    let length = inner.checked_add(AROUND + LENGTH)?.next_power_of_two().max(SMALLEST);
    (length <= LARGEST).then_some(length)
}

fn key_of(shared: &[u8; 32], ciphertext: &[u8], ek: &[u8]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(kdf::derive("seal", &[shared, ciphertext, ek]))
}
