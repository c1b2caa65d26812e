//! What a device answers to our messages, and when an answer is overdue (docs/spec/05-delivery.md, "Answers").

use super::step::{Change, MessageState};
use super::{Engine, Timer};
use crate::ids::DeviceId;
use crate::session::{Ack, Outcome, RefuseReason};
use crate::time::SECOND_MS;

/// How long a message may be on the way over a live link unanswered before it is sent again.
pub(super) const ANSWER_MS: u64 = 30 * SECOND_MS;

impl Engine {
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
