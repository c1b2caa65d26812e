#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::{Config, ConfigError};
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
    let config = Config { port: 41_641, ..Config::default() };
    config.save(&path).unwrap();
    assert_eq!(Config::read(&path).unwrap(), config);
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
    let mut config = Config::read(&path).unwrap();
    assert!(!config.lan && config.port == 16 && config.peers.len() == 1);
    assert_eq!(Config::unknown_keys(&path).unwrap(), ["future", "section"]);
    config.port = 17;
    config.read_receipts = false;
    config.save(&path).unwrap();
    let new = fs::read_to_string(&path).unwrap();
    assert!(new.contains(
        "# mine\npeers = [ # friends\n  \"/ip4/192.0.2.1/tcp/1\",\n]\nlan = false   # not at work\n"
    ));
    assert!(new.contains("future = { a = 1 }") && new.contains("[section]\nkey = 'value'"));
    assert!(new.contains("port = 17"));
    assert_eq!(Config::read(&path).unwrap(), config);
    config.save(&path).unwrap();
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
        assert!(Config::default().save(&path).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn what_is_not_text_is_refused() {
    let (_dir, path) = file("");
    for bytes in [vec![0xff, 0xfe], vec![b'#'; 300_000]] {
        fs::write(&path, &bytes).unwrap();
        assert!(matches!(Config::read(&path), Err(ConfigError::NotText { .. })));
        assert!(Config::default().save(&path).is_err());
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
