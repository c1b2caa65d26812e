//! W1: the golden bytes of `vectors/*.json`. Whoever writes a second Starling starts from these; a change here is a
//! change of the protocol. `STARLING_WRITE_VECTORS=1` writes them anew. The handshakes' vectors are checked in
//! `src/noise/tests.rs`, because they need fixed ephemeral keys.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{ack, content, frame, invite, part, person, request};
use data_encoding::HEXLOWER;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use starling_protocol::content::{Body, Content, KeepMail, Pin, Target};
use starling_protocol::discovery::{self, Made, Slot, SlotOwner};
use starling_protocol::identity::{Card, Manifest, safety_number};
use starling_protocol::ids::{ChatId, DeviceId, MessageId};
use starling_protocol::invite::{Invite, Request};
use starling_protocol::mail::{MailboxLink, envelope::SealPair};
use starling_protocol::room::{Receiver, RoomLink, content_of, place, seal};
use starling_protocol::session::Ack;
use starling_protocol::wire::{self, Frame, Signed};
use starling_protocol::{fuzzing, kdf, text};

fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// The hex of a value's encoding, after seeing that it decodes to the same value.
fn golden<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) -> String {
    let bytes = wire::encode(value).unwrap();
    assert_eq!(&wire::decode::<T>(&bytes).unwrap(), value);
    hex(&bytes)
}

fn check(name: &str, found: &Value) {
    let path = format!("{}/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("STARLING_WRITE_VECTORS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(found).unwrap() + "\n").unwrap();
    }
    let expected: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(found, &expected, "{name}");
}

#[test]
fn wire_vectors() {
    let signed = Signed { body: vec![1, 2, 3], sig: [5; 64] };
    let numbers: [u64; 6] = [0, 250, 251, 65_535, 65_536, u64::MAX];
    check(
        "wire",
        &json!({
            "frame": golden(&frame()),
            "frame_packed": hex(&Frame::pack(7, &"hé".to_owned()).unwrap()),
            "signed": golden(&signed),
            "device_id": golden(&DeviceId([1; 16])),
            "message_id": golden(&MessageId([2; 16])),
            "chat_id": golden(&ChatId([3; 32])),
            "none": golden(&None::<u32>),
            "some_300": golden(&Some(300_u32)),
            "minus_one": golden(&-1_i64),
            "text": golden(&"käse".to_owned()),
            "ext": golden(&vec![(2_u16, vec![1_u8, 2, 3])]),
            "numbers": numbers.iter().map(|number| json!([number.to_string(), golden(number)])).collect::<Vec<_>>(),
        }),
    );
}

#[test]
fn kdf_vectors() {
    let key = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
    check(
        "kdf",
        &json!({
            "derive": [
                { "context": "test", "parts": [], "key": hex(&kdf::derive("test", &[])) },
                { "context": "test", "parts": [""], "key": hex(&kdf::derive("test", &[b""])) },
                { "context": "test", "parts": ["6162", "63"], "key": hex(&kdf::derive("test", &[b"ab", b"c"])) },
                { "context": "test", "parts": ["61", "6263"], "key": hex(&kdf::derive("test", &[b"a", b"bc"])) },
            ],
            "hash": { "bytes": hex(b"starling"), "hash": hex(&kdf::hash(b"starling")) },
            "sign": {
                "seed": hex(&[1; 32]), "domain": "test", "body": hex(b"body"),
                "sig": hex(&kdf::sign(&key, "test", b"body")),
            },
        }),
    );
}

#[test]
fn identity_vectors() {
    let (alice, bob) = (person(1), person(2));
    check(
        "identity",
        &json!({
            "seed": hex(alice.seed.as_bytes()),
            "words": *alice.seed.words(),
            "account": alice.root.account().to_string(),
            "device_entropy": hex(alice.keys.to_bytes().as_slice()),
            "device_id": alice.keys.id().to_string(),
            "device_sig_public": hex(&alice.keys.sig_public()),
            "device_noise_public": hex(&alice.keys.noise_public()),
            "manifest": golden(&alice.manifest()),
            "manifest_signed": golden(&alice.signed_manifest()),
            "manifest_hash": hex(&Manifest::hash(&alice.signed_manifest())),
            "card": golden(&alice.card()),
            "card_signed": golden(&alice.signed_card()),
            "other_account": bob.root.account().to_string(),
            "safety_number": safety_number(&alice.root.account(), &bob.root.account()),
        }),
    );
    assert_eq!(Card::open(&alice.signed_card()).unwrap(), (alice.card(), alice.manifest()));
}

