//! What is said to neighbours about open channels (docs/spec/10-open-channels.md, "Frames"), and what is made of what
//! they say.

use super::super::net::LinkId;
use super::super::state;
use super::super::step::{MessageState, Space};
use super::super::{Engine, Timer};
use super::record::key;
use super::{Channel, OpenTimer};
use crate::ids::{DeviceId, RoomId};
use crate::room::HeadRange;
use crate::room::have::RANGES;
use crate::room::open::{ASK_RANGES, Ask, CHANNELS, DEVICES, Give, Given, Heads, ITEMS, Words, tag};
use crate::time::SECOND_MS;
use crate::wire::Signed;
use std::collections::{BTreeMap, BTreeSet};

/// Neighbours are told what we have this often.
pub(super) const TELL_MS: u64 = 30 * SECOND_MS;
/// What was asked for is not waited for longer than this: another neighbour may be asked.
const ANSWER_MS: u64 = 5 * SECOND_MS;
/// Signatures of one neighbour we look at: so many at once, as many as a full channel has, and 50 a second. More would let
/// a stranger keep us busy; what is left out is asked for later.
pub(super) const LOOKS: u64 = 2_500;
pub(super) const LOOK_MS: u64 = 20;
/// Questions to one neighbour: so many at once, and eight a second. What is answered is a little more.
pub(super) const ASKS: u64 = 64;
pub(super) const ANSWERS: u64 = 96;
pub(super) const ASK_MS: u64 = SECOND_MS / 8;
/// Bytes of entries in the answer to one question, at most.
const ANSWER_BYTES: usize = 512 * 1024;
/// Ranges remembered that one neighbour has and we want, at most.
const WANTS: usize = 2_048;
/// Newest numbers of one device that are wanted: more are never kept.
const NEWEST: u64 = 2_000;

impl Engine {
    /// Whether there is time to look at more signatures that a neighbour brings.
    pub(super) fn may_look(&mut self, link: LinkId, count: u64) -> bool {
        let now_ms = self.now.mono_ms;
        let one = self.open.neighbours.by_link.get_mut(&link);
        one.is_some_and(|one| one.looks.take(count, now_ms))
    }

    /// What a neighbour says. `None` for what no honest node says.
    pub(super) fn hear_neighbour(&mut self, link: LinkId, message: &[u8]) -> Option<()> {
        let Some(words) = Words::decode(message).ok()? else { return Some(()) };
        let now_ms = self.now.mono_ms;
        let one = self.open.neighbours.by_link.get_mut(&link)?;
        match words {
            Words::Tags(tags) => {
                self.timers.clear(&Timer::Handshake(link));
                if one.answers.take(1, now_ms) {
                    one.heard = tags.into_iter().collect();
                    self.share(link);
                }
            }
            Words::Heads(heads) if one.shared.contains(&heads.channel) => self.hear_heads(link, &heads),
            Words::Ask(ask) if one.shared.contains(&ask.channel) => {
                if one.answers.take(1, now_ms) {
                    self.answer_neighbour(link, &ask);
                }
            }
            Words::Give(give) if one.shared.contains(&give.channel) => {
                let done = give.done;
                self.take_given(link, give)?;
                if done && let Some(one) = self.open.neighbours.by_link.get_mut(&link) {
                    one.asked_ms = None;
                    self.ask_neighbour(link);
                }
            }
            Words::Near(said) => self.hear_near(link, said),
            // Of a channel that we have left, or are not in yet as they know it.
            Words::Heads(_) | Words::Ask(_) | Words::Give(_) => {}
        }
        Some(())
    }

    pub(super) fn say(&mut self, link: LinkId, words: &Words) {
        if let Ok(message) = words.encode() {
            self.write(link, vec![message]);
        }
    }

    // ---- which channels ---------------------------------------------------------------------------------------

