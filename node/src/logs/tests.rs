#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use tracing_subscriber::layer::SubscriberExt;

fn logged(private: bool, work: impl FnOnce()) -> Logs {
    let logs = Logs::new(private);
    let subscriber = tracing_subscriber::registry().with(logs.clone());
    tracing::subscriber::with_default(subscriber, work);
    logs
}

fn texts(logs: &Logs) -> Vec<String> {
    logs.lines(0, Level::Trace).into_iter().map(|line| line.text).collect()
}

#[test]
fn names_texts_ids_and_addresses_become_tags_that_stay_the_same() {
    let logs = logged(false, || {
        tracing::warn!(addr = %"/ip4/192.0.2.7/tcp/4001", "not listening");
        tracing::info!("dialled 192.0.2.8:99 and [2001:db8::1], relay.example.org said no to @ilse");
        tracing::info!(name = "Ilse Brandt", account = "k7f3", text = "I am at home", count = 7, "seen");
        tracing::info!("from=192.0.2.9 Some(192.0.2.10:41) Peer(at:\"[2001:db8::2]:9\")");
        tracing::info!("12D3KooWAbCdEfGhIjKlMnOpQrStUvWx at /home/ilse/.local and /ip4/192.0.2.7/tcp/4001");
    });
    let text = texts(&logs).join("\n");
    for secret in ["192.0", "2001:", "relay.example", "ilse", "Ilse", "k7f3", "home", "12D3"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    assert!(text.contains("count=7") && text.contains("not listening") && text.contains("said no to"));
    let tag = |line: usize, at: &str| {
        let line = texts(&logs)[line].clone();
        line.split_whitespace().find_map(|word| word.strip_prefix(at).map(str::to_owned)).unwrap()
    };
    assert_eq!(tag(0, "addr=address#"), tag(4, "address#"));
}

#[test]
fn a_private_log_keeps_words_as_they_are_but_no_control_characters() {
    let logs = logged(true, || tracing::info!(name = "Ilse\u{1b}[2J", "at 192.0.2.8"));
    assert_eq!(texts(&logs), ["at 192.0.2.8 name=Ilse[2J"]);
}

#[test]
fn only_the_newest_lines_are_kept_by_number_and_by_size() {
    let logs = logged(true, || {
        for number in 0..LINES + 10 {
            tracing::info!(number, "line");
        }
    });
    let lines = logs.lines(0, Level::Trace);
    assert_eq!((lines.len(), lines[0].number), (LINES, 11));
    let logs = logged(true, || {
        for _ in 0..1_000 {
            tracing::info!("{}", "é".repeat(2 * LINE_BYTES));
        }
    });
    let lines = logs.lines(0, Level::Trace);
    assert!(lines.iter().all(|line| line.text.len() <= LINE_BYTES));
    assert!(lines.iter().map(|line| line.text.len()).sum::<usize>() <= BYTES && lines.len() > 400);
}

#[test]
fn lines_are_given_from_a_number_on_and_by_how_grave_they_are() {
    let logs = logged(false, || {
        tracing::debug!("one");
        tracing::error!("two");
        tracing::info!("three");
    });
    let numbers = |since, level| logs.lines(since, level).iter().map(|line| line.number).collect::<Vec<_>>();
    assert_eq!(numbers(0, Level::Trace), [1, 2, 3]);
    assert_eq!(numbers(0, Level::Info), [2, 3]);
    assert_eq!(numbers(2, Level::Trace), [3]);
    assert_eq!(numbers(0, Level::Error), [2]);
}

#[test]
fn the_node_finds_the_log_that_its_process_writes() {
    let logs = Logs::new(false);
    let filter = tracing_subscriber::EnvFilter::new("info");
    let subscriber = tracing_subscriber::registry().with(logs.clone().with_filter(filter));
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!("here");
        assert_eq!(texts(&Logs::present()), ["here"]);
    });
    assert!(texts(&Logs::present()).is_empty());
}