#[test]
fn discovery_vectors() {
    let alice = person(1);
    let device = Slot { rv: [5; 32], who: SlotOwner::Device(alice.keys.id()), day: 20_000 };
    let account = Slot { who: SlotOwner::Account, ..device };
    let record = discovery::seal(&account, Made(86_400), &[9; 24], &alice.signed_card()).unwrap();
    check(
        "discovery",
        &json!({
            "rv": hex(&device.rv),
            "day": device.day,
            "device": alice.keys.id().to_string(),
            "device_key": hex(&discovery::key(&device)),
            "account_key": hex(&discovery::key(&account)),
            "next_day_account_key": hex(&discovery::key(&Slot { day: 20_001, ..account })),
            "record": {
                "made": 86_400, "nonce": hex(&[9; 24]), "card": golden(&alice.signed_card()),
                "value": hex(&record.value),
            },
        }),
    );
    assert_eq!(discovery::open(&account, &record.value), Ok(alice.signed_card()));
    assert_eq!(discovery::check(&record.key, &record.value), Ok(Made(86_400)));
}

#[test]
fn invite_vectors() {
    let (alice, invite, request) = (person(1), invite(), request());
    let signed = request.sign(&alice.keys).unwrap();
    let ipv6 = Invite { hints: vec!["/ip6/2001:db8::1/tcp/4001".to_owned()], ..invite.clone() };
    let named = Invite { hints: vec!["/dns4/example.net/udp/443/quic-v1".to_owned()], ..invite.clone() };
    check(
        "invite",
        &json!({
            "root": invite.root.to_string(),
            "secret": hex(&invite.secret),
            "hints": invite.hints,
            "link": invite.to_link(),
            "link_without_hints": Invite { hints: Vec::new(), ..invite.clone() }.to_link(),
            "link_with_ip6_tcp": ipv6.to_link(),
            "link_with_name": named.to_link(),
            "id": invite.id().to_string(),
            "tag": { "joiner_peer": hex(b"a"), "inviter_peer": hex(b"b"), "tag": hex(&invite.tag(b"a", b"b")) },
            "proof": { "joiner": alice.root.account().to_string(), "proof": hex(&request.proof) },
            "request": golden(&request),
            "request_signed": golden(&signed),
        }),
    );
    assert_eq!(Request::open(&signed, &invite).unwrap(), (request, alice.card(), alice.manifest()));
    assert_eq!(Invite::from_link(&invite.to_link()).unwrap(), invite);
}

#[test]
fn message_vectors() {
    let (bob, content) = (person(2), content());
    let target = Target { author: bob.root.account(), id: content.msg_id };
    let pin = Body::Pin(Pin { target, on: true, ext: vec![] });
    let signed = ack().sign(&bob.keys).unwrap();
    check(
        "messages",
        &json!({
            "content": golden(&content),
            "content_padded": hex(&content.pad().unwrap()),
            "content_link": hex(&content.link()),
            "body_kind": content.kind,
            "pin": hex(&pin.encode().unwrap().1),
            "part": golden(&part()),
            "ack": golden(&ack()),
            "ack_signed": golden(&signed),
        }),
    );
    assert_eq!(Content::unpad(&content.pad().unwrap()).unwrap(), content);
    assert_eq!(Ack::open(&signed, &bob.keys.sig_public()), Some(ack()));
}

#[test]
fn text_vectors() {
    let texts = [
        "a\u{1b}[31mb\tc\r\nd",
        "x\u{202e}y\u{e0041}z",
        "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
    ];
    let names = ["  Ilse \n Brandt ", "Zoe\u{308}", "@#:/", "PаypaI", "你好你好你好你好你好你好你好你好你好"];
    check(
        "text",
        &json!({
            "clean_text": texts.iter().map(|text| json!([text, text::clean_text(text)])).collect::<Vec<_>>(),
            "names": names.iter().map(|name| json!({
                "name": name, "clean": text::clean_name(name), "handle": text::handle(name),
                "skeleton": text::skeleton(name),
            })).collect::<Vec<_>>(),
        }),
    );
}

