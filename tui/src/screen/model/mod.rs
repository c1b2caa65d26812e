//! All the screen knows, as plain data. `update` changes it, `view` draws it; neither knows the other. Nothing here
//! does IO or asks for the time: time comes in with each message.

pub mod arrange;
pub mod chatlog;
mod chats;
pub mod complete;
pub mod editor;
pub mod flow;
pub mod geometry;
pub mod hits;
pub mod line;
pub mod lock;
mod mail;
pub mod near;
pub mod outside;
pub mod overlay;
pub mod rooms;
pub mod setup;
pub mod talk;
pub mod timeline;
pub mod undo;
mod wake;
mod window;
pub mod words;

use super::keymap::{Keys, Stroke};
use super::msg::Opened;
use super::settings::Settings;
use super::theme::palette::Palette;
use super::theme::{Terminal, Theme};
use chatlog::ChatLog;
use editor::Editor;
use geometry::Geometry;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use overlay::Overlay;
use starling_node::api::types::{Chat, Contact, Mailbox, Network, Request, Trouble};
use std::collections::BTreeMap;

/// Milliseconds somebody counts as writing without a new sign of it. Higher shows writers who left.
pub const TYPING_MS: u64 = 8_000;
/// Milliseconds between two signs that one writes oneself.
pub const TYPING_EVERY_MS: u64 = 3_000;
/// Milliseconds a message must have been on the screen before it counts as read.
pub const READ_MS: u64 = 1_000;
/// Milliseconds without a key before a draft is kept.
pub const DRAFT_MS: u64 = 2_000;
/// Milliseconds in which a second Ctrl-C leaves.
pub const TWICE_MS: u64 = 2_000;
/// Milliseconds between two readings of the people while a try to reach one of them is under way.
pub const PEOPLE_MS: u64 = 3_000;
/// Milliseconds another state of the network must last before a chat says so. Lower fills chats with every hiccup of
/// a Wi-Fi.
pub const NETWORK_LASTS_MS: u64 = 10_000;
/// Milliseconds between two looks at the network while F5 is open.
pub const NETWORK_LOOK_MS: u64 = 1_000;
/// Chats kept loaded.
pub const CHATS_LOADED: usize = 6;

/// What is shown.
#[derive(Debug, Clone)]
pub enum Place {
    /// Nothing is known yet.
    Starting,
    /// The guided first run.
    Setup(Box<setup::Setup>),
    /// The passphrase question.
    Unlock(setup::Unlock),
    /// Chats.
    Main,
    /// Nothing can be done: words and a way out.
    Broken(Trouble),
}

/// What the editor is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Compose {
    /// A new message.
    #[default]
    New,
    /// An answer.
    Reply {
        /// To which message.
        id: String,
    },
    /// A change of an own message.
    Edit {
        /// Of which message.
        id: String,
        /// What stood in the editor before.
        before: String,
    },
}

/// One line above the editor, until a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Something went wrong.
    Trouble(Trouble),
    /// Something was done.
    Said(String),
}

