//! `config` and `reload`: reading and writing settings needs no node; a running one reads them again with `reload`.

use super::args::Global;
use super::out::{Out, json_line};
use super::session::{self, Session};
use crate::screen::settings::{self, SettingError, Settings};
use clap::Subcommand;
use serde::Serialize;
use serde_json::json;
use starling_node::api::trouble::misuse;
use starling_node::api::types::{Object, Reload, Trouble, V};
use starling_node::config::{Config, ConfigError, Layers, Origin};
use starling_node::reload::Changes;
use std::path::Path;

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigAction {
    /// Show all settings, or the value of one
    Get {
        /// Which setting: lan, screen.theme …
        #[arg(value_name = "KEY")]
        key: Option<String>,
        /// Say where each value comes from
        #[arg(long)]
        origin: bool,
    },
    /// Change a setting in the profile's file
    Set {
        /// Which setting
        #[arg(value_name = "KEY")]
        key: String,
        /// The value; several for a list, none for nothing
        #[arg(value_name = "VALUE", allow_hyphen_values = true)]
        value: Vec<String>,
    },
    /// Show where the file is
    Path,
}

#[derive(Serialize)]
struct Setting {
    v: u32,
    r#type: &'static str,
    key: String,
    value: String,
    origin: String,
    from: Option<String>,
}

/// `config`.
///
/// # Errors
/// In words; exit 2 for a setting or value there is not, 1 for a file that does not make sense.
pub fn config(global: &Global, out: Out, action: &ConfigAction) -> Result<(), Trouble> {
    let path = session::profile(global)?.config();
    match action {
        ConfigAction::Path => {
            let shown = path.display().to_string();
            out.object(&json!({ "v": V, "type": "config", "path": shown }), || shown.clone());
            Ok(())
        }
        ConfigAction::Get { key, origin } => get(out, &path, key.as_deref(), *origin),
        ConfigAction::Set { key, value } => set(out, &path, key, &value.join(" ")),
    }
}

fn get(out: Out, path: &Path, key: Option<&str>, origin: bool) -> Result<(), Trouble> {
    let layers = Layers::read(path).map_err(file)?;
    let all = all(&layers)?;
    let chosen: Vec<Setting> = match key {
        None => all,
        Some(wanted) => {
            let found = all.into_iter().find(|setting| setting.key == wanted);
            vec![found.ok_or_else(|| no_such(wanted))?]
        }
    };
    for setting in chosen {
        out.object(&setting, || {
            let value = setting.value.replace('\n', " ");
            let value = if key.is_some() { value } else { format!("{} = {value}", setting.key) };
            let from = setting.from.as_ref().map_or(String::new(), |from| format!(" {from}"));
            if origin { format!("{value} ({}{from})", setting.origin) } else { value }
        });
    }
    if key.is_none() {
        for unknown in layers.keys().iter().filter(|key| !known(key)) {
            out.talk(&format!("{unknown} in {} is no setting of this version; it is kept.", path.display()));
        }
    }
    Ok(())
}

/// Every setting with its value and where it comes from.
fn all(layers: &Layers) -> Result<Vec<Setting>, Trouble> {
    let node = Config::of(layers).map_err(file)?;
    let screen = Settings::of(layers).map_err(screen_fault)?;
    let setting = |key: String, value: String| {
        let (origin, from) = match layers.origin(&key) {
            Origin::Variable(name) => ("variable", Some(name)),
            Origin::File(path) => ("file", Some(path.display().to_string())),
            Origin::Default => ("default", None),
        };
        Setting { v: V, r#type: "setting", key, value, origin: origin.to_owned(), from }
    };
    let mut list = Vec::new();
    for key in Config::KEYS {
        list.push(setting(key.to_owned(), node.get(key).map_err(file)?));
    }
    for (key, _) in settings::KEYS {
        list.push(setting(format!("screen.{key}"), screen.get(key).map_err(screen_fault)?));
    }
    Ok(list)
}

fn set(out: Out, path: &Path, key: &str, value: &str) -> Result<(), Trouble> {
    if !known(key) {
        return Err(no_such(key));
    }
    match key.strip_prefix("screen.") {
        Some(own) => Settings::write(path, own, value).map_err(screen_fault)?,
        None => Config::write(path, key, value).map_err(file)?,
    }
    let layers = Layers::read(path).map_err(file)?;
    if let Origin::Variable(name) = layers.origin(key) {
        out.talk(&format!("It is written, but the variable {name} outweighs it."));
    }
    if out.json {
        if let Some(setting) = all(&layers)?.into_iter().find(|setting| setting.key == key) {
            json_line(&setting);
        }
    } else if key.starts_with("screen.") {
        out.talk("It is written. A screen that is open takes it when it has the focus again.");
    } else {
        out.talk("It is written. `starling reload` makes a running node read it.");
    }
    Ok(())
}

fn known(key: &str) -> bool {
    let own = key.strip_prefix("screen.");
    Config::KEYS.contains(&key)
        || own.is_some_and(|own| settings::KEYS.iter().any(|(known, _)| *known == own))
}

fn no_such(key: &str) -> Trouble {
    let shown: String = key.chars().take(64).collect();
    misuse(format!("There is no setting \"{shown}\""), "`starling config get` lists them.")
}

fn file(fault: ConfigError) -> Trouble {
    match fault {
        ConfigError::BadValue { .. } | ConfigError::NoSuchKey { .. } => {
            misuse(sentence(&fault.to_string()), "`starling config get` shows how it is.")
        }
        other => other.into(),
    }
}

fn screen_fault(fault: SettingError) -> Trouble {
    match fault {
        SettingError::File(fault) => file(fault),
        other => misuse(sentence(&other.to_string()), "`starling config get` shows how it is."),
    }
}

fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

/// `reload`.
///
/// # Errors
/// The node's, in words; a configuration that does not make sense changes nothing.
pub async fn reload(session: &Session, out: Out) -> Result<(), Trouble> {
    let done: Reload = session.client.call("reload", json!({})).await?;
    if out.json {
        json_line(&Object::Reload(done));
    } else {
        out.say(&words(&done));
    }
    Ok(())
}

/// What reading again did, in words.
pub fn words(done: &Reload) -> String {
    let list = |keys: &[String]| keys.join(", ");
    match (done.now.as_slice(), done.later.as_slice()) {
        ([], []) => "Read again; nothing changed.".to_owned(),
        (now, []) => format!("Read again; changed now: {}.", list(now)),
        ([], later) => format!("Read again; changed at the next start: {}.", list(later)),
        (now, later) => {
            format!("Read again; changed now: {}; at the next start: {}.", list(now), list(later))
        }
    }
}

/// The same for the daemon's log.
pub fn reloaded(changes: &Changes) -> String {
    let owned = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
    words(&Reload { v: V, now: owned(&changes.now), later: owned(&changes.later) })
}
