//! Real nodes on loopback, and what may befall them: kill -9 under load, a full disk, a second process, a wrong
//! clock, a damaged database, restarts without end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr
)]

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use starling_node::api::types::{Message, Sent, Status};
use starling_node::keys::KeyFile;
use starling_node::store::sqlite::SqliteStore;
use starling_protocol::rng::Rng;
use starling_tests::live::{Person, befriend, drained, send_surely, texts};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

async fn pair(base: &Path) -> Result<(Person, Person)> {
    let (mut alice, mut bob) = (Person::new(base, "alice")?, Person::new(base, "bob")?);
    alice.start()?;
    bob.start()?;
    befriend(&alice, &bob).await?;
    Ok((alice, bob))
}

fn integrity(person: &Person) -> Result<String> {
    let keys = KeyFile::read(&person.dir.join("keys"))?.open(None)?;
    Ok(SqliteStore::open(&person.dir.join("store.db"), &keys.database())?.integrity()?)
}

/// F1, F2: nobody loses or doubles a message, whoever is killed when.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_of_either_side_under_load_loses_and_doubles_nothing() -> Result<()> {
    let base = tempfile::tempdir()?;
    let (mut alice, mut bob) = pair(base.path()).await?;
    let (messages, kills) = counts(200, 12);
    let mut rng = Rng::from_number(7);
    let mut expected = Vec::new();
    let every = messages / kills;
    for number in 0..messages {
        let text = format!("message {number}");
        send_surely(&alice, "@bob", &text).await?;
        expected.push(text);
        if number % every == every - 1 {
            let victim = if rng.below(2) == 0 { &mut alice } else { &mut bob };
            // A random moment of the next millisecond or two, while messages and answers are under way.
            std::thread::sleep(Duration::from_micros(rng.below(2_000)));
            victim.kill()?;
            victim.start()?;
        }
    }
    drained(&alice).await?;
    let bobs = bob.client().await?;
    let shown = texts(&bobs, "@alice").await?;
    assert_eq!(shown, expected);
    drop(bobs);
    alice.terminate()?;
    bob.terminate()?;
    assert_eq!(integrity(&alice)?, "ok");
    assert_eq!(integrity(&bob)?, "ok");
    Ok(())
}

/// The short run of every test, or what `STARLING_KILLS=messages,kills` says.
fn counts(messages: usize, kills: usize) -> (usize, usize) {
    std::env::var("STARLING_KILLS")
        .ok()
        .and_then(|text| {
            let (messages, kills) = text.split_once(',')?;
            Some((messages.parse().ok()?, kills.parse().ok()?))
        })
        .unwrap_or((messages, kills))
}

/// F18: a second process says who is there and writes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_daemon_is_refused_and_writes_nothing() -> Result<()> {
    let base = tempfile::tempdir()?;
    let mut alice = Person::new(base.path(), "alice")?;
    alice.start()?;
    let link = base.path().join("link");
    std::os::unix::fs::symlink(&alice.dir, &link)?;
    let before = files(&alice.dir)?;
    for dir in [&alice.dir, &link] {
        let said = alice.run_in(dir, &["--json", "daemon", "--no-lan"])?;
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.err.contains(&alice.pid().unwrap().to_string()), "{said:?}");
    }
    assert_eq!(files(&alice.dir)?, before);
    let status: Status = alice.client().await?.call("status", json!({})).await?;
    assert_eq!(status.name, "alice");
    Ok(())
}

/// Contents of every plain file of a profile.
fn files(dir: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            found.insert(entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path())?);
        }
    }
    Ok(found)
}

/// F17: a damaged database or key file is refused with exit 9, and not one byte changes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_profile_is_refused_untouched() -> Result<()> {
    let base = tempfile::tempdir()?;
    let alice = Person::new(base.path(), "alice")?;
    for (file, cut) in [("store.db", false), ("store.db", true), ("keys", false), ("keys", true)] {
        let path = alice.dir.join(file);
        let whole = std::fs::read(&path)?;
        let mut broken = whole.clone();
        if cut {
            broken.truncate(0);
        } else {
            let middle = broken.len() / 3;
            broken[middle] ^= 0xff;
            // A page the start does not read may be damaged unseen: hit the first page of the database as well.
            broken[20] ^= 0xff;
        }
        std::fs::write(&path, &broken)?;
        let said = alice.run(&["--json", "daemon", "--no-lan"])?;
        assert_eq!(said.code, 9, "{file} {cut}: {said:?}");
        let error: Value = serde_json::from_str(said.err.lines().last().unwrap_or_default())?;
        assert_eq!(error["type"], "error");
        assert_eq!(std::fs::read(&path)?, broken, "{file} was changed");
        let again = alice.run(&["init", "--name", "mallory", "--no-passphrase"])?;
        assert_ne!(again.code, 0, "a new identity was made over a damaged one");
        assert_eq!(std::fs::read(&path)?, broken, "{file} was changed by init");
        std::fs::write(&path, &whole)?;
    }
    Ok(())
}

