//! One pair of devices and what they encrypt to each other: Olm sessions, the order of their messages, and the
//! parts and acks that travel (docs/spec/05-delivery.md). Nothing here knows which road the bytes take.

mod part;
mod ratchet;
mod reorder;
#[cfg(test)]
mod tests;

pub use part::{Ack, OlmPart, Outcome, RefuseReason};
pub use ratchet::{Ratchet, RatchetError};
pub use reorder::{HELD_MS, Place, Reorder};
