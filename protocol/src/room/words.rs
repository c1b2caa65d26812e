//! What two members say about a room over a live link (docs/spec/09-rooms.md, "Frames of a link"), and, inside its
//! sealing, by gossip and in its mailbox.
//!
//! This module must not decide what is asked or given: [`crate::engine`] does.

use super::entry::{ENTRY_BYTES, Entry, LAST_SEQ};
use super::have::HAVE_BYTES;
use super::{OP_BYTES, OpId};
use crate::ids::{DeviceId, RoomId};
use crate::wire::{Frame, Signed, WireError};
use crate::{limits, wire};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

const HEADS: u16 = 32;
const ASK: u16 = 33;
const GIVE: u16 = 34;
const READY: u16 = 35;

/// Bytes of a frame that [`Give::batches`] makes, at most: with what is around it, it fits a message of the link and an
/// envelope. Lower would need more frames; higher would not fit.
pub const GIVE_BYTES: usize = 56 * 1024;
/// Newest operations named in one frame, at most. Who knows more names some: the other gives what it then lacks.
pub const TIPS: usize = 64;
/// Ranges in one [`Ask`], at most: the next go to another member, or when these are here.
pub const RANGES: usize = 64;
/// Receipts or cards named in one frame, at most, so that a [`Heads`] with the largest receipt fits a frame. A larger
/// room says the rest in another.
pub const NAMES: usize = 512;
/// Things of one sort in one [`Give`], at most: more than fit a frame in practice.
pub const ITEMS: usize = 512;
/// Bytes of an encoded card, at most: what a record of the DHT takes.
pub const CARD_BYTES: usize = 8 * 1024;
/// Bytes around an encoded thing in a list, or around all of a frame, at most.
pub(super) const AROUND: usize = 16;
/// Bytes of a [`Give`] with all its `void` and nothing else in it, with its frame, at most.
const EMPTY_GIVE: usize = 32 + 5 * AROUND + RANGES * (16 + 9 + 9);

/// 32: what we have. Nothing follows from what is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heads {
    /// Of which room.
    pub room: RoomId,
    /// The newest operations we know, at most [`TIPS`].
    pub tips: Vec<OpId>,
    /// Our [`super::Have`].
    pub have: Signed,
    /// The counters of the newest receipts of others we have, at most [`NAMES`].
    pub marks: Vec<(DeviceId, u64)>,
    /// The numbers of the newest cards of others we have, at most [`NAMES`].
    pub cards: Vec<(DeviceId, u64)>,
}

/// 33: what we want.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Of which room.
    pub room: RoomId,
    /// The newest operations we know, at most [`TIPS`]: the others are wanted.
    pub tips: Vec<OpId>,
    /// Entries that are wanted: device, first and last number; at most [`RANGES`].
    pub ranges: Vec<(DeviceId, u64, u64)>,
    /// Whether only opened ones are wanted: we have no key for them.
    pub open: bool,
    /// Whose receipts are wanted, at most [`NAMES`].
    pub marks: Vec<DeviceId>,
    /// Whose cards are wanted, at most [`NAMES`].
    pub cards: Vec<DeviceId>,
}

/// 34: what was asked for, or is news.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Give {
    /// Of which room.
    pub room: RoomId,
    /// Operations, those that others name first; at most [`ITEMS`].
    pub ops: Vec<Signed>,
    /// Entries, at most [`ITEMS`].
    pub entries: Vec<Entry>,
    /// Receipts, at most [`ITEMS`].
    pub marks: Vec<Signed>,
    /// Cards, at most [`ITEMS`].
    pub cards: Vec<Signed>,
    /// What was asked for and is not for who asked: numbers of a device's entries, written before they came in. At most
    /// [`RANGES`].
    pub void: Vec<(DeviceId, u64, u64)>,
    /// Whether there is more of what was asked for.
    pub more: bool,
}

/// One frame about a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Words {
    /// 32.
    Heads(Box<Heads>),
    /// 33.
    Ask(Box<Ask>),
    /// 34.
    Give(Box<Give>),
    /// 35: gossip may begin on this connection.
    Ready,
}

impl Words {
    /// Its frame.
    ///
    /// # Errors
    /// [`WireError::TooLarge`] over a bound.
    pub fn encode(&self) -> Result<Vec<u8>, WireError> {
        match self {
            Self::Heads(heads) => heads.is_possible().and_then(|()| Frame::pack(HEADS, heads)),
            Self::Ask(ask) => ask.is_possible().and_then(|()| Frame::pack(ASK, ask)),
            Self::Give(give) => give.is_possible().and_then(|()| Frame::pack(GIVE, give)),
            Self::Ready => Frame::pack(READY, &()),
        }
    }

    /// The words in a frame; `None` for a frame that is not about rooms.
    ///
    /// # Errors
    /// [`WireError`] when it is malformed or over a bound: whose link it came by is at fault.
    pub fn decode(kind: u16, body: &[u8]) -> Result<Option<Self>, WireError> {
        Ok(Some(match kind {
            HEADS => Self::Heads(bounded(body, Heads::is_possible)?),
            ASK => Self::Ask(bounded(body, Ask::is_possible)?),
            GIVE => Self::Give(bounded(body, Give::is_possible)?),
            READY => wire::decode::<()>(body).map(|()| Self::Ready)?,
            _ => return Ok(None),
        }))
    }
}

