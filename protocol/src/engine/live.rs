//! The frames of a live link: what may be said, and what each does (docs/spec/03-live.md, "Frames").

use super::command::Presence;
use super::compare::Compare;
use super::links::LinkState;
use super::net::LinkId;
use super::receive::Road;
use super::step::{Action, Notice};
use super::{Engine, Timer, Via};
use crate::identity::{Card, Manifest, ManifestVerdict, judge_manifest};
use crate::ids::{AccountId, ChatId, DeviceId};
use crate::limits::{ADDRESS_BYTES, ADDRESSES};
use crate::room::Words;
use crate::session::{Ack, OlmPart};
use crate::wire::{self, Frame, Signed, WireError};
use serde::{Deserialize, Serialize};

const CARD: u16 = 1;
const PARTS: u16 = 2;
const ACK: u16 = 3;
const GAP_REQUEST: u16 = 4;
const GAP_GONE: u16 = 5;
const TYPING: u16 = 6;
const PRESENCE: u16 = 7;
const COMPARE: u16 = 8;
const REQUEST: u16 = 16;
const HELD: u16 = 17;

/// Parts in one frame, at most.
pub(super) const PARTS_COUNT: usize = 64;
/// Bytes of parts in one frame, at most, unless a single part is larger. Leaves room for the frame around them.
pub(super) const PARTS_BYTES: usize = 28 * 1024;

/// A frame we send.
pub(super) enum FrameOut {
    Card(Signed),
    Parts(Vec<OlmPart>),
    Ack(Signed),
    GapRequest {
        from: u64,
        to: u64,
    },
    GapGone {
        from: u64,
        to: u64,
    },
    Typing(bool),
    Presence(Presence),
    Compare(Compare),
    Request(Signed),
    Held,
    /// Something about a room.
    Room(Box<Words>),
}

#[derive(Serialize, Deserialize)]
struct Range {
    from: u64,
    to: u64,
}

impl FrameOut {
    pub fn encode(&self) -> Result<Vec<u8>, WireError> {
        match self {
            Self::Card(card) => Frame::pack(CARD, card),
            Self::Parts(parts) => Frame::pack(PARTS, parts),
            Self::Ack(ack) => Frame::pack(ACK, ack),
            Self::GapRequest { from, to } => Frame::pack(GAP_REQUEST, &Range { from: *from, to: *to }),
            Self::GapGone { from, to } => Frame::pack(GAP_GONE, &Range { from: *from, to: *to }),
            Self::Typing(on) => Frame::pack(TYPING, on),
            Self::Presence(presence) => Frame::pack(PRESENCE, &presence.number()),
            Self::Compare(said) => Frame::pack(COMPARE, said),
            Self::Request(request) => Frame::pack(REQUEST, request),
            Self::Held => Frame::pack(HELD, &()),
            Self::Room(words) => words.encode(),
        }
    }
}

/// The request in a frame of an invite link.
pub(super) fn request_of(frame: &[u8]) -> Option<Signed> {
    let frame = Frame::unpack(frame).ok()?;
    if frame.kind == REQUEST { wire::decode(&frame.body).ok() } else { None }
}

/// The card in a frame, if it is one.
pub(super) fn card_of(frame: &[u8]) -> Option<Signed> {
    let frame = Frame::unpack(frame).ok()?;
    if frame.kind == CARD { wire::decode(&frame.body).ok() } else { None }
}

/// Whether a frame says that our request is on their disk.
pub(super) fn is_held(frame: &[u8]) -> bool {
    Frame::unpack(frame).is_ok_and(|frame| frame.kind == HELD)
}

