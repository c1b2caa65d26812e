//! Who waits for which message to reach which state. One table for the node, fed by one task, instead of a
//! subscription for every `send --wait`.

use starling_protocol::engine::step::MessageState;
use starling_protocol::ids::MessageId;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Receipts remembered for waiters that come after them: a receipt can be faster than the answer to its `send`.
/// It must cover the receipts of the moment between the two; the memory is some 60 bytes each.
const RECENT: usize = 8_192;

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// How far it is.
    pub state: MessageState,
    /// Why, for `failed`.
    pub reason: Option<String>,
}

/// Whether waiting for `level` is over in `state`: reached, or never to be.
pub fn is_over(state: MessageState, level: MessageState) -> bool {
    match level {
        MessageState::Queued => true,
        MessageState::Read => {
            matches!(state, MessageState::Read | MessageState::Failed | MessageState::Expired)
        }
        MessageState::Delivered => state >= MessageState::Failed,
        MessageState::Mailbox | MessageState::Failed | MessageState::Expired => {
            state >= MessageState::Mailbox
        }
    }
}

struct Waiter {
    number: u64,
    level: MessageState,
    answer: oneshot::Sender<Reached>,
}

#[derive(Default)]
struct Table {
    next: u64,
    waiting: HashMap<MessageId, Vec<Waiter>>,
    recent: HashMap<MessageId, Reached>,
    order: VecDeque<MessageId>,
}

/// The table.
#[derive(Default)]
pub struct Waits {
    table: Mutex<Table>,
}

/// A place in the table, given up when dropped.
pub struct Wait<'a> {
    waits: &'a Waits,
    message: MessageId,
    number: u64,
    answer: oneshot::Receiver<Reached>,
}

impl Waits {
    fn table(&self) -> MutexGuard<'_, Table> {
        // The table is whole after every statement: a panic of another holder leaves nothing half done.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a message is as far as `level`, or will never be.
    pub fn wait(&self, message: MessageId, level: MessageState) -> Wait<'_> {
        let (answer, receiver) = oneshot::channel();
        let mut table = self.table();
        table.next += 1;
        let number = table.next;
        match table.recent.get(&message) {
            Some(reached) if is_over(reached.state, level) => {
                // The receiver is held just above.
                let _ = answer.send(reached.clone());
            }
            _ => table.waiting.entry(message).or_default().push(Waiter { number, level, answer }),
        }
        Wait { waits: self, message, number, answer: receiver }
    }

    /// A message went forward.
    pub fn reached(&self, message: MessageId, reached: &Reached) {
        let mut table = self.table();
        if table.recent.insert(message, reached.clone()).is_none() {
            table.order.push_back(message);
            if table.order.len() > RECENT
                && let Some(oldest) = table.order.pop_front()
            {
                table.recent.remove(&oldest);
            }
        }
        let Some(waiters) = table.waiting.remove(&message) else { return };
        let mut left = Vec::new();
        for waiter in waiters {
            if is_over(reached.state, waiter.level) {
                // A waiter whose time is over has gone; that is its own affair.
                let _ = waiter.answer.send(reached.clone());
            } else {
                left.push(waiter);
            }
        }
        if !left.is_empty() {
            table.waiting.insert(message, left);
        }
    }

    /// The messages somebody waits for.
    pub fn messages(&self) -> Vec<MessageId> {
        self.table().waiting.keys().copied().collect()
    }
}

impl Wait<'_> {
    /// Resolves when it is over; none if the node ends first.
    pub async fn over(&mut self) -> Option<Reached> {
        (&mut self.answer).await.ok()
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let mut table = self.waits.table();
        if let Some(waiters) = table.waiting.get_mut(&self.message) {
            waiters.retain(|waiter| waiter.number != self.number);
            if waiters.is_empty() {
                table.waiting.remove(&self.message);
            }
        }
    }
}

#[cfg(test)]
mod tests;
