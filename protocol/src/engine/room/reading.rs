//! What is read in the room's mailboxes (docs/spec/09-rooms.md, "The room's mailbox"): everything from where we were, by every
//! member, when there is news and every few minutes. What comes is judged as if a link had brought it.

use super::super::mail::Ask;
use super::super::{Engine, Timer, dial::backoff};
use super::RoomTimer;
use super::gossip::give_of;
use super::record::RoomBox;
use crate::ids::{MailboxId, RoomId};
use crate::mail::{Answer, Item, Refused, Request};
use crate::room::{EntryBody, seal};
use crate::time::{HOUR_MS, MINUTE_MS, SECOND_MS};

/// Bytes of envelopes asked for at once.
const PAGE_BYTES: u32 = 256 * 1024;
/// A box is read this often though no news of it came, also so that the stream is not given up as quiet.
const POLL_MS: u64 = 5 * MINUTE_MS;
/// Pauses after a mailbox did not answer, doubled from the first to the last.
const FIRST_PAUSE_MS: u64 = 5 * SECOND_MS;
const LAST_PAUSE_MS: u64 = 10 * MINUTE_MS;
/// The pause after it does not know the box.
const UNKNOWN_MS: u64 = HOUR_MS;

impl Engine {
    /// Asks the boxes that are due for what is new.
    pub(super) fn read_boxes(&mut self, room: RoomId) {
        self.sync_room_boxes(room);
        self.keep_boxes(room);
        let now_ms = self.now.mono_ms;
        let Some(known) = self.room(&room).filter(|known| known.is_live()) else { return };
        let boxes: Vec<RoomBox> = known.record.boxes.iter().filter(|held| !held.is_made()).cloned().collect();
        let mut next_ms = now_ms.saturating_add(POLL_MS);
        for held in boxes {
            let Some(reader) = self.reader(room, &held) else { return };
            if !reader.asked && reader.due_ms <= now_ms {
                self.read_box(room, &held);
            }
            let Some(reader) = self.reader(room, &held).filter(|reader| !reader.asked) else { continue };
            next_ms = next_ms.min(reader.due_ms.max(now_ms.saturating_add(1)));
        }
        self.timers.set_earlier(Timer::Room(room, RoomTimer::Box), next_ms);
    }

    fn read_box(&mut self, room: RoomId, held: &RoomBox) {
        let Some(reader) = self.reader(room, held) else { return };
        (reader.asked, reader.again) = (true, false);
        let token = seal::box_deposit(&held.place.secret);
        let request = Request::Read { token, after: reader.after, bytes: PAGE_BYTES };
        let place = self.place_of_box(held);
        if !self.ask_mailbox(&place, Ask::RoomRead(room, held.queue()), request) {
            self.box_silent(room, held, None);
        }
    }

    /// Something came to some box of a mailbox.
    pub(in super::super) fn room_boxes_news(&mut self, mailbox: MailboxId) {
        let mut due = Vec::new();
        for (room, known) in &mut self.rooms.by_id {
            for (_, reader) in known.boxes.readers.iter_mut().filter(|((at, _), _)| *at == mailbox) {
                (reader.again, reader.due_ms) = (reader.asked, 0);
                due.push(*room);
            }
        }
        due.dedup();
        for room in due {
            self.room_timer(room, RoomTimer::Box, 0);
        }
    }

    /// The network changed, or a new run begins: all are read soon.
    pub(in super::super) fn read_boxes_soon(&mut self) {
        let rooms: Vec<RoomId> = self.rooms.by_id.keys().copied().collect();
        for room in rooms {
            let spread_ms = self.rng.below(SECOND_MS);
            let Some(known) = self.rooms.by_id.get_mut(&room) else { continue };
            for reader in known.boxes.readers.values_mut() {
                (reader.failures, reader.due_ms, reader.keep_ms) = (0, 0, 0);
            }
            if !known.record.boxes.is_empty() {
                self.room_timer(room, RoomTimer::Box, spread_ms);
            }
        }
    }

    /// A stream to a mailbox ended: its boxes are read again on another, which brings news too.
    pub(in super::super) fn room_line_ended(&mut self, mailbox: MailboxId) {
        let now_ms = self.now.mono_ms;
        let mut due = Vec::new();
        for (room, known) in &mut self.rooms.by_id {
            for (_, reader) in known.boxes.readers.iter_mut().filter(|((at, _), _)| *at == mailbox) {
                let wait_ms = backoff(FIRST_PAUSE_MS, LAST_PAUSE_MS, reader.failures.max(1));
                reader.due_ms = reader.due_ms.min(now_ms.saturating_add(wait_ms)).max(now_ms);
                due.push((*room, reader.due_ms));
            }
        }
        for (room, due_ms) in due {
            self.timers.set_earlier(Timer::Room(room, RoomTimer::Box), due_ms);
        }
    }

