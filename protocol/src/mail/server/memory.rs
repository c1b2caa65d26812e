//! A shelf in memory: the twin of a node's, for tests and simulations. A clone is a copy of the disk.

use super::shelf::{BoxId, BoxRow, EnvelopeRow, GrantUse, Noted, QueueRow, Shelf, ShelfError, Totals};
use crate::mail::QueueId;
use std::collections::{BTreeMap, BTreeSet};

/// Everything a mailbox holds, in maps. Commits nothing: what is done is done; whoever wants to undo keeps a clone.
#[derive(Debug, Clone, Default)]
pub struct MemoryShelf {
    noted: Noted,
    totals: Totals,
    boxes: BTreeMap<BoxId, BoxRow>,
    tokens: BTreeMap<[u8; 32], BoxId>,
    revoked: BTreeSet<[u8; 16]>,
    queues: BTreeMap<QueueId, QueueRow>,
    cards: BTreeMap<QueueId, Vec<u8>>,
    envelopes: BTreeMap<(BoxId, u64), (EnvelopeRow, Vec<u8>)>,
    hashes: BTreeMap<(QueueId, [u8; 32]), (BoxId, u64)>,
    ends: BTreeSet<(u64, BoxId, u64)>,
}

impl MemoryShelf {
    fn numbers(&self, keep: impl Fn(&EnvelopeRow) -> bool) -> Vec<(BoxId, u64)> {
        self.envelopes.values().filter(|(row, _)| keep(row)).map(|(row, _)| (row.owner, row.number)).collect()
    }

    fn forget(&mut self, at: (BoxId, u64)) {
        if let Some((row, _)) = self.envelopes.remove(&at) {
            self.hashes.remove(&(row.queue, row.hash));
            self.ends.remove(&(row.until_ms, row.owner, row.number));
        }
    }
}

impl Shelf for MemoryShelf {
    fn noted(&mut self) -> Result<Noted, ShelfError> {
        Ok(self.noted)
    }

    fn note(&mut self, clocks: Noted) -> Result<(), ShelfError> {
        self.noted = clocks;
        Ok(())
    }

    fn totals(&mut self) -> Result<Totals, ShelfError> {
        Ok(self.totals)
    }

    fn set_totals(&mut self, totals: &Totals) -> Result<(), ShelfError> {
        self.totals = *totals;
        Ok(())
    }

    fn box_by_token(&mut self, token: &[u8; 32]) -> Result<Option<BoxRow>, ShelfError> {
        Ok(self.tokens.get(token).and_then(|id| self.boxes.get(id)).cloned())
    }

    fn box_row(&mut self, id: BoxId) -> Result<Option<BoxRow>, ShelfError> {
        Ok(self.boxes.get(&id).cloned())
    }

    fn put_box(&mut self, row: &BoxRow) -> Result<(), ShelfError> {
        self.tokens.insert(row.token, row.id);
        self.boxes.insert(row.id, row.clone());
        Ok(())
    }

    fn drop_box(&mut self, id: BoxId) -> Result<(), ShelfError> {
        if let Some(row) = self.boxes.remove(&id) {
            self.tokens.remove(&row.token);
        }
        for at in self.numbers(|row| row.owner == id) {
            self.forget(at);
        }
        let queues: Vec<QueueId> =
            self.queues.values().filter(|row| row.owner == id).map(|row| row.queue).collect();
        for queue in queues {
            self.cards.remove(&queue);
            self.queues.remove(&queue);
        }
        Ok(())
    }

    fn boxes_of(&mut self, grant: &[u8; 16], limit: usize) -> Result<Vec<BoxId>, ShelfError> {
        Ok(self.boxes.values().filter(|row| row.grant == *grant).map(|row| row.id).take(limit).collect())
    }

    fn count_boxes(&mut self, grant: &[u8; 16]) -> Result<u64, ShelfError> {
        Ok(self.boxes.values().filter(|row| row.grant == *grant).count() as u64)
    }

