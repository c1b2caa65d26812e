//! Faults planted in the engine on purpose, to see that the laws of the simulator find them (docs/dev/testing.md). They
//! are there only with the feature `planted`, which no node has, and do nothing until one is switched on.

use super::Engine;

/// A fault, at the place in the engine where it could have been made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// Envelopes are acknowledged to a mailbox before whoever sent them can know that they came.
    AckBeforeAnswer,
    /// A message that is sent again is encrypted again.
    Reencrypt,
    /// A message counts as delivered when a mailbox has it.
    DeliveredOnDeposit,
    /// A message is forgotten when a mailbox has it.
    DeleteBeforeAck,
    /// What a mailbox says at the end of a fetch is believed: what it had before is never asked for again.
    TrustPageEnd,
    /// What a full mailbox refuses is forgotten.
    DropOnFull,
    /// A message of a room is signed for when it is here, opened or not.
    RoomSignUnopened,
    /// Who has yet to sign for a message of a room is not written down.
    RoomForgetSent,
    /// That a message of a room waits for its key is not written down.
    RoomForgetWaiting,
}

#[cfg(not(feature = "planted"))]
impl Engine {
    pub(crate) fn plant(&mut self, _: Option<Plant>) {}

    #[inline]
    pub(super) fn planted(&self, _: Plant) -> bool {
        false
    }
}

#[cfg(feature = "planted")]
mod planted {
    use super::super::step::{Change, MessageState};
    use super::{Engine, Plant};
    use crate::ids::DeviceId;
    use crate::mail::{Answer, Refused};

    impl Engine {
        /// Switches a fault on, or all off.
        pub fn plant(&mut self, plant: Option<Plant>) {
            self.plant = plant;
        }

        pub(in super::super) fn planted(&self, plant: Plant) -> bool {
            self.plant == Some(plant)
        }

        /// Rows are about to be deposited again.
        pub(in super::super) fn planted_retry(&mut self, device: DeviceId, rows: &[(u64, u32)]) {
            let lived_ms = self.lived_ms();
            let Some(peer) = self.peers.get_mut(&device) else { return };
            for (number, _) in rows {
                if let Some(row) = peer.outbox.get_mut(number) {
                    row.part = None;
                    peer.encrypt_row(&self.own.olm, *number, None, lived_ms);
                }
            }
            self.active_peers.insert(device);
        }

        /// A mailbox answered a deposit.
        pub(in super::super) fn planted_answer(
            &mut self,
            device: DeviceId,
            rows: &[(u64, u32)],
            answer: Option<&Answer>,
        ) {
            let forget = match answer {
                Some(Answer::Promise(_)) if self.planted(Plant::DeliveredOnDeposit) => false,
                Some(Answer::Promise(_)) if self.planted(Plant::DeleteBeforeAck) => true,
                Some(Answer::Refused(Refused::Full)) if self.planted(Plant::DropOnFull) => true,
                _ => return,
            };
            let at = self.now.wall_ms;
            for (number, _) in rows {
                let Some(peer) = self.peers.get_mut(&device) else { return };
                let (account, state) = (peer.account(), MessageState::Delivered);
                let Some(message) = peer.outbox.get(number).map(|row| row.msg_id) else { continue };
                if forget {
                    peer.drop_row(*number);
                } else {
                    self.change(Change::State { message, account, state, reason: None, at });
                }
            }
            self.active_peers.insert(device);
        }
    }
}
