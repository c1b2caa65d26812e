//! `daemon` and `stop`: the node in the foreground, and its end.

use super::args::{Daemon, Global, Role};
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

/// Logs go to stderr, without colour unless it is a terminal. STARLING_LOG says what, in `tracing`'s words.
fn log(global: &Global) {
    use std::io::IsTerminal;
    let usual = match global.verbose {
        // A lone node is nothing to warn of, and what others do wrong in the DHT is not its user's business.
        0 => "warn,libp2p_kad=error,libp2p_gossipsub=off,starling_node=info,starling_tui=info",
        1 => "info,starling_node=debug,starling_protocol=debug",
        _ => "debug",
    };
    let filter = std::env::var("STARLING_LOG").unwrap_or_else(|_| usual.to_owned());
    let filter = tracing_subscriber::EnvFilter::try_new(filter).unwrap_or_else(|_| usual.into());
    let ansi = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    // A second subscriber in one process would be a test's; the first one stays.
    let _ = tracing_subscriber::fmt()
        // A log that cannot be written (a full disk) must not end the node: the default tells of it on stderr, which
        // panics if that is the log.
        .log_internal_errors(false)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(ansi)
        .try_init();
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
    log(global);
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
                tracing::info!("SIGHUP: reading the configuration again is not there yet; start the daemon again");
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