/// F6: a full disk refuses with words, acks nothing it cannot keep, and goes on by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_with_words_and_goes_on_when_there_is_room() -> Result<()> {
    let base = tempfile::tempdir()?;
    let small = base.path().join("small");
    std::fs::create_dir(&small)?;
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=6m", "tmpfs"])
        .arg(&small)
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !mounted {
        eprintln!("skipped: a small tmpfs needs root");
        return Ok(());
    }
    let outcome = full_disk(base.path(), &small).await;
    Command::new("umount").arg("-l").arg(&small).status()?;
    outcome
}

async fn full_disk(base: &Path, small: &Path) -> Result<()> {
    let mut alice = Person::new(base, "alice")?;
    let mut bob = Person::new(small, "bob")?;
    alice.start()?;
    bob.start()?;
    befriend(&alice, &bob).await?;
    let keys = std::fs::read(bob.dir.join("keys"))?;
    // Fill what is left, but for less than one message needs.
    let filler = small.join("filler");
    let left = Command::new("sh")
        .args(["-c", "dd if=/dev/zero of=\"$1\" bs=4k 2>/dev/null; true", "sh"])
        .arg(&filler)
        .status()?;
    assert!(left.success());
    let client = bob.client().await?;
    let text = "x".repeat(8_000);
    let mut refused = None;
    for _ in 0..200 {
        if let Err(error) = client.call::<Sent>("send", json!({ "to": "@alice", "text": text })).await {
            refused = Some(error);
            break;
        }
    }
    let refused = refused.context("a full disk refused nothing")?;
    assert_eq!((refused.exit, refused.code.as_str()), (9, "E-FULL"), "{refused:?}");
    // What Alice sends now cannot be kept at Bob's, so it is not called delivered.
    let mut waiting = Vec::new();
    for number in 0..20 {
        waiting.push(format!("{number} {}", "y".repeat(8_000)));
        send_surely(&alice, "@bob", &waiting[number]).await?;
    }
    let status: Status = alice.client().await?.call("status", json!({})).await?;
    assert!(status.outbox.queued > 0, "something was called delivered that cannot be on Bob's disk");
    assert_eq!(std::fs::read(bob.dir.join("keys"))?, keys);
    std::fs::remove_file(&filler)?;
    drained(&alice).await?;
    let shown = texts(&bob.client().await?, "@alice").await?;
    assert_eq!(shown, waiting);
    drop(client);
    alice.terminate()?;
    bob.terminate()?;
    assert_eq!(integrity(&bob)?, "ok");
    Ok(())
}

/// F8: clocks that are years off, on either side, change nothing but the times shown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clocks_that_are_years_off_lose_nothing() -> Result<()> {
    let Some(library) = faketime() else {
        eprintln!("skipped: libfaketime is not installed");
        return Ok(());
    };
    let base = tempfile::tempdir()?;
    let (mut alice, mut bob) = pair(base.path()).await?;
    let mut expected = Vec::new();
    for (round, (ours, theirs)) in
        [("+0", "-400d"), ("+3650d", "+0"), ("-18000d", "+400d"), ("+26000d", "-20000d"), ("+0", "+0")]
            .into_iter()
            .enumerate()
    {
        alice.terminate()?;
        bob.terminate()?;
        for (person, offset) in [(&mut alice, ours), (&mut bob, theirs)] {
            person.env = vec![
                ("LD_PRELOAD".to_owned(), library.clone()),
                ("FAKETIME".to_owned(), offset.to_owned()),
                ("DONT_FAKE_MONOTONIC".to_owned(), "1".to_owned()),
            ];
            person.start()?;
        }
        for number in 0..10 {
            let text = format!("round {round} message {number}");
            send_surely(&alice, "@bob", &text).await?;
            expected.push(text);
        }
        drained(&alice).await?;
    }
    assert_eq!(texts(&bob.client().await?, "@alice").await?, expected);
    Ok(())
}

fn faketime() -> Option<String> {
    [
        "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
        "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
    ]
    .into_iter()
    .find(|path| Path::new(path).is_file())
    .map(str::to_owned)
}

