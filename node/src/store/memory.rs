//! The store's twin in memory, for tests and simulations. A clone is a snapshot: what a machine that loses power
//! now would find. Nothing here may differ from the SQLite store in what a caller can see (`conformance`).

mod marks;

use super::words::{fold, search_words};
use super::{
    ChatChange, ChatSettings, ChatSummary, Cursor, Custody, EventBody, KEEP_EVENTS, LogQuery, OtherEvent,
    Page, Placed, Recipient, Store, StoreError, StoreStats, StoredEvent, StoredMessage,
};
use starling_protocol::engine::step::{
    Change, MessageKind, MessageState, NewMessage, ReadOrder, Record, Space,
};
use starling_protocol::ids::{AccountId, ChatId, MessageId};
use starling_protocol::time::WallMs;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A store without a disk.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    records: BTreeMap<(Space, Vec<u8>), Vec<u8>>,
    /// The message of row `n` stands at `n - 1`.
    messages: Vec<StoredMessage>,
    places: HashMap<MessageId, Vec<usize>>,
    /// Each chat in its order.
    chats: BTreeMap<ChatId, BTreeSet<(Placed, usize)>>,
    events: VecDeque<StoredKept>,
    newest: Cursor,
    drafts: BTreeMap<ChatId, String>,
    chat_settings: BTreeMap<ChatId, ChatSettings>,
    /// Pinned messages of each chat, the one pinned last at the end.
    pins: BTreeMap<ChatId, Vec<usize>>,
    settings: BTreeMap<String, String>,
    full: Arc<AtomicBool>,
}

#[derive(Debug, Clone)]
struct StoredKept {
    cursor: Cursor,
    at: WallMs,
    what: Kept,
}

