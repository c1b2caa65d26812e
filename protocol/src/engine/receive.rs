//! Taking what a contact's device sends: parts in order, contents once, acks (docs/spec/05-delivery.md,
//! "Receiving"). Everything here is authenticated: it came over a live link with that device.

use super::command::ContactState;
use super::live::FrameOut;
use super::peer::Opened;
use super::state::{self, MISSING_RANGES, ParkedRecord, key};
use super::step::{Change, Event, MessageKind, MessageState, NewMessage, Notice, Space};
use super::{Engine, Timer, Via};
use crate::content::{Accept, Body, Content};
use crate::ids::{AccountId, ChatId, DeviceId, MessageId, SessionId};
use crate::session::{Ack, OlmPart, Outcome, Place, RefuseReason};
use crate::time::{SECOND_MS, clamp_wall};
use crate::{text, wire};

/// How long a hole in a chain may stay before it is shown and asked about, in milliseconds.
pub(super) const GAP_MS: u64 = 10 * SECOND_MS;
/// Contents of one device and chat that may wait behind a hole; one more closes the hole at once.
const PARKED: usize = 512;
/// How long a message may be on the way over a live link unanswered before it is sent again.
pub(super) const ANSWER_MS: u64 = 30 * SECOND_MS;

impl Engine {
    /// Takes parts in; every one is answered in this turn's ack.
    pub(super) fn on_parts(&mut self, device: DeviceId, parts: Vec<OlmPart>, via: Via) {
        for part in parts {
            if !part.within_bounds() {
                continue;
            }
            self.on_part(device, part, via);
        }
    }

    fn on_part(&mut self, device: DeviceId, part: OlmPart, via: Via) {
        let lived_ms = self.lived_ms();
        let Some(peer) = self.peers.get_mut(&device) else { return };
        self.active_peers.insert(device);
        if peer.is_tombstone(&part.session) {
            let outcome = if peer.knows(&part.msg_id) {
                Outcome::Delivered
            } else {
                Outcome::Refused(RefuseReason::Session)
            };
            self.ack(device, &part, outcome);
            return;
        }
        if !peer.sessions.contains_key(&part.session) && (!part.prekey || !peer.may_hold(&part.session)) {
            let known = peer.knows(&part.msg_id);
            self.ack(
                device,
                &part,
                if known { Outcome::Delivered } else { Outcome::Refused(RefuseReason::Session) },
            );
            return;
        }
        match peer.reorder.entry(part.session).or_default().place(&part) {
            Place::Ready => {
                let session = part.session;
                if self.open(device, part, via, lived_ms) {
                    self.drain_held(device, session, via, lived_ms);
                }
            }
            Place::Held => {
                self.ack(device, &part, Outcome::Held);
                let session = part.session;
                self.hold_part(device, part);
                let now_ms = self.now.mono_ms;
                let forced = self
                    .peers
                    .get_mut(&device)
                    .and_then(|peer| peer.reorder.get_mut(&session))
                    .is_some_and(|reorder| reorder.force(now_ms));
                if forced {
                    self.drain_held(device, session, via, lived_ms);
                }
            }
            Place::Past if peer.knows(&part.msg_id) => self.ack(device, &part, Outcome::Delivered),
            // Its place is used up, and it is not one we have: perhaps Olm still holds the skipped key.
            Place::Past => drop(self.open(device, part, via, lived_ms)),
        }
    }

    /// Decrypts one part and takes its content. Returns whether its place in the order is done with.
    fn open(&mut self, device: DeviceId, part: OlmPart, via: Via, lived_ms: u64) -> bool {
        self.own.received_mark = self.own.received_mark.saturating_add(1);
        let mark = self.own.received_mark;
        let Some(peer) = self.peers.get_mut(&device) else { return false };
        let past = peer.reorder.get(&part.session).is_some_and(|reorder| part.order < reorder.next());
        match peer.open_part(&mut self.own.olm, &part, mark, lived_ms) {
            Opened::Content(content) => {
                if let Some(reorder) = peer.reorder.get_mut(&part.session) {
                    reorder.advance_past(part.order);
                }
                let outcome = self.take_content(device, *content, via);
                self.ack(device, &part, outcome);
                true
            }
            Opened::Refused(RefuseReason::Content) => {
                if let Some(reorder) = peer.reorder.get_mut(&part.session) {
                    reorder.advance_past(part.order);
                }
                self.ack(device, &part, Outcome::Refused(RefuseReason::Content));
                true
            }
            Opened::Refused(reason) => {
                let reason = if past { RefuseReason::Stale } else { reason };
                if !peer.sessions.contains_key(&part.session)
                    && peer.reorder.get(&part.session).is_some_and(|reorder| reorder.held_count() == 0)
                {
                    peer.reorder.remove(&part.session);
                }
                self.ack(device, &part, Outcome::Refused(reason));
                false
            }
        }
    }

