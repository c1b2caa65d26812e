//! What is done by the hour: lived time, expiry, key rotation, invites that are over.
//!
//! *Lived time* is how long this account has existed by a clock that cannot be set: the time the node ran, and the
//! pauses between runs as far as the wall clock is believable (not negative, not over 60 days). A clock that is
//! years off therefore expires nothing (docs/spec/00-conventions.md, "Time").

use super::genesis::new_fallback;
use super::state::key;
use super::step::{Action, Change, MessageState, Notice, Space};
use super::{Engine, Timer, Via};
use crate::ids::{DeviceId, InviteId};
use crate::time::{DAY_MS, HOUR_MS};

/// A message nobody signed for in this time is over, visibly.
const EXPIRY_MS: u64 = 30 * DAY_MS;
/// The fallback key is renewed after this; the one before lives as long again.
const FALLBACK_MS: u64 = 15 * DAY_MS;

impl Engine {
    pub(super) fn on_hour(&mut self) {
        self.timers.set(Timer::Hourly, self.now.mono_ms.saturating_add(HOUR_MS));
        let lived_ms = self.lived_ms();
        self.own.lived_ms = lived_ms;
        self.own.lived_at_mono = self.now.mono_ms;
        self.own.last_wall_ms = self.now.wall_ms;
        self.own_dirty = true;
        self.stale = true;
        self.rotate_fallback(lived_ms);
        self.expire_rows(lived_ms);
        self.expire_invites(lived_ms);
        self.check_custody();
        self.expire_mail_asks(lived_ms);
        self.expire_seal_keys(lived_ms);
        self.own_mailboxes_hour(lived_ms);
        self.rooms_hour(lived_ms);
        for peer in self.peers.values_mut() {
            peer.forget_tombstones(lived_ms.saturating_sub(FALLBACK_MS.saturating_mul(2)));
            peer.seal_waiting(&self.own.olm, lived_ms);
            self.active_peers.insert(peer.id);
        }
    }

    fn rotate_fallback(&mut self, lived_ms: u64) {
        if lived_ms.saturating_sub(self.own.fallback_lived_ms) >= FALLBACK_MS
            && let Some(key) = new_fallback(&mut self.own.olm)
        {
            self.own.fallback = key;
            self.own.fallback_lived_ms = lived_ms;
            self.spread_card();
        }
    }

    fn expire_rows(&mut self, lived_ms: u64) {
        let old: Vec<(DeviceId, u64)> = self
            .peers
            .values()
            .flat_map(|peer| {
                peer.outbox
                    .iter()
                    .filter(|(_, row)| lived_ms.saturating_sub(row.accepted_lived_ms) >= EXPIRY_MS)
                    .map(|(number, _)| (peer.id, *number))
            })
            .collect();
        for (device, number) in old {
            self.end_row(device, number, MessageState::Expired, None);
        }
    }

    fn expire_invites(&mut self, lived_ms: u64) {
        let over: Vec<InviteId> = self
            .invites
            .iter()
            .filter(|(_, invite)| invite.revoked || invite.until_lived_ms.saturating_add(DAY_MS) < lived_ms)
            .map(|(id, _)| *id)
            .collect();
        for invite in over {
            self.invites.remove(&invite);
            self.change(Change::Drop { space: Space::Invite, key: key::invite(&invite) });
        }
    }

    /// Live links to contacts by road, and messages nobody signed for.
    pub(super) fn count_figures(&self) -> (u32, u32, u32, u64) {
        let (mut direct, mut relayed, mut lan) = (0u32, 0u32, 0u32);
        for contact in self.contacts.values() {
            match self.presence.get(&contact.account).and_then(|(_, via)| *via) {
                Some(Via::Direct) => direct = direct.saturating_add(1),
                Some(Via::Relay) => relayed = relayed.saturating_add(1),
                Some(Via::Lan) => lan = lan.saturating_add(1),
                None => {}
            }
        }
        let waiting = self.peers.values().map(|peer| peer.outbox.len() as u64).sum();
        (direct, relayed, lan, waiting)
    }

    /// Tells the screen when the figures changed.
    pub(super) fn notice_figures(&mut self) {
        let figures = self.count_figures();
        if figures != self.figures {
            self.figures = figures;
            let (direct, relayed, lan, waiting) = figures;
            self.actions.push(Action::Notice(Notice::Network { direct, relayed, lan, waiting }));
        }
    }
}