    /// The answer to an ask about a room's box; `None`: there is none.
    pub(in super::super) fn room_box_answered(
        &mut self,
        mailbox: MailboxId,
        ask: Ask,
        answer: Option<Answer>,
    ) {
        match ask {
            Ask::RoomDeposit(number) => self.deposit_left(number, answer),
            Ask::RoomKeep(room, queue) => self.box_kept(room, mailbox, queue, answer.as_ref()),
            Ask::RoomRead(room, queue) => {
                let Some(held) = self.box_of(room, mailbox, queue) else { return };
                match answer {
                    Some(Answer::Item(item)) => self.take_box_item(room, &held, &item),
                    Some(Answer::ReadEnd { more, last }) => self.box_page_ended(room, &held, more, last),
                    Some(Answer::Refused(why)) => self.box_silent(room, &held, Some(why)),
                    _ => self.box_silent(room, &held, None),
                }
            }
            _ => {}
        }
    }

    /// Nothing can be read there now.
    fn box_silent(&mut self, room: RoomId, held: &RoomBox, why: Option<Refused>) {
        let now_ms = self.now.mono_ms;
        let Some(reader) = self.reader(room, held) else { return };
        reader.asked = false;
        reader.failures = reader.failures.saturating_add(1);
        let wait_ms = match why {
            None | Some(Refused::Busy | Refused::Full) => {
                backoff(FIRST_PAUSE_MS, LAST_PAUSE_MS, reader.failures)
            }
            Some(_) => UNKNOWN_MS,
        };
        reader.due_ms = now_ms.saturating_add(wait_ms);
        self.room_timer(room, RoomTimer::Box, wait_ms);
    }

    fn box_page_ended(&mut self, room: RoomId, held: &RoomBox, more: bool, last: u64) {
        let now_ms = self.now.mono_ms;
        let Some(reader) = self.reader(room, held) else { return };
        reader.asked = false;
        reader.failures = 0;
        if last < reader.after {
            // It was set back, and gives numbers anew: all there is read again, at the next time.
            (reader.after, reader.stuck) = (0, None);
        }
        let progress = reader.after > held.upto || reader.stuck.is_some();
        let at_once = reader.again || (more && progress);
        reader.due_ms = if at_once { now_ms } else { now_ms.saturating_add(POLL_MS) };
        let upto = reader.stuck.map_or(reader.after, |stuck| stuck.saturating_sub(1));
        let due_ms = reader.due_ms;
        if upto != held.upto
            && let Some(known) = self.room_mut(&room)
            && let Some(kept) = known.record.boxes.iter_mut().find(|other| other.key() == held.key())
        {
            kept.upto = upto;
        }
        if at_once {
            self.read_box(room, held);
        }
        self.timers.set_earlier(Timer::Room(room, RoomTimer::Box), due_ms.max(now_ms.saturating_add(1)));
    }

    /// An envelope out of a box. One that none of our secrets opens is read again when we have another.
    fn take_box_item(&mut self, room: RoomId, held: &RoomBox, item: &Item) {
        let Some(reader) = self.reader(room, held) else { return };
        if item.number <= reader.after || item.queue != held.queue() {
            return self.hang_up(&held.place.id);
        }
        reader.after = item.number;
        let Some(known) = self.room(&room) else { return };
        let before = known.early.len();
        let mut secrets = known.record.secrets.iter().rev();
        let frame = secrets.find_map(|known| seal::box_open(&known.secret, &item.envelope));
        let understood = frame.is_some();
        if let Some(mut give) = frame.and_then(|frame| give_of(&frame)).filter(|give| give.room == room) {
            // What is opened is for some only, and cards and numbers that never come are said to somebody.
            give.entries.retain(|entry| matches!(entry.body, EntryBody::Sealed(_)));
            (give.cards, give.void) = (Vec::new(), Vec::new());
            self.owe_receipts(room, &give.entries);
            self.on_give(None, give, "mailbox");
        }
        // What waits in memory for operations is read again too, if we stop before they come.
        let waits = self.room(&room).is_some_and(|known| known.early.len() > before);
        let Some(reader) = self.reader(room, held) else { return };
        if !understood || waits {
            reader.stuck.get_or_insert(item.number);
        }
    }

    /// There are other secrets: what none opened is read again.
    pub(super) fn reread_boxes(&mut self, room: RoomId) {
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        let mut due = false;
        for reader in known.boxes.readers.values_mut() {
            if let Some(stuck) = reader.stuck.take() {
                reader.after = reader.after.min(stuck.saturating_sub(1));
                (reader.again, reader.due_ms, due) = (reader.asked, 0, true);
            }
        }
        if due {
            self.room_timer(room, RoomTimer::Box, 0);
        }
    }
}
