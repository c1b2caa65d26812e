//! A mailbox with ten thousand queues and a hundred thousand envelopes: how many it takes and gives per second, each
//! of them committed to its disk before it is promised.

use super::{Wanted, secs};
use anyhow::{Context as _, Result, bail, ensure};
use starling_protocol::kdf;
use starling_protocol::mail::{Answer, BATCH, Entry, MailboxLink, Promise, QueueId, Request, envelope};
use starling_protocol::rng::Rng;
use starling_tests::figures::{Report, ms, peak_mb, percentile, usage};
use starling_tests::live::{Desk, Line, grant, keeper};
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Boxes, and queues in each: ten thousand queues.
const BOXES: usize = 20;
const QUEUES: usize = 500;
/// What each box may hold, in MiB, and each queue in bytes.
const QUOTA_MIB: u32 = 64;
const LIMIT_BYTES: u64 = 8 << 20;
/// Connections, and streams on each, over which envelopes are left.
const DESKS: usize = 8;
const LINES: usize = 8;
/// Deposits of one stream that wait for their promise. One stream alone is no measure of a mailbox.
const WINDOW: usize = 8;
/// Deposits one after the other, for the time of one.
const TURNS: usize = 500;
/// Of so many promises one is checked.
const CHECKED: usize = 100;
const PAGE_BYTES: u32 = 1 << 20;

/// One box: its owner's token.
fn token(number: usize) -> [u8; 32] {
    kdf::derive("bench box", &[&number.to_le_bytes()])
}

fn queue(number: usize) -> QueueId {
    kdf::derive_short("bench queue", &[&number.to_le_bytes()])
}

fn deposit_token(number: usize) -> [u8; 32] {
    kdf::derive("bench deposit", &[&number.to_le_bytes()])
}

/// The next envelope: chance of the smallest length, since a mailbox cannot tell it from a sealed one.
fn sealed(rng: &mut Rng) -> Vec<u8> {
    let mut bytes: Vec<u8> =
        std::iter::repeat_with(|| rng.bytes::<64>()).flatten().take(envelope::SMALLEST).collect();
    if let Some(version) = bytes.first_mut() {
        *version = 1;
    }
    bytes
}

/// A mailbox, and how to reach it.
struct Office {
    link: MailboxLink,
    addrs: Vec<String>,
}

impl Office {
    /// Some streams, [`LINES`] on each connection. They live as long as their connections.
    async fn lines(&self, count: usize) -> Result<(Vec<Desk>, Vec<Line>)> {
        let (mut desks, mut lines) = (Vec::new(), Vec::new());
        for number in 0..count {
            if number % LINES == 0 {
                desks.push(Desk::call(self.link.mailbox, self.addrs.clone()).await?);
            }
            lines.push(desks.last_mut().context("no connection")?.line().await?);
        }
        Ok((desks, lines))
    }

    /// Opens a box on each of these streams, and registers its queues.
    async fn furnish(&self, owners: &mut [Line]) -> Result<()> {
        for (number, line) in owners.iter_mut().enumerate() {
            let grant = Some(self.link.grant.clone());
            let open = Request::Open { token: token(number), grant, run: 1 };
            let Answer::Opened { .. } = line.ask(&open).await? else { bail!("no box") };
            let entry = |number| Entry {
                queue: queue(number),
                deposit: kdf::hash(&deposit_token(number)),
                limit_bytes: LIMIT_BYTES,
            };
            let entries: Vec<Entry> = (number * QUEUES..(number + 1) * QUEUES).map(entry).collect();
            for batch in entries.chunks(BATCH) {
                line.done(&Request::Register(batch.to_vec())).await?;
            }
            line.done(&Request::Settle).await?;
        }
        Ok(())
    }
}

/// Leaves so many envelopes over one stream, into one queue after the other, with [`WINDOW`] on the way.
async fn leave(mut line: Line, office: MailboxLink, seed: usize, count: usize) -> Result<()> {
    let mut rng = Rng::from_number(u64::try_from(seed)?);
    let mut waiting = VecDeque::new();
    let mut said = 0;
    for number in 0..count {
        while said < count && said < number + WINDOW {
            let at = (seed * count + said) % (BOXES * QUEUES);
            let envelope = sealed(&mut rng);
            waiting.push_back((queue(at), kdf::hash(&envelope)));
            line.say(&Request::Deposit { queue: queue(at), token: deposit_token(at), envelope }).await?;
            said += 1;
        }
        let answer = line.next().await?;
        let Answer::Promise(signed) = answer else { bail!("{answer:?}") };
        let (queue, hash) = waiting.pop_front().context("a promise nobody waits for")?;
        if number % CHECKED == 0 {
            Promise::open(&signed, &office.mailbox, &queue, &hash).context("a promise that does not hold")?;
        }
    }
    Ok(())
}

