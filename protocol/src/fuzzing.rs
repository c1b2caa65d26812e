//! What the fuzzers and the corpus test call: one function per target, over any bytes. Each panics when a law is
//! broken, which is how a fuzzer hears of it. Nothing in a node uses this.
//!
//! | target | laws |
//! |---|---|
//! | [`wire`] | a strict decode encodes back to the same bytes; opening never panics |
//! | [`frames`] | at most 64 KiB come out of a stream; a frame packs again as it came |
//! | [`handshake`] | the five readers of handshake messages never panic |
//! | [`records`] | what holds and opens is the one form of what is in it |
//! | [`mail`] | a request or answer encodes back to the same bytes; pieces stay within a frame; envelopes never panic |
//! | [`mail_server`] | a mailbox never panics, its sums stay true, and no token of chance opens anything |
//! | [`rooms`] | words, entries, receipts, gossip and what lies in a room's mailbox have one form; no pieces are lost |
//! | [`cleaner`] | cleaning twice is cleaning once, and nothing that moves a cursor is left |
#![allow(clippy::panic)]

use crate::content::{Body, Content};
use crate::discovery::{self, Slot, SlotOwner};
use crate::identity::{Card, DeviceKeys, Manifest, Seed, judge_manifest};
use crate::ids::RoomId;
use crate::invite::{Invite, Request, link_kind};
use crate::limits::FRAME_BYTES;
use crate::mail::server::{Limits, MemoryShelf, Server, Shelf as _};
use crate::mail::{
    Answer, Entry, MailKey, MailboxLink, Pieces, Request as MailRequest, envelope, split as mail_split,
};
use crate::noise::{Ends, Parts, invite, kem, live};
use crate::room::{
    Entry as RoomEntry, EntryBody, Give, Have, Head, Receiver, RoomLink, Words, content_of, seal,
};
use crate::session::{Ack, OlmPart};
use crate::text;
use crate::time::Now;
use crate::wire::{self, Frame, Signed};
use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

const ENDS: Ends<'static> = Ends { initiator_peer: b"peer of alice", responder_peer: b"peer of bob" };

/// Alice's and bob's devices, the same in every run.
fn keys(number: u8) -> DeviceKeys {
    DeviceKeys::from_entropy([number; 64])
}

/// Bob's invite, which the corpus was made with.
pub fn invite_of_bob() -> Invite {
    Invite { root: Seed::from_entropy([2; 32]).root().account(), secret: [7; 32], hints: Vec::new() }
}

fn strict<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let value = wire::decode::<T>(bytes).ok()?;
    assert!(wire::encode(&value).is_ok_and(|again| again == bytes), "a second encoding was accepted");
    Some(value)
}

/// The first byte picks a type, the rest is its encoding (or a link's text).
pub fn wire(data: &[u8]) {
    let Some((kind, bytes)) = data.split_first() else { return };
    match kind {
        0 => drop(strict::<Frame>(bytes)),
        1 => drop(strict::<Signed>(bytes)),
        2 => drop(strict::<Manifest>(bytes)),
        3 => drop(strict::<Card>(bytes)),
        4 => drop(strict::<Request>(bytes)),
        5 => link(&String::from_utf8_lossy(bytes)),
        6 => drop(Frame::unpack(bytes)),
        8 => content(bytes),
        9 => drop(strict::<Vec<OlmPart>>(bytes)),
        10 => drop(strict::<Ack>(bytes)),
        _ => {
            let Some(signed) = strict::<Signed>(bytes) else { return };
            drop(Manifest::open(&signed));
            drop(Card::open(&signed));
            drop(Request::open(&signed, &invite_of_bob()));
            drop(judge_manifest(Some(&signed), &signed));
        }
    }
}

/// Padded contents and their bodies, as they come out of a ratchet.
fn content(bytes: &[u8]) {
    drop(strict::<Content>(bytes));
    let Ok(content) = Content::unpad(bytes) else { return };
    assert!(content.pad().is_ok_and(|again| again == bytes), "a second padding was accepted");
    drop(Body::decode(content.kind, &content.body));
}

fn link(text: &str) {
    let _ = link_kind(text);
    if let Ok(link) = MailboxLink::from_link(text) {
        let again = MailboxLink::from_link(&link.to_link());
        assert!(again.is_ok_and(|again| again == link), "a mailbox link does not come back");
    }
    if let Ok(link) = RoomLink::from_link(text) {
        let again = RoomLink::from_link(&link.to_link());
        assert!(again.is_ok_and(|again| again == link), "a room link does not come back");
    }
    if let Ok(invite) = Invite::from_link(text) {
        let again = Invite::from_link(&invite.to_link());
        assert!(again.is_ok_and(|again| again == invite), "a link does not come back");
    }
}

