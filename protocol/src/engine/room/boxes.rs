//! The room's mailboxes (docs/spec/09-rooms.md, "The room's mailbox"): which there are, and who makes them. What is read
//! there is in `reading`, what is left there in `deposits`. Nobody takes anything away: it runs out.
//!
//! ```text
//!  none, or older than the topic secret ──an admin with a mailbox──► (being made) ──Keep, Done──► named by an operation
//!  named ──► read from where we were ◄── News, every few minutes       another is named ──► read on for 14 days, gone
//! ```

use super::super::mail::{Ask, Place};
use super::super::{Engine, Timer};
use super::deposits::Posting;
use super::record::RoomBox;
use super::{Room, RoomTimer};
use crate::identity::MAILBOX_ADDRESSES;
use crate::ids::{MailboxId, RoomId};
use crate::kdf;
use crate::limits::ADDRESS_BYTES;
use crate::mail::{Answer, Entry, QueueId, Refused, Request};
use crate::room::{OpBody, RoomMailbox, seal};
use crate::time::{DAY_MS, MINUTE_MS, SECOND_MS};
use std::collections::BTreeMap;

/// The pause after a mailbox did not answer what it was told of a box.
const SILENT_MS: u64 = 10 * MINUTE_MS;
/// The pause after it would not make one.
const REFUSED_MS: u64 = DAY_MS;
/// A box that is not named any more is read for so long: as long as what lies there.
const OVER_MS: u64 = 14 * DAY_MS;
/// When a room lacks a box, the creator or whoever made the last one makes it; other admins after this.
const OTHERS_MS: u64 = 10 * MINUTE_MS;
/// Boxes of a room that are remembered: those named, one that is made, and some before them.
const BOXES: usize = 8;

/// What names a box for us.
pub(super) type BoxKey = (MailboxId, QueueId);

/// What a room has of its mailboxes in this run.
#[derive(Default)]
pub(super) struct Boxes {
    pub readers: BTreeMap<BoxKey, Reader>,
    pub posting: Posting,
    /// Since when there is none that will do, and until when none can be made, on the monotonic clock.
    lacking_ms: Option<u64>,
    refused_ms: u64,
}

/// How far a box is read.
#[derive(Default)]
pub(super) struct Reader {
    pub after: u64,
    /// The first number of this run that was not understood.
    pub stuck: Option<u64>,
    pub asked: bool,
    /// Something came since.
    pub again: bool,
    pub failures: u32,
    pub due_ms: u64,
    /// Of ours: the mailbox was told of it in this run, is told now, or is told next at.
    kept: bool,
    keeping: bool,
    pub keep_ms: u64,
}

impl RoomBox {
    pub fn key(&self) -> BoxKey {
        (self.place.id, self.queue())
    }

    /// Whether it was never named.
    pub fn is_made(&self) -> bool {
        !self.named && self.over_lived_ms.is_none()
    }
}

impl Engine {
    // ---- which ------------------------------------------------------------------------------------------------

    /// Makes the boxes those that should be: after operations, secrets or our own mailboxes changed.
    pub(in super::super) fn sync_boxes(&mut self) {
        let rooms: Vec<RoomId> = self.rooms.by_id.keys().copied().collect();
        for room in rooms {
            self.sync_room_boxes(room);
        }
    }

    pub(super) fn sync_room_boxes(&mut self, room: RoomId) {
        let lived_ms = self.lived_ms();
        let Some(known) = self.rooms.by_id.get_mut(&room).filter(|known| known.is_live()) else { return };
        let Some(members) = known.log.as_ref().map(crate::room::Log::members) else { return };
        if take_named(&mut known.record.boxes, &members.mailboxes, members.secret, lived_ms) {
            let there: Vec<BoxKey> = known.record.boxes.iter().map(RoomBox::key).collect();
            known.boxes.readers.retain(|key, _| there.contains(key));
            self.rooms.dirty.insert(room);
            self.room_timer(room, RoomTimer::Post, 0);
            self.room_timer(room, RoomTimer::Box, 0);
        } else if !known.record.boxes.is_empty()
            && self.timers.when(&Timer::Room(room, RoomTimer::Box)).is_none()
        {
            // The first time in this run. Not all at once: many rooms may have one mailbox.
            let spread_ms = self.rng.below(SECOND_MS);
            self.room_timer(room, RoomTimer::Box, spread_ms);
        }
        self.make_box(room);
    }

