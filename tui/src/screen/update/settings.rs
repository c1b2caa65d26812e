//! Settings, keys and themes: taking what the files say, and the commands that change it.

use super::{Out, complain, say};
use crate::screen::keymap::{Action, Keys};
use crate::screen::model::Model;
use crate::screen::model::line::Line;
use crate::screen::model::overlay::{Help, Overlay, Themes};
use crate::screen::msg::{Effect, SettingNews, SettingWish};
use crate::screen::settings::load::Loaded;
use crate::screen::settings::{KEYS, Settings};
use crate::screen::theme::Theme;
use crate::screen::theme::palette::Palette;
use crossterm::event::{KeyCode, KeyEvent};
use starling_node::config::Config;

/// Themes that are always there.
const SHIPPED: [&str; 4] = ["auto", "light", "dark", "mono"];

/// What the files say, or a part of it: a mistake in one leaves what it said before.
pub fn on_news(model: &mut Model, news: SettingNews) {
    match take(model, *news.loaded) {
        Some(mistake) => complain(model, &mistake, "What held before holds on.", "Correct it, then /reload."),
        None => {
            if let Some(words) = news.say {
                say(model, words);
            }
        }
    }
}

/// Takes what holds; gives the first mistake.
pub fn take(model: &mut Model, loaded: Loaded) -> Option<String> {
    let mut mistakes = Vec::new();
    match loaded.settings {
        Ok(settings) => model.settings = settings,
        Err(what) => mistakes.push(what),
    }
    let rows = loaded.keys.and_then(|rows| {
        let told = |line: usize, what: &str| format!("{}, line {line}: {what}", loaded.keys_file.display());
        Keys::with(model.settings.preset, &rows).map_err(|mistake| told(mistake.line, &mistake.what))
    });
    match rows {
        Ok(keys) => {
            model.normal &= keys.preset == crate::screen::settings::Preset::Vim;
            model.keys = keys;
        }
        Err(what) => mistakes.push(what),
    }
    let (mut palettes, wanted) = (Vec::new(), model.settings.theme.clone());
    for (name, palette) in loaded.themes {
        match palette {
            Ok(palette) => palettes.push((name, palette)),
            Err(what) => {
                palettes.extend(model.palettes.iter().find(|(known, _)| *known == name).cloned());
                mistakes.push(what);
            }
        }
    }
    model.palettes = palettes;
    if !themes(model).contains(&wanted) {
        mistakes.push(format!("There is no theme \"{wanted}\"; the terminal's own colours are used"));
    }
    model.theme = look(model, &wanted);
    mistakes.into_iter().next()
}

/// The names of all themes.
pub fn themes(model: &Model) -> Vec<String> {
    let own = model.palettes.iter().map(|(name, _)| name.clone());
    SHIPPED.iter().map(|name| (*name).to_owned()).chain(own).collect()
}

/// A theme by its name, as this terminal shows it.
fn look(model: &Model, name: &str) -> Theme {
    let settings = Settings { theme: name.to_owned(), ..model.settings.clone() };
    let own: Option<&Palette> = model.palettes.iter().find(|(known, _)| known == name).map(|(_, own)| own);
    Theme::of(&settings, &model.terminal, own)
}

/// A command about the screen. True if the editor is to be emptied.
pub fn command(model: &mut Model, word: &str, rest: &str, out: &mut Out) -> bool {
    match word {
        "/theme" if rest.is_empty() => {
            let at = themes(model).iter().position(|name| *name == model.settings.theme).unwrap_or(0);
            model.overlay = Some(Overlay::Themes(Themes { names: themes(model), at }));
        }
        "/theme" if !themes(model).iter().any(|name| name == rest) => {
            let names = themes(model).join(", ");
            return refuse(model, &format!("There is no theme \"{rest}\""), &format!("There are {names}."));
        }
        "/theme" => set(model, "theme", rest, out),
        "/keys" => {
            let query = Line::with(rest);
            model.overlay = Some(Overlay::Help(Help { query, keys: true, ..Help::default() }));
        }
        "/set" => return set_command(model, rest, out),
        "/reload" => out.push(Effect::Setting(SettingWish::Reload)),
        "/plain-text" => match rest {
            "on" => set_saying(model, ("markdown", "false"), "Messages are shown as they were typed.", out),
            "off" => set_saying(model, ("markdown", "true"), "Messages are shown with bold and code.", out),
            _ => return refuse(model, "/plain-text is on or off", "on shows messages as they were typed."),
        },
        "/mouse" | "/hints" => {
            let key = word.trim_start_matches('/');
            if !["on", "off"].contains(&rest) {
                return refuse(model, &format!("{word} is on or off"), &format!("{word} on, or {word} off."));
            }
            set_saying(model, (key, rest), &format!("{key}: {rest}."), out);
        }
        "/clean" => clean(model),
        "/redraw" => out.push(Effect::Redraw),
        _ => say(
            model,
            "Line mode is another way to start: `starling chat --plain`, or /set plain on for always.",
        ),
    }
    true
}

