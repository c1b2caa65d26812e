//! Reaching people: whom to dial when, what to do with a connection, and requests to inviters
//! (docs/spec/03-live.md, "Finding each other again").

use super::command::ContactState;
use super::links::Purpose;
use super::net::{ConnId, DialId, LinkId, LinkProtocol, NetCommand, Via};
use super::{Engine, Timer};
use crate::ids::{AccountId, DeviceId, MailboxId};
use crate::invite::Invite;
use crate::limits::ADDRESSES;
use crate::time::{MINUTE_MS, SECOND_MS};

/// Waiting times between attempts, in milliseconds, doubled from the first to the last. A shorter first one would
/// spin on a node that restarts; a longer last one would leave two people waiting who are both back.
const FIRST_WAIT_MS: u64 = 2 * SECOND_MS;
const LAST_WAIT_MS: u64 = 2 * MINUTE_MS;
/// The longest wait while something waits for the device: a healed network should be noticed within half a minute,
/// and nothing but a dial notices it.
pub(super) const WAITING_MS: u64 = 20 * SECOND_MS;
/// The same for somebody who has not accepted us yet.
pub(super) const FIRST_JOIN_MS: u64 = 5 * SECOND_MS;
const LAST_JOIN_MS: u64 = 10 * MINUTE_MS;
/// After this a dial counts as old when something happened that calls for a new one. Shorter would close dials that
/// are about to succeed, as addresses come in bursts; longer lets one that rings at nobody's door hold up the next.
const OLD_DIAL_MS: u64 = 2 * SECOND_MS;
/// While something waits for a device, a dial that rings at one of its old addresses holds up the next for this long only:
/// it rings for ten seconds, and a relay may know them again after one or two. Shorter dials more often for nothing.
const RING_MS: u64 = 3 * SECOND_MS;
/// Up to this many failures in a row, something to say brings the next attempt forward.
pub(super) const PATIENT_FAILURES: u32 = 3;
/// A connection.
pub(super) struct ConnState {
    pub peer: Vec<u8>,
    pub addr: String,
    pub outbound: bool,
    pub via: Via,
    /// Who asked for an invite on it, so that consent can go back at once.
    pub joiner: Option<DeviceId>,
    /// Whether a knock was answered on it.
    pub knocked: bool,
}

impl ConnState {
    pub fn new(peer: Vec<u8>, addr: String, outbound: bool, via: Via) -> Self {
        Self { peer, addr, outbound, via, joiner: None, knocked: false }
    }
}

/// What a dial is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DialPurpose {
    Device(DeviceId),
    Join(AccountId),
    Mailbox(MailboxId),
    Lan,
}

/// A dial under way.
#[derive(Clone, Copy)]
pub(super) struct Ringing {
    pub purpose: DialPurpose,
    /// Since when, on the monotonic clock.
    pub since_ms: u64,
    /// Not waited for any more.
    pub old: bool,
}

impl Engine {
    pub(super) fn dial(&mut self, addrs: Vec<String>, purpose: DialPurpose) {
        if self.is_invisible() {
            return;
        }
        self.finding.dialed.insert(purpose, self.now.mono_ms);
        let dial = self.number();
        self.dials.insert(dial, Ringing { purpose, since_ms: self.now.mono_ms, old: false });
        self.net(NetCommand::Dial { dial, addrs });
    }

    /// Tries to reach a device, if there is a reason to and it is not tried already.
    pub(super) fn dial_device(&mut self, device: DeviceId) {
        let Some(peer) = self.peers.get(&device) else { return };
        let (wanted, waits) = (self.is_wanted(device), !peer.outbox.is_empty());
        let hurry = waits && self.failures.get(&device).copied().unwrap_or(0) < PATIENT_FAILURES;
        if hurry {
            self.pass_old_dial(device);
        }
        let Some(peer) = self.peers.get(&device) else { return };
        let busy = self.live_link(device).is_some()
            || self.rings(DialPurpose::Device(device))
            || self.links.values().any(|link| link.purpose == Purpose::Live(device));
        if !wanted {
            return self.look_again(device);
        }
        if busy {
            return;
        }
        let mut addrs = peer.record.addrs.clone();
        if let Some(join) = self.contacts.get(&peer.account()).and_then(|contact| contact.join.as_ref()) {
            addrs.extend(join.hints.iter().filter(|hint| !peer.record.addrs.contains(hint)).cloned());
        }
        if !addrs.is_empty() {
            self.dial(addrs, DialPurpose::Device(device));
            if hurry {
                self.timers.set_earlier(Timer::Dial(device), self.now.mono_ms.saturating_add(RING_MS));
            }
        }
    }

    /// A dial to a device that has rung for long does not hold up the next.
    fn pass_old_dial(&mut self, device: DeviceId) {
        let (purpose, now_ms) = (DialPurpose::Device(device), self.now.mono_ms);
        let old = |ringing: &&mut Ringing| {
            ringing.purpose == purpose && !ringing.old && now_ms.saturating_sub(ringing.since_ms) >= RING_MS
        };
        for ringing in self.dials.values_mut().filter(old) {
            ringing.old = true;
            let failures = self.failures.entry(device).or_insert(0);
            *failures = failures.saturating_add(1);
        }
    }

