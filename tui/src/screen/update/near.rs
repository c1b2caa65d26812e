//! `n`, `/near`: people near one, and the three words two people compare. Who looks is seen by who looks; picking one is
//! asking them by their link; once both are linked, the words come to both.

use super::{Out, say, trouble};
use crate::screen::model::near::{Compared, LISTED, LOOK_MS, NearBox, PICKED_MS, SETTLE_MS};
use crate::screen::model::overlay::{Overlay, Sure};
use crate::screen::model::{Model, Place, words};
use crate::screen::msg::{Effect, NearNews, NearWish};
use crossterm::event::{KeyCode, KeyEvent};
use starling_node::api::types::{Compare, Near, Request};

/// Opens the page: from now on people near see us.
pub fn open(model: &mut Model, out: &mut Out) {
    let (since_ms, look_ms) = (model.now_ms, model.now_ms + LOOK_MS);
    model.overlay = Some(Overlay::Near(NearBox { since_ms, look_ms, ..NearBox::default() }));
    model.near.shown = true;
    out.push(Effect::Near(NearWish::Look));
}

/// A key on the page.
pub fn on_key(model: &mut Model, mut page: NearBox, key: KeyEvent, out: &mut Out) {
    let last = page.list.as_ref().map_or(0, Vec::len).saturating_sub(1);
    match (key.code, page.asks.take()) {
        (KeyCode::Enter | KeyCode::Char('x'), Some(request)) if model.now_ms < page.asks_from_ms => {
            page.asks = Some(request);
        }
        (KeyCode::Enter, Some(request)) => out.push(Effect::Accept { account: request.account }),
        (KeyCode::Char('x'), Some(request)) => {
            model.requests.retain(|known| known.account != request.account);
            out.push(Effect::Drop { account: request.account });
        }
        (KeyCode::Enter, None) => {
            if let Some(one) = page.list.as_ref().and_then(|list| list.get(page.at)) {
                pick(model, one, out);
            }
        }
        (code, asks) => {
            page.asks = asks;
            match code {
                KeyCode::Up => page.at = page.at.saturating_sub(1),
                KeyCode::Down => page.at = (page.at + 1).min(last),
                KeyCode::F(5) => return super::network::open(model, out),
                _ => {}
            }
        }
    }
    model.overlay = Some(Overlay::Near(page));
}

fn pick(model: &mut Model, one: &Near, out: &mut Out) {
    model.near.picked = Some((one.account.clone(), model.now_ms + PICKED_MS));
    // Whoever is a contact already is only compared with.
    if model.person(&one.account).is_none_or(|known| known.state != "accepted") {
        out.push(Effect::Add { link: one.link.clone() });
    }
}

/// Time has passed.
pub fn tick(model: &mut Model, out: &mut Out) {
    let now = model.now_ms;
    if let Some(Overlay::Near(page)) = &mut model.overlay
        && page.look_ms <= now
        && model.locked.is_none()
    {
        page.look_ms = now + LOOK_MS;
        model.near.shown = true;
        out.push(Effect::Near(NearWish::Look));
        // The seconds it has looked for are on the screen.
        model.dirty = true;
    }
}

/// After everything that came: a page that is gone or locked away shows us to nobody; who was picked and accepted compares.
pub fn after(model: &mut Model, out: &mut Out) {
    let open = matches!(model.overlay, Some(Overlay::Near(_))) && model.locked.is_none();
    if model.near.shown && !open {
        model.near.shown = false;
        out.push(Effect::Near(NearWish::Close));
    }
    let Some((account, until_ms)) = &model.near.picked else { return };
    let (account, over) = (account.clone(), *until_ms <= model.now_ms);
    if over || is_here(model, &account) {
        model.near.picked = None;
        if !over {
            compare(model, account, out);
        }
    }
}

/// Whether words can be compared with somebody.
pub fn is_here(model: &Model, account: &str) -> bool {
    model.person(account).is_some_and(|one| one.state == "accepted" && one.via != "none")
}

/// Asks for three words.
pub fn compare(model: &mut Model, account: String, out: &mut Out) {
    model.near.asked = Some(account.clone());
    out.push(Effect::Near(NearWish::Compare { account }));
}

/// Takes in an answer.
pub fn on_news(model: &mut Model, news: NearNews) {
    match news {
        NearNews::Seen(result) => {
            let Some(Overlay::Near(page)) = &mut model.overlay else { return };
            match result {
                Ok(mut list) => {
                    list.truncate(LISTED);
                    // The chosen person stays chosen, wherever they stand now.
                    let chosen =
                        page.list.as_ref().and_then(|list| list.get(page.at)).map(|one| one.account.clone());
                    let at = list.iter().position(|one| Some(&one.account) == chosen.as_ref());
                    page.at = at.unwrap_or(page.at).min(list.len().saturating_sub(1));
                    page.trouble = None;
                    page.list = Some(list);
                }
                Err(reason) => page.trouble = Some(words::trouble(&reason)),
            }
        }
        NearNews::Compared(Ok(())) => {}
        NearNews::Compared(Err(reason)) => {
            model.near.asked = None;
            trouble(model, reason);
        }
    }
}

/// Somebody near says that they are here.
pub fn on_near(model: &mut Model, one: Near) {
    let Some(Overlay::Near(NearBox { list: Some(list), .. })) = &mut model.overlay else { return };
    match list.iter_mut().find(|known| known.account == one.account) {
        Some(known) => *known = one,
        None => list.push(one),
    }
    list.truncate(LISTED);
}

/// Somebody asks: on the page that is answered at once.
pub fn on_request(model: &mut Model, request: &Request) {
    if let Some(Overlay::Near(page)) = &mut model.overlay
        && page.asks.is_none()
    {
        page.asks = Some(request.clone());
        page.asks_from_ms = model.now_ms + SETTLE_MS;
    }
}

/// Words to compare came to both.
pub fn on_words(model: &mut Model, event: Compare) {
    let asked = model.near.asked.take_if(|account| *account == event.account).is_some();
    let free = match &model.overlay {
        None => asked || model.editor.is_empty(),
        Some(Overlay::Near(_)) => true,
        Some(Overlay::Person(card)) => card.account == event.account,
        Some(Overlay::Compare(shown)) => shown.account == event.account,
        Some(_) => false,
    };
    if free && matches!(model.place, Place::Main) {
        let from_ms = model.now_ms + SETTLE_MS;
        let Compare { account, words, .. } = event;
        model.overlay = Some(Overlay::Compare(Compared { account, words, from_ms, differs: false }));
        return;
    }
    let name = model.name_of(&event.account);
    say(
        model,
        format!(
            "Compare with {name}: {}. Say them to each other. F4 on {name}: y same, n not.",
            event.words.join(" ")
        ),
    );
}

/// A key while words are shown.
pub fn on_compare_key(model: &mut Model, mut shown: Compared, key: KeyEvent, out: &mut Out) {
    let account = shown.account.clone();
    match key.code {
        _ if model.now_ms < shown.from_ms => {}
        KeyCode::Enter if !shown.differs => {
            let name = model.name_of(&account);
            out.push(Effect::Verify { account, matches: true });
            return say(model, format!("{name} is verified: nobody is in between."));
        }
        KeyCode::Enter => return,
        KeyCode::Char('x') if !shown.differs => {
            out.push(Effect::Verify { account, matches: false });
            shown.differs = true;
        }
        KeyCode::Char('b') if shown.differs => {
            model.overlay = Some(Overlay::Sure(Sure::Block { account }));
            return;
        }
        _ => {}
    }
    model.overlay = Some(Overlay::Compare(shown));
}
