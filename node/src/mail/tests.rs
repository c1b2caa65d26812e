//! The mailbox's thread, over its queues: what it answers, what a kill leaves, and what a flood does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::thread::{Keeper, Shared};
use super::{Job, MailFile, Post, QUEUE, QUEUE_BYTES, Taken};
use starling_protocol::engine::net::{LinkId, LinkProtocol, NetCommand, NetEvent};
use starling_protocol::identity::DeviceKeys;
use starling_protocol::kdf;
use starling_protocol::mail::server::Limits;
use starling_protocol::mail::{Answer, Entry, MailKey, Pieces, Request, split};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

const QUEUE_ID: [u8; 16] = [4; 16];
const TOKEN: [u8; 32] = [5; 32];

fn key() -> MailKey {
    MailKey::of(&DeviceKeys::from_entropy([1; 64]))
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mail.db");
    (dir, path)
}

fn file(path: &Path) -> MailFile {
    let (path, key_bytes) = (path.to_owned(), Zeroizing::new([7; 32]));
    MailFile { path, key: key_bytes, mailbox: key(), limits: Limits::default() }
}

/// The thread's work without the thread.
fn keeper(path: &Path) -> (Keeper, mpsc::Receiver<NetCommand>) {
    let (sender, commands) = mpsc::channel(4_096);
    let shared = Shared { waiting: Default::default(), ending: Default::default() };
    (Keeper::new(file(path), sender, tokio::sync::watch::channel(false).0, shared), commands)
}

fn opened(link: LinkId) -> Job {
    Job::Opened { link, conn: link, local_peer: vec![1], remote_peer: link.to_le_bytes().to_vec() }
}

fn said(link: LinkId, request: &Request) -> impl Iterator<Item = Job> {
    let messages = split(&request.encode().unwrap());
    messages.into_iter().map(move |message| {
        let waits = std::sync::Arc::new(super::cost(&message).into());
        Job::Data { link, message, waits }
    })
}

struct Desk {
    post: Post,
    commands: mpsc::Receiver<NetCommand>,
    pieces: Pieces,
    held: usize,
}

impl Desk {
    fn start(path: &Path) -> Self {
        Self::start_with(path, 64)
    }

    /// The network takes so many commands before the mailbox has to wait for it.
    fn start_with(path: &Path, commands: usize) -> Self {
        let (sender, commands) = mpsc::channel(commands);
        Self { post: Post::start(file(path), sender).unwrap(), commands, pieces: Pieces::default(), held: 0 }
    }

    fn open(&mut self, link: LinkId) {
        let opened = NetEvent::LinkOpened {
            link,
            conn: 1,
            protocol: LinkProtocol::Mail,
            outbound: false,
            local_peer: vec![1],
            remote_peer: link.to_le_bytes().to_vec(),
        };
        assert!(matches!(self.post.take(opened), Taken::Ours(None)));
        self.send(link, &Request::Hello { nonce: [3; 32] });
    }

    fn send(&mut self, link: LinkId, request: &Request) {
        for message in split(&request.encode().unwrap()) {
            assert!(matches!(self.post.take(NetEvent::LinkData { link, message }), Taken::Ours(None)));
        }
    }

    async fn command(&mut self) -> NetCommand {
        tokio::time::timeout(Duration::from_secs(20), self.commands.recv()).await.unwrap().unwrap()
    }

    /// The next `count` answers, of whichever stream.
    async fn answers(&mut self, count: usize) -> Vec<Answer> {
        let mut answers = Vec::new();
        while answers.len() < count {
            let messages = match self.command().await {
                NetCommand::Write { messages, .. } => messages,
                NetCommand::Hold { conn: 1 } => {
                    self.held += 1;
                    continue;
                }
                other => panic!("{other:?}"),
            };
            let frames = messages.iter().filter_map(|message| self.pieces.push(message).unwrap());
            answers.extend(frames.map(|frame| Answer::decode(&frame).unwrap().unwrap()));
        }
        assert_eq!(answers.len(), count, "{answers:?}");
        answers
    }

    async fn stop(mut self) {
        tokio::time::timeout(Duration::from_secs(20), self.post.end()).await.unwrap();
        self.post.join().await;
    }
}

fn deposit(number: u8) -> Request {
    let envelope = vec![number; 2_048];
    Request::Deposit { queue: QUEUE_ID, token: TOKEN, envelope }
}

fn open() -> Request {
    Request::Open { token: [6; 32], grant: Some(key().grant([1; 16], 1, 8)), run: 1 }
}

