//! What messages of a room do, each after those it came after (docs/spec/09-rooms.md, "Order"), and what is shown as
//! missing when one of those does not come.

use super::super::step::{Change, Event, MessageKind, NewMessage, Place, Space};
use super::super::{Engine, MessageState, Timer};
use super::record::key;
use super::take::Opened;
use super::{Room, RoomTimer};
use crate::content::{Body, Target};
use crate::ids::{AccountId, ChatId, DeviceId, RoomId};
use crate::room::{self, Head};
use crate::text;
use crate::time::clamp_wall;

/// How long a message waits for those before it. Longer hides what is there; shorter shows gaps that close by
/// themselves.
pub(super) const GAP_MS: u64 = 10_000;
/// Messages of a room that wait at once, at most: then the oldest do not wait any longer.
const WAITING: usize = 512;
/// Newest messages remembered that no other came after, at most.
const FRONT: usize = 64;

impl Engine {
    /// Applies a message if all it came after are done with, and those that waited for it; else it waits.
    pub(super) fn wait_or_apply(&mut self, room: RoomId, opened: Opened) {
        let Some(known) = self.room(&room) else { return };
        if is_ready(known, &self.own.account, &opened, self.now.mono_ms) {
            self.apply_entry(room, opened);
            self.settle(room);
            return;
        }
        let at = (opened.head.device, opened.head.seq);
        let full = known.waiting.values().filter(|waiting| waiting.opened.is_some()).count() >= WAITING;
        self.put_waiting(room, at, None, Some(Box::new(opened)));
        if full {
            self.give_up_oldest(room);
        }
    }

    /// Applies whatever has become ready.
    pub(super) fn settle(&mut self, room: RoomId) {
        let (own, now_ms) = (self.own.account, self.now.mono_ms);
        loop {
            let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
            let ready = known
                .waiting
                .iter()
                .filter_map(|(at, waiting)| Some((at, waiting.opened.as_ref()?)))
                .find(|(_, opened)| is_ready(known, &own, opened, now_ms))
                .map(|(at, _)| *at);
            let Some(at) = ready else { return };
            let opened = known.waiting.remove(&at).and_then(|waiting| waiting.opened);
            if let Some(opened) = opened {
                self.apply_entry(room, *opened);
            }
        }
    }

    /// What waited long enough is applied without what it came after; what of its own device is missing is told.
    pub(super) fn on_room_gap(&mut self, room: RoomId) {
        let due_ms = self.now.mono_ms.saturating_sub(GAP_MS);
        let Some(known) = self.room(&room) else { return };
        let coming = is_history_coming(known, &self.own.account, self.now.mono_ms);
        let since_ms = |known: &Room, waiting: &super::take::Waiting| {
            let history_ms = known.sync.history_ms.filter(|_| coming && waiting.opened.is_some());
            waiting.since_ms.max(history_ms.unwrap_or(0))
        };
        let mut due: Vec<(u64, (DeviceId, u64))> = known
            .waiting
            .iter()
            .filter(|(_, waiting)| since_ms(known, waiting) <= due_ms)
            .map(|(at, waiting)| (waiting.opened.as_ref().map_or(u64::MAX, |opened| opened.head.depth), *at))
            .collect();
        due.sort_unstable();
        for (_, at) in due {
            self.give_up(room, at);
        }
        let next = self.room(&room).and_then(|known| {
            let waits = |waiting: &&super::take::Waiting| waiting.opened.is_some();
            known.waiting.values().filter(waits).map(|one| since_ms(known, one).saturating_add(GAP_MS)).min()
        });
        if let Some(at) = next {
            self.timers.set_earlier(Timer::Room(room, RoomTimer::Gap), at);
        }
    }

    /// We go out of a room: what can be shown is shown, what cannot be opened is told as missing. If we come in again it
    /// may be asked for again.
    pub(super) fn show_what_waits(&mut self, room: RoomId) {
        let Some(known) = self.room(&room) else { return };
        let all: Vec<(DeviceId, u64)> = known.waiting.keys().copied().collect();
        for at in all {
            self.give_up(room, at);
        }
        let left = self.rooms.by_id.get_mut(&room).map(|known| std::mem::take(&mut known.waiting));
        for ((device, seq), _) in left.unwrap_or_default() {
            let key = key::entry(&room, &device, seq);
            self.drop_room_record(Space::RoomSealed, key.clone());
            self.drop_room_record(Space::RoomEntry, key);
            let chain = self.rooms.by_id.get_mut(&room).and_then(|known| known.chains.get_mut(&device));
            if let Some(chain) = chain {
                chain.stored.remove(seq, seq);
                self.rooms.dirty_chains.insert((room, device));
            }
        }
    }

