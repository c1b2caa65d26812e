//! What the engine has asked of the DHT and is not answered yet. Every publication and every look-up is answered
//! exactly once, in time, whatever Kademlia does; what is over the bounds is answered at once.
//!
//! ```text
//! Publish ─► nearest nodes ─► put to 20 of them ─► Published{copies}
//! LookUp  ─► get ─► Found … Found ─► LookedUp{asked}
//! ```
//!
//! Must not judge what a record says beyond what any holder can: the engine opens it.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use libp2p::PeerId;
use libp2p::kad::store::RecordStore;
use libp2p::kad::{
    GetClosestPeersError, GetClosestPeersOk, GetRecordOk, KBucketKey, Mode, PeerInfo, ProgressStep, QueryId,
    QueryResult, QueryStats, Quorum, Record, RecordKey,
};
use starling_protocol::engine::net::{KNOWN_COPIES, LookUpId, NetEvent, PublishId};
use tokio::time::Instant;

use super::kademlia::{COPIES_COUNT, Kademlia};
use super::store;

/// Queries under way. Each asks three nodes at a time; more would crowd out dials.
pub(super) const UNDER_WAY_COUNT: usize = 16;
/// Requests waiting for their turn, of both kinds together: some 12 KiB each at most. The engine asks for at most 24.
pub(super) const WAITING_COUNT: usize = 256;
/// Valid values of one look-up. Twenty nodes hold one each; more is somebody's noise. Garbage does not count: liars
/// could end a look-up with it.
pub(super) const VALUES_COUNT: usize = 64;
/// How often one and the same value is handed up: the engine wants no more to agree.
const SAME_COUNT: usize = KNOWN_COPIES;
/// For finding the nodes nearest to a key; what is known then must do.
const NEAREST_TIME: Duration = Duration::from_secs(10);
/// For those nodes to take the record. They answer at once or not at all.
const PUT_TIME: Duration = Duration::from_secs(5);
/// For a look-up. It hands up what it finds while it runs.
const LOOK_UP_TIME: Duration = Duration::from_secs(15);
/// A query that was told to end and says nothing for this long is lost.
const LOST_TIME: Duration = Duration::from_secs(2);

enum Job {
    /// Finds out where a record belongs.
    Nearest {
        publish: PublishId,
        record: Record,
    },
    /// Gives it to them.
    Put {
        publish: PublishId,
    },
    LookUp {
        lookup: LookUpId,
        key: RecordKey,
        values: Values,
        ended: bool,
    },
}

struct Query {
    job: Job,
    until: Instant,
    told_to_end: bool,
}

/// See the module.
#[derive(Default)]
pub(in crate::net) struct Queries {
    under_way: HashMap<QueryId, Query>,
    lookups: VecDeque<(LookUpId, RecordKey, Option<[u8; 32]>)>,
    publishes: VecDeque<(PublishId, Record)>,
    /// Answers to be fetched after every call.
    said: VecDeque<NetEvent>,
}

impl Queries {
    /// The next answer that has come up; to be asked for after every call, until there is none.
    pub fn said(&mut self) -> Option<NetEvent> {
        self.said.pop_front()
    }

    /// Puts a record on the nodes nearest to its key.
    pub fn publish(&mut self, kad: &mut Kademlia, publish: PublishId, record: Record) {
        if self.is_full() {
            return self.said.push_back(NetEvent::Published { publish, copies: 0 });
        }
        self.publishes.push_back((publish, record));
        self.start(kad);
    }

    /// Asks for everything under a key, unless it is only what is `known` (a BLAKE3 hash).
    pub fn look_up(&mut self, kad: &mut Kademlia, lookup: LookUpId, key: RecordKey, known: Option<[u8; 32]>) {
        if self.is_full() {
            return self.said.push_back(NetEvent::LookedUp { lookup, asked: 0 });
        }
        self.lookups.push_back((lookup, key, known));
        self.start(kad);
    }

