//! Methods about messages: send, change, wait.

use super::mail::now_ms;
use super::{Outcome, done};
use crate::api::hub::{Hub, odd_fault};
use crate::api::rpc::{Fault, body};
use crate::api::types::{Object, Sent, Trouble, V};
use crate::api::waits::{Reached, is_over};
use crate::api::{names, render, trouble};
use crate::store::StoredMessage;
use serde::Deserialize;
use starling_protocol::engine::step::MessageState;
use starling_protocol::engine::{Command, Reply};
use starling_protocol::ids::MessageId;
use std::time::Duration;

/// Milliseconds a wait may last: a day.
const WAIT_MAX_MS: u64 = 86_400_000;

fn wait_default() -> String {
    "queued".to_owned()
}

fn timeout_default() -> u64 {
    30_000
}

#[derive(Deserialize)]
pub(super) struct Send {
    to: String,
    text: String,
    #[serde(default)]
    reply_to: Option<String>,
    #[serde(default)]
    client_ref: Option<String>,
    #[serde(default = "wait_default")]
    wait: String,
    #[serde(default = "timeout_default")]
    timeout_ms: u64,
    #[serde(default)]
    require_verified: bool,
}

pub(super) async fn send(hub: &Hub, params: Send) -> Outcome {
    let level = level(&params.wait)?;
    let chat = hub.chat(&params.to).await?;
    let reply_to = params.reply_to.as_deref().map(message_id).transpose()?;
    let me = hub.handle.facts().account;
    // The engine knows the references of messages that wait; those that arrived before are in the store.
    let before = params.client_ref.as_deref().map(|reference| MessageId::of_reference(&me, &chat, reference));
    let stored = match before {
        Some(id) => hub.handle.store().message(id).await?.into_iter().find(|message| message.me),
        None => None,
    };
    let command = Command::Send {
        chat,
        text: params.text,
        reply_to,
        client_ref: params.client_ref,
        require_verified: params.require_verified,
    };
    let (id, at, repeated) = match stored {
        Some(message) => (message.id, message.sent_at, true),
        None => match hub.handle.command(command).await? {
            Reply::Sent { message, at, repeated } => (message, at, repeated),
            other => return Err(odd_fault("Send", &other)),
        },
    };
    // A new message to somebody else is queued; of any other the store knows more.
    // (An own chat, or a room where nobody else is, has everybody at once.)
    let own_chat = chat.account() == me || hub.names().room(chat).is_some();
    let look = repeated || own_chat;
    let mut reached = Reached { state: MessageState::Queued, reason: None };
    if look && let Some(found) = hub.reached(id).await? {
        reached = found;
    }
    let mut sent = Sent {
        v: V,
        id: id.to_string(),
        to: hub.names().chat_name(chat),
        chat: chat.to_string(),
        state: reached.state.word().to_owned(),
        at: render::stamp(at),
    };
    if !is_over(reached.state, level) {
        let limit = Duration::from_millis(params.timeout_ms.min(WAIT_MAX_MS));
        let over = hub.wait(id, level, limit, look).await?;
        reached = match over {
            Some(over) => over,
            None => return Err(not_yet(hub, id, level, sent).await.into()),
        };
        reached.state.word().clone_into(&mut sent.state);
        sent.at = render::stamp(now_ms());
    }
    outcome(reached, level, sent)
}

#[derive(Deserialize)]
pub(super) struct WaitFor {
    id: String,
    #[serde(default = "wait_default")]
    wait: String,
    #[serde(default = "timeout_default")]
    timeout_ms: u64,
}

