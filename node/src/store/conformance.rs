//! What every store has to do, whatever it is made of. [`run`] asks it all of a store.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod marks;
mod rooms;

use super::{
    Custody, EventBody, LogQuery, OtherEvent, Page, Placed, Recipient, Store, StoredEvent, StoredMessage,
};
use starling_protocol::engine::step::{
    Change, Event, MessageKind, MessageState, NewMessage, Place, Record, Space,
};
use starling_protocol::ids::{AccountId, ChatId, DeviceId, MessageId, RoomId};

/// Test people.
pub const ALICE: AccountId = AccountId([0xa1; 32]);
/// See [`ALICE`].
pub const BOB: AccountId = AccountId([0xb0; 32]);
/// See [`ALICE`].
pub const CAROL: AccountId = AccountId([0xca; 32]);
/// See [`ALICE`].
pub const MALLORY: AccountId = AccountId([0x66; 32]);

/// A message id out of a number.
pub fn id(number: u64) -> MessageId {
    let mut bytes = [7; 16];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    MessageId(bytes)
}

/// A message of `author` in the chat with `chat`; alice is "me".
pub fn message(number: u64, chat: AccountId, author: AccountId, text: &str) -> NewMessage {
    let me = author == ALICE;
    NewMessage {
        id: id(number),
        chat: chat.into(),
        author,
        device: DeviceId([author.0[0]; 16]),
        seq: number,
        me,
        kind: MessageKind::Text,
        text: text.to_owned(),
        reply_to: None,
        sent_at: 1_000 + number as i64,
        received_at: 2_000 + number as i64,
        via: "direct",
        state: if me { MessageState::Queued } else { MessageState::Delivered },
        place: Place::Last,
    }
}

/// A state of alice's message for somebody.
pub fn state(number: u64, account: AccountId, state: MessageState) -> Change {
    Change::State { message: id(number), account, state, reason: None, at: 5_000 + state as i64 }
}

/// `mailboxes` keep alice's message for somebody.
fn kept(number: u64, account: AccountId, (mailboxes, until): (u8, i64), at: i64) -> Change {
    Change::Custody { message: id(number), account, mailboxes, until, at }
}

fn put(space: Space, key: &[u8], value: &[u8]) -> Change {
    Change::Put(Record { space, key: key.to_vec(), value: value.to_vec() })
}

/// The whole of a chat.
pub fn all(store: &mut dyn Store, chat: AccountId) -> Vec<StoredMessage> {
    store.log(&LogQuery { chat: chat.into(), limit: 1_000, page: Page::Newest, since: None }).unwrap()
}

