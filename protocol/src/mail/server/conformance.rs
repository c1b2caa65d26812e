//! What every shelf does alike: one suite for all of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::shelf::{BoxRow, EnvelopeRow, GrantUse, Noted, QueueRow, Shelf, Totals};

/// A box with a token and a grant of its own number.
pub fn box_row(id: u64) -> BoxRow {
    BoxRow {
        id,
        token: [id as u8; 32],
        grant: [0x67; 16],
        quota_bytes: 1 << 40,
        used_bytes: 5 * id,
        queues: 3,
        envelopes: 9,
        next_number: 77,
        run: u64::from(u32::MAX) + id,
        round: 2,
        closed: false,
    }
}

/// A queue of a box.
pub fn queue_row(queue: u8, owner: u64, round: u64) -> QueueRow {
    QueueRow {
        queue: [queue; 16],
        owner,
        deposit: [queue; 32],
        limit_bytes: 1 << 33,
        used_bytes: 11,
        card_bytes: 12,
        envelopes: 13,
        round,
        spent_bytes: 14,
        spent_at_ms: 15,
    }
}

/// An envelope in a queue, with a hash of its own number.
pub fn envelope_row(owner: u64, number: u64, queue: u8, until_ms: u64) -> EnvelopeRow {
    EnvelopeRow {
        owner,
        number,
        queue: [queue; 16],
        hash: [number as u8; 32],
        bytes: 3,
        until_ms,
        at_s: 1_700_000_000,
    }
}

/// Everything, on new shelves.
pub fn run(mut new: impl FnMut() -> Box<dyn Shelf>) {
    sums_and_clocks(new().as_mut());
    boxes(new().as_mut());
    grants(new().as_mut());
    queues(new().as_mut());
    envelopes(new().as_mut());
    dropping(new().as_mut());
}

fn sums_and_clocks(shelf: &mut dyn Shelf) {
    assert_eq!(shelf.totals().unwrap(), Totals::default());
    assert_eq!(shelf.noted().unwrap(), Noted::default());
    let totals = Totals { boxes: 1, queues: 2, envelopes: 3, bytes: 1 << 40, next_box: 5 };
    shelf.set_totals(&totals).unwrap();
    let noted = Noted { lived_ms: 6, wall_ms: 1_800_000_000_000 };
    shelf.note(noted).unwrap();
    assert_eq!(shelf.totals().unwrap(), totals);
    assert_eq!(shelf.noted().unwrap(), noted);
}

fn boxes(shelf: &mut dyn Shelf) {
    assert_eq!(shelf.box_row(1).unwrap(), None);
    assert_eq!(shelf.box_by_token(&[1; 32]).unwrap(), None);
    let mut one = box_row(1);
    shelf.put_box(&one).unwrap();
    shelf.put_box(&box_row(2)).unwrap();
    assert_eq!(shelf.box_row(1).unwrap(), Some(one.clone()));
    assert_eq!(shelf.box_by_token(&[2; 32]).unwrap(), Some(box_row(2)));
    (one.used_bytes, one.round, one.closed) = (99, 3, true);
    shelf.put_box(&one).unwrap();
    assert_eq!(shelf.box_by_token(&[1; 32]).unwrap(), Some(one));
    assert_eq!(shelf.box_row(2).unwrap(), Some(box_row(2)), "another box stays as it is");
}

fn grants(shelf: &mut dyn Shelf) {
    assert_eq!(shelf.grants(9).unwrap(), []);
    for id in 1..=3 {
        let grant = if id == 3 { [0x68; 16] } else { [0x67; 16] };
        shelf.put_box(&BoxRow { grant, ..box_row(id) }).unwrap();
    }
    assert_eq!(shelf.count_boxes(&[0x67; 16]).unwrap(), 2);
    assert_eq!(shelf.count_boxes(&[1; 16]).unwrap(), 0);
    assert_eq!(shelf.boxes_of(&[0x67; 16], 9).unwrap(), [1, 2]);
    assert_eq!(shelf.boxes_of(&[0x67; 16], 1).unwrap(), [1]);
    assert!(!shelf.is_revoked(&[0x68; 16]).unwrap());
    shelf.revoke(&[0x68; 16]).unwrap();
    shelf.revoke(&[0x68; 16]).unwrap();
    shelf.revoke(&[0x69; 16]).unwrap();
    assert!(shelf.is_revoked(&[0x68; 16]).unwrap() && !shelf.is_revoked(&[0x67; 16]).unwrap());
    let all = [(0x67, 2, 15, false), (0x68, 1, 15, true), (0x69, 0, 0, true)];
    let all = all.map(|(id, boxes, bytes, revoked)| GrantUse { id: [id; 16], boxes, bytes, revoked });
    assert_eq!(shelf.grants(9).unwrap(), all);
    assert_eq!(shelf.grants(2).unwrap(), all[..2]);
}

