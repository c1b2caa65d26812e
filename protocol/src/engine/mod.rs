//! The engine: the only place that sees every machine. [`Input`]s go in, a [`Step`] comes out.
//!
//! This module must not do IO, read a clock or draw on chance that is not given to it (docs/spec/05-delivery.md).
//! One *turn* takes any number of inputs and gives one step, so that many messages share one commit.
//!
//! ```text
//!  inputs ──► commands (people, send) ─┐
//!         ──► links (handshakes)  ─────┤──► changes, actions, wake time
//!         ──► live (frames) ► receive ─┤
//!         ──► timers (dial, gaps, …) ──┘
//! ```

mod acks;
mod asking;
pub mod command;
mod commands;
mod compare;
mod contents;
mod devices;
mod dial;
mod finding;
mod found;
mod genesis;
mod housekeeping;
mod joining;
mod lan;
mod links;
mod live;
mod load;
mod mail;
pub mod net;
mod older;
mod open;
mod peer;
mod people;
mod plant;
mod presence;
mod publishing;
mod receive;
mod roads;
mod room;
mod search;
mod seeds;
mod send;
mod sessions;
mod state;
pub mod step;
#[cfg(test)]
mod tests;
mod timers;

pub use command::{Command, ContactState, ContactView, InviteView, Presence, Refusal, Reply, RequestNumber};
pub use command::{CustodyView, MailAskView, MailboxState, MailboxView, RequestView, StatusView};
pub use command::{MemberView, Moderation, Role, RoomSetting, RoomState, RoomView};
pub use genesis::{Genesis, GenesisError};
pub use net::{
    ConnId, DialId, GOOD_PEERS, LinkId, LinkProtocol, LookUpId, NetCommand, NetEvent, PublishId, Via,
};
pub use plant::Plant;
pub use state::LoadError;
#[doc(hidden)]
pub use state::{stored_attempt, stored_custody, stored_parked, stored_part, stored_secrets};
pub use step::{Action, Change, Event, MessageKind, MessageState, NewMessage, Notice, Place, ReadOrder};
pub use step::{Record, Space, Step};

use crate::identity::DeviceKeys;
use crate::ids::{AccountId, ChatId, DeviceId, InviteId, MessageId};
use crate::rng::Rng;
use crate::session::{OlmPart, Outcome};
use crate::time::Now;
use crate::wire::Signed;
use dial::{ConnState, Ringing};
use links::Link;
use peer::Peer;
use state::{Contact, InStream, InviteRecord, OutStream, RequestRecord};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use timers::{Timer, Timers};
use zeroize::Zeroizing;

/// Everything that can happen to an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A person's wish.
    Command {
        /// Comes back with the reply.
        request: RequestNumber,
        /// The wish.
        command: Command,
    },
    /// The network did something.
    Net(NetEvent),
    /// The time of [`Step::wake_at_ms`] has come (early or late is harmless).
    Wake,
    /// Records that were asked for with [`Action::Read`], by key.
    Read {
        /// Of the order.
        read: u64,
        /// Them, as many as fitted.
        records: Vec<Record>,
        /// Whether there are more up to the last key.
        more: bool,
    },
}

/// Own identity and settings, in use.
struct Own {
    account: AccountId,
    name: String,
    device: DeviceKeys,
    device_id: DeviceId,
    /// The mailbox this device keeps.
    mailbox: crate::ids::MailboxId,
    olm: vodozemac::olm::Account,
    fallback: [u8; 32],
    fallback_lived_ms: u64,
    manifest: Signed,
    card_seq: u64,
    /// Milliseconds this account has lived by [`housekeeping`]'s reckoning, up to `lived_at_mono`.
    lived_ms: u64,
    lived_at_mono: u64,
    last_wall_ms: i64,
    read_receipts: bool,
    received_mark: u64,
    presence: Presence,
    /// The newest time written into a record of ours, in Unix seconds.
    record_s: u64,
    /// Own addresses, as the network tells them.
    addrs: Vec<String>,
    peer_id: Vec<u8>,
    /// The day for which `card_seq` is the number of our cards; `None` when something in them changed since.
    card_day: Option<u32>,
}

/// A node's mind.
pub struct Engine {
    own: Own,
    rng: Rng,
    now: Now,
    contacts: BTreeMap<AccountId, Contact>,
    peers: BTreeMap<DeviceId, Peer>,
    invites: BTreeMap<InviteId, InviteRecord>,
    requests: BTreeMap<AccountId, RequestRecord>,
    streams_out: BTreeMap<ChatId, OutStream>,
    streams_in: BTreeMap<(DeviceId, ChatId), InStream>,
    parked: BTreeMap<(DeviceId, ChatId, u64), (crate::content::Content, receive::Road)>,
    presence: BTreeMap<AccountId, (Presence, Option<Via>)>,
    /// Three words being compared.
    comparing: BTreeMap<DeviceId, compare::Comparing>,
    recent_sent: VecDeque<MessageId>,
    /// Chains about which the person was warned in this run.
    warned: BTreeSet<(DeviceId, ChatId)>,
    join_failures: BTreeMap<AccountId, u32>,
    links_up: u64,

