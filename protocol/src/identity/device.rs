//! The secret keys of one device (docs/spec/02-identity.md, "Device"). They never leave it and are in no backup.

use crate::ids::DeviceId;
use crate::kdf;
use crate::wire::Signed;
use ed25519_dalek::SigningKey;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

/// A device's signing key (Ed25519) and its key for live streams (X25519). Wiped from memory when dropped.
pub struct DeviceKeys {
    sig: SigningKey,
    sig_public: [u8; 32],
    noise: Zeroizing<[u8; 32]>,
    noise_public: [u8; 32],
}

/// The id of the device with this signing key.
pub(crate) fn device_id(sig_public: &[u8; 32]) -> DeviceId {
    DeviceId(kdf::derive_short("device id", &[sig_public]))
}

impl DeviceKeys {
    /// Keys from 64 bytes of chance: the first 32 are the signing key's seed, the last 32 the X25519 secret.
    pub fn from_entropy(entropy: [u8; 64]) -> Self {
        Self::from_bytes(&Zeroizing::new(entropy))
    }

    /// Keys from storage; the counterpart of [`Self::to_bytes`].
    pub fn from_bytes(bytes: &[u8; 64]) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        let mut noise = Zeroizing::new([0; 32]);
        for (to, from) in seed.iter_mut().chain(noise.iter_mut()).zip(bytes) {
            *to = *from;
        }
        let sig = SigningKey::from_bytes(&seed);
        let noise_public = PublicKey::from(&StaticSecret::from(*noise)).to_bytes();
        Self { sig_public: sig.verifying_key().to_bytes(), sig, noise, noise_public }
    }

    /// The secrets, for storage under a key.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 64]> {
        let mut bytes = Zeroizing::new([0; 64]);
        for (to, from) in bytes.iter_mut().zip(self.sig.as_bytes().iter().chain(self.noise.iter())) {
            *to = *from;
        }
        bytes
    }

    /// This device's id.
    pub fn id(&self) -> DeviceId {
        device_id(&self.sig_public)
    }

    /// The public signing key.
    pub fn sig_public(&self) -> [u8; 32] {
        self.sig_public
    }

    /// The public key of live streams.
    pub fn noise_public(&self) -> [u8; 32] {
        self.noise_public
    }

    /// The secret key of live streams, for [`crate::noise`].
    pub fn noise_secret(&self) -> &[u8; 32] {
        &self.noise
    }

    /// 32 secret bytes for a libp2p key that is this device's for ever.
    pub fn peer_seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(kdf::derive("serve peer", &[self.sig.as_bytes()]))
    }

    /// 32 secret bytes for the key of the mailbox this device keeps for others.
    pub fn mail_seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(kdf::derive("mailbox key", &[self.sig.as_bytes()]))
    }

    /// 32 secret bytes that make the envelopes of this device what they are, and no others.
    pub fn seal_seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(kdf::derive("seal secret", &[self.sig.as_bytes()]))
    }

    /// Signs an encoded body for the purpose `domain`.
    pub fn sign(&self, domain: &str, body: &[u8]) -> Signed {
        Signed { body: body.to_vec(), sig: kdf::sign(&self.sig, domain, body) }
    }
}

impl std::fmt::Debug for DeviceKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DeviceKeys({:?}, ..)", self.id())
    }
}
