//! Keys in what lies over the main screen. Esc always closes and is always the safe way.

use super::{Out, chats, goto, keys, mail, near, places, rooms, say, search, settings, talk, undoable};
use crate::screen::keymap::{Action, Stroke};
use crate::screen::model::Model;
use crate::screen::model::chatlog::furthest;
use crate::screen::model::line::Line;
use crate::screen::model::overlay::{EMOJI, Help, InviteBox, Overlay, RoomBox, Sure};
use crate::screen::model::rooms::Extra;
use crate::screen::model::setup::WordsPage;
use crate::screen::model::talk::TalkBox;
use crate::screen::msg::{Effect, PlaceWish, TalkWish, WordsPut};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use starling_node::api::types::{Receipt, Recipient};

/// Opens the invite box and asks for an invite.
pub fn open_invite(model: &mut Model, out: &mut Out) {
    model.overlay = Some(Overlay::Invite(InviteBox::default()));
    out.push(Effect::Invite);
}

/// Shows the 24 words, after the passphrase if there is one.
pub fn open_words(model: &mut Model, out: &mut Out) {
    if model.opened.as_ref().is_some_and(|opened| opened.locked) {
        model.overlay = Some(Overlay::WordsLock(Line::default()));
    } else {
        out.push(Effect::Words { passphrase: None });
    }
}

/// A paste into the field of an overlay. False if there is no overlay.
pub fn paste(model: &mut Model, text: &str) -> bool {
    let first = text.trim().lines().next().unwrap_or("").to_owned();
    match &mut model.overlay {
        None => return false,
        Some(Overlay::Invite(invite)) => invite.field.insert(&text.split_whitespace().collect::<String>()),
        Some(Overlay::WordsLock(line)) => line.insert(&first),
        Some(Overlay::Words(WordsPage { check: Some(check), .. })) => check.field.insert(&first),
        Some(Overlay::Help(help)) => help.query.insert(&first),
        Some(Overlay::Found(_)) => search::paste(model, &first),
        Some(Overlay::Talk(TalkBox::Forward { query, at, .. })) => {
            query.insert(&first);
            *at = 0;
        }
        Some(Overlay::Sure(Sure::Remove { field, .. })) => field.insert(&first),
        Some(Overlay::GoTo(goto)) => {
            goto.query.insert(&first);
            let mut goto = std::mem::take(goto);
            goto::typed(model, &mut goto);
            model.overlay = Some(Overlay::GoTo(goto));
        }
        Some(_) => {}
    }
    true
}

/// A key in an overlay. False if the main screen is to have it.
pub fn on_key(model: &mut Model, key: KeyEvent, out: &mut Out) -> bool {
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    let leave = model.keys.always(Stroke::of(&key)) == Some(Action::Leave);
    if leave && !matches!(model.overlay, Some(Overlay::Leave)) {
        return false;
    }
    let Some(overlay) = model.overlay.take() else { return false };
    let close = key.code == KeyCode::Esc || ctrl && matches!(key.code, KeyCode::Char('c'));
    if close {
        closed(model, overlay, out);
        return true;
    }
    match overlay {
        Overlay::GoTo(goto) => goto::on_key(model, goto, key, out),
        Overlay::Help(help) => on_help(model, help, key),
        Overlay::Themes(shown) => settings::on_themes(model, shown, key, out),
        Overlay::Invite(invite) => on_invite(model, invite, key, out),
        Overlay::AskAdd { link } => on_ask(model, link, key, out),
        Overlay::Requests { at } => on_requests(model, at, key, out),
        Overlay::Chats { at, archived } => on_chats(model, (at, archived), key, out),
        Overlay::Found(found) => search::on_key(model, found, key, out),
        Overlay::Talk(shown) => talk::on_key(model, shown, key, out),
        Overlay::React { id, at } => on_react(model, id, at, key, out),
        Overlay::Sure(sure) => places::on_sure(model, sure, key, out),
        Overlay::Words(page) => on_words(model, page, key, out),
        Overlay::WordsLock(line) => on_words_lock(model, line, key, out),
        Overlay::Network(view) => super::network::on_key(model, view, key, out),
        Overlay::Log(view) => super::outside::on_log_key(model, view, key),
        Overlay::Mailboxes(shown) => mail::on_key(model, shown, key, out),
        Overlay::Near(page) => near::on_key(model, page, key, out),
        Overlay::Compare(shown) => near::on_compare_key(model, shown, key, out),
        Overlay::Room(shown) => rooms::on_key(model, shown, key, out),
        other => on_card(model, other, key, out),
    }
    true
}

