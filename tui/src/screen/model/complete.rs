//! What can stand at the caret: commands and what they take, names, rooms, emoji. Pure; it offers and never changes
//! the text, and nothing is sent or run by it.

use super::Model;
use crate::screen::keymap::{COMMANDS, SlashCommand};
use crate::screen::text::emoji;
use starling_node::api::names::handle;

/// Rows offered at most.
pub const OFFERS: usize = 8;
/// Letters of an emoji's name before any is offered: `:)` is no name.
const EMOJI_LETTERS: usize = 2;
/// Characters of the word at the caret that are looked at.
const WORD_CHARS: usize = 64;

/// One thing that can stand at the caret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What is put in place of the word.
    pub text: String,
    /// How it is shown.
    pub label: String,
    /// A short line about it.
    pub note: String,
}

/// What is offered for the word at the caret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completion {
    /// The word at the caret, as typed.
    pub word: String,
    /// What fits it, at most [`OFFERS`].
    pub offers: Vec<Offer>,
    /// The chosen one.
    pub at: usize,
}

/// The word the caret is behind.
pub fn word(model: &Model) -> String {
    model.editor.before().rsplit(char::is_whitespace).next().unwrap_or("").to_owned()
}

/// What is offered where the caret is; none if nothing is, or if the one thing that fits stands there already.
pub fn offers(model: &Model) -> Option<Completion> {
    let found = fitting(model)?;
    let exact = matches!(found.offers.as_slice(), [one] if one.text.trim_end() == found.word);
    (!exact).then_some(found)
}

/// What fits where the caret is; none if nothing does.
pub fn fitting(model: &Model) -> Option<Completion> {
    let before = model.editor.before();
    let word = before.rsplit(char::is_whitespace).next().unwrap_or("");
    if word.chars().count() > WORD_CHARS {
        return None;
    }
    let first_line = model.editor.caret().0 == 0;
    let mut offers = if first_line && before.starts_with('/') && !before.starts_with("//") {
        in_command(model, &before, word)
    } else {
        in_text(model, &before, word)
    };
    offers.truncate(OFFERS);
    (!offers.is_empty()).then(|| Completion { word: word.to_owned(), offers, at: 0 })
}

fn in_command(model: &Model, before: &str, word: &str) -> Vec<Offer> {
    if word.len() == before.len() {
        let low = word.to_lowercase();
        let fits = |command: &&SlashCommand| command.word.starts_with(&low);
        let mut fitting: Vec<&SlashCommand> = COMMANDS.iter().filter(fits).collect();
        // What is typed already may be all of it.
        fitting.sort_by_key(|command| command.word != low);
        return fitting.into_iter().map(command).collect();
    }
    let mut parts = before.split_whitespace();
    let Some(known) = parts.next().and_then(|name| COMMANDS.iter().find(|command| command.word == name))
    else {
        return Vec::new();
    };
    let nth = parts.count().saturating_sub(usize::from(!word.is_empty()));
    let low = word.to_lowercase();
    let fixed = fixed(known.takes, nth).into_iter().filter(|fixed| fixed.starts_with(&low));
    let mut offers: Vec<Offer> = fixed.map(|fixed| plain(&fixed, "")).collect();
    if word.starts_with(['@', '#', ':']) {
        offers.extend(in_text(model, before, word));
    } else if known.takes == "NAME" && known.word == "/go" {
        offers.extend(chats(model, word, &["me", "person", "room"]));
    }
    offers
}

fn command(command: &SlashCommand) -> Offer {
    let space = if command.takes.is_empty() { "" } else { " " };
    Offer {
        text: format!("{}{space}", command.word),
        label: format!("{}{space}{}", command.word, command.takes),
        note: command.help.to_owned(),
    }
}

fn plain(text: &str, note: &str) -> Offer {
    Offer { text: format!("{text} "), label: text.to_owned(), note: note.to_owned() }
}

/// The fixed words among what a command takes in one place: lower-case letters and digits, parted by `|`.
fn fixed(takes: &str, nth: usize) -> Vec<String> {
    let Some(part) = takes.split_whitespace().nth(nth) else { return Vec::new() };
    let is_word = |word: &&str| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    part.trim_matches(['[', ']']).split('|').filter(is_word).map(str::to_owned).collect()
}

fn in_text(model: &Model, before: &str, word: &str) -> Vec<Offer> {
    match word.chars().next() {
        // Into a room come people who are not in it yet.
        Some('@') if model.open_room().is_some() && !before.starts_with("/invite ") => {
            let fits = |name: &str| starts(name, word.trim_start_matches('@'));
            let others = model.people_here().iter().filter(|one| !one.me && fits(&one.name));
            others.map(|one| named(&format!("@{}", handle(&one.name)), &one.name)).collect()
        }
        Some('@') => chats(model, word, &["person"]),
        Some('#') if word.len() > 1 || before.starts_with('/') => chats(model, word, &["room"]),
        Some(':') => {
            let name = word.trim_start_matches(':');
            if name.chars().count() < EMOJI_LETTERS {
                return Vec::new();
            }
            let offer = |(name, emoji): (&str, &str)| Offer {
                text: format!("{emoji} "),
                label: format!("{emoji} :{name}:"),
                note: String::new(),
            };
            emoji::complete(name).into_iter().map(offer).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a name, or the handle of it, begins with something.
fn starts(name: &str, start: &str) -> bool {
    let start = start.to_lowercase();
    name.to_lowercase().starts_with(&start) || handle(name).to_lowercase().starts_with(&start)
}

fn named(text: &str, name: &str) -> Offer {
    let note = if name == text.trim_start_matches(['@', '#']) { String::new() } else { name.to_owned() };
    plain(text, &note)
}

fn chats(model: &Model, word: &str, kinds: &[&str]) -> Vec<Offer> {
    let start = word.trim_start_matches(['@', '#']).to_lowercase();
    let of_kind = model.chats.iter().filter(|chat| kinds.contains(&chat.kind.as_str()));
    let fits = of_kind.filter(|chat| {
        chat.name.trim_start_matches(['@', '#']).to_lowercase().starts_with(&start)
            || starts(&chat.title, &start)
    });
    fits.map(|chat| named(&chat.name, &chat.title)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_words_are_read_from_what_a_command_takes() {
        assert_eq!(fixed("[8h|on|off|mentions]", 0), ["8h", "on", "off", "mentions"]);
        assert_eq!(fixed("@who admin|member", 1), ["admin", "member"]);
        assert!(fixed("@who admin|member", 0).is_empty());
        assert!(fixed("NAME", 0).is_empty());
        assert!(fixed("", 3).is_empty());
    }
}
