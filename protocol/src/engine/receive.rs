//! Taking what a contact's device sends: parts in order in front of each ratchet (docs/spec/05-delivery.md,
//! "Receiving"). It came over a live link with that device, or sealed to a key only that contact was told.

use super::sessions::Opened;
use super::state::key;
use super::step::{Change, Space};
use super::{Engine, Timer, Via};
use crate::ids::{DeviceId, SessionId};
use crate::session::{OlmPart, Outcome, Place, RefuseReason};
use crate::time::{HOUR_MS, SECOND_MS};

/// The road something was brought by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Road {
    /// A live link.
    Link(Via),
    /// A mailbox.
    Mailbox,
}

impl Road {
    /// As it is shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Link(Via::Lan) => "lan",
            Self::Link(Via::Relay) => "relay",
            Self::Link(Via::Direct) => "direct",
            Self::Mailbox => "mailbox",
        }
    }

    /// As it is stored; a relay is not told from a direct connection.
    pub fn number(self) -> u8 {
        match self {
            Self::Link(Via::Direct | Via::Relay) => 0,
            Self::Link(Via::Lan) => 1,
            Self::Mailbox => 2,
        }
    }

    /// The road of a stored number.
    pub fn of_number(number: u8) -> Self {
        match number {
            1 => Self::Link(Via::Lan),
            2 => Self::Mailbox,
            _ => Self::Link(Via::Direct),
        }
    }
}

impl Engine {
    /// Takes parts in; every one is answered in this turn's ack.
    pub(super) fn on_parts(&mut self, device: DeviceId, parts: Vec<OlmPart>, via: Road) {
        if !self.takes_from(device) {
            return;
        }
        for part in parts {
            if part.within_bounds() {
                self.on_part(device, part, via);
            } else {
                self.ack(device, &part, Outcome::Refused(RefuseReason::Content));
            }
        }
    }

    fn on_part(&mut self, device: DeviceId, part: OlmPart, via: Road) {
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
                let reorder = self.peers.get_mut(&device).and_then(|peer| peer.reorder.get_mut(&session));
                if let Some(reorder) = reorder {
                    reorder.force(now_ms);
                }
                // Its floor may have made something ready that was held before.
                self.drain_held(device, session, via, lived_ms);
            }
            Place::Past if peer.knows(&part.msg_id) => self.ack(device, &part, Outcome::Delivered),
            // Its place is used up, and it is not one we have: perhaps Olm still holds the skipped key.
            Place::Past => drop(self.open(device, part, via, lived_ms)),
        }
    }

    /// Decrypts one part and takes its content. Returns whether its place in the order is done with.
    fn open(&mut self, device: DeviceId, part: OlmPart, via: Road, lived_ms: u64) -> bool {
        self.own.received_mark = self.own.received_mark.saturating_add(1);
        let mark = self.own.received_mark;
        let Some(peer) = self.peers.get_mut(&device) else { return false };
        let past = peer.reorder.get(&part.session).is_some_and(|reorder| part.order < reorder.next());
        let opened = peer.open_part(&mut self.own.olm, &part, mark, lived_ms);
        let exists = peer.sessions.contains_key(&part.session);
        if exists {
            // The other side may have moved us to a live session: rows that wait for one get their bytes.
            peer.seal_waiting(&self.own.olm, lived_ms);
        }
        let reorder = peer.reorder.entry(part.session).or_default();
        match opened {
            Opened::Content(content) => {
                reorder.advance_past(part.order);
                let outcome = self.take_content(device, *content, via);
                self.ack(device, &part, outcome);
                self.forget_reorder(device, part.session);
                true
            }
            Opened::Refused(RefuseReason::Content) => {
                reorder.advance_past(part.order);
                self.ack(device, &part, Outcome::Refused(RefuseReason::Content));
                self.forget_reorder(device, part.session);
                true
            }
            Opened::Refused(reason) => {
                let reason = if past && exists { RefuseReason::Stale } else { reason };
                self.ack(device, &part, Outcome::Refused(reason));
                if !exists {
                    self.refuse_held(device, part.session);
                }
                false
            }
        }
    }

    /// A buffer in front of a session that was not kept is not kept either, unless something waits in it.
    fn forget_reorder(&mut self, device: DeviceId, session: SessionId) {
        if let Some(peer) = self.peers.get_mut(&device)
            && !peer.sessions.contains_key(&session)
            && peer.reorder.get(&session).is_some_and(|reorder| reorder.held_count() == 0)
        {
            peer.reorder.remove(&session);
        }
    }

    /// A session that cannot be made: what waits in front of it is refused with it.
    fn refuse_held(&mut self, device: DeviceId, session: SessionId) {
        let held = self
            .peers
            .get_mut(&device)
            .and_then(|peer| peer.reorder.remove(&session))
            .map(|mut reorder| reorder.take_all())
            .unwrap_or_default();
        for part in held {
            self.change(Change::Drop { space: Space::Held, key: key::held(&device, &session, part.order) });
            self.ack(device, &part, Outcome::Refused(RefuseReason::Session));
        }
    }

    /// Whether anything of a device is taken in: only what we accepted or asked.
    fn takes_from(&self, device: DeviceId) -> bool {
        self.peers.get(&device).is_some_and(|peer| self.may_talk(&peer.account()))
    }

    fn drain_held(&mut self, device: DeviceId, session: SessionId, via: Road, lived_ms: u64) {
        loop {
            let part = self
                .peers
                .get_mut(&device)
                .and_then(|peer| peer.reorder.get_mut(&session))
                .and_then(crate::session::Reorder::take_ready);
            let Some(part) = part else { return };
            self.change(Change::Drop { space: Space::Held, key: key::held(&device, &session, part.order) });
            self.open(device, part, via, lived_ms);
        }
    }

    pub(super) fn on_held_due(&mut self, device: DeviceId) {
        let (now_ms, lived_ms) = (self.now.mono_ms, self.lived_ms());
        if !self.takes_from(device) {
            self.timers.set(Timer::Held(device), now_ms.saturating_add(HOUR_MS));
            return;
        }
        let Some(peer) = self.peers.get_mut(&device) else { return };
        self.active_peers.insert(device);
        let forced: Vec<SessionId> = peer
            .reorder
            .iter_mut()
            .filter_map(|(id, reorder)| reorder.force(now_ms).then_some(*id))
            .collect();
        for session in forced {
            self.drain_held(device, session, Road::Link(Via::Direct), lived_ms);
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
}