    fn grants(&mut self, limit: usize) -> Result<Vec<GrantUse>, ShelfError> {
        let mut grants: BTreeMap<[u8; 16], GrantUse> = BTreeMap::new();
        let entry = |id: [u8; 16]| GrantUse { id, boxes: 0, bytes: 0, revoked: self.revoked.contains(&id) };
        for id in &self.revoked {
            grants.insert(*id, entry(*id));
        }
        for row in self.boxes.values() {
            let grant = grants.entry(row.grant).or_insert_with(|| entry(row.grant));
            grant.boxes = grant.boxes.saturating_add(1);
            grant.bytes = grant.bytes.saturating_add(row.used_bytes);
        }
        Ok(grants.into_values().take(limit).collect())
    }

    fn is_revoked(&mut self, grant: &[u8; 16]) -> Result<bool, ShelfError> {
        Ok(self.revoked.contains(grant))
    }

    fn revoke(&mut self, grant: &[u8; 16]) -> Result<(), ShelfError> {
        self.revoked.insert(*grant);
        Ok(())
    }

    fn queue(&mut self, queue: &QueueId) -> Result<Option<QueueRow>, ShelfError> {
        Ok(self.queues.get(queue).cloned())
    }

    fn put_queue(&mut self, row: &QueueRow) -> Result<(), ShelfError> {
        self.queues.insert(row.queue, row.clone());
        Ok(())
    }

    fn drop_queue(&mut self, queue: &QueueId) -> Result<(), ShelfError> {
        for at in self.numbers(|row| row.queue == *queue) {
            self.forget(at);
        }
        self.cards.remove(queue);
        self.queues.remove(queue);
        Ok(())
    }

    fn stale_queue(&mut self, owner: BoxId, round: u64) -> Result<Option<QueueId>, ShelfError> {
        let stale = self.queues.values().find(|row| row.owner == owner && row.round < round);
        Ok(stale.map(|row| row.queue))
    }

    fn card(&mut self, queue: &QueueId) -> Result<Option<Vec<u8>>, ShelfError> {
        Ok(self.cards.get(queue).cloned())
    }

    fn put_card(&mut self, queue: &QueueId, card: &[u8]) -> Result<(), ShelfError> {
        self.cards.insert(*queue, card.to_vec());
        Ok(())
    }

    fn envelope(&mut self, owner: BoxId, number: u64) -> Result<Option<EnvelopeRow>, ShelfError> {
        Ok(self.envelopes.get(&(owner, number)).map(|(row, _)| row.clone()))
    }

    fn envelope_by_hash(
        &mut self,
        queue: &QueueId,
        hash: &[u8; 32],
    ) -> Result<Option<EnvelopeRow>, ShelfError> {
        let at = self.hashes.get(&(*queue, *hash));
        Ok(at.and_then(|at| self.envelopes.get(at)).map(|(row, _)| row.clone()))
    }

    fn next_envelope(
        &mut self,
        owner: BoxId,
        after: u64,
    ) -> Result<Option<(EnvelopeRow, Vec<u8>)>, ShelfError> {
        let Some(from) = after.checked_add(1) else { return Ok(None) };
        Ok(self.envelopes.range((owner, from)..=(owner, u64::MAX)).next().map(|(_, held)| held.clone()))
    }

    fn put_envelope(&mut self, row: &EnvelopeRow, envelope: &[u8]) -> Result<(), ShelfError> {
        self.hashes.insert((row.queue, row.hash), (row.owner, row.number));
        self.ends.insert((row.until_ms, row.owner, row.number));
        self.envelopes.insert((row.owner, row.number), (row.clone(), envelope.to_vec()));
        Ok(())
    }

    fn renew_envelope(&mut self, owner: BoxId, number: u64, until_ms: u64) -> Result<(), ShelfError> {
        if let Some((row, _)) = self.envelopes.get_mut(&(owner, number)) {
            self.ends.remove(&(row.until_ms, owner, number));
            row.until_ms = until_ms;
            self.ends.insert((until_ms, owner, number));
        }
        Ok(())
    }

    fn drop_envelope(&mut self, owner: BoxId, number: u64) -> Result<(), ShelfError> {
        self.forget((owner, number));
        Ok(())
    }

    fn expired(&mut self, lived_ms: u64, limit: usize) -> Result<Vec<EnvelopeRow>, ShelfError> {
        let over = self.ends.iter().take_while(|(until_ms, ..)| *until_ms <= lived_ms).take(limit);
        let rows = over.filter_map(|(_, owner, number)| self.envelopes.get(&(*owner, *number)));
        Ok(rows.map(|(row, _)| row.clone()).collect())
    }
}
