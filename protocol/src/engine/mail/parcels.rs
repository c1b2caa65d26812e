//! Rows of one device in parcels, each for one envelope (docs/spec/08-mail.md, "Posting"). What is in a parcel is decided
//! here, and nothing is sent.

use super::super::Engine;
use super::super::state::OutRow;
use crate::ids::{DeviceId, MailboxId};
use crate::mail::envelope::INNER_BYTES;
use crate::wire;
use std::collections::{BTreeMap, BTreeSet};

/// Rows in one parcel. More would make one commit long.
const PARCEL_ROWS: usize = 512;
/// Envelopes for one device on the way to one mailbox. Fewer wait for each answer; more crowd out others.
const UNDER_WAY: usize = 4;
/// Bytes of a part around its Olm message, and of an envelope around its parts, at most.
const PART_BYTES: usize = 96;
const AROUND_BYTES: usize = 160;
/// A row and which encryption of it.
pub(super) type RowAttempt = (u64, u32);
/// Rows of one parcel, and the mailboxes that need them not.
type Packed = (Vec<RowAttempt>, BTreeSet<MailboxId>);

/// The parcels for one device.
#[derive(Default)]
pub(super) struct Parcels {
    pub by_number: BTreeMap<u64, Parcel>,
    pub of_row: BTreeMap<u64, u64>,
}

/// Rows that go in one envelope.
pub(super) struct Parcel {
    pub rows: Vec<RowAttempt>,
    pub with_card: bool,
    /// Tells the envelope from earlier ones with the same rows that are running out.
    pub round: u64,
    pub asked: BTreeSet<MailboxId>,
    /// These may have it, but did not say so: they get the same again.
    pub tried: BTreeSet<MailboxId>,
    pub done: BTreeSet<MailboxId>,
}

impl Parcel {
    /// Whether its rows are what they were.
    fn holds(&self, outbox: &BTreeMap<u64, OutRow>) -> bool {
        self.rows.iter().all(|(row, attempt)| {
            outbox.get(row).is_some_and(|row| row.attempt == *attempt && row.part.is_some())
        })
    }
}

/// A row that is in no parcel.
struct Loose {
    row: RowAttempt,
    bytes: usize,
    /// Mailboxes that need it not.
    done: BTreeSet<MailboxId>,
}

impl Engine {
    /// Puts every row that some mailbox should have into a parcel. Parcels that are not what they were, and those that
    /// nobody has seen yet and that may be packed better by now, are taken apart first.
    pub(super) fn form_parcels(&mut self, device: DeviceId) {
        let mailboxes: Vec<MailboxId> =
            self.mailboxes_of(device).into_iter().map(|mailbox| mailbox.id).collect();
        let lived_ms = self.lived_ms();
        let Some(peer) = self.peers.get(&device) else { return };
        let parcels = self.mail.post.parcels.entry(device).or_default();
        parcels.by_number.retain(|_, parcel| {
            let same =
                parcel.holds(&peer.outbox) && parcel.round == peer.round(&parcel.rows, &mailboxes, lived_ms);
            let stays = !parcel.asked.is_empty() || (same && !parcel.tried.is_empty());
            if !stays {
                for (row, _) in &parcel.rows {
                    parcels.of_row.remove(row);
                }
            }
            stays
        });
        let mut loose = Vec::new();
        for (number, row) in &peer.outbox {
            let Some(part) = row.part.as_ref().filter(|_| !parcels.of_row.contains_key(number)) else {
                continue;
            };
            let has = |mailbox: &&MailboxId| !peer.needs_deposit(*number, mailbox, lived_ms);
            let done: BTreeSet<MailboxId> = mailboxes.iter().filter(has).copied().collect();
            if done.len() < mailboxes.len() {
                loose.push(Loose { row: (*number, row.attempt), bytes: part.olm.len(), done });
            }
        }
        if parcels.by_number.is_empty() && loose.is_empty() {
            self.mail.post.parcels.remove(&device);
        }
        if loose.is_empty() {
            return;
        }
        let card = self.news_for(device).and_then(|card| wire::encode(&card).ok()).map(|card| card.len());
        let room = INNER_BYTES - AROUND_BYTES - card.unwrap_or(0).min(INNER_BYTES / 4);
        for (rows, done) in pack(loose, room) {
            let number = self.number();
            let Some(peer) = self.peers.get(&device) else { return };
            let round = peer.round(&rows, &mailboxes, lived_ms);
            let parcels = self.mail.post.parcels.entry(device).or_default();
            parcels.of_row.extend(rows.iter().map(|(row, _)| (*row, number)));
            let (asked, tried) = (BTreeSet::new(), BTreeSet::new());
            let parcel = Parcel { rows, with_card: card.is_some(), round, asked, tried, done };
            parcels.by_number.insert(number, parcel);
        }
    }

    /// The next parcel that a mailbox should have, if it may be asked for more.
    pub(super) fn next_parcel(&self, device: DeviceId, mailbox: &MailboxId) -> Option<u64> {
        let parcels = &self.mail.post.parcels.get(&device)?.by_number;
        if parcels.values().filter(|parcel| parcel.asked.contains(mailbox)).count() >= UNDER_WAY {
            return None;
        }
        let outbox = &self.peers.get(&device)?.outbox;
        let waits = |parcel: &Parcel| !parcel.asked.contains(mailbox) && !parcel.done.contains(mailbox);
        parcels.iter().find(|(_, parcel)| waits(parcel) && parcel.holds(outbox)).map(|(number, _)| *number)
    }
}

/// Rows into envelopes with so much room, in order. Rows for other mailboxes begin another.
fn pack(loose: Vec<Loose>, room: usize) -> Vec<Packed> {
    let mut packed: Vec<Packed> = Vec::new();
    let mut bytes = 0usize;
    for Loose { row, bytes: olm, done } in loose {
        let size = olm.saturating_add(PART_BYTES);
        bytes = bytes.saturating_add(size);
        match packed.last_mut() {
            Some((rows, at)) if *at == done && rows.len() < PARCEL_ROWS && bytes <= room => rows.push(row),
            _ => {
                packed.push((vec![row], done));
                bytes = size;
            }
        }
    }
    packed
}
