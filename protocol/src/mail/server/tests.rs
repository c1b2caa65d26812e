//! The laws of a mailbox's server, on a shelf in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod hostile;
mod shared;

use super::limits::{BURST_BYTES, IDLE_MS, KEPT_MS, PAGE_BYTES, TICK_MS, WRONG_TOKENS};
use super::shelf::Totals;
use super::{Limits, MemoryShelf, Output, Server, Shelf, ShelfError, conformance};
use crate::engine::net::LinkId;
use crate::identity::DeviceKeys;
use crate::kdf;
use crate::mail::{
    Answer, Entry, Grant, MailKey, Pieces, Promise, Refused, Request, check_greeting, envelope, split,
};
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, Now};
use std::collections::BTreeMap;

const HOME: [u8; 32] = [0x0a; 32];
const QUEUE: [u8; 16] = [0x0b; 16];
const TOKEN: [u8; 32] = [0x0c; 32];

/// A server, its shelf and its clocks.
pub(super) struct Desk {
    pub server: Server,
    pub shelf: MemoryShelf,
    pub now: Now,
    pieces: BTreeMap<LinkId, Pieces>,
}

fn key() -> MailKey {
    MailKey::of(&DeviceKeys::from_entropy([1; 64]))
}

fn bytes(number: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![7; length];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    bytes
}

fn entry(queue: [u8; 16]) -> Entry {
    Entry { queue, deposit: kdf::hash(&TOKEN), limit_bytes: 1 << 30 }
}

fn deposit(number: u64) -> Request {
    Request::Deposit { queue: QUEUE, token: TOKEN, envelope: bytes(number, envelope::SMALLEST) }
}

impl Desk {
    pub fn new(limits: Limits) -> Self {
        let server = Server::new(key(), limits);
        let now = Now::new(5_000, 1_800_000_000_000);
        Self { server, shelf: MemoryShelf::default(), now, pieces: BTreeMap::new() }
    }

    /// A stream that has said hello.
    fn visitor(&mut self, link: LinkId) {
        self.server.opened(link, b"mailbox".to_vec(), link.to_le_bytes().to_vec(), self.now);
        let welcome = self.ask(link, &Request::Hello { nonce: [9; 32] });
        assert!(matches!(welcome[..], [Answer::Welcome(_)]), "{welcome:?}");
    }

    /// A stream of an owner, whose box is made if it is not there.
    fn owner(&mut self, link: LinkId, token: [u8; 32]) -> Answer {
        self.visitor(link);
        let grant = Some(key().grant([1; 16], 9, 64));
        self.one(link, &Request::Open { token, grant, run: 1 })
    }

    /// An owner's stream and the one queue.
    fn settled() -> Self {
        let mut desk = Self::new(Limits::default());
        assert!(matches!(desk.owner(1, HOME), Answer::Opened { .. }));
        assert_eq!(desk.one(1, &Request::Register(vec![entry(QUEUE)])), Answer::Done);
        assert_eq!(desk.one(1, &Request::Settle), Answer::Done);
        desk.visitor(2);
        desk
    }

    fn send(&mut self, link: LinkId, request: &Request) {
        for message in split(&request.encode().unwrap()) {
            self.server.message(link, &message, &mut self.shelf, self.now).unwrap();
        }
    }

    /// What each stream is told; closed ones are told nothing any more.
    fn told(&mut self) -> Vec<(LinkId, Option<Answer>)> {
        let mut told = Vec::new();
        for output in self.server.outputs() {
            match output {
                Output::Close { link } => told.push((link, None)),
                Output::Hold { .. } => {}
                Output::Write { link, messages } => {
                    let pieces = self.pieces.entry(link).or_default();
                    let frames = messages.iter().filter_map(|message| pieces.push(message).unwrap());
                    told.extend(frames.map(|frame| (link, Answer::decode(&frame).unwrap())));
                }
            }
        }
        told
    }

    /// What one stream is answered; what others are told, and was told before, is left out.
    fn ask(&mut self, link: LinkId, request: &Request) -> Vec<Answer> {
        let _ = self.told();
        self.send(link, request);
        let told = self.told().into_iter().filter(|(to, _)| *to == link);
        told.filter_map(|(_, answer)| answer).collect()
    }

