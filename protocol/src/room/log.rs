//! The operations of a room, as far as they are here (docs/spec/09-rooms.md, "Operations"). An operation is taken when
//! all it names are here and its signature holds; until then it waits. What comes out of them does not depend on the
//! order in which they came.
//!
//! ```text
//! insert ──► shape, room ──► parents here? ──no──► waiting (bounded)
//!                                 │ yes                │ a parent came
//!                                 ▼                    ▼
//!                   number, manifest, device, signature ──► taken ──► members (reckoned when asked)
//! ```
//!
//! The log must not decide who is a member ([`super::rule`]) and keeps nothing on disk: its owner stores what
//! [`Inserted::New`] names and gives it back, in any order, after a start.

#[cfg(test)]
mod tests;

use super::members::Members;
use super::op::{Op, OpBody, OpError, OpId, PARENTS};
use super::past::Past;
use super::rule::{Fact, evaluate};
use crate::identity::Manifest;
use crate::ids::{AccountId, DeviceId, RoomId};
use crate::kdf;
use crate::time::WallMs;
use crate::wire::{Ext, Signed, WireError};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, OnceLock};

/// Operations a room may have. Lower would close a large room after some years of coming and going; higher lets a
/// hostile member make everybody keep and reckon more.
pub const OPS: usize = 20_000;
/// Bytes of all operations of a room: some 1,600 for each of [`OPS`]. An Add has about 500.
pub const LOG_BYTES: usize = 32 * 1024 * 1024;
/// Operations that wait for one they name. The oldest makes room for a new one: it comes again with a later sync.
/// More would only help who sends us names of what does not exist.
pub const WAITING: usize = 256;
/// Views of the members at earlier times that are kept. One is used for every message its author wrote with the same
/// knowledge, so few are enough.
const VIEWS: usize = 8;

/// What became of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inserted {
    /// It is new and taken, and so are those that waited for it; parents first.
    New(Vec<OpId>),
    /// It was here, or waits already.
    Known,
    /// One it names is missing: [`Log::wanted`].
    Waits,
}

/// A taken operation as it came.
struct Held {
    id: OpId,
    signed: Signed,
}

/// An operation that waits.
struct Waiting {
    id: OpId,
    op: Op,
    signed: Signed,
}

/// A view of the members by the operations it was reckoned at.
type View = (Vec<OpId>, Arc<Members>);

/// The operations of a room.
pub struct Log {
    room: RoomId,
    held: Vec<Held>,
    /// What each says, at the same place.
    facts: Vec<Fact>,
    places: BTreeMap<OpId, usize>,
    /// Which operations carry a manifest of an account.
    manifests: BTreeMap<AccountId, Vec<usize>>,
    /// The signing keys of all devices these ever named.
    keys: BTreeMap<DeviceId, [u8; 32]>,
    /// Those no other names.
    tips: BTreeSet<OpId>,
    bytes: usize,
    waiting: VecDeque<Waiting>,
    members: OnceLock<Arc<Members>>,
    views: Mutex<VecDeque<View>>,
}

impl Log {
    /// A room from the operation that makes it.
    ///
    /// # Errors
    /// [`OpError`] if it is no such operation, or does not hold.
    pub fn create(signed: &Signed) -> Result<Self, OpError> {
        let op = Op::read(signed)?;
        if op.kind != Op::CREATE {
            return Err(OpError::Parents);
        }
        let id = OpId::of(signed);
        let mut log = Self {
            room: RoomId(id.0),
            held: Vec::new(),
            facts: Vec::new(),
            places: BTreeMap::new(),
            manifests: BTreeMap::new(),
            keys: BTreeMap::new(),
            tips: BTreeSet::new(),
            bytes: 0,
            waiting: VecDeque::new(),
            members: OnceLock::new(),
            views: Mutex::new(VecDeque::new()),
        };
        let fact = log.judge(id, &op, signed)?;
        log.take(op, fact, signed.clone());
        Ok(log)
    }

