//! What keys can do: names for `keys.toml`, words for help, and how each is reached without Alt and F keys.

use super::strokes::Stroke;
use crossterm::event::{KeyCode, KeyModifiers};

/// What a key of the main screen does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Send what is in the editor, or open what waits.
    Enter,
    /// One field over everything.
    GoTo,
    /// The commands.
    Commands,
    /// The next chat with something new.
    NextUnread,
    /// The chat before.
    Back,
    /// The chat above in the list.
    ChatAbove,
    /// The chat below in the list.
    ChatBelow,
    /// The chat with a number, from 1.
    ChatNumber(usize),
    /// Choose a message.
    Choose,
    /// A page towards older messages.
    PageUp,
    /// A page towards newer messages.
    PageDown,
    /// The newest message.
    Newest,
    /// The first unread message.
    FirstUnread,
    /// Keys and commands.
    Help,
    /// The chat list.
    Chats,
    /// The people of a room.
    People,
    /// This person, this room.
    Person,
    /// The network.
    Network,
    /// The log.
    Log,
    /// Frames and side panes away, for copying.
    Clean,
    /// A link for somebody.
    Invite,
    /// Search.
    Find,
    /// Mute this chat, or end that.
    Mute,
    /// Lock the screen.
    Lock,
    /// Write in the person's own editor.
    Write,
    /// The text sent before.
    Older,
    /// The text sent after.
    Newer,
    /// Back to the shell.
    Suspend,
    /// Everything anew.
    Redraw,
    /// Clear the line.
    Interrupt,
    /// Leave.
    Leave,
    /// Close, or go back.
    Escape,
    /// A change of the line, by a key the editor knows.
    Edit(Edit),
    /// From vim's normal mode to typing.
    Insert(Insert),
}

/// A change of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// One character back.
    Left,
    /// One character on.
    Right,
    /// One line up.
    Up,
    /// One line down.
    Down,
    /// To the start of the line.
    Start,
    /// To the end of the line.
    End,
    /// One word back.
    WordBack,
    /// One word on.
    WordOn,
    /// Delete the character at the caret.
    Delete,
    /// Delete the word at the caret.
    DeleteWord,
    /// Delete to the end of the line.
    DeleteToEnd,
    /// Delete everything.
    DeleteAll,
    /// Put back what was deleted.
    PutBack,
    /// Undo.
    Undo,
}

impl Edit {
    /// The key by which the editor knows it; none for what it is told by name.
    pub fn stroke(self) -> Option<Stroke> {
        let plain = |code| Some(Stroke { code, modifiers: KeyModifiers::NONE });
        let with = |c, modifiers| Some(Stroke { code: KeyCode::Char(c), modifiers });
        match self {
            Self::Left => plain(KeyCode::Left),
            Self::Right => plain(KeyCode::Right),
            Self::Up => plain(KeyCode::Up),
            Self::Down => plain(KeyCode::Down),
            Self::Start => plain(KeyCode::Home),
            Self::End => plain(KeyCode::End),
            Self::Delete => plain(KeyCode::Delete),
            Self::WordBack => with('b', KeyModifiers::ALT),
            Self::WordOn => with('f', KeyModifiers::ALT),
            Self::DeleteWord => with('d', KeyModifiers::ALT),
            Self::PutBack => with('y', KeyModifiers::CONTROL),
            Self::Undo => with('_', KeyModifiers::CONTROL),
            Self::DeleteToEnd | Self::DeleteAll => None,
        }
    }
}

/// Where typing begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Insert {
    /// At the caret.
    Here,
    /// Behind the character at the caret.
    After,
    /// At the start of the line.
    Start,
    /// At the end of the line.
    End,
    /// On a new line below.
    Below,
}

/// How an action is reached where neither Alt nor F keys come through, beside its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Also {
    /// By its keys; one of them is plain.
    Keys,
    /// By a slash command.
    Command(&'static str),
    /// By choosing in Ctrl-K's list.
    GoTo,
}

/// An action with its names.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// What is done.
    pub action: Action,
    /// Its name in `keys.toml`.
    pub name: &'static str,
    /// What help says.
    pub help: &'static str,
    /// Another way to it.
    pub also: Also,
}

const fn known(action: Action, name: &'static str, help: &'static str, also: Also) -> Known {
    Known { action, name, help, also }
}

