//! Many members with a few neighbours each, chosen by chance: how much comes, and how soon. Not more than fifty: their DHT
//! connects all with all, which for a hundred takes half a minute of a busy machine.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::{Member, admit, reaches_all};

/// After the last word, for stragglers: gossipsub mends losses at its heartbeats, once a second.
const STRAGGLERS: Duration = Duration::from_secs(5);

/// The same choice on every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

/// Each newcomer knows two or three of those who are there: four to six neighbours on average, and nobody is cut off.
async fn crowd(count: usize) -> Vec<Member> {
    let mut dice = Dice(1);
    let mut members: Vec<Member> = Vec::new();
    for n in 0..count {
        let mut chosen = BTreeSet::new();
        while chosen.len() < n.min(2 + dice.below(2)) {
            chosen.insert(dice.below(n));
        }
        let addrs: Vec<_> = chosen.iter().map(|n| members[*n].addr.clone()).collect();
        let mut new = Member::new(&addrs).await;
        for n in chosen {
            admit(&mut members[n], &mut new).await;
        }
        members.push(new);
    }
    members
}

fn percentile(sorted: &[Duration], share: f64) -> Duration {
    sorted[((sorted.len() - 1) as f64 * share) as usize]
}

/// So many words, one after another, each by somebody else; what share of them came, and when. Each costs every member
/// about four packets: a debug build on two cores carries some thousand a second.
async fn measure(count: usize, words: usize, pace: Duration) -> f64 {
    let began = Instant::now();
    let mut members = crowd(count).await;
    let there = began.elapsed();
    for speaker in [0, count / 2, count - 1] {
        reaches_all(&mut members, speaker).await;
    }
    let settled = began.elapsed();
    let speaker = |n: usize| n * 7 % count;
    let mut said = Vec::new();
    for n in 0..words {
        said.push(Instant::now());
        members[speaker(n)].says(format!("word {n}").as_bytes()).await;
        sleep(pace).await;
    }
    let wanted = words * (count - 1);
    let mut times = Vec::new();
    let until = Instant::now() + STRAGGLERS;
    for (m, member) in members.iter_mut().enumerate() {
        let mut missing: BTreeSet<usize> = (0..words).filter(|n| speaker(*n) != m).collect();
        while !missing.is_empty()
            && let Ok(what) = timeout_at(until, member.heard.recv()).await
        {
            let what = what.expect("network gone");
            let text = String::from_utf8(what.data).unwrap();
            // What was said to find out whether all are there may come late.
            let Some(n) = text.strip_prefix("word ").map(|n| n.parse().unwrap()) else { continue };
            assert!(missing.remove(&n), "heard twice");
            times.push(what.at - said[n]);
        }
    }
    times.sort_unstable();
    let share = times.len() as f64 / wanted as f64;
    println!(
        "{count} members: there in {there:?}, settled in {settled:?}; {:.2} % of {wanted} delivered, p50 {:?}, p99 {:?}, worst {:?}",
        100.0 * share,
        percentile(&times, 0.5),
        percentile(&times, 0.99),
        times.last().unwrap(),
    );
    share
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_members_with_few_neighbours_hear_all() {
    assert!(measure(50, 40, Duration::from_millis(100)).await >= 0.99);
}
