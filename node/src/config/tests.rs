#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::{Config, ConfigError, Layers, Origin, pairs, write};
use crate::net::Serve;
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
fn a_missing_file_is_the_standard() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    assert_eq!(Config::read(&path).unwrap(), Config::default());
    assert!(!path.exists());
    Config::write(&path, "port", "41641").unwrap();
    assert_eq!(Config::read(&path).unwrap(), Config { port: 41_641, ..Config::default() });
    assert!(fs::read_to_string(&path).unwrap().starts_with("# Starling's configuration."));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn comments_order_and_unknown_keys_stay() {
    let text = "\
# mine
peers = [ # friends
  \"/ip4/192.0.2.1/tcp/1\",
]
lan = false   # not at work
future = { a = 1 }
port = 0x10

[section]
key = 'value'
";
    let (_dir, path) = file(text);
    let config = Config::read(&path).unwrap();
    assert!(!config.lan && config.port == 16 && config.peers.len() == 1);
    assert_eq!(Layers::read(&path).unwrap().keys(), ["peers", "lan", "future.a", "port", "section.key"]);
    Config::write(&path, "lan", "false").unwrap();
    Config::write(&path, "port", "17").unwrap();
    Config::write(&path, "read_receipts", "false").unwrap();
    write(&path, "section.other", true.into()).unwrap();
    write(&path, "screen.theme", "light".into()).unwrap();
    let new = fs::read_to_string(&path).unwrap();
    assert!(new.contains(
        "# mine\npeers = [ # friends\n  \"/ip4/192.0.2.1/tcp/1\",\n]\nlan = false   # not at work\n"
    ));
    assert!(new.contains("future = { a = 1 }") && new.contains("[section]\nkey = 'value'"));
    assert!(new.contains("port = 17") && new.contains("key = 'value'\nother = true\n"));
    assert!(new.contains("[screen]\ntheme = \"light\"\n"));
    let now = Config::read(&path).unwrap();
    assert_eq!(now, Config { port: 17, read_receipts: false, ..config });
    Config::write(&path, "port", "17").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), new);
}

