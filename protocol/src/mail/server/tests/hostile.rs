//! Requests of all sorts in any order: the sums stay true, and nothing panics.

use super::{Desk, bytes, key};
use crate::engine::net::LinkId;
use crate::kdf;
use crate::mail::server::shelf::{Shelf as _, Totals};
use crate::mail::server::{Limits, MemoryShelf, Output};
use crate::mail::shared_queue;
use crate::mail::{Entry, Request, split};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Deed {
    Opened(LinkId),
    Closed(LinkId),
    Ask(LinkId, Request),
    Bytes(LinkId, Vec<u8>),
    Time(u64),
    Revoke(u8),
    Undo,
    Outputs,
}

fn queue() -> impl Strategy<Value = [u8; 16]> {
    (0..4_u8).prop_map(|n| [n; 16])
}

fn token() -> impl Strategy<Value = [u8; 32]> {
    (0..3_u8).prop_map(|n| [n; 32])
}

fn request() -> impl Strategy<Value = Request> {
    let entry = (queue(), token(), 0..20_000_u64).prop_map(|(queue, token, limit_bytes)| Entry {
        queue,
        deposit: kdf::hash(&token),
        limit_bytes,
    });
    let kept = prop::option::of((token(), 0..20_000_u64).prop_map(|(token, limit_bytes)| Entry {
        queue: shared_queue(&token),
        deposit: kdf::hash(&token),
        limit_bytes,
    }));
    prop_oneof![
        1 => any::<[u8; 32]>().prop_map(|nonce| Request::Hello { nonce }),
        4 => (token(), 0..3_u8, 0..4_u64).prop_map(|(token, grant, run)| {
            Request::Open { token, grant: Some(key().grant([grant; 16], 2, u32::from(grant))), run }
        }),
        3 => prop::collection::vec(entry, 0..6).prop_map(Request::Register),
        1 => Just(Request::Settle),
        2 => (0..9_u64, 0..9_000_u32).prop_map(|(after, bytes)| Request::Fetch { after, bytes }),
        2 => prop::collection::vec(0..20_u64, 0..5).prop_map(Request::Ack),
        1 => (queue(), prop::collection::vec(any::<u8>(), 0..90))
            .prop_map(|(queue, card)| Request::PutCard { queue, card }),
        1 => Just(Request::Leave),
        8 => (queue(), token(), 0..9_u64, 0..8_usize).prop_map(|(queue, token, number, length)| {
            Request::Deposit { queue, token, envelope: bytes(number, 1_024 << length) }
        }),
        1 => (queue(), token(), 0..9_u64).prop_map(|(queue, token, number)| {
            Request::Withdraw { queue, token, hashes: vec![kdf::hash(&bytes(number, 2_048))] }
        }),
        1 => (queue(), token()).prop_map(|(queue, token)| Request::GetCard { queue, token }),
        2 => (token(), 0..3_u8, kept).prop_map(|(token, grant, entry)| {
            Request::Keep { token, grant: Some(key().grant([grant; 16], 2, u32::from(grant))), entry }
        }),
        2 => (token(), 0..9_u64, 0..9_000_u32)
            .prop_map(|(token, after, bytes)| Request::Read { token, after, bytes }),
        2 => (token(), 0..9_u64).prop_map(|(token, number)| {
            Request::Deposit { queue: shared_queue(&token), token, envelope: bytes(number, 2_048) }
        }),
    ]
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        2 => (0..4_u64).prop_map(Deed::Opened),
        1 => (2..4_u64).prop_map(Deed::Closed),
        20 => (0..4_u64, request()).prop_map(|(link, request)| Deed::Ask(link, request)),
        1 => (0..4_u64, prop::collection::vec(any::<u8>(), 0..40)).prop_map(|(l, b)| Deed::Bytes(l, b)),
        1 => (0..900_000_000_u64).prop_map(Deed::Time),
        1 => (0..3_u8).prop_map(Deed::Revoke),
        1 => Just(Deed::Undo),
        3 => Just(Deed::Outputs),
    ]
}