fn only(store: &mut dyn Store, number: u64) -> StoredMessage {
    let mut found = store.message(id(number)).unwrap();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn texts(found: &[StoredMessage]) -> Vec<&str> {
    found.iter().map(|m| m.text.as_str()).collect()
}

/// Asks everything of new, empty stores.
pub fn run(make: &mut dyn FnMut() -> Box<dyn Store>) {
    let parts: [fn(&mut dyn Store); 29] = [
        records,
        messages_come_back_whole,
        duplicates_are_ignored,
        states_go_forward,
        only_named_recipients_count,
        the_least_state_counts,
        mailboxes_are_counted,
        who_is_past_the_mailbox_stays_there,
        custody_is_only_for_named_recipients,
        failures_have_reasons,
        edits,
        deletes,
        reactions,
        unread_messages,
        events_and_cursors,
        pages,
        searches,
        hostile_texts,
        drafts_and_settings,
        rooms::late_messages_stand_where_they_belong,
        rooms::messages_of_one_depth_have_one_order,
        rooms::a_line_without_a_depth_follows_what_was_there,
        rooms::records_that_are_read_when_wanted,
        marks::pins,
        marks::the_oldest_pin_goes,
        marks::what_is_hidden_stays_hidden,
        marks::another_try,
        marks::pages_around,
        marks::how_chats_are_told,
    ];
    for part in parts {
        part(make().as_mut());
    }
}

fn records(store: &mut dyn Store) {
    assert!(store.load().unwrap().is_empty());
    let made = store
        .commit(
            &[
                put(Space::Session, b"b", b"1"),
                put(Space::Session, b"b", b"2"),
                put(Space::Own, b"", b""),
                put(Space::Session, b"a", b"x"),
                put(Space::Contact, b"gone", b"x"),
                Change::Drop { space: Space::Contact, key: b"gone".to_vec() },
                Change::Drop { space: Space::Contact, key: b"never there".to_vec() },
                Change::Drop { space: Space::Seen, key: b"back".to_vec() },
                put(Space::Seen, b"back", b"y"),
            ],
            1,
        )
        .unwrap();
    assert!(made.is_empty());
    let record = |space, key: &[u8], value: &[u8]| Record { space, key: key.to_vec(), value: value.to_vec() };
    let expected = vec![
        record(Space::Own, b"", b""),
        record(Space::Session, b"a", b"x"),
        record(Space::Session, b"b", b"2"),
        record(Space::Seen, b"back", b"y"),
    ];
    assert_eq!(store.load().unwrap(), expected);
    store.commit(&[Change::Drop { space: Space::Session, key: b"b".to_vec() }], 2).unwrap();
    assert_eq!(store.load().unwrap().len(), 3);
    assert!(store.commit(&[], 3).unwrap().is_empty());
}

fn messages_come_back_whole(store: &mut dyn Store) {
    let mut new = message(1, BOB, BOB, "hello");
    new.reply_to = Some(id(9));
    new.kind = MessageKind::Unknown;
    new.via = "lan";
    new.seq = u64::MAX;
    let made = store.commit(&[Change::Message(new.clone())], 77).unwrap();
    let expected = StoredMessage::fresh(1, Placed { depth: 0, mark: 1 }, &new, true);
    assert_eq!(
        made,
        vec![StoredEvent { cursor: 1, at: 77, what: EventBody::Message(Box::new(expected.clone())) }]
    );
    assert_eq!(only(store, 1), expected);
    assert_eq!(all(store, BOB), vec![expected]);
    assert_eq!(store.events(0, 10).unwrap(), made);
    assert!(all(store, CAROL).is_empty());
    assert!(store.message(id(2)).unwrap().is_empty());
}

fn duplicates_are_ignored(store: &mut dyn Store) {
    store.commit(&[Change::Message(message(1, BOB, BOB, "first"))], 1).unwrap();
    let again =
        [Change::Message(message(1, BOB, BOB, "second")), Change::Message(message(2, BOB, BOB, "third"))];
    assert_eq!(store.commit(&again, 2).unwrap().len(), 1);
    assert_eq!(texts(&all(store, BOB)), ["first", "third"]);
    // The same id by somebody else is another message.
    store.commit(&[Change::Message(message(1, MALLORY, MALLORY, "mine"))], 3).unwrap();
    assert_eq!(texts(&store.message(id(1)).unwrap()), ["first", "mine"]);
    assert_eq!(store.stats().unwrap().messages, 3);
    assert!(store.find("second", None, 9).unwrap().is_empty());
}

fn states_go_forward(store: &mut dyn Store) {
    let sent = [Change::Message(message(1, BOB, ALICE, "hi")), state(1, BOB, MessageState::Queued)];
    assert_eq!(store.commit(&sent, 1).unwrap().len(), 1);
    assert_eq!(store.stats().unwrap().queued, 1);
    let made = store.commit(&[state(1, BOB, MessageState::Delivered)], 2).unwrap();
    let receipt = EventBody::Receipt {
        message: id(1),
        chat: BOB.into(),
        who: BOB,
        state: MessageState::Delivered,
        reason: None,
        at: 5_005,
        message_state: MessageState::Delivered,
        custody: Custody::default(),
        attempt: 1,
    };
    assert_eq!(made, vec![StoredEvent { cursor: 2, at: 2, what: receipt }]);
    for old in [MessageState::Queued, MessageState::Mailbox, MessageState::Delivered, MessageState::Failed] {
        assert!(store.commit(&[state(1, BOB, old)], 3).unwrap().is_empty());
    }
    let found = only(store, 1);
    assert_eq!((found.state, found.state_at), (MessageState::Delivered, 5_005));
    let bob =
        Recipient { account: BOB, state: MessageState::Delivered, at: 5_005, custody: Custody::default() };
    assert_eq!(found.recipients, vec![bob]);
    assert_eq!(store.commit(&[state(1, BOB, MessageState::Read)], 4).unwrap().len(), 1);
    assert_eq!(only(store, 1).state, MessageState::Read);
    assert_eq!(store.stats().unwrap().queued, 0);
    assert_eq!(store.events(1, 10).unwrap().len(), 2);
}

fn only_named_recipients_count(store: &mut dyn Store) {
    let sent = [
        Change::Message(message(1, BOB, ALICE, "hi")),
        state(1, BOB, MessageState::Queued),
        Change::Message(message(2, BOB, BOB, "theirs")),
        Change::Message(message(3, ALICE, ALICE, "note")),
    ];
    store.commit(&sent, 1).unwrap();
    let lies = [
        state(1, MALLORY, MessageState::Read),
        state(2, BOB, MessageState::Read),
        state(2, BOB, MessageState::Queued),
        state(3, MALLORY, MessageState::Read),
        state(99, BOB, MessageState::Read),
    ];
    assert!(store.commit(&lies, 2).unwrap().is_empty());
    assert_eq!(only(store, 1).state, MessageState::Queued);
    assert_eq!(only(store, 1).recipients.len(), 1);
    assert_eq!(only(store, 2).state, MessageState::Delivered);
    assert!(only(store, 2).recipients.is_empty());
}

fn the_least_state_counts(store: &mut dyn Store) {
    let sent = [
        Change::Message(message(1, BOB, ALICE, "to both")),
        state(1, BOB, MessageState::Queued),
        state(1, CAROL, MessageState::Queued),
    ];
    store.commit(&sent, 1).unwrap();
    store.commit(&[state(1, BOB, MessageState::Read)], 2).unwrap();
    assert_eq!(only(store, 1).state, MessageState::Queued);
    let made = store.commit(&[state(1, CAROL, MessageState::Mailbox)], 3).unwrap();
    assert!(matches!(made[0].what, EventBody::Receipt { message_state: MessageState::Mailbox, .. }));
    assert_eq!(store.stats().unwrap().mailbox, 1);
    store.commit(&[state(1, CAROL, MessageState::Delivered)], 4).unwrap();
    assert_eq!(only(store, 1).state, MessageState::Delivered);
    assert_eq!(only(store, 1).recipients.len(), 2);
}

fn mailboxes_are_counted(store: &mut dyn Store) {
    let sent = [
        Change::Message(message(1, BOB, ALICE, "to both")),
        state(1, BOB, MessageState::Queued),
        state(1, CAROL, MessageState::Queued),
    ];
    store.commit(&sent, 1).unwrap();
    let made = store.commit(&[kept(1, BOB, (2, 90), 10)], 2).unwrap();
    let receipt = |custody, message_state, at| EventBody::Receipt {
        message: id(1),
        chat: BOB.into(),
        who: BOB,
        state: MessageState::Mailbox,
        reason: None,
        at,
        message_state,
        custody,
        attempt: 1,
    };
    let two = Custody { mailboxes: 2, until: 90 };
    assert_eq!(made[0].what, receipt(two, MessageState::Queued, 10));
    assert_eq!(only(store, 1).state, MessageState::Queued);
    store.commit(&[kept(1, CAROL, (1, 80), 11)], 3).unwrap();
    let found = only(store, 1);
    assert_eq!((found.state, found.state_at), (MessageState::Mailbox, 11));
    // The same again is no news; another count or another day is.
    assert!(store.commit(&[kept(1, BOB, (2, 90), 12)], 4).unwrap().is_empty());
    assert_eq!(store.commit(&[kept(1, BOB, (1, 90), 13), kept(1, BOB, (1, 99), 14)], 5).unwrap().len(), 2);
    // None is left: the state stays, the count says so.
    let made = store.commit(&[kept(1, BOB, (0, 77), 15), kept(1, BOB, (0, 0), 16)], 6).unwrap();
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].what, receipt(Custody::default(), MessageState::Mailbox, 15));
    assert_eq!(store.events(made[0].cursor - 1, 1).unwrap(), made);
    let found = only(store, 1);
    assert_eq!(found.state, MessageState::Mailbox);
    let bob = Recipient { account: BOB, state: MessageState::Mailbox, at: 10, custody: Custody::default() };
    assert!(found.recipients.contains(&bob));
    let events = store.events(1, 1).unwrap();
    assert_eq!(events[0].what, receipt(two, MessageState::Queued, 10));
}

