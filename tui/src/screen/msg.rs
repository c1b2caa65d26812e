//! Everything that comes in ([`Msg`]) and everything that is asked for ([`Effect`]), as plain data. `update` turns the
//! one into the other; only `run` and `bridge` perform effects.

mod debug;
mod mail;
mod near;
mod open;
mod outside;
mod places;
mod rooms;
mod setting;
mod talk;
mod typed;

pub use mail::MailWish;
pub use near::{NearNews, NearWish};
pub use open::OpenWish;
pub use outside::{Copied, OutsideNews, OutsideWish};
pub use places::{ChatWish, PlaceNews, PlaceWish, WordsPut};
pub use rooms::{RoomNews, RoomWish};
pub use setting::{SettingNews, SettingWish};
use starling_node::api::types::{
    Account, Chat, Contact, Done, Invite, KeptAt, Mailbox, Message, Net, Object, Request, Safety, Sent,
    Status, Test, Trouble,
};
pub use talk::{TalkNews, TalkWish, WriteAs};
pub use typed::Typed;
use zeroize::Zeroizing;

/// Something that happened.
#[derive(Debug)]
pub enum Msg {
    /// A key, a paste, a new size, the focus.
    Term(crossterm::event::Event),
    /// What line mode asks for.
    Typed(Typed),
    /// The mouse was pressed on an entry of a list that lies over the screen.
    Pressed {
        /// Where and how.
        mouse: crossterm::event::MouseEvent,
        /// Which entry.
        entry: usize,
    },
    /// Time has passed: a deadline of [`super::model::Model::next_wake`] is due.
    Tick,
    /// There is no profile yet, there is a locked one, or one that opens by itself.
    Profile(ProfileKind),
    /// The account was made: the 24 words, or why not.
    Created(Result<Zeroizing<String>, Trouble>),
    /// A node answers, or why not.
    Opened(Result<Opened, Trouble>),
    /// The node is gone.
    Closed(Trouble),
    /// Something happened in the node.
    Event(Box<Object>),
    /// The chat list.
    Chats(Result<Vec<Chat>, Trouble>),
    /// The people.
    People(Result<Vec<Contact>, Trouble>),
    /// The open requests.
    Requests(Result<Vec<Request>, Trouble>),
    /// A summary.
    Status(Result<Box<Status>, Trouble>),
    /// What is known of the network.
    Net(Result<Box<Net>, Trouble>),
    /// What a test of the network found.
    NetTest(Result<Vec<Test>, Trouble>),
    /// The newest page of a chat.
    Log {
        /// The chat.
        chat: String,
        /// The page.
        page: Result<Vec<Message>, Trouble>,
    },
    /// The mailboxes that keep one's mail, and open questions.
    Mailboxes(Result<Vec<Mailbox>, Trouble>),
    /// A wish about mailboxes was done, or refused.
    MailDone {
        /// What is said if it worked.
        say: String,
        /// The outcome.
        result: Result<(), Trouble>,
    },
    /// A link to this node's mailbox.
    Granted(Result<Mailbox, Trouble>),
    /// The mailboxes that keep a message.
    Kept {
        /// Which message.
        id: String,
        /// Them.
        result: Result<Vec<KeptAt>, Trouble>,
    },
    /// About people near one.
    Near(NearNews),
    /// About rooms.
    Room(RoomNews),
    /// About messages.
    Talk(TalkNews),
    /// From around the screen.
    Outside(OutsideNews),
    /// About chats as places, the lock, the editor.
    Place(PlaceNews),
    /// One message with its recipients.
    One(Result<Box<Message>, Trouble>),
    /// A text is on the disk, or was refused.
    Sent {
        /// The chat.
        chat: String,
        /// The client's reference.
        reference: String,
        /// The outcome.
        result: Result<Sent, Trouble>,
    },
    /// An edit, deletion, reaction, receipt or the like was done, or refused.
    Done {
        /// What is said if it worked; nothing for silence.
        say: Option<String>,
        /// The outcome.
        result: Result<(), Trouble>,
    },
    /// An edit was refused: its text goes back into the editor.
    EditRefused {
        /// The message.
        id: String,
        /// The text.
        text: String,
        /// Why.
        trouble: Trouble,
    },
    /// A new invite.
    Invite(Result<Invite, Trouble>),
    /// A contact changed or was added.
    Contact {
        /// What to do with it.
        then: After,
        /// The contact.
        result: Result<Box<Contact>, Trouble>,
    },
    /// A request was dropped.
    Dropped(Result<Done, Trouble>),
    /// A safety number.
    Safety(Result<Safety, Trouble>),
    /// What a search found.
    Found {
        /// For this text.
        text: String,
        /// The messages.
        result: Result<Vec<Message>, Trouble>,
    },
    /// Own name was changed.
    Named(Result<Account, Trouble>),
    /// The 24 words, asked for again.
    Words(Result<Zeroizing<String>, Trouble>),
    /// What the profile's files say of the screen.
    Settings(SettingNews),
    /// The process is asked to read its settings again.
    Reload,
    /// The process is asked to end.
    Terminate,
}

