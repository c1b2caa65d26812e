//! Being reached: which addresses of ours work from outside, relays for those who have none, and holes punched.

use libp2p::{Swarm, autonat, dcutr, identify, relay, upnp};

use super::behaviour::Behaviour;
use super::outbox::Outbox;

/// What is known of our reachability.
#[derive(Debug, Default)]
pub(super) struct Reach {}

/// Events of the behaviours that are about being reached.
#[derive(Debug)]
pub(super) enum ReachEvent {
    Identify(Box<identify::Event>),
    Relay(relay::client::Event),
    Carry(relay::Event),
    Punch(dcutr::Event),
    Reachable(autonat::v2::client::Event),
    Mapping(upnp::Event),
}

impl Reach {
    pub fn on_event(&mut self, _swarm: &mut Swarm<Behaviour>, _outbox: &mut Outbox, _event: ReachEvent) {}
}
