//! Contacts: who may talk to us, and how they are named, verified, blocked and forgotten
//! (docs/spec/02-identity.md, "Contacts").

use super::command::{ContactState, ContactView, Presence, Refusal, Reply};
use super::dial::DialPurpose;
use super::links::Purpose;
use super::live::FrameOut;
use super::net::{LinkId, NetCommand};
use super::state::{Contact, key};
use super::step::{Change, Event, MessageState, Space};
use super::{Engine, Timer};
use crate::content::Body;
use crate::identity::safety_number;
use crate::ids::{AccountId, ChatId};
use crate::text;

impl Engine {
    pub(super) fn people(&self) -> Reply {
        let mut views: Vec<ContactView> = self.contacts.values().map(|contact| self.view(contact)).collect();
        views.sort_by_key(|view| (view.name.to_lowercase(), view.account));
        Reply::People(views)
    }

    pub(super) fn contact(&self, account: AccountId) -> Result<Reply, Refusal> {
        self.contacts
            .get(&account)
            .map(|contact| Reply::Contact(self.view(contact)))
            .ok_or(Refusal::NoContact)
    }

    fn view(&self, contact: &Contact) -> ContactView {
        let devices = self.devices_of(contact.account);
        let (presence, via) =
            self.presence.get(&contact.account).copied().unwrap_or((Presence::Offline, None));
        let waiting = devices
            .iter()
            .filter_map(|device| self.peers.get(device))
            .map(|peer| peer.outbox.values().filter(|row| row.visible).count() as u64)
            .max()
            .unwrap_or(0);
        let next = devices.iter().filter_map(|device| self.timers.when(&Timer::Dial(*device))).min();
        let (looked_up, found) = self.looked_up(contact.account);
        let (in_mailboxes, mailboxes) = self.mail_figures(contact.account);
        ContactView {
            account: contact.account,
            name: contact.name.clone(),
            state: contact.state,
            reason: contact.reason.clone(),
            verified: contact.verified,
            key_changed: contact.key_changed,
            presence,
            hidden: contact.hidden,
            via,
            last_seen: contact.last_seen,
            waiting,
            in_mailboxes,
            mailboxes,
            next_try_ms: next.map(|at| at.saturating_sub(self.now.mono_ms)),
            looked_up,
            found,
        }
    }

    fn contact_mut(&mut self, account: AccountId) -> Result<&mut Contact, Refusal> {
        self.dirty_contacts.insert(account);
        self.contacts.get_mut(&account).ok_or(Refusal::NoContact)
    }

    pub(super) fn contact_event(&mut self, account: AccountId) {
        let Some(contact) = self.contacts.get(&account) else { return };
        let event = Event::Contact {
            account,
            name: contact.name.clone(),
            state: match contact.state {
                ContactState::Pending => "pending",
                ContactState::Accepted => "accepted",
                ContactState::Blocked => "blocked",
                ContactState::Removed => "removed",
            },
            verified: contact.verified,
            key_changed: contact.key_changed,
        };
        self.change(Change::Event(event));
    }

    pub(super) fn rename(&mut self, account: AccountId, name: &str) -> Result<Reply, Refusal> {
        let name = text::clean_name(name);
        if name.is_empty() {
            return Err(Refusal::Empty);
        }
        if !self.contacts.contains_key(&account) {
            return Err(Refusal::NoContact);
        }
        let name = self.unique_name(&name, &account);
        let contact = self.contact_mut(account)?;
        contact.name = name;
        contact.named_by_us = true;
        self.contact_event(account);
        self.contact(account)
    }

    /// A contact tells a new name.
    pub(super) fn on_name(&mut self, account: AccountId, name: &str) {
        if self.take_name(account, name) {
            self.contact_event(account);
        }
    }

    /// A contact's own name for themselves; kept only while we have given none. Returns whether it is news.
    pub(super) fn take_name(&mut self, account: AccountId, name: &str) -> bool {
        let name = text::clean_name(name);
        if name.is_empty() {
            return false;
        }
        let name = self.unique_name(&name, &account);
        match self.contacts.get_mut(&account) {
            Some(contact) if !contact.named_by_us && contact.name != name => {
                contact.name = name;
                self.dirty_contacts.insert(account);
                true
            }
            _ => false,
        }
    }

    /// A name no other contact has, nor one that looks the same: a mark from the account's key is added if need be.
    pub(super) fn unique_name(&self, name: &str, account: &AccountId) -> String {
        let taken = |name: &str| {
            let (handle, skeleton) = (text::handle(name), text::skeleton(name));
            self.contacts.values().any(|contact| {
                contact.account != *account
                    && contact.state != ContactState::Removed
                    && (text::handle(&contact.name) == handle || text::skeleton(&contact.name) == skeleton)
            })
        };
        if !taken(name) {
            return name.to_owned();
        }
        let id = crate::ids::base32().encode(&account.0);
        (1..=6usize)
            .filter_map(|step| id.get(..step.saturating_mul(4)))
            .map(|mark| text::clean_name(&format!("{mark} {name}")))
            .find(|marked| !taken(marked))
            .unwrap_or_else(|| id.chars().take(32).collect())
    }

    pub(super) fn block(&mut self, account: AccountId) -> Result<Reply, Refusal> {
        self.contacts.get(&account).ok_or(Refusal::NoContact)?;
        self.part_with(account, ContactState::Blocked, "you blocked them");
        self.contact(account)
    }