impl Engine {
    /// One frame of a device we know. `None` closes the link: it broke the protocol.
    pub(super) fn live_frame(&mut self, link: LinkId, bytes: &[u8]) -> Option<()> {
        let entry = self.links.get(&link)?;
        let device = entry.device?;
        let carded = entry.carded;
        let via = self.conns.get(&entry.conn).map_or(Via::Direct, |conn| conn.via);
        let frame = Frame::unpack(bytes).ok()?;
        if !carded && frame.kind != CARD {
            return None;
        }
        if frame.v != Frame::VERSION {
            // A newer way of saying things: skipped, like a kind that is not known.
            return Some(());
        }
        self.answers_heard(device, link);
        let body = frame.body.as_slice();
        match frame.kind {
            CARD => {
                let card: Signed = wire::decode(body).ok()?;
                if !carded && self.caller_of(device, &card)? != device {
                    return None;
                }
                self.take_card(Some(device), &card)?;
                self.links.get_mut(&link)?.carded = true;
            }
            PARTS => {
                let parts: Vec<OlmPart> = wire::decode(body).ok()?;
                if parts.len() > PARTS_COUNT {
                    return None;
                }
                self.on_parts(device, parts, Road::Link(via));
            }
            ACK => {
                let signed: Signed = wire::decode(body).ok()?;
                let ack = Ack::open(&signed, &self.peers.get(&device)?.record.sig)?;
                self.on_ack(device, &ack);
            }
            GAP_REQUEST => {
                let range: Range = wire::decode(body).ok()?;
                self.on_gap_request(device, range.from, range.to);
            }
            GAP_GONE => {
                let range: Range = wire::decode(body).ok()?;
                self.on_gap_gone(device, range.from, range.to);
            }
            TYPING => {
                let on: bool = wire::decode(body).ok()?;
                let account = self.peers.get(&device)?.account();
                if self.is_accepted(&account) {
                    let chat = ChatId::from(account);
                    self.actions.push(Action::Notice(Notice::Typing { chat, account, on }));
                }
            }
            PRESENCE => {
                let number: u8 = wire::decode(body).ok()?;
                let account = self.peers.get(&device)?.account();
                let presence = Presence::of_number(number);
                self.links.get_mut(&link)?.said = Some(presence);
                self.show_presence(account, presence, Some(via));
            }
            COMPARE => {
                let said: Compare = wire::decode(body).ok()?;
                self.on_compare(device, said);
            }
            kind => {
                // Anything else is of a newer version: skipped.
                if let Some(words) = Words::decode(kind, body).ok()? {
                    self.on_room_words(link, device, words, Road::Link(via));
                }
            }
        }
        Some(())
    }

    /// Sends what waits for every device that something happened to.
    pub(super) fn pump(&mut self) {
        for device in self.active_peers.clone() {
            self.seal_later(device);
            self.withdraw(device);
            let Some(link) = self.live_link(device) else {
                self.post_soon(device);
                continue;
            };
            let now_ms = self.now.mono_ms;
            while let Some(peer) = self.peers.get_mut(&device) {
                let parts = peer.next_batch(now_ms, PARTS_COUNT, PARTS_BYTES);
                if parts.is_empty() {
                    break;
                }
                self.timers.set_earlier(Timer::Answer(device), now_ms.saturating_add(super::acks::ANSWER_MS));
                self.post_if_silent(device);
                self.frame_on(link, &FrameOut::Parts(parts));
            }
        }
    }

    /// Remembers when messages that wait for a new session may get one.
    fn seal_later(&mut self, device: DeviceId) {
        let lived_ms = self.lived_ms();
        if let Some(wait) = self.peers.get(&device).and_then(|peer| peer.seal_wait_ms(lived_ms)) {
            self.timers.set_earlier(Timer::Seal(device), self.now.mono_ms.saturating_add(wait));
        }
    }

    /// Signs and sends what this turn answers. Without a road back nothing is lost: the message comes again and is
    /// answered again.
    pub(super) fn flush_acks(&mut self) {
        for (device, items) in std::mem::take(&mut self.acks) {
            let Some(account) = self.peers.get(&device).map(super::Peer::account) else { continue };
            let sign = |items: &[_]| {
                let (from_device, items) = (self.own.device_id, items.to_vec());
                let ack = Ack { to_account: account, to_device: device, from_device, items };
                ack.sign(&self.own.device).ok()
            };
            let acks = items.chunks(crate::limits::ACK_ITEMS).filter_map(sign).collect();
            self.answer(device, acks);
        }
        self.end_taking();
    }

    // ---- cards ------------------------------------------------------------------------------------------------

    /// Every link that is up.
    pub(super) fn live_links(&self) -> Vec<LinkId> {
        self.links
            .iter()
            .filter(|(_, link)| matches!(link.state, LinkState::Up(_)))
            .map(|(id, _)| *id)
            .collect()
    }

    /// Tells everybody on a live link our new card, and soon the DHT.
    pub(super) fn spread_card(&mut self) {
        self.own.card_day = None;
        self.sync_boxes();
        self.republish(false);
        for link in self.live_links() {
            self.tell_card(link);
        }
    }

    /// Tells the other side of a live link our card.
    pub(super) fn tell_card(&mut self, link: LinkId) {
        if let Some(card) = self.card_on(link) {
            self.frame_on(link, &FrameOut::Card(card));
        }
    }

