//! Links from their first byte to their last: who calls, the handshake, and what is left when one ends
//! (docs/spec/03-live.md).
//!
//! ```text
//!  we open:    Opening ──opened──► Live: Greeting ──msg2──► Up
//!                          │─────► Invite: Joining ──msg2──► Asked ──Held──► (closed)
//!                          ├─────► Knock: Knocking ──index──► (closed, then a live link)
//!                          └─────► Mail: Mail (`mail::line`)
//!  they open:  opened ───────────► Live: Listening ──msg1──► Answered ──first frame──► Up
//!                                  Invite: Listening ──tag+msg1──► Inviting ──msg3──► Hearing ──Request──► (closed)
//!                                  Knock: Listening ──nonce+entries──► (index, closed)
//! ```
//! Whoever fails any step is closed without a word.

use super::command::Presence;
use super::live::{self, FrameOut};
use super::net::{ConnId, LinkId, LinkProtocol, NetCommand};
use super::{Engine, Timer};
use crate::ids::{AccountId, DeviceId, InviteId, MailboxId};
use crate::noise::{STREAM_LIFE_BYTES, STREAM_LIFE_MS, Transport, invite, live as noise_live};
use crate::time::{MINUTE_MS, SECOND_MS};

/// A handshake that is not done by now is closed: slow strangers must not hold streams.
pub(super) const HANDSHAKE_MS: u64 = 10 * SECOND_MS;
/// The longest time before a stranger is closed, so that the refusal's time tells nothing about a look-up.
const STRANGER_MS: u64 = 200;

/// Where a link stands.
pub(super) enum LinkState {
    Opening,
    Listening,
    Stranger,
    Greeting(Box<noise_live::Initiator>),
    Answered(Box<Transport>),
    Up(Box<Transport>),
    Joining(Box<invite::Joiner>),
    Asked(Box<Transport>),
    Inviting(Box<invite::Inviter>, InviteId),
    Hearing(Box<Transport>, InviteId, [u8; 32]),
    Knocking(Vec<AccountId>),
    /// To a mailbox: how far it is, its line knows.
    Mail,
    /// About open channels: how far it is, its neighbour knows.
    Open,
    Closed,
}

/// What a link is for, on the side that opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    Live(DeviceId),
    Join(AccountId),
    Knock,
    Mail(MailboxId),
    Open,
    Incoming,
}

/// One stream.
pub(super) struct Link {
    pub conn: ConnId,
    pub protocol: LinkProtocol,
    pub purpose: Purpose,
    pub device: Option<DeviceId>,
    pub state: LinkState,
    pub local_peer: Vec<u8>,
    pub remote_peer: Vec<u8>,
    pub initiator: bool,
    /// Whether the other side has said, with a card, which device it is. Must be its first frame.
    pub carded: bool,
    /// How the other side said it is.
    pub said: Option<Presence>,
    /// Counts links as they come up: the highest is the newest.
    pub up: u64,
}

impl Engine {
    /// Opens a stream on a standing connection.
    pub(super) fn open_link(&mut self, conn: ConnId, protocol: LinkProtocol, purpose: Purpose) {
        if self.is_invisible() {
            return;
        }
        let link = self.number();
        let device = if let Purpose::Live(device) = &purpose { Some(*device) } else { None };
        let (local_peer, remote_peer) = (Vec::new(), Vec::new());
        let state = LinkState::Opening;
        self.links.insert(
            link,
            Link {
                conn,
                protocol,
                purpose,
                device,
                state,
                local_peer,
                remote_peer,
                initiator: true,
                carded: false,
                said: None,
                up: 0,
            },
        );
        self.timers.set(Timer::Handshake(link), self.now.mono_ms.saturating_add(HANDSHAKE_MS));
        self.net(NetCommand::OpenLink { link, conn, protocol });
    }