    /// Tells a neighbour which channels we are in, so that who is not in them learns nothing.
    pub(super) fn say_tags(&mut self, link: LinkId) {
        let Some(one) = self.open.neighbours.by_link.get(&link) else { return };
        let ours = self.channels_on(one.conn);
        let mut tags: Vec<[u8; 8]> =
            ours.iter().map(|channel| tag(channel, &one.local, &one.remote)).take(CHANNELS).collect();
        while tags.len() < CHANNELS {
            tags.push(self.rng.bytes());
        }
        // In no order of ours.
        tags.sort_unstable();
        self.say(link, &Words::Tags(tags));
    }

    /// Reckons which channels we share with a neighbour, and says what we have of those that are new.
    pub(super) fn share(&mut self, link: LinkId) {
        let Some(one) = self.open.neighbours.by_link.get(&link) else { return };
        let ours = self.channels_on(one.conn).into_iter();
        let shared: BTreeSet<RoomId> =
            ours.filter(|channel| one.heard.contains(&tag(channel, &one.remote, &one.local))).collect();
        let new: Vec<RoomId> = shared.difference(&one.shared).copied().collect();
        let Some(one) = self.open.neighbours.by_link.get_mut(&link) else { return };
        one.shared = shared;
        for channel in new {
            self.say_heads(link, channel, None);
        }
    }

    // ---- what there is ----------------------------------------------------------------------------------------

    /// Tells a neighbour what we have of a channel, of some devices or of all.
    fn say_heads(&mut self, link: LinkId, room: RoomId, of: Option<&BTreeSet<DeviceId>>) {
        let Some(channel) = self.channel(&room) else { return };
        let heads = channel.heads(of);
        for heads in heads.chunks(DEVICES) {
            self.say(link, &Words::Heads(Heads { channel: room, heads: heads.to_vec() }));
        }
    }

    pub(super) fn tell_neighbours(&mut self) {
        let all = self.open.neighbours.by_link.iter();
        let all: Vec<(LinkId, Vec<RoomId>)> =
            all.map(|(link, one)| (*link, one.shared.iter().copied().collect())).collect();
        for (link, shared) in all {
            for room in shared {
                self.say_heads(link, room, None);
            }
        }
    }

    /// A neighbour is to be told that what they brought is here.
    pub(super) fn owe_heads(&mut self, link: LinkId, room: RoomId, device: DeviceId) {
        if let Some(one) = self.open.neighbours.by_link.get_mut(&link) {
            one.owed.insert((room, device));
        }
    }

    pub(super) fn open_receipts(&mut self) {
        let all = self.open.neighbours.by_link.iter_mut();
        let owed: Vec<_> = all.map(|(link, one)| (*link, std::mem::take(&mut one.owed))).collect();
        for (link, owed) in owed {
            let mut by_room = BTreeMap::<RoomId, BTreeSet<DeviceId>>::new();
            for (room, device) in owed {
                by_room.entry(room).or_default().insert(device);
            }
            for (room, devices) in by_room {
                self.say_heads(link, room, Some(&devices));
            }
        }
    }

    fn hear_heads(&mut self, link: LinkId, heads: &Heads) {
        let (room, own, now_ms) = (heads.channel, self.own.device_id, self.now.mono_ms);
        for head in &heads.heads {
            if head.device == own {
                self.credit_others(link, room, head);
            }
            let Some(channel) = self.open.channels.get(&room) else { return };
            let wanted = channel.wanted(head, now_ms);
            let Some(one) = self.open.neighbours.by_link.get_mut(&link) else { return };
            one.wants.retain(|(of, device, ..)| *of != room || *device != head.device);
            let room_left = WANTS.saturating_sub(one.wants.len());
            let wants = wanted.into_iter().take(room_left);
            one.wants.extend(wants.map(|(from, to)| (room, head.device, from, to)));
        }
        self.ask_neighbour(link);
    }

    /// A neighbour has one message; it counts if it is ours.
    pub(super) fn credit_one(&mut self, link: LinkId, room: RoomId, device: DeviceId, seq: u64) {
        if device == self.own.device_id {
            self.credit_others(link, room, &HeadRange { device, upto: 0, beyond: vec![(seq, seq)] });
        }
    }