    /// An admin who has a mailbox sees to it that the room has a box made since the topic secret last changed.
    fn make_box(&mut self, room: RoomId) {
        let now_ms = self.now.mono_ms;
        let Some(known) = self.room(&room) else { return };
        let Some(members) = known.log.as_ref().map(crate::room::Log::members) else { return };
        let Some(rank) = members.member(&self.own.account).and_then(|member| member.rank) else { return };
        let boxes = &known.record.boxes;
        if members.len() < 2 || boxes.iter().any(RoomBox::is_made) {
            return;
        }
        let secret = members.secret;
        let usable = self.usable_mailboxes();
        let lives = |held: &&RoomBox| {
            held.owner.is_none() || usable.iter().any(|(place, _)| place.id == held.place.id)
        };
        let named = boxes.iter().filter(|held| held.named);
        let good = named.clone().filter(lives).any(|held| held.under == secret);
        let ours = rank == 0 || named.clone().any(|held| held.owner.is_some());
        let dead = named.clone().any(|held| !lives(&held));
        let rest: Vec<RoomMailbox> = named.filter(lives).map(|held| held.place.clone()).collect();
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        if good {
            known.boxes.lacking_ms = None;
            return;
        }
        let since_ms = *known.boxes.lacking_ms.get_or_insert(now_ms);
        let due_ms = if ours { 0 } else { since_ms.saturating_add(OTHERS_MS) }.max(known.boxes.refused_ms);
        let Some((place, _)) = usable.into_iter().next() else {
            if dead {
                let _ = self.post_op(room, &OpBody::Mailboxes(rest));
            }
            return;
        };
        if due_ms > now_ms {
            self.timers.set_earlier(Timer::Room(room, RoomTimer::Box), due_ms);
            return;
        }
        let (secret, owner) = (self.rng.bytes(), Some(self.rng.bytes()));
        let mut addrs = place.addrs;
        addrs.retain(|addr| addr.len() <= ADDRESS_BYTES);
        addrs.truncate(MAILBOX_ADDRESSES);
        let place = RoomMailbox { id: place.id, addrs, secret };
        let Some(known) = self.room_mut(&room) else { return };
        known.record.boxes.push(RoomBox {
            place,
            named: false,
            under: None,
            over_lived_ms: None,
            upto: 0,
            owner,
        });
        self.room_timer(room, RoomTimer::Box, 0);
    }

    /// Whether a room of ours has a box at a mailbox.
    pub(in super::super) fn is_room_mailbox(&self, mailbox: &MailboxId) -> bool {
        let there = |held: &RoomBox| held.place.id == *mailbox;
        self.rooms.by_id.values().any(|known| known.is_live() && known.record.boxes.iter().any(there))
    }

    /// Where a box is: a mailbox of our own is best known to ourselves.
    pub(super) fn place_of_box(&self, held: &RoomBox) -> Place {
        let own = self.usable_mailboxes().into_iter().find(|(place, _)| place.id == held.place.id);
        own.map_or_else(|| Place { id: held.place.id, addrs: held.place.addrs.clone() }, |(place, _)| place)
    }

    // ---- keeping ours -----------------------------------------------------------------------------------------

    /// Tells mailboxes once a run of the boxes we made there: to make them, to have them still, or to let them go.
    pub(super) fn keep_boxes(&mut self, room: RoomId) {
        let (now_ms, lived_ms) = (self.now.mono_ms, self.lived_ms());
        let Some(known) = self.room(&room) else { return };
        for held in known.record.boxes.clone() {
            let Some(owner) = held.owner else { continue };
            let over = held.over_lived_ms.is_some_and(|at| lived_ms.saturating_sub(at) >= OVER_MS);
            let Some(reader) = self.reader(room, &held) else { return };
            let done = reader.keeping || (reader.kept && !over) || (!over && held.over_lived_ms.is_some());
            if done || reader.keep_ms > now_ms {
                continue;
            }
            let place = self.place_of_box(&held);
            let grants = self.usable_mailboxes().into_iter();
            let grant = grants.filter(|(at, _)| at.id == place.id).map(|(_, grant)| grant).next();
            let deposit = kdf::hash(&seal::box_deposit(&held.place.secret));
            let entry = Entry { queue: held.queue(), deposit, limit_bytes: u64::MAX };
            let request = Request::Keep {
                token: seal::box_token(&owner),
                grant: grant.filter(|_| !over),
                entry: Some(entry).filter(|_| !over),
            };
            let asked = self.ask_mailbox(&place, Ask::RoomKeep(room, held.queue()), request);
            let Some(reader) = self.reader(room, &held) else { return };
            reader.keeping = asked;
            if !asked {
                reader.keep_ms = now_ms.saturating_add(SILENT_MS);
            }
        }
    }

