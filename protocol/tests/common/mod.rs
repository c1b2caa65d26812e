//! The test people, with fixed keys, and the values the vectors are made of.
#![allow(dead_code, clippy::unwrap_used)]

use starling_protocol::content::{Body, Content, Text};
use starling_protocol::identity::{
    Card, DeviceEntry, DeviceKeys, Mailbox, Manifest, Revoked, RootKey, SealKey, Seed,
};
use starling_protocol::ids::{DeviceId, MessageId, SessionId};
use starling_protocol::invite::{Invite, Request};
use starling_protocol::mail::envelope::{self, Inner, SealPair};
use starling_protocol::mail::{
    Answer, Entry, Grant, Item, MailKey, Promise, Refused, Request as MailRequest, shared_queue,
};
use starling_protocol::room::{
    Ask, Entry as RoomEntry, EntryBody, Give, Have, Head, HeadRange, Heads, OpId, RoomLink, Sender, Words,
};
use starling_protocol::session::{Ack, OlmPart, Outcome, RefuseReason};
use starling_protocol::wire::{Frame, Signed};
use starling_protocol::{fuzzing, kdf, room, wire};

/// A person with one device: alice is 1, bob is 2, carol is 3, mallory is 9.
pub struct Person {
    pub seed: Seed,
    pub root: RootKey,
    pub keys: DeviceKeys,
}

pub fn person(number: u8) -> Person {
    let seed = Seed::from_entropy([number; 32]);
    let root = seed.root();
    Person { seed, root, keys: DeviceKeys::from_entropy([number; 64]) }
}

impl Person {
    pub fn manifest(&self) -> Manifest {
        let device = DeviceEntry {
            id: self.keys.id(),
            sig: self.keys.sig_public(),
            noise: self.keys.noise_public(),
            olm: DeviceKeys::from_entropy([100; 64]).noise_public(),
            added_day: 20_000,
            flags: 0,
        };
        Manifest {
            account: self.root.account(),
            version: 1_790_000_000,
            prev: [0; 32],
            created_s: 1_790_000_000,
            flags: 0,
            devices: vec![device],
            revoked: vec![Revoked { id: person(50).keys.id(), at_day: 20_001 }],
            ext: vec![(2, vec![1, 2, 3])],
        }
    }

    pub fn signed_manifest(&self) -> Signed {
        self.root.sign_manifest(&self.manifest()).unwrap()
    }

    pub fn card(&self) -> Card {
        let mailbox = Mailbox {
            id: starling_protocol::ids::MailboxId([7; 32]),
            addrs: vec!["/dns4/mailbox.example/tcp/4001".to_owned()],
            queue: [11; 16],
            deposit: [12; 32],
        };
        Card {
            device: self.keys.id(),
            seq: 3,
            peer_id: vec![0, 36, 8, 1],
            addrs: vec!["/ip4/192.0.2.1/udp/4001/quic-v1".to_owned(), "/ip6/2001:db8::1/tcp/4001".to_owned()],
            seal: Some(SealKey { day: 20_002, ek: (0..1_216).map(|place| (place % 256) as u8).collect() }),
            olm_fallback: DeviceKeys::from_entropy([101; 64]).noise_public(),
            mailboxes: vec![mailbox],
            manifest: self.signed_manifest(),
            ext: Vec::new(),
        }
    }

    pub fn signed_card(&self) -> Signed {
        self.card().sign(&self.keys).unwrap()
    }
}

/// Bob's invite.
pub fn invite() -> Invite {
    let hints = vec!["/ip4/192.0.2.2/udp/4001/quic-v1".to_owned(), "/ip4/192.0.2.2/tcp/4001".to_owned()];
    Invite { root: person(2).root.account(), secret: [7; 32], hints }
}

/// Alice's request to bob.
pub fn request() -> Request {
    let (alice, invite) = (person(1), invite());
    Request {
        invite: invite.id(),
        inviter: invite.root,
        card: alice.signed_card(),
        name: "Alice".to_owned(),
        note: "We met at the café.".to_owned(),
        rv_out: [13; 32],
        proof: invite.proof(&alice.root.account()),
        ext: Vec::new(),
    }
}

pub fn frame() -> Frame {
    Frame { v: Frame::VERSION, kind: 300, body: vec![1, 2, 3] }
}

