//! Rules that are watched at every commit of every machine, because nothing of them is left to see at the end of a run.

use super::World;
use crate::engine::{Change, MessageState, stored_custody};

impl World {
    /// Sees what a machine has just committed.
    pub(super) fn watch(&mut self, index: usize, changes: &[Change]) {
        for change in changes {
            match change {
                Change::State { message, account, state, .. } if *state >= MessageState::Delivered => {
                    let me = self.account(index);
                    let mut there = self.machines.iter().filter(|machine| machine.account == *account);
                    if !there.all(|machine| machine.watch.has(me, *message)) {
                        self.faults.push(format!("{index}: {message} is {state:?} and on nobody's disk"));
                    }
                }
                Change::Put(record) => {
                    for kept in stored_custody(record).unwrap_or_default() {
                        if !self.promised.contains(&kept) {
                            self.faults.push(format!("{index}: custody of {:?} that never promised", kept.0));
                        }
                    }
                }
                _ => {}
            }
        }
    }
}