    pub(super) fn unblock(&mut self, account: AccountId) -> Result<Reply, Refusal> {
        let contact = self.contact_mut(account)?;
        if contact.state == ContactState::Blocked {
            contact.state =
                if contact.rv_in.is_some() { ContactState::Accepted } else { ContactState::Removed };
            self.contact_event(account);
            for device in self.devices_of(account) {
                self.timers.set(Timer::Dial(device), self.now.mono_ms);
            }
        }
        self.contact(account)
    }

    pub(super) fn remove(&mut self, account: AccountId) -> Result<Reply, Refusal> {
        self.contacts.get(&account).ok_or(Refusal::NoContact)?;
        self.part_with(account, ContactState::Removed, "you removed them");
        self.contact(account)
    }

    /// No more links, dials or waiting messages; each of those ends visibly.
    fn part_with(&mut self, account: AccountId, state: ContactState, why: &str) {
        for device in self.devices_of(account) {
            self.show_parked(device);
        }
        if let Some(contact) = self.contacts.get_mut(&account) {
            contact.state = state;
            contact.join = None;
            if state == ContactState::Removed {
                contact.reason = Some(why.to_owned());
                contact.verified = false;
            }
        }
        self.dirty_contacts.insert(account);
        self.requests.remove(&account);
        self.change(Change::Drop { space: Space::Request, key: key::account(&account) });
        self.timers.clear(&Timer::Join(account));
        self.forget_request(account);
        self.end_ask(account, "declined");
        self.dials.retain(|_, ringing| ringing.purpose != DialPurpose::Join(account));
        let joining: Vec<LinkId> = self
            .links
            .iter()
            .filter(|(_, link)| link.purpose == Purpose::Join(account))
            .map(|(id, _)| *id)
            .collect();
        for link in joining {
            self.close_link(link);
        }
        for device in self.devices_of(account) {
            self.forget_letters(device);
            // Who is in a room with us still gets what is about that.
            let stays = self.is_fellow(&account);
            let ends = |row: &super::state::OutRow| !(stays && super::peer::is_of_room(row));
            let rows: Vec<u64> = self
                .peers
                .get(&device)
                .map(|peer| peer.outbox.iter().filter(|(_, row)| ends(row)).map(|(n, _)| *n).collect())
                .unwrap_or_default();
            for number in rows {
                self.end_row(device, number, MessageState::Failed, Some(why.to_owned()));
            }
            let links: Vec<LinkId> = self
                .links
                .iter()
                .filter(|(_, link)| link.device == Some(device) || link.purpose == Purpose::Live(device))
                .map(|(id, _)| *id)
                .collect();
            for link in links {
                let conn = self.links.get(&link).map(|link| link.conn);
                self.close_link(link);
                if let Some(conn) = conn {
                    self.net(NetCommand::CloseConn { conn });
                }
            }
            self.timers.clear(&Timer::Dial(device));
        }
        self.presence.remove(&account);
        self.await_card(account);
        self.contact_event(account);
    }

    pub(super) fn verify(&mut self, account: AccountId, matches: bool) -> Result<Reply, Refusal> {
        let contact = self.contact_mut(account)?;
        contact.verified = matches;
        if matches {
            contact.key_changed = false;
        }
        self.contact_event(account);
        self.contact(account)
    }

    /// Shows or hides how we are from one contact.
    pub(super) fn set_visibility(&mut self, account: AccountId, visible: bool) -> Result<Reply, Refusal> {
        if !self.contacts.contains_key(&account) {
            return Err(Refusal::NoContact);
        }
        self.contact_mut(account)?.hidden = !visible;
        let presence = self.presence_for(account);
        for device in self.devices_of(account) {
            self.frame_to(device, &FrameOut::Presence(presence));
        }
        self.contact(account)
    }

    pub(super) fn safety(&self, account: AccountId) -> Result<Reply, Refusal> {
        self.contacts.get(&account).ok_or(Refusal::NoContact)?;
        Ok(Reply::SafetyNumber(safety_number(&self.own.account, &account)))
    }

    pub(super) fn set_name(&mut self, name: &str) -> Result<Reply, Refusal> {
        let name = text::clean_name(name);
        if name.is_empty() {
            return Err(Refusal::Empty);
        }
        self.own.name = name.clone();
        self.own_dirty = true;
        let accepted: Vec<AccountId> =
            self.contacts.values().filter(|c| c.state == ContactState::Accepted).map(|c| c.account).collect();
        for account in accepted {
            // A full outbox keeps the old name there until the next change.
            let _ = self.send_control(ChatId::from(account), &Body::Name(name.clone()));
        }
        self.rename_in_rooms();
        Ok(Reply::Done)
    }
}

pub(super) fn new_contact(account: AccountId, rv_out: [u8; 32]) -> Contact {
    Contact {
        account,
        name: String::new(),
        named_by_us: false,
        state: ContactState::Pending,
        reason: None,
        verified: false,
        key_changed: false,
        rv_in: None,
        rv_out,
        manifest: None,
        join: None,
        last_seen: None,
        hidden: false,
    }
}

/// A mark from a key, to tell two people of one name apart: four characters of the account id.
pub(super) fn short(account: &AccountId) -> String {
    crate::ids::base32().encode(&account.0).chars().take(4).collect()
}
