//! Mailboxes of a test world: the real server over its memory shelf, on a machine of its own that can stop, lose power
//! between commit and answer, and lie (see [`MailFault`]).
//!
//! A mailbox is an end of connections like a machine, numbered by [`World::mailbox_end`], so that it can be parted from
//! somebody, muted and cut like one.

mod liar;

pub use liar::MailFault;

use super::wires::Parcel;
use super::{Crash, WALL_START_MS, World};
use crate::engine::{LinkId, LinkProtocol, NetCommand, NetEvent};
use crate::identity::DeviceKeys;
use crate::ids::MailboxId;
use crate::kdf;
use crate::mail::server::{Limits, MemoryShelf, Output, Server};
use crate::mail::{Answer, MailKey, MailboxLink, Pieces, Promise, Request};
use crate::rng::Rng;
use crate::time::{MINUTE_MS, Now};
use crate::wire;
use liar::Liar;
use std::collections::BTreeMap;

/// Ends of connections from here on are mailboxes.
const FIRST_END: usize = 1_000_000;
/// How often a mailbox looks what has expired, and a liar changes its mind.
const TICK_MS: u64 = MINUTE_MS;

/// A machine that keeps a mailbox and nothing else.
pub struct MailHost {
    /// What is on its disk.
    pub shelf: MemoryShelf,
    /// How it lies.
    pub faults: Vec<MailFault>,
    /// Milliseconds its wall clock is off by.
    pub wall_skew_ms: i64,
    /// Envelopes it has taken, repeats too.
    pub deposits: u64,
    pub(super) runs: u64,
    server: Option<Server>,
    entropy: [u8; 64],
    mono_base_ms: u64,
    plan: Option<(u64, Crash)>,
    liar: Liar,
    /// What comes in pieces from the other side, by link; only of those that are ours.
    talks: BTreeMap<LinkId, Talk>,
}

#[derive(Default)]
struct Talk {
    heard: Pieces,
    said: Pieces,
}

impl MailHost {
    fn key(&self) -> MailKey {
        MailKey::of(&DeviceKeys::from_entropy(self.entropy))
    }

    /// Its name.
    pub fn id(&self) -> MailboxId {
        self.key().id()
    }
}

impl World {
    /// Adds a mailbox that is up. Returns its number.
    pub fn add_mailbox(&mut self) -> usize {
        let number = self.mailboxes.len();
        let liar = Liar::new(Rng::from_seed(self.rng.bytes()));
        self.mailboxes.push(MailHost {
            shelf: MemoryShelf::default(),
            faults: Vec::new(),
            wall_skew_ms: 0,
            deposits: 0,
            runs: 0,
            server: None,
            entropy: self.rng.bytes(),
            mono_base_ms: 0,
            plan: None,
            liar,
            talks: BTreeMap::new(),
        });
        self.told.insert(self.address(Self::end_of(number)));
        self.start_mailbox(number);
        self.put_parcel(TICK_MS, Parcel::Mailbox(number));
        number
    }

    /// The end of connections a mailbox is: for [`World::part`] and the like.
    pub fn mailbox_end(&self, mailbox: usize) -> usize {
        Self::end_of(mailbox)
    }

    fn end_of(mailbox: usize) -> usize {
        FIRST_END.saturating_add(mailbox)
    }

    /// Which mailbox an end is.
    pub(super) fn mailbox_of(end: usize) -> Option<usize> {
        end.checked_sub(FIRST_END)
    }

    /// The mailbox at an address.
    pub(super) fn mailbox_at(&self, addr: &str) -> Option<usize> {
        (0..self.mailboxes.len()).map(Self::end_of).find(|end| self.address(*end) == addr)
    }

    /// A link that gives leave to have a hundred boxes of 64 MiB.
    pub fn mail_link(&mut self, mailbox: usize) -> String {
        self.mail_link_for(mailbox, 100, 64)
    }