#[test]
fn mail_vectors() {
    let names = |values: Vec<String>| json!(values);
    let sealed = common::envelope();
    let pair = SealPair::from_secret([6; 32]);
    let hints = vec!["/ip4/192.0.2.2/udp/4001/quic-v1".to_owned()];
    let link = MailboxLink { mailbox: common::mail_key().id(), grant: common::grant(), hints };
    check(
        "mail",
        &json!({
            "mailbox_id": common::mail_key().id().to_string(),
            "grant": golden(&common::grant()),
            "link": link.to_link(),
            "hello_sig": hex(&common::mail_key().greet(&[1; 32], b"caller", b"mailbox")),
            "requests": names(common::mail_requests().iter().map(|r| hex(&r.encode().unwrap())).collect()),
            "answers": names(common::mail_answers().iter().map(|a| hex(&a.encode().unwrap())).collect()),
            "seal_key_hash": hex(&kdf::hash(&pair.public())),
            "envelope_begins": hex(&sealed[..64]),
            "envelope_bytes": sealed.len(),
            "envelope_hash": hex(&kdf::hash(&sealed)),
            "keep_mail": hex(&Body::KeepMail(KeepMail { link: Some("starling:a".to_owned()), answer: true, ext: vec![] })
                .encode()
                .unwrap()
                .1),
        }),
    );
}

#[test]
fn room_vectors() {
    let (content, salt) = common::room_content();
    let (head, sealed, opened) = common::room_entry();
    let have = common::room_have();
    let (secret, day) = (fuzzing::ROOM_SECRET, fuzzing::ROOM_DAY);
    let frame = common::room_words()[2].encode().unwrap();
    let gossip = seal::gossip_seal(&secret, day, &[9; 24], &frame).unwrap();
    let deposit = seal::box_seal(&secret, &frame).unwrap();
    let (depth, mark) = place(head.depth, &sealed.id());
    let bodies = common::room_bodies();
    check(
        "rooms",
        &json!({
            "room": fuzzing::ROOM.to_string(),
            "content": golden(&content),
            "salt": hex(&salt),
            "session_key": hex(&fuzzing::room_key()),
            "head": golden(&head),
            "digest": hex(&head.digest),
            "entry_id": hex(&sealed.id().0),
            "entry_sealed": golden(&sealed),
            "entry_opened": golden(&opened),
            "place": [depth, mark.to_string()],
            "have": golden(&have),
            "have_signed": golden(&have.sign(&person(1).keys).unwrap()),
            "words": common::room_words().iter().map(|words| hex(&words.encode().unwrap())).collect::<Vec<_>>(),
            "bodies": bodies.iter().map(|body| {
                let (kind, bytes) = body.encode().unwrap();
                assert_eq!(&Body::decode(kind, &bytes).unwrap(), body);
                json!([kind, hex(&bytes)])
            }).collect::<Vec<_>>(),
            "link": common::room_link().to_link(),
            "topic_secret": hex(&secret),
            "secret_id": hex(&seal::secret_id(&secret)),
            "rv": hex(&seal::rv(&secret, &person(1).root.account())),
            "gossip": {
                "day": day, "topic": hex(&seal::topic(&secret, day)), "nonce": hex(&[9; 24]),
                "frame": hex(b"frame"), "data": hex(&seal::gossip_seal(&secret, day, &[9; 24], b"frame").unwrap()),
                "give_bytes": gossip.len(), "give_hash": hex(&kdf::hash(&gossip)),
            },
            "box": {
                "token": hex(&seal::box_token(&secret)), "queue": hex(&seal::box_queue(&secret)),
                "deposit": hex(&seal::box_deposit(&secret)),
                "give_bytes": deposit.len(), "give_hash": hex(&kdf::hash(&deposit)),
            },
        }),
    );
    let mut bob = Receiver::from_key(fuzzing::ROOM, person(1).keys.id(), &fuzzing::room_key()).unwrap();
    let starling_protocol::room::EntryBody::Sealed(bytes) = &sealed.body else { panic!("it is sealed") };
    let plain = bob.open(&sealed.open_head(&person(1).keys.sig_public()).unwrap(), bytes).unwrap();
    assert_eq!(content_of(&plain, &head), Ok(content));
    assert_eq!(seal::gossip_open(&secret, day, &gossip).as_ref(), Some(&frame));
    assert_eq!(seal::box_open(&secret, &deposit).as_ref(), Some(&frame));
    assert_eq!(RoomLink::from_link(&common::room_link().to_link()).unwrap(), common::room_link());
}
