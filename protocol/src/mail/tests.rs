use super::envelope::{self, EnvelopeError, Inner, LARGEST, SMALLEST, SealPair};
use super::*;
use crate::identity::DeviceKeys;
use crate::ids::{AccountId, DeviceId, MailboxId};
use crate::invite::LinkError;
use crate::kdf;
use crate::rng::Rng;

const OWN: [u8; 32] = [9; 32];

fn pair(number: u8) -> SealPair {
    SealPair::from_secret([number; 32])
}

fn inner(bytes: usize) -> Inner {
    let (account, device) = (AccountId([1; 32]), DeviceId([2; 16]));
    Inner { account, device, card: None, kind: envelope::kind::PARTS, body: vec![7; bytes] }
}

#[test]
fn an_envelope_opens_with_its_key_alone_and_is_a_power_of_two() {
    for bytes in [0, 1, 800, 900, 2_000, 30_000, envelope::INNER_BYTES - 64] {
        let sealed = envelope::seal(&pair(1).public(), &OWN, &inner(bytes)).unwrap();
        assert!(sealed.len().is_power_of_two() && (SMALLEST..=LARGEST).contains(&sealed.len()), "{bytes}");
        assert_eq!(envelope::open(&sealed, &pair(1)), Ok(inner(bytes)));
        assert_eq!(envelope::open(&sealed, &pair(2)), Err(EnvelopeError::Key));
        assert_eq!(envelope::hint_of(&sealed), Some(envelope::hint(&pair(1).public())));
    }
    let too_much = envelope::seal(&pair(1).public(), &OWN, &inner(envelope::INNER_BYTES));
    assert_eq!(too_much, Err(EnvelopeError::Length));
}

#[test]
fn a_retry_is_the_same_bytes_and_nothing_else_is() {
    let ek = pair(1).public();
    let seal = |ek: &[u8], own: &[u8; 32], bytes| envelope::seal(ek, own, &inner(bytes)).unwrap();
    let first = seal(&ek, &OWN, 10);
    assert_eq!(first, seal(&ek, &OWN, 10));
    // Not a byte of the KEM's ciphertext is shared by two that differ in anything.
    let ciphertext = |envelope: &[u8]| envelope[5..1_125].to_vec();
    for other in [seal(&ek, &[8; 32], 10), seal(&ek, &OWN, 11), seal(&pair(2).public(), &OWN, 10)] {
        assert_ne!(ciphertext(&first), ciphertext(&other));
    }
}

#[test]
fn a_changed_envelope_opens_nowhere() {
    let sealed = envelope::seal(&pair(1).public(), &OWN, &inner(100)).unwrap();
    let mut rng = Rng::from_number(4);
    for _ in 0..300 {
        let mut changed = sealed.clone();
        let place = usize::try_from(rng.below(changed.len() as u64)).unwrap();
        changed[place] ^= 1 << rng.below(8);
        assert!(envelope::open(&changed, &pair(1)).is_err(), "byte {place}");
    }
    for length in [0, 1, 5, 1_124, 1_125, 2_047, 2_049, 4_096] {
        let mut cut = sealed.clone();
        cut.resize(length, 0);
        assert!(envelope::open(&cut, &pair(1)).is_err(), "{length}");
    }
}

#[test]
fn a_key_that_is_none_seals_nothing() {
    for ek in [Vec::new(), vec![0; 1_215], vec![0; 1_216], vec![255; 1_216]] {
        assert!(envelope::seal(&ek, &OWN, &inner(1)).is_err());
    }
}

#[test]
fn pieces_come_together_and_floods_do_not() {
    for length in [1, 59_999, 60_000, 60_001, MESSAGE_BYTES] {
        let frame: Vec<u8> = (0..length).map(|place| (place % 251) as u8).collect();
        let messages = split(&frame);
        assert!(messages.iter().all(|message| message.len() <= 65_535));
        let mut pieces = Pieces::default();
        let mut out: Vec<Vec<u8>> = messages.iter().filter_map(|m| pieces.push(m).unwrap()).collect();
        assert_eq!(out.pop(), Some(frame), "{length}");
        assert!(out.is_empty());
    }
    let full = [&[1][..], &[0; 60_000]].concat();
    let mut pieces = Pieces::default();
    assert_eq!(pieces.push(&full), Ok(None));
    assert_eq!(pieces.push(&full), Err(WordsError::Pieces));
    for bad in [&[][..], &[0], &[2, 1], &[1, 1]] {
        assert_eq!(Pieces::default().push(bad), Err(WordsError::Pieces), "{bad:?}");
    }
}

fn key(number: u8) -> MailKey {
    MailKey::of(&DeviceKeys::from_entropy([number; 64]))
}