    fn drain_held(&mut self, device: DeviceId, session: SessionId, via: Via, lived_ms: u64) {
        loop {
            let part = self
                .peers
                .get_mut(&device)
                .and_then(|peer| peer.reorder.get_mut(&session))
                .and_then(crate::session::Reorder::take_ready);
            let Some(part) = part else { return };
            self.change(Change::Drop { space: Space::Held, key: key::held(&device, &session, part.order) });
            if !self.open(device, part, via, lived_ms) {
                return;
            }
        }
    }

    pub(super) fn on_held_due(&mut self, device: DeviceId) {
        let (now_ms, lived_ms) = (self.now.mono_ms, self.lived_ms());
        let Some(peer) = self.peers.get_mut(&device) else { return };
        self.active_peers.insert(device);
        let forced: Vec<SessionId> = peer
            .reorder
            .iter_mut()
            .filter_map(|(id, reorder)| reorder.force(now_ms).then_some(*id))
            .collect();
        for session in forced {
            self.drain_held(device, session, Via::Direct, lived_ms);
        }
        let due = self
            .peers
            .get(&device)
            .and_then(|peer| peer.reorder.values().filter_map(crate::session::Reorder::due_ms).min());
        if let Some(due) = due {
            self.timers.set(Timer::Held(device), due.max(now_ms.saturating_add(SECOND_MS)));
        }
    }

    fn ack(&mut self, device: DeviceId, part: &OlmPart, outcome: Outcome) {
        self.acks.entry(device).or_default().push((part.msg_id, part.attempt, outcome));
    }

    // ---- contents ---------------------------------------------------------------------------------------------

    /// Takes a decrypted content exactly once. It is on this disk when the turn commits, so `Delivered` is true
    /// even while it waits for an earlier one.
    fn take_content(&mut self, device: DeviceId, content: Content, via: Via) -> Outcome {
        let Some(peer) = self.peers.get_mut(&device) else { return Outcome::Refused(RefuseReason::Session) };
        if peer.knows(&content.msg_id) {
            return Outcome::Delivered;
        }
        if content.conv != ChatId::from(self.own.account)
            || content.seq == 0
            || content.seq == u64::MAX
            || content.seen.len() > 8
            || !wire::ext_understood(&content.ext)
            || Body::decode(content.kind, &content.body).is_err()
        {
            return Outcome::Refused(RefuseReason::Content);
        }
        let (number, forgotten) = peer.remember(content.msg_id);
        let chat = ChatId::from(peer.account());
        self.changes.extend(state::put(Space::Seen, key::numbered(&device, number), &content.msg_id));
        if let Some(forgotten) = forgotten {
            self.change(Change::Drop { space: Space::Seen, key: key::numbered(&device, forgotten) });
        }
        let stream = self.streams_in.entry((device, chat)).or_default();
        match content.seq.cmp(&stream.next_seq) {
            std::cmp::Ordering::Equal => {
                self.deliver(device, chat, &content, via);
                self.drain_parked(device, chat);
            }
            std::cmp::Ordering::Greater => self.park(device, chat, content, via),
            std::cmp::Ordering::Less => self.take_late(device, chat, &content, via),
        }
        Outcome::Delivered
    }

