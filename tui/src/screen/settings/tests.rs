#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::{KEYS, Preset, SettingError, Settings, quiet_hours};
use proptest::prelude::*;
use starling_node::config::{ConfigError, Layers};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

fn file(text: &str) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    fs::write(&path, text).unwrap();
    (dir, path)
}

#[test]
fn every_setting_has_a_name_and_words_and_can_be_written_as_it_reads() {
    let settings = Settings::default();
    assert_eq!(settings.json().as_object().unwrap().len(), KEYS.len());
    let (_dir, path) = file("");
    for (key, takes) in KEYS {
        assert!(!takes.is_empty());
        let text = settings.get(key).unwrap();
        Settings::write(&path, key, &text).unwrap();
    }
    assert_eq!(Settings::read(&path).unwrap(), settings);
}

#[test]
fn the_table_stands_beside_the_nodes_settings() {
    let (_dir, path) =
        file("lan = false # mine\n\n[screen]\n# colours\ntheme = 'mono'   # grey\nfuture = 1\n");
    let settings = Settings::read(&path).unwrap();
    assert_eq!(settings.theme, "mono");
    Settings::write(&path, "theme", "dark").unwrap();
    Settings::write(&path, "mouse", "off").unwrap();
    Settings::write(&path, "lock_after_min", "5").unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(
        text,
        "lan = false # mine\n\n[screen]\n# colours\ntheme = \"dark\"   # grey\nfuture = 1\nmouse = false\nlock_after_min = 5\n"
    );
    assert!(!starling_node::config::Config::read(&path).unwrap().lan);
}

#[test]
fn a_mistake_is_named_with_its_line_and_column() {
    let cases = [
        ("[screen]\ntheme = 3\n", 2, 9, "string"),
        ("[screen]\ntheme = '../x'\n", 2, 9, "theme must be"),
        ("[screen]\npreset = 'nano'\n", 2, 10, "emacs"),
        ("\n[screen]\nmouse = 'yes'\n", 3, 9, "boolean"),
        ("[screen]\nquiet = '25:00-7'\n", 2, 9, "two times of day"),
        ("[screen]\nlist_width = 3\n", 2, 14, "columns"),
        ("screen = 5\n", 1, 10, ""),
        ("[screen\n", 1, 8, ""),
    ];
    for (text, at_line, at_column, says) in cases {
        let (_dir, path) = file(text);
        match Settings::read(&path) {
            Err(SettingError::File(ConfigError::Nonsense { line, column, what, .. })) => {
                assert_eq!((line, column), (at_line, at_column), "{text:?}: {what}");
                assert!(what.contains(says), "{what}");
            }
            other => panic!("{text:?}: {other:?}"),
        }
        assert!(Settings::write(&path, "mouse", "true").is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn values_by_name() {
    let mut settings = Settings::default();
    settings.set("mouse", "off").unwrap();
    settings.set("preset", "vim").unwrap();
    settings.set("list_width", " 30 ").unwrap();
    assert!(!settings.mouse && settings.preset == Preset::Vim && settings.list_width == 30);
    let before = settings.clone();
    let refused = [
        ("mouse", "yes"),
        ("preset", "Vim"),
        ("theme", ""),
        ("theme", "a/b"),
        ("theme", ".."),
        ("quiet", "22-7"),
        ("quiet", "+1:00-07:00"),
        ("list_width", "4"),
        ("lock_after_min", "-1"),
        ("lock_after_min", "99999999999"),
        ("editor", "a\u{1b}b"),
    ];
    for (key, text) in refused {
        let fault = settings.set(key, text).unwrap_err().to_string();
        assert!(fault.starts_with(&format!("{key} must be ")), "{fault}");
    }
    assert_eq!(settings, before);
    assert!(matches!(settings.set("nope", "1"), Err(SettingError::NoSuchKey { .. })));
}

#[test]
fn variables_win_over_files() {
    let (dir, path) = file("[screen]\nbig = false\ntheme = 'dark'\n");
    let system = dir.path().join("system.toml");
    fs::write(&system, "[screen]\nhints = false\ntheme = 'light'\n").unwrap();
    let said = |name: &str| (name == "STARLING_SCREEN_BIG").then(|| "on".to_owned());
    let settings = Settings::of(&Layers::with(&path, &system, said).unwrap()).unwrap();
    assert!(settings.big && !settings.hints && settings.theme == "dark");
}

#[test]
fn quiet_hours_are_two_times_of_day() {
    assert_eq!(quiet_hours("22:00-07:30"), Some((1_320, 450)));
    assert_eq!(quiet_hours(" 0:00 - 23:59 "), Some((0, 1_439)));
    for text in ["", "22:00", "24:00-01:00", "1:60-2:00", "a-b", "1:2:3-4:5", "001:00-2:00"] {
        assert_eq!(quiet_hours(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn nothing_written_there_breaks_the_screen(
        table in "[a-z_ =\\[\\]\"'.0-9:\n#-]{0,80}",
        key in 0..KEYS.len(),
        value in "\\PC{0,30}",
    ) {
        let (_dir, path) = file(&format!("[screen]\n{table}"));
        if let Err(SettingError::File(ConfigError::Nonsense { line, column, .. })) = Settings::read(&path) {
            prop_assert!(line >= 1 && column >= 1);
        }
        let (_dir, path) = file("");
        if Settings::write(&path, KEYS[key].0, &value).is_ok() {
            prop_assert_eq!(Settings::read(&path).unwrap().get(KEYS[key].0).unwrap(), value.trim().to_owned());
        }
    }
}
