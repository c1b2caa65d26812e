//! Timers as values: what is due when, on the monotonic clock in milliseconds. One entry per timer: setting it again
//! moves it.

use super::net::{ConnId, LinkId};
use super::open::OpenTimer;
use super::room::RoomTimer;
use super::search::Sought;
use crate::ids::{AccountId, ChatId, DeviceId, MailboxId, RoomId};
use std::collections::{BTreeMap, BTreeSet};

/// What may come due.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// Try to reach a device.
    Dial(DeviceId),
    /// Try to bring a request to an inviter.
    Join(AccountId),
    /// A handshake must be done by now.
    Handshake(LinkId),
    /// Close a link on which nobody known called.
    Stranger(LinkId),
    /// A live link has lived long enough.
    Renew(LinkId),
    /// Messages on the way to a device should have been answered.
    Answer(DeviceId),
    /// A hole in a device's chain has been open long enough.
    Gap(DeviceId, ChatId),
    /// Parts held in front of a ratchet have waited long enough.
    Held(DeviceId),
    /// A new session may be made for messages that wait for one.
    Seal(DeviceId),
    /// Hourly housekeeping: lived time, expiry, key rotation.
    Hourly,
    /// A record of ours is to be put out.
    Publish,
    /// Another day has begun for records.
    Day,
    /// Look for somebody.
    Find(Sought),
    /// The network may count as grown again.
    Grown,
    /// The other side had time to use a better connection.
    Better(ConnId),
    /// Rows of a device are to go by mail, if it is still away.
    Post(DeviceId),
    /// A letter is to be tried again.
    Letter(u64),
    /// A stream to a mailbox may have been silent or idle for too long.
    Line(MailboxId),
    /// Call a mailbox that keeps mail for us.
    Mailbox(MailboxId),
    /// Others may be told again that a friend who keeps mail for us moved.
    Moved,
    /// Answers to mail of a device were gathered for long enough.
    Answers(DeviceId),
    /// A connection is not to carry gossip any more.
    Part(ConnId),
    /// Something about a room.
    Room(RoomId, RoomTimer),
    /// Something about open channels.
    Open(OpenTimer),
}

/// All timers of an engine.
#[derive(Default)]
pub(super) struct Timers {
    due: BTreeSet<(u64, Timer)>,
    at: BTreeMap<Timer, u64>,
}

impl Timers {
    /// Sets a timer, replacing its earlier time.
    pub fn set(&mut self, timer: Timer, at_ms: u64) {
        self.clear(&timer);
        self.at.insert(timer.clone(), at_ms);
        self.due.insert((at_ms, timer));
    }

    /// Sets a timer unless it is due earlier already.
    pub fn set_earlier(&mut self, timer: Timer, at_ms: u64) {
        if self.at.get(&timer).is_none_or(|at| at_ms < *at) {
            self.set(timer, at_ms);
        }
    }

    /// Removes a timer.
    pub fn clear(&mut self, timer: &Timer) {
        if let Some(at) = self.at.remove(timer) {
            self.due.remove(&(at, timer.clone()));
        }
    }

    /// When a timer is due.
    pub fn when(&self, timer: &Timer) -> Option<u64> {
        self.at.get(timer).copied()
    }

    /// The next timer due at `now_ms`, removed.
    pub fn pop(&mut self, now_ms: u64) -> Option<Timer> {
        let (at, timer) = self.due.first()?.clone();
        if at > now_ms {
            return None;
        }
        self.clear(&timer);
        Some(timer)
    }

    /// When the first timer is due.
    pub fn next_ms(&self) -> Option<u64> {
        self.due.first().map(|(at, _)| *at)
    }
}
