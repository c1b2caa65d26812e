//! Our messages in a room (docs/spec/09-rooms.md, "Messages", "Keys"): a place in our chain, sealed with a session that
//! the devices of the members have and nobody else, and on disk before anybody hears of it.

use super::super::command::{Refusal, Reply};
use super::super::state;
use super::super::step::{Change, MessageKind, MessageState, NewMessage, Place, Space};
use super::super::{Engine, Plant};
use super::record::{KeptEntry, SentRecord, key};
use super::{Room, RoomTimer};
use crate::content::{Body, Content, RoomKey};
use crate::ids::{AccountId, ChatId, DeviceId, MessageId, RoomId};
use crate::room::{self, Entry, EntryBody, Head, Sender};
use std::collections::BTreeSet;

/// Messages of ours in a room that somebody has not signed for, at most. The next is refused with a reason.
const SENT: usize = 20_000;
/// Devices named in a head as those whose messages it came after.
pub(super) const AFTER: usize = 8;
/// What others have not got by the links is left at the room's mailboxes after this. Sooner leaves there what would have
/// come anyway; later makes who is away wait if we go.
const POST_MS: u64 = 3_000;

impl Engine {
    /// A room one may write to now.
    fn writable(&self, room: RoomId) -> Result<&Room, Refusal> {
        let entry = self.room(&room).ok_or(Refusal::NoRoom)?;
        let log = entry.log.as_ref().filter(|_| entry.is_live()).ok_or(Refusal::NotMember)?;
        if !log.members().is_member(&self.own.account) {
            return Err(Refusal::NotMember);
        }
        if entry.sent.len() >= SENT {
            return Err(Refusal::Full { what: "the queue of waiting messages", limit: "20,000 messages" });
        }
        Ok(entry)
    }

    /// A text into a room. `typed` is checked and clean.
    pub(in super::super) fn room_text(
        &mut self,
        room: RoomId,
        id: MessageId,
        text: String,
        reply_to: Option<MessageId>,
    ) -> Result<Reply, Refusal> {
        if self.is_open(&room) {
            return self.open_text(room, id, text, reply_to);
        }
        let repeated = |entry: &Room| entry.sent.values().any(|sent| sent.msg_id == id);
        let at = self.now.wall_ms;
        if repeated(self.writable(room)?) {
            return Ok(Reply::Sent { message: id, at, repeated: true });
        }
        let body = Body::Text(crate::content::Text { text: text.clone(), reply_to, ext: Vec::new() });
        let made = self.room_post(room, id, &body, true)?;
        let alone = made.to.is_empty();
        let chat = ChatId::from(room);
        self.change(Change::Message(NewMessage {
            id,
            chat,
            author: self.own.account,
            device: self.own.device_id,
            seq: made.seq,
            me: true,
            kind: MessageKind::Text,
            text,
            reply_to,
            sent_at: at,
            received_at: at,
            via: "local",
            state: if alone { MessageState::Delivered } else { MessageState::Queued },
            place: made.place,
        }));
        for account in made.to {
            self.change(Change::State {
                message: id,
                account,
                state: MessageState::Queued,
                reason: None,
                at,
            });
        }
        Ok(Reply::Sent { message: id, at, repeated: false })
    }

    /// Another try of a text of ours, as a new entry with the same id: who has the first shows it once.
    pub(in super::super) fn room_again(
        &mut self,
        room: RoomId,
        id: MessageId,
        body: &Body,
        lack: &[AccountId],
    ) -> Result<Reply, Refusal> {
        let members = self.writable(room)?.log.as_ref().map(room::Log::members);
        if !members.is_some_and(|members| lack.iter().any(|account| members.is_member(account))) {
            return Err(Refusal::NobodyLeft);
        }
        let made = self.room_post(room, id, body, true)?;
        let at = self.now.wall_ms;
        self.change(Change::Again { message: id, to: made.to, seq: made.seq, at });
        Ok(Reply::Sent { message: id, at, repeated: false })
    }

    /// Something into a room that is not a line of its own.
    pub(in super::super) fn room_control(&mut self, room: RoomId, body: &Body) -> Result<(), Refusal> {
        if self.is_open(&room) {
            return self.open_control(room, body);
        }
        self.writable(room)?;
        let id = MessageId(self.rng.bytes());
        self.room_post(room, id, body, false).map(|_| ())
    }

