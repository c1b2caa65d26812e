//! What the engine and people ask of the DHT, and how their answers get out. Must not wait for anything.

use libp2p::Swarm;
use libp2p::kad::store::RecordStore;
use libp2p::kad::{Record, RecordKey};
use starling_protocol::discovery;
use starling_protocol::engine::net::{LookUpId, NetEvent, PublishId};
use tokio::sync::oneshot;

use super::Dht;
use super::trial::{self, Outcome, Trial};
use crate::net::behaviour::Behaviour;
use crate::net::outbox::Outbox;

impl Dht {
    /// Puts a record on the nodes nearest to its key.
    pub fn publish(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        out: &mut Outbox,
        publish: PublishId,
        key: [u8; 32],
        value: Vec<u8>,
    ) {
        tracing::trace!(publish, "publishes");
        let record = Record { key: RecordKey::new(&key), value, publisher: None, expires: None };
        self.queries.publish(&mut swarm.behaviour_mut().dht, publish, record);
        self.hand_out(swarm, out);
    }

    /// Asks for everything under a key.
    pub fn look_up(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        out: &mut Outbox,
        lookup: LookUpId,
        key: [u8; 32],
        known: Option<[u8; 32]>,
    ) {
        tracing::trace!(lookup, "looks up");
        self.queries.look_up(&mut swarm.behaviour_mut().dht, lookup, RecordKey::new(&key), known);
        self.hand_out(swarm, out);
    }

    /// Enough was found.
    pub fn end(&mut self, swarm: &mut Swarm<Behaviour>, out: &mut Outbox, lookup: LookUpId) {
        self.queries.end(&mut swarm.behaviour_mut().dht, lookup);
        self.hand_out(swarm, out);
    }

    /// Puts out a throw-away record, made for this alone, and reads it back; within 30 s. One at a time: a second one
    /// is not answered.
    pub fn try_out(
        &mut self,
        swarm: &mut Swarm<Behaviour>,
        out: &mut Outbox,
        record: discovery::Record,
        answer: oneshot::Sender<Outcome>,
    ) {
        if self.trial.is_none() {
            self.trial = Some(Trial::new(&record, answer));
            self.publish(swarm, out, trial::NUMBER, record.key, record.value);
        }
    }

    /// Tells the engine what queries have come to, or the trial.
    pub(super) fn hand_out(&mut self, swarm: &mut Swarm<Behaviour>, out: &mut Outbox) {
        while let Some(event) = self.queries.said() {
            match &event {
                NetEvent::Published { publish, copies } => tracing::trace!(publish, copies, "published"),
                NetEvent::Found { lookup, .. } => tracing::trace!(lookup, "found"),
                NetEvent::LookedUp { lookup, asked } => tracing::trace!(lookup, asked, "looked up"),
                _ => {}
            }
            match event {
                event if !trial::is_ours(&event) => out.say(event),
                NetEvent::Published { copies, .. } => {
                    let Some(key) = self.trial.as_mut().map(|trial| trial.put(copies)) else { continue };
                    let kad = &mut swarm.behaviour_mut().dht;
                    // Others shall have it.
                    kad.store_mut().remove(&key);
                    self.queries.look_up(kad, trial::NUMBER, key, None);
                }
                NetEvent::Found { value, .. } => {
                    self.trial.iter_mut().for_each(|trial| trial.found(&value));
                }
                NetEvent::LookedUp { asked, .. } => {
                    self.trial.take().into_iter().for_each(|trial| trial.over(asked));
                }
                _ => {}
            }
        }
    }
}
