//! Open channels, as an engine takes part in them (docs/spec/10-open-channels.md): `#name`, which anybody reads and writes
//! who can reach somebody in it. What is said between nodes is in [`crate::room::open`].
//!
//! ```text
//!  LAN, contacts' links ──► links (tags, heads, asks, gives) ──► take ──► kept, shown, passed on
//!  texts ───────────────► post ─────────────────────────────────┘
//! ```
//!
//! * `view`: what persons change, and how a channel is shown. `post`: our messages.
//! * `links`: who is asked and told; `speak`: what is said to them.
//! * `take`: messages that come; `show`: what is shown of them. `keep`: how long and how much is kept.
//! * `moderation`: what is not shown, because people we follow say so or we do.
//! * `near`: who of this network wants to be seen, and asked.
//!
//! Nothing here may contact anybody but for open channels, make somebody a contact, or say who we are unless we write.

mod keep;
mod links;
mod moderation;
mod near;
mod post;
mod record;
mod show;
mod speak;
mod take;
#[cfg(test)]
mod tests;
mod view;

use super::state::{self, LoadError};
use super::step::{Change, Record, Space};
use super::{Engine, Timer};
use crate::ids::{ChatId, DeviceId, RoomId};
use crate::room::open::{channel_name, channel_of};
use keep::{Author, Kept};
use links::{Bucket, Neighbours};
use moderation::Moderated;
use record::{AuthorRecord, ChannelRecord, EntryRecord, Standing, key};
use std::collections::{BTreeMap, BTreeSet};

/// The channel everybody is in from the first start. It is spoken of on the local network alone.
const LOBBY: &str = "lobby";

/// What may come due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum OpenTimer {
    /// Neighbours are told what is here, looked for, and left; what is old is dropped.
    Tick,
    /// Neighbours who brought something are told that it is here.
    Receipt,
    /// People near us are told that we are here, while we look for them.
    Near,
}

/// An open channel.
struct Channel {
    record: ChannelRecord,
    entries: BTreeMap<(DeviceId, u64), Kept>,
    /// Bytes of all of them.
    bytes: usize,
    authors: BTreeMap<DeviceId, Author>,
    moderated: Moderated,
    /// What is asked for somewhere, by device, and until when it is waited for on the monotonic clock.
    coming: BTreeMap<DeviceId, Vec<(u64, u64, u64)>>,
    /// What may still be taken of others, in KiB: whatever was shown stays on this disk.
    room_left: Bucket,
}

impl Channel {
    fn new(record: ChannelRecord) -> Self {
        Self {
            record,
            entries: BTreeMap::new(),
            bytes: 0,
            authors: BTreeMap::new(),
            moderated: Moderated::default(),
            coming: BTreeMap::new(),
            room_left: Bucket::new(keep::TAKEN_KIB, keep::KIB_MS),
        }
    }

    fn is_joined(&self) -> bool {
        self.record.standing == Standing::Joined
    }
}

/// All open channels of an engine.
#[derive(Default)]
pub(super) struct Open {
    channels: BTreeMap<RoomId, Channel>,
    neighbours: Neighbours,
    page: near::Page,
    dirty: BTreeSet<RoomId>,
    dirty_authors: BTreeSet<(RoomId, DeviceId)>,
}

impl Engine {
    fn channel(&self, channel: &RoomId) -> Option<&Channel> {
        self.open.channels.get(channel)
    }

    /// A channel whose record is written at the end of the turn.
    fn channel_mut(&mut self, channel: &RoomId) -> Option<&mut Channel> {
        let found = self.open.channels.get_mut(channel)?;
        self.open.dirty.insert(*channel);
        Some(found)
    }

    /// Whether a chat is an open channel of ours.
    pub(super) fn is_open(&self, room: &RoomId) -> bool {
        self.open.channels.contains_key(room)
    }

