//! People on the same local network, of whom only peer ids are seen: who knocks, who answers
//! (docs/spec/03-live.md, "Knock").

use super::Engine;
use super::command::ContactState;
use super::dial::DialPurpose;
use super::links::{LinkState, Purpose};
use super::net::{ConnId, LinkId, LinkProtocol};
use crate::ids::AccountId;
use crate::kdf;
use std::collections::BTreeSet;

/// People of this LAN remembered.
const LAN_PEERS: usize = 256;
/// Entries of a knock are filled up to a multiple of this.
const KNOCK_STEP: usize = 64;
/// Contacts in one knock, at most.
const KNOCK_MAX: usize = 1_024;
/// Bytes of one knock entry.
const KNOCK_ENTRY: usize = 8;
/// The answer "none of mine".
const KNOCK_NONE: u16 = 0xFFFF;

impl Engine {
    pub(super) fn on_lan_found(&mut self, peer: Vec<u8>, addrs: Vec<String>) {
        if self.lan.len() >= LAN_PEERS && !self.lan.contains_key(&peer) {
            self.lan.pop_first();
        }
        self.lan.insert(peer.clone(), addrs.clone());
        if self.is_invisible() {
            return;
        }
        self.neighbour_found(&peer);
        let joins = self.contacts.values().any(|c| c.join.as_ref().is_some_and(|join| !join.requested));
        let standing = self.conns.iter().find(|(_, conn)| conn.peer == peer).map(|(id, _)| *id);
        if !joins && self.absent_contacts().is_empty() {
            return;
        }
        match standing {
            Some(conn) => self.meet_on_lan(conn),
            None => self.dial(addrs, DialPurpose::Lan),
        }
    }

    /// Where those of this LAN are whom we have no connection to.
    pub(super) fn lan_strangers(&self) -> Vec<Vec<String>> {
        let met: BTreeSet<&Vec<u8>> = self.conns.values().map(|conn| &conn.peer).collect();
        self.lan
            .iter()
            .filter(|(peer, _)| !met.contains(peer))
            .map(|(_, addrs)| addrs.clone())
            .take(16)
            .collect()
    }

    pub(super) fn lan_conns(&self) -> Vec<ConnId> {
        self.conns
            .iter()
            .filter(|(_, conn)| self.lan.contains_key(&conn.peer))
            .map(|(id, _)| *id)
            .take(16)
            .collect()
    }

    pub(super) fn meet_on_lan(&mut self, conn: ConnId) {
        let joins: Vec<AccountId> = self
            .contacts
            .values()
            .filter(|contact| contact.join.as_ref().is_some_and(|join| !join.requested))
            .map(|contact| contact.account)
            .take(4)
            .collect();
        for account in joins {
            self.open_link(conn, LinkProtocol::Invite, Purpose::Join(account));
        }
        if !self.absent_contacts().is_empty() {
            self.open_link(conn, LinkProtocol::Knock, Purpose::Knock);
        }
        self.open_with(conn);
    }

    /// Accepted contacts without a live link that gave us a secret to find them by, and fellows who are wanted.
    fn absent_contacts(&self) -> Vec<(AccountId, [u8; 32])> {
        let linked = self.linked_accounts();
        let fellows = self.fellows().filter(|account| !linked.contains(account));
        let fellows = fellows.filter(|account| self.is_fellow_sought(*account));
        let fellows =
            fellows.flat_map(|account| self.fellow_rvs(&account).into_iter().map(move |rv| (account, rv)));
        self.contacts
            .values()
            .filter(|contact| contact.state == ContactState::Accepted && !linked.contains(&contact.account))
            .filter_map(|contact| contact.rv_in.map(|rv| (contact.account, rv)))
            .chain(fellows)
            .take(KNOCK_MAX)
            .collect()
    }

    /// "Are you one of mine?": a nonce and one entry per contact, shuffled among random ones.
    pub(super) fn knock_message(&mut self, local: &[u8], remote: &[u8]) -> Option<(Vec<AccountId>, Vec<u8>)> {
        let nonce: [u8; 16] = self.rng.bytes();
        let absent = self.absent_contacts();
        let total = absent.len().div_ceil(KNOCK_STEP).max(1).saturating_mul(KNOCK_STEP).min(KNOCK_MAX);
        let nobody = self.own.account;
        let mut entries: Vec<(AccountId, [u8; KNOCK_ENTRY])> = absent
            .into_iter()
            .map(|(account, rv)| (account, kdf::derive_short("knock", &[&rv, &nonce, local, remote])))
            .collect();
        while entries.len() < total {
            entries.push((nobody, self.rng.bytes()));
        }
        for at in (1..entries.len()).rev() {
            let other = usize::try_from(self.rng.below(at as u64 + 1)).unwrap_or(0);
            entries.swap(at, other);
        }
        let mut message = nonce.to_vec();
        for (_, entry) in &entries {
            message.extend_from_slice(entry);
        }
        Some((entries.into_iter().map(|(account, _)| account).collect(), message))
    }

    /// Answers a knock, once per connection: the index of an entry made with one of our secrets, or none.
    pub(super) fn answer_knock(&mut self, link: LinkId, message: &[u8]) -> Option<LinkState> {
        let entry = self.links.get(&link)?;
        let (newcomer, local, conn) = (entry.remote_peer.clone(), entry.local_peer.clone(), entry.conn);
        let (nonce, rest) = message.split_first_chunk::<16>()?;
        if rest.len() % KNOCK_ENTRY != 0 || rest.len() > KNOCK_ENTRY * KNOCK_MAX {
            return None;
        }
        let first = self.conns.get_mut(&conn).is_some_and(|conn| !std::mem::replace(&mut conn.knocked, true));
        let mut answer = KNOCK_NONE;
        // Who is invisible answers as to a stranger: silence would say that somebody hides here.
        if first && !self.is_invisible() {
            let accepted = self.contacts.values().filter(|c| c.state == ContactState::Accepted);
            let rooms = self.room_rvs().into_iter().map(|(_, rv)| rv);
            for rv in accepted.map(|contact| contact.rv_out).chain(rooms) {
                let mine: [u8; KNOCK_ENTRY] = kdf::derive_short("knock", &[&rv, nonce, &newcomer, &local]);
                if let Some(at) = rest.chunks_exact(KNOCK_ENTRY).position(|entry| entry == mine) {
                    answer = u16::try_from(at).unwrap_or(KNOCK_NONE);
                }
            }
        }
        self.write(link, vec![answer.to_be_bytes().to_vec()]);
        None
    }

    /// The answer to our knock: a contact's device is there.
    pub(super) fn knocked(&mut self, link: LinkId, order: &[AccountId], message: &[u8]) -> Option<LinkState> {
        let index = u16::from_be_bytes(message.try_into().ok()?);
        let account = order.get(usize::from(index)).copied()?;
        let conn = self.links.get(&link)?.conn;
        for device in self.devices_of(account) {
            if self.live_link(device).is_none() {
                self.open_link(conn, LinkProtocol::Live, Purpose::Live(device));
            }
        }
        None
    }
}