/// Plaintexts of a stream, each after its length (u16, big endian): what a peer that has shaken hands can send.
pub fn frames(data: &[u8]) {
    let mut parts = Parts::default();
    let mut rest = data;
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(after.len());
        let Some((plaintext, after)) = after.split_at_checked(length) else { return };
        rest = after;
        match parts.take(plaintext) {
            Err(_) => return,
            Ok(None) => {}
            Ok(Some(frame)) => {
                assert!(!frame.is_empty() && frame.len() <= FRAME_BYTES, "a frame of {} bytes", frame.len());
                drop(strict::<Frame>(&frame));
            }
        }
    }
}

/// The first byte picks what is read: messages of a mailbox stream, each after its length (u16, big endian), from one
/// side or the other; or an envelope.
pub fn mail(data: &[u8]) {
    let Some((kind, bytes)) = data.split_first() else { return };
    if *kind > 1 {
        drop(envelope::open(bytes, &envelope::SealPair::from_secret([6; 32])));
        return;
    }
    let mut pieces = Pieces::default();
    let mut rest = bytes;
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(after.len());
        let Some((message, after)) = after.split_at_checked(length) else { return };
        rest = after;
        let Ok(frame) = pieces.push(message) else { return };
        let Some(frame) = frame else { continue };
        if *kind == 0 {
            if let Ok(Some(request)) = MailRequest::decode(&frame) {
                assert!(request.encode().is_ok_and(|again| again == frame), "a second encoding was accepted");
            }
        } else if let Ok(Some(answer)) = Answer::decode(&frame) {
            assert!(answer.encode().is_ok_and(|again| again == frame), "a second encoding was accepted");
        }
    }
}

/// The token of the only box and the only queue that [`mail_server`] begins with: the corpus knows it.
pub const MAIL_TOKEN: [u8; 32] = [0x0c; 32];
/// The name of that queue.
pub const MAIL_QUEUE: [u8; 16] = [0x0b; 16];

/// Messages of streams to a mailbox: each is a link (its lowest bit; 2: it is opened, 4: it is closed, 8: an hour
/// passes, 16: everything was committed), a length (u16, big endian) and the bytes.
pub fn mail_server(data: &[u8]) {
    let mut shelf = MemoryShelf::default();
    let mut server = Server::new(MailKey::of(&keys(1)), Limits { boxes: 4, ..Limits::default() });
    let mut now = Now::new(0, 1_800_000_000_000);
    let grant = Some(server.grant([1; 16], 2, 1));
    let open = MailRequest::Open { token: MAIL_TOKEN, grant, run: 1 };
    let deposit = crate::kdf::hash(&MAIL_TOKEN);
    let register = vec![Entry { queue: MAIL_QUEUE, deposit, limit_bytes: 1 << 20 }];
    server.opened(0, vec![1], vec![2], now);
    for request in [MailRequest::Hello { nonce: [0; 32] }, open, MailRequest::Register(register)] {
        let messages = request.encode().map(|frame| mail_split(&frame)).unwrap_or_default();
        messages.iter().for_each(|message| drop(server.message(0, message, &mut shelf, now)));
    }
    let mut rest = data;
    while let Some(([steer, high, low], after)) = rest.split_first_chunk::<3>() {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(after.len());
        let Some((message, after)) = after.split_at_checked(length) else { return };
        rest = after;
        let link = u64::from(steer & 1);
        if steer & 2 != 0 {
            server.opened(link, vec![1], vec![3], now);
        }
        drop(server.message(link, message, &mut shelf, now));
        if steer & 4 != 0 {
            server.closed(link);
        }
        if steer & 8 != 0 {
            now.mono_ms = now.mono_ms.saturating_add(crate::time::HOUR_MS);
            drop(server.tick(&mut shelf, now));
        }
        if steer & 16 != 0 {
            drop(server.outputs());
        }
    }
    let (Ok(totals), Ok(figures)) = (shelf.totals(), server.figures(&mut shelf)) else { return };
    assert!(totals.boxes <= 2 && totals.bytes <= totals.boxes << 20, "over the grant: {totals:?}");
    let held: u64 = figures.grants.iter().map(|grant| grant.bytes).sum();
    assert!(held == totals.bytes, "sums are wrong: {totals:?} and {held}");
}

