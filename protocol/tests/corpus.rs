//! The fuzzers' corpora as ordinary tests: every file of `fuzz/corpus/<target>/` goes through the function its target
//! calls. A crash a fuzzer finds is put there as a file and stays. `STARLING_WRITE_VECTORS=1` writes the seeds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use starling_protocol::discovery::{self, Made};
use starling_protocol::{fuzzing, mail, wire};
use std::path::PathBuf;

fn folder(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target)
}

fn replay(target: &str, run: fn(&[u8]), seeds: Vec<(&str, Vec<u8>)>) {
    let folder = folder(target);
    if std::env::var_os("STARLING_WRITE_VECTORS").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        for (name, bytes) in &seeds {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
    }
    let mut files = 0;
    for file in std::fs::read_dir(&folder).unwrap() {
        run(&std::fs::read(file.unwrap().path()).unwrap());
        files += 1;
    }
    assert!(files >= seeds.len(), "{target}: {files} files");
    for (_, bytes) in &seeds {
        run(bytes);
    }
}

fn tagged(tag: u8, bytes: &[u8]) -> Vec<u8> {
    [&[tag][..], bytes].concat()
}

#[test]
fn wire_corpus() {
    let alice = common::person(1);
    let request = common::request();
    let signed = |value| tagged(7, &wire::encode(&value).unwrap());
    let seeds = vec![
        ("frame", tagged(0, &wire::encode(&common::frame()).unwrap())),
        ("signed", tagged(1, &wire::encode(&alice.signed_manifest()).unwrap())),
        ("manifest", tagged(2, &wire::encode(&alice.manifest()).unwrap())),
        ("card", tagged(3, &wire::encode(&alice.card()).unwrap())),
        ("request", tagged(4, &wire::encode(&request).unwrap())),
        ("link", tagged(5, common::invite().to_link().as_bytes())),
        ("room-link", tagged(5, common::room_link().to_link().as_bytes())),
        ("bomb", tagged(0, &[1, 1, 0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
        ("content", tagged(8, &wire::encode(&common::content()).unwrap())),
        ("content-padded", tagged(8, &common::content().pad().unwrap())),
        ("parts", tagged(9, &wire::encode(&vec![common::part()]).unwrap())),
        ("ack", tagged(10, &wire::encode(&common::ack()).unwrap())),
        ("open-manifest", signed(alice.signed_manifest())),
        ("open-card", signed(alice.signed_card())),
        ("open-request", signed(request.sign(&alice.keys).unwrap())),
    ];
    replay("wire", fuzzing::wire, seeds);
}

#[test]
fn mail_corpus() {
    let stream = |side: u8, frames: &[Vec<u8>]| {
        let mut bytes = vec![side];
        for message in frames.iter().flat_map(|frame| mail::split(frame)) {
            bytes.extend(u16::try_from(message.len()).unwrap().to_be_bytes());
            bytes.extend(message);
        }
        bytes
    };
    let requests = common::mail_requests().map(|request| request.encode().unwrap());
    let answers = common::mail_answers().map(|answer| answer.encode().unwrap());
    let seeds = vec![
        ("requests", stream(0, &requests)),
        ("answers", stream(1, &answers)),
        ("envelope", tagged(2, &common::envelope())),
        ("piece", vec![0, 0, 2, 1, 5]),
    ];
    replay("mail", fuzzing::mail, seeds);
}

#[test]
fn mail_server_corpus() {
    use mail::Request;
    let (queue, token) = (fuzzing::MAIL_QUEUE, fuzzing::MAIL_TOKEN);
    let said = |steer: u8, requests: &[Request]| {
        let mut bytes = Vec::new();
        for message in requests.iter().flat_map(|request| mail::split(&request.encode().unwrap())) {
            bytes.push(steer);
            bytes.extend(u16::try_from(message.len()).unwrap().to_be_bytes());
            bytes.extend(message);
        }
        bytes
    };
    let hello = [Request::Hello { nonce: [1; 32] }];
    let deposits = [1, 2].map(|n| Request::Deposit { queue, token, envelope: vec![n; 2_048] });
    let owners = [
        Request::PutCard { queue, card: vec![5; 90] },
        Request::Fetch { after: 0, bytes: 9_999 },
        Request::Ack(vec![1]),
        Request::Settle,
        Request::Settle,
        Request::Leave,
    ];
    let visitors = [
        Request::GetCard { queue, token },
        Request::Withdraw { queue, token, hashes: vec![[1; 32]] },
        Request::GetCard { queue, token: [0; 32] },
    ];
    let guest = said(3, &hello);
    let seeds = vec![
        ("visitor", [guest.clone(), said(1, &deposits), said(17, &visitors)].concat()),
        ("owner", [said(0, &deposits), said(16, &owners)].concat()),
        ("expiry", [said(0, &deposits), said(8, &hello).repeat(400)].concat()),
        ("endless", [guest, [&[1, 0xea, 0x61, 1][..], &[7; 60_000]].concat().repeat(2)].concat()),
    ];
    replay("mail_server", fuzzing::mail_server, seeds);
}

#[test]
fn rooms_corpus() {
    use starling_protocol::room::seal;
    let (_, sealed, opened) = common::room_entry();
    let [heads, ask, give, ready] = common::room_words().map(|words| words.encode().unwrap());
    let (secret, day) = (fuzzing::ROOM_SECRET, fuzzing::ROOM_DAY);
    let seeds = vec![
        ("gossip", tagged(2, &seal::gossip_seal(&secret, day, &[9; 24], &give).unwrap())),
        ("deposit", tagged(3, &seal::box_seal(&secret, &give).unwrap())),
        ("heads", tagged(0, &heads)),
        ("ask", tagged(0, &ask)),
        ("give", tagged(0, &give)),
        ("ready", tagged(0, &ready)),
        ("sealed", tagged(1, &wire::encode(&sealed).unwrap())),
        ("opened", tagged(1, &wire::encode(&opened).unwrap())),
        ("key", tagged(4, &fuzzing::room_key())),
    ];
    replay("rooms", fuzzing::rooms, seeds);
}

#[test]
fn frames_corpus() {
    let part = |flags: u8, part: &[u8], total: usize| {
        let mut bytes = vec![flags];
        bytes.extend(u16::try_from(part.len()).unwrap().to_le_bytes());
        bytes.extend(part);
        bytes.resize(total, 0);
        [&u16::try_from(total).unwrap().to_be_bytes()[..], &bytes].concat()
    };
    let frame = wire::encode(&common::frame()).unwrap();
    let seeds = vec![
        ("one", part(0, &frame, 256)),
        ("two", [part(0, &frame, 256), part(0, &frame, 512)].concat()),
        ("empty", part(0, &[], 256)),
        ("endless", part(1, &[7; 32_765], 32_768).repeat(3)),
        ("split", [part(1, &[7; 32_765], 32_768), part(0, &frame, 256)].concat()),
    ];
    replay("frames", fuzzing::frames, seeds);
}

#[test]
fn handshake_corpus() {
    let seeds = fuzzing::handshake_seeds();
    assert_eq!(seeds.len(), 6, "every reader has a message it accepts");
    let names = ["live-first", "live-second", "invite-first", "invite-second", "invite-third", "kem-key"];
    let seeds = seeds.iter().zip(names).map(|((reader, message), name)| (name, tagged(*reader, message)));
    replay("handshake", fuzzing::handshake, seeds.collect());
}

#[test]
fn records_corpus() {
    let card = common::person(1).signed_card();
    let record = discovery::seal(&fuzzing::SLOT, Made(86_400), &[9; 24], &card).unwrap();
    let bent = [&record.value[..4_000], &[0; 96]].concat();
    replay("records", fuzzing::records, vec![("record", record.value), ("bent", bent)]);
}

#[test]
fn cleaner_corpus() {
    let texts = [
        ("terminal", "\u{1b}]0;owned\u{7}\u{9b}2J\u{1b}P\r\u{8}\tx"),
        ("bidi", "a\u{202e}b\u{2066}c\u{2069}\u{200f}"),
        ("emoji", "❤️ 👩‍👩‍👧 🇩🇪 1️⃣ 👍🏽 🏴\u{e0067}\u{e007f}"),
        ("marks", "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}"),
        ("scripts", "קול 你好 क्षि می‌خواهم \u{1100}\u{1161}\u{11a8}"),
        ("blank", "\u{200b}\u{3164}\u{2800}\u{a0}\u{feff}"),
        ("cut", "कe👩कक👩! ककक¡ᄀaक👩कᄀ 0क¡कककا\u{200c}\u{600}क"),
        ("handle", "@\u{301}-- #Ilse/Brandt:"),
    ];
    let seeds = texts.map(|(name, text)| (name, text.as_bytes().to_vec()));
    replay("cleaner", fuzzing::cleaner, seeds.into());
}
