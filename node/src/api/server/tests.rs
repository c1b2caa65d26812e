#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use crate::api::client::{Client, ClientError, Wanted};
use crate::api::types::{Chat, Contact, Done, Message, Object, Sent, Status};
use crate::driver::handle::{About, EVENT_QUEUE, Facts, NodeEvent, Order};
use crate::mail::MailHandle;
use crate::net::facts::NetFacts;
use crate::store::memory::MemoryStore;
use crate::store::worker::StoreHandle;
use serde_json::json;
use starling_protocol::engine::command::{ContactState, ContactView, Presence, StatusView};
use starling_protocol::engine::step::{Change, MessageKind, MessageState, NewMessage, Place};
use starling_protocol::engine::{Command, Refusal, Reply};
use starling_protocol::ids::{AccountId, DeviceId, MessageId};
use std::os::unix::fs::PermissionsExt;
use tokio::io::{AsyncBufReadExt, AsyncReadExt};
use tokio::sync::{broadcast, watch};

mod mail;
mod marks;
mod near;
mod network;
mod room_methods;
mod rooms;

const ALICE: AccountId = AccountId([1; 32]);
const BOB: AccountId = AccountId([2; 32]);

/// A node whose engine only counts: it commits what it is told and says what happened.
struct Fake {
    handle: NodeHandle,
    path: PathBuf,
    net: watch::Sender<NetFacts>,
    _dir: tempfile::TempDir,
    serving: tokio::task::JoinHandle<()>,
}

fn contact(account: AccountId, name: &str) -> ContactView {
    ContactView {
        account,
        name: name.to_owned(),
        state: ContactState::Accepted,
        reason: None,
        verified: false,
        key_changed: false,
        presence: Presence::Offline,
        hidden: false,
        via: None,
        last_seen: None,
        waiting: 0,
        in_mailboxes: 0,
        mailboxes: 0,
        next_try_ms: None,
        looked_up: None,
        found: None,
    }
}

fn status() -> StatusView {
    StatusView {
        account: ALICE,
        device: DeviceId([1; 16]),
        name: "Alice".to_owned(),
        addrs: Vec::new(),
        direct: 0,
        relayed: 0,
        lan: 0,
        waiting: 0,
        requests: 0,
        next_dial_ms: None,
        invisible: false,
        published: (0, 0),
        in_mailboxes: 0,
        mailboxes: Vec::new(),
    }
}

fn id(number: u64) -> MessageId {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    MessageId(bytes)
}

async fn engine(
    store: StoreHandle,
    events: broadcast::Sender<Arc<NodeEvent>>,
    mut orders: mpsc::Receiver<Order>,
) {
    let mut number = 0;
    while let Some(order) = orders.recv().await {
        if let Some(result) = room_methods::answer(&order.command) {
            let _ = order.answer.send(result);
            continue;
        }
        if let Some((result, changes)) = marks::changes(&order.command) {
            for event in store.commit(changes, 0).await.unwrap() {
                let _ = events.send(Arc::new(NodeEvent::Kept(event)));
            }
            let _ = order.answer.send(result);
            continue;
        }
        let result = match order.command {
            Command::People => Ok(Reply::People(vec![contact(BOB, "Bob")])),
            Command::Status => Ok(Reply::Status(status())),
            Command::Near { on } => near::answer(on, &events),
            Command::Send { text, .. } if text.is_empty() => Err(Refusal::Empty.into()),
            Command::Send { chat, text, reply_to, .. } => {
                number += 1;
                let message = NewMessage {
                    id: id(number),
                    chat,
                    author: ALICE,
                    device: DeviceId([1; 16]),
                    seq: number,
                    me: true,
                    kind: MessageKind::Text,
                    text,
                    reply_to,
                    sent_at: 0,
                    received_at: 0,
                    via: "local",
                    state: MessageState::Queued,
                    place: Place::Last,
                };
                let queued = Change::State {
                    message: id(number),
                    account: BOB,
                    state: MessageState::Queued,
                    reason: None,
                    at: 0,
                };
                for event in store.commit(vec![Change::Message(message), queued], 0).await.unwrap() {
                    let _ = events.send(Arc::new(NodeEvent::Kept(event)));
                }
                Ok(Reply::Sent { message: id(number), at: 1_000, repeated: false })
            }
            other => mail::answer(&other),
        };
        let _ = order.answer.send(result);
    }
}

