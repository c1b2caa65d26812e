//! Whatever comes to a shelf or goes from it, with its sums: those of queues, boxes and the whole are always true.

use super::shelf::{BoxId, BoxRow, EnvelopeRow, QueueRow, Shelf, ShelfError, Totals};
use crate::mail::QueueId;

/// Changes the sums of the whole.
fn total(shelf: &mut dyn Shelf, change: impl FnOnce(&mut Totals)) -> Result<(), ShelfError> {
    let mut totals = shelf.totals()?;
    change(&mut totals);
    shelf.set_totals(&totals)
}

/// Puts a new box there: `row.id` is given here.
pub fn add_box(shelf: &mut dyn Shelf, mut row: BoxRow) -> Result<BoxRow, ShelfError> {
    let mut totals = shelf.totals()?;
    totals.next_box = totals.next_box.saturating_add(1);
    totals.boxes = totals.boxes.saturating_add(1);
    row.id = totals.next_box;
    shelf.set_totals(&totals)?;
    shelf.put_box(&row)?;
    Ok(row)
}

/// Takes a box away with everything in it.
pub fn remove_box(shelf: &mut dyn Shelf, row: &BoxRow) -> Result<(), ShelfError> {
    shelf.drop_box(row.id)?;
    total(shelf, |totals| {
        totals.boxes = totals.boxes.saturating_sub(1);
        totals.queues = totals.queues.saturating_sub(row.queues);
        totals.envelopes = totals.envelopes.saturating_sub(row.envelopes);
        totals.bytes = totals.bytes.saturating_sub(row.used_bytes);
    })
}

/// Puts a new queue into its box; `home` is that box.
pub fn add_queue(shelf: &mut dyn Shelf, home: &mut BoxRow, row: &QueueRow) -> Result<(), ShelfError> {
    shelf.put_queue(row)?;
    home.queues = home.queues.saturating_add(1);
    shelf.put_box(home)?;
    total(shelf, |totals| totals.queues = totals.queues.saturating_add(1))
}

/// Takes a queue away with what is in it.
pub fn remove_queue(shelf: &mut dyn Shelf, home: &mut BoxRow, queue: &QueueId) -> Result<(), ShelfError> {
    let Some(row) = shelf.queue(queue)? else { return Ok(()) };
    let bytes = row.used_bytes.saturating_add(row.card_bytes);
    shelf.drop_queue(queue)?;
    home.queues = home.queues.saturating_sub(1);
    home.envelopes = home.envelopes.saturating_sub(row.envelopes);
    home.used_bytes = home.used_bytes.saturating_sub(bytes);
    shelf.put_box(home)?;
    total(shelf, |totals| {
        totals.queues = totals.queues.saturating_sub(1);
        totals.envelopes = totals.envelopes.saturating_sub(row.envelopes);
        totals.bytes = totals.bytes.saturating_sub(bytes);
    })
}

/// Fills a card slot.
pub fn set_card(
    shelf: &mut dyn Shelf,
    home: &mut BoxRow,
    mut row: QueueRow,
    card: &[u8],
) -> Result<(), ShelfError> {
    let (old, new) = (row.card_bytes, card.len() as u64);
    shelf.put_card(&row.queue, card)?;
    row.card_bytes = new;
    shelf.put_queue(&row)?;
    home.used_bytes = home.used_bytes.saturating_sub(old).saturating_add(new);
    shelf.put_box(home)?;
    total(shelf, |totals| totals.bytes = totals.bytes.saturating_sub(old).saturating_add(new))
}

/// Puts an envelope into a queue, with the box's next number.
pub fn add_envelope(
    shelf: &mut dyn Shelf,
    mut home: BoxRow,
    mut queue: QueueRow,
    (mut row, envelope): (EnvelopeRow, &[u8]),
) -> Result<(), ShelfError> {
    row.number = home.next_number;
    home.next_number = home.next_number.saturating_add(1);
    home.envelopes = home.envelopes.saturating_add(1);
    home.used_bytes = home.used_bytes.saturating_add(row.bytes);
    queue.envelopes = queue.envelopes.saturating_add(1);
    queue.used_bytes = queue.used_bytes.saturating_add(row.bytes);
    shelf.put_envelope(&row, envelope)?;
    shelf.put_queue(&queue)?;
    shelf.put_box(&home)?;
    total(shelf, |totals| {
        totals.envelopes = totals.envelopes.saturating_add(1);
        totals.bytes = totals.bytes.saturating_add(row.bytes);
    })
}

/// Takes an envelope away. The box goes with the last one if it is closed.
pub fn remove_envelope(shelf: &mut dyn Shelf, row: &EnvelopeRow) -> Result<(), ShelfError> {
    shelf.drop_envelope(row.owner, row.number)?;
    if let Some(mut queue) = shelf.queue(&row.queue)? {
        queue.envelopes = queue.envelopes.saturating_sub(1);
        queue.used_bytes = queue.used_bytes.saturating_sub(row.bytes);
        shelf.put_queue(&queue)?;
    }
    total(shelf, |totals| {
        totals.envelopes = totals.envelopes.saturating_sub(1);
        totals.bytes = totals.bytes.saturating_sub(row.bytes);
    })?;
    let Some(mut home) = shelf.box_row(row.owner)? else { return Ok(()) };
    home.envelopes = home.envelopes.saturating_sub(1);
    home.used_bytes = home.used_bytes.saturating_sub(row.bytes);
    shelf.put_box(&home)?;
    if home.closed && home.envelopes == 0 { remove_box(shelf, &home) } else { Ok(()) }
}

/// Lets nothing more into a box; it goes when nothing is left in it.
pub fn close_box(shelf: &mut dyn Shelf, id: BoxId) -> Result<(), ShelfError> {
    let Some(mut row) = shelf.box_row(id)? else { return Ok(()) };
    if row.envelopes == 0 {
        return remove_box(shelf, &row);
    }
    row.closed = true;
    shelf.put_box(&row)
}
