//! Pins, hiding, another try and how chats are told, through the API, with an engine that only commits.

use super::*;
use crate::api::types::{Receipt, Trouble};
use crate::driver::handle::NodeFault;
use starling_protocol::ids::ChatId;

/// What the engine does about a wish, and commits.
pub(super) fn changes(command: &Command) -> Option<(Result<Reply, NodeFault>, Vec<Change>)> {
    Some(match command {
        Command::Pin { ours: false, on: false, author: ALICE, .. } => {
            (Err(Refusal::NotAllowed.into()), vec![])
        }
        Command::Pin { chat, message, author, on, .. } => {
            let (chat, message, author, on) = (*chat, *message, *author, *on);
            (Ok(Reply::Done), vec![Change::Pin { chat, who: ALICE, author, message, on, any: true }])
        }
        Command::Hide { chat, message, author } => {
            let (chat, message, author) = (*chat, *message, *author);
            (Ok(Reply::Done), vec![Change::Hide { chat, author, message }])
        }
        Command::Again { message, text, lack, seq, .. } => {
            assert_eq!((text.as_str(), lack.as_slice(), *seq), ("hello", &[BOB][..], 1));
            let sent = Reply::Sent { message: *message, at: 9_000, repeated: false };
            (Ok(sent), vec![Change::Again { message: *message, to: lack.clone(), seq: 2, at: 9_000 }])
        }
        _ => return None,
    })
}

async fn refused(client: &Client, method: &str, params: Value) -> Trouble {
    client.call::<Value>(method, params).await.unwrap_err()
}

async fn of(client: &Client, number: u64) -> Message {
    client.call("message", json!({ "id": id(number).to_string() })).await.unwrap()
}

#[tokio::test]
async fn messages_are_pinned_and_listed() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    for text in ["one", "two", "three"] {
        client.call::<Sent>("send", send(text)).await.unwrap();
    }
    let pin = |number, on| json!({ "id": id(number).to_string(), "on": on });
    for number in [3, 1] {
        let done: Done = client.call("pin", pin(number, true)).await.unwrap();
        assert!(!done.what.is_empty());
    }
    let pins = async || client.call::<Vec<Message>>("pins", json!({ "to": "@bob" })).await.unwrap();
    let listed = pins().await;
    assert_eq!(listed.iter().map(|one| one.text.as_str()).collect::<Vec<_>>(), ["one", "three"]);
    assert!(listed.iter().all(|one| one.pinned) && !of(&client, 2).await.pinned);
    // Unpinning one that we pinned is ours to do.
    client.call::<Done>("pin", pin(1, false)).await.unwrap();
    assert_eq!(refused(&client, "pin", pin(2, false)).await.exit, 6);
    assert_eq!(pins().await.len(), 1);
    assert_eq!(refused(&client, "pin", pin(9, true)).await.exit, 4);
    assert!(client.call::<Vec<Message>>("pins", json!({ "to": "me" })).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_hidden_is_told_and_gone() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    client.call::<Sent>("send", send("the secret word")).await.unwrap();
    let mut events =
        client.subscribe(&Wanted { types: vec!["hidden".into()], ..Wanted::since("now") }).await.unwrap();
    let which = json!({ "id": id(1).to_string(), "local": true });
    let done: Done = client.call("delete", which.clone()).await.unwrap();
    assert!(done.what.contains("others still have it"), "{}", done.what);
    match events.next().await {
        Some(Object::Hidden(hidden)) => {
            assert_eq!((hidden.id, hidden.chat), (id(1).to_string(), ChatId::from(BOB).to_string()));
            assert!(!hidden.cursor.is_empty());
        }
        other => panic!("{other:?}"),
    }
    let log: Vec<Message> = client.call("log", json!({ "chat": "@bob" })).await.unwrap();
    let found: Vec<Message> = client.call("find", json!({ "text": "secret" })).await.unwrap();
    assert!(log.is_empty() && found.is_empty());
    for (method, params) in [
        ("message", json!({ "id": id(1).to_string() })),
        ("delete", which),
        ("react", json!({ "id": id(1).to_string(), "emoji": "👍" })),
        ("again", json!({ "id": id(1).to_string() })),
    ] {
        assert_eq!(refused(&client, method, params).await.exit, 4, "{method}");
    }
    // Who reads what happened before does not read it either.
    let wanted = Wanted { follow: false, ..Wanted::since("0") };
    let mut all = client.subscribe(&wanted).await.unwrap();
    while let Some(event) = all.next().await {
        assert!(matches!(event, Object::Hidden(_)), "{event:?}");
    }
}

