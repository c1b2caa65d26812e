//! What is not shown of an open channel because people we follow say so, or we do (docs/spec/10-open-channels.md,
//! "Moderation"). It is reckoned from kept messages alone, so it ends when they do.

use super::super::Engine;
use super::super::command::ContactState;
use super::super::step::Change;
use super::Channel;
use super::keep::Kept;
use crate::content::{Body, Moderate};
use crate::ids::{AccountId, ChatId, MessageId, RoomId};
use crate::time::SECOND_MS;
use std::collections::{BTreeMap, BTreeSet};

/// What is not shown.
#[derive(Default)]
pub(super) struct Moderated {
    /// Who says so.
    moderators: BTreeSet<AccountId>,
    hidden: BTreeSet<(AccountId, MessageId)>,
    /// Of whom nothing, from when to when, as times of messages are reckoned.
    mutes: Vec<(AccountId, i64, i64)>,
    /// Time between two texts of one person, in milliseconds.
    slow_ms: i64,
    /// When the last text of somebody that was shown was written; of the last hour.
    last_text: BTreeMap<AccountId, i64>,
}

impl Moderated {
    pub fn is_nothing(&self) -> bool {
        self.moderators.is_empty()
    }

    /// Seconds between two texts of one person.
    pub fn slow_s(&self) -> u32 {
        u32::try_from(self.slow_ms / SECOND_MS as i64).unwrap_or(0)
    }

    /// A text was shown.
    pub fn note_text(&mut self, author: AccountId, written_ms: i64) {
        let longest = i64::from(Moderate::SLOW_S).saturating_mul(SECOND_MS as i64);
        self.last_text.retain(|_, last| written_ms.saturating_sub(*last) < longest);
        let last = self.last_text.entry(author).or_insert(written_ms);
        *last = written_ms.max(*last);
    }

    /// How long somebody has to wait for their next text, in milliseconds.
    pub fn slow_wait_ms(&self, author: &AccountId, at_ms: i64) -> i64 {
        if self.moderators.contains(author) {
            return 0;
        }
        let since = self.last_text.get(author).map(|last| at_ms.saturating_sub(*last).abs());
        since.map_or(0, |since| self.slow_ms.saturating_sub(since).max(0))
    }
}

impl Channel {
    /// Who wrote a message.
    pub(super) fn author_of(&self, kept: &Kept) -> Option<AccountId> {
        self.authors.get(&kept.head.device).map(|author| author.account)
    }

    /// Whether moderators let something of somebody be shown.
    pub(super) fn lets_show(
        &self,
        author: &AccountId,
        message: MessageId,
        written_ms: i64,
        is_text: bool,
    ) -> bool {
        let said = &self.moderated;
        let muted = |(who, from, to): &(AccountId, i64, i64)| {
            who == author && (*from..*to).contains(&written_ms) && !said.moderators.contains(author)
        };
        let soon = is_text && said.slow_wait_ms(author, written_ms) > SLACK_MS;
        !(soon || said.hidden.contains(&(*author, message)) || said.mutes.iter().any(muted))
    }

    /// What moderators say now.
    fn reckoned(&self, own: AccountId) -> Moderated {
        let counts = |account: &AccountId| *account == own || self.record.follows.contains(account);
        let mut all: Vec<_> = self
            .entries
            .values()
            .filter_map(|kept| {
                let by = self.author_of(kept).filter(counts)?;
                let content = kept.content()?;
                match Body::decode(content.kind, &content.body) {
                    Ok(Body::Moderate(said)) => {
                        Some(((kept.head.depth, kept.id()), by, kept.record.written_ms, said))
                    }
                    _ => None,
                }
            })
            .collect();
        all.sort_unstable_by_key(|(place, ..)| *place);
        let mut out = Moderated::default();
        for (_, by, written_ms, said) in all {
            out.moderators.insert(by);
            out.hidden.extend(said.hide.map(|target| (target.author, target.id)));
            out.mutes.extend(said.mute.map(|(who, seconds)| {
                let long_ms = i64::from(seconds).saturating_mul(SECOND_MS as i64);
                (who, written_ms, written_ms.saturating_add(long_ms))
            }));
            if let Some(seconds) = said.slow_s {
                out.slow_ms = i64::from(seconds).saturating_mul(SECOND_MS as i64);
            }
        }
        out
    }
}

/// Texts that come a little too soon in slow mode are shown: what is sent evenly does not arrive so.
const SLACK_MS: i64 = 2_000;

impl Engine {
    /// What moderators say of a channel is reckoned anew.
    pub(super) fn reckon_moderation(&mut self, room: RoomId) {
        let own = self.own.account;
        let Some(channel) = self.open.channels.get_mut(&room) else { return };
        let mut said = channel.reckoned(own);
        said.last_text = std::mem::take(&mut channel.moderated.last_text);
        channel.moderated = said;
    }

    /// What moderators say of a channel, or whom we follow, has changed: what is hidden now and was shown goes.
    pub(super) fn moderation_changed(&mut self, room: RoomId) {
        let Some(channel) = self.channel(&room) else { return };
        let before = channel.moderated.hidden.clone();
        self.reckon_moderation(room);
        let Some(channel) = self.channel(&room) else { return };
        let (chat, at) = (ChatId::from(room), self.now.wall_ms);
        let new: Vec<_> = channel.moderated.hidden.difference(&before).copied().collect();
        for (author, message) in new {
            self.change(Change::Delete { chat, author, message, at });
        }
    }

    /// Whether nothing of somebody is shown here, because we want it so.
    pub(super) fn is_muted(&self, channel: &Channel, account: &AccountId) -> bool {
        channel.record.mutes.contains(account)
            || self.contacts.get(account).is_some_and(|contact| contact.state == ContactState::Blocked)
    }
}