/// Fetches a box to its end: the numbers of what lies there.
async fn fetch(line: &mut Line) -> Result<Vec<u64>> {
    let mut numbers: Vec<u64> = Vec::new();
    loop {
        let after = numbers.last().copied().unwrap_or(0);
        line.say(&Request::Fetch { after, bytes: PAGE_BYTES }).await?;
        let more = loop {
            match line.next().await? {
                Answer::Item(item) => numbers.push(item.number),
                Answer::PageEnd { more } => break more,
                Answer::News => {}
                other => bail!("{other:?}"),
            }
        };
        if !more {
            return Ok(numbers);
        }
    }
}

/// The time of one deposit on a mailbox that does nothing else.
async fn one_by_one(line: &mut Line) -> Result<Vec<Duration>> {
    let mut rng = Rng::from_number(99);
    let mut times = Vec::with_capacity(TURNS);
    for at in 0..TURNS {
        let request =
            Request::Deposit { queue: queue(at), token: deposit_token(at), envelope: sealed(&mut rng) };
        let begun = Instant::now();
        let answer = line.ask(&request).await?;
        times.push(begun.elapsed());
        ensure!(matches!(answer, Answer::Promise(_)), "{answer:?}");
    }
    times.sort();
    Ok(times)
}

async fn all<T: Send + 'static>(mut tasks: JoinSet<Result<T>>) -> Result<Vec<T>> {
    let mut done = Vec::new();
    while let Some(one) = tasks.join_next().await {
        done.push(one??);
    }
    Ok(done)
}

/// See the module.
pub async fn office(report: &mut Report, wanted: &Wanted) -> Result<()> {
    let base = tempfile::tempdir()?;
    let keeper = keeper(base.path(), "keeper", &[])?;
    let pid = keeper.pid().context("no node")?;
    let link = grant(&keeper, u32::try_from(BOXES)?, QUOTA_MIB).await?;
    let link = MailboxLink::from_link(&link)?;
    let office = Office { link, addrs: vec![format!("/ip4/127.0.0.1/tcp/{}", keeper.port)] };
    let (_owning, mut owners) = office.lines(BOXES).await?;
    office.furnish(&mut owners).await?;
    let (_leaving, mut lines) = office.lines(DESKS * LINES).await?;

    let times = one_by_one(lines.first_mut().context("no stream")?).await?;
    let (p50, p99) = (percentile(&times, 50), percentile(&times, 99));
    report.line(
        "deposit_p50_ms",
        ms(p50),
        &format!(
            "one deposit after the other, each promised: median {:.3} ms, p99 {:.3} ms",
            ms(p50),
            ms(p99)
        ),
    );

    let streams = lines.len();
    let each = wanted.envelopes.saturating_sub(TURNS) / streams;
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for (seed, line) in lines.into_iter().enumerate() {
        tasks.spawn(leave(line, office.link.clone(), seed, each));
    }
    all(tasks).await?;
    let took = begun.elapsed();
    let count = each * streams;
    let rate = count as f64 / took.as_secs_f64();
    report.line(
        "deposits_per_s",
        rate.round(),
        &format!(
            "{count} deposits of {} B into {} queues over {streams} streams: {rate:.0} promised per second, each committed \
             first ({:.1} s)",
            envelope::SMALLEST,
            BOXES * QUEUES,
            secs(took)
        ),
    );

    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for mut line in owners {
        tasks.spawn(async move { fetch(&mut line).await.map(|numbers| (line, numbers)) });
    }
    let fetched = all(tasks).await?;
    let took = begun.elapsed();
    let found: usize = fetched.iter().map(|(_, numbers)| numbers.len()).sum();
    ensure!(found == count + TURNS, "{found} of {} are there", count + TURNS);
    let rate = found as f64 / took.as_secs_f64();
    report.line(
        "fetches_per_s",
        rate.round(),
        &format!(
            "{found} envelopes fetched from {BOXES} boxes at once: {rate:.0} per second ({:.1} s)",
            secs(took)
        ),
    );

    let (rss, peak) = (usage(pid)?.0, peak_mb(pid)?);
    report.line(
        "office_rss_mb",
        rss.round(),
        &format!(
            "memory of that mailbox with {found} envelopes on its disk: {rss:.0} MB, at most {peak:.0} MB"
        ),
    );
    report.values.insert("office_peak_mb".to_owned(), peak.round().into());

    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for (mut line, numbers) in fetched {
        tasks.spawn(async move {
            for batch in numbers.chunks(BATCH) {
                line.done(&Request::Ack(batch.to_vec())).await?;
            }
            ensure!(fetch(&mut line).await?.is_empty(), "something is still there");
            Ok(())
        });
    }
    all(tasks).await?;
    let rate = found as f64 / begun.elapsed().as_secs_f64();
    report.line(
        "acks_per_s",
        rate.round(),
        &format!("and acked away, {BATCH} at a time: {rate:.0} envelopes per second"),
    );
    Ok(())
}