impl Heads {
    fn is_possible(&self) -> Result<(), WireError> {
        within(self.tips.len(), TIPS)?;
        within(self.have.body.len(), HAVE_BYTES)?;
        within(self.marks.len(), NAMES)?;
        within(self.cards.len(), NAMES)
    }
}

impl Ask {
    fn is_possible(&self) -> Result<(), WireError> {
        within(self.tips.len(), TIPS)?;
        within(self.marks.len(), NAMES)?;
        within(self.cards.len(), NAMES)?;
        sound(&self.ranges)
    }
}

impl Give {
    /// Nothing of a room.
    pub fn empty(room: RoomId) -> Self {
        let (ops, entries, marks, cards) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { room, ops, entries, marks, cards, void: Vec::new(), more: false }
    }

    /// Cuts what is to be given into pieces whose frames have at most [`GIVE_BYTES`]: operations first, then cards,
    /// entries and receipts, each in its order, so that who reads them one after another can check each. All but the
    /// last say that there is more; the last says `more`. What is over the bound of its sort is left out. Nothing at
    /// all gives one empty piece.
    pub fn batches(all: Self) -> Vec<Self> {
        let Self { room, ops, entries, marks, cards, mut void, more } = all;
        let mut cutter = Cutter { done: Vec::new(), last: Self::empty(room), bytes: EMPTY_GIVE };
        for op in ops.into_iter().filter(|op| op.body.len() <= OP_BYTES) {
            cutter.room_for(signed_size(&op), |give| give.ops.len()).ops.push(op);
        }
        for card in cards.into_iter().filter(|card| card.body.len() <= CARD_BYTES) {
            cutter.room_for(signed_size(&card), |give| give.cards.len()).cards.push(card);
        }
        for entry in entries.into_iter().filter(|entry| entry.size() <= ENTRY_BYTES) {
            cutter.room_for(entry.framed(), |give| give.entries.len()).entries.push(entry);
        }
        for mark in marks.into_iter().filter(|mark| mark.body.len() <= HAVE_BYTES) {
            cutter.room_for(signed_size(&mark), |give| give.marks.len()).marks.push(mark);
        }
        let Cutter { mut done, mut last, .. } = cutter;
        void.truncate(RANGES);
        (last.void, last.more) = (void, more);
        done.push(last);
        done
    }

    fn is_possible(&self) -> Result<(), WireError> {
        for items in [self.ops.len(), self.entries.len(), self.marks.len(), self.cards.len()] {
            within(items, ITEMS)?;
        }
        sound(&self.void)?;
        self.ops.iter().try_for_each(|op| within(op.body.len(), OP_BYTES))?;
        self.cards.iter().try_for_each(|card| within(card.body.len(), CARD_BYTES))?;
        self.marks.iter().try_for_each(|mark| within(mark.body.len(), HAVE_BYTES))?;
        self.entries.iter().try_for_each(|entry| within(entry.size(), ENTRY_BYTES))
    }
}

/// Fills one piece after another.
struct Cutter {
    done: Vec<Give>,
    last: Give,
    bytes: usize,
}

impl Cutter {
    /// The piece that takes one thing more of so many bytes.
    fn room_for(&mut self, bytes: usize, count: impl Fn(&Give) -> usize) -> &mut Give {
        if self.bytes.saturating_add(bytes) > GIVE_BYTES || count(&self.last) >= ITEMS {
            let next = Give::empty(self.last.room);
            let mut full = std::mem::replace(&mut self.last, next);
            full.more = true;
            self.done.push(full);
            self.bytes = EMPTY_GIVE;
        }
        self.bytes = self.bytes.saturating_add(bytes);
        &mut self.last
    }
}

/// Bytes of a signed thing's encoding, or a little more.
pub(super) fn signed_size(signed: &Signed) -> usize {
    signed.body.len().saturating_add(64 + AROUND)
}

/// Whether these are ranges of numbers, and not too many.
fn sound(ranges: &[(DeviceId, u64, u64)]) -> Result<(), WireError> {
    within(ranges.len(), RANGES)?;
    let sound = |(_, from, to): &(DeviceId, u64, u64)| *from >= 1 && from <= to && *to <= LAST_SEQ;
    if ranges.iter().all(sound) { Ok(()) } else { Err(WireError::Malformed) }
}

fn within(count: usize, limit: usize) -> Result<(), WireError> {
    if count <= limit { Ok(()) } else { Err(WireError::TooLarge { limit_bytes: limit }) }
}

fn bounded<T: Serialize + DeserializeOwned>(
    body: &[u8],
    is_possible: impl Fn(&T) -> Result<(), WireError>,
) -> Result<Box<T>, WireError> {
    within(body.len(), limits::FRAME_BYTES)?;
    let value = wire::decode::<T>(body)?;
    is_possible(&value).map(|()| Box::new(value))
}
