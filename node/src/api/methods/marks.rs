//! Methods about what a person marks: pins, messages hidden here, another try of one that did not get through.

use super::messages::{any, message_id, own};
use super::{Outcome, done, history};
use crate::api::hub::{Hub, odd_fault};
use crate::api::rpc::body;
use crate::api::types::{Object, Sent, Trouble, V};
use crate::api::{render, trouble};
use serde::Deserialize;
use starling_protocol::engine::step::{MessageKind, MessageState};
use starling_protocol::engine::{Command, Reply};

#[derive(Deserialize)]
pub(super) struct Pin {
    id: String,
    on: bool,
}

pub(super) async fn pin(hub: &Hub, params: Pin) -> Outcome {
    let message = any(hub, &params.id).await?;
    if message.deleted {
        return Err(trouble::no_such("This message was deleted", "Pin another one.").into());
    }
    let command = Command::Pin {
        chat: message.chat,
        message: message.id,
        author: message.author,
        on: params.on,
        ours: message.pinned == Some(hub.handle.facts().account),
    };
    hub.handle.command(command).await?;
    done(if params.on { "Pinned, for all who are in the chat" } else { "Not pinned any more" })
}

#[derive(Deserialize)]
pub(super) struct Pins {
    to: String,
}

pub(super) async fn pins(hub: &Hub, params: Pins) -> Outcome {
    let chat = hub.chat(&params.to).await?;
    history::page(hub, &hub.handle.store().pins(chat).await?).await
}

/// Hides a message here; see [`super::messages::delete`] for deleting it for everyone.
pub(super) async fn hide(hub: &Hub, id: &str) -> Outcome {
    let message = any(hub, id).await?;
    let command = Command::Hide { chat: message.chat, message: message.id, author: message.author };
    hub.handle.command(command).await?;
    done("The message is gone from here; the others still have it")
}

#[derive(Deserialize)]
pub(super) struct Again {
    id: String,
}

pub(super) async fn again(hub: &Hub, params: Again) -> Outcome {
    let message = own(hub, message_id(&params.id)?).await?;
    let over = |state| matches!(state, MessageState::Failed | MessageState::Expired);
    let lack: Vec<_> =
        message.recipients.iter().filter(|one| over(one.state)).map(|one| one.account).collect();
    if lack.is_empty() || message.deleted || message.kind != MessageKind::Text {
        return Err(nothing_to_do().into());
    }
    let command = Command::Again {
        chat: message.chat,
        message: message.id,
        text: message.text,
        reply_to: message.reply_to,
        seq: message.seq,
        lack,
    };
    let at = match hub.handle.command(command).await? {
        Reply::Sent { at, .. } => at,
        other => return Err(odd_fault("Again", &other)),
    };
    body(&Object::Sent(Sent {
        v: V,
        id: message.id.to_string(),
        to: hub.names().chat_name(message.chat),
        chat: message.chat.to_string(),
        state: MessageState::Queued.word().to_owned(),
        at: render::stamp(at),
    }))
}

fn nothing_to_do() -> Trouble {
    Trouble::new(
        "E-REFUSED",
        trouble::REFUSED,
        "This message did not fail",
        "It has arrived, or is on its way and is tried by itself.",
        "`starling log` shows how far it is.",
    )
}