    /// A neighbour has something of ours: it is not on this disk alone any more.
    fn credit_others(&mut self, link: LinkId, room: RoomId, head: &HeadRange) {
        let Some(channel) = self.open.channels.get_mut(&room) else { return };
        let last = head.beyond.last().map_or(head.upto, |(_, to)| *to);
        // Who has more of ours than we know of speaks of others, perhaps: this disk was set back.
        if last >= channel.record.next_seq {
            return;
        }
        let mut done = Vec::new();
        for ((device, seq), kept) in channel.entries.range_mut((head.device, 0)..=(head.device, last)) {
            if let Some(message) = kept.record.waits.filter(|_| head.covers(*seq)) {
                kept.record.waits = None;
                let key = key::entry(&room, device, *seq);
                self.changes.extend(state::put(Space::OpenEntry, key, &kept.record));
                done.push(message);
            }
        }
        for message in done {
            self.open_state(room, message, MessageState::Delivered);
        }
        if let Some(one) = self.open.neighbours.by_link.get_mut(&link) {
            let has = one.has.entry(room).or_insert(0);
            *has = last.max(*has);
        }
    }

    // ---- asking and giving ------------------------------------------------------------------------------------

    /// Asks a neighbour for what they have and we want, unless an answer of theirs is awaited.
    fn ask_neighbour(&mut self, link: LinkId) {
        let now_ms = self.now.mono_ms;
        let Some(one) = self.open.neighbours.by_link.get_mut(&link) else { return };
        let waits = one.asked_ms.is_some_and(|since_ms| now_ms.saturating_sub(since_ms) < ANSWER_MS);
        let Some(room) = one.wants.front().map(|(room, ..)| *room).filter(|_| !waits) else { return };
        if !one.asks.take(1, now_ms) {
            return;
        }
        let (mut ranges, mut count) = (Vec::new(), 0_u64);
        while ranges.len() < ASK_RANGES
            && let Some((of, device, from, to)) = one.wants.front().copied()
            && of == room
            && count < ITEMS as u64
        {
            one.wants.pop_front();
            let first = from.max(to.saturating_sub(ITEMS as u64 - 1 - count));
            if first > from {
                one.wants.push_front((of, device, from, first.saturating_sub(1)));
            }
            count = count.saturating_add(to.saturating_sub(first).saturating_add(1));
            ranges.push((device, first, to));
        }
        one.asked_ms = Some(now_ms);
        if let Some(channel) = self.open.channels.get_mut(&room) {
            let until_ms = now_ms.saturating_add(ANSWER_MS);
            channel.expect(&ranges, now_ms, until_ms);
        }
        self.say(link, &Words::Ask(Ask { channel: room, ranges }));
    }

    fn answer_neighbour(&mut self, link: LinkId, ask: &Ask) {
        let now_ms = self.open_now();
        let Some(channel) = self.channel(&ask.channel) else { return };
        let (mut all, mut bytes): (Vec<(Given, Signed)>, _) = (Vec::new(), 0_usize);
        for (device, first, last) in &ask.ranges {
            let Some(author) = channel.authors.get(device) else { continue };
            for (_, kept) in channel.entries.range((*device, *first)..=(*device, *last)) {
                bytes = bytes.saturating_add(kept.bytes());
                if bytes <= ANSWER_BYTES {
                    all.push((kept.given(now_ms), author.record.signed.clone()));
                }
            }
        }
        for give in Give::batches(ask.channel, all, true) {
            self.say(link, &Words::Give(give));
        }
    }

