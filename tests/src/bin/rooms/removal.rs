//! What a large room costs, without engines and network: the product's own operations, sessions, keys and links, for
//! members of three devices each. Bytes are those that leave; the processor's time is that of a thread that does nothing
//! else and waits for nobody.

use super::Wanted;
use anyhow::{Context as _, Result, ensure};
use starling_protocol::content::{Body, Content, RoomKey, RoomSecret, Text};
use starling_protocol::identity::Card;
use starling_protocol::ids::{ChatId, DeviceId, MessageId, RoomId};
use starling_protocol::noise::{Transport, live};
use starling_protocol::room::{
    self, Add, Create, Entry, EntryBody, Give, Have, Head, HeadRange, Inserted, Log, Op, OpBody, Policy,
    Receiver, Remove, Sender, Words, seal,
};
use starling_protocol::session::{OlmPart, Ratchet};
use starling_protocol::testing::{Keys, ratchet};
use starling_protocol::wire::{self, Frame, Signed};
use starling_tests::figures::{Report, TEXT_BYTES, ms};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Devices of each member.
const DEVICES: usize = 3;
/// The size at which a change of keys must cost no more than 100 ms and 700 kB.
const GOAL: usize = 300;
/// Messages whose cost is taken together.
const MESSAGES: u64 = 100;
const DAY: u32 = 20_000;

/// A room in which everybody is, by signed operations.
struct Crowd {
    people: Vec<Keys>,
    log: Log,
    ops: Vec<Signed>,
}

/// What something cost.
struct Cost {
    bytes: usize,
    cpu: Duration,
}

impl Crowd {
    fn new(members: usize) -> Result<Self> {
        let person = |number| Keys::new(number, DEVICES).context("no keys");
        let people: Vec<Keys> = (1..=members as u64).map(person).collect::<Result<_>>()?;
        let first = people.first().context("nobody")?;
        let keys = first.devices.first().context("no device")?;
        let create = Create {
            name: "roof".to_owned(),
            history: Policy::All,
            manifest: first.manifest.clone(),
            nonce: [1; 16],
        };
        let create = Op::create(first.account, keys.id(), 0, create)?.sign(keys)?;
        let log = Log::create(&create)?;
        let mut crowd = Self { people, log, ops: vec![create] };
        for number in 1..members {
            let person = &crowd.people[number];
            let (account, manifest, name) =
                (person.account, person.manifest.clone(), format!("member {number}"));
            crowd.post(&OpBody::Add(Add { account, name, manifest, upto: Vec::new(), since: 0 }))?;
        }
        ensure!(crowd.log.members().len() == members, "not everybody is in");
        Ok(crowd)
    }

    /// The first member's first device changes something.
    fn post(&mut self, says: &OpBody) -> Result<usize> {
        let first = self.people.first().context("nobody")?;
        let keys = first.devices.first().context("no device")?;
        let signed = self.log.draft(first.account, keys.id(), 0, says)?.sign(keys)?;
        ensure!(matches!(self.log.insert(signed.clone())?, Inserted::New(_)), "not taken");
        let bytes = wire::encode(&signed)?.len();
        self.ops.push(signed);
        Ok(bytes)
    }

    /// The devices of the members without the first one.
    fn others(&self) -> BTreeSet<DeviceId> {
        let own = self.people.first().and_then(|first| first.devices.first()).map(|keys| keys.id());
        self.log.members().devices().map(|(_, entry)| entry.id).filter(|id| Some(*id) != own).collect()
    }
}

/// A session with each of so many devices, who spoke last, and a link.
struct Pairs {
    ratchets: Vec<Ratchet>,
    link: Transport,
}

impl Pairs {
    fn new(count: usize) -> Result<Self> {
        let ratchets = (0..count).map(|_| ratchet().context("no session")).collect::<Result<_>>()?;
        let keys = Keys::new(0, 2).context("no keys")?;
        let (ours, theirs) = (&keys.devices[0], &keys.devices[1]);
        let (initiator, first) =
            live::Initiator::start(ours.noise_secret(), &theirs.noise_public(), b"one", b"other")?;
        let (_, second) = live::Responder::read(theirs.noise_secret(), b"one", b"other", &first)?.answer()?;
        Ok(Self { ratchets, link: initiator.finish(&second)? })
    }

