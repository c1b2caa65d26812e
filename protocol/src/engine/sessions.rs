//! The ratchet sessions with one device: which to send in, when to make a new one, and what comes out of a part
//! (docs/spec/05-delivery.md, "Sessions").

use super::peer::{Peer, day_of};
use crate::content::Content;
use crate::ids::{MessageId, SessionId};
use crate::limits::{RECENT_IDS, SESSIONS};
use crate::session::{OlmPart, Ratchet, RatchetError, RefuseReason};
use crate::time::HOUR_MS;
use std::collections::BTreeSet;
use vodozemac::olm::Account;

/// At most one new session per device pair in this time, in milliseconds the engine has lived. Shorter would let a
/// faulty peer make us spend keys; longer delays healing.
const RESET_MS: u64 = HOUR_MS;
/// How long a replaced session is kept for receiving.
const RETIRED_DAYS: u32 = 7;
/// Sessions of one device whose early parts may wait before the session exists. Each may hold
/// [`crate::limits::REORDER_MESSAGES`] and two mebibytes.
const UNKNOWN_SESSIONS: usize = 2;
/// Dropped sessions remembered per device.
const TOMBSTONES: usize = 64;

/// What decrypting a part gave.
pub(super) enum Opened {
    /// A content, from this session and order.
    Content(Box<Content>),
    /// Not decryptable, and why.
    Refused(RefuseReason),
}

impl Peer {
    // ---- sending ----------------------------------------------------------------------------------------------

    /// The session to send in: the chosen one, else the one last received on, else a new one to the card's key.
    pub(super) fn sending_session(&mut self, account: &Account, lived_ms: u64) -> Option<SessionId> {
        if let Some(id) = self.live_sending() {
            return Some(id);
        }
        let id = self.last_received(None).or_else(|| self.fresh_session(account, lived_ms))?;
        self.record.sending = Some(id.0);
        self.dirty.record = true;
        Some(id)
    }

    /// The chosen session, while it may be sent in.
    fn live_sending(&self) -> Option<SessionId> {
        let id = SessionId(self.record.sending?);
        self.sessions.get(&id).filter(|ratchet| !ratchet.retired).map(Ratchet::id)
    }

    /// The live session last received on, if that was after `mark`.
    fn last_received(&self, mark: Option<u64>) -> Option<SessionId> {
        self.sessions
            .values()
            .filter(|r| !r.retired && mark.is_none_or(|mark| r.received_mark > mark))
            .max_by_key(|r| (r.received_mark, r.id()))
            .map(Ratchet::id)
    }

    /// How long a new session has to wait yet, in milliseconds: at most one in [`RESET_MS`] replaces others.
    pub fn reset_wait_ms(&self, lived_ms: u64) -> u64 {
        if self.sessions.is_empty() {
            return 0;
        }
        self.record.reset_lived_ms.map_or(0, |at| at.saturating_add(RESET_MS).saturating_sub(lived_ms))
    }

    fn fresh_session(&mut self, account: &Account, lived_ms: u64) -> Option<SessionId> {
        if self.reset_wait_ms(lived_ms) > 0 {
            return None;
        }
        let fallback = self.record.fallback?;
        let ratchet = Ratchet::outbound(account, &self.record.olm, &fallback).ok()?;
        if !self.sessions.is_empty() {
            self.record.reset_lived_ms = Some(lived_ms);
        }
        self.dirty.record = true;
        let id = ratchet.id();
        self.sessions.insert(id, ratchet);
        self.dirty.sessions.insert(id);
        self.trim_sessions(id, lived_ms);
        Some(id)
    }

    /// The other side cannot use the session `dead`. Sends on in a session it used after that one, else in a new
    /// one, else in any other; when there is none, rows wait without bytes until one may be made.
    pub fn reset(&mut self, account: &Account, dead: SessionId, lived_ms: u64) {
        let mark = self.sessions.get(&dead).map_or(0, |ratchet| ratchet.received_mark);
        if let Some(ratchet) = self.sessions.get_mut(&dead)
            && !ratchet.retired
        {
            ratchet.retired = true;
            ratchet.retired_day = day_of(lived_ms);
            self.dirty.sessions.insert(dead);
        }
        if self.live_sending().is_none() {
            let next = self
                .last_received(Some(mark))
                .or_else(|| self.fresh_session(account, lived_ms))
                .or_else(|| self.last_received(None));
            self.record.sending = next.map(|id| id.0);
            self.dirty.record = true;
        }
        let stale: Vec<u64> = self
            .outbox
            .iter()
            .filter(|(_, row)| row.part.as_ref().is_some_and(|part| part.session == dead))
            .map(|(number, _)| *number)
            .collect();
        for number in stale {
            self.unseal_row(number);
        }
        self.seal_waiting(account, lived_ms);
    }

    /// This disk is an old copy: no session of it is sent in any more, and what waits is encrypted in a new one as soon
    /// as one may be made.
    pub fn retire_all(&mut self, account: &Account, lived_ms: u64) {
        for (id, ratchet) in self.sessions.iter_mut().filter(|(_, ratchet)| !ratchet.retired) {
            ratchet.retired = true;
            ratchet.retired_day = day_of(lived_ms);
            self.dirty.sessions.insert(*id);
        }
        self.record.sending = None;
        self.dirty.record = true;
        for number in self.outbox.keys().copied().collect::<Vec<_>>() {
            self.unseal_row(number);
        }
        self.seal_waiting(account, lived_ms);
    }

    // ---- receiving --------------------------------------------------------------------------------------------

