//! The manifest: which devices belong to an account, signed by its root (docs/spec/02-identity.md, "Manifest").
//! [`judge_manifest`] only says what a new manifest is beside the held one; what follows is the engine's business.

use super::device::device_id;
use super::keys::{ed25519_is_usable, x25519_is_usable};
use crate::error::SignatureError;
use crate::ids::{AccountId, DeviceId};
use crate::kdf;
use crate::limits::{DEVICES, REVOKED};
use crate::wire::{self, Ext, Signed, WireError, ext_understood};
use serde::{Deserialize, Serialize};

/// Why a manifest is refused. Always the peer's fault, unless it comes from
/// [`RootKey::sign_manifest`](super::RootKey::sign_manifest).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Not a manifest.
    #[error("the manifest cannot be read: {0}")]
    Wire(#[from] WireError),
    /// Not signed by its account.
    #[error("the manifest is not signed by its account: {0}")]
    Signature(#[from] SignatureError),
    /// Of another account than expected.
    #[error("the manifest is of another account")]
    Account,
    /// No device, or more than [`DEVICES`], or more than [`REVOKED`] revoked ones.
    #[error("the manifest lists too few or too many devices")]
    Count,
    /// A device id that is not that of its key.
    #[error("a device id does not match its key")]
    DeviceId,
    /// A key of small order or in a second spelling.
    #[error("a device has an unusable key")]
    Key,
    /// A device listed twice.
    #[error("a device is listed twice")]
    Duplicate,
    /// A revoked device among the devices.
    #[error("a revoked device is listed")]
    Revoked,
    /// It names no predecessor although it is not the first and not a restored one.
    #[error("the manifest does not say what it follows")]
    Prev,
    /// It needs a newer Starling.
    #[error("the manifest has parts this version does not understand")]
    Ext,
}

/// One device of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceEntry {
    /// Its id, which follows from `sig`.
    pub id: DeviceId,
    /// Ed25519: what the device signs with.
    pub sig: [u8; 32],
    /// X25519: its static key of live streams.
    pub noise: [u8; 32],
    /// X25519: its Olm identity key.
    pub olm: [u8; 32],
    /// When it was added, in days since 1970.
    pub added_day: u32,
    /// None defined yet; unknown bits are ignored.
    pub flags: u32,
}

/// A device that is none any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// Its id, which never returns.
    pub id: DeviceId,
    /// When, in days since 1970.
    pub at_day: u32,
}

/// The devices of an account at one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The account: its root public key.
    pub account: AccountId,
    /// The larger of the last version + 1 and the time in Unix seconds.
    pub version: u64,
    /// [`Manifest::hash`] of the manifest before, zero for the first and for a restored one.
    pub prev: [u8; 32],
    /// Unix seconds, by the signer's clock. Shown, never decided on.
    pub created_s: u64,
    /// [`Manifest::RESTORED`]; unknown bits are ignored.
    pub flags: u32,
    /// The devices, 1 to 8.
    pub devices: Vec<DeviceEntry>,
    /// Devices that were revoked, at most 64.
    pub revoked: Vec<Revoked>,
    /// Room for growth.
    pub ext: Ext,
}

impl Manifest {
    /// The domain of the root's signature.
    pub const DOMAIN: &'static str = "manifest";
    /// Flag: made from the 24 words alone, so it knows no predecessor and lists only the new device.
    pub const RESTORED: u32 = 1;