    /// Tells something to all of them: encrypted for each, as it is stored and as it goes over a link.
    fn tell(&mut self, body: &Body) -> Result<Cost> {
        let (kind, body) = body.encode()?;
        let (before, mut bytes) = (Instant::now(), 0);
        for ratchet in &mut self.ratchets {
            let content = content(ChatId([2; 32]), 1, kind, body.clone());
            let (prekey, olm, order) = ratchet.encrypt(&content)?;
            let msg_id = content.msg_id;
            let part = OlmPart { session: ratchet.id(), order, floor: 0, msg_id, attempt: 1, prekey, olm };
            // The row of the outbox and the session go to the disk.
            let _ = (wire::encode(&part)?, ratchet.to_bytes()?);
            let frame = Frame::pack(2, &vec![part])?;
            bytes += self.link.seal(&frame)?.iter().map(|message| message.len() + 2).sum::<usize>();
        }
        Ok(Cost { bytes, cpu: before.elapsed() })
    }
}

fn content(conv: ChatId, seq: u64, kind: u16, body: Vec<u8>) -> Content {
    let msg_id = MessageId([3; 16]);
    Content { msg_id, conv, seq, prev: [0; 32], seen: Vec::new(), sent_at: 0, kind, body, ext: Vec::new() }
}

fn tell(report: &mut Report, name: &str, words: &str, cost: &Cost) {
    report.values.insert(format!("{name}_bytes"), cost.bytes.into());
    let line = format!("{words}: {:.1} ms of processor, {:.1} kB", ms(cost.cpu), cost.bytes as f64 / 1e3);
    report.line(&format!("{name}_cpu_ms"), ms(cost.cpu), &line);
}

/// See the module.
pub fn removal(report: &mut Report, wanted: &Wanted) -> Result<()> {
    let members = wanted.members;
    let mut crowd = Crowd::new(members)?;
    join(report, &crowd)?;
    messages(report, &crowd)?;

    let before = Instant::now();
    let gone = crowd.people.last().context("nobody")?.account;
    let mut bytes = crowd.post(&OpBody::Remove(Remove { account: gone, upto: Vec::new() }))?;
    bytes += crowd.post(&OpBody::Secret(seal::secret_id(&[4; 32])))?;
    let ops = Cost { bytes, cpu: before.elapsed() };
    let left = crowd.others().len();
    let room = crowd.log.room();
    let words = format!("one removal of {members} members with {DEVICES} devices each: its two operations");
    tell(report, "removal_ops", &words, &ops);
    let secret = RoomSecret { room, op: [5; 32], secret: [4; 32], ext: Vec::new() };
    let told = Pairs::new(left)?.tell(&Body::RoomSecret(secret))?;
    tell(report, "removal_secret", &format!("  the new secret to the {left} other devices"), &told);
    for (name, count) in [("removal_keys", left), ("removal_goal", GOAL.min(left))] {
        let cost = rotate(room, count)?;
        tell(report, name, &format!("  one change of keys: the new one to {count} devices"), &cost);
    }
    Ok(())
}

/// A new session and its key to so many devices.
fn rotate(room: RoomId, count: usize) -> Result<Cost> {
    let mut pairs = Pairs::new(count)?;
    let before = Instant::now();
    let sender = Sender::new(0);
    let key = RoomKey { room, key: sender.key(), ext: Vec::new() };
    let made = before.elapsed();
    let mut cost = pairs.tell(&Body::RoomKey(key))?;
    cost.cpu += made;
    Ok(cost)
}

/// A message: what its author does, what goes to each neighbour, what each reader does.
fn messages(report: &mut Report, crowd: &Crowd) -> Result<()> {
    let (room, devices) = (crowd.log.room(), crowd.others());
    let keys = crowd.people.first().and_then(|first| first.devices.first()).context("no device")?;
    let mut sender = Sender::new(0);
    sender.give(devices.iter().copied());
    let mut receiver = Receiver::from_key(room, keys.id(), &sender.key())?;
    let text = Text { text: "x".repeat(TEXT_BYTES), reply_to: None, ext: Vec::new() };
    let (kind, body) = Body::Text(text).encode()?;
    let (mut made, mut stored, mut prev) = (Vec::new(), 0, [0; 32]);
    let before = Instant::now();
    for seq in 1..=MESSAGES {
        let plain = room::plain(&content(ChatId::from(room), seq, kind, body.clone()), [6; 16])?;
        let (session, index, sealed) = sender.seal(&plain, &devices)?;
        let head = Head {
            room,
            device: keys.id(),
            seq,
            prev,
            after: Vec::new(),
            depth: seq,
            tips: crowd.log.tips(),
            session,
            index,
            digest: room::digest(&plain),
            ext: Vec::new(),
        };
        let entry = Entry { head: head.sign(keys)?, body: EntryBody::Sealed(sealed) };
        prev = entry.id().0;
        stored = sender.to_bytes()?.len();
        let give = Give { entries: vec![entry], ..Give::empty(room) };
        let frame = Words::Give(Box::new(give.clone())).encode()?;
        made.push((give, seal::gossip_seal(&[4; 32], DAY, &[7; 24], &frame).context("too large")?));
    }
    let each = u32::try_from(MESSAGES)?;
    let bytes = made.first().map_or(0, |(_, piece)| piece.len());
    let cost = Cost { bytes, cpu: before.elapsed() / each };
    let frame = made.first().and_then(|(give, _)| Words::Give(Box::new(give.clone())).encode().ok());
    let count = devices.len() + 1;
    let words = format!(
        "one message of {TEXT_BYTES} B in a room of {count} devices, at its author (a frame of {} B, a piece of gossip)",
        frame.map_or(0, |frame| frame.len())
    );
    tell(report, "message", &words, &cost);
    report.values.insert("message_sender_bytes".to_owned(), stored.into());
    let before = Instant::now();
    for (give, piece) in &made {
        seal::gossip_open(&[4; 32], DAY, piece).context("not opened")?;
        let entry = give.entries.first().context("no entry")?;
        let head = Head::peek(&entry.head)?;
        let members = crowd.log.members_at(&head.tips).context("not known")?;
        let device = members.device(&head.device).context("no member")?;
        entry.open_head(&device.sig)?;
        entry.check_body(&head)?;
        let EntryBody::Sealed(sealed) = &entry.body else { continue };
        room::content_of(&receiver.open(&head, sealed)?, &head)?;
        receiver.to_bytes()?;
    }
    let cpu = before.elapsed() / each;
    report.line("message_read_cpu_ms", ms(cpu), &format!("  at each reader: {:.2} ms of processor", ms(cpu)));
    Ok(())
}

