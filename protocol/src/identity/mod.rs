//! Who somebody is: the account's root key and its 24 words, the keys of one device, the manifest that says which
//! devices belong to an account, the contact card, and the safety number (docs/spec/02-identity.md).
//!
//! Nothing here keeps state or decides whom to trust: it signs, checks and compares.

mod card;
mod compare;
mod device;
mod keys;
mod manifest;
mod safety;
mod seed;
#[cfg(test)]
mod tests;

pub use card::{Card, CardError, MAILBOX_ADDRESSES, MAILBOXES, Mailbox, SealKey};
pub use compare::{Chance, commitment, words as compared_words};
pub use device::DeviceKeys;
pub(crate) use device::device_id;
pub use keys::{ed25519_is_usable, x25519_is_low_order, x25519_is_usable};
pub use manifest::{DeviceEntry, Manifest, ManifestError, ManifestVerdict, Revoked, judge_manifest};
pub use safety::safety_number;
pub use seed::{RootKey, Seed, WordsError};
