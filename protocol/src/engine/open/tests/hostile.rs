//! Neighbours who forge, replay, flood and lie.

use super::super::super::net::{NetEvent, Via};
use super::table::{PEER, Person, Table};
use super::*;
use crate::ids::DeviceId;
use crate::room::open::{Ask, CHANNELS, Give, Given, Heads, OpenAuthor, Words};
use crate::room::{Head, HeadRange};
use crate::time::MINUTE_MS;

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
fn strangers_with_many_accounts_do_not_fill_the_disk() {
    let mut table = Table::new(51);
    let text = "a".repeat(4_096);
    let flood = |table: &mut Table, from: u64| {
        for person in (from..from + 50).map(Person::new) {
            for first in (1..25).step_by(4) {
                let entries = (first..first + 4).map(|seq| person.entry(lobby(), seq, &text)).collect();
                table.say(&person.give(lobby(), entries));
            }
        }
        table.texts().len()
    };
    let at_once = flood(&mut table, 0);
    assert!((600..1_150).contains(&at_once), "{at_once}");
    table.wait(MINUTE_MS);
    let after = flood(&mut table, 100);
    assert!((at_once..at_once + 30).contains(&after), "{at_once}, {after}");
    assert!(!table.closed);
    table.wait(10 * MINUTE_MS);
    assert!(flood(&mut table, 200) > after + 100, "whoever writes later is heard again");
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
        Words::Tags(_) | Words::Near(_) => false,
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