#[derive(Debug, Clone)]
enum Kept {
    Message(usize),
    Other(EventBody),
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// While this is true, commits are refused as on a full disk. Clones share it.
    pub fn full(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.full)
    }

    fn refuse_if_full(&self) -> Result<(), StoreError> {
        if self.full.load(Ordering::SeqCst) { Err(StoreError::Full) } else { Ok(()) }
    }

    fn event(&mut self, at: WallMs, what: Kept) -> Option<StoredEvent> {
        self.newest += 1;
        let kept = StoredKept { cursor: self.newest, at, what };
        let event = self.render(&kept);
        self.events.push_back(kept);
        if self.events.len() as u64 > KEEP_EVENTS {
            self.events.pop_front();
        }
        event
    }

    fn render(&self, kept: &StoredKept) -> Option<StoredEvent> {
        let what = match &kept.what {
            Kept::Message(place) => match self.messages.get(*place)? {
                hidden if hidden.hidden => EventBody::Hidden { message: hidden.id, chat: hidden.chat },
                message => EventBody::Message(Box::new(message.clone())),
            },
            Kept::Other(body) => body.clone(),
        };
        Some(StoredEvent { cursor: kept.cursor, at: kept.at, what })
    }

    fn apply(&mut self, change: &Change, now: WallMs) -> Option<StoredEvent> {
        match change {
            Change::Pin { chat, who, author, message, on, any } => {
                self.pin((*chat, *author, *message), *who, (*on, *any), now)
            }
            Change::Hide { chat, author, message } => self.hide((*chat, *author, *message), now),
            Change::Again { message, to, seq, at } => self.again(*message, to, (*seq, *at), now),
            Change::Put(record) => {
                self.records.insert((record.space, record.key.clone()), record.value.clone());
                None
            }
            Change::Drop { space, key } => {
                self.records.remove(&(*space, key.clone()));
                None
            }
            Change::Message(new) => self.insert(new, now),
            Change::State { message, account, state, reason, at } => {
                self.advance(*message, *account, (*state, reason.as_deref(), *at), now)
            }
            Change::Custody { message, account, mailboxes, until, at } => {
                self.keep(*message, *account, (Custody::new(*mailboxes, *until), *at), now)
            }
            Change::Edit { chat, author, message, text, at: _ } => {
                let place = self.place_of(*chat, *author, *message)?;
                let found = self.messages.get_mut(place)?;
                found.text.clone_from(text);
                found.edited = true;
                self.event(now, Kept::Message(place))
            }
            Change::Delete { chat, author, message, at: _ } => {
                let place = self.place_of(*chat, *author, *message)?;
                let found = self.messages.get_mut(place)?;
                found.text.clear();
                found.deleted = true;
                found.reactions.clear();
                self.unpin(*chat, place);
                self.event(now, Kept::Message(place))
            }
            Change::React { chat, who, author, message, emoji, at: _ } => {
                let place = self.place_of(*chat, *author, *message)?;
                react(&mut self.messages.get_mut(place)?.reactions, *who, emoji)
                    .then(|| self.event(now, Kept::Message(place)))
                    .flatten()
            }
            Change::MarkRead { chat, messages } => {
                for place in messages.iter().filter_map(|id| self.places.get(id)).flatten() {
                    if let Some(found) = self.messages.get_mut(*place).filter(|m| m.chat == *chat) {
                        found.unread = false;
                    }
                }
                None
            }
            Change::Event(event) => {
                self.event(now, Kept::Other(EventBody::Other(OtherEvent::from(event.clone()))))
            }
        }
    }

    fn insert(&mut self, new: &NewMessage, now: WallMs) -> Option<StoredEvent> {
        let place = self.messages.len();
        if self.of_id(new.id).any(|(_, m)| m.author == new.author) {
            return None;
        }
        let row = i64::try_from(place).ok()?.saturating_add(1);
        self.places.entry(new.id).or_default().push(place);
        let chat = self.chats.entry(new.chat).or_default();
        let placed = Placed::new(new.place, row, chat.last().map_or(0, |(last, _)| last.depth));
        chat.insert((placed, place));
        let unread = !new.me && new.kind != MessageKind::Notice;
        if new.kind != MessageKind::Notice
            && let Some(settings) = self.chat_settings.get_mut(&new.chat)
        {
            settings.archived = false;
        }
        self.messages.push(StoredMessage::fresh(row, placed, new, unread));
        self.event(now, Kept::Message(place))
    }

    fn advance(
        &mut self,
        id: MessageId,
        who: AccountId,
        (state, reason, at): (MessageState, Option<&str>, WallMs),
        now: WallMs,
    ) -> Option<StoredEvent> {
        let found = self.own(id)?;
        match found.recipients.binary_search_by_key(&who, |one| one.account) {
            Ok(place) => {
                let one = found.recipients.get_mut(place).filter(|one| state > one.state)?;
                (one.state, one.at) = (state, at);
            }
            Err(place) if state == MessageState::Queued => {
                let one = Recipient { account: who, state, at, custody: Custody::default() };
                found.recipients.insert(place, one);
            }
            Err(_) => return None,
        }
        if state == MessageState::Queued {
            return None;
        }
        let reason = reason.filter(|reason| !reason.is_empty()).map(str::to_owned);
        let message_state = settle(found, (state, reason.as_deref(), at))?;
        let (chat, custody, attempt) = (found.chat, Custody::default(), found.attempt);
        let what =
            EventBody::Receipt { message: id, chat, who, state, reason, at, message_state, custody, attempt };
        self.event(now, Kept::Other(what))
    }

    fn keep(
        &mut self,
        id: MessageId,
        who: AccountId,
        (custody, at): (Custody, WallMs),
        now: WallMs,
    ) -> Option<StoredEvent> {
        let state = MessageState::Mailbox;
        let found = self.own(id)?;
        let one = found.recipients.iter_mut().find(|one| one.account == who && one.state <= state)?;
        if one.custody == custody {
            return None;
        }
        one.custody = custody;
        if one.state < state {
            (one.state, one.at) = (state, at);
        }
        let message_state = settle(found, (state, None, at))?;
        let (chat, reason, attempt) = (found.chat, None, found.attempt);
        let what =
            EventBody::Receipt { message: id, chat, who, state, reason, at, message_state, custody, attempt };
        self.event(now, Kept::Other(what))
    }

    fn own(&mut self, id: MessageId) -> Option<&mut StoredMessage> {
        let place = self.of_id(id).find(|(_, m)| m.me).map(|(place, _)| place)?;
        self.messages.get_mut(place)
    }

    fn place_of(&self, chat: ChatId, author: AccountId, id: MessageId) -> Option<usize> {
        let fits = |m: &StoredMessage| m.author == author && m.chat == chat && !m.deleted && !m.hidden;
        self.of_id(id).find(|(_, m)| fits(m)).map(|(place, _)| place)
    }

    fn of_id(&self, id: MessageId) -> impl Iterator<Item = (usize, &StoredMessage)> {
        let places = self.places.get(&id).into_iter().flatten();
        places.filter_map(|place| self.messages.get(*place).map(|m| (*place, m)))
    }

    /// What is shown of a chat.
    fn of_chat(&self, chat: ChatId) -> impl DoubleEndedIterator<Item = &StoredMessage> {
        let places = self.chats.get(&chat).into_iter().flatten();
        places.filter_map(|(_, place)| self.messages.get(*place)).filter(|m| !m.hidden)
    }

    /// Where a message of a chat stands in it.
    fn order_of(&self, chat: ChatId, id: MessageId) -> Option<(Placed, i64)> {
        self.of_id(id).find(|(_, m)| m.chat == chat).map(|(_, message)| message.order())
    }
}

