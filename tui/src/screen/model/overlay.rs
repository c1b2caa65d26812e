//! What lies over the main screen: one thing at a time, each plain data.

use super::line::Line;
use super::near::{Compared, NearBox};
use super::talk::TalkBox;
use starling_node::api::types::{Invite, KeptAt, Message, Net, Safety, Test};

/// What lies over the main screen.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// Ctrl-K.
    GoTo(GoTo),
    /// F1.
    Help(Help),
    /// A theme, shown while it is chosen.
    Themes(Themes),
    /// Ctrl-N.
    Invite(InviteBox),
    /// A pasted link: add them?
    AskAdd {
        /// The link.
        link: String,
    },
    /// People who ask.
    Requests {
        /// The chosen one.
        at: usize,
    },
    /// A person.
    Person(PersonCard),
    /// Who has a message.
    WhoHas {
        /// Which.
        id: String,
        /// With its recipients, once read.
        message: Option<Box<Message>>,
        /// The mailboxes that keep it, once read.
        kept: Vec<KeptAt>,
    },
    /// Something about messages.
    Talk(TalkBox),
    /// Delete a message?
    Delete {
        /// Which.
        id: String,
    },
    /// An emoji for a message.
    React {
        /// Which.
        id: String,
        /// The chosen emoji.
        at: usize,
    },
    /// F2 on a narrow screen: the chat list.
    Chats {
        /// The chosen row.
        at: usize,
        /// Whether it is the ones that were put away.
        archived: bool,
    },
    /// Ctrl-F.
    Found(Found),
    /// F5: the network.
    Network(NetView),
    /// F8: the log.
    Log(Box<super::outside::LogView>),
    /// The mailboxes that keep one's mail.
    Mailboxes(MailboxBox),
    /// People near one.
    Near(NearBox),
    /// Three words to compare.
    Compare(Compared),
    /// About a room.
    Room(RoomBox),
    /// Leave although messages wait?
    Leave,
    /// A question before something that cannot be taken back.
    Sure(Sure),
    /// The 24 words, put off at the first run.
    Words(super::setup::WordsPage),
    /// The passphrase for the 24 words.
    WordsLock(Line),
}

impl Overlay {
    /// The chosen entry of a list that can be clicked.
    pub fn chosen_mut(&mut self) -> Option<&mut usize> {
        match self {
            Self::GoTo(shown) => Some(&mut shown.at),
            Self::Themes(shown) => Some(&mut shown.at),
            Self::Found(shown) => Some(&mut shown.at),
            Self::Near(shown) => Some(&mut shown.at),
            Self::Requests { at } | Self::Chats { at, .. } => Some(at),
            Self::Talk(TalkBox::Links { at, .. } | TalkBox::Forward { at, .. }) => Some(at),
            Self::Talk(TalkBox::Thread(list) | TalkBox::Pins(list)) => Some(&mut list.at),
            _ => None,
        }
    }
}

/// Ctrl-K: one field over chats, people, commands and messages.
#[derive(Debug, Clone, Default)]
pub struct GoTo {
    /// What was typed.
    pub query: Line,
    /// The entries that fit, best first.
    pub hits: Vec<Hit>,
    /// The chosen one.
    pub at: usize,
    /// When messages are searched for it, on the monotonic clock.
    pub find_ms: Option<u64>,
    /// The messages found last, newest last.
    pub found: Vec<Message>,
}

/// An entry of Ctrl-K.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// What it leads to.
    pub target: Target,
    /// Its name.
    pub name: String,
    /// "person", "command" …
    pub kind: &'static str,
    /// A short note.
    pub note: String,
}

/// Where an entry of Ctrl-K leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A chat.
    Chat(String),
    /// A person's card.
    Person(String),
    /// A slash command: run, or put into the editor if it needs more.
    Command(&'static str),
    /// A message.
    Message {
        /// Its chat.
        chat: String,
        /// Which.
        id: String,
    },
    /// What a key does.
    Key(crate::screen::keymap::Action),
    /// An emoji, put into the editor.
    Emoji(String),
}