    fn one(&mut self, link: LinkId, request: &Request) -> Answer {
        let mut answers = self.ask(link, request);
        assert_eq!(answers.len(), 1, "{answers:?}");
        answers.remove(0)
    }

    fn promise(&mut self, link: LinkId, request: &Request) -> Promise {
        let Request::Deposit { queue, envelope, .. } = request else { panic!("{request:?}") };
        match self.one(link, request) {
            Answer::Promise(signed) => {
                Promise::open(&signed, &key().id(), queue, &kdf::hash(envelope)).unwrap()
            }
            other => panic!("{other:?}"),
        }
    }

    /// Numbers of a page, and whether there is more.
    fn page(&mut self, link: LinkId, after: u64, bytes: u32) -> (Vec<u64>, bool) {
        let mut answers = self.ask(link, &Request::Fetch { after, bytes });
        let Some(Answer::PageEnd { more }) = answers.pop() else { panic!("no end") };
        let numbers = answers.iter().map(|answer| match answer {
            Answer::Item(item) => item.number,
            other => panic!("{other:?}"),
        });
        (numbers.collect(), more)
    }

    fn fetch(&mut self, link: LinkId) -> Vec<u64> {
        self.page(link, 0, u32::MAX).0
    }

    fn pass(&mut self, ms: u64) {
        self.now = Now::new(self.now.mono_ms + ms, self.now.wall_ms + ms as i64);
        self.server.tick(&mut self.shelf, self.now).unwrap();
    }

    /// The process ends; another one begins on the same shelf.
    fn restart(&mut self, wall_later_ms: i64) {
        self.server = Server::new(key(), Limits::default());
        self.pieces.clear();
        self.now = Now::new(77, self.now.wall_ms + wall_later_ms);
        self.server.tick(&mut self.shelf, self.now).unwrap();
    }

    pub fn totals(&mut self) -> Totals {
        self.shelf.totals().unwrap()
    }
}

fn refused(why: Refused) -> Answer {
    Answer::Refused(why)
}

#[test]
fn the_shelf_in_memory_does_what_every_shelf_does() {
    conformance::run(|| Box::new(MemoryShelf::default()));
}

#[test]
fn the_greeting_is_for_this_connection_alone() {
    let mut desk = Desk::new(Limits::default());
    desk.server.opened(1, b"mailbox".to_vec(), b"caller".to_vec(), desk.now);
    let Answer::Welcome(sig) = desk.one(1, &Request::Hello { nonce: [9; 32] }) else { panic!() };
    let good = |nonce, caller: &[u8]| check_greeting(&key().id(), nonce, caller, b"mailbox", &sig);
    assert!(good(&[9; 32], b"caller").is_ok());
    assert!(good(&[8; 32], b"caller").is_err() && good(&[9; 32], b"other").is_err());
}

#[test]
fn before_hello_and_before_open_little_is_answered() {
    let mut desk = Desk::settled();
    desk.server.opened(3, b"mailbox".to_vec(), b"rude".to_vec(), desk.now);
    assert_eq!(desk.one(3, &deposit(1)), refused(Refused::Malformed));
    let owners = [
        Request::Register(vec![entry(QUEUE)]),
        Request::Settle,
        Request::Fetch { after: 0, bytes: 1 },
        Request::Ack(vec![1]),
        Request::PutCard { queue: QUEUE, card: vec![1] },
        Request::Leave,
    ];
    for request in owners {
        assert_eq!(desk.one(2, &request), refused(Refused::Malformed), "{request:?}");
    }
    desk.promise(2, &deposit(1));
    assert_eq!(desk.fetch(1), [1]);
}

#[test]
fn answers_come_in_the_order_of_the_questions() {
    let mut desk = Desk::settled();
    let hashes = vec![kdf::hash(&bytes(1, envelope::SMALLEST))];
    for request in [
        deposit(1),
        Request::GetCard { queue: QUEUE, token: TOKEN },
        deposit(2),
        Request::Withdraw { queue: QUEUE, token: TOKEN, hashes },
        Request::Fetch { after: 0, bytes: 1 },
    ] {
        desk.send(2, &request);
    }
    let told = desk.told();
    assert!(
        matches!(
            told[..],
            [
                (2, Some(Answer::Promise(_))),
                (2, Some(Answer::Card(None))),
                (2, Some(Answer::Promise(_))),
                (2, Some(Answer::Done)),
                (2, Some(Answer::Refused(Refused::Malformed))),
            ]
        ),
        "{told:?}"
    );
    assert_eq!(desk.fetch(1), [2]);
}

