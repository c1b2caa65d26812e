//! Padding hides the length and has one form; unknown kinds pass.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use proptest::prelude::*;

fn content(text: &str) -> Content {
    let (kind, body) =
        Body::Text(Text { text: text.to_owned(), reply_to: None, ext: Vec::new() }).encode().unwrap();
    Content {
        msg_id: MessageId([7; 16]),
        conv: ChatId([9; 32]),
        seq: 3,
        prev: [1; 32],
        seen: vec![(DeviceId([2; 16]), 5)],
        sent_at: 1_700_000_000_000,
        kind,
        body,
        ext: Vec::new(),
    }
}

#[test]
fn a_padded_content_comes_back() {
    for text in ["", "hello", &"x".repeat(30_000)] {
        let padded = content(text).pad().unwrap();
        assert_eq!(padded.len() % PAD_BYTES, 0);
        assert!((padded.len() / PAD_BYTES).is_power_of_two());
        assert_eq!(Content::unpad(&padded).unwrap(), content(text));
    }
}

#[test]
fn padding_that_says_something_is_refused() {
    let mut padded = content("hello").pad().unwrap();
    let last = padded.len() - 1;
    padded[last] = 1;
    assert_eq!(Content::unpad(&padded), Err(WireError::NotCanonical));
    padded[last] = 0;
    padded.extend_from_slice(&[0; 256]);
    assert_eq!(Content::unpad(&padded), Err(WireError::NotCanonical));
}

#[test]
fn an_unknown_kind_is_a_placeholder_not_an_error() {
    assert_eq!(Body::decode(999, b"anything").unwrap(), Body::Unknown { kind: 999, ignorable: false });
    assert_eq!(Body::decode(0x8001, b"").unwrap(), Body::Unknown { kind: 0x8001, ignorable: true });
}

#[test]
fn an_oversize_text_is_refused() {
    let text = Text { text: "x".repeat(TEXT_LIMIT + 1), reply_to: None, ext: Vec::new() };
    assert!(Body::decode(1, &wire::encode(&text).unwrap()).is_err());
}
const TEXT_LIMIT: usize = crate::limits::TEXT_BYTES;

#[test]
fn what_is_said_about_a_room_is_bounded() {
    use crate::ids::RoomId;
    use crate::wire::Signed;
    let (room, ext) = (RoomId([1; 32]), Vec::new);
    let must = || vec![(1_u16, Vec::new())];
    let signed = |bytes| Signed { body: vec![1; bytes], sig: [2; 64] };
    let welcome = |secrets, ops: Vec<Signed>| {
        Body::RoomWelcome(RoomWelcome { room, secrets: vec![([1; 32], [2; 32]); secrets], ops, ext: ext() })
    };
    let invite = |name: usize, ext| {
        Body::RoomInvite(RoomInvite { room, name: "x".repeat(name), members: u32::MAX, ext })
    };
    let key = |bytes, ext| Body::RoomKey(RoomKey { room, key: vec![3; bytes], ext });
    let read =
        |count| Body::RoomRead(RoomRead { room, messages: vec![MessageId([4; 16]); count], ext: ext() });
    let secret = |ext| Body::RoomSecret(RoomSecret { room, op: [5; 32], secret: [6; 32], ext });
    let answer = |ext| Body::RoomAnswer(RoomAnswer { room, join: true, ext });
    let taken = |body: &Body| {
        let (kind, bytes) = body.encode().unwrap();
        let read = Body::decode(kind, &bytes);
        assert!(read.as_ref().map_or(true, |read| read == body));
        // What is taken fits the content, the session and the frame around it.
        let content = Content { kind, body: bytes, ..content("") };
        assert!(read.is_err() || content.pad().unwrap().len() <= 40 * 1024);
        read.is_ok()
    };
    for body in [
        invite(1_024, ext()),
        answer(ext()),
        welcome(WELCOME_SECRETS, vec![signed(10); 200]),
        welcome(0, vec![signed(0); WELCOME_OPS]),
        welcome(WELCOME_SECRETS, vec![signed(WELCOME_BYTES - 64 * WELCOME_SECRETS - 72)]),
        key(229, ext()),
        secret(ext()),
        read(256),
    ] {
        assert!(taken(&body), "{body:?}");
    }
    for body in [
        invite(1_025, ext()),
        invite(1, must()),
        answer(must()),
        welcome(WELCOME_SECRETS + 1, Vec::new()),
        welcome(0, vec![signed(0); WELCOME_OPS + 1]),
        welcome(WELCOME_SECRETS, vec![signed(WELCOME_BYTES - 64 * WELCOME_SECRETS - 71)]),
        key(228, ext()),
        key(230, ext()),
        key(229, must()),
        secret(must()),
        read(257),
    ] {
        assert!(!taken(&body), "{body:?}");
    }
}

#[test]
fn keys_and_secrets_of_rooms_are_not_printed() {
    use crate::ids::RoomId;
    let room = RoomId([1; 32]);
    let bodies = [
        Body::RoomWelcome(RoomWelcome { room, secrets: vec![([9; 32], [9; 32])], ops: vec![], ext: vec![] }),
        Body::RoomKey(RoomKey { room, key: vec![9; 229], ext: vec![] }),
        Body::RoomSecret(RoomSecret { room, op: [9; 32], secret: [9; 32], ext: vec![] }),
    ];
    for body in bodies {
        assert!(!format!("{body:?}").contains('9'), "{body:?}");
    }
}

proptest! {
    #[test]
    fn junk_is_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000), kind in 0u16..18) {
        let _ = Content::unpad(&bytes);
        let _ = Body::decode(kind, &bytes);
    }
}