    fn give_up_oldest(&mut self, room: RoomId) {
        let oldest = self.room(&room).and_then(|known| {
            let opened =
                known.waiting.iter().filter_map(|(at, waiting)| Some((waiting.opened.as_ref()?, at)));
            opened.min_by_key(|(opened, _)| opened.head.depth).map(|(_, at)| *at)
        });
        if let Some(at) = oldest {
            self.give_up(room, at);
        }
    }

    /// A message waits no longer.
    fn give_up(&mut self, room: RoomId, at: (DeviceId, u64)) {
        let (device, seq) = at;
        let (own, now_ms) = (self.own.account, self.now.mono_ms);
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        let coming = is_history_coming(known, &own, now_ms);
        let Some(waiting) = known.waiting.get_mut(&at) else { return };
        match waiting.opened.take() {
            Some(opened) => {
                known.waiting.remove(&at);
                let chain = known.chains.entry(device).or_default();
                let mut done = chain.applied.clone();
                for (from, to) in chain.void.ranges().iter().chain(chain.gaps.ranges()) {
                    done.insert(*from, *to);
                }
                // What is still on its way is not missing.
                let here =
                    |(from, to): &(u64, u64)| !coming && !(*from..=*to).all(|seq| chain.stored.contains(seq));
                let holes: Vec<(u64, u64)> =
                    done.holes(seq.saturating_sub(1)).into_iter().filter(|range| here(range)).collect();
                for (from, to) in holes {
                    self.show_gap(room, device, from, to);
                }
                self.apply_entry(room, *opened);
                self.settle(room);
            }
            // It is here, and nobody gave the key: a hole until somebody does. What comes after it need not wait.
            None => self.show_gap(room, device, seq, seq),
        }
    }

    fn show_gap(&mut self, room: RoomId, device: DeviceId, from: u64, to: u64) {
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        let Some(account) = super::take::owner_of(known, &device) else { return };
        let chain = known.chains.entry(device).or_default();
        if (from..=to).all(|seq| chain.gaps.contains(seq)) || !chain.gaps.insert(from, to) {
            return;
        }
        self.rooms.dirty_chains.insert((room, device));
        let missing = to.saturating_sub(from).saturating_add(1);
        let chat = ChatId::from(room);
        self.change(Change::Event(Event::Gap { chat, account, device, from_seq: from, missing }));
        self.settle(room);
    }

    /// Numbers that will never come: what was shown as missing of them is not waited for.
    pub(super) fn void(&mut self, room: RoomId, device: DeviceId, from: u64, to: u64) {
        let to = to.min(room::entry::LAST_SEQ);
        let Some(known) = self.rooms.by_id.get_mut(&room) else { return };
        let chain = known.chains.entry(device).or_default();
        if !chain.void.insert(from, to) {
            return;
        }
        self.rooms.dirty_chains.insert((room, device));
        let gaps: Vec<(u64, u64)> =
            chain.gaps.ranges().iter().filter(|(a, b)| from <= *a && *b <= to).copied().collect();
        for (a, b) in gaps {
            self.close_gap(room, device, a, b, false);
        }
        self.settle(room);
    }

    fn close_gap(&mut self, room: RoomId, device: DeviceId, from: u64, to: u64, filled: bool) {
        let chat = ChatId::from(room);
        if let Some(chain) = self.rooms.by_id.get_mut(&room).and_then(|known| known.chains.get_mut(&device)) {
            chain.gaps.remove(from, to);
        }
        let count = to.saturating_sub(from).saturating_add(1);
        self.change(Change::Event(Event::GapClosed { chat, device, from_seq: from, count, filled }));
    }

    /// A message counts as here and done with.
    pub(super) fn done_with(&mut self, room: RoomId, head: &Head) {
        let (device, seq) = (head.device, head.seq);
        let today = crate::discovery::day_of(self.now.wall_ms);
        let (own, now_ms) = (self.own.account, self.now.mono_ms);
        self.owe_receipt(room, device);
        self.drop_room_record(Space::RoomSealed, key::entry(&room, &device, seq));
        let Some(known) = self.room_mut(&room) else { return };
        known.record.note_depth(head.depth, today);
        if known.log.as_ref().is_some_and(|log| log.members().horizon(&own, &device) >= seq) {
            known.sync.history_ms = Some(now_ms);
        }
        let front = &mut known.record.front;
        front.retain(|(other, at)| {
            let passed = *other == device && *at <= seq;
            !passed && !head.after.iter().any(|(after, seen)| after == other && at <= seen)
        });
        // What is older than what is here already ends nothing.
        if !front.iter().any(|(other, at)| *other == device && *at > seq) {
            front.push((device, seq));
        }
        if front.len() > FRONT {
            front.remove(0);
        }
        let chain = known.chains.entry(device).or_default();
        chain.applied.insert(seq, seq);
        let gap = chain.gaps.contains(seq);
        self.rooms.dirty_chains.insert((room, device));
        if gap {
            self.close_gap(room, device, seq, seq, true);
        }
        self.heads_changed(room);
    }

