//! The network of a test world: connections with a latency and ordered links in them, which can be cut, muted and
//! refused.

use super::World;
use crate::engine::{ConnId, Input, LinkId, LinkProtocol, NetCommand, NetEvent, ReadOrder};
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct Wire {
    pub ends: [usize; 2],
    pub conn: [ConnId; 2],
    pub links: BTreeMap<u64, [LinkId; 2]>,
    pub latency_ms: u64,
    /// The relay it runs through.
    pub relay: Option<usize>,
}

/// Something on its way.
pub(super) enum Parcel {
    /// To a machine, in one of its runs.
    Event(usize, u64, NetEvent),
    /// An order of a machine, in one of its runs, to its disk.
    Order(usize, u64, ReadOrder),
    /// The disk's answer.
    Records(usize, u64, Input),
    /// A machine, in one of its runs, looks around in the DHT.
    Look(usize, u64),
    /// Time passes in the DHT.
    Tick(u64),
    /// A minute passes for a mailbox.
    Mailbox(usize),
}

impl World {
    /// Whether the first machine can make a connection to the second now.
    pub fn reachable(&self, a: usize, b: usize) -> bool {
        !self.cut.contains(&(a.min(b), a.max(b)))
            && !self.deaf.contains(&b)
            && match Self::mailbox_of(b) {
                Some(mailbox) => self.mailbox_is_up(mailbox),
                None => self.is_up(b),
            }
    }

    /// Cuts the connections between two machines and keeps them apart.
    pub fn part(&mut self, a: usize, b: usize) {
        self.cut.insert((a.min(b), a.max(b)));
        self.drop_wires(a, b);
    }

    /// Lets two machines reach each other again.
    pub fn heal(&mut self, a: usize, b: usize) {
        self.cut.remove(&(a.min(b), a.max(b)));
        self.mute.remove(&(a.min(b), a.max(b)));
    }

    /// From now on what two machines write to each other vanishes, and nobody tells them.
    pub fn mute(&mut self, a: usize, b: usize) {
        self.mute.insert((a.min(b), a.max(b)));
    }

    /// Cuts the present connections between two machines; what is on the way in them is lost.
    pub fn drop_wires(&mut self, a: usize, b: usize) {
        let wires: Vec<u64> = self
            .wires
            .iter()
            .filter(|(_, wire)| wire.ends.contains(&a) && wire.ends.contains(&b))
            .map(|(id, _)| *id)
            .collect();
        for wire in wires {
            self.close_wire(wire);
        }
    }

    /// How many connections stand between two machines, and how many links are in them.
    pub fn links_between(&self, a: usize, b: usize) -> (usize, usize) {
        let between = self.wires.values().filter(|wire| wire.ends.contains(&a) && wire.ends.contains(&b));
        between.fold((0, 0), |(conns, links), wire| {
            (conns.saturating_add(1), links.saturating_add(wire.links.len()))
        })
    }

    pub(super) fn close_wire(&mut self, id: u64) {
        let Some(wire) = self.wires.remove(&id) else { return };
        // What is on the way in this wire is lost with it.
        let doomed: BTreeSet<LinkId> = wire.links.values().flatten().copied().collect();
        self.queue.retain(|_, parcel| {
            let Parcel::Event(_, _, NetEvent::LinkData { link, .. } | NetEvent::LinkOpened { link, .. }) =
                parcel
            else {
                return true;
            };
            !doomed.contains(link)
        });
        for (side, (end, conn)) in wire.ends.into_iter().zip(wire.conn).enumerate() {
            for links in wire.links.values() {
                if let Some(link) = links.get(side) {
                    self.post(end, 1, NetEvent::LinkClosed { link: *link });
                }
            }
            self.post(end, 1, NetEvent::ConnClosed { conn });
            self.dht_look(end, 1);
        }
    }

    /// Ends a wire after what is on the way in it has arrived.
    pub(super) fn let_run_dry(&mut self, id: u64) {
        let Some(wire) = self.wires.remove(&id) else { return };
        for (side, (end, conn)) in wire.ends.into_iter().zip(wire.conn).enumerate() {
            for links in wire.links.values() {
                if let Some(link) = links.get(side) {
                    self.post(end, wire.latency_ms, NetEvent::LinkClosed { link: *link });
                }
            }
            self.post(end, wire.latency_ms, NetEvent::ConnClosed { conn });
        }
    }

