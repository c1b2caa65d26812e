#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::metrics::{Sample, text};
use super::*;
use crate::config::Config;
use crate::net::facts::NetFacts;
use crate::node::{StartError, StartOptions, init, start};
use crate::profile::Profile;
use crate::store::StoreStats;
use starling_protocol::engine::command::{MailboxState, MailboxView, StatusView};
use starling_protocol::ids::{AccountId, DeviceId, MailboxId};
use starling_protocol::mail::server::Figures;
use std::collections::{BTreeMap, BTreeSet};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;

/// Until something that must happen has happened.
const SOON: Duration = Duration::from_secs(20);

fn mailbox(state: MailboxState) -> MailboxView {
    MailboxView {
        mailbox: MailboxId([9; 32]),
        friend: Some(AccountId([2; 32])),
        state,
        seen: None,
        used_bytes: 1,
        quota_bytes: 2,
        kept_s: 3,
    }
}

fn full() -> Sample {
    let status = StatusView {
        account: AccountId([1; 32]),
        device: DeviceId([1; 16]),
        name: "Alice".to_owned(),
        addrs: vec!["/ip4/192.0.2.7/tcp/1".to_owned()],
        direct: 11,
        relayed: 12,
        lan: 13,
        waiting: 14,
        requests: 0,
        next_dial_ms: None,
        invisible: false,
        published: (0, 0),
        in_mailboxes: 15,
        mailboxes: vec![mailbox(MailboxState::Ok), mailbox(MailboxState::Full), mailbox(MailboxState::Ok)],
    };
    let figures = Figures {
        boxes: 21,
        queues: 22,
        envelopes: 23,
        bytes: 24,
        disk_limit: 25,
        links: 26,
        grants: Vec::new(),
    };
    Sample {
        mailbox: Some(figures),
        status: Some(status),
        store: Some(StoreStats { messages: 31, bytes: 32, ..StoreStats::default() }),
        net: NetFacts {
            neighbours: 41,
            listen: vec!["/ip4/192.0.2.8/tcp/1".to_owned()],
            ..NetFacts::default()
        },
        uptime: Duration::from_millis(51_900),
    }
}

/// Reads a page as a collector does: every value after the HELP and TYPE of its series, none twice.
fn read(page: &str) -> BTreeMap<String, u64> {
    assert!(page.ends_with('\n'));
    let (mut helped, mut typed) = (BTreeSet::new(), BTreeSet::new());
    let mut values = BTreeMap::new();
    for line in page.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').unwrap();
            assert!(!words.is_empty() && !words.contains('\\') && helped.insert(name), "{line}");
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert!(kind == "gauge" && helped.contains(name) && typed.insert(name), "{line}");
        } else {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let name = series.split('{').next().unwrap();
            assert!(typed.contains(name) && name.starts_with("starling_"), "{line}");
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{line}");
            assert!(values.insert(series.to_owned(), value.parse().unwrap()).is_none(), "{line}");
        }
    }
    let named: BTreeSet<&str> = values.keys().map(|series| series.split('{').next().unwrap()).collect();
    assert_eq!(named, typed, "a series without a value");
    values
}

#[test]
fn every_figure_has_its_line_and_nobody_is_named() {
    let page = text(&full());
    let version = concat!("starling_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"}");
    let expected = [
        (version, 1),
        ("starling_uptime_seconds", 51),
        ("starling_mailbox_up", 1),
        ("starling_mailbox_boxes", 21),
        ("starling_mailbox_queues", 22),
        ("starling_mailbox_envelopes", 23),
        ("starling_mailbox_bytes", 24),
        ("starling_mailbox_disk_limit_bytes", 25),
        ("starling_mailbox_links", 26),
        ("starling_mailbox_grants", 0),
        ("starling_links{road=\"direct\"}", 11),
        ("starling_links{road=\"relayed\"}", 12),
        ("starling_links{road=\"lan\"}", 13),
        ("starling_messages_waiting", 14),
        ("starling_messages_in_mailboxes", 15),
        ("starling_mailboxes{state=\"ok\"}", 2),
        ("starling_mailboxes{state=\"silent\"}", 0),
        ("starling_mailboxes{state=\"full\"}", 1),
        ("starling_mailboxes{state=\"gone\"}", 0),
        ("starling_dht_nodes", 41),
        ("starling_store_bytes", 32),
        ("starling_store_messages", 31),
    ];
    let expected: BTreeMap<String, u64> =
        expected.iter().map(|(series, value)| ((*series).to_owned(), *value)).collect();
    assert_eq!(read(&page), expected);
    for secret in ["Alice", "192.0.2", "account:", "0101", "0202"] {
        assert!(!page.contains(secret), "{secret}");
    }
}