fn closed(model: &mut Model, overlay: Overlay, out: &mut Out) {
    match overlay {
        Overlay::Themes(_) => settings::themes_left(model),
        // Looked at and closed without the check: the reminder comes again after a while.
        Overlay::Words(_) | Overlay::WordsLock(_) if model.words_due() => words_put_off(model, out),
        // The code alone goes back to the whole box.
        Overlay::Invite(mut invite) if invite.code_only => {
            invite.code_only = false;
            model.overlay = Some(Overlay::Invite(invite));
        }
        // The link of a chosen message stands in that message.
        Overlay::AskAdd { .. } | Overlay::Room(RoomBox::AskLink { .. })
            if model.log().is_some_and(|log| log.chosen.is_some()) => {}
        Overlay::AskAdd { link } | Overlay::Room(RoomBox::AskLink { link, .. }) => {
            model.editor.insert(&link);
            model.declined = Some(link);
            say(model, "Not added. The link is in the editor as text.");
        }
        _ => {}
    }
}

/// Cards with few keys: a person, who has it, delete, leave.
fn on_card(model: &mut Model, overlay: Overlay, key: KeyEvent, out: &mut Out) {
    match (&overlay, key.code) {
        (Overlay::Delete { id }, KeyCode::Char('m')) => {
            out.push(Effect::Talk(TalkWish::Hide { id: id.clone() }));
            return;
        }
        (Overlay::Delete { id }, KeyCode::Char('e'))
            if model.log().and_then(|log| log.get(id)).is_some_and(|item| item.message.from.me) =>
        {
            out.push(Effect::Delete { id: id.clone() });
            if let Some(log) = model.log_mut() {
                log.chosen = None;
            }
            return;
        }
        (Overlay::Leave, KeyCode::Char('q')) => return keys::quit(model, out),
        (Overlay::Person(card), KeyCode::Char(c)) => {
            let account = card.account.clone();
            let blocked = model.person(&account).is_some_and(|contact| contact.state == "blocked");
            match c {
                'y' if card.safety.is_some() => out.push(Effect::Verify { account, matches: true }),
                'n' if card.safety.is_some() => out.push(Effect::Verify { account, matches: false }),
                'b' if blocked => out.push(Effect::Block { account, on: false }),
                'b' => {
                    model.overlay = Some(Overlay::Sure(Sure::Block { account }));
                    return;
                }
                'x' => {
                    model.overlay = Some(Overlay::Sure(places::removing(account)));
                    return;
                }
                'v' if near::is_here(model, &account) => near::compare(model, account, out),
                'h' => {
                    let hidden = model.person(&account).is_some_and(|contact| contact.hidden);
                    out.push(Effect::Visible { account, on: hidden });
                }
                'c' => {
                    if let Some(safety) = &card.safety {
                        out.push(Effect::Copy { text: safety.number.clone() });
                        say(model, "Copied, by the terminal.");
                    }
                }
                _ => {}
            }
        }
        (Overlay::Person(_) | Overlay::WhoHas { .. }, KeyCode::Enter) => return,
        (Overlay::Person(_), KeyCode::F(4)) => return,
        _ => {}
    }
    model.overlay = Some(overlay);
}

fn on_help(model: &mut Model, mut help: Help, key: KeyEvent) {
    match key.code {
        KeyCode::F(1) | KeyCode::Enter => return,
        KeyCode::Up => help.top = help.top.saturating_sub(1),
        KeyCode::Down => help.top = help.top.saturating_add(1),
        KeyCode::PageUp => help.top = help.top.saturating_sub(10),
        KeyCode::PageDown => help.top = help.top.saturating_add(10),
        _ => {
            if help.query.key(key) {
                help.top = 0;
            }
        }
    }
    model.overlay = Some(Overlay::Help(help));
}

