//! Our messages in open channels (docs/spec/10-open-channels.md, "Messages"): signed, kept, and told to every neighbour.

use super::super::Engine;
use super::super::command::{Refusal, Reply};
use super::super::state;
use super::super::step::{Change, MessageKind, MessageState, NewMessage, Place, Space};
use super::keep::{Author, BURST, Kept, wait_ms};
use super::record::{EntryRecord, key};
use crate::content::{Body, Content, Text};
use crate::ids::{ChatId, DeviceId, MessageId, RoomId};
use crate::room::open::{OpenAuthor, TEXT_BYTES};
use crate::room::{self, EntryBody, EntryId, Head};

/// Devices named in a head as those whose messages it came after.
const AFTER: usize = 8;
const BIG: Refusal = Refusal::TooLong { what: "a message in an open channel", limit: "4 KiB of text" };
const FAST: &str = "in an open channel 20 messages at once, and one every 2 seconds";
const SLOW: &str = "this channel is in slow mode";

/// A message of ours as it was accepted.
struct Made {
    seq: u64,
    place: Place,
}

impl Engine {
    pub(in super::super) fn open_text(
        &mut self,
        room: RoomId,
        id: MessageId,
        text: String,
        reply_to: Option<MessageId>,
    ) -> Result<Reply, Refusal> {
        let at = self.now.wall_ms;
        let channel = self.joined(&room)?;
        if channel.entries.values().any(|kept| kept.record.waits == Some(id)) {
            return Ok(Reply::Sent { message: id, at, repeated: true });
        }
        let slow_ms = channel.moderated.slow_wait_ms(&self.own.account, self.open_now());
        if slow_ms > 0 {
            return Err(Refusal::TooFast { what: SLOW, wait_s: seconds(slow_ms) });
        }
        let body = Body::Text(Text { text: text.clone(), reply_to, ext: Vec::new() });
        let made = self.open_post(room, id, &body, true)?;
        let (now_ms, author) = (self.open_now(), self.own.account);
        if let Some(channel) = self.open.channels.get_mut(&room) {
            channel.moderated.note_text(author, now_ms);
        }
        self.change(Change::Message(NewMessage {
            id,
            chat: ChatId::from(room),
            author,
            device: self.own.device_id,
            seq: made.seq,
            me: true,
            kind: MessageKind::Text,
            text,
            reply_to,
            sent_at: at,
            received_at: at,
            via: "local",
            state: MessageState::Queued,
            place: made.place,
        }));
        self.open_state(room, id, MessageState::Queued);
        Ok(Reply::Sent { message: id, at, repeated: false })
    }

    /// Something in a channel that is not a line of its own.
    pub(in super::super) fn open_control(&mut self, room: RoomId, body: &Body) -> Result<(), Refusal> {
        let id = MessageId(self.rng.bytes());
        self.open_post(room, id, body, false).map(|_| ())
    }

    fn open_post(
        &mut self,
        room: RoomId,
        msg_id: MessageId,
        body: &Body,
        visible: bool,
    ) -> Result<Made, Refusal> {
        if let Body::Text(Text { text, .. }) | Body::Edit(crate::content::Edit { text, .. }) = body
            && text.len() > TEXT_BYTES
        {
            return Err(BIG);
        }
        let (device, now_ms) = (self.own.device_id, self.open_now());
        let channel = self.joined(&room)?;
        let wait = wait_ms(channel.times(device), now_ms, BURST);
        if wait > 0 {
            return Err(Refusal::TooFast { what: FAST, wait_s: seconds(wait) });
        }
        let (kind, body) = body.encode().map_err(|_| BIG)?;
        self.say_who_we_are(room)?;
        let content = Content {
            msg_id,
            conv: ChatId::from(room),
            seq: self.joined(&room)?.record.next_seq.max(1),
            prev: [0; 32],
            seen: Vec::new(),
            sent_at: self.now.wall_ms,
            kind,
            body,
            ext: Vec::new(),
        };
        self.open_sign(room, &content, visible.then_some(msg_id), now_ms)
    }

