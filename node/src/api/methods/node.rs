//! Methods about the node itself: status, identity, words, stop.

use super::mail::{self, now_ms};
use super::{Outcome, done, read};
use crate::api::hub::Hub;
use crate::api::rpc::{Fault, body};
use crate::api::types::{Account, Object, Reload, Trouble, V};
use crate::api::{render, trouble};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use starling_protocol::engine::Command;
use starling_protocol::engine::command::Presence;
use zeroize::Zeroizing;

pub(super) async fn call(hub: &std::sync::Arc<Hub>, method: &str, params: Value) -> Outcome {
    match method {
        "status" => status(hub).await,
        "id" => account(hub).await,
        "name" => name(hub, read(params)?).await,
        "presence" => presence(hub, &read(params)?).await,
        "words" => words(std::sync::Arc::clone(hub), read(params)?).await,
        "wake" => {
            hub.handle.command(Command::Wake).await?;
            done("All waiting connections are tried now")
        }
        "reload" => reload(hub).await,
        // The connection asks the node to end after this answer is on its way.
        "stop" => done("The node commits and ends"),
        other => Err(Fault::no_method(other)),
    }
}

async fn reload(hub: &Hub) -> Outcome {
    let changes = hub.handle.reload().await.map_err(Trouble::from)?;
    let words = |keys: Vec<&str>| keys.into_iter().map(str::to_owned).collect();
    body(&Object::Reload(Reload { v: V, now: words(changes.now), later: words(changes.later) }))
}

async fn status(hub: &Hub) -> Outcome {
    let view = hub.status().await?;
    let stats = hub.handle.store().stats().await?;
    let trouble = hub.handle.trouble().or_else(|| super::network::trouble(hub));
    let (facts, net) = (hub.handle.facts(), hub.handle.net_facts());
    let serving = mail::figures(hub).await;
    let mut status = render::status((&hub.names(), now_ms()), &view, facts, &net, &stats, trouble);
    status.serving_mail = serving.as_ref().map(render::serving_mail);
    body(&Object::Status(Box::new(status)))
}

async fn account(hub: &Hub) -> Outcome {
    let name = hub.status().await?.name;
    hub.names_mut().set_own_name(&name);
    let facts = hub.handle.facts();
    let account =
        Account { v: V, account: facts.account.to_string(), device: facts.device.to_string(), name };
    body(&Object::Account(account))
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

async fn name(hub: &Hub, params: Name) -> Outcome {
    hub.handle.command(Command::SetName { name: params.name }).await?;
    account(hub).await
}

#[derive(Deserialize)]
struct SetPresence {
    state: String,
}

async fn presence(hub: &Hub, params: &SetPresence) -> Outcome {
    let presence = match params.state.as_str() {
        "online" => Presence::Online,
        "away" => Presence::Away,
        "busy" => Presence::Busy,
        "invisible" => Presence::Invisible,
        _ => return Err(Fault::bad_params("`state` is online, away, busy or invisible")),
    };
    hub.handle.command(Command::SetPresence { presence }).await?;
    done(match presence {
        Presence::Invisible => "You are invisible: nobody is called or answered, and messages wait here",
        Presence::Away => "Those you are connected with see you as away",
        Presence::Busy => "Those you are connected with see you as busy",
        _ => "Those you are connected with see that you are here",
    })
}

#[derive(Deserialize)]
struct AskWords {
    #[serde(default)]
    passphrase: Option<String>,
}

#[derive(Serialize)]
struct Words<'a> {
    words: &'a str,
}

async fn words(hub: std::sync::Arc<Hub>, params: AskWords) -> Outcome {
    let passphrase = params.passphrase.map(Zeroizing::new);
    let shown = tokio::task::spawn_blocking(move || {
        (hub.words)(passphrase.as_ref().map(|passphrase| passphrase.as_bytes()))
    })
    .await
    .map_err(|_| trouble::internal("The words could not be read"))?
    .map_err(Trouble::from)?;
    body(&Words { words: &shown })
}
