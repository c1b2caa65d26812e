//! The bytes of a record: made, checked by whoever holds it, opened by whoever has the secret
//! (docs/spec/07-discovery.md, "Record").

use super::Slot;
use crate::kdf;
use crate::wire::{self, Signed};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use ed25519_dalek::SigningKey;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Lengths of a record in bytes: the smaller unless the card does not fit. A third length would tell more about what
/// is in it; libp2p's DHT takes no packet over 16 KiB.
pub const RECORD_BYTES: [usize; 2] = [4_096, 8_192];
/// Bytes in front of the ciphertext: public key 32, signature 64, time 4, nonce 24.
pub const HEADER_BYTES: usize = 32 + 64 + 4 + 24;
/// The step of a record's time, in seconds. Finer would let two records of one publisher be told by it; coarser would
/// delay a new card of somebody who moved again.
pub const MADE_STEP_S: u32 = 10;
/// The highest time a record may carry, in seconds since the day before its slot's began: its two days of use, and one
/// for clocks that are off.
pub const MADE_MAX_S: u32 = 3 * 86_400;

const DOMAIN: &str = "record";
/// Bytes the cipher adds.
const TAG_BYTES: usize = 16;
/// Bytes of the length in front of the card.
const LENGTH_BYTES: usize = 4;

/// When a record was made, in seconds since the day before its slot's began, a multiple of [`MADE_STEP_S`]. A holder
/// keeps the record with the highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Made(pub u32);

/// A record as it is put into the DHT.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// The key it lies under.
    pub key: [u8; 32],
    /// Its bytes, of one of the lengths [`RECORD_BYTES`].
    pub value: Vec<u8>,
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Record({} bytes)", self.value.len())
    }
}

/// Why a record is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Not one of the lengths a record has, or (when one is made) a card that fits none.
    #[error("a record has 4096 or 8192 bytes")]
    Length,
    /// It does not belong under this key.
    #[error("the record does not belong under this key")]
    Key,
    /// Its time is not one a record may have.
    #[error("the record's time is not possible")]
    Made,
    /// Not signed with the key of its slot.
    #[error("the record is not signed by who may write it")]
    Signature,
    /// What is in it is not a card in the one right form.
    #[error("the record's content cannot be read")]
    Content,
}

/// The parts of a value of the right length.
struct Split<'a> {
    public: &'a [u8; 32],
    sig: &'a [u8; 64],
    made: u32,
    nonce: &'a [u8; 24],
    ciphertext: &'a [u8],
}

fn split(value: &[u8]) -> Result<Split<'_>, RecordError> {
    if !RECORD_BYTES.contains(&value.len()) {
        return Err(RecordError::Length);
    }
    let (public, rest) = value.split_first_chunk().ok_or(RecordError::Length)?;
    let (sig, rest) = rest.split_first_chunk().ok_or(RecordError::Length)?;
    let (made, rest) = rest.split_first_chunk::<4>().ok_or(RecordError::Length)?;
    let (nonce, ciphertext) = rest.split_first_chunk().ok_or(RecordError::Length)?;
    Ok(Split { public, sig, made: u32::from_be_bytes(*made), nonce, ciphertext })
}

/// What a record's signature covers: everything but itself.
fn signed_part(public: &[u8; 32], made: u32, nonce: &[u8; 24], ciphertext: &[u8]) -> Vec<u8> {
    [&public[..], &made.to_be_bytes(), nonce, ciphertext].concat()
}

fn derive(context: &str, slot: &Slot) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(kdf::derive(context, &[&slot.rv, &slot.who.bytes(), &slot.day.to_le_bytes()]))
}

fn signing_key(slot: &Slot) -> SigningKey {
    SigningKey::from_bytes(&derive("record key", slot))
}

fn cipher(slot: &Slot) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&*derive("card enc", slot)).into())
}

fn key_of(public: &[u8; 32]) -> [u8; 32] {
    kdf::derive("card key", &[public])
}

/// Where a slot's record lies in the DHT.
pub fn key(slot: &Slot) -> [u8; 32] {
    key_of(signing_key(slot).verifying_key().as_bytes())
}

