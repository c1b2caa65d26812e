//! What one machine of a test world has on its disk, and what is watched there.

use crate::engine::{
    Change, Event, MessageKind, MessageState, NewMessage, Place, ReadOrder, Record, Space, stored_attempt,
    stored_parked, stored_part, stored_secrets,
};
use crate::ids::{AccountId, ChatId, DeviceId, MessageId};
use crate::kdf;
use std::collections::{BTreeMap, BTreeSet};

/// The engine's records and what a store would show.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    /// The engine's records.
    pub records: BTreeMap<(Space, Vec<u8>), Vec<u8>>,
    /// Messages in the order they were stored.
    pub messages: Vec<NewMessage>,
    /// States of own messages.
    pub states: BTreeMap<(MessageId, AccountId), MessageState>,
    /// Kept events, in order.
    pub events: Vec<Event>,
    /// Edits, deletions and reactions applied, in order.
    pub edits: Vec<Change>,
    /// Whether a message that is there already is stored once more.
    pub(super) careless: bool,
}

impl Disk {
    /// Applies one step's changes, as a store would.
    pub fn commit(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Put(record) => {
                    self.records.insert((record.space, record.key.clone()), record.value.clone());
                }
                Change::Drop { space, key } => {
                    self.records.remove(&(*space, key.clone()));
                }
                Change::Message(message) => {
                    let known =
                        self.messages.iter().any(|m| m.id == message.id && m.author == message.author);
                    if !known || self.careless {
                        self.messages.push(message.clone());
                    }
                }
                Change::State { message, account, state, .. } => {
                    let key = (*message, *account);
                    if *state == MessageState::Queued {
                        self.states.entry(key).or_insert(*state);
                    } else if let Some(held) = self.states.get_mut(&key) {
                        *held = (*held).max(*state);
                    }
                }
                Change::Event(event) => self.events.push(event.clone()),
                Change::Edit { .. }
                | Change::Delete { .. }
                | Change::React { .. }
                | Change::Pin { .. }
                | Change::Hide { .. } => {
                    self.edits.push(change.clone());
                }
                Change::Again { message, to, .. } => {
                    for account in to {
                        let held = self.states.get_mut(&(*message, *account));
                        let over = |held: &MessageState| {
                            matches!(held, MessageState::Failed | MessageState::Expired)
                        };
                        if let Some(held) = held.filter(|held| over(held)) {
                            *held = MessageState::Queued;
                        }
                    }
                }
                Change::Custody { message, account, mailboxes, .. } => {
                    let held = self.states.get_mut(&(*message, *account));
                    if let Some(held) = held.filter(|_| *mailboxes > 0) {
                        *held = (*held).max(MessageState::Mailbox);
                    }
                }
                Change::MarkRead { .. } => {}
            }
        }
    }

    /// All records of one kind are gone.
    pub fn lose(&mut self, space: Space) {
        self.records.retain(|(kind, _), _| *kind != space);
    }

    /// How many records of one kind there are.
    pub fn count(&self, space: Space) -> usize {
        self.records.keys().filter(|(kind, _)| *kind == space).count()
    }

    /// Per contact: the secret we find them by, if they gave us one, and the one they find us by.
    pub fn secrets(&self) -> BTreeMap<AccountId, (Option<[u8; 32]>, [u8; 32])> {
        let secrets = self.load().iter().filter_map(stored_secrets).collect::<Vec<_>>();
        secrets.into_iter().map(|(account, rv_in, rv_out)| (account, (rv_in, rv_out))).collect()
    }

    pub(super) fn load(&self) -> Vec<Record> {
        self.records.iter().filter(|((space, _), _)| space.is_loaded()).map(record).collect()
    }

    /// Records of a range, as a store would give them, and whether there are more.
    pub(super) fn read(&self, order: &ReadOrder) -> (Vec<Record>, bool) {
        let fits = |(space, key): &(Space, Vec<u8>)| *space == order.space && *key <= order.to;
        let (mut records, mut bytes) = (Vec::new(), 0_usize);
        let from = (order.space, order.from.clone());
        for found in self.records.range(from..).take_while(|(key, _)| fits(key)).map(record) {
            if !records.is_empty() && bytes >= order.bytes {
                return (records, true);
            }
            bytes = bytes.saturating_add(found.key.len()).saturating_add(found.value.len());
            records.push(found);
        }
        (records, false)
    }

    /// The messages of a chat in the order they are shown.
    pub fn chat(&self, chat: ChatId) -> Vec<&NewMessage> {
        let mut deepest = 0;
        let mut shown = Vec::new();
        for message in self.messages.iter().filter(|message| message.chat == chat) {
            let place = match message.place {
                Place::At { depth, mark } => (depth, mark),
                Place::Last => (deepest, u64::MAX),
            };
            deepest = deepest.max(place.0);
            shown.push((place, message));
        }
        // Stable: the order of arrival is the last word.
        shown.sort_by_key(|(place, _)| *place);
        shown.into_iter().map(|(_, message)| message).collect()
    }
}