    conns: BTreeMap<ConnId, ConnState>,
    links: BTreeMap<LinkId, Link>,
    dials: BTreeMap<DialId, Ringing>,
    failures: BTreeMap<DeviceId, u32>,
    lan: BTreeMap<Vec<u8>, Vec<String>>,
    next_number: u64,
    timers: Timers,

    // What this turn gathered.
    changes: Vec<Change>,
    actions: Vec<Action>,
    writes: BTreeMap<LinkId, Vec<Vec<u8>>>,
    acks: BTreeMap<DeviceId, Vec<(MessageId, u32, Outcome)>>,
    own_dirty: bool,
    dirty_contacts: BTreeSet<AccountId>,
    dirty_out: BTreeSet<ChatId>,
    dirty_in: BTreeSet<(DeviceId, ChatId)>,
    active_peers: BTreeSet<DeviceId>,
    figures: (u32, u32, u32, u64),

    publishing: publishing::Publishing,
    finding: search::Finding,
    seeds: seeds::Seeds,
    mail: mail::Mail,
    rooms: room::Rooms,
    open: open::Open,
    /// Who is to be found by whom may have changed.
    stale: bool,
    #[cfg(feature = "planted")]
    plant: Option<Plant>,
}

impl Engine {
    /// Takes one turn: fires what is due, takes the inputs in order, and says what to commit and then to do.
    pub fn turn(&mut self, inputs: impl IntoIterator<Item = Input>, now: Now) -> Step {
        // A clock that went back is taken as standing still: timers never fire early.
        self.now = Now::new(now.mono_ms.max(self.now.mono_ms), now.wall_ms);
        self.tell_seeds();
        self.check_day();
        self.fire_timers();
        for input in inputs {
            match input {
                Input::Command { request, command } => {
                    let result = self.command(command);
                    self.actions.push(Action::Reply { request, result });
                }
                Input::Net(event) => self.on_net(event),
                Input::Wake => {}
                Input::Read { read, records, .. } => self.on_read(read, &records),
            }
        }
        self.pump();
        if std::mem::take(&mut self.stale) || !self.dirty_contacts.is_empty() {
            self.sync_fellows();
            self.sync_slots();
            self.sync_searches();
            self.sync_queues();
            self.sync_topics();
            self.sync_boxes();
        }
        self.sync_room_cards();
        self.flush()
    }

    /// Tells the throw-away peer id of this run, which goes into our card.
    pub fn set_peer_id(&mut self, peer_id: Vec<u8>) {
        self.own.peer_id = peer_id;
        self.own.card_day = None;
    }

    /// Takes over from an engine whose turn could not be committed what the network would not tell again.
    pub fn carry_on(&mut self, before: &Self) {
        self.own.addrs = before.own.addrs.clone();
        self.next_number = before.next_number;
        self.lan = before.lan.clone();
        self.find_neighbours_again();
        self.finding.neighbours = before.finding.neighbours;
        self.set_keeps_mail(before.publishing.keeps_mail);
    }

    /// Own display name.
    pub fn name(&self) -> &str {
        &self.own.name
    }

    /// Own account.
    pub fn account(&self) -> AccountId {
        self.own.account
    }

    /// Own device.
    pub fn device(&self) -> DeviceId {
        self.own.device_id
    }

    /// A secret for a peer id that stays: of a node that serves others and must be found again. It says nothing of
    /// the account.
    pub fn fixed_peer_seed(&self) -> Zeroizing<[u8; 32]> {
        self.own.device.peer_seed()
    }

    /// The key of the mailbox this device keeps for others.
    pub fn mail_key(&self) -> crate::mail::MailKey {
        crate::mail::MailKey::of(&self.own.device)
    }

