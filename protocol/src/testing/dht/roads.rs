//! The toy DHT inside a world: machines join and leave it, ask it, and hear its answers after a while.

use super::{Capture, Dht, Reach};
use crate::discovery::{self, Slot, SlotOwner};
use crate::engine::{GOOD_PEERS, LookUpId, NetEvent, PublishId};
use crate::testing::World;
use crate::testing::wires::Parcel;
use std::collections::BTreeSet;

/// A machine finds its way into the DHT after at least this, and at most four times as long.
const JOIN_MS: u64 = 100;
/// How many looks around lie between two lists of good peers.
const GOOD_EVERY: u64 = 60;

impl World {
    /// Gives the world a DHT; the machines that run join it.
    pub fn add_dht(&mut self, dht: Dht) {
        let tick_ms = dht.tick_ms;
        self.dht = Some(dht);
        for index in 0..self.machines.len() {
            if self.is_up(index) {
                self.dht_arrive(index);
            }
        }
        self.put_parcel(tick_ms, Parcel::Tick(0));
    }

    /// Where one machine puts its card for another today, by its own clock.
    pub fn slot_of(&self, owner: usize, reader: usize) -> Option<Slot> {
        let machine = self.machines.get(owner)?;
        let (_, rv) = machine.disk.secrets().get(&self.account(reader)).copied()?;
        Some(Slot { rv, who: SlotOwner::Account, day: discovery::day_of(self.now(owner).wall_ms) })
    }

    /// Calls something with the DHT and what a machine can reach, if there is a DHT.
    fn with_dht<T>(&mut self, index: usize, call: impl FnOnce(&mut Dht, &Reach, u64) -> T) -> Option<T> {
        let mut dht = self.dht.take()?;
        let reach = self.reach(index, &dht);
        let out = call(&mut dht, &reach, self.now_ms);
        self.dht = Some(dht);
        Some(out)
    }

    fn reach(&self, index: usize, dht: &Dht) -> Reach {
        let there = |other: &usize| *other != index && self.is_up(*other);
        let parted = |other: &usize| self.cut.contains(&(index.min(*other), index.max(*other)));
        let mut near: BTreeSet<usize> = self
            .wires
            .values()
            .filter(|wire| wire.ends.contains(&index))
            .flat_map(|wire| wire.ends)
            .filter(there)
            .collect();
        if let Some(seat) = dht.seats.get(&index) {
            near.extend(seat.near.iter().copied().filter(|other| there(other) && !parted(other)));
        }
        let open = (0..self.machines.len()).filter(|other| there(other) && self.reachable(index, *other));
        Reach { near, open: open.collect() }
    }

    /// A machine started: it looks for the DHT.
    pub(in crate::testing) fn dht_arrive(&mut self, index: usize) {
        let addr = self.address(index);
        let Some(dht) = &mut self.dht else { return };
        dht.arrive(index, addr);
        let delay = JOIN_MS.saturating_add(dht.rng.below(3 * JOIN_MS));
        self.dht_look(index, delay);
    }

    /// A machine is off.
    pub(in crate::testing) fn dht_leave(&mut self, index: usize) {
        if let Some(dht) = &mut self.dht {
            dht.leave(index);
        }
    }

    /// A machine met another on its local network.
    pub(in crate::testing) fn dht_near(&mut self, index: usize, other: usize) {
        if let Some(seat) = self.dht.as_mut().and_then(|dht| dht.seats.get_mut(&index)) {
            seat.near.insert(other);
        }
        self.dht_look(index, JOIN_MS);
    }

    /// A machine knows addresses to begin with.
    pub(in crate::testing) fn dht_seeds(&mut self, index: usize, addrs: Vec<String>) {
        if let Some(seat) = self.dht.as_mut().and_then(|dht| dht.seats.get_mut(&index)) {
            seat.seeds = addrs;
        }
        self.dht_look(index, JOIN_MS);
    }

    /// A machine will look around soon.
    pub(in crate::testing) fn dht_look(&mut self, index: usize, delay_ms: u64) {
        if self.dht.is_some() {
            let run = self.machines.get(index).map_or(0, |machine| machine.runs);
            self.put_parcel(delay_ms, Parcel::Look(index, run));
        }
    }

    /// A machine looks around: joins if it can, and is told when its neighbours have changed.
    pub(in crate::testing) fn dht_looks(&mut self, index: usize, with_peers: bool) {
        let seen = self.with_dht(index, |dht, reach, now_ms| {
            dht.join(index, reach, now_ms);
            let (count, addrs) = dht.neighbours(index, reach, now_ms, GOOD_PEERS);
            let seat = dht.seats.get_mut(&index)?;
            let before = seat.told.replace(count);
            let first = before.is_none_or(|before| before == 0) && count > 0;
            Some((before != Some(count), count, addrs, first))
        });
        let Some(Some((changed, count, addrs, first))) = seen else { return };
        if changed {
            self.post(index, 0, NetEvent::Neighbours { count });
        }
        if !addrs.is_empty() && (first || with_peers) {
            self.post(index, 0, NetEvent::GoodPeers { addrs });
        }
    }

    /// Time passes in the DHT.
    pub(in crate::testing) fn dht_tick(&mut self, number: u64) {
        let Some(dht) = &mut self.dht else { return };
        dht.churn(self.now_ms);
        let tick_ms = dht.tick_ms;
        for index in 0..self.machines.len() {
            if self.is_up(index) {
                self.dht_looks(index, number % GOOD_EVERY == GOOD_EVERY - 1);
            }
        }
        self.put_parcel(tick_ms, Parcel::Tick(number.wrapping_add(1)));
    }

    pub(in crate::testing) fn dht_publish(
        &mut self,
        from: usize,
        publish: PublishId,
        key: [u8; 32],
        value: Vec<u8>,
    ) {
        let put = self.with_dht(from, |dht, reach, now_ms| dht.put(from, key, &value, reach, now_ms));
        if let Some(capture) = &mut self.dht_capture {
            capture.push(Capture { at_ms: self.now_ms, machine: from, key, value });
        }
        let (copies, done_ms) = put.unwrap_or((0, 50));
        self.post(from, done_ms, NetEvent::Published { publish, copies });
    }

    pub(in crate::testing) fn dht_look_up(&mut self, from: usize, lookup: LookUpId, key: [u8; 32]) {
        let got = self.with_dht(from, |dht, reach, now_ms| dht.get(from, &key, reach, now_ms));
        let Some(answers) = got else {
            self.post(from, 50, NetEvent::LookedUp { lookup, asked: 0 });
            return;
        };
        for (at, value) in answers.values {
            self.post(from, at, NetEvent::Found { lookup, value });
        }
        self.post(from, answers.done_ms, NetEvent::LookedUp { lookup, asked: answers.asked });
    }

    /// Nothing more of a look-up comes but its end.
    pub(in crate::testing) fn dht_end_look_up(&mut self, from: usize, lookup: LookUpId) {
        let mut over = None;
        self.queue.retain(|_, parcel| match parcel {
            Parcel::Event(to, _, NetEvent::Found { lookup: of, .. }) => *to != from || *of != lookup,
            Parcel::Event(to, _, NetEvent::LookedUp { lookup: of, asked })
                if *to == from && *of == lookup =>
            {
                over = Some(*asked);
                false
            }
            _ => true,
        });
        if let Some(asked) = over {
            self.post(from, 1, NetEvent::LookedUp { lookup, asked });
        }
    }
}