    fn park(&mut self, device: DeviceId, chat: ChatId, content: Content, via: Via) {
        let record = wire::encode(&content)
            .ok()
            .map(|content| ParkedRecord { content, lan: u8::from(via == Via::Lan) });
        let key = key::parked(&device, &chat, content.seq);
        self.changes.extend(record.and_then(|record| state::put(Space::Parked, key, &record)));
        self.parked.insert((device, chat, content.seq), (content, via));
        let waiting = self.parked.range((device, chat, 0)..=(device, chat, u64::MAX)).count();
        if waiting >= PARKED {
            self.on_gap_due(device, chat);
        } else if self.timers.when(&Timer::Gap(device, chat)).is_none() {
            self.timers.set(Timer::Gap(device, chat), self.now.mono_ms.saturating_add(GAP_MS));
        }
    }

    fn drain_parked(&mut self, device: DeviceId, chat: ChatId) {
        loop {
            let next = self.streams_in.get(&(device, chat)).map_or(1, |stream| stream.next_seq);
            let Some((content, via)) = self.parked.remove(&(device, chat, next)) else { break };
            self.change(Change::Drop { space: Space::Parked, key: key::parked(&device, &chat, next) });
            self.deliver(device, chat, &content, via);
        }
        if self.parked.range((device, chat, 0)..=(device, chat, u64::MAX)).next().is_none() {
            self.timers.clear(&Timer::Gap(device, chat));
        }
    }

    /// A number below the expected one that is not known: one that was given up on, or a sender that numbers twice.
    fn take_late(&mut self, device: DeviceId, chat: ChatId, content: &Content, via: Via) {
        let Some(stream) = self.streams_in.get_mut(&(device, chat)) else { return };
        let seq = content.seq;
        let missing = stream.missing.iter().position(|(from, to)| (*from..=*to).contains(&seq));
        if let Some(at) = missing
            && let Some((from, to)) = stream.missing.get(at).copied()
        {
            let rest = [(from, seq.saturating_sub(1)), (seq.saturating_add(1), to)];
            stream.missing.splice(at..=at, rest.into_iter().filter(|(from, to)| from <= to));
            self.dirty_in.insert((device, chat));
            self.change(Change::Event(Event::GapClosed {
                chat,
                device,
                from_seq: seq,
                count: 1,
                filled: true,
            }));
        }
        self.apply(device, chat, content, via);
    }

    /// The next content of a chain.
    fn deliver(&mut self, device: DeviceId, chat: ChatId, content: &Content, via: Via) {
        let mut forked = false;
        if let Some(stream) = self.streams_in.get_mut(&(device, chat)) {
            forked = content.seq > 1 && stream.link != [0; 32] && stream.link != content.prev;
            stream.next_seq = content.seq.saturating_add(1);
            stream.link = content.link();
            self.dirty_in.insert((device, chat));
        }
        if forked {
            self.notice_line(
                chat,
                "A device of this person was set back to an older state or runs twice. Messages may be missing here.",
            );
        }
        self.apply(device, chat, content, via);
    }

    pub(super) fn on_gap_due(&mut self, device: DeviceId, chat: ChatId) {
        self.timers.clear(&Timer::Gap(device, chat));
        let first = self
            .parked
            .range((device, chat, 0)..=(device, chat, u64::MAX))
            .next()
            .map(|((_, _, seq), _)| *seq);
        let Some(first) = first else { return };
        let Some(account) = self.peers.get(&device).map(super::Peer::account) else { return };
        let stream = self.streams_in.entry((device, chat)).or_default();
        let (from, to) = (stream.next_seq, first.saturating_sub(1));
        if from <= to {
            stream.missing.push((from, to));
            if stream.missing.len() > MISSING_RANGES {
                stream.missing.remove(0);
            }
            stream.next_seq = first;
            stream.link = [0; 32];
            self.dirty_in.insert((device, chat));
            let missing = to.saturating_sub(from).saturating_add(1);
            self.change(Change::Event(Event::Gap { chat, account, device, from_seq: from, missing }));
            self.frame_to(device, &FrameOut::GapRequest { from, to });
        }
        self.drain_parked(device, chat);
        if self.parked.range((device, chat, 0)..=(device, chat, u64::MAX)).next().is_some() {
            self.timers.set(Timer::Gap(device, chat), self.now.mono_ms.saturating_add(GAP_MS));
        }
    }