/// All the screen knows.
#[derive(Debug)]
pub struct Model {
    /// Marks and styles.
    pub theme: Theme,
    /// What the person set.
    pub settings: Settings,
    /// What is known of the terminal.
    pub terminal: Terminal,
    /// Themes of the profile.
    pub palettes: Vec<(String, Palette)>,
    /// The keys as they are now.
    pub keys: Keys,
    /// Keys pressed so far of several one after another.
    pub strokes: Vec<Stroke>,
    /// Whether letters are commands (vim's normal mode).
    pub normal: bool,
    /// Whether frames and side panes are away, for copying.
    pub clean: bool,
    /// Whether the edge of the list is being dragged.
    pub dragging: bool,
    /// The person's zone.
    pub zone: TimeZone,
    /// Monotonic milliseconds of the message being handled.
    pub now_ms: u64,
    /// Wall time of the message being handled.
    pub wall: Timestamp,
    /// Size of the terminal.
    pub size: (u16, u16),
    /// Whether the terminal has the focus (true where it cannot tell).
    pub focus: bool,
    /// Whether something changed since the last frame.
    pub dirty: bool,
    /// What is shown.
    pub place: Place,
    /// What lies over it.
    pub overlay: Option<Overlay>,
    /// Who we are, once a node answers.
    pub opened: Option<Opened>,
    /// The chat to open at the start.
    pub wanted: Option<String>,
    /// The account of somebody added or accepted just now, whose chat opens when a list has its row.
    pub awaited: Option<String>,
    /// The chat list.
    pub chats: Vec<Chat>,
    /// The people.
    pub people: Vec<Contact>,
    /// When each contact's next try is due, on the monotonic clock.
    pub next_try: BTreeMap<String, u64>,
    /// Open requests.
    pub requests: Vec<Request>,
    /// Mailboxes that keep one's mail, and open questions about it, once read.
    pub mailboxes: Option<Vec<Mailbox>>,
    /// People near one, and words that are compared.
    pub near: near::Meeting,
    /// Rooms.
    pub rooms: rooms::Rooms,
    /// The network.
    pub network: Option<Network>,
    /// When the next try of all is due, on the monotonic clock.
    pub network_next_ms: Option<u64>,
    /// Since when the network is as it is.
    pub network_since_ms: u64,
    /// The state of the network that chats say is the present one.
    pub network_told: Option<String>,
    /// Loaded chats.
    pub logs: BTreeMap<String, ChatLog>,
    /// Which chats were open, the present one last.
    pub visited: Vec<String>,
    /// The open chat.
    pub open: Option<String>,
    /// The editor.
    pub editor: Editor,
    /// What the editor is for.
    pub compose: Compose,
    /// The draft as it was last kept.
    pub draft_kept: String,
    /// When the draft is kept.
    pub draft_at: Option<u64>,
    /// When a sign that one writes may be given again; none = not writing.
    pub typing_sent: Option<u64>,
    /// When the people are read again because a message waits and it is not known until when.
    pub people_at: Option<u64>,
    /// Whether mailboxes keep another number of messages than the people say.
    pub kept_stale: bool,
    /// Who writes where until when (chat, account).
    pub typing: BTreeMap<(String, String), u64>,
    /// The line above the editor.
    pub notice: Option<Notice>,
    /// Since when each unseen message is on the screen.
    pub seen: BTreeMap<String, u64>,
    /// When Ctrl-C was pressed.
    pub interrupted: Option<u64>,
    /// For client references: a number that differs between runs, and a counter.
    pub run: u64,
    /// How many references were made.
    pub references: u64,
    /// Whether the list of chats has been read.
    pub chats_known: bool,
    /// A link the person did not want to add but to send.
    pub declined: Option<String>,
    /// A text that was refused and is in the editor as it was, with its chat.
    pub refused: Option<(String, chatlog::Pending)>,
    /// What was said around the screen.
    pub outside: outside::Outside,
    /// What can be taken back for a moment.
    pub undo: Option<undo::Undo>,
    /// The lock over everything; none = open.
    pub locked: Option<lock::Locked>,
    /// When a key was last pressed, on the monotonic clock.
    pub pressed_ms: Option<u64>,
    /// Whether the list of chats is to take another order once nobody types.
    pub order_stale: bool,
    /// What is offered at the caret.
    pub completion: Option<complete::Completion>,
    /// Texts that were sent, oldest first, and which of them is in the editor.
    pub sent: editor::Sent,
    /// When the 24 words were put off, and how often.
    pub words_put: super::msg::WordsPut,
}

impl Model {
    /// An empty model. `run` differs from run to run.
    pub fn new(theme: Theme, zone: TimeZone, size: (u16, u16), run: u64, wanted: Option<String>) -> Self {
        Self {
            theme,
            settings: Settings::default(),
            terminal: Terminal::default(),
            palettes: Vec::new(),
            keys: Keys::default(),
            strokes: Vec::new(),
            normal: false,
            clean: false,
            dragging: false,
            zone,
            now_ms: 0,
            wall: Timestamp::UNIX_EPOCH,
            size,
            focus: true,
            dirty: true,
            place: Place::Starting,
            overlay: None,
            opened: None,
            wanted,
            awaited: None,
            chats: Vec::new(),
            people: Vec::new(),
            next_try: BTreeMap::new(),
            requests: Vec::new(),
            mailboxes: None,
            near: near::Meeting::default(),
            rooms: rooms::Rooms::default(),
            network: None,
            network_next_ms: None,
            network_since_ms: 0,
            network_told: None,
            logs: BTreeMap::new(),
            visited: Vec::new(),
            open: None,
            editor: Editor::default(),
            compose: Compose::New,
            draft_kept: String::new(),
            draft_at: None,
            typing_sent: None,
            people_at: None,
            kept_stale: false,
            typing: BTreeMap::new(),
            notice: None,
            seen: BTreeMap::new(),
            interrupted: None,
            run,
            references: 0,
            chats_known: false,
            declined: None,
            refused: None,
            outside: outside::Outside::default(),
            undo: None,
            locked: None,
            pressed_ms: None,
            order_stale: false,
            completion: None,
            sent: editor::Sent::default(),
            words_put: super::msg::WordsPut::default(),
        }
    }

