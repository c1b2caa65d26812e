//! Who belongs to a room and what it is called: what the operations mean together (docs/spec/09-rooms.md, "Who is a
//! member"). A value, made by [`super::rule`] and never changed afterwards.

use super::op::{ADD_UPTO, OpBody, OpId, RoomMailbox};
use super::policy::Policy;
use crate::identity::DeviceEntry;
use crate::ids::{AccountId, DeviceId};
use crate::wire::Signed;
use std::collections::BTreeMap;

/// Accounts a room may have. Every one costs its key to everybody who writes; 250 is what is recommended.
pub const MEMBERS: usize = 1_000;

/// Somebody who belongs to a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// 0 for the creator, n for an admin n steps below, `None` for everybody else.
    pub rank: Option<u32>,
    /// What they call themselves here, cleaned; may be empty.
    pub name: String,
    /// Their newest manifest.
    pub manifest: Signed,
    /// Their devices: those of the manifest that were never revoked and are nobody else's.
    pub devices: Vec<DeviceEntry>,
    /// Who let them in; the creator themselves.
    pub added_by: AccountId,
    /// The operation that let them in.
    pub added: OpId,
    /// What was written before: the last number of each device then. See [`super::Add::upto`].
    pub upto: BTreeMap<DeviceId, u64>,
    /// Of that, they may be given what has at least this depth.
    pub since: u64,
}

/// The members of a room and what else its operations say, at one set of operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Members {
    /// By account.
    pub(super) members: BTreeMap<AccountId, Member>,
    /// Whose each device is.
    pub(super) owners: BTreeMap<DeviceId, AccountId>,
    /// Of accounts that were members and are not: the last number of each device that counts.
    pub(super) cut: BTreeMap<DeviceId, u64>,
    /// The room's name, cleaned.
    pub name: String,
    /// What it is about, cleaned; may be empty.
    pub topic: String,
    /// What newcomers may be given.
    pub history: Policy,
    /// The boxes for the absent.
    pub mailboxes: Vec<RoomMailbox>,
    /// The hash of the topic secret in use, once one was named.
    pub secret: Option<[u8; 32]>,
}

impl Members {
    /// How many accounts belong to it.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether nobody does.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether an account belongs to it.
    pub fn is_member(&self, account: &AccountId) -> bool {
        self.members.contains_key(account)
    }

    /// A member.
    pub fn member(&self, account: &AccountId) -> Option<&Member> {
        self.members.get(account)
    }

    /// All members, by account.
    pub fn iter(&self) -> impl Iterator<Item = (&AccountId, &Member)> {
        self.members.iter()
    }

    /// All accounts, ascending.
    pub fn accounts(&self) -> impl Iterator<Item = AccountId> {
        self.members.keys().copied()
    }

    /// The creator and the admins.
    pub fn admins(&self) -> impl Iterator<Item = AccountId> {
        self.members.iter().filter(|(_, member)| member.rank.is_some()).map(|(account, _)| *account)
    }

    /// Every device of every member.
    pub fn devices(&self) -> impl Iterator<Item = (AccountId, &DeviceEntry)> {
        self.members
            .iter()
            .flat_map(|(account, member)| member.devices.iter().map(move |device| (*account, device)))
    }

    /// The member a device belongs to.
    pub fn account_of(&self, device: &DeviceId) -> Option<AccountId> {
        self.owners.get(device).copied()
    }

    /// A device of a member.
    pub fn device(&self, device: &DeviceId) -> Option<&DeviceEntry> {
        let member = self.members.get(self.owners.get(device)?)?;
        member.devices.iter().find(|entry| entry.id == *device)
    }

    /// The number of a device's last message from before a member came in; 0 if it is not known to have written any.
    pub fn horizon(&self, account: &AccountId, device: &DeviceId) -> u64 {
        self.member(account).and_then(|member| member.upto.get(device).copied()).unwrap_or(0)
    }

    /// Whether a device's message of this number and depth is for a member.
    pub fn is_for(&self, account: &AccountId, device: &DeviceId, seq: u64, depth: u64) -> bool {
        self.member(account).is_some_and(|member| {
            // A list that is full does not name all who had written.
            let later = || member.upto.get(device).map_or(member.upto.len() < ADD_UPTO, |upto| seq > *upto);
            depth >= member.since || later()
        })
    }

    /// The number of the last message of a device that is taken, if its account was let in once and is no member now;
    /// 0 if none is.
    pub fn cut(&self, device: &DeviceId) -> Option<u64> {
        self.cut.get(device).copied()
    }

    /// Whether this said by `author` now would change what it speaks of, or could.
    pub fn may(&self, author: &AccountId, says: &OpBody) -> bool {
        let Some(member) = self.members.get(author) else { return false };
        // Over whom: somebody without a rank, or with a lower one.
        let below = |other: &Member| member.rank.is_some_and(|own| other.rank.is_none_or(|rank| rank > own));
        match says {
            OpBody::Create(_) | OpBody::Unknown(_) => false,
            OpBody::Add(add) => {
                member.rank.is_some() && !self.is_member(&add.account) && self.len() < MEMBERS
            }
            OpBody::Remove(remove) => {
                remove.account == *author || self.member(&remove.account).is_some_and(below)
            }
            OpBody::Promote(account) => self.member(account).is_some_and(below),
            OpBody::Demote(account) => self
                .member(account)
                .is_some_and(|other| other.rank.is_some() && (account == author || below(other))),
            OpBody::Devices(_) | OpBody::Name(_) => true,
            OpBody::Secret(_) | OpBody::Meta(_) | OpBody::Mailboxes(_) => member.rank.is_some(),
        }
    }
}
