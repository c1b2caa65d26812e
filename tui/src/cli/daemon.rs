//! `daemon` and `stop`: the node in the foreground, and its end.

use super::args::{Daemon, Global, Role};
use super::config::reloaded;
use super::logs;
use super::out::{Out, json_line};
use super::session::{self, Session, StartExtras, start_node};
use serde::Serialize;
use serde_json::{Value, json};
use starling_node::Serve;
use starling_node::api::trouble::{self, misuse};
use starling_node::api::types::{Trouble, V};
use starling_node::config;
use starling_node::profile::Profile;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// How long ending may take.
const END: Duration = Duration::from_secs(10);

#[derive(Serialize)]
struct Ready {
    v: u32,
    r#type: &'static str,
    account: String,
    device: String,
    listen: Vec<String>,
    socket: String,
    serving: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    web: Option<String>,
}

fn io(fault: std::io::Error) -> Trouble {
    Trouble::new(
        "E-SYSTEM",
        trouble::FAILED,
        format!("The system refused: {fault}"),
        "Nothing was done.",
        "Try again.",
    )
}

fn web_address(text: &str) -> Result<SocketAddr, Trouble> {
    let advice = "Only programs on this machine may read the figures of a node.";
    config::web_address(text).map_err(|fault| misuse(format!("--{fault}"), advice))
}

/// `daemon`: runs until it is asked to end.
///
/// # Errors
/// In words; exit 1 naming the process when another one runs this profile.
pub async fn daemon(global: &Global, daemon: &Daemon) -> Result<(), Trouble> {
    let web = daemon.web.as_deref().map(web_address).transpose()?;
    let serve = Serve {
        mailbox: daemon.serve.contains(&Role::Mailbox),
        relay: daemon.serve.contains(&Role::Relay),
        bootstrap: daemon.serve.contains(&Role::Bootstrap),
    };
    logs::begin(global, true);
    let mut terminate = signal(SignalKind::terminate()).map_err(io)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(io)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(io)?;
    let profile = session::profile(global)?;
    let socket = profile.socket();
    let extras = StartExtras {
        listen: daemon.listen.clone(),
        peers: daemon.peer.clone(),
        lan: daemon.no_lan.then_some(false),
        serve: serve.any().then_some(serve),
        web,
    };
    let node = start_node(global, profile, extras).await?;
    let handle = node.handle().clone();
    let facts = handle.facts();
    json_line(&Ready {
        v: V,
        r#type: "ready",
        account: facts.account.to_string(),
        device: facts.device.to_string(),
        listen: facts.listen.clone(),
        socket: socket.display().to_string(),
        serving: facts.about.serve.words(),
        web: node.web().map(|addr| addr.to_string()),
    });
    let mut stopped = std::pin::pin!(node.stopped());
    let outcome = loop {
        tokio::select! {
            outcome = &mut stopped => break outcome,
            _ = hangup.recv() => {
                match handle.reload().await {
                    Ok(changes) => tracing::info!("SIGHUP: {}", reloaded(&changes)),
                    Err(fault) => tracing::warn!(%fault, "SIGHUP: the configuration was not read again"),
                }
                continue;
            }
            _ = terminate.recv() => tracing::info!("SIGTERM: ending"),
            _ = interrupt.recv() => tracing::info!("SIGINT: ending"),
        }
        handle.stop();
        break tokio::time::timeout(END, &mut stopped).await.map_err(|_| too_slow())?;
    };
    Ok(outcome?)
}

fn too_slow() -> Trouble {
    Trouble::new(
        "E-STOP",
        trouble::FAILED,
        "The node did not end within 10 seconds",
        "What was stored is kept.",
        "Start it again; if it happens again, report it with the log.",
    )
}

/// `stop`: returns when the profile is free.
///
/// # Errors
/// The node's, in words.
pub async fn stop(session: Session, out: Out, profile: &Profile) -> Result<(), Trouble> {
    let done: Value = session.client.call("stop", json!({})).await?;
    session.close().await?;
    let free = async {
        // The lock is the truth about a profile; it can only be tried.
        while profile.lock().is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(END, free).await.map_err(|_| too_slow())?;
    if out.json {
        json_line(&done);
    } else {
        out.talk("Starling has ended.");
    }
    Ok(())
}
