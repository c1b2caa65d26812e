//! What is kept of open channels for who comes later, how much, and for how long (docs/spec/10-open-channels.md,
//! "Keeping"). Anybody can write here: whoever writes most is the first to be forgotten.

use super::super::Engine;
use super::super::state;
use super::super::step::{Change, MessageState, Space};
use super::record::{AuthorRecord, EntryRecord, key};
use super::{Channel, others};
use crate::content::Content;
use crate::ids::{AccountId, DeviceId, RoomId};
use crate::room::open::{Given, KEPT_MS, OpenAuthor};
use crate::room::{self, Entry, EntryBody, Head};
use crate::time::SECOND_MS;
use crate::wire::Signed;

/// Messages kept of one channel, at most. Fewer leaves little for who comes later; more would let strangers use the disk.
const ENTRIES: usize = 2_000;
/// Bytes of them, at most, as [`Kept::bytes`] counts.
const BYTES: usize = 4 * 1024 * 1024;
/// What is taken of others in one channel, since it stays on the disk of who was shown it: so many KiB at once, twice a full
/// channel, and one more every so many milliseconds, which is 170 MiB a day. More would let strangers fill a disk; less
/// would leave out what a busy channel says.
pub(super) const TAKEN_KIB: u64 = 8 * 1024;
pub(super) const KIB_MS: u64 = 500;
/// Devices known to write in one channel, at most. Each costs some hundred bytes.
const AUTHORS: usize = 1_024;
/// Who has not written for so long is not known by name any more, nor which of their messages were here.
const GONE_MS: i64 = 30 * KEPT;
/// Ranges of numbers remembered of one device as having been here. Holes below them count as having been.
const HAD: usize = 64;
/// Messages one device may send at once ...
pub(super) const BURST: i64 = 20;
/// ... and of others' a few more, since what is sent evenly does not arrive so.
pub(super) const OTHERS_BURST: i64 = 24;
/// One more may be sent after this time, in milliseconds.
const PER_MS: i64 = 2 * SECOND_MS as i64;

/// A message that is kept.
pub(super) struct Kept {
    pub record: EntryRecord,
    pub head: Head,
}

impl Kept {
    /// One of our own store.
    pub fn loaded(record: EntryRecord) -> Option<Self> {
        let head = Head::peek(&record.head).ok()?;
        Some(Self { record, head })
    }

    /// Bytes it takes, about.
    pub fn bytes(&self) -> usize {
        self.record.head.body.len().saturating_add(self.record.plain.len()).saturating_add(256)
    }

    /// What it says.
    pub fn content(&self) -> Option<Content> {
        room::content_of(&self.record.plain, &self.head).ok()
    }

    /// Its name.
    pub fn id(&self) -> room::EntryId {
        room::EntryId(crate::kdf::hash(&self.record.head.body))
    }

    /// As it is given to others.
    pub fn given(&self, now_ms: i64) -> Given {
        let age_ms = now_ms.saturating_sub(self.record.written_ms).clamp(0, KEPT);
        let body = EntryBody::Opened(self.record.plain.clone());
        let entry = Entry { head: self.record.head.clone(), body };
        Given { entry, age_ms: u32::try_from(age_ms).unwrap_or(u32::MAX) }
    }
}

/// [`KEPT_MS`], as times are reckoned here.
pub(super) const KEPT: i64 = KEPT_MS as i64;

/// Who writes in a channel, by one device.
pub(super) struct Author {
    pub record: AuthorRecord,
    pub account: AccountId,
    /// As they said, not cleaned.
    pub name: String,
    /// The device's signing key.
    pub sig: [u8; 32],
    pub at_s: u64,
    /// The number of the manifest they gave, and the devices in it.
    pub version: u64,
    pub devices: Vec<DeviceId>,
}