    /// Whether an open channel of ours has this name, as names are typed.
    pub(super) fn is_open_name(&self, name: &str) -> bool {
        let id = channel_name(name).map(|name| channel_of(&name));
        id.is_some_and(|id| self.channel(&id).is_some_and(Channel::is_joined))
    }

    /// Now, as kept messages count it: lived milliseconds, which may lie before our own beginning for others' messages.
    fn open_now(&self) -> i64 {
        i64::try_from(self.lived_ms()).unwrap_or(i64::MAX)
    }

    fn open_timer(&mut self, due: OpenTimer, wait_ms: u64) {
        self.timers.set_earlier(Timer::Open(due), self.now.mono_ms.saturating_add(wait_ms));
    }

    pub(super) fn on_open_due(&mut self, due: OpenTimer) {
        match due {
            OpenTimer::Tick => self.open_tick(),
            OpenTimer::Receipt => self.open_receipts(),
            OpenTimer::Near => self.near_due(),
        }
    }

    // ---- records ----------------------------------------------------------------------------------------------

    /// Everything of open channels that changed, as changes.
    pub(super) fn flush_open(&mut self) {
        for id in std::mem::take(&mut self.open.dirty) {
            if let Some(channel) = self.open.channels.get(&id) {
                self.changes.extend(state::put(Space::OpenChannel, key::channel(&id), &channel.record));
            }
        }
        for (id, device) in std::mem::take(&mut self.open.dirty_authors) {
            let key = key::device(&id, &device);
            let author = self.open.channels.get(&id).and_then(|channel| channel.authors.get(&device));
            match author {
                Some(author) => self.changes.extend(state::put(Space::OpenAuthor, key, &author.record)),
                None => self.changes.push(Change::Drop { space: Space::OpenAuthor, key }),
            }
        }
    }

    /// One record of an open channel. Those of channels that are gone are skipped.
    pub(super) fn load_open_record(&mut self, record: &Record) -> Result<(), LoadError> {
        let broken = LoadError { space: record.space };
        let (id, rest) = record.key.split_first_chunk::<32>().ok_or_else(|| broken.clone())?;
        let id = RoomId(*id);
        if record.space == Space::OpenChannel {
            self.open.channels.insert(id, Channel::new(state::open::<ChannelRecord>(record)?));
            return Ok(());
        }
        let Some(channel) = self.open.channels.get_mut(&id) else { return Ok(()) };
        if record.space == Space::OpenAuthor {
            let device = DeviceId::from_slice(rest).ok_or_else(|| broken.clone())?;
            let author = Author::loaded(state::open::<AuthorRecord>(record)?).ok_or(broken)?;
            channel.authors.insert(device, author);
        } else {
            let (device, seq, []) = state::key::split::<16, 8, 0>(rest).ok_or_else(|| broken.clone())?;
            let kept = Kept::loaded(state::open::<EntryRecord>(record)?).ok_or(broken)?;
            channel.bytes = channel.bytes.saturating_add(kept.bytes());
            channel.entries.insert((DeviceId(device), u64::from_be_bytes(seq)), kept);
        }
        Ok(())
    }

    /// All records are there. Who never left the lobby is in it.
    pub(super) fn wake_open(&mut self) {
        let lobby = channel_of(LOBBY);
        // Written when something happens there: until then every start finds it so again.
        let new = || Channel::new(ChannelRecord::new(LOBBY.to_owned(), false));
        self.open.channels.entry(lobby).or_insert_with(new);
        let all: Vec<RoomId> = self.open.channels.keys().copied().collect();
        for id in all {
            self.reckon_moderation(id);
        }
        if self.open.channels.values().any(|channel| !channel.entries.is_empty()) {
            self.open_timer(OpenTimer::Tick, 0);
        }
    }
}

/// The chat that Starling counts "others" under, who have a message of ours: the channel's own.
fn others(channel: RoomId) -> crate::ids::AccountId {
    ChatId::from(channel).account()
}
