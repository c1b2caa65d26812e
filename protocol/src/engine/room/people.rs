//! What people and invitations change in rooms (docs/spec/09-rooms.md, "Joining").

use super::super::Engine;
use super::super::command::{Refusal, Reply, RoomSetting};
use crate::content::Body;
use crate::ids::{AccountId, RoomId};
use crate::room::{Members, OpId};

impl Engine {
    pub(super) fn room_new(&mut self, _name: &str) -> Result<Reply, Refusal> {
        Err(Refusal::NoRoom)
    }

    pub(super) fn room_list(&self) -> Reply {
        Reply::Rooms(Vec::new())
    }

    pub(super) fn room_members(&self, _room: RoomId) -> Result<Reply, Refusal> {
        Err(Refusal::NoRoom)
    }

    pub(super) fn room_invite(&mut self, _room: RoomId, _account: AccountId) -> Result<Reply, Refusal> {
        Err(Refusal::NoRoom)
    }

    pub(super) fn room_link(
        &mut self,
        _room: RoomId,
        _uses: u32,
        _valid_ms: u64,
        _auto_accept: bool,
    ) -> Result<Reply, Refusal> {
        Err(Refusal::NoRoom)
    }

    pub(super) fn room_answer(&mut self, _room: RoomId, _join: bool) -> Result<Reply, Refusal> {
        Err(Refusal::NoRoom)
    }

    pub(super) fn room_join(&mut self, _link: &str, _note: &str) -> Result<Reply, Refusal> {
        Err(Refusal::NoRoom)
    }

    pub(super) fn room_leave(&mut self, _room: RoomId) -> Result<Reply, Refusal> {
        Err(Refusal::NoRoom)
    }

    pub(super) fn room_remove(&mut self, _room: RoomId, _account: AccountId) -> Result<Reply, Refusal> {
        Err(Refusal::NoRoom)
    }

    pub(super) fn room_role(
        &mut self,
        _room: RoomId,
        _account: AccountId,
        _admin: bool,
    ) -> Result<Reply, Refusal> {
        Err(Refusal::NoRoom)
    }

    pub(super) fn room_set(&mut self, _room: RoomId, _what: RoomSetting) -> Result<Reply, Refusal> {
        Err(Refusal::NoRoom)
    }

    /// Operations changed who is in a room, or what it is called.
    pub(super) fn members_changed(&mut self, _room: RoomId, _before: &Members, _fresh: &[OpId]) {}

    /// A content to a contact or a fellow that is no line of a chat.
    pub(super) fn send_aside(&mut self, account: AccountId, body: &Body) -> Result<(), Refusal> {
        self.send_control(account.into(), body)
    }

    /// Topic secrets nobody uses any more.
    pub(super) fn expire_secrets(&mut self, _room: RoomId, _lived_ms: u64) {}
}
