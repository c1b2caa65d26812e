//! Somebody comes into a room in which much was said, and may read all of it: how soon the last page is there, how soon
//! everything, and what travels for it. Two real nodes on loopback.

use super::five::{let_in, roof};
use super::{Wanted, secs};
use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use starling_node::api::client::{Client, Wanted as Events};
use starling_node::api::types::{Message, Object, Sent};
use starling_tests::figures::{Report, TEXT_BYTES, loopback_bytes, peak_mb};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Messages of the last page.
const LAST: usize = 50;
/// Messages in one answer of the API.
const PAGE: usize = 500;
/// Calls to the author's node at once.
const CALLS: u32 = 64;
/// For the next message to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Says so much into the room, and gives all texts in the order of the room.
async fn say(client: &Client, count: usize) -> Result<Vec<String>> {
    let places = Arc::new(Semaphore::new(usize::try_from(CALLS)?));
    for number in 0..count {
        let place = Arc::clone(&places).acquire_owned().await?;
        let client = client.clone();
        tokio::spawn(async move {
            let text = format!("{number:0width$}", width = TEXT_BYTES);
            let sent: Result<Sent, _> = client.call("send", json!({ "to": "#roof", "text": text })).await;
            drop(place);
            sent.map(|_| ())
        });
    }
    drop(places.acquire_many(CALLS).await?);
    let said = page_by_page(client).await?;
    ensure!(said.len() == count, "{} of {count} were accepted", said.len());
    Ok(said)
}

/// All texts that somebody said, in the order of the room.
async fn page_by_page(client: &Client) -> Result<Vec<String>> {
    let (mut pages, mut before) = (Vec::new(), None::<String>);
    loop {
        let params = json!({ "chat": "#roof", "limit": PAGE, "before": before });
        let page: Vec<Message> = client.call("log", params).await?;
        let Some(first) = page.first() else { break };
        before = Some(first.id.clone());
        pages.push(page);
    }
    let texts = pages.into_iter().rev().flatten().map(|message| message.text);
    Ok(texts.filter(|text| text.len() == TEXT_BYTES).collect())
}

/// See the module.
pub async fn newcomer(report: &mut Report, wanted: &Wanted) -> Result<()> {
    let base = tempfile::tempdir()?;
    let people = roof(base.path(), &["alice", "bob"]).await?;
    let [(_, alice), (bob, client)] = &people[..] else { return Ok(()) };
    let said = say(alice, wanted.messages).await?;
    let wanted = Events { types: vec!["message".to_owned()], ..Events::since("now") };
    let mut events = client.subscribe(&wanted).await?;

    let before = loopback_bytes()?;
    let begun = Instant::now();
    let_in(alice, bob, client).await?;
    let inside = begun.elapsed();
    let mut missing: BTreeSet<&str> = said.iter().map(String::as_str).collect();
    let mut last: BTreeSet<&str> = said.iter().rev().take(LAST).map(String::as_str).collect();
    let mut page = None;
    while !missing.is_empty() {
        let left = missing.len();
        let event = timeout(PATIENCE, events.next()).await.with_context(|| format!("{left} never came"))?;
        let Object::Message(message) = event.context("the node is gone")? else { continue };
        missing.remove(message.text.as_str());
        last.remove(message.text.as_str());
        if last.is_empty() && page.is_none() {
            page = Some((begun.elapsed(), loopback_bytes()?.saturating_sub(before)));
        }
    }
    let (all, bytes) = (begun.elapsed(), loopback_bytes()?.saturating_sub(before));
    let (page, page_bytes) = page.context("no last page")?;
    ensure!(page_by_page(client).await? == said, "not in order");
    let count = said.len();
    report.line(
        "newcomer_page_s",
        secs(page),
        &format!(
            "a newcomer to a room with {count} messages of {TEXT_BYTES} B: the last {LAST} are there {:.2} s after they \
             were asked in ({:.2} s until they were in); {:.0} kB on loopback by then",
            secs(page),
            secs(inside),
            page_bytes as f64 / 1e3
        ),
    );
    report.line(
        "newcomer_all_s",
        secs(all),
        &format!(
            "  all are there after {:.2} s; {:.1} MB, {:.0} B for each",
            secs(all),
            bytes as f64 / 1e6,
            bytes as f64 / count as f64
        ),
    );
    let values = [
        ("newcomer_in_s", secs(inside).into()),
        ("newcomer_page_bytes", page_bytes.into()),
        ("newcomer_bytes", bytes.into()),
        ("newcomer_peak_mb", peak_mb(bob.pid().context("no node")?)?.round().into()),
    ];
    report.values.extend(values.map(|(name, value): (&str, serde_json::Value)| (name.to_owned(), value)));
    Ok(())
}
