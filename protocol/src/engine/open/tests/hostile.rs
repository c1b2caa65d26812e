//! Neighbours who forge, replay, flood and lie: frames by hand.

use super::super::super::net::{NetCommand, NetEvent, Via};
use super::super::super::step::Action;
use super::super::super::{Input, Step};
use super::*;
use crate::content::{Body, Content, Text};
use crate::identity::{DeviceEntry, DeviceKeys, Manifest, Seed};
use crate::ids::{ChatId, DeviceId};
use crate::room::open::{Ask, CHANNELS, Give, Given, Heads, OpenAuthor, Words, channel_of, tag};
use crate::room::{self, Entry, EntryBody, Head, HeadRange};
use crate::time::{MINUTE_MS, Now};
use crate::wire::Signed;

/// Somebody with keys of their own.
struct Person {
    device: DeviceKeys,
    manifest: Signed,
}

impl Person {
    fn new(number: u64) -> Self {
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

    fn author(&self, channel: RoomId) -> Signed {
        let (device, manifest) = (self.device.id(), self.manifest.clone());
        let name = "mallory".to_owned();
        OpenAuthor { channel, device, manifest, name, at_s: 1, ext: Vec::new() }.sign(&self.device).unwrap()
    }

    fn entry(&self, channel: RoomId, seq: u64, text: &str) -> Given {
        self.entry_at(channel, seq, seq, text)
    }

    fn entry_at(&self, channel: RoomId, seq: u64, depth: u64, text: &str) -> Given {
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

    fn give(&self, channel: RoomId, entries: Vec<Given>) -> Words {
        Words::Give(Give { channel, authors: vec![self.author(channel)], entries, done: false })
    }
}

const PEER: &[u8] = b"mallory's node";
const LINK: u64 = 1_000_001;

/// A machine alone, and a neighbour whom we play.
struct Table {
    world: World,
    link: u64,
    said: Vec<Words>,
    closed: bool,
    mono_ms: u64,
}

impl Table {
    fn new(seed: u64) -> Self {
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

    fn open(&mut self) {
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

    fn tags(&mut self, channels: &[RoomId]) {
        let local = self.world.peer_of(0);
        let mut tags: Vec<[u8; 8]> = channels.iter().map(|channel| tag(channel, PEER, &local)).collect();
        while tags.len() < CHANNELS {
            tags.push((tags.len() as u64).to_be_bytes());
        }
        self.say(&Words::Tags(tags));
    }

    fn event(&mut self, event: NetEvent) {
        self.inputs(vec![Input::Net(event)]);
    }

    fn inputs(&mut self, inputs: Vec<Input>) {
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

    fn wait(&mut self, ms: u64) {
        self.mono_ms += ms;
        self.inputs(vec![Input::Wake]);
    }

    fn say(&mut self, words: &Words) {
        self.say_bytes(words.encode().unwrap());
    }

    fn say_bytes(&mut self, message: Vec<u8>) {
        self.event(NetEvent::LinkData { link: self.link, message });
    }

    fn texts(&self) -> Vec<String> {
        self.world.room_texts(0, lobby())
    }

    fn kept(&self) -> usize {
        self.world.machines[0].disk.count(Space::OpenEntry)
    }
}

#[test]
fn what_a_person_signs_is_taken_whoever_brings_it() {
    let mut table = Table::new(41);
    let person = Person::new(1);
    table.say(&person.give(lobby(), vec![person.entry(lobby(), 1, "hello")]));
    assert_eq!(table.texts(), ["hello"]);
    table.say(&person.give(lobby(), vec![person.entry(lobby(), 1, "hello")]));
    assert_eq!((table.texts().len(), table.closed), (1, false));
}

#[test]
fn forged_things_are_not_shown_and_end_the_stream() {
    let (mallory, alice) = (Person::new(1), Person::new(2));
    let genuine = alice.entry(lobby(), 1, "I am alice");
    let mut of_other = alice.entry(lobby(), 1, "I am alice");
    of_other.entry.head = {
        let head = Head::peek(&of_other.entry.head).unwrap();
        Head { device: alice.device.id(), ..head }.sign(&mallory.device).unwrap()
    };
    let mut other_body = alice.entry(lobby(), 1, "I am alice");
    other_body.entry.body = alice.entry(lobby(), 1, "I am mallory").entry.body;
    let replayed = alice.entry(channel_of("roof"), 1, "said on the roof");
    for forged in [of_other, other_body, replayed] {
        let mut table = Table::new(42);
        table.say(&alice.give(lobby(), vec![forged]));
        assert_eq!(table.texts(), Vec::<String>::new());
        assert!(table.closed);
        table.open();
        assert!(table.closed, "nor is it opened again at once");
        table.wait(10 * MINUTE_MS);
        table.open();
        table.say(&alice.give(lobby(), vec![genuine.clone()]));
        assert_eq!(table.texts(), ["I am alice"]);
    }
}

#[test]
fn an_author_is_who_the_root_says_and_in_this_channel_alone() {
    let (mallory, alice) = (Person::new(1), Person::new(2));
    let roof = alice.author(channel_of("roof"));
    // Her manifest with a device that is not in it; her word about another channel; her word changed.
    let foreign = OpenAuthor {
        channel: lobby(),
        device: mallory.device.id(),
        manifest: alice.manifest.clone(),
        name: "alice".to_owned(),
        at_s: 1,
        ext: Vec::new(),
    }
    .sign(&mallory.device)
    .unwrap();
    let mut changed = alice.author(lobby());
    changed.sig[0] ^= 1;
    for (author, by) in [(foreign, &mallory), (roof, &alice), (changed, &alice)] {
        let mut table = Table::new(43);
        let entries = vec![by.entry(lobby(), 1, "I am alice")];
        table.say(&Words::Give(Give { channel: lobby(), authors: vec![author], entries, done: false }));
        assert_eq!((table.texts().len(), table.closed), (0, true));
    }
}

#[test]
fn an_author_without_a_message_takes_no_place() {
    let mut table = Table::new(44);
    for number in 0..20 {
        table.say(&Person::new(number).give(lobby(), Vec::new()));
    }
    assert_eq!(table.world.machines[0].disk.count(Space::OpenAuthor), 0);
}

#[test]
fn what_is_too_large_or_too_deep_is_left_out() {
    let mut table = Table::new(45);
    let person = Person::new(1);
    table.say(&person.give(lobby(), vec![person.entry(lobby(), 1, &"a".repeat(4_097))]));
    table.say(&person.give(lobby(), vec![person.entry_at(lobby(), 2, 1_000_002, "deep")]));
    assert_eq!((table.kept(), table.closed), (0, false));
    table.say(&person.give(lobby(), vec![person.entry(lobby(), 3, &"a".repeat(4_096))]));
    assert_eq!(table.kept(), 1);
    table.say_bytes(vec![0xff; 100]);
    assert!(table.closed);
}

#[test]
fn who_writes_too_fast_is_heard_as_fast_as_others() {
    let mut table = Table::new(46);
    let (loud, quiet) = (Person::new(1), Person::new(2));
    for first in [1, 51, 101] {
        let entries = (first..first + 50).map(|seq| loud.entry(lobby(), seq, "spam")).collect();
        table.say(&loud.give(lobby(), entries));
    }
    assert_eq!((table.kept(), table.closed), (24, false));
    table.say(&quiet.give(lobby(), vec![quiet.entry(lobby(), 1, "hello")]));
    assert!(table.texts().contains(&"hello".to_owned()));
    table.wait(4_000);
    let entries = (200..250).map(|seq| loud.entry(lobby(), seq, "spam")).collect();
    table.say(&loud.give(lobby(), entries));
    assert_eq!(table.kept(), 27, "two more after four seconds, and the quiet one");
}

#[test]
fn a_flood_by_one_pushes_out_their_own_and_memory_stays_bounded() {
    let mut table = Table::new(47);
    let (loud, quiet) = (Person::new(1), Person::new(2));
    table.say(&quiet.give(lobby(), vec![quiet.entry(lobby(), 1, "hello")]));
    for round in 0..90 {
        let first = round * 30 + 1;
        let mut entries: Vec<Given> =
            (first..first + 24).map(|seq| loud.entry(lobby(), seq, "spam")).collect();
        // As if it had been written all day.
        entries.iter_mut().for_each(|one| one.age_ms = 80_000_000 - u32::try_from(round).unwrap() * 100_000);
        table.say(&loud.give(lobby(), entries));
        table.wait(10_000);
    }
    assert_eq!(table.kept(), 2_000);
    let open = &engine(&mut table.world, 0).open.channels[&lobby()];
    assert!(open.entries.keys().any(|(device, _)| *device == quiet.device.id()));
    assert!(open.authors.values().all(|author| author.record.had.len() <= 64));
}

#[test]
fn people_without_end_are_not_all_remembered() {
    let mut table = Table::new(48);
    for number in 0..1_100 {
        let person = Person::new(number);
        table.say(&person.give(lobby(), vec![person.entry(lobby(), 1, "me too")]));
        table.wait(60);
    }
    assert!(!table.closed);
    let (kept, authors) = (table.kept(), table.world.machines[0].disk.count(Space::OpenAuthor));
    assert_eq!((kept, authors), (1_024, 1_024));
}

#[test]
fn channels_without_end_are_announced_and_none_is_remembered() {
    let mut table = Table::new(49);
    for round in 0..320_u64 {
        let channels: Vec<RoomId> = (0..CHANNELS as u64)
            .map(|number| channel_of(&format!("channel-{}", round * CHANNELS as u64 + number)))
            .collect();
        table.tags(&channels);
    }
    let one = engine(&mut table.world, 0).open.neighbours.by_link.values().next().unwrap();
    assert!(one.heard.len() <= CHANNELS && one.shared.is_empty());
    let device = DeviceId([1; 16]);
    let heads = vec![HeadRange { device, upto: 5, beyond: Vec::new() }];
    table.say(&Words::Heads(Heads { channel: channel_of("channel-1"), heads }));
    assert!(!table.closed && table.said.iter().all(|words| !matches!(words, Words::Ask(_))));
}

#[test]
fn who_claims_to_have_all_numbers_is_asked_for_a_few() {
    let mut table = Table::new(50);
    for number in 0..200_u64 {
        let device = DeviceId([u8::try_from(number).unwrap(); 16]);
        let heads = vec![HeadRange { device, upto: (1 << 53) - 1, beyond: Vec::new() }];
        table.say(&Words::Heads(Heads { channel: lobby(), heads }));
        let nothing = Give { channel: lobby(), authors: Vec::new(), entries: Vec::new(), done: true };
        table.say(&Words::Give(nothing));
    }
    let asks = table.said.iter().filter(|words| matches!(words, Words::Ask(_))).count();
    assert!(asks <= 64, "{asks}");
    let one = engine(&mut table.world, 0).open.neighbours.by_link.values().next().unwrap();
    assert!(one.wants.len() <= 2_048);
}

#[test]
fn who_asks_without_end_is_answered_so_often() {
    let mut table = Table::new(51);
    let person = Person::new(1);
    table.say(&person.give(lobby(), vec![person.entry(lobby(), 1, "hello")]));
    table.said.clear();
    for _ in 0..500 {
        let ranges = vec![(person.device.id(), 1, 1)];
        table.say(&Words::Ask(Ask { channel: lobby(), ranges }));
    }
    let gives = table.said.iter().filter(|words| matches!(words, Words::Give(_))).count();
    assert!((1..=96).contains(&gives), "{gives}");
}

#[test]
fn a_neighbour_learns_no_channel_that_they_are_not_in() {
    let mut table = Table::new(52);
    let roof = join(&mut table.world, 0, "roof");
    table.wait(MINUTE_MS);
    let heads = vec![HeadRange { device: DeviceId([1; 16]), upto: 1, beyond: Vec::new() }];
    table.say(&Words::Heads(Heads { channel: roof, heads }));
    table.say(&Words::Ask(Ask { channel: roof, ranges: vec![(DeviceId([1; 16]), 1, 1)] }));
    // What we call it towards them, said back, is not what they would call it.
    let mut ours = table.said.iter().filter_map(|words| match words {
        Words::Tags(tags) => Some(tags.clone()),
        _ => None,
    });
    let ours = ours.next_back().unwrap();
    assert_eq!(ours.len(), CHANNELS);
    table.said.clear();
    table.say(&Words::Tags(ours));
    table.wait(MINUTE_MS);
    let about_roof = |words: &Words| match words {
        Words::Heads(heads) => heads.channel == roof,
        Words::Ask(ask) => ask.channel == roof,
        Words::Give(give) => give.channel == roof,
        Words::Tags(_) => false,
    };
    assert!(!table.said.iter().any(about_roof));
}

#[test]
fn a_stranger_from_elsewhere_is_not_talked_with() {
    let mut table = Table::new(53);
    let addr = "/ip4/198.51.100.9/tcp/1".to_owned();
    let (peer, via) = (b"far away".to_vec(), Via::Direct);
    table.event(NetEvent::ConnOpened { conn: 9, peer: peer.clone(), addr, outbound: false, via });
    table.link = 2_000_001;
    let local_peer = table.world.peer_of(0);
    table.event(NetEvent::LinkOpened {
        link: table.link,
        conn: 9,
        protocol: LinkProtocol::Open,
        outbound: false,
        local_peer,
        remote_peer: peer,
    });
    assert!(table.closed);
}

#[test]
fn a_neighbour_who_says_nothing_is_not_waited_for() {
    let mut table = Table::new(54);
    table.wait(20_000);
    assert!(!table.closed, "who said their tags may be silent");
    table.event(NetEvent::LinkClosed { link: table.link });
    let (local_peer, remote_peer) = (table.world.peer_of(0), PEER.to_vec());
    table.link += 2;
    let (link, protocol) = (table.link, LinkProtocol::Open);
    table.event(NetEvent::LinkOpened { link, conn: 7, protocol, outbound: false, local_peer, remote_peer });
    table.wait(10_000);
    assert!(table.closed);
}
