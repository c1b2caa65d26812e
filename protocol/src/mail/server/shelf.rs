//! Where a mailbox keeps what it holds. A shelf only stores and finds rows; sums, bounds and rights are the business of
//! [`super::Server`]. Everything between two commits is one transaction, which whoever calls the server begins and ends.

use crate::mail::QueueId;
use crate::time::WallMs;

/// The shelf failed. Nothing since the last commit has happened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the mailbox cannot reach what it holds: {0}")]
pub struct ShelfError(pub String);

/// The number of a box on its shelf. Never used again.
pub type BoxId = u64;

/// A box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoxRow {
    /// Its number.
    pub id: BoxId,
    /// `H(token)` of its owner's token.
    pub token: [u8; 32],
    /// The grant it was made under.
    pub grant: [u8; 16],
    /// Bytes it may hold.
    pub quota_bytes: u64,
    /// Bytes of envelopes and cards in it.
    pub used_bytes: u64,
    /// Queues in it.
    pub queues: u64,
    /// Envelopes in it.
    pub envelopes: u64,
    /// The number of the next envelope.
    pub next_number: u64,
    /// The highest run its owner told.
    pub run: u64,
    /// Counts `Open` and `Settle`: a queue that was not registered in this round goes at the next `Settle`.
    pub round: u64,
    /// Its grant was taken back: nothing comes in any more, and when nothing is left in it, it goes.
    pub closed: bool,
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueRow {
    /// Its name.
    pub queue: QueueId,
    /// Whose it is.
    pub owner: BoxId,
    /// `H(token)` of the token that allows a deposit.
    pub deposit: [u8; 32],
    /// Bytes of envelopes it may hold.
    pub limit_bytes: u64,
    /// Bytes of envelopes in it.
    pub used_bytes: u64,
    /// Bytes in its card slot.
    pub card_bytes: u64,
    /// Envelopes in it.
    pub envelopes: u64,
    /// The round of its box it was registered in last.
    pub round: u64,
    /// What it took of late, in bytes: falls by [`super::limits::RATE_BYTES_PER_MIN`].
    pub spent_bytes: u64,
    /// When that was so, in lived milliseconds.
    pub spent_at_ms: u64,
}

/// An envelope, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopeRow {
    /// In which box.
    pub owner: BoxId,
    /// Its number there.
    pub number: u64,
    /// In which queue.
    pub queue: QueueId,
    /// `H(envelope)`.
    pub hash: [u8; 32],
    /// How long it is.
    pub bytes: u64,
    /// When it expires, in lived milliseconds.
    pub until_ms: u64,
    /// When it was deposited first, in Unix seconds.
    pub at_s: u64,
}

/// Sums over everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Boxes.
    pub boxes: u64,
    /// Queues.
    pub queues: u64,
    /// Envelopes.
    pub envelopes: u64,
    /// Bytes of envelopes and cards.
    pub bytes: u64,
    /// The number of the next box.
    pub next_box: BoxId,
}

/// Both clocks, as they were noted last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Noted {
    /// How long this shelf has lived.
    pub lived_ms: u64,
    /// What the computer believed the date was.
    pub wall_ms: WallMs,
}

/// What was made under one grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantUse {
    /// Its name.
    pub id: [u8; 16],
    /// Boxes.
    pub boxes: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Whether it was taken back.
    pub revoked: bool,
}

/// Storage for a mailbox. Each call is one step; [`ShelfError`] means that the transaction is lost.
#[allow(clippy::missing_errors_doc)]
pub trait Shelf {
    /// The clocks, zero on a new shelf.
    fn noted(&mut self) -> Result<Noted, ShelfError>;
    /// Notes the clocks.
    fn note(&mut self, clocks: Noted) -> Result<(), ShelfError>;
    /// The sums, zero on a new shelf.
    fn totals(&mut self) -> Result<Totals, ShelfError>;
    /// Replaces the sums.
    fn set_totals(&mut self, totals: &Totals) -> Result<(), ShelfError>;

    /// The box of a token's hash.
    fn box_by_token(&mut self, token: &[u8; 32]) -> Result<Option<BoxRow>, ShelfError>;
    /// A box.
    fn box_row(&mut self, id: BoxId) -> Result<Option<BoxRow>, ShelfError>;
    /// Inserts or replaces a box.
    fn put_box(&mut self, row: &BoxRow) -> Result<(), ShelfError>;
    /// Drops a box with its queues, cards and envelopes.
    fn drop_box(&mut self, id: BoxId) -> Result<(), ShelfError>;

    /// The boxes made under a grant, at most `limit`.
    fn boxes_of(&mut self, grant: &[u8; 16], limit: usize) -> Result<Vec<BoxId>, ShelfError>;
    /// How many boxes there are under a grant.
    fn count_boxes(&mut self, grant: &[u8; 16]) -> Result<u64, ShelfError>;
    /// Grants that have boxes, and those taken back, by their names; at most `limit`.
    fn grants(&mut self, limit: usize) -> Result<Vec<GrantUse>, ShelfError>;
    /// Whether a grant was taken back.
    fn is_revoked(&mut self, grant: &[u8; 16]) -> Result<bool, ShelfError>;
    /// Remembers that a grant was taken back.
    fn revoke(&mut self, grant: &[u8; 16]) -> Result<(), ShelfError>;

    /// A queue.
    fn queue(&mut self, queue: &QueueId) -> Result<Option<QueueRow>, ShelfError>;
    /// Inserts or replaces a queue; its card and envelopes stay.
    fn put_queue(&mut self, row: &QueueRow) -> Result<(), ShelfError>;
    /// Drops a queue with its card and envelopes.
    fn drop_queue(&mut self, queue: &QueueId) -> Result<(), ShelfError>;
    /// A queue of a box that is of an earlier round.
    fn stale_queue(&mut self, owner: BoxId, round: u64) -> Result<Option<QueueId>, ShelfError>;
    /// What lies in a queue's card slot.
    fn card(&mut self, queue: &QueueId) -> Result<Option<Vec<u8>>, ShelfError>;
    /// Fills a queue's card slot.
    fn put_card(&mut self, queue: &QueueId, card: &[u8]) -> Result<(), ShelfError>;

    /// An envelope by its number.
    fn envelope(&mut self, owner: BoxId, number: u64) -> Result<Option<EnvelopeRow>, ShelfError>;
    /// An envelope by its hash.
    fn envelope_by_hash(
        &mut self,
        queue: &QueueId,
        hash: &[u8; 32],
    ) -> Result<Option<EnvelopeRow>, ShelfError>;
    /// The first envelope of a box with a number above `after`, and its bytes.
    fn next_envelope(
        &mut self,
        owner: BoxId,
        after: u64,
    ) -> Result<Option<(EnvelopeRow, Vec<u8>)>, ShelfError>;
    /// Inserts an envelope.
    fn put_envelope(&mut self, row: &EnvelopeRow, envelope: &[u8]) -> Result<(), ShelfError>;
    /// Lets an envelope expire at another time.
    fn renew_envelope(&mut self, owner: BoxId, number: u64, until_ms: u64) -> Result<(), ShelfError>;
    /// Drops an envelope.
    fn drop_envelope(&mut self, owner: BoxId, number: u64) -> Result<(), ShelfError>;
    /// Envelopes whose time is over at `lived_ms`, the oldest first, at most `limit`.
    fn expired(&mut self, lived_ms: u64, limit: usize) -> Result<Vec<EnvelopeRow>, ShelfError>;
}