/// Alice's first text to bob.
pub fn content() -> Content {
    let text = Text { text: "Hi bob".to_owned(), reply_to: Some(MessageId([21; 16])), ext: Vec::new() };
    let (kind, body) = Body::Text(text).encode().unwrap();
    Content {
        msg_id: MessageId([20; 16]),
        conv: person(2).root.account().into(),
        seq: 1,
        prev: [0; 32],
        seen: vec![(person(2).keys.id(), 4)],
        sent_at: 1_790_000_000_000,
        kind,
        body,
        ext: Vec::new(),
    }
}

pub fn part() -> OlmPart {
    let (session, msg_id) = (SessionId([22; 32]), MessageId([20; 16]));
    OlmPart { session, order: 3, floor: 1, msg_id, attempt: 1, prekey: true, olm: vec![23; 40] }
}

pub fn ack() -> Ack {
    let refused = Outcome::Refused(RefuseReason::Stale);
    Ack {
        to_account: person(1).root.account(),
        to_device: person(1).keys.id(),
        from_device: person(2).keys.id(),
        items: vec![(MessageId([20; 16]), 1, Outcome::Delivered), (MessageId([21; 16]), 2, refused)],
    }
}

/// The key of the mailbox that carol keeps.
pub fn mail_key() -> MailKey {
    MailKey::of(&person(3).keys)
}

/// Leave for two boxes there.
pub fn grant() -> Grant {
    mail_key().grant([31; 16], 2, 64)
}

/// One envelope of parts from alice's device, sealed to the key pair of 32 bytes 6.
pub fn envelope() -> Vec<u8> {
    let inner = Inner {
        account: person(1).root.account(),
        device: person(1).keys.id(),
        card: None,
        kind: envelope::kind::PARTS,
        body: wire::encode(&vec![part()]).unwrap(),
    };
    envelope::seal(&SealPair::from_secret([6; 32]).public(), &[32; 32], &inner).unwrap()
}

/// One of each request to a mailbox.
pub fn mail_requests() -> [MailRequest; 13] {
    [
        MailRequest::Hello { nonce: [1; 32] },
        MailRequest::Open { token: [2; 32], grant: Some(grant()), run: 7 },
        MailRequest::Register(vec![Entry { queue: [3; 16], deposit: [4; 32], limit_bytes: 1 << 24 }]),
        MailRequest::Settle,
        MailRequest::Fetch { after: 5, bytes: 1 << 20 },
        MailRequest::Ack(vec![6, 300]),
        MailRequest::PutCard { queue: [3; 16], card: vec![8, 9] },
        MailRequest::Leave,
        MailRequest::Deposit { queue: [3; 16], token: [10; 32], envelope: vec![11; 3] },
        MailRequest::Withdraw { queue: [3; 16], token: [10; 32], hashes: vec![[12; 32]] },
        MailRequest::GetCard { queue: [3; 16], token: [10; 32] },
        MailRequest::Keep {
            token: [2; 32],
            grant: Some(grant()),
            entry: Some(Entry { queue: shared_queue(&[10; 32]), deposit: [4; 32], limit_bytes: 1 << 24 }),
        },
        MailRequest::Read { token: [10; 32], after: 5, bytes: 1 << 20 },
    ]
}

/// One of each answer of a mailbox.
pub fn mail_answers() -> [Answer; 11] {
    let promise =
        Promise { queue: kdf::hash(&[3; 16]), envelope: [13; 32], kept_s: 1_209_600, at_s: 1_790_000_000 };
    [
        Answer::Welcome([14; 64]),
        Answer::Opened { quota_bytes: 1 << 26, used_bytes: 300, kept_s: 1_209_600, last_run: 6 },
        Answer::Done,
        Answer::Item(Item { number: 1, queue: [3; 16], envelope: vec![11; 3] }),
        Answer::PageEnd { more: true },
        Answer::Promise(mail_key().promise(&promise).unwrap()),
        Answer::Card(Some(vec![8, 9])),
        Answer::Card(None),
        Answer::Refused(Refused::Unknown),
        Answer::News,
        Answer::ReadEnd { more: true, last: 9 },
    ]
}

