use super::super::entry::{AFTER, ENTRY_BYTES, HEAD_BYTES, LAST_INDEX, LAST_SEQ, TIPS};
use super::*;
use crate::limits::{FRAME_BYTES, TEXT_BYTES};
use crate::wire::{self, Signed};
use proptest::prelude::*;

#[test]
fn an_entry_is_checked_by_anybody_and_says_what_was_said() {
    let mut alice = Writer::new(1);
    let (head, sealed, opened) = alice.write("hello");
    for entry in [&sealed, &opened] {
        assert_eq!(wire::decode::<Entry>(&wire::encode(entry).unwrap()).as_ref(), Ok(entry));
        assert_eq!(entry.open_head(&alice.keys.sig_public()).as_ref(), Ok(&head));
        assert_eq!(entry.check_body(&head), Ok(()));
        assert_eq!(Head::peek(&entry.head).as_ref(), Ok(&head));
        assert!((0..64).contains(&(entry.framed() - wire::encode(entry).unwrap().len())));
    }
    assert_eq!(sealed.id(), opened.id(), "one message, however it comes");
    assert_eq!(content_of(body(&opened), &head), Ok(text(ROOM, 1, "hello")));
}

#[test]
fn a_head_of_another_device_or_changed_anywhere_is_refused() {
    let mut alice = Writer::new(1);
    let (head, sealed, _) = alice.write("hello");
    assert_eq!(sealed.open_head(&keys(2).sig_public()), Err(EntryError::Signature));
    let forged = Entry { head: head.sign(&keys(2)).unwrap(), body: sealed.body.clone() };
    assert_eq!(forged.open_head(&keys(2).sig_public()), Err(EntryError::Signature), "names alice");
    assert_eq!(forged.open_head(&alice.keys.sig_public()), Err(EntryError::Signature));
    for place in 0..sealed.head.body.len() {
        let mut bent = sealed.clone();
        bent.head.body[place] ^= 1;
        assert!(bent.open_head(&alice.keys.sig_public()).is_err(), "byte {place}");
    }
    for place in 0..64 {
        let mut bent = sealed.clone();
        bent.head.sig[place] ^= 1;
        assert_eq!(bent.open_head(&alice.keys.sig_public()), Err(EntryError::Signature), "byte {place}");
    }
    let other = alice.keys.sign("room have", &sealed.head.body);
    assert_eq!(Head::open(&other, &alice.keys.sig_public()), Err(EntryError::Signature), "another purpose");
}

#[test]
fn a_head_over_a_bound_is_neither_made_nor_taken() {
    let alice = keys(1);
    let good = head(&alice, 2, [1; 32], 0, b"x");
    let rising = |count: usize| (0..count).map(|n| (DeviceId([u8::try_from(n).unwrap(); 16]), 1)).collect();
    let tips = |count: usize| (0..count).map(|n| OpId([u8::try_from(n).unwrap(); 32])).collect::<Vec<_>>();
    type Bend = fn(&mut Head);
    let bent: Vec<(&str, Bend)> = vec![
        ("no number", |h| h.seq = 0),
        ("a number too high", |h| (h.seq, h.depth) = (LAST_SEQ + 1, LAST_SEQ + 1)),
        ("first with one before", |h| h.seq = 1),
        ("second with none before", |h| h.prev = [0; 32]),
        ("less deep than its number", |h| h.depth = 1),
        ("too deep", |h| h.depth = LAST_SEQ + 1),
        ("after itself", |h| h.after = vec![(h.device, 1)]),
        ("after nothing's zeroth", |h| h.after = vec![(DeviceId([0; 16]), 0)]),
        ("after one device twice", |h| h.after = vec![(DeviceId([0; 16]), 1), (DeviceId([0; 16]), 2)]),
        ("after in disorder", |h| h.after = vec![(DeviceId([2; 16]), 1), (DeviceId([1; 16]), 1)]),
        ("tips twice", |h| h.tips = vec![OpId([3; 32]), OpId([3; 32])]),
        ("tips in disorder", |h| h.tips = vec![OpId([3; 32]), OpId([2; 32])]),
        ("index too high", |h| h.index = LAST_INDEX + 1),
        ("must be understood", |h| h.ext = vec![(1, Vec::new())]),
        ("too long", |h| h.ext = vec![(2, vec![0; HEAD_BYTES])]),
    ];
    for (why, bend) in bent {
        let mut head = good.clone();
        bend(&mut head);
        assert_refused(&alice, &head, why);
    }
    let full = Head { after: rising(AFTER), tips: tips(TIPS), ..good.clone() };
    assert_eq!(Head::open(&full.sign(&alice).unwrap(), &alice.sig_public()).as_ref(), Ok(&full));
    assert_refused(&alice, &Head { after: rising(AFTER + 1), ..good.clone() }, "after too many");
    assert_refused(&alice, &Head { tips: tips(TIPS + 1), ..good.clone() }, "too many tips");
    let grown = Head { ext: vec![(2, vec![1])], ..good };
    assert!(Head::open(&grown.sign(&alice).unwrap(), &alice.sig_public()).is_ok(), "may be ignored");
}

