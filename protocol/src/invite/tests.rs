//! Tests of invites: links (I18), requests (I13, I15).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic
)]

use super::*;
use crate::error::SignatureError;
use crate::identity::{DeviceEntry, DeviceKeys, Seed};
use crate::ids::base32;
use crate::wire;
use proptest::prelude::*;

fn invite(hints: &[&str]) -> Invite {
    let root = Seed::from_entropy([1; 32]).root().account();
    Invite { root, secret: [7; 32], hints: hints.iter().map(|hint| (*hint).to_owned()).collect() }
}

/// A device with a card of its own account.
fn person(number: u8) -> (DeviceKeys, Signed) {
    let root = Seed::from_entropy([number; 32]).root();
    let keys = DeviceKeys::from_entropy([number; 64]);
    let olm = keys.noise_public();
    let (sig, noise) = (keys.sig_public(), keys.noise_public());
    let device = DeviceEntry { id: keys.id(), sig, noise, olm, added_day: 1, flags: 0 };
    let manifest = Manifest {
        account: root.account(),
        version: 1,
        prev: [0; 32],
        created_s: 1,
        flags: 0,
        devices: vec![device],
        revoked: Vec::new(),
        ext: Vec::new(),
    };
    let card = Card {
        device: keys.id(),
        seq: 1,
        peer_id: vec![1, 2, 3],
        addrs: Vec::new(),
        seal: None,
        olm_fallback: olm,
        mailboxes: Vec::new(),
        manifest: root.sign_manifest(&manifest).unwrap(),
        ext: Vec::new(),
    };
    let signed = card.sign(&keys).unwrap();
    (keys, signed)
}

fn request(invite: &Invite, number: u8) -> (DeviceKeys, Request) {
    let (keys, card) = person(number);
    let account = Seed::from_entropy([number; 32]).root().account();
    let request = Request {
        invite: invite.id(),
        inviter: invite.root,
        card,
        name: "Bob".to_owned(),
        note: "It's me".to_owned(),
        rv_out: [9; 32],
        proof: invite.proof(&account),
        ext: Vec::new(),
    };
    (keys, request)
}

const QUIC: &str = "/ip4/192.0.2.1/udp/4001/quic-v1";
const TCP: &str = "/ip4/192.0.2.1/tcp/4001";

#[test]
fn links_come_back_in_any_shape() {
    for hints in [
        &[][..],
        &[QUIC],
        &[QUIC, TCP],
        &[TCP, QUIC],
        &["/ip6/2001:db8::1/udp/4001/quic-v1", "/ip6/2001:db8::1/tcp/4001", "/dns4/example.net/tcp/443"],
        &["/ip4/192.0.2.1/tcp/04001", "/ip4/192.0.2.1/udp/4001"],
    ] {
        let invite = invite(hints);
        let link = invite.to_link();
        assert_eq!(Invite::from_link(&link).unwrap(), invite, "{hints:?}");
        let broken: String = link.to_uppercase().chars().flat_map(|c| [c, '\n']).collect();
        assert_eq!(Invite::from_link(&format!("  {broken}\r\n")).unwrap(), invite);
        assert_eq!(link_kind(&link), Ok(LinkKind::Invite));
    }
}

#[test]
fn links_are_short() {
    assert_eq!(invite(&[]).to_link().len(), 121);
    assert_eq!(invite(&[QUIC]).to_link().len(), 133);
    // Both transports on one port cost nothing more; a version 5 QR code has room for 154.
    assert_eq!(invite(&[QUIC, TCP]).to_link().len(), 133);
    assert_eq!(invite(&["/ip6/2001:db8::1/udp/4001/quic-v1"]).to_link().len(), 152);
}

#[test]
fn hints_that_cannot_be_written_are_left_out() {
    let long = "/dns4/".to_owned() + &"a".repeat(300);
    let link = invite(&["/dns4/\u{1b}[2J", "", &long, QUIC]).to_link();
    assert_eq!(Invite::from_link(&link).unwrap().hints, [QUIC]);
    let many = invite(&["/dns4/a", "/dns4/b", "/dns4/c", "/dns4/d"]);
    assert_eq!(Invite::from_link(&many.to_link()).unwrap().hints, ["/dns4/a", "/dns4/b", "/dns4/c"]);
}

