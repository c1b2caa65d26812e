//! What went over the network in the last minute, second by second, while somebody looks.

use std::collections::VecDeque;

/// Seconds remembered.
pub const SECONDS: usize = 60;

/// Bytes of one second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Second {
    /// That came.
    pub down: u64,
    /// That went.
    pub up: u64,
}

/// The last minute.
#[derive(Debug, Clone, Default)]
pub struct Flow {
    seconds: VecDeque<Second>,
    last: Option<(u64, u64, u64)>,
}

impl Flow {
    /// Takes in sums as they are at a time (monotonic milliseconds). A look that came late is spread over the seconds
    /// it covers.
    pub fn take(&mut self, now_ms: u64, down: u64, up: u64) {
        let Some((then_ms, then_down, then_up)) = self.last.replace((now_ms, down, up)) else { return };
        let seconds = (now_ms.saturating_sub(then_ms) + 500) / 1_000;
        if seconds == 0 {
            // Sooner than a second: it counts with the next look.
            self.last = Some((then_ms, then_down, then_up));
            return;
        }
        // Sums that fell are those of another node: it was started anew.
        let second = Second {
            down: down.saturating_sub(then_down) / seconds,
            up: up.saturating_sub(then_up) / seconds,
        };
        for _ in 0..seconds.min(u64::try_from(SECONDS).unwrap_or(60)) {
            self.seconds.push_back(second);
        }
        while self.seconds.len() > SECONDS {
            self.seconds.pop_front();
        }
    }

    /// The seconds, the newest last.
    pub fn seconds(&self) -> impl ExactSizeIterator<Item = Second> + '_ {
        self.seconds.iter().copied()
    }

    /// The newest second.
    pub fn now(&self) -> Second {
        self.seconds.back().copied().unwrap_or_default()
    }
}

/// Values as a row of `width` marks from empty to full, the newest at the right; what is missing at the left is empty.
/// The largest of them all is full, so two rows are only compared by the figures beside them.
pub fn spark(values: &[u64], width: usize, levels: &[char]) -> String {
    let empty = levels.first().copied().unwrap_or(' ');
    let full = levels.len().saturating_sub(1);
    let most = values.iter().copied().max().unwrap_or(0);
    if width == 0 {
        return String::new();
    }
    // Each mark stands for the same number of seconds and shows the largest of them.
    let per = SECONDS.div_ceil(width).max(1);
    let mut marks: Vec<char> = values
        .rchunks(per)
        .take(width)
        .map(|chunk| {
            let value = chunk.iter().copied().max().unwrap_or(0);
            let level = if most == 0 || value == 0 { 0 } else { share(value, most, full).max(1) };
            levels.get(level).copied().unwrap_or(empty)
        })
        .collect();
    marks.resize(width.min(SECONDS.div_ceil(per)), empty);
    marks.iter().rev().collect()
}

/// How many of `full` steps `value` is of `most`, rounded up.
fn share(value: u64, most: u64, full: usize) -> usize {
    let full = u128::try_from(full).unwrap_or(0);
    let steps = (u128::from(value) * full).div_ceil(u128::from(most.max(1)));
    usize::try_from(steps).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LEVELS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

    #[test]
    fn a_look_that_came_late_is_spread_and_a_node_started_anew_is_no_flood() {
        let mut flow = Flow::default();
        flow.take(0, 1_000, 10);
        assert_eq!(flow.seconds().len(), 0);
        flow.take(1_000, 3_000, 20);
        flow.take(1_300, 4_000, 20);
        flow.take(4_000, 9_000, 20);
        let down: Vec<u64> = flow.seconds().map(|second| second.down).collect();
        assert_eq!(down, [2_000, 2_000, 2_000, 2_000]);
        flow.take(5_000, 5, 5);
        assert_eq!(flow.now(), Second::default());
        for second in 6..200 {
            flow.take(second * 1_000, second, 0);
        }
        assert_eq!(flow.seconds().len(), SECONDS);
    }

    #[test]
    fn a_row_of_marks_shows_the_newest_at_the_right() {
        assert_eq!(spark(&[], 4, &LEVELS), "    ");
        let mut values = vec![0; 56];
        values.extend([1, 100, 0, 800]);
        assert!(spark(&values, 60, &LEVELS).ends_with(" ▁▁ █"));
        // Half the columns: each shows the larger of two seconds.
        assert!(spark(&values, 30, &LEVELS).ends_with(" ▁█"));
    }

    proptest! {
        #[test]
        fn a_row_is_never_wider_than_its_place(values in proptest::collection::vec(any::<u64>(), 0..80), width in 0usize..90) {
            let row = spark(&values, width, &LEVELS);
            prop_assert!(row.chars().count() <= width);
            prop_assert!(values.is_empty() || width == 0 || values.iter().rev().take(SECONDS).all(|v| *v == 0) || row.contains('█') || values.len() > SECONDS);
        }
    }
}
