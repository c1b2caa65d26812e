//! Keys in what lies over the main screen. Esc always closes and is always the safe way.

use super::{Out, chats, goto, keys, mail, rooms, say};
use crate::screen::keymap::{Action, Stroke};
use crate::screen::model::Model;
use crate::screen::model::chatlog::furthest;
use crate::screen::model::line::Line;
use crate::screen::model::overlay::{EMOJI, Found, Help, InviteBox, NetView, Overlay, RoomBox, Trial};
use crate::screen::model::rooms::Extra;
use crate::screen::model::setup::WordsPage;
use crate::screen::model::words::report::report;
use crate::screen::msg::Effect;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use starling_node::api::types::{Receipt, Recipient, Test};

/// Lines F5 scrolls over at most; more than there ever are.
const NET_LINES: usize = 500;

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
        Some(Overlay::GoTo(goto)) => {
            goto.query.insert(&first);
            let query = goto.query.text().to_owned();
            let hits = goto::hits(model, &query);
            if let Some(Overlay::GoTo(goto)) = &mut model.overlay {
                goto.hits = hits;
                goto.at = 0;
            }
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
        closed(model, overlay);
        return true;
    }
    match overlay {
        Overlay::GoTo(goto) => goto::on_key(model, goto, key, out),
        Overlay::Help(help) => on_help(model, help, key),
        Overlay::Invite(invite) => on_invite(model, invite, key, out),
        Overlay::AskAdd { link } => on_ask(model, link, key, out),
        Overlay::Requests { at } => on_requests(model, at, key, out),
        Overlay::Chats { at } => on_chats(model, at, key, out),
        Overlay::Found(found) => on_found(model, found, key, out),
        Overlay::React { id, at } => on_react(model, id, at, key, out),
        Overlay::Words(page) => on_words(model, page, key, out),
        Overlay::WordsLock(line) => on_words_lock(model, line, key, out),
        Overlay::Network(view) => on_network(model, view, key, out),
        Overlay::Mailboxes(shown) => mail::on_key(model, shown, key, out),
        Overlay::Room(shown) => rooms::on_key(model, shown, key, out),
        other => on_card(model, other, key, out),
    }
    true
}

fn closed(model: &mut Model, overlay: Overlay) {
    match overlay {
        // The code alone goes back to the whole box.
        Overlay::Invite(mut invite) if invite.code_only => {
            invite.code_only = false;
            model.overlay = Some(Overlay::Invite(invite));
        }
        Overlay::AskAdd { link } | Overlay::Room(RoomBox::AskLink { link, .. }) => {
            model.editor.insert(&link);
            model.declined = Some(link);
            say(model, "Not added. The link is in the editor as text.");
        }
        _ => {}
    }
}

fn on_network(model: &mut Model, mut view: NetView, key: KeyEvent, out: &mut Out) {
    view.copied = false;
    match key.code {
        KeyCode::Enter | KeyCode::F(5) => return,
        KeyCode::Char('w') => out.extend([Effect::Wake, Effect::Net, Effect::People]),
        KeyCode::Char('r') => {
            (view.trial, view.top) = (Trial::None, 0);
            out.extend([Effect::Net, Effect::Status, Effect::People]);
        }
        KeyCode::Char('t') if view.trial != Trial::Running => {
            (view.trial, view.top) = (Trial::Running, 0);
            out.push(Effect::NetTest);
        }
        KeyCode::Char('c') => {
            if let Some(net) = &view.net {
                let found: &[Test] = if let Trial::Done(found) = &view.trial { found } else { &[] };
                out.push(Effect::Copy { text: report(net, found) });
                view.copied = true;
            }
        }
        KeyCode::Up => view.top = view.top.saturating_sub(1),
        KeyCode::Down => view.top = (view.top + 1).min(NET_LINES),
        KeyCode::PageUp => view.top = view.top.saturating_sub(10),
        KeyCode::PageDown => view.top = (view.top + 10).min(NET_LINES),
        _ => {}
    }
    model.overlay = Some(Overlay::Network(view));
}

