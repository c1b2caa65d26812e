//! Which of a device's messages in a room are here (docs/spec/09-rooms.md, "Messages"): sets of numbers as few ranges.
//! Nothing here knows what the messages say.

use serde::{Deserialize, Serialize};

/// Ranges kept per set. Who skips more numbers than that has the rest refused until some are filled; more would let a
/// device fill our memory with numbers.
pub(super) const RANGES: usize = 64;

/// A set of numbers from 1 on, as inclusive ranges in order, none touching the next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Numbers(Vec<(u64, u64)>);

impl Numbers {
    pub fn contains(&self, number: u64) -> bool {
        self.0.iter().any(|(from, to)| (*from..=*to).contains(&number))
    }

    /// All numbers from 1 up to this one are in it.
    pub fn upto(&self) -> u64 {
        self.0.first().filter(|(from, _)| *from <= 1).map_or(0, |(_, to)| *to)
    }

    /// The highest number in it; 0 for none.
    pub fn last(&self) -> u64 {
        self.0.last().map_or(0, |(_, to)| *to)
    }

    /// Adds a range. `false`, and nothing is added, when that would take too many ranges.
    pub fn insert(&mut self, from: u64, to: u64) -> bool {
        if from > to || from == 0 {
            return true;
        }
        let mut merged = (from, to);
        let mut out = Vec::with_capacity(self.0.len().saturating_add(1));
        for (a, b) in self.0.iter().copied() {
            if b.saturating_add(1) < merged.0 || a > merged.1.saturating_add(1) {
                out.push((a, b));
            } else {
                merged = (merged.0.min(a), merged.1.max(b));
            }
        }
        out.push(merged);
        out.sort_unstable();
        if out.len() > RANGES {
            return false;
        }
        self.0 = out;
        true
    }

    /// Takes the numbers from `first` to `last` out.
    pub fn remove(&mut self, first: u64, last: u64) {
        let split = |(from, to): &(u64, u64)| {
            [(*from, first.saturating_sub(1).min(*to)), (last.saturating_add(1).max(*from), *to)]
        };
        self.0 = self.0.iter().flat_map(split).filter(|(from, to)| from <= to).collect();
    }

    pub fn ranges(&self) -> &[(u64, u64)] {
        &self.0
    }

    /// The numbers from 1 to `last` that are not in it.
    pub fn holes(&self, last: u64) -> Vec<(u64, u64)> {
        let mut next = 1u64;
        let mut holes = Vec::new();
        for (from, to) in self.0.iter().copied().filter(|(from, _)| *from <= last) {
            if next < from {
                holes.push((next, from.saturating_sub(1)));
            }
            next = to.saturating_add(1);
        }
        if next <= last {
            holes.push((next, last));
        }
        holes
    }
}

/// One device's messages in a room, as far as we have them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Chain {
    /// Here, on disk.
    pub stored: Numbers,
    /// Here, opened, and done with: shown, or what it said was done.
    pub applied: Numbers,
    /// Never to come: written before we were let in, and not for us.
    pub void: Numbers,
    /// Shown as missing.
    pub gaps: Numbers,
}

impl Chain {
    /// Whether nothing waits for a number any more.
    pub fn is_done(&self, number: u64) -> bool {
        number == 0
            || self.applied.contains(number)
            || self.void.contains(number)
            || self.gaps.contains(number)
    }

    /// Whether nothing waits for any number up to this one.
    pub fn is_done_upto(&self, last: u64) -> bool {
        let mut done = self.applied.clone();
        for (from, to) in self.void.ranges().iter().chain(self.gaps.ranges()) {
            done.insert(*from, *to);
        }
        done.upto() >= last
    }

    /// Numbers up to `last` that are neither here nor given up.
    pub fn wanted(&self, last: u64) -> Vec<(u64, u64)> {
        let mut known = self.stored.clone();
        for (from, to) in self.void.ranges() {
            known.insert(*from, *to);
        }
        known.holes(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(ranges: &[(u64, u64)]) -> Numbers {
        let mut numbers = Numbers::default();
        for (from, to) in ranges {
            assert!(numbers.insert(*from, *to));
        }
        numbers
    }

    #[test]
    fn ranges_that_touch_become_one() {
        assert_eq!(numbers(&[(1, 2), (5, 6), (3, 4)]), numbers(&[(1, 6)]));
        assert_eq!(numbers(&[(4, 9), (2, 5), (1, 1)]).ranges(), [(1, 9)]);
        assert_eq!(numbers(&[(u64::MAX, u64::MAX), (u64::MAX - 1, u64::MAX)]).ranges().len(), 1);
    }

    #[test]
    fn a_number_taken_out_splits_its_range() {
        let mut taken = numbers(&[(1, 9)]);
        taken.remove(5, 5);
        assert_eq!(taken.ranges(), [(1, 4), (6, 9)]);
        taken.remove(1, 1);
        taken.remove(9, 9);
        assert_eq!(taken.ranges(), [(2, 4), (6, 8)]);
        taken.remove(20, 20);
        assert_eq!(taken.ranges(), [(2, 4), (6, 8)]);
    }

    #[test]
    fn holes_are_what_is_not_there() {
        assert_eq!(numbers(&[(2, 3), (6, 6)]).holes(8), [(1, 1), (4, 5), (7, 8)]);
        assert_eq!(numbers(&[(1, 8)]).holes(8), []);
        assert_eq!(numbers(&[(1, 8)]).holes(4), []);
        assert_eq!(numbers(&[]).holes(2), [(1, 2)]);
        assert_eq!((numbers(&[(1, 4), (6, 7)]).upto(), numbers(&[(2, 4)]).upto()), (4, 0));
    }

    #[test]
    fn who_skips_too_many_numbers_is_refused() {
        let mut skipping = Numbers::default();
        for number in 1..=RANGES as u64 {
            assert!(skipping.insert(number * 2, number * 2));
        }
        assert!(!skipping.insert(1_000, 1_000));
        assert!(skipping.insert(3, 3), "a hole may be filled");
    }
}