fn who_is_past_the_mailbox_stays_there(store: &mut dyn Store) {
    for (number, past) in (1..).zip([MessageState::Failed, MessageState::Delivered, MessageState::Read]) {
        let sent = [
            Change::Message(message(number, BOB, ALICE, "hi")),
            state(number, BOB, MessageState::Queued),
            kept(number, BOB, (2, 90), 10),
            state(number, BOB, past),
        ];
        assert_eq!(store.commit(&sent, 1).unwrap().len(), 3);
        let before = only(store, number);
        assert_eq!(before.state, past);
        let late = [kept(number, BOB, (1, 50), 20), kept(number, BOB, (0, 0), 21)];
        assert!(store.commit(&late, 2).unwrap().is_empty());
        assert_eq!(only(store, number), before);
    }
}

fn custody_is_only_for_named_recipients(store: &mut dyn Store) {
    let sent = [
        Change::Message(message(1, BOB, ALICE, "hi")),
        state(1, BOB, MessageState::Queued),
        Change::Message(message(2, BOB, BOB, "theirs")),
    ];
    store.commit(&sent, 1).unwrap();
    let lies = [
        kept(1, MALLORY, (3, 90), 10),
        kept(2, BOB, (3, 90), 10),
        kept(99, BOB, (3, 90), 10),
        kept(1, BOB, (0, 90), 10),
    ];
    assert!(store.commit(&lies, 2).unwrap().is_empty());
    assert_eq!(only(store, 1).state, MessageState::Queued);
    assert_eq!(only(store, 1).recipients.len(), 1);
    assert!(only(store, 2).recipients.is_empty());
}