/// Messages alone, so that they can be copied with the terminal's own mouse; or everything again.
pub fn clean(model: &mut Model) {
    model.clean = !model.clean;
    if model.clean {
        let key = model.keys.label(Action::Clean).unwrap_or_else(|| "/clean".to_owned());
        say(model, format!("Only messages, for copying. {key} shows everything again."));
    }
}

fn refuse(model: &mut Model, what: &str, do_: &str) -> bool {
    complain(model, what, "Nothing was changed; the text is still in the editor.", do_);
    false
}

/// `/set KEY`, `/set KEY VALUE`; without anything the list.
fn set_command(model: &mut Model, rest: &str, out: &mut Out) -> bool {
    if rest.is_empty() {
        let all: Vec<&str> = KEYS.iter().map(|(key, _)| *key).collect();
        say(model, format!("/set KEY shows one of {}; /set KEY VALUE changes it.", all.join(", ")));
        return true;
    }
    let (key, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let (key, text) = (key.trim_start_matches("screen."), text.trim());
    let own = KEYS.iter().find(|(known, _)| *known == key).copied();
    match own {
        Some((key, takes)) if text.is_empty() => {
            let now = model.settings.get(key).unwrap_or_default();
            let now = if now.is_empty() { "empty" } else { &now };
            say(model, format!("{key} is {now}. It takes {takes}."));
        }
        Some((key, _)) => {
            let text = if text == "\"\"" { "" } else { text };
            if let Err(fault) = model.settings.clone().set(key, text) {
                return refuse(model, &fault.to_string(), "/set KEY alone shows how it is.");
            }
            set(model, key, text, out);
        }
        None if Config::KEYS.contains(&key) && !text.is_empty() => {
            if let Err(fault) = Config::default().set(key, text) {
                return refuse(model, &fault.to_string(), "`starling config get` shows how it is.");
            }
            let (key, text) = (key.to_owned(), text.to_owned());
            out.push(Effect::Setting(SettingWish::Set { key, text, say: None }));
        }
        None if Config::KEYS.contains(&key) => {
            say(model, format!("`starling config get {key}` shows it; /set {key} VALUE changes it."));
        }
        None => {
            let shown: String = key.chars().take(40).collect();
            let all: Vec<&str> = KEYS.iter().map(|(key, _)| *key).chain(Config::KEYS).collect();
            let list = format!("There are {}.", all.join(", "));
            return refuse(model, &format!("There is no setting \"{shown}\""), &list);
        }
    }
    true
}

/// Changes a setting of the screen: at once here, and in the file.
pub fn set(model: &mut Model, key: &str, text: &str, out: &mut Out) {
    change(model, (key, text), None, out);
}

/// The same, and tells it in other words than those of the file.
fn set_saying(model: &mut Model, setting: (&str, &str), words: &str, out: &mut Out) {
    change(model, setting, Some(words.to_owned()), out);
}

fn change(model: &mut Model, (key, text): (&str, &str), say: Option<String>, out: &mut Out) {
    if model.settings.set(key, text).is_ok() {
        let wanted = model.settings.theme.clone();
        model.theme = look(model, &wanted);
    }
    let key = format!("screen.{key}");
    out.push(Effect::Setting(SettingWish::Set { key, text: text.to_owned(), say }));
}

/// A key in the list of themes: the chosen one is shown at once, kept by Enter.
pub fn on_themes(model: &mut Model, mut shown: Themes, key: KeyEvent, out: &mut Out) {
    let last = shown.names.len().saturating_sub(1);
    match key.code {
        KeyCode::Up => shown.at = shown.at.saturating_sub(1),
        KeyCode::Down => shown.at = (shown.at + 1).min(last),
        KeyCode::Enter => {
            if let Some(name) = shown.names.get(shown.at).cloned() {
                set(model, "theme", &name, out);
            }
            return;
        }
        _ => {}
    }
    if let Some(name) = shown.names.get(shown.at) {
        model.theme = look(model, name);
    }
    model.overlay = Some(Overlay::Themes(shown));
}

/// The list of themes was left: all is as it was.
pub fn themes_left(model: &mut Model) {
    let kept = model.settings.theme.clone();
    model.theme = look(model, &kept);
}