    /// Whether a content of this id was taken in before (among the last [`RECENT_IDS`]).
    pub fn knows(&self, id: &MessageId) -> bool {
        self.recent_set.contains(id)
    }

    /// Remembers a content's id. Returns (number of the new memory, number of the one forgotten for it).
    pub fn remember(&mut self, id: MessageId) -> (u64, Option<u64>) {
        let number = self.next_seen;
        self.next_seen = self.next_seen.saturating_add(1);
        self.recent.push_back((number, id));
        self.recent_set.insert(id);
        let forgotten = if self.recent.len() > RECENT_IDS {
            self.recent.pop_front().map(|(number, id)| {
                self.recent_set.remove(&id);
                number
            })
        } else {
            None
        };
        (number, forgotten)
    }

    /// Whether this session is one that was dropped: its messages are never to be opened again.
    pub fn is_tombstone(&self, session: &SessionId) -> bool {
        self.record.tombstones.iter().any(|(id, _)| id == &session.0)
    }

    /// Whether parts of a session that does not exist (yet) may be kept.
    pub fn may_hold(&self, session: &SessionId) -> bool {
        self.sessions.contains_key(session)
            || self.reorder.contains_key(session)
            || self.reorder.len() < SESSIONS.saturating_add(UNKNOWN_SESSIONS)
    }

    /// Decrypts a part in its session, making the session when it begins with this part.
    pub fn open_part(&mut self, account: &mut Account, part: &OlmPart, mark: u64, lived_ms: u64) -> Opened {
        let refused = |error: RatchetError| {
            Opened::Refused(match error {
                RatchetError::Content => RefuseReason::Content,
                _ => RefuseReason::Session,
            })
        };
        if let Some(ratchet) = self.sessions.get_mut(&part.session) {
            return match ratchet.decrypt(part.prekey, &part.olm) {
                Ok(content) if content.msg_id == part.msg_id => {
                    ratchet.received_mark = mark;
                    let retired = ratchet.retired;
                    self.dirty.sessions.insert(part.session);
                    if !retired && self.record.sending != Some(part.session.0) {
                        self.record.sending = Some(part.session.0);
                        self.dirty.record = true;
                    }
                    Opened::Content(Box::new(content))
                }
                Ok(_) | Err(RatchetError::Content) => {
                    self.dirty.sessions.insert(part.session);
                    Opened::Refused(RefuseReason::Content)
                }
                Err(error) => refused(error),
            };
        }
        if !part.prekey || Ratchet::session_of(&part.olm) != Some(part.session) {
            return Opened::Refused(RefuseReason::Session);
        }
        match Ratchet::inbound(account, &self.record.olm, &part.olm) {
            Ok((_, content)) if content.msg_id != part.msg_id => Opened::Refused(RefuseReason::Content),
            // A message we have: the session is thrown away, so that a replay cannot move our sending to it.
            Ok((_, content)) if self.knows(&content.msg_id) => Opened::Content(Box::new(content)),
            Ok((mut ratchet, content)) => {
                ratchet.received_mark = mark;
                self.record.sending = Some(part.session.0);
                self.dirty.record = true;
                self.dirty.sessions.insert(part.session);
                self.sessions.insert(part.session, ratchet);
                self.trim_sessions(part.session, lived_ms);
                Opened::Content(Box::new(content))
            }
            Err(error) => refused(error),
        }
    }

    /// Keeps at most [`SESSIONS`], the ones last received on; the rest leave a tombstone. Retired sessions go after
    /// their days.
    fn trim_sessions(&mut self, keep: SessionId, lived_ms: u64) {
        let today = day_of(lived_ms);
        let old: Vec<SessionId> = self
            .sessions
            .values()
            .filter(|r| r.retired && today.saturating_sub(r.retired_day) > RETIRED_DAYS)
            .map(Ratchet::id)
            .collect();
        for id in old {
            self.drop_session(id, lived_ms);
        }
        while self.sessions.len() > SESSIONS {
            let in_use: BTreeSet<SessionId> =
                self.outbox.values().filter_map(|row| row.part.as_ref().map(|part| part.session)).collect();
            let oldest = self
                .sessions
                .values()
                .filter(|r| r.id() != keep)
                .min_by_key(|r| (!r.retired, in_use.contains(&r.id()), r.received_mark, r.id()))
                .map(Ratchet::id);
            match oldest {
                Some(id) => self.drop_session(id, lived_ms),
                None => break,
            }
        }
    }

    /// Drops a session and leaves its tombstone.
    pub fn drop_session(&mut self, id: SessionId, lived_ms: u64) {
        if self.sessions.remove(&id).is_none() {
            return;
        }
        if let Some(reorder) = self.reorder.remove(&id) {
            self.dirty.dropped_held.extend(reorder.held_orders().map(|order| (id, order)));
        }
        if self.record.sending == Some(id.0) {
            self.record.sending = None;
        }
        self.record.tombstones.push((id.0, lived_ms));
        if self.record.tombstones.len() > TOMBSTONES {
            self.record.tombstones.remove(0);
        }
        self.dirty.record = true;
        self.dirty.sessions.remove(&id);
        self.dirty.dropped_sessions.push(id);
    }

    /// Forgets tombstones whose fallback key is gone by now: their prekey messages cannot be opened anyway.
    pub fn forget_tombstones(&mut self, before_lived_ms: u64) {
        let count = self.record.tombstones.len();
        self.record.tombstones.retain(|(_, at)| *at >= before_lived_ms);
        self.dirty.record |= self.record.tombstones.len() != count;
    }
}