/// Moves a message to the least of its recipients' states, one of which just became `state`. Returns where it is now.
fn settle(
    found: &mut StoredMessage,
    (state, reason, at): (MessageState, Option<&str>, WallMs),
) -> Option<MessageState> {
    let least = found.recipients.iter().map(|one| one.state).min()?;
    if least > found.state {
        found.state = least;
        found.state_at = at;
        found.reason = reason.map(str::to_owned).filter(|_| least == state);
    }
    Some(found.state)
}

/// Whether that changed anything.
fn react(reactions: &mut Vec<(AccountId, String)>, who: AccountId, emoji: &str) -> bool {
    match (reactions.binary_search_by_key(&who, |(account, _)| *account), emoji) {
        (Ok(place), "") => {
            reactions.remove(place);
            true
        }
        (Ok(place), emoji) => reactions.get_mut(place).is_some_and(|(_, old)| {
            let changed = old != emoji;
            emoji.clone_into(old);
            changed
        }),
        (Err(_), "") => false,
        (Err(place), emoji) => {
            reactions.insert(place, (who, emoji.to_owned()));
            true
        }
    }
}

fn record(((space, key), value): (&(Space, Vec<u8>), &Vec<u8>)) -> Record {
    Record { space: *space, key: key.clone(), value: value.clone() }
}

fn newest_first(mut page: Vec<StoredMessage>) -> Vec<StoredMessage> {
    page.reverse();
    page
}

impl Store for MemoryStore {
    fn load(&mut self) -> Result<Vec<Record>, StoreError> {
        Ok(self.records.iter().filter(|((space, _), _)| space.is_loaded()).map(record).collect())
    }

    fn read(&mut self, order: &ReadOrder) -> Result<(Vec<Record>, bool), StoreError> {
        let fits = |(space, key): &(Space, Vec<u8>)| *space == order.space && *key <= order.to;
        let from = (order.space, order.from.clone());
        let (mut records, mut bytes) = (Vec::new(), 0_usize);
        for found in self.records.range(from..).take_while(|(key, _)| fits(key)).map(record) {
            if !records.is_empty() && bytes >= order.bytes {
                return Ok((records, true));
            }
            bytes = bytes.saturating_add(found.key.len()).saturating_add(found.value.len());
            records.push(found);
        }
        Ok((records, false))
    }

    fn commit(&mut self, changes: &[Change], at: WallMs) -> Result<Vec<StoredEvent>, StoreError> {
        self.refuse_if_full()?;
        let mut events = Vec::new();
        for change in changes {
            events.extend(self.apply(change, at));
            events.extend(self.drop_excess_pin(change, at));
        }
        Ok(events)
    }

