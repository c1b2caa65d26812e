//! The keys of the main screen in one table: what they do, what the key line and F1 say about them. Ctrl-I, Ctrl-M,
//! Ctrl-H, Ctrl-[ (they are Tab, Enter, Backspace, Esc), Ctrl-S and Ctrl-B are never bound.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key of the main screen does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Send what is in the editor, or open what waits.
    Enter,
    /// Ctrl-K.
    GoTo,
    /// Ctrl-P.
    Commands,
    /// The next chat with something new.
    NextUnread,
    /// The chat before.
    Back,
    /// The chat above in the list.
    ChatAbove,
    /// The chat below in the list.
    ChatBelow,
    /// The chat with a number.
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
    /// F1.
    Help,
    /// F2.
    Chats,
    /// F3.
    People,
    /// F4.
    Person,
    /// F5.
    Network,
    /// Ctrl-N.
    Invite,
    /// Ctrl-F.
    Find,
    /// Ctrl-Z.
    Suspend,
    /// Ctrl-L.
    Redraw,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-Q.
    Leave,
    /// Esc.
    Escape,
}

/// When a key means its action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Always.
    Always,
    /// While the editor is empty; otherwise the editor has it.
    Empty,
}

/// A key of the main screen.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// The key.
    pub code: KeyCode,
    /// Its modifiers.
    pub modifiers: KeyModifiers,
    /// When it is ours.
    pub when: When,
    /// What it does.
    pub action: Action,
    /// How it is written in help; empty for a second key of the same action.
    pub label: &'static str,
    /// What help says.
    pub help: &'static str,
}

const NONE: KeyModifiers = KeyModifiers::NONE;
const CTRL: KeyModifiers = KeyModifiers::CONTROL;
const ALT: KeyModifiers = KeyModifiers::ALT;

const fn key(
    code: KeyCode,
    modifiers: KeyModifiers,
    when: When,
    action: Action,
    label: &'static str,
    help: &'static str,
) -> Binding {
    Binding { code, modifiers, when, action, label, help }
}

/// The keys of the main screen.
pub const KEYS: &[Binding] = &[
    key(
        KeyCode::Enter,
        NONE,
        When::Always,
        Action::Enter,
        "Enter",
        "send; on an empty line: open what waits",
    ),
    key(
        KeyCode::Char('k'),
        CTRL,
        When::Always,
        Action::GoTo,
        "Ctrl-K",
        "go to a chat, a person or a command",
    ),
    key(KeyCode::Char('p'), CTRL, When::Always, Action::Commands, "Ctrl-P", "commands (or type /)"),
    key(
        KeyCode::Tab,
        NONE,
        When::Empty,
        Action::NextUnread,
        "Tab",
        "on an empty line: next chat with something new",
    ),
    key(KeyCode::Char('a'), ALT, When::Always, Action::NextUnread, "Alt-A", "next chat with something new"),
    key(KeyCode::BackTab, NONE, When::Empty, Action::Back, "Shift-Tab", "on an empty line: the chat before"),
    key(KeyCode::Up, ALT, When::Always, Action::ChatAbove, "Alt-Up", "the chat above"),
    key(KeyCode::Down, ALT, When::Always, Action::ChatBelow, "Alt-Down", "the chat below"),
    key(KeyCode::Up, NONE, When::Empty, Action::Choose, "Up", "on an empty line: choose a message"),
    key(KeyCode::Up, CTRL, When::Always, Action::Choose, "Ctrl-Up", "choose a message"),
    key(KeyCode::PageUp, NONE, When::Always, Action::PageUp, "PgUp", "older messages (or the wheel)"),
    key(KeyCode::PageDown, NONE, When::Always, Action::PageDown, "PgDn", "newer messages"),
    key(KeyCode::End, NONE, When::Empty, Action::Newest, "End", "on an empty line: the newest message"),
    key(KeyCode::Char('u'), ALT, When::Always, Action::FirstUnread, "Alt-U", "the first unread message"),
    key(KeyCode::Char('f'), CTRL, When::Always, Action::Find, "Ctrl-F", "search in this chat"),
    key(KeyCode::F(1), NONE, When::Always, Action::Help, "F1", "this help"),
    key(KeyCode::Char('h'), ALT, When::Always, Action::Help, "", ""),
    key(KeyCode::F(2), NONE, When::Always, Action::Chats, "F2", "the chat list"),
    key(KeyCode::F(3), NONE, When::Always, Action::People, "F3", "the people of this room"),
    key(KeyCode::F(4), NONE, When::Always, Action::Person, "F4", "this person, or how this room is"),
    key(KeyCode::F(5), NONE, When::Always, Action::Network, "F5", "the network"),
    key(
        KeyCode::Char('n'),
        CTRL,
        When::Always,
        Action::Invite,
        "Ctrl-N",
        "invite somebody, or add them by a link",
    ),
    key(
        KeyCode::Char('z'),
        CTRL,
        When::Always,
        Action::Suspend,
        "Ctrl-Z",
        "back to the shell for a while (fg returns)",
    ),
    key(KeyCode::Char('l'), CTRL, When::Always, Action::Redraw, "Ctrl-L", "draw everything anew"),
    key(KeyCode::Char('c'), CTRL, When::Always, Action::Interrupt, "Ctrl-C", "clear the line; twice: leave"),
    key(KeyCode::Char('q'), CTRL, When::Always, Action::Leave, "Ctrl-Q", "leave"),
    key(KeyCode::Esc, NONE, When::Always, Action::Escape, "Esc", "close, or go back to the editor"),
];