impl Author {
    /// One of our own store.
    pub fn loaded(record: AuthorRecord) -> Option<Self> {
        let (said, manifest) = OpenAuthor::open(&record.signed).ok()?;
        let sig = manifest.device(&said.device)?.sig;
        let (account, version) = (manifest.account, manifest.version);
        let devices = manifest.devices.iter().map(|entry| entry.id).collect();
        Some(Self { record, account, name: said.name, sig, at_s: said.at_s, version, devices })
    }

    /// What somebody said of themselves.
    pub fn heard(signed: Signed) -> Option<Self> {
        Self::loaded(AuthorRecord { signed, had: Vec::new(), written_ms: i64::MIN })
    }

    pub fn had(&self, seq: u64) -> bool {
        self.record.had.iter().any(|(from, to)| (*from..=*to).contains(&seq))
    }

    /// A message of theirs was here.
    pub fn note(&mut self, seq: u64, written_ms: i64) {
        self.record.written_ms = self.record.written_ms.max(written_ms);
        let mut all = std::mem::take(&mut self.record.had);
        all.push((seq, seq));
        all.sort_unstable();
        let mut merged: Vec<(u64, u64)> = Vec::with_capacity(all.len());
        for (from, to) in all {
            match merged.last_mut() {
                Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
                _ => merged.push((from, to)),
            }
        }
        while merged.len() > HAD {
            let (from, _) = merged.remove(0);
            if let Some(next) = merged.first_mut() {
                next.0 = from;
            }
        }
        self.record.had = merged;
    }
}

/// How long somebody who wrote at these times has to wait before they write at `at_ms`, if at all: they may send `burst`
/// at once, and one more every [`PER_MS`]. Times in any order, in milliseconds.
pub(super) fn wait_ms(times: impl Iterator<Item = i64>, at_ms: i64, burst: i64) -> i64 {
    let mut times: Vec<i64> = times.chain([at_ms]).collect();
    times.sort_unstable();
    let allowed = burst.saturating_mul(PER_MS);
    let (mut full_ms, mut wait) = (i64::MIN, 0);
    for time in times {
        full_ms = full_ms.max(time).saturating_add(PER_MS);
        wait = wait.max(full_ms.saturating_sub(time).saturating_sub(allowed));
    }
    wait
}

impl Channel {
    /// When the kept messages of a device were written.
    pub(super) fn times(&self, device: DeviceId) -> impl Iterator<Item = i64> {
        self.entries.range((device, 0)..=(device, u64::MAX)).map(|(_, kept)| kept.record.written_ms)
    }

    /// The oldest message of the device that has most.
    fn first_to_go(&self) -> Option<(DeviceId, u64)> {
        let mut counts = std::collections::BTreeMap::<DeviceId, usize>::new();
        for (device, _) in self.entries.keys() {
            let count = counts.entry(*device).or_default();
            *count = count.saturating_add(1);
        }
        let (most, _) = counts.into_iter().max_by_key(|(_, count)| *count)?;
        let of_them = self.entries.range((most, 0)..=(most, u64::MAX));
        of_them.min_by_key(|(_, kept)| kept.record.written_ms).map(|(at, _)| *at)
    }
}

impl Engine {
    /// Keeps a message.
    pub(super) fn keep(&mut self, room: RoomId, kept: Kept) {
        let Some(channel) = self.open.channels.get_mut(&room) else { return };
        let (device, seq) = (kept.head.device, kept.head.seq);
        let key = key::entry(&room, &device, seq);
        self.changes.extend(state::put(Space::OpenEntry, key, &kept.record));
        channel.bytes = channel.bytes.saturating_add(kept.bytes());
        channel.entries.insert((device, seq), kept);
        loop {
            let over = |channel: &&Channel| channel.entries.len() > ENTRIES || channel.bytes > BYTES;
            let full = self.channel(&room).filter(over).and_then(Channel::first_to_go);
            let Some(at) = full else { break };
            self.forget(room, at, MessageState::Expired, None);
        }
    }