/// Alice's session in her and bob's room, as it is stored, with nobody who holds its key: a ratchet of sixes, signed
/// with the key of eights.
pub fn room_sender() -> Sender {
    let pickle = serde_json::json!({
        "ratchet": { "inner": vec![6; 128], "counter": 0 },
        "signing_key": { "Normal": vec![8; 32] },
        "config": { "version": "V2" },
    });
    let holders: Vec<DeviceId> = Vec::new();
    let pickle = serde_bytes::ByteBuf::from(serde_json::to_vec(&pickle).unwrap());
    let sender = Sender::from_bytes(&wire::encode(&(pickle, 0_u64, holders)).unwrap()).unwrap();
    assert_eq!(sender.key(), fuzzing::room_key());
    sender
}

/// Alice's first text in the room, and its salt.
pub fn room_content() -> (Content, [u8; 16]) {
    (Content { conv: fuzzing::ROOM.into(), seen: Vec::new(), ..content() }, [41; 16])
}

/// That text as an entry: its head, sealed, opened.
pub fn room_entry() -> (Head, RoomEntry, RoomEntry) {
    let (content, salt) = room_content();
    let plain = room::plain(&content, salt).unwrap();
    let (session, index, sealed) = room_sender().seal(&plain, &std::collections::BTreeSet::new()).unwrap();
    let head = Head {
        room: fuzzing::ROOM,
        device: person(1).keys.id(),
        seq: 1,
        prev: [0; 32],
        after: vec![(person(2).keys.id(), 4)],
        depth: 5,
        tips: vec![OpId([42; 32])],
        session,
        index,
        digest: room::digest(&plain),
        ext: Vec::new(),
    };
    let signed = head.sign(&person(1).keys).unwrap();
    let opened = RoomEntry { head: signed.clone(), body: EntryBody::Opened(plain) };
    (head, RoomEntry { head: signed, body: EntryBody::Sealed(sealed) }, opened)
}

/// Alice's receipt in the room.
pub fn room_have() -> Have {
    let head = |number: u8, upto, beyond| HeadRange { device: person(number).keys.id(), upto, beyond };
    Have::new(fuzzing::ROOM, person(1).keys.id(), 6, vec![head(1, 1, vec![]), head(2, 4, vec![(6, 300)])])
}

/// One of each word about the room.
pub fn room_words() -> [Words; 4] {
    let (room, bob) = (fuzzing::ROOM, person(2).keys.id());
    let have = room_have().sign(&person(1).keys).unwrap();
    let (_, sealed, opened) = room_entry();
    let tips = vec![OpId([42; 32])];
    let heads =
        Heads { room, tips: tips.clone(), have: have.clone(), marks: vec![(bob, 5)], cards: vec![(bob, 3)] };
    let ask = Ask { room, tips, ranges: vec![(bob, 5, 5)], open: true, marks: vec![bob], cards: vec![bob] };
    let give = Give {
        room,
        ops: vec![Signed { body: vec![1, 2, 3], sig: [5; 64] }],
        entries: vec![sealed, opened],
        marks: vec![have],
        cards: vec![person(1).signed_card()],
        void: vec![(bob, 1, 3)],
        more: true,
    };
    [Words::Heads(Box::new(heads)), Words::Ask(Box::new(ask)), Words::Give(Box::new(give)), Words::Ready]
}

/// A link by which bob asks people into the room.
pub fn room_link() -> RoomLink {
    RoomLink { invite: invite(), room: fuzzing::ROOM, name: "Käse & Brot".to_owned() }
}

/// The bodies about rooms, kinds 9 to 14.
pub fn room_bodies() -> [Body; 6] {
    use starling_protocol::content::{RoomAnswer, RoomInvite, RoomKey, RoomRead, RoomSecret, RoomWelcome};
    let (room, ext) = (fuzzing::ROOM, Vec::new);
    let op = Signed { body: vec![1, 2, 3], sig: [5; 64] };
    let name = "Käse & Brot".to_owned();
    [
        Body::RoomInvite(RoomInvite { room, name, members: 300, ext: ext() }),
        Body::RoomAnswer(RoomAnswer { room, join: true, ext: ext() }),
        Body::RoomWelcome(RoomWelcome {
            room,
            secrets: vec![([43; 32], [44; 32])],
            ops: vec![op],
            ext: ext(),
        }),
        Body::RoomKey(RoomKey { room, key: fuzzing::room_key(), ext: ext() }),
        Body::RoomSecret(RoomSecret { room, op: [43; 32], secret: [44; 32], ext: ext() }),
        Body::RoomRead(RoomRead { room, messages: vec![MessageId([20; 16])], ext: ext() }),
    ]
}
