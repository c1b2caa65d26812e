//! Messages of rooms: what is refused, who can open what, and that bounds hold.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod entries;
mod keys;
mod receipts;
mod seals;
mod words;

use super::entry::SALT_BYTES;
use super::*;
use crate::content::{Body, Content, Text};
use crate::identity::DeviceKeys;
use crate::ids::{DeviceId, MessageId, RoomId};
use std::collections::BTreeSet;

const ROOM: RoomId = RoomId([1; 32]);
const ELSEWHERE: RoomId = RoomId([2; 32]);

fn keys(number: u8) -> DeviceKeys {
    DeviceKeys::from_entropy([number; 64])
}

fn text(room: RoomId, seq: u64, text: &str) -> Content {
    let (kind, body) =
        Body::Text(Text { text: text.to_owned(), reply_to: None, ext: Vec::new() }).encode().unwrap();
    Content {
        msg_id: MessageId([5; 16]),
        conv: room.into(),
        seq,
        prev: [0; 32],
        seen: Vec::new(),
        sent_at: 1_790_000_000_000,
        kind,
        body,
        ext: Vec::new(),
    }
}

/// The head of a device's entry number `seq` around `plain`.
fn head(device: &DeviceKeys, seq: u64, session: [u8; 32], index: u32, plain: &[u8]) -> Head {
    Head {
        room: ROOM,
        device: device.id(),
        seq,
        prev: if seq == 1 { [0; 32] } else { [9; 32] },
        after: vec![(DeviceId([0; 16]), 3)],
        depth: seq + 4,
        tips: vec![OpId([3; 32])],
        session,
        index,
        digest: digest(plain),
        ext: Vec::new(),
    }
}

/// A device that writes in a room, with its session.
struct Writer {
    keys: DeviceKeys,
    sender: Sender,
    seq: u64,
}

impl Writer {
    fn new(number: u8) -> Self {
        Self { keys: keys(number), sender: Sender::new(0), seq: 0 }
    }

    /// The next message: head, and both forms of the entry.
    fn write(&mut self, said: &str) -> (Head, Entry, Entry) {
        self.seq += 1;
        let plain = plain(&text(ROOM, self.seq, said), [4; SALT_BYTES]).unwrap();
        let (session, index, sealed) = self.sender.seal(&plain, &BTreeSet::new()).unwrap();
        let head = head(&self.keys, self.seq, session, index, &plain);
        let signed = head.sign(&self.keys).unwrap();
        let sealed = Entry { head: signed.clone(), body: EntryBody::Sealed(sealed) };
        (head, sealed, Entry { head: signed, body: EntryBody::Opened(plain) })
    }

    /// Its key as a member gets it now.
    fn receiver(&self) -> Receiver {
        Receiver::from_key(ROOM, self.keys.id(), &self.sender.key()).unwrap()
    }
}

/// The bytes of an entry's body.
fn body(entry: &Entry) -> &[u8] {
    let (EntryBody::Sealed(bytes) | EntryBody::Opened(bytes)) = &entry.body;
    bytes
}