fn on_invite(model: &mut Model, mut invite: InviteBox, key: KeyEvent, out: &mut Out) {
    let typing = !invite.field.is_empty();
    match key.code {
        KeyCode::Enter if typing => {
            out.push(rooms::use_link(invite.field.text()));
        }
        KeyCode::Enter => return,
        KeyCode::Char('c') if !typing => copy_invite(&mut invite, out),
        KeyCode::Char('q') if !typing => invite.code_only = !invite.code_only,
        KeyCode::Char('n') if !typing && invite.room.is_none() => return near::open(model, out),
        KeyCode::Char('v') if !typing => {}
        _ => {
            invite.field.key(key);
        }
    }
    model.overlay = Some(Overlay::Invite(invite));
}

/// Puts the link on the clipboard.
pub fn copy_invite(invite: &mut InviteBox, out: &mut Out) {
    if let Some(made) = &invite.invite {
        out.push(Effect::Copy { text: made.link.clone() });
        invite.copied = true;
    }
}

fn on_ask(model: &mut Model, link: String, key: KeyEvent, out: &mut Out) {
    match key.code {
        KeyCode::Enter => out.push(Effect::Add { link }),
        _ => model.overlay = Some(Overlay::AskAdd { link }),
    }
}

fn on_requests(model: &mut Model, at: usize, key: KeyEvent, out: &mut Out) {
    let last = model.requests.len().saturating_sub(1);
    let account = model.requests.get(at).map(|request| request.account.clone());
    let at = match (key.code, account) {
        (KeyCode::Up, _) => at.saturating_sub(1),
        (KeyCode::Down, _) => (at + 1).min(last),
        (KeyCode::Enter | KeyCode::Char('a'), Some(account)) => {
            out.push(Effect::Accept { account });
            return;
        }
        (KeyCode::Char('d'), Some(account)) => {
            model.requests.retain(|request| request.account != account);
            out.push(Effect::Drop { account });
            if model.requests.is_empty() {
                return;
            }
            at.min(last.saturating_sub(1))
        }
        (KeyCode::Enter, None) => return,
        _ => at,
    };
    model.overlay = Some(Overlay::Requests { at });
}

fn on_chats(model: &mut Model, shown: (usize, bool), key: KeyEvent, out: &mut Out) {
    let (at, archived) = shown;
    let (ids, extras): (Vec<String>, _) = if archived {
        (model.archived_chats().map(|chat| chat.chat.clone()).collect(), Vec::new())
    } else {
        (model.shown_chats().map(|chat| chat.chat.clone()).collect(), model.list_extras())
    };
    let last = (ids.len() + extras.len()).saturating_sub(1);
    let at = match key.code {
        KeyCode::Up => at.saturating_sub(1),
        KeyCode::Down => (at + 1).min(last),
        KeyCode::PageUp => at.saturating_sub(10),
        KeyCode::PageDown => (at + 10).min(last),
        KeyCode::F(2) => return,
        KeyCode::Char(digit @ '1'..='9') => {
            let number = digit.to_digit(10).and_then(|digit| usize::try_from(digit).ok()).unwrap_or(1);
            if let Some(id) = ids.get(number - 1) {
                return chats::open(model, id, out);
            }
            at
        }
        KeyCode::Enter => {
            if let Some(id) = ids.get(at) {
                return chats::open(model, id, out);
            }
            return open_extra(model, extras.into_iter().nth(at.saturating_sub(ids.len())), out);
        }
        _ => at,
    };
    model.overlay = Some(Overlay::Chats { at, archived });
}

/// What a row behind the chats leads to.
pub fn open_extra(model: &mut Model, extra: Option<Extra>, out: &mut Out) {
    match extra {
        Some(Extra::Invitation { chat, .. }) => model.overlay = Some(Overlay::Room(RoomBox::Ask { chat })),
        Some(Extra::Requests) => model.overlay = Some(Overlay::Requests { at: 0 }),
        Some(Extra::Words) => open_words(model, out),
        Some(Extra::Archived(_)) => model.overlay = Some(Overlay::Chats { at: 0, archived: true }),
        Some(Extra::Invite) | None => open_invite(model, out),
    }
}

