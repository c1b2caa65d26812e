//! What is wished of messages beyond sending: parts of a chat, pins, another try, an address opened, a chat written to
//! a file.

use crate::cli::args::Format;
use crate::cli::messages::render;
use crate::screen::model::chatlog::{PAGE, Part};
use crate::screen::msg::{Msg, TalkNews, TalkWish, WriteAs};
use crate::screen::text::{clean, link};
use serde_json::{Value, json};
use starling_node::api::client::Client;
use starling_node::api::types::{Message, Trouble};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Messages of one page while a chat is written to a file.
const WRITE_PAGE: usize = 500;
/// Characters of a chat's name in the name of its file.
const NAME_CHARS: usize = 40;
/// What opens an address the way the desktop does.
const OPENER: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };

/// Does what a wish says.
pub async fn perform(client: Result<Client, Trouble>, wish: TalkWish) -> Option<Msg> {
    if let TalkWish::Open { address } = &wish {
        let opened = open(address);
        return opened.err().map(|trouble| Msg::Done { say: None, result: Err(trouble) });
    }
    let client = match client {
        Ok(client) => client,
        Err(trouble) => return Some(Msg::Done { say: None, result: Err(trouble) }),
    };
    ask(&client, wish).await
}

async fn ask(client: &Client, wish: TalkWish) -> Option<Msg> {
    let news = match wish {
        TalkWish::Page { chat, part } => {
            let mut params = json!({ "chat": chat, "limit": PAGE });
            let (key, id) = match &part {
                Part::Newest => ("before", Value::Null),
                Part::Before(id) => ("before", json!(id)),
                Part::After(id) => ("after", json!(id)),
                Part::Around(id) => ("around", json!(id)),
                Part::Unread => ("around", json!("unread")),
            };
            if let Some(fields) = params.as_object_mut() {
                fields.insert(key.to_owned(), id);
            }
            TalkNews::Page { page: client.call("log", params).await, chat, part }
        }
        TalkWish::Pin { id, on } => {
            let done: Result<Value, Trouble> = client.call("pin", json!({ "id": id, "on": on })).await;
            TalkNews::Pinned { result: done.map(|_| ()), id, on }
        }
        TalkWish::Pins { chat } => {
            TalkNews::Pins { result: client.call("pins", json!({ "to": chat })).await, chat }
        }
        TalkWish::Hide { id } => {
            let done: Result<Value, Trouble> =
                client.call("delete", json!({ "id": id, "local": true })).await;
            let say = Some("Deleted here. Others still have it.".to_owned());
            return Some(Msg::Done { say, result: done.map(|_| ()) });
        }
        TalkWish::Again { id } => TalkNews::Again(client.call("again", json!({ "id": id })).await),
        TalkWish::Write { chat, form, path, name } => {
            TalkNews::Written(write(client, &chat, form, path.as_deref(), &name).await)
        }
        TalkWish::Open { .. } => return None,
    };
    Some(Msg::Talk(news))
}

/// Opens an address with the desktop's program, which hears nothing of this terminal.
fn open(address: &str) -> Result<(), Trouble> {
    let not = |what: &str| {
        Trouble::new(
            "E-LINK",
            1,
            what,
            "Nothing was opened.",
            "Copy the address: `o` on the message, then `c`.",
        )
    };
    if !link::openable(address) || clean::line(address) != address {
        return Err(not("This is not an address that is opened from here"));
    }
    let mut command = Command::new(OPENER);
    command.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        command.process_group(0);
    }
    let mut child = command.spawn().map_err(|_| not(&format!("This computer has no {OPENER}")))?;
    // Only so that it leaves no dead entry behind; whoever opened it may run for days.
    let reaper = std::thread::Builder::new().name("opened".to_owned()).spawn(move || child.wait());
    drop(reaper);
    Ok(())
}

/// Writes a whole chat into a new file only this person can read.
async fn write(
    client: &Client,
    chat: &str,
    form: WriteAs,
    path: Option<&str>,
    name: &str,
) -> Result<(String, u64), Trouble> {
    let path = path.map_or_else(|| PathBuf::from(file_name(name, form)), PathBuf::from);
    let mut pages = Vec::new();
    let mut before: Option<String> = None;
    let mut messages = 0;
    loop {
        let params = json!({ "chat": chat, "limit": WRITE_PAGE, "before": before });
        let page: Vec<Message> = client.call("log", params).await?;
        let Some(oldest) = page.first() else { break };
        before = Some(oldest.id.clone());
        messages += u64::try_from(page.len()).unwrap_or(0);
        pages.push(render(page, rendered(form)));
    }
    let file = path.clone();
    let written = tokio::task::spawn_blocking(move || save(&file, &pages)).await;
    let problem = match written {
        Ok(Ok(())) => return Ok((path.display().to_string(), messages)),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    Err(Trouble::new(
        "E-FILE",
        1,
        format!("{} cannot be written: {problem}", path.display()),
        "The chat is as it was.",
        "Name another path: /export md PATH.",
    ))
}

fn save(path: &Path, pages: &[String]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    for page in pages.iter().rev() {
        file.write_all(page.as_bytes())?;
    }
    file.sync_all()
}

fn rendered(form: WriteAs) -> Format {
    match form {
        WriteAs::Markdown => Format::Md,
        WriteAs::Json => Format::Jsonl,
        WriteAs::Text => Format::Txt,
    }
}

/// A file's name for a chat: letters and digits of its name only.
fn file_name(name: &str, form: WriteAs) -> String {
    let kept = |c: char| if c.is_alphanumeric() { c } else { '-' };
    let plain: String = clean::name(name).chars().map(kept).take(NAME_CHARS).collect();
    let plain = plain.trim_matches('-');
    let end = match form {
        WriteAs::Markdown => "md",
        WriteAs::Json => "jsonl",
        WriteAs::Text => "txt",
    };
    if plain.is_empty() { format!("chat.{end}") } else { format!("{plain}.{end}") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_name_makes_no_path() {
        assert_eq!(file_name("../../etc/passwd", WriteAs::Text), "etc-passwd.txt");
        assert_eq!(file_name("#roof\u{202e}", WriteAs::Markdown), "roof.md");
        assert_eq!(file_name("/", WriteAs::Json), "chat.jsonl");
    }

    #[test]
    fn a_file_that_is_there_is_not_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("chat.txt");
        save(&path, &["b\n".to_owned(), "a\n".to_owned()]).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a\nb\n");
        assert!(save(&path, &["c".to_owned()]).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a\nb\n");
    }

    #[test]
    fn only_web_addresses_are_opened() {
        for address in ["javascript:alert(1)", "file:///etc/passwd", "--help", "https://a b", ""] {
            assert!(open(address).is_err(), "{address}");
        }
    }
}
