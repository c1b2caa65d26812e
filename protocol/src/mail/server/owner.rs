//! What the owner of a box may do.

use super::limits::{KEPT_MS, PAGE_BYTES, PAGE_ITEMS, SHARED_BOXES, SHARED_PART};
use super::shared::shared_id;
use super::shelf::{BoxRow, QueueRow, Shelf, ShelfError};
use super::{Output, Server, books};
use crate::engine::net::LinkId;
use crate::kdf;
use crate::mail::words::{Answer, Entry, Item, Refused, Request};
use crate::mail::{Grant, QueueId};
use std::collections::BTreeMap;

/// How long an envelope is kept, as it is told.
pub const KEPT_S: u32 = (KEPT_MS / 1_000) as u32;

/// What is answered, or why nothing is done.
pub(super) type Answered = Result<Result<Answer, Refused>, ShelfError>;

impl Server {
    /// `Open`: a stream before this one is not the owner's any more.
    pub(super) fn open(
        &mut self,
        link: LinkId,
        token: &[u8; 32],
        grant: Option<&Grant>,
        run: u64,
        shelf: &mut dyn Shelf,
    ) -> Answered {
        if self.home(link, shelf)?.is_some() {
            return Ok(Err(Refused::Malformed));
        }
        let token = kdf::hash(token);
        let mut home = match (shelf.box_by_token(&token)?, grant) {
            (Some(home), _) => home,
            (None, None) => return Ok(Err(Refused::Unknown)),
            (None, Some(grant)) => match self.new_box(token, grant, false, shelf)? {
                Ok(home) => home,
                Err(why) => return Ok(Err(why)),
            },
        };
        let opened = Answer::Opened {
            quota_bytes: home.quota_bytes,
            used_bytes: home.used_bytes,
            kept_s: KEPT_S,
            last_run: home.run,
        };
        home.run = home.run.max(run);
        home.round = home.round.saturating_add(1);
        shelf.put_box(&home)?;
        if let Some(before) = self.owners.insert(home.id, link) {
            self.close_former(before);
        }
        if let Some(held) = self.links.get_mut(&link) {
            held.open = Some(home.id);
            held.caught_up = false;
        }
        self.outputs.push(Output::Hold { link });
        Ok(Ok(opened))
    }

    /// Ends the stream that was the owner's, and leaves the box to the new one.
    fn close_former(&mut self, link: LinkId) {
        if let Some(held) = self.links.get_mut(&link) {
            held.open = None;
            self.close(link);
        }
    }

    /// A box under a grant: of a person, or one of those of their rooms.
    pub(super) fn new_box(
        &self,
        token: [u8; 32],
        grant: &Grant,
        is_shared: bool,
        shelf: &mut dyn Shelf,
    ) -> Result<Result<BoxRow, Refused>, ShelfError> {
        let (uses, quota_bytes) = (u64::from(grant.uses), u64::from(grant.quota_mib) << 20);
        let (id, most, quota_bytes) = if is_shared {
            (shared_id(&grant.id), uses.saturating_mul(SHARED_BOXES), quota_bytes / SHARED_PART)
        } else {
            (grant.id, uses, quota_bytes)
        };
        if !self.key.gave(grant) || shelf.is_revoked(&grant.id)? || shelf.count_boxes(&id)? >= most {
            return Ok(Err(Refused::Grant));
        }
        if shelf.totals()?.boxes >= self.limits.boxes {
            return Ok(Err(Refused::Full));
        }
        let row = BoxRow {
            id: 0,
            token,
            grant: id,
            quota_bytes,
            used_bytes: 0,
            queues: 0,
            envelopes: 0,
            next_number: 1,
            run: 0,
            round: 0,
            closed: false,
        };
        books::add_box(shelf, row).map(Ok)
    }