    /// Signs a content as our next message, keeps it, and tells every neighbour.
    fn open_sign(
        &mut self,
        room: RoomId,
        content: &Content,
        waits: Option<MessageId>,
        written_ms: i64,
    ) -> Result<Made, Refusal> {
        let (device, salt) = (self.own.device_id, self.rng.bytes());
        let record = &self.joined(&room)?.record;
        let plain = room::plain(content, salt).map_err(|_| BIG)?;
        let head = Head {
            room,
            device,
            seq: content.seq,
            prev: if content.seq == 1 { [0; 32] } else { record.prev },
            after: after(&record.front, device),
            depth: record.depth.saturating_add(1).max(content.seq),
            tips: Vec::new(),
            session: [0; 32],
            index: 0,
            digest: room::digest(&plain),
            ext: Vec::new(),
        };
        let signed = head.sign(&self.own.device).map_err(|_| BIG)?;
        let id = EntryId(crate::kdf::hash(&signed.body));
        let entry = room::Entry { head: signed.clone(), body: EntryBody::Opened(plain.clone()) };
        if entry.size() > room::open::ENTRY_BYTES {
            return Err(BIG);
        }
        self.note_open(room, &head, written_ms);
        if let Some(channel) = self.channel_mut(&room) {
            channel.record.next_seq = head.seq.saturating_add(1);
            channel.record.prev = id.0;
        }
        let (seq, (depth, mark)) = (head.seq, room::place(head.depth, &id));
        let record = EntryRecord { head: signed, plain, written_ms, waits };
        self.keep(room, Kept { record, head });
        self.pass_on(room, (device, seq), None);
        Ok(Made { seq, place: Place::At { depth, mark } })
    }

    /// Whoever writes says who they are: what they are called, and which device of theirs it is.
    fn say_who_we_are(&mut self, room: RoomId) -> Result<(), Refusal> {
        const FULL: Refusal = Refusal::Full { what: "the channel", limit: "1,024 people who write" };
        let device = self.own.device_id;
        let before = self.joined(&room)?.authors.get(&device);
        let now_s = u64::try_from(self.now.wall_ms / 1_000).unwrap_or(0);
        let (had, written_ms) = before
            .map_or((Vec::new(), i64::MIN), |known| (known.record.had.clone(), known.record.written_ms));
        let same = |known: &Author| {
            known.name == self.own.name
                && OpenAuthor::open(&known.record.signed)
                    .is_ok_and(|(said, _)| said.manifest == self.own.manifest)
        };
        if before.is_some_and(same) {
            return Ok(());
        }
        let said = OpenAuthor {
            channel: room,
            device,
            manifest: self.own.manifest.clone(),
            name: self.own.name.clone(),
            at_s: before.map_or(now_s, |known| now_s.max(known.at_s.saturating_add(1))),
            ext: Vec::new(),
        };
        let bad = |_| Refusal::BadKeys { reason: "the list of devices is too long".to_owned() };
        let signed = said.sign(&self.own.device).map_err(bad)?;
        let mut author = Author::heard(signed).ok_or(FULL)?;
        (author.record.had, author.record.written_ms) = (had, written_ms);
        if self.put_author(room, device, author) { Ok(()) } else { Err(FULL) }
    }

    /// A message by this very device that we do not know of: this disk was set back. We go on behind it, and what of
    /// ours waits under numbers that others may have had goes anew.
    pub(super) fn find_set_back(&mut self, room: RoomId, head: &Head, id: EntryId) {
        if head.device != self.own.device_id {
            return;
        }
        let Some(channel) = self.open.channels.get_mut(&room) else { return };
        if head.seq < channel.record.next_seq {
            return;
        }
        let first = std::mem::replace(&mut channel.record.next_seq, head.seq.saturating_add(1));
        channel.record.prev = id.0;
        self.open.dirty.insert(room);
        let waits = |kept: &&Kept| kept.record.waits.is_some() && kept.head.device == head.device;
        let again: Vec<(MessageId, Content, i64)> = channel
            .entries
            .values()
            .filter(waits)
            .filter(|kept| kept.head.seq < first)
            .filter_map(|kept| Some((kept.record.waits?, kept.content()?, kept.record.written_ms)))
            .collect();
        let own = channel.entries.iter_mut().filter(|((device, _), _)| *device == head.device);
        for ((device, seq), kept) in own.filter(|(_, kept)| kept.record.waits.is_some()) {
            kept.record.waits = None;
            let key = key::entry(&room, device, *seq);
            self.changes.extend(state::put(Space::OpenEntry, key, &kept.record));
        }
        for (message, mut content, written_ms) in again {
            content.seq = self.channel(&room).map_or(1, |channel| channel.record.next_seq);
            // What cannot be signed now was accepted before: it stays as it is, and expires.
            let _ = self.open_sign(room, &content, Some(message), written_ms);
        }
    }
}

/// The newest messages of others that a message of ours comes after.
fn after(front: &[(DeviceId, u64)], own: DeviceId) -> Vec<(DeviceId, u64)> {
    let others = front.iter().rev().filter(|(device, _)| *device != own).take(AFTER);
    let mut after: Vec<(DeviceId, u64)> = others.copied().collect();
    after.sort_unstable();
    after
}

fn seconds(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0).div_ceil(1_000).max(1)
}
