//! Methods about the chat list: all chats, and how one is shown and told here.

use super::Outcome;
use super::mail::now_ms;
use crate::api::hub::Hub;
use crate::api::rpc::{Fault, body};
use crate::api::types::{Chat, Object, Trouble};
use crate::api::{names, render};
use crate::store::{ChatChange, ChatSummary, LogQuery, Mute, Notify, Page};
use serde::Deserialize;
use starling_protocol::engine::command::{ContactView, RoomView};
use starling_protocol::ids::ChatId;
use starling_protocol::time::clamp_wall;
use std::cmp::Reverse;
use std::collections::HashMap;

/// Messages of one room that are looked at for one's own name when the chats are listed. More makes the list slow.
const CALLS_LOOKED_AT: usize = 100;

pub(super) async fn list(hub: &Hub) -> Outcome {
    let list: Vec<Object> = rows(hub).await?.into_iter().map(Object::Chat).collect();
    body(&list)
}

/// All chats: notes to oneself, pinned ones, and the others by their newest message.
async fn rows(hub: &Hub) -> Result<Vec<Chat>, Trouble> {
    let people: HashMap<ChatId, ContactView> =
        hub.people().await?.into_iter().map(|view| (ChatId::from(view.account), view)).collect();
    let rooms: HashMap<ChatId, RoomView> =
        hub.rooms().await?.into_iter().map(|view| (ChatId::from(view.room), view)).collect();
    let own = hub.handle.facts().account;
    let kept: HashMap<_, _> =
        hub.handle.store().chats().await?.into_iter().map(|summary| (summary.chat, summary)).collect();
    let mut ids: Vec<ChatId> = kept.keys().chain(people.keys()).chain(rooms.keys()).copied().collect();
    ids.push(ChatId::from(own));
    ids.sort_unstable();
    ids.dedup();
    let calls = calls(hub, rooms.keys().filter_map(|id| kept.get(id))).await?;
    let (names, now) = (hub.names(), now_ms());
    let mut rows: Vec<(bool, i64, Chat)> = ids
        .into_iter()
        .map(|id| {
            let mut row = match (people.get(&id), rooms.get(&id)) {
                (Some(view), _) => render::chat(&names, view),
                (None, Some(view)) => render::room_chat(view),
                (None, None) => render::lone_chat(id, own),
            };
            if let Some(summary) = kept.get(&id) {
                render::kept_chat(&mut row, summary, now);
            }
            row.mentions = calls.get(&id).copied().unwrap_or(0);
            (id.account() == own, kept.get(&id).map_or(0, |summary| summary.last_at), row)
        })
        .filter(|(_, last_at, row)| *last_at > 0 || !matches!(row.state.as_str(), "removed" | "left"))
        .collect();
    rows.sort_by(|(me, at, row), (other_me, other_at, other)| {
        let first = |me: &bool, row: &Chat, at: &i64| Reverse((*me, row.pinned, *at));
        first(me, row, at).cmp(&first(other_me, other, other_at)).then_with(|| row.title.cmp(&other.title))
    });
    Ok(rows.into_iter().map(|(_, _, row)| row).collect())
}

/// How many unseen messages of rooms name oneself, of the newest [`CALLS_LOOKED_AT`] of each.
async fn calls(
    hub: &Hub,
    rooms: impl Iterator<Item = &ChatSummary>,
) -> Result<HashMap<ChatId, u64>, Trouble> {
    let own = hub.names().own_name().to_owned();
    let mut calls = HashMap::new();
    for room in rooms.filter(|room| room.unread > 0) {
        let limit = usize::try_from(room.unread).unwrap_or(CALLS_LOOKED_AT).min(CALLS_LOOKED_AT);
        let query = LogQuery { chat: room.chat, limit, page: Page::Newest, since: None };
        let newest = hub.handle.store().log(query).await?;
        let calling = newest.iter().filter(|one| one.unread && !one.me && names::mentions(&one.text, &own));
        calls.insert(room.chat, u64::try_from(calling.count()).unwrap_or(u64::MAX));
    }
    Ok(calls)
}

#[derive(Deserialize)]
pub(super) struct Set {
    to: String,
    #[serde(default)]
    mute: Option<String>,
    #[serde(default)]
    mute_for_s: Option<u64>,
    #[serde(default)]
    pinned: Option<bool>,
    #[serde(default)]
    archived: Option<bool>,
    #[serde(default)]
    notify: Option<String>,
}

pub(super) async fn set(hub: &Hub, params: Set) -> Outcome {
    let mute = params.mute.as_deref().map(|word| {
        of_word(&Mute::WORDS, word).ok_or_else(|| Fault::bad_params("`mute` is off, all or mentions"))
    });
    let mute = mute.transpose()?;
    if params.mute_for_s.is_some() && mute.is_none() {
        return Err(Fault::bad_params("`mute_for_s` goes with `mute`"));
    }
    let until = params.mute_for_s.map_or(0, |seconds| {
        let ms = i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX);
        clamp_wall(now_ms().saturating_add(ms))
    });
    let notify = params.notify.as_deref().map(|word| {
        of_word(&Notify::WORDS, word)
            .ok_or_else(|| Fault::bad_params("`notify` is text, name, something, off or default"))
    });
    let change = ChatChange {
        mute: mute.map(|mute| (mute, until)),
        pinned: params.pinned,
        archived: params.archived,
        notify: notify.transpose()?,
    };
    let chat = hub.chat(&params.to).await?;
    hub.handle.store().set_chat(chat, change).await?;
    let id = chat.to_string();
    let row = rows(hub).await?.into_iter().find(|row| row.chat == id);
    let row = row.ok_or_else(|| {
        crate::api::trouble::no_such("There is no such chat any more", "`starling chats` lists them.")
    })?;
    body(&Object::Chat(row))
}

fn of_word<T: Copy>(words: &[(T, &str)], word: &str) -> Option<T> {
    words.iter().find(|(_, known)| *known == word).map(|(value, _)| *value)
}
