//! Rooms of real nodes: people come in, all write at once, and in the end all are judged together: everything that was
//! accepted is shown everywhere once, under its author, in one order. By the words of the command line and the control API alone.

use super::{Person, befriend, send_at, wait_for};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use starling_node::api::client::Client;
use starling_node::api::types::{Member, Message, Room, Status};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// For an invitation to come, an answer to be heard, a member to be known by all.
const PATIENCE: Duration = Duration::from_secs(30);
/// Messages that one call of `log` gives.
const PAGE: usize = 500;

/// People with running nodes of whom only the first knows the others.
///
/// # Errors
/// As [`befriend`].
pub async fn star(base: &Path, names: &[&str]) -> Result<Vec<Person>> {
    let mut people: Vec<Person> = Vec::new();
    for name in names {
        let mut person = Person::new(base, name)?;
        person.start()?;
        if let Some(first) = people.first() {
            befriend(first, &person).await?;
        }
        people.push(person);
    }
    Ok(people)
}

/// Runs a command that must succeed.
///
/// # Errors
/// When it does not.
pub fn does(person: &Person, args: &[&str]) -> Result<Vec<Value>> {
    let mut all = vec!["--json"];
    all.extend(args);
    let said = person.run(&all)?;
    ensure!(said.code == 0, "{} {args:?}: {said:?}", person.name);
    said.json()
}

/// A room as somebody's node lists it, by its id.
///
/// # Errors
/// When the call fails.
pub async fn listed(client: &Client, room: &str) -> Result<Option<Room>> {
    let rooms: Vec<Room> = client.call("room.list", json!({})).await?;
    Ok(rooms.into_iter().find(|one| one.room == room))
}

/// Waits until somebody's node lists a room as `fits` wants it.
///
/// # Errors
/// When it does not within `limit`.
pub async fn sees_room(
    person: &Person,
    room: &str,
    what: &str,
    limit: Duration,
    fits: impl Fn(&Room) -> bool,
) -> Result<Room> {
    let client = person.client().await?;
    wait_for(&format!("{}: the room {what}", person.name), limit, || async {
        Ok(listed(&client, room).await?.filter(|room| fits(room)))
    })
    .await
    .with_context(|| format!("{} waits for a room", person.name))
}

/// The first makes a room and asks all others in; they come, and everybody knows so. Gives the room's id.
///
/// # Errors
/// When somebody does not come in.
pub async fn room_of(people: &[&Person], name: &str) -> Result<String> {
    let (first, others) = people.split_first().context("nobody")?;
    let made = does(first, &["room", "new", name])?;
    let room = made.first().and_then(|made| made["room"].as_str()).context("a room without an id")?;
    for other in others {
        comes_in(first, other, room).await?;
    }
    all_know(people, room).await?;
    Ok(room.to_owned())
}

/// An admin asks a contact in, and they come.
///
/// # Errors
/// When they do not.
pub async fn comes_in(admin: &Person, guest: &Person, room: &str) -> Result<()> {
    does(admin, &["room", "invite", room, &guest.handle()])?;
    sees_room(guest, room, "asks them in", PATIENCE, |room| room.change == "invited").await?;
    does(guest, &["room", "join", room])?;
    sees_room(guest, room, "has let them in", PATIENCE, |room| room.change == "member").await?;
    Ok(())
}

/// Waits until exactly these people are in a room, as each of them sees it.
///
/// # Errors
/// When that does not come.
pub async fn all_know(people: &[&Person], room: &str) -> Result<()> {
    let mut wanted = BTreeSet::new();
    for person in people {
        wanted.insert(account(person).await?);
    }
    for person in people {
        let client = person.client().await?;
        wait_for(&format!("{} knows who is in the room", person.name), PATIENCE, || async {
            let members: Vec<Member> = client.call("room.members", json!({ "room": room })).await?;
            let now: BTreeSet<String> = members.into_iter().map(|member| member.account).collect();
            Ok((now == wanted).then_some(()))
        })
        .await?;
    }
    Ok(())
}

/// A person's account id.
///
/// # Errors
/// When the call fails.
pub async fn account(person: &Person) -> Result<String> {
    let status: Status = person.client().await?.call("status", json!({})).await?;
    Ok(status.account)
}

/// A message of a chat: what must be the same for everybody.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shown {
    /// Account of who wrote it.
    pub author: String,
    /// What it says.
    pub text: String,
}

/// All that people wrote in a room, as a node shows it.
///
/// # Errors
/// When the call fails.
pub async fn shown_in(client: &Client, room: &str) -> Result<Vec<Message>> {
    let mut all: Vec<Message> = Vec::new();
    loop {
        let before = all.first().map(|message| message.id.clone());
        let params = json!({ "chat": room, "limit": PAGE, "before": before });
        let page: Vec<Message> = client.call("log", params).await?;
        let over = page.len() < PAGE;
        all.splice(0..0, page);
        if over {
            break;
        }
    }
    all.retain(|message| message.kind == "text");
    Ok(all)
}

/// Messages as [`Shown`].
pub fn lines(messages: &[Message]) -> Vec<Shown> {
    let line = |message: &Message| Shown { author: message.from.account.clone(), text: message.text.clone() };
    messages.iter().map(line).collect()
}

/// What was said in one room.
#[derive(Debug)]
pub struct RoomTalk {
    room: String,
    /// By name.
    said: BTreeMap<String, Vec<String>>,
    /// What need not be the same for everybody.
    asides: BTreeSet<String>,
}

