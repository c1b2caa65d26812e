//! A machine alone, and a neighbour whom we play: frames by hand.

use super::super::super::net::{NetCommand, NetEvent, Via};
use super::super::super::step::Action;
use super::super::super::{Input, Step};
use super::*;
use crate::content::{Body, Content, Text};
use crate::identity::{DeviceEntry, DeviceKeys, Manifest, Seed};
use crate::ids::ChatId;
use crate::room::open::{CHANNELS, Give, Given, OpenAuthor, Words, tag};
use crate::room::{self, Entry, EntryBody, Head};
use crate::time::Now;
use crate::wire::Signed;

/// Somebody with keys of their own.
pub struct Person {
    pub device: DeviceKeys,
    pub manifest: Signed,
}

impl Person {
    pub fn new(number: u64) -> Self {
        let mut seed = [7; 32];
        seed[..8].copy_from_slice(&number.to_be_bytes());
        let root = Seed::from_entropy(seed).root();
        let mut entropy = [9; 64];
        entropy[..8].copy_from_slice(&number.to_be_bytes());
        entropy[32..40].copy_from_slice(&number.to_be_bytes());
        let device = DeviceKeys::from_entropy(entropy);
        let entry = DeviceEntry {
            id: device.id(),
            sig: device.sig_public(),
            noise: device.noise_public(),
            olm: device.noise_public(),
            added_day: 1,
            flags: 0,
        };
        let manifest = Manifest {
            account: root.account(),
            version: 1,
            prev: [0; 32],
            created_s: 1,
            flags: 0,
            devices: vec![entry],
            revoked: Vec::new(),
            ext: Vec::new(),
        };
        Self { manifest: root.sign_manifest(&manifest).unwrap(), device }
    }

    pub fn author(&self, channel: RoomId) -> Signed {
        let (device, manifest) = (self.device.id(), self.manifest.clone());
        let name = "mallory".to_owned();
        OpenAuthor { channel, device, manifest, name, at_s: 1, ext: Vec::new() }.sign(&self.device).unwrap()
    }

    pub fn entry(&self, channel: RoomId, seq: u64, text: &str) -> Given {
        self.entry_at(channel, seq, seq, text)
    }

    pub fn entry_at(&self, channel: RoomId, seq: u64, depth: u64, text: &str) -> Given {
        let body = Body::Text(Text { text: text.to_owned(), reply_to: None, ext: Vec::new() });
        let (kind, body) = body.encode().unwrap();
        let mut id = [0; 16];
        id[..8].copy_from_slice(&seq.to_be_bytes());
        id[8..].copy_from_slice(&self.device.id().0[..8]);
        let content = Content {
            msg_id: MessageId(id),
            conv: ChatId::from(channel),
            seq,
            prev: [0; 32],
            seen: Vec::new(),
            sent_at: 0,
            kind,
            body,
            ext: Vec::new(),
        };
        let plain = room::plain(&content, [3; 16]).unwrap();
        let head = Head {
            room: channel,
            device: self.device.id(),
            seq,
            prev: if seq == 1 { [0; 32] } else { [1; 32] },
            after: Vec::new(),
            depth,
            tips: Vec::new(),
            session: [0; 32],
            index: 0,
            digest: room::digest(&plain),
            ext: Vec::new(),
        };
        let head = head.sign(&self.device).unwrap();
        Given { entry: Entry { head, body: EntryBody::Opened(plain) }, age_ms: 0 }
    }

    pub fn give(&self, channel: RoomId, entries: Vec<Given>) -> Words {
        Words::Give(Give { channel, authors: vec![self.author(channel)], entries, done: false })
    }
}

pub const PEER: &[u8] = b"mallory's node";
const LINK: u64 = 1_000_001;

/// A machine alone, and a neighbour whom we play.
pub struct Table {
    pub world: World,
    pub link: u64,
    pub said: Vec<Words>,
    pub closed: bool,
    mono_ms: u64,
}

impl Table {
    pub fn new(seed: u64) -> Self {
        let mut world = World::new(1, seed);
        world.start(0);
        let mut table = Self { world, link: LINK, said: Vec::new(), closed: false, mono_ms: 2_000_000_000 };
        let addr = "/ip4/192.168.1.9/tcp/1".to_owned();
        table.event(NetEvent::ConnOpened {
            conn: 7,
            peer: PEER.to_vec(),
            addr,
            outbound: false,
            via: Via::Lan,
        });
        table.open();
        table
    }

    pub fn open(&mut self) {
        self.link += 2;
        self.closed = false;
        let local_peer = self.world.peer_of(0);
        self.event(NetEvent::LinkOpened {
            link: self.link,
            conn: 7,
            protocol: LinkProtocol::Open,
            outbound: false,
            local_peer,
            remote_peer: PEER.to_vec(),
        });
        self.tags(&[lobby()]);
    }

    pub fn tags(&mut self, channels: &[RoomId]) {
        let local = self.world.peer_of(0);
        let mut tags: Vec<[u8; 8]> = channels.iter().map(|channel| tag(channel, PEER, &local)).collect();
        while tags.len() < CHANNELS {
            tags.push((tags.len() as u64).to_be_bytes());
        }
        self.say(&Words::Tags(tags));
    }

    pub fn event(&mut self, event: NetEvent) {
        self.inputs(vec![Input::Net(event)]);
    }

    pub fn inputs(&mut self, inputs: Vec<Input>) {
        let now = Now::new(self.mono_ms, 1_790_000_000_000);
        let machine = &mut self.world.machines[0];
        let Step { changes, actions, .. } = machine.engine.as_mut().unwrap().turn(inputs, now);
        machine.disk.commit(&changes);
        for action in actions {
            match action {
                Action::Net(NetCommand::Write { link, messages }) if link == self.link => {
                    self.said.extend(messages.iter().map(|one| Words::decode(one).unwrap().unwrap()));
                }
                Action::Net(NetCommand::CloseLink { link }) if link == self.link => self.closed = true,
                _ => {}
            }
        }
    }

    pub fn wait(&mut self, ms: u64) {
        self.mono_ms += ms;
        self.inputs(vec![Input::Wake]);
    }

    pub fn say(&mut self, words: &Words) {
        self.say_bytes(words.encode().unwrap());
    }

    pub fn say_bytes(&mut self, message: Vec<u8>) {
        self.event(NetEvent::LinkData { link: self.link, message });
    }

    pub fn texts(&self) -> Vec<String> {
        self.world.room_texts(0, lobby())
    }

    pub fn kept(&self) -> usize {
        self.world.machines[0].disk.count(Space::OpenEntry)
    }
}