fn failures_have_reasons(store: &mut dyn Store) {
    let fail = |account| Change::State {
        message: id(1),
        account,
        state: MessageState::Failed,
        reason: Some("they removed you".to_owned()),
        at: 9,
    };
    let sent =
        [Change::Message(message(1, BOB, ALICE, "hi")), state(1, BOB, MessageState::Queued), fail(BOB)];
    let made = store.commit(&sent, 1).unwrap();
    assert!(
        matches!(&made[1].what, EventBody::Receipt { reason: Some(why), .. } if why == "they removed you")
    );
    assert_eq!(only(store, 1).reason.as_deref(), Some("they removed you"));
    assert_eq!(store.events(1, 1).unwrap()[0], made[1]);
    store.commit(&[state(1, BOB, MessageState::Delivered)], 2).unwrap();
    assert_eq!(only(store, 1).reason, None);
}

fn edits(store: &mut dyn Store) {
    let edit = |chat: AccountId, author, text: &str| Change::Edit {
        chat: chat.into(),
        author,
        message: id(1),
        text: text.to_owned(),
        at: 3,
    };
    store.commit(&[Change::Message(message(1, BOB, BOB, "old words"))], 1).unwrap();
    let refused = [edit(BOB, MALLORY, "hers"), edit(CAROL, BOB, "elsewhere"), edit(BOB, ALICE, "mine")];
    assert!(store.commit(&refused, 2).unwrap().is_empty());
    let made = store.commit(&[edit(BOB, BOB, "new words")], 3).unwrap();
    let found = only(store, 1);
    assert!(matches!(&made[0].what, EventBody::Message(m) if **m == found));
    assert!(found.edited && found.text == "new words");
    assert_eq!(store.find("new", None, 9).unwrap().len(), 1);
    assert!(store.find("old", None, 9).unwrap().is_empty());
    // An older event shows the message as it is now.
    assert!(matches!(&store.events(0, 1).unwrap()[0].what, EventBody::Message(m) if m.text == "new words"));
}

