//! What goes past the window: notices of what came, the title, what became of a copy; and F8, the log.

use super::Out;
use super::events::ok;
use crate::screen::model::line::Line;
use crate::screen::model::outside::{LEVELS, LOG_LOOK_MS, LogView, level_of};
use crate::screen::model::overlay::Overlay;
use crate::screen::model::{Model, Place};
use crate::screen::msg::{Copied, Effect, OutsideNews, OutsideWish};
use crate::screen::notify::{self, Came};
use crossterm::event::{KeyCode, KeyEvent};
use starling_node::api::types::Message;

/// Lines of the log a page key moves by.
const PAGE: i64 = 10;

/// A message is told of: is it worth a notice?
pub fn on_message(model: &mut Model, message: &Message, out: &mut Out) {
    let Some(row) = model.chat_row(&message.chat) else { return };
    let known = model.logs.get(&message.chat).is_some_and(|log| log.index(&message.id).is_some());
    let changed = message.edited || message.deleted || message.pinned || !message.reactions.is_empty();
    if known || changed || message.from.me || !message.unread || message.kind != "text" {
        return;
    }
    let calls = model.calls_me(message);
    let place = (row.kind == "room").then(|| row.name.clone());
    let came = Came {
        id: &message.id,
        chat: &message.chat,
        place: place.as_deref(),
        who: &message.from.name,
        text: &message.text,
        calls,
        level: level_of(row),
        muted: model.muting(row),
        seen: model.focus
            && model.open.as_deref() == Some(&message.chat)
            && matches!(model.place, Place::Main),
        accepted: matches!(row.state.as_str(), "accepted" | "member"),
    };
    let rules = model.notice_rules();
    let now_ms = model.now_ms;
    let notice = model.outside.notices.came(&came, rules, now_ms);
    out.extend(notice.map(|notice| Effect::Outside(OutsideWish::Notify(notice))));
}

/// What came of a wish.
pub fn on_news(model: &mut Model, news: OutsideNews) {
    match news {
        OutsideNews::Copied(copied) => on_copied(model, copied),
        OutsideNews::Logs(result) => {
            if let Some(lines) = ok(model, result)
                && let Some(Overlay::Log(view)) = &mut model.overlay
            {
                view.take(lines);
            }
        }
    }
}

/// Says how it was copied where the person looks.
fn on_copied(model: &mut Model, copied: Copied) {
    match &mut model.overlay {
        Some(Overlay::Network(view)) => view.copied = Some(copied),
        Some(Overlay::Invite(invite)) if copied.worked() => invite.copied = true,
        Some(Overlay::Invite(invite)) => {
            invite.copied = false;
            invite.trouble = Some(copied.words().to_owned());
        }
        _ => super::say(model, copied.words()),
    }
}

/// What time brings: notices held back, another look at the log.
pub fn tick(model: &mut Model, out: &mut Out) {
    let now_ms = model.now_ms;
    let rules = model.notice_rules();
    if rules.quiet || rules.locked && !rules.lock_counts {
        model.outside.notices.hush();
    }
    let due = model.outside.notices.due(now_ms);
    out.extend(due.into_iter().map(|notice| Effect::Outside(OutsideWish::Notify(notice))));
    if let Some(Overlay::Log(view)) = &mut model.overlay
        && view.look_ms <= now_ms
    {
        view.look_ms = now_ms + LOG_LOOK_MS;
        out.push(Effect::Outside(OutsideWish::Logs { since: view.newest() }));
    }
}

/// What follows from the rest: what is before the eyes is no news, and the title.
pub fn after(model: &mut Model, out: &mut Out) {
    if model.focus
        && model.locked.is_none()
        && let Some(open) = &model.open
    {
        model.outside.notices.seen(open);
    }
    let title = if model.settings.title {
        notify::title(model.unread_all(), model.locked.is_some())
    } else {
        String::new()
    };
    if title != model.outside.title {
        model.outside.title.clone_from(&title);
        out.push(Effect::Outside(OutsideWish::Title(title)));
    }
}

/// Opens the log, filtered.
pub fn open_log(model: &mut Model, filter: &str, out: &mut Out) {
    let look_ms = model.now_ms + LOG_LOOK_MS;
    model.overlay = Some(Overlay::Log(Box::new(LogView::new(Line::with(filter), look_ms))));
    out.push(Effect::Outside(OutsideWish::Logs { since: 0 }));
}

/// A key in the log.
pub fn on_log_key(model: &mut Model, mut view: Box<LogView>, key: KeyEvent) {
    match key.code {
        KeyCode::Enter | KeyCode::F(8) => return,
        KeyCode::Left => view.level = view.level.saturating_sub(1),
        KeyCode::Right => view.level = (view.level + 1).min(LEVELS.len() - 1),
        KeyCode::Up => view.scroll(-1),
        KeyCode::Down => view.scroll(1),
        KeyCode::PageUp => view.scroll(-PAGE),
        KeyCode::PageDown => view.scroll(PAGE),
        KeyCode::End => view.bottom = None,
        _ => {
            if view.query.key(key) {
                view.bottom = None;
            }
        }
    }
    model.overlay = Some(Overlay::Log(view));
}
