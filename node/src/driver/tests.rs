//! Two whole nodes in one process: real network on loopback, real encrypted store.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

use super::handle::NodeHandle;
use super::*;
use crate::net::{self, NetConfig};
use crate::store::memory::MemoryStore;
use crate::store::sqlite::SqliteStore;
use crate::store::{self, EventBody, Store as _};
use starling_protocol::engine::{Change, Command, Genesis, MessageState, Presence, ReadOrder, Record, Space};
use starling_protocol::identity::Seed;
use starling_protocol::ids::{ChatId, MessageId};
use std::path::{Path, PathBuf};

fn make(dir: &Path, name: &str, number: u8) -> PathBuf {
    let path = dir.join(format!("{name}.db"));
    let seed = Seed::from_entropy([number; 32]);
    let genesis = Genesis::new(&seed, name, [number; 64], Clock::start().now(), false).unwrap();
    let mut store = SqliteStore::create(&path, &[number; 32]).unwrap();
    store.commit(&genesis.changes, 0).unwrap();
    path
}

async fn start(path: &Path, number: u8) -> (NodeHandle, JoinHandle<Result<(), DriverError>>) {
    let store = StoreHandle::spawn_sqlite(path, &[number; 32], false).unwrap();
    let clock = Clock::start();
    let engine = Engine::load(store.load().await.unwrap(), rng().unwrap(), clock.now()).unwrap();
    let listen = vec!["/ip4/127.0.0.1/udp/0/quic-v1".to_owned(), "/ip4/127.0.0.1/tcp/0".to_owned()];
    let net = net::start(NetConfig { listen, ..NetConfig::default() }).await.unwrap();
    spawn(engine, store, net, None, clock, About::default())
}

async fn meet(alice: &NodeHandle, bob: &NodeHandle) {
    let invite = Command::InviteNew { uses: 1, valid_ms: 3_600_000, private: false, auto_accept: true };
    let Reply::Invite(invite) = alice.command(invite).await.unwrap() else { panic!() };
    let mut heard = bob.subscribe();
    bob.command(Command::Add { link: invite.link, name: None, note: String::new() }).await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            if let NodeEvent::Kept(StoredEvent { what: EventBody::Other(event), .. }) =
                heard.recv().await.unwrap().as_ref()
                && let store::OtherEvent::Contact { state, .. } = event
                && state == "accepted"
            {
                return;
            }
        }
    })
    .await
    .expect("not accepted in time");
}

async fn delivered(handle: &NodeHandle, chat: ChatId, count: usize) -> Duration {
    let mut heard = handle.subscribe();
    let begun = Instant::now();
    for number in 0..count {
        let text = format!("{number:0>200}");
        let send = Command::Send { chat, text, reply_to: None, client_ref: None, require_verified: false };
        let Reply::Sent { message, .. } = handle.command(send).await.unwrap() else { panic!() };
        loop {
            if let NodeEvent::Kept(StoredEvent {
                what: EventBody::Receipt { message: id, message_state, .. },
                ..
            }) = tokio::time::timeout(Duration::from_secs(10), heard.recv())
                .await
                .expect("no receipt in time")
                .unwrap()
                .as_ref()
                && *id == message
                && *message_state == MessageState::Delivered
            {
                break;
            }
        }
    }
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_talk_and_find_each_other_again_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (alice_db, bob_db) = (make(dir.path(), "alice", 1), make(dir.path(), "bob", 2));
    let (alice, alice_runs) = start(&alice_db, 1).await;
    let (bob, bob_runs) = start(&bob_db, 2).await;
    meet(&alice, &bob).await;
    let to_bob = ChatId::from(bob.facts().account);
    let took = delivered(&alice, to_bob, 50).await;
    println!("50 messages, one at a time: {took:?}");

    bob.stop();
    bob_runs.await.unwrap().unwrap();
    // Alice keeps her port, so Bob finds her again.
    let send = Command::Send {
        chat: to_bob,
        text: "while you were away".to_owned(),
        reply_to: None,
        client_ref: None,
        require_verified: false,
    };
    alice.command(send).await.unwrap();
    let (bob, bob_runs) = start(&bob_db, 2).await;
    let mut heard = bob.subscribe();
    let text = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            if let NodeEvent::Kept(StoredEvent { what: EventBody::Message(message), .. }) =
                heard.recv().await.unwrap().as_ref()
            {
                return message.text.clone();
            }
        }
    })
    .await
    .expect("nothing came in time");
    assert_eq!(text, "while you were away");
    alice.stop();
    bob.stop();
    alice_runs.await.unwrap().unwrap();
    bob_runs.await.unwrap().unwrap();
}