/// A link around any content, with a good checksum.
fn link_of(content: &[u8]) -> String {
    let checksum = kdf::hash(content);
    format!("starling:{}", base32().encode(&[content, &checksum[..4]].concat()))
}

#[test]
fn bad_links_say_why() {
    let link = invite(&[QUIC]).to_link();
    let fail = |text: &str| Invite::from_link(text).unwrap_err();
    assert_eq!(fail(""), LinkError::NotALink);
    assert_eq!(fail("https://example.net/"), LinkError::NotALink);
    assert_eq!(fail("starling:"), LinkError::Damaged);
    assert_eq!(fail(&link[..link.len() - 1]), LinkError::Damaged);
    assert_eq!(fail(&format!("{link}a")), LinkError::Damaged);
    assert_eq!(fail(&format!("{link} rm -rf")), LinkError::Damaged);
    assert_eq!(fail(&link.replace("starling:", "starling:a")), LinkError::Damaged);
    assert_eq!(fail(&"a".repeat(1_000_000)), LinkError::TooLong);
    assert_eq!(
        fail(&link_of(&[2, 1, 0])),
        LinkError::OtherKind { found: LinkKind::Room, wanted: LinkKind::Invite }
    );
    assert_eq!(fail(&link_of(&[2, 1, 0])).to_string(), "this is a room link, not an invite");
    assert_eq!(
        fail(&link_of(&[3, 1])),
        LinkError::OtherKind { found: LinkKind::Mailbox, wanted: LinkKind::Invite }
    );
    assert_eq!(
        fail(&link_of(&[9, 1])),
        LinkError::OtherKind { found: LinkKind::Unknown(9), wanted: LinkKind::Invite }
    );
    assert_eq!(fail(&link_of(&[1, 2])), LinkError::Version { found: 2 });
    assert_eq!(fail(&link_of(&[1, 1])), LinkError::Content);
    assert_eq!(fail(&link_of(&[&[1, 1][..], &[0; 64]].concat())), LinkError::Content, "a weak root");
}

#[test]
fn a_link_has_one_spelling() {
    let root = invite(&[]).root;
    let with = |hints: &[u8]| {
        let content = [&[1, 1][..], root.as_bytes(), &[7; 32], hints].concat();
        Invite::from_link(&link_of(&content))
    };
    assert!(with(&[1, 192, 0, 2, 1, 15, 161]).is_ok());
    let as_text = [&[0, u8::try_from(QUIC.len()).unwrap()][..], QUIC.as_bytes()].concat();
    assert_eq!(with(&as_text).unwrap_err(), LinkError::Content);
    let apart = [1, 192, 0, 2, 1, 15, 161, 2, 192, 0, 2, 1, 15, 161];
    assert_eq!(with(&apart).unwrap_err(), LinkError::Content);
    assert_eq!(with(&[8, 0]).unwrap_err(), LinkError::Content);
    assert_eq!(with(&[1, 192, 0]).unwrap_err(), LinkError::Content);
    assert_eq!(with(&[0, 3, b'a', 0x1b, b'b']).unwrap_err(), LinkError::Content);
    assert_eq!(with(&[3, 1, 1, 1, 1, 0, 1].repeat(3)).unwrap_err(), LinkError::Content, "six hints");
}

#[test]
fn an_invite_keeps_its_secret() {
    let shown = format!("{:?}", invite(&[QUIC]));
    assert!(!shown.contains("secret") && !shown.contains("7, 7") && !shown.contains("192"), "{shown}");
    let (_, request) = request(&invite(&[]), 2);
    assert!(!format!("{request:?}").contains("rv_out"));
}