fn deletes(store: &mut dyn Store) {
    let which = |author| Change::Delete { chat: BOB.into(), author, message: id(1), at: 3 };
    store.commit(&[Change::Message(message(1, BOB, BOB, "regret"))], 1).unwrap();
    assert!(store.commit(&[which(MALLORY)], 2).unwrap().is_empty());
    assert_eq!(store.commit(&[which(BOB)], 3).unwrap().len(), 1);
    let found = only(store, 1);
    assert!(found.deleted && found.text.is_empty());
    assert!(store.find("regret", None, 9).unwrap().is_empty());
    let late = [
        which(BOB),
        Change::Edit { chat: BOB.into(), author: BOB, message: id(1), text: "undone".to_owned(), at: 4 },
        Change::Message(message(1, BOB, BOB, "regret")),
    ];
    assert!(store.commit(&late, 4).unwrap().is_empty());
    assert_eq!(only(store, 1).text, "");
}

fn reactions(store: &mut dyn Store) {
    let react = |who, author, emoji: &str| Change::React {
        chat: BOB.into(),
        who,
        author,
        message: id(1),
        emoji: emoji.to_owned(),
        at: 3,
    };
    store.commit(&[Change::Message(message(1, BOB, BOB, "look"))], 1).unwrap();
    assert!(store.commit(&[react(ALICE, CAROL, "👍")], 2).unwrap().is_empty());
    assert!(store.commit(&[react(ALICE, BOB, "")], 2).unwrap().is_empty());
    assert_eq!(store.commit(&[react(BOB, BOB, "🎉"), react(ALICE, BOB, "👍")], 3).unwrap().len(), 2);
    assert!(store.commit(&[react(ALICE, BOB, "👍")], 3).unwrap().is_empty());
    assert_eq!(only(store, 1).reactions, vec![(ALICE, "👍".to_owned()), (BOB, "🎉".to_owned())]);
    store.commit(&[react(ALICE, BOB, "❤️"), react(BOB, BOB, "")], 4).unwrap();
    assert_eq!(only(store, 1).reactions, vec![(ALICE, "❤️".to_owned())]);
    store.commit(&[Change::Delete { chat: BOB.into(), author: BOB, message: id(1), at: 5 }], 5).unwrap();
    assert!(only(store, 1).reactions.is_empty());
}

fn unread_messages(store: &mut dyn Store) {
    let mut notice = message(4, BOB, BOB, "the key of bob changed");
    notice.kind = MessageKind::Notice;
    let came = [
        Change::Message(message(1, BOB, BOB, "one")),
        Change::Message(message(2, BOB, ALICE, "mine")),
        Change::Message(message(3, BOB, BOB, "two")),
        Change::Message(notice),
        Change::Message(message(5, CAROL, CAROL, "hi")),
    ];
    store.commit(&came, 1).unwrap();
    assert_eq!(store.unread(BOB.into(), 9).unwrap(), vec![id(1), id(3)]);
    assert_eq!(store.unread(BOB.into(), 1).unwrap(), vec![id(1)]);
    let seen = |chat: AccountId, numbers: &[u64]| Change::MarkRead {
        chat: chat.into(),
        messages: numbers.iter().copied().map(id).collect(),
    };
    assert!(store.commit(&[seen(BOB, &[1, 5, 77])], 2).unwrap().is_empty());
    assert_eq!(store.unread(BOB.into(), 9).unwrap(), vec![id(3)]);
    assert_eq!(store.unread(CAROL.into(), 9).unwrap(), vec![id(5)]);
    assert!(!only(store, 1).unread && only(store, 3).unread);
    let chats = store.chats().unwrap();
    assert_eq!(chats.len(), 2);
    assert_eq!((chats[0].chat, chats[0].last_at, chats[0].unread), (BOB.into(), 2_004, 1));
    assert_eq!((chats[1].chat, chats[1].unread), (CAROL.into(), 1));
}

