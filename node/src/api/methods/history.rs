//! Methods about the history of chats: pages of it, words in it, and what of it was seen.

use super::messages::message_id;
use super::{Outcome, done};
use crate::api::hub::Hub;
use crate::api::render;
use crate::api::rpc::{Fault, body};
use crate::api::types::{Object, Trouble};
use crate::store::{LogQuery, Page, StoredMessage};
use serde::Deserialize;
use starling_protocol::engine::Command;
use starling_protocol::ids::ChatId;
use starling_protocol::limits::ACK_ITEMS;

/// What `around` says for the oldest message that was not seen.
const UNREAD: &str = "unread";
/// Messages in one answer. More would hold megabytes for a page nobody sees at once.
const LOG_MAX: usize = 1_000;
/// Turns of marking a whole chat read, each of at most [`ACK_ITEMS`] messages; a bound on one request's work.
const MARK_TURNS: usize = 1_024;

fn limit_default() -> usize {
    50
}

pub(super) async fn page(hub: &Hub, messages: &[StoredMessage]) -> Outcome {
    hub.meet(messages).await;
    let names = hub.names();
    let page: Vec<Object> = messages
        .iter()
        .map(|message| Object::Message(Box::new(render::message(&names, String::new(), message))))
        .collect();
    body(&page)
}

#[derive(Deserialize)]
pub(super) struct Log {
    chat: String,
    #[serde(default = "limit_default")]
    limit: usize,
    #[serde(default)]
    before: Option<String>,
    #[serde(default)]
    after: Option<String>,
    #[serde(default)]
    around: Option<String>,
    #[serde(default)]
    since: Option<String>,
}

pub(super) async fn log(hub: &Hub, params: Log) -> Outcome {
    let chat = hub.chat(&params.chat).await?;
    let which = match (params.before.as_deref(), params.after.as_deref(), params.around.as_deref()) {
        (None, None, None) => Page::Newest,
        (Some(id), None, None) => Page::Before(message_id(id)?),
        (None, Some(id), None) => Page::After(message_id(id)?),
        (None, None, Some(UNREAD)) => match hub.handle.store().unread(chat, 1).await?.first() {
            Some(oldest) => Page::Around(*oldest),
            None => return page(hub, &[]).await,
        },
        (None, None, Some(id)) => Page::Around(message_id(id)?),
        _ => return Err(Fault::bad_params("at most one of `before`, `after` and `around`")),
    };
    let since = params
        .since
        .as_deref()
        .map(|text| render::wall(text).ok_or_else(|| Fault::bad_params("`since` is a time in RFC 3339")))
        .transpose()?;
    let query = LogQuery { chat, limit: params.limit.min(LOG_MAX), page: which, since };
    page(hub, &hub.handle.store().log(query).await?).await
}

#[derive(Deserialize)]
pub(super) struct Find {
    text: String,
    #[serde(default)]
    chat: Option<String>,
    #[serde(default = "limit_default")]
    limit: usize,
}

pub(super) async fn find(hub: &Hub, params: Find) -> Outcome {
    let chat = match params.chat.as_deref() {
        Some(to) => Some(hub.chat(to).await?),
        None => None,
    };
    let found = hub.handle.store().find(params.text, chat, params.limit.min(LOG_MAX)).await?;
    page(hub, &found).await
}

#[derive(Deserialize)]
pub(super) struct MarkRead {
    chat: String,
    #[serde(default)]
    ids: Option<Vec<String>>,
}

pub(super) async fn mark_read(hub: &Hub, params: MarkRead) -> Outcome {
    let chat = hub.chat(&params.chat).await?;
    if let Some(ids) = params.ids {
        let ids = ids.iter().map(|id| message_id(id)).collect::<Result<Vec<_>, _>>()?;
        for some in ids.chunks(ACK_ITEMS) {
            hub.handle.command(Command::MarkRead { chat, messages: some.to_vec() }).await?;
        }
        return done("Marked as read");
    }
    mark_all_read(hub, chat).await?;
    done("Marked as read")
}

async fn mark_all_read(hub: &Hub, chat: ChatId) -> Result<(), Trouble> {
    let mut before = None;
    for _ in 0..MARK_TURNS {
        let messages = hub.handle.store().unread(chat, ACK_ITEMS).await?;
        // Nothing left, or marking had no effect.
        if messages.is_empty() || before == messages.first().copied() {
            break;
        }
        before = messages.first().copied();
        hub.handle.command(Command::MarkRead { chat, messages }).await?;
    }
    Ok(())
}
