//! Where a message stands among those of its chat: by depth, then mark, then row.
//!
//! In a chat of two all depths are 0 and the marks are the rows, so that arrival alone decides. In a room depth and mark
//! come with the message, and what has none (a line by Starling itself) follows what was there when it came.

use starling_protocol::engine::step::Place;

/// The greatest depth and mark a message can bring.
const MOST: i64 = 1 << 62;
/// What brings all marks that messages bring below all rows.
const BELOW_ROWS: i64 = MOST + 1;

/// Where a message stands in its chat. Sorts, with the row as the last word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Placed {
    /// See [`Place::At`]; for [`Place::Last`] the greatest of its chat when it came.
    pub depth: i64,
    /// The mark of [`Place::At`], less 2^62 + 1; the row for [`Place::Last`].
    pub mark: i64,
}

impl Placed {
    /// After everything there can be.
    pub(crate) const END: Self = Self { depth: i64::MAX, mark: i64::MAX };

    /// Where a new row is, in a chat whose greatest depth is `deepest`.
    pub(crate) fn new(place: Place, row: i64, deepest: i64) -> Self {
        let (depth, mark) = parts(place, row);
        Self { depth: depth.unwrap_or(deepest), mark }
    }
}

/// Depth (none: the greatest of the chat) and mark of a new row as they are kept.
pub(crate) fn parts(place: Place, row: i64) -> (Option<i64>, i64) {
    let bounded = |number: u64| i64::try_from(number).unwrap_or(MOST).min(MOST);
    match place {
        Place::Last => (None, row),
        Place::At { depth, mark } => (Some(bounded(depth)), bounded(mark) - BELOW_ROWS),
    }
}
