//! `send`, `edit`, `delete`, `react`, `pin`, `pins`, `again`, `log`, `find`, `export`: messages and their history.

use super::args::{Format, Global, Level, Log, Send};
use super::out::{Out, guard, guard_line, json_line, write_out};
use super::session::Session;
use super::{duration, human};
use regex_lite::Regex;
use serde_json::{Value, json};
use starling_node::api::trouble::misuse;
use starling_node::api::types::{Done, Message, Object, Sent, Trouble};
use std::io::{IsTerminal, Read};

/// Messages asked for at once.
const PAGE: usize = 200;
/// Bytes of a text read from stdin; the node's own bound is lower and says so.
const TEXT_BYTES: u64 = 256 * 1024;

/// `send`.
///
/// # Errors
/// The node's, in words; exit 7 when it is stored but not as far as was asked.
pub async fn send(session: &Session, global: &Global, out: Out, send: &Send) -> Result<(), Trouble> {
    if !send.file.is_empty() {
        return Err(misuse("Files are not there yet", "Send the text without `--file`."));
    }
    let text = text(&send.text)?;
    let mut params = json!({
        "to": send.to,
        "text": text,
        "reply_to": send.reply,
        "client_ref": send.client_ref,
        "wait": send.wait.word(),
        "require_verified": send.require_verified,
    });
    if let (Some(limit), Some(params)) = (global.timeout, params.as_object_mut()) {
        params.insert("timeout_ms".to_owned(), Value::from(limit.ms()));
    }
    match session.client.call::<Sent>("send", params).await {
        Ok(sent) => {
            show_sent(out, &sent);
            if send.wait != Level::Queued {
                out.talk(&format!("{} to {}", sent.state, guard_line(&sent.to)));
            }
            Ok(())
        }
        Err(fault) => {
            // It is stored all the same: scripts get its id.
            if let Some(sent) = &fault.sent {
                show_sent(out, sent);
            }
            Err(fault)
        }
    }
}

fn show_sent(out: Out, sent: &Sent) {
    out.object(&Object::Sent(sent.clone()), || sent.id.clone());
}

/// The text of the arguments, or of stdin.
fn text(words: &[String]) -> Result<String, Trouble> {
    match words {
        [] if std::io::stdin().is_terminal() => {
            Err(misuse("There is no text", "Give it as an argument, or through stdin."))
        }
        [] => stdin(),
        [one] if one == "-" => stdin(),
        words => Ok(words.join(" ")),
    }
}

fn stdin() -> Result<String, Trouble> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(TEXT_BYTES)
        .read_to_end(&mut bytes)
        .map_err(|fault| misuse(format!("stdin cannot be read: {fault}"), "Give the text as an argument."))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| misuse("stdin is not text in UTF-8", "Only texts can be sent."))?;
    Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
}

/// `edit`, `delete`, `react`: something is done to a message.
///
/// # Errors
/// The node's, in words.
pub async fn change(session: &Session, out: Out, method: &str, params: Value) -> Result<(), Trouble> {
    let done: Done = session.client.call(method, params).await?;
    if out.json {
        json_line(&Object::Done(done));
    } else {
        out.talk(&done.what);
    }
    Ok(())
}

/// `log`.
///
/// # Errors
/// The node's, in words, and a wrong `--since` or `--grep`.
pub async fn log(session: &Session, out: Out, log: &Log) -> Result<(), Trouble> {
    let since = match log.since.as_deref() {
        Some(text) => Some(
            duration::moment(text)
                .map_err(|fault| misuse(format!("`--since` is not a time: {fault}"), "Try again."))?,
        ),
        None => None,
    };
    let pattern = log.grep.as_deref().map(Regex::new).transpose().map_err(|fault| {
        misuse(format!("`--grep` is not a regular expression: {fault}"), "Correct it and try again.")
    })?;
    if log.after.is_some() || log.around.is_some() {
        return one_page(session, out, log, since, pattern.as_ref()).await;
    }
    let fits = |message: &Message| pattern.as_ref().is_none_or(|pattern| pattern.is_match(&message.text));
    let mut found = Vec::new();
    let mut pages = Pages { chat: &log.to, before: log.before.clone(), since, over: false };
    while found.len() < log.limit
        && let Some(page) =
            pages.next(session, if pattern.is_some() { PAGE } else { log.limit - found.len() }).await?
    {
        found.extend(page.into_iter().rev().filter(&fits));
    }
    found.truncate(log.limit);
    found.into_iter().rev().for_each(|message| show_message(out, message, false));
    Ok(())
}

/// The page after a message, or around one.
async fn one_page(
    session: &Session,
    out: Out,
    log: &Log,
    since: Option<String>,
    pattern: Option<&Regex>,
) -> Result<(), Trouble> {
    let params = json!({
        "chat": log.to, "limit": log.limit, "after": log.after, "around": log.around, "since": since,
    });
    let page: Vec<Message> = session.client.call("log", params).await?;
    let fits = |message: &Message| pattern.is_none_or(|pattern| pattern.is_match(&message.text));
    page.into_iter().filter(fits).for_each(|message| show_message(out, message, false));
    Ok(())
}