    /// Keeps a message no longer. One of ours that nobody has is over.
    fn forget(&mut self, room: RoomId, at: (DeviceId, u64), state: MessageState, reason: Option<&str>) {
        let Some(channel) = self.open.channels.get_mut(&room) else { return };
        let Some(kept) = channel.entries.remove(&at) else { return };
        channel.bytes = channel.bytes.saturating_sub(kept.bytes());
        self.changes.push(Change::Drop { space: Space::OpenEntry, key: key::entry(&room, &at.0, at.1) });
        if let Some(message) = kept.record.waits {
            let (account, at, reason) = (others(room), self.now.wall_ms, reason.map(str::to_owned));
            self.change(Change::State { message, account, state, reason, at });
        }
    }

    /// Whatever is too old goes, and in the end who wrote it.
    pub(super) fn expire_kept(&mut self) {
        let now_ms = self.open_now();
        let (old_ms, gone_ms) = (now_ms.saturating_sub(KEPT), now_ms.saturating_sub(GONE_MS));
        let rooms: Vec<RoomId> = self.open.channels.keys().copied().collect();
        for room in rooms {
            let Some(channel) = self.channel(&room) else { continue };
            let old = channel.entries.iter().filter(|(_, kept)| kept.record.written_ms <= old_ms);
            let old: Vec<(DeviceId, u64)> = old.map(|(at, _)| *at).collect();
            let had_moderation = !channel.moderated.is_nothing();
            for at in &old {
                self.forget(room, *at, MessageState::Expired, None);
            }
            if had_moderation && !old.is_empty() {
                self.reckon_moderation(room);
            }
            let Some(channel) = self.open.channels.get_mut(&room) else { continue };
            channel.authors.retain(|device, author| {
                let stays = author.record.written_ms > gone_ms;
                if !stays {
                    self.open.dirty_authors.insert((room, *device));
                }
                stays
            });
        }
    }

    /// We leave: nothing is kept.
    pub(super) fn forget_kept(&mut self, room: RoomId) {
        let Some(channel) = self.channel(&room) else { return };
        let all: Vec<(DeviceId, u64)> = channel.entries.keys().copied().collect();
        for at in all {
            self.forget(room, at, MessageState::Failed, Some("you left before anybody had it"));
        }
        let Some(channel) = self.open.channels.get_mut(&room) else { return };
        for device in std::mem::take(&mut channel.authors).into_keys() {
            self.open.dirty_authors.insert((room, device));
        }
        channel.coming.clear();
        self.reckon_moderation(room);
    }

    /// A device of ours or another's is to be known as one that writes. `false` when there are too many.
    pub(super) fn put_author(&mut self, room: RoomId, device: DeviceId, author: Author) -> bool {
        let Some(channel) = self.open.channels.get_mut(&room) else { return false };
        if channel.authors.len() >= AUTHORS && !channel.authors.contains_key(&device) {
            let silent = |device: &DeviceId| channel.times(*device).next().is_none();
            let silent = channel.authors.iter().filter(|(device, _)| silent(device));
            let Some(oldest) = silent.min_by_key(|(_, one)| one.record.written_ms).map(|(id, _)| *id) else {
                return false;
            };
            channel.authors.remove(&oldest);
            self.open.dirty_authors.insert((room, oldest));
        }
        channel.authors.insert(device, author);
        self.open.dirty_authors.insert((room, device));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_at_once_and_then_one_every_two_seconds() {
        let mut times = Vec::new();
        for _ in 0..20 {
            assert_eq!(wait_ms(times.iter().copied(), 1_000, BURST), 0);
            times.push(1_000);
        }
        assert_eq!(wait_ms(times.iter().copied(), 1_000, BURST), 2_000);
        assert_eq!(wait_ms(times.iter().copied(), 2_500, BURST), 500);
        assert_eq!(wait_ms(times.iter().copied(), 3_000, BURST), 0);
        times.push(3_000);
        assert!(wait_ms(times.iter().copied(), 500, BURST) > 0, "nor what is said to be older");
        assert_eq!(wait_ms(times.iter().copied(), 43_000, BURST), 0);
    }
}
