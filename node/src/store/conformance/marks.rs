//! What a person marks: pins, messages hidden here, another try, and how chats are shown and told.

use super::{ALICE, BOB, CAROL, MALLORY, all, id, message, only, state, texts};
use crate::store::{
    ChatChange, ChatSettings, EventBody, LogQuery, Mute, Notify, Page, Store, StoredEvent, StoredMessage,
};
use starling_protocol::engine::step::{Change, MessageKind, MessageState, PINS};
use starling_protocol::ids::AccountId;

fn pin(number: u64, who: AccountId, (on, any): (bool, bool)) -> Change {
    Change::Pin { chat: BOB.into(), who, author: BOB, message: id(number), on, any }
}

fn hide(number: u64, author: AccountId) -> Change {
    Change::Hide { chat: BOB.into(), author, message: id(number) }
}

/// What an event says of its message.
fn told(event: &StoredEvent) -> &StoredMessage {
    match &event.what {
        EventBody::Message(message) => message,
        other => panic!("{other:?}"),
    }
}

fn pinned(store: &mut dyn Store) -> Vec<String> {
    store.pins(BOB.into()).unwrap().into_iter().map(|message| message.text).collect()
}

pub fn pins(store: &mut dyn Store) {
    let came: Vec<_> = (1..=3).map(|n| Change::Message(message(n, BOB, BOB, &n.to_string()))).collect();
    store.commit(&came, 1).unwrap();
    let made = store.commit(&[pin(3, ALICE, (true, false)), pin(1, BOB, (true, false))], 2).unwrap();
    assert_eq!(made.iter().map(|event| told(event).pinned).collect::<Vec<_>>(), [Some(ALICE), Some(BOB)]);
    assert_eq!(pinned(store), ["1", "3"], "as they stand in the chat");
    assert_eq!(only(store, 3).pinned, Some(ALICE));
    assert!(store.pins(CAROL.into()).unwrap().is_empty());
    // Nothing changes, and nothing is told, if it is so already, or is another's to undo, or is not there.
    let elsewhere =
        Change::Pin { chat: CAROL.into(), who: BOB, author: BOB, message: id(2), on: true, any: true };
    let whose =
        Change::Pin { chat: BOB.into(), who: BOB, author: MALLORY, message: id(2), on: true, any: true };
    let nothing = [
        pin(3, BOB, (true, true)),
        pin(3, BOB, (false, false)),
        pin(2, BOB, (false, true)),
        pin(9, BOB, (true, true)),
        elsewhere,
        whose,
    ];
    assert!(store.commit(&nothing, 3).unwrap().is_empty());
    let made = store.commit(&[pin(3, ALICE, (false, false)), pin(1, CAROL, (false, true))], 4).unwrap();
    assert!(made.iter().all(|event| told(event).pinned.is_none()) && made.len() == 2);
    assert!(pinned(store).is_empty());
    // What is deleted is not pinned, and cannot be.
    store.commit(&[pin(2, BOB, (true, true))], 5).unwrap();
    let delete = Change::Delete { chat: BOB.into(), author: BOB, message: id(2), at: 6 };
    store.commit(&[delete, pin(2, BOB, (true, true))], 6).unwrap();
    assert!(pinned(store).is_empty());
    assert_eq!(only(store, 2).pinned, None);
}

pub fn the_oldest_pin_goes(store: &mut dyn Store) {
    let most = PINS as u64;
    let came: Vec<_> =
        (1..=most + 1).map(|n| Change::Message(message(n, BOB, BOB, &n.to_string()))).collect();
    store.commit(&came, 1).unwrap();
    // The last message is pinned first.
    let first = pin(most + 1, BOB, (true, true));
    let others = (1..most).map(|n| pin(n, BOB, (true, true)));
    let made = store.commit(&[first].into_iter().chain(others).collect::<Vec<_>>(), 2).unwrap();
    assert_eq!((made.len(), pinned(store).len()), (PINS, PINS));
    let made = store.commit(&[pin(most, BOB, (true, true))], 3).unwrap();
    assert_eq!(made.iter().map(|event| told(event).id).collect::<Vec<_>>(), [id(most), id(most + 1)]);
    assert_eq!(made.iter().map(|event| told(event).pinned.is_some()).collect::<Vec<_>>(), [true, false]);
    assert_eq!(store.events(made[0].cursor - 1, 9).unwrap().len(), 2);
    let numbers: Vec<String> = (1..=most).map(|n| n.to_string()).collect();
    assert_eq!(pinned(store), numbers);
}