/// What kind of profile there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileKind {
    /// None: the guided first run.
    Missing,
    /// One that needs its passphrase.
    Locked,
    /// One that opens by itself, or a node runs already.
    Open,
}

/// A node answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Own account.
    pub account: Account,
    /// Whether the node lives in this process.
    pub in_process: bool,
    /// Whether the profile has a passphrase.
    pub locked: bool,
    /// Whether the 24 words were put off.
    pub words_later: bool,
}

/// What to do with a contact that was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Only show it.
    Nothing,
    /// Show it and say something.
    Say(&'static str),
    /// Open the chat with them and say that they were asked.
    Asked,
    /// Open the chat with them.
    Accepted,
}

/// Something to be done outside.
#[derive(Clone)]
pub enum Effect {
    /// Make account, keys and store.
    Create {
        /// The name.
        name: String,
        /// The passphrase; none = no lock.
        passphrase: Option<Zeroizing<String>>,
    },
    /// Attach to the running node, or start one here.
    Open {
        /// The passphrase of a locked profile.
        passphrase: Option<Zeroizing<String>>,
    },
    /// Remember (or forget) that the 24 words were put off.
    WordsLater(bool),
    /// Ask for the 24 words again.
    Words {
        /// The passphrase, if there is one.
        passphrase: Option<Zeroizing<String>>,
    },
    /// Read the chat list.
    Chats,
    /// Read the people.
    People,
    /// Read the requests.
    Requests,
    /// Read the summary.
    Status,
    /// Read what is known of the network.
    Net,
    /// Have the network try everything.
    NetTest,
    /// Say how one is.
    Presence {
        /// The API's word.
        state: &'static str,
    },
    /// Keep from a contact how one is, or show it again.
    Visible {
        /// Who.
        account: String,
        /// Whether to show it.
        on: bool,
    },
    /// Read the newest page of a chat.
    Log {
        /// The chat.
        chat: String,
    },
    /// Do something about mailboxes.
    Mail(MailWish),
    /// Do something about people near one.
    Near(NearWish),
    /// Do something about rooms.
    Room(RoomWish),
    /// Do something about messages.
    Talk(TalkWish),
    /// Do something around the screen.
    Outside(OutsideWish),
    /// Do something about chats as places, the lock, the editor.
    Place(PlaceWish),
    /// Read which mailboxes keep a message.
    Kept {
        /// The message.
        id: String,
    },
    /// Read one message with its recipients.
    One {
        /// The message.
        id: String,
    },
    /// Send.
    Send {
        /// The chat.
        chat: String,
        /// The text.
        text: String,
        /// What it answers.
        reply_to: Option<String>,
        /// The client's reference.
        reference: String,
    },
    /// Change an own message.
    Edit {
        /// The message.
        id: String,
        /// The new text.
        text: String,
    },
    /// Delete an own message for everyone.
    Delete {
        /// The message.
        id: String,
    },
    /// React; an empty emoji takes it back.
    React {
        /// The message.
        id: String,
        /// The emoji.
        emoji: String,
    },
    /// Messages were seen.
    MarkRead {
        /// The chat.
        chat: String,
        /// The messages.
        ids: Vec<String>,
    },
    /// The person types, or stopped.
    Typing {
        /// The chat.
        chat: String,
        /// Whether they type.
        on: bool,
    },
    /// Keep unsent text.
    Draft {
        /// The chat.
        chat: String,
        /// The text.
        text: String,
    },
    /// Make an invite.
    Invite,
    /// Ask somebody.
    Add {
        /// Their link.
        link: String,
    },
    /// Accept a request.
    Accept {
        /// Who.
        account: String,
    },
    /// Drop a request.
    Drop {
        /// Who.
        account: String,
    },
    /// Give a contact another name.
    Rename {
        /// Who.
        account: String,
        /// The name.
        name: String,
    },
    /// Block or unblock.
    Block {
        /// Who.
        account: String,
        /// Whether to block.
        on: bool,
    },
    /// The safety number matches, or it does not.
    Verify {
        /// Who.
        account: String,
        /// Whether.
        matches: bool,
    },
    /// Read a safety number.
    Safety {
        /// Of whom.
        account: String,
    },
    /// Search.
    Find {
        /// For what.
        text: String,
        /// In which chat; all without one.
        chat: Option<String>,
    },
    /// Change the own name.
    Nick {
        /// The name.
        name: String,
    },
    /// Try all waiting connections now.
    Wake,
    /// Put text on the clipboard.
    Copy {
        /// The text.
        text: String,
    },
    /// Do something about settings.
    Setting(SettingWish),
    /// Stop the process until the shell wakes it.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Leave.
    Quit {
        /// The exit code.
        code: u8,
    },
}
