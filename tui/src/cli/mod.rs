//! The command line: reads the words, does what they say through the control API, prints, and answers with an exit
//! code (docs/user/cli.md). It knows nothing of protocol, network or store.

mod account;
pub mod args;
mod chat;
pub mod chats;
pub(crate) mod config;
mod daemon;
pub mod duration;
mod human;
mod logs;
mod mail;
pub(crate) mod messages;
mod near;
mod network;
pub mod out;
mod people;
pub mod qr;
mod receive;
mod rooms;
pub mod session;
mod system;
mod usage;

use crate::screen::ScreenOptions;
use crate::screen::demo::Demo;
use args::{Cli, Global, NetAction, Verb};
use chat::Way;
use clap::Parser;
use out::Out;
use serde_json::json;
use session::Session;
use starling_node::api::trouble;
use starling_node::api::types::Trouble;
use std::process::ExitCode;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

/// Exit code after SIGINT.
const INTERRUPTED: u8 = 130;
/// Exit code after SIGTERM.
const TERMINATED: u8 = 143;

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(fault) => return usage::explain(fault),
    };
    let out = session::out(&cli.global);
    match run(cli, out) {
        Ok(code) => code,
        Err(fault) => out.fail(&fault),
    }
}

fn run(cli: Cli, out: Out) -> Result<ExitCode, Trouble> {
    let Cli { global, demo, verb } = cli;
    if demo.is_some() && !matches!(verb, None | Some(Verb::Chat { .. })) {
        return Err(trouble::misuse("--demo is only for the screen", "Use `starling --demo`."));
    }
    let Some(verb) = verb else {
        return match chat::alone(&global) {
            Some(way) => open_screen(&global, None, demo, way),
            None => Ok(usage::short()),
        };
    };
    let done = |()| ExitCode::SUCCESS;
    match verb {
        Verb::Init(init) => account::init(&global, &init).map(done),
        Verb::Restore(restore) => account::restore(&global, &restore).map(done),
        Verb::Version => {
            system::version(out);
            Ok(ExitCode::SUCCESS)
        }
        Verb::Completions { shell } => {
            system::completions(shell);
            Ok(ExitCode::SUCCESS)
        }
        Verb::Man { dir } => system::man(out, dir.as_deref()).map(done),
        Verb::Config { action } => config::config(&global, out, &action).map(done),
        Verb::Chat { to, plain } => match chat::way(&global, plain) {
            Way::Message => {
                let send = Verb::Send(chat::message(to)?);
                run(Cli { global, demo: None, verb: Some(send) }, out)
            }
            way => open_screen(&global, to, demo, way),
        },
        Verb::Daemon(daemon) => {
            let runtime = runtime(true)?;
            // The runtime is dropped, and its threads with it, before the process exits.
            runtime.block_on(daemon::daemon(&global, &daemon)).map(done)
        }
        verb => {
            let runtime = runtime(global.start)?;
            let code = runtime.block_on(until_signal(talk_to_node(&global, out, verb)));
            // Something may still wait for stdin.
            runtime.shutdown_background();
            code
        }
    }
}