#[test]
fn what_lies_there_already_is_promised_again_in_the_same_words_and_kept_longer() {
    let mut desk = Desk::settled();
    let first = desk.one(2, &deposit(1));
    desk.pass(10 * DAY_MS);
    desk.visitor(2);
    assert_eq!(desk.one(2, &deposit(1)), first);
    assert_eq!(desk.totals().envelopes, 1);
    desk.pass(KEPT_MS - DAY_MS);
    assert_eq!(desk.fetch(1), [1], "the second promise is kept too");
    desk.pass(DAY_MS);
    assert_eq!(desk.fetch(1), [0; 0]);
}

#[test]
fn a_wrong_token_a_wrong_queue_and_a_deleted_one_are_answered_alike() {
    let mut desk = Desk::settled();
    for entries in [vec![entry([5; 16]), entry(QUEUE)], vec![entry(QUEUE)]] {
        assert_eq!(desk.one(1, &Request::Register(entries)), Answer::Done);
        let _ = desk.one(2, &Request::Deposit { queue: [5; 16], token: TOKEN, envelope: bytes(1, 2_048) });
        // The second time only one is registered: the other goes.
        assert_eq!(desk.one(1, &Request::Settle), Answer::Done);
    }
    let asks = |queue, token| {
        let envelope = bytes(1, envelope::SMALLEST);
        [
            Request::Deposit { queue, token, envelope },
            Request::Withdraw { queue, token, hashes: vec![[1; 32]] },
            Request::GetCard { queue, token },
        ]
    };
    let cases = [asks(QUEUE, [0; 32]), asks([4; 16], TOKEN), asks([5; 16], TOKEN)];
    let wanted = split(&refused(Refused::Unknown).encode().unwrap());
    for request in cases.as_flattened() {
        desk.send(2, request);
        assert_eq!(desk.server.outputs(), [Output::Write { link: 2, messages: wanted.clone() }]);
    }
}

#[test]
fn guessing_tokens_closes_the_stream() {
    let mut desk = Desk::settled();
    let wrong = Request::GetCard { queue: QUEUE, token: [0; 32] };
    for _ in 1..WRONG_TOKENS {
        assert_eq!(desk.one(2, &wrong), refused(Refused::Unknown));
    }
    desk.send(2, &wrong);
    assert_eq!(desk.told(), [(2, Some(refused(Refused::Unknown))), (2, None)]);
    desk.send(2, &wrong);
    assert_eq!(desk.told(), [], "a closed stream is told nothing");
}

#[test]
fn a_grant_makes_as_many_boxes_as_it_says() {
    let mut desk = Desk::new(Limits::default());
    desk.visitor(1);
    let grant = key().grant([3; 16], 2, 1);
    let open =
        |token: u8, grant: &Grant| Request::Open { token: [token; 32], grant: Some(grant.clone()), run: 0 };
    assert_eq!(
        desk.one(1, &Request::Open { token: [1; 32], grant: None, run: 0 }),
        refused(Refused::Unknown)
    );
    let forged = [
        Grant { uses: 3, ..grant.clone() },
        Grant { quota_mib: 2, ..grant.clone() },
        Grant { id: [4; 16], ..grant.clone() },
        MailKey::of(&DeviceKeys::from_entropy([2; 64])).grant([3; 16], 2, 1),
    ];
    for grant in &forged {
        assert_eq!(desk.one(1, &open(1, grant)), refused(Refused::Grant), "{grant:?}");
    }
    for token in 1..=2 {
        desk.visitor(10 + u64::from(token));
        let opened = desk.one(10 + u64::from(token), &open(token, &grant));
        assert!(matches!(opened, Answer::Opened { quota_bytes: 0x10_0000, used_bytes: 0, .. }), "{opened:?}");
    }
    assert_eq!(desk.one(1, &open(3, &grant)), refused(Refused::Grant), "used up");
    assert_eq!(desk.one(11, &Request::Leave), Answer::Done);
    assert!(matches!(desk.one(1, &open(3, &grant)), Answer::Opened { .. }), "a place is free again");
}

