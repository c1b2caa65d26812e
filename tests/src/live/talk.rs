//! Sending, and the judgement at the end: every message that was accepted is shown once, in order, and nothing else.

use super::{Person, wait_for};
use anyhow::{Result, ensure};
use serde_json::json;
use starling_node::api::client::Client;
use starling_node::api::types::{Message, Sent, Status};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// For a node that goes up and down to accept a message, and for everything accepted to arrive.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends until it is known to be accepted: the same reference makes one message however often it is tried.
///
/// # Errors
/// When it is not accepted within a minute.
pub async fn send_surely(person: &Person, to: &str, text: &str) -> Result<String> {
    send_at(&person.socket(), to, text).await
}

/// The same by a node's control socket alone.
///
/// # Errors
/// As [`send_surely`].
pub async fn send_at(socket: &Path, to: &str, text: &str) -> Result<String> {
    wait_for("the send is accepted", PATIENCE, || async {
        let Ok(client) = Client::connect(socket).await else { return Ok(None) };
        let params = json!({ "to": to, "text": text, "client_ref": text });
        Ok(client.call::<Sent>("send", params).await.ok().map(|sent| sent.id))
    })
    .await
}

/// The texts of others in a chat, oldest first.
///
/// # Errors
/// When the call fails.
pub async fn texts(client: &Client, chat: &str) -> Result<Vec<String>> {
    let log: Vec<Message> = client.call("log", json!({ "chat": chat, "limit": 1000 })).await?;
    Ok(log.into_iter().filter(|message| !message.from.me).map(|message| message.text).collect())
}

/// Waits until nothing waits at a node any more.
///
/// # Errors
/// When something still waits after a minute.
pub async fn drained(person: &Person) -> Result<()> {
    wait_for("the outbox is empty", PATIENCE, || async {
        let Ok(client) = person.client().await else { return Ok(None) };
        let status: Status = client.call("status", json!({})).await?;
        Ok((status.outbox.queued == 0 && status.outbox.mailbox == 0).then_some(()))
    })
    .await
}

/// What was said in one test, by (who, to whom).
#[derive(Debug, Default)]
pub struct Talk {
    said: BTreeMap<(String, String), Vec<String>>,
}

impl Talk {
    /// `from` says one thing more to `to`.
    ///
    /// # Errors
    /// As [`send_surely`].
    pub async fn say(&mut self, from: &Person, to: &Person) -> Result<()> {
        let said = self.said.entry((from.name.clone(), to.name.clone())).or_default();
        let text = format!("{} to {} number {}", from.name, to.name, said.len());
        send_surely(from, &to.handle(), &text).await?;
        said.push(text);
        Ok(())
    }

    /// `from` says one thing more to `to`, and it is there within `limit`: how long it took.
    ///
    /// # Errors
    /// When it is not.
    pub async fn arrives(&mut self, from: &Person, to: &Person, limit: Duration) -> Result<Duration> {
        let begun = Instant::now();
        self.say(from, to).await?;
        self.all_there(from, to, limit).await?;
        Ok(begun.elapsed())
    }

    /// Waits until the last that `from` said to `to` is shown there.
    ///
    /// # Errors
    /// When it is not shown within `limit`.
    pub async fn all_there(&self, from: &Person, to: &Person, limit: Duration) -> Result<()> {
        let last = self.said.get(&(from.name.clone(), to.name.clone())).and_then(|said| said.last());
        let what = format!("{last:?} is shown to {}", to.name);
        let client = to.client().await?;
        wait_for(&what, limit, || async {
            let params = json!({ "chat": from.handle(), "limit": 50 });
            let log: Vec<Message> = client.call("log", params).await?;
            Ok(log.iter().rev().any(|message| Some(&message.text) == last).then_some(()))
        })
        .await
    }

    /// The judgement: waits until nothing waits anywhere, and compares what was said with what is shown.
    ///
    /// # Errors
    /// When something is missing, doubled, out of order or made up.
    pub async fn judge(&self, people: &[&Person]) -> Result<()> {
        for person in people {
            drained(person).await?;
        }
        for to in people {
            let client = to.client().await?;
            for from in people {
                let Some(said) = self.said.get(&(from.name.clone(), to.name.clone())) else { continue };
                let shown = texts(&client, &from.handle()).await?;
                ensure!(&shown == said, "{} is shown {shown:?} instead of {said:?}", to.name);
            }
        }
        Ok(())
    }
}