#[test]
fn a_request_is_for_one_invite_and_by_one_account() {
    let invite = invite(&[]);
    let (keys, good) = request(&invite, 2);
    let signed = good.sign(&keys).unwrap();
    let (opened, card, manifest) = Request::open(&signed, &invite).unwrap();
    assert_eq!(opened, good);
    assert_eq!(card.device, keys.id());
    assert_eq!(manifest.account, Seed::from_entropy([2; 32]).root().account());

    let fail = |request: &Request, keys: &DeviceKeys| {
        Request::open(&request.sign(keys).unwrap(), &invite).unwrap_err()
    };
    let other = Invite { secret: [8; 32], ..invite.clone() };
    assert_eq!(Request::open(&signed, &other).unwrap_err(), RequestError::Invite);
    assert_eq!(fail(&Request { inviter: manifest.account, ..good.clone() }, &keys), RequestError::Invite);
    assert_eq!(fail(&Request { proof: [0; 32], ..good.clone() }, &keys), RequestError::Proof);
    // Carol, who saw the request but has no invite, puts her own card in.
    let (carol, hers) = person(3);
    assert_eq!(fail(&Request { card: hers, ..good.clone() }, &carol), RequestError::Proof);
    // Mallory signs what carries bob's card.
    let (mallory, _) = person(4);
    assert_eq!(fail(&good, &mallory), SignatureError::Mismatch.into());
    let (own_keys, own) = request(&invite, 1);
    assert_eq!(fail(&own, &own_keys), RequestError::Own);
    assert_eq!(
        Request { name: "x".repeat(65), ..good.clone() }.sign(&keys).unwrap_err(),
        RequestError::Limit
    );
    let long = keys
        .sign(Request::DOMAIN, &wire::encode(&Request { note: "x".repeat(201), ..good.clone() }).unwrap());
    assert_eq!(Request::open(&long, &invite).unwrap_err(), RequestError::Limit);
    assert_eq!(Request { ext: vec![(1, vec![])], ..good }.sign(&keys).unwrap_err(), RequestError::Ext);
}

#[test]
fn only_the_inviter_answers_an_invite() {
    let invite = invite(&[]);
    let (alice, card) = person(1);
    assert!(invite.open_card(&card, &alice.noise_public()).is_ok());
    let (mallory, hers) = person(4);
    assert_eq!(invite.open_card(&hers, &mallory.noise_public()).unwrap_err(), InviterError::Account);
    assert_eq!(invite.open_card(&card, &mallory.noise_public()).unwrap_err(), InviterError::Device);
}

#[test]
fn tags_hold_for_one_pair_of_peers() {
    let invite = invite(&[]);
    assert_ne!(invite.tag(b"a", b"b"), invite.tag(b"b", b"a"));
    assert_ne!(invite.tag(b"ab", b""), invite.tag(b"a", b"b"));
    assert_ne!(invite.id().0, invite.tag(b"", b""));
}

proptest! {
    #[test]
    fn any_hints_come_back(
        hints in prop::collection::vec(prop_oneof!["/ip4/[0-9.]{0,15}/(tcp|udp)/[0-9]{1,5}(/quic-v1)?", "[!-~]{1,255}"], 0..4),
        ip in any::<[u8; 4]>(), port in any::<u16>(),
    ) {
        let mut hints = hints;
        let [a, b, c, d] = ip;
        hints.insert(0, format!("/ip4/{a}.{b}.{c}.{d}/udp/{port}/quic-v1"));
        hints.truncate(3);
        let mut invite = invite(&[]);
        invite.hints = hints;
        prop_assert_eq!(Invite::from_link(&invite.to_link()).unwrap(), invite);
    }

    #[test]
    fn any_text_is_an_answer(text in "\\PC{0,300}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Invite::from_link(&text);
        let content = [&[1, 1][..], invite(&[]).root.as_bytes(), &[7; 32], &bytes].concat();
        let link = link_of(&content);
        if let Ok(invite) = Invite::from_link(&link) {
            prop_assert_eq!(invite.to_link(), link);
        }
    }
}