fn record(((space, key), value): (&(Space, Vec<u8>), &Vec<u8>)) -> Record {
    Record { space: *space, key: key.clone(), value: value.clone() }
}

/// What was ever committed on a machine, whatever became of its disk later.
#[derive(Debug, Default)]
pub struct Watch {
    /// Own messages, in order.
    pub accepted: Vec<NewMessage>,
    /// Messages of others that were ever taken in here.
    pub taken: BTreeSet<(AccountId, MessageId)>,
    /// Messages of others that ever waited here for an earlier one.
    pub parked: BTreeSet<MessageId>,
    /// Own edits, deletions and reactions, in order.
    pub edited: Vec<Change>,
    /// Messages of others that were handed to the present disk.
    shown: BTreeSet<(AccountId, MessageId, DeviceId, u64)>,
    /// The bytes of each attempt at each row.
    attempts: BTreeMap<(Vec<u8>, u32), [u8; 32]>,
    /// The bytes that stand for each place in each session: the hash of the ciphertext.
    places: BTreeMap<(Vec<u8>, u64), [u8; 32]>,
    /// Rules that were broken, in words.
    pub faults: Vec<String>,
}

impl Watch {
    pub(super) fn see(&mut self, me: AccountId, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Message(message) if message.me => self.accepted.push(message.clone()),
                Change::Message(message) => {
                    self.taken.insert((message.author, message.id));
                    // Another try of a message has another number, and is the store's to show once.
                    let shown = (message.author, message.id, message.device, message.seq);
                    if message.kind == MessageKind::Text && !self.shown.insert(shown) {
                        self.faults.push(format!("{} was taken in twice", message.text));
                    }
                }
                Change::Edit { author, .. } | Change::Delete { author, .. } if *author == me => {
                    self.edited.push(change.clone());
                }
                Change::React { who, .. } if *who == me => self.edited.push(change.clone()),
                Change::Put(record) => self.see_record(record),
                _ => {}
            }
        }
    }

    /// One place in a session and one attempt at a message never stand for two ciphertexts.
    fn see_record(&mut self, record: &Record) {
        self.parked.extend(stored_parked(record));
        let Some((message, Some(part))) = stored_part(record) else { return };
        let hash = kdf::hash(&part.olm);
        let mut row = record.key.get(..16).unwrap_or_default().to_vec();
        row.extend_from_slice(&message.0);
        let attempt = (row, stored_attempt(record).map_or(0, |(_, attempt)| attempt));
        if *self.attempts.entry(attempt).or_insert(hash) != hash {
            self.faults.push(format!("{message} was encrypted twice in one attempt"));
        }
        let mut place = record.key.get(..16).unwrap_or_default().to_vec();
        place.extend_from_slice(&part.session.0);
        let held = *self.places.entry((place, part.order)).or_insert(hash);
        if held != hash {
            self.faults
                .push(format!("order {} of a session stands for two ciphertexts ({message})", part.order));
        }
    }

    /// Whether a message of somebody was ever on this machine's disk, shown or waiting for an earlier one.
    pub(super) fn has(&self, author: AccountId, message: MessageId) -> bool {
        self.taken.contains(&(author, message)) || self.parked.contains(&message)
    }

    /// How many places in sessions were used.
    pub fn places(&self) -> usize {
        self.places.len()
    }

    /// A disk that was set back or lost its sessions makes its machine use places again, which nobody can see from inside.
    pub fn forget_places(&mut self) {
        self.places.clear();
        self.attempts.clear();
        self.shown.clear();
    }
}
