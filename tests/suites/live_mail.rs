//! Real nodes that are never on line together, and the mailboxes between them: killed for ever, killed at any moment,
//! full, kept by friends, found by nothing but an invite.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr
)]

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use starling_node::api::types::{Invite, Message, Net, Status};
use starling_protocol::mail::CARD_BYTES;
use starling_protocol::rng::Rng;
use starling_tests::live::{
    Crowd, Person, befriend, contact, drained, friends_with, grant, is_alone, keeper, knows_mailboxes, open,
    posted, send_surely, texts, use_all, wait_for,
};
use std::time::Duration;

/// Room for everything a test sends.
const QUOTA_MIB: u32 = 64;
const PATIENCE: Duration = Duration::from_secs(60);

async fn shown(person: &Person, friend: &str, count: usize) -> Result<Vec<String>> {
    let client = person.client().await?;
    wait_for(&format!("{} is shown {count} messages", person.name), PATIENCE, || async {
        let shown = texts(&client, friend).await?;
        Ok((shown.len() >= count).then_some(shown))
    })
    .await
}

/// The first show: two mailboxes, one of them gone for ever after it promised.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_lay_at_two_mailboxes_arrives_once_and_in_order_though_one_is_gone_for_ever() -> Result<()> {
    let base = tempfile::tempdir()?;
    let (mut one, other) = (keeper(base.path(), "one", &[])?, keeper(base.path(), "other", &[])?);
    let (mut alice, mut bob) = friends_with(base.path(), &[&one, &other], QUOTA_MIB).await?;
    alice.start()?;
    let mut said = Vec::new();
    for number in 0..200 {
        said.push(format!("message {number}"));
        send_surely(&alice, "@bob", &said[number]).await?;
    }
    posted(&alice, 200).await?;
    is_alone(&alice, &bob).await?;
    alice.terminate()?;
    one.kill()?;
    bob.start()?;
    assert_eq!(shown(&bob, "@alice", said.len()).await?, said);
    is_alone(&bob, &alice).await?;
    // The answers come back the same way: once they lie there, bob's mail there is gone.
    wait_for("bob's mail is answered", PATIENCE, || async {
        let all: Vec<Value> = bob.client().await?.call("mailbox.list", json!({})).await?;
        // Nothing is left there but his card.
        let empty = |one: &Value| one["state"] == "ok" && one["bytes"].as_u64() <= Some(CARD_BYTES as u64);
        Ok(all.iter().any(empty).then_some(()))
    })
    .await?;
    assert!(held(&other).await? > 0, "the answers lie at alice's mailbox");
    bob.terminate()?;
    alice.start()?;
    drained(&alice).await?;
    let log: Vec<Message> =
        alice.client().await?.call("log", json!({ "chat": "@bob", "limit": 1000 })).await?;
    assert!(log.iter().all(|message| message.state == "delivered"), "{:?}", log.last());
    Ok(())
}

/// Envelopes a mailbox holds.
async fn held(keeper: &Person) -> Result<u64> {
    let status: Status = keeper.client().await?.call("status", json!({})).await?;
    Ok(status.serving_mail.context("no mail is kept here")?.letters)
}

/// F3: what a mailbox promised is there, whenever it is killed; what it did not promise is left again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_that_is_killed_at_any_moment_loses_and_doubles_nothing() -> Result<()> {
    let base = tempfile::tempdir()?;
    let mut only = keeper(base.path(), "only", &[])?;
    let (mut alice, mut bob) = friends_with(base.path(), &[&only], QUOTA_MIB).await?;
    let mut rng = Rng::from_number(11);
    let mut said = Vec::new();
    let kills = kills(6);
    alice.start()?;
    for _ in 0..kills {
        for _ in 0..10 {
            said.push(format!("message {}", said.len()));
            send_surely(&alice, "@bob", &said[said.len() - 1]).await?;
        }
        // Deposits begin some two seconds after there is something: somewhere among them.
        std::thread::sleep(Duration::from_micros(1_900_000 + rng.below(300_000)));
        only.kill()?;
        open(&mut only, &[])?;
    }
    posted(&alice, u64::try_from(said.len())?).await?;
    alice.terminate()?;
    for _ in 0..kills {
        bob.start()?;
        std::thread::sleep(Duration::from_micros(rng.below(400_000)));
        only.kill()?;
        open(&mut only, &[])?;
        if rng.below(2) == 0 {
            bob.kill()?;
        } else {
            bob.terminate()?;
        }
    }
    bob.start()?;
    assert_eq!(shown(&bob, "@alice", said.len()).await?, said);
    is_alone(&bob, &alice).await?;
    alice.start()?;
    drained(&alice).await?;
    assert_eq!(texts(&bob.client().await?, "@alice").await?, said);
    Ok(())
}

/// The short run of every test, or what `STARLING_KILLS` says (`messages,kills`).
fn kills(short: usize) -> usize {
    let long = std::env::var("STARLING_KILLS").ok();
    long.and_then(|text| text.split_once(',')?.1.parse().ok()).unwrap_or(short)
}

