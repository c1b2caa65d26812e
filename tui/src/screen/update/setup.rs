//! The guided first run and the passphrase question. Nothing goes to the network before page 4; every page can be
//! passed with Enter.

use super::{Out, overlay, rooms, trouble};
use crate::screen::model::overlay::{InviteBox, Overlay};
use crate::screen::model::setup::{Page, Setup, WordsPage};
use crate::screen::model::{Model, Place, words};
use crate::screen::msg::{Effect, MailWish, Opened, RoomWish};
use crossterm::event::{KeyCode, KeyEvent};
use starling_node::api::types::{Invite, Trouble};
use zeroize::Zeroizing;

/// A key in the first run.
pub fn on_key(model: &mut Model, key: KeyEvent, out: &mut Out) {
    let chance = model.run ^ model.now_ms;
    let Place::Setup(setup) = &mut model.place else { return };
    match &mut setup.page {
        Page::Name => on_name(setup, key),
        Page::Lock => on_lock(setup, key, out),
        Page::Words(page) => {
            if on_words(page, key, chance, out, &mut model.opened) {
                to_people(model, out);
            }
        }
        Page::People(invite) => {
            let near = key.code == KeyCode::Char('n') && invite.field.is_empty() && !invite.code_only;
            if near || on_people(invite, key, out) {
                finish(model, out);
                // That the link was copied was said on the page.
                model.notice = None;
                if near {
                    super::near::open(model, out);
                } else if !model.requests.is_empty() {
                    model.overlay = Some(Overlay::Requests { at: 0 });
                }
            }
        }
    }
}

fn on_name(setup: &mut Setup, key: KeyEvent) {
    setup.trouble = None;
    if key.code == KeyCode::Enter {
        if setup.name.text().trim().is_empty() {
            setup.trouble = Some("A name is needed; any name will do.".to_owned());
        } else {
            setup.page = Page::Lock;
        }
    } else {
        setup.name.key(key);
    }
}

fn on_lock(setup: &mut Setup, key: KeyEvent, out: &mut Out) {
    if setup.busy {
        return;
    }
    setup.trouble = None;
    let fields = if setup.with_lock { 2 } else { 0 };
    match key.code {
        KeyCode::Esc => setup.page = Page::Name,
        KeyCode::Up if setup.field > 0 => setup.field -= 1,
        KeyCode::BackTab => setup.field = setup.field.saturating_sub(1),
        KeyCode::Up | KeyCode::Down | KeyCode::Char(' ') if setup.field == 0 => {
            // Up chooses the upper entry, Down the lower one, Space the other one.
            setup.with_lock = match key.code {
                KeyCode::Up => true,
                KeyCode::Down => false,
                _ => !setup.with_lock,
            };
        }
        KeyCode::Tab | KeyCode::Down => setup.field = (setup.field + 1).min(fields),
        KeyCode::Enter => on_lock_enter(setup, out),
        _ if setup.field == 1 => {
            setup.passphrase.key(key);
        }
        // Whoever types at the choice means the passphrase.
        _ if setup.field == 0 && setup.with_lock => {
            let typed = setup.passphrase.key(key);
            setup.field = u8::from(typed && !setup.passphrase.is_empty());
        }
        _ if setup.field == 2 => {
            setup.again.key(key);
        }
        _ => {}
    }
}

fn on_lock_enter(setup: &mut Setup, out: &mut Out) {
    if setup.with_lock && setup.field < 2 {
        setup.field += 1;
        return;
    }
    if setup.with_lock && setup.passphrase.is_empty() {
        setup.field = 1;
        setup.trouble = Some("Type a passphrase, or go up and choose no lock.".to_owned());
        return;
    }
    if setup.with_lock && setup.passphrase.text() != setup.again.text() {
        setup.field = 2;
        setup.again.clear();
        setup.trouble = Some("The two are not the same. Type it once more.".to_owned());
        return;
    }
    setup.busy = true;
    let passphrase = setup.with_lock.then(|| Zeroizing::new(setup.passphrase.text().to_owned()));
    out.push(Effect::Create { name: setup.name.text().trim().to_owned(), passphrase });
}

/// A key on page 3. True if the page is done.
fn on_words(
    page: &mut WordsPage,
    key: KeyEvent,
    chance: u64,
    out: &mut Out,
    opened: &mut Option<Opened>,
) -> bool {
    match (&mut page.check, key.code) {
        (None, KeyCode::Enter) => page.ask(chance),
        (None, KeyCode::Char('l')) => {
            out.push(Effect::WordsLater(true));
            if let Some(opened) = opened {
                opened.words_later = true;
            }
            return true;
        }
        (Some(_), KeyCode::Esc) => page.check = None,
        (Some(_), KeyCode::Enter) => {
            let right = page.answer();
            if right {
                out.push(Effect::WordsLater(false));
                if let Some(opened) = opened {
                    opened.words_later = false;
                }
            }
            return right;
        }
        (Some(check), _) => {
            check.field.key(key);
        }
        _ => {}
    }
    false
}

/// A key on page 4. True if the page is done.
fn on_people(invite: &mut InviteBox, key: KeyEvent, out: &mut Out) -> bool {
    let typing = !invite.field.is_empty();
    match key.code {
        KeyCode::Esc if invite.code_only => invite.code_only = false,
        KeyCode::Esc if typing => invite.field.clear(),
        KeyCode::Enter if typing => out.push(rooms::use_link(invite.field.text())),
        KeyCode::Enter => return true,
        KeyCode::Char('c') if !typing => overlay::copy_invite(invite, out),
        KeyCode::Char('q') if !typing => invite.code_only = !invite.code_only,
        KeyCode::Char('v') if !typing => {}
        _ => {
            invite.field.key(key);
        }
    }
    false
}