    /// The sender says what it has of a gap: nothing any more, or rows that will come by themselves.
    pub(super) fn on_gap_request(&mut self, device: DeviceId, from: u64, to: u64) {
        let Some(peer) = self.peers.get(&device) else { return };
        let chat = ChatId::from(peer.account());
        let waiting = peer.outbox.values().any(|row| row.chat == chat && (from..=to).contains(&row.seq));
        if !waiting {
            self.frame_to(device, &FrameOut::GapGone { from, to });
        }
    }

    pub(super) fn on_gap_gone(&mut self, device: DeviceId, from: u64, to: u64) {
        let Some(chat) = self.peers.get(&device).map(|peer| ChatId::from(peer.account())) else { return };
        let Some(stream) = self.streams_in.get_mut(&(device, chat)) else { return };
        let before = stream.missing.len();
        stream.missing.retain(|(a, b)| !(from <= *a && *b <= to));
        if stream.missing.len() != before {
            self.dirty_in.insert((device, chat));
            let count = to.saturating_sub(from).saturating_add(1);
            self.change(Change::Event(Event::GapClosed {
                chat,
                device,
                from_seq: from,
                count,
                filled: false,
            }));
        }
    }

    // ---- what a content does ----------------------------------------------------------------------------------

    fn apply(&mut self, device: DeviceId, chat: ChatId, content: &Content, via: Via) {
        let author = chat.account();
        let Ok(body) = Body::decode(content.kind, &content.body) else { return };
        let state = self.contacts.get(&author).map(|contact| contact.state);
        if let Body::Accept(accept) = body {
            self.on_accept(author, device, &accept);
            return;
        }
        if state != Some(ContactState::Accepted) {
            return;
        }
        let at = self.now.wall_ms;
        let id = content.msg_id;
        match body {
            Body::Text(body) => {
                let text = text::clean_text(&body.text);
                self.show(device, chat, content, via, MessageKind::Text, text, body.reply_to);
                self.typing_over(chat, author);
            }
            Body::Edit(edit) => {
                let text = text::clean_text(&edit.text);
                self.change(Change::Edit { chat, author, message: edit.id, text, at });
            }
            Body::Delete(message) => self.change(Change::Delete { chat, author, message, at }),
            Body::Reaction(reaction) => {
                if reaction.emoji.is_empty() || text::is_one_emoji(&reaction.emoji) {
                    self.change(Change::React {
                        chat,
                        who: author,
                        author: reaction.target.author,
                        message: reaction.target.id,
                        emoji: reaction.emoji,
                        at,
                    });
                }
            }
            Body::Read(messages) => {
                for message in messages {
                    let state = MessageState::Read;
                    self.change(Change::State { message, account: author, state, reason: None, at });
                }
            }
            Body::Name(name) => self.on_name(author, &name),
            Body::Unknown { ignorable: true, .. } | Body::Accept(_) => {}
            Body::Unknown { kind, .. } => {
                let text =
                    format!("This was sent by a newer Starling and cannot be shown here (kind {kind}).");
                self.show(device, chat, content, via, MessageKind::Unknown, text, None);
            }
        }
        let _ = id;
    }

    #[allow(clippy::too_many_arguments)]
    fn show(
        &mut self,
        device: DeviceId,
        chat: ChatId,
        content: &Content,
        via: Via,
        kind: MessageKind,
        text: String,
        reply_to: Option<MessageId>,
    ) {
        self.change(Change::Message(NewMessage {
            id: content.msg_id,
            chat,
            author: chat.account(),
            device,
            seq: content.seq,
            me: false,
            kind,
            text,
            reply_to,
            sent_at: clamp_wall(content.sent_at),
            received_at: self.now.wall_ms,
            via: match via {
                Via::Lan => "lan",
                Via::Relay => "relay",
                Via::Direct => "direct",
            },
            state: MessageState::Delivered,
        }));
    }