    pub(super) fn on_link_opened(
        &mut self,
        link: LinkId,
        conn: ConnId,
        protocol: LinkProtocol,
        outbound: bool,
        local_peer: Vec<u8>,
        remote_peer: Vec<u8>,
    ) {
        if !outbound {
            let is_open = protocol == LinkProtocol::Open;
            let (state, purpose) = if is_open {
                (LinkState::Open, Purpose::Open)
            } else {
                (LinkState::Listening, Purpose::Incoming)
            };
            let new = Link {
                conn,
                protocol,
                purpose,
                device: None,
                state,
                local_peer,
                remote_peer,
                initiator: false,
                carded: false,
                said: None,
                up: 0,
            };
            self.links.insert(link, new);
            self.timers.set(Timer::Handshake(link), self.now.mono_ms.saturating_add(HANDSHAKE_MS));
            if is_open {
                self.neighbour_came(link);
            }
            return;
        }
        let Some(entry) = self.links.get_mut(&link) else {
            self.net(NetCommand::CloseLink { link });
            return;
        };
        entry.local_peer = local_peer;
        entry.remote_peer = remote_peer;
        if self.greet(link).is_none() {
            self.close_link(link);
        }
    }

    /// The first message of a link we opened.
    fn greet(&mut self, link: LinkId) -> Option<()> {
        let entry = self.links.get(&link)?;
        let (local, remote) = (entry.local_peer.clone(), entry.remote_peer.clone());
        let secret = self.own.device.noise_secret();
        let (state, message) = match entry.purpose.clone() {
            Purpose::Live(device) => {
                let remote_static = self.peers.get(&device)?.record.noise;
                let (initiator, message) =
                    noise_live::Initiator::start(secret, &remote_static, &local, &remote).ok()?;
                (LinkState::Greeting(Box::new(initiator)), message)
            }
            Purpose::Join(account) => {
                let invite = self.join_invite(account)?;
                let (joiner, noise) = invite::Joiner::start(secret, &invite, &local, &remote).ok()?;
                let mut message = invite.tag(&local, &remote).to_vec();
                message.extend_from_slice(&noise);
                (LinkState::Joining(Box::new(joiner)), message)
            }
            Purpose::Knock => {
                let (order, message) = self.knock_message(&local, &remote)?;
                (LinkState::Knocking(order), message)
            }
            Purpose::Mail(mailbox) => {
                let messages = self.mail_link_opened(link, mailbox)?;
                self.links.get_mut(&link)?.state = LinkState::Mail;
                self.write(link, messages);
                return Some(());
            }
            Purpose::Open => {
                self.links.get_mut(&link)?.state = LinkState::Open;
                self.neighbour_came(link);
                return Some(());
            }
            Purpose::Incoming => return None,
        };
        self.links.get_mut(&link)?.state = state;
        self.write(link, vec![message]);
        Some(())
    }

    pub(super) fn write(&mut self, link: LinkId, messages: Vec<Vec<u8>>) {
        self.writes.entry(link).or_default().extend(messages);
    }

    /// Ends a link; what was written before still goes out.
    pub(super) fn close_link(&mut self, link: LinkId) {
        if let Some(messages) = self.writes.remove(&link) {
            self.net(NetCommand::Write { link, messages });
        }
        self.net(NetCommand::CloseLink { link });
        self.on_link_closed(link);
    }

    pub(super) fn on_link_data(&mut self, link: LinkId, message: &[u8]) {
        let Some(entry) = self.links.get_mut(&link) else { return };
        if matches!(entry.state, LinkState::Up(_)) {
            if self.next_frame(link, message).is_none() {
                self.close_link(link);
            }
            return;
        }
        if let (LinkState::Mail, Purpose::Mail(mailbox)) = (&entry.state, &entry.purpose) {
            let mailbox = *mailbox;
            if self.mail_link_data(link, mailbox, message).is_none() {
                self.close_link(link);
            }
            return;
        }
        if matches!(entry.state, LinkState::Open) {
            return self.neighbour_says(link, message);
        }
        let protocol = entry.protocol;
        let state = std::mem::replace(&mut entry.state, LinkState::Closed);
        let next = match state {
            LinkState::Listening => match protocol {
                LinkProtocol::Live => self.hear_caller(link, message),
                LinkProtocol::Invite => self.hear_joiner(link, message),
                LinkProtocol::Knock => self.answer_knock(link, message),
                LinkProtocol::Mail | LinkProtocol::Open => None,
            },
            LinkState::Greeting(initiator) => self.greeted(link, *initiator, message),
            LinkState::Answered(transport) => self.first_frame(link, transport, message),
            LinkState::Joining(joiner) => self.met_inviter(link, *joiner, message),
            LinkState::Asked(transport) => self.was_held(link, transport, message),
            LinkState::Inviting(inviter, invite) => match inviter.finish(message) {
                Ok((transport, remote)) => Some(LinkState::Hearing(Box::new(transport), invite, remote)),
                Err(_) => None,
            },
            LinkState::Hearing(transport, invite, remote) => {
                self.hear_request(link, transport, invite, remote, message)
            }
            LinkState::Knocking(order) => self.knocked(link, &order, message),
            // More from a stranger changes nothing.
            LinkState::Stranger => Some(LinkState::Stranger),
            LinkState::Opening | LinkState::Up(_) | LinkState::Mail | LinkState::Open | LinkState::Closed => {
                None
            }
        };
        match (next, self.links.get_mut(&link)) {
            // A step that has set the state itself.
            (Some(LinkState::Closed), _) | (_, None) => {}
            (Some(state), Some(entry)) => entry.state = state,
            (None, Some(_)) => self.close_link(link),
        }
    }

