//! Words of a log line that say who, where or what was written become tags: `address#3f2a`. The key of the tags is
//! drawn at the start and thrown away, so that nobody can try names against them.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{IpAddr, SocketAddr};

/// Letters and digits in one word that may be an id or a key.
const ID_LETTERS: usize = 20;
/// Fields whose whole value is somebody's name or text.
const WORDS: &[&str] = &["name", "text", "title", "topic", "note", "body", "who", "room", "emoji"];
/// Fields that name somebody or a device.
const IDS: &[&str] = &["account", "device", "contact", "chat", "peer", "mailbox", "key", "id", "hash"];

/// Makes tags.
#[derive(Debug, Default)]
pub(super) struct Redactor {
    key: RandomState,
}

impl Redactor {
    /// A field's value as it may be kept.
    pub fn field(&self, name: &str, value: &str) -> String {
        if WORDS.contains(&name) {
            return self.tag("text", value);
        }
        // Numbers are this process's own, not anybody's.
        if IDS.contains(&name) && value.parse::<u64>().is_err() {
            return self.tag("id", value);
        }
        self.words(value)
    }

    /// A text without anything that looks like an address, a path, a host, an id or a key.
    fn words(&self, text: &str) -> String {
        let words = text.split_whitespace().map(|word| {
            let edge = |c: char| !c.is_alphanumeric() && !matches!(c, '/' | ':' | '[' | ']' | '@' | '#');
            let bare = word.trim_matches(edge).trim_end_matches(':');
            match kind(bare) {
                Some(kind) => word.replacen(bare, &self.tag(kind, bare), 1),
                None => word.to_owned(),
            }
        });
        words.collect::<Vec<_>>().join(" ")
    }

    fn tag(&self, kind: &str, text: &str) -> String {
        format!("{kind}#{:04x}", self.key.hash_one(text) & 0xffff)
    }
}

/// What a word gives away; none for an ordinary one.
fn kind(word: &str) -> Option<&'static str> {
    let inside = word.trim_matches(['[', ']']);
    let letters = word.chars().filter(char::is_ascii_alphanumeric).count();
    if word.contains("/ip") || word.contains("/dns") || word.contains("/p2p") {
        return Some("address");
    }
    if word.contains('/') {
        return Some("path");
    }
    if word.parse::<SocketAddr>().is_ok() || inside.parse::<IpAddr>().is_ok() {
        return Some("address");
    }
    // As values are written in Debug: `Some(192.0.2.7:1)`, `from="192.0.2.7"`.
    let mut parts = word.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '[' | ']')));
    if parts.any(|part| part != word && kind(part) == Some("address")) {
        return Some("address");
    }
    if word.starts_with(['@', '#']) && letters > 0 {
        return Some("name");
    }
    // The name of a part of this program has colons and underscores of its own, and is no secret.
    if letters >= ID_LETTERS && !word.contains("::") && !word.contains('_') || word.starts_with("starling:") {
        return Some("id");
    }
    is_host(word).then_some("host")
}

/// Whether a word looks like `relay.example` or `relay.example:4001`.
fn is_host(word: &str) -> bool {
    let host = word.split(':').next().unwrap_or_default();
    let Some((first, last)) = host.rsplit_once('.') else { return false };
    !first.is_empty()
        && last.len() >= 2
        && last.chars().all(|c| c.is_alphabetic())
        && first.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-'))
}