/// The themes there are.
#[derive(Debug, Clone, Default)]
pub struct Themes {
    /// Their names.
    pub names: Vec<String>,
    /// The chosen one.
    pub at: usize,
}

/// F1: keys and commands of the place, filtered by typing.
#[derive(Debug, Clone, Default)]
pub struct Help {
    /// What was typed.
    pub query: Line,
    /// First line shown.
    pub top: usize,
    /// Whether the keys of a chosen message come first.
    pub choosing: bool,
    /// Whether only keys are shown.
    pub keys: bool,
}

/// Ctrl-N: an own invite and a field for a link.
#[derive(Debug, Clone, Default)]
pub struct InviteBox {
    /// The room it leads to; none for people alone.
    pub room: Option<String>,
    /// The invite, once made.
    pub invite: Option<Invite>,
    /// Why there is none.
    pub trouble: Option<String>,
    /// A link somebody gave.
    pub field: Line,
    /// Whether the code is shown alone.
    pub code_only: bool,
    /// What the last copy said.
    pub copied: bool,
}

/// About a room, which is named by the id of its chat.
#[derive(Debug, Clone)]
pub enum RoomBox {
    /// Who is in it.
    People {
        /// Which.
        chat: String,
        /// First row shown.
        top: usize,
    },
    /// How it is.
    Card {
        /// Which.
        chat: String,
    },
    /// Go into it, as somebody asks?
    Ask {
        /// Which.
        chat: String,
    },
    /// A pasted link: ask to be let in?
    AskLink {
        /// The link.
        link: String,
        /// What it says the room is called.
        name: String,
    },
    /// Hide a message from those who follow one?
    Hide {
        /// Which.
        chat: String,
        /// The message.
        id: String,
    },
    /// Leave it?
    Leave {
        /// Which.
        chat: String,
    },
}

/// A question before something that cannot be taken back.
#[derive(Debug, Clone)]
pub enum Sure {
    /// Refuse everything from somebody?
    Block {
        /// Whom.
        account: String,
    },
    /// Have somebody no longer among one's people? Their name must be typed.
    Remove {
        /// Whom.
        account: String,
        /// What was typed.
        field: Line,
        /// Whether it was another name.
        wrong: bool,
    },
}

/// A person.
#[derive(Debug, Clone)]
pub struct PersonCard {
    /// Who.
    pub account: String,
    /// The safety number, once read.
    pub safety: Option<Safety>,
}

/// F5.
#[derive(Debug, Clone, Default)]
pub struct NetView {
    /// What is known, once read.
    pub net: Option<Box<Net>>,
    /// When it is read again, on the monotonic clock.
    pub look_ms: u64,
    /// The test.
    pub trial: Trial,
    /// First line shown.
    pub top: usize,
    /// How the report was copied just now.
    pub copied: Option<crate::screen::msg::Copied>,
    /// Whether the map is shown.
    pub map: bool,
    /// What went over the network while this was open.
    pub flow: super::flow::Flow,
}

/// The mailboxes, which the model knows.
#[derive(Debug, Clone, Default)]
pub struct MailboxBox {
    /// A link to this node's mailbox, made just now.
    pub link: Option<String>,
}

/// The test of F5.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Trial {
    /// Not asked for.
    #[default]
    None,
    /// Under way.
    Running,
    /// What it found.
    Done(Vec<Test>),
}

/// Ctrl-F: a search in a chat or in all.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// What was typed.
    pub query: Line,
    /// In which chat; none = in all.
    pub chat: Option<String>,
    /// When the node is asked for what was typed, on the monotonic clock.
    pub due_ms: Option<u64>,
    /// What the node was asked for last.
    pub asked: Option<String>,
    /// The messages, newest last; none until they are read.
    pub hits: Option<Vec<Message>>,
    /// The chosen one.
    pub at: usize,
    /// A word of the chat that may have been meant, if nothing was found.
    pub near: Option<String>,
}

/// The emoji offered for a reaction. An own one can be typed with `/react`.
pub const EMOJI: [&str; 8] = ["👍", "❤️", "😂", "🎉", "😮", "😢", "🙏", "👀"];
