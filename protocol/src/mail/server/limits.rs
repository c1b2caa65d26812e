//! What a mailbox allows. Whatever it holds, its memory is bounded by [`Limits::links`]: nothing is kept there for a
//! box, a queue or an envelope.

use crate::mail::MESSAGE_BYTES;
use crate::time::{DAY_MS, MINUTE_MS};

/// How long an envelope is kept, in milliseconds of lived time. Shorter loses mail for who is on a long journey;
/// longer fills the disk with mail for who never comes back.
pub const KEPT_MS: u64 = 14 * DAY_MS;
/// Bytes of envelopes in one page of a fetch, whatever was asked for: what one stream may cost in memory at a time.
pub const PAGE_BYTES: usize = 1 << 20;
/// Items in one page of a fetch.
pub const PAGE_ITEMS: usize = 256;
/// Bytes of answers that may wait for one stream before a fetch is refused as too much at once.
pub const ANSWERS_BYTES: usize = 2 * PAGE_BYTES;
/// Bytes a minute that a queue takes. One writer cannot keep the disk busy for all.
pub const RATE_BYTES_PER_MIN: u64 = 4 << 20;
/// Bytes a queue takes at once after it was quiet: what a person wrote in a week without a road.
pub const BURST_BYTES: u64 = 32 << 20;
/// Boxes of rooms for each person of a grant, beside the person's own. Fewer leave rooms without one; more are a way
/// around the quota.
pub const SHARED_BOXES: u64 = 8;
/// Each of these has this part of the grant's quota: all of them, twice the quota.
pub const SHARED_PART: u64 = 4;
/// Boxes with a shared queue of which one stream is told news. More are read without being told.
pub const READS: usize = 256;
/// Wrong tokens on one stream, after which it is closed. A contact whose queues are gone needs a few.
pub const WRONG_TOKENS: u32 = 32;
/// How long a stream that is no owner's may be quiet.
pub const IDLE_MS: u64 = 10 * MINUTE_MS;
/// Envelopes that expire in one tick: more make one commit long.
pub const EXPIRED: usize = 1_024;
/// How often [`super::Server::tick`] is to be called.
pub const TICK_MS: u64 = MINUTE_MS;
/// A pause between two runs longer than this is a clock that lied, not time that passed.
pub const BELIEVED_PAUSE_MS: u64 = 60 * DAY_MS;
/// Grants that are listed for the operator.
pub const GRANTS_SHOWN: usize = 256;

/// Bounds that differ from mailbox to mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of envelopes and cards, all boxes together. The file is up to a fifth larger.
    pub disk_bytes: u64,
    /// Boxes.
    pub boxes: u64,
    /// Queues, all boxes together; each costs some 200 bytes of disk even when it is empty.
    pub queues: u64,
    /// Queues of one box: two for each contact and invite.
    pub queues_per_box: u64,
    /// Streams. Each may cost [`MESSAGE_BYTES`] of memory.
    pub links: usize,
    /// Streams of one peer.
    pub links_per_peer: usize,
}

impl Default for Limits {
    fn default() -> Self {
        const { assert!(1_024 * MESSAGE_BYTES <= 72 << 20) };
        Self {
            disk_bytes: 4 << 30,
            boxes: 65_536,
            queues: 1 << 20,
            queues_per_box: 8_192,
            links: 1_024,
            links_per_peer: 8,
        }
    }
}