    fn log(&mut self, query: &LogQuery) -> Result<Vec<StoredMessage>, StoreError> {
        let at = match query.page {
            Page::Newest => Some((Placed::END, i64::MAX)),
            Page::Before(id) | Page::After(id) | Page::Around(id) => self.order_of(query.chat, id),
        };
        let Some(at) = at else { return Ok(Vec::new()) };
        let since = |m: &&StoredMessage| query.since.is_none_or(|since| m.received_at >= since);
        let of_chat = || self.of_chat(query.chat).filter(since);
        let (before, after) = query.split();
        let older = of_chat().rev().filter(|m| m.order() < at).take(before).cloned().collect();
        let mut page = newest_first(older);
        let is_after = |m: &&StoredMessage| match query.page {
            Page::Around(_) => m.order() >= at,
            _ => m.order() > at,
        };
        page.extend(of_chat().filter(is_after).take(after).cloned());
        Ok(page)
    }

    fn message(&mut self, id: MessageId) -> Result<Vec<StoredMessage>, StoreError> {
        Ok(self.of_id(id).map(|(_, m)| m.clone()).collect())
    }

    fn find(
        &mut self,
        text: &str,
        chat: Option<ChatId>,
        limit: usize,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        let words = search_words(text);
        if words.is_empty() {
            return Ok(Vec::new());
        }
        let fits = |m: &&StoredMessage| {
            let folded = fold(&m.text);
            chat.is_none_or(|chat| m.chat == chat)
                && words.iter().all(|word| folded.split_ascii_whitespace().any(|other| other == word))
        };
        Ok(newest_first(self.messages.iter().rev().filter(fits).take(limit).cloned().collect()))
    }

    fn events(&mut self, since: Cursor, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let from = self.events.partition_point(|kept| kept.cursor <= since);
        Ok(self.events.iter().skip(from).take(limit).filter_map(|kept| self.render(kept)).collect())
    }

    fn chats(&mut self) -> Result<Vec<ChatSummary>, StoreError> {
        let mut every: BTreeMap<ChatId, ChatSummary> = BTreeMap::new();
        for chat in self.chats.keys().chain(self.drafts.keys()).chain(self.chat_settings.keys()) {
            every.entry(*chat).or_insert_with(|| ChatSummary {
                chat: *chat,
                last_at: self.of_chat(*chat).next_back().map_or(0, |m| m.received_at),
                unread: self.of_chat(*chat).filter(|m| m.unread).count() as u64,
                draft: self.drafts.get(chat).cloned(),
                settings: self.chat_settings.get(chat).copied().unwrap_or_default(),
            });
        }
        Ok(every.into_values().collect())
    }

    fn pins(&mut self, chat: ChatId) -> Result<Vec<StoredMessage>, StoreError> {
        Ok(self.of_chat(chat).filter(|m| m.pinned.is_some()).cloned().collect())
    }

    fn set_chat(&mut self, chat: ChatId, change: &ChatChange) -> Result<ChatSettings, StoreError> {
        self.refuse_if_full()?;
        let settings = self.chat_settings.entry(chat).or_default();
        *settings = settings.changed(change);
        Ok(*settings)
    }

    fn unread(&mut self, chat: ChatId, limit: usize) -> Result<Vec<MessageId>, StoreError> {
        Ok(self.of_chat(chat).filter(|m| m.unread).take(limit).map(|m| m.id).collect())
    }

    fn set_draft(&mut self, chat: ChatId, text: &str) -> Result<(), StoreError> {
        self.refuse_if_full()?;
        if text.is_empty() {
            self.drafts.remove(&chat);
        } else {
            self.drafts.insert(chat, text.to_owned());
        }
        Ok(())
    }

    fn setting(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(self.settings.get(name).cloned())
    }

    fn set_setting(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        self.refuse_if_full()?;
        self.settings.insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    fn stats(&mut self) -> Result<StoreStats, StoreError> {
        let own = |state| self.messages.iter().filter(|m| m.me && m.state == state).count() as u64;
        Ok(StoreStats {
            messages: self.messages.len() as u64,
            bytes: 0,
            queued: own(MessageState::Queued),
            mailbox: own(MessageState::Mailbox),
            newest: self.newest,
            oldest: self.events.front().map_or(0, |kept| kept.cursor),
        })
    }
}
