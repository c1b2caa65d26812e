//! What rooms ask of a store: messages that come late and stand earlier, and records that are read when wanted.

use super::{BOB, CAROL, all, id, message, put, texts};
use crate::store::{LogQuery, Page, Store};
use starling_protocol::engine::step::{Change, Place, ReadOrder, Record, Space};

/// A message of a room that stands at `depth` and `mark`; the room's id is carol's.
fn at(number: u64, depth: u64, mark: u64) -> Change {
    let mut new = message(number, CAROL, BOB, &number.to_string());
    new.place = Place::At { depth, mark };
    Change::Message(new)
}

fn last(number: u64) -> Change {
    Change::Message(message(number, CAROL, BOB, &number.to_string()))
}

fn page(store: &mut dyn Store, limit: usize, before: Option<u64>) -> String {
    let page = before.map_or(Page::Newest, |number| Page::Before(id(number)));
    let query = LogQuery { chat: CAROL.into(), limit, page, since: None };
    texts(&store.log(&query).unwrap()).join(" ")
}

pub fn late_messages_stand_where_they_belong(store: &mut dyn Store) {
    store.commit(&[at(1, 1, 500), at(4, 4, 500), at(5, 5, 500)], 1).unwrap();
    let made = store.commit(&[at(2, 2, 500), at(3, 3, 500)], 2).unwrap();
    assert_eq!(page(store, 9, None), "1 2 3 4 5");
    assert_eq!(page(store, 2, None), "4 5");
    assert_eq!(page(store, 2, Some(4)), "2 3");
    assert_eq!(page(store, 9, Some(2)), "1");
    assert_eq!(page(store, 9, Some(1)), "");
    // What sorts them is on each of them, also right after it was stored.
    let found = all(store, CAROL);
    assert!(found.windows(2).all(|pair| pair[0].order() < pair[1].order()));
    let places = store.events(made[0].cursor - 1, 9).unwrap();
    assert_eq!(places, made);
    // Unread ones are in the same order, and the chat is as old as the one that stands last.
    let unread: Vec<_> = [1, 2, 3, 4, 5].map(id).to_vec();
    assert_eq!(store.unread(CAROL.into(), 9).unwrap(), unread);
    assert_eq!(store.unread(CAROL.into(), 2).unwrap(), unread[..2]);
    assert_eq!(store.chats().unwrap()[0].last_at, 2_005);
}

pub fn messages_of_one_depth_have_one_order(store: &mut dyn Store) {
    let most = 1 << 62;
    store.commit(&[at(1, 7, most), at(2, 7, 0), at(3, 7, 9), at(4, 7, 9), at(5, 6, most)], 1).unwrap();
    assert_eq!(page(store, 9, None), "5 2 3 4 1");
    assert_eq!(page(store, 2, Some(4)), "2 3");
    assert_eq!(page(store, 2, Some(3)), "5 2");
    // Too large a number is the largest.
    store.commit(&[at(6, most, 1), at(7, u64::MAX, u64::MAX)], 1).unwrap();
    assert_eq!(page(store, 2, None), "6 7");
}

pub fn a_line_without_a_depth_follows_what_was_there(store: &mut dyn Store) {
    store.commit(&[last(1), at(2, 1, 500), at(3, 3, 1 << 62), last(4), last(5)], 1).unwrap();
    assert_eq!(page(store, 9, None), "1 2 3 4 5");
    // One as deep comes before it, a deeper one after it.
    store.commit(&[at(6, 3, 7), at(7, 4, 7), last(8), at(9, 2, 0)], 2).unwrap();
    assert_eq!(page(store, 9, None), "1 2 9 6 3 4 5 7 8");
    assert_eq!(page(store, 3, Some(5)), "6 3 4");
    // Another chat has depths of its own.
    let other = Change::Message(message(20, BOB, BOB, "elsewhere"));
    store.commit(&[other], 3).unwrap();
    assert_eq!(all(store, BOB)[0].place.depth, 0);
}

fn read(store: &mut dyn Store, space: Space, (from, to): (&[u8], &[u8]), bytes: usize) -> (String, bool) {
    let order = ReadOrder { read: 1, space, from: from.to_vec(), to: to.to_vec(), bytes };
    let (records, more) = store.read(&order).unwrap();
    assert!(records.iter().all(|record| record.space == space));
    (records.iter().map(|record| char::from(record.key[0])).collect(), more)
}

pub fn records_that_are_read_when_wanted(store: &mut dyn Store) {
    let keys = [b"a", b"b", b"c", b"d"];
    let mut came: Vec<_> = keys.iter().rev().map(|key| put(Space::RoomEntry, *key, &[7; 99])).collect();
    came.extend([
        put(Space::RoomOp, b"b", b"op"),
        put(Space::Own, b"", b"x"),
        put(Space::RoomChain, b"b", b"y"),
    ]);
    store.commit(&came, 1).unwrap();
    let loaded: Vec<_> = store.load().unwrap().iter().map(|record| record.space).collect();
    assert_eq!(loaded, [Space::Own, Space::RoomOp, Space::RoomChain]);
    let entry = Space::RoomEntry;
    assert_eq!(read(store, entry, (b"", b"z"), 1_000), ("abcd".to_owned(), false));
    assert_eq!(read(store, entry, (b"b", b"c"), 1_000), ("bc".to_owned(), false));
    assert_eq!(read(store, entry, (b"b\0", b"c\0"), 1_000), ("c".to_owned(), false));
    assert_eq!(read(store, entry, (b"e", b"z"), 1_000), (String::new(), false));
    assert_eq!(read(store, entry, (b"z", b"a"), 1_000), (String::new(), false));
    // A key and its value are 100 bytes: it stops when there are enough, and says whether there are more.
    assert_eq!(read(store, entry, (b"", b"z"), 0), ("a".to_owned(), true));
    assert_eq!(read(store, entry, (b"", b"z"), 100), ("a".to_owned(), true));
    assert_eq!(read(store, entry, (b"", b"z"), 101), ("ab".to_owned(), true));
    assert_eq!(read(store, entry, (b"c", b"z"), 200), ("cd".to_owned(), false));
    assert_eq!(read(store, entry, (b"", b"b"), 200), ("ab".to_owned(), false));
    assert_eq!(read(store, Space::RoomOp, (b"", b"z"), 1_000), ("b".to_owned(), false));
    assert_eq!(read(store, Space::RoomKey, (b"", b"z"), 1_000), (String::new(), false));
    let changed = [put(entry, b"b", b"new"), Change::Drop { space: entry, key: b"a".to_vec() }];
    store.commit(&changed, 2).unwrap();
    let order = ReadOrder { read: 1, space: entry, from: vec![], to: b"b".to_vec(), bytes: 9 };
    let expected = Record { space: entry, key: b"b".to_vec(), value: b"new".to_vec() };
    assert_eq!(store.read(&order).unwrap(), (vec![expected], false));
}