    /// Which room.
    pub fn room(&self) -> RoomId {
        self.room
    }

    /// How many operations are here.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether none is, which never happens: a log begins with the room's first.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Whether an operation is here and taken.
    pub fn contains(&self, id: &OpId) -> bool {
        self.places.contains_key(id)
    }

    /// An operation that is here and taken.
    pub fn get(&self, id: &OpId) -> Option<&Signed> {
        self.held.get(*self.places.get(id)?).map(|held| &held.signed)
    }

    /// The signing key of a device that some operation named once.
    pub fn key_of(&self, device: &DeviceId) -> Option<[u8; 32]> {
        self.keys.get(device).copied()
    }

    /// All operations that are here, parents first.
    pub fn iter(&self) -> impl Iterator<Item = (OpId, &Signed)> {
        self.held.iter().map(|held| (held.id, &held.signed))
    }

    /// The newest operations: those no other names. If there are more than [`PARENTS`], those with the highest
    /// numbers; see [`Log::is_frayed`].
    pub fn tips(&self) -> Vec<OpId> {
        let mut tips: Vec<OpId> = self.tips.iter().copied().collect();
        if tips.len() > PARENTS {
            tips.sort_by_key(|id| (std::cmp::Reverse(self.lamport(id)), *id));
            tips.truncate(PARENTS);
            tips.sort();
        }
        tips
    }

    /// Whether there are more loose ends than one operation can name. Somebody should say something, their own name for
    /// example, to tie them.
    pub fn is_frayed(&self) -> bool {
        self.tips.len() > PARENTS
    }

    /// What to ask a neighbour with, so that they can tell what we lack ([`Log::missing_for`]) though they have never
    /// heard of our newest: some tips, and operations further and further back. At most [`PARENTS`].
    pub fn landmarks(&self) -> Vec<OpId> {
        let back = (0..PARENTS / 2).map_while(|step| {
            let distance = 4_usize.checked_pow(u32::try_from(step).ok()?)?;
            Some(self.held.get(self.held.len().checked_sub(distance)?)?.id)
        });
        let landmarks: BTreeSet<OpId> = self.tips().into_iter().take(PARENTS / 2).chain(back).collect();
        landmarks.into_iter().collect()
    }

    /// What somebody who has `theirs` and all before them lacks, as far as we can tell; parents first. Of those we do
    /// not know nothing follows, so `theirs` should be [`Log::landmarks`].
    pub fn missing_for(&self, theirs: &[OpId]) -> Vec<OpId> {
        let past = self.past_of(theirs.iter().filter_map(|id| self.places.get(id).copied()));
        let places = self.held.iter().enumerate();
        places.filter(|(place, _)| !past.contains(*place)).map(|(_, held)| held.id).collect()
    }

    /// What waiting operations name and is not here, at most [`WAITING`] times [`PARENTS`].
    pub fn wanted(&self) -> Vec<OpId> {
        let waiting: BTreeSet<OpId> = self.waiting.iter().map(|waiting| waiting.id).collect();
        let named = self.waiting.iter().flat_map(|waiting| waiting.op.parents.iter().copied());
        let wanted: BTreeSet<OpId> = named.filter(|id| !self.contains(id) && !waiting.contains(id)).collect();
        wanted.into_iter().collect()
    }

    /// Who belongs to the room by all that is here. Reckoned once after each change, so a batch of operations is
    /// inserted first and asked about afterwards.
    pub fn members(&self) -> &Members {
        self.reckoned()
    }

    /// Who belonged to the room as somebody knew it whose newest operations were `tips`. `None` if one of them is not
    /// here.
    pub fn members_at(&self, tips: &[OpId]) -> Option<Arc<Members>> {
        let mut tips = tips.to_vec();
        tips.sort();
        tips.dedup();
        let places: Vec<usize> = tips.iter().map(|id| self.places.get(id).copied()).collect::<Option<_>>()?;
        let known = self.view(&tips);
        if known.is_some() {
            return known;
        }
        let past = self.past_of(places.into_iter());
        if past.len() == self.facts.len() {
            return Some(Arc::clone(self.reckoned()));
        }
        let members = Arc::new(evaluate(&self.facts, Some(&past)));
        if let Ok(mut views) = self.views.lock() {
            if views.len() >= VIEWS {
                views.pop_front();
            }
            views.push_back((tips, Arc::clone(&members)));
        }
        Some(members)
    }

