//! Roads of a test world besides the straight one: relays, machines behind a NAT, and the direct connection that
//! grows out of a relayed one.

use super::World;
use crate::engine::{Input, NetEvent, Via};

impl World {
    /// Adds a relay that is up. Returns its number.
    pub fn add_relay(&mut self) -> usize {
        self.relays.push(true);
        self.relays.len().saturating_sub(1)
    }

    /// Turns a relay on, or off with everything that runs through it.
    pub fn set_relay(&mut self, relay: usize, up: bool) {
        if let Some(state) = self.relays.get_mut(relay) {
            *state = up;
        }
        if !up {
            let gone: Vec<u64> = self
                .wires
                .iter()
                .filter(|(_, wire)| wire.relay == Some(relay))
                .map(|(number, _)| *number)
                .collect();
            gone.into_iter().for_each(|wire| self.close_wire(wire));
        }
    }

    /// Puts a machine behind a NAT: from its next start on it can be reached over this relay only, and says so.
    /// `None` puts it on the open net again.
    pub fn put_behind(&mut self, index: usize, relay: Option<usize>) {
        if let Some(machine) = self.machines.get_mut(index) {
            machine.relay = relay;
        }
        if relay.is_some() {
            self.deaf.insert(index);
        } else {
            self.deaf.remove(&index);
        }
    }

    /// The address of a machine by a relay.
    pub fn relayed_address(&self, relay: usize, index: usize) -> String {
        let peer = String::from_utf8_lossy(&self.peer_of(index)).into_owned();
        format!("/ip4/198.51.100.{relay}/udp/4001/quic-v1/p2p/relay-{relay}/p2p-circuit/p2p/{peer}")
    }

    /// What a machine tells about where it is.
    pub fn addresses(&self, index: usize) -> Vec<String> {
        match self.machines.get(index).and_then(|machine| machine.relay) {
            Some(relay) => vec![self.relayed_address(relay, index)],
            None => vec![self.address(index)],
        }
    }

    /// Tells a running machine its present addresses, as its network would.
    pub fn tell_addresses(&mut self, index: usize) {
        let addrs = self.addresses(index);
        self.told.extend(addrs.iter().cloned());
        self.turn(index, vec![Input::Net(NetEvent::Addresses { addrs })]);
    }

    /// A running machine goes somewhere else and stays who it is: its connections break.
    pub fn roam(&mut self, index: usize, place: usize) {
        if let Some(machine) = self.machines.get_mut(index) {
            machine.place = place;
        }
        let wires: Vec<u64> =
            self.wires.iter().filter(|(_, wire)| wire.ends.contains(&index)).map(|(id, _)| *id).collect();
        wires.into_iter().for_each(|wire| self.close_wire(wire));
        let addr = self.address(index);
        if let Some(dht) = &mut self.dht {
            dht.relocate(index, addr);
        }
        self.tell_addresses(index);
    }

    /// A direct connection stands beside the relayed one between two machines: a hole was punched.
    pub fn punch(&mut self, a: usize, b: usize) {
        if self.is_up(a) && self.is_up(b) {
            let addr = self.address(b);
            self.connect(a, b, &addr, None);
        }
    }

    /// Whom an address leads to, and by which relay, if they can be reached from there now.
    pub(super) fn road(&self, from: usize, addr: &str) -> Option<(usize, Option<usize>)> {
        let Some(relay) = (0..self.relays.len()).find(|relay| addr.contains(&format!("/p2p/relay-{relay}/")))
        else {
            let to = self.machine_at(addr)?;
            return (to != from && self.reachable(from, to)).then_some((to, None));
        };
        let to = (0..self.machines.len()).find(|index| self.relayed_address(relay, *index) == addr)?;
        let open = self.relays.get(relay) == Some(&true) && self.is_up(to) && to != from;
        (open && !self.cut.contains(&(from.min(to), from.max(to)))).then_some((to, Some(relay)))
    }

    /// What kind of road a wire is.
    pub(super) fn via_of(relay: Option<usize>) -> Via {
        if relay.is_some() { Via::Relay } else { Via::Direct }
    }
}
