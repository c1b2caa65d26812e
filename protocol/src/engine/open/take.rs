//! Messages of open channels that come (docs/spec/10-open-channels.md, "Taking"). Who wrote one is seen from the message
//! itself; who brought it answers only for what is forged.

use super::super::Engine;
use super::super::net::{LinkId, Via};
use super::keep::{Author, KEPT, Kept, OTHERS_BURST, wait_ms};
use super::record::EntryRecord;
use super::{Channel, OpenTimer};
use crate::content::{Body, Content};
use crate::identity::Manifest;
use crate::ids::{DeviceId, RoomId};
use crate::room::entry::DEPTH_AHEAD;
use crate::room::open::{AuthorError, Give, Given, OpenAuthor, TEXT_BYTES, is_open_entry};
use crate::room::{self, Entry, EntryBody, EntryError, Head};
use crate::wire::{self, Signed};
use std::collections::BTreeMap;

/// Newest messages remembered that no other came after, at most.
const FRONT: usize = 64;
/// A neighbour who brought something hears within this time that it is here, in milliseconds. Shorter says it once for
/// each; longer shows late what others have.
const RECEIPT_MS: u64 = 200;

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// Kept, to be passed on.
    New,
    /// Not kept, and nobody's fault who brings it.
    Refused,
    /// Nothing an honest node passes on.
    Forged,
}

impl Engine {
    /// Takes what a neighbour gives. `None` closes the link.
    pub(super) fn take_given(&mut self, link: LinkId, give: Give) -> Option<()> {
        let room = give.channel;
        let mut heard = BTreeMap::new();
        for signed in give.authors {
            let author = match self.hear_author(link, room, signed) {
                Ok(author) => author,
                Err(AuthorError::Signature) => return None,
                Err(AuthorError::Malformed) => continue,
            };
            heard.extend(author);
        }
        let via = self.via_of_link(link);
        for given in give.entries {
            let Ok(head) = Head::peek(&given.entry.head) else { continue };
            if self.channel(&room).is_some_and(|channel| channel.had(&head.device, head.seq)) {
                self.owe(link, room, head.device);
                // Who brings something of ours has it.
                self.credit_one(link, room, head.device, head.seq);
                continue;
            }
            if !self.may_look(link, 1) {
                continue;
            }
            match self.take_open(room, &given, &head, &mut heard, via) {
                Taken::New => {
                    self.owe(link, room, head.device);
                    self.pass_on(room, (head.device, head.seq), Some(link));
                }
                Taken::Refused => {}
                Taken::Forged => return None,
            }
        }
        Some(())
    }

    fn owe(&mut self, link: LinkId, room: RoomId, device: DeviceId) {
        self.owe_heads(link, room, device);
        self.open_timer(OpenTimer::Receipt, RECEIPT_MS);
    }