/// The first byte picks who reads, the rest is the message. All secrets are fixed, so a corpus can hold messages that
/// succeed.
pub fn handshake(data: &[u8]) {
    let Some((reader, message)) = data.split_first() else { return };
    let (alice, bob, invitation) = (keys(1), keys(2), invite_of_bob());
    match reader {
        0 => {
            let responder = live::Responder::read_from(bob.noise_secret(), ENDS, message, Some(&[4; 32]));
            drop(responder.and_then(live::Responder::answer));
        }
        1 => {
            let kem_secret = Zeroizing::new([5; 32]);
            let (secret, remote) = (alice.noise_secret(), bob.noise_public());
            let started = live::Initiator::start_from(secret, &remote, ENDS, kem_secret, Some(&[3; 32]));
            drop(started.and_then(|(initiator, _)| initiator.finish(message)));
        }
        2 => {
            let secret = bob.noise_secret();
            drop(invite::Inviter::answer_from(secret, &invitation, ENDS, message, b"card", Some(&[4; 32])));
        }
        3 => {
            let joiner = invite::Joiner::start_from(alice.noise_secret(), &invitation, ENDS, Some(&[3; 32]));
            let ready = joiner.and_then(|(joiner, _)| joiner.read(message));
            drop(ready.and_then(invite::JoinerReady::finish));
        }
        4 => {
            let joiner = invite::Joiner::start_from(alice.noise_secret(), &invitation, ENDS, Some(&[3; 32]));
            let Ok((_, first)) = joiner else { return };
            let secret = bob.noise_secret();
            let inviter =
                invite::Inviter::answer_from(secret, &invitation, ENDS, &first, b"card", Some(&[4; 32]));
            drop(inviter.and_then(|(inviter, _)| inviter.finish(message)));
        }
        _ => drop(kem::encapsulate_from(message, &[6; 32])),
    }
}

/// Messages the readers of [`handshake`] accept, each with its reader's number: the seeds of its corpus.
pub fn handshake_seeds() -> Vec<(u8, Vec<u8>)> {
    let (alice, bob, invitation) = (keys(1), keys(2), invite_of_bob());
    let mut seeds = Vec::new();
    let kem_secret = Zeroizing::new([5; 32]);
    let kem_public = kem::public_key(&kem_secret);
    let started = live::Initiator::start_from(
        alice.noise_secret(),
        &bob.noise_public(),
        ENDS,
        kem_secret,
        Some(&[3; 32]),
    );
    if let Ok((initiator, first)) = started {
        let responder = live::Responder::read_from(bob.noise_secret(), ENDS, &first, Some(&[4; 32]));
        let encapsulated = kem::encapsulate_from(&kem_public, &[6; 32]);
        if let (Ok(responder), Ok((ciphertext, shared))) = (responder, encapsulated)
            && let Ok((_, second)) = responder.answer_with(ciphertext, &shared)
            && initiator.finish(&second).is_ok()
        {
            seeds.extend([(0, first), (1, second)]);
        }
    }
    let joiner = invite::Joiner::start_from(alice.noise_secret(), &invitation, ENDS, Some(&[3; 32]));
    if let Ok((joiner, first)) = joiner {
        let secret = bob.noise_secret();
        let answer = invite::Inviter::answer_from(secret, &invitation, ENDS, &first, b"card", Some(&[4; 32]));
        if let Ok((inviter, second)) = answer
            && let Ok((_, third)) = joiner.read(&second).and_then(invite::JoinerReady::finish)
            && inviter.finish(&third).is_ok()
        {
            seeds.extend([(2, first), (3, second), (4, third)]);
        }
    }
    seeds.push((5, kem_public));
    seeds
}

/// Where the corpus' record lies.
pub const SLOT: Slot = Slot { rv: [5; 32], who: SlotOwner::Account, day: 20_000 };

/// A value that a node of the DHT gave.
pub fn records(data: &[u8]) {
    if let Some(public) = data.first_chunk::<32>() {
        let _ = discovery::check(&crate::kdf::derive("card key", &[public]), data);
    }
    let Ok(card) = discovery::open(&SLOT, data) else { return };
    let made = discovery::check(&discovery::key(&SLOT), data);
    let nonce = data.get(100..124).and_then(|nonce| <[u8; 24]>::try_from(nonce).ok());
    let (Ok(made), Some(nonce)) = (made, nonce) else { panic!("opened without being checked") };
    let again = discovery::seal(&SLOT, made, &nonce, &card);
    assert!(again.is_ok_and(|again| again.value == data), "a second form of a record was accepted");
}

/// The room of [`rooms`], and its topic secret.
pub const ROOM: RoomId = RoomId([0x0d; 32]);
/// The topic secret.
pub const ROOM_SECRET: [u8; 32] = [0x0e; 32];
/// The day of its gossip.
pub const ROOM_DAY: u32 = 20_000;