impl Fake {
    async fn new() -> Self {
        Self::with(None).await
    }

    async fn with(mail: Option<MailHandle>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.sock");
        let store = StoreHandle::spawn(Box::new(MemoryStore::default())).unwrap();
        let (orders, queue) = mpsc::channel(1_024);
        let (events, _) = broadcast::channel(EVENT_QUEUE);
        tokio::spawn(engine(store.clone(), events.clone(), queue));
        let facts = Facts {
            account: ALICE,
            device: DeviceId([1; 16]),
            about: About { config: dir.path().join("config.toml"), ..About::default() },
            listen: vec!["/ip4/127.0.0.1/tcp/1".to_owned()],
            started: std::time::Instant::now(),
        };
        let (stop, _) = watch::channel(false);
        let (_, trouble) = watch::channel(None);
        let (net, net_facts) = watch::channel(NetFacts::default());
        let (asks, asked) = mpsc::channel(1);
        tokio::spawn(network::tested(asked));
        let handle = NodeHandle {
            orders,
            store,
            events,
            facts: Arc::new(facts),
            stop,
            trouble,
            net_facts,
            traffic: Arc::default(),
            asks,
            mail,
        };
        let words: Box<WordsFn> = Box::new(|_| Ok(zeroize::Zeroizing::new("one two".to_owned())));
        let server = Server::bind(handle.clone(), &path, words).await.unwrap();
        let serving = tokio::spawn(server.run());
        Self { handle, path, net, _dir: dir, serving }
    }

    async fn client(&self) -> Client {
        Client::connect(&self.path).await.unwrap()
    }

    /// Bob's device signs for a message.
    async fn deliver(&self, number: u64, state: MessageState) {
        let change = Change::State { message: id(number), account: BOB, state, reason: None, at: 5 };
        for event in self.handle.store.commit(vec![change], 5).await.unwrap() {
            let _ = self.handle.events.send(Arc::new(NodeEvent::Kept(event)));
        }
    }

    async fn raw(&self) -> BufReader<UnixStream> {
        BufReader::new(UnixStream::connect(&self.path).await.unwrap())
    }
}

fn send(text: &str) -> Value {
    json!({"to": "@bob", "text": text})
}

async fn line(stream: &mut BufReader<UnixStream>) -> Value {
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    serde_json::from_str(&line).unwrap_or(Value::Null)
}

#[tokio::test]
async fn sending_reading_and_listing() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    assert_eq!(client.welcome().name, "Alice");
    let sent: Sent = client.call("send", send("hello")).await.unwrap();
    assert_eq!((sent.id, sent.to, sent.state), (id(1).to_string(), "@bob".to_owned(), "queued".to_owned()));
    assert_eq!(sent.at, "1970-01-01T00:00:01.000Z");
    let log: Vec<Object> = client.call("log", json!({"chat": "bob"})).await.unwrap();
    assert!(
        matches!(&log[..], [Object::Message(m)] if m.text == "hello" && m.chat_name == "@bob" && m.from.me)
    );
    let one: Message = client.call("message", json!({"id": id(1).to_string()})).await.unwrap();
    assert_eq!(one.text, "hello");
    let people: Vec<Contact> = client.call("people.list", json!({})).await.unwrap();
    assert_eq!(people[0].name, "Bob");
    let chats: Vec<Chat> = client.call("chats.list", json!({})).await.unwrap();
    let names: Vec<_> = chats.iter().map(|chat| chat.name.as_str()).collect();
    assert_eq!(names, ["me", "@bob", "#builders", "#roof", "#town"]);
    let status: Status = client.call("status", json!(null)).await.unwrap();
    assert_eq!((status.store.messages, status.outbox.queued), (1, 1));
}