/// The actions, in the order of help.
pub const ACTIONS: &[Known] = &[
    known(Action::Enter, "send", "send; on an empty line: open what waits", Also::Keys),
    known(Action::GoTo, "goto", "go to a chat, a person or a command", Also::Keys),
    known(Action::Commands, "commands", "commands (or type /)", Also::GoTo),
    known(Action::NextUnread, "next", "next chat with something new", Also::Keys),
    known(Action::Back, "back", "the chat before", Also::Keys),
    known(Action::ChatAbove, "above", "the chat above", Also::GoTo),
    known(Action::ChatBelow, "below", "the chat below", Also::GoTo),
    known(Action::Choose, "choose", "choose a message", Also::Keys),
    known(Action::PageUp, "older", "older messages (or the wheel)", Also::Keys),
    known(Action::PageDown, "newer", "newer messages", Also::Keys),
    known(Action::Newest, "newest", "the newest message", Also::Keys),
    known(Action::FirstUnread, "unread", "the first unread message", Also::Command("/unread")),
    known(Action::Find, "find", "search in this chat", Also::Command("/find")),
    known(Action::Help, "help", "this help", Also::Command("/help")),
    known(Action::Chats, "chats", "the chat list", Also::Command("/chats")),
    known(Action::People, "people", "the people of this room", Also::Command("/people")),
    known(Action::Person, "info", "this person, or how this room is", Also::Command("/info")),
    known(Action::Network, "network", "the network", Also::Command("/net")),
    known(Action::Log, "log", "what was logged of late", Also::Command("/log")),
    known(
        Action::Clean,
        "clean",
        "only messages, for copying with the mouse; again: all",
        Also::Command("/clean"),
    ),
    known(Action::Invite, "invite", "invite somebody, or add them by a link", Also::Command("/invite")),
    known(Action::Mute, "mute", "mute this chat for 8 hours; again: not any more", Also::Command("/mute")),
    known(Action::Lock, "lock", "lock the screen", Also::Command("/lock")),
    known(Action::Write, "write", "write in your own editor ($EDITOR)", Also::Command("/write")),
    known(Action::Older, "sent-older", "a text sent before", Also::GoTo),
    known(Action::Newer, "sent-newer", "a text sent after it", Also::GoTo),
    known(Action::Suspend, "suspend", "back to the shell for a while (fg returns)", Also::Keys),
    known(Action::Redraw, "redraw", "draw everything anew", Also::Keys),
    known(Action::Interrupt, "clear", "clear the line; twice: leave", Also::Keys),
    known(Action::Leave, "quit", "leave", Also::Keys),
    known(Action::Escape, "escape", "close, or go back to the editor", Also::Keys),
    known(Action::ChatNumber(1), "chat-1", "the chat with that number", Also::GoTo),
    known(Action::ChatNumber(2), "chat-2", "", Also::GoTo),
    known(Action::ChatNumber(3), "chat-3", "", Also::GoTo),
    known(Action::ChatNumber(4), "chat-4", "", Also::GoTo),
    known(Action::ChatNumber(5), "chat-5", "", Also::GoTo),
    known(Action::ChatNumber(6), "chat-6", "", Also::GoTo),
    known(Action::ChatNumber(7), "chat-7", "", Also::GoTo),
    known(Action::ChatNumber(8), "chat-8", "", Also::GoTo),
    known(Action::ChatNumber(9), "chat-9", "", Also::GoTo),
];

/// Changes of the line and ways back to typing, for presets and `keys.toml`. The editor has keys of its own for most.
pub const EDITS: &[Known] = &[
    known(Action::Edit(Edit::Left), "left", "a character back", Also::Keys),
    known(Action::Edit(Edit::Right), "right", "a character on", Also::Keys),
    known(Action::Edit(Edit::Up), "up", "a line up", Also::Keys),
    known(Action::Edit(Edit::Down), "down", "a line down", Also::Keys),
    known(Action::Edit(Edit::Start), "start", "the start of the line", Also::Keys),
    known(Action::Edit(Edit::End), "end", "the end of the line", Also::Keys),
    known(Action::Edit(Edit::WordBack), "word-back", "a word back", Also::Keys),
    known(Action::Edit(Edit::WordOn), "word-on", "a word on", Also::Keys),
    known(Action::Edit(Edit::Delete), "delete", "delete a character", Also::Keys),
    known(Action::Edit(Edit::DeleteWord), "delete-word", "delete the word", Also::Keys),
    known(Action::Edit(Edit::DeleteToEnd), "delete-to-end", "delete to the end of the line", Also::Keys),
    known(Action::Edit(Edit::DeleteAll), "delete-all", "delete everything", Also::Keys),
    known(Action::Edit(Edit::PutBack), "put-back", "put back what was deleted", Also::Keys),
    known(Action::Edit(Edit::Undo), "undo", "undo", Also::Keys),
    known(Action::Insert(Insert::Here), "insert", "type here", Also::Keys),
    known(Action::Insert(Insert::After), "insert-after", "type behind this character", Also::Keys),
    known(Action::Insert(Insert::Start), "insert-start", "type at the start of the line", Also::Keys),
    known(Action::Insert(Insert::End), "insert-end", "type at the end of the line", Also::Keys),
    known(Action::Insert(Insert::Below), "insert-below", "type on a new line", Also::Keys),
];

/// An action by its name.
pub fn named(name: &str) -> Option<&'static Known> {
    ACTIONS.iter().chain(EDITS).find(|known| known.name == name)
}

/// An action's names.
pub fn of(action: Action) -> Option<&'static Known> {
    ACTIONS.iter().chain(EDITS).find(|known| known.action == action)
}