/// What help says of keys the editor handles itself.
pub const EDITOR_KEYS: &[(&str, &str)] = &[
    ("Ctrl-J, Alt-Enter", "a new line in the message"),
    ("Ctrl-A, Ctrl-E", "start and end of the line"),
    ("Ctrl-U, Ctrl-W", "delete to the start of the line, the word before"),
    ("Ctrl-Y, Ctrl-_", "put back what was deleted, undo"),
    ("Alt-B, Alt-F, Alt-D", "word back, word forward, delete the word"),
    ("Alt-1 … Alt-9", "the chat with that number"),
];

/// The keys while a message is chosen: key, short word, long help.
pub const MESSAGE_KEYS: &[(&str, &str, &str)] = &[
    ("r", "reply", "answer the chosen message"),
    ("e", "edit", "change your own message"),
    ("+", "react", "react with an emoji"),
    ("y", "copy", "copy its text"),
    ("i", "who has it", "who has it, since when"),
    ("d", "delete", "delete your own message"),
    ("Enter", "unfold", "show all rows of a long message"),
    ("Esc", "back", "back to the editor"),
];

/// The action of a key while the editor is empty or not.
pub fn action(event: &KeyEvent, empty: bool) -> Option<Action> {
    let modifiers = event.modifiers.intersection(CTRL | ALT);
    if modifiers == ALT
        && let KeyCode::Char(digit @ '1'..='9') = event.code
    {
        return digit.to_digit(10).and_then(|digit| usize::try_from(digit).ok()).map(Action::ChatNumber);
    }
    KEYS.iter()
        .find(|binding| {
            binding.code == event.code
                && binding.modifiers == modifiers
                && (binding.when == When::Always || empty)
        })
        .map(|binding| binding.action)
}

/// A slash command: its word, what it takes, what help says.
#[derive(Debug, Clone, Copy)]
pub struct SlashCommand {
    /// Its word, with the slash.
    pub word: &'static str,
    /// What it takes.
    pub takes: &'static str,
    /// What help says.
    pub help: &'static str,
    /// Whether it can run without anything behind it.
    pub bare: bool,
}

const fn slash(word: &'static str, takes: &'static str, help: &'static str, bare: bool) -> SlashCommand {
    SlashCommand { word, takes, help, bare }
}

/// The slash commands.
pub const COMMANDS: &[SlashCommand] = &[
    slash("/add", "LINK", "ask somebody, by the link they gave you", false),
    slash("/invite", "[@who|link]", "a link and a code for somebody new; in a room: ask somebody in", true),
    slash("/requests", "", "people who ask", true),
    slash("/name", "@who NEW", "give a person another name", false),
    slash("/block", "[@who]", "refuse everything from a person, without telling them", true),
    slash("/unblock", "[@who]", "undo a block", true),
    slash("/hide", "[@who]", "keep from a person how you are and when you type", true),
    slash("/show", "[@who]", "show them again", true),
    slash("/verify", "[@who]", "compare the safety number", true),
    slash("/info", "[@who]", "a person: presence, safety number; a room: how it is", true),
    slash("/room", "new NAME", "make a room", false),
    slash("/join", "LINK|#name", "go into a room: by a link, or if somebody asks you in", false),
    slash("/people", "", "the people of this room", true),
    slash("/topic", "[TEXT]", "what this room is about", true),
    slash("/kick", "@who", "remove somebody from this room", false),
    slash("/role", "@who admin|member", "say what somebody may do in this room", false),
    slash("/leave", "", "leave this room", true),
    slash("/find", "TEXT", "search in this chat", false),
    slash("/nick", "NAME", "change your own name", false),
    slash("/presence", "STATE", "online, away, busy or invisible", false),
    slash(
        "/mailbox",
        "[WHAT]",
        "who keeps your mail: list, use LINK, drop ID, grant, ask, accept, decline @who",
        true,
    ),
    slash("/words", "", "your 24 words", true),
    slash("/net", "", "the network", true),
    slash("/wake", "", "try all waiting connections now", true),
    slash("/chats", "", "the chat list", true),
    slash("/help", "[WORD]", "keys and commands", true),
    slash("/quit", "", "leave", true),
];
