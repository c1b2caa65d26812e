//! Mailboxes that keep mail for us: what they are shown, what is taken out of them, and what may go. Where they lie or
//! must be seen word for word, a hand plays the mailbox.

use super::finding::feed;
use super::*;
use crate::identity::{Card, DeviceKeys, Mailbox};
use crate::ids::MailboxId;
use crate::mail::envelope::{self, Inner, kind};
use crate::mail::{Answer, Entry, Item, MailKey, MailboxLink, Pieces, Refused, Request, split};
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};

const CONN: u64 = 9_001;
const QUOTA: u64 = 64 << 20;

/// A hand that plays a mailbox of machine 0.
struct Hand {
    key: MailKey,
    link: u64,
    heard: Pieces,
}

fn command(world: &mut World, at: usize, command: Command) -> Vec<NetCommand> {
    let engine = engine(world, at);
    let step = engine.turn([Input::Command { request: 1, command }], engine.now);
    for action in &step.actions {
        if let Action::Reply { result, .. } = action {
            result.as_ref().unwrap();
        }
    }
    world.machines[at].disk.commit(&step.changes);
    let net = |action| if let Action::Net(command) = action { Some(command) } else { None };
    step.actions.into_iter().filter_map(net).collect()
}

fn link_of(key: &MailKey) -> MailboxLink {
    let hints = vec!["/ip4/192.0.2.77/udp/4164/quic-v1".to_owned()];
    MailboxLink { mailbox: key.id(), grant: key.grant([1; 16], 10, 64), hints }
}

impl Hand {
    fn new(seed: u8) -> Self {
        let key = MailKey::of(&DeviceKeys::from_entropy([seed; 64]));
        Self { key, link: 0, heard: Pieces::default() }
    }

    fn id(&self) -> MailboxId {
        self.key.id()
    }

    /// Machine 0 is told to use it, and calls: what it says first.
    fn used(&mut self, world: &mut World) -> Vec<Request> {
        command(world, 0, Command::MailboxUse { link: link_of(&self.key).to_link() });
        let called = feed(world, 0, Vec::new(), SECOND_MS);
        self.called(world, &called)
    }

    /// Lets a call through.
    fn called(&mut self, world: &mut World, commands: &[NetCommand]) -> Vec<Request> {
        let there = |addrs: &Vec<String>| addrs.iter().any(|addr| addr.contains("192.0.2.77"));
        let dial = commands.iter().find_map(|command| match command {
            NetCommand::Dial { dial, addrs } if there(addrs) => Some(*dial),
            _ => None,
        });
        let dial = dial.expect("it is called");
        let addr = "/ip4/192.0.2.77/udp/4164/quic-v1".to_owned();
        let peer = b"mailbox".to_vec();
        let opened = NetEvent::ConnOpened { conn: CONN, peer, addr, outbound: true, via: Via::Direct };
        let commands = feed(world, 0, vec![opened, NetEvent::Dialed { dial, conn: CONN }], 0);
        let link = commands.iter().find_map(|command| match command {
            NetCommand::OpenLink { link, protocol: LinkProtocol::Mail, .. } => Some(*link),
            _ => None,
        });
        self.link = link.expect("a stream is opened");
        self.heard = Pieces::default();
        let commands = feed(
            world,
            0,
            vec![NetEvent::LinkOpened {
                link: self.link,
                conn: CONN,
                protocol: LinkProtocol::Mail,
                outbound: true,
                local_peer: b"us".to_vec(),
                remote_peer: b"mailbox".to_vec(),
            }],
            0,
        );
        self.requests(&commands)
    }

    fn requests(&mut self, commands: &[NetCommand]) -> Vec<Request> {
        let mut requests = Vec::new();
        for command in commands {
            if let NetCommand::Write { link, messages } = command
                && *link == self.link
            {
                for message in messages {
                    if let Some(frame) = self.heard.push(message).unwrap() {
                        requests.push(Request::decode(&frame).unwrap().unwrap());
                    }
                }
            }
        }
        requests
    }

    /// Says something: the questions that come back.
    fn say(&mut self, world: &mut World, answers: &[Answer]) -> Vec<Request> {
        let commands = self.say_all(world, answers);
        self.requests(&commands)
    }

