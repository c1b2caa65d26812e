#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::actions::{ACTIONS, Also, EDITS};
use super::keys::Row;
use super::strokes::stroke;
use super::*;
use crate::screen::settings::Preset;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;

const PRESETS: [Preset; 3] = [Preset::Default, Preset::Emacs, Preset::Vim];

fn rows(list: &[(&str, &str)]) -> Vec<Row> {
    let row = |(at, (keys, action)): (usize, &(&str, &str))| Row {
        keys: (*keys).to_owned(),
        action: (*action).to_owned(),
        line: at + 1,
    };
    list.iter().enumerate().map(row).collect()
}

fn mistake(preset: Preset, list: &[(&str, &str)]) -> (usize, String) {
    let mistake = Keys::with(preset, &rows(list)).unwrap_err();
    (mistake.line, mistake.what)
}

fn press(keys: &Keys, written: &str, empty: bool, normal: bool) -> Match {
    let pressed: Vec<Stroke> = written.split(' ').map(|one| stroke(one).unwrap()).collect();
    keys.find(&pressed, empty, normal)
}

#[test]
fn every_row_of_every_preset_can_be_read_and_none_hides_another() {
    for preset in PRESETS {
        let mut said: Vec<(&str, &str)> = Vec::new();
        for (keys, name) in presets::rows(preset) {
            said.retain(|(known, _)| *known != keys);
            said.push((keys, name));
        }
        assert_eq!(Keys::of(preset).list().len(), said.len(), "{preset:?}");
        assert_eq!(Keys::with(preset, &[]), Ok(Keys::of(preset)));
    }
}

#[test]
fn every_action_is_reached_without_alt_and_f_keys() {
    for preset in PRESETS {
        let keys = Keys::of(preset);
        let plain = |action: Action| {
            keys.list().iter().filter(|binding| binding.action == action).any(|binding| {
                binding.strokes.iter().all(|one| {
                    !one.modifiers.contains(KeyModifiers::ALT) && !matches!(one.code, KeyCode::F(_))
                })
            })
        };
        for known in ACTIONS {
            let reached = plain(known.action)
                || match known.also {
                    Also::Keys => false,
                    Also::GoTo => plain(Action::GoTo),
                    Also::Command(word) => COMMANDS.iter().any(|command| command.word == word),
                };
            assert!(reached, "{:?} cannot be reached with {preset:?}", known.action);
        }
    }
}

#[test]
fn names_are_unique_and_every_action_has_one() {
    let names: Vec<&str> = ACTIONS.iter().chain(EDITS).map(|known| known.name).collect();
    let mut once = names.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), names.len());
    assert!(!names.contains(&"none"));
}

#[test]
fn keys_are_found_where_they_hold() {
    let keys = Keys::default();
    assert_eq!(press(&keys, "ctrl-k", false, false), Match::Action(Action::GoTo));
    assert_eq!(press(&keys, "tab", true, false), Match::Action(Action::NextUnread));
    assert_eq!(press(&keys, "tab", false, false), Match::Nothing);
    assert_eq!(press(&keys, "x", true, false), Match::Nothing);
    let emacs = Keys::of(Preset::Emacs);
    assert_eq!(press(&emacs, "ctrl-x", false, false), Match::More);
    assert_eq!(press(&emacs, "ctrl-x ctrl-c", false, false), Match::Action(Action::Leave));
    assert_eq!(press(&emacs, "ctrl-x q", false, false), Match::Nothing);
    let vim = Keys::of(Preset::Vim);
    assert_eq!(press(&vim, "g t", false, true), Match::Action(Action::ChatBelow));
    assert_eq!(press(&vim, "3 g t", false, true), Match::Action(Action::ChatNumber(3)));
    assert_eq!(press(&vim, "G", false, true), Match::Action(Action::Newest));
    assert_eq!(press(&vim, "g", false, false), Match::Nothing);
    let shifted = KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT);
    assert_eq!(keys.find(&[Stroke::of(&shifted)], true, false), Match::Action(Action::Back));
}