#[test]
fn a_grant_that_was_taken_back_keeps_what_was_promised_and_nothing_more() {
    let mut desk = Desk::settled();
    desk.promise(2, &deposit(1));
    desk.visitor(3);
    let other = Request::Open { token: [8; 32], grant: Some(key().grant([1; 16], 9, 64)), run: 0 };
    assert!(matches!(desk.one(3, &other), Answer::Opened { .. }));
    desk.server.revoke(&[1; 16], &mut desk.shelf).unwrap();
    assert_eq!(desk.told(), [(1, None), (3, None)], "owners come again, and hear of it");
    assert_eq!(desk.totals().boxes, 1, "the empty box goes at once");
    assert!(matches!(desk.owner(5, HOME), Answer::Opened { used_bytes: 2_048, .. }));
    desk.visitor(4);
    assert_eq!(desk.one(4, &other), refused(Refused::Grant));
    assert_eq!(desk.one(2, &deposit(1)), refused(Refused::Unknown));
    assert_eq!(desk.one(2, &deposit(2)), refused(Refused::Unknown));
    assert_eq!(desk.one(5, &Request::Register(vec![entry([7; 16])])), refused(Refused::Grant));
    assert_eq!(desk.one(5, &Request::Settle), Answer::Done);
    assert_eq!(desk.fetch(5), [1]);
    assert_eq!(desk.one(5, &Request::Ack(vec![1])), Answer::Done);
    assert_eq!(desk.totals(), Totals { next_box: 2, ..Totals::default() });
    assert_eq!(desk.one(5, &Request::Fetch { after: 0, bytes: 9 }), refused(Refused::Malformed));
}

#[test]
fn the_queue_the_box_and_the_disk_fill_up_each_for_itself() {
    let full = refused(Refused::Full);
    let mut desk = Desk::settled();
    let limit = Entry { limit_bytes: 4_096, ..entry(QUEUE) };
    assert_eq!(desk.one(1, &Request::Register(vec![limit, entry([5; 16])])), Answer::Done);
    for number in 1..=2 {
        desk.promise(2, &deposit(number));
    }
    assert_eq!(desk.one(2, &deposit(3)), full);
    desk.promise(2, &deposit(2));
    let elsewhere = Request::Deposit { queue: [5; 16], token: TOKEN, envelope: bytes(4, 2_048) };
    desk.promise(2, &elsewhere);
    assert_eq!(desk.one(1, &Request::Ack(vec![1])), Answer::Done);
    desk.promise(2, &deposit(3));

    let mut desk = Desk::new(Limits { disk_bytes: (1 << 20) + 4_096, ..Limits::default() });
    desk.visitor(2);
    for (link, token, queue) in [(3, [3; 32], [3; 16]), (4, [4; 32], [4; 16])] {
        desk.visitor(link);
        let grant = Some(key().grant(queue, 1, 1));
        assert!(matches!(desk.one(link, &Request::Open { token, grant, run: 0 }), Answer::Opened { .. }));
        assert_eq!(desk.one(link, &Request::Register(vec![entry(queue)])), Answer::Done);
    }
    let large = |queue, number| Request::Deposit { queue, token: TOKEN, envelope: bytes(number, 65_536) };
    for number in 0..16 {
        desk.promise(2, &large([3; 16], number));
    }
    assert_eq!(desk.one(2, &large([3; 16], 99)), full, "the box");
    assert_eq!(desk.one(3, &Request::PutCard { queue: [3; 16], card: vec![1] }), full, "cards count");
    assert_eq!(desk.one(2, &large([4; 16], 99)), full, "the disk");
    assert_eq!(desk.one(4, &Request::PutCard { queue: [4; 16], card: vec![1; 4_096] }), Answer::Done);
    assert_eq!(desk.one(4, &Request::PutCard { queue: [4; 16], card: vec![1; 4_097] }), full);
    assert_eq!(desk.totals().bytes, (1 << 20) + 4_096);
}

