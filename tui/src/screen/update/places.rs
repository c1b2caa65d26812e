//! Commands about chats as places (`/go`, `/pin`, `/mute`, `/archive`, `/close` …), and what the node says of them.

use super::events::ok;
use super::{Out, chats, commands, complain, lock, say, send, undoable};
use crate::screen::model::complete;
use crate::screen::model::line::Line;
use crate::screen::model::overlay::{Overlay, Sure};
use crate::screen::model::{Model, words};
use crate::screen::msg::{ChatWish, Effect, PlaceNews, PlaceWish};
use crate::screen::settings::Emoji;
use crate::screen::text::{emoji, time};
use crossterm::event::{KeyCode, KeyEvent};
use starling_node::api::types::Chat;

const KEPT: &str = "Nothing was done; the text is still in the editor.";
/// Seconds of the longest mute that ends by itself: a year. Longer is for ever.
const MUTE_MOST_S: u64 = 366 * 86_400;

/// Takes in what came back.
pub fn on_news(model: &mut Model, news: PlaceNews, out: &mut Out) {
    match news {
        PlaceNews::Chat { say: words, result } => {
            let Some(chat) = ok(model, result) else {
                // What was said and shown beforehand is not so.
                model.undo = None;
                out.push(Effect::Chats);
                return;
            };
            on_chat(model, *chat);
            if let Some(words) = words {
                say(model, words);
            }
        }
        PlaceNews::Unlocked(result) => lock::on_unlocked(model, result, out),
        PlaceNews::Written(result) => {
            if let Some(text) = ok(model, result) {
                model.editor.set(&text);
                send::edited(model, out);
            }
        }
        PlaceNews::WordsPut(put) => model.words_put = put,
    }
}

fn on_chat(model: &mut Model, chat: Chat) {
    if let Some(row) = model.chats.iter_mut().find(|row| row.chat == chat.chat) {
        let (draft, unread, mentions) = (row.draft.take(), row.unread, row.mentions);
        *row = Chat { draft, unread, mentions, ..chat };
    }
    // It is one's own doing, so that the list may change at once.
    chats::sort(&mut model.chats);
}

/// A command about chats. True if the editor is to be emptied.
pub fn command(model: &mut Model, word: &str, rest: &str, out: &mut Out) -> bool {
    match word {
        "/go" => return go(model, rest, out),
        "/back" => {
            commands::leave_line(model);
            chats::back(model, out);
            return true;
        }
        "/close" => {
            close(model, out);
            return true;
        }
        "/lock" => {
            lock::now(model, out);
            return true;
        }
        _ => {}
    }
    let Some(chat) = model.chat().cloned() else {
        complain(model, "No chat is open", KEPT, "Ctrl-K goes to one.");
        return false;
    };
    match word {
        "/pin" => pin(&chat, out),
        "/archive" => archive(model, &chat, out),
        _ => return mute(model, &chat, rest, out),
    }
    true
}

/// Opens the chat of a name; with several that fit, or none, says so.
fn go(model: &mut Model, rest: &str, out: &mut Out) -> bool {
    let bare = rest.trim_start_matches(['@', '#']).to_lowercase();
    let sigil = rest.chars().next().filter(|c| matches!(c, '@' | '#'));
    let fits = |chat: &&Chat| {
        let name = chat.name.trim_start_matches(['@', '#']).to_lowercase();
        let kind = match sigil {
            Some('@') => chat.kind == "person",
            Some(_) => chat.kind == "room",
            None => true,
        };
        kind && (name == bare || chat.title.to_lowercase() == bare)
    };
    let found: Vec<String> = model.chats.iter().filter(fits).map(|chat| chat.chat.clone()).collect();
    match found.as_slice() {
        [id] => {
            commands::leave_line(model);
            let notice = model.notice.take();
            chats::open(model, id, out);
            model.notice = notice;
            false
        }
        [] => {
            let names = model.chats.iter().flat_map(|chat| [chat.title.clone(), chat.name.clone()]);
            let hint = commands::near(&bare, names).map_or_else(
                || "Ctrl-K shows what there is.".to_owned(),
                |name| format!("Did you mean {name}?"),
            );
            complain(model, &format!("There is no chat \"{rest}\""), KEPT, &hint);
            false
        }
        several => {
            let what = format!("\"{rest}\" fits {} chats", several.len());
            complain(model, &what, KEPT, "Put @ in front for a person and # for a room, or use Ctrl-K.");
            false
        }
    }
}

/// Leaves the chat for the one before; its draft is kept and nothing is lost.
fn close(model: &mut Model, out: &mut Out) {
    commands::leave_line(model);
    let Some(open) = model.open.clone() else { return };
    let before = model.visited.iter().rev().find(|id| **id != open && model.chat_row(id).is_some()).cloned();
    let next = before.or_else(|| model.shown_chats().map(|chat| chat.chat.clone()).find(|id| *id != open));
    match next {
        Some(id) => {
            chats::open(model, &id, out);
            model.visited.retain(|visited| *visited != open);
        }
        None => say(model, "There is no other chat. Ctrl-Q leaves Starling."),
    }
}

fn wish(chat: &Chat) -> ChatWish {
    ChatWish { chat: chat.chat.clone(), ..ChatWish::default() }
}

fn ask(wish: ChatWish) -> Effect {
    Effect::Place(PlaceWish::Chat(wish))
}

fn pin(chat: &Chat, out: &mut Out) {
    let words =
        if chat.pinned { "It stands among the others again." } else { "It stays at the top of the list." };
    out.push(ask(ChatWish { pinned: Some(!chat.pinned), say: Some(words.to_owned()), ..wish(chat) }));
}