#[test]
fn a_file_replaces_and_takes_away() {
    let keys =
        Keys::with(Preset::Default, &rows(&[("Ctrl-G", "goto"), ("ctrl-k", "none"), ("alt-x b", "network")]))
            .unwrap();
    assert_eq!(press(&keys, "ctrl-g", false, false), Match::Action(Action::GoTo));
    assert_eq!(press(&keys, "ctrl-k", false, false), Match::Nothing);
    assert_eq!(press(&keys, "alt-x", false, false), Match::More);
    assert_eq!(press(&keys, "alt-x b", false, false), Match::Action(Action::Network));
    assert_eq!(keys.label(Action::GoTo).unwrap(), "Ctrl-G");
    assert_eq!(keys.label(Action::Leave).unwrap(), "Ctrl-Q");
}

#[test]
fn mistakes_are_told_in_words_with_both_names_and_the_line() {
    let told = mistake(Preset::Default, &[("ctrl-k", "find"), ("Ctrl-K", "help")]);
    assert_eq!(told, (2, "Ctrl-K is \"find\" in line 1 and \"help\" here".to_owned()));
    let told = mistake(Preset::Emacs, &[("alt-z", "find"), ("ctrl-x", "help")]);
    assert_eq!(told.0, 2);
    assert!(told.1.starts_with("Ctrl-X (\"help\") is the beginning of Ctrl-X "), "{}", told.1);
    let cases = [
        ("ctrl-k", "fly", "there is no action \"fly\""),
        ("ctrl-", "find", "there is no key \"ctrl-\""),
        ("hyper-x", "find", "there is no key \"hyper-x\""),
        ("f25", "find", "there is no key \"f25\""),
        ("", "find", "no key is named"),
        ("a", "find", "a alone is for typing"),
        ("ctrl-i", "find", "Ctrl-I cannot be bound: it is Tab on most terminals"),
        ("ctrl-x ctrl-s", "find", "Ctrl-S cannot be bound: it stops some terminals until Ctrl-Q"),
        ("normal k", "find", "\"normal\" is only for the preset vim"),
        ("alt-a alt-b alt-c alt-d", "find", "more than 3 keys one after another"),
    ];
    for (keys, action, what) in cases {
        assert_eq!(mistake(Preset::Default, &[(keys, action)]), (1, what.to_owned()));
    }
    for never in ["i", "m", "h", "[", "s", "b", "I", "S"] {
        assert!(Keys::with(Preset::Vim, &rows(&[(&format!("ctrl-{never}"), "help")])).is_err());
    }
}

#[test]
fn help_shows_the_present_keys() {
    let says = |keys: &Keys, written: &str, help: &str| {
        keys.help().iter().any(|row| row.keys == written && row.help == help)
    };
    assert!(says(&Keys::default(), "Tab", "on an empty line: next chat with something new"));
    assert!(says(&Keys::default(), "Alt-1 … Alt-9", "the chat with that number"));
    let keys = Keys::with(Preset::Default, &rows(&[("ctrl-g", "goto"), ("ctrl-k", "none")])).unwrap();
    let rows: Vec<String> =
        keys.help().into_iter().filter(|row| row.action == Action::GoTo).map(|row| row.keys).collect();
    assert_eq!(rows, ["Ctrl-G"]);
    assert!(says(&Keys::of(Preset::Vim), "1gt … 9gt", "after Esc: the chat with that number"));
}

proptest! {
    #[test]
    fn no_file_breaks_the_keys(
        list in prop::collection::vec(("\\PC{0,12}|(ctrl-|alt-|normal )?[a-zA-Z ]{1,8}", "[a-z0-9-]{0,10}|none|goto"), 0..6),
    ) {
        let rows: Vec<Row> = list
            .iter()
            .enumerate()
            .map(|(at, (keys, action))| Row { keys: keys.clone(), action: action.clone(), line: at + 1 })
            .collect();
        for preset in PRESETS {
            match Keys::with(preset, &rows) {
                Ok(keys) => prop_assert!(!keys.help().is_empty()),
                Err(mistake) => {
                    prop_assert!((1..=rows.len()).contains(&mistake.line));
                    prop_assert!(!mistake.what.is_empty() && !mistake.what.contains(char::is_control));
                }
            }
        }
    }
}