    /// A line by Starling itself in a chat.
    pub(super) fn notice_line(&mut self, chat: ChatId, text: &str) {
        let id = MessageId(self.rng.bytes());
        let at = self.now.wall_ms;
        self.change(Change::Message(NewMessage {
            id,
            chat,
            author: chat.account(),
            device: self.own.device_id,
            seq: 0,
            me: false,
            kind: MessageKind::Notice,
            text: text.to_owned(),
            reply_to: None,
            sent_at: at,
            received_at: at,
            via: "local",
            state: MessageState::Delivered,
        }));
    }

    fn typing_over(&mut self, chat: ChatId, account: AccountId) {
        self.actions.push(super::Action::Notice(Notice::Typing { chat, account, on: false }));
    }

    fn on_accept(&mut self, account: AccountId, device: DeviceId, accept: &Accept) {
        let _ = self.take_card(Some(device), &accept.card);
        let Some(contact) = self.contacts.get_mut(&account) else { return };
        if !matches!(contact.state, ContactState::Pending | ContactState::Accepted) {
            return;
        }
        let news = contact.state == ContactState::Pending;
        contact.state = ContactState::Accepted;
        contact.reason = None;
        contact.rv_in = Some(accept.rv_out);
        contact.join = None;
        self.timers.clear(&Timer::Join(account));
        self.dirty_contacts.insert(account);
        if news {
            self.on_name(account, &accept.name);
            self.contact_event(account);
        }
    }

    // ---- acks -------------------------------------------------------------------------------------------------

    /// A device answers what we sent.
    pub(super) fn on_ack(&mut self, device: DeviceId, ack: &Ack) {
        if ack.to_account != self.own.account
            || ack.to_device != self.own.device_id
            || ack.from_device != device
        {
            return;
        }
        let lived_ms = self.lived_ms();
        self.active_peers.insert(device);
        for (message, attempt, outcome) in &ack.items {
            let Some(peer) = self.peers.get_mut(&device) else { return };
            let Some(number) = peer.by_message.get(message).copied() else { continue };
            match outcome {
                Outcome::Delivered => self.end_row(device, number, MessageState::Delivered, None),
                Outcome::Held => {}
                Outcome::Refused(reason) => {
                    let session = peer
                        .outbox
                        .get(&number)
                        .filter(|row| row.attempt == *attempt)
                        .and_then(|row| row.part.as_ref().map(|part| part.session));
                    // An answer to an attempt that is history.
                    let Some(session) = session else { continue };
                    match reason {
                        RefuseReason::Session => {
                            peer.reset(&self.own.olm, session, lived_ms);
                        }
                        RefuseReason::Stale => {
                            peer.unseal_row(number);
                            peer.seal_waiting(&self.own.olm, lived_ms);
                            peer.cursor = 0;
                        }
                        RefuseReason::Content => {
                            let why = "their Starling could not read it".to_owned();
                            self.end_row(device, number, MessageState::Failed, Some(why));
                        }
                    }
                }
            }
        }
    }

    /// Ends the duty for one row, and tells what became of its message.
    pub(super) fn end_row(
        &mut self,
        device: DeviceId,
        number: u64,
        state: MessageState,
        reason: Option<String>,
    ) {
        let Some(peer) = self.peers.get_mut(&device) else { return };
        self.active_peers.insert(device);
        let account = peer.account();
        let Some(row) = peer.drop_row(number) else { return };
        if peer.in_flight.is_empty() {
            self.timers.clear(&Timer::Answer(device));
        }
        // Another device of the same person may still take what this one did not.
        let elsewhere = self
            .peers
            .values()
            .any(|peer| peer.account() == account && peer.by_message.contains_key(&row.msg_id));
        if row.visible && account == row.chat.account() && (state == MessageState::Delivered || !elsewhere) {
            let at = self.now.wall_ms;
            self.change(Change::State { message: row.msg_id, account, state, reason, at });
        }
    }

    pub(super) fn on_answer_due(&mut self, device: DeviceId) {
        let oldest = self.peers.get(&device).and_then(|peer| peer.in_flight.values().min().copied());
        let Some(oldest) = oldest else { return };
        let due = oldest.saturating_add(ANSWER_MS);
        if due > self.now.mono_ms {
            self.timers.set(Timer::Answer(device), due);
        } else if let Some(peer) = self.peers.get_mut(&device) {
            peer.rewind();
            self.active_peers.insert(device);
        }
    }
}
