//! Sets of operations by their place in the log: one bit each, so that "did this one know that one" is one look. All
//! pasts of a log together take `n² / 16` bytes: 6 MB for 10,000 operations, 25 MB for the most a room may have.

/// A set of places in the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Past(Vec<u64>);

impl Past {
    /// Whether it holds this place.
    pub(super) fn contains(&self, place: usize) -> bool {
        self.0.get(place / 64).is_some_and(|word| word & (1 << (place % 64)) != 0)
    }

    /// Takes a place in.
    pub(super) fn insert(&mut self, place: usize) {
        let at = place / 64;
        if self.0.len() <= at {
            self.0.resize(at.saturating_add(1), 0);
        }
        if let Some(word) = self.0.get_mut(at) {
            *word |= 1 << (place % 64);
        }
    }

    /// Takes all places of another in.
    pub(super) fn join(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    /// Whether every place of the other is in it.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let mine = self.0.iter().copied().chain(std::iter::repeat(0));
        other.0.iter().zip(mine).all(|(theirs, mine)| theirs & !mine == 0)
    }

    /// How many places are in it.
    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|word| usize::try_from(word.count_ones()).unwrap_or_default()).sum()
    }
}