    /// The panes of the present size.
    pub fn geometry(&self) -> Geometry {
        let whole = Geometry::of(self.size.0, self.size.1).with_list(self.settings.list_width);
        if self.clean {
            return whole.clean();
        }
        let geometry = whole.with_people(self.shows_people());
        if self.settings.hints { geometry } else { geometry.without_hints() }
    }

    /// Now, in the person's zone.
    pub fn now(&self) -> Zoned {
        self.wall.to_zoned(self.zone.clone())
    }

    /// Own account id.
    pub fn me(&self) -> &str {
        self.opened.as_ref().map_or("", |opened| &opened.account.account)
    }

    /// The open chat's row.
    pub fn chat(&self) -> Option<&Chat> {
        self.open.as_deref().and_then(|id| self.chat_row(id))
    }

    /// A chat's row.
    pub fn chat_row(&self, id: &str) -> Option<&Chat> {
        self.chats.iter().find(|chat| chat.chat == id)
    }

    /// The open chat's messages.
    pub fn log(&self) -> Option<&ChatLog> {
        self.open.as_ref().and_then(|id| self.logs.get(id))
    }

    /// The open chat's messages, to change.
    pub fn log_mut(&mut self) -> Option<&mut ChatLog> {
        self.open.as_ref().and_then(|id| self.logs.get_mut(id))
    }

    /// A contact.
    pub fn person(&self, account: &str) -> Option<&Contact> {
        self.people.iter().find(|contact| contact.account == account)
    }

    /// A person's local name.
    pub fn name_of(&self, account: &str) -> String {
        if account == self.me() {
            return "You".to_owned();
        }
        self.person(account)
            .map(|contact| contact.name.clone())
            .or_else(|| {
                self.chats
                    .iter()
                    .find(|chat| chat.account.as_deref() == Some(account))
                    .map(|chat| chat.title.clone())
            })
            .or_else(|| self.fellow(account).map(str::to_owned))
            .unwrap_or_else(|| "somebody".to_owned())
    }

    /// Whether there is nobody to talk to yet but in open channels.
    pub fn alone(&self) -> bool {
        self.chats_known && !self.chats.iter().any(|chat| chat.kind != "me" && !chat.open)
    }

    /// Unseen messages in all chats but the open one; of muted ones only calls by name.
    pub fn unread_elsewhere(&self) -> u64 {
        let elsewhere = self.chats.iter().filter(|chat| Some(&chat.chat) != self.open.as_ref());
        let told = |chat: &Chat| if self.is_told(chat) { chat.unread } else { chat.mentions };
        elsewhere.fold(0, |sum, chat| sum.saturating_add(told(chat)))
    }

    /// Whether one is invisible.
    pub fn invisible(&self) -> bool {
        self.network.as_ref().is_some_and(|network| network.invisible)
    }

    /// The state of the network in one word; "invisible" above all others.
    pub fn network_key(&self) -> &str {
        match &self.network {
            None => "starting",
            Some(network) if network.invisible => "invisible",
            Some(network) => &network.state,
        }
    }

    /// Who writes in the open chat.
    pub fn writers(&self) -> Vec<String> {
        let Some(open) = &self.open else { return Vec::new() };
        self.typing
            .iter()
            .filter(|((chat, _), until)| chat == open && **until > self.now_ms)
            .map(|((_, account), _)| self.name_of(account))
            .collect()
    }

    /// Whether what is in the editor would be seen by another person.
    pub fn compose_is_for_other(&self) -> bool {
        self.chat().is_some_and(|chat| chat.kind == "person" && chat.state == "accepted")
    }

    /// Milliseconds until a contact is tried again, if that is still ahead.
    pub fn next_try_ms(&self, account: &str) -> Option<u64> {
        self.next_try.get(account).and_then(|at| at.checked_sub(self.now_ms)).filter(|left| *left > 0)
    }

    /// Whether mouse reports are wanted: not while a link, a number or a report is shown, so that it can be selected
    /// as usual.
    pub fn wants_mouse(&self) -> bool {
        matches!(self.place, Place::Main)
            && self.settings.mouse
            && !self.clean
            && !matches!(
                self.overlay,
                Some(
                    Overlay::Invite(_)
                        | Overlay::Words(_)
                        | Overlay::Person(_)
                        | Overlay::Network(_)
                        | Overlay::Mailboxes(_)
                )
            )
    }
}