#[tokio::test]
async fn refusals_come_in_words_with_their_exit_codes() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    for (method, params, exit) in [
        ("send", send(""), 2),
        ("send", json!({"to": "@nobody", "text": "x"}), 4),
        ("send", json!({"to": 3}), 2),
        ("log", json!({"chat": "bob", "before": "no-id"}), 4),
        ("edit", json!({"id": id(9).to_string(), "text": "x"}), 4),
        ("room.new", json!({}), 2),
        ("recv.subscribe", json!({"since": "soon"}), 2),
    ] {
        let trouble = client.call::<Value>(method, params).await.unwrap_err();
        assert_eq!(trouble.exit, exit, "{method}: {trouble}");
    }
}

#[tokio::test]
async fn waiting_ends_with_the_receipt_or_with_exit_7() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    let waiting = tokio::spawn({
        let client = client.clone();
        async move {
            let params = json!({"to": "bob", "text": "hello", "wait": "delivered"});
            client.call::<Sent>("send", params).await
        }
    });
    let mut events = client.subscribe(&Wanted::since("0")).await.unwrap();
    assert!(matches!(events.next().await, Some(Object::Message(_))));
    fake.deliver(1, MessageState::Delivered).await;
    assert_eq!(waiting.await.unwrap().unwrap().state, "delivered");
    assert!(matches!(events.next().await, Some(Object::Receipt(r)) if r.message_state == "delivered"));

    let params = json!({"to": "bob", "text": "again", "wait": "read", "timeout_ms": 1});
    let trouble = client.call::<Sent>("send", params).await.unwrap_err();
    assert_eq!((trouble.exit, trouble.code.as_str()), (7, "E-WAIT"));
    assert_eq!(trouble.sent.unwrap().id, id(2).to_string());

    let params = json!({"id": id(1).to_string(), "wait": "delivered"});
    assert_eq!(client.call::<Sent>("wait", params).await.unwrap().state, "delivered");
}

#[tokio::test]
async fn no_event_is_skipped_or_told_twice_between_the_kept_and_the_live() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    for n in 0..300 {
        client.call::<Sent>("send", send(&n.to_string())).await.unwrap();
    }
    let mut events = client.subscribe(&Wanted::since("10")).await.unwrap();
    let more = tokio::spawn({
        let client = client.clone();
        async move {
            for n in 300..600 {
                client.call::<Sent>("send", send(&n.to_string())).await.unwrap();
            }
        }
    });
    for n in 10..600 {
        match events.next().await {
            Some(Object::Message(message)) => assert_eq!(message.text, n.to_string()),
            other => panic!("{other:?}"),
        }
    }
    more.await.unwrap();
    client.call::<Done>("recv.mark", json!({"cursor": "598"})).await.unwrap();
    let wanted = Wanted { follow: false, ..Wanted::since("last") };
    let mut rest = client.subscribe(&wanted).await.unwrap();
    assert!(matches!(rest.next().await, Some(Object::Message(m)) if m.cursor == "599"));
    assert!(rest.next().await.is_some() && rest.next().await.is_none());
    assert_eq!((rest.ended(), rest.cursor()), (true, Some("600")));
}

