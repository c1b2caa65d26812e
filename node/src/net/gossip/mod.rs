//! Gossip: telling a room's news to all its members quickly, through neighbours (docs/spec/09-rooms.md, "Gossip"). It may
//! lose things; what counts comes by comparing. Knows topics as opaque names and data as opaque bytes; must not judge.

mod config;
mod gate;
mod handler;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use libp2p::PeerId;
use libp2p::gossipsub::MessageId;
use starling_protocol::engine::net::{GOSSIP_BYTES, GossipId, NetEvent, Topic, Verdict};

pub(super) use gate::{Gate, Rumour};

use super::outbox::Outbox;

/// Pieces of gossip that may wait to be judged. One is usually judged within milliseconds, and gossipsub forgets it after
/// five seconds. Fewer loses what comes in bursts; each costs about 100 bytes here, and up to 32 KiB there.
const UNJUDGED_COUNT: usize = 512;
/// Events waiting for the driver from which on gossip is not told it: it gives way before the network has to stop. Lower
/// loses bursts; each costs up to 32 KiB.
const BACKLOG_COUNT: usize = 128;

/// The network task's part of gossip.
#[derive(Default)]
pub(super) struct Gossip {
    topics: BTreeSet<Topic>,
    last: GossipId,
    /// What was told and not yet judged, oldest first: its name, and whence it came.
    unjudged: BTreeMap<GossipId, (MessageId, PeerId)>,
}

impl Gossip {
    /// These topics are heard, and no others. Those over the limit are left out.
    pub fn topics(&mut self, gate: &mut Gate, topics: Vec<Topic>) {
        let mut topics: BTreeSet<Topic> = topics.into_iter().collect();
        while topics.len() > config::TOPICS_COUNT {
            topics.pop_last();
        }
        self.topics.difference(&topics).for_each(|topic| gate.unsubscribe(topic));
        topics.difference(&self.topics).for_each(|topic| gate.subscribe(topic));
        self.topics = topics;
    }

    /// Says something. That it reaches nobody, or was said before, is no failure: it is not what messages rely on.
    pub fn publish(&mut self, gate: &mut Gate, topic: &Topic, data: Vec<u8>) {
        if data.len() > GOSSIP_BYTES {
            tracing::debug!(bytes = data.len(), "too large for gossip");
        } else if let Err(error) = gate.publish(topic, data) {
            tracing::trace!(%error, "gossip not said");
        }
    }

    /// Something came: tells it, unless the driver lags behind.
    pub fn on_rumour(&mut self, gate: &mut Gate, out: &mut Outbox, rumour: Rumour) {
        let Rumour { id, from, topic, data } = rumour;
        let topic = blake3::Hash::from_hex(topic.as_str()).map(<[u8; 32]>::from);
        let Some(topic) = topic.ok().filter(|_| out.len() < BACKLOG_COUNT) else {
            gate.judge(&id, &from, Verdict::Ignore);
            return;
        };
        while self.unjudged.len() >= UNJUDGED_COUNT {
            let Some((_, (id, from))) = self.unjudged.pop_first() else { break };
            gate.judge(&id, &from, Verdict::Ignore);
        }
        self.last += 1;
        self.unjudged.insert(self.last, (id, from));
        out.say(NetEvent::Gossip { gossip: self.last, topic, data });
    }

    /// What the engine found it worth.
    pub fn judge(&mut self, gate: &mut Gate, gossip: GossipId, verdict: Verdict) {
        if let Some((id, from)) = self.unjudged.remove(&gossip) {
            gate.judge(&id, &from, verdict);
        }
    }
}