    fn say_all(&mut self, world: &mut World, answers: &[Answer]) -> Vec<NetCommand> {
        let link = self.link;
        let frames = answers.iter().flat_map(|answer| split(&answer.encode().unwrap()));
        let events = frames.map(|message| NetEvent::LinkData { link, message }).collect();
        feed(world, 0, events, 0)
    }

    fn welcome(&self, hello: &[Request]) -> Answer {
        let [Request::Hello { nonce }] = hello else { panic!("{hello:?}") };
        Answer::Welcome(self.key.greet(nonce, b"us", b"mailbox"))
    }

    fn opened(last_run: u64) -> Answer {
        Answer::Opened { quota_bytes: QUOTA, used_bytes: 0, kept_s: 14 * 86_400, last_run }
    }

    /// Used, proven, opened, and all queues there: nothing lies in it.
    fn in_use(&mut self, world: &mut World) -> Vec<Request> {
        let hello = self.used(world);
        let open = self.say(world, &[self.welcome(&hello)]);
        assert!(matches!(open[..], [Request::Open { run, .. }] if run >> 40 == 1), "{open:?}");
        let mut asked = self.say(world, &[Self::opened(0)]);
        let settle = self.yes_to_all(world, &asked);
        self.yes_to_all(world, &settle);
        asked.extend(settle);
        asked
    }

    fn yes_to_all(&mut self, world: &mut World, asked: &[Request]) -> Vec<Request> {
        let answers: Vec<Answer> = asked
            .iter()
            .map(|request| match request {
                Request::Fetch { .. } => Answer::PageEnd { more: false },
                _ => Answer::Done,
            })
            .collect();
        self.say(world, &answers)
    }

    /// News, and a page of these.
    fn brings(&mut self, world: &mut World, items: Vec<Item>) -> Vec<Request> {
        let fetch = self.say(world, &[Answer::News]);
        assert!(matches!(fetch[..], [Request::Fetch { .. }]), "{fetch:?}");
        let mut answers: Vec<Answer> = items.into_iter().map(Answer::Item).collect();
        answers.push(Answer::PageEnd { more: false });
        self.say(world, &answers)
    }
}

fn closes(commands: &[NetCommand], link: u64) -> bool {
    commands.contains(&NetCommand::CloseLink { link })
}

fn entries(asked: &[Request]) -> Vec<Entry> {
    let of = |request: &Request| match request {
        Request::Register(entries) => entries.clone(),
        _ => Vec::new(),
    };
    asked.iter().flat_map(of).collect()
}

/// Alice (0) and bob (1) who know each other and are not linked.
fn two(seed: u64) -> World {
    let mut world = World::friends(2, seed);
    world.run(1_000);
    world.part(0, 1);
    world.run(1_000);
    let engine = engine(&mut world, 0);
    for link in engine.live_links() {
        engine.close_link(link);
    }
    let step = engine.flush();
    world.machines[0].disk.commit(&step.changes);
    world
}

/// Alice's card as bob gets it.
fn card(world: &mut World) -> Card {
    let bob = world.account(1);
    let engine = engine(world, 0);
    let rv = engine.contacts[&bob].rv_out;
    let card = Card::open(&engine.own_card(&rv).unwrap()).unwrap().0;
    let step = engine.flush();
    world.machines[0].disk.commit(&step.changes);
    card
}

/// An envelope of bob's for alice.
fn envelope(world: &mut World, card: &Card, kind: u16, body: Vec<u8>) -> Vec<u8> {
    let inner = Inner { account: world.account(1), device: world.machines[1].device, card: None, kind, body };
    envelope::seal(&card.seal.as_ref().unwrap().ek, &[7; 32], &inner).unwrap()
}

fn parts_envelope(world: &mut World, card: &Card, parts: &[OlmPart]) -> Vec<u8> {
    let body = crate::wire::encode(&parts.to_vec()).unwrap();
    envelope(world, card, kind::PARTS, body)
}

fn item(number: u64, mailbox: &Mailbox, envelope: &[u8]) -> Item {
    Item { number, queue: mailbox.queue, envelope: envelope.to_vec() }
}

fn acked(asked: &[Request]) -> Vec<u64> {
    let of =
        |request: &Request| if let Request::Ack(numbers) = request { numbers.clone() } else { Vec::new() };
    let mut numbers: Vec<u64> = asked.iter().flat_map(of).collect();
    numbers.sort_unstable();
    numbers
}

// ---- who it is ------------------------------------------------------------------------------------------------