/// The sums, counted by hand.
fn counted(shelf: &mut MemoryShelf, boxes: u64) -> Totals {
    let mut totals = Totals::default();
    for id in 1..=boxes {
        let Some(row) = shelf.box_row(id).unwrap() else { continue };
        let (mut envelopes, mut used, mut after) = (0, 0, 0);
        while let Some((next, bytes)) = shelf.next_envelope(id, after).unwrap() {
            assert_eq!(next.bytes, bytes.len() as u64);
            (envelopes, used, after) = (envelopes + 1, used + next.bytes, next.number);
        }
        let queues: Vec<_> = (0..4_u8)
            .flat_map(|n| [[n; 16], shared_queue(&[n; 32])])
            .filter_map(|queue| shelf.queue(&queue).unwrap())
            .filter(|queue| queue.owner == id)
            .collect();
        let cards: u64 = queues.iter().map(|queue| queue.card_bytes).sum();
        assert_eq!((row.envelopes, row.used_bytes), (envelopes, used + cards));
        assert_eq!(queues.iter().map(|queue| queue.envelopes).sum::<u64>(), envelopes);
        assert_eq!(queues.iter().map(|queue| queue.used_bytes).sum::<u64>(), used);
        assert_eq!(row.queues, queues.len() as u64);
        assert!(row.used_bytes <= row.quota_bytes);
        assert!(queues.iter().all(|queue| queue.used_bytes <= 65_536));
        totals.boxes += 1;
        totals.queues += row.queues;
        totals.envelopes += envelopes;
        totals.bytes += row.used_bytes;
    }
    Totals { next_box: boxes, ..totals }
}

fn do_it(desk: &mut Desk, saved: &mut MemoryShelf, deed: Deed) {
    let now = desk.now;
    match deed {
        Deed::Opened(link) => {
            desk.server.opened(link, vec![0], vec![link as u8 % 2], now);
            let hello = Request::Hello { nonce: [0; 32] }.encode().unwrap();
            desk.server.message(link, &split(&hello)[0], &mut desk.shelf, now).unwrap();
        }
        Deed::Closed(link) => desk.server.closed(link),
        Deed::Ask(link, request) => {
            let Ok(frame) = request.encode() else { return };
            for message in split(&frame) {
                desk.server.message(link, &message, &mut desk.shelf, now).unwrap();
            }
        }
        Deed::Bytes(link, message) => {
            desk.server.message(link, &message, &mut desk.shelf, now).unwrap();
        }
        Deed::Time(ms) => {
            desk.now.mono_ms += ms;
            desk.server.tick(&mut desk.shelf, desk.now).unwrap();
        }
        Deed::Revoke(grant) => desk.server.revoke(&[grant; 16], &mut desk.shelf).unwrap(),
        Deed::Undo => {
            desk.shelf = saved.clone();
            desk.server.undo();
        }
        Deed::Outputs => {
            *saved = desk.shelf.clone();
            let outputs = desk.server.outputs();
            let bytes = |output: &Output| match output {
                Output::Write { messages, .. } => messages.iter().map(Vec::len).sum(),
                Output::Close { .. } | Output::Hold { .. } => 0,
            };
            assert!(outputs.iter().map(bytes).sum::<usize>() < 40 << 20);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn sums_stay_true_whatever_is_asked(deeds in prop::collection::vec(deed(), 0..120)) {
        let limits = Limits { queues_per_box: 3, boxes: 4, links_per_peer: 2, ..Limits::default() };
        let mut desk = Desk::new(limits);
        let mut saved = desk.shelf.clone();
        // Two boxes with two queues each, so that what follows meets something.
        for link in 0..2_u8 {
            let number = u64::from(link);
            let entry = |n: u8| Entry { queue: [n; 16], deposit: kdf::hash(&[0; 32]), limit_bytes: 9_000 };
            let grant = Some(key().grant([2; 16], 2, 1));
            for deed in [
                Deed::Opened(number),
                Deed::Ask(number, Request::Open { token: [link; 32], grant, run: 1 }),
                Deed::Ask(number, Request::Register(vec![entry(link), entry(link + 2)])),
            ] {
                do_it(&mut desk, &mut saved, deed);
            }
        }
        for deed in deeds {
            do_it(&mut desk, &mut saved, deed);
            let totals = desk.totals();
            prop_assert_eq!(counted(&mut desk.shelf, totals.next_box), totals);
        }
    }
}
