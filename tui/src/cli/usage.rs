//! What is said when the words of a command line do not fit: one sentence, a hint, exit 2.

use super::args::{Cli, Color, LATER};
use super::out::{Out, guard_line, write_err, write_out};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, ValueEnum};
use starling_node::api::names::distance;
use starling_node::api::trouble::{USED_WRONGLY, misuse};
use starling_node::api::types::Trouble;
use std::io::IsTerminal;
use std::process::ExitCode;

/// Ten lines for who starts it without a terminal.
const SHORT: &str = "\
starling: messages between people, without servers
Without a terminal it needs a verb:
  starling init --name NAME --no-passphrase   make an account
  starling daemon                             run the node
  starling invite                             a link; whoever has it can ask you
  starling add LINK                           ask the person who gave you a link
  starling send @who TEXT                     send a text
  starling recv --follow                      print what comes
  starling status                             how it stands
`starling --help` lists all verbs.
";

/// Words of other programs for our verbs.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("receive", "recv"),
    ("listen", "recv"),
    ("message", "send"),
    ("contacts", "people"),
    ("friends", "people"),
    ("history", "log"),
    ("search", "find"),
    ("quit", "stop"),
    ("start", "daemon"),
    ("whoami", "id"),
];

/// Help in ten lines, and exit 2.
pub fn short() -> ExitCode {
    write_out(SHORT);
    ExitCode::from(USED_WRONGLY)
}

/// Help and version are printed with exit 0; anything else is a mistake with exit 2.
pub fn explain(fault: clap::Error) -> ExitCode {
    let (color, json) = flags();
    match fault.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let styled = fault.render();
            write_out(&if coloured(color, std::io::stdout().is_terminal()) {
                styled.ansi().to_string()
            } else {
                styled.to_string()
            });
            return ExitCode::SUCCESS;
        }
        _ => {}
    }
    let words = unknown_verb(&fault);
    let out = Out { json, quiet: false };
    if json {
        let trouble =
            words.unwrap_or_else(|| misuse(first_line(&fault), "`starling --help` lists the verbs."));
        return out.fail(&trouble);
    }
    if let Some(trouble) = words {
        return out.fail(&trouble);
    }
    let styled = fault.render();
    write_err(&if coloured(color, std::io::stderr().is_terminal()) {
        styled.ansi().to_string()
    } else {
        styled.to_string()
    });
    ExitCode::from(USED_WRONGLY)
}

/// The flags that decide how a mistake is shown, found although the rest cannot be read.
fn flags() -> (Color, bool) {
    let mut color = Color::Auto;
    let mut json = false;
    let mut before = String::new();
    for word in std::env::args().skip(1) {
        if word == "--" {
            break;
        }
        json |= word == "--json";
        let value = word.strip_prefix("--color=").or_else(|| (before == "--color").then_some(word.as_str()));
        if let Some(value) = value {
            color = Color::from_str(value, true).unwrap_or_default();
        }
        before = word;
    }
    (color, json)
}

fn coloured(color: Color, terminal: bool) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            terminal
                && std::env::var_os("NO_COLOR").is_none()
                && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
        }
    }
}

/// What clap says before its usage lines, as one line.
fn first_line(fault: &clap::Error) -> String {
    let text = fault.render().to_string();
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:"))
        .filter(|line| !line.is_empty())
        .collect();
    let line = guard_line(&lines.join(" "));
    line.strip_prefix("error: ").map(str::to_owned).unwrap_or(line)
}

/// For a verb that is not there: whether it will come, or which one was perhaps meant.
fn unknown_verb(fault: &clap::Error) -> Option<Trouble> {
    if fault.kind() != ErrorKind::InvalidSubcommand {
        return None;
    }
    let Some(ContextValue::String(verb)) = fault.get(ContextKind::InvalidSubcommand) else { return None };
    if LATER.contains(&verb.as_str()) {
        return Some(misuse(
            format!("`starling {verb}` is not there yet"),
            "`starling --help` lists what is there.",
        ));
    }
    let command = Cli::command();
    let verbs = command.get_subcommands().map(|command| (command.get_name(), command.get_name()));
    let shown: String = guard_line(verb).chars().take(40).collect();
    let near =
        verbs.chain(OTHER_WORDS.iter().copied()).map(|(word, name)| (distance(verb, word), name)).min();
    let meant = match near {
        // A word of which most letters are others was not meant.
        Some((off, name)) if off <= 2 && off * 2 <= verb.chars().count() => format!("Did you mean `{name}`?"),
        _ => "`starling --help` lists the verbs.".to_owned(),
    };
    Some(misuse(format!("There is no `{shown}`"), meant))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use clap::Parser;

    fn said(words: &[&str]) -> Trouble {
        let fault = Cli::try_parse_from(words).unwrap_err();
        unknown_verb(&fault).unwrap()
    }

    #[test]
    fn the_words_of_the_command_line_are_whole() {
        Cli::command().debug_assert();
        assert_eq!(SHORT.lines().count(), 10);
    }

    #[test]
    fn a_wrong_verb_gets_the_one_that_was_meant() {
        assert_eq!(said(&["starling", "recieve"]).do_, "Did you mean `recv`?");
        assert_eq!(said(&["starling", "zzzzzz"]).do_, "`starling --help` lists the verbs.");
        assert_eq!(said(&["starling", "foo"]).do_, "`starling --help` lists the verbs.");
        assert_eq!(said(&["starling", "snd"]).do_, "Did you mean `send`?");
        assert_eq!(said(&["starling", "recvv"]).do_, "Did you mean `recv`?");
    }

    #[test]
    fn verbs_of_later_are_said_to_come() {
        for verb in LATER {
            let trouble = said(&["starling", verb]);
            assert_eq!((trouble.exit, trouble.what), (2, format!("`starling {verb}` is not there yet")));
        }
    }
}