    pub(super) fn room_post(
        &mut self,
        room: RoomId,
        msg_id: MessageId,
        body: &Body,
        visible: bool,
    ) -> Result<Made, Refusal> {
        const BIG: Refusal = Refusal::TooLong { what: "a message", limit: "32 KiB of text" };
        let (kind, bytes) = body.encode().map_err(|_| BIG)?;
        let devices = self.ready_sender(room)?;
        let salt = self.rng.bytes();
        let (wall_ms, lived_ms) = (self.now.wall_ms, self.lived_ms());
        let (account, device) = (self.own.account, self.own.device_id);
        let entry = self.rooms.by_id.get_mut(&room).ok_or(Refusal::NoRoom)?;
        let (Some(log), Some(sender)) = (&mut entry.log, &mut entry.sender) else {
            return Err(Refusal::NotMember);
        };
        let seq = entry.record.next_seq.max(1);
        let content = Content {
            msg_id,
            conv: ChatId::from(room),
            seq,
            prev: [0; 32],
            seen: Vec::new(),
            sent_at: wall_ms,
            kind,
            body: bytes,
            ext: Vec::new(),
        };
        let plain = room::plain(&content, salt).map_err(|_| BIG)?;
        let (session, index, sealed) = sender.seal(&plain, &devices).map_err(|_| BIG)?;
        let depth = entry.record.depth.saturating_add(1);
        let head = Head {
            room,
            device,
            seq,
            prev: entry.record.prev,
            after: after(&entry.record.front, device),
            depth,
            tips: log.tips(),
            session,
            index,
            digest: room::digest(&plain),
            ext: Vec::new(),
        };
        let signed = head.sign(&self.own.device).map_err(|_| BIG)?;
        let to: Vec<AccountId> = log.members().accounts().filter(|other| *other != account).collect();
        let sealed = Entry { head: signed.clone(), body: EntryBody::Sealed(sealed) };
        let opened = Entry { head: signed, body: EntryBody::Opened(plain) };
        let id = opened.id();
        entry.record.next_seq = seq.saturating_add(1);
        entry.record.prev = id.0;
        entry.record.note_depth(depth, crate::discovery::day_of(wall_ms));
        entry.record.front = vec![(device, seq)];
        entry.record.sender = sender.to_bytes().map_err(|_| BIG)?;
        let chain = entry.chains.entry(device).or_default();
        chain.stored.insert(seq, seq);
        chain.applied.insert(seq, seq);
        self.rooms.dirty.insert(room);
        self.rooms.dirty_chains.insert((room, device));
        let mut kept = KeptEntry::of(&opened);
        kept.sealed = KeptEntry::of(&sealed).sealed;
        self.changes.extend(state::put(Space::RoomEntry, key::entry(&room, &device, seq), &kept));
        self.heads_changed(room);
        if !to.is_empty() {
            let sent =
                SentRecord { msg_id, visible, accepted_lived_ms: lived_ms, to: to.clone(), kept: Vec::new() };
            if !self.planted(Plant::RoomForgetSent) {
                self.changes.extend(state::put(Space::RoomSent, key::number(&room, seq), &sent));
            }
            if let Some(entry) = self.rooms.by_id.get_mut(&room) {
                entry.sent.insert(seq, sent);
            }
            self.push_entry(room, opened);
            self.gossip_entry(room, &sealed);
            self.room_timer(room, RoomTimer::Post, POST_MS);
        }
        let (depth, mark) = room::place(depth, &id);
        Ok(Made { seq, to, place: Place::At { depth, mark } })
    }

    /// Sees to it that the session our next message is made with is held by the devices of the members and by nobody else.
    fn ready_sender(&mut self, room: RoomId) -> Result<BTreeSet<DeviceId>, Refusal> {
        let lived_ms = self.lived_ms();
        let own = self.own.device_id;
        let entry = self.rooms.by_id.get_mut(&room).ok_or(Refusal::NoRoom)?;
        let members = entry.log.as_ref().ok_or(Refusal::NotMember)?.members();
        let devices: BTreeSet<DeviceId> =
            members.devices().map(|(_, device)| device.id).filter(|device| *device != own).collect();
        let stale =
            entry.sender.as_ref().is_none_or(|sender| sender.must_rotate(&devices, lived_ms, members.len()));
        if stale {
            entry.sender = Some(Sender::new(lived_ms));
        }
        let Some(sender) = &mut entry.sender else { return Err(Refusal::NotMember) };
        let missing = sender.missing(&devices);
        if missing.is_empty() {
            return Ok(devices);
        }
        let accounts: BTreeSet<AccountId> =
            missing.iter().filter_map(|device| members.account_of(device)).collect();
        sender.give(missing);
        let key = Body::RoomKey(RoomKey { room, key: sender.key(), ext: Vec::new() });
        for account in accounts {
            // Whoever cannot be told now (their queue is full) is not kept from what others read: they open it when
            // a member gives it to them.
            if account != self.own.account {
                let _ = self.send_aside(account, &key);
            }
        }
        Ok(devices)
    }

    /// What nobody signed for in 30 days of lived time is over.
    pub(super) fn expire_sent(&mut self, room: RoomId, lived_ms: u64) {
        const EXPIRY_MS: u64 = 30 * crate::time::DAY_MS;
        let Some(entry) = self.room(&room) else { return };
        let over: Vec<u64> = entry
            .sent
            .iter()
            .filter(|(_, sent)| lived_ms.saturating_sub(sent.accepted_lived_ms) >= EXPIRY_MS)
            .map(|(seq, _)| *seq)
            .collect();
        for seq in over {
            self.end_sent(room, seq, MessageState::Expired, None);
        }
    }

    /// Ends our duty for a message, for all who have not signed for it.
    pub(super) fn end_sent(&mut self, room: RoomId, seq: u64, state: MessageState, reason: Option<&str>) {
        let Some(sent) = self.rooms.by_id.get_mut(&room).and_then(|entry| entry.sent.remove(&seq)) else {
            return;
        };
        self.drop_room_record(Space::RoomSent, key::number(&room, seq));
        let at = self.now.wall_ms;
        for account in sent.to.into_iter().filter(|_| sent.visible) {
            let reason = reason.map(str::to_owned);
            self.change(Change::State { message: sent.msg_id, account, state, reason, at });
        }
    }
}

/// The newest messages of others that a message of ours comes after.
fn after(front: &[(DeviceId, u64)], own: DeviceId) -> Vec<(DeviceId, u64)> {
    let mut newest = std::collections::BTreeMap::new();
    for (device, seq) in front.iter().rev().filter(|(device, _)| *device != own) {
        if newest.len() < AFTER {
            newest.entry(*device).or_insert(*seq);
        }
    }
    newest.into_iter().collect()
}

/// A message of ours as it was accepted.
pub(super) struct Made {
    seq: u64,
    to: Vec<AccountId>,
    place: Place,
}
