//! Whether something that came is worth a notice outside the window, and what the notice says. Pure: what is known goes
//! in, a [`Notice`] or nothing comes out. Must not know how notices are shown (`outside` does).

#[cfg(test)]
mod tests;

use super::settings::Notify;
use super::text::count;
use std::collections::{BTreeMap, VecDeque};

/// Milliseconds between two notices of one chat; what comes in between is told as one. Lower rings for each line of
/// somebody who writes in short lines.
pub const EVERY_MS: u64 = 2_000;
/// Chats with something held back or told of late. The one told of longest ago goes.
const CHATS: usize = 256;
/// Messages remembered as told, so that one that changes is no news.
const TOLD: usize = 256;

/// What is told outside the window. Text of others in it is not cleaned yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The chat it is about; a later one takes its place where that can be done.
    pub chat: String,
    /// Who or where.
    pub title: String,
    /// What.
    pub body: String,
}

/// How a chat is muted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Muted {
    /// It is not.
    #[default]
    No,
    /// Only being called by name counts.
    ButMentions,
    /// Nothing counts.
    Yes,
}

/// What is known of a message and of where it came in.
#[derive(Debug, Clone, Default)]
pub struct Came<'a> {
    /// The message.
    pub id: &'a str,
    /// Its chat.
    pub chat: &'a str,
    /// What the chat is called; none where it is one person's.
    pub place: Option<&'a str>,
    /// Who wrote.
    pub who: &'a str,
    /// What.
    pub text: &'a str,
    /// Whether it calls the person by name.
    pub calls: bool,
    /// How much is told of this chat; none: as everywhere.
    pub level: Option<Notify>,
    /// Whether the chat is muted.
    pub muted: Muted,
    /// Whether it is before the person's eyes: the chat is open, the terminal has the focus.
    pub seen: bool,
    /// Whether the person has accepted who writes here.
    pub accepted: bool,
}

/// What holds for all chats.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules {
    /// How much is told.
    pub level: Notify,
    /// Whether it is a quiet hour.
    pub quiet: bool,
    /// Whether the screen is locked.
    pub locked: bool,
    /// Whether a locked screen may say how much is new.
    pub lock_counts: bool,
}

/// What is held back of one chat.
#[derive(Debug, Clone)]
struct Held {
    told_ms: u64,
    count: u64,
    place: String,
    level: Notify,
}

/// What was told of late.
#[derive(Debug, Clone, Default)]
pub struct Notices {
    chats: BTreeMap<String, Held>,
    told: VecDeque<String>,
}

/// How much is told of one message, if anything.
pub fn level(came: &Came<'_>, rules: Rules) -> Option<Notify> {
    let silenced = match came.muted {
        Muted::No => false,
        Muted::ButMentions => !came.calls,
        Muted::Yes => true,
    };
    if came.seen && !rules.locked || !came.accepted || silenced || rules.quiet {
        return None;
    }
    match came.level.unwrap_or(rules.level) {
        Notify::Off => None,
        _ if rules.locked => rules.lock_counts.then_some(Notify::Something),
        level => Some(level),
    }
}

impl Notices {
    /// Takes in a message that came; gives the notice for it, if one is due now.
    pub fn came(&mut self, came: &Came<'_>, rules: Rules, now_ms: u64) -> Option<Notice> {
        let level = level(came, rules)?;
        if self.told.iter().any(|id| id == came.id) {
            return None;
        }
        self.told.push_back(came.id.to_owned());
        if self.told.len() > TOLD {
            self.told.pop_front();
        }
        let place = came.place.unwrap_or(came.who).to_owned();
        // A locked screen does not say where.
        let key = if rules.locked { "" } else { came.chat };
        if let Some(held) = self.chats.get_mut(key)
            && now_ms < held.told_ms + EVERY_MS
        {
            held.count += 1;
            (held.level, held.place) = (level, place);
            return None;
        }
        self.make_room();
        self.chats.insert(key.to_owned(), Held { told_ms: now_ms, count: 0, place, level });
        Some(one(came, level, key))
    }

    /// What was held back and may be told now, one notice a chat.
    pub fn due(&mut self, now_ms: u64) -> Vec<Notice> {
        let mut notices = Vec::new();
        for (chat, held) in &mut self.chats {
            if held.count > 0 && now_ms >= held.told_ms + EVERY_MS {
                notices.push(several(chat, held));
                (held.told_ms, held.count) = (now_ms, 0);
            }
        }
        notices
    }

    /// When [`Notices::due`] has something at the earliest.
    pub fn next_ms(&self) -> Option<u64> {
        self.chats.values().filter(|held| held.count > 0).map(|held| held.told_ms + EVERY_MS).min()
    }

    /// A chat is before the person's eyes: what was held back of it is no news any more.
    pub fn seen(&mut self, chat: &str) {
        if let Some(held) = self.chats.get_mut(chat) {
            held.count = 0;
        }
    }

    /// Nothing held back is told any more: the screen is locked, or quiet hours began.
    pub fn hush(&mut self) {
        self.chats.clear();
    }

    fn make_room(&mut self) {
        if self.chats.len() < CHATS {
            return;
        }
        let oldest = self.chats.iter().min_by_key(|(_, held)| held.told_ms).map(|(chat, _)| chat.clone());
        if let Some(oldest) = oldest {
            self.chats.remove(&oldest);
        }
    }
}

fn one(came: &Came<'_>, level: Notify, key: &str) -> Notice {
    let (title, body) = match (level, came.place) {
        (Notify::Text, None) => (came.who.to_owned(), came.text.to_owned()),
        (Notify::Text, Some(place)) => (format!("{} in {place}", came.who), came.text.to_owned()),
        (Notify::Name, None) => (came.who.to_owned(), "New message".to_owned()),
        (Notify::Name, Some(place)) if came.calls => (place.to_owned(), format!("{} calls you", came.who)),
        (Notify::Name, Some(place)) => (place.to_owned(), format!("New message from {}", came.who)),
        (Notify::Something | Notify::Off, _) => ("Starling".to_owned(), "Something new".to_owned()),
    };
    Notice { chat: key.to_owned(), title, body }
}

fn several(chat: &str, held: &Held) -> Notice {
    let (title, body) = match held.level {
        Notify::Text | Notify::Name if held.count > 1 => {
            ("Starling".to_owned(), format!("{} new in {}", held.count, held.place))
        }
        Notify::Text | Notify::Name => (held.place.clone(), "New message".to_owned()),
        Notify::Something | Notify::Off => {
            ("Starling".to_owned(), count(held.count, "new message", "new messages"))
        }
    };
    Notice { chat: chat.to_owned(), title, body }
}

/// The title of the window: how many messages are new, if it may say so.
pub fn title(unread: u64, locked: bool) -> String {
    if unread == 0 || locked { "Starling".to_owned() } else { format!("({unread}) Starling") }
}

/// Whether a minute of the day is within quiet hours (`22:00-07:00`); nothing is within hours that make no sense.
pub fn is_quiet(hours: &str, minute: u32) -> bool {
    let Some((from, to)) = hours.split_once('-') else { return false };
    let (Some(from), Some(to)) = (minute_of(from), minute_of(to)) else { return false };
    if from <= to { (from..to).contains(&minute) } else { minute >= from || minute < to }
}

fn minute_of(clock: &str) -> Option<u32> {
    let (hour, minute) = clock.trim().split_once(':')?;
    let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}