#[test]
fn every_request_and_answer_comes_back() {
    let requests = [
        Request::Hello { nonce: [1; 32] },
        Request::Open { token: [2; 32], grant: Some(key(1).grant([3; 16], 2, 64)), run: 7 },
        Request::Open { token: [2; 32], grant: None, run: u64::MAX },
        Request::Register(vec![Entry { queue: [4; 16], deposit: [5; 32], limit_bytes: 1 << 20 }; BATCH]),
        Request::Settle,
        Request::Fetch { after: 9, bytes: 1 << 20 },
        Request::Ack((0..BATCH as u64).collect()),
        Request::PutCard { queue: [6; 16], card: vec![1; CARD_BYTES] },
        Request::Leave,
        Request::Deposit { queue: [7; 16], token: [8; 32], envelope: vec![9; LARGEST] },
        Request::Withdraw { queue: [7; 16], token: [8; 32], hashes: vec![[1; 32]; BATCH] },
        Request::GetCard { queue: [7; 16], token: [8; 32] },
        Request::Keep {
            token: [2; 32],
            grant: Some(key(1).grant([3; 16], 2, 64)),
            entry: Some(Entry { queue: [4; 16], deposit: [5; 32], limit_bytes: u64::MAX }),
        },
        Request::Keep { token: [2; 32], grant: None, entry: None },
        Request::Read { token: [8; 32], after: 9, bytes: 1 << 20 },
    ];
    for request in requests {
        assert_eq!(Request::decode(&request.encode().unwrap()), Ok(Some(request)));
    }
    let item = Item { number: 3, queue: [1; 16], envelope: vec![2; LARGEST] };
    let promise = key(1).promise(&Promise { queue: [1; 32], envelope: [2; 32], kept_s: 3, at_s: 4 }).unwrap();
    let answers = [
        Answer::Welcome([1; 64]),
        Answer::Opened { quota_bytes: 1, used_bytes: 2, kept_s: 3, last_run: 4 },
        Answer::Done,
        Answer::Item(item),
        Answer::PageEnd { more: true },
        Answer::Promise(promise),
        Answer::Card(None),
        Answer::Card(Some(vec![1; 4_096])),
        Answer::Refused(Refused::Full),
        Answer::News,
        Answer::ReadEnd { more: true, last: 9 },
    ];
    for answer in answers {
        assert_eq!(Answer::decode(&answer.encode().unwrap()), Ok(Some(answer)));
    }
}

#[test]
fn what_is_over_a_bound_is_no_request_and_what_is_newer_is_none() {
    let over = [
        Request::Ack((0..=BATCH as u64).collect()),
        Request::Withdraw { queue: [7; 16], token: [8; 32], hashes: vec![[1; 32]; BATCH + 1] },
        Request::PutCard { queue: [6; 16], card: vec![1; CARD_BYTES + 1] },
    ];
    for request in over {
        assert!(Request::decode(&request.encode().unwrap()).is_err());
    }
    let huge = Request::Deposit { queue: [7; 16], token: [8; 32], envelope: vec![9; 2 * LARGEST] };
    assert!(huge.encode().is_err());
    let newer = crate::wire::Frame { v: 1, kind: 500, body: vec![1] };
    let newer = crate::wire::encode(&newer).unwrap();
    assert_eq!((Request::decode(&newer), Answer::decode(&newer)), (Ok(None), Ok(None)));
}

#[test]
fn a_grant_is_of_one_mailbox_and_cannot_be_stretched() {
    let grant = key(1).grant([3; 16], 2, 64);
    assert!(key(1).gave(&grant) && !key(2).gave(&grant));
    for other in [
        Grant { uses: 3, ..grant.clone() },
        Grant { quota_mib: 65, ..grant.clone() },
        Grant { id: [4; 16], ..grant.clone() },
        Grant { mac: [0; 16], ..grant },
    ] {
        assert!(!key(1).gave(&other));
    }
}

#[test]
fn a_greeting_is_for_one_connection() {
    let sig = key(1).greet(&[5; 32], b"caller", b"mailbox");
    let holds = |id: MailboxId, nonce: &[u8; 32], caller: &[u8], mailbox: &[u8]| {
        check_greeting(&id, nonce, caller, mailbox, &sig).is_ok()
    };
    assert!(holds(key(1).id(), &[5; 32], b"caller", b"mailbox"));
    assert!(!holds(key(2).id(), &[5; 32], b"caller", b"mailbox"));
    assert!(!holds(key(1).id(), &[6; 32], b"caller", b"mailbox"));
    assert!(!holds(key(1).id(), &[5; 32], b"somebody between", b"mailbox"));
    assert!(!holds(key(1).id(), &[5; 32], b"caller", b"somebody between"));
}

#[test]
fn a_promise_is_for_one_queue_and_one_envelope() {
    let (queue, envelope) = ([1; 16], [2; 32]);
    let promise = Promise { queue: kdf::hash(&queue), envelope, kept_s: 100, at_s: 5 };
    let signed = key(1).promise(&promise).unwrap();
    assert_eq!(Promise::open(&signed, &key(1).id(), &queue, &envelope), Some(promise));
    assert_eq!(Promise::open(&signed, &key(2).id(), &queue, &envelope), None);
    assert_eq!(Promise::open(&signed, &key(1).id(), &[3; 16], &envelope), None);
    assert_eq!(Promise::open(&signed, &key(1).id(), &queue, &[3; 32]), None);
}

#[test]
fn a_link_comes_back_and_says_what_it_is() {
    let hints = vec!["/ip4/192.0.2.2/udp/4001/quic-v1".to_owned(), "/dns4/mail.example/tcp/1".to_owned()];
    let link = MailboxLink { mailbox: key(1).id(), grant: key(1).grant([3; 16], 300, 64), hints };
    let text = link.to_link();
    assert_eq!(MailboxLink::from_link(&text.to_uppercase()), Ok(link.clone()));
    assert_eq!(crate::invite::link_kind(&text), Ok(crate::invite::LinkKind::Mailbox));
    assert!(matches!(crate::invite::Invite::from_link(&text), Err(LinkError::OtherKind { .. })));
    let mut cut = text.clone();
    cut.pop();
    assert_eq!(MailboxLink::from_link(&cut), Err(LinkError::Damaged));
    let weak = MailboxLink { mailbox: MailboxId([0; 32]), ..link };
    assert_eq!(MailboxLink::from_link(&weak.to_link()), Err(LinkError::Content));
}

#[test]
fn what_is_secret_is_not_shown() {
    let shown = format!("{:?} {:?} {:?}", key(1), pair(1), key(1).grant([3; 16], 1, 1));
    assert!(!shown.contains("3, 3") && shown.len() < 160, "{shown}");
}
