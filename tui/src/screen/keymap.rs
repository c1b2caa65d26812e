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
    ("y", "copy", "copy its text; Y: with name and time"),
    ("o", "open", "open a link, after showing the whole address"),
    ("i", "who has it", "who has it, since when"),
    ("t", "thread", "see it with its answers"),
    ("f", "forward", "send it to another chat as a quote"),
    ("p", "pin", "pin it in this chat, or take the pin out"),
    ("R", "again", "try it again; beside a gap: ask again"),
    ("d", "delete", "delete it: here only, or ask everyone to"),
    ("H", "hide", "in an open room: hide it from those who follow you"),
    ("Enter", "unfold", "show all rows of a long message"),
    ("Left, Right", "sideways", "move long lines of code"),
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
    slash("/near", "", "people on this network who look for people too", true),
    slash("/requests", "", "people who ask", true),
    slash("/name", "@who NEW", "give a person another name", false),
    slash("/block", "[@who]", "refuse everything from a person, without telling them", true),
    slash("/remove", "@who", "have a person no longer among your people", false),
    slash("/unblock", "[@who]", "undo a block", true),
    slash(
        "/hide",
        "[@who]",
        "keep from a person how you are; in an open room: hide the chosen message from your followers",
        true,
    ),
    slash("/show", "[@who]", "show them again", true),
    slash("/verify", "[@who]", "compare the safety number", true),
    slash("/info", "[@who]", "a person: presence, safety number; a room: how it is", true),
    slash(
        "/room",
        "new|rename|history|decline ...",
        "make a room (NAME open: an open one); its name, what newcomers read; stay out",
        false,
    ),
    slash(
        "/join",
        "LINK|#name",
        "go into a room by a link or if asked in; else the open room of that name",
        false,
    ),
    slash("/people", "", "the people of this room", true),
    slash("/topic", "[TEXT]", "what this room is about", true),
    slash("/kick", "@who", "remove somebody from this room", false),
    slash("/role", "@who admin|member", "say what somebody may do in this room", false),
    slash("/leave", "", "leave this room", true),
    slash("/ignore", "@who", "in an open room: show nothing of somebody on this device", false),
    slash("/unignore", "@who", "in an open room: show them again", false),
    slash("/follow", "@who", "in an open room: what they hide or mute is not shown to you", false),
    slash("/unfollow", "@who", "in an open room: not any more", false),
    slash(
        "/slow",
        "30s|off",
        "in an open room: one message each in that time, for you and your followers",
        false,
    ),
    slash("/find", "TEXT", "search in this chat; Tab searches all", false),
    slash("/reply", "[TEXT]", "answer the chosen message, or the newest of others", true),
    slash("/edit", "", "change the chosen message, or your newest", true),
    slash("/react", "[:emoji:]", "react to the chosen message, or the newest of others", true),
    slash("/copy", "", "copy the chosen message, or the newest", true),
    slash(
        "/quote",
        "[TEXT]",
        "put the chosen message, or the newest of others, into the editor as a quote",
        true,
    ),
    slash("/code", "TEXT", "send a text as code, every sign as it is", false),
    slash("/me", "TEXT", "say what you do: your name stands in front", false),
    slash("/again", "", "try the chosen message again, or the newest that did not go", true),
    slash("/pins", "", "what is pinned in this chat", true),
    slash("/export", "md|json|txt [PATH]", "write this chat into a file", false),
    slash("/plain-text", "on|off", "show messages as they were typed, without bold and the like", false),
    slash("/nick", "NAME", "change your own name", false),
    slash("/presence", "online|away|busy|invisible", "how people see you", false),
    slash("/away", "", "people see that you are away", true),
    slash("/back-here", "", "and that you are back", true),
    slash(
        "/mailbox",
        "[list|use|drop|grant|ask|accept|decline ...]",
        "who keeps your mail: use LINK, drop ID, ask @who",
        true,
    ),
    slash("/words", "", "your 24 words", true),
    slash("/net", "[test]", "the network; test tries everything there is", true),
    slash("/lan", "on|off", "look for people on this network, and be found there", false),
    slash("/log", "[FILTER]", "what was logged of late, without names and addresses", true),
    slash("/wake", "", "try all waiting connections now", true),
    slash("/chats", "", "the chat list, and what was archived", true),
    slash("/go", "NAME", "open a chat", false),
    slash("/back", "", "the chat before", true),
    slash("/close", "", "leave this chat for the one before; nothing is lost", true),
    slash("/pin", "", "keep this chat at the top of the list; again: not any more", true),
    slash(
        "/mute",
        "[8h|on|off|mentions|@who 1h]",
        "no notices of this chat; in an open room: hide somebody from your followers",
        true,
    ),
    slash("/archive", "", "put this chat away until something comes", true),
    slash("/unread", "", "the first unread message", true),
    slash("/up", "", "older messages", true),
    slash("/down", "", "newer messages", true),
    slash("/end", "", "the newest message", true),
    slash("/lock", "", "lock the screen", true),
    slash("/write", "", "write in your own editor ($EDITOR); what it leaves is in the line", true),
    slash("/theme", "[NAME]", "colours: auto, light, dark, mono, or your own", true),
    slash("/keys", "[WORD]", "the keys as they are now", true),
    slash("/set", "KEY [VALUE]", "show or change a setting", true),
    slash("/reload", "", "read settings, keys and themes again", true),
    slash("/mouse", "on|off", "whether clicks and the wheel are Starling's", false),
    slash("/hints", "on|off", "the line of keys at the bottom", false),
    slash("/clean", "", "only messages, for copying with the mouse; again: all", true),
    slash("/plain", "", "how to start line mode", true),
    slash("/redraw", "", "draw everything anew", true),
    slash("/help", "[WORD]", "keys and commands", true),
    slash("/quit", "", "leave", true),
];