    fn fire_timers(&mut self) {
        while let Some(timer) = self.timers.pop(self.now.mono_ms) {
            match timer {
                Timer::Dial(device) => self.dial_device(device),
                Timer::Join(account) => self.try_join(account),
                Timer::Handshake(link) | Timer::Stranger(link) => self.close_link(link),
                Timer::Renew(link) => self.renew_link(link),
                Timer::Answer(device) => self.on_answer_due(device),
                Timer::Gap(device, chat) => self.on_gap_due(device, chat),
                Timer::Held(device) => self.on_held_due(device),
                Timer::Seal(device) => self.on_seal_due(device),
                Timer::Hourly => self.on_hour(),
                Timer::Publish => self.publish_due(),
                Timer::Day => self.stale = true,
                Timer::Find(sought) => self.on_find_due(sought),
                Timer::Grown => self.check_growth(),
                Timer::Better(conn) => self.take_better_road(conn),
                Timer::Post(device) => self.on_post_due(device),
                Timer::Letter(number) => self.try_letter(number),
                Timer::Line(mailbox) => self.on_line_due(mailbox),
                Timer::Mailbox(mailbox) => self.call_own_mailbox(mailbox),
                Timer::Moved => self.tell_moved(),
                Timer::Answers(device) => self.on_answers_due(device),
                Timer::Part(conn) => self.part_now(conn),
                Timer::Room(room, due) => self.on_room_due(room, due),
                Timer::Open(due) => self.on_open_due(due),
            }
        }
    }

    fn on_net(&mut self, event: NetEvent) {
        match event {
            NetEvent::Addresses { addrs } => self.on_addresses(addrs),
            NetEvent::Dialed { dial, conn } => self.on_dialed(dial, conn),
            NetEvent::DialFailed { dial, .. } => self.on_dial_failed(dial),
            NetEvent::ConnOpened { conn, peer, addr, outbound, via } => {
                self.conns.insert(conn, ConnState::new(peer, addr, outbound, via));
                self.see_better_road(conn);
            }
            NetEvent::ConnClosed { conn } => {
                self.conns.remove(&conn);
                self.timers.clear(&Timer::Better(conn));
                self.timers.clear(&Timer::Part(conn));
                self.gossip_conn_closed(conn);
            }
            NetEvent::LanFound { peer, addrs } => self.on_lan_found(peer, addrs),
            NetEvent::LinkOpened { link, conn, protocol, outbound, local_peer, remote_peer } => {
                self.on_link_opened(link, conn, protocol, outbound, local_peer, remote_peer);
            }
            NetEvent::LinkData { link, message } => self.on_link_data(link, &message),
            NetEvent::LinkClosed { link } => self.on_link_closed(link),
            NetEvent::Published { publish, copies } => self.on_published(publish, copies),
            NetEvent::Found { lookup, value } => self.on_found(lookup, &value),
            NetEvent::LookedUp { lookup, asked } => self.on_looked_up(lookup, asked),
            NetEvent::Neighbours { count } => self.on_neighbours(count),
            NetEvent::GoodPeers { addrs } => self.on_good_peers(addrs),
            NetEvent::Awake => self.seek_all(),
            NetEvent::Gossip { gossip, topic, data } => self.on_gossip(gossip, topic, &data),
        }
    }

    /// A number for a link (even), a dial, or anything else counted in this run.
    fn number(&mut self) -> u64 {
        self.next_number = self.next_number.saturating_add(2);
        self.next_number
    }

    fn net(&mut self, command: NetCommand) {
        self.actions.push(Action::Net(command));
    }

    fn change(&mut self, change: Change) {
        self.changes.push(change);
    }

    fn lived_ms(&self) -> u64 {
        self.own.lived_ms.saturating_add(self.now.mono_ms.saturating_sub(self.own.lived_at_mono))
    }

    /// Ends the turn: signs the acks, writes what changed, and hands everything out.
    fn flush(&mut self) -> Step {
        self.flush_acks();
        self.flush_safe();
        self.flush_writes();
        self.tell_custody();
        self.flush_rooms();
        self.flush_open();
        self.flush_records();
        self.notice_figures();
        Step {
            changes: std::mem::take(&mut self.changes),
            actions: std::mem::take(&mut self.actions),
            wake_at_ms: self.timers.next_ms(),
        }
    }

    fn flush_writes(&mut self) {
        for (link, messages) in std::mem::take(&mut self.writes) {
            self.net(NetCommand::Write { link, messages });
        }
    }

    fn hold_part(&mut self, device: DeviceId, part: OlmPart) {
        let key = state::key::held(&device, &part.session, part.order);
        let change = state::put(Space::Held, key, &part);
        self.changes.extend(change);
        if let Some(peer) = self.peers.get_mut(&device) {
            peer.reorder.entry(part.session).or_default().hold(part, self.now.mono_ms);
            if let Some(due) = peer.reorder.values().filter_map(crate::session::Reorder::due_ms).min() {
                self.timers.set_earlier(Timer::Held(device), due);
            }
        }
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Engine({:?}, {} contacts, {} links)",
            self.own.account,
            self.contacts.len(),
            self.links.len()
        )
    }
}