/// The key of alice's session in the room: a ratchet of sixes, signed with the key of eights.
pub fn room_key() -> Vec<u8> {
    use ed25519_dalek::Signer as _;
    let signer = ed25519_dalek::SigningKey::from_bytes(&[8; 32]);
    let public = signer.verifying_key().to_bytes();
    let mut key = [&[2, 0, 0, 0, 0][..], &[6; 128], &public].concat();
    key.extend(signer.sign(&key).to_bytes());
    key
}

/// The first byte picks what is read in alice's and bob's room, the rest is it.
pub fn rooms(data: &[u8]) {
    let Some((kind, bytes)) = data.split_first() else { return };
    match kind {
        0 => room_words(bytes),
        1 => {
            if let Some(entry) = strict::<RoomEntry>(bytes) {
                room_entry(&entry);
            }
        }
        2 => {
            let Some(frame) = seal::gossip_open(&ROOM_SECRET, ROOM_DAY, bytes) else { return };
            let nonce = bytes.first_chunk().unwrap_or(&[0; 24]);
            let again = seal::gossip_seal(&ROOM_SECRET, ROOM_DAY, nonce, &frame);
            assert!(again.is_some_and(|again| again == bytes), "a second form of gossip was opened");
        }
        3 => {
            let Some(frame) = seal::box_open(&ROOM_SECRET, bytes) else { return };
            let again = seal::box_seal(&ROOM_SECRET, &frame);
            assert!(again.is_some_and(|again| again == bytes), "a second form of a deposit was opened");
        }
        _ => drop(Receiver::from_key(ROOM, keys(1).id(), bytes)),
    }
}

fn room_words(bytes: &[u8]) {
    let Ok(frame) = Frame::unpack(bytes) else { return };
    let Ok(Some(words)) = Words::decode(frame.kind, &frame.body) else { return };
    let again = words.encode().and_then(|again| Frame::unpack(&again));
    assert!(again.is_ok_and(|again| again.kind == frame.kind && again.body == frame.body), "a second form");
    match words {
        Words::Heads(heads) => room_have(&heads.have),
        Words::Give(give) => {
            give.entries.iter().for_each(room_entry);
            give.marks.iter().for_each(room_have);
            let counted =
                |give: &Give| [give.ops.len(), give.entries.len(), give.marks.len(), give.cards.len()];
            let mut all = counted(&give);
            for piece in Give::batches(*give) {
                all.iter_mut()
                    .zip(counted(&piece))
                    .for_each(|(left, some)| *left = left.saturating_sub(some));
                assert!(Words::Give(Box::new(piece)).encode().is_ok(), "a piece is no frame");
            }
            assert!(all == [0; 4], "pieces were lost");
        }
        Words::Ask(_) | Words::Ready => {}
    }
}

fn room_entry(entry: &RoomEntry) {
    let Ok(head) = Head::peek(&entry.head) else { return };
    let again = head.sign(&keys(1));
    assert!(again.is_ok_and(|again| again.body == entry.head.body), "a second form of a head");
    drop(entry.open_head(&keys(1).sig_public()));
    let fits = entry.check_body(&head).is_ok();
    match &entry.body {
        EntryBody::Opened(plain) => drop(content_of(plain, &head)),
        EntryBody::Sealed(sealed) => {
            let Ok(mut receiver) = Receiver::from_key(ROOM, keys(1).id(), &room_key()) else { return };
            let opened = receiver.open(&head, sealed);
            assert!(fits || opened.is_err(), "opened what no key of its session signed");
            assert!(opened.is_err() || receiver.open(&head, sealed).is_err(), "opened twice");
        }
    }
}

fn room_have(signed: &Signed) {
    let Ok(have) = Have::peek(signed) else { return };
    let again = have.sign(&keys(1));
    assert!(again.is_ok_and(|again| again.body == signed.body), "a second form of a receipt");
    drop(Have::open(signed, &keys(1).sig_public()));
}

/// Any bytes as text.
pub fn cleaner(data: &[u8]) {
    let given = String::from_utf8_lossy(data);
    for clean in [text::clean_text, text::clean_line, text::clean_name, text::handle] {
        let once = clean(&given);
        let inert = once.chars().all(|c| {
            let reverses =
                matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}');
            (c == '\n' || !c.is_control()) && !reverses
        });
        assert!(inert, "not inert: {once:?}");
        assert!(clean(&once) == once, "cleaning again changes {once:?}");
    }
    drop(text::skeleton(&given));
    let _ = text::is_one_emoji(&given);
}