    /// Tells a new message to every neighbour but who brought it.
    pub(super) fn pass_on(&mut self, room: RoomId, at: (DeviceId, u64), but: Option<LinkId>) {
        let now_ms = self.open_now();
        let Some(channel) = self.channel(&room) else { return };
        let (Some(kept), Some(author)) = (channel.entries.get(&at), channel.authors.get(&at.0)) else {
            return;
        };
        let all = vec![(kept.given(now_ms), author.record.signed.clone())];
        let in_it = self.open.neighbours.by_link.iter().filter(|(_, one)| one.shared.contains(&room));
        let links: Vec<LinkId> = in_it.map(|(link, _)| *link).filter(|link| Some(*link) != but).collect();
        for give in Give::batches(room, all, false) {
            let words = Words::Give(give);
            links.iter().for_each(|link| self.say(*link, &words));
        }
        self.open_timer(OpenTimer::Tick, TELL_MS);
    }
}

impl Channel {
    /// What can be asked for here, by device.
    fn heads(&self, of: Option<&BTreeSet<DeviceId>>) -> Vec<HeadRange> {
        let mut by_device = BTreeMap::<DeviceId, Vec<(u64, u64)>>::new();
        for (device, seq) in self.entries.keys().filter(|(device, _)| of.is_none_or(|of| of.contains(device)))
        {
            let ranges = by_device.entry(*device).or_default();
            match ranges.last_mut() {
                Some((_, to)) if to.saturating_add(1) == *seq => *to = *seq,
                _ => ranges.push((*seq, *seq)),
            }
        }
        let head = |(device, mut beyond): (DeviceId, Vec<(u64, u64)>)| {
            let upto = beyond.first().filter(|(from, _)| *from == 1).map_or(0, |(_, to)| *to);
            if upto > 0 {
                beyond.remove(0);
            }
            // The newest say most.
            beyond.drain(..beyond.len().saturating_sub(RANGES));
            HeadRange { device, upto, beyond }
        };
        by_device.into_iter().map(head).collect()
    }

    /// What of a neighbour's messages of one device is not here, was not, and is not asked for: the newest.
    fn wanted(&self, head: &HeadRange, now_ms: u64) -> Vec<(u64, u64)> {
        let theirs = (head.upto > 0).then_some((1, head.upto)).into_iter().chain(head.beyond.iter().copied());
        let mut wanted: Vec<(u64, u64)> = theirs.collect();
        let had = self.authors.get(&head.device).map(|author| author.record.had.as_slice());
        let coming = self.coming.get(&head.device).map(Vec::as_slice).unwrap_or_default();
        let coming = coming.iter().filter(|(.., until_ms)| now_ms < *until_ms).map(|(a, b, _)| (*a, *b));
        for (from, to) in had.unwrap_or_default().iter().copied().chain(coming) {
            wanted = wanted.into_iter().flat_map(|range| without(range, (from, to))).collect();
        }
        let last = wanted.last().map_or(0, |(_, to)| *to);
        let first = last.saturating_sub(NEWEST);
        let newest = wanted.into_iter().filter(|(_, to)| *to > first);
        newest.map(|(from, to)| (from.max(first.saturating_add(1)), to)).rev().collect()
    }

    /// These were asked for.
    fn expect(&mut self, ranges: &[(DeviceId, u64, u64)], now_ms: u64, until_ms: u64) {
        for coming in self.coming.values_mut() {
            coming.retain(|(.., until_ms)| now_ms < *until_ms);
        }
        self.coming.retain(|_, coming| !coming.is_empty());
        for (device, from, to) in ranges {
            let coming = self.coming.entry(*device).or_default();
            if coming.len() < ASK_RANGES {
                coming.push((*from, *to, until_ms));
            }
        }
    }
}

/// What is left of a range without another.
fn without((from, to): (u64, u64), (a, b): (u64, u64)) -> impl Iterator<Item = (u64, u64)> {
    let left = (from, to.min(a.saturating_sub(1)));
    let right = (from.max(b.saturating_add(1)), to);
    [left, right].into_iter().enumerate().filter_map(move |(at, (x, y))| {
        // A range that is not touched is left once.
        let apart = b < from || a > to;
        match (apart, at) {
            (true, 0) => Some((from, to)),
            (true, _) => None,
            (false, _) => (x <= y).then_some((x, y)),
        }
    })
}