fn register() -> Request {
    Request::Register(vec![Entry { queue: QUEUE_ID, deposit: kdf::hash(&TOKEN), limit_bytes: 1 << 20 }])
}

fn multi<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(1).build().unwrap().block_on(work)
}

#[test]
fn what_was_promised_is_there_after_a_start() {
    let (_dir, path) = place();
    multi(async {
        let mut desk = Desk::start(&path);
        assert!(!*desk.post.keeps.borrow());
        desk.open(1);
        for request in [open(), register(), deposit(1), deposit(2)] {
            desk.send(1, &request);
        }
        let answers = desk.answers(5).await;
        assert!(matches!(answers[3..], [Answer::Promise(_), Answer::Promise(_)]), "{answers:?}");
        assert_eq!(desk.held, 1, "an owner's connection is kept");
        desk.post.keeps.wait_for(|keeps| *keeps).await.unwrap();
        let figures = desk.post.handle().figures().await.unwrap();
        assert_eq!((figures.boxes, figures.queues, figures.envelopes, figures.links), (1, 1, 2, 1));
        desk.stop().await;

        let mut desk = Desk::start(&path);
        desk.post.keeps.wait_for(|keeps| *keeps).await.unwrap();
        desk.open(1);
        desk.send(1, &open());
        desk.send(1, &Request::Fetch { after: 0, bytes: 9_999 });
        let answers = desk.answers(5).await;
        assert!(
            matches!(answers[2..], [Answer::Item(_), Answer::Item(_), Answer::PageEnd { more: false }]),
            "{answers:?}"
        );
        desk.stop().await;
    });
}

/// The answer that was committed and never left is given again, and nothing is there twice.
#[test]
fn a_kill_between_commit_and_answer_costs_nothing() {
    let (dir, path) = place();
    multi(async {
        let mut desk = Desk::start(&path);
        desk.open(1);
        for request in [open(), register(), deposit(1)] {
            desk.send(1, &request);
        }
        let first = desk.answers(4).await.pop().unwrap();
        // The disk as it is now, before anything more happens: the depositor never saw that answer.
        let later = dir.path().join("later");
        std::fs::create_dir(&later).unwrap();
        for name in ["mail.db", "mail.db-wal"] {
            std::fs::copy(dir.path().join(name), later.join(name)).unwrap();
        }
        desk.stop().await;
        let mut desk = Desk::start(&later.join("mail.db"));
        desk.open(1);
        desk.send(1, &deposit(1));
        assert_eq!(desk.answers(2).await[1], first, "the same promise");
        assert_eq!(desk.post.handle().figures().await.unwrap().envelopes, 1);
        desk.stop().await;
    });
}

#[test]
fn who_keeps_nothing_has_no_file() {
    let (_dir, path) = place();
    multi(async {
        let desk = Desk::start(&path);
        let figures = desk.post.handle().figures().await.unwrap();
        assert_eq!((figures.boxes, figures.disk_limit), (0, 4 << 30));
        desk.stop().await;
        assert!(!path.exists());
    });
}

#[test]
fn a_grant_is_taken_back() {
    let (_dir, path) = place();
    multi(async {
        let mut desk = Desk::start(&path);
        desk.post.handle().revoke([1; 16]).await.unwrap();
        desk.open(1);
        desk.send(1, &open());
        let refused = desk.answers(2).await.pop();
        assert_eq!(refused, Some(Answer::Refused(starling_protocol::mail::Refused::Grant)));
        desk.stop().await;
    });
}

#[test]
fn a_file_that_cannot_be_read_closes_streams_and_is_left_alone() {
    let (_dir, path) = place();
    std::fs::write(&path, b"not ours").unwrap();
    multi(async {
        let mut desk = Desk::start(&path);
        desk.open(1);
        assert_eq!(desk.command().await, NetCommand::CloseLink { link: 1 });
        assert!(desk.post.handle().figures().await.is_err());
        desk.stop().await;
        assert_eq!(std::fs::read(&path).unwrap(), b"not ours");
    });
}

/// What cannot be read now cannot be read a moment later either: no loop, no flood of lines in the log.
#[test]
fn a_file_that_cannot_be_read_is_not_tried_all_the_time() {
    let (_dir, path) = place();
    std::fs::write(&path, b"not ours").unwrap();
    let (mut keeper, _commands) = keeper(&path);
    assert_eq!(keeper.due(), Duration::ZERO);
    keeper.work(VecDeque::new());
    assert!(keeper.due() > Duration::from_secs(9), "{:?}", keeper.due());
}