#[test]
fn a_mailbox_that_cannot_prove_its_key_is_shown_no_token() {
    let mut world = two(1);
    let mut hand = Hand::new(1);
    let hello = hand.used(&mut world);
    let [Request::Hello { nonce }] = hello[..] else { panic!("{hello:?}") };
    let other = MailKey::of(&DeviceKeys::from_entropy([2; 64]));
    for sig in [other.greet(&nonce, b"us", b"mailbox"), hand.key.greet(&nonce, b"us", b"relay"), [0; 64]] {
        let commands = hand.say_all(&mut world, &[Answer::Welcome(sig)]);
        assert!(closes(&commands, hand.link));
        assert!(hand.requests(&commands).is_empty());
        assert_eq!(engine(&mut world, 0).own_mailboxes()[0].state, MailboxState::Silent);
        let again = feed(&mut world, 0, Vec::new(), HOUR_MS);
        let again = hand.called(&mut world, &again);
        assert!(matches!(again[..], [Request::Hello { nonce: other }] if other != nonce), "{again:?}");
    }
}

#[test]
fn answers_nobody_asked_for_end_the_stream() {
    let odd = [
        Answer::Done,
        Answer::PageEnd { more: true },
        Answer::Welcome([0; 64]),
        Answer::Item(Item { number: 1, queue: [0; 16], envelope: vec![1; 2_048] }),
        Answer::Card(None),
    ];
    for (seed, answer) in (10..).zip(odd) {
        let mut world = two(seed);
        let mut hand = Hand::new(1);
        hand.in_use(&mut world);
        let commands = hand.say_all(&mut world, &[answer]);
        assert!(closes(&commands, hand.link));
        assert_eq!(engine(&mut world, 0).own_mailboxes()[0].state, MailboxState::Silent);
    }
}

#[test]
fn a_mailbox_that_answers_nothing_is_hung_up_on_and_called_again() {
    let mut world = two(20);
    let mut hand = Hand::new(1);
    let hello = hand.used(&mut world);
    let welcome = hand.welcome(&hello);
    hand.say(&mut world, &[welcome]);
    assert!(!closes(&feed(&mut world, 0, Vec::new(), 29 * SECOND_MS), hand.link));
    assert!(closes(&feed(&mut world, 0, Vec::new(), SECOND_MS), hand.link));
    let again = feed(&mut world, 0, Vec::new(), MINUTE_MS);
    assert!(matches!(hand.called(&mut world, &again)[..], [Request::Hello { .. }]));
}

// ---- queues ---------------------------------------------------------------------------------------------------

#[test]
fn every_reader_of_our_card_has_a_queue_and_the_rest_goes() {
    let mut world = two(30);
    world.invite(0, 3, false);
    let mut hand = Hand::new(1);
    let asked = hand.in_use(&mut world);
    assert!(
        matches!(asked[..], [Request::Register(_), Request::Fetch { after: 0, .. }, Request::Settle]),
        "{asked:?}"
    );
    let queues = entries(&asked);
    assert_eq!(queues.len(), 2);
    let mailbox = card(&mut world).mailboxes.remove(0);
    let bobs = queues.iter().find(|entry| entry.queue == mailbox.queue).unwrap();
    assert_eq!((bobs.deposit, bobs.limit_bytes), (crate::kdf::hash(&mailbox.deposit), QUOTA / 4));
    let invite = queues.iter().find(|entry| entry.queue != mailbox.queue).unwrap();
    assert_eq!(invite.limit_bytes, 160 * 1024);
    // One more is told alone.
    world.invite(0, 1, false);
    assert_eq!(engine(&mut world, 0).mail.own.queue_count(&hand.id()), 3);
}

#[test]
fn queues_that_could_not_be_registered_have_nothing_thrown_away() {
    for why in [Refused::Full, Refused::Grant, Refused::Malformed, Refused::Busy] {
        let mut world = two(32);
        let mut hand = Hand::new(1);
        let hello = hand.used(&mut world);
        hand.say(&mut world, &[hand.welcome(&hello)]);
        let asked = hand.say(&mut world, &[Hand::opened(0)]);
        assert!(matches!(asked[..], [Request::Register(_), Request::Fetch { .. }]), "{asked:?}");
        let asked = hand.say(&mut world, &[Answer::Refused(why), Answer::PageEnd { more: false }]);
        assert!(!asked.contains(&Request::Settle), "{why:?}: {asked:?}");
    }
}

