//! Contacts, requests and invites: who may talk to us, and how they come and go (docs/spec/02-identity.md,
//! "Consent").

use super::command::{ContactState, ContactView, InviteView, Presence, Refusal, Reply, RequestView};
use super::dial::DialPurpose;
use super::links::Purpose;
use super::net::{ConnId, LinkId, LinkProtocol, NetCommand};
use super::peer::Peer;
use super::state::{self, Contact, DeviceRecord, InviteRecord, Join, RequestRecord, key};
use super::step::{Change, Event, MessageState, Space};
use super::{Engine, Timer};
use crate::content::{Accept, Body};
use crate::identity::{Manifest, safety_number};
use crate::ids::{AccountId, ChatId, DeviceId, InviteId};
use crate::invite::{Invite, Request};
use crate::limits::{CONTACTS, INVITE_HINTS, INVITES, NOTE_CHARS, REQUESTS};
use crate::text;
use crate::time::DAY_MS;
use crate::wire::Signed;

/// How long a joiner keeps asking when the link does not say: as long as a default invite lives.
const JOIN_MS: u64 = 7 * DAY_MS;
/// The longest life of an invite.
const INVITE_MS: u64 = 90 * DAY_MS;

impl Engine {
    // ---- invites ----------------------------------------------------------------------------------------------

    pub(super) fn invite_new(
        &mut self,
        uses: u32,
        valid_ms: u64,
        private: bool,
        auto_accept: bool,
    ) -> Result<Reply, Refusal> {
        if !(1..=1000).contains(&uses) {
            return Err(Refusal::OutOfRange { what: "uses", range: "1 to 1000" });
        }
        if !(60_000..=INVITE_MS).contains(&valid_ms) {
            return Err(Refusal::OutOfRange { what: "the life of an invite", range: "1 minute to 90 days" });
        }
        if self.live_invites().len() >= INVITES {
            return Err(Refusal::Full {
                what: "the list of invites",
                limit: "64 open ones; revoke one first",
            });
        }
        let hints = if private { Vec::new() } else { best_hints(&self.own.addrs) };
        let record = InviteRecord {
            secret: self.rng.bytes(),
            hints,
            uses,
            until_lived_ms: self.lived_ms().saturating_add(valid_ms),
            until_wall_ms: self.now.wall_ms.saturating_add(i64::try_from(valid_ms).unwrap_or(i64::MAX)),
            auto_accept,
            revoked: false,
        };
        let invite = self.invite_of(&record);
        let id = invite.id();
        self.changes.extend(state::put(Space::Invite, key::invite(&id), &record));
        let view = invite_view(&invite, &record);
        self.invites.insert(id, record);
        Ok(Reply::Invite(view))
    }

    fn invite_of(&self, record: &InviteRecord) -> Invite {
        Invite { root: self.own.account, secret: record.secret, hints: record.hints.clone() }
    }

    pub(super) fn invite_list(&self) -> Reply {
        let lived_ms = self.lived_ms();
        let mut views: Vec<InviteView> = self
            .invites
            .values()
            .filter(|record| !record.revoked && record.uses > 0 && record.until_lived_ms > lived_ms)
            .map(|record| invite_view(&self.invite_of(record), record))
            .collect();
        views.sort_by_key(|view| view.until);
        Reply::Invites(views)
    }

    pub(super) fn invite_revoke(&mut self, invite: InviteId) -> Result<Reply, Refusal> {
        let record = self.invites.get_mut(&invite).ok_or(Refusal::NoInvite)?;
        record.revoked = true;
        let record = record.clone();
        self.changes.extend(state::put(Space::Invite, key::invite(&invite), &record));
        Ok(Reply::Invite(invite_view(&self.invite_of(&record), &record)))
    }

    // ---- asking -----------------------------------------------------------------------------------------------

