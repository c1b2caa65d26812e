//! What a room's topic secret is good for (docs/spec/09-rooms.md, "Gossip", "The room's mailbox"): the names of its
//! topics, the outer encryption of what is said there and of what lies in its mailbox, and by what its members find
//! each other. All of it hides *that* something belongs to a room from who is not in it; what is said is sealed inside
//! once more.
//!
//! ```text
//! gossip:   nonce [24] || AEAD(len u32 LE || frame || zeros)          512 · 2^k bytes, at most 32 KiB
//! mailbox:  2 || nonce [24] || AEAD(len u32 LE || frame || zeros)     2 KiB · 2^k, at most 64 KiB
//! ```

use crate::ids::AccountId;
use crate::kdf;
use crate::mail::{QueueId, envelope, shared_queue};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Bytes of the smallest piece of gossip. Smaller would tell operations and receipts from messages.
pub const GOSSIP_SMALLEST: usize = 512;
/// Bytes of the largest piece of gossip: what the network takes.
pub const GOSSIP_LARGEST: usize = 32 * 1024;
/// Bytes of the largest frame that goes as gossip. An entry whose content is padded to 16 KiB fits, one of 32 KiB does
/// not: it goes over links.
pub const GOSSIP_FRAME_BYTES: usize = GOSSIP_LARGEST - AROUND;
/// Bytes of the largest frame that goes into the room's mailbox: any that [`super::words::Give::batches`] makes fits.
pub const BOX_FRAME_BYTES: usize = envelope::LARGEST - AROUND - 1;

const NONCE: usize = 24;
const TAG: usize = 16;
const LENGTH: usize = 4;
const AROUND: usize = NONCE + TAG + LENGTH;
/// First byte of what lies in a room's mailbox: no envelope of mail begins with it.
const VERSION: u8 = 2;

/// What names a topic secret in an operation, and says nothing of it.
pub fn secret_id(secret: &[u8; 32]) -> [u8; 32] {
    kdf::derive("room secret id", &[secret])
}

/// The topic of a room on a day (days since 1970).
pub fn topic(secret: &[u8; 32], day: u32) -> [u8; 32] {
    kdf::derive("room topic", &[secret, &day.to_le_bytes()])
}

/// The rendezvous secret by which an account is found by those who share a room with it.
pub fn rv(secret: &[u8; 32], account: &AccountId) -> [u8; 32] {
    kdf::derive("room rv", &[secret, &account.0])
}

/// What owns a room's box. `secret` is whoever's made it, and is not told the room: members may leave things there and
/// read them, but not take them away.
pub fn box_token(secret: &[u8; 32]) -> [u8; 32] {
    kdf::derive("room box owner", &[secret])
}

/// The one queue of a room's box; `secret` is that of the box, which the members know.
pub fn box_queue(secret: &[u8; 32]) -> QueueId {
    shared_queue(&box_deposit(secret))
}

/// What allows to leave something in that queue, and to read it. The mailbox keeps its hash.
pub fn box_deposit(secret: &[u8; 32]) -> [u8; 32] {
    kdf::derive("room box deposit", &[secret])
}

/// A frame as a piece of gossip. `nonce` must be chance. `None` when it is over [`GOSSIP_FRAME_BYTES`].
pub fn gossip_seal(secret: &[u8; 32], day: u32, nonce: &[u8; NONCE], frame: &[u8]) -> Option<Vec<u8>> {
    let total = total(frame.len().checked_add(AROUND)?, GOSSIP_SMALLEST, GOSSIP_LARGEST)?;
    let mut data = nonce.to_vec();
    data.extend(encrypt(&gossip_key(secret, day), nonce, frame, total.checked_sub(NONCE + TAG)?)?);
    Some(data)
}

/// The frame in a piece of gossip of this secret and day. `None` for anything else; never panics.
pub fn gossip_open(secret: &[u8; 32], day: u32, data: &[u8]) -> Option<Vec<u8>> {
    if !(GOSSIP_SMALLEST..=GOSSIP_LARGEST).contains(&data.len()) {
        return None;
    }
    let (nonce, sealed) = data.split_first_chunk::<NONCE>()?;
    let frame = decrypt(&gossip_key(secret, day), nonce, sealed)?;
    (total(frame.len().checked_add(AROUND)?, GOSSIP_SMALLEST, GOSSIP_LARGEST)? == data.len()).then_some(frame)
}

/// A frame as it lies in the room's mailbox, with the form of an envelope. The same frame gives the same bytes, so that
/// what several members leave there is there once. `None` when it is over [`BOX_FRAME_BYTES`].
pub fn box_seal(secret: &[u8; 32], frame: &[u8]) -> Option<Vec<u8>> {
    let total = total(frame.len().checked_add(AROUND + 1)?, envelope::SMALLEST, envelope::LARGEST)?;
    let nonce = box_nonce(secret, frame);
    let mut data = vec![VERSION];
    data.extend_from_slice(&nonce);
    data.extend(encrypt(&box_key(secret), &nonce, frame, total.checked_sub(NONCE + TAG + 1)?)?);
    Some(data)
}

/// The frame in what lay in the room's mailbox. `None` for anything else; never panics.
pub fn box_open(secret: &[u8; 32], data: &[u8]) -> Option<Vec<u8>> {
    if !(envelope::SMALLEST..=envelope::LARGEST).contains(&data.len()) {
        return None;
    }
    let (version, rest) = data.split_first()?;
    let (nonce, sealed) = rest.split_first_chunk::<NONCE>()?;
    let frame = (*version == VERSION).then(|| decrypt(&box_key(secret), nonce, sealed))??;
    let length = frame.len().checked_add(AROUND + 1)?;
    let one_form = total(length, envelope::SMALLEST, envelope::LARGEST)? == data.len()
        && *nonce == box_nonce(secret, &frame);
    one_form.then_some(frame)
}

/// The smallest power of two that holds `length` bytes, from `smallest` to `largest`.
fn total(length: usize, smallest: usize, largest: usize) -> Option<usize> {
    let total = length.checked_next_power_of_two()?.max(smallest);
    (total <= largest).then_some(total)
}

fn encrypt(key: &[u8; 32], nonce: &[u8; NONCE], frame: &[u8], room: usize) -> Option<Vec<u8>> {
    let mut padded = Zeroizing::new(Vec::with_capacity(room));
    padded.extend_from_slice(&u32::try_from(frame.len()).ok()?.to_le_bytes());
    padded.extend_from_slice(frame);
    padded.resize(room, 0);
    XChaCha20Poly1305::new(key.into()).encrypt(&XNonce::from(*nonce), padded.as_slice()).ok()
}

fn decrypt(key: &[u8; 32], nonce: &[u8; NONCE], sealed: &[u8]) -> Option<Vec<u8>> {
    let padded = XChaCha20Poly1305::new(key.into()).decrypt(&XNonce::from(*nonce), sealed).ok()?;
    let (length, rest) = padded.split_first_chunk::<LENGTH>()?;
    let (frame, zeros) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    bool::from(zeros.ct_eq(&vec![0; zeros.len()])).then(|| frame.to_vec())
}

/// Drawn from all of the frame, so that no two different ones share a nonce.
fn box_nonce(secret: &[u8; 32], frame: &[u8]) -> [u8; NONCE] {
    kdf::derive_short("room box nonce", &[secret, frame])
}

fn gossip_key(secret: &[u8; 32], day: u32) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(kdf::derive("room gossip", &[secret, &day.to_le_bytes()]))
}

fn box_key(secret: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(kdf::derive("room box", &[secret]))
}
