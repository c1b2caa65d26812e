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

proptest! {
    #[test]
    fn junk_is_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000), kind in 0u16..12) {
        let _ = Content::unpad(&bytes);
        let _ = Body::decode(kind, &bytes);
    }
}