/// Reacts, or takes a reaction back with an empty emoji.
pub fn react(model: &mut Model, id: String, emoji: String, out: &mut Out) {
    if !emoji.is_empty() {
        let back = Effect::React { id: id.clone(), emoji: own_reaction(model, &id) };
        undoable(model, format!("Reacted with {emoji}."), vec![back]);
    }
    out.push(Effect::React { id, emoji });
}

/// One's reaction to a message as it is; empty without one.
fn own_reaction(model: &Model, id: &str) -> String {
    let own = model.opened.as_ref().map(|opened| &opened.account.name);
    let item = model.log().and_then(|log| log.get(id));
    let mut all = item.iter().flat_map(|item| &item.message.reactions);
    all.find(|(_, who)| own.is_some_and(|own| who.contains(own)))
        .map(|(emoji, _)| emoji.clone())
        .unwrap_or_default()
}

fn on_react(model: &mut Model, id: String, at: usize, key: KeyEvent, out: &mut Out) {
    let last = EMOJI.len() - 1;
    let place =
        |digit: char| digit.to_digit(10).and_then(|digit| usize::try_from(digit).ok()).unwrap_or(1) - 1;
    let chosen = match key.code {
        KeyCode::Enter => Some(at),
        KeyCode::Char(digit @ '1'..='8') => Some(place(digit)),
        KeyCode::Backspace | KeyCode::Char('0' | '-') => return react(model, id, String::new(), out),
        // Any other one by its name.
        KeyCode::Char(':' | '/') if model.editor.is_empty() => {
            model.editor.set("/react :");
            return;
        }
        _ => None,
    };
    if let Some(emoji) = chosen.and_then(|at| EMOJI.get(at)) {
        return react(model, id, (*emoji).to_owned(), out);
    }
    let at = match key.code {
        KeyCode::Left => at.saturating_sub(1),
        KeyCode::Right => (at + 1).min(last),
        _ => at,
    };
    model.overlay = Some(Overlay::React { id, at });
}

fn on_words(model: &mut Model, mut page: WordsPage, key: KeyEvent, out: &mut Out) {
    if page.check.is_none() {
        if key.code == KeyCode::Enter {
            page.ask(model.run ^ model.now_ms);
        }
    } else if key.code == KeyCode::Enter {
        if page.answer() {
            words_checked(model, out);
            return;
        }
    } else if let Some(check) = &mut page.check {
        check.field.key(key);
    }
    model.overlay = Some(Overlay::Words(page));
}

fn words_put_off(model: &mut Model, out: &mut Out) {
    let times = model.words_put.times.saturating_add(1);
    model.words_put = WordsPut { times, at_s: model.wall.as_second() };
    out.push(Effect::Place(PlaceWish::WordsPut(model.words_put)));
    say(model, "Put off. The chat list reminds you again in some days; /words shows them at any time.");
}

/// The words were checked: the reminder goes.
pub fn words_checked(model: &mut Model, out: &mut Out) {
    if let Some(opened) = &mut model.opened {
        opened.words_later = false;
    }
    out.push(Effect::WordsLater(false));
    say(model, "Right. Keep the paper where you keep other important papers.");
}

fn on_words_lock(model: &mut Model, mut line: Line, key: KeyEvent, out: &mut Out) {
    if key.code == KeyCode::Enter {
        if line.is_empty() {
            return;
        }
        let passphrase = zeroize::Zeroizing::new(line.text().to_owned());
        out.push(Effect::Words { passphrase: Some(passphrase) });
    } else {
        line.key(key);
    }
    model.overlay = Some(Overlay::WordsLock(line));
}

/// A recipient's state after a receipt.
pub fn take_receipt(one: &mut Recipient, receipt: &Receipt) {
    one.state = furthest(&one.state, &receipt.state).to_owned();
    one.at.clone_from(&receipt.at);
    if one.state == receipt.state {
        one.kept.clone_from(&receipt.kept);
    }
}
