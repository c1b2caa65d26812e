use super::super::entry::ENTRY_BYTES;
use super::super::have::HAVE_BYTES;
use super::super::words::{CARD_BYTES, GIVE_BYTES, ITEMS, NAMES, RANGES, TIPS};
use super::*;
use crate::limits::FRAME_BYTES;
use crate::wire::{Frame, Signed};
use proptest::prelude::*;

fn signed(bytes: usize) -> Signed {
    Signed { body: vec![6; bytes], sig: [7; 64] }
}

fn entry(bytes: usize) -> Entry {
    Entry { head: signed(300), body: EntryBody::Sealed(vec![8; bytes]) }
}

fn heads() -> Heads {
    Heads {
        room: ROOM,
        tips: vec![OpId([1; 32])],
        have: signed(100),
        marks: vec![(DeviceId([1; 16]), 5)],
        cards: vec![(DeviceId([2; 16]), 6)],
    }
}

fn ask() -> Ask {
    Ask {
        room: ROOM,
        tips: vec![OpId([1; 32])],
        ranges: vec![(DeviceId([1; 16]), 3, 9)],
        open: true,
        marks: vec![DeviceId([2; 16])],
        cards: vec![DeviceId([3; 16])],
    }
}

fn give() -> Give {
    Give {
        room: ROOM,
        ops: vec![signed(10)],
        entries: vec![entry(20)],
        marks: vec![signed(30)],
        cards: vec![signed(40)],
        void: vec![(DeviceId([1; 16]), 1, 2)],
        more: true,
    }
}

/// Said and read again.
fn told(words: &Words) -> Option<Words> {
    let frame = Frame::unpack(&words.encode().ok()?).unwrap();
    Words::decode(frame.kind, &frame.body).unwrap()
}

fn refused(words: &Words) -> bool {
    let (kind, body) = match words {
        Words::Heads(heads) => (32, crate::wire::encode(heads)),
        Words::Ask(ask) => (33, crate::wire::encode(ask)),
        Words::Give(give) => (34, crate::wire::encode(give)),
        Words::Ready => (35, crate::wire::encode(&())),
    };
    words.encode().is_err() && body.map_or(true, |body| Words::decode(kind, &body).is_err())
}

#[test]
fn words_come_back_and_others_are_left_alone() {
    let all = [
        Words::Heads(Box::new(heads())),
        Words::Ask(Box::new(ask())),
        Words::Give(Box::new(give())),
        Words::Give(Box::new(Give::empty(ROOM))),
        Words::Ready,
    ];
    let mut kinds = Vec::new();
    for words in &all {
        assert_eq!(told(words).as_ref(), Some(words));
        kinds.push(Frame::unpack(&words.encode().unwrap()).unwrap().kind);
    }
    assert_eq!(kinds, [32, 33, 34, 34, 35]);
    for kind in [0, 1, 7, 17, 31, 36, u16::MAX] {
        assert_eq!(Words::decode(kind, b"anything"), Ok(None));
    }
    assert!(Words::decode(35, b"x").is_err() && Words::decode(32, b"").is_err());
}

#[test]
fn words_over_a_bound_are_neither_said_nor_taken() {
    let devices = |count: usize| vec![DeviceId([1; 16]); count];
    let counters = |count: usize| vec![(DeviceId([1; 16]), 1); count];
    let ops = |count: usize| vec![OpId([1; 32]); count];
    let is_refused = |heads: Heads| refused(&Words::Heads(Box::new(heads)));
    assert!(is_refused(Heads { tips: ops(TIPS + 1), ..heads() }));
    assert!(is_refused(Heads { have: signed(HAVE_BYTES + 1), ..heads() }));
    assert!(is_refused(Heads { marks: counters(NAMES + 1), ..heads() }));
    assert!(is_refused(Heads { cards: counters(NAMES + 1), ..heads() }));
    let is_refused = |ask: Ask| refused(&Words::Ask(Box::new(ask)));
    assert!(is_refused(Ask { tips: ops(TIPS + 1), ..ask() }));
    assert!(is_refused(Ask { ranges: vec![(DeviceId([1; 16]), 1, 1); RANGES + 1], ..ask() }));
    assert!(is_refused(Ask { marks: devices(NAMES + 1), ..ask() }));
    assert!(is_refused(Ask { cards: devices(NAMES + 1), ..ask() }));
    let ranges_of = |from, to| vec![(DeviceId([1; 16]), from, to)];
    for (from, to) in [(0, 1), (2, 1), (1, u64::MAX), (1, 1 << 53)] {
        assert!(is_refused(Ask { ranges: ranges_of(from, to), ..ask() }), "{from}-{to}");
    }
    let is_refused = |give: Give| refused(&Words::Give(Box::new(give)));
    for (from, to) in [(0, 1), (2, 1), (1, u64::MAX), (1, 1 << 53)] {
        assert!(is_refused(Give { void: ranges_of(from, to), ..give() }), "{from}-{to}");
    }
    assert!(is_refused(Give { void: vec![(DeviceId([1; 16]), 1, 1); RANGES + 1], ..give() }));
    assert!(is_refused(Give { ops: vec![signed(0); ITEMS + 1], ..give() }));
    assert!(is_refused(Give { ops: vec![signed(OP_BYTES + 1)], ..give() }));
    assert!(is_refused(Give { entries: vec![entry(ENTRY_BYTES - 299)], ..give() }));
    assert!(is_refused(Give { marks: vec![signed(HAVE_BYTES + 1)], ..give() }));
    assert!(is_refused(Give { cards: vec![signed(CARD_BYTES + 1)], ..give() }));
    let small = Entry { head: signed(0), body: EntryBody::Opened(Vec::new()) };
    assert!(is_refused(Give { entries: vec![small; ITEMS + 1], ..Give::empty(ROOM) }));
}

