//! What is inside a decrypted part: each content once, each chain in order, holes shown, and what a content does
//! (docs/spec/05-delivery.md, "Contents").

use super::command::ContactState;
use super::live::FrameOut;
use super::receive::Road;
use super::state::{self, CHANGED, MISSING_RANGES, ParkedRecord, key};
use super::step::{Change, Event, MessageKind, MessageState, NewMessage, Notice, Place, Space};
use super::{Engine, Timer};
use crate::content::{Accept, Body, Content, Target};
use crate::ids::{AccountId, ChatId, DeviceId, MessageId};
use crate::session::{Outcome, RefuseReason};
use crate::time::{SECOND_MS, clamp_wall};
use crate::{text, wire};

/// How long a hole in a chain may stay before it is shown and asked about, in milliseconds.
pub(super) const GAP_MS: u64 = 10 * SECOND_MS;
/// Contents of one device and chat that may wait behind a hole; one more closes the hole at once.
const PARKED: usize = 512;
/// The same in bytes of bodies: three mebibytes.
const PARKED_BYTES: usize = 3 * 1024 * 1024;
/// The highest number a content may have: what every reader of JSON can hold exactly.
const LAST_SEQ: u64 = (1 << 53) - 1;
const FORKED: &str =
    "A device of this person was set back to an older state or runs twice. Messages may be missing here.";

impl Engine {
    /// Takes a decrypted content exactly once. It is on this disk when the turn commits, so `Delivered` is true
    /// even while it waits for an earlier one.
    pub(super) fn take_content(&mut self, device: DeviceId, content: Content, via: Road) -> Outcome {
        let Some(peer) = self.peers.get(&device) else { return Outcome::Refused(RefuseReason::Session) };
        let (known, chat) = (peer.knows(&content.msg_id), ChatId::from(peer.account()));
        // What is known and comes with another number is another try of its sender: the number counts, or it would be
        // missing, and the store shows the message once.
        if known && self.has_number(device, chat, content.seq) {
            return Outcome::Delivered;
        }
        if content.conv != ChatId::from(self.own.account)
            || content.seq == 0
            || content.seq > LAST_SEQ
            || content.seen.len() > 8
            || !wire::ext_understood(&content.ext)
            || Body::decode(content.kind, &content.body).is_err()
        {
            return Outcome::Refused(RefuseReason::Content);
        }
        if !known {
            self.remember_content(device, content.msg_id);
        }
        let in_order = self.has_chat(&chat.account());
        if let Some(before) = content.try_before().filter(|_| in_order) {
            self.pass_try(device, chat, before);
        }
        let stream = self.streams_in.entry((device, chat)).or_default();
        match content.seq.cmp(&stream.next_seq) {
            // Nothing of somebody without a chat depends on what came before it.
            std::cmp::Ordering::Greater if !in_order => {
                skip_to(stream, content.seq);
                self.deliver(device, chat, &content, via);
            }
            std::cmp::Ordering::Equal => {
                self.deliver(device, chat, &content, via);
                self.drain_parked(device, chat);
            }
            std::cmp::Ordering::Greater => self.park(device, chat, content, via),
            std::cmp::Ordering::Less => self.take_late(device, chat, &content, via),
        }
        Outcome::Delivered
    }

    fn remember_content(&mut self, device: DeviceId, id: MessageId) {
        let Some(peer) = self.peers.get_mut(&device) else { return };
        let (number, forgotten) = peer.remember(id);
        self.changes.extend(state::put(Space::Seen, key::numbered(&device, number), &id));
        if let Some(forgotten) = forgotten {
            self.change(Change::Drop { space: Space::Seen, key: key::numbered(&device, forgotten) });
        }
    }

    /// Whether a device's content of this number is here, or is not waited for any more.
    fn has_number(&self, device: DeviceId, chat: ChatId, seq: u64) -> bool {
        let Some(stream) = self.streams_in.get(&(device, chat)) else { return false };
        let missing = stream.missing.iter().any(|(from, to)| (*from..=*to).contains(&seq));
        (seq < stream.next_seq && !missing) || self.parked.contains_key(&(device, chat, seq))
    }