fn events_and_cursors(store: &mut dyn Store) {
    assert!(store.events(0, 10).unwrap().is_empty());
    assert_eq!((store.stats().unwrap().newest, store.stats().unwrap().oldest), (0, 0));
    let (chat, device) = (ChatId::from(BOB), DeviceId([3; 16]));
    let own = vec![
        Event::Request { account: MALLORY, name: "mallory".to_owned(), note: "it's me\0".to_owned() },
        Event::Contact {
            account: BOB,
            name: "bob".to_owned(),
            state: "accepted",
            verified: true,
            key_changed: false,
        },
        Event::Gap { chat, account: BOB, device, from_seq: u64::MAX, missing: 2 },
        Event::GapClosed { chat, device, from_seq: 4, count: 2, filled: true },
        Event::Room {
            room: RoomId([8; 32]),
            name: "roof".to_owned(),
            open: false,
            change: "added",
            who: CAROL,
            members: 8,
        },
    ];
    let changes: Vec<_> = own.iter().cloned().map(Change::Event).collect();
    let mut made = store.commit(&changes, 5).unwrap();
    made.extend(store.commit(&[Change::Message(message(1, BOB, BOB, "x"))], 6).unwrap());
    assert_eq!(made.len(), 6);
    assert!(made.windows(2).all(|pair| pair[0].cursor < pair[1].cursor));
    for (event, own) in made.iter().zip(own) {
        assert_eq!(event.what, EventBody::Other(OtherEvent::from(own)));
        assert_eq!(event.at, 5);
    }
    assert_eq!(store.events(0, 10).unwrap(), made);
    assert_eq!(store.events(made[1].cursor, 2).unwrap(), made[2..4]);
    assert!(store.events(made[5].cursor, 2).unwrap().is_empty());
    assert!(store.events(u64::MAX, 2).unwrap().is_empty());
    assert_eq!(
        (store.stats().unwrap().newest, store.stats().unwrap().oldest),
        (made[5].cursor, made[0].cursor)
    );
}

fn pages(store: &mut dyn Store) {
    let came: Vec<_> = (1..=9).map(|n| Change::Message(message(n, BOB, BOB, &n.to_string()))).collect();
    store.commit(&came, 1).unwrap();
    store.commit(&[Change::Message(message(20, CAROL, CAROL, "elsewhere"))], 1).unwrap();
    let mut page = |limit, before: Option<u64>, since| {
        let page = before.map_or(Page::Newest, |number| Page::Before(id(number)));
        let query = LogQuery { chat: BOB.into(), limit, page, since };
        let found = store.log(&query).unwrap();
        found.into_iter().map(|m| m.text).collect::<String>()
    };
    assert_eq!(page(3, None, None), "789");
    assert_eq!(page(3, Some(7), None), "456");
    assert_eq!(page(9, Some(3), None), "12");
    assert_eq!(page(9, Some(1), None), "");
    assert_eq!(page(9, Some(20), None), "");
    assert_eq!(page(9, Some(99), None), "");
    assert_eq!(page(9, None, Some(2_008)), "89");
    assert_eq!(page(9, Some(6), Some(2_004)), "45");
    assert_eq!(page(0, None, None), "");
    assert_eq!(page(usize::MAX, None, None), "123456789");
}

