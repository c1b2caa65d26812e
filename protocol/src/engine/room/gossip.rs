//! The fast road: what is new in a room goes to members we have no link with, by those who have (docs/spec/09-rooms.md,
//! "Gossip"). It may lose anything; what is lost comes by the links.

use super::super::Engine;
use super::super::net::{GossipId, LinkId, NetCommand, Topic, Verdict};
use crate::ids::RoomId;
use crate::room::{Entry, Give};

/// What a room has of gossip.
#[derive(Default)]
pub(super) struct Topics {}

impl Engine {
    /// Makes the topics we hear those that should be: after rooms, their secrets or the day changed.
    pub(in super::super) fn sync_topics(&mut self) {}

    /// A live link of a member stands: gossip may be heard there.
    pub(super) fn admit(&mut self, _link: LinkId) {}

    /// The other side of a link hears gossip.
    pub(super) fn on_ready(&mut self, _link: LinkId) {}

    /// A message of ours.
    pub(super) fn gossip_entry(&mut self, _room: RoomId, _entry: &Entry) {}

    /// Anything of ours.
    pub(super) fn gossip_give(&mut self, _room: RoomId, _give: &Give) {}

    /// What we have, for those whose messages it speaks of and who have no link with us.
    pub(super) fn gossip_have(&mut self, _room: RoomId) {}

    /// Something came by gossip.
    pub(in super::super) fn on_gossip(&mut self, gossip: GossipId, _topic: Topic, _data: &[u8]) {
        self.net(NetCommand::Judge { gossip, verdict: Verdict::Ignore });
    }
}