    fn park(&mut self, device: DeviceId, chat: ChatId, content: Content, via: Road) {
        let record = wire::encode(&content).ok().map(|content| ParkedRecord { content, road: via.number() });
        let key = key::parked(&device, &chat, content.seq);
        self.changes.extend(record.and_then(|record| state::put(Space::Parked, key, &record)));
        self.parked.insert((device, chat, content.seq), (content, via));
        let (mut waiting, mut bytes) = (0usize, 0usize);
        for (_, (content, _)) in self.parked.range((device, chat, 0)..=(device, chat, u64::MAX)) {
            waiting = waiting.saturating_add(1);
            bytes = bytes.saturating_add(content.body.len());
        }
        if waiting >= PARKED || bytes >= PARKED_BYTES {
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

    /// Its sender tries something anew under another number: this one does not come, and nobody need miss it.
    fn pass_try(&mut self, device: DeviceId, chat: ChatId, seq: u64) {
        let stream = self.streams_in.entry((device, chat)).or_default();
        if stream.next_seq == seq {
            (stream.next_seq, stream.link) = (seq.saturating_add(1), [0; 32]);
            self.dirty_in.insert((device, chat));
            self.drain_parked(device, chat);
        } else {
            self.fill_missing(device, chat, seq);
        }
    }

    /// A number that was missing is not any more; whether it was.
    fn fill_missing(&mut self, device: DeviceId, chat: ChatId, seq: u64) -> bool {
        let Some(stream) = self.streams_in.get_mut(&(device, chat)) else { return false };
        let missing = stream.missing.iter().position(|(from, to)| (*from..=*to).contains(&seq));
        if let Some(at) = missing
            && let Some((from, to)) = stream.missing.get(at).copied()
        {
            let rest = [(from, seq.saturating_sub(1)), (seq.saturating_add(1), to)];
            stream.missing.splice(at..=at, rest.into_iter().filter(|(from, to)| from <= to));
            if stream.missing.len() > MISSING_RANGES {
                stream.missing.remove(0);
            }
            self.dirty_in.insert((device, chat));
            self.gap_event(Event::GapClosed { chat, device, from_seq: seq, count: 1, filled: true }, chat);
            return true;
        }
        false
    }

    /// A number below the expected one that is not known: one that was given up on, or a sender that numbers twice.
    fn take_late(&mut self, device: DeviceId, chat: ChatId, content: &Content, via: Road) {
        if !self.fill_missing(device, chat, content.seq) && self.warned.insert((device, chat)) {
            self.notice_line(chat, FORKED);
        }
        self.apply(device, chat, content, via);
    }

    /// The next content of a chain.
    fn deliver(&mut self, device: DeviceId, chat: ChatId, content: &Content, via: Road) {
        let mut forked = false;
        if let Some(stream) = self.streams_in.get_mut(&(device, chat)) {
            forked = content.seq > 1 && stream.link != [0; 32] && stream.link != content.prev;
            stream.next_seq = content.seq.saturating_add(1);
            stream.link = content.link();
            self.dirty_in.insert((device, chat));
        }
        if forked && self.warned.insert((device, chat)) {
            self.notice_line(chat, FORKED);
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
            skip_to(stream, first);
            self.dirty_in.insert((device, chat));
            let missing = to.saturating_sub(from).saturating_add(1);
            self.gap_event(Event::Gap { chat, account, device, from_seq: from, missing }, chat);
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
        let gone: Vec<(u64, u64)> =
            stream.missing.iter().filter(|(a, b)| from <= *a && *b <= to).copied().collect();
        stream.missing.retain(|range| !gone.contains(range));
        for (a, b) in gone {
            self.dirty_in.insert((device, chat));
            let count = b.saturating_sub(a).saturating_add(1);
            self.gap_event(Event::GapClosed { chat, device, from_seq: a, count, filled: false }, chat);
        }
    }

    /// Asks again about everything that is missing: the question or its answer may have been lost with a link.
    pub(super) fn ask_for_missing(&mut self, device: DeviceId) {
        let Some(chat) = self.peers.get(&device).map(|peer| ChatId::from(peer.account())) else { return };
        let missing = self.streams_in.get(&(device, chat)).map(|stream| stream.missing.clone());
        for (from, to) in missing.unwrap_or_default() {
            self.frame_to(device, &FrameOut::GapRequest { from, to });
        }
    }

    /// Shows at once what waits behind holes, because its device or its person goes.
    pub(super) fn show_parked(&mut self, device: DeviceId) {
        let chats: Vec<ChatId> = self
            .parked
            .range((device, ChatId([0; 32]), 0)..=(device, ChatId([0xff; 32]), u64::MAX))
            .map(|((_, chat, _), _)| *chat)
            .collect();
        for chat in chats {
            self.on_gap_due(device, chat);
        }
    }

    // ---- what a content does ----------------------------------------------------------------------------------

    fn apply(&mut self, device: DeviceId, chat: ChatId, content: &Content, via: Road) {
        let author = chat.account();
        let Ok(body) = Body::decode(content.kind, &content.body) else { return };
        // Somebody we asked writes only after accepting us, perhaps in an order that shows the text first. Of who is in
        // a room with us and no contact, only what is about rooms is taken.
        let taken = self.has_chat(&author) || (self.is_fellow(&author) && body.is_of_room());
        if !taken {
            return;
        }
        let at = self.now.wall_ms;
        match body {
            Body::Text(body) => {
                let text = text::clean_text(&body.text);
                self.show(device, chat, content, via, MessageKind::Text, text, body.reply_to);
                self.typing_over(chat, author);
            }
            Body::Edit(edit) => {
                if self.is_outdated(device, chat, content, edit.id) {
                    return;
                }
                let text = text::clean_text(&edit.text);
                self.change(Change::Edit { chat, author, message: edit.id, text, at });
            }
            Body::Delete(message) => self.change(Change::Delete { chat, author, message, at }),
            Body::Reaction(reaction) => {
                let fits = reaction.emoji.is_empty() || text::is_one_emoji(&reaction.emoji);
                if fits && !self.is_outdated(device, chat, content, reaction.target.id) {
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
            Body::Pin(pin) => {
                if !self.is_outdated(device, chat, content, pin.target.id) {
                    let Target { author: of, id: message } = pin.target;
                    self.change(Change::Pin {
                        chat,
                        who: author,
                        author: of,
                        message,
                        on: pin.on,
                        any: true,
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
            Body::KeepMail(keep) => self.on_keep_mail(author, keep),
            Body::RoomInvite(invite) => self.on_room_invite(author, &invite),
            Body::RoomAnswer(answer) => self.on_room_answer(author, &answer),
            Body::RoomWelcome(welcome) => self.on_room_welcome(author, welcome),
            Body::RoomKey(key) => self.on_room_key(author, device, &key),
            Body::RoomSecret(secret) => self.on_room_secret(author, &secret),
            Body::RoomRead(read) => self.on_room_was_read(author, &read),
            // Means something in open channels alone.
            Body::Moderate(_) => {}
            Body::Accept(accept) => self.on_accept(author, device, &accept),
            Body::Unknown { ignorable: true, .. } => {}
            Body::Unknown { kind, .. } => {
                let text =
                    format!("This was sent by a newer Starling and cannot be shown here (kind {kind}).");
                self.show(device, chat, content, via, MessageKind::Unknown, text, None);
            }
        }
    }

    /// Whether a later change of the same kind to the same message was made before this one came.
    fn is_outdated(&mut self, device: DeviceId, chat: ChatId, content: &Content, message: MessageId) -> bool {
        let Some(stream) = self.streams_in.get_mut(&(device, chat)) else { return false };
        let same = |(kind, id, _): &(u16, MessageId, u64)| *kind == content.kind && *id == message;
        if stream.changed.iter().any(|entry| same(entry) && entry.2 > content.seq) {
            return true;
        }
        if !stream.missing.is_empty() {
            stream.changed.retain(|entry| !same(entry));
            stream.changed.push((content.kind, message, content.seq));
            if stream.changed.len() > CHANGED {
                stream.changed.remove(0);
            }
        } else if !stream.changed.is_empty() {
            stream.changed.clear();
        }
        self.dirty_in.insert((device, chat));
        false
    }

    #[allow(clippy::too_many_arguments)]
    fn show(
        &mut self,
        device: DeviceId,
        chat: ChatId,
        content: &Content,
        via: Road,
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
            via: via.name(),
            state: MessageState::Delivered,
            place: Place::Last,
        }));
    }

    /// A line by Starling itself in a chat.
    pub(super) fn notice_line(&mut self, chat: ChatId, text: &str) {
        // Nobody reads a chat with somebody who is in a room with us and no contact.
        if !self.contacts.contains_key(&chat.account()) {
            return;
        }
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
            place: Place::Last,
        }));
    }

    fn typing_over(&mut self, chat: ChatId, account: AccountId) {
        self.actions.push(super::Action::Notice(Notice::Typing { chat, account, on: false }));
    }

    fn on_accept(&mut self, account: AccountId, device: DeviceId, accept: &Accept) {
        let news = !self.is_accepted(&account);
        if news {
            self.await_card(account);
        }
        let _ = self.take_card(Some(device), &accept.card);
        let Some(contact) = self.contacts.get_mut(&account) else { return };
        if !matches!(contact.state, ContactState::Pending | ContactState::Accepted) {
            return;
        }
        contact.state = ContactState::Accepted;
        contact.reason = None;
        contact.rv_in = Some(accept.rv_out);
        contact.join = None;
        self.timers.clear(&Timer::Join(account));
        self.dirty_contacts.insert(account);
        if news {
            self.take_name(account, &accept.name);
            self.contact_event(account);
            // The link that brought this is theirs: from now on they are somebody who may be seen to be there.
            self.presence_changed(device);
            self.meet_fellow(account);
        }
    }

    /// Tells of a hole in a chat, if there is a chat.
    fn gap_event(&mut self, event: Event, chat: ChatId) {
        if self.contacts.contains_key(&chat.account()) {
            self.change(Change::Event(event));
        }
    }
}

/// A chain goes on at a number: those before it are missing.
fn skip_to(stream: &mut state::InStream, seq: u64) {
    if stream.next_seq < seq {
        stream.missing.push((stream.next_seq, seq.saturating_sub(1)));
        if stream.missing.len() > MISSING_RANGES {
            stream.missing.remove(0);
        }
        (stream.next_seq, stream.link) = (seq, [0; 32]);
    }
}