/// A friend's node keeps the mail, by one question and one answer on the command line.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn friends_keep_mail_for_each_other() -> Result<()> {
    let base = tempfile::tempdir()?;
    let mut people = Vec::new();
    for name in ["alice", "bob", "carol"] {
        let mut person = Person::new(base.path(), name)?;
        person.start()?;
        people.push(person);
    }
    let [mut alice, mut bob, carol] = <[Person; 3]>::try_from(people).ok().context("three")?;
    befriend(&alice, &bob).await?;
    befriend(&alice, &carol).await?;
    let asked = alice.run(&["mailbox", "ask", "@carol"])?;
    assert_eq!(asked.code, 0, "{asked:?}");
    let carols = carol.client().await?;
    wait_for("carol is asked", PATIENCE, || async {
        let all: Vec<Value> = carols.call("mailbox.list", json!({})).await?;
        Ok(all.iter().any(|one| one["role"] == "asks").then_some(()))
    })
    .await?;
    let accepted = carol.run(&["mailbox", "accept", "@alice"])?;
    assert_eq!(accepted.code, 0, "{accepted:?}");
    knows_mailboxes(&bob, &alice, 1).await?;
    let list: Vec<Value> = carols.call("mailbox.list", json!({})).await?;
    assert!(list.iter().any(|one| one["role"] == "mine"), "it is for each other: {list:?}");
    alice.terminate()?;
    let mut said = Vec::new();
    for number in 0..20 {
        said.push(format!("message {number}"));
        send_surely(&bob, "@alice", &said[number]).await?;
    }
    posted(&bob, 20).await?;
    let sent = bob.run(&["send", "@alice", "and one more", "--wait", "mailbox", "--timeout", "30s"])?;
    assert_eq!(sent.code, 0, "{sent:?}");
    said.push("and one more".to_owned());
    bob.terminate()?;
    alice.start()?;
    assert_eq!(shown(&alice, "@bob", said.len()).await?, said);
    Ok(())
}

/// Two who never were on line together become contacts: the request lies at the inviter's mailbox, the consent at the
/// joiner's. Strangers are the DHT in which the invite's card is found.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invite_is_accepted_by_two_who_are_never_on_line_together() -> Result<()> {
    let base = tempfile::tempdir()?;
    let crowd = Crowd::on_loopback(base.path(), 3)?;
    let peer = crowd.peer(0)?;
    let keeper = keeper(base.path(), "keeper", &peer)?;
    let (mut alice, mut bob) = (Person::new(base.path(), "alice")?, Person::new(base.path(), "bob")?);
    alice.start_with(&peer)?;
    use_all(&alice, &[&keeper], QUOTA_MIB).await?;
    let client = alice.client().await?;
    let invite: Invite = client.call("invite.new", json!({ "auto_accept": true })).await?;
    wait_for("alice's card lies in the DHT", PATIENCE, || async {
        let net: Net = client.call("net", json!({})).await?;
        Ok((net.dht.publishes > 0 && net.dht.published == net.dht.publishes).then_some(()))
    })
    .await?;
    drop(client);
    alice.terminate()?;
    bob.start_with(&peer)?;
    use_all(&bob, &[&keeper], QUOTA_MIB).await?;
    let _: Value = bob.client().await?.call("add", json!({ "link": invite.link })).await?;
    wait_for("bob's request lies at alice's mailbox", PATIENCE, || async {
        Ok((held(&keeper).await? > 0).then_some(()))
    })
    .await?;
    bob.terminate()?;
    alice.start_with(&peer)?;
    let client = alice.client().await?;
    wait_for("alice has bob's request", PATIENCE, || async {
        Ok(contact(&client, &bob).await?.filter(|bob| bob.state == "accepted").map(|_| ()))
    })
    .await?;
    send_surely(&alice, "@bob", "welcome").await?;
    posted(&alice, 1).await?;
    drop(client);
    alice.terminate()?;
    bob.start_with(&peer)?;
    let client = bob.client().await?;
    wait_for("bob has alice's consent", PATIENCE, || async {
        Ok(contact(&client, &alice).await?.filter(|alice| alice.state == "accepted").map(|_| ()))
    })
    .await?;
    assert_eq!(shown(&bob, "@alice", 1).await?, ["welcome"]);
    is_alone(&bob, &alice).await?;
    Ok(())
}