/// Puts the chat away (or takes it back) and goes to the one before.
pub fn archive(model: &mut Model, chat: &Chat, out: &mut Out) {
    out.push(ask(ChatWish { archived: Some(!chat.archived), ..wish(chat) }));
    let back = vec![ask(ChatWish { archived: Some(chat.archived), ..wish(chat) })];
    if chat.archived {
        return undoable(model, "Back in the list.", back);
    }
    if let Some(row) = model.chats.iter_mut().find(|row| row.chat == chat.chat) {
        row.archived = true;
    }
    close(model, out);
    model.notice = None;
    undoable(model, "Archived.", back);
}

/// The words of a mute as the API takes it; what it is now, so that it can be taken back.
fn mute(model: &mut Model, chat: &Chat, rest: &str, out: &mut Out) -> bool {
    let (mute, for_s) = match rest {
        "" | "on" => ("all", None),
        "off" => ("off", None),
        "mentions" => ("mentions", None),
        time => match seconds(time) {
            Some(seconds) => ("all", Some(seconds)),
            None => {
                complain(
                    model,
                    &format!("\"{time}\" is no time to mute for"),
                    KEPT,
                    "For example /mute 8h, or: /mute on, off, mentions.",
                );
                return false;
            }
        },
    };
    out.push(ask(ChatWish { mute: Some(mute), mute_for_s: for_s, ..wish(chat) }));
    let words = match (mute, for_s) {
        ("off", _) => "Not muted any more.".to_owned(),
        ("mentions", _) => "Muted, but for messages that name you.".to_owned(),
        (_, Some(seconds)) => format!("Muted for {}.", time::until(seconds.saturating_mul(1_000))),
        _ => "Muted.".to_owned(),
    };
    undoable(model, words, vec![ask(unmuted(model, chat))]);
    true
}

/// How a chat is muted now, as a wish.
fn unmuted(model: &Model, chat: &Chat) -> ChatWish {
    let mute = match model.muted(chat) {
        "all" => "all",
        "mentions" => "mentions",
        _ => "off",
    };
    let until = chat.mute_until.as_deref().and_then(|at| at.parse::<jiff::Timestamp>().ok());
    let left = until.and_then(|at| u64::try_from(at.as_second() - model.wall.as_second()).ok());
    ChatWish { mute: Some(mute), mute_for_s: left.filter(|_| mute != "off"), ..wish(chat) }
}

/// Mutes the open chat for eight hours, or ends that: Alt-M.
pub fn mute_key(model: &mut Model, out: &mut Out) {
    let Some(chat) = model.chat().cloned() else { return };
    let rest = if model.muted(&chat) == "off" { "8h" } else { "off" };
    mute(model, &chat, rest, out);
}

/// "30m", "8h", "2d", "1w" in seconds.
fn seconds(text: &str) -> Option<u64> {
    let unit = text.chars().next_back()?;
    let each = match unit {
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
    number.checked_mul(each).filter(|seconds| (1..=MUTE_MOST_S).contains(seconds))
}

// ---- questions --------------------------------------------------------------------------------------------------

/// The question before somebody is removed.
pub fn removing(account: String) -> Sure {
    Sure::Remove { account, field: Line::default(), wrong: false }
}

/// A key at a question before something that cannot be taken back. Esc, the safe way, never comes here.
pub fn on_sure(model: &mut Model, sure: Sure, key: KeyEvent, out: &mut Out) {
    match (sure, key.code) {
        (Sure::Block { account }, KeyCode::Char('b')) => out.push(Effect::Block { account, on: true }),
        (Sure::Remove { account, field, .. }, KeyCode::Enter) => {
            let wanted = words::typed_name(&model.name_of(&account));
            if words::typed_name(field.text()).to_lowercase() == wanted.to_lowercase() {
                out.push(Effect::Place(PlaceWish::Remove { account }));
            } else {
                let wrong = !field.is_empty();
                model.overlay = Some(Overlay::Sure(Sure::Remove { account, field: Line::default(), wrong }));
            }
        }
        (Sure::Remove { account, mut field, .. }, _) => {
            field.key(key);
            model.overlay = Some(Overlay::Sure(Sure::Remove { account, field, wrong: false }));
        }
        (sure, _) => model.overlay = Some(Overlay::Sure(sure)),
    }
}

// ---- completion -------------------------------------------------------------------------------------------------

/// Looks anew what is offered at the caret.
pub fn offer(model: &mut Model) {
    model.completion = complete::offers(model);
}

/// A name of an emoji that was typed whole, `:smile:`, becomes its picture, where it is seen before it is sent. Not in a
/// command, not in code, and not for those who rather read names.
pub fn picture(model: &mut Model) {
    let before = model.editor.before();
    let code = before.matches('`').count() % 2 == 1;
    if code || model.editor.text().starts_with('/') || model.settings.emoji == Emoji::Names {
        return;
    }
    let word = complete::word(model);
    let name = word.strip_prefix(':').and_then(|rest| rest.strip_suffix(':')).unwrap_or("");
    if let Some(emoji) = Some(name).filter(|name| !name.is_empty()).and_then(emoji::meant) {
        model.editor.replace_before(&word, &emoji);
    }
}

/// Tab: puts in what is chosen. False if there is no word to complete.
pub fn complete(model: &mut Model, out: &mut Out) -> bool {
    let Some(completion) = model.completion.take().or_else(|| complete::fitting(model)) else {
        let word = complete::word(model);
        if word.starts_with(['/', '@', '#']) {
            say(model, format!("Nothing begins with {word}."));
        }
        return !word.is_empty();
    };
    if let Some(offer) = completion.offers.get(completion.at) {
        model.editor.replace_before(&completion.word, &offer.text);
        send::edited(model, out);
        self::offer(model);
    }
    true
}