    pub(super) fn add(&mut self, link: &str, name: Option<&str>, note: &str) -> Result<Reply, Refusal> {
        let invite =
            Invite::from_link(link).map_err(|error| Refusal::BadLink { reason: error.to_string() })?;
        if invite.root == self.own.account {
            return Err(Refusal::OwnLink);
        }
        if note.chars().count() > NOTE_CHARS {
            return Err(Refusal::TooLong { what: "the note", limit: "200 characters" });
        }
        let account = invite.root;
        match self.contacts.get(&account).map(|contact| contact.state) {
            Some(ContactState::Accepted) => return self.contact(account),
            Some(ContactState::Blocked) => return Err(Refusal::Blocked),
            None if self.contacts.len() >= CONTACTS => {
                return Err(Refusal::Full { what: "the list of people", limit: "2,000" });
            }
            _ => {}
        }
        let wanted = name.map(text::clean_name).filter(|name| !name.is_empty());
        let named_by_us = wanted.is_some();
        let fallback_name = format!("invited-{}", short(&account));
        let name = self.unique_name(wanted.as_deref().unwrap_or(&fallback_name), &account);
        let join = Join {
            secret: invite.secret,
            hints: invite.hints,
            note: text::clean_line(note),
            until_lived_ms: self.lived_ms().saturating_add(JOIN_MS),
            requested: false,
        };
        let rv_out = self.rng.bytes();
        let contact = self.contacts.entry(account).or_insert_with(|| new_contact(account, rv_out));
        contact.state = ContactState::Pending;
        contact.reason = None;
        contact.join = Some(join);
        contact.name = name;
        contact.named_by_us = named_by_us;
        self.dirty_contacts.insert(account);
        self.contact_event(account);
        // Somebody who asked us before we asked them: both want it.
        if self.requests.contains_key(&account) {
            return self.request_accept(account);
        }
        self.try_join(account);
        self.contact(account)
    }

    /// The request we hand to an inviter.
    pub(super) fn request_for(&mut self, invite: &Invite) -> Option<Signed> {
        let card = self.own_card()?;
        let contact = self.contacts.get(&invite.root)?;
        let request = Request {
            invite: invite.id(),
            inviter: invite.root,
            card,
            name: self.own.name.clone(),
            note: contact.join.as_ref()?.note.clone(),
            rv_out: contact.rv_out,
            proof: invite.proof(&self.own.account),
            ext: Vec::new(),
        };
        request.sign(&self.own.device).ok()
    }

    pub(super) fn give_up_join(&mut self, account: AccountId) {
        if let Some(contact) = self.contacts.get_mut(&account) {
            contact.state = ContactState::Removed;
            contact.reason = Some("no answer".to_owned());
            contact.join = None;
            self.dirty_contacts.insert(account);
            self.contact_event(account);
        }
    }

    // ---- being asked ------------------------------------------------------------------------------------------

    /// A request over an invite stream. `None` when it must not be answered.
    pub(super) fn on_request(
        &mut self,
        signed: &Signed,
        id: InviteId,
        remote: &[u8; 32],
        conn: ConnId,
    ) -> Option<()> {
        let lived_ms = self.lived_ms();
        let record = self.invites.get(&id)?.clone();
        let invite = self.invite_of(&record);
        let (request, card, manifest) = Request::open(signed, &invite).ok()?;
        let account = manifest.account;
        if manifest.device(&card.device)?.noise != *remote {
            return None;
        }
        if let Some(conn) = self.conns.get_mut(&conn) {
            conn.joiner = Some(card.device);
        }
        let standing = self.contacts.get(&account).map(|contact| contact.state);
        let asked_before = self.requests.contains_key(&account);
        if standing == Some(ContactState::Blocked) {
            return Some(());
        }
        let fresh = !asked_before && standing != Some(ContactState::Accepted);
        if fresh {
            if record.revoked
                || record.uses == 0
                || record.until_lived_ms <= lived_ms
                || self.requests.len() >= REQUESTS
            {
                return None;
            }
            let record = self.invites.get_mut(&id)?;
            record.uses = record.uses.saturating_sub(1);
            let record = record.clone();
            self.changes.extend(state::put(Space::Invite, key::invite(&id), &record));
        }
        let name = text::clean_name(&request.name);
        let entry = RequestRecord {
            name: if name.is_empty() { format!("guest-{}", short(&account)) } else { name },
            note: text::clean_line(&request.note),
            card: request.card.clone(),
            rv_in: request.rv_out,
            at: self.now.wall_ms,
        };
        self.changes.extend(state::put(Space::Request, key::account(&account), &entry));
        let (name, note) = (entry.name.clone(), entry.note.clone());
        self.requests.insert(account, entry);
        let both = matches!(standing, Some(ContactState::Accepted | ContactState::Pending));
        if both || record.auto_accept {
            let _ = self.request_accept(account);
        } else if fresh {
            self.change(Change::Event(Event::Request { account, name, note }));
        }
        Some(())
    }

    pub(super) fn request_list(&self) -> Reply {
        let mut views: Vec<RequestView> = self
            .requests
            .iter()
            .map(|(account, request)| RequestView {
                account: *account,
                name: request.name.clone(),
                note: request.note.clone(),
                at: request.at,
            })
            .collect();
        views.sort_by_key(|view| (view.at, view.account));
        Reply::Requests(views)
    }

