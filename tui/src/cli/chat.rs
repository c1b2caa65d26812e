//! `chat`, and `starling` alone: the screen, line mode, or one message from stdin.

use super::args::{Global, Level, Send};
use super::session;
use crate::screen::settings::Settings;
use starling_node::api::trouble;
use starling_node::api::types::Trouble;
use std::io::IsTerminal;

/// The variable that asks for line mode.
const PLAIN: &str = "STARLING_PLAIN";

/// What `chat` opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The screen.
    Screen,
    /// Line mode.
    Lines,
    /// Nothing: all of stdin is one message.
    Message,
}

/// What is known of where `chat` was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    /// `--plain`.
    flag: bool,
    /// A setting or a variable asks for line mode.
    wanted: bool,
    /// Stdin is a terminal.
    typed: bool,
    /// Stdout is a terminal that can move its cursor.
    drawn: bool,
}

impl Place {
    fn of(global: &Global, flag: bool) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let variable = std::env::var_os(PLAIN).is_some_and(|value| !value.is_empty() && value != "0");
        // A mistake in the file is told by the screen itself.
        let setting = || {
            let profile = session::profile(global).ok()?;
            Settings::read(&profile.config()).ok().map(|settings| settings.plain)
        };
        Self {
            flag,
            wanted: variable || setting().unwrap_or(false),
            typed: std::io::stdin().is_terminal(),
            drawn: std::io::stdout().is_terminal() && !dumb,
        }
    }

    /// Only `--plain` makes the lines of a pipe lines that are typed: a file given to `chat` is one message, and no
    /// line in it is a command.
    fn way(self) -> Way {
        match self {
            Self { flag: true, .. } => Way::Lines,
            Self { typed: false, .. } => Way::Message,
            Self { wanted: true, .. } | Self { drawn: false, .. } => Way::Lines,
            _ => Way::Screen,
        }
    }
}

/// What `chat` opens here.
pub fn way(global: &Global, flag: bool) -> Way {
    Place::of(global, flag).way()
}

/// What `starling` alone opens here; nothing without a terminal.
pub fn alone(global: &Global) -> Option<Way> {
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    terminal.then(|| way(global, false))
}

/// `send TO -`.
///
/// # Errors
/// When it is not said to whom.
pub fn message(to: Option<String>) -> Result<Send, Trouble> {
    let Some(to) = to else {
        return Err(trouble::misuse(
            "There is no terminal for the screen",
            "Say to whom: `starling chat @ilse < file` sends it as one message; --plain reads it line by line.",
        ));
    };
    Ok(Send {
        to,
        text: vec!["-".to_owned()],
        reply: None,
        wait: Level::Queued,
        require_verified: false,
        client_ref: None,
        file: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_flag_makes_lines_of_a_pipe_typed_ones() {
        let terminal = Place { flag: false, wanted: false, typed: true, drawn: true };
        assert_eq!(terminal.way(), Way::Screen);
        assert_eq!(Place { wanted: true, ..terminal }.way(), Way::Lines);
        assert_eq!(Place { drawn: false, ..terminal }.way(), Way::Lines);
        assert_eq!(Place { typed: false, ..terminal }.way(), Way::Message);
        assert_eq!(Place { typed: false, wanted: true, drawn: false, ..terminal }.way(), Way::Message);
        assert_eq!(Place { flag: true, wanted: false, typed: false, drawn: false }.way(), Way::Lines);
    }
}