/// Cards with few keys: a person, who has it, delete, leave.
fn on_card(model: &mut Model, overlay: Overlay, key: KeyEvent, out: &mut Out) {
    match (&overlay, key.code) {
        (Overlay::Delete { id }, KeyCode::Char('e')) => {
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
                'b' => out.push(Effect::Block { account, on: !blocked }),
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
            out.push(Effect::Add { link: invite.field.text().trim().to_owned() });
        }
        KeyCode::Enter => return,
        KeyCode::Char('c') if !typing => copy_invite(&mut invite, out),
        KeyCode::Char('q') if !typing => invite.code_only = !invite.code_only,
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

fn on_chats(model: &mut Model, at: usize, key: KeyEvent, out: &mut Out) {
    let extras = model.extras();
    let last = (model.chats.len() + extras.len()).saturating_sub(1);
    let at = match key.code {
        KeyCode::Up => at.saturating_sub(1),
        KeyCode::Down => (at + 1).min(last),
        KeyCode::F(2) => return,
        KeyCode::Char(digit @ '1'..='9') => {
            let number = digit.to_digit(10).and_then(|digit| usize::try_from(digit).ok()).unwrap_or(1);
            return chats::number(model, number, out);
        }
        KeyCode::Enter => {
            if let Some(id) = model.chats.get(at).map(|chat| chat.chat.clone()) {
                return chats::open(model, &id, out);
            }
            match extras.into_iter().nth(at.saturating_sub(model.chats.len())) {
                Some(Extra::Invitation { chat, .. }) => {
                    model.overlay = Some(Overlay::Room(RoomBox::Ask { chat }));
                }
                Some(Extra::Requests) => model.overlay = Some(Overlay::Requests { at: 0 }),
                Some(Extra::Words) => open_words(model, out),
                Some(Extra::Invite) | None => open_invite(model, out),
            }
            return;
        }
        _ => at,
    };
    model.overlay = Some(Overlay::Chats { at });
}

fn on_found(model: &mut Model, mut found: Found, key: KeyEvent, out: &mut Out) {
    let last = found.hits.as_ref().map_or(0, |hits| hits.len().saturating_sub(1));
    match key.code {
        KeyCode::Up => found.at = found.at.saturating_sub(1),
        KeyCode::Down => found.at = (found.at + 1).min(last),
        KeyCode::Tab => {
            found.hits = None;
            out.push(Effect::Find { text: found.text.clone(), chat: None });
        }
        KeyCode::Enter => {
            let hit = found.hits.as_ref().and_then(|hits| hits.get(found.at));
            if let Some((chat, id)) = hit.map(|hit| (hit.chat.clone(), hit.id.clone())) {
                chats::open(model, &chat, out);
                return reveal(model, &id);
            }
            return;
        }
        _ => {}
    }
    model.overlay = Some(Overlay::Found(found));
}

/// Chooses a found message if it is loaded.
fn reveal(model: &mut Model, id: &str) {
    let height = usize::from(crate::screen::model::arrange::arrange(model).messages);
    let Some(index) = model.log().and_then(|log| log.index(id)) else {
        return say(model, "It is further up: PgUp reads older messages.");
    };
    let timeline = crate::screen::model::timeline::Timeline::open(model);
    let anchor = timeline.and_then(|timeline| timeline.revealed(index, height));
    if let Some(log) = model.log_mut() {
        log.anchor = anchor;
        log.chosen = Some(id.to_owned());
    }
}

fn on_react(model: &mut Model, id: String, at: usize, key: KeyEvent, out: &mut Out) {
    let last = EMOJI.len() - 1;
    let mut done = |at: usize| {
        if let Some(emoji) = EMOJI.get(at) {
            out.push(Effect::React { id: id.clone(), emoji: (*emoji).to_owned() });
        }
    };
    let at = match key.code {
        KeyCode::Left => at.saturating_sub(1),
        KeyCode::Right => (at + 1).min(last),
        KeyCode::Enter => return done(at),
        KeyCode::Char(digit @ '1'..='8') => {
            let place = digit.to_digit(10).and_then(|digit| usize::try_from(digit).ok()).unwrap_or(1);
            return done(place - 1);
        }
        KeyCode::Backspace | KeyCode::Char('0' | '-') => {
            out.push(Effect::React { id, emoji: String::new() });
            return;
        }
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