fn assert_refused(device: &DeviceKeys, head: &Head, why: &str) {
    assert_eq!(head.sign(device), Err(EntryError::Malformed), "{why}");
    let signed = device.sign("room entry", &wire::encode(head).unwrap());
    assert_eq!(Head::open(&signed, &device.sig_public()), Err(EntryError::Malformed), "{why}");
}

#[test]
fn a_body_that_is_not_the_heads_is_refused_without_a_key() {
    let mut alice = Writer::new(1);
    let (head, sealed, opened) = alice.write("hello");
    let (_, other, other_opened) = alice.write("hellu");
    for (entry, wrong) in [(&sealed, &other), (&opened, &other_opened)] {
        let swapped = Entry { head: entry.head.clone(), body: wrong.body.clone() };
        assert_eq!(swapped.check_body(&head), Err(EntryError::Body));
    }
    for place in 0..body(&sealed).len() {
        let mut bytes = body(&sealed).to_vec();
        bytes[place] ^= 1;
        let bent = Entry { head: sealed.head.clone(), body: EntryBody::Sealed(bytes) };
        assert_eq!(bent.check_body(&head), Err(EntryError::Body), "byte {place}");
    }
    let foreign = Head { session: Sender::new(0).id(), ..head.clone() };
    assert_eq!(sealed.check_body(&foreign), Err(EntryError::Body));
    let huge = Entry { head: sealed.head.clone(), body: EntryBody::Sealed(vec![4; ENTRY_BYTES + 1]) };
    assert_eq!(huge.check_body(&head), Err(EntryError::Body));
}

#[test]
fn a_content_of_another_room_number_or_form_is_refused() {
    let alice = keys(1);
    let at = |plain: &[u8]| head(&alice, 2, [1; 32], 0, plain);
    let open = |content: &Content| {
        let plain = plain(content, [0; SALT_BYTES]).unwrap();
        content_of(&plain, &at(&plain))
    };
    assert_eq!(open(&text(ROOM, 2, "x")), Ok(text(ROOM, 2, "x")));
    assert_eq!(open(&text(ELSEWHERE, 2, "x")), Err(EntryError::Content), "cross-room");
    assert_eq!(open(&text(ROOM, 3, "x")), Err(EntryError::Content));
    let seen = Content { seen: vec![(DeviceId([1; 16]), 1); 9], ..text(ROOM, 2, "x") };
    assert_eq!(open(&seen), Err(EntryError::Malformed));
    let ext = Content { ext: vec![(1, Vec::new())], ..text(ROOM, 2, "x") };
    assert_eq!(open(&ext), Err(EntryError::Malformed));
    let broken = Content { body: vec![255], ..text(ROOM, 2, "x") };
    assert_eq!(open(&broken), Err(EntryError::Malformed));
    let good = plain(&text(ROOM, 2, "x"), [0; SALT_BYTES]).unwrap();
    assert_eq!(content_of(&good, &at(b"something else")), Err(EntryError::Body));
    for bent in [&good[..SALT_BYTES - 1], &good[..good.len() - 1], &[&good[..], &[0]].concat()] {
        assert_eq!(content_of(bent, &at(bent)), Err(EntryError::Malformed));
    }
    let mut dirty = good.clone();
    *dirty.last_mut().unwrap() = 1;
    assert_eq!(content_of(&dirty, &at(&dirty)), Err(EntryError::Malformed), "padding is zeros");
}