#[test]
fn nonsense_is_refused_with_its_place_and_left_alone() {
    let cases = [
        ("port = 1\nlan = maybe\n", 2, 7),
        ("port = 70000\n", 1, 8),
        ("# ä\nport = \"x\"\n", 2, 8),
        ("lan = true\nlan = false\n", 2, 1),
        ("peers = [\"/a\", 3]\n", 1, 16),
        ("ä = [\u{1b}", 1, 7),
    ];
    for (text, at_line, at_column) in cases {
        let (_dir, path) = file(text);
        match Config::read(&path) {
            Err(ConfigError::Nonsense { line, column, what, .. }) => {
                assert_eq!((line, column), (at_line, at_column), "{text:?}: {what}");
                assert!(!what.contains('\u{1b}') && !what.is_empty());
            }
            other => panic!("{text:?}: {other:?}"),
        }
        assert!(Config::write(&path, "port", "5").is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn what_is_not_text_is_refused() {
    let (_dir, path) = file("");
    for bytes in [vec![0xff, 0xfe], vec![b'#'; 300_000]] {
        fs::write(&path, &bytes).unwrap();
        assert!(matches!(Config::read(&path), Err(ConfigError::NotText { .. })));
        assert!(Config::write(&path, "port", "5").is_err());
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
    fs::write(&path, "serve = ['relay', 'coffee']").unwrap();
    assert!(matches!(Config::read(&path), Err(ConfigError::BadValue { key: "serve", .. })));
    let many = format!("peers = [{}]", "'/a',".repeat(65));
    fs::write(&path, many).unwrap();
    assert!(matches!(Config::read(&path), Err(ConfigError::BadValue { key: "peers", .. })));
}

#[test]
fn settings_by_name() {
    let mut config = Config::default();
    config.set("port", " 5 ").unwrap();
    config.set("lan", "false").unwrap();
    config.set("peers", "/ip4/192.0.2.1/tcp/1, /ip6/::1/tcp/2\n").unwrap();
    assert_eq!(config.get("port").unwrap(), "5");
    assert_eq!(config.get("peers").unwrap(), "/ip4/192.0.2.1/tcp/1\n/ip6/::1/tcp/2");
    config.set("serve", "relay, bootstrap").unwrap();
    assert_eq!(config.get("serve").unwrap(), "relay\nbootstrap");
    assert_eq!(config.offers().unwrap(), Serve { relay: true, bootstrap: true, mailbox: false });
    config.set("web", " [::1]:9464 ").unwrap();
    assert_eq!(config.web_address().unwrap(), Some("[::1]:9464".parse().unwrap()));
    config.set("web", "").unwrap();
    assert_eq!(config.web_address().unwrap(), None);
    let refused = [
        ("port", "-1"),
        ("port", "70000"),
        ("lan", "yes"),
        ("upnp", "1"),
        ("listen", "no-address"),
        ("serve", "relay coffee"),
        ("mail_disk_mib", "much"),
        ("web", "9464"),
        ("web", "localhost:9464"),
        ("web", "0.0.0.0:9464"),
        ("web", "192.0.2.1:9464"),
    ];
    for (key, text) in refused {
        assert!(matches!(config.set(key, text), Err(ConfigError::BadValue { .. })));
    }
    assert!(matches!(config.set("nope", "1"), Err(ConfigError::NoSuchKey { .. })));
    for key in Config::KEYS {
        config.get(key).unwrap();
    }
    assert_eq!(config.port, 5);
}

/// Two files in a folder of their own.
fn two(own: &str, system: &str) -> (TempDir, PathBuf, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (dir.path().join("config.toml"), dir.path().join("system.toml"));
    fs::write(&one, own).unwrap();
    fs::write(&other, system).unwrap();
    (dir, one, other)
}

#[test]
fn the_nearest_layer_wins_and_says_who_it_is() {
    let (_dir, own, system) = two(
        "upnp = false\n[screen]\ntheme = 'light'\n",
        "upnp = true\nlan = false\nport = 7\n[screen]\nbig = true\n",
    );
    let said = |name: &str| (name == "STARLING_PORT").then(|| "9".to_owned());
    let layers = Layers::with(&own, &system, said).unwrap();
    let config = Config::of(&layers).unwrap();
    assert_eq!((config.upnp, config.lan, config.port), (false, false, 9));
    assert_eq!(layers.origin("port"), Origin::Variable("STARLING_PORT".to_owned()));
    assert_eq!(layers.origin("upnp"), Origin::File(own.clone()));
    assert_eq!(layers.origin("lan"), Origin::File(system.clone()));
    assert_eq!(layers.origin("screen.theme"), Origin::File(own.clone()));
    assert_eq!(layers.origin("screen.big"), Origin::File(system.clone()));
    assert_eq!(layers.origin("web"), Origin::Default);
    // What the screen reads of both files.
    #[derive(serde::Deserialize)]
    struct Whole {
        screen: std::collections::BTreeMap<String, serde::de::IgnoredAny>,
    }
    let whole: Whole = layers.parse().unwrap();
    assert_eq!(whole.screen.keys().collect::<Vec<_>>(), ["big", "theme"]);
}

#[test]
fn a_mistake_is_told_of_the_layer_that_has_it() {
    let (_dir, own, system) = two("lan = false\n", "\n upnp = 3\n");
    match Layers::with(&own, &system, |_| None).unwrap().parse::<Config>() {
        Err(ConfigError::Nonsense { path, line, column, .. }) => {
            assert_eq!((path, line, column), (system, 2, 9))
        }
        other => panic!("{other:?}"),
    }
    let (_dir, own, system) = two("", "");
    let layers =
        Layers::with(&own, &system, |name| (name == "STARLING_LAN").then(|| "si".to_owned())).unwrap();
    let told = Config::of(&layers).unwrap_err().to_string();
    assert_eq!(told, "the variable STARLING_LAN: lan must be true or false");
}

#[test]
fn pairs_come_in_the_order_of_the_file_with_their_places() {
    let (_dir, path) = file("# mine\n\"ctrl-k\" = \"goto\"\n  b = 'x' # y\n");
    let list = pairs(&path).unwrap();
    let told: Vec<_> =
        list.iter().map(|one| (one.name.as_str(), one.text.as_str(), one.line, one.column)).collect();
    assert_eq!(told, [("ctrl-k", "goto", 2, 1), ("b", "x", 3, 3)]);
    for (text, at) in
        [("a = 'x'\nb = 3\n", 2), ("a = 'x'\n\n[t]\nb = 'y'\n", 3), ("a = 'x'\na = 'y'\n", 2), ("a = \n", 1)]
    {
        let (_dir, path) = file(text);
        match pairs(&path) {
            Err(ConfigError::Nonsense { line, .. }) => assert_eq!(line, at, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    assert_eq!(pairs(&path.with_file_name("missing")).unwrap(), []);
}

proptest::proptest! {
    #[test]
    fn no_file_and_no_value_breaks_it(text in "\\PC{0,40}|[a-z_ =\\[\\]\"'.0-9\n#]{0,80}", key in "[a-z.]{0,12}") {
        let (_dir, path) = file(&text);
        match Config::read(&path) {
            Err(ConfigError::Nonsense { line, column, .. }) => proptest::prop_assert!(line >= 1 && column >= 1),
            _ => {
                let _ = Config::write(&path, "lan", "false");
                let _ = write(&path, &key, true.into());
            }
        }
    }
}
