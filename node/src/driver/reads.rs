//! Records the engine wants back from the store, fetched beside its turns.
//!
//! An order is given to the store after the commit of its turn, so the answer has that commit in it, and perhaps later
//! ones. Answers come in any order.

use crate::store::StoreError;
use crate::store::worker::StoreHandle;
use starling_protocol::engine::{Input, ReadOrder};
use std::collections::VecDeque;
use tokio::task::JoinSet;

/// Orders the store works on at once; the others wait here, as many as the engine asks at a time. More would fill the
/// queue that people's own reading shares; one alone would leave the store idle between two.
const AT_ONCE: usize = 4;

/// What became of one order.
pub(super) type Fetched = Result<Input, StoreError>;

/// See the module.
pub(super) struct Reads {
    store: StoreHandle,
    waiting: VecDeque<ReadOrder>,
    running: JoinSet<Fetched>,
}

impl Reads {
    pub fn new(store: StoreHandle) -> Self {
        Self { store, waiting: VecDeque::new(), running: JoinSet::new() }
    }

    /// Takes an order.
    pub fn order(&mut self, order: ReadOrder) {
        self.waiting.push_back(order);
        self.start();
    }

    /// The next answer; never if nothing was ordered. Nothing is lost when this is dropped.
    pub async fn next(&mut self) -> Fetched {
        let Some(fetched) = self.running.join_next().await else { return std::future::pending().await };
        self.start();
        fetched.unwrap_or_else(|error| Err(StoreError::Io { what: format!("a read was cut off: {error}") }))
    }

    /// Forgets all orders: who gave them is gone.
    pub fn forget(&mut self) {
        self.waiting.clear();
        self.running = JoinSet::new();
    }

    fn start(&mut self) {
        while self.running.len() < AT_ONCE
            && let Some(order) = self.waiting.pop_front()
        {
            self.running.spawn(fetch(self.store.clone(), order));
        }
    }
}

async fn fetch(store: StoreHandle, order: ReadOrder) -> Fetched {
    let read = order.read;
    let (records, more) = store.read(order).await?;
    Ok(Input::Read { read, records, more })
}

#[cfg(test)]
mod tests;
