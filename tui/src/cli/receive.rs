//! `recv`: prints what happens. With a cursor file nothing is lost over restarts: an event is printed and flushed
//! before the file says so, and the file is replaced in one step.

use super::args::{Global, Recv};
use super::human::{self, Names};
use super::out::{Out, guard, json_line, write_out};
use super::session::Session;
use serde_json::{Value, json};
use starling_node::api::client::{Subscription, Wanted};
use starling_node::api::trouble::{self, misuse};
use starling_node::api::types::{Object, Trouble};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Events printed before their place is kept, when many come at once. After a crash at most these come again.
const BATCH: usize = 256;
/// Bytes of a cursor file.
const CURSOR_BYTES: usize = 64;

/// `recv`.
///
/// # Errors
/// The node's, in words; exit 3 when it ends before the command does.
pub async fn recv(session: &Session, global: &Global, out: Out, recv: &Recv) -> Result<(), Trouble> {
    let since = since(recv)?;
    let wanted = Wanted {
        since,
        chats: recv.to.clone(),
        types: recv.types.clone(),
        max: recv.max,
        follow: recv.follow || global.timeout.is_some(),
    };
    let people = if out.json { Vec::new() } else { session.client.call("people.list", json!({})).await? };
    let mut names = Names::new(&session.client.welcome().account, people);
    let mut events = session.client.subscribe(&wanted).await?;
    let deadline = global.timeout.and_then(|limit| Instant::now().checked_add(limit.0));
    let mut place = Place { session, file: recv.cursor_file.clone(), cursor: None, read: BTreeMap::new() };
    loop {
        let Some(event) = next(&mut events, deadline).await? else { break };
        print(out, &event, &mut names);
        place.after(&event, recv.mark_read);
        let mut printed = 1;
        // What is here already goes out before the place is kept, once for all of it.
        while printed < BATCH
            && let Ok(event) = tokio::time::timeout(Duration::ZERO, events.next()).await
        {
            let Some(event) = event else { break };
            print(out, &event, &mut names);
            place.after(&event, recv.mark_read);
            printed += 1;
        }
        place.keep().await?;
    }
    if events.ended()
        && let Some(cursor) = events.cursor()
    {
        place.cursor = Some(cursor.to_owned());
        place.keep().await?;
    }
    Ok(())
}

/// The next event; none when the time is over or all was told.
async fn next(events: &mut Subscription, deadline: Option<Instant>) -> Result<Option<Object>, Trouble> {
    let event = match deadline {
        Some(deadline) => match timeout_at(deadline, events.next()).await {
            Ok(event) => event,
            Err(_) => return Ok(None),
        },
        None => events.next().await,
    };
    if event.is_none() && !events.ended() {
        return Err(trouble::node_gone());
    }
    Ok(event)
}

fn print(out: Out, event: &Object, names: &mut Names) {
    if out.json {
        json_line(event);
    } else {
        if let Object::Contact(contact) = event {
            names.learn(contact);
        }
        write_out(&format!("{}\n", guard(&human::object(event, names))));
    }
}

/// How far this reader is, and where that is kept.
struct Place<'a> {
    session: &'a Session,
    file: Option<PathBuf>,
    cursor: Option<String>,
    /// Messages to mark as read, by chat.
    read: BTreeMap<String, Vec<String>>,
}

impl Place<'_> {
    fn after(&mut self, event: &Object, mark_read: bool) {
        if let Some(cursor) = cursor_of(event) {
            self.cursor = Some(cursor.to_owned());
        }
        if let Object::Message(message) = event
            && mark_read
            && !message.from.me
        {
            self.read.entry(message.chat.clone()).or_default().push(message.id.clone());
        }
    }

    async fn keep(&mut self) -> Result<(), Trouble> {
        for (chat, ids) in std::mem::take(&mut self.read) {
            self.session.client.call::<Value>("mark_read", json!({ "chat": chat, "ids": ids })).await?;
        }
        let Some(cursor) = self.cursor.take() else { return Ok(()) };
        match &self.file {
            Some(path) => write_cursor(path, &cursor).map_err(|fault| {
                Trouble::new(
                    "E-FILE",
                    trouble::FAILED,
                    format!("The cursor cannot be kept in {}: {fault}", path.display()),
                    "Nothing is lost; the last events will come again.",
                    "Name a file that can be written.",
                )
            }),
            None => {
                self.session.client.call::<Value>("recv.mark", json!({ "cursor": cursor })).await?;
                Ok(())
            }
        }
    }
}

