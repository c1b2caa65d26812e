//! The keys as they are now: a preset, and over it what `DIR/keys.toml` says. Mistakes are told in words with their
//! line, and then nothing of the file holds.

use super::actions::{self, Action};
use super::presets;
use super::strokes::{self, Stroke, label, shown};
use crate::screen::settings::Preset;
use crossterm::event::KeyCode;

/// Rows a `keys.toml` may have; a keyboard has no more that anybody remembers.
pub const ROWS: usize = 256;

/// When keys mean their action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Always.
    Always,
    /// While the editor is empty; otherwise the editor has the key.
    Empty,
    /// In vim's normal mode.
    Normal,
}

/// Keys and what they do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// One key, or several one after another.
    pub strokes: Vec<Stroke>,
    /// When they are ours.
    pub when: When,
    /// What they do.
    pub action: Action,
}

impl Binding {
    /// How help writes it.
    pub fn label(&self) -> String {
        label(&self.strokes)
    }
}

/// What keys pressed so far are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// An action.
    Action(Action),
    /// The beginning of one.
    More,
    /// Nothing of ours.
    Nothing,
}

/// A row of `keys.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The keys, as written.
    pub keys: String,
    /// The action, as written.
    pub action: String,
    /// From 1.
    pub line: usize,
}

/// A row of help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelpRow {
    /// What is done.
    pub action: Action,
    /// The keys, as help writes them.
    pub keys: String,
    /// What is done, in words.
    pub help: String,
}

/// A mistake in `keys.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Which line, from 1.
    pub line: usize,
    /// In words.
    pub what: String,
}

/// All keys of the main screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    list: Vec<Binding>,
    /// The preset they began with.
    pub preset: Preset,
}

impl Default for Keys {
    fn default() -> Self {
        Self::of(Preset::Default)
    }
}

impl Keys {
    /// The keys of a preset.
    pub fn of(preset: Preset) -> Self {
        let mut keys = Self { list: Vec::new(), preset };
        for (written, name) in presets::rows(preset) {
            if let (Ok((strokes, when)), Some(known)) = (place(written, preset), actions::named(name)) {
                keys.bind(Binding { strokes, when, action: known.action });
            }
        }
        keys
    }

    /// The keys of a preset with those of a file over them.
    ///
    /// # Errors
    /// The first [`Mistake`]: an unknown key or action, keys that cannot be bound, two lines for the same keys, keys
    /// that are the beginning of others.
    pub fn with(preset: Preset, rows: &[Row]) -> Result<Self, Mistake> {
        let mut keys = Self::of(preset);
        let mut own: Vec<(&Row, Vec<Stroke>, When)> = Vec::new();
        for row in rows {
            let wrong = |what: String| Mistake { line: row.line, what };
            if own.len() == ROWS {
                return Err(wrong(format!("more than {ROWS} lines")));
            }
            let (strokes, when) = place(&row.keys, preset).map_err(wrong)?;
            if let Some((other, ..)) = own.iter().find(|(_, known, at)| *known == strokes && *at == when) {
                let both = (shown(&other.action), shown(&row.action), other.line);
                return Err(wrong(format!(
                    "{} is \"{}\" in line {} and \"{}\" here",
                    label(&strokes),
                    both.0,
                    both.2,
                    both.1
                )));
            }
            keys.unbind(&strokes, when);
            if row.action != "none" {
                let unknown = || wrong(format!("there is no action \"{}\"", shown(&row.action)));
                let known = actions::named(&row.action).ok_or_else(unknown)?;
                keys.bind(Binding { strokes: strokes.clone(), when, action: known.action });
            }
            own.push((row, strokes, when));
        }
        keys.unclear(&own).map_or(Ok(keys), Err)
    }

    /// Keys that are the beginning of others: what they do could never be told apart.
    fn unclear(&self, own: &[(&Row, Vec<Stroke>, When)]) -> Option<Mistake> {
        let starts = |short: &Binding, long: &Binding| {
            (short.when == When::Normal) == (long.when == When::Normal)
                && long.strokes.len() > short.strokes.len()
                && long.strokes.starts_with(&short.strokes)
        };
        let pairs = self.list.iter().flat_map(|one| self.list.iter().map(move |other| (one, other)));
        let (short, long) = pairs.into_iter().find(|(short, long)| starts(short, long))?;
        let line = |binding: &Binding| {
            let row =
                own.iter().find(|(_, strokes, when)| (strokes, when) == (&binding.strokes, &binding.when));
            row.map(|(row, ..)| row.line)
        };
        let name = |binding: &Binding| actions::of(binding.action).map_or("", |known| known.name);
        Some(Mistake {
            line: line(short).or_else(|| line(long)).unwrap_or(1),
            what: format!(
                "{} (\"{}\") is the beginning of {} (\"{}\"); set one of them to \"none\"",
                short.label(),
                name(short),
                long.label(),
                name(long)
            ),
        })
    }

