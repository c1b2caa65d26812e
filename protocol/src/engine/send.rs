//! Taking a person's message: a place in our chain, one row per recipient device, encrypted before it is accepted
//! (docs/spec/05-delivery.md, "Accepting").

use super::command::{ContactState, Refusal, Reply};
use super::state::OutRow;
use super::step::{Change, MessageKind, MessageState, NewMessage, Place};
use super::{Engine, Timer};
use crate::content::{Body, Content, Edit, Pin, Reaction, Target, Text};
use crate::ids::{AccountId, ChatId, DeviceId, MessageId};
use crate::limits::{FRAME_BYTES, OUTBOX_BYTES, OUTBOX_MESSAGES, TEXT_BYTES};
use crate::wire::Ext;
use crate::{text, wire};

/// Ids of own messages remembered for a client reference that comes twice within a run (the store knows the rest).
const RECENT_SENT: usize = 4_096;
/// Bytes around a padded content in a frame, at most: ratchet, part and frame headers come to less than 400.
const PART_OVERHEAD: usize = 1_024;
/// A waiting dial is brought forward to this many milliseconds from now when somebody writes.
const SOON_MS: u64 = 500;

impl Engine {
    pub(super) fn send_text(
        &mut self,
        chat: ChatId,
        typed: &str,
        reply_to: Option<MessageId>,
        client_ref: Option<&str>,
        require_verified: bool,
    ) -> Result<Reply, Refusal> {
        let text = checked_text(typed)?;
        let is_room = self.is_room(&chat);
        if is_room {
            if require_verified && !self.room_is_verified(chat.room()) {
                return Err(Refusal::NotVerified);
            }
        } else {
            self.check_chat(chat)?;
        }
        if require_verified && !is_room && chat.account() != self.own.account {
            let contact = self.contacts.get(&chat.account()).ok_or(Refusal::NoContact)?;
            if !contact.verified || contact.key_changed {
                return Err(Refusal::NotVerified);
            }
        }
        let id = match client_ref {
            Some(reference) => MessageId::of_reference(&self.own.account, &chat, reference),
            None => MessageId(self.rng.bytes()),
        };
        let at = self.now.wall_ms;
        let waits = |peer: &super::Peer| peer.by_message.contains_key(&id);
        if client_ref.is_some() && (self.recent_sent.contains(&id) || self.peers.values().any(waits)) {
            return Ok(Reply::Sent { message: id, at, repeated: true });
        }
        if is_room {
            let reply = self.room_text(chat.room(), id, text, reply_to)?;
            self.remember_sent(id);
            return Ok(reply);
        }
        self.check_room(chat, text.len())?;
        let body = Body::Text(Text { text: text.clone(), reply_to, ext: Vec::new() });
        let seq = self.accept(chat, id, &body, true)?;
        let to_self = chat.account() == self.own.account;
        self.change(Change::Message(NewMessage {
            id,
            chat,
            author: self.own.account,
            device: self.own.device_id,
            seq,
            me: true,
            kind: MessageKind::Text,
            text,
            reply_to,
            sent_at: at,
            received_at: at,
            via: "local",
            state: if to_self { MessageState::Delivered } else { MessageState::Queued },
            place: Place::Last,
        }));
        if !to_self {
            self.change(Change::State {
                message: id,
                account: chat.account(),
                state: MessageState::Queued,
                reason: None,
                at,
            });
        }
        self.remember_sent(id);
        Ok(Reply::Sent { message: id, at, repeated: false })
    }

    fn remember_sent(&mut self, id: MessageId) {
        self.recent_sent.push_back(id);
        if self.recent_sent.len() > RECENT_SENT {
            self.recent_sent.pop_front();
        }
    }

    pub(super) fn edit(&mut self, chat: ChatId, message: MessageId, typed: &str) -> Result<Reply, Refusal> {
        let text = checked_text(typed)?;
        let body = Body::Edit(Edit { id: message, text: text.clone(), ext: Vec::new() });
        self.send_control(chat, &body)?;
        let (author, at) = (self.own.account, self.now.wall_ms);
        self.change(Change::Edit { chat, author, message, text, at });
        Ok(Reply::Done)
    }

    pub(super) fn delete(&mut self, chat: ChatId, message: MessageId) -> Result<Reply, Refusal> {
        self.send_control(chat, &Body::Delete(message))?;
        let (author, at) = (self.own.account, self.now.wall_ms);
        self.change(Change::Delete { chat, author, message, at });
        Ok(Reply::Done)
    }