impl RoomTalk {
    /// Nothing yet.
    pub fn new(room: &str) -> Self {
        Self { room: room.to_owned(), said: BTreeMap::new(), asides: BTreeSet::new() }
    }

    /// How much was said by all.
    pub fn count(&self) -> usize {
        self.said.values().map(Vec::len).sum()
    }

    /// Has somebody write so many messages, one after another, while others do other things. Whoever awaits it knows
    /// that all of them were accepted.
    pub fn writes(&mut self, from: &Person, count: usize) -> JoinHandle<Result<()>> {
        let said = self.said.entry(from.name.clone()).or_default();
        let begin = said.len();
        let new: Vec<String> = (begin..begin + count).map(|n| format!("{} number {n}", from.name)).collect();
        said.extend(new.iter().cloned());
        let (socket, room) = (from.socket(), self.room.clone());
        tokio::spawn(async move {
            for text in new {
                send_at(&socket, &room, &text).await?;
            }
            Ok(())
        })
    }

    /// Everybody writes so many messages, all at the same time.
    ///
    /// # Errors
    /// When one is not accepted.
    pub async fn all_write(&mut self, people: &[&Person], count: usize) -> Result<()> {
        let writers: Vec<_> = people.iter().map(|person| self.writes(person, count)).collect();
        for writer in writers {
            writer.await??;
        }
        Ok(())
    }

    /// Somebody writes what is not judged: who puts them out on the other side of a torn network has not heard it.
    ///
    /// # Errors
    /// When it is not accepted.
    pub async fn aside(&mut self, from: &Person, text: &str) -> Result<()> {
        send_at(&from.socket(), &self.room, text).await?;
        self.asides.insert(text.to_owned());
        Ok(())
    }

    async fn judged(&self, client: &Client) -> Result<Vec<Message>> {
        let mut shown = shown_in(client, &self.room).await?;
        shown.retain(|message| !self.asides.contains(&message.text));
        Ok(shown)
    }

    /// The judgement: within `limit` everything is shown to all of `readers`, once, under its author, in one order in
    /// which each author's words stand as they were said. How long that took.
    ///
    /// # Errors
    /// When something is missing, doubled, made up, or stands elsewhere for somebody.
    pub async fn is_shown(
        &self,
        readers: &[&Person],
        authors: &[&Person],
        limit: Duration,
    ) -> Result<Duration> {
        let begun = Instant::now();
        let mut views: Vec<(&str, Vec<Shown>)> = Vec::new();
        for reader in readers {
            let client = reader.client().await?;
            let left = limit.saturating_sub(begun.elapsed());
            let all = wait_for(&format!("{} is shown everything", reader.name), left, || async {
                let shown = self.judged(&client).await?;
                Ok((shown.len() >= self.count()).then_some(shown))
            })
            .await;
            let shown = match all {
                Ok(shown) => shown,
                Err(error) => {
                    let shown = lines(&self.judged(&client).await?);
                    return Err(error).with_context(|| format!("missing: {:?}", self.missing(&shown)));
                }
            };
            ensure!(shown.is_sorted_by(|a, b| a.order < b.order), "not in the order it says: {shown:?}");
            views.push((&reader.name, lines(&shown)));
        }
        let took = begun.elapsed();
        let mut accounts = BTreeMap::new();
        for author in authors {
            accounts.insert(author.name.clone(), account(author).await?);
        }
        let (_, first) = views.first().context("nobody reads")?;
        for (name, view) in &views {
            ensure!(view == first, "{name} is shown {view:?}\ninstead of {first:?}");
        }
        for (name, said) in &self.said {
            let author = accounts.get(name).context("somebody wrote whom nobody named")?;
            let theirs = first.iter().filter(|line| line.author == *author).map(|line| &line.text);
            let theirs: Vec<&String> = theirs.collect();
            ensure!(theirs == said.iter().collect::<Vec<_>>(), "of {name}'s is shown {theirs:?}");
        }
        ensure!(first.len() == self.count(), "more is shown than was said: {first:?}");
        Ok(took)
    }

    fn missing(&self, shown: &[Shown]) -> Vec<&String> {
        self.said.values().flatten().filter(|text| shown.iter().all(|line| line.text != **text)).collect()
    }

    /// Waits until each of these sees their own messages delivered to all they were for, but to at most `out` of them who
    /// were put out before.
    ///
    /// # Errors
    /// When one is not within `limit`.
    pub async fn is_delivered(&self, people: &[&Person], out: u32, limit: Duration) -> Result<()> {
        for person in people {
            let client = person.client().await?;
            let there = |message: &Message| {
                let counts = message.counts.unwrap_or_default();
                counts.delivered > 0 && counts.delivered + counts.failed.min(out) == counts.of
            };
            let look = || async {
                let mut own = shown_in(&client, &self.room).await?;
                own.retain(|message| message.from.me && !there(message));
                Ok::<_, anyhow::Error>(own)
            };
            let what = format!("{} sees all theirs delivered", person.name);
            let done = wait_for(&what, limit, || async { Ok(look().await?.is_empty().then_some(())) }).await;
            if let Err(error) = done {
                let waiting = look().await?;
                return Err(error).with_context(|| format!("what waits: {waiting:?}"));
            }
        }
        Ok(())
    }
}
