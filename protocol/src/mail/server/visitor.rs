//! What whoever knows a queue's deposit token may do.

use super::limits::{BURST_BYTES, KEPT_MS, RATE_BYTES_PER_MIN};
use super::owner::{Answered, KEPT_S};
use super::shelf::{EnvelopeRow, QueueRow, Shelf, ShelfError};
use super::{Server, books};
use crate::kdf;
use crate::mail::envelope::{LARGEST, SMALLEST};
use crate::mail::words::{Answer, Refused, shared_queue};
use crate::mail::{Promise, QueueId};
use crate::time::MINUTE_MS;

impl Server {
    /// `Deposit`: promised, and again when it lies there already: it is kept from now on then.
    pub(super) fn deposit(
        &mut self,
        queue: &QueueId,
        token: &[u8; 32],
        envelope: &[u8],
        (lived_ms, at_s): (u64, u64),
        shelf: &mut dyn Shelf,
    ) -> Answered {
        if !envelope.len().is_power_of_two() || !(SMALLEST..=LARGEST).contains(&envelope.len()) {
            return Ok(Err(Refused::Malformed));
        }
        let Some(mut row) = Self::allowed(queue, token, shelf)? else { return Ok(Err(Refused::Unknown)) };
        let Some(home) = shelf.box_row(row.owner)?.filter(|home| !home.closed) else {
            return Ok(Err(Refused::Unknown));
        };
        let hash = kdf::hash(envelope);
        let until_ms = lived_ms.saturating_add(KEPT_MS);
        if let Some(held) = shelf.envelope_by_hash(queue, &hash)? {
            shelf.renew_envelope(held.owner, held.number, until_ms)?;
            return self.promise(queue, hash, held.at_s);
        }
        let bytes = envelope.len() as u64;
        if row.used_bytes.saturating_add(bytes) > row.limit_bytes || self.is_full(&home, bytes, shelf)? {
            return Ok(Err(Refused::Full));
        }
        if !spend(&mut row, bytes, lived_ms) {
            return Ok(Err(Refused::Busy));
        }
        let owner = home.id;
        let new = EnvelopeRow { owner, number: 0, queue: *queue, hash, bytes, until_ms, at_s };
        books::add_envelope(shelf, home, row, (new, envelope))?;
        self.tell_owner(owner);
        self.tell_readers(owner);
        self.promise(queue, hash, at_s)
    }

    fn promise(&self, queue: &QueueId, envelope: [u8; 32], at_s: u64) -> Answered {
        let promise = Promise { queue: kdf::hash(queue), envelope, kept_s: KEPT_S, at_s };
        self.key
            .promise(&promise)
            .map(|signed| Ok(Answer::Promise(signed)))
            .map_err(|error| ShelfError(error.to_string()))
    }

    /// Something came: an owner who has fetched everything hears of it, once until the next fetch.
    fn tell_owner(&mut self, owner: u64) {
        let Some(link) = self.owners.get(&owner).copied() else { return };
        if let Some(held) = self.links.get_mut(&link)
            && std::mem::take(&mut held.caught_up)
        {
            self.answer(link, &Answer::News);
        }
    }

    /// `Withdraw`: what lies there goes; what does not is as good as gone. What many may deposit and read is not for one
    /// of them to take away.
    pub(super) fn withdraw(
        &self,
        queue: &QueueId,
        token: &[u8; 32],
        hashes: &[[u8; 32]],
        shelf: &mut dyn Shelf,
    ) -> Answered {
        if Self::allowed(queue, token, shelf)?.is_none() {
            return Ok(Err(Refused::Unknown));
        }
        if *queue == shared_queue(token) {
            return Ok(Err(Refused::Malformed));
        }
        for hash in hashes {
            if let Some(row) = shelf.envelope_by_hash(queue, hash)? {
                books::remove_envelope(shelf, &row)?;
            }
        }
        Ok(Ok(Answer::Done))
    }

    /// `GetCard`.
    pub(super) fn give_card(&self, queue: &QueueId, token: &[u8; 32], shelf: &mut dyn Shelf) -> Answered {
        match Self::allowed(queue, token, shelf)? {
            None => Ok(Err(Refused::Unknown)),
            Some(_) => Ok(Ok(Answer::Card(shelf.card(queue)?))),
        }
    }
}

/// Whether a queue may take so many bytes now; if so they are counted.
fn spend(row: &mut QueueRow, bytes: u64, lived_ms: u64) -> bool {
    let since_ms = lived_ms.saturating_sub(row.spent_at_ms);
    let freed = since_ms.saturating_mul(RATE_BYTES_PER_MIN) / MINUTE_MS;
    let spent = row.spent_bytes.saturating_sub(freed).saturating_add(bytes);
    if spent > BURST_BYTES {
        return false;
    }
    (row.spent_bytes, row.spent_at_ms) = (spent, lived_ms);
    true
}
