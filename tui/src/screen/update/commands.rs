//! Slash commands. A wrong one stays in the editor with a suggestion; names are never guessed.

use super::{Out, complain, keys, mail, near, overlay, places, rooms, search, settings, talk};
use crate::screen::keymap::{Action, COMMANDS};
use crate::screen::model::Model;
use crate::screen::model::overlay::{Help, Overlay, Sure};
use crate::screen::msg::Effect;
use starling_node::api::names::handle;
use starling_node::api::types::Contact;

/// Runs a command as typed, with its slash.
pub fn run(model: &mut Model, text: &str, out: &mut Out) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim().to_owned();
    let Some(command) = COMMANDS.iter().find(|command| command.word == word) else {
        return unknown(model, word);
    };
    if !command.bare && rest.is_empty() {
        complain(
            model,
            &format!("{word} needs {}", command.takes),
            "Nothing was done; the text is still in the editor.",
            &format!("{word} {}: {}.", command.takes, command.help),
        );
        return;
    }
    let open = model.open.clone();
    // In another chat the editor holds what is unsent there.
    if perform(model, word, &rest, out) && model.open == open {
        model.editor.clear();
        model.draft_at = Some(model.now_ms);
    }
}

/// Takes a typed command out of the editor before something else uses it: a command is no draft. What stands there
/// when a command comes another way (Ctrl-K, line mode) stays.
pub fn leave_line(model: &mut Model) {
    if model.editor.text().starts_with('/') {
        model.editor.clear();
    }
}

fn unknown(model: &mut Model, word: &str) {
    let near = near(&word.to_lowercase(), COMMANDS.iter().map(|command| command.word.to_owned()));
    let hint = match near {
        Some(near) => format!("Did you mean {near}?"),
        None => "F1 lists the commands; // sends a text that begins with /.".to_owned(),
    };
    complain(
        model,
        &format!("There is no command {word}"),
        "Nothing was sent; the text is still in the editor.",
        &hint,
    );
}

/// Runs a command. True if the editor is to be emptied.
fn perform(model: &mut Model, word: &str, rest: &str, out: &mut Out) -> bool {
    if rooms::open::is_meant(model, word, rest) {
        return rooms::open::command(model, word, rest, out);
    }
    match word {
        "/add" => match rooms::ask(rest.to_owned()) {
            question @ Overlay::Room(_) => {
                model.editor.clear();
                model.overlay = Some(question);
            }
            _ => out.push(Effect::Add { link: rest.to_owned() }),
        },
        "/invite" if rest.is_empty() => overlay::open_invite(model, out),
        "/go" | "/back" | "/close" | "/lock" | "/pin" | "/archive" | "/mute" => {
            return places::command(model, word, rest, out);
        }
        "/away" => return away(model, rest, out),
        "/back-here" => out.push(Effect::Presence { state: "online" }),
        "/unread" => {
            leave_line(model);
            keys::act(model, Action::FirstUnread, out);
        }
        "/write" => {
            leave_line(model);
            keys::write(model, out);
            return false;
        }
        "/up" => keys::act(model, Action::PageUp, out),
        "/down" => keys::act(model, Action::PageDown, out),
        "/end" => keys::act(model, Action::Newest, out),
        "/invite" | "/room" | "/join" | "/people" | "/topic" | "/kick" | "/role" | "/leave" => {
            return rooms::command(model, word, rest, out);
        }
        "/info" if rest.is_empty() => keys::person(model, None, out),
        "/near" => near::open(model, out),
        "/requests" => model.overlay = Some(Overlay::Requests { at: 0 }),
        "/find" => search::open(model, rest, out),
        "/reply" | "/edit" | "/react" | "/copy" | "/code" | "/quote" | "/me" | "/again" | "/export"
        | "/pins" => {
            return talk::command(model, word, rest, out);
        }
        "/nick" => out.push(Effect::Nick { name: rest.to_owned() }),
        "/words" => overlay::open_words(model, out),
        "/net" => return super::network::command(model, rest, out),
        "/log" => super::outside::open_log(model, rest, out),
        "/lan" => return super::network::lan(model, rest, out),
        "/wake" => out.push(Effect::Wake),
        "/mailbox" => return mail::command(model, rest, out),
        "/presence" => return presence(model, rest, out),
        "/chats" => keys::goto_list(model),
        "/help" => {
            let query = crate::screen::model::line::Line::with(rest);
            model.overlay = Some(Overlay::Help(Help { query, ..Help::default() }));
        }
        "/theme" | "/keys" | "/plain-text" | "/set" | "/reload" | "/mouse" | "/hints" | "/clean"
        | "/plain" | "/redraw" => {
            return settings::command(model, word, rest, out);
        }
        "/quit" => {
            leave_line(model);
            keys::leave(model, out);
        }
        _ => return about_person(model, word, rest, out),
    }
    true
}

fn away(model: &mut Model, rest: &str, out: &mut Out) -> bool {
    if !rest.is_empty() {
        complain(
            model,
            "People see that you are away, but no text with it yet",
            "Nothing was done; the text is still in the editor.",
            "/away alone does it, /back-here ends it.",
        );
        return false;
    }
    out.push(Effect::Presence { state: "away" });
    true
}

