//! The keys of the main screen as data: what they do, what the key line and F1 say about them; and the table of slash
//! commands. Ctrl-I, Ctrl-M, Ctrl-H, Ctrl-[ (they are Tab, Enter, Backspace, Esc), Ctrl-S and Ctrl-B are never bound.

pub mod actions;
pub mod keys;
mod presets;
pub mod strokes;
#[cfg(test)]
mod tests;

pub use actions::{Action, Edit, Insert};
pub use keys::{Binding, Keys, Match, Mistake, Row, When};
pub use strokes::Stroke;

/// What help says of keys the editor handles itself.
pub const EDITOR_KEYS: &[(&str, &str)] = &[
    ("Ctrl-J, Alt-Enter", "a new line in the message"),
    ("Ctrl-A, Ctrl-E", "start and end of the line"),
    ("Ctrl-U, Ctrl-W", "delete to the start of the line, the word before"),
    ("Ctrl-Y, Ctrl-_", "put back what was deleted, undo"),
    ("Alt-B, Alt-F, Alt-D", "word back, word forward, delete the word"),
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