    /// Whether a live link to a device is wanted: it is a contact's, or of somebody who may have our request (their
    /// word that they have it can be lost), or a room needs it.
    fn is_wanted(&self, device: DeviceId) -> bool {
        let contact = self.peers.get(&device).and_then(|peer| self.contacts.get(&peer.account()));
        contact.is_some_and(|contact| match contact.state {
            ContactState::Accepted => true,
            ContactState::Pending => contact.join.is_some(),
            ContactState::Blocked | ContactState::Removed => false,
        }) || self.is_fellow_wanted(device)
    }

    /// Ends a connection we made and have no use for.
    pub(super) fn drop_unused(&mut self, conn: ConnId) {
        let unused = !self.links.values().any(|link| link.conn == conn);
        if unused && self.conns.get(&conn).is_some_and(|conn| conn.outbound && conn.joiner.is_none()) {
            self.net(NetCommand::CloseConn { conn });
        }
    }

    /// Whether a dial for this is under way, and is waited for.
    pub(super) fn rings(&self, purpose: DialPurpose) -> bool {
        self.dials.values().any(|ringing| ringing.purpose == purpose && !ringing.old)
    }

    /// Old dials are not waited for any more: something happened since, and what they try may be out of date. One that
    /// succeeds all the same is welcome.
    pub(super) fn pass_old_dials(&mut self) {
        let now_ms = self.now.mono_ms;
        for ringing in self.dials.values_mut() {
            ringing.old |= now_ms.saturating_sub(ringing.since_ms) >= OLD_DIAL_MS;
        }
    }

    pub(super) fn on_dialed(&mut self, dial: DialId, conn: ConnId) {
        match self.dials.remove(&dial).map(|ringing| ringing.purpose) {
            _ if self.is_invisible() => self.drop_unused(conn),
            Some(DialPurpose::Device(device)) if self.is_wanted(device) => {
                self.open_link(conn, LinkProtocol::Live, Purpose::Live(device));
            }
            Some(DialPurpose::Join(account)) => {
                self.open_link(conn, LinkProtocol::Invite, Purpose::Join(account));
            }
            Some(DialPurpose::Mailbox(mailbox)) => self.mailbox_dialed(mailbox, conn),
            Some(DialPurpose::Lan) => {
                self.meet_on_lan(conn);
                self.drop_unused(conn);
            }
            // Blocked or removed while it rang.
            Some(DialPurpose::Device(_)) | None => self.drop_unused(conn),
        }
    }

    pub(super) fn on_dial_failed(&mut self, dial: DialId) {
        let purpose = self.dials.remove(&dial).map(|ringing| ringing.purpose);
        match purpose.filter(|purpose| !self.rings(*purpose)) {
            Some(DialPurpose::Device(device)) => self.try_again(device),
            Some(DialPurpose::Join(account)) => self.join_failed(account),
            Some(DialPurpose::Mailbox(mailbox)) => self.mailbox_dial_failed(mailbox),
            Some(DialPurpose::Lan) | None => {}
        }
    }

    /// A live link we opened never came up.
    pub(super) fn live_failed(&mut self, device: DeviceId, conn: ConnId) {
        self.drop_unused(conn);
        self.try_again(device);
    }

    fn try_again(&mut self, device: DeviceId) {
        if self.live_link(device).is_some() {
            return;
        }
        let failures = self.failures.entry(device).or_insert(0);
        *failures = failures.saturating_add(1);
        let pending = self
            .peers
            .get(&device)
            .and_then(|peer| self.contacts.get(&peer.account()))
            .is_some_and(|contact| contact.state == ContactState::Pending);
        let (first, last) =
            if pending { (FIRST_JOIN_MS, LAST_JOIN_MS) } else { (FIRST_WAIT_MS, LAST_WAIT_MS) };
        let waiting = self.peers.get(&device).is_some_and(|peer| !peer.outbox.is_empty());
        let last = if waiting { WAITING_MS } else { last };
        let wait = backoff(first, last, *failures);
        let wait = wait.saturating_add(self.rng.below(wait / 4));
        self.timers.set(Timer::Dial(device), self.now.mono_ms.saturating_add(wait));
        self.post_soon(device);
    }

    /// Tries everybody at once: the network changed, or a person wants it.
    pub(super) fn dial_all(&mut self) {
        self.failures.clear();
        self.join_failures.clear();
        self.pass_old_dials();
        let devices: Vec<DeviceId> = self.peers.keys().copied().collect();
        for device in devices {
            let spread = self.rng.below(SECOND_MS / 4);
            self.timers.set(Timer::Dial(device), self.now.mono_ms.saturating_add(spread));
        }
        self.call_own_mailboxes();
        self.read_boxes_soon();
        let joins: Vec<AccountId> =
            self.contacts.values().filter(|c| c.join.is_some()).map(|c| c.account).collect();
        for account in joins {
            self.timers.set(Timer::Join(account), self.now.mono_ms);
        }
    }