#[test]
fn queues_of_a_box_are_bounded_and_registered_together_or_not_at_all() {
    let mut desk = Desk::new(Limits { queues_per_box: 3, queues: 4, ..Limits::default() });
    desk.owner(1, HOME);
    let entries = |from: u8, count: u8| (from..from + count).map(|n| entry([n; 16])).collect::<Vec<_>>();
    let register = |from, count| Request::Register(entries(from, count));
    assert_eq!(desk.one(1, &register(1, 4)), refused(Refused::Full));
    assert_eq!(desk.totals().queues, 0);
    let twice = [entries(1, 3), entries(1, 3)].concat();
    assert_eq!(desk.one(1, &Request::Register(twice)), Answer::Done);
    assert_eq!(desk.totals().queues, 3);
    desk.owner(2, [2; 32]);
    assert_eq!(desk.one(2, &register(3, 2)), refused(Refused::Malformed), "somebody else's");
    assert_eq!(desk.one(2, &register(4, 2)), refused(Refused::Full), "all boxes together");
    assert_eq!(desk.one(2, &register(4, 1)), Answer::Done);
}

#[test]
fn a_queue_takes_a_burst_and_then_so_much_a_minute() {
    let mut desk = Desk::settled();
    let large = |number| Request::Deposit { queue: QUEUE, token: TOKEN, envelope: bytes(number, 65_536) };
    let burst = BURST_BYTES / 65_536;
    for number in 0..burst {
        desk.promise(2, &large(number));
    }
    assert_eq!(desk.one(2, &large(burst)), refused(Refused::Busy));
    desk.promise(2, &large(0));
    desk.pass(MINUTE_MS);
    for number in 0..64 {
        desk.promise(2, &large(burst + number));
    }
    assert_eq!(desk.one(2, &large(9_999)), refused(Refused::Busy));
}

#[test]
fn envelopes_of_other_lengths_are_no_envelopes() {
    let mut desk = Desk::settled();
    for length in [8, 1_024, 2_047, 3_000, 65_535] {
        let odd = Request::Deposit { queue: QUEUE, token: TOKEN, envelope: bytes(1, length) };
        assert_eq!(desk.one(2, &odd), refused(Refused::Malformed), "{length}");
    }
}

#[test]
fn settling_takes_away_what_was_not_registered_since() {
    let mut desk = Desk::settled();
    desk.promise(2, &deposit(1));
    assert_eq!(desk.one(1, &Request::Register(vec![entry([5; 16]), entry(QUEUE)])), Answer::Done);
    assert_eq!(desk.one(1, &Request::Settle), Answer::Done);
    assert_eq!((desk.totals().queues, desk.fetch(1)), (2, vec![1]));
    // A later stream registers one of them.
    assert!(matches!(desk.owner(3, HOME), Answer::Opened { used_bytes: 2_048, .. }));
    assert_eq!(desk.one(3, &Request::Register(vec![entry([5; 16])])), Answer::Done);
    assert_eq!(desk.totals().queues, 2);
    assert_eq!(desk.one(3, &Request::Settle), Answer::Done);
    let left = Totals { boxes: 1, queues: 1, envelopes: 0, bytes: 0, next_box: 1 };
    assert_eq!((desk.totals(), desk.fetch(3)), (left, vec![]));
}

#[test]
fn leaving_takes_everything_away() {
    let mut desk = Desk::settled();
    desk.promise(2, &deposit(1));
    assert_eq!(desk.one(1, &Request::PutCard { queue: QUEUE, card: b"card".to_vec() }), Answer::Done);
    let get = Request::GetCard { queue: QUEUE, token: TOKEN };
    assert_eq!(desk.one(2, &get), Answer::Card(Some(b"card".to_vec())));
    assert_eq!(desk.one(1, &Request::Leave), Answer::Done);
    assert_eq!(desk.totals(), Totals { next_box: 1, ..Totals::default() });
    assert_eq!(desk.one(2, &get), refused(Refused::Unknown));
    assert_eq!(desk.one(1, &Request::Settle), refused(Refused::Malformed), "a visitor again");
}

