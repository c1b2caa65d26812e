//! Queues that many share: made without an owner's stream, read by whoever may deposit, cleared by nobody.

use super::*;
use crate::mail::server::limits::{SHARED_BOXES, SHARED_PART};
use crate::mail::shared_queue;

const OWNER: [u8; 32] = [0x51; 32];
const SHARED: [u8; 32] = [0x52; 32];

fn keep(grant: Option<Grant>) -> Request {
    let entry = Entry { queue: shared_queue(&SHARED), deposit: kdf::hash(&SHARED), limit_bytes: u64::MAX };
    Request::Keep { token: OWNER, grant, entry: Some(entry) }
}

fn leave(number: u64) -> Request {
    let envelope = bytes(number, envelope::SMALLEST);
    Request::Deposit { queue: shared_queue(&SHARED), token: SHARED, envelope }
}

fn grant(uses: u32) -> Grant {
    key().grant([4; 16], uses, 1)
}

/// A desk with a shared queue, and streams 2 and 3 of visitors.
fn shared() -> Desk {
    let mut desk = Desk::settled();
    desk.visitor(3);
    assert_eq!(desk.one(1, &keep(Some(grant(1)))), Answer::Done, "on an owner's stream, too");
    desk
}

/// Numbers of a page, whether there is more, and the last number.
fn read(desk: &mut Desk, link: LinkId, after: u64, bytes: u32) -> (Vec<u64>, bool, u64) {
    let mut answers = desk.ask(link, &Request::Read { token: SHARED, after, bytes });
    let Some(Answer::ReadEnd { more, last }) = answers.pop() else { panic!("no end") };
    let numbers = answers.iter().map(|answer| match answer {
        Answer::Item(item) if item.queue == shared_queue(&SHARED) => item.number,
        other => panic!("{other:?}"),
    });
    (numbers.collect(), more, last)
}

#[test]
fn who_may_leave_something_in_a_shared_queue_may_read_all_of_it() {
    let mut desk = shared();
    assert_eq!(read(&mut desk, 3, 0, 9_999), (vec![], false, 0));
    for number in 1..=3 {
        desk.promise(2, &leave(number));
    }
    assert_eq!(read(&mut desk, 3, 0, 9_999), (vec![1, 2, 3], false, 3));
    assert_eq!(read(&mut desk, 3, 0, 1), (vec![1], true, 3));
    assert_eq!(read(&mut desk, 2, 2, 9_999), (vec![3], false, 3));
    assert_eq!(
        read(&mut desk, 2, 9, 9_999),
        (vec![], false, 3),
        "who is ahead of it sees that it was set back"
    );
}

#[test]
fn only_a_queue_that_was_named_so_is_shared() {
    let mut desk = shared();
    desk.promise(2, &deposit(1));
    let unknown = refused(Refused::Unknown);
    assert_eq!(desk.one(2, &Request::Read { token: TOKEN, after: 0, bytes: 1 }), unknown);
    assert_eq!(desk.one(2, &Request::Read { token: OWNER, after: 0, bytes: 1 }), unknown);
    // Even in a box with a shared queue, other queues are not read.
    let mut home = Desk::settled();
    let entry = Entry { queue: shared_queue(&SHARED), deposit: kdf::hash(&SHARED), limit_bytes: 1 << 20 };
    assert_eq!(home.one(1, &Request::Register(vec![entry])), Answer::Done);
    home.promise(2, &deposit(1));
    home.promise(2, &leave(2));
    assert_eq!(read(&mut home, 2, 0, 99_999), (vec![2], false, 2));
}

#[test]
fn nobody_takes_anything_out_of_a_shared_queue() {
    let mut desk = shared();
    let promise = desk.promise(2, &leave(1));
    let hashes = vec![promise.envelope];
    let withdraw = Request::Withdraw { queue: shared_queue(&SHARED), token: SHARED, hashes };
    assert_eq!(desk.one(2, &withdraw), refused(Refused::Malformed));
    for request in [Request::Ack(vec![1]), Request::Settle, Request::Leave] {
        assert_eq!(desk.one(2, &request), refused(Refused::Malformed), "{request:?}");
    }
    assert_eq!(desk.one(2, &Request::Open { token: SHARED, grant: None, run: 1 }), refused(Refused::Unknown));
    assert_eq!(read(&mut desk, 3, 0, 9_999).0, [1]);
}