    pub(super) fn react(
        &mut self,
        chat: ChatId,
        message: MessageId,
        author: AccountId,
        emoji: &str,
    ) -> Result<Reply, Refusal> {
        if !emoji.is_empty() && !text::is_one_emoji(emoji) {
            return Err(Refusal::TooLong { what: "a reaction", limit: "one emoji" });
        }
        let target = Target { author, id: message };
        self.send_control(
            chat,
            &Body::Reaction(Reaction { target, emoji: emoji.to_owned(), ext: Vec::new() }),
        )?;
        let (who, at) = (self.own.account, self.now.wall_ms);
        self.change(Change::React { chat, who, author, message, emoji: emoji.to_owned(), at });
        Ok(Reply::Done)
    }

    pub(super) fn pin(
        &mut self,
        chat: ChatId,
        target: Target,
        on: bool,
        ours: bool,
    ) -> Result<Reply, Refusal> {
        // Of an open channel nobody keeps more than a day, so that there is nothing to pin.
        if self.is_open(&chat.room()) {
            return Err(Refusal::IsOpen);
        }
        let who = self.own.account;
        let any = !self.is_room(&chat) || target.author == who || self.is_room_admin(chat.room());
        if !on && !any && !ours {
            return Err(Refusal::NotAllowed);
        }
        self.send_control(chat, &Body::Pin(Pin { target, on, ext: Vec::new() }))?;
        let Target { author, id: message } = target;
        self.change(Change::Pin { chat, who, author, message, on, any });
        Ok(Reply::Done)
    }

    /// Another try of an own text, under a new number of our chain. Devices that have it already show it once.
    pub(super) fn again(
        &mut self,
        chat: ChatId,
        message: MessageId,
        body: &Body,
        before: u64,
        lack: &[AccountId],
    ) -> Result<Reply, Refusal> {
        let at = self.now.wall_ms;
        if self.is_room(&chat) {
            return self.room_again(chat.room(), message, body, lack);
        }
        self.check_chat(chat)?;
        let waits = |device: DeviceId| {
            self.peers.get(&device).is_some_and(|peer| peer.by_message.contains_key(&message))
        };
        if self.devices_of(chat.account()).into_iter().any(waits) {
            return Ok(Reply::Sent { message, at, repeated: true });
        }
        self.check_room(chat, TEXT_BYTES)?;
        let seq = self.accept_with(chat, message, body, true, Content::of_try_before(before))?;
        self.change(Change::Again { message, to: vec![chat.account()], seq, at });
        Ok(Reply::Sent { message, at, repeated: false })
    }

    pub(super) fn mark_read(&mut self, chat: ChatId, messages: Vec<MessageId>) -> Result<Reply, Refusal> {
        if messages.len() > crate::limits::ACK_ITEMS {
            return Err(Refusal::TooLong { what: "the list of messages", limit: "256 ids" });
        }
        if messages.is_empty() {
            return Ok(Reply::Done);
        }
        self.room_was_read(chat.room(), &messages);
        let accepted =
            self.contacts.get(&chat.account()).is_some_and(|contact| contact.state == ContactState::Accepted);
        if self.own.read_receipts && accepted {
            // A full outbox must not keep the person from reading: the receipt is then left out.
            let _ = self.send_control(chat, &Body::Read(messages.clone()));
        }
        self.change(Change::MarkRead { chat, messages });
        Ok(Reply::Done)
    }

    /// Sends something that is not a line of its own.
    pub(super) fn send_control(&mut self, chat: ChatId, body: &Body) -> Result<(), Refusal> {
        if self.is_room(&chat) {
            return self.room_control(chat.room(), body);
        }
        self.check_chat(chat)?;
        self.check_room(chat, 256)?;
        let id = MessageId(self.rng.bytes());
        self.accept(chat, id, body, false).map(|_| ())
    }

    fn check_chat(&self, chat: ChatId) -> Result<(), Refusal> {
        if chat.account() == self.own.account {
            return Ok(());
        }
        match self.contacts.get(&chat.account()).map(|contact| contact.state) {
            Some(ContactState::Accepted) => Ok(()),
            Some(ContactState::Pending) => Err(Refusal::NotAccepted),
            Some(ContactState::Blocked) => Err(Refusal::Blocked),
            Some(ContactState::Removed) => Err(Refusal::Removed),
            None => Err(Refusal::NoContact),
        }
    }

