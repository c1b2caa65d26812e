//! The played node: it keeps a few chats in memory, answers every effect with the API's own objects, and has a list of
//! what happens when. Pure: time comes in, messages go out; the same keys at the same times give the same screens.

use super::story::{TALK, Turn};
use super::{answers, cast, clock, turns};
use crate::screen::msg::{Effect, Msg, Opened, ProfileKind};
use crate::screen::settings::Settings;
use starling_node::api::types::{Chat, Contact, Message, Request};
use std::collections::BTreeMap;

/// Milliseconds a call of the played node takes.
pub(super) const CALL_MS: u64 = 4;
/// Things that are to happen, at most. Somebody who types faster gets no more answers.
const PLANNED: usize = 512;
/// Messages of one chat, at most; older ones are forgotten.
const MESSAGES: usize = 1_000;

/// Which conversation is played.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Demo {
    /// People who know each other, a room, a network that comes and goes.
    #[default]
    Talk,
    /// The first start, up to the first message.
    New,
}

/// A chat and what is in it, oldest first.
pub(super) struct Talk {
    pub row: Chat,
    pub messages: Vec<Message>,
}

/// A contact, and the road they have while there is a network.
pub(super) struct Person {
    pub id: String,
    pub contact: Contact,
    pub road: String,
}

/// Something planned.
pub(super) enum Due {
    /// An answer to the screen.
    Tell(Box<Msg>),
    /// A turn of the story.
    Turn(Turn),
    /// What somebody was writing is sent.
    Sends { chat: &'static str, who: &'static str, text: &'static str },
    /// A message gets further for one recipient.
    Reaches { chat: String, id: String, who: String, state: &'static str },
}

/// The played node.
pub struct World {
    pub(super) demo: Demo,
    pub(super) own: String,
    pub(super) words_later: bool,
    pub(super) talks: Vec<Talk>,
    pub(super) people: Vec<Person>,
    pub(super) requests: Vec<Request>,
    pub(super) network: String,
    pub(super) invisible: bool,
    pub(super) settings: Settings,
    pub(super) now_ms: u64,
    /// Answers given so far.
    pub(super) answered: usize,
    agenda: BTreeMap<(u64, u64), Due>,
    planned: u64,
    made: u64,
}

impl World {
    /// The beginning of a conversation.
    pub fn new(demo: Demo) -> Self {
        let mut world = Self {
            demo,
            own: "Mara".to_owned(),
            words_later: false,
            talks: vec![Talk { row: cast::row("notes", 1_500), messages: Vec::new() }],
            people: Vec::new(),
            requests: Vec::new(),
            network: "direct".to_owned(),
            invisible: false,
            settings: Settings::default(),
            now_ms: 0,
            answered: 0,
            agenda: BTreeMap::new(),
            planned: 0,
            made: 0,
        };
        if demo == Demo::Talk {
            turns::fill(&mut world);
        }
        let kind = if demo == Demo::New { ProfileKind::Missing } else { ProfileKind::Open };
        world.plan(0, Due::Tell(Box::new(Msg::Profile(kind))));
        world
    }

    /// Takes an effect in; the answer comes out of [`Self::due`] a moment later.
    pub fn perform(&mut self, effect: Effect, now_ms: u64) {
        self.now_ms = now_ms;
        if let Some(msg) = answers::answer(self, effect) {
            self.plan(CALL_MS, Due::Tell(Box::new(msg)));
        }
    }

    /// When something happens next.
    pub fn next_ms(&self) -> Option<u64> {
        self.agenda.first_key_value().map(|((at, _), _)| *at)
    }

    /// All that has happened by now, in order.
    pub fn due(&mut self, now_ms: u64) -> Vec<Msg> {
        let mut out = Vec::new();
        while let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= now_ms) {
            let ((at, _), due) = entry.remove_entry();
            // What follows from it follows from when it was to happen, however late the loop is.
            self.now_ms = at;
            match due {
                Due::Tell(msg) => out.push(*msg),
                Due::Turn(turn) => turns::play(self, turn, &mut out),
                Due::Sends { chat, who, text } => turns::sends(self, chat, who, text, &mut out),
                Due::Reaches { chat, id, who, state } => {
                    turns::reaches(self, &chat, &id, &who, state, &mut out)
                }
            }
        }
        self.now_ms = now_ms.max(self.now_ms);
        out
    }

    /// Puts something on the list, `after_ms` from now.
    pub(super) fn plan(&mut self, after_ms: u64, due: Due) {
        if self.agenda.len() >= PLANNED {
            return;
        }
        self.planned += 1;
        self.agenda.insert((self.now_ms.saturating_add(after_ms), self.planned), due);
    }

    /// Plans the whole story of people who know each other.
    pub(super) fn begin(&mut self) {
        if self.demo == Demo::Talk {
            for (after_ms, turn) in TALK {
                self.plan(after_ms, Due::Turn(turn));
            }
        }
    }

    /// What the screen is told when it opens the profile.
    pub(super) fn opened(&self) -> Opened {
        Opened {
            account: cast::me(&self.own),
            in_process: true,
            locked: false,
            words_later: self.words_later,
        }
    }

    /// The time, as the API writes it.
    pub(super) fn time(&self) -> String {
        clock::text(self.now_ms)
    }

    /// A chat.
    pub(super) fn talk(&self, chat: &str) -> Option<&Talk> {
        self.talks.iter().find(|talk| talk.row.chat == chat)
    }

    /// A chat, to change.
    pub(super) fn talk_mut(&mut self, chat: &str) -> Option<&mut Talk> {
        self.talks.iter_mut().find(|talk| talk.row.chat == chat)
    }

    /// A message, to change.
    pub(super) fn message_mut(&mut self, id: &str) -> Option<&mut Message> {
        self.talks.iter_mut().flat_map(|talk| &mut talk.messages).find(|message| message.id == id)
    }

    /// A contact by account.
    pub(super) fn person_mut(&mut self, account: &str) -> Option<&mut Person> {
        self.people.iter_mut().find(|person| person.contact.account == account)
    }

    /// Whether somebody can be reached now.
    pub(super) fn reached(&self, account: &str) -> bool {
        let person = self.people.iter().find(|person| person.contact.account == account);
        self.connected() && person.is_some_and(|person| person.contact.presence != "offline")
    }

    /// Whether anybody can be reached now.
    pub(super) fn connected(&self) -> bool {
        self.network != "offline" && !self.invisible
    }

    /// Makes a message of a chat and puts it there; gives it back.
    pub(super) fn write(&mut self, chat: &str, who: &str, at: String, text: &str) -> Option<Message> {
        self.made += 1;
        let from = cast::from(who, &self.own);
        let nth = self.made;
        let talk = self.talk_mut(chat)?;
        let message = cast::message(&talk.row, nth, from, at, text);
        talk.row.last_at = Some(message.received.clone());
        if talk.messages.len() >= MESSAGES {
            talk.messages.remove(0);
        }
        talk.messages.push(message.clone());
        Some(message)
    }
}
