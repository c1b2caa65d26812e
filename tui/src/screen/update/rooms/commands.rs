//! Commands about rooms: `/room`, `/join`, `/topic`, `/invite`, `/kick`, `/role`, `/leave`, `/people`. What cannot be
//! done stays in the editor with the reason; names are never guessed.

use super::super::{Out, commands, complain};
use super::{card, link, people};
use crate::screen::model::Model;
use crate::screen::model::overlay::{Overlay, RoomBox};
use crate::screen::model::rooms::chat_of;
use crate::screen::msg::{Effect, OpenWish, RoomWish};
use starling_node::api::names::handle;
use starling_node::api::types::Room;

/// A command about rooms. True if the editor is to be emptied.
pub fn command(model: &mut Model, word: &str, rest: &str, out: &mut Out) -> bool {
    match word {
        "/room" => return about(model, rest, out),
        "/join" => return join(model, rest, out),
        _ => {}
    }
    let Some(chat) = model.open_room().map(|(room, _)| chat_of(room).to_owned()) else {
        complain(
            model,
            "This chat is no room you are in",
            "Nothing was done; the text is still in the editor.",
            "Ctrl-K and # go to one; /room new NAME makes one.",
        );
        return false;
    };
    let wish = match word {
        "/leave" => {
            model.overlay = Some(Overlay::Room(RoomBox::Leave { chat }));
            return true;
        }
        "/people" => {
            people(model, out);
            return true;
        }
        "/topic" if rest.is_empty() => {
            card(model, &chat, out);
            return true;
        }
        "/topic" => RoomWish::Topic { chat, text: rest.to_owned() },
        "/invite" if rest == "link" => {
            link(model, &chat, out);
            return true;
        }
        "/invite" => match commands::resolve(model, rest) {
            Some(account) => RoomWish::Invite { chat, account },
            None => return false,
        },
        _ => match about_member(model, word, rest, chat) {
            Some(wish) => wish,
            None => return false,
        },
    };
    out.push(Effect::Room(wish));
    true
}

/// The name of a room that is to be open: `NAME open`, or as a shell has it, `NAME --open` and `--open NAME`.
fn open_name(more: &str) -> Option<String> {
    let name = [" open", " --open"].iter().find_map(|end| more.strip_suffix(end));
    let name = name.or_else(|| more.strip_prefix("--open "))?.trim().trim_start_matches('#');
    (!name.is_empty()).then(|| name.to_owned())
}

/// `/room new NAME`, `/room rename NAME`, `/room history WHAT`, `/room decline #name`.
fn about(model: &mut Model, rest: &str, out: &mut Out) -> bool {
    let (what, more) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let more = more.trim();
    let means = "Nothing was done; the text is still in the editor.";
    let here = model.open_room().map(|(room, _)| chat_of(room).to_owned());
    let wish = match (what, here) {
        ("new", _) if let Some(name) = open_name(more) => RoomWish::Open(OpenWish::New { name }),
        ("new", _) if !more.is_empty() => RoomWish::New { name: more.trim_start_matches('#').to_owned() },
        ("decline", _) if !more.is_empty() => match invited(model, more) {
            Some(chat) => RoomWish::Decline { chat },
            None => return false,
        },
        ("rename", Some(chat)) if !more.is_empty() => {
            RoomWish::Rename { chat, name: more.trim_start_matches('#').to_owned() }
        }
        ("history", Some(chat)) if !more.is_empty() => RoomWish::History { chat, policy: more.to_owned() },
        ("history", Some(chat)) => {
            card(model, &chat, out);
            return true;
        }
        ("rename" | "history", None) => {
            complain(model, "This chat is no room you are in", means, "Ctrl-K and # go to one.");
            return false;
        }
        _ => {
            let do_ = "/room new NAME (and open, for one that is not private), /room rename NAME, /room history none|last N|days N|all, /room decline #name.";
            complain(model, "/room needs more words", means, do_);
            return false;
        }
    };
    out.push(Effect::Room(wish));
    true
}

fn join(model: &mut Model, rest: &str, out: &mut Out) -> bool {
    let link: String = rest.split_whitespace().collect();
    if link.to_lowercase().starts_with("starling:") {
        out.push(Effect::Room(RoomWish::JoinLink { link }));
        return true;
    }
    let (name, open) = rest.strip_suffix(" open").map_or((rest, false), |name| (name.trim(), true));
    let wanted = handle(name.trim_start_matches('#'));
    let asked = |room: &&Room| room.name.trim_start_matches('#') == wanted;
    if open || model.invitations().filter(asked).count() == 0 {
        // No private room is meant: the node says so if one of ours is called so.
        out.push(super::open::ask(OpenWish::Join { name: name.to_owned(), open }));
        return true;
    }
    match invited(model, name) {
        Some(chat) => {
            out.push(Effect::Room(RoomWish::Join { chat }));
            true
        }
        None => false,
    }
}

/// The room of a name that one is asked into.
fn invited(model: &mut Model, name: &str) -> Option<String> {
    let wanted = handle(name.trim_start_matches('#'));
    let found: Vec<String> = model
        .invitations()
        .filter(|room| room.name.trim_start_matches('#') == wanted)
        .map(|room| chat_of(room).to_owned())
        .collect();
    if let [chat] = found.as_slice() {
        return Some(chat.clone());
    }
    let what = if found.is_empty() {
        format!("Nobody asked you into \"{name}\"")
    } else {
        format!("You are asked into {} rooms of this name", found.len())
    };
    let do_ = "Choose it in the list of chats (F2), or paste a link to it.";
    complain(model, &what, "Nothing was done; the text is still in the editor.", do_);
    None
}

/// `/kick @who`, `/role @who admin|member`.
fn about_member(model: &mut Model, word: &str, rest: &str, chat: String) -> Option<RoomWish> {
    if word == "/kick" {
        return member(model, rest).map(|account| RoomWish::Remove { chat, account });
    }
    let Some((who, admin)) = rest.rsplit_once(char::is_whitespace).and_then(|(who, role)| match role {
        "admin" => Some((who.trim(), true)),
        "member" => Some((who.trim(), false)),
        _ => None,
    }) else {
        let means = "Nothing was done; the text is still in the editor.";
        complain(
            model,
            "/role needs somebody and what they are to be",
            means,
            "For example: /role @ilse admin",
        );
        return None;
    };
    member(model, who).map(|account| RoomWish::Role { chat, account, admin })
}

/// Somebody of the open room.
pub(super) fn member(model: &mut Model, who: &str) -> Option<String> {
    let wanted = handle(who.trim_start_matches('@'));
    let fits = |name: &str, account: &str| handle(name) == wanted || account == who;
    let found: Vec<String> = model
        .people_here()
        .iter()
        .filter(|one| !one.me && fits(&one.name, &one.account))
        .map(|one| one.account.clone())
        .collect();
    if let [one] = found.as_slice() {
        return Some(one.clone());
    }
    let what = if found.is_empty() {
        format!("There is no \"{who}\" in this room")
    } else {
        format!("\"{who}\" fits {} people of this room", found.len())
    };
    complain(
        model,
        &what,
        "Nothing was done; the text is still in the editor.",
        "/people shows who is in it.",
    );
    None
}
