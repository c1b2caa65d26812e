//! Records as an earlier version of Starling wrote them, and what they mean now. These structs are frozen: profiles
//! on disks hold them.

use super::command::ContactState;
use super::state::{Contact, DeviceRecord, InviteRecord, Join, OwnRecord};
use crate::ids::AccountId;
use crate::wire::Signed;
use serde::{Deserialize, Serialize};

/// The first form of [`OwnRecord`].
#[derive(Serialize, Deserialize)]
pub(super) struct FirstOwn {
    pub name: String,
    #[serde(with = "serde_bytes")]
    pub device: Vec<u8>,
    #[serde(with = "serde_bytes")]
    pub olm: Vec<u8>,
    pub fallback: [u8; 32],
    pub fallback_lived_ms: u64,
    pub manifest: Signed,
    pub card_seq: u64,
    pub lived_ms: u64,
    pub last_wall_ms: i64,
    pub read_receipts: bool,
    pub received_mark: u64,
}

impl From<FirstOwn> for OwnRecord {
    fn from(old: FirstOwn) -> Self {
        Self {
            name: old.name,
            device: old.device,
            olm: old.olm,
            fallback: old.fallback,
            fallback_lived_ms: old.fallback_lived_ms,
            manifest: old.manifest,
            card_seq: old.card_seq,
            lived_ms: old.lived_ms,
            last_wall_ms: old.last_wall_ms,
            read_receipts: old.read_receipts,
            received_mark: old.received_mark,
            presence: 1,
            record_s: 0,
        }
    }
}

/// The first form of [`Contact`].
#[derive(Serialize, Deserialize)]
pub(super) struct FirstContact {
    pub account: AccountId,
    pub name: String,
    pub named_by_us: bool,
    pub state: ContactState,
    pub reason: Option<String>,
    pub verified: bool,
    pub key_changed: bool,
    pub rv_in: Option<[u8; 32]>,
    pub rv_out: [u8; 32],
    pub manifest: Option<Signed>,
    pub join: Option<Join>,
    pub last_seen: Option<i64>,
}

impl From<FirstContact> for Contact {
    fn from(old: FirstContact) -> Self {
        Self {
            account: old.account,
            name: old.name,
            named_by_us: old.named_by_us,
            state: old.state,
            reason: old.reason,
            verified: old.verified,
            key_changed: old.key_changed,
            rv_in: old.rv_in,
            rv_out: old.rv_out,
            manifest: old.manifest,
            join: old.join,
            last_seen: old.last_seen,
            hidden: false,
        }
    }
}

/// The first form of [`InviteRecord`].
#[derive(Serialize, Deserialize)]
pub(super) struct FirstInvite {
    pub secret: [u8; 32],
    pub hints: Vec<String>,
    pub uses: u32,
    pub until_lived_ms: u64,
    pub until_wall_ms: i64,
    pub auto_accept: bool,
    pub revoked: bool,
}

impl From<FirstInvite> for InviteRecord {
    fn from(old: FirstInvite) -> Self {
        Self {
            // What has no address in its link may have none for a reason.
            private: old.hints.is_empty(),
            askers: Vec::new(),
            secret: old.secret,
            hints: old.hints,
            uses: old.uses,
            until_lived_ms: old.until_lived_ms,
            until_wall_ms: old.until_wall_ms,
            auto_accept: old.auto_accept,
            revoked: old.revoked,
        }
    }
}

/// The first form of [`DeviceRecord`].
#[derive(Serialize, Deserialize)]
pub(super) struct FirstDevice {
    pub account: AccountId,
    pub sig: [u8; 32],
    pub noise: [u8; 32],
    pub olm: [u8; 32],
    pub fallback: Option<[u8; 32]>,
    pub card_seq: u64,
    pub addrs: Vec<String>,
    pub reset_lived_ms: Option<u64>,
    pub tombstones: Vec<([u8; 32], u64)>,
    pub sending: Option<[u8; 32]>,
}

impl From<FirstDevice> for DeviceRecord {
    fn from(old: FirstDevice) -> Self {
        Self {
            account: old.account,
            sig: old.sig,
            noise: old.noise,
            olm: old.olm,
            fallback: old.fallback,
            card_seq: old.card_seq,
            addrs: old.addrs,
            reset_lived_ms: old.reset_lived_ms,
            tombstones: old.tombstones,
            sending: old.sending,
            seal: None,
            mailboxes: Vec::new(),
        }
    }
}
