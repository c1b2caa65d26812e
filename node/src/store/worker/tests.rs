#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::{Job, StoreHandle, serve};
use crate::store::conformance::{BOB, message};
use crate::store::memory::MemoryStore;
use crate::store::{Batch, LogQuery, Store, StoreError};
use starling_protocol::engine::step::{Change, ReadOrder, Record, Space};
use std::sync::atomic::Ordering;
use tokio::sync::{mpsc, oneshot};

const KEY: [u8; 32] = [9; 32];

fn new(number: u64) -> Vec<Change> {
    vec![Change::Message(message(number, BOB, BOB, "hello there"))]
}

#[tokio::test]
async fn everything_through_the_handle() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    for (round, create) in [(1_u64, true), (2, false)] {
        let store = StoreHandle::spawn_sqlite(&path, &KEY, create).unwrap();
        let put = Change::Put(Record { space: Space::Own, key: vec![round as u8], value: vec![] });
        let made = store.commit([new(round), vec![put]].concat(), 5).await.unwrap();
        assert_eq!(made[0].cursor, round);
        assert_eq!(store.load().await.unwrap().len() as u64, round);
        let query = LogQuery { chat: BOB.into(), limit: 9, page: crate::store::Page::Newest, since: None };
        assert_eq!(store.log(query).await.unwrap().len() as u64, round);
        assert_eq!(store.find("hello".to_owned(), None, 9).await.unwrap().len() as u64, round);
        assert_eq!(store.message(crate::store::conformance::id(round)).await.unwrap().len(), 1);
        assert_eq!(store.events(0, 9).await.unwrap().len() as u64, round);
        assert_eq!(store.unread(BOB.into(), 9).await.unwrap().len() as u64, round);
        store.set_draft(BOB.into(), "half".to_owned()).await.unwrap();
        assert_eq!(store.chats().await.unwrap()[0].draft.as_deref(), Some("half"));
        store.set_setting("a".to_owned(), round.to_string()).await.unwrap();
        assert_eq!(store.setting("a".to_owned()).await.unwrap(), Some(round.to_string()));
        assert_eq!(store.stats().await.unwrap().messages, round);
        let other = store.clone();
        store.close().await.unwrap();
        // Everything is in the one file, and the handle is dead.
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        assert_eq!(other.commit(new(9), 1).await, Err(StoreError::Closed));
        assert_eq!(other.stats().await, Err(StoreError::Closed));
        assert_eq!(other.close().await, Err(StoreError::Closed));
    }
}

#[tokio::test]
async fn a_full_store_recovers_through_the_handle() {
    let memory = MemoryStore::new();
    let full = memory.full();
    let store = StoreHandle::spawn(Box::new(memory)).unwrap();
    full.store(true, Ordering::SeqCst);
    assert_eq!(store.commit(new(1), 1).await, Err(StoreError::Full));
    full.store(false, Ordering::SeqCst);
    assert_eq!(store.commit(new(1), 1).await.unwrap().len(), 1);
    store.close().await.unwrap();
}

/// A store that counts how its commits come in.
struct Counting {
    inner: MemoryStore,
    groups: std::sync::Arc<std::sync::Mutex<Vec<usize>>>,
}

macro_rules! pass_on {
    ($($name:ident ( $($arg:ident : $ty:ty),* ) -> $out:ty;)*) => {
        $(fn $name(&mut self $(, $arg: $ty)*) -> Result<$out, StoreError> { self.inner.$name($($arg),*) })*
    };
}

impl Store for Counting {
    fn commit_group(&mut self, group: &[Batch]) -> Vec<Result<Vec<crate::store::StoredEvent>, StoreError>> {
        self.groups.lock().unwrap().push(group.len());
        self.inner.commit_group(group)
    }

    pass_on! {
        load() -> Vec<Record>;
        read(order: &ReadOrder) -> (Vec<Record>, bool);
        commit(changes: &[Change], at: i64) -> Vec<crate::store::StoredEvent>;
        log(query: &LogQuery) -> Vec<crate::store::StoredMessage>;
        message(id: starling_protocol::ids::MessageId) -> Vec<crate::store::StoredMessage>;
        find(text: &str, chat: Option<starling_protocol::ids::ChatId>, limit: usize)
            -> Vec<crate::store::StoredMessage>;
        events(since: u64, limit: usize) -> Vec<crate::store::StoredEvent>;
        pins(chat: starling_protocol::ids::ChatId) -> Vec<crate::store::StoredMessage>;
        set_chat(chat: starling_protocol::ids::ChatId, change: &crate::store::ChatChange)
            -> crate::store::ChatSettings;
        chats() -> Vec<crate::store::ChatSummary>;
        unread(chat: starling_protocol::ids::ChatId, limit: usize) -> Vec<starling_protocol::ids::MessageId>;
        set_draft(chat: starling_protocol::ids::ChatId, text: &str) -> ();
        setting(name: &str) -> Option<String>;
        set_setting(name: &str, value: &str) -> ();
        stats() -> crate::store::StoreStats;
    }
}

#[test]
fn commits_that_wait_together_are_one_group_and_keep_their_order() {
    let groups = std::sync::Arc::default();
    let store = Counting { inner: MemoryStore::new(), groups: std::sync::Arc::clone(&groups) };
    let (sender, jobs) = mpsc::channel(16);
    let mut waits = Vec::new();
    let mut commit = |number: u64| {
        let (answer, wait) = oneshot::channel();
        waits.push(wait);
        Job::Commit { batch: Batch { changes: new(number), at: 1 }, answer }
    };
    let (answer, mut seen) = oneshot::channel();
    let look = Job::Call(Box::new(move |store: &mut dyn Store| {
        let _ = answer.send(store.stats().unwrap().messages);
    }));
    for job in [commit(1), commit(2), commit(3), look, commit(4)] {
        sender.blocking_send(job).map_err(|_| ()).unwrap();
    }
    drop(sender);
    serve(Box::new(store), jobs);
    assert_eq!(*groups.lock().unwrap(), [3, 1]);
    assert_eq!(seen.try_recv().unwrap(), 3);
    let cursors: Vec<_> = waits.iter_mut().map(|wait| wait.try_recv().unwrap().unwrap()[0].cursor).collect();
    assert_eq!(cursors, [1, 2, 3, 4]);
}
