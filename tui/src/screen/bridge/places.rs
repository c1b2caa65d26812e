//! Wishes about chats as places, the lock and the reminder of the 24 words: calls of the control API, the key file,
//! one small file. The key file is only read here.

use super::{Shared, internal};
use crate::screen::msg::{After, ChatWish, Msg, PlaceNews, PlaceWish, WordsPut};
use serde_json::{Map, Value, json};
use starling_node::api::types::{Chat, Contact, Trouble};
use starling_node::keys::KeyFile;
use starling_node::profile::{Profile, files};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// The file that says that the 24 words were put off: how often, and when.
const WORDS_LATER: &str = "words.later";
/// Bytes of it that are read; it has about twenty.
const WORDS_BYTES: u64 = 256;

/// Does what a wish says.
pub async fn perform(shared: &Shared, wish: PlaceWish) -> Option<Msg> {
    Some(Msg::Place(match wish {
        PlaceWish::Chat(wish) => PlaceNews::Chat { say: wish.say.clone(), result: set(shared, wish).await },
        PlaceWish::Remove { account } => {
            let result = remove(shared, account).await;
            return Some(Msg::Contact { then: After::Say("Removed."), result });
        }
        PlaceWish::Unlock { passphrase } => PlaceNews::Unlocked(unlock(shared, passphrase).await),
        PlaceWish::WordsPut(put) => {
            words_later(&shared.profile, Some(put));
            return None;
        }
        // `run` does this before it asks us.
        PlaceWish::Write { .. } => return None,
    }))
}

async fn set(shared: &Shared, wish: ChatWish) -> Result<Box<Chat>, Trouble> {
    let mut params = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        params.extend(value.map(|value| (name.to_owned(), value)));
    };
    put("to", Some(json!(wish.chat)));
    put("mute", wish.mute.map(Value::from));
    put("mute_for_s", wish.mute_for_s.map(Value::from));
    put("pinned", wish.pinned.map(Value::from));
    put("archived", wish.archived.map(Value::from));
    put("notify", wish.notify.map(Value::from));
    let chat: Chat = shared.client()?.call("chats.set", Value::Object(params)).await?;
    Ok(Box::new(chat))
}

async fn remove(shared: &Shared, account: String) -> Result<Box<Contact>, Trouble> {
    let contact: Contact = shared.client()?.call("people.remove", json!({ "who": account })).await?;
    Ok(Box::new(contact))
}

/// Tries a passphrase on the key file. The keys it opens are dropped at once.
async fn unlock(shared: &Shared, passphrase: Zeroizing<String>) -> Result<(), Trouble> {
    let path = shared.profile.keys();
    tokio::task::spawn_blocking(move || {
        KeyFile::read(&path)?.open(Some(passphrase.as_bytes())).map(drop).map_err(Trouble::from)
    })
    .await
    .map_err(|error| internal(format!("Trying the passphrase broke off: {error}")))?
}

/// The file that says that the 24 words were put off.
pub fn words_file(profile: &Profile) -> PathBuf {
    profile.dir().join(WORDS_LATER)
}

/// When the words were put off. A file without times is of the first run.
pub fn words_put(profile: &Profile) -> Msg {
    let bytes = files::read_small(&words_file(profile), WORDS_BYTES).unwrap_or_default();
    let text = String::from_utf8(bytes).unwrap_or_default();
    let mut parts = text.split_whitespace();
    let times = parts.next().and_then(|part| part.parse().ok()).unwrap_or(0);
    let at_s = parts.next().and_then(|part| part.parse().ok()).unwrap_or(0);
    Msg::Place(PlaceNews::WordsPut(WordsPut { times, at_s }))
}

/// Remembers that the words were put off, or forgets it. Losing this file only loses a reminder.
pub fn words_later(profile: &Profile, put: Option<WordsPut>) {
    let path = words_file(profile);
    let _ = match put {
        Some(put) => files::replace(&path, format!("{} {}\n", put.times, put.at_s).as_bytes()),
        None => files::remove_if_there(&path),
    };
}