pub(super) async fn wait(hub: &Hub, params: WaitFor) -> Outcome {
    let level = level(&params.wait)?;
    let id = message_id(&params.id)?;
    let message = own(hub, id).await?;
    let mut reached = Reached { state: message.state, reason: message.reason };
    let mut sent = Sent {
        v: V,
        id: id.to_string(),
        to: hub.names().chat_name(message.chat),
        chat: message.chat.to_string(),
        state: reached.state.word().to_owned(),
        at: render::stamp(message.state_at),
    };
    if !is_over(reached.state, level) {
        let limit = Duration::from_millis(params.timeout_ms.min(WAIT_MAX_MS));
        reached = match hub.wait(id, level, limit, true).await? {
            Some(over) => over,
            None => return Err(not_yet(hub, id, level, sent).await.into()),
        };
        reached.state.word().clone_into(&mut sent.state);
        sent.at = render::stamp(now_ms());
    }
    outcome(reached, level, sent)
}

fn outcome(reached: Reached, level: MessageState, sent: Sent) -> Outcome {
    let ended = matches!(reached.state, MessageState::Failed | MessageState::Expired);
    if !ended || level == MessageState::Queued {
        return body(&Object::Sent(sent));
    }
    let reason = reached.reason.unwrap_or_else(|| "its time is over".to_owned());
    let mut fault = Trouble::new(
        "E-FAILED",
        trouble::FAILED,
        format!("Message {} did not go: {}", sent.id, trouble::sentence(&reason).to_lowercase()),
        "It is kept here, and will not be sent again by itself.",
        "When the reason is gone, `starling again ID` tries it again.",
    );
    fault.sent = Some(Box::new(sent));
    Err(fault.into())
}

async fn not_yet(hub: &Hub, id: MessageId, level: MessageState, mut sent: Sent) -> Trouble {
    // The state as it is now, if the store can still say it.
    if let Ok(Some(now)) = hub.reached(id).await {
        now.state.word().clone_into(&mut sent.state);
    }
    let means = match names_none(hub, id).await {
        Some(name) if level == MessageState::Mailbox => {
            format!("{name} has named no mailbox: it is stored here and goes when they are online too.")
        }
        _ => "It is stored and will still go while Starling runs.".to_owned(),
    };
    let mut fault = Trouble::new(
        "E-WAIT",
        trouble::NOT_YET,
        format!("Message {id} is {} and not yet {}", sent.state, aim(level)),
        means,
        "There is no need to send it again; `starling recv --type receipt` tells when it arrives.",
    );
    fault.sent = Some(Box::new(sent));
    fault
}

/// A state as something to reach.
fn aim(level: MessageState) -> &'static str {
    if level == MessageState::Mailbox { "in a mailbox" } else { level.word() }
}

/// The first recipient of a message whom no mailbox serves, as far as is known here.
async fn names_none(hub: &Hub, id: MessageId) -> Option<String> {
    let message = own(hub, id).await.ok()?;
    let room = hub.names().room(message.chat).map(|room| room.room);
    if let Some(room) = room {
        let rooms = hub.rooms().await.ok()?;
        let without = rooms.iter().any(|view| view.room == room && view.mailboxes == 0);
        return without.then(|| hub.names().chat_name(message.chat));
    }
    let people = hub.people().await.ok()?;
    let without = |account| people.iter().any(|one| one.account == account && one.mailboxes == 0);
    let waits = message.recipients.iter().filter(|one| one.state == MessageState::Queued);
    waits.map(|one| one.account).find(|account| without(*account)).map(|account| hub.names().name(account))
}

fn level(word: &str) -> Result<MessageState, Fault> {
    match word {
        "queued" => Ok(MessageState::Queued),
        "mailbox" => Ok(MessageState::Mailbox),
        "delivered" => Ok(MessageState::Delivered),
        "read" => Ok(MessageState::Read),
        _ => Err(Fault::bad_params("`wait` is queued, mailbox, delivered or read")),
    }
}

pub(super) fn message_id(text: &str) -> Result<MessageId, Trouble> {
    text.trim().parse().map_err(|_| no_message(text))
}

fn no_message(text: &str) -> Trouble {
    trouble::no_such(
        format!("There is no message {:?}", names::short(text)),
        "`starling log @who --json` prints the ids; copy all of it.",
    )
}

