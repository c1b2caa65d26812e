//! What a device answers to our messages, and when an answer is overdue (docs/spec/05-delivery.md, "Answers").

use super::net::NetCommand;
use super::step::{Change, MessageState};
use super::{Engine, Timer};
use crate::ids::{DeviceId, SessionId};
use crate::session::{Ack, Outcome, RefuseReason};
use crate::time::SECOND_MS;
use std::collections::BTreeSet;

/// How long a message may be on the way over a live link unanswered before it is sent again.
pub(super) const ANSWER_MS: u64 = 30 * SECOND_MS;

/// Overdue answers in a row after which a link counts as dead, though nobody said so.
const OVERDUE: u32 = 2;
/// Attempts in one session that were all stale, after which it is replaced.
const STALE_ATTEMPTS: u32 = 4;

impl Engine {
    /// A device answers what we sent.
    pub(super) fn on_ack(&mut self, device: DeviceId, ack: &Ack) {
        if ack.to_account != self.own.account
            || ack.to_device != self.own.device_id
            || ack.from_device != device
        {
            return;
        }
        self.active_peers.insert(device);
        let lived_ms = self.lived_ms();
        if let Some(peer) = self.peers.get_mut(&device) {
            peer.answered_ms = self.now.mono_ms;
            peer.overdue = 0;
        }
        let mut blocked = BTreeSet::new();
        for (message, attempt, outcome) in &ack.items {
            let Some(peer) = self.peers.get_mut(&device) else { return };
            let Some(number) = peer.by_message.get(message).copied() else { continue };
            if let Some(wait) = peer.overtake(number, lived_ms) {
                self.timers.set_earlier(Timer::Post(device), self.now.mono_ms.saturating_add(wait));
            }
            // Whichever attempt it was: the message is there.
            if *outcome == Outcome::Delivered {
                self.end_row(device, number, MessageState::Delivered, None);
                continue;
            }
            let row = peer.outbox.get(&number).filter(|row| row.attempt == *attempt);
            // An answer to an attempt that is history says nothing.
            let Some(session) = row.and_then(|row| row.part.as_ref().map(|part| part.session)) else {
                continue;
            };
            match outcome {
                Outcome::Delivered => {}
                Outcome::Held => {
                    peer.hold_there(number);
                    blocked.insert(session);
                }
                Outcome::Refused(reason) => self.refused(device, number, session, *attempt, *reason),
            }
        }
        let lived_ms = self.lived_ms();
        if let Some(peer) = self.peers.get_mut(&device) {
            blocked.into_iter().for_each(|session| peer.unblock(session, lived_ms));
        }
    }

    fn refused(
        &mut self,
        device: DeviceId,
        number: u64,
        session: SessionId,
        attempt: u32,
        reason: RefuseReason,
    ) {
        let lived_ms = self.lived_ms();
        let Some(peer) = self.peers.get_mut(&device) else { return };
        match reason {
            RefuseReason::Session => peer.reset(&self.own.olm, session, lived_ms),
            // A session of ours that was set back is behind by more than a few places: a new one is quicker.
            RefuseReason::Stale if attempt >= STALE_ATTEMPTS && peer.reset_wait_ms(lived_ms) == 0 => {
                peer.reset(&self.own.olm, session, lived_ms);
            }
            RefuseReason::Stale => {
                peer.unseal_row(number);
                peer.seal_waiting(&self.own.olm, lived_ms);
            }
            RefuseReason::Content => {
                let why = "their Starling could not read it".to_owned();
                self.end_row(device, number, MessageState::Failed, Some(why));
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
        if state != MessageState::Delivered {
            peer.withdraw_row(number);
        }
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

    /// Nothing was answered for a while: once, everything on the way is sent again; then the link counts as dead.
    pub(super) fn on_answer_due(&mut self, device: DeviceId) {
        let Some(peer) = self.peers.get_mut(&device) else { return };
        let Some(oldest) = peer.in_flight.values().map(|flight| flight.at_ms).min() else { return };
        let due = oldest.max(peer.answered_ms).saturating_add(ANSWER_MS);
        if due > self.now.mono_ms {
            self.timers.set(Timer::Answer(device), due);
            return;
        }
        self.active_peers.insert(device);
        peer.overdue = peer.overdue.saturating_add(1);
        peer.send_again();
        if peer.overdue >= OVERDUE
            && let Some(link) = self.live_link(device)
        {
            let conn = self.links.get(&link).map(|entry| entry.conn);
            self.close_link(link);
            if let Some(conn) = conn {
                self.net(NetCommand::CloseConn { conn });
            }
        }
    }

    /// A new session may be made by now.
    pub(super) fn on_seal_due(&mut self, device: DeviceId) {
        let lived_ms = self.lived_ms();
        if let Some(peer) = self.peers.get_mut(&device) {
            peer.seal_waiting(&self.own.olm, lived_ms);
            self.active_peers.insert(device);
        }
    }
}