    pub(super) fn request_accept(&mut self, account: AccountId) -> Result<Reply, Refusal> {
        let request = self.requests.get(&account).cloned().ok_or(Refusal::NoRequest)?;
        let name = self.unique_name(&request.name, &account);
        let rv_out = self.rng.bytes();
        let contact = self.contacts.entry(account).or_insert_with(|| new_contact(account, rv_out));
        if contact.name.is_empty() || !contact.named_by_us {
            contact.name = name;
        }
        contact.state = ContactState::Accepted;
        contact.reason = None;
        contact.rv_in = Some(request.rv_in);
        contact.join = None;
        let rv_out = contact.rv_out;
        self.dirty_contacts.insert(account);
        self.timers.clear(&Timer::Join(account));
        self.take_card(None, &request.card)
            .ok_or(Refusal::BadKeys { reason: "their card does not hold".to_owned() })?;
        self.requests.remove(&account);
        self.change(Change::Drop { space: Space::Request, key: key::account(&account) });
        let card =
            self.own_card().ok_or(Refusal::BadKeys { reason: "the network is not up yet".to_owned() })?;
        let accept = Accept { name: self.own.name.clone(), rv_out, card, ext: Vec::new() };
        self.send_control(ChatId::from(account), &Body::Accept(Box::new(accept)))?;
        self.contact_event(account);
        // The connection the request came on may still stand: answer there.
        for device in self.devices_of(account) {
            let conn = self.conns.iter().find(|(_, conn)| conn.joiner == Some(device)).map(|(id, _)| *id);
            match conn {
                Some(conn) if self.live_link(device).is_none() => {
                    self.open_link(conn, LinkProtocol::Live, Purpose::Live(device));
                }
                _ => self.timers.set_earlier(Timer::Dial(device), self.now.mono_ms),
            }
        }
        self.contact(account)
    }

    pub(super) fn request_drop(&mut self, account: AccountId) -> Result<Reply, Refusal> {
        self.requests.remove(&account).ok_or(Refusal::NoRequest)?;
        self.change(Change::Drop { space: Space::Request, key: key::account(&account) });
        Ok(Reply::Done)
    }

    // ---- contacts ---------------------------------------------------------------------------------------------

    pub(super) fn people(&self) -> Reply {
        let mut views: Vec<ContactView> = self.contacts.values().map(|contact| self.view(contact)).collect();
        views.sort_by(|a, b| (a.name.to_lowercase(), a.account).cmp(&(b.name.to_lowercase(), b.account)));
        Reply::People(views)
    }