fn queues(shelf: &mut dyn Shelf) {
    shelf.put_box(&box_row(1)).unwrap();
    shelf.put_box(&box_row(2)).unwrap();
    assert_eq!(shelf.queue(&[1; 16]).unwrap(), None);
    shelf.put_queue(&queue_row(1, 1, 4)).unwrap();
    shelf.put_queue(&queue_row(2, 1, 5)).unwrap();
    shelf.put_queue(&queue_row(3, 2, 1)).unwrap();
    assert_eq!(shelf.queue(&[1; 16]).unwrap(), Some(queue_row(1, 1, 4)));
    assert_eq!(shelf.stale_queue(1, 5).unwrap(), Some([1; 16]));
    assert_eq!(shelf.card(&[1; 16]).unwrap(), None);
    shelf.put_card(&[1; 16], b"card").unwrap();
    shelf.put_card(&[1; 16], b"a newer card").unwrap();
    shelf.put_envelope(&envelope_row(1, 1, 1, 9), b"abc").unwrap();
    shelf.put_queue(&queue_row(1, 1, 5)).unwrap();
    assert_eq!(shelf.queue(&[1; 16]).unwrap(), Some(queue_row(1, 1, 5)));
    assert_eq!(shelf.card(&[1; 16]).unwrap(), Some(b"a newer card".to_vec()), "the card stays");
    assert!(shelf.envelope(1, 1).unwrap().is_some(), "envelopes stay");
    assert_eq!(shelf.stale_queue(1, 5).unwrap(), None);
    assert_eq!(shelf.stale_queue(2, 5).unwrap(), Some([3; 16]));
}

fn envelopes(shelf: &mut dyn Shelf) {
    shelf.put_box(&box_row(1)).unwrap();
    shelf.put_box(&box_row(2)).unwrap();
    shelf.put_queue(&queue_row(1, 1, 1)).unwrap();
    shelf.put_queue(&queue_row(2, 2, 1)).unwrap();
    assert_eq!(shelf.next_envelope(1, 0).unwrap(), None);
    shelf.put_envelope(&envelope_row(1, 7, 1, 300), b"sev").unwrap();
    shelf.put_envelope(&envelope_row(1, 4, 1, 100), b"fou").unwrap();
    shelf.put_envelope(&envelope_row(2, 5, 2, 200), b"fiv").unwrap();
    let next = |shelf: &mut dyn Shelf, after| shelf.next_envelope(1, after).unwrap();
    assert_eq!(next(shelf, 0), Some((envelope_row(1, 4, 1, 100), b"fou".to_vec())));
    assert_eq!(next(shelf, 4), Some((envelope_row(1, 7, 1, 300), b"sev".to_vec())));
    assert_eq!(next(shelf, 7), None);
    assert_eq!(next(shelf, u64::MAX), None);
    assert_eq!(shelf.envelope(1, 7).unwrap(), Some(envelope_row(1, 7, 1, 300)));
    assert_eq!(shelf.envelope(1, 5).unwrap(), None);
    assert_eq!(shelf.envelope_by_hash(&[1; 16], &[7; 32]).unwrap(), Some(envelope_row(1, 7, 1, 300)));
    assert_eq!(shelf.envelope_by_hash(&[2; 16], &[7; 32]).unwrap(), None, "of another queue");
    assert_eq!(shelf.expired(99, 9).unwrap(), []);
    let numbers = |shelf: &mut dyn Shelf, at_ms, limit| {
        shelf.expired(at_ms, limit).unwrap().iter().map(|row| row.number).collect::<Vec<_>>()
    };
    assert_eq!(numbers(shelf, 300, 9), [4, 5, 7]);
    assert_eq!(numbers(shelf, 300, 2), [4, 5]);
    shelf.renew_envelope(1, 4, 400).unwrap();
    shelf.renew_envelope(1, 99, 400).unwrap();
    assert_eq!(numbers(shelf, 300, 9), [5, 7]);
    assert_eq!(next(shelf, 0), Some((envelope_row(1, 4, 1, 400), b"fou".to_vec())), "its bytes stay");
    shelf.drop_envelope(1, 4).unwrap();
    shelf.drop_envelope(1, 4).unwrap();
    assert_eq!(numbers(shelf, 900, 9), [5, 7]);
    assert_eq!(shelf.envelope_by_hash(&[1; 16], &[4; 32]).unwrap(), None);
}

fn dropping(shelf: &mut dyn Shelf) {
    for owner in [1, 2] {
        shelf.put_box(&box_row(owner)).unwrap();
    }
    for (queue, owner) in [(1, 1), (2, 1), (3, 2)] {
        shelf.put_queue(&queue_row(queue, owner, 1)).unwrap();
        shelf.put_card(&[queue; 16], b"card").unwrap();
        shelf.put_envelope(&envelope_row(owner, u64::from(queue), queue, 50), b"abc").unwrap();
    }
    shelf.drop_queue(&[1; 16]).unwrap();
    shelf.drop_queue(&[1; 16]).unwrap();
    assert_eq!(shelf.queue(&[1; 16]).unwrap(), None);
    assert_eq!(shelf.card(&[1; 16]).unwrap(), None);
    assert_eq!(shelf.envelope(1, 1).unwrap(), None);
    assert!(shelf.envelope(1, 2).unwrap().is_some(), "another queue stays");
    shelf.drop_box(1).unwrap();
    shelf.drop_box(1).unwrap();
    assert_eq!(shelf.box_row(1).unwrap(), None);
    assert_eq!(shelf.box_by_token(&[1; 32]).unwrap(), None);
    assert_eq!(shelf.queue(&[2; 16]).unwrap(), None);
    assert_eq!(shelf.card(&[2; 16]).unwrap(), None);
    assert_eq!(shelf.envelope(1, 2).unwrap(), None);
    assert_eq!(shelf.expired(99, 9).unwrap(), [envelope_row(2, 3, 3, 50)], "another box stays");
    assert_eq!(shelf.card(&[3; 16]).unwrap(), Some(b"card".to_vec()));
    // A queue's name may come again, in another box.
    shelf.put_queue(&queue_row(1, 2, 1)).unwrap();
    assert_eq!(shelf.card(&[1; 16]).unwrap(), None);
}