#[test]
fn who_is_blocked_has_no_queue_any_more() {
    let mut world = two(31);
    let mut hand = Hand::new(1);
    assert_eq!(entries(&hand.in_use(&mut world)).len(), 1);
    let card = card(&mut world);
    let account = world.account(1);
    let asked = command(&mut world, 0, Command::Block { account });
    let asked = hand.requests(&asked);
    assert!(entries(&asked).is_empty());
    assert_eq!(asked, [Request::Settle]);
    hand.yes_to_all(&mut world, &asked);
    // What was there already goes unread.
    world.send(1, 0, "let me in").unwrap();
    let parts = take_parts(&mut world, 1, 0);
    let sealed = parts_envelope(&mut world, &card, &parts);
    let asked = hand.brings(&mut world, vec![item(1, &card.mailboxes[0], &sealed)]);
    assert_eq!(acked(&asked), [1]);
    assert!(world.shown(0, 1).is_empty());
    let asked = command(&mut world, 0, Command::Unblock { account });
    assert_eq!(entries(&hand.requests(&asked)).len(), 1);
}

#[test]
fn a_thousand_readers_are_told_in_batches() {
    let mut world = two(32);
    let engine_0 = engine(&mut world, 0);
    for number in 0..1_200u32 {
        let mut id = [7; 32];
        id[..4].copy_from_slice(&number.to_be_bytes());
        let account = AccountId(id);
        let mut contact = crate::engine::people::new_contact(account, crate::kdf::derive("test", &[&id]));
        contact.state = ContactState::Accepted;
        engine_0.contacts.insert(account, contact);
    }
    let mut hand = Hand::new(1);
    let asked = hand.in_use(&mut world);
    let counts: Vec<usize> =
        asked.iter().map(|request| entries(std::slice::from_ref(request)).len()).collect();
    assert_eq!(counts, [512, 512, 177, 0, 0]);
}

#[test]
fn every_reader_has_a_card_of_their_own_and_a_contacts_outranks_an_invites() {
    let mut world = two(33);
    let mut hand = Hand::new(1);
    let before = card(&mut world);
    assert!(before.seal.is_none() && before.mailboxes.is_empty());
    hand.in_use(&mut world);
    let engine = engine(&mut world, 0);
    let open = |signed: Option<Signed>| Card::open(&signed.unwrap()).unwrap().0;
    let a = open(engine.own_card(&[1; 32]));
    let b = open(engine.own_card(&[2; 32]));
    let invite = open(engine.invite_card(&[1; 32], false));
    let private = open(engine.invite_card(&[1; 32], true));
    assert_ne!(a.seal, b.seal);
    assert_ne!(a.mailboxes[0].queue, b.mailboxes[0].queue);
    assert_ne!(a.mailboxes[0].deposit, b.mailboxes[0].deposit);
    assert_eq!(a.mailboxes[0].id, hand.id());
    assert_eq!(a.seq, b.seq);
    assert!(before.seq < private.seq && private.seq < invite.seq && invite.seq < a.seq);
    assert_eq!(open(engine.own_card(&[1; 32])), a, "and it stays the same while nothing changed");
}

#[test]
fn another_day_makes_another_key_and_another_number() {
    let mut world = two(34);
    let mut hand = Hand::new(1);
    hand.in_use(&mut world);
    let today = card(&mut world);
    feed(&mut world, 0, Vec::new(), DAY_MS);
    let tomorrow = card(&mut world);
    assert!(tomorrow.seq > today.seq);
    let day = |card: &Card| card.seal.as_ref().unwrap().day;
    assert_eq!(day(&tomorrow), day(&today) + 1);
    assert_ne!(tomorrow.seal.unwrap().ek, today.seal.unwrap().ek);
}

// ---- taking ---------------------------------------------------------------------------------------------------