    /// Enough was found.
    pub fn end(&mut self, kad: &mut Kademlia, lookup: LookUpId) {
        if let Some(place) = self.lookups.iter().position(|(waiting, ..)| *waiting == lookup) {
            self.lookups.remove(place);
            return self.said.push_back(NetEvent::LookedUp { lookup, asked: 0 });
        }
        for (id, query) in &mut self.under_way {
            if let Job::LookUp { lookup: l, ended, .. } = &mut query.job
                && *l == lookup
            {
                *ended = true;
                query.end(*id, kad);
            }
        }
    }

    /// A query of ours may have got further; others are left alone.
    pub fn on_progress(
        &mut self,
        kad: &mut Kademlia,
        (id, stats, step): (QueryId, QueryStats, ProgressStep),
        result: QueryResult,
    ) {
        let Some(query) = self.under_way.get_mut(&id) else { return };
        if let (Job::LookUp { lookup, key, values, ended }, QueryResult::GetRecord(Ok(found))) =
            (&mut query.job, &result)
            && let GetRecordOk::FoundRecord(found) = found
        {
            let value = &found.record.value;
            let full = *ended || values.total() >= VALUES_COUNT;
            if !full && values.welcome(key, value) {
                self.said.push_back(NetEvent::Found { lookup: *lookup, value: value.clone() });
            }
            if full || values.is_enough() {
                query.end(id, kad);
            }
        }
        if !step.last {
            return;
        }
        let Some(query) = self.under_way.remove(&id) else { return };
        match (query.job, result) {
            (Job::Nearest { publish, record }, QueryResult::GetClosestPeers(nearest)) => {
                let peers = match nearest {
                    Ok(GetClosestPeersOk { peers, .. })
                    | Err(GetClosestPeersError::Timeout { peers, .. }) => peers,
                };
                self.put(kad, (publish, record), peers);
            }
            // Whoever refused or was silent is not among them, however many Kademlia was content with.
            (Job::Put { publish }, _) => {
                self.said.push_back(NetEvent::Published { publish, copies: stats.num_successes() });
            }
            (job, _) => self.said.push_back(answer(job, stats.num_successes())),
        }
        self.start(kad);
    }

    /// Ends what has taken too long, and answers for what Kademlia has lost.
    pub fn on_timer(&mut self, kad: &mut Kademlia, now: Instant) {
        let late: Vec<QueryId> =
            self.under_way.iter().filter(|(_, query)| query.until <= now).map(|(id, _)| *id).collect();
        for id in late {
            match self.under_way.get_mut(&id) {
                Some(query) if !query.told_to_end => query.end(id, kad),
                _ => {
                    if let Some(query) = self.under_way.remove(&id) {
                        tracing::debug!("Kademlia lost a query");
                        self.said.push_back(answer(query.job, 0));
                    }
                }
            }
        }
        self.start(kad);
    }

    /// When to look next.
    pub fn next_at(&self) -> Option<Instant> {
        self.under_way.values().map(|query| query.until).min()
    }

    fn is_full(&self) -> bool {
        self.lookups.len() + self.publishes.len() >= WAITING_COUNT
    }

    /// Starts what has its turn. Look-ups first: somebody waits for them, and the engine asks for fewer of them at
    /// once than there are places.
    fn start(&mut self, kad: &mut Kademlia) {
        while self.under_way.len() < UNDER_WAY_COUNT {
            let (id, job, time) = if let Some((lookup, key, known)) = self.lookups.pop_front() {
                let id = kad.get_record(key.clone());
                (
                    id,
                    Job::LookUp { lookup, key, values: Values { known, ..Values::default() }, ended: false },
                    LOOK_UP_TIME,
                )
            } else if let Some((publish, record)) = self.publishes.pop_front() {
                let id = kad.get_closest_peers(record.key.to_vec());
                (id, Job::Nearest { publish, record }, NEAREST_TIME)
            } else {
                return;
            };
            self.add(id, job, time);
        }
    }