#[test]
fn what_does_not_answer_is_left_out_and_the_mailbox_is_down() {
    let mute = Sample { mailbox: None, status: None, store: None, ..full() };
    let values = read(&text(&mute));
    assert_eq!(values.get("starling_mailbox_up"), Some(&0));
    assert_eq!(values.keys().filter(|series| series.starts_with("starling_mailbox")).count(), 1);
    assert_eq!(values.len(), 4, "{values:?}");
}

#[test]
fn only_names_and_addresses_of_this_machine_are_local() {
    for host in
        ["localhost", "LOCALHOST:9464", "127.0.0.1", "127.0.0.1:1", "127.9.9.9", "[::1]", "[::1]:9464"]
    {
        assert!(is_local(host), "{host}");
    }
    let others = [
        "",
        ":",
        ":80",
        "::1",
        "[::1",
        "[::1]x",
        "localhost:",
        "localhost:x",
        "localhost:70000",
        "localhost.",
        "localhost.evil.example",
        "evil.example",
        "evil.example:9464",
        "127.0.0.1.evil.example",
        "192.0.2.1",
        "0.0.0.0",
        "me@localhost",
        "[::2]:9464",
        "localhost evil",
    ];
    for host in others {
        assert!(!is_local(host), "{host}");
    }
}

/// A server of one word. It ends when the sender goes.
async fn word(limit: Duration) -> (SocketAddr, oneshot::Sender<()>) {
    let web = Web::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let (end, ended) = oneshot::channel::<()>();
    let (addr, stop) = (web.addr(), async move { drop(ended.await) });
    tokio::spawn(serve(web.listener, stop, || async { "figures\n".to_owned() }, limit));
    (addr, end)
}

