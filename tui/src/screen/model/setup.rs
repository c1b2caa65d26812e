//! The pages before the main screen: the guided first run and the passphrase question. Secrets live here only as
//! long as their page.

use super::line::Line;
use super::overlay::InviteBox;
use zeroize::Zeroizing;

/// Where the first run is.
#[derive(Debug, Clone)]
pub enum Page {
    /// 1: the name.
    Name,
    /// 2: how the keys are locked.
    Lock,
    /// 3: the 24 words.
    Words(WordsPage),
    /// 4: bring somebody in.
    People(InviteBox),
}

/// The guided first run.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The page.
    pub page: Page,
    /// The name.
    pub name: Line,
    /// Whether a passphrase is wanted.
    pub with_lock: bool,
    /// Which field of page 2 has the caret: 0 the choice, 1 the passphrase, 2 once more.
    pub field: u8,
    /// The passphrase.
    pub passphrase: Line,
    /// Once more.
    pub again: Line,
    /// Keys are being made.
    pub busy: bool,
    /// What is wrong, in words.
    pub trouble: Option<String>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            page: Page::Name,
            name: Line::default(),
            with_lock: true,
            field: 0,
            passphrase: Line::default(),
            again: Line::default(),
            busy: false,
            trouble: None,
        }
    }
}

/// The 24 words and the question for two of them.
#[derive(Clone, Default)]
pub struct WordsPage {
    /// The words, separated by spaces.
    pub words: Zeroizing<String>,
    /// The question, once Enter was pressed.
    pub check: Option<Check>,
}

impl std::fmt::Debug for WordsPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WordsPage").field("check", &self.check.is_some()).finish_non_exhaustive()
    }
}

/// "What is word 7?"
#[derive(Debug, Clone)]
pub struct Check {
    /// The two places, counted from 1.
    pub places: [usize; 2],
    /// How many are answered.
    pub answered: usize,
    /// The answer being typed.
    pub field: Line,
    /// Whether the last answer was wrong.
    pub wrong: bool,
}

impl WordsPage {
    /// The page for words.
    pub fn new(words: Zeroizing<String>) -> Self {
        Self { words, check: None }
    }

    /// The word at a place counted from 1.
    pub fn word(&self, place: usize) -> &str {
        self.words.split(' ').nth(place.saturating_sub(1)).unwrap_or("")
    }

    /// Two places to ask for, from some number that differs from time to time.
    pub fn ask(&mut self, chance: u64) {
        let first = usize::try_from(chance % 12).unwrap_or(0) + 1;
        let second = usize::try_from(chance / 12 % 12).unwrap_or(0) + 13;
        self.check =
            Some(Check { places: [first, second], answered: 0, field: Line::default(), wrong: false });
    }

    /// Takes the typed answer. True once both were right.
    pub fn answer(&mut self) -> bool {
        let Some(check) = &self.check else { return false };
        let place = check.places.get(check.answered).copied().unwrap_or(1);
        let right = self.word(place).eq_ignore_ascii_case(check.field.text().trim());
        let Some(check) = &mut self.check else { return false };
        check.field.clear();
        check.wrong = !right;
        if right {
            check.answered += 1;
        }
        check.answered >= check.places.len()
    }
}

/// The question for the passphrase of a locked profile.
#[derive(Debug, Clone, Default)]
pub struct Unlock {
    /// The passphrase.
    pub passphrase: Line,
    /// Being tried.
    pub busy: bool,
    /// What is wrong, in words.
    pub trouble: Option<String>,
}

/// How good a passphrase is, in a word. Length counts most; nothing is refused.
pub fn strength(passphrase: &str) -> &'static str {
    let length = passphrase.chars().count();
    let kinds = [char::is_lowercase as fn(char) -> bool, char::is_uppercase, char::is_numeric]
        .iter()
        .filter(|kind| passphrase.chars().any(**kind))
        .count()
        + usize::from(passphrase.chars().any(|c| !c.is_alphanumeric()));
    let different = passphrase.chars().collect::<std::collections::BTreeSet<_>>().len();
    match length {
        0 => "",
        _ if different < 4 => "weak",
        1..=7 => "weak",
        8..=11 if kinds < 3 => "fair",
        8..=13 => "good enough",
        _ => "strong",
    }
}
