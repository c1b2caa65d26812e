//! The buffer in front of a ratchet, and acks.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use crate::identity::DeviceKeys;
use crate::ids::{AccountId, DeviceId, MessageId, SessionId};
use crate::limits::{ACK_ITEMS, REORDER_MESSAGES};
use proptest::prelude::*;

fn part(order: u64, floor: u64) -> OlmPart {
    OlmPart {
        session: SessionId([1; 32]),
        order,
        floor,
        msg_id: MessageId([2; 16]),
        attempt: 1,
        prekey: false,
        olm: vec![0; 10],
    }
}

/// Offers a part as the engine does; gives the orders that came out.
fn offer(reorder: &mut Reorder, part: OlmPart, now_ms: u64) -> Vec<u64> {
    let mut out = Vec::new();
    match reorder.place(&part) {
        Place::Ready => {
            reorder.advance_past(part.order);
            out.push(part.order);
        }
        Place::Held => {
            reorder.hold(part, now_ms);
            reorder.force(now_ms);
        }
        Place::Past => return out,
    }
    while let Some(part) = reorder.take_ready() {
        reorder.advance_past(part.order);
        out.push(part.order);
    }
    out
}

#[test]
fn parts_come_out_in_order_whatever_order_they_came_in() {
    let mut reorder = Reorder::default();
    assert!(offer(&mut reorder, part(2, 0), 0).is_empty());
    assert!(offer(&mut reorder, part(1, 0), 0).is_empty());
    assert_eq!(offer(&mut reorder, part(0, 0), 0), [0, 1, 2]);
    assert_eq!(reorder.place(&part(1, 0)), Place::Past);
}

#[test]
fn nothing_below_the_floor_is_waited_for() {
    let mut reorder = Reorder::default();
    assert!(offer(&mut reorder, part(3, 1), 0).is_empty());
    assert_eq!(offer(&mut reorder, part(5, 3), 0), [3]);
    assert_eq!(offer(&mut reorder, part(9, 9), 0), [5, 9]);
}

#[test]
fn what_waited_six_hours_is_waited_for_no_longer() {
    let mut reorder = Reorder::default();
    offer(&mut reorder, part(7, 0), 1_000);
    assert_eq!(reorder.due_ms(), Some(1_000 + HELD_MS));
    assert!(!reorder.force(HELD_MS));
    assert!(reorder.force(1_000 + HELD_MS));
    assert_eq!(reorder.take_ready().map(|part| part.order), Some(7));
}

#[test]
fn a_buffer_holds_a_bounded_number_and_bounded_bytes() {
    let mut reorder = Reorder::default();
    for order in 1..5_000 {
        offer(&mut reorder, part(order * 2, 0), 0);
        assert!(reorder.held_count() < REORDER_MESSAGES);
    }
    let mut reorder = Reorder::default();
    for order in 1..500 {
        offer(&mut reorder, OlmPart { olm: vec![0; 60_000], ..part(order * 2, 0) }, 0);
        assert!(reorder.held_count() <= 36);
    }
    assert!(!reorder.take_all().is_empty() && reorder.held_count() == 0);
}

#[test]
fn an_ack_is_signed_by_its_device_and_bounded() {
    let (keys, other) = (DeviceKeys::from_entropy([1; 64]), DeviceKeys::from_entropy([2; 64]));
    let item = (MessageId([3; 16]), 1, Outcome::Delivered);
    let ack = |count| Ack {
        to_account: AccountId([4; 32]),
        to_device: DeviceId([5; 16]),
        from_device: keys.id(),
        items: vec![item; count],
    };
    let signed = ack(ACK_ITEMS).sign(&keys).unwrap();
    assert_eq!(Ack::open(&signed, &keys.sig_public()), Some(ack(ACK_ITEMS)));
    assert_eq!(Ack::open(&signed, &other.sig_public()), None);
    assert!(ack(ACK_ITEMS + 1).sign(&keys).is_err());
}

proptest! {
    /// Any mix of orders and floors: each order comes out at most once, in rising order, and nothing panics.
    #[test]
    fn any_sequence_comes_out_once_and_rising(
        offers in proptest::collection::vec((0u64..300, 0u64..300, 0u64..40_000_000), 0..400),
    ) {
        let mut reorder = Reorder::default();
        let mut out = Vec::new();
        for (order, floor, now_ms) in offers {
            out.extend(offer(&mut reorder, part(order, floor.min(order)), now_ms));
        }
        prop_assert!(out.windows(2).all(|pair| pair[0] < pair[1]));
    }

    /// All of 0..n in any order, however often: all come out.
    #[test]
    fn nothing_offered_is_swallowed(order in Just((0u64..400).collect::<Vec<_>>()).prop_shuffle()) {
        let mut reorder = Reorder::default();
        let out: Vec<u64> = order.into_iter().flat_map(|n| offer(&mut reorder, part(n, 0), 0)).collect();
        prop_assert_eq!(out, (0..400).collect::<Vec<_>>());
    }
}