    fn contact(&self, account: AccountId) -> Result<Reply, Refusal> {
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
        ContactView {
            account: contact.account,
            name: contact.name.clone(),
            state: contact.state,
            reason: contact.reason.clone(),
            verified: contact.verified,
            key_changed: contact.key_changed,
            presence,
            via,
            last_seen: contact.last_seen,
            waiting,
            next_try_ms: next.map(|at| at.saturating_sub(self.now.mono_ms)),
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

    /// A contact's own name for themselves; kept only while we have given none.
    pub(super) fn on_name(&mut self, account: AccountId, name: &str) {
        let name = text::clean_name(name);
        if name.is_empty() {
            return;
        }
        let name = self.unique_name(&name, &account);
        if let Some(contact) = self.contacts.get_mut(&account)
            && !contact.named_by_us
            && contact.name != name
        {
            contact.name = name;
            self.dirty_contacts.insert(account);
            self.contact_event(account);
        }
    }

    /// A name no other contact has, nor one that looks the same: a mark from the account's key is added if need be.
    fn unique_name(&self, name: &str, account: &AccountId) -> String {
        let taken = |name: &str| {
            let (handle, skeleton) = (text::handle(name), text::skeleton(name));
            self.contacts.values().any(|contact| {
                contact.account != *account
                    && contact.state != ContactState::Removed
                    && (text::handle(&contact.name) == handle || text::skeleton(&contact.name) == skeleton)
            })
        };
        if taken(name) { text::clean_name(&format!("{} {name}", short(account))) } else { name.to_owned() }
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
        self.dials.retain(|_, purpose| *purpose != DialPurpose::Join(account));
        for device in self.devices_of(account) {
            let rows: Vec<u64> =
                self.peers.get(&device).map(|peer| peer.outbox.keys().copied().collect()).unwrap_or_default();
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
        Ok(Reply::Done)
    }

    // ---- devices ----------------------------------------------------------------------------------------------

    /// The devices of a contact's newest manifest: new ones are added, those not listed any more are dropped with
    /// their sessions.
    pub(super) fn take_devices(&mut self, account: AccountId, manifest: &Manifest) {
        for entry in &manifest.devices {
            self.peers.entry(entry.id).or_insert_with(|| {
                Peer::new(
                    entry.id,
                    DeviceRecord {
                        account,
                        sig: entry.sig,
                        noise: entry.noise,
                        olm: entry.olm,
                        fallback: None,
                        card_seq: 0,
                        addrs: Vec::new(),
                        reset_lived_ms: None,
                        tombstones: Vec::new(),
                        sending: None,
                    },
                )
            });
            self.active_peers.insert(entry.id);
        }
        let gone: Vec<DeviceId> =
            self.devices_of(account).into_iter().filter(|device| manifest.device(device).is_none()).collect();
        for device in gone {
            self.drop_device(device, manifest);
        }
    }

    /// A device that is no more. What waited for it goes to the devices that are left.
    fn drop_device(&mut self, device: DeviceId, manifest: &Manifest) {
        let links: Vec<LinkId> =
            self.links.iter().filter(|(_, link)| link.device == Some(device)).map(|(id, _)| *id).collect();
        for link in links {
            self.close_link(link);
        }
        self.timers.clear(&Timer::Dial(device));
        let Some(mut peer) = self.peers.remove(&device) else { return };
        self.active_peers.remove(&device);
        self.change(Change::Drop { space: Space::Device, key: key::device(&device) });
        let sessions: Vec<_> = peer.sessions.keys().copied().collect();
        for session in sessions {
            self.change(Change::Drop { space: Space::Session, key: key::session(&device, &session) });
        }
        let lived_ms = self.lived_ms();
        let heirs: Vec<DeviceId> = manifest.devices.iter().map(|entry| entry.id).collect();
        let rows: Vec<u64> = peer.outbox.keys().copied().collect();
        for number in rows {
            let Some(mut row) = peer.drop_row(number) else { continue };
            self.change(Change::Drop { space: Space::Outbox, key: key::numbered(&device, number) });
            let Ok(content) = crate::wire::decode::<crate::content::Content>(&row.content) else { continue };
            row.part = None;
            row.attempt = row.attempt.saturating_add(1);
            for heir in &heirs {
                if let Some(peer) = self.peers.get_mut(heir)
                    && !peer.by_message.contains_key(&row.msg_id)
                {
                    peer.enqueue(&self.own.olm, &content, row.clone(), lived_ms);
                    self.active_peers.insert(*heir);
                }
            }
        }
    }

    /// The device of a contact (or of somebody we asked) that holds a Noise key.
    pub(super) fn known_caller(&self, noise: &[u8; 32]) -> Option<DeviceId> {
        self.peers
            .values()
            .find(|peer| peer.record.noise == *noise)
            .filter(|peer| {
                self.contacts.get(&peer.account()).is_some_and(|contact| {
                    matches!(contact.state, ContactState::Accepted | ContactState::Pending)
                })
            })
            .map(|peer| peer.id)
    }
}

fn new_contact(account: AccountId, rv_out: [u8; 32]) -> Contact {
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
    }
}

fn invite_view(invite: &Invite, record: &InviteRecord) -> InviteView {
    InviteView {
        invite: invite.id(),
        link: invite.to_link(),
        uses: record.uses,
        until: crate::time::clamp_wall(record.until_wall_ms),
        revoked: record.revoked,
    }
}

/// A mark from a key, to tell two people of one name apart: four characters of the account id.
fn short(account: &AccountId) -> String {
    crate::ids::base32().encode(&account.0).chars().take(4).collect()
}

/// The addresses a link should carry: those others may reach, QUIC before TCP, no loopback if there is another.
fn best_hints(addrs: &[String]) -> Vec<String> {
    let rank = |addr: &String| {
        let loopback = addr.starts_with("/ip4/127.") || addr.starts_with("/ip6/::1/");
        let link_local = addr.starts_with("/ip6/fe80");
        let v6 = addr.starts_with("/ip6/");
        let tcp = addr.contains("/tcp/");
        (loopback, link_local, v6, tcp)
    };
    let mut sorted: Vec<String> = addrs.to_vec();
    sorted.sort_by_key(|addr| (rank(addr), addr.clone()));
    let only_loopback = sorted.first().is_some_and(|first| rank(first).0);
    sorted.retain(|addr| only_loopback || !rank(addr).0);
    sorted.truncate(INVITE_HINTS);
    sorted
}
