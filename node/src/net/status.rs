//! The network task's own situation: addresses told, relays, the machine's interfaces and sleep, and the tests people
//! ask for. Must not touch links or dials of the engine.

use libp2p::Multiaddr;
use libp2p::core::transport::ListenerId;
use starling_protocol::engine::net::NetEvent;
use tokio::time::Instant;

use super::addr;
use super::facts::{Ask, NetFacts};
use super::probe::{PeerSeen, Probe};
use super::reach::{Around, ReachEvent};
use super::task::Task;

impl Task {
    /// An event of the behaviours that are about being reached.
    pub fn on_reach(&mut self, event: ReachEvent) {
        let around = Around { swarm: &mut self.swarm, conns: &mut self.conns, dials: &self.dials };
        self.reach.on_event(around, event);
    }

    /// There is another address to be found at.
    pub fn on_new_address(&mut self, listener: ListenerId, address: &Multiaddr) {
        self.listening.begins(listener, address);
        if self.reach.new_listen(listener, address) && self.settled {
            self.watch.stirred();
        }
    }

    /// An address of this machine is gone: what came in over it is dead, and the engine should look around.
    pub fn on_lost_address(&mut self, address: &Multiaddr) {
        self.listening.ends(address);
        if !self.reach.lost_listen(&mut self.swarm, address) {
            return;
        }
        let lost = addr::parts(address).map(|parts| self.conns.over(parts.ip));
        lost.into_iter().flatten().for_each(|conn| self.close_conn(conn));
        self.watch.stirred();
    }

    /// Brings what depends on changes in line, and says where this node may be reached if that has changed.
    pub fn settle(&mut self) {
        if !self.settled {
            return;
        }
        let around = Around { swarm: &mut self.swarm, conns: &mut self.conns, dials: &self.dials };
        let (changed, addrs) = self.reach.settle(around);
        if let Some(addrs) = addrs {
            self.outbox.say(NetEvent::Addresses { addrs });
        }
        if changed {
            self.facts.changed();
        }
        if self.facts.is_due(Instant::now()) {
            let facts = self.situation();
            self.facts.tell(facts);
        }
    }

    fn situation(&mut self) -> NetFacts {
        let mut facts = NetFacts { conns: self.conns.count(), ..NetFacts::default() };
        self.reach.fill(&self.swarm, &mut facts);
        self.dht.fill(&mut self.swarm, &mut facts);
        facts
    }

    /// The machine slept, or its interfaces changed.
    pub fn on_awake(&mut self) {
        tracing::debug!("awake");
        self.outbox.say(NetEvent::Awake);
        self.dials.hurry();
        self.reach.look();
    }

    /// Somebody asks something.
    pub fn on_ask(&mut self, ask: Ask) {
        let answer = match ask {
            Ask::Test(answer) => answer,
            Ask::Follow(live) => return self.follow(&live),
        };
        match &mut self.probe {
            Some(probe) => probe.join(answer),
            None => {
                self.dials.hurry();
                self.reach.look();
                self.probe = Some(Probe::new(answer));
            }
        }
    }

    /// Goes on with a test that people asked for.
    pub fn look_at_probe(&mut self, now: Instant) {
        let Some(mut probe) = self.probe.take_if(|probe| probe.next_at() <= now) else { return };
        let facts = self.situation();
        if let Some((record, tell)) = probe.look(now, facts.neighbours) {
            self.dht.try_out(&mut self.swarm, &mut self.outbox, record, tell);
        }
        let peers: Vec<PeerSeen> = self.dials.peers().map(|addr| self.seen(addr)).collect();
        if probe.is_over(now, &peers) {
            probe.answer(&facts, &peers);
        } else {
            self.probe = Some(probe);
        }
    }

    fn seen(&self, addr: &Multiaddr) -> PeerSeen {
        let conn = self.conns.standing(addr).and_then(|conn| self.conns.get(conn));
        PeerSeen { addr: addr.to_string(), connected: conn.map(|conn| conn.round_trip) }
    }
}