    // ---- live -------------------------------------------------------------------------------------------------

    fn hear_caller(&mut self, link: LinkId, message: &[u8]) -> Option<LinkState> {
        let entry = self.links.get(&link)?;
        let secret = self.own.device.noise_secret();
        let responder =
            noise_live::Responder::read(secret, &entry.remote_peer, &entry.local_peer, message).ok();
        let responder = responder.filter(|_| !self.is_invisible());
        let device = responder.as_ref().and_then(|responder| self.known_caller(responder.remote_static()));
        let (Some(responder), Some(device)) = (responder, device) else {
            let wait = self.rng.below(STRANGER_MS.saturating_add(1));
            self.timers.clear(&Timer::Handshake(link));
            self.timers.set(Timer::Stranger(link), self.now.mono_ms.saturating_add(wait));
            return Some(LinkState::Stranger);
        };
        let (transport, answer) = responder.answer().ok()?;
        self.links.get_mut(&link)?.device = Some(device);
        self.write(link, vec![answer]);
        Some(LinkState::Answered(Box::new(transport)))
    }

    fn greeted(
        &mut self,
        link: LinkId,
        initiator: noise_live::Initiator,
        message: &[u8],
    ) -> Option<LinkState> {
        let transport = initiator.finish(message).ok()?;
        self.come_up(link, Box::new(transport))?;
        Some(LinkState::Closed)
    }

    fn first_frame(
        &mut self,
        link: LinkId,
        mut transport: Box<Transport>,
        message: &[u8],
    ) -> Option<LinkState> {
        // The caller has proven itself only with the first message that opens.
        let Some(frame) = transport.open(message).ok()? else { return Some(LinkState::Answered(transport)) };
        let known = self.links.get(&link)?.device?;
        let caller = self.caller_of(known, &live::card_of(&frame)?)?;
        self.links.get_mut(&link)?.device = Some(caller);
        self.come_up(link, transport)?;
        self.live_frame(link, &frame)?;
        Some(LinkState::Closed)
    }

    fn next_frame(&mut self, link: LinkId, message: &[u8]) -> Option<()> {
        let LinkState::Up(transport) = &mut self.links.get_mut(&link)?.state else { return None };
        let frame = transport.open(message).ok()?;
        if transport.bytes_moved() > STREAM_LIFE_BYTES {
            self.timers.set_earlier(Timer::Renew(link), self.now.mono_ms.saturating_add(SECOND_MS));
        }
        frame.map_or(Some(()), |frame| self.live_frame(link, &frame))
    }

    fn come_up(&mut self, link: LinkId, transport: Box<Transport>) -> Option<()> {
        let device = self.links.get(&link)?.device?;
        // Blocked or removed while the handshake went on.
        if !self.may_talk(&self.peers.get(&device)?.account()) {
            return None;
        }
        self.links_up = self.links_up.saturating_add(1);
        let up = self.links_up;
        let entry = self.links.get_mut(&link)?;
        entry.up = up;
        entry.state = LinkState::Up(transport);
        self.timers.clear(&Timer::Handshake(link));
        self.link_up(link, device);
        Some(())
    }