/// After a restart everybody fetches at once: pages of a few at a time are in memory.
#[test]
fn many_who_fetch_at_once_take_turns() {
    let (_dir, path) = place();
    let (mut keeper, mut commands) = keeper(&path);
    let grant = key().grant([1; 16], 99, 8);
    let mut group = VecDeque::new();
    for link in 1..=12_u64 {
        let (queue, token) = ([link as u8; 16], [link as u8; 32]);
        group.push_back(opened(link));
        group.extend(said(link, &Request::Hello { nonce: [3; 32] }));
        group.extend(said(link, &Request::Open { token, grant: Some(grant.clone()), run: 1 }));
        let entry = Entry { queue, deposit: kdf::hash(&token), limit_bytes: 8 << 20 };
        group.extend(said(link, &Request::Register(vec![entry])));
        for number in 0..16_u8 {
            let envelope = vec![number; 65_536];
            group.extend(said(link, &Request::Deposit { queue, token, envelope }));
        }
    }
    keeper.work(group);
    assert!(keeper.rest.is_empty(), "answers of a few bytes");
    while commands.try_recv().is_ok() {}

    let mut group: VecDeque<Job> =
        (1..=12).flat_map(|link| said(link, &Request::Fetch { after: 0, bytes: u32::MAX })).collect();
    let mut fetched = 0;
    while !group.is_empty() {
        keeper.work(group);
        let mut bytes = 0;
        while let Ok(NetCommand::Write { messages, .. }) = commands.try_recv() {
            bytes += messages.iter().map(Vec::len).sum::<usize>();
        }
        assert!((1..6 << 20).contains(&bytes), "{bytes}");
        fetched += bytes;
        group = std::mem::take(&mut keeper.rest);
    }
    assert!(fetched > 12 << 20, "{fetched}");
}

/// Nobody takes what the mailbox answers: its queue fills to its bound and no further, and who filled it is closed.
#[test]
fn a_flood_closes_its_stream_and_stays_within_its_bound() {
    let (_dir, path) = place();
    multi(async {
        let mut desk = Desk::start_with(&path, 1);
        for link in [1, 3, 5] {
            desk.open(link);
        }
        let large = vec![0; 60_001];
        let mut taken = 0;
        let cut = loop {
            match desk.post.take(NetEvent::LinkData { link: 1, message: large.clone() }) {
                Taken::Ours(None) => taken += 1,
                Taken::Ours(Some(command)) => break command,
                Taken::Not(_) => panic!("not the engine's"),
            }
            assert!(taken < 9 * QUEUE, "it never fills");
        };
        assert_eq!(cut, NetCommand::CloseLink { link: 1 });
        assert!(desk.post.waiting.load(std::sync::atomic::Ordering::Relaxed) <= QUEUE_BYTES / 8);
        // Others have room, and small messages do not crowd them out either.
        let small = || NetEvent::LinkData { link: 3, message: vec![0] };
        let taken = (0..QUEUE).take_while(|_| matches!(desk.post.take(small()), Taken::Ours(None))).count();
        assert!((128..QUEUE / 2).contains(&taken), "{taken}");
        desk.send(5, &Request::Settle);
        let again = desk.post.take(NetEvent::LinkData { link: 1, message: large });
        assert!(matches!(again, Taken::Ours(None)), "what still comes of it is dropped");
        assert!(matches!(desk.post.take(NetEvent::LinkClosed { link: 1 }), Taken::Ours(None)));
        let unknown = NetEvent::LinkData { link: 1, message: vec![1] };
        assert!(matches!(desk.post.take(unknown.clone()), Taken::Not(event) if event == unknown));
        desk.commands.close();
        desk.stop().await;
    });
}

#[test]
fn other_streams_are_the_engines() {
    let (_dir, path) = place();
    multi(async {
        let mut desk = Desk::start(&path);
        for (protocol, outbound) in [(LinkProtocol::Live, false), (LinkProtocol::Mail, true)] {
            let (local_peer, remote_peer) = (vec![1], vec![2]);
            let opened =
                NetEvent::LinkOpened { link: 8, conn: 1, protocol, outbound, local_peer, remote_peer };
            assert!(matches!(desk.post.take(opened), Taken::Not(_)));
        }
        assert!(matches!(desk.post.take(NetEvent::LinkClosed { link: 8 }), Taken::Not(_)));
        desk.stop().await;
    });
}
