//! Methods about events: subscribe, mark how far one has read, end a subscription.

use super::{Outcome, done};
use crate::api::feed::{Feed, Wanted};
use crate::api::hub::Hub;
use crate::api::rpc::{Fault, body};
use crate::api::server::Connection;
use crate::store::Cursor;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Where `recv.mark` keeps its cursor.
const MARK: &str = "recv.cursor";
/// Kinds of events there are.
const TYPES: [&str; 13] = [
    "message", "hidden", "receipt", "request", "contact", "room", "presence", "typing", "compare", "near",
    "network", "gap", "mailask",
];

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
pub(super) struct Subscribe {
    since: String,
    #[serde(default)]
    chats: Option<Vec<String>>,
    #[serde(default)]
    types: Option<Vec<String>>,
    #[serde(default)]
    max: Option<u64>,
    #[serde(default = "yes")]
    follow: bool,
}

#[derive(Serialize)]
struct Subscribed {
    subscription: u64,
}

pub(super) async fn subscribe(connection: &Arc<Connection>, params: Subscribe) -> Outcome {
    let hub = connection.hub();
    let wanted = Wanted {
        chats: chats(hub, params.chats).await?,
        types: types(params.types)?,
        max: params.max,
        follow: params.follow,
    };
    // Listening starts before the store is looked at, so nothing falls between the two.
    let live = hub.handle.subscribe();
    let (last, replay) = start(hub, &params.since).await?;
    let number = connection.new_feed_number()?;
    let feed = Feed {
        hub: Arc::clone(hub),
        number,
        out: connection.out(),
        wanted,
        live,
        last,
        replay,
        told: 0,
        network: None,
    };
    connection.hold_feed(feed);
    body(&Subscribed { subscription: number })
}

/// The cursor before the first event that is wanted, and whether kept events come first.
async fn start(hub: &Hub, since: &str) -> Result<(Cursor, bool), Fault> {
    let cursor = match since {
        "now" => return Ok((hub.newest.load(Ordering::Acquire), false)),
        "last" => {
            hub.handle.store().setting(MARK.to_owned()).await?.and_then(|text| text.parse().ok()).unwrap_or(0)
        }
        text => cursor(text)?,
    };
    if cursor <= hub.newest.load(Ordering::Acquire) {
        return Ok((cursor, true));
    }
    // From a cursor that never was (another profile's, an older copy's): nothing of what comes may be skipped.
    let newest = hub.handle.store().stats().await?.newest;
    Ok((cursor.min(newest), true))
}

fn cursor(text: &str) -> Result<Cursor, Fault> {
    text.parse().map_err(|_| Fault::bad_params("a cursor is a number as events carry it, or last, or now"))
}

async fn chats(
    hub: &Hub,
    chats: Option<Vec<String>>,
) -> Result<Option<HashSet<starling_protocol::ids::ChatId>>, Fault> {
    let Some(chats) = chats.filter(|chats| !chats.is_empty()) else { return Ok(None) };
    let mut found = HashSet::with_capacity(chats.len());
    for to in &chats {
        found.insert(hub.chat(to).await?);
    }
    Ok(Some(found))
}

fn types(types: Option<Vec<String>>) -> Result<Option<HashSet<String>>, Fault> {
    let Some(types) = types.filter(|types| !types.is_empty()) else { return Ok(None) };
    if types.iter().any(|word| !TYPES.contains(&word.as_str())) {
        return Err(Fault::bad_params(&format!("`types` are {}", TYPES.join(", "))));
    }
    Ok(Some(types.into_iter().collect()))
}

#[derive(Deserialize)]
pub(super) struct Mark {
    cursor: String,
}

pub(super) async fn mark(hub: &Hub, params: Mark) -> Outcome {
    let cursor = cursor(&params.cursor)?;
    hub.handle.store().set_setting(MARK.to_owned(), cursor.to_string()).await?;
    done("Marked")
}

#[derive(Deserialize)]
pub(super) struct Unsubscribe {
    subscription: u64,
}

pub(super) fn unsubscribe(connection: &Arc<Connection>, params: &Unsubscribe) -> Outcome {
    connection.end_feed(params.subscription);
    done("The subscription is over")
}