    pub(super) fn check_room(&self, chat: ChatId, bytes: usize) -> Result<(), Refusal> {
        for device in self.devices_of(chat.account()) {
            let Some(peer) = self.peers.get(&device) else { continue };
            if peer.outbox.len() >= OUTBOX_MESSAGES {
                return Err(Refusal::Full {
                    what: "the queue of waiting messages",
                    limit: "20,000 messages",
                });
            }
            if peer.outbox_bytes.saturating_add(bytes) > OUTBOX_BYTES {
                return Err(Refusal::Full { what: "the queue of waiting messages", limit: "64 MiB" });
            }
        }
        Ok(())
    }

    /// Gives a body its place in our chain and a row for every recipient device. Returns its number.
    pub(super) fn accept(
        &mut self,
        chat: ChatId,
        msg_id: MessageId,
        body: &Body,
        visible: bool,
    ) -> Result<u64, Refusal> {
        self.accept_with(chat, msg_id, body, visible, Vec::new())
    }

    fn accept_with(
        &mut self,
        chat: ChatId,
        msg_id: MessageId,
        body: &Body,
        visible: bool,
        ext: Ext,
    ) -> Result<u64, Refusal> {
        const BIG: Refusal = Refusal::TooLong { what: "a message", limit: "32 KiB of text" };
        if chat.account() != self.own.account && self.devices_of(chat.account()).is_empty() {
            return Err(Refusal::BadKeys { reason: "they have no device any more".to_owned() });
        }
        let (kind, body) = body.encode().map_err(|_| BIG)?;
        let stream = self.streams_out.entry(chat).or_default();
        let seq = stream.next_seq.max(1);
        let content = Content {
            msg_id,
            conv: chat,
            seq,
            prev: stream.link,
            seen: Vec::new(),
            sent_at: self.now.wall_ms,
            kind,
            body,
            ext,
        };
        let bytes = wire::encode(&content).map_err(|_| BIG)?;
        if crate::content::padded_len(bytes.len().saturating_add(4)) > FRAME_BYTES - PART_OVERHEAD {
            return Err(BIG);
        }
        stream.next_seq = seq.saturating_add(1);
        stream.link = content.link();
        self.dirty_out.insert(chat);
        let lived_ms = self.lived_ms();
        for device in self.devices_of(chat.account()) {
            let row = OutRow {
                msg_id,
                chat,
                seq,
                attempt: 1,
                visible,
                accepted_lived_ms: lived_ms,
                content: bytes.clone(),
                part: None,
            };
            if let Some(peer) = self.peers.get_mut(&device) {
                peer.enqueue(&self.own.olm, &content, row, lived_ms);
                self.active_peers.insert(device);
            }
            self.reach_soon(device);
        }
        Ok(seq)
    }

    /// Devices of an account that messages go to.
    pub(super) fn devices_of(&self, account: AccountId) -> Vec<DeviceId> {
        self.peers.values().filter(|peer| peer.account() == account).map(|peer| peer.id).collect()
    }

    /// Brings a waiting dial forward: somebody has something to say.
    fn reach_soon(&mut self, device: DeviceId) {
        if self.live_link(device).is_some() {
            return;
        }
        if let Some(account) = self.peers.get(&device).map(super::Peer::account) {
            self.search_account(account);
        }
        if let Some(due) = self.timers.when(&Timer::Dial(device)) {
            let patient = self.failures.get(&device).copied().unwrap_or(0) <= super::dial::PATIENT_FAILURES;
            let wait = if patient { SOON_MS } else { super::dial::WAITING_MS };
            let soon = self.now.mono_ms.saturating_add(wait);
            if due > soon {
                self.timers.set(Timer::Dial(device), soon);
            }
        }
    }
}

fn checked_text(typed: &str) -> Result<String, Refusal> {
    if typed.len() > TEXT_BYTES {
        return Err(Refusal::TooLong { what: "a message", limit: "32 KiB of text" });
    }
    let cleaned = text::clean_text(typed);
    if cleaned.trim().is_empty() {
        return Err(Refusal::Empty);
    }
    // Cleaning may lengthen (a tab becomes spaces).
    if cleaned.len() > TEXT_BYTES {
        return Err(Refusal::TooLong { what: "a message", limit: "32 KiB of text" });
    }
    Ok(cleaned)
}