fn presence(model: &mut Model, word: &str, out: &mut Out) -> bool {
    match ["online", "away", "busy", "invisible"].into_iter().find(|state| *state == word.to_lowercase()) {
        Some(state) => {
            out.push(Effect::Presence { state });
            true
        }
        None => {
            complain(
                model,
                &format!("There is no presence \"{word}\""),
                "Nothing was done; the text is still in the editor.",
                "It is online, away, busy or invisible.",
            );
            false
        }
    }
}

fn about_person(model: &mut Model, word: &str, rest: &str, out: &mut Out) -> bool {
    let (who, more) = if word == "/name" {
        match split_name(model, rest) {
            Some(parts) => parts,
            None => {
                complain(
                    model,
                    "/name needs a person and a new name",
                    "Nothing was done; the text is still in the editor.",
                    "For example: /name @ilse Ilse Brandt",
                );
                return false;
            }
        }
    } else {
        (rest.to_owned(), String::new())
    };
    let Some(account) = resolve(model, &who) else { return false };
    match word {
        "/name" => out.push(Effect::Rename { account, name: more }),
        "/block" => model.overlay = Some(Overlay::Sure(Sure::Block { account })),
        "/remove" => model.overlay = Some(Overlay::Sure(places::removing(account))),
        "/unblock" => out.push(Effect::Block { account, on: false }),
        "/hide" => out.push(Effect::Visible { account, on: false }),
        "/show" => out.push(Effect::Visible { account, on: true }),
        _ => keys::person(model, Some(account), out),
    }
    true
}

/// `@who NEW` where who may be a handle (one word) or a whole local name.
fn split_name(model: &Model, rest: &str) -> Option<(String, String)> {
    let bare = rest.trim_start_matches('@');
    let known = model.people.iter().map(|contact| contact.name.as_str()).filter_map(|name| {
        let more = bare.strip_prefix(name)?;
        more.starts_with(char::is_whitespace).then(|| (name.to_owned(), more.trim().to_owned()))
    });
    let longest = known.max_by_key(|(name, _)| name.len());
    let handle =
        rest.split_once(char::is_whitespace).map(|(who, more)| (who.to_owned(), more.trim().to_owned()));
    longest.or(handle).filter(|(_, more)| !more.is_empty())
}

/// The account of a name: `@handle`, a local name, or nothing for the person of the open chat.
pub fn resolve(model: &mut Model, who: &str) -> Option<String> {
    if who.is_empty() {
        let open = model.chat().and_then(|chat| chat.account.clone());
        if open.is_none() {
            let do_ = "Say who: @ and their name.";
            complain(model, "Nobody is meant: this chat is only yours", "Nothing was done.", do_);
        }
        return open;
    }
    let bare = who.trim_start_matches('@').to_lowercase();
    let handles = model
        .chats
        .iter()
        .filter(|chat| chat.name.trim_start_matches('@').to_lowercase() == bare)
        .filter_map(|chat| chat.account.clone());
    let names = model
        .people
        .iter()
        .filter(|contact| contact.name.to_lowercase() == bare || contact.account == who)
        .map(|contact| contact.account.clone());
    let mut found: Vec<String> = handles.chain(names).collect();
    if found.is_empty() && !bare.is_empty() {
        // Pictures in a name are not on a keyboard; all the letters must be there.
        let fits = |contact: &&Contact| letters(&handle(&contact.name)) == bare;
        found.extend(model.people.iter().filter(fits).map(|contact| contact.account.clone()));
    }
    found.sort();
    found.dedup();
    match found.as_slice() {
        [one] => return Some(one.clone()),
        [] => {
            let hint = match near(&bare, model.people.iter().map(|contact| contact.name.clone())) {
                Some(name) => {
                    let handle = handle(&name);
                    format!("Did you mean {name} (@{handle})? Add somebody with /add LINK.")
                }
                None => "Add somebody with /add LINK.".to_owned(),
            };
            let bare = who.trim_start_matches('@');
            complain(model, &format!("There is no \"{bare}\" among your people"), "Nothing was done.", &hint);
        }
        several => {
            let names: Vec<String> = several.iter().map(|account| model.name_of(account)).collect();
            let what = format!("\"{who}\" fits more than one person: {}", names.join(", "));
            complain(model, &what, "Nothing was done.", "Use the whole name.");
        }
    }
    None
}

/// A handle without the pictures in it.
fn letters(handle: &str) -> String {
    let kept: String = handle.chars().filter(|c| c.is_alphanumeric() || "-_.".contains(*c)).collect();
    kept.trim_matches('-').to_owned()
}

/// The name that was probably meant: it differs in few letters, fewer than half of them.
pub fn near(word: &str, names: impl Iterator<Item = String>) -> Option<String> {
    let word = word.trim_start_matches(['@', '#']).to_lowercase();
    let most = 3.min(word.chars().count() / 2);
    let far = |name: &String| {
        let name = name.trim_start_matches(['@', '#']).to_lowercase();
        // The first name alone is often what was typed.
        let first = name.split_whitespace().next().unwrap_or("").to_owned();
        distance(&word, &name).min(distance(&word, &first))
    };
    let near = names.map(|name| (far(&name), name)).filter(|(far, _)| *far <= most);
    near.min_by_key(|(far, _)| *far).map(|(_, name)| name)
}

/// How many letters differ between two words.
pub fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().take(64).enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let swap = row.get(j).copied().unwrap_or(0) + usize::from(a != *b);
            let drop = row.get(j + 1).copied().unwrap_or(0) + 1;
            let put = next.last().copied().unwrap_or(0) + 1;
            next.push(swap.min(drop).min(put));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
