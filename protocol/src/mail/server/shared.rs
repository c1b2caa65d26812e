//! Boxes with one queue that many share: who may deposit there may read, and nobody takes anything away
//! (docs/spec/08-mail.md, "Shared queues").

use super::limits::{PAGE_BYTES, PAGE_ITEMS, READS};
use super::owner::Answered;
use super::shelf::{BoxId, Shelf};
use super::{Server, books};
use crate::engine::net::LinkId;
use crate::kdf;
use crate::mail::Grant;
use crate::mail::words::{Answer, Entry, Item, Refused, shared_queue};

/// Under what the boxes of rooms are counted that were made by a grant: they take nobody's place.
pub(super) fn shared_id(grant: &[u8; 16]) -> [u8; 16] {
    kdf::derive_short("mailbox shared boxes", &[grant])
}

impl Server {
    /// `Keep`: a box and its queue in one step, so that whoever has a box of their own open here needs no second stream.
    pub(super) fn keep(
        &mut self,
        token: &[u8; 32],
        grant: Option<&Grant>,
        entry: Option<Entry>,
        shelf: &mut dyn Shelf,
    ) -> Answered {
        let hash = kdf::hash(token);
        let held = shelf.box_by_token(&hash)?;
        let Some(entry) = entry else {
            if let Some(home) = held {
                books::remove_box(shelf, &home)?;
            }
            return Ok(Ok(Answer::Done));
        };
        let home = match (held, grant) {
            (Some(home), _) => home,
            (None, None) => return Ok(Err(Refused::Unknown)),
            (None, Some(grant)) => match self.new_box(hash, grant, true, shelf)? {
                Ok(home) => home,
                Err(why) => return Ok(Err(why)),
            },
        };
        self.register(home, vec![entry], shelf)
    }

    /// `Read`: a page of a shared queue, and after its end news of it.
    pub(super) fn read(
        &mut self,
        link: LinkId,
        token: &[u8; 32],
        mut after: u64,
        bytes: u32,
        shelf: &mut dyn Shelf,
    ) -> Answered {
        let queue = shared_queue(token);
        let Some(row) = Self::allowed(&queue, token, shelf)? else { return Ok(Err(Refused::Unknown)) };
        let Some(home) = shelf.box_row(row.owner)? else { return Ok(Err(Refused::Unknown)) };
        let page = usize::try_from(bytes).unwrap_or(PAGE_BYTES).min(PAGE_BYTES);
        let (mut told, mut count) = (0_usize, 0_usize);
        let more = loop {
            let Some((row, envelope)) = shelf.next_envelope(home.id, after)? else { break false };
            // What lies in other queues of the box is work too.
            if count > 0 && (told.saturating_add(envelope.len()) > page || count >= PAGE_ITEMS) {
                break true;
            }
            told = told.saturating_add(envelope.len());
            count = count.saturating_add(1);
            after = row.number;
            if row.queue == queue {
                self.answer(link, &Answer::Item(Item { number: row.number, queue, envelope }));
            }
        };
        if let Some(held) = self.links.get_mut(&link)
            && (held.reads.len() < READS || held.reads.contains_key(&home.id))
        {
            held.reads.insert(home.id, !more);
        }
        Ok(Ok(Answer::ReadEnd { more, last: home.next_number.saturating_sub(1) }))
    }

    /// Something came: whoever has read everything there hears of it, once until they read again.
    pub(super) fn tell_readers(&mut self, home: BoxId) {
        let mut readers = Vec::new();
        for (link, held) in &mut self.links {
            if held.reads.get_mut(&home).is_some_and(std::mem::take) {
                readers.push(*link);
            }
        }
        for link in readers {
            self.answer(link, &Answer::News);
        }
    }
}