    /// Reads a manifest and checks everything that can be checked without knowing an earlier one.
    ///
    /// # Errors
    /// [`ManifestError`]; the account it names is the one that signed it, but whose that is the caller must know.
    pub fn open(signed: &Signed) -> Result<Self, ManifestError> {
        let manifest: Self = wire::decode(&signed.body)?;
        kdf::verify(manifest.account.as_bytes(), Self::DOMAIN, &signed.body, &signed.sig)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// The rules of the content.
    pub(super) fn check(&self) -> Result<(), ManifestError> {
        if !ext_understood(&self.ext) {
            return Err(ManifestError::Ext);
        }
        if self.devices.is_empty() || self.devices.len() > DEVICES || self.revoked.len() > REVOKED {
            return Err(ManifestError::Count);
        }
        for (place, entry) in self.devices.iter().enumerate() {
            if device_id(&entry.sig) != entry.id {
                return Err(ManifestError::DeviceId);
            }
            if !ed25519_is_usable(&entry.sig)
                || !x25519_is_usable(&entry.noise)
                || !x25519_is_usable(&entry.olm)
            {
                return Err(ManifestError::Key);
            }
            let before = self.devices.iter().take(place);
            if before.into_iter().any(|other| other.id == entry.id || other.noise == entry.noise) {
                return Err(ManifestError::Duplicate);
            }
            if self.is_revoked(&entry.id) {
                return Err(ManifestError::Revoked);
            }
        }
        Ok(())
    }

    /// The device of this id, if it belongs to the account.
    pub fn device(&self, id: &DeviceId) -> Option<&DeviceEntry> {
        self.devices.iter().find(|entry| entry.id == *id)
    }

    /// The device with this static key of live streams.
    pub fn device_by_noise(&self, noise: &[u8; 32]) -> Option<&DeviceEntry> {
        self.devices.iter().find(|entry| entry.noise == *noise)
    }

    /// Whether this id was revoked.
    pub fn is_revoked(&self, id: &DeviceId) -> bool {
        self.revoked.iter().any(|revoked| revoked.id == *id)
    }

    /// What a manifest is called by its successor: BLAKE3 of its body.
    pub fn hash(signed: &Signed) -> [u8; 32] {
        kdf::hash(&signed.body)
    }
}

/// What a manifest is beside the one already held of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManifestVerdict {
    /// None was held: keep it, if the account is the one expected.
    First,
    /// The one that is held.
    Same,
    /// A later one: keep it.
    Newer,
    /// A later one made from the 24 words alone: keep it, drop the sessions of devices not listed, tell the user.
    NewerRestored,
    /// An earlier one: keep the held one.
    Older,
    /// The account signed two manifests that exclude each other: keep the held one, alarm the user.
    Conflict,
}

/// Checks `new` and compares it with the `held` manifest of the same account.
///
/// # Errors
/// [`ManifestError`] when `new` must be refused whatever its version; `held` was checked when it was taken.
pub fn judge_manifest(
    held: Option<&Signed>,
    new: &Signed,
) -> Result<(Manifest, ManifestVerdict), ManifestError> {
    let manifest = Manifest::open(new)?;
    let Some(held_signed) = held else {
        return Ok((manifest, ManifestVerdict::First));
    };
    let held: Manifest = wire::decode(&held_signed.body)?;
    if held.account != manifest.account {
        return Err(ManifestError::Account);
    }
    let verdict = if held_signed.body == new.body {
        ManifestVerdict::Same
    } else if manifest.version == held.version {
        ManifestVerdict::Conflict
    } else if manifest.version < held.version {
        ManifestVerdict::Older
    } else {
        judge_newer(&held, &manifest)?
    };
    Ok((manifest, verdict))
}

fn judge_newer(held: &Manifest, new: &Manifest) -> Result<ManifestVerdict, ManifestError> {
    if new.devices.iter().any(|entry| held.is_revoked(&entry.id)) {
        return Err(ManifestError::Revoked);
    }
    if new.flags & Manifest::RESTORED != 0 {
        return Ok(ManifestVerdict::NewerRestored);
    }
    if new.prev == [0; 32] {
        return Err(ManifestError::Prev);
    }
    // Two successors of one manifest: a fork. A `prev` we do not know is a version we missed.
    if new.prev == held.prev { Ok(ManifestVerdict::Conflict) } else { Ok(ManifestVerdict::Newer) }
}