/// A store that cannot read what is not loaded, and tells how often everything was.
struct Torn {
    inner: MemoryStore,
    loads: watch::Sender<u32>,
}

macro_rules! pass_on {
    ($($name:ident ( $($arg:ident : $ty:ty),* ) -> $out:ty;)*) => {
        $(fn $name(&mut self $(, $arg: $ty)*) -> Result<$out, StoreError> { self.inner.$name($($arg),*) })*
    };
}

impl store::Store for Torn {
    fn load(&mut self) -> Result<Vec<Record>, StoreError> {
        self.loads.send_modify(|loads| *loads += 1);
        self.inner.load()
    }

    fn read(&mut self, _: &ReadOrder) -> Result<(Vec<Record>, bool), StoreError> {
        Err(StoreError::Io { what: "torn".to_owned() })
    }

    pass_on! {
        commit(changes: &[Change], at: i64) -> Vec<StoredEvent>;
        log(query: &store::LogQuery) -> Vec<store::StoredMessage>;
        message(id: MessageId) -> Vec<store::StoredMessage>;
        find(text: &str, chat: Option<ChatId>, limit: usize) -> Vec<store::StoredMessage>;
        events(since: u64, limit: usize) -> Vec<StoredEvent>;
        pins(chat: ChatId) -> Vec<store::StoredMessage>;
        set_chat(chat: ChatId, change: &store::ChatChange) -> store::ChatSettings;
        chats() -> Vec<store::ChatSummary>;
        unread(chat: ChatId, limit: usize) -> Vec<MessageId>;
        set_draft(chat: ChatId, text: &str) -> ();
        setting(name: &str) -> Option<String>;
        set_setting(name: &str, value: &str) -> ();
        stats() -> store::StoreStats;
    }
}

#[tokio::test]
async fn a_failed_read_loads_the_engine_anew_and_the_node_goes_on() {
    let (loads, mut loaded) = watch::channel(0);
    let seed = Seed::from_entropy([1; 32]);
    let clock = Clock::start();
    let genesis = Genesis::new(&seed, "alice", [1; 64], clock.now(), false).unwrap();
    let mut inner = MemoryStore::new();
    inner.commit(&genesis.changes, 0).unwrap();
    let engine = Engine::load(inner.load().unwrap(), rng().unwrap(), clock.now()).unwrap();
    let store = StoreHandle::spawn(Box::new(Torn { inner, loads })).unwrap();
    let listen = vec!["/ip4/127.0.0.1/tcp/0".to_owned()];
    let net = net::start(NetConfig { listen, ..NetConfig::default() }).await.unwrap();
    let (handle, mut driver) = build(engine, store, net, None, clock, About::default());
    let order = |read| ReadOrder { read, space: Space::RoomEntry, from: vec![], to: vec![9], bytes: 9 };
    // More than are read at once: those of the engine that is gone are forgotten, so they fail nothing any more.
    driver.act((1..=9).map(|read| Action::Read(order(read))).collect());
    let runs = tokio::spawn(driver.run());
    let anew = tokio::time::timeout(Duration::from_secs(10), loaded.wait_for(|loads| *loads > 0));
    anew.await.expect("not loaded in time").unwrap();
    assert!(matches!(handle.command(Command::Status).await.unwrap(), Reply::Status(_)));
    assert_eq!(*loaded.borrow(), 1);
    handle.stop();
    runs.await.unwrap().unwrap();
}

#[tokio::test]
async fn turning_invisible_is_told_at_once_and_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let (alice, alice_runs) = start(&make(dir.path(), "alice", 1), 1).await;
    let mut heard = alice.subscribe();
    let told = async |heard: &mut broadcast::Receiver<Arc<NodeEvent>>, invisible: bool| {
        let wait = async {
            loop {
                if let NodeEvent::Network(figures) = heard.recv().await.unwrap().as_ref()
                    && figures.invisible == invisible
                {
                    return;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), wait).await.expect("not told in time");
    };
    let presence = |presence| alice.command(Command::SetPresence { presence });
    presence(Presence::Invisible).await.unwrap();
    told(&mut heard, true).await;
    presence(Presence::Online).await.unwrap();
    told(&mut heard, false).await;
    alice.stop();
    alice_runs.await.unwrap().unwrap();
}