    /// How dear [`Self::members_at`] is now, in operations that must be looked at: 0 if the answer is there already.
    pub fn cost_at(&self, tips: &[OpId]) -> u64 {
        let mut tips = tips.to_vec();
        tips.sort();
        tips.dedup();
        let newest = tips.len() == self.tips.len() && tips.iter().all(|tip| self.tips.contains(tip));
        if newest || self.view(&tips).is_some() { 0 } else { self.facts.len() as u64 }
    }

    /// Forgets what was reckoned before.
    #[cfg(test)]
    pub(crate) fn forget_views(&mut self) {
        self.views = Mutex::default();
    }

    /// Whether `later` is `earlier` or was made by somebody who knew it. False if one of them is not here.
    pub fn knew(&self, later: &OpId, earlier: &OpId) -> bool {
        let (Some(later), Some(earlier)) = (self.places.get(later), self.places.get(earlier)) else {
            return false;
        };
        later == earlier || self.facts.get(*later).is_some_and(|fact| fact.past.contains(*earlier))
    }

    /// An operation that comes after all that is here, to be signed and inserted.
    ///
    /// # Errors
    /// [`WireError`] when what it says is over the limits.
    pub fn draft(
        &self,
        author: AccountId,
        device: DeviceId,
        at: WallMs,
        says: &OpBody,
    ) -> Result<Op, WireError> {
        let (kind, body) = says.encode()?;
        let parents = self.tips();
        let lamport = self.lamport_after(&parents);
        Ok(Op { room: self.room, parents, author, device, lamport, at, kind, body, ext: Ext::new() })
    }

    /// Takes an operation, or keeps it until what it names is here. One that waited and turns out not to hold is
    /// dropped without a word: it is told by what is missing in [`Inserted::New`].
    ///
    /// # Errors
    /// [`OpError`]; the log is as it was.
    pub fn insert(&mut self, signed: Signed) -> Result<Inserted, OpError> {
        let op = Op::read(&signed)?;
        let id = OpId::of(&signed);
        // The one that made the room names none: it is its hash that must be the room's.
        if self.contains(&id) || self.waiting.iter().any(|waiting| waiting.signed == signed) {
            return Ok(Inserted::Known);
        }
        if op.room != self.room {
            return Err(OpError::Room);
        }
        op.says()?;
        if !op.parents.iter().all(|parent| self.contains(parent)) {
            if self.waiting.len() >= WAITING {
                self.waiting.pop_front();
            }
            self.waiting.push_back(Waiting { id, op, signed });
            return Ok(Inserted::Waits);
        }
        let fact = self.judge(id, &op, &signed)?;
        self.take(op, fact, signed);
        let mut new = vec![id];
        self.free(&mut new);
        Ok(Inserted::New(new))
    }

    /// Takes what waited, as long as something can be.
    fn free(&mut self, new: &mut Vec<OpId>) {
        while let Some(at) =
            self.waiting.iter().position(|waiting| waiting.op.parents.iter().all(|id| self.contains(id)))
        {
            let Some(Waiting { id, op, signed }) = self.waiting.remove(at) else { return };
            if self.contains(&id) {
                continue;
            }
            if let Ok(fact) = self.judge(id, &op, &signed) {
                self.take(op, fact, signed);
                new.push(id);
            }
        }
    }

