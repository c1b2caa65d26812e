#![allow(clippy::unwrap_used)]

use super::*;
use serde_json::json;

fn sample(text: &str) -> Message {
    serde_json::from_value(json!({
        "v": 1, "cursor": "", "id": "i", "chat": "chat:x", "chat_name": "@ilse",
        "from": {"account": "account:x", "name": "Ilse\u{1b}[31m", "verified": false, "me": false},
        "at": "2026-11-22T21:12:40.118Z", "received": "2026-11-22T21:12:40.118Z", "text": text,
        "reply_to": null, "edited": true, "deleted": false, "reactions": {"👍": ["Bob"]}, "files": [],
        "via": "direct", "state": "delivered", "reason": null, "state_at": "", "unread": true,
        "kind": "text", "recipients": []
    }))
    .unwrap()
}

#[test]
fn a_message_is_one_fact_and_its_further_lines_are_indented() {
    let line = message(&sample("one\ntwo"), true);
    assert!(line.ends_with(" @ilse Ilse[31m: one\n    two  (edited; 👍 Bob)"), "{line}");
}

#[test]
fn sizes() {
    assert_eq!(
        [0, 999, 1_500, 4_100_000, 2_000_000_000].map(bytes),
        ["0 B", "999 B", "1.5 kB", "4.1 MB", "2.0 GB"]
    );
}