    /// What only an owner may ask.
    pub(super) fn owner_request(
        &mut self,
        link: LinkId,
        mut home: BoxRow,
        request: Request,
        shelf: &mut dyn Shelf,
    ) -> Answered {
        match request {
            Request::Register(entries) => self.register(home, entries, shelf),
            Request::Settle => settle(home, shelf),
            Request::Fetch { after, bytes } => self.fetch(link, &home, after, bytes, shelf),
            Request::Ack(numbers) => {
                for number in numbers {
                    if let Some(row) = shelf.envelope(home.id, number)? {
                        books::remove_envelope(shelf, &row)?;
                    }
                }
                Ok(Ok(Answer::Done))
            }
            Request::PutCard { queue, card } => {
                let Some(row) = shelf.queue(&queue)?.filter(|row| row.owner == home.id) else {
                    return Ok(Err(Refused::Unknown));
                };
                let more = (card.len() as u64).saturating_sub(row.card_bytes);
                if home.closed || self.is_full(&home, more, shelf)? {
                    return Ok(Err(Refused::Full));
                }
                books::set_card(shelf, &mut home, row, &card)?;
                Ok(Ok(Answer::Done))
            }
            Request::Leave => {
                books::remove_box(shelf, &home)?;
                self.shut(link);
                Ok(Ok(Answer::Done))
            }
            _ => Ok(Err(Refused::Malformed)),
        }
    }

    /// Whether so many bytes more are too many, for the box or for the disk.
    pub(super) fn is_full(
        &self,
        home: &BoxRow,
        bytes: u64,
        shelf: &mut dyn Shelf,
    ) -> Result<bool, ShelfError> {
        Ok(home.used_bytes.saturating_add(bytes) > home.quota_bytes
            || shelf.totals()?.bytes.saturating_add(bytes) > self.limits.disk_bytes)
    }

    /// `Register`: all of the entries or none.
    pub(super) fn register(
        &mut self,
        mut home: BoxRow,
        entries: Vec<Entry>,
        shelf: &mut dyn Shelf,
    ) -> Answered {
        if home.closed {
            return Ok(Err(Refused::Grant));
        }
        let mut there: BTreeMap<QueueId, bool> = BTreeMap::new();
        for entry in &entries {
            match shelf.queue(&entry.queue)? {
                // A name that somebody else has: nobody gets there by accident.
                Some(row) if row.owner != home.id => return Ok(Err(Refused::Malformed)),
                row => drop(there.insert(entry.queue, row.is_some())),
            }
        }
        let new = there.values().filter(|there| !**there).count() as u64;
        if home.queues.saturating_add(new) > self.limits.queues_per_box
            || shelf.totals()?.queues.saturating_add(new) > self.limits.queues
        {
            return Ok(Err(Refused::Full));
        }
        for Entry { queue, deposit, limit_bytes } in entries {
            let limit_bytes = limit_bytes.min(home.quota_bytes);
            if let Some(row) = shelf.queue(&queue)? {
                shelf.put_queue(&QueueRow { deposit, limit_bytes, round: home.round, ..row })?;
                continue;
            }
            let row = QueueRow {
                queue,
                owner: home.id,
                deposit,
                limit_bytes,
                used_bytes: 0,
                card_bytes: 0,
                envelopes: 0,
                round: home.round,
                spent_bytes: 0,
                spent_at_ms: 0,
            };
            books::add_queue(shelf, &mut home, &row)?;
        }
        Ok(Ok(Answer::Done))
    }

    /// `Fetch`: a page, and after its end only news.
    fn fetch(
        &mut self,
        link: LinkId,
        home: &BoxRow,
        mut after: u64,
        bytes: u32,
        shelf: &mut dyn Shelf,
    ) -> Answered {
        let page = usize::try_from(bytes).unwrap_or(PAGE_BYTES).min(PAGE_BYTES);
        let (mut told, mut count) = (0_usize, 0_usize);
        let more = loop {
            let Some((row, envelope)) = shelf.next_envelope(home.id, after)? else { break false };
            let full = told.saturating_add(envelope.len()) > page || count >= PAGE_ITEMS;
            // One at least, or a small page would never end.
            if full && count > 0 {
                break true;
            }
            told = told.saturating_add(envelope.len());
            count = count.saturating_add(1);
            after = row.number;
            self.answer(link, &Answer::Item(Item { number: row.number, queue: row.queue, envelope }));
        };
        if let Some(held) = self.links.get_mut(&link) {
            held.caught_up = !more;
        }
        Ok(Ok(Answer::PageEnd { more }))
    }
}

/// `Settle`: what was not registered since the stream was opened or settled last goes. In a closed box nothing can be
/// registered, and what was promised stays.
fn settle(mut home: BoxRow, shelf: &mut dyn Shelf) -> Answered {
    if home.closed {
        return Ok(Ok(Answer::Done));
    }
    while let Some(queue) = shelf.stale_queue(home.id, home.round)? {
        books::remove_queue(shelf, &mut home, &queue)?;
    }
    home.round = home.round.saturating_add(1);
    shelf.put_box(&home)?;
    Ok(Ok(Answer::Done))
}