    /// Whether an operation whose parents are here holds, and what it says.
    fn judge(&self, id: OpId, op: &Op, signed: &Signed) -> Result<Fact, OpError> {
        if self.held.len() >= OPS || self.bytes.saturating_add(signed.body.len()) > LOG_BYTES {
            return Err(OpError::Full);
        }
        let says = op.says()?;
        let manifest = op.open_manifest(&says)?;
        let (fact, key) = self.fact(id, op, says, manifest)?;
        kdf::verify(&key, Op::DOMAIN, &signed.body, &signed.sig).map_err(|_| OpError::Signature)?;
        Ok(fact)
    }

    /// What an operation says if it is signed with the key that is given beside it.
    fn fact(
        &self,
        id: OpId,
        op: &Op,
        says: OpBody,
        manifest: Option<Manifest>,
    ) -> Result<(Fact, [u8; 32]), OpError> {
        if op.lamport != self.lamport_after(&op.parents) {
            return Err(OpError::Lamport);
        }
        let past = self.past_of(op.parents.iter().filter_map(|parent| self.places.get(parent).copied()));
        let earlier = self.manifests.get(&op.author).into_iter().flatten();
        let earlier = earlier.filter(|place| past.contains(**place));
        let mut known = earlier.filter_map(|place| self.facts.get(*place)?.manifest.as_ref()).peekable();
        let named = known.peek().is_some();
        let own = manifest.as_ref().filter(|own| own.account == op.author);
        let (mut key, mut listed, mut newest, mut revoked) = (None, 0, 0, false);
        for manifest in known.chain(own) {
            newest = newest.max(manifest.version);
            revoked |= manifest.is_revoked(&op.device);
            if let Some(entry) = manifest.device(&op.device) {
                key = Some(entry.sig);
                listed = listed.max(manifest.version);
            }
        }
        // Nobody enters by their own word: who speaks was named by somebody before.
        let key = key.filter(|_| named || op.kind == Op::CREATE).ok_or(OpError::Device)?;
        let (author, device, lamport) = (op.author, op.device, op.lamport);
        let out = revoked || newest > listed;
        Ok((Fact { id, author, device, lamport, says, manifest, listed, out, past }, key))
    }

    /// Puts a judged operation into its place.
    fn take(&mut self, op: Op, fact: Fact, signed: Signed) {
        let place = self.held.len();
        for parent in &op.parents {
            self.tips.remove(parent);
        }
        self.tips.insert(fact.id);
        self.places.insert(fact.id, place);
        if let Some(manifest) = &fact.manifest {
            self.manifests.entry(manifest.account).or_default().push(place);
            self.keys.extend(manifest.devices.iter().map(|device| (device.id, device.sig)));
        }
        self.bytes = self.bytes.saturating_add(signed.body.len());
        self.held.push(Held { id: fact.id, signed });
        self.facts.push(fact);
        self.members = OnceLock::new();
    }

    /// These places and all before them.
    fn past_of(&self, places: impl Iterator<Item = usize>) -> Past {
        let mut past = Past::default();
        for place in places {
            if past.contains(place) {
                continue;
            }
            if let Some(fact) = self.facts.get(place) {
                past.join(&fact.past);
            }
            past.insert(place);
        }
        past
    }

    fn reckoned(&self) -> &Arc<Members> {
        self.members.get_or_init(|| Arc::new(evaluate(&self.facts, None)))
    }

    fn lamport(&self, id: &OpId) -> u64 {
        let fact = self.places.get(id).and_then(|place| self.facts.get(*place));
        fact.map(|fact| fact.lamport).unwrap_or_default()
    }

    /// The number of an operation with these parents.
    fn lamport_after(&self, parents: &[OpId]) -> u64 {
        parents.iter().map(|id| self.lamport(id).saturating_add(1)).max().unwrap_or_default()
    }

    fn view(&self, tips: &[OpId]) -> Option<Arc<Members>> {
        let views = self.views.lock().ok()?;
        views.iter().find(|(known, _)| known == tips).map(|(_, members)| Arc::clone(members))
    }
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log")
            .field("room", &self.room)
            .field("held", &self.held.len())
            .field("waiting", &self.waiting.len())
            .finish_non_exhaustive()
    }
}
