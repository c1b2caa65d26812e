//! What an idle node costs, and what somebody who listens on the wire can read.

use super::town::Town;
use super::{PATIENCE, Wanted};
use anyhow::{Context as _, Result, ensure};
use starling_tests::figures::{Report, usage};
use starling_tests::live::{Host, Net, Person, Talk, acquainted, befriend, free_port};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Nodes of the DHT.
const STRANGERS: usize = 20;
/// Contacts of the idle node, none of whom is there.
const CONTACTS: usize = 50;

/// An idle node with fifty contacts who are all away, and one without any, in a DHT of twenty.
pub async fn idle(report: &mut Report, wanted: &Wanted) -> Result<()> {
    let Some(net) = Net::new() else { return Ok(()) };
    let base = tempfile::tempdir()?;
    let mut ilse = Person::new(base.path(), "ilse")?;
    ilse.start()?;
    for number in 0..CONTACTS {
        let mut friend = Person::new(base.path(), &format!("friend{number}"))?;
        friend.start()?;
        befriend(&ilse, &friend).await?;
        friend.terminate()?;
    }
    ilse.terminate()?;
    let mut nobody = Person::new(base.path(), "nobody")?;
    let mut town = Town::new(net, base.path(), STRANGERS)?;
    let hosts =
        [town.net.public("ilse", &town.internet, 10)?, town.net.public("nobody", &town.internet, 20)?];
    ilse.start_at(&hosts[0], &[&["--no-lan"], &town.crowd.peer(0)?[..]].concat())?;
    nobody.start_at(&hosts[1], &[&["--no-lan"], &town.crowd.peer(1)?[..]].concat())?;
    let both = || Ok::<_, anyhow::Error>([meter(&ilse, &hosts[0])?, meter(&nobody, &hosts[1])?]);
    let mut meters = vec![both()?];
    for _ in 0..wanted.minutes {
        tokio::time::sleep(Duration::from_secs(60)).await;
        meters.push(both()?);
    }
    // The second half of the time: pauses between look-ups grow, and are still growing then.
    let half = meters.len() / 2;
    let minutes = (meters.len() - 1 - half) as f64;
    for (number, name, words) in [(0, "idle", "50 contacts, all away"), (1, "empty", "no contacts")] {
        let kb: Vec<u64> =
            meters.windows(2).map(|pair| (pair[1][number].bytes - pair[0][number].bytes) / 1000).collect();
        let (before, after) = (&meters[half][number], &meters[meters.len() - 1][number]);
        let hour = (after.bytes - before.bytes) as f64 * 60.0 / minutes / 1e6;
        let cpu = (after.cpu_s - before.cpu_s) / (minutes * 60.0) * 100.0;
        let line = format!(
            "idle, DHT of {STRANGERS}, {words}: kB by minute, both ways {kb:?}; {hour:.1} MB an hour, extrapolated from \
             the last {minutes} min; {cpu:.2} % of a core, {:.1} MB",
            after.rss_mb
        );
        report.values.insert(format!("{name}_kb_by_minute"), kb.into());
        report.values.insert(format!("{name}_cpu_percent"), cpu.into());
        report.values.insert(format!("{name}_rss_mb"), after.rss_mb.into());
        report.line(&format!("{name}_mb_per_hour"), hour, &line);
    }
    Ok(())
}

/// What a node has used since its start.
struct Meter {
    bytes: u64,
    cpu_s: f64,
    rss_mb: f64,
}

fn meter(person: &Person, host: &Host) -> Result<Meter> {
    let (came, went) = host.bytes()?;
    let (rss_mb, cpu_s) = usage(person.pid().context("no node")?)?;
    Ok(Meter { bytes: came + went, cpu_s, rss_mb })
}

/// All traffic of a town in which two people find each other and talk, searched for what must not be readable. Over
/// TCP alone, whose bytes are searched more easily.
pub async fn wire(report: &mut Report) -> Result<()> {
    let Some(net) = Net::new() else { return Ok(()) };
    let base = tempfile::tempdir()?;
    let mut people = acquainted(base.path(), &["alice", "bob"]).await?;
    let mut town = Town::new(net, base.path(), 10)?;
    let file = base.path().join("wire.pcap");
    let Some(capture) = tcpdump(&town, &file)? else {
        report.line("wire_readable", (), "wire: skipped, there is no tcpdump here");
        return Ok(());
    };
    let hosts = [town.net.public("alice", &town.internet, 10)?, town.net.public("bob", &town.internet, 20)?];
    for (person, host) in people.iter_mut().zip(&hosts) {
        person.port = free_port()?;
        person.place = Some(host.namespace.clone());
        let listen = format!("/ip4/0.0.0.0/tcp/{}", person.port);
        let [_, _, peer, tcp] = town.crowd.peer(0)?;
        person.launch(&["--no-lan", "--listen", &listen, peer, tcp])?;
    }
    let mut talk = Talk::default();
    for _ in 0..10 {
        talk.arrives(&people[0], &people[1], PATIENCE).await?;
        talk.arrives(&people[1], &people[0], PATIENCE).await?;
    }
    talk.judge(&people.iter().collect::<Vec<_>>()).await?;
    let mut secrets = vec!["starling".to_owned(), "alice".to_owned(), "number 3".to_owned()];
    for person in &people {
        let said = person.run(&["id", "--json"])?.json()?;
        let ids = said.first().context("no id")?;
        for id in ["account", "device"] {
            let text = ids[id].as_str().context("no id")?;
            secrets.push(text.rsplit(':').next().unwrap_or(text).to_owned());
        }
    }
    for person in people.iter_mut().chain(&mut town.crowd.people) {
        person.terminate()?;
    }
    drop(capture);
    let bytes = std::fs::read(&file)?;
    let readable =
        |text: &str| bytes.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text.as_bytes()));
    ensure!(readable("/noise"), "nothing of the beginning of a connection was captured");
    let found: Vec<&String> = secrets.iter().filter(|secret| readable(secret)).collect();
    let words = format!(
        "wire: {:.1} MB of 10 DHT nodes and two people over TCP; protocol names, names, texts and ids readable in it: {}",
        bytes.len() as f64 / 1e6,
        if found.is_empty() { "none".to_owned() } else { format!("{found:?}") }
    );
    report.line("wire_readable", found.len(), &words);
    Ok(())
}

/// A running tcpdump; when it is dropped, its file is whole.
struct Capture(Child);

impl Drop for Capture {
    fn drop(&mut self) {
        let asked = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.0.kill();
        }
        let _ = self.0.wait();
    }
}

/// Captures what goes over the town's switch; `None` where there is no tcpdump. Returns when it captures.
fn tcpdump(town: &Town, file: &Path) -> Result<Option<Capture>> {
    if Command::new("tcpdump").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err()
    {
        return Ok(None);
    }
    let mut child = Command::new("ip")
        .args(["netns", "exec", town.internet.namespace(), "tcpdump", "-i", "br0", "-U", "-Z", "root", "-w"])
        .arg(file)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let stderr = child.stderr.take();
    let capture = Capture(child);
    let mut line = String::new();
    BufReader::new(stderr.context("no stderr")?).read_line(&mut line)?;
    ensure!(line.contains("listening"), "tcpdump: {line}");
    Ok(Some(capture))
}
