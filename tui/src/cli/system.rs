//! `status`, `version`, `rpc`, `completions`, `man`: the program itself.

use super::args::Cli;
use super::duration::Span;
use super::human;
use super::out::{Out, json_line, write_out};
use super::session::Session;
use clap::CommandFactory;
use serde_json::{Value, json};
use starling_node::api::trouble::{self, misuse};
use starling_node::api::types::{API, Object, Status, Trouble, V};
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// How often `status --watch` looks.
const WATCH: Duration = Duration::from_secs(2);

/// `status`.
///
/// # Errors
/// The node's, in words.
pub async fn status(session: &Session, out: Out, watch: bool, limit: Option<Span>) -> Result<(), Trouble> {
    let mut shown = None;
    let end = limit.and_then(|limit| Instant::now().checked_add(limit.0));
    loop {
        let status: Status = session.client.call("status", json!({})).await?;
        // The time it runs changes always and is no news.
        let news = Status { uptime_s: 0, ..status.clone() };
        if shown.as_ref() != Some(&news) {
            out.object(&Object::Status(Box::new(status.clone())), || human::status(&status));
            shown = Some(news);
        }
        if !watch {
            return Ok(());
        }
        let next = Instant::now() + WATCH;
        tokio::time::sleep_until(end.map_or(next, |end| end.min(next))).await;
        if end.is_some_and(|end| Instant::now() >= end) {
            return Ok(());
        }
    }
}

/// `version`.
pub fn version(out: Out) {
    let version = env!("CARGO_PKG_VERSION");
    out.object(&json!({ "v": V, "type": "version", "version": version, "api": API }), || {
        format!("starling {version}")
    });
}

/// `rpc METHOD [JSON]`: prints the result as one line of JSON.
///
/// # Errors
/// The node's, in words.
pub async fn rpc(session: &Session, method: &str, params: Option<&str>) -> Result<(), Trouble> {
    if method.starts_with("recv.") && method != "recv.mark" {
        return Err(misuse("Subscriptions need a connection that stays", "Use `starling recv --json`."));
    }
    let params: Value = match params {
        Some(text) => serde_json::from_str(text).map_err(|fault| {
            misuse(format!("The parameters are not JSON: {fault}"), "Correct them and try again.")
        })?,
        None => json!({}),
    };
    let result: Value = session.client.call(method, params).await?;
    json_line(&result);
    Ok(())
}

/// `completions SHELL`.
pub fn completions(shell: clap_complete::Shell) {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "starling", &mut script);
    write_out(&String::from_utf8_lossy(&script));
}

/// `man [DIR]`.
///
/// # Errors
/// When the folder cannot be written.
pub fn man(out: Out, dir: Option<&Path>) -> Result<(), Trouble> {
    let mut command = Cli::command();
    command.build();
    let written = match dir {
        None => page(&command, "starling").map(|page| write_out(&String::from_utf8_lossy(&page))),
        Some(dir) => {
            pages(&command, dir).map(|count| out.talk(&format!("{count} pages are in {}", dir.display())))
        }
    };
    written.map_err(|fault| {
        Trouble::new(
            "E-FILE",
            trouble::FAILED,
            format!("The manual cannot be written: {fault}"),
            "",
            "Name a folder that can be written.",
        )
    })
}

fn page(command: &clap::Command, name: &str) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).title(name).render(&mut page)?;
    Ok(page)
}

fn pages(command: &clap::Command, dir: &Path) -> io::Result<usize> {
    std::fs::create_dir_all(dir)?;
    std::fs::write(dir.join("starling.1"), page(command, "starling")?)?;
    let mut count = 1;
    for verb in command.get_subcommands() {
        let name = format!("starling-{}", verb.get_name());
        std::fs::write(dir.join(format!("{name}.1")), page(verb, &name)?)?;
        count += 1;
    }
    Ok(count)
}