fn searches(store: &mut dyn Store) {
    let came = [
        Change::Message(message(1, BOB, BOB, "Die Wäsche hängt im Hof")),
        Change::Message(message(2, BOB, ALICE, "im Hof?")),
        Change::Message(message(3, CAROL, CAROL, "HOF im café")),
        Change::Message(message(4, CAROL, CAROL, "你好，世界")),
    ];
    store.commit(&came, 1).unwrap();
    let mut find = |text: &str, chat: Option<AccountId>, limit| {
        let found = store.find(text, chat.map(ChatId::from), limit).unwrap();
        found.into_iter().map(|m| m.row.to_string()).collect::<String>()
    };
    assert_eq!(find("hof", None, 9), "123");
    assert_eq!(find("hof", None, 2), "23");
    assert_eq!(find("Hof IM", Some(BOB), 9), "12");
    assert_eq!(find("wasche hof", None, 9), "1");
    assert_eq!(find("wäsche café", None, 9), "");
    assert_eq!(find("CAFE", None, 9), "3");
    assert_eq!(find("世界", None, 9), "4");
    assert_eq!(find("ho", None, 9), "");
    assert_eq!(find("", None, 9), "");
    assert_eq!(find(" ,;- ", None, 9), "");
}

fn hostile_texts(store: &mut dyn Store) {
    let texts = [
        "'; DROP TABLE message; --",
        "\" OR 1=1",
        "nul\0in the middle",
        "100% _ * ? [a]",
        "NEAR(a b) AND NOT c OR d^2 {text}: -x +y",
        "$(rm -rf /) `id` ${HOME} %s %n",
        "\u{202e}\u{feff}\u{1b}[31m",
        "PRAGMA key = 'x'",
    ];
    for (number, text) in (1..).zip(texts) {
        let mut new = message(number, BOB, BOB, text);
        new.state = MessageState::Read;
        store.commit(&[Change::Message(new), put(Space::Own, text.as_bytes(), text.as_bytes())], 1).unwrap();
        store.set_draft(ChatId([number as u8; 32]), text).unwrap();
        store.set_setting(text, text).unwrap();
    }
    for (number, text) in (1..).zip(texts) {
        assert_eq!(only(store, number).text, text);
        assert_eq!(store.setting(text).unwrap().as_deref(), Some(text));
        // Whatever it finds, a search by it is only a search.
        store.find(text, None, 9).unwrap();
    }
    assert_eq!(store.load().unwrap().len(), texts.len());
    assert_eq!(all(store, BOB).len(), texts.len());
    for operators in
        ["\"", "*", "a*", "NEAR(", "-", "a -b", "^a", "{text}: a", "text:a", "(", "AND", "'", "\0"]
    {
        store.find(operators, None, 9).unwrap();
    }
    assert_eq!(store.find("drop table", None, 9).unwrap().len(), 1);
    assert_eq!(store.find("-x", None, 9).unwrap().len(), 2);
}

fn drafts_and_settings(store: &mut dyn Store) {
    assert!(store.chats().unwrap().is_empty());
    store.set_draft(CAROL.into(), "half a").unwrap();
    store.set_draft(CAROL.into(), "half a thought").unwrap();
    store.commit(&[Change::Message(message(1, BOB, BOB, "x"))], 1).unwrap();
    let chats = store.chats().unwrap();
    assert_eq!(chats.len(), 2);
    assert_eq!((chats[0].chat, chats[0].draft.as_deref(), chats[0].last_at), (BOB.into(), None, 2_001));
    assert_eq!((chats[1].chat, chats[1].draft.as_deref()), (CAROL.into(), Some("half a thought")));
    assert_eq!((chats[1].last_at, chats[1].unread), (0, 0));
    store.set_draft(CAROL.into(), "").unwrap();
    store.set_draft(CAROL.into(), "").unwrap();
    assert_eq!(store.chats().unwrap().len(), 1);
    assert_eq!(store.setting("recv.cursor").unwrap(), None);
    store.set_setting("recv.cursor", "1").unwrap();
    store.set_setting("recv.cursor", "").unwrap();
    assert_eq!(store.setting("recv.cursor").unwrap().as_deref(), Some(""));
}
