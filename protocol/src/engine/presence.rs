//! How people are: ours as each contact is told, theirs as it is shown (docs/spec/03-live.md, "Frames";
//! docs/spec/07-discovery.md, "Who is shown what"). Told over live links only, kept nowhere else.

use super::command::Presence;
use super::links::LinkState;
use super::live::FrameOut;
use super::net::Via;
use super::step::{Action, Notice};
use super::{Engine, Peer};
use crate::ids::{AccountId, DeviceId};
use std::collections::BTreeSet;

impl Presence {
    /// Its number in a frame.
    pub(super) fn number(self) -> u8 {
        match self {
            Self::Online | Self::Offline => 1,
            Self::Away => 2,
            Self::Busy => 3,
            Self::Invisible | Self::Hidden => 4,
        }
    }

    /// What a number in a frame says; a newer version's is taken as "there".
    pub(super) fn of_number(number: u8) -> Self {
        match number {
            2 => Self::Away,
            3 => Self::Busy,
            4 => Self::Hidden,
            _ => Self::Online,
        }
    }
}

impl Engine {
    /// The best road to an account, over its devices.
    pub(super) fn best_via(&self, account: AccountId) -> Option<Via> {
        self.devices_of(account)
            .into_iter()
            .filter_map(|device| self.live_link(device))
            .filter_map(|link| self.links.get(&link))
            .filter_map(|link| self.conns.get(&link.conn).map(|conn| conn.via))
            .max()
    }

    /// Who has a live link to us. For many at once cheaper than [`Self::best_via`] for each.
    pub(super) fn linked_accounts(&self) -> BTreeSet<AccountId> {
        let up = self.links.values().filter(|link| matches!(link.state, LinkState::Up(_)));
        up.filter_map(|link| self.peers.get(&link.device?)).map(Peer::account).collect()
    }

    /// A device's links changed: tell the screen if that changes how its person is.
    pub(super) fn presence_changed(&mut self, device: DeviceId) {
        let Some(account) = self.peers.get(&device).map(Peer::account) else { return };
        let via = self.best_via(account);
        let presence = match via {
            None => Presence::Offline,
            Some(_) => {
                let said = self.live_link(device).and_then(|link| self.links.get(&link)?.said);
                let shown = self.presence.get(&account).map(|(presence, _)| *presence);
                let shown = shown.filter(|presence| *presence != Presence::Offline);
                // On a new link they have yet to say.
                said.or(shown).unwrap_or(Presence::Hidden)
            }
        };
        self.show_presence(account, presence, via);
    }

    pub(super) fn show_presence(&mut self, account: AccountId, presence: Presence, via: Option<Via>) {
        if !self.is_accepted(&account) || self.presence.get(&account) == Some(&(presence, via)) {
            return;
        }
        self.presence.insert(account, (presence, via));
        self.actions.push(Action::Notice(Notice::Presence { account, presence, via }));
    }

    /// Whether nobody is called or answered now.
    pub fn is_invisible(&self) -> bool {
        self.own.presence == Presence::Invisible
    }

    /// How we are, as an account is told.
    pub(super) fn presence_for(&self, account: AccountId) -> Presence {
        let hidden = self.contacts.get(&account).is_none_or(|contact| contact.hidden);
        if hidden || !self.has_chat(&account) { Presence::Hidden } else { self.own.presence }
    }

    pub(super) fn set_presence(&mut self, presence: Presence) {
        let before = std::mem::replace(&mut self.own.presence, presence);
        self.own_dirty |= before != presence;
        match (before == Presence::Invisible, presence == Presence::Invisible) {
            (false, true) => return self.vanish(),
            (true, false) => return self.reappear(),
            _ => {}
        }
        for link in self.live_links() {
            let device = self.links.get(&link).and_then(|link| link.device);
            let account = device.and_then(|device| self.peers.get(&device)).map(Peer::account);
            if account.is_some_and(|account| self.presence_for(account) == presence) {
                self.frame_on(link, &FrameOut::Presence(presence));
            }
        }
    }
}