fn to_people(model: &mut Model, out: &mut Out) {
    if let Place::Setup(setup) = &mut model.place {
        setup.page = Page::People(InviteBox::default());
        if model.opened.is_some() {
            out.push(Effect::Invite);
        }
    }
}

/// A paste in the first run goes into the field that has the caret.
pub fn paste(model: &mut Model, text: &str) {
    let first = Zeroizing::new(text.trim().lines().next().unwrap_or("").to_owned());
    match &mut model.place {
        Place::Setup(setup) => match (&mut setup.page, setup.field) {
            (Page::Name, _) => setup.name.insert(&first),
            (Page::Lock, 0 | 1) if !setup.busy && setup.with_lock => {
                setup.field = 1;
                setup.passphrase.insert(&first);
            }
            (Page::Lock, 2) if !setup.busy => setup.again.insert(&first),
            (Page::Words(page), _) => {
                if let Some(check) = &mut page.check {
                    check.field.insert(&first);
                }
            }
            (Page::People(invite), _) => {
                invite.field.insert(&text.split_whitespace().collect::<String>());
            }
            _ => {}
        },
        Place::Unlock(unlock) if !unlock.busy => unlock.passphrase.insert(&first),
        _ => {}
    }
}

/// The account was made (or not).
pub fn on_created(model: &mut Model, result: Result<Zeroizing<String>, Trouble>, out: &mut Out) {
    let Place::Setup(setup) = &mut model.place else { return };
    setup.busy = false;
    match result {
        Ok(made) => {
            let passphrase = setup.with_lock.then(|| Zeroizing::new(setup.passphrase.text().to_owned()));
            setup.passphrase.clear();
            setup.again.clear();
            setup.page = Page::Words(WordsPage::new(made));
            // Until they are checked the words count as put off, should the program end now.
            out.push(Effect::WordsLater(true));
            out.push(Effect::Open { passphrase });
        }
        Err(reason) => setup.trouble = Some(words::trouble(&reason)),
    }
}

/// A node answers (or not).
pub fn on_opened(model: &mut Model, result: Result<Opened, Trouble>, out: &mut Out) {
    let opened = match result {
        Ok(opened) => opened,
        Err(reason) => return on_not_opened(model, reason),
    };
    model.opened = Some(opened);
    out.extend([Effect::Chats, Effect::People, Effect::Requests, Effect::Status]);
    out.extend([Effect::Mail(MailWish::List), Effect::Room(RoomWish::List)]);
    model.notice = None;
    match &mut model.place {
        Place::Setup(setup) => {
            if matches!(setup.page, Page::People(_)) {
                out.push(Effect::Invite);
            }
        }
        _ => {
            // After a break the messages are read again; what was typed is still in the editor.
            model.place = Place::Main;
            for log in model.logs.values_mut() {
                log.loaded = false;
                log.loading = None;
            }
            if let Some(open) = model.open.clone() {
                super::chats::log(model, &open).loading = Some(crate::screen::model::chatlog::Part::Newest);
                out.push(Effect::Log { chat: open });
            }
        }
    }
}

fn on_not_opened(model: &mut Model, reason: Trouble) {
    match &mut model.place {
        Place::Unlock(unlock) if reason.exit == 5 => {
            unlock.busy = false;
            unlock.passphrase.clear();
            unlock.trouble = Some(words::trouble(&reason));
        }
        // A locked profile met without its passphrase (after a break): ask for it.
        Place::Starting if reason.exit == 5 => {
            model.place = Place::Unlock(crate::screen::model::setup::Unlock::default());
        }
        _ => model.place = Place::Broken(reason),
    }
}

/// The invite box of page 4 or of the main screen, if one is open.
fn invite_box(model: &mut Model) -> Option<&mut InviteBox> {
    match (&mut model.place, &mut model.overlay) {
        (Place::Setup(setup), _) => match &mut setup.page {
            Page::People(invite) => Some(invite),
            _ => None,
        },
        (_, Some(Overlay::Invite(invite))) => Some(invite),
        _ => None,
    }
}

/// A link could not be used: said where it was typed.
pub fn on_add_refused(model: &mut Model, reason: Trouble) {
    match invite_box(model) {
        Some(place) => place.trouble = Some(words::trouble(&reason)),
        None => trouble(model, reason),
    }
}

/// A new invite for page 4 or the invite box; its link goes to the clipboard at once.
pub fn on_invite(model: &mut Model, result: Result<Invite, Trouble>, out: &mut Out) {
    match (invite_box(model), result) {
        (Some(place), Ok(invite)) => {
            place.invite = Some(invite);
            overlay::copy_invite(place, out);
        }
        (Some(place), Err(reason)) => place.trouble = Some(words::trouble(&reason)),
        (None, Err(reason)) => trouble(model, reason),
        (None, Ok(_)) => {}
    }
}

/// The first run is over.
pub fn finish(model: &mut Model, out: &mut Out) {
    if matches!(model.place, Place::Setup(_)) {
        model.place = Place::Main;
        super::chats::open_first(model, out);
    }
}

/// A key at the passphrase question.
pub fn on_unlock_key(model: &mut Model, key: KeyEvent, out: &mut Out) {
    let Place::Unlock(unlock) = &mut model.place else { return };
    if unlock.busy {
        return;
    }
    if key.code == KeyCode::Enter {
        if !unlock.passphrase.is_empty() {
            unlock.busy = true;
            unlock.trouble = None;
            let passphrase = Zeroizing::new(unlock.passphrase.text().to_owned());
            out.push(Effect::Open { passphrase: Some(passphrase) });
        }
    } else {
        unlock.passphrase.key(key);
    }
}