#[test]
fn the_fullest_words_fit_a_frame() {
    let fullest = Heads {
        tips: vec![OpId([255; 32]); TIPS],
        have: signed(HAVE_BYTES),
        marks: vec![(DeviceId([255; 16]), u64::MAX); NAMES],
        cards: vec![(DeviceId([255; 16]), u64::MAX); NAMES],
        ..heads()
    };
    assert!(told(&Words::Heads(Box::new(fullest))).is_some());
    let fullest = Ask {
        tips: vec![OpId([255; 32]); TIPS],
        ranges: vec![(DeviceId([255; 16]), (1 << 53) - 2, (1 << 53) - 1); RANGES],
        marks: vec![DeviceId([255; 16]); NAMES],
        cards: vec![DeviceId([255; 16]); NAMES],
        ..ask()
    };
    assert!(told(&Words::Ask(Box::new(fullest))).is_some());
}

#[test]
fn what_is_too_large_for_any_piece_is_left_out_of_it() {
    let all = Give {
        ops: vec![signed(OP_BYTES + 1), signed(1)],
        entries: vec![entry(ENTRY_BYTES - 299), entry(1)],
        marks: vec![signed(HAVE_BYTES + 1), signed(1)],
        cards: vec![signed(CARD_BYTES + 1), signed(1)],
        ..Give::empty(ROOM)
    };
    let batches = Give::batches(all);
    let left = Give {
        ops: vec![signed(1)],
        entries: vec![entry(1)],
        marks: vec![signed(1)],
        cards: vec![signed(1)],
        ..Give::empty(ROOM)
    };
    assert_eq!(batches, [left]);
    assert_eq!(Give::batches(Give::empty(ROOM)), [Give::empty(ROOM)]);
}

proptest! {
    #[test]
    fn pieces_are_frames_and_nothing_is_lost_doubled_or_moved(
        ops in proptest::collection::vec(0..OP_BYTES, 0..30),
        entries in proptest::collection::vec(0..=ENTRY_BYTES - 300, 0..12),
        marks in proptest::collection::vec(0..HAVE_BYTES, 0..4),
        cards in proptest::collection::vec(0..CARD_BYTES, 0..20),
        tiny in 0..1_300usize,
        void in 0..=RANGES,
        more: bool,
    ) {
        let all = Give {
            room: ROOM,
            ops: ops.into_iter().chain(std::iter::repeat_n(0, tiny)).map(signed).collect(),
            entries: entries.into_iter().map(entry).collect(),
            marks: marks.into_iter().map(signed).collect(),
            cards: cards.into_iter().map(signed).collect(),
            void: vec![(DeviceId([255; 16]), (1 << 53) - 1, (1 << 53) - 1); void],
            more,
        };
        let batches = Give::batches(all.clone());
        let mut joined = Give::empty(ROOM);
        for (at, piece) in batches.iter().enumerate() {
            let frame = Words::Give(Box::new(piece.clone())).encode().unwrap();
            prop_assert!(frame.len() <= GIVE_BYTES && frame.len() <= FRAME_BYTES);
            prop_assert!(seal::box_seal(&[1; 32], &frame).is_some());
            prop_assert_eq!(piece.more, at + 1 < batches.len() || more);
            let nothing = Give { more: piece.more, ..Give::empty(ROOM) };
            prop_assert!(batches.len() == 1 || *piece != nothing);
            joined.void.extend(piece.void.clone());
            joined.ops.extend(piece.ops.clone());
            joined.entries.extend(piece.entries.clone());
            joined.marks.extend(piece.marks.clone());
            joined.cards.extend(piece.cards.clone());
        }
        joined.more = more;
        prop_assert_eq!(joined, all);
    }
}