#[test]
fn envelopes_in_any_order_and_twice_are_shown_once_and_in_order() {
    let mut world = two(40);
    let mut hand = Hand::new(1);
    hand.in_use(&mut world);
    let card = card(&mut world);
    let mut sealed = Vec::new();
    for text in ["one", "two", "three", "four"] {
        world.send(1, 0, text).unwrap();
        let parts = take_parts(&mut world, 1, 0);
        sealed.push(parts_envelope(&mut world, &card, &parts[parts.len() - 1..]));
    }
    let order = [2, 0, 2, 3, 0, 1, 1];
    let at = &card.mailboxes[0];
    let items = (1..).zip(order).map(|(number, which): (u64, usize)| item(number, at, &sealed[which]));
    let asked = hand.brings(&mut world, items.collect());
    assert_eq!(world.shown(0, 1), ["one", "two", "three", "four"]);
    assert!(world.machines[0].disk.messages.iter().filter(|m| !m.me).all(|m| m.via == "mailbox"));
    // Bob has no mailbox to be answered at: that it is on this disk is enough.
    assert_eq!(acked(&asked), [1, 2, 3, 4, 5, 6, 7]);
    hand.yes_to_all(&mut world, &asked);
    let asked = hand.brings(&mut world, vec![item(8, at, &sealed[1])]);
    assert_eq!(acked(&asked), [8]);
    assert_eq!(world.shown(0, 1).len(), 4);
}

#[test]
fn an_envelope_goes_only_when_its_answer_is_kept_or_went_out() {
    let mut world = two(41);
    let mut hand = Hand::new(1);
    hand.in_use(&mut world);
    let card = card(&mut world);
    let keys = envelope::SealPair::from_secret([3; 32]);
    let record = &mut peer(&mut world, 0, 1).record;
    record.seal = Some(crate::identity::SealKey { day: card.seal.as_ref().unwrap().day, ek: keys.public() });
    record.mailboxes = vec![Mailbox {
        id: MailKey::of(&DeviceKeys::from_entropy([9; 64])).id(),
        addrs: vec!["/ip4/192.0.2.99/tcp/1".to_owned()],
        queue: [1; 16],
        deposit: [2; 32],
    }];
    world.send(1, 0, "hello").unwrap();
    let parts = take_parts(&mut world, 1, 0);
    let sealed = parts_envelope(&mut world, &card, &parts);
    let asked = hand.brings(&mut world, vec![item(1, &card.mailboxes[0], &sealed)]);
    assert_eq!(world.shown(0, 1), ["hello"]);
    assert!(acked(&asked).is_empty());
    // The letter is under way, to a mailbox that is not there; a second copy waits with the first.
    let commands = feed(&mut world, 0, Vec::new(), 2 * SECOND_MS);
    assert!(acked(&hand.requests(&commands)).is_empty());
    let asked = hand.brings(&mut world, vec![item(2, &card.mailboxes[0], &sealed)]);
    assert!(acked(&asked).is_empty());
    let engine_0 = engine(&mut world, 0);
    engine_0.mail_is_safe(&[(hand.id(), 1)]);
    let commands = feed(&mut world, 0, Vec::new(), 0);
    assert_eq!(acked(&hand.requests(&commands)), [1, 2]);
}

#[test]
fn what_cannot_be_opened_goes_without_a_word() {
    let mut world = two(42);
    let mut hand = Hand::new(1);
    hand.in_use(&mut world);
    let card = card(&mut world);
    let at = card.mailboxes[0].clone();
    let stranger = envelope::SealPair::from_secret([5; 32]);
    let inner = Inner {
        account: world.account(0),
        device: world.machines[1].device,
        card: None,
        kind: 1,
        body: vec![],
    };
    let ek = card.seal.as_ref().unwrap().ek.clone();
    let bodies = [
        vec![1; 2_048],
        vec![0; 2_048],
        envelope::seal(&stranger.public(), &[7; 32], &inner).unwrap(),
        // Says to be somebody else's than the queue's.
        envelope::seal(&ek, &[7; 32], &inner).unwrap(),
        envelope(&mut world, &card, kind::PARTS, vec![9; 100]),
        envelope(&mut world, &card, kind::ACKS, vec![9; 100]),
        envelope(&mut world, &card, kind::REQUEST, vec![9; 100]),
        envelope(&mut world, &card, 77, vec![9; 100]),
    ];
    let count = bodies.len() as u64;
    let items: Vec<Item> = (1..).zip(&bodies).map(|(number, bytes)| item(number, &at, bytes)).collect();
    let asked = hand.brings(&mut world, items);
    assert_eq!(acked(&asked), (1..=count).collect::<Vec<u64>>());
    assert!(world.shown(0, 1).is_empty());
    hand.yes_to_all(&mut world, &asked);
    // A queue that is not ours.
    let odd = Item { number: count + 1, queue: [0; 16], envelope: bodies[0].clone() };
    assert_eq!(acked(&hand.brings(&mut world, vec![odd])), [count + 1]);
}