/// `again`.
///
/// # Errors
/// The node's, in words.
pub async fn again(session: &Session, out: Out, id: &str) -> Result<(), Trouble> {
    let sent: Sent = session.client.call("again", json!({ "id": id })).await?;
    show_sent(out, &sent);
    out.talk(&format!("It is tried again, to {}", guard_line(&sent.to)));
    Ok(())
}

/// `pins`.
///
/// # Errors
/// The node's, in words.
pub async fn pins(session: &Session, out: Out, to: &str) -> Result<(), Trouble> {
    let pinned: Vec<Message> = session.client.call("pins", json!({ "to": to })).await?;
    if pinned.is_empty() {
        out.talk("Nothing is pinned there.");
    }
    pinned.into_iter().for_each(|message| show_message(out, message, false));
    Ok(())
}

fn show_message(out: Out, message: Message, with_chat: bool) {
    let words = if out.json { String::new() } else { human::message(&message, with_chat) };
    out.object(&Object::Message(Box::new(message)), || words);
}

/// A chat's history, page by page, from the newest back.
struct Pages<'a> {
    chat: &'a str,
    before: Option<String>,
    since: Option<String>,
    over: bool,
}

impl Pages<'_> {
    /// The page before the last one, oldest first; none at the beginning of the chat.
    async fn next(&mut self, session: &Session, limit: usize) -> Result<Option<Vec<Message>>, Trouble> {
        if self.over {
            return Ok(None);
        }
        let limit = limit.min(PAGE);
        let params = json!({ "chat": self.chat, "limit": limit, "before": self.before, "since": self.since });
        let page: Vec<Message> = session.client.call("log", params).await?;
        self.over = page.len() < limit;
        match page.first() {
            Some(oldest) => self.before = Some(oldest.id.clone()),
            None => return Ok(None),
        }
        Ok(Some(page))
    }
}

/// `find`.
///
/// # Errors
/// The node's, in words.
pub async fn find(session: &Session, out: Out, text: &[String], limit: usize) -> Result<(), Trouble> {
    let params = json!({ "text": text.join(" "), "limit": limit });
    let found: Vec<Message> = session.client.call("find", params).await?;
    if found.is_empty() {
        out.talk("Nothing has all of these words.");
    }
    found.into_iter().for_each(|message| show_message(out, message, true));
    Ok(())
}

/// `export`: everything, oldest first, rendered page by page.
///
/// # Errors
/// The node's, in words.
pub async fn export(session: &Session, to: &str, format: Format) -> Result<(), Trouble> {
    let mut pages = Pages { chat: to, before: None, since: None, over: false };
    let mut rendered = Vec::new();
    while let Some(page) = pages.next(session, PAGE).await? {
        rendered.push(render(page, format));
    }
    rendered.iter().rev().for_each(|page| write_out(page));
    Ok(())
}

/// Messages of a page, oldest first, in a form.
pub(crate) fn render(page: Vec<Message>, format: Format) -> String {
    let mut text = String::new();
    for message in page {
        match format {
            Format::Jsonl => {
                // Plain data: it can always be written.
                text.push_str(
                    &serde_json::to_string(&Object::Message(Box::new(message))).unwrap_or_default(),
                );
                text.push('\n');
            }
            Format::Md => text.push_str(&markdown(&message)),
            Format::Txt => text.push_str(&lines(&message)),
        }
    }
    text
}

/// A message as lines: when and who in front of the first, the others set in, so that none can look like a new one.
fn lines(message: &Message) -> String {
    let who = if message.kind == "notice" {
        String::new()
    } else {
        format!("{}: ", guard_line(&message.from.name))
    };
    let text = if message.deleted { "(deleted)".to_owned() } else { guard(&message.text) };
    format!("{} {who}{}\n", human::when(&message.received), text.replace('\n', "\n    "))
}

/// A message as a paragraph; its text is quoted so that it cannot look like the export's own words.
fn markdown(message: &Message) -> String {
    if message.kind == "notice" {
        return format!("*{}* {}\n\n", guard_line(&message.text), human::when(&message.received));
    }
    let edited = if message.edited { " (edited)" } else { "" };
    let text = if message.deleted { "(deleted)".to_owned() } else { guard(&message.text) };
    let mut out =
        format!("**{}** {}{edited}\n\n", guard_line(&message.from.name), human::when(&message.received));
    for line in text.split('\n') {
        out.push_str(&format!("> {line}\n"));
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn arguments_are_one_text() {
        assert_eq!(text(&["I".into(), "am here".into()]).unwrap(), "I am here");
        assert_eq!(text(&["--".into(), "-".into()]).unwrap(), "-- -");
    }
}
