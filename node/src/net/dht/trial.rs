//! One throw-away record put out and read back, to see whether the DHT works. Must not be heard of by the engine.

use std::time::Duration;

use libp2p::kad::RecordKey;
use starling_protocol::discovery::Record;
use starling_protocol::engine::net::NetEvent;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// The number of both requests of a trial; the engine counts from the other end.
pub(super) const NUMBER: u64 = u64::MAX;

/// What a trial came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::net) struct Outcome {
    /// Nodes that took the record.
    pub copies: u32,
    /// Nodes that answered when it was looked for.
    pub asked: u32,
    /// Whether one of them gave it back.
    pub read_back: bool,
    /// From the beginning to the end.
    pub took: Duration,
}

/// A trial under way.
pub(super) struct Trial {
    value: Vec<u8>,
    key: RecordKey,
    began: Instant,
    copies: u32,
    read_back: bool,
    answer: oneshot::Sender<Outcome>,
}

impl Trial {
    pub fn new(record: &Record, answer: oneshot::Sender<Outcome>) -> Self {
        Self {
            value: record.value.clone(),
            key: RecordKey::new(&record.key),
            began: Instant::now(),
            copies: 0,
            read_back: false,
            answer,
        }
    }

    /// An answer to the first request: the key to look up now.
    pub fn put(&mut self, copies: u32) -> RecordKey {
        self.copies = copies;
        self.key.clone()
    }

    /// Something was found.
    pub fn found(&mut self, value: &[u8]) {
        self.read_back |= value == self.value;
    }

    /// Nothing more is found.
    pub fn over(self, asked: u32) {
        let outcome =
            Outcome { copies: self.copies, asked, read_back: self.read_back, took: self.began.elapsed() };
        // Whoever asked may have gone.
        let _ = self.answer.send(outcome);
    }
}

/// Whether an answer is to a request of a trial.
pub(super) fn is_ours(event: &NetEvent) -> bool {
    match event {
        NetEvent::Published { publish: n, .. }
        | NetEvent::Found { lookup: n, .. }
        | NetEvent::LookedUp { lookup: n, .. } => *n == NUMBER,
        _ => false,
    }
}