#[test]
fn a_restart_tells_the_next_run_and_takes_what_still_lies_there() {
    let mut world = two(43);
    let mut hand = Hand::new(1);
    hand.in_use(&mut world);
    let card = card(&mut world);
    world.send(1, 0, "hello").unwrap();
    let parts = take_parts(&mut world, 1, 0);
    let sealed = parts_envelope(&mut world, &card, &parts);
    world.crash(0);
    world.start(0);
    let commands = feed(&mut world, 0, Vec::new(), 2 * SECOND_MS);
    let hello = hand.called(&mut world, &commands);
    let open = hand.say(&mut world, &[hand.welcome(&hello)]);
    assert!(matches!(open[..], [Request::Open { run, .. }] if run >> 40 == 2), "{open:?}");
    let asked = hand.say(&mut world, &[Hand::opened(1)]);
    hand.say(&mut world, &[Answer::Done]);
    assert!(matches!(asked[..], [Request::Register(_), Request::Fetch { after: 0, .. }]));
    let page = [Answer::Item(item(1, &card.mailboxes[0], &sealed)), Answer::PageEnd { more: false }];
    assert_eq!(acked(&hand.say(&mut world, &page)), [1]);
    assert_eq!(world.shown(0, 1), ["hello"]);
}

// ---- liars ----------------------------------------------------------------------------------------------------

#[test]
fn a_page_over_what_was_asked_and_numbers_that_fall_end_the_stream() {
    let mut world = two(50);
    let mut hand = Hand::new(1);
    hand.in_use(&mut world);
    let flood = |number| Answer::Item(Item { number, queue: [0; 16], envelope: vec![1] });
    hand.say(&mut world, &[Answer::News]);
    let most = (256 * 1024 + 64 * 1024) / 2_048;
    let page: Vec<Answer> = (1..=most).map(flood).collect();
    let commands = hand.say_all(&mut world, &page);
    assert!(!closes(&commands, hand.link));
    assert!(closes(&hand.say_all(&mut world, &[flood(most + 1)]), hand.link));
    let mut world = two(51);
    let mut hand = Hand::new(1);
    hand.in_use(&mut world);
    hand.say(&mut world, &[Answer::News]);
    assert!(closes(&hand.say_all(&mut world, &[flood(5), flood(5)]), hand.link));
}

#[test]
fn pages_with_nothing_in_them_and_always_more_to_come_end_the_stream() {
    let mut world = two(52);
    let mut hand = Hand::new(1);
    hand.in_use(&mut world);
    hand.say(&mut world, &[Answer::News]);
    assert!(closes(&hand.say_all(&mut world, &[Answer::PageEnd { more: true }]), hand.link));
}

#[test]
fn whatever_a_mailbox_says_nothing_panics_or_grows() {
    let mut rng = Rng::from_number(60);
    for seed in 60..64 {
        let mut world = two(seed);
        let mut hand = Hand::new(1);
        hand.in_use(&mut world);
        for _ in 0..400 {
            let link = hand.link;
            let number = rng.below(1 << 20);
            let answer = match rng.below(12) {
                0 => Answer::News,
                1 => Answer::Done,
                2 => Answer::PageEnd { more: rng.below(2) == 0 },
                3 => Answer::Refused([Refused::Full, Refused::Busy, Refused::Grant][rng.below(3) as usize]),
                4 => Hand::opened(rng.below(3)),
                5 => Answer::Card(Some(vec![1; 100])),
                6 => Answer::Promise(Signed { body: vec![2; 50], sig: [1; 64] }),
                _ => Answer::Item(Item { number, queue: [0; 16], envelope: vec![number as u8; 4_096] }),
            };
            let mut messages = split(&answer.encode().unwrap());
            if rng.below(20) == 0 {
                messages = vec![rng.bytes::<64>().to_vec()];
            }
            let events = messages.into_iter().map(|message| NetEvent::LinkData { link, message });
            let commands = feed(&mut world, 0, events.collect(), 0);
            hand.requests(&commands);
            if closes(&commands, link) {
                let again = feed(&mut world, 0, Vec::new(), 2 * HOUR_MS);
                let hello = hand.called(&mut world, &again);
                hand.say(&mut world, &[hand.welcome(&hello)]);
                hand.say(&mut world, &[Hand::opened(0)]);
            }
        }
        let mail = &engine(&mut world, 0).mail;
        let (known, safe) = (mail.take.known_count(), mail.own.safe_count());
        assert!(known <= 8_192 && safe <= 8 * 512, "{known} {safe}");
    }
}

