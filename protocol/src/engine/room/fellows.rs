//! Members of our rooms who are no contacts (docs/spec/09-rooms.md, "Fellows"): how they find us and we them. Only what
//! is about a room is taken from them.

use super::super::Engine;
use crate::ids::{DeviceId, RoomId};
use crate::wire::Signed;

/// Members who are no contacts. Reckoned from the rooms, never stored.
#[derive(Default)]
pub(super) struct Fellows {}

impl Engine {
    /// Makes the fellows those that should be: after members or contacts changed.
    pub(super) fn sync_fellows(&mut self) {}

    /// Cards of members' devices that we have, and their numbers.
    pub(super) fn room_cards(&self, _room: RoomId) -> Vec<(DeviceId, u64)> {
        Vec::new()
    }

    /// Of such cards, those that are newer than ours.
    pub(super) fn wanted_cards(&self, _room: RoomId, _theirs: &[(DeviceId, u64)]) -> Vec<DeviceId> {
        Vec::new()
    }

    /// A member's card, as it was made for the rooms.
    pub(super) fn card_in_room(&self, _device: &DeviceId) -> Option<Signed> {
        None
    }

    /// A member's card that somebody of the room gave us.
    pub(super) fn take_room_card(&mut self, _room: RoomId, _card: &Signed) {}
}