    /// A link that gives leave to have so many boxes of so many MiB.
    pub fn mail_link_for(&mut self, mailbox: usize, uses: u32, quota_mib: u32) -> String {
        let (id, hints) = (self.rng.bytes(), vec![self.address(Self::end_of(mailbox))]);
        let Some(host) = self.mailboxes.get(mailbox) else { return String::new() };
        let grant = host.key().grant(id, uses, quota_mib);
        MailboxLink { mailbox: host.id(), grant, hints }.to_link()
    }

    /// Starts a mailbox from its disk.
    pub fn start_mailbox(&mut self, mailbox: usize) {
        let base = self.rng.below(1_000_000_000);
        let Some(host) = self.mailboxes.get_mut(mailbox) else { return };
        host.runs = host.runs.saturating_add(1);
        host.mono_base_ms = base;
        host.server = Some(Server::new(host.key(), Limits::default()));
    }

    /// Whether a mailbox runs.
    pub fn mailbox_is_up(&self, mailbox: usize) -> bool {
        self.mailboxes.get(mailbox).is_some_and(|host| host.server.is_some())
    }

    /// Pulls a mailbox's plug: what it had handed to the network may still arrive.
    pub fn stop_mailbox(&mut self, mailbox: usize) {
        let Some(host) = self.mailboxes.get_mut(mailbox) else { return };
        (host.server, host.plan) = (None, None);
        host.talks.clear();
        let end = Self::end_of(mailbox);
        let wires = self.wires.iter().filter(|(_, wire)| wire.ends.contains(&end));
        for wire in wires.map(|(id, _)| *id).collect::<Vec<_>>() {
            if self.rng.below(2) == 0 { self.close_wire(wire) } else { self.let_run_dry(wire) }
        }
    }

    /// Pulls a mailbox's plug in the request after `requests` more: before its commit, or between commit and answer.
    pub fn plan_mailbox(&mut self, mailbox: usize, requests: u64, crash: Crash) {
        if let Some(host) = self.mailboxes.get_mut(mailbox) {
            host.plan = Some((requests, crash));
        }
    }

    fn mailbox_now(&self, mailbox: usize) -> Now {
        let (skew, base) =
            self.mailboxes.get(mailbox).map_or((0, 0), |host| (host.wall_skew_ms, host.mono_base_ms));
        let wall = WALL_START_MS.saturating_add(i64::try_from(self.now_ms).unwrap_or(i64::MAX));
        Now::new(self.now_ms.saturating_add(base), wall.saturating_add(skew))
    }

    /// Something arrives at a mailbox.
    pub(super) fn mailbox_event(&mut self, mailbox: usize, event: NetEvent) {
        let now = self.mailbox_now(mailbox);
        let Some(host) = self.mailboxes.get_mut(mailbox) else { return };
        let Some(server) = &mut host.server else { return };
        match event {
            NetEvent::LinkOpened { link, protocol: LinkProtocol::Mail, local_peer, remote_peer, .. } => {
                host.talks.insert(link, Talk::default());
                server.opened(link, local_peer, remote_peer, now);
            }
            NetEvent::LinkOpened { link, .. } => {
                self.act(Self::end_of(mailbox), NetCommand::CloseLink { link });
            }
            NetEvent::LinkData { link, message } => self.mailbox_hears(mailbox, link, &message, now),
            NetEvent::LinkClosed { link } => {
                host.talks.remove(&link);
                server.closed(link);
            }
            _ => {}
        }
        self.mailbox_speaks(mailbox);
    }