fn cursor_of(event: &Object) -> Option<&str> {
    let cursor = match event {
        Object::Message(event) => &event.cursor,
        Object::Receipt(event) => &event.cursor,
        Object::Hidden(event) => &event.cursor,
        Object::Request(event) => &event.cursor,
        Object::Contact(event) => &event.cursor,
        Object::Presence(event) => &event.cursor,
        Object::Typing(event) => &event.cursor,
        Object::Compare(event) => &event.cursor,
        Object::Near(event) => &event.cursor,
        Object::Network(event) => &event.cursor,
        Object::Gap(event) => &event.cursor,
        Object::MailAsk(event) => &event.cursor,
        Object::Room(event) => &event.cursor,
        Object::Resync(event) => &event.cursor,
        _ => return None,
    };
    Some(cursor.as_str()).filter(|cursor| !cursor.is_empty())
}

/// Where to begin: the cursor file, else `--since`, else after the last `recv`.
fn since(recv: &Recv) -> Result<String, Trouble> {
    let Some(path) = &recv.cursor_file else {
        return Ok(recv.since.clone().unwrap_or_else(|| "last".to_owned()));
    };
    match std::fs::read(path) {
        Ok(bytes) => {
            let text = String::from_utf8(bytes).ok().map(|text| text.trim().to_owned());
            text.filter(|text| {
                !text.is_empty() && text.len() <= CURSOR_BYTES && text.bytes().all(|b| b.is_ascii_digit())
            })
            .ok_or_else(|| {
                misuse(
                    format!("{} does not hold a cursor", path.display()),
                    "Name another file, or remove it.",
                )
            })
        }
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => {
            Ok(recv.since.clone().unwrap_or_else(|| "0".to_owned()))
        }
        Err(fault) => {
            Err(misuse(format!("{} cannot be read: {fault}", path.display()), "Name another file."))
        }
    }
}

/// Replaces the file in one step: it holds the old cursor or the new one, never half of one.
fn write_cursor(path: &Path, cursor: &str) -> std::io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let part = PathBuf::from(name);
    match std::fs::remove_file(&part) {
        Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => return Err(fault),
        _ => {}
    }
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&part)?;
    file.write_all(format!("{cursor}\n").as_bytes())?;
    file.sync_data()?;
    std::fs::rename(&part, path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn recv(file: &Path, since: Option<&str>) -> Recv {
        Recv {
            to: Vec::new(),
            follow: false,
            since: since.map(str::to_owned),
            cursor_file: Some(file.to_owned()),
            types: Vec::new(),
            max: None,
            mark_read: false,
        }
    }

    #[test]
    fn the_cursor_file_wins_and_a_broken_one_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cursor");
        assert_eq!(since(&recv(&path, None)).unwrap(), "0");
        assert_eq!(since(&recv(&path, Some("now"))).unwrap(), "now");
        write_cursor(&path, "41").unwrap();
        write_cursor(&path, "42").unwrap();
        assert_eq!(since(&recv(&path, Some("now"))).unwrap(), "42");
        for broken in [
            "",
            "last",
            "1 2",
            "\u{1b}[2J",
            "99999999999999999999999999999999999999999999999999999999999999999",
        ] {
            std::fs::write(&path, broken).unwrap();
            assert_eq!(since(&recv(&path, None)).unwrap_err().exit, 2, "{broken}");
        }
    }
}