pub fn what_is_hidden_stays_hidden(store: &mut dyn Store) {
    let came = [
        Change::Message(message(1, BOB, BOB, "stays")),
        Change::Message(message(2, BOB, BOB, "the secret word")),
        Change::Message(message(3, BOB, ALICE, "mine")),
        state(3, BOB, MessageState::Queued),
        pin(2, BOB, (true, true)),
    ];
    let first = store.commit(&came, 1).unwrap();
    let made = store.commit(&[hide(2, BOB), hide(3, ALICE), hide(3, BOB), hide(9, BOB)], 2).unwrap();
    let hidden = |number| EventBody::Hidden { message: id(number), chat: BOB.into() };
    assert_eq!(made.iter().map(|event| event.what.clone()).collect::<Vec<_>>(), [hidden(2), hidden(3)]);
    // It comes again: by a mailbox, a neighbour in a room, or a disk that was set back.
    assert!(store.commit(&came, 3).unwrap().is_empty());
    // What changes a message changes nothing any more.
    let change = [
        Change::Edit { chat: BOB.into(), author: BOB, message: id(2), text: "again".to_owned(), at: 4 },
        Change::React {
            chat: BOB.into(),
            who: BOB,
            author: BOB,
            message: id(2),
            emoji: "👍".to_owned(),
            at: 4,
        },
        Change::Delete { chat: BOB.into(), author: BOB, message: id(2), at: 4 },
        hide(2, BOB),
    ];
    assert!(store.commit(&change, 4).unwrap().is_empty());
    assert_eq!(texts(&all(store, BOB)), ["stays"]);
    assert_eq!(store.unread(BOB.into(), 9).unwrap(), [id(1)]);
    assert_eq!(store.chats().unwrap()[0].last_at, 2_001, "of what is shown");
    assert!(
        store.find("secret", None, 9).unwrap().is_empty() && store.find("again", None, 9).unwrap().is_empty()
    );
    assert!(pinned(store).is_empty());
    let kept = only(store, 2);
    assert!(kept.hidden && kept.text.is_empty() && kept.reactions.is_empty() && !kept.unread);
    // Nobody reads it in what happened before, either.
    let before = store.events(first[0].cursor, 1).unwrap();
    assert_eq!((before[0].cursor, before[0].what.clone()), (first[1].cursor, hidden(2)));
    // Its own way to others goes on.
    assert_eq!(store.stats().unwrap().queued, 1);
    store.commit(&[state(3, BOB, MessageState::Delivered)], 5).unwrap();
    assert_eq!(only(store, 3).state, MessageState::Delivered);
    // A page may end or begin at its place.
    let query = |page| LogQuery { chat: BOB.into(), limit: 9, page, since: None };
    assert_eq!(texts(&store.log(&query(Page::Before(id(2)))).unwrap()), ["stays"]);
    assert!(store.log(&query(Page::After(id(2)))).unwrap().is_empty());
    // One that was deleted by its author can be hidden, too.
    let delete = Change::Delete { chat: BOB.into(), author: BOB, message: id(1), at: 6 };
    store.commit(&[delete, hide(1, BOB)], 6).unwrap();
    assert!(all(store, BOB).is_empty());
    assert_eq!(store.chats().unwrap()[0].last_at, 0);
}

pub fn another_try(store: &mut dyn Store) {
    let fail = |who| Change::State {
        message: id(1),
        account: who,
        state: MessageState::Failed,
        reason: Some("you blocked them".to_owned()),
        at: 7,
    };
    let again = |to: &[AccountId], at| Change::Again { message: id(1), to: to.to_vec(), seq: 70, at };
    let sent = [
        Change::Message(message(1, CAROL, ALICE, "hi")),
        state(1, BOB, MessageState::Queued),
        state(1, CAROL, MessageState::Queued),
        state(1, MALLORY, MessageState::Queued),
        state(1, BOB, MessageState::Delivered),
    ];
    store.commit(&sent, 1).unwrap();
    assert!(store.commit(&[again(&[BOB, CAROL], 2)], 2).unwrap().is_empty(), "nothing failed");
    assert_eq!((only(store, 1).attempt, only(store, 1).seq), (1, 1));
    store.commit(&[fail(CAROL), fail(MALLORY)], 3).unwrap();
    assert_eq!(only(store, 1).state, MessageState::Failed);
    let made = store.commit(&[again(&[BOB, CAROL], 9)], 4).unwrap();
    let found = told(&made[0]).clone();
    assert_eq!((made.len(), found.seq), (1, 70));
    assert_eq!(
        (found.attempt, found.state, found.state_at, &found.reason),
        (2, MessageState::Queued, 9, &None)
    );
    let states = found.recipients.iter().map(|one| (one.account, one.state)).collect::<Vec<_>>();
    let expected =
        [(BOB, MessageState::Delivered), (CAROL, MessageState::Queued), (MALLORY, MessageState::Failed)];
    let sorted = |mut states: Vec<(AccountId, MessageState)>| {
        states.sort();
        states
    };
    assert_eq!(sorted(states), sorted(expected.to_vec()));
    assert_eq!(only(store, 1), found);
    // Receipts say which try they are about, also later; that of the first still says so.
    let made = store.commit(&[state(1, CAROL, MessageState::Expired)], 5).unwrap();
    let attempt = |event: &StoredEvent| match &event.what {
        EventBody::Receipt { who, state, attempt, .. } => (*who, *state, *attempt),
        other => panic!("{other:?}"),
    };
    assert_eq!(attempt(&made[0]), (CAROL, MessageState::Expired, 2));
    let kept: Vec<_> = store
        .events(0, 99)
        .unwrap()
        .iter()
        .filter(|event| matches!(event.what, EventBody::Receipt { .. }))
        .map(attempt)
        .collect();
    assert_eq!(
        kept,
        [
            (BOB, MessageState::Delivered, 1),
            (CAROL, MessageState::Failed, 1),
            (MALLORY, MessageState::Failed, 1),
            (CAROL, MessageState::Expired, 2)
        ]
    );
    assert_eq!(only(store, 1).state, MessageState::Failed, "mallory's");
    // Others' messages and those that are not there are not tried.
    let other = Change::Again { message: id(9), to: vec![BOB], seq: 70, at: 9 };
    assert!(store.commit(&[other], 6).unwrap().is_empty());
}