/// Makes the record that shows `card` to whoever knows the slot. `made` must be higher than in any record made for
/// this slot before, and `nonce` must be random.
///
/// # Errors
/// [`RecordError::Length`] for a card of more than 8048 bytes; [`RecordError::Made`] for a time that [`check`] would
/// refuse.
pub fn seal(slot: &Slot, made: Made, nonce: &[u8; 24], card: &Signed) -> Result<Record, RecordError> {
    check_made(made.0)?;
    let card = wire::encode(card).map_err(|_| RecordError::Content)?;
    let padded = pad(&card)?;
    let signer = signing_key(slot);
    let public = signer.verifying_key().to_bytes();
    let ciphertext =
        cipher(slot).encrypt(&XNonce::from(*nonce), padded.as_slice()).map_err(|_| RecordError::Content)?;
    let sig = kdf::sign(&signer, DOMAIN, &signed_part(&public, made.0, nonce, &ciphertext));
    let value = [&public[..], &sig, &made.0.to_be_bytes(), nonce, &ciphertext].concat();
    Ok(Record { key: key_of(&public), value })
}

/// What any holder can tell of a record without knowing whose it is: that it belongs under `key` and was made by one
/// who may write there. Takes some 50 µs. A holder takes a record only if this holds and its time is higher than that
/// of the record it has, or its bytes are the same.
///
/// # Errors
/// [`RecordError`]; never panics, whatever the bytes.
pub fn check(key: &[u8; 32], value: &[u8]) -> Result<Made, RecordError> {
    let parts = split(value)?;
    check_made(parts.made)?;
    if key_of(parts.public) != *key {
        return Err(RecordError::Key);
    }
    let body = signed_part(parts.public, parts.made, parts.nonce, parts.ciphertext);
    kdf::verify(parts.public, DOMAIN, &body, parts.sig).map_err(|_| RecordError::Signature)?;
    Ok(Made(parts.made))
}

/// The card in a slot's record. Whose card it is, and whether it is the newest, the caller must check.
///
/// # Errors
/// [`RecordError`]; never panics, whatever the bytes.
pub fn open(slot: &Slot, value: &[u8]) -> Result<Signed, RecordError> {
    check(&key(slot), value)?;
    let parts = split(value)?;
    let padded = cipher(slot)
        .decrypt(&XNonce::from(*parts.nonce), parts.ciphertext)
        .map_err(|_| RecordError::Content)?;
    let card = unpad(&padded).ok_or(RecordError::Content)?;
    // A record that is longer than it must be is a second form of the same.
    if pad(card)?.len() != padded.len() {
        return Err(RecordError::Content);
    }
    wire::decode(card).map_err(|_| RecordError::Content)
}

fn check_made(made: u32) -> Result<(), RecordError> {
    let possible = made <= MADE_MAX_S && made.is_multiple_of(MADE_STEP_S);
    if possible { Ok(()) } else { Err(RecordError::Made) }
}

/// The card after its length, filled up with zeros to what makes the smallest record it fits.
fn pad(card: &[u8]) -> Result<Zeroizing<Vec<u8>>, RecordError> {
    let room = RECORD_BYTES
        .into_iter()
        .map(|length| length.saturating_sub(HEADER_BYTES + TAG_BYTES))
        .find(|room| card.len().saturating_add(LENGTH_BYTES) <= *room)
        .ok_or(RecordError::Length)?;
    let length = u32::try_from(card.len()).map_err(|_| RecordError::Length)?;
    let mut padded = Zeroizing::new(Vec::with_capacity(room));
    padded.extend_from_slice(&length.to_le_bytes());
    padded.extend_from_slice(card);
    padded.resize(room, 0);
    Ok(padded)
}

fn unpad(padded: &[u8]) -> Option<&[u8]> {
    let (length, rest) = padded.split_first_chunk::<LENGTH_BYTES>()?;
    let (card, zeros) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    bool::from(zeros.ct_eq(&vec![0; zeros.len()])).then_some(card)
}
