//! The room's mailboxes: what somebody of the room has not got is left there once (docs/spec/09-rooms.md, "For the
//! absent").

use super::super::Engine;
use super::super::step::Record;
use crate::ids::RoomId;

/// What a room has of its mailboxes.
#[derive(Default)]
pub(super) struct Boxes {}

impl Engine {
    /// Messages of ours that somebody has not got go to the room's mailboxes.
    pub(super) fn post_to_boxes(&mut self, _room: RoomId) {}

    /// They are here, out of the store.
    pub(super) fn on_post_read(&mut self, _room: RoomId, _records: &[Record]) {}
}