    fn add(&mut self, id: QueryId, job: Job, time: Duration) {
        self.under_way.insert(id, Query { job, until: Instant::now() + time, told_to_end: false });
    }

    /// Hands a record to the nearest nodes that were found, and keeps it if we are one of them.
    fn put(&mut self, kad: &mut Kademlia, (publish, record): (PublishId, Record), mut peers: Vec<PeerInfo>) {
        let target = KBucketKey::new(record.key.clone());
        peers.sort_by_key(|peer| target.distance(&KBucketKey::from(peer.peer_id)));
        peers.truncate(COPIES_COUNT);
        let farthest = peers.last().map(|peer| target.distance(&KBucketKey::from(peer.peer_id)));
        let near = peers.len() < COPIES_COUNT || Some(kad.store_mut().distance(&record.key)) < farthest;
        if kad.mode() == Mode::Server && near {
            // Refused only if we hold a newer one.
            let _ = kad.store_mut().put(record.clone());
        }
        if peers.is_empty() {
            return self.said.push_back(NetEvent::Published { publish, copies: 0 });
        }
        let peers: Vec<PeerId> = peers.into_iter().map(|peer| peer.peer_id).collect();
        // All of them: with less, Kademlia stops as soon as that many have answered.
        let id = kad.put_record_to(record, peers.into_iter(), Quorum::All);
        self.add(id, Job::Put { publish }, PUT_TIME);
    }
}

impl Query {
    fn end(&mut self, id: QueryId, kad: &mut Kademlia) {
        if !self.told_to_end {
            self.told_to_end = true;
            self.until = Instant::now() + LOST_TIME;
            if let Some(mut query) = kad.query_mut(&id) {
                query.finish();
            }
        }
    }
}

/// The values of one look-up, by their hashes, and how often each has come.
#[derive(Default)]
struct Values {
    counts: Vec<([u8; 32], usize)>,
    /// The one that is no news.
    known: Option<[u8; 32]>,
}

impl Values {
    /// Whether what is known has come often enough to ask nobody else.
    fn is_enough(&self) -> bool {
        let known = self.counts.iter().find(|(hash, _)| Some(*hash) == self.known);
        known.is_some_and(|(_, count)| *count >= KNOWN_COPIES)
    }

    fn total(&self) -> usize {
        self.counts.iter().map(|(_, count)| count).sum()
    }

    /// Counts a value; whether it is to be handed up: it is a record of this key, and has not come too often.
    fn welcome(&mut self, key: &RecordKey, value: &[u8]) -> bool {
        let hash = *blake3::hash(value).as_bytes();
        if let Some((_, count)) = self.counts.iter_mut().find(|(known, _)| *known == hash) {
            *count += 1;
            return *count <= SAME_COUNT;
        }
        let valid = store::made(key, value).is_some();
        if valid {
            self.counts.push((hash, 1));
        } else {
            tracing::debug!("a node answered with something that is no record");
        }
        valid
    }
}

/// The answer for a query that came to nothing more.
fn answer(job: Job, asked: u32) -> NetEvent {
    match job {
        Job::Nearest { publish, .. } | Job::Put { publish, .. } => NetEvent::Published { publish, copies: 0 },
        Job::LookUp { lookup, .. } => NetEvent::LookedUp { lookup, asked },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::dht::tests::sealed;

    #[test]
    fn what_is_known_is_enough_after_six_and_news_is_not() {
        let (old, new) = (sealed(1, 1, false), sealed(1, 2, false));
        let key = RecordKey::new(&old.key);
        let known = Some(*blake3::hash(&old.value).as_bytes());
        let mut values = Values { known, ..Values::default() };
        for _ in 0..10 {
            values.welcome(&key, &new.value);
        }
        for _ in 0..KNOWN_COPIES {
            assert!(!values.is_enough());
            values.welcome(&key, &old.value);
        }
        assert!(values.is_enough());
    }
}