#[tokio::test]
async fn a_failed_message_is_tried_again_and_waited_for_anew() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    client.call::<Sent>("send", send("hello")).await.unwrap();
    let which = json!({ "id": id(1).to_string() });
    assert_eq!(refused(&client, "again", which.clone()).await.exit, 6, "it is on its way");
    fake.deliver(1, MessageState::Failed).await;
    let wait = json!({ "id": id(1).to_string(), "wait": "delivered" });
    assert_eq!(refused(&client, "wait", wait.clone()).await.code, "E-FAILED");
    let mut events = client.subscribe(&Wanted::since("now")).await.unwrap();
    let sent: Sent = client.call("again", which).await.unwrap();
    assert_eq!(
        (sent.id, sent.state.as_str(), sent.at.as_str()),
        (id(1).to_string(), "queued", "1970-01-01T00:00:09.000Z")
    );
    match events.next().await {
        Some(Object::Message(message)) => {
            assert_eq!((message.state.as_str(), message.attempt), ("queued", 2))
        }
        other => panic!("{other:?}"),
    }
    // The end of the first try is not the end of the second.
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.call::<Sent>("wait", wait).await }
    });
    let listed: Vec<Message> = client.call("log", json!({ "chat": "@bob" })).await.unwrap();
    assert_eq!((listed[0].attempt, listed[0].recipients[0].state.as_str()), (2, "queued"));
    fake.deliver(1, MessageState::Delivered).await;
    match events.next().await {
        Some(Object::Receipt(Receipt { state, attempt, .. })) => {
            assert_eq!((state.as_str(), attempt), ("delivered", 2))
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(waiting.await.unwrap().unwrap().state, "delivered");
}

#[tokio::test]
async fn chats_are_muted_pinned_and_put_away() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    client.call::<Sent>("send", send("hello")).await.unwrap();
    let chats = async || client.call::<Vec<Chat>>("chats.list", json!({})).await.unwrap();
    let before = chats().await;
    let names = |chats: &[Chat]| chats.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&before)[..2], ["me", "@bob"]);
    assert_eq!(
        (before[1].mute.as_str(), before[1].notify.as_str(), before[1].pinned),
        ("off", "default", false)
    );
    let roof: Chat = client.call("chats.set", json!({ "to": "#roof", "pinned": true })).await.unwrap();
    assert!(roof.pinned);
    assert_eq!(names(&chats().await)[..3], ["me", "#roof", "@bob"], "before the newer one");
    let set = json!({ "to": "@bob", "mute": "mentions", "mute_for_s": 3600, "archived": true, "notify": "something" });
    let bob: Chat = client.call("chats.set", set).await.unwrap();
    assert_eq!((bob.mute.as_str(), bob.notify.as_str(), bob.archived), ("mentions", "something", true));
    assert!(bob.mute_until.is_some());
    let bob: Chat = client.call("chats.set", json!({ "to": "@bob", "mute": "all" })).await.unwrap();
    assert_eq!((bob.mute.as_str(), bob.mute_until, bob.archived), ("all", None, true));
    client.call::<Sent>("send", send("are you there?")).await.unwrap();
    let bob = chats().await.into_iter().find(|one| one.name == "@bob").unwrap();
    assert_eq!((bob.archived, bob.mute.as_str()), (false, "all"));
    let over: Chat =
        client.call("chats.set", json!({ "to": "@bob", "mute": "all", "mute_for_s": 0 })).await.unwrap();
    assert_eq!((over.mute.as_str(), over.mute_until), ("off", None), "it is over already");
    for params in [
        json!({ "to": "@bob", "mute": "x" }),
        json!({ "to": "@bob", "notify": "x" }),
        json!({ "to": "@bob", "mute_for_s": 5 }),
    ] {
        assert_eq!(refused(&client, "chats.set", params).await.exit, 2);
    }
    assert_eq!(refused(&client, "chats.set", json!({ "to": "@nobody" })).await.exit, 4);
}

#[tokio::test]
async fn pages_of_a_log_go_both_ways() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    for n in 1..=9 {
        client.call::<Sent>("send", send(&n.to_string())).await.unwrap();
    }
    let page = async |params: Value| {
        let mut all = json!({ "chat": "@bob", "limit": 3 });
        all.as_object_mut().unwrap().extend(params.as_object().unwrap().clone());
        let found: Vec<Message> = client.call("log", all).await.unwrap();
        found.into_iter().map(|one| one.text).collect::<String>()
    };
    let fifth = id(5).to_string();
    assert_eq!(page(json!({ "around": fifth })).await, "456");
    assert_eq!(page(json!({ "after": fifth })).await, "678");
    assert_eq!(page(json!({ "before": fifth })).await, "234");
    let both = json!({ "chat": "@bob", "after": fifth, "before": fifth });
    assert_eq!(refused(&client, "log", both).await.exit, 2);
}