    fn mailbox_hears(&mut self, mailbox: usize, link: LinkId, message: &[u8], now: Now) {
        let Some(host) = self.mailboxes.get_mut(mailbox) else { return };
        let (Some(server), Some(talk)) = (&mut host.server, host.talks.get_mut(&link)) else { return };
        let request = talk.heard.push(message).ok().flatten();
        let request = request.and_then(|frame| Request::decode(&frame).ok().flatten());
        if matches!(request, Some(Request::Deposit { .. })) {
            host.deposits = host.deposits.saturating_add(1);
        }
        if let Some(answer) = host.liar.instead(&host.faults, request.as_ref()) {
            self.mailbox_says(mailbox, link, answer);
            return;
        }
        let crash = match &mut host.plan {
            Some((0, crash)) => Some(*crash),
            Some((requests, _)) => {
                *requests = requests.saturating_sub(1);
                None
            }
            None => None,
        };
        let before = (crash == Some(Crash::BeforeCommit)).then(|| host.shelf.clone());
        let kept = server.message(link, message, &mut host.shelf, now);
        if let Some(before) = before {
            host.shelf = before;
        }
        if crash.is_some() || kept.is_err() {
            self.stop_mailbox(mailbox);
        }
    }

    /// What the server says after its commit, true or bent.
    fn mailbox_speaks(&mut self, mailbox: usize) {
        let now_ms = self.now_ms;
        let Some(host) = self.mailboxes.get_mut(mailbox) else { return };
        let outputs = host.server.as_mut().map(Server::outputs).unwrap_or_default();
        for output in outputs {
            match output {
                Output::Close { link } => {
                    self.act(Self::end_of(mailbox), NetCommand::CloseLink { link });
                }
                Output::Hold { .. } => {}
                Output::Write { link, messages } => {
                    let Some(host) = self.mailboxes.get_mut(mailbox) else { return };
                    let Some(talk) = host.talks.get_mut(&link) else { continue };
                    let frames: Vec<Vec<u8>> = messages
                        .iter()
                        .filter_map(|message| talk.said.push(message).ok().flatten())
                        .collect();
                    let answers: Vec<Answer> =
                        frames.iter().filter_map(|frame| Answer::decode(frame).ok().flatten()).collect();
                    let said: Vec<Answer> = answers
                        .into_iter()
                        .flat_map(|answer| host.liar.bend(&host.faults, link, answer, now_ms))
                        .collect();
                    let garbage = host.liar.garbage(&host.faults);
                    said.into_iter().for_each(|answer| self.mailbox_says(mailbox, link, answer));
                    if let Some(message) = garbage {
                        let messages = vec![message];
                        self.act(Self::end_of(mailbox), NetCommand::Write { link, messages });
                    }
                }
            }
        }
    }

    fn mailbox_says(&mut self, mailbox: usize, link: LinkId, answer: Answer) {
        if let (Answer::Promise(signed), Some(host)) = (&answer, self.mailboxes.get(mailbox))
            && let Ok(promise) = wire::decode::<Promise>(&signed.body)
            && kdf::verify(&host.id().0, "promise", &signed.body, &signed.sig).is_ok()
        {
            self.promised.insert((host.id(), promise.envelope));
        }
        let messages = answer.encode().map(|frame| crate::mail::split(&frame)).unwrap_or_default();
        self.act(Self::end_of(mailbox), NetCommand::Write { link, messages });
    }

    /// A minute has passed for a mailbox.
    pub(super) fn mailbox_tick(&mut self, mailbox: usize) {
        self.put_parcel(TICK_MS, Parcel::Mailbox(mailbox));
        let (now, now_ms) = (self.mailbox_now(mailbox), self.now_ms);
        let Some(host) = self.mailboxes.get_mut(mailbox) else { return };
        if let Some(server) = &mut host.server
            && server.tick(&mut host.shelf, now).is_err()
        {
            self.stop_mailbox(mailbox);
            return;
        }
        if host.server.is_none() {
            return;
        }
        if let Some(skew) = host.liar.clock(&host.faults, now_ms) {
            host.wall_skew_ms = skew;
        }
        if let Some(old) = host.liar.roll_back(&host.faults, &host.shelf) {
            host.shelf = old;
            self.stop_mailbox(mailbox);
            self.start_mailbox(mailbox);
            return;
        }
        self.mailbox_speaks(mailbox);
    }
}