#[tokio::test]
async fn a_reader_that_is_too_slow_gets_resync_and_then_everything() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    let mut events = client.subscribe(&Wanted::since("now")).await.unwrap();
    let count = EVENT_QUEUE as u64 + 2_000;
    let text = "x".repeat(600);
    let mut work = JoinSet::new();
    for part in 0..8 {
        let (client, text) = (client.clone(), text.clone());
        work.spawn(async move {
            for _ in 0..count / 8 {
                client.call::<Sent>("send", send(&text)).await.unwrap();
            }
            part
        });
    }
    // All are accepted although nobody reads the events.
    while work.join_next().await.is_some() {}
    let (mut last, mut resyncs) = (0, 0);
    while last < count / 8 * 8 {
        match events.next().await.unwrap() {
            Object::Resync(resync) => {
                assert_eq!(resync.cursor, last.to_string());
                assert!(resync.lost > 0);
                resyncs += 1;
            }
            Object::Message(message) => {
                let cursor: u64 = message.cursor.parse().unwrap();
                assert_eq!(cursor, last + 1);
                last = cursor;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(resyncs, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_of_one_connection_reach_the_node_in_the_order_of_their_lines() {
    let fake = Fake::new().await;
    let mut stream = fake.raw().await;
    let mut all =
        String::from("{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"hello\",\"params\":{\"api\":1}}\n");
    for n in 1..=2_000 {
        let call = json!({"jsonrpc": "2.0", "id": n, "method": "send", "params": send(&n.to_string())});
        all.push_str(&format!("{call}\n"));
    }
    let (read, mut write) = stream.get_mut().split();
    let mut read = BufReader::new(read);
    let reading = async {
        let mut text = String::new();
        for _ in 0..=2_000 {
            read.read_line(&mut text).await.unwrap();
        }
    };
    tokio::join!(reading, async { write.write_all(all.as_bytes()).await.unwrap() });
    let client = fake.client().await;
    let log: Vec<Message> = client.call("log", json!({"chat": "bob", "limit": 1000})).await.unwrap();
    let texts: Vec<String> = log.into_iter().map(|message| message.text).collect();
    assert_eq!(texts, (1_001..=2_000).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_wire_is_strict_and_bounded() {
    let fake = Fake::new().await;
    let mut stream = fake.raw().await;
    stream.write_all(b"{\"id\":1,\"method\":\"status\"}\nnonsense\n[1]\n\n").await.unwrap();
    assert_eq!(line(&mut stream).await["error"]["code"], -32_010);
    assert_eq!(line(&mut stream).await["error"]["code"], -32_700);
    assert_eq!(line(&mut stream).await["error"]["code"], -32_600);
    stream.write_all(b"{\"id\":2,\"method\":\"hello\",\"params\":{\"api\":2}}\n").await.unwrap();
    let refused = line(&mut stream).await;
    assert_eq!((&refused["error"]["code"], &refused["error"]["data"]["exit"]), (&json!(-32_010), &json!(10)));
    stream.write_all(b"{\"id\":3,\"method\":\"hello\",\"params\":{\"api\":1,\"new\":0}}\n").await.unwrap();
    assert_eq!(line(&mut stream).await["result"]["api"], 1);
    stream.write_all(b"{\"id\":\"x\",\"method\":\"no.such\"}\n").await.unwrap();
    let unknown = line(&mut stream).await;
    assert_eq!((&unknown["id"], &unknown["error"]["code"]), (&json!("x"), &json!(-32_601)));

    // An endless line is refused at the bound, and the connection closed.
    let (read, mut write) = stream.get_mut().split();
    let flood = async move {
        let some = vec![b'x'; 64 * 1024];
        while write.write_all(&some).await.is_ok() {}
    };
    let answer = async move {
        let mut rest = Vec::new();
        let mut read = BufReader::new(read);
        let _ = read.read_until(b'\n', &mut rest).await;
        let mut end = Vec::new();
        let _ = read.read_to_end(&mut end).await;
        (rest, end)
    };
    let ((), (rest, end)) = tokio::join!(flood, answer);
    let refused: Value = serde_json::from_slice(&rest).unwrap();
    assert_eq!((&refused["error"]["code"], end.len()), (&json!(-32_600), 0));
}

#[tokio::test]
async fn the_socket_is_for_its_user_alone_and_a_left_one_is_replaced() {
    let fake = Fake::new().await;
    let mode = std::fs::metadata(&fake.path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("left.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(socket::listen(&path).is_ok());
    let file = dir.path().join("file");
    std::fs::write(&file, "kept").unwrap();
    assert!(socket::listen(&file).is_err());
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    assert!(socket::listen(&link).is_err());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");
}

#[tokio::test]
async fn too_many_connections_are_refused_in_words() {
    let fake = Fake::new().await;
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(fake.client().await);
    }
    match Client::connect(&fake.path).await {
        Err(ClientError::Refused(trouble)) => assert_eq!(trouble.code, "E-FULL"),
        other => panic!("{:?}", other.err()),
    }
    assert!(clients[0].call::<Status>("status", json!({})).await.is_ok());
}

#[tokio::test]
async fn stop_is_answered_and_then_the_socket_is_gone() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    let done: Done = client.call("stop", json!({})).await.unwrap();
    assert!(!done.what.is_empty());
    fake.serving.await.unwrap();
    assert!(!fake.path.exists());
    assert!(matches!(Client::connect(&fake.path).await, Err(ClientError::NoNode)));
    assert_eq!(client.call::<Status>("status", json!({})).await.unwrap_err().exit, 3);
}
