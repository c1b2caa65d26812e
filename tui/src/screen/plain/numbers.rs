//! Numbers of messages, so that one can be named by typing. A number is never given twice.

use std::collections::BTreeMap;

/// Messages that have a number. More only cost memory: what was told long ago is not answered by number.
const NUMBERED: usize = 5_000;

/// Which message has which number.
#[derive(Debug, Default)]
pub struct Numbers {
    last: u64,
    of: BTreeMap<String, u64>,
    ids: BTreeMap<u64, String>,
}

impl Numbers {
    /// The number of a message; a new one if it has none.
    pub fn give(&mut self, id: &str) -> u64 {
        if let Some(number) = self.of.get(id) {
            return *number;
        }
        self.last += 1;
        self.of.insert(id.to_owned(), self.last);
        self.ids.insert(self.last, id.to_owned());
        if self.ids.len() > NUMBERED
            && let Some((_, oldest)) = self.ids.pop_first()
        {
            self.of.remove(&oldest);
        }
        self.last
    }

    /// The number of a message, if it has one.
    pub fn of(&self, id: &str) -> Option<u64> {
        self.of.get(id).copied()
    }

    /// The message of a number.
    pub fn id(&self, number: u64) -> Option<&str> {
        self.ids.get(&number).map(String::as_str)
    }
}