#[test]
fn pages_end_where_they_should_and_lead_on() {
    let mut desk = Desk::settled();
    for number in 0..5 {
        let length = if number == 2 { 65_536 } else { 2_048 };
        desk.promise(2, &Request::Deposit { queue: QUEUE, token: TOKEN, envelope: bytes(number, length) });
    }
    assert_eq!(desk.page(1, 0, 4_096), (vec![1, 2], true));
    assert_eq!(desk.page(1, 2, 4_096), (vec![3], true), "one at least");
    assert_eq!(desk.page(1, 3, 4_096), (vec![4, 5], false));
    assert_eq!(desk.page(1, 5, 0), (vec![], false));
    assert_eq!(desk.page(1, u64::MAX, 9), (vec![], false));
    for number in 10..40 {
        let envelope = bytes(number, 65_536);
        desk.promise(2, &Request::Deposit { queue: QUEUE, token: TOKEN, envelope });
    }
    let (numbers, more) = desk.page(1, 5, u32::MAX);
    assert!(more && numbers.len() * 65_536 <= PAGE_BYTES && numbers.len() == 16, "{numbers:?}");
}

#[test]
fn who_asks_for_many_pages_at_once_is_told_to_wait() {
    let mut desk = Desk::settled();
    for number in 0..17 {
        let envelope = bytes(number, 65_536);
        desk.promise(2, &Request::Deposit { queue: QUEUE, token: TOKEN, envelope });
    }
    for _ in 0..99 {
        desk.send(1, &Request::Fetch { after: 0, bytes: u32::MAX });
    }
    let told = desk.told();
    let items = told.iter().filter(|(_, answer)| matches!(answer, Some(Answer::Item(_)))).count();
    let busy = told.iter().filter(|(_, answer)| *answer == Some(refused(Refused::Busy))).count();
    assert_eq!((items, busy), (32, 97));
    assert_eq!(desk.fetch(1).len(), 16, "and after that it goes on");
}

#[test]
fn news_is_told_once_to_who_has_fetched_everything() {
    let mut desk = Desk::settled();
    let news = (1, Some(Answer::News));
    desk.send(2, &deposit(1));
    assert!(!desk.told().contains(&news), "nothing was fetched yet");
    assert_eq!(desk.page(1, 0, 1), (vec![1], false));
    for (number, told) in [(2, true), (3, false)] {
        desk.send(2, &deposit(number));
        assert_eq!(desk.told().contains(&news), told, "{number}");
    }
    assert_eq!(desk.page(1, 1, 1), (vec![2], true));
    desk.send(2, &deposit(4));
    assert!(!desk.told().contains(&news), "the next page shows it");
    desk.send(2, &deposit(4));
    assert_eq!(desk.page(1, 2, 9_999), (vec![3, 4], false));
    desk.send(2, &deposit(4));
    assert!(!desk.told().contains(&news), "it was there already");
}

#[test]
fn a_later_stream_of_the_owner_takes_over() {
    let mut desk = Desk::settled();
    desk.visitor(3);
    desk.send(3, &Request::Open { token: HOME, grant: None, run: 7 });
    let told = desk.told();
    assert!(matches!(told[..], [(1, None), (3, Some(Answer::Opened { last_run: 1, .. }))]), "{told:?}");
    desk.server.closed(1);
    assert_eq!(desk.fetch(3), [0; 0]);
    desk.send(2, &deposit(1));
    assert!(desk.told().contains(&(3, Some(Answer::News))));
    desk.visitor(4);
    desk.send(4, &Request::Open { token: [0; 32], grant: None, run: 2 });
    desk.send(4, &Request::Open { token: HOME, grant: None, run: 2 });
    let held = |output: &Output| matches!(output, Output::Hold { link: 4 });
    let outputs = desk.server.outputs();
    assert_eq!(outputs.iter().filter(|output| held(output)).count(), 1, "{outputs:?}");
    assert!(outputs.contains(&Output::Close { link: 3 }));
    desk.visitor(5);
    desk.send(5, &Request::Open { token: HOME, grant: None, run: 2 });
    assert!(matches!(desk.told()[1], (5, Some(Answer::Opened { last_run: 7, .. }))));
}