    fn bind(&mut self, binding: Binding) {
        self.unbind(&binding.strokes, binding.when);
        self.list.push(binding);
    }

    fn unbind(&mut self, strokes: &[Stroke], when: When) {
        self.list.retain(|known| known.strokes != strokes || known.when != when);
    }

    /// All of them.
    pub fn list(&self) -> &[Binding] {
        &self.list
    }

    /// What the keys pressed so far are, the last one included.
    pub fn find(&self, pressed: &[Stroke], empty: bool, normal: bool) -> Match {
        let holds = |when: When| match when {
            When::Always => true,
            When::Empty => empty,
            When::Normal => normal,
        };
        let here = |binding: &&Binding| holds(binding.when) && binding.strokes.starts_with(pressed);
        let mut found: Vec<&Binding> = self.list.iter().filter(here).collect();
        // In normal mode its own keys come before those of always.
        found.sort_by_key(|binding| binding.when != When::Normal);
        match found.first() {
            None => Match::Nothing,
            Some(binding) if binding.strokes.len() == pressed.len() => Match::Action(binding.action),
            Some(_) => Match::More,
        }
    }

    /// What one key does wherever one is.
    pub fn always(&self, stroke: Stroke) -> Option<Action> {
        let here = |binding: &&Binding| binding.when == When::Always && binding.strokes == [stroke];
        self.list.iter().find(here).map(|binding| binding.action)
    }

    /// How help writes the first key of an action; one that holds while typing, if there is one.
    pub fn label(&self, action: Action) -> Option<String> {
        let of = |normal: bool| {
            let here =
                |binding: &&Binding| binding.action == action && (binding.when == When::Normal) == normal;
            self.list.iter().find(here)
        };
        of(false).or_else(|| of(true)).map(Binding::label)
    }

    /// Rows of help: keys, and what they do.
    pub fn help(&self) -> Vec<HelpRow> {
        let mut rows = Vec::new();
        let edits: &[actions::Known] = if self.preset == Preset::Default { &[] } else { actions::EDITS };
        for known in actions::ACTIONS.iter().chain(edits).filter(|known| !known.help.is_empty()) {
            for binding in self.list.iter().filter(|binding| binding.action == known.action) {
                let (keys, help) = (self.written(binding), words(binding.when, known.help));
                rows.push(HelpRow { action: known.action, keys, help });
            }
        }
        rows
    }

    /// As help writes it; the keys of all numbered chats in one, if they are alike.
    fn written(&self, binding: &Binding) -> String {
        let label = binding.label();
        let last = self.list.iter().find(|other| {
            other.action == Action::ChatNumber(9)
                && other.when == binding.when
                && other.label() == label.replacen('1', "9", 1)
        });
        match (binding.action, last) {
            (Action::ChatNumber(1), Some(last)) => format!("{label} … {}", last.label()),
            _ => label,
        }
    }
}

fn words(when: When, help: &str) -> String {
    match when {
        When::Always => help.to_owned(),
        When::Empty => format!("on an empty line: {help}"),
        When::Normal => format!("after Esc: {help}"),
    }
}

/// Keys as written, with when they are ours: a letter alone types, so it is only ours in vim's normal mode; keys the
/// editor needs are ours while it is empty.
fn place(written: &str, preset: Preset) -> Result<(Vec<Stroke>, When), String> {
    let (normal, rest) = match written.trim_start().strip_prefix("normal ") {
        Some(rest) => (true, rest),
        None => (false, written),
    };
    let list = strokes::strokes(rest)?;
    if normal && preset != Preset::Vim {
        return Err("\"normal\" is only for the preset vim".to_owned());
    }
    let Some(first) = list.first() else { return Err("no key is named".to_owned()) };
    if normal {
        return Ok((list, When::Normal));
    }
    if first.types() {
        return Err(format!("{} alone is for typing", first.label()));
    }
    let editors = first.modifiers.is_empty()
        && matches!(
            first.code,
            KeyCode::Tab
                | KeyCode::BackTab
                | KeyCode::Up
                | KeyCode::Down
                | KeyCode::Left
                | KeyCode::Right
                | KeyCode::Home
                | KeyCode::End
                | KeyCode::Delete
                | KeyCode::Backspace
        );
    Ok((list, if editors { When::Empty } else { When::Always }))
}