    /// Tries everybody at every road at once.
    pub(super) fn seek_all(&mut self) {
        self.dial_all();
        self.stale = true;
        self.search_all();
    }

    pub(super) fn on_addresses(&mut self, addrs: Vec<String>) {
        if self.own.addrs != addrs {
            self.own.addrs = addrs;
            self.spread_card();
            self.dial_all();
        }
    }

    /// The address a link proved good moves to the front.
    pub(super) fn learn_address(&mut self, link: LinkId, device: DeviceId) {
        let conn = self.links.get(&link).map(|link| link.conn);
        let Some(conn) = conn.and_then(|conn| self.conns.get(&conn)) else { return };
        // A relay is never the first choice, and it comes in the card with whom to ask it for.
        if !conn.outbound || conn.via == Via::Relay {
            return;
        }
        let addr = conn.addr.clone();
        if let Some(peer) = self.peers.get_mut(&device)
            && peer.record.addrs.first() != Some(&addr)
        {
            peer.record.addrs.retain(|known| *known != addr);
            peer.record.addrs.insert(0, addr);
            peer.record.addrs.truncate(ADDRESSES);
            peer.dirty.record = true;
            self.active_peers.insert(device);
        }
    }

    // ---- asking an inviter ------------------------------------------------------------------------------------

    /// Brings our request to the inviter, or, once it is there, waits for the answer.
    pub(super) fn try_join(&mut self, account: AccountId) {
        let Some(join) = self.contacts.get(&account).and_then(|contact| contact.join.clone()) else { return };
        if join.until_lived_ms <= self.lived_ms() {
            self.give_up_join(account);
            return;
        }
        self.leave_request(account);
        let busy = self.rings(DialPurpose::Join(account))
            || self.links.values().any(|link| link.purpose == Purpose::Join(account));
        if join.requested {
            let due = self.now.mono_ms.saturating_add(LAST_JOIN_MS);
            self.timers.set(Timer::Join(account), due);
        } else if !busy {
            let mut addrs = self.found_addresses(account);
            addrs.extend(join.hints);
            if addrs.is_empty() {
                self.join_failed(account);
            } else {
                self.dial(addrs, DialPurpose::Join(account));
            }
            for conn in self.conns_to_ask_on(account) {
                self.open_link(conn, LinkProtocol::Invite, Purpose::Join(account));
            }
            for addrs in self.lan_strangers() {
                self.dial(addrs, DialPurpose::Lan);
            }
        }
    }

    /// Where the devices of somebody we ask were found.
    fn found_addresses(&self, account: AccountId) -> Vec<String> {
        let devices = self.devices_of(account);
        let peers = devices.iter().filter_map(|device| self.peers.get(device));
        peers.flat_map(|peer| peer.record.addrs.iter().cloned()).take(ADDRESSES).collect()
    }

    pub(super) fn join_failed(&mut self, account: AccountId) {
        let waiting =
            self.contacts.get(&account).is_some_and(|c| c.join.as_ref().is_some_and(|j| !j.requested));
        if waiting {
            let failures = self.join_failures.entry(account).or_insert(0);
            *failures = failures.saturating_add(1);
            let wait = backoff(FIRST_JOIN_MS, LAST_JOIN_MS, *failures);
            let wait = wait.saturating_add(self.rng.below(FIRST_JOIN_MS));
            self.timers.set_earlier(Timer::Join(account), self.now.mono_ms.saturating_add(wait));
            self.stale = true;
        }
    }

    /// The inviter has our request on disk.
    pub(super) fn join_done(&mut self, account: AccountId) {
        if let Some(join) = self.contacts.get_mut(&account).and_then(|contact| contact.join.as_mut()) {
            join.requested = true;
            self.dirty_contacts.insert(account);
        }
        self.timers.set(Timer::Join(account), self.now.mono_ms.saturating_add(LAST_JOIN_MS));
        for device in self.devices_of(account) {
            let wait = FIRST_JOIN_MS.saturating_add(self.rng.below(SECOND_MS));
            self.timers.set(Timer::Dial(device), self.now.mono_ms.saturating_add(wait));
        }
    }

    /// Invites that may still be used.
    pub(super) fn live_invites(&self) -> Vec<Invite> {
        let lived_ms = self.lived_ms();
        self.invites
            .values()
            .filter(|invite| invite.is_live(lived_ms))
            .map(|invite| Invite {
                root: self.own.account,
                secret: invite.secret,
                hints: invite.hints.clone(),
            })
            .collect()
    }
}

/// `first` doubled with each failure, up to `last`.
pub(super) fn backoff(first_ms: u64, last_ms: u64, failures: u32) -> u64 {
    first_ms.saturating_mul(1u64 << failures.saturating_sub(1).min(16)).min(last_ms)
}