/// F30: SIGTERM under load ends in time and loses nothing that was accepted; the next start is never refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_ends_in_time_and_keeps_what_was_accepted() -> Result<()> {
    let base = tempfile::tempdir()?;
    let (mut alice, bob) = pair(base.path()).await?;
    let mut accepted = Vec::new();
    for round in 0..10 {
        let client = alice.client().await?;
        let sender = tokio::spawn(async move {
            let mut accepted = Vec::new();
            for number in 0..10_000 {
                let text = format!("{round}/{number}");
                match client
                    .call::<Sent>("send", json!({ "to": "@bob", "text": text, "client_ref": text }))
                    .await
                {
                    Ok(_) => accepted.push(text),
                    Err(_) => break,
                }
            }
            accepted
        });
        tokio::time::sleep(Duration::from_millis(40)).await;
        let (status, took) = alice.terminate()?;
        let log = std::fs::read_to_string(alice.dir.with_extension("log")).unwrap_or_default();
        assert_eq!(status.code(), Some(0), "{status}\n{log}");
        assert!(took < Duration::from_secs(10), "took {took:?}");
        accepted.extend(sender.await?);
        alice.start()?;
    }
    drained(&alice).await?;
    let client = bob.client().await?;
    let mut shown: Vec<String> = Vec::new();
    let mut before: Option<String> = None;
    loop {
        let page: Vec<Message> =
            client.call("log", json!({ "chat": "@alice", "limit": 500, "before": before })).await?;
        let Some(first) = page.first() else { break };
        before = Some(first.id.clone());
        shown.splice(0..0, page.into_iter().map(|message| message.text));
    }
    let mut once = shown.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), shown.len(), "something was shown twice");
    for text in &accepted {
        assert!(shown.contains(text), "{text} was accepted and is lost");
    }
    Ok(())
}

/// I32, I33, R1: nothing readable in the profile or the log, and no file open to others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_secret_lies_about() -> Result<()> {
    let base = tempfile::tempdir()?;
    let (mut alice, mut bob) = (Person::new(base.path(), "alice")?, Person::new(base.path(), "bob")?);
    for person in [&mut alice, &mut bob] {
        person.env = vec![("STARLING_LOG".to_owned(), "trace".to_owned())];
        person.start()?;
    }
    befriend(&alice, &bob).await?;
    let canary = "xylophone-canary-of-alice";
    send_surely(&alice, "@bob", canary).await?;
    drained(&alice).await?;
    let words = alice.run(&["words"])?;
    assert_eq!(words.code, 0, "{words:?}");
    let phrase =
        words.out.split_whitespace().filter(|word| word.chars().all(char::is_alphabetic)).collect::<Vec<_>>();
    assert!(phrase.len() >= 24, "{words:?}");
    let secrets = [canary.to_owned(), phrase[..3].join(" "), "alice".to_owned()];
    alice.kill()?;
    bob.kill()?;
    for person in [&alice, &bob] {
        for (name, bytes) in files(&person.dir)? {
            for secret in &secrets {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "{secret:?} is readable in {}/{name}", person.name);
            }
        }
        let log = std::fs::read_to_string(person.dir.with_extension("log"))?;
        for secret in &secrets[..2] {
            assert!(!log.contains(secret.as_str()), "{secret:?} is in the log of {}", person.name);
        }
        assert!(!log.contains("starling:"), "an invite link is in the log of {}", person.name);
        open_to_others(&person.dir)?;
    }
    Ok(())
}

fn open_to_others(dir: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(std::fs::metadata(dir)?.permissions().mode() & 0o077, 0, "{}", dir.display());
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let mode = std::fs::symlink_metadata(&path)?.permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", path.display());
    }
    Ok(())
}

/// A client's reference makes one message for ever: also after it was delivered and the sender started again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reference_makes_one_message_over_delivery_and_restart() -> Result<()> {
    let base = tempfile::tempdir()?;
    let (mut alice, bob) = pair(base.path()).await?;
    let first = send_surely(&alice, "@bob", "only once").await?;
    drained(&alice).await?;
    alice.kill()?;
    alice.start()?;
    assert_eq!(send_surely(&alice, "@bob", "only once").await?, first);
    send_surely(&alice, "@bob", "and after it").await?;
    drained(&alice).await?;
    assert_eq!(texts(&bob.client().await?, "@alice").await?, ["only once", "and after it"]);
    let log: Vec<Message> = alice.client().await?.call("log", json!({ "chat": "@bob" })).await?;
    assert_eq!(log.len(), 2, "the sender shows it twice");
    Ok(())
}
