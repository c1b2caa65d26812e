//! Rooms, as an engine takes part in them (docs/spec/09-rooms.md).

use super::net::{GossipId, NetCommand, Topic, Verdict};
use super::{Engine, Record};

impl Engine {
    pub(super) fn room_command(&mut self, _command: super::Command) -> Result<super::Reply, super::Refusal> {
        Err(super::Refusal::NoRoom)
    }

    /// Records that were asked for.
    pub(super) fn on_read(&mut self, _read: u64, _records: Vec<Record>, _more: bool) {}

    /// Something came by gossip.
    pub(super) fn on_gossip(&mut self, gossip: GossipId, _topic: Topic, _data: &[u8]) {
        self.net(NetCommand::Judge { gossip, verdict: Verdict::Ignore });
    }
}
