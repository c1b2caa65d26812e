//! The DHT: Kademlia under Starling's own protocol name.

use libp2p::kad;
use libp2p::{StreamProtocol, Swarm};
use starling_protocol::engine::net::NetEvent;

use super::behaviour::Behaviour;
use super::outbox::Outbox;

/// The name of our DHT: another network's nodes never get into it.
const PROTOCOL: StreamProtocol = StreamProtocol::new("/starling/kad/1");

/// The behaviour.
pub(super) type Kademlia = kad::Behaviour<kad::store::MemoryStore>;

pub(super) fn behaviour(local: libp2p::PeerId) -> Kademlia {
    let config = kad::Config::new(PROTOCOL);
    kad::Behaviour::with_config(local, kad::store::MemoryStore::new(local), config)
}

/// What is asked of the DHT and not answered yet.
#[derive(Debug, Default)]
pub(super) struct Dht {}

impl Dht {
    pub fn publish(
        &mut self,
        _swarm: &mut Swarm<Behaviour>,
        outbox: &mut Outbox,
        publish: u64,
        _key: [u8; 32],
        _value: Vec<u8>,
    ) {
        outbox.say(NetEvent::Published { publish, copies: 0 });
    }

    pub fn look_up(
        &mut self,
        _swarm: &mut Swarm<Behaviour>,
        outbox: &mut Outbox,
        lookup: u64,
        _key: [u8; 32],
    ) {
        outbox.say(NetEvent::LookedUp { lookup, asked: 0 });
    }

    pub fn end(&mut self, _swarm: &mut Swarm<Behaviour>, _lookup: u64) {}

    pub fn on_event(&mut self, _swarm: &mut Swarm<Behaviour>, _outbox: &mut Outbox, _event: kad::Event) {}
}