#[test]
fn a_mailbox_that_refuses_us_is_in_no_card() {
    let mut world = two(65);
    let mut hand = Hand::new(1);
    hand.in_use(&mut world);
    assert_eq!(card(&mut world).mailboxes.len(), 1);
    feed(&mut world, 0, vec![NetEvent::LinkClosed { link: hand.link }], 0);
    assert_eq!(card(&mut world).mailboxes.len(), 1, "away for a moment");
    let again = feed(&mut world, 0, Vec::new(), MINUTE_MS);
    let hello = hand.called(&mut world, &again);
    hand.say(&mut world, &[hand.welcome(&hello)]);
    hand.say(&mut world, &[Answer::Refused(Refused::Grant)]);
    assert_eq!(engine(&mut world, 0).own_mailboxes()[0].state, MailboxState::Gone);
    let card = card(&mut world);
    assert!(card.mailboxes.is_empty() && card.seal.is_none());
}

// ---- keys, leaving, a disk that was set back ------------------------------------------------------------------

#[test]
fn a_key_goes_after_30_days_if_all_mail_was_fetched_since_and_after_60_in_any_case() {
    let mut world = two(70);
    let mut hand = Hand::new(1);
    hand.in_use(&mut world);
    card(&mut world);
    let count = |world: &World| {
        world.machines[0].disk.records.keys().filter(|(space, _)| *space == Space::SealKey).count()
    };
    let expire = |world: &mut World, lived_ms: u64| {
        let engine = engine(world, 0);
        engine.expire_seal_keys(lived_ms);
        let step = engine.flush();
        world.machines[0].disk.commit(&step.changes);
        count(world)
    };
    let made = engine(&mut world, 0).lived_ms();
    let keys = count(&world);
    assert!(keys > 0);
    assert_eq!(expire(&mut world, made + 29 * DAY_MS), keys);
    // Not fetched since: its mail may still lie there.
    assert_eq!(expire(&mut world, made + 31 * DAY_MS), keys);
    assert_eq!(expire(&mut world, made + 61 * DAY_MS), 0);
    let mut world = two(71);
    let mut hand = Hand::new(1);
    hand.in_use(&mut world);
    card(&mut world);
    let made = engine(&mut world, 0).lived_ms();
    let commands = feed(&mut world, 0, Vec::new(), 30 * DAY_MS);
    let asked = hand.requests(&commands);
    assert!(asked.iter().any(|request| matches!(request, Request::Fetch { .. })), "{asked:?}");
    hand.yes_to_all(&mut world, &asked);
    let now = engine(&mut world, 0).lived_ms();
    assert!(now >= made + 30 * DAY_MS);
    let engine_0 = engine(&mut world, 0);
    engine_0.expire_seal_keys(now);
    let step = engine_0.flush();
    let dropped = |change: &&Change| matches!(change, Change::Drop { space: Space::SealKey, .. });
    assert!(step.changes.iter().filter(dropped).count() > 0);
}

#[test]
fn who_leaves_a_mailbox_takes_what_lies_there_first() {
    let mut world = two(72);
    let mut hand = Hand::new(1);
    hand.in_use(&mut world);
    let card_before = card(&mut world);
    world.send(1, 0, "the last one").unwrap();
    let parts = take_parts(&mut world, 1, 0);
    let sealed = parts_envelope(&mut world, &card_before, &parts);
    let commands = command(&mut world, 0, Command::MailboxDrop { mailbox: hand.id() });
    let fetch = hand.requests(&commands);
    assert!(matches!(fetch[..], [Request::Fetch { .. }]), "{fetch:?}");
    assert!(card(&mut world).mailboxes.is_empty());
    let page = [Answer::Item(item(1, &card_before.mailboxes[0], &sealed)), Answer::PageEnd { more: false }];
    let asked = hand.say(&mut world, &page);
    assert!(asked.contains(&Request::Leave), "{asked:?}");
    assert_eq!(world.shown(0, 1), ["the last one"]);
    let yes = asked.iter().map(|_| Answer::Done).collect::<Vec<_>>();
    let commands = hand.say_all(&mut world, &yes);
    assert!(closes(&commands, hand.link));
    assert!(!world.machines[0].disk.records.keys().any(|(space, _)| *space == Space::Mailbox));
}