    fn apply_entry(&mut self, room: RoomId, opened: Opened) {
        let Opened { head, id, content, author, via } = opened;
        self.done_with(room, &head);
        let Ok(body) = Body::decode(content.kind, &content.body) else { return };
        let (chat, at) = (ChatId::from(room), self.now.wall_ms);
        match body {
            Body::Text(body) => {
                let text = text::clean_text(&body.text);
                self.show_entry(
                    room,
                    (&head, id),
                    &content,
                    author,
                    via,
                    (MessageKind::Text, text),
                    body.reply_to,
                );
            }
            Body::Edit(edit) => {
                let text = text::clean_text(&edit.text);
                self.change(Change::Edit { chat, author, message: edit.id, text, at });
            }
            Body::Delete(message) => self.change(Change::Delete { chat, author, message, at }),
            Body::Reaction(reaction) if reaction.emoji.is_empty() || text::is_one_emoji(&reaction.emoji) => {
                let (who, message) = (author, reaction.target.id);
                let author = reaction.target.author;
                self.change(Change::React { chat, who, author, message, emoji: reaction.emoji, at });
            }
            Body::Pin(pin) => {
                let Target { author: of, id: message } = pin.target;
                let any = of == author || !pin.on && was_admin(self.room(&room), &head, &author);
                self.change(Change::Pin { chat, who: author, author: of, message, on: pin.on, any });
            }
            Body::Unknown { ignorable: false, kind } => {
                let text =
                    format!("This was sent by a newer Starling and cannot be shown here (kind {kind}).");
                self.show_entry(room, (&head, id), &content, author, via, (MessageKind::Unknown, text), None);
            }
            // Everything else is between two people and means nothing here.
            _ => {}
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn show_entry(
        &mut self,
        room: RoomId,
        (head, id): (&Head, room::EntryId),
        content: &crate::content::Content,
        author: AccountId,
        via: &'static str,
        (kind, text): (MessageKind, String),
        reply_to: Option<crate::ids::MessageId>,
    ) {
        let (depth, mark) = room::place(head.depth, &id);
        self.note_author(room, content.msg_id, author);
        self.change(Change::Message(NewMessage {
            id: content.msg_id,
            chat: ChatId::from(room),
            author,
            device: head.device,
            seq: head.seq,
            me: author == self.own.account,
            kind,
            text,
            reply_to,
            sent_at: clamp_wall(content.sent_at),
            received_at: self.now.wall_ms,
            via,
            state: MessageState::Delivered,
            place: Place::At { depth, mark },
        }));
    }
}

/// Whether somebody was an admin by what they knew of the room when they wrote.
fn was_admin(known: Option<&Room>, head: &Head, author: &AccountId) -> bool {
    let members = known.and_then(|known| known.log.as_ref()?.members_at(&head.tips));
    members.and_then(|members| members.member(author)?.rank).is_some()
}

/// Whether everything a message came after is done with. A text does not wait for what was written before we came: its
/// place does not depend on that, and it is to be read while the rest still comes. What changes a message waits for all
/// of that: the message may be among it.
fn is_ready(known: &Room, own: &AccountId, opened: &Opened, now_ms: u64) -> bool {
    let (head, is_text) = (&opened.head, opened.content.kind == Body::TEXT);
    let members = known.log.as_ref().map(room::Log::members).filter(|_| is_text);
    let done = |device: &DeviceId, seq: u64| {
        seq == 0
            || known.chains.get(device).is_some_and(|chain| chain.is_done(seq))
            || members.is_some_and(|members| members.horizon(own, device) >= seq)
    };
    done(&head.device, head.seq.saturating_sub(1))
        && head.after.iter().all(|(device, seq)| done(device, *seq))
        && (is_text || !is_history_coming(known, own, now_ms))
}

/// Whether what was written before we came is still being given to us.
fn is_history_coming(known: &Room, own: &AccountId, now_ms: u64) -> bool {
    let came = known.sync.history_ms.is_some_and(|at_ms| now_ms.saturating_sub(at_ms) < GAP_MS);
    let here = |(device, upto): (&DeviceId, &u64)| {
        known.chains.get(device).is_some_and(|chain| chain.is_done_upto(*upto))
    };
    let member = known.log.as_ref().and_then(|log| log.members().member(own)).filter(|_| came);
    member.is_some_and(|member| !member.upto.iter().all(here))
}