/// What comes back for a request, to the end of the connection.
async fn ask(addr: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(SOON, stream.read_to_end(&mut answer)).await.expect("no end in time").unwrap();
    String::from_utf8(answer).unwrap()
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

#[tokio::test]
async fn the_figures_are_read_at_their_path_and_nothing_else_is_there() {
    let (addr, _end) = word(SOON).await;
    let page = ask(addr, &get("/metrics")).await;
    assert!(page.starts_with("HTTP/1.1 200 ") && page.ends_with("\r\n\r\nfigures\n"), "{page}");
    assert!(page.contains("content-type: text/plain; version=0.0.4"), "{page}");
    assert!(page.contains("connection: close"), "{page}");
    assert!(ask(addr, &get("/metrics?name=x")).await.starts_with("HTTP/1.1 200 "));
    let head = ask(addr, "HEAD /metrics HTTP/1.1\r\nHost: [::1]:1\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"), "{head}");
    for path in ["/", "/rpc", "/metrics/", "//metrics", "/../metrics"] {
        assert!(ask(addr, &get(path)).await.starts_with("HTTP/1.1 404 "), "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
        let request = format!("{method} /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let answer = ask(addr, &request).await;
        assert!(
            answer.starts_with("HTTP/1.1 405 ") && answer.contains("allow: GET, HEAD"),
            "{method} {answer}"
        );
    }
}

#[tokio::test]
async fn who_asks_for_another_host_or_none_is_refused() {
    let (addr, _end) = word(SOON).await;
    let foreign = [
        "GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "GET /metrics HTTP/1.1\r\n\r\n",
        "GET /metrics HTTP/1.0\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        "GET http://evil.example/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    ];
    for request in foreign {
        let answer = ask(addr, request).await;
        assert!(answer.starts_with("HTTP/1.") && answer.contains(" 403 "), "{request} {answer}");
        assert!(!answer.contains("figures\n"));
    }
}

#[tokio::test]
async fn requests_that_are_too_large_or_no_requests_do_no_harm() {
    let (addr, _end) = word(SOON).await;
    let many = format!("GET /metrics HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "a: b\r\n".repeat(HEADERS));
    assert!(ask(addr, &many).await.starts_with("HTTP/1.1 431 "));
    // It may be cut off before all of it was written.
    let long = format!("GET /metrics HTTP/1.1\r\nHost: localhost\r\na: {}\r\n", "b".repeat(HEADER_BYTES));
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let _ = stream.write_all(long.as_bytes()).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(SOON, stream.read_to_end(&mut answer)).await.expect("not closed");
    assert!(read.is_err() || answer.starts_with(b"HTTP/1.1 431 "));
    assert!(!ask(addr, "\u{1}\u{2}\r\n\r\n").await.contains("200"));
    assert!(ask(addr, &get("/metrics")).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn one_too_many_waits_until_an_idle_one_has_had_its_time() {
    let (addr, _end) = word(Duration::from_secs(2)).await;
    let mut idle = Vec::new();
    for _ in 0..CONNECTIONS {
        idle.push(TcpStream::connect(addr).await.unwrap());
    }
    let answer = ask(addr, &get("/metrics")).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    // Its place was somebody's before: at least one was closed by then.
    let closed = idle.iter().filter(|stream| matches!(stream.try_read(&mut [0; 8]), Ok(0))).count();
    assert!(closed > 0, "more than {CONNECTIONS} were served at once");
}

#[tokio::test]
async fn an_address_that_others_reach_is_not_listened_on() {
    for addr in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let refused = Web::bind(addr.parse().unwrap()).await.err().map(|fault| fault.kind());
        assert_eq!(refused, Some(io::ErrorKind::InvalidInput), "{addr}");
    }
}

fn profile(dir: &tempfile::TempDir) -> Profile {
    let profile = Profile::locate(Some(dir.path().join("p")), None).unwrap();
    init(&profile, "Alice", None).unwrap();
    profile
}

fn options(profile: &Profile, web: Option<SocketAddr>) -> StartOptions {
    StartOptions {
        profile: profile.clone(),
        passphrase: None,
        listen: vec!["/ip4/127.0.0.1/tcp/0".to_owned()],
        peers: Vec::new(),
        lan: Some(false),
        serve: None,
        web,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_serves_its_figures_until_it_ends() {
    let dir = tempfile::tempdir().unwrap();
    let profile = profile(&dir);
    Config::write(&profile.config(), "web", "127.0.0.1:0").unwrap();
    let node = start(options(&profile, None)).await.unwrap();
    let addr = node.web().expect("the configuration asks for it");
    let page = ask(addr, &get("/metrics")).await;
    let (_, body) = page.split_once("\r\n\r\n").unwrap();
    let values = read(body);
    assert_eq!(values.len(), 22, "{page}");
    assert_eq!(values.get("starling_mailbox_up"), Some(&1));
    assert!(values.get("starling_store_bytes").is_some_and(|bytes| *bytes > 0));
    node.handle().stop();
    tokio::time::timeout(SOON, node.stopped()).await.expect("it does not end").unwrap();
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_named_and_nothing_starts() {
    let dir = tempfile::tempdir().unwrap();
    let profile = profile(&dir);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap();
    let fault = start(options(&profile, Some(addr))).await.err().expect("it started");
    assert!(matches!(fault, StartError::Web { .. }));
    assert!(fault.to_string().contains(&addr.to_string()), "{fault}");
    assert!(profile.lock().is_ok() && !profile.socket().exists());
}
