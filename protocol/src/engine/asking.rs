//! Invites and requests: how two people become contacts (docs/spec/02-identity.md, "Consent").

use super::command::{ContactState, InviteView, Refusal, Reply, RequestView};
use super::links::Purpose;
use super::net::{ConnId, LinkProtocol};
use super::people::{new_contact, short};
use super::state::{self, InviteRecord, Join, RequestRecord, key};
use super::step::{Change, Event, Space};
use super::{Engine, Timer};
use crate::content::{Accept, Body};
use crate::identity::{Card, Manifest};
use crate::ids::{AccountId, ChatId, InviteId};
use crate::invite::{Invite, Request};
use crate::limits::{CONTACTS, INVITE_HINTS, INVITES, NOTE_CHARS, REQUESTS};
use crate::text;
use crate::time::DAY_MS;
use crate::wire::Signed;

/// How long a joiner keeps asking when the link does not say: as long as a default invite lives.
const JOIN_MS: u64 = 7 * DAY_MS;
/// Room that must be in a queue for the message of consent.
const ACCEPT_BYTES: usize = 8 * 1024;
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
            private,
            askers: Vec::new(),
        };
        let invite = self.invite_of(&record);
        let id = invite.id();
        self.changes.extend(state::put_second(Space::Invite, key::invite(&id), &record));
        let view = invite_view(&invite, &record);
        self.invites.insert(id, record);
        self.stale = true;
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
            .filter(|record| record.is_live(lived_ms) && !self.is_for_who_is_near(record))
            .map(|record| {
                let mut view = invite_view(&self.invite_of(record), record);
                view.link = self.link_text(view.invite).unwrap_or(view.link);
                view
            })
            .collect();
        views.sort_by_key(|view| view.until);
        Reply::Invites(views)
    }

    pub(super) fn invite_revoke(&mut self, invite: InviteId) -> Result<Reply, Refusal> {
        let mut record = self.invites.get(&invite).cloned().ok_or(Refusal::NoInvite)?;
        record.revoked = true;
        self.put_invite(invite, record.clone());
        Ok(Reply::Invite(invite_view(&self.invite_of(&record), &record)))
    }

    // ---- asking -----------------------------------------------------------------------------------------------

    pub(super) fn add(&mut self, link: &str, name: Option<&str>, note: &str) -> Result<Reply, Refusal> {
        let invite =
            Invite::from_link(link).map_err(|error| Refusal::BadLink { reason: error.to_string() })?;
        self.add_by(invite, name, note)
    }

    /// Asks somebody by an invite of theirs.
    pub(super) fn add_by(
        &mut self,
        invite: Invite,
        name: Option<&str>,
        note: &str,
    ) -> Result<Reply, Refusal> {
        if invite.root == self.own.account {
            return Err(Refusal::OwnLink);
        }
        if note.chars().count() > NOTE_CHARS {
            return Err(Refusal::TooLong { what: "the note", limit: "200 characters" });
        }
        let account = invite.root;
        match self.contacts.get(&account).map(|contact| contact.state) {
            Some(ContactState::Blocked) => return Err(Refusal::Blocked),
            None if self.contacts.len() >= CONTACTS => {
                return Err(Refusal::Full { what: "the list of people", limit: "2,000" });
            }
            _ => {}
        }
        let join = Join {
            secret: invite.secret,
            hints: invite.hints,
            note: text::clean_line(note),
            until_lived_ms: self.lived_ms().saturating_add(JOIN_MS),
            requested: false,
        };
        self.begin_join(account, name, join);
        // Somebody who asked us before we asked them: both want it.
        if self.requests.contains_key(&account) {
            return self.request_accept(account);
        }
        self.try_join(account);
        self.contact(account)
    }

    /// Somebody we ask from now on. Who is a contact already stays one: they may have lost or removed us.
    fn begin_join(&mut self, account: AccountId, name: Option<&str>, join: Join) {
        let wanted = name.map(text::clean_name).filter(|name| !name.is_empty());
        let fallback_name = format!("invited-{}", short(&account));
        let name = self.unique_name(wanted.as_deref().unwrap_or(&fallback_name), &account);
        let rv_out = self.rng.bytes();
        let contact = self.contacts.entry(account).or_insert_with(|| new_contact(account, rv_out));
        contact.join = Some(join);
        if contact.state != ContactState::Accepted {
            contact.state = ContactState::Pending;
            contact.reason = None;
            contact.name = name;
            contact.named_by_us = wanted.is_some();
        }
        self.join_failures.remove(&account);
        self.forget_request(account);
        self.dirty_contacts.insert(account);
        self.contact_event(account);
    }

    /// The request we hand to an inviter.
    pub(super) fn request_for(&mut self, invite: &Invite) -> Option<Signed> {
        let rv_out = self.contacts.get(&invite.root)?.rv_out;
        let card = self.own_card(&rv_out)?;
        let contact = self.contacts.get(&invite.root)?;
        let request = Request {
            invite: invite.id(),
            inviter: invite.root,
            card,
            name: self.own.name.clone(),
            note: contact.join.as_ref()?.note.clone(),
            rv_out,
            proof: invite.proof(&self.own.account),
            ext: Vec::new(),
        };
        request.sign(&self.own.device).ok()
    }

    pub(super) fn give_up_join(&mut self, account: AccountId) {
        if let Some(contact) = self.contacts.get_mut(&account) {
            contact.join = None;
            self.dirty_contacts.insert(account);
            if contact.state == ContactState::Pending {
                contact.state = ContactState::Removed;
                contact.reason = Some("no answer".to_owned());
                self.contact_event(account);
            }
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
        let (request, card, manifest) = self.open_request(signed, id)?;
        if manifest.device(&card.device)?.noise != *remote {
            return None;
        }
        if let Some(conn) = self.conns.get_mut(&conn) {
            conn.joiner = Some(card.device);
        }
        self.take_request(id, request, manifest.account)
    }

    /// A request made with an invite of ours, its card and its manifest.
    pub(super) fn open_request(&self, signed: &Signed, id: InviteId) -> Option<(Request, Card, Manifest)> {
        Request::open(signed, &self.invite_of(self.invites.get(&id)?)).ok()
    }

    /// A request of an account, by whatever road it came. `None` when it must not be answered.
    pub(super) fn take_request(&mut self, id: InviteId, request: Request, account: AccountId) -> Option<()> {
        let lived_ms = self.lived_ms();
        let record = self.invites.get(&id)?.clone();
        let standing = self.contacts.get(&account).map(|contact| contact.state);
        let asked_before = self.requests.contains_key(&account);
        if standing == Some(ContactState::Blocked) {
            return Some(());
        }
        let fresh = !asked_before && standing != Some(ContactState::Accepted);
        if fresh && (!record.is_live(lived_ms) || self.requests.len() >= REQUESTS) {
            return None;
        }
        self.count_use(id, account, fresh);
        self.note_wish(id, account);
        let name = text::clean_name(&request.name);
        let entry = RequestRecord {
            name: if name.is_empty() { format!("guest-{}", short(&account)) } else { name },
            note: text::clean_line(&request.note),
            card: request.card,
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

    /// An invite was used, and by whom: its card must stay findable for them until we meet.
    fn count_use(&mut self, id: InviteId, account: AccountId, fresh: bool) {
        let Some(mut record) = self.invites.get(&id).cloned() else { return };
        record.uses = record.uses.saturating_sub(u32::from(fresh));
        record.askers.retain(|asker| *asker != account && self.is_answerable(asker));
        record.askers.push(account);
        let excess = record.askers.len().saturating_sub(REQUESTS);
        record.askers.drain(..excess);
        self.put_invite(id, record);
    }

    /// Somebody is linked to us: they need no invite to find us.
    pub(super) fn asker_met(&mut self, account: AccountId) {
        let asked = self.invites.iter().filter(|(_, record)| record.askers.contains(&account));
        let asked: Vec<(InviteId, InviteRecord)> = asked.map(|(id, record)| (*id, record.clone())).collect();
        for (id, mut record) in asked {
            record.askers.retain(|asker| *asker != account);
            self.put_invite(id, record);
        }
    }

    fn put_invite(&mut self, id: InviteId, record: InviteRecord) {
        if self.invites.get(&id) != Some(&record) {
            // One for who is near is over with this run at the latest.
            if !self.is_for_who_is_near(&record) {
                self.changes.extend(state::put_second(Space::Invite, key::invite(&id), &record));
            }
            self.invites.insert(id, record);
            self.stale = true;
        }
    }

    /// Whether somebody who asked by an invite may still have to find us by it.
    pub(super) fn is_awaited(&self, invite: &InviteRecord) -> bool {
        !invite.revoked && invite.askers.iter().any(|asker| self.is_answerable(asker))
    }

    /// Whether somebody's request is open, or was accepted.
    fn is_answerable(&self, asker: &AccountId) -> bool {
        self.requests.contains_key(asker) || self.is_accepted(asker)
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
        if self.own.peer_id.is_empty() {
            return Err(Refusal::BadKeys { reason: "the network is not up yet".to_owned() });
        }
        let known = self.contacts.contains_key(&account);
        self.take_asker(account, &request)?;
        let rv_out = self.contacts.get(&account).ok_or(Refusal::NoContact)?.rv_out;
        let Some(card) = self.own_card(&rv_out) else {
            self.forget_new(account, known);
            return Err(Refusal::BadKeys { reason: "our card cannot be made".to_owned() });
        };
        let name = self.unique_name(&request.name, &account);
        let Some(contact) = self.contacts.get_mut(&account) else { return Err(Refusal::NoContact) };
        if contact.name.is_empty() || !contact.named_by_us {
            contact.name = name;
        }
        contact.state = ContactState::Accepted;
        contact.reason = None;
        contact.rv_in = Some(request.rv_in);
        contact.join = None;
        self.dirty_contacts.insert(account);
        self.timers.clear(&Timer::Join(account));
        self.requests.remove(&account);
        self.change(Change::Drop { space: Space::Request, key: key::account(&account) });
        let accept = Accept { name: self.own.name.clone(), rv_out, card, ext: Vec::new() };
        self.send_control(ChatId::from(account), &Body::Accept(Box::new(accept)))?;
        self.contact_event(account);
        self.meet_fellow(account);
        self.end_wish(account, true);
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

    /// Takes in the devices of somebody who asks, before they are accepted. Changes nothing when that fails.
    fn take_asker(&mut self, account: AccountId, request: &RequestRecord) -> Result<(), Refusal> {
        let known = self.contacts.contains_key(&account);
        if !known && self.contacts.len() >= CONTACTS {
            return Err(Refusal::Full { what: "the list of people", limit: "2,000" });
        }
        let rv_out = self.rng.bytes();
        self.contacts.entry(account).or_insert_with(|| new_contact(account, rv_out));
        if !self.is_accepted(&account) {
            self.await_card(account);
        }
        if let Err(full) = self.check_room(ChatId::from(account), ACCEPT_BYTES) {
            self.forget_new(account, known);
            return Err(full);
        }
        if self.take_card(None, &request.card).is_none() || self.devices_of(account).is_empty() {
            self.forget_new(account, known);
            return Err(Refusal::BadKeys { reason: "their card does not hold".to_owned() });
        }
        Ok(())
    }

    fn forget_new(&mut self, account: AccountId, known: bool) {
        if !known {
            self.contacts.remove(&account);
        }
    }

    pub(super) fn request_drop(&mut self, account: AccountId) -> Result<Reply, Refusal> {
        self.requests.remove(&account).ok_or(Refusal::NoRequest)?;
        self.end_wish(account, false);
        self.stale = true;
        self.change(Change::Drop { space: Space::Request, key: key::account(&account) });
        Ok(Reply::Done)
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

/// The addresses a link should carry: those others may reach, QUIC before TCP, no loopback if there is another.
pub(super) fn best_hints(addrs: &[String]) -> Vec<String> {
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