fn runtime(threads: bool) -> Result<Runtime, Trouble> {
    let mut builder = if threads { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    builder.enable_all().build().map_err(|fault| trouble::internal(format!("No runtime: {fault}")))
}

/// Opens the screen or line mode, on a chat if one is named.
fn open_screen(
    global: &Global,
    chat: Option<String>,
    demo: Option<Demo>,
    way: Way,
) -> Result<ExitCode, Trouble> {
    logs::begin(global, false);
    let profile = session::profile(global)?;
    let options = ScreenOptions { profile, passphrase_file: global.passphrase_file.clone(), chat, demo };
    let run = if way == Way::Lines { crate::screen::plain::open } else { crate::screen::run };
    run(options).map_err(|fault| {
        Trouble::new(
            "E-TERMINAL",
            trouble::FAILED,
            format!("The screen ended: {fault:#}"),
            "What was stored is kept.",
            "Start it again; `starling status` tells whether a node runs.",
        )
    })
}

/// Ends with 130 or 143 when a signal comes first; what was begun at the node goes on there.
async fn until_signal(work: impl Future<Output = Result<(), Trouble>>) -> Result<ExitCode, Trouble> {
    let system = |fault: std::io::Error| trouble::internal(format!("No signals: {fault}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(system)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(system)?;
    tokio::select! {
        outcome = work => outcome.map(|()| ExitCode::SUCCESS),
        _ = interrupt.recv() => Ok(ExitCode::from(INTERRUPTED)),
        _ = terminate.recv() => Ok(ExitCode::from(TERMINATED)),
    }
}

async fn talk_to_node(global: &Global, out: Out, verb: Verb) -> Result<(), Trouble> {
    if matches!(verb, Verb::Words) {
        return account::words(global).await;
    }
    if matches!(verb, Verb::Stop) {
        // Starting a node only to end it is not what anybody wants.
        let global = Global { start: false, ..global.clone() };
        let session = Session::open(&global).await?;
        return daemon::stop(session, out, &session::profile(&global)?).await;
    }
    // These have their own meaning for `--timeout`.
    let own_limit = matches!(verb, Verb::Send(_) | Verb::Recv(_) | Verb::Status { watch: true });
    let session = Session::open(global).await?;
    let work = with_session(&session, global, out, verb);
    let outcome = match global.timeout.filter(|_| !own_limit) {
        Some(limit) => tokio::time::timeout(limit.0, work).await.unwrap_or_else(|_| Err(too_slow())),
        None => work.await,
    };
    let closed = session.close().await;
    outcome.and(closed)
}

fn too_slow() -> Trouble {
    Trouble::new(
        "E-TIME",
        trouble::FAILED,
        "The node did not answer in time",
        "What was asked may still be done.",
        "Look with `starling status`, or give more `--timeout`.",
    )
}

async fn with_session(session: &Session, global: &Global, out: Out, verb: Verb) -> Result<(), Trouble> {
    match verb {
        Verb::Id { who } => account::id(session, out, who.as_deref()).await,
        Verb::Verify { who, words: true, .. } => account::compare(session, out, &who).await,
        Verb::Verify { who, matches, .. } => account::verify(session, out, &who, matches).await,
        Verb::Invite(invite) => people::invite(session, out, &invite).await,
        Verb::Add(add) => people::add(session, out, &add).await,
        Verb::Requests { action } => people::requests(session, out, action.as_ref()).await,
        Verb::Near { for_ } => near::near(session, out, for_.0).await,
        Verb::People { action } => people::people(session, out, action.as_ref()).await,
        Verb::Send(send) => messages::send(session, global, out, &send).await,
        Verb::Edit { id, text } => {
            messages::change(session, out, "edit", json!({ "id": id, "text": text.join(" ") })).await
        }
        Verb::Delete { id, local } => {
            messages::change(session, out, "delete", json!({ "id": id, "local": local })).await
        }
        Verb::Again { id } => messages::again(session, out, &id).await,
        Verb::Pin { id, off } => messages::change(session, out, "pin", json!({ "id": id, "on": !off })).await,
        Verb::Pins { to } => messages::pins(session, out, &to).await,
        Verb::Chats { action } => chats::chats(session, out, action.as_ref()).await,
        Verb::React { id, emoji } => {
            messages::change(session, out, "react", json!({ "id": id, "emoji": emoji })).await
        }
        Verb::Log(log) => messages::log(session, out, &log).await,
        Verb::Find { text, limit } => messages::find(session, out, &text, limit).await,
        Verb::Export { to, format } => messages::export(session, &to, format).await,
        Verb::Recv(recv) => receive::recv(session, global, out, &recv).await,
        Verb::Room { action } => rooms::room(session, out, action).await,
        Verb::Mailbox { action } => mail::mailbox(session, out, action).await,
        Verb::Reload => config::reload(session, out).await,
        Verb::Status { watch } => system::status(session, out, watch, global.timeout).await,
        Verb::Net { action: None } => network::net(session, out).await,
        Verb::Net { action: Some(NetAction::Test) } => network::test(session, out).await,
        Verb::Logs { follow, level } => logs::logs(session, out, follow, level).await,
        Verb::Doctor { what } => network::doctor(session, out, what).await,
        Verb::Presence { state } => network::presence(session, out, state).await,
        Verb::Rpc { method, params } => system::rpc(session, &method, params.as_deref()).await,
        // The rest needs no node and was done before.
        Verb::Init(_)
        | Verb::Restore(_)
        | Verb::Words
        | Verb::Daemon(_)
        | Verb::Stop
        | Verb::Config { .. }
        | Verb::Version
        | Verb::Completions { .. }
        | Verb::Man { .. }
        | Verb::Chat { .. } => Ok(()),
    }
}