#[test]
fn envelopes_expire_by_lived_time_whatever_the_clock_says() {
    let mut desk = Desk::settled();
    desk.promise(2, &deposit(1));
    let year_ms = 365 * DAY_MS as i64;
    desk.now.wall_ms += year_ms;
    desk.pass(TICK_MS);
    desk.now.wall_ms -= 2 * year_ms;
    desk.pass(TICK_MS);
    for jump_ms in [year_ms, -year_ms] {
        desk.restart(jump_ms);
    }
    assert_eq!(desk.totals().envelopes, 1, "jumps are no time");
    desk.restart(13 * DAY_MS as i64);
    assert_eq!(desk.totals().envelopes, 1);
    desk.pass(HOUR_MS);
    desk.restart(DAY_MS as i64);
    assert_eq!(desk.totals(), Totals { boxes: 1, queues: 1, envelopes: 0, bytes: 0, next_box: 1 });
}

#[test]
fn quiet_visitors_go_and_owners_stay() {
    let mut desk = Desk::settled();
    desk.pass(IDLE_MS - 1);
    desk.one(2, &Request::GetCard { queue: QUEUE, token: TOKEN });
    desk.pass(IDLE_MS - 1);
    assert_eq!(desk.told(), []);
    desk.pass(1);
    assert_eq!(desk.told(), [(2, None)]);
    assert_eq!(desk.fetch(1), [0; 0]);
}

#[test]
fn streams_are_bounded_and_visitors_make_room_before_owners() {
    let mut desk = Desk::new(Limits { links: 3, links_per_peer: 2, ..Limits::default() });
    desk.owner(1, HOME);
    for link in 2..=4 {
        desk.server.opened(link, b"mailbox".to_vec(), b"one peer".to_vec(), desk.now);
    }
    assert_eq!(desk.told(), [(4, None)], "too many of one peer");
    desk.now.mono_ms += 1;
    desk.visitor_told(5, &[(2, None)]);
    desk.server.closed(3);
    desk.owner(6, [6; 32]);
    desk.server.closed(5);
    desk.owner(7, [7; 32]);
    desk.server.opened(8, b"mailbox".to_vec(), b"late".to_vec(), desk.now);
    assert_eq!(desk.told(), [(8, None)], "owners are not sent away");
}

impl Desk {
    fn visitor_told(&mut self, link: LinkId, told: &[(LinkId, Option<Answer>)]) {
        self.server.opened(link, b"mailbox".to_vec(), link.to_le_bytes().to_vec(), self.now);
        assert_eq!(self.told(), told);
    }
}

#[test]
fn what_was_not_committed_has_not_happened() {
    let mut desk = Desk::settled();
    let before = desk.shelf.clone();
    desk.send(2, &deposit(1));
    desk.shelf = before;
    desk.server.undo();
    assert_eq!(desk.told(), [(1, None), (2, None)], "no promise, and everybody comes again");
    assert!(matches!(desk.owner(3, HOME), Answer::Opened { used_bytes: 0, .. }));
    desk.visitor(4);
    desk.promise(4, &deposit(1));
    assert_eq!(desk.fetch(3), [1]);
}

#[test]
fn nonsense_closes_the_stream_and_news_of_a_later_version_does_not() {
    let mut desk = Desk::settled();
    let frame = crate::wire::encode(&crate::wire::Frame { v: 1, kind: 99, body: vec![1] }).unwrap();
    desk.server.message(2, &split(&frame)[0], &mut desk.shelf, desk.now).unwrap();
    assert_eq!(desk.told(), [(2, Some(refused(Refused::Malformed)))]);
    desk.server.message(2, &[0, 1, 2, 3], &mut desk.shelf, desk.now).unwrap();
    assert_eq!(desk.told(), [(2, None)]);
}

#[test]
fn the_operator_sees_counts() {
    let mut desk = Desk::settled();
    desk.promise(2, &deposit(1));
    let figures = desk.server.figures(&mut desk.shelf).unwrap();
    assert_eq!((figures.boxes, figures.queues, figures.envelopes, figures.bytes), (1, 1, 1, 2_048));
    assert_eq!((figures.disk_limit, figures.links, figures.grants.len()), (4 << 30, 2, 1));
    let error = ShelfError("x".to_owned());
    assert_eq!(error.to_string(), "the mailbox cannot reach what it holds: x");
}