    /// Takes a contact's or fellow's card: its manifest, its device's newest keys and addresses. `from` is the device whose
    /// link it came over, which must be the card's own account. `None` when it must not be believed.
    pub(super) fn take_card(&mut self, from: Option<DeviceId>, signed: &Signed) -> Option<()> {
        let (card, manifest) = Card::open(signed).ok()?;
        if let Some(from) = from
            && self.peers.get(&from)?.account() != manifest.account
        {
            return None;
        }
        if !self.contacts.contains_key(&manifest.account) && !self.is_fellow(&manifest.account) {
            return None;
        }
        self.take_manifest(&card.manifest)?;
        if self.peers.get(&card.device).is_some_and(|peer| peer.account() != manifest.account) {
            self.evict(card.device);
            self.take_devices(manifest.account, &manifest);
        }
        let pending = !self.is_accepted(&manifest.account);
        let known = self.peers.get_mut(&card.device)?;
        if card.seq <= known.record.card_seq {
            return Some(());
        }
        known.record.card_seq = card.seq;
        let new_key = known.record.fallback != Some(card.olm_fallback);
        known.record.fallback = Some(card.olm_fallback);
        let mut addrs = card.addrs;
        addrs.truncate(ADDRESSES);
        let moved = known.record.addrs != addrs;
        known.record.addrs = addrs;
        known.record.seal = card.seal;
        let lived_ms =
            self.own.lived_ms.saturating_add(self.now.mono_ms.saturating_sub(self.own.lived_at_mono));
        let elsewhere = known.record.mailboxes != card.mailboxes;
        let before = std::mem::replace(&mut known.record.mailboxes, card.mailboxes);
        known.queues_changed(&before, lived_ms);
        known.dirty.record = true;
        if new_key {
            known.seal_waiting(&self.own.olm, lived_ms);
        }
        self.active_peers.insert(card.device);
        if moved {
            self.friend_moved(manifest.account);
        }
        if elsewhere {
            self.mailboxes_changed(card.device);
        }
        if pending {
            self.leave_request(manifest.account);
        }
        if moved && self.live_link(card.device).is_none() {
            self.failures.remove(&card.device);
            // Who has only been asked refuses us until they accept.
            let wait = if pending { super::dial::FIRST_JOIN_MS } else { 0 };
            self.timers.set_earlier(Timer::Dial(card.device), self.now.mono_ms.saturating_add(wait));
        }
        Some(())
    }

    /// Judges a manifest of a contact or fellow and takes its devices in. `None` when it is forged.
    pub(super) fn take_manifest(&mut self, signed: &Signed) -> Option<()> {
        let account = Manifest::open(signed).ok()?.account;
        if !self.contacts.contains_key(&account) {
            return self.take_fellow_manifest(account, signed);
        }
        let contact = self.contacts.get_mut(&account)?;
        let (manifest, verdict) = judge_manifest(contact.manifest.as_ref(), signed).ok()?;
        match verdict {
            ManifestVerdict::Same | ManifestVerdict::Older => return Some(()),
            ManifestVerdict::Conflict => {
                if !contact.key_changed {
                    contact.key_changed = true;
                    contact.verified = false;
                    self.dirty_contacts.insert(account);
                    self.notice_line(account.into(), KEYS_CONFLICT);
                    self.contact_event(account);
                }
                return Some(());
            }
            ManifestVerdict::First | ManifestVerdict::Newer | ManifestVerdict::NewerRestored => {}
        }
        contact.manifest = Some(signed.clone());
        self.dirty_contacts.insert(account);
        if verdict == ManifestVerdict::NewerRestored {
            contact.key_changed = true;
            contact.verified = false;
            self.notice_line(account.into(), RESTORED);
            self.contact_event(account);
        }
        self.take_devices(account, &manifest);
        self.pass_on_manifest(account, signed);
        Some(())
    }

    // ---- who may talk -----------------------------------------------------------------------------------------

    /// Whether what an account says is taken in: it has a chat, or is in a room with us.
    pub(super) fn may_talk(&self, account: &AccountId) -> bool {
        self.has_chat(account) || self.is_fellow(account)
    }

    /// Whether we accepted an account, or asked it: there is a chat with it.
    pub(super) fn has_chat(&self, account: &AccountId) -> bool {
        self.contacts.get(account).is_some_and(|contact| {
            matches!(contact.state, super::ContactState::Accepted | super::ContactState::Pending)
        })
    }

    pub(super) fn is_accepted(&self, account: &AccountId) -> bool {
        self.contacts.get(account).is_some_and(|contact| contact.state == super::ContactState::Accepted)
    }
}

const KEYS_CONFLICT: &str = "Two different lists of this person's devices are going round under one number. Somebody may be \
    posing as them: compare the safety number before you write anything that matters.";
const RESTORED: &str = "This person's account was restored from its words on a new device. Compare the safety number if you \
    want to be sure that it is them.";

/// Whether an own address may stand in a card: one that may not must not keep the card from being made.
pub(super) fn fits(addr: &str) -> bool {
    addr.len() <= ADDRESS_BYTES && addr.bytes().all(|byte| byte.is_ascii_graphic())
}