    fn via_of_link(&self, link: LinkId) -> &'static str {
        let conn = self.links.get(&link).and_then(|link| self.conns.get(&link.conn));
        match conn.map(|conn| conn.via) {
            Some(Via::Lan) => "lan",
            Some(Via::Relay) => "relay",
            Some(Via::Direct) | None => "direct",
        }
    }

    /// What somebody says of themselves, if it is news.
    fn hear_author(
        &mut self,
        link: LinkId,
        room: RoomId,
        signed: Signed,
    ) -> Result<Option<(DeviceId, Author)>, AuthorError> {
        let said: OpenAuthor = wire::decode(&signed.body)?;
        let Some(channel) = self.channel(&room) else { return Ok(None) };
        let known = channel.authors.get(&said.device);
        if said.channel != room {
            return Err(AuthorError::Signature);
        }
        if known.is_some_and(|known| known.record.signed == signed) {
            return Ok(None);
        }
        // Two signatures to look at.
        if !self.may_look(link, 2) {
            return Ok(None);
        }
        let (said, manifest) = OpenAuthor::open(&signed)?;
        let Some(channel) = self.channel(&room) else { return Ok(None) };
        let older = channel.authors.get(&said.device).is_some_and(|known| known.at_s >= said.at_s);
        if older || self.is_out(channel, &said.device, &manifest) {
            return Ok(None);
        }
        Ok(Author::heard(signed).map(|author| (said.device, author)))
    }

    /// Whether we know a newer list of this account's devices that does not have this one any more.
    fn is_out(&self, channel: &Channel, device: &DeviceId, manifest: &Manifest) -> bool {
        let account = manifest.account;
        let in_channel = channel.authors.values().any(|known| {
            known.account == account && known.version > manifest.version && !known.devices.contains(device)
        });
        let signed = self.contacts.get(&account).and_then(|contact| contact.manifest.as_ref());
        let of_contact = signed.and_then(|signed| Manifest::open(signed).ok());
        in_channel
            || of_contact
                .is_some_and(|known| known.version > manifest.version && known.device(device).is_none())
    }

    /// Takes a message whose number is not known.
    fn take_open(
        &mut self,
        room: RoomId,
        given: &Given,
        head: &Head,
        heard: &mut BTreeMap<DeviceId, Author>,
        via: &'static str,
    ) -> Taken {
        let written_ms = self.open_now().saturating_sub(i64::from(given.age_ms));
        let Some(channel) = self.channel(&room) else { return Taken::Refused };
        if head.room != room {
            return Taken::Forged;
        }
        let known = heard.get(&head.device).or_else(|| channel.authors.get(&head.device));
        let Some(author) = known else { return Taken::Refused };
        let content = match judge(room, head, &given.entry, &author.sig) {
            Ok(content) => content,
            Err(taken) => return taken,
        };
        let ahead = channel.record.depth.saturating_add(DEPTH_AHEAD);
        let fast = wait_ms(channel.times(head.device), written_ms, OTHERS_BURST) > 0;
        if head.depth > ahead || fast || i64::from(given.age_ms) >= KEPT {
            return Taken::Refused;
        }
        let account = author.account;
        if !self.has_room(room, given) {
            return Taken::Refused;
        }
        if let Some(mut author) = heard.remove(&head.device) {
            let before = self.channel(&room).and_then(|channel| channel.authors.get(&head.device));
            if let Some(before) = before {
                author.record.had.clone_from(&before.record.had);
                author.record.written_ms = before.record.written_ms;
            }
            self.put_out(room, &author);
            if !self.put_author(room, head.device, author) {
                return Taken::Refused;
            }
        }
        let EntryBody::Opened(plain) = &given.entry.body else { return Taken::Refused };
        let (signed, plain) = (given.entry.head.clone(), plain.clone());
        let record = EntryRecord { head: signed, plain, written_ms, waits: None };
        self.note_open(room, head, written_ms);
        self.find_set_back(room, head, given.entry.id());
        let kept = Kept { record, head: head.clone() };
        let shown = Kept { record: kept.record.clone(), head: head.clone() };
        self.keep(room, kept);
        self.show_open(room, &shown, account, &content, via);
        Taken::New
    }

    /// Whether the disk may take a message of others now. What is left out is asked for later.
    fn has_room(&mut self, room: RoomId, given: &Given) -> bool {
        let now_ms = self.now.mono_ms;
        let kib = u64::try_from(given.entry.size().div_ceil(1_024)).unwrap_or(u64::MAX);
        self.open.channels.get_mut(&room).is_some_and(|channel| channel.room_left.take(kib, now_ms))
    }

    /// Devices that a newer list of an account does not have any more write here no longer.
    fn put_out(&mut self, room: RoomId, newer: &Author) {
        let Some(channel) = self.open.channels.get_mut(&room) else { return };
        channel.authors.retain(|device, known| {
            let out = known.account == newer.account
                && known.version < newer.version
                && !newer.devices.contains(device);
            if out {
                self.open.dirty_authors.insert((room, *device));
            }
            !out
        });
    }

    /// A message is here: its number is known, and where the next one comes.
    pub(super) fn note_open(&mut self, room: RoomId, head: &Head, written_ms: i64) {
        let (device, seq) = (head.device, head.seq);
        let Some(channel) = self.channel_mut(&room) else { return };
        if let Some(author) = channel.authors.get_mut(&device) {
            author.note(seq, written_ms);
        }
        let record = &mut channel.record;
        record.depth = record.depth.max(head.depth);
        record.front.retain(|(other, at)| {
            let passed = *other == device && *at <= seq;
            !passed && !head.after.iter().any(|(after, seen)| after == other && at <= seen)
        });
        if !record.front.iter().any(|(other, _)| *other == device) {
            record.front.push((device, seq));
        }
        if record.front.len() > FRONT {
            record.front.remove(0);
        }
        self.open.dirty_authors.insert((room, device));
        self.open_timer(OpenTimer::Tick, super::speak::TELL_MS);
    }
}

impl Channel {
    /// Whether a message is here or was.
    pub(super) fn had(&self, device: &DeviceId, seq: u64) -> bool {
        self.authors.get(device).is_some_and(|author| author.had(seq))
    }
}

/// What is in a message, if it is one of this channel by the device with this key.
fn judge(room: RoomId, head: &Head, entry: &Entry, sig: &[u8; 32]) -> Result<Content, Taken> {
    if !is_open_entry(room, head, entry) {
        return Err(Taken::Refused);
    }
    entry.open_head(sig).map_err(|_| Taken::Forged)?;
    entry.check_body(head).map_err(|_| Taken::Forged)?;
    let EntryBody::Opened(plain) = &entry.body else { return Err(Taken::Refused) };
    let content = room::content_of(plain, head).map_err(|error| match error {
        EntryError::Body => Taken::Forged,
        _ => Taken::Refused,
    })?;
    let small = match Body::decode(content.kind, &content.body) {
        Ok(Body::Text(body)) => body.text.len() <= TEXT_BYTES,
        Ok(Body::Edit(body)) => body.text.len() <= TEXT_BYTES,
        _ => true,
    };
    if small { Ok(content) } else { Err(Taken::Refused) }
}
