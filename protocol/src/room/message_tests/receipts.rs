use super::super::entry::LAST_SEQ;
use super::super::have::{DEVICES, HAVE_BYTES, RANGES};
use super::*;
use crate::wire;
use proptest::prelude::*;

fn range(device: u8, upto: u64, beyond: &[(u64, u64)]) -> HeadRange {
    HeadRange { device: DeviceId([device; 16]), upto, beyond: beyond.to_vec() }
}

fn have(heads: Vec<HeadRange>) -> Have {
    Have { room: ROOM, device: keys(1).id(), counter: 7, heads, ext: Vec::new() }
}

#[test]
fn a_receipt_is_believed_of_who_signed_it_only() {
    let (alice, said) = (keys(1), have(vec![range(1, 5, &[(7, 9)]), range(2, 0, &[])]));
    let signed = said.sign(&alice).unwrap();
    assert_eq!(Have::open(&signed, &alice.sig_public()).as_ref(), Ok(&said));
    assert_eq!(Have::open(&signed, &keys(2).sig_public()), Err(HaveError::Signature));
    let forged = said.sign(&keys(2)).unwrap();
    assert_eq!(Have::open(&forged, &keys(2).sig_public()), Err(HaveError::Signature), "names alice");
    let other = alice.sign("room entry", &signed.body);
    assert_eq!(Have::open(&other, &alice.sig_public()), Err(HaveError::Signature), "another purpose");
    for place in 0..signed.body.len() {
        let mut bent = signed.clone();
        bent.body[place] ^= 1;
        assert!(Have::open(&bent, &alice.sig_public()).is_err(), "byte {place}");
    }
}

#[test]
fn a_receipt_covers_what_it_says_and_nothing_else() {
    let said = have(vec![range(1, 5, &[(7, 9), (12, 12)]), range(2, 0, &[])]);
    let covered: Vec<u64> = (0..15).filter(|seq| said.covers(&DeviceId([1; 16]), *seq)).collect();
    assert_eq!(covered, [1, 2, 3, 4, 5, 7, 8, 9, 12]);
    assert!((0..15).all(|seq| !said.covers(&DeviceId([2; 16]), seq)));
    assert!((0..15).all(|seq| !said.covers(&DeviceId([3; 16]), seq)), "of whom nothing is said");
}

#[test]
fn a_receipt_over_a_bound_is_neither_made_nor_taken() {
    let alice = keys(1);
    let many = |count: u16| {
        let device = |n: u16| DeviceId([n.to_be_bytes(); 8].concat().try_into().unwrap());
        (0..count).map(|n| HeadRange { device: device(n), upto: LAST_SEQ, beyond: Vec::new() }).collect()
    };
    let full: Vec<(u64, u64)> = (1..=9).map(|n| (n * 10, n * 10)).collect();
    let refused = [
        vec![range(2, 0, &[]), range(1, 0, &[])],
        vec![range(1, 0, &[]), range(1, 1, &[])],
        vec![range(1, LAST_SEQ + 1, &[])],
        vec![range(1, 0, &[(3, LAST_SEQ + 1)])],
        vec![range(1, 5, &[(6, 7)])],
        vec![range(1, 5, &[(4, 7)])],
        vec![range(1, 5, &[(9, 8)])],
        vec![range(1, 5, &[(7, 8), (9, 9)])],
        vec![range(1, 5, &[(12, 13), (7, 8)])],
        vec![range(1, 0, &full)],
        many(1_025),
    ];
    for heads in refused {
        let said = have(heads);
        assert_eq!(said.sign(&alice), Err(HaveError::Malformed), "{said:?}");
        let signed = alice.sign("room have", &wire::encode(&said).unwrap());
        assert_eq!(Have::open(&signed, &alice.sig_public()), Err(HaveError::Malformed));
    }
    let understood = Have { ext: vec![(1, Vec::new())], ..have(Vec::new()) };
    assert_eq!(understood.sign(&alice), Err(HaveError::Malformed));
    let long = Have { ext: vec![(2, vec![0; HAVE_BYTES])], ..have(Vec::new()) };
    assert_eq!(long.sign(&alice), Err(HaveError::Malformed));
    let taken = [vec![range(1, LAST_SEQ, &[])], vec![range(1, 0, &full[..RANGES])], many(1_024)];
    assert!(taken.into_iter().all(|heads| have(heads).sign(&alice).is_ok()));
}

#[test]
fn a_receipt_of_too_much_is_cut_to_what_fits() {
    let beyond: Vec<(u64, u64)> = (1..=20).map(|n| (1 << (n + 20), 1 << (n + 20))).collect();
    let heads: Vec<HeadRange> = (0..1_500_u16)
        .rev()
        .map(|n| HeadRange {
            device: DeviceId([n.to_be_bytes(); 8].concat().try_into().unwrap()),
            upto: LAST_SEQ >> 20,
            beyond: beyond.clone(),
        })
        .collect();
    let first = heads[0].device;
    let few = Have::new(ROOM, keys(1).id(), 1, vec![range(2, 1, &[(4, 5)]), range(1, 2, &[])]);
    assert_eq!(few.heads, [range(1, 2, &[]), range(2, 1, &[(4, 5)])], "what fits is not touched");
    let cut = Have::new(ROOM, keys(1).id(), 1, heads);
    assert_eq!(cut.heads.len(), DEVICES);
    assert!(cut.covers(&first, 1), "what is told first stays");
    assert!(cut.sign(&keys(1)).is_ok());
    let some = Have::new(
        ROOM,
        keys(1).id(),
        1,
        vec![range(1, 0, &(1..=20).map(|n| (n * 9, n * 9)).collect::<Vec<_>>())],
    );
    assert_eq!(some.heads[0].beyond.len(), RANGES);
}

proptest! {
    #[test]
    fn what_is_possible_comes_back(steps in proptest::collection::vec((2..50u64, 0..50u64), 0..=8), upto in 0..99u64) {
        let mut last = upto;
        let beyond: Vec<(u64, u64)> = steps
            .iter()
            .map(|(gap, length)| {
                let from = last + gap;
                last = from + length;
                (from, last)
            })
            .collect();
        let said = have(vec![range(1, upto, &beyond)]);
        let signed = said.sign(&keys(1)).unwrap();
        prop_assert_eq!(Have::open(&signed, &keys(1).sig_public()), Ok(said));
    }
}
