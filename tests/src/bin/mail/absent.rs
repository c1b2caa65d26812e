//! Two people who are never on line together.

use super::{Wanted, secs};
use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use starling_node::api::client::Client;
use starling_node::api::types::{Message, Sent};
use starling_tests::figures::{Report, TEXT_BYTES, peak_mb, percentile};
use starling_tests::live::{Person, friends_with, is_alone, keeper, posted, wait_for};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Messages of the first show.
const GONE: usize = 1_000;
/// What a box may hold, in MiB: a quarter of it is for one contact.
const QUOTA_MIB: u32 = 256;
/// Calls to the sender's node at once.
const CALLS: u32 = 64;
/// For the recipient to have everything.
const PATIENCE: Duration = Duration::from_secs(300);
/// Messages in one answer of the API.
const PAGE: usize = 500;

/// Sends so many texts to Bob, and gives them in the order in which the node accepted them.
async fn send(alice: &Person, count: usize) -> Result<Vec<String>> {
    let client = alice.client().await?;
    let places = Arc::new(Semaphore::new(usize::try_from(CALLS)?));
    for number in 0..count {
        let place = Arc::clone(&places).acquire_owned().await?;
        let client = client.clone();
        tokio::spawn(async move {
            let text = format!("{number:0width$}", width = TEXT_BYTES);
            let sent: Result<Sent, _> = client.call("send", json!({ "to": "@bob", "text": text })).await;
            drop(place);
            sent.map(|_| ())
        });
    }
    drop(places.acquire_many(CALLS).await?);
    let said = all(&client, "@bob").await?;
    ensure!(said.len() == count, "{} of {count} were accepted", said.len());
    Ok(said)
}

/// All texts of a chat, oldest first.
async fn all(client: &Client, chat: &str) -> Result<Vec<String>> {
    let (mut texts, mut before) = (Vec::new(), None::<String>);
    loop {
        let params = json!({ "chat": chat, "limit": PAGE, "before": before });
        let page: Vec<Message> = client.call("log", params).await?;
        let Some(first) = page.first() else { break };
        before = Some(first.id.clone());
        texts.push(page.into_iter().map(|message| message.text).collect::<Vec<_>>());
    }
    Ok(texts.into_iter().rev().flatten().collect())
}

/// Starts Bob and waits until he has everything: how long that took, and the most memory his node had.
async fn take(bob: &mut Person, said: &[String]) -> Result<(Duration, f64)> {
    let last = said.last().context("nothing was said")?;
    let begun = Instant::now();
    bob.start()?;
    let client = bob.client().await?;
    wait_for("the last message is there", PATIENCE, || async {
        let log: Vec<Message> = client.call("log", json!({ "chat": "@alice", "limit": 1 })).await?;
        Ok(log.iter().any(|message| message.text == *last).then_some(()))
    })
    .await?;
    let took = begun.elapsed();
    let shown = all(&client, "@alice").await?;
    ensure!(shown == said, "{} of {} are shown, or not in order", shown.len(), said.len());
    Ok((took, peak_mb(bob.pid().context("no node")?)?))
}

/// Two mailboxes, one of them killed before the recipient starts.
pub async fn gone(report: &mut Report, wanted: &Wanted) -> Result<()> {
    let (mut times, mut promised) = (Vec::new(), Vec::new());
    for _ in 0..wanted.rounds {
        let base = tempfile::tempdir()?;
        let (mut one, other) = (keeper(base.path(), "one", &[])?, keeper(base.path(), "other", &[])?);
        let (mut alice, mut bob) = friends_with(base.path(), &[&one, &other], QUOTA_MIB).await?;
        alice.start()?;
        let begun = Instant::now();
        let said = send(&alice, GONE).await?;
        posted(&alice, u64::try_from(GONE)?).await?;
        promised.push(begun.elapsed());
        is_alone(&alice, &bob).await?;
        alice.terminate()?;
        one.kill()?;
        times.push(take(&mut bob, &said).await?.0);
    }
    times.sort();
    promised.sort();
    let (median, worst) = (percentile(&times, 50), times.last().copied().unwrap_or_default());
    let kept = percentile(&promised, 50);
    report.line(
        "gone_median_s",
        secs(median),
        &format!(
            "{GONE} messages of {TEXT_BYTES} B, never on line together, one of two mailboxes killed: all there, once and in \
             order, {:.2} s after the recipient's start (worst {:.2} s of {}); kept {:.2} s after the first was sent",
            secs(median),
            secs(worst),
            times.len(),
            secs(kept)
        ),
    );
    report.values.insert("gone_worst_s".to_owned(), secs(worst).into());
    report.values.insert("gone_promised_s".to_owned(), secs(kept).into());
    Ok(())
}

/// Many messages that wait at one mailbox.
pub async fn drain(report: &mut Report, wanted: &Wanted) -> Result<()> {
    let base = tempfile::tempdir()?;
    let only = keeper(base.path(), "only", &[])?;
    let (mut alice, mut bob) = friends_with(base.path(), &[&only], QUOTA_MIB).await?;
    alice.start()?;
    let begun = Instant::now();
    let said = send(&alice, wanted.messages).await?;
    posted(&alice, u64::try_from(said.len())?).await?;
    let kept = begun.elapsed();
    alice.terminate()?;
    let (took, peak) = take(&mut bob, &said).await?;
    let count = said.len();
    report.line(
        "drain_s",
        secs(took),
        &format!(
            "{count} messages of {TEXT_BYTES} B that waited at a mailbox: all there {:.2} s after the recipient's start, whose \
             node had at most {peak:.0} MB; kept {:.2} s after the first was sent",
            secs(took),
            secs(kept)
        ),
    );
    report.values.insert("drain_peak_mb".to_owned(), peak.round().into());
    report.values.insert("drain_promised_s".to_owned(), secs(kept).into());
    Ok(())
}