#[test]
fn who_has_read_everything_is_told_once_of_what_comes() {
    let mut desk = shared();
    read(&mut desk, 3, 0, 9_999);
    let news = |desk: &mut Desk, number| {
        let _ = desk.told();
        desk.send(2, &leave(number));
        desk.told().iter().filter(|(_, answer)| *answer == Some(Answer::News)).count()
    };
    assert_eq!((news(&mut desk, 1), news(&mut desk, 2)), (1, 0));
    assert_eq!(read(&mut desk, 3, 0, 1), (vec![1], true, 2));
    assert_eq!(news(&mut desk, 3), 0, "the next page shows it");
    read(&mut desk, 3, 1, 9_999);
    read(&mut desk, 2, 0, 9_999);
    assert_eq!(news(&mut desk, 4), 2, "all who read are told");
}

#[test]
fn a_kept_box_is_made_once_and_goes_when_its_owner_says_so() {
    let mut desk = shared();
    desk.promise(2, &leave(1));
    assert_eq!(desk.one(3, &keep(None)), Answer::Done, "it is there, and stays as it is");
    assert_eq!(read(&mut desk, 3, 0, 9_999).0, [1]);
    let other = Request::Keep { token: [9; 32], grant: Some(grant(1)), entry: None };
    assert_eq!(desk.one(3, &other), Answer::Done, "one that is not there is as good as gone");
    let Request::Keep { entry, .. } = keep(None) else { panic!() };
    let without = Request::Keep { token: [9; 32], grant: None, entry };
    assert_eq!(desk.one(3, &without), refused(Refused::Unknown));
    let boxes = desk.server.figures(&mut desk.shelf).unwrap().boxes;
    assert_eq!(desk.one(3, &Request::Keep { token: OWNER, grant: None, entry: None }), Answer::Done);
    assert_eq!(desk.server.figures(&mut desk.shelf).unwrap().boxes, boxes - 1);
    let gone = desk.one(2, &Request::Read { token: SHARED, after: 0, bytes: 1 });
    assert_eq!(gone, refused(Refused::Unknown));
}

#[test]
fn rooms_take_no_persons_place_under_a_grant_and_are_counted_by_themselves() {
    let mut desk = shared();
    let own = Request::Open { token: [0x77; 32], grant: Some(grant(1)), run: 1 };
    desk.visitor(5);
    assert!(matches!(desk.one(5, &own), Answer::Opened { .. }), "the one use is free for a person");
    let keep = |number: u64| {
        let shared = [u8::try_from(number).unwrap(); 32];
        let entry =
            Entry { queue: shared_queue(&shared), deposit: kdf::hash(&shared), limit_bytes: u64::MAX };
        Request::Keep { token: shared, grant: Some(grant(1)), entry: Some(entry) }
    };
    for number in 1..SHARED_BOXES {
        assert_eq!(desk.one(3, &keep(number)), Answer::Done);
    }
    assert_eq!(desk.one(3, &keep(SHARED_BOXES)), refused(Refused::Grant));
    let row = desk.shelf.box_by_token(&kdf::hash(&OWNER)).unwrap().unwrap();
    assert_eq!(row.quota_bytes, (1 << 20) / SHARED_PART);
    desk.server.revoke(&grant(1).id, &mut desk.shelf).unwrap();
    let closed = desk.one(2, &leave(1));
    assert_eq!(closed, refused(Refused::Unknown), "a grant that is taken back takes those of its rooms");
    assert_eq!(desk.one(3, &keep(SHARED_BOXES)), refused(Refused::Grant));
}

#[test]
fn what_lies_in_a_shared_queue_runs_out() {
    let mut desk = shared();
    desk.promise(2, &leave(1));
    desk.now = Now::new(desk.now.mono_ms + KEPT_MS, desk.now.wall_ms);
    desk.server.tick(&mut desk.shelf, desk.now).unwrap();
    desk.visitor(5);
    assert_eq!(read(&mut desk, 5, 0, 9_999), (vec![], false, 1));
}