/// What somebody who comes in is given before any message.
fn join(report: &mut Report, crowd: &Crowd) -> Result<()> {
    let room = crowd.log.room();
    let mut give = Give { ops: crowd.ops.clone(), ..Give::empty(room) };
    let ops = give_bytes(&give)?;
    let before = Instant::now();
    let mut log = Log::create(crowd.ops.first().context("no operations")?)?;
    for op in crowd.ops.iter().skip(1) {
        log.insert(op.clone())?;
    }
    let cpu = before.elapsed();
    ensure!(log.members().len() == crowd.people.len(), "not everybody is seen");
    let count = crowd.people.len();
    tell(
        report,
        "join_ops",
        &format!(
            "one join of {count} members with {DEVICES} devices each: its {} operations",
            crowd.ops.len()
        ),
        &Cost { bytes: ops, cpu },
    );
    let devices: Vec<DeviceId> = log.members().devices().map(|(_, entry)| entry.id).collect();
    let (mut cards, mut spoken) = (Vec::new(), Vec::new());
    for person in &crowd.people {
        let keys = person.devices.first().context("no device")?;
        spoken.push(keys.id());
        let card = Card {
            device: keys.id(),
            seq: 1,
            peer_id: vec![8; 38],
            addrs: vec!["/ip4/44.1.2.3/udp/41641/quic-v1".to_owned(), "/ip4/44.1.2.3/tcp/41641".to_owned()],
            seal: None,
            olm_fallback: keys.noise_public(),
            mailboxes: Vec::new(),
            manifest: person.manifest.clone(),
            ext: Vec::new(),
        };
        cards.push(card.sign(keys)?);
    }
    give.ops = Vec::new();
    give.cards = cards;
    let cards = give_bytes(&give)?;
    give.cards = Vec::new();
    spoken.sort_unstable();
    let heads: Vec<HeadRange> =
        spoken.iter().map(|device| HeadRange { device: *device, upto: 100, beyond: Vec::new() }).collect();
    for person in &crowd.people {
        for keys in &person.devices {
            give.marks.push(Have::new(room, keys.id(), 1_000, heads.clone()).sign(keys)?);
        }
    }
    give.marks.truncate(room::words::NAMES);
    let marks = give_bytes(&give)?;
    let all = ops + cards + marks;
    let kb = |bytes: usize| bytes as f64 / 1e3;
    report.line(
        "join_bytes",
        all,
        &format!(
            "  with the cards of one device of each ({:.0} kB) and {} receipts ({:.0} kB; {} devices, and one of each member \
             has written): {:.0} kB",
            kb(cards),
            give.marks.len(),
            kb(marks),
            devices.len(),
            kb(all)
        ),
    );
    report.values.insert("join_cards_bytes".to_owned(), cards.into());
    report.values.insert("join_marks_bytes".to_owned(), marks.into());
    Ok(())
}

/// Bytes of what is given, in as many frames as it takes.
fn give_bytes(give: &Give) -> Result<usize> {
    let frames = Give::batches(give.clone()).into_iter().map(|batch| Words::Give(Box::new(batch)).encode());
    Ok(frames.map(|frame| frame.map(|frame| frame.len())).sum::<Result<usize, _>>()?)
}
