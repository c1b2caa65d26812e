//! The two sinks: data on stdout, talk on stderr. Everything human passes a last guard that lets no control
//! character through, whoever wrote it; JSON escapes them by itself.

use serde::Serialize;
use starling_node::api::types::Trouble;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

/// The exit code of a program whose reader has gone, as a shell reports SIGPIPE.
const PIPE: i32 = 141;

/// How to print.
#[derive(Debug, Clone, Copy, Default)]
pub struct Out {
    /// JSON instead of words.
    pub json: bool,
    /// No talk.
    pub quiet: bool,
}

/// Drops control characters (all but line ends) and what turns the direction of text; a tab becomes a space.
pub fn guard(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\n' => Some('\n'),
            '\t' => Some(' '),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => None,
            c if c.is_control() => None,
            c => Some(c),
        })
        .collect()
}

/// One line of it: line ends become spaces.
pub fn guard_line(text: &str) -> String {
    guard(text).replace('\n', " ")
}

impl Out {
    /// A line of data for people; silent with `--json`.
    pub fn say(self, text: &str) {
        if !self.json {
            write_out(&format!("{}\n", guard(text)));
        }
    }

    /// An object: JSON, or in words.
    pub fn object<T: Serialize>(self, object: &T, words: impl FnOnce() -> String) {
        if self.json {
            json_line(object);
        } else {
            self.say(&words());
        }
    }

    /// Talk; silent with `--json` and `--quiet`.
    pub fn talk(self, text: &str) {
        if !self.json && !self.quiet {
            write_err(&format!("{}\n", guard(text)));
        }
    }

    /// An error, and the exit code for it.
    pub fn fail(self, fault: &Trouble) -> ExitCode {
        if self.json {
            let line = serde_json::to_string(fault).unwrap_or_default();
            write_err(&format!("{line}\n"));
        } else {
            write_err(&format!("{}\n", guard(&trouble_line(fault))));
        }
        ExitCode::from(fault.exit)
    }
}

/// An error as one line of words with its code word at the end.
pub fn trouble_line(fault: &Trouble) -> String {
    let parts = [format!("{}.", fault.what.trim_end_matches('.')), fault.means.clone(), fault.do_.clone()];
    let words: Vec<&str> = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
    format!("{} [{}]", words.join(" "), fault.code)
}

/// An object as one line of JSON on stdout.
pub fn json_line<T: Serialize>(object: &T) {
    // The API's objects are plain data: they can always be written.
    let line = serde_json::to_string(object).unwrap_or_default();
    write_out(&format!("{line}\n"));
}

/// Writes to stdout and flushes. A reader that has gone (`| head`) ends the program quietly.
pub fn write_out(text: &str) {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    match written {
        Ok(()) => {}
        Err(fault) if fault.kind() == io::ErrorKind::BrokenPipe => std::process::exit(PIPE),
        Err(fault) => {
            write_err(&format!("starling: stdout cannot be written: {fault}\n"));
            std::process::exit(1);
        }
    }
}

/// Writes to stderr; there is nowhere to say that it failed.
pub fn write_err(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes());
}

/// Whether a person can be asked.
pub fn can_ask(no_input: bool) -> bool {
    !no_input && io::stdin().is_terminal() && io::stderr().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_character_passes() {
        let hostile = "a\x1b[2J\x07\r\u{9b}31m\u{202e}b\tc\nd\u{2066}\x7f";
        assert_eq!(guard(hostile), "a[2J31mb c\nd");
        assert_eq!(guard_line("a\nb"), "a b");
    }

    #[test]
    fn an_error_is_three_sentences_and_a_code() {
        let fault = Trouble::new("E-NODE", 3, "It does not run", "Nothing was sent.", "Start it.");
        assert_eq!(trouble_line(&fault), "It does not run. Nothing was sent. Start it. [E-NODE]");
    }
}
