//! Wishes about settings: the profile's files, and `reload` of the node. Files are small; they are read on a thread of
//! their own because a home folder may be far away.

use super::{Shared, internal, lock};
use crate::cli::config::words;
use crate::screen::msg::{Msg, SettingNews, SettingWish};
use crate::screen::settings::Settings;
use crate::screen::settings::load::{load, stamp};
use serde_json::json;
use starling_node::api::types::{Reload, Trouble};
use starling_node::config::Config;
use std::path::PathBuf;

/// Does what a wish says.
pub async fn perform(shared: &Shared, wish: SettingWish) -> Option<Msg> {
    let dir = shared.profile.dir().to_owned();
    let said = match wish {
        SettingWish::Look => {
            let now = apart(dir.clone(), |dir| stamp(&dir)).await.ok()?;
            let before = lock(&shared.stamp).replace(now.clone());
            if before.is_none_or(|before| before == now) {
                return None;
            }
            Ok(None)
        }
        SettingWish::Reload => reload(shared).await,
        SettingWish::Set { key, text, say } => set(shared, dir.clone(), key, text, say).await,
    };
    Some(match (said, apart(dir, |dir| load(&dir)).await) {
        (Ok(say), Ok(loaded)) => Msg::Settings(SettingNews { loaded: Box::new(loaded), say }),
        (Err(trouble), _) | (_, Err(trouble)) => Msg::Done { say: None, result: Err(trouble) },
    })
}

async fn apart<T: Send + 'static>(
    dir: PathBuf,
    work: impl FnOnce(PathBuf) -> T + Send + 'static,
) -> Result<T, Trouble> {
    tokio::task::spawn_blocking(move || work(dir))
        .await
        .map_err(|error| internal(format!("Reading the settings broke off: {error}")))
}

/// Without a node only the screen's own part is read.
async fn reload(shared: &Shared) -> Result<Option<String>, Trouble> {
    let Ok(client) = shared.client() else { return Ok(Some("Read again.".to_owned())) };
    let done: Reload = client.call("reload", json!({})).await?;
    Ok(Some(words(&done)))
}

async fn set(
    shared: &Shared,
    dir: PathBuf,
    key: String,
    text: String,
    say: Option<String>,
) -> Result<Option<String>, Trouble> {
    let own = key.strip_prefix("screen.").map(str::to_owned);
    let of_node = own.is_none();
    let new = apart(dir, move |dir| {
        let path = dir.join("config.toml");
        match own {
            Some(own) => Settings::write(&path, &own, &text)
                .and_then(|()| Settings::read(&path)?.get(&own))
                .map_err(|fault| fault.to_string()),
            None => Config::write(&path, &key, &text)
                .and_then(|()| Config::read(&path)?.get(&key))
                .map_err(|fault| fault.to_string()),
        }
        .map(|now| (key, text, now))
    });
    let refused = |what: String| {
        Trouble::new(
            "E-CONFIG",
            1,
            what,
            "Nothing was changed.",
            "Correct the file config.toml, then /reload.",
        )
    };
    let (key, text, now) = new.await?.map_err(refused)?;
    let key = key.trim_start_matches("screen.").to_owned();
    let truth = ["on", "true"].contains(&text.trim()) == (now == "true");
    if now != text.trim() && !(truth && ["true", "false"].contains(&now.as_str())) {
        let words =
            format!("It is written, but a variable of the environment outweighs it: {key} stays {now}.");
        return Ok(Some(words));
    }
    let words =
        say.unwrap_or_else(|| format!("{key} is {} now.", if now.is_empty() { "empty" } else { &now }));
    if !of_node {
        return Ok(Some(words));
    }
    let after = reload(shared).await?.unwrap_or_default();
    Ok(Some(if after.contains("next start") {
        format!("{words} It holds from the next start on.")
    } else {
        words
    }))
}