    pub(super) fn box_kept(
        &mut self,
        room: RoomId,
        mailbox: MailboxId,
        queue: QueueId,
        answer: Option<&Answer>,
    ) {
        let now_ms = self.now.mono_ms;
        let Some(held) = self.box_of(room, mailbox, queue) else { return };
        let Some(reader) = self.reader(room, &held) else { return };
        reader.keeping = false;
        let made = held.is_made();
        let gone = match answer {
            Some(Answer::Done) => {
                reader.kept = true;
                !held.named && !made
            }
            Some(Answer::Refused(Refused::Full)) => made,
            Some(Answer::Refused(Refused::Grant | Refused::Unknown | Refused::Malformed)) => true,
            _ => {
                reader.keep_ms = now_ms.saturating_add(SILENT_MS);
                self.room_timer(room, RoomTimer::Box, SILENT_MS);
                false
            }
        };
        if gone {
            return self.box_gone(room, &held);
        }
        if made && answer == Some(&Answer::Done) {
            let named = self.post_op(room, &OpBody::Mailboxes(vec![held.place.clone()]));
            if named.is_err() {
                // We are no admin any more: it goes again.
                self.end_box(room, &held);
            }
            self.sync_room_boxes(room);
        }
    }

    /// A box of ours is not there any more, or could not be made.
    fn box_gone(&mut self, room: RoomId, held: &RoomBox) {
        let now_ms = self.now.mono_ms;
        let Some(known) = self.room_mut(&room) else { return };
        known.record.boxes.retain(|other| other.key() != held.key());
        known.boxes.readers.remove(&held.key());
        known.boxes.refused_ms = now_ms.saturating_add(REFUSED_MS);
        if held.named {
            let members = known.log.as_ref().map(crate::room::Log::members);
            let mut rest = members.map(|members| members.mailboxes.clone()).unwrap_or_default();
            rest.retain(|place| *place != held.place);
            let _ = self.post_op(room, &OpBody::Mailboxes(rest));
            self.sync_room_boxes(room);
        }
    }

    fn end_box(&mut self, room: RoomId, held: &RoomBox) {
        let lived_ms = self.lived_ms();
        let Some(known) = self.room_mut(&room) else { return };
        for other in known.record.boxes.iter_mut().filter(|other| other.key() == held.key()) {
            other.over_lived_ms = Some(lived_ms.saturating_sub(OVER_MS));
        }
        self.room_timer(room, RoomTimer::Box, 0);
    }

    // ---- finding ----------------------------------------------------------------------------------------------

    pub(super) fn box_of(&self, room: RoomId, mailbox: MailboxId, queue: QueueId) -> Option<RoomBox> {
        let boxes = &self.room(&room)?.record.boxes;
        boxes.iter().find(|held| held.key() == (mailbox, queue)).cloned()
    }

    pub(super) fn reader(&mut self, room: RoomId, held: &RoomBox) -> Option<&mut Reader> {
        let known: &mut Room = self.rooms.by_id.get_mut(&room)?;
        let readers = &mut known.boxes.readers;
        Some(readers.entry(held.key()).or_insert_with(|| Reader { after: held.upto, ..Reader::default() }))
    }
}

/// Makes the boxes those the room names, and those before them. Returns whether anything changed.
fn take_named(
    boxes: &mut Vec<RoomBox>,
    named: &[RoomMailbox],
    secret: Option<[u8; 32]>,
    lived_ms: u64,
) -> bool {
    let before = boxes.clone();
    for place in named {
        let same = |held: &&mut RoomBox| held.place.id == place.id && held.place.secret == place.secret;
        match boxes.iter_mut().find(same) {
            Some(held) => {
                held.place.addrs.clone_from(&place.addrs);
                if !held.named {
                    (held.named, held.under, held.over_lived_ms) = (true, secret, None);
                }
            }
            None => {
                let (place, under) = (place.clone(), secret);
                let new = RoomBox { place, named: true, under, over_lived_ms: None, upto: 0, owner: None };
                boxes.push(new);
            }
        }
    }
    for held in boxes.iter_mut().filter(|held| held.named && !named.contains(&held.place)) {
        (held.named, held.over_lived_ms) = (false, Some(lived_ms));
    }
    let over = |held: &RoomBox| held.over_lived_ms.is_some_and(|at| lived_ms.saturating_sub(at) >= OVER_MS);
    // Ours go when their mailbox has said so.
    boxes.retain(|held| held.owner.is_some() || !over(held));
    while boxes.len() > BOXES {
        let Some(oldest) = boxes.iter().position(|held| held.over_lived_ms.is_some()) else { break };
        boxes.remove(oldest);
    }
    *boxes != before
}
