//! What a device of a member signs that it has of a room: the receipt of rooms (docs/spec/09-rooms.md, "Receipts").
//! The one with the highest counter counts; anybody may keep it and pass it on, nobody can sign it for another.

use super::entry::LAST_SEQ;
use crate::identity::{DeviceKeys, device_id};
use crate::ids::{DeviceId, RoomId};
use crate::kdf;
use crate::wire::{self, Ext, Signed};
use serde::{Deserialize, Serialize};

const DOMAIN: &str = "room have";

/// Devices spoken of in one receipt, at most: those of a room of 250 people with four each.
pub const DEVICES: usize = 1_024;
/// Ranges above the first hole of one device, at most. What is beyond them is told when a hole is filled.
pub const RANGES: usize = 8;
/// Bytes of an encoded receipt, at most: half a frame.
pub const HAVE_BYTES: usize = 32 * 1024;

/// How much of one device's entries is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadRange {
    /// Whose entries.
    pub device: DeviceId,
    /// All numbers up to it are on disk and opened, or were given up.
    pub upto: u64,
    /// Numbers that are there above it, first and last, at most [`RANGES`]: in rising order, never touching.
    pub beyond: Vec<(u64, u64)>,
}

/// A receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Have {
    /// In which room.
    pub room: RoomId,
    /// Who has it.
    pub device: DeviceId,
    /// Grows with every receipt of this device in the room.
    pub counter: u64,
    /// By device, in rising order, at most [`DEVICES`]. Of one that is not in it nothing is said.
    pub heads: Vec<HeadRange>,
    /// Room for growth.
    pub ext: Ext,
}

/// Why a receipt is not believed, or not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HaveError {
    /// Not in the one right form, or over a bound.
    #[error("the receipt is malformed or over a bound")]
    Malformed,
    /// Not signed by the device it names.
    #[error("the receipt is not signed by its device")]
    Signature,
}

impl Have {
    /// A receipt of these heads, one for each device, cut to the bounds: of more than [`DEVICES`] the last are left
    /// out, so the caller puts first what is news; of many ranges the highest.
    pub fn new(room: RoomId, device: DeviceId, counter: u64, mut heads: Vec<HeadRange>) -> Self {
        heads.truncate(DEVICES);
        heads.iter_mut().for_each(|head| head.beyond.truncate(RANGES));
        heads.sort_by_key(|head| head.device);
        let mut have = Self { room, device, counter, heads, ext: Vec::new() };
        if wire::encode(&have).map_or(true, |bytes| bytes.len() > HAVE_BYTES) {
            // Without ranges any heads fit.
            have.heads.iter_mut().for_each(|head| head.beyond.clear());
        }
        have
    }

    /// Signs it.
    ///
    /// # Errors
    /// [`HaveError::Malformed`] over a bound.
    pub fn sign(&self, device: &DeviceKeys) -> Result<Signed, HaveError> {
        let body = wire::encode(self).map_err(|_| HaveError::Malformed)?;
        if !self.is_possible() || body.len() > HAVE_BYTES {
            return Err(HaveError::Malformed);
        }
        Ok(device.sign(DOMAIN, &body))
    }

    /// The receipt in a signed body, *not believed yet*: to learn whose key must have signed it.
    ///
    /// # Errors
    /// [`HaveError::Malformed`].
    pub fn peek(signed: &Signed) -> Result<Self, HaveError> {
        if signed.body.len() > HAVE_BYTES {
            return Err(HaveError::Malformed);
        }
        let have: Self = wire::decode(&signed.body).map_err(|_| HaveError::Malformed)?;
        if have.is_possible() { Ok(have) } else { Err(HaveError::Malformed) }
    }

    /// The receipt, if the device with this signing key signed it and is the one it names.
    ///
    /// # Errors
    /// [`HaveError`].
    pub fn open(signed: &Signed, device_key: &[u8; 32]) -> Result<Self, HaveError> {
        let have = Self::peek(signed)?;
        if have.device != device_id(device_key) {
            return Err(HaveError::Signature);
        }
        kdf::verify(device_key, DOMAIN, &signed.body, &signed.sig).map_err(|_| HaveError::Signature)?;
        Ok(have)
    }

    /// Whether it says that a device's entry is there.
    pub fn covers(&self, device: &DeviceId, seq: u64) -> bool {
        let Ok(at) = self.heads.binary_search_by_key(device, |head| head.device) else { return false };
        self.heads.get(at).is_some_and(|head| head.covers(seq))
    }

    fn is_possible(&self) -> bool {
        self.heads.len() <= DEVICES
            && self.heads.is_sorted_by(|a, b| a.device < b.device)
            && self.heads.iter().all(HeadRange::is_possible)
            && wire::ext_understood(&self.ext)
    }
}

impl HeadRange {
    /// Whether a number is there.
    pub fn covers(&self, seq: u64) -> bool {
        seq >= 1 && (seq <= self.upto || self.beyond.iter().any(|(from, to)| (*from..=*to).contains(&seq)))
    }

    pub(super) fn is_possible(&self) -> bool {
        let mut last = self.upto;
        self.upto <= LAST_SEQ
            && self.beyond.len() <= RANGES
            && self.beyond.iter().all(|(from, to)| {
                let apart = *from > last.saturating_add(1) && from <= to && *to <= LAST_SEQ;
                last = *to;
                apart
            })
    }
}