    pub(super) fn act(&mut self, from: usize, command: NetCommand) {
        match command {
            NetCommand::Dial { dial, addrs } => {
                let strange = addrs.iter().filter(|addr| !self.told.contains(*addr)).cloned();
                self.strange.extend(strange.map(|addr| (from, addr)));
                let road = addrs.iter().find_map(|addr| Some((addr, self.road(from, addr)?)));
                match road {
                    Some((addr, (to, relay))) => {
                        let conn = self.connect(from, to, addr, relay);
                        let latency = self.latency_of(conn);
                        self.post(from, latency, NetEvent::Dialed { dial, conn });
                    }
                    None => {
                        let reason = "nobody there".to_owned();
                        self.post(from, 50, NetEvent::DialFailed { dial, reason });
                    }
                }
            }
            NetCommand::Publish { publish, key, value } => self.dht_publish(from, publish, key, value),
            NetCommand::LookUp { lookup, key, .. } => self.dht_look_up(from, lookup, key),
            NetCommand::EndLookUp { lookup } => self.dht_end_look_up(from, lookup),
            NetCommand::Seeds { addrs } => self.dht_seeds(from, addrs),
            NetCommand::Hold { .. } => {}
            said @ (NetCommand::Topics { .. }
            | NetCommand::Gossip { .. }
            | NetCommand::Admit { .. }
            | NetCommand::Judge { .. }) => self.gossip_act(from, said),
            NetCommand::OpenLink { link, conn, protocol } => self.open(from, link, conn, protocol),
            NetCommand::Write { link, messages } => self.carry(from, link, messages),
            NetCommand::CloseLink { link } => {
                let Some((wire, side, key)) = self.find_link(from, link) else { return };
                if let Some((to, remote, latency)) = self.other_end(wire, side, key)
                    && !self.mute.contains(&(from.min(to), from.max(to)))
                {
                    self.post(to, latency, NetEvent::LinkClosed { link: remote });
                }
                if let Some(wire) = self.wires.get_mut(&wire) {
                    wire.links.remove(&key);
                }
            }
            NetCommand::CloseConn { conn } => {
                if let Some(wire) = self.wire_of(from, conn) {
                    self.close_wire(wire);
                }
            }
        }
    }

    fn carry(&mut self, from: usize, link: LinkId, messages: Vec<Vec<u8>>) {
        let Some((wire, side, key)) = self.find_link(from, link) else { return };
        let Some((to, remote, latency)) = self.other_end(wire, side, key) else { return };
        for message in messages {
            self.bytes = self.bytes.saturating_add(message.len() as u64);
            if let Some(capture) = &mut self.capture {
                capture.push((from, message.clone()));
            }
            if !self.mute.contains(&(from.min(to), from.max(to))) {
                self.post(to, latency, NetEvent::LinkData { link: remote, message });
            }
        }
    }

    fn wire_of(&self, at: usize, conn: ConnId) -> Option<u64> {
        let fits = |wire: &Wire| wire.ends.iter().zip(wire.conn).any(|(end, id)| *end == at && id == conn);
        self.wires.iter().find(|(_, wire)| fits(wire)).map(|(id, _)| *id)
    }

    pub(super) fn connect(&mut self, from: usize, to: usize, addr: &str, relay: Option<usize>) -> ConnId {
        let wire = self.fresh();
        let (near, far) = (self.fresh(), self.fresh());
        let latency_ms = self.rng.below(self.max_latency_ms.max(1)).saturating_add(1);
        let conn = [near, far];
        let ends = [from, to];
        self.wires.insert(wire, Wire { ends, conn, links: BTreeMap::new(), latency_ms, relay });
        let (peer_from, peer_to) = (self.peer_of(from), self.peer_of(to));
        let via = Self::via_of(relay);
        let opened = |conn, peer, addr, outbound| NetEvent::ConnOpened { conn, peer, addr, outbound, via };
        self.post(from, 0, opened(near, peer_to, addr.to_owned(), true));
        self.post(to, latency_ms, opened(far, peer_from, "/ip4/192.0.2.1/tcp/1".to_owned(), false));
        ends.into_iter().for_each(|end| self.dht_look(end, latency_ms));
        near
    }

    pub(super) fn fresh(&mut self) -> u64 {
        self.counter = self.counter.saturating_add(1);
        self.counter
    }

    fn latency_of(&self, conn: ConnId) -> u64 {
        self.wires.values().find(|wire| wire.conn.contains(&conn)).map_or(1, |wire| wire.latency_ms)
    }

    fn open(&mut self, from: usize, link: LinkId, conn: ConnId, protocol: LinkProtocol) {
        let remote = self.fresh().saturating_mul(2).saturating_add(1);
        let Some(wire) = self.wire_of(from, conn).and_then(|wire| self.wires.get_mut(&wire)) else {
            self.post(from, 1, NetEvent::LinkClosed { link });
            return;
        };
        let ([first, second], [first_conn, second_conn]) = (wire.ends, wire.conn);
        let from_first = first == from;
        let (to, far) = if from_first { (second, second_conn) } else { (first, first_conn) };
        wire.links.insert(remote, if from_first { [link, remote] } else { [remote, link] });
        let latency = wire.latency_ms;
        let (near_peer, far_peer) = (self.peer_of(from), self.peer_of(to));
        let opened = |link, conn, outbound, local_peer, remote_peer| NetEvent::LinkOpened {
            link,
            conn,
            protocol,
            outbound,
            local_peer,
            remote_peer,
        };
        self.post(from, 0, opened(link, conn, true, near_peer.clone(), far_peer.clone()));
        self.post(to, latency, opened(remote, far, false, far_peer, near_peer));
    }

    /// The wire, side and key of a link as one end numbers it.
    fn find_link(&self, at: usize, link: LinkId) -> Option<(u64, usize, u64)> {
        self.wires.iter().find_map(|(id, wire)| {
            let side = wire.ends.iter().position(|end| *end == at)?;
            let key =
                wire.links.iter().find(|(_, links)| links.get(side) == Some(&link)).map(|(key, _)| *key)?;
            Some((*id, side, key))
        })
    }

    fn other_end(&self, wire: u64, side: usize, key: u64) -> Option<(usize, LinkId, u64)> {
        let wire = self.wires.get(&wire)?;
        let other = 1usize.saturating_sub(side);
        Some((*wire.ends.get(other)?, *wire.links.get(&key)?.get(other)?, wire.latency_ms))
    }
}
