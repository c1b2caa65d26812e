//! The records this node keeps for others, in memory only. A record gets in by what it proves of itself
//! (docs/spec/07-discovery.md): [`discovery::check`] must accept it, and it must be newer than what is held under its
//! key. Who sent it counts only for how much they may send; who published it is never kept nor told.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::iter::Empty;
use std::time::{Duration, Instant};

use libp2p::PeerId;
use libp2p::kad::store::{Error, RecordStore, Result};
use libp2p::kad::{KBucketDistance, KBucketKey, ProviderRecord, Record, RecordKey};
use starling_protocol::discovery;

/// For how long a record is kept at most, whatever its sender says. It is of use for the day in its key and the day
/// around it; shorter loses it while its publisher is away, longer keeps rubbish.
pub(super) const KEPT: Duration = Duration::from_secs(48 * 60 * 60);
/// Records kept. At 20 copies each this serves some hundred times as many contacts as a person has; fewer makes
/// flooding cheap.
pub(super) const RECORDS_COUNT: usize = 4_096;
/// Bytes kept: what [`RECORDS_COUNT`] records of mixed size take.
const RECORDS_BYTES: usize = 24 * 1024 * 1024;
/// Records under new keys that one peer id may leave within [`SOURCE_TIME`]. A person with 50 contacts publishes some
/// 100 of 4 KiB, and all of them here in a small network; newer ones in their place are free. Ids cost nothing, so this only slows the lazy; what holds is that
/// nobody can push out a record nearer to us than their own.
const SOURCE_RECORDS_COUNT: u32 = 512;
/// See [`SOURCE_RECORDS_COUNT`].
const SOURCE_BYTES: usize = 2 * 1024 * 1024;
/// See [`SOURCE_RECORDS_COUNT`].
const SOURCE_TIME: Duration = Duration::from_secs(60 * 60);
/// Senders remembered; the one longest ago is forgotten first.
const SOURCES_COUNT: usize = 1_024;

/// What a record must prove: how new it is, if it is valid under its key.
pub(super) fn made(key: &RecordKey, value: &[u8]) -> Option<discovery::Made> {
    let key: &[u8; 32] = key.as_ref().try_into().ok()?;
    discovery::check(key, value).ok()
}

struct Kept {
    record: Record,
    made: discovery::Made,
    distance: KBucketDistance,
}

struct Source {
    since: Instant,
    records_count: u32,
    bytes: usize,
}

/// See the module.
pub(in crate::net) struct Store {
    local: KBucketKey<PeerId>,
    kept: HashMap<RecordKey, Kept>,
    /// By distance from us, the farthest last.
    order: BTreeMap<KBucketDistance, RecordKey>,
    bytes: usize,
    sources: HashMap<PeerId, Source>,
    /// Who sends what is put now; `None`: we do.
    sender: Option<PeerId>,
}

impl Store {
    pub fn new(local: PeerId) -> Self {
        Self {
            local: KBucketKey::from(local),
            kept: HashMap::new(),
            order: BTreeMap::new(),
            bytes: 0,
            sources: HashMap::new(),
            sender: None,
        }
    }

    /// Says who sends what is put from now on; `None` for ourselves.
    pub fn sent_by(&mut self, sender: Option<PeerId>) {
        self.sender = sender;
    }

    /// Records kept.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// How far a key is from this node.
    pub fn distance(&self, key: &RecordKey) -> KBucketDistance {
        self.local.distance(&KBucketKey::new(key.clone()))
    }

    /// Forgets what is over.
    pub fn sweep(&mut self, now: Instant) {
        let over: Vec<_> = self.kept.values().filter(|kept| kept.record.is_expired(now)).map(key).collect();
        over.iter().for_each(|key| self.remove(key));
        self.sources.retain(|_, source| now.duration_since(source.since) < SOURCE_TIME);
    }

    /// Counts a record under a new key against its sender; whether they may still leave it.
    fn admits(&mut self, size: usize, now: Instant) -> bool {
        let Some(sender) = self.sender else { return true };
        if !self.sources.contains_key(&sender) && self.sources.len() >= SOURCES_COUNT {
            let oldest = self.sources.iter().min_by_key(|(_, s)| s.since).map(|(peer, _)| *peer);
            oldest.map(|peer| self.sources.remove(&peer));
        }
        let fresh = || Source { since: now, records_count: 0, bytes: 0 };
        let source = self.sources.entry(sender).or_insert_with(fresh);
        if now.duration_since(source.since) >= SOURCE_TIME {
            *source = fresh();
        }
        if source.records_count >= SOURCE_RECORDS_COUNT || source.bytes + size > SOURCE_BYTES {
            return false;
        }
        source.records_count += 1;
        source.bytes += size;
        true
    }

    /// Makes room for a record so far away; whether there is some. Nothing nearer than the newcomer goes.
    fn make_room(&mut self, distance: KBucketDistance, size: usize) -> bool {
        while self.kept.len() >= RECORDS_COUNT || self.bytes + size > RECORDS_BYTES {
            match self.order.last_key_value() {
                Some((farthest, key)) if *farthest > distance => {
                    let key = key.clone();
                    self.remove(&key);
                }
                _ => return false,
            }
        }
        true
    }
}

fn key(kept: &Kept) -> RecordKey {
    kept.record.key.clone()
}

impl RecordStore for Store {
    type RecordsIter<'a> = Empty<Cow<'a, Record>>;
    type ProvidedIter<'a> = Empty<Cow<'a, ProviderRecord>>;

    fn get(&self, key: &RecordKey) -> Option<Cow<'_, Record>> {
        self.kept.get(key).map(|kept| Cow::Borrowed(&kept.record))
    }

    fn put(&mut self, mut record: Record) -> Result<()> {
        let now = Instant::now();
        let size = record.value.len();
        let made = made(&record.key, &record.value).ok_or(Error::ValueTooLarge)?;
        let latest = now + KEPT;
        let mut expires = record.expires.map_or(latest, |expires| expires.min(latest));
        if let Some(held) = self.kept.get(&record.key) {
            let same = held.record.value == record.value;
            if !same && made <= held.made {
                return Err(Error::MaxRecords);
            }
            if let (true, Some(held)) = (same, held.record.expires) {
                // Whoever repeats a record may lengthen its life, not cut it short.
                expires = expires.max(held);
            }
            self.remove(&record.key.clone());
        } else if !self.admits(size, now) {
            return Err(Error::MaxRecords);
        }
        let distance = self.distance(&record.key);
        if !self.make_room(distance, size) {
            return Err(Error::MaxRecords);
        }
        record.publisher = None;
        record.expires = Some(expires);
        self.bytes += size;
        self.order.insert(distance, record.key.clone());
        self.kept.insert(record.key.clone(), Kept { record, made, distance });
        Ok(())
    }

    fn remove(&mut self, key: &RecordKey) {
        let Some(kept) = self.kept.remove(key) else { return };
        self.order.remove(&kept.distance);
        self.bytes = self.bytes.saturating_sub(kept.record.value.len());
    }

    /// None: nothing is replicated from here. Publishers come again by themselves.
    fn records(&self) -> Self::RecordsIter<'_> {
        std::iter::empty()
    }

    fn add_provider(&mut self, _: ProviderRecord) -> Result<()> {
        Err(Error::MaxProvidedKeys)
    }

    fn providers(&self, _: &RecordKey) -> Vec<ProviderRecord> {
        Vec::new()
    }

    fn provided(&self) -> Self::ProvidedIter<'_> {
        std::iter::empty()
    }

    fn remove_provider(&mut self, _: &RecordKey, _: &PeerId) {}
}