/// A box has an end: the sender is told what is kept and what waits, and nothing is lost when there is room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_mailbox_is_seen_by_the_sender_and_loses_nothing() -> Result<()> {
    let base = tempfile::tempdir()?;
    let only = keeper(base.path(), "only", &[])?;
    // A quarter of it is for each contact: four envelopes of the largest size.
    let (mut alice, mut bob) = friends_with(base.path(), &[&only], 1).await?;
    alice.start()?;
    let mut said = Vec::new();
    for number in 0..20 {
        said.push(format!("{number} {}", "x".repeat(20_000)));
        send_surely(&alice, "@bob", &said[number]).await?;
    }
    let client = alice.client().await?;
    let (kept, waiting) = wait_for("some are kept, and what is shown agrees", PATIENCE, || async {
        let before: Status = client.call("status", json!({})).await?;
        let log: Vec<Message> = client.call("log", json!({ "chat": "@bob", "limit": 100 })).await?;
        let after: Status = client.call("status", json!({})).await?;
        let in_state = |state: &str| log.iter().filter(|message| message.state == state).count() as u64;
        let (kept, waiting) = (in_state("mailbox"), in_state("queued"));
        let told = |status: &Status| (status.outbox.mailbox, status.outbox.queued) == (kept, waiting);
        Ok((kept > 0 && told(&before) && told(&after)).then_some((kept, waiting)))
    })
    .await?;
    assert_eq!(kept + waiting, 20);
    assert!(waiting > 0, "more is kept than there is room for: {kept}");
    bob.start()?;
    assert_eq!(shown(&bob, "@alice", said.len()).await?, said);
    drained(&alice).await?;
    Ok(())
}

/// What the operator of a mailbox can find: neither names nor accounts nor a word of what lies there, on its disk or in
/// the memory of its process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_knows_neither_who_writes_nor_what() -> Result<()> {
    let base = tempfile::tempdir()?;
    let only = keeper(base.path(), "only", &[])?;
    let (mut alice, bob) = friends_with(base.path(), &[&only], QUOTA_MIB).await?;
    alice.start()?;
    let canary = "xylophone canary of alice";
    for _ in 0..5 {
        send_surely(&alice, "@bob", canary).await?;
    }
    posted(&alice, 1).await?;
    let status: Status = alice.client().await?.call("status", json!({})).await?;
    let bobs = contact(&alice.client().await?, &bob).await?.context("bob")?.account;
    let accounts = [status.account.clone(), bobs];
    let mut secrets: Vec<Vec<u8>> = vec![canary.into(), "@alice".into(), "@bob".into()];
    for account in &accounts {
        secrets.push(account.clone().into_bytes());
        secrets.push(account.parse::<starling_protocol::ids::AccountId>()?.0.to_vec());
    }
    assert!(held(&only).await? > 0);
    let seen: Value = only.client().await?.call("mailbox.list", json!({})).await?;
    let seen = seen.to_string();
    let mut places = vec![("what its owner is shown".to_owned(), seen.into_bytes())];
    for entry in std::fs::read_dir(&only.dir)? {
        let path = entry?.path();
        if path.is_file() {
            places.push((path.display().to_string(), std::fs::read(&path)?));
        }
    }
    assert!(places.iter().any(|(name, bytes)| name.ends_with("mail.db") && bytes.len() > 10_000));
    match memory(only.pid().context("no node")?) {
        Ok(memory) => places.push(("its memory".to_owned(), memory)),
        Err(error) => eprintln!("skipped: the memory of a process cannot be read here ({error:#})"),
    }
    for (place, bytes) in &places {
        for secret in &secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "{:?} is in {place}", String::from_utf8_lossy(secret));
        }
    }
    // The same search finds what is there: alice's own process has her words.
    if let Ok(memory) = memory(alice.pid().context("no node")?) {
        assert!(memory.windows(canary.len()).any(|window| window == canary.as_bytes()));
    }
    Ok(())
}

/// All that a process may write to.
fn memory(pid: u32) -> Result<Vec<u8>> {
    use std::os::unix::fs::FileExt as _;
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let file = std::fs::File::open(format!("/proc/{pid}/mem"))?;
    let mut all = Vec::new();
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (Some(range), Some(rights)) = (words.next(), words.next()) else { continue };
        if !rights.starts_with("rw") {
            continue;
        }
        let (from, to) = range.split_once('-').context("maps")?;
        let (from, to) = (u64::from_str_radix(from, 16)?, u64::from_str_radix(to, 16)?);
        let mut bytes = vec![0; usize::try_from(to - from)?];
        // Pages that are not there cannot be read.
        if file.read_exact_at(&mut bytes, from).is_ok() {
            all.extend(bytes);
        }
    }
    anyhow::ensure!(!all.is_empty(), "nothing could be read");
    Ok(all)
}

/// A mailbox that moved is found again by the DHT, by who uses it and by who writes there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_that_moved_is_found_again() -> Result<()> {
    let base = tempfile::tempdir()?;
    let crowd = Crowd::on_loopback(base.path(), 3)?;
    let peer = crowd.peer(0)?;
    let mut only = keeper(base.path(), "only", &peer)?;
    let (mut alice, mut bob) = friends_with(base.path(), &[&only], QUOTA_MIB).await?;
    only.terminate()?;
    only.port = starling_tests::live::free_port()?;
    open(&mut only, &peer)?;
    alice.start_with(&peer)?;
    send_surely(&alice, "@bob", "where is it?").await?;
    posted(&alice, 1).await?;
    alice.terminate()?;
    bob.start_with(&peer)?;
    assert_eq!(shown(&bob, "@alice", 1).await?, ["where is it?"]);
    let _ = grant(&only, 1, 1).await?;
    Ok(())
}