pub fn pages_around(store: &mut dyn Store) {
    let came: Vec<_> = (1..=9).map(|n| Change::Message(message(n, BOB, BOB, &n.to_string()))).collect();
    store.commit(&came, 1).unwrap();
    store.commit(&[Change::Message(message(20, CAROL, CAROL, "elsewhere"))], 1).unwrap();
    let mut page = |limit, page, since| {
        let found = store.log(&LogQuery { chat: BOB.into(), limit, page, since }).unwrap();
        found.into_iter().map(|m| m.text).collect::<String>()
    };
    assert_eq!(page(3, Page::After(id(5)), None), "678");
    assert_eq!(page(9, Page::After(id(7)), None), "89");
    assert_eq!(page(9, Page::After(id(9)), None), "");
    assert_eq!(page(9, Page::After(id(1)), Some(2_008)), "89");
    assert_eq!(page(5, Page::Around(id(5)), None), "34567");
    assert_eq!(page(4, Page::Around(id(5)), None), "3456");
    assert_eq!(page(1, Page::Around(id(5)), None), "5");
    assert_eq!(page(6, Page::Around(id(1)), None), "123");
    assert_eq!(page(6, Page::Around(id(9)), None), "6789");
    for unknown in [20, 99] {
        assert_eq!(page(9, Page::After(id(unknown)), None), "");
        assert_eq!(page(9, Page::Around(id(unknown)), None), "");
    }
}

pub fn how_chats_are_told(store: &mut dyn Store) {
    store.commit(&[Change::Message(message(1, BOB, BOB, "hi"))], 1).unwrap();
    assert_eq!(store.chats().unwrap()[0].settings, ChatSettings::default());
    let mute = ChatChange { mute: Some((Mute::Mentions, 90)), ..ChatChange::default() };
    let first = store.set_chat(BOB.into(), &mute).unwrap();
    assert_eq!(first, ChatSettings { mute: Mute::Mentions, mute_until: 90, ..ChatSettings::default() });
    assert_eq!((first.muted_at(89), first.muted_at(90)), (Mute::Mentions, Mute::Off));
    let rest = ChatChange {
        pinned: Some(true),
        archived: Some(true),
        notify: Some(Notify::Text),
        ..ChatChange::default()
    };
    let both = store.set_chat(BOB.into(), &rest).unwrap();
    assert_eq!(both, ChatSettings { pinned: true, archived: true, notify: Notify::Text, ..first });
    // A line by Starling itself brings nothing back, nor does a message that is there or stands elsewhere.
    let mut notice = message(2, BOB, BOB, "bob is called Bobby now");
    notice.kind = MessageKind::Notice;
    let quiet = [notice, message(1, BOB, BOB, "hi"), message(3, CAROL, CAROL, "elsewhere")];
    store.commit(&quiet.map(Change::Message), 2).unwrap();
    assert_eq!(store.chats().unwrap()[0].settings, both);
    store.commit(&[Change::Message(message(4, BOB, BOB, "are you there?"))], 3).unwrap();
    assert_eq!(store.chats().unwrap()[0].settings, ChatSettings { archived: false, ..both });
    let off = ChatChange { mute: Some((Mute::Off, 90)), ..ChatChange::default() };
    assert_eq!(store.set_chat(BOB.into(), &off).unwrap().mute_until, 0);
    // A chat may have settings before it has a message.
    store.set_chat(MALLORY.into(), &rest).unwrap();
    let chats = store.chats().unwrap();
    let of = chats.iter().find(|one| one.chat == MALLORY.into()).unwrap();
    assert!(of.settings.pinned && of.last_at == 0);
}
