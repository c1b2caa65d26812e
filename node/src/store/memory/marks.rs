//! What a person marks: pinned messages, hidden ones, and another try of one.

use super::{Kept, MemoryStore};
use crate::store::{Custody, Recipient, StoredEvent, StoredMessage};
use starling_protocol::engine::step::{Change, MessageState, PINS};
use starling_protocol::ids::{AccountId, ChatId, MessageId};
use starling_protocol::time::WallMs;

impl MemoryStore {
    pub(super) fn pin(
        &mut self,
        (chat, author, message): (ChatId, AccountId, MessageId),
        who: AccountId,
        (on, any): (bool, bool),
        now: WallMs,
    ) -> Option<StoredEvent> {
        let place = self.place_of(chat, author, message)?;
        let found = self.messages.get_mut(place)?;
        match (found.pinned, on) {
            (None, true) => {
                found.pinned = Some(who);
                self.pins.entry(chat).or_default().push(place);
            }
            (Some(by), false) if any || by == who => self.unpin(chat, place),
            _ => return None,
        }
        self.event(now, Kept::Message(place))
    }

    pub(super) fn unpin(&mut self, chat: ChatId, place: usize) {
        self.pins.entry(chat).or_default().retain(|other| *other != place);
        if let Some(found) = self.messages.get_mut(place) {
            found.pinned = None;
        }
    }

    /// The pin that one too many puts an end to.
    pub(super) fn drop_excess_pin(&mut self, change: &Change, now: WallMs) -> Option<StoredEvent> {
        let Change::Pin { chat, on: true, .. } = change else { return None };
        let pins = self.pins.get(chat).filter(|pins| pins.len() > PINS)?;
        let place = *pins.first()?;
        self.unpin(*chat, place);
        self.event(now, Kept::Message(place))
    }

    pub(super) fn hide(
        &mut self,
        (chat, author, message): (ChatId, AccountId, MessageId),
        now: WallMs,
    ) -> Option<StoredEvent> {
        let fits = |m: &StoredMessage| m.author == author && m.chat == chat && !m.hidden;
        let place = self.of_id(message).find(|(_, m)| fits(m)).map(|(place, _)| place)?;
        self.unpin(chat, place);
        let found = self.messages.get_mut(place)?;
        found.text.clear();
        found.reactions.clear();
        (found.hidden, found.unread) = (true, false);
        self.event(now, Kept::Message(place))
    }

    pub(super) fn again(
        &mut self,
        id: MessageId,
        to: &[AccountId],
        (seq, at): (u64, WallMs),
        now: WallMs,
    ) -> Option<StoredEvent> {
        let place = self.of_id(id).find(|(_, m)| m.me).map(|(place, _)| place)?;
        let found = self.messages.get_mut(place)?;
        let over = |one: &&mut Recipient| {
            matches!(one.state, MessageState::Failed | MessageState::Expired) && to.contains(&one.account)
        };
        let mut moved = false;
        for one in found.recipients.iter_mut().filter(over) {
            (one.state, one.at, one.custody, moved) = (MessageState::Queued, at, Custody::default(), true);
        }
        if !moved {
            return None;
        }
        (found.state, found.state_at, found.reason) = (MessageState::Queued, at, None);
        (found.attempt, found.seq) = (found.attempt.saturating_add(1), seq);
        self.event(now, Kept::Message(place))
    }
}