#[test]
fn the_salt_hides_a_short_text_from_who_knows_the_digest() {
    let said = text(ROOM, 1, "yes");
    let one = plain(&said, [1; SALT_BYTES]).unwrap();
    let two = plain(&said, [2; SALT_BYTES]).unwrap();
    assert_ne!(digest(&one), digest(&two));
    assert_eq!(one.len(), plain(&text(ROOM, 1, "no"), [1; SALT_BYTES]).unwrap().len());
}

#[test]
fn the_largest_text_fits_an_entry_and_a_frame_and_a_page_of_text_fits_gossip() {
    let mut alice = Writer::new(1);
    let full = |head: &mut Head| {
        head.after = (1..=8).map(|n| (DeviceId([n; 16]), LAST_SEQ)).collect();
        head.tips = (0..16).map(|n| OpId([n; 32])).collect();
        head.sign(&keys(1)).unwrap()
    };
    for (bytes, gossip) in [(TEXT_BYTES, false), (16_000, true), (1, true)] {
        let (mut head, mut entry, _) = alice.write(&"x".repeat(bytes));
        entry.head = full(&mut head);
        let size = wire::encode(&entry).unwrap().len();
        assert!(size <= entry.framed() && entry.framed() <= ENTRY_BYTES, "{bytes}: {size}");
        let give = Give { entries: vec![entry], ..Give::empty(ROOM) };
        let frame = Words::Give(Box::new(give)).encode().unwrap();
        assert!(frame.len() <= FRAME_BYTES);
        assert!(seal::box_seal(&[1; 32], &frame).is_some());
        assert_eq!(seal::gossip_seal(&[1; 32], 1, &[2; 24], &frame).is_some(), gossip, "{bytes}");
    }
}

#[test]
fn a_place_is_the_same_for_all_and_fits_where_it_is_kept() {
    let id = |first: u8| EntryId([first; 32]);
    assert!(place(3, &id(9)) < place(4, &id(1)));
    assert!(place(3, &id(1)) < place(3, &id(2)));
    assert_eq!(place(u64::MAX, &id(255)), ((1 << 62) - 1, (1 << 62) - 1));
    assert_eq!(place(7, &id(0)), (7, 0));
}

proptest! {
    #[test]
    fn any_text_comes_back(said in ".{0,300}", salt: [u8; 16], seq in 1..=LAST_SEQ - 4) {
        let content = text(ROOM, seq, &said);
        let plain = plain(&content, salt).unwrap();
        prop_assert_eq!(content_of(&plain, &head(&keys(1), seq, [1; 32], 0, &plain)), Ok(content));
        prop_assert!((plain.len() - SALT_BYTES).is_multiple_of(256));
    }

    #[test]
    fn rubbish_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..600), sig: [u8; 32]) {
        let mut long = [0; 64];
        long[..32].copy_from_slice(&sig);
        let signed = Signed { body: bytes.clone(), sig: long };
        prop_assert!(Head::open(&signed, &sig).is_err());
        prop_assert!(Have::open(&signed, &sig).is_err());
        let head = head(&keys(1), 1, sig, 0, b"");
        for body in [EntryBody::Sealed(bytes.clone()), EntryBody::Opened(bytes.clone())] {
            let entry = Entry { head: signed.clone(), body };
            prop_assert!(entry.check_body(&head).is_err() || bytes.is_empty());
        }
    }
}