#[test]
fn a_mailbox_that_is_left_and_silent_for_a_day_is_forgotten() {
    let mut world = two(73);
    let mut hand = Hand::new(1);
    hand.in_use(&mut world);
    feed(&mut world, 0, vec![NetEvent::LinkClosed { link: hand.link }], 0);
    command(&mut world, 0, Command::MailboxDrop { mailbox: hand.id() });
    let kept =
        |world: &World| world.machines[0].disk.records.keys().any(|(space, _)| *space == Space::Mailbox);
    feed(&mut world, 0, Vec::new(), 23 * HOUR_MS);
    assert!(kept(&world));
    feed(&mut world, 0, Vec::new(), 2 * HOUR_MS);
    assert!(!kept(&world));
}

#[test]
fn an_older_copy_of_a_disk_retires_its_ratchets_when_a_mailbox_heard_of_a_later_run() {
    for runs_between in [1, 2] {
        let mut world = two(74);
        world.add_mailbox();
        let link = world.mail_link(0);
        world.command(0, Command::MailboxUse { link }).unwrap();
        world.run(20 * SECOND_MS);
        world.crash(0);
        let copy = world.machines[0].disk.clone();
        for _ in 0..runs_between {
            world.start(0);
            world.run(20 * SECOND_MS);
            world.crash(0);
        }
        assert!(notices(&world, 0).is_empty());
        world.machines[0].disk = copy;
        world.start(0);
        world.run(20 * SECOND_MS);
        assert!(peer(&mut world, 0, 1).sessions.values().any(|session| session.retired), "{runs_between}");
        assert_eq!(notices(&world, 0).len(), 1, "{runs_between}");
    }
}

#[test]
fn a_mailbox_cannot_make_up_that_there_was_a_later_run() {
    let made_up: [fn(u64) -> u64; 5] =
        [|_| 5, |_| u64::MAX, |run| run + (1 << 40), |run| run + (1 << 24), |run| run + 1];
    for made_up in made_up {
        let mut world = two(74);
        let mut hand = Hand::new(1);
        let hello = hand.used(&mut world);
        let open = hand.say(&mut world, &[hand.welcome(&hello)]);
        let [Request::Open { run, .. }] = open[..] else { panic!("{open:?}") };
        hand.say(&mut world, &[Hand::opened(made_up(run))]);
        assert!(peer(&mut world, 0, 1).sessions.values().all(|session| !session.retired));
        assert!(notices(&world, 0).is_empty());
    }
}

// ---- with a real mailbox --------------------------------------------------------------------------------------

#[test]
fn two_who_never_meet_talk_through_their_mailboxes_until_nothing_is_left_there() {
    let mut world = World::friends(2, 80);
    for at in 0..2 {
        world.add_mailbox();
        let link = world.mail_link(at);
        world.command(at, Command::MailboxUse { link }).unwrap();
    }
    world.run(20 * SECOND_MS);
    world.part(0, 1);
    world.crash(1);
    let first = world.send(0, 1, "are you there?").unwrap();
    world.run(20 * SECOND_MS);
    assert_eq!(world.state(0, first, 1), Some(MessageState::Mailbox));
    world.crash(0);
    // The answer cannot be left yet: what was fetched stays where it lies.
    world.stop_mailbox(0);
    world.start(1);
    world.run(20 * SECOND_MS);
    assert_eq!(world.shown(1, 0), ["are you there?"]);
    let left = |world: &mut World, at: usize| {
        use crate::mail::server::Shelf as _;
        world.mailboxes[at].shelf.totals().unwrap().envelopes
    };
    assert_eq!(left(&mut world, 1), 1);
    world.start_mailbox(0);
    world.run(10 * MINUTE_MS);
    assert_eq!(left(&mut world, 1), 0);
    let answer = world.send(1, 0, "not at the same time").unwrap();
    world.run(20 * SECOND_MS);
    world.crash(1);
    world.start(0);
    world.run(20 * SECOND_MS);
    assert_eq!(world.state(0, first, 1), Some(MessageState::Delivered));
    assert_eq!(world.shown(0, 1), ["not at the same time"]);
    world.crash(0);
    world.start(1);
    world.run(20 * SECOND_MS);
    assert_eq!(world.state(1, answer, 0), Some(MessageState::Delivered));
    assert_eq!((left(&mut world, 0), left(&mut world, 1)), (0, 0));
}