    /// A link that has just come up says who we are and takes over from older ones.
    fn link_up(&mut self, link: LinkId, device: DeviceId) {
        self.timers.clear(&Timer::Dial(device));
        self.failures.remove(&device);
        if self.links.get(&link).is_some_and(|entry| entry.initiator) {
            let life = STREAM_LIFE_MS.saturating_sub(self.rng.below(MINUTE_MS));
            self.timers.set(Timer::Renew(link), self.now.mono_ms.saturating_add(life));
        }
        self.learn_address(link, device);
        let older: Vec<LinkId> = self
            .links
            .iter()
            .filter(|(id, other)| {
                **id != link && other.device == Some(device) && matches!(other.state, LinkState::Up(_))
            })
            .map(|(id, _)| *id)
            .collect();
        self.tell_card(link);
        let presence =
            self.peers.get(&device).map_or(Presence::Hidden, |peer| self.presence_for(peer.account()));
        self.frame_on(link, &FrameOut::Presence(presence));
        if let Some(peer) = self.peers.get_mut(&device) {
            peer.rewind();
            self.active_peers.insert(device);
        }
        // Of two links between the same devices the one with the smaller id keeps the better road, of equal ones the
        // newer, and ends the others: one side decides alone, so the two never end each other's choice.
        if self.own.device_id < device {
            let best = self.live_link(device);
            for other in older.into_iter().chain([link]).filter(|other| Some(*other) != best) {
                self.close_link(other);
            }
        }
        self.ask_for_missing(device);
        self.presence_changed(device);
        self.hold_road(link, device);
        self.rooms_link_up(device);
        self.open_beside(link);
    }

    /// Puts a frame on a live link. Nothing happens when the link is not up.
    pub(super) fn frame_on(&mut self, link: LinkId, frame: &FrameOut) {
        let Ok(bytes) = frame.encode() else { return };
        let Some(LinkState::Up(transport)) = self.links.get_mut(&link).map(|entry| &mut entry.state) else {
            return;
        };
        match transport.seal(&bytes) {
            Ok(messages) => self.write(link, messages),
            Err(_) => self.close_link(link),
        }
    }

    /// Puts a frame on the best live link to a device. Returns whether there is one.
    pub(super) fn frame_to(&mut self, device: DeviceId, frame: &FrameOut) -> bool {
        match self.live_link(device) {
            Some(link) => {
                self.frame_on(link, frame);
                true
            }
            None => false,
        }
    }

    pub(super) fn on_link_closed(&mut self, link: LinkId) {
        self.writes.remove(&link);
        for timer in [Timer::Handshake(link), Timer::Stranger(link), Timer::Renew(link)] {
            self.timers.clear(&timer);
        }
        let Some(entry) = self.links.remove(&link) else { return };
        match (&entry.purpose, &entry.state) {
            (_, LinkState::Up(_)) => {
                if let Some(device) = entry.device {
                    self.live_link_lost(device);
                    self.leave_road(entry.conn, device);
                }
            }
            (Purpose::Live(device), _) => self.live_failed(*device, entry.conn),
            (Purpose::Join(account), state) => {
                let done = matches!(state, LinkState::Closed)
                    && self
                        .contacts
                        .get(account)
                        .and_then(|c| c.join.as_ref())
                        .is_none_or(|join| join.requested);
                if !done {
                    self.join_failed(*account);
                }
            }
            (Purpose::Mail(mailbox), _) => self.mail_link_closed(link, entry.conn, *mailbox),
            (Purpose::Open, _) => self.neighbour_went(link, entry.conn),
            (Purpose::Knock | Purpose::Incoming, _) => {}
        }
    }

    fn live_link_lost(&mut self, device: DeviceId) {
        if let Some(peer) = self.peers.get_mut(&device) {
            peer.rewind();
            let account = peer.account();
            self.active_peers.insert(device);
            if let Some(contact) = self.contacts.get_mut(&account) {
                contact.last_seen = Some(self.now.wall_ms);
                self.dirty_contacts.insert(account);
            }
        }
        self.presence_changed(device);
        if self.live_link(device).is_none() {
            self.rooms_link_lost(device);
            self.timers.clear(&Timer::Answer(device));
            self.pass_old_dials();
            let wait = SECOND_MS.saturating_add(self.rng.below(SECOND_MS));
            self.timers.set(Timer::Dial(device), self.now.mono_ms.saturating_add(wait));
        }
    }
}
