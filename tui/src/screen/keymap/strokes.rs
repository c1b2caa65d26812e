//! Keys as people write them: `ctrl-k`, `alt-up`, `f5`, `ctrl-x ctrl-c`, and how help shows them.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Keys one after another for one action.
pub const STROKES_MOST: usize = 3;

/// One key with its modifiers. Shift is part of the letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stroke {
    /// The key.
    pub code: KeyCode,
    /// Control and Alt, nothing else.
    pub modifiers: KeyModifiers,
}

impl Stroke {
    /// What was pressed.
    pub fn of(event: &KeyEvent) -> Self {
        let modifiers = event.modifiers.intersection(KeyModifiers::CONTROL | KeyModifiers::ALT);
        let code = match event.code {
            KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) => {
                KeyCode::Char(c.to_ascii_lowercase())
            }
            other => other,
        };
        Self { code, modifiers }
    }

    /// Whether it writes a character.
    pub fn types(&self) -> bool {
        matches!(self.code, KeyCode::Char(_)) && self.modifiers.is_empty()
    }

    /// How help writes it.
    pub fn label(&self) -> String {
        let mut label = String::new();
        if self.modifiers.contains(KeyModifiers::CONTROL) {
            label.push_str("Ctrl-");
        }
        if self.modifiers.contains(KeyModifiers::ALT) {
            label.push_str("Alt-");
        }
        match self.code {
            KeyCode::Char(' ') => label.push_str("Space"),
            KeyCode::Char(c) if self.modifiers.is_empty() => label.push(c),
            KeyCode::Char(c) => label.extend(c.to_uppercase()),
            KeyCode::F(number) => label.push_str(&format!("F{number}")),
            code => {
                label.push_str(NAMES.iter().find(|(_, _, known)| *known == code).map_or("?", |name| name.1))
            }
        }
        label
    }
}

/// Names of keys that are no characters: as written, as shown.
const NAMES: &[(&str, &str, KeyCode)] = &[
    ("enter", "Enter", KeyCode::Enter),
    ("tab", "Tab", KeyCode::Tab),
    ("shift-tab", "Shift-Tab", KeyCode::BackTab),
    ("esc", "Esc", KeyCode::Esc),
    ("up", "Up", KeyCode::Up),
    ("down", "Down", KeyCode::Down),
    ("left", "Left", KeyCode::Left),
    ("right", "Right", KeyCode::Right),
    ("home", "Home", KeyCode::Home),
    ("end", "End", KeyCode::End),
    ("pgup", "PgUp", KeyCode::PageUp),
    ("pgdn", "PgDn", KeyCode::PageDown),
    ("insert", "Insert", KeyCode::Insert),
    ("delete", "Delete", KeyCode::Delete),
    ("backspace", "Backspace", KeyCode::Backspace),
    ("space", "Space", KeyCode::Char(' ')),
];

/// Keys that are never bound, and why.
const NEVER: &[(char, &str)] = &[
    ('i', "it is Tab on most terminals"),
    ('m', "it is Enter on most terminals"),
    ('h', "it is Backspace on many terminals"),
    ('[', "it is Esc on most terminals"),
    ('s', "it stops some terminals until Ctrl-Q"),
    ('b', "tmux takes it"),
];

/// A key from how it is written.
///
/// # Errors
/// In words.
pub fn stroke(text: &str) -> Result<Stroke, String> {
    let mut rest = text;
    let mut modifiers = KeyModifiers::NONE;
    loop {
        let low = rest.to_lowercase();
        if low.starts_with("ctrl-") && !modifiers.contains(KeyModifiers::CONTROL) {
            modifiers |= KeyModifiers::CONTROL;
        } else if low.starts_with("alt-") && !modifiers.contains(KeyModifiers::ALT) {
            modifiers |= KeyModifiers::ALT;
        } else {
            break;
        }
        rest = rest.split_once('-').map_or("", |(_, rest)| rest);
    }
    let code = code(rest).ok_or_else(|| format!("there is no key \"{}\"", shown(text)))?;
    let code = match code {
        KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) => {
            KeyCode::Char(c.to_ascii_lowercase())
        }
        other => other,
    };
    let stroke = Stroke { code, modifiers };
    let never =
        NEVER.iter().find(|(c, _)| modifiers.contains(KeyModifiers::CONTROL) && code == KeyCode::Char(*c));
    match never {
        Some((_, why)) => Err(format!("{} cannot be bound: {why}", stroke.label())),
        None => Ok(stroke),
    }
}

fn code(text: &str) -> Option<KeyCode> {
    let low = text.to_lowercase();
    if let Some((.., code)) = NAMES.iter().find(|(name, ..)| *name == low) {
        return Some(*code);
    }
    if let Some(number) = low.strip_prefix('f').and_then(|rest| rest.parse::<u8>().ok()) {
        return (1..=24).contains(&number).then_some(KeyCode::F(number));
    }
    let mut characters = text.chars();
    let one = characters.next().filter(|c| !c.is_control() && !c.is_whitespace())?;
    characters.next().is_none().then_some(KeyCode::Char(one))
}

/// Keys one after another, separated by blanks.
///
/// # Errors
/// In words.
pub fn strokes(text: &str) -> Result<Vec<Stroke>, String> {
    let list: Vec<Stroke> = text.split_whitespace().map(stroke).collect::<Result<_, _>>()?;
    match list.len() {
        0 => Err("no key is named".to_owned()),
        1..=STROKES_MOST => Ok(list),
        _ => Err(format!("more than {STROKES_MOST} keys one after another")),
    }
}

/// How help writes keys one after another.
pub fn label(strokes: &[Stroke]) -> String {
    if strokes.iter().all(Stroke::types) {
        return strokes.iter().map(Stroke::label).collect();
    }
    strokes.iter().map(Stroke::label).collect::<Vec<_>>().join(" ")
}

/// A text of a file, bounded and harmless.
pub fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}