/// The messages of an id that are not hidden.
async fn shown(hub: &Hub, id: MessageId) -> Result<Vec<StoredMessage>, Trouble> {
    let mut found = hub.handle.store().message(id).await?;
    found.retain(|message| !message.hidden);
    Ok(found)
}

/// One's own message by its id.
pub(super) async fn own(hub: &Hub, id: MessageId) -> Result<StoredMessage, Trouble> {
    let mut found = shown(hub, id).await?;
    if found.is_empty() {
        return Err(no_message(&id.to_string()));
    }
    found.retain(|message| message.me);
    found.into_iter().next().ok_or_else(|| {
        Trouble::new(
            "E-REFUSED",
            trouble::REFUSED,
            "This message is not yours",
            "Nothing was changed.",
            "Only one's own messages can be changed; `starling react` answers to any.",
        )
    })
}

/// The one message with an id, whoever wrote it.
pub(super) async fn any(hub: &Hub, text: &str) -> Result<StoredMessage, Trouble> {
    let mut found = shown(hub, message_id(text)?).await?;
    match (found.pop(), found.pop()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(no_message(text)),
        (Some(one), Some(other)) => {
            let names = hub.names();
            Err(trouble::no_such(
                format!(
                    "Two people sent a message with this id: {}, {}",
                    names.name(one.author),
                    names.name(other.author)
                ),
                "It cannot be told which one is meant.",
            ))
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Edit {
    id: String,
    text: String,
}

pub(super) async fn edit(hub: &Hub, params: Edit) -> Outcome {
    let message = own(hub, message_id(&params.id)?).await?;
    hub.handle.command(Command::Edit { chat: message.chat, message: message.id, text: params.text }).await?;
    done("The message was changed")
}

#[derive(Deserialize)]
pub(super) struct ById {
    id: String,
}

#[derive(Deserialize)]
pub(super) struct Delete {
    id: String,
    #[serde(default)]
    local: bool,
}

pub(super) async fn delete(hub: &Hub, params: Delete) -> Outcome {
    if params.local {
        return super::marks::hide(hub, &params.id).await;
    }
    let message = own(hub, message_id(&params.id)?).await?;
    hub.handle.command(Command::Delete { chat: message.chat, message: message.id }).await?;
    done("The message was deleted here, and the others' devices are asked to delete it")
}

#[derive(Deserialize)]
pub(super) struct React {
    id: String,
    emoji: String,
}

pub(super) async fn react(hub: &Hub, params: React) -> Outcome {
    let message = any(hub, &params.id).await?;
    let command = Command::React {
        chat: message.chat,
        message: message.id,
        author: message.author,
        emoji: params.emoji,
    };
    hub.handle.command(command).await?;
    done("Done")
}

pub(super) async fn message(hub: &Hub, params: ById) -> Outcome {
    let message = any(hub, &params.id).await?;
    hub.meet(std::slice::from_ref(&message)).await;
    let object = Object::Message(Box::new(render::whole_message(&hub.names(), String::new(), &message)));
    body(&object)
}

pub(super) async fn kept(hub: &Hub, params: &ById) -> Outcome {
    let message = own(hub, message_id(&params.id)?).await?;
    super::mail::kept(hub, message.id).await
}

#[derive(Deserialize)]
pub(super) struct Typing {
    chat: String,
    on: bool,
}

pub(super) async fn typing(hub: &Hub, params: Typing) -> Outcome {
    let chat = hub.chat(&params.chat).await?;
    hub.handle.command(Command::Typing { chat, on: params.on }).await?;
    done("Done")
}

#[derive(Deserialize)]
pub(super) struct Draft {
    chat: String,
    text: String,
}

pub(super) async fn draft(hub: &Hub, params: Draft) -> Outcome {
    let chat = hub.chat(&params.chat).await?;
    hub.handle.store().set_draft(chat, params.text).await?;
    done("Kept")
}
