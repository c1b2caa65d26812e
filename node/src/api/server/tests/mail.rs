//! Mailboxes through the API, with an engine that only answers.

use super::*;
use crate::api::types::{KeptAt, Mailbox, Trouble};
use crate::driver::handle::NodeFault;
use crate::mail::{MailFile, Post};
use starling_protocol::engine::command::{CustodyView, MailAskView, MailboxState, MailboxView};
use starling_protocol::identity::DeviceKeys;
use starling_protocol::ids::MailboxId;
use starling_protocol::mail::{MailKey, MailboxLink};

const BOX: MailboxId = MailboxId([7; 32]);
const UNTIL: i64 = 1_700_000_000_000;

fn view(friend: Option<AccountId>) -> MailboxView {
    MailboxView {
        mailbox: BOX,
        friend,
        state: MailboxState::Ok,
        seen: Some(5),
        used_bytes: 10,
        quota_bytes: 100,
        kept_s: 60,
    }
}

/// What the engine answers to a wish about mailboxes.
pub(super) fn answer(command: &Command) -> Result<Reply, NodeFault> {
    match command {
        Command::MailboxList => Ok(Reply::Mailboxes {
            mine: vec![view(Some(BOB))],
            asks: vec![MailAskView { account: BOB, ours: false }],
        }),
        Command::MailboxUse { link } if link == "good" => Ok(Reply::Mailbox(view(None))),
        Command::MailboxUse { link } if link == "fourth" => {
            Err(Refusal::Full { what: "the list of mailboxes", limit: "3" }.into())
        }
        Command::MailboxUse { .. } => {
            let reason = "this is an invite, not a mailbox link".to_owned();
            Err(Refusal::BadLink { reason }.into())
        }
        Command::MailboxDrop { mailbox } if *mailbox != BOX => Err(Refusal::NoMailbox.into()),
        Command::MailboxAnswer { agree: true, .. } => Err(Refusal::NoAsk.into()),
        Command::MailboxGrant { .. } => {
            Ok(Reply::MailboxLink { grant: [0xab; 16], link: "starling:x".to_owned() })
        }
        Command::Custody { .. } => {
            Ok(Reply::Custody(vec![CustodyView { account: BOB, mailbox: BOX, until: UNTIL }]))
        }
        _ => Ok(Reply::Done),
    }
}

impl Fake {
    /// So many mailboxes signed for a message.
    async fn keep(&self, number: u64, mailboxes: u8) {
        let change = Change::Custody { message: id(number), account: BOB, mailboxes, until: UNTIL, at: 5 };
        for event in self.handle.store.commit(vec![change], 5).await.unwrap() {
            let _ = self.handle.events.send(Arc::new(NodeEvent::Kept(event)));
        }
    }
}

async fn refused(client: &Client, method: &str, params: Value) -> Trouble {
    client.call::<Value>(method, params).await.unwrap_err()
}

#[tokio::test]
async fn a_message_says_who_keeps_it_until_a_device_has_it() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    let _: Sent = client.call("send", send("hello")).await.unwrap();
    let mut events = client.subscribe(&Wanted::since("0")).await.unwrap();
    fake.keep(1, 2).await;
    fake.keep(1, 0).await;
    fake.keep(1, 1).await;
    let one = || client.call::<Message>("message", json!({ "id": id(1).to_string() }));
    let kept = one().await.unwrap().kept.unwrap();
    assert_eq!((kept.mailboxes, kept.until.as_deref()), (1, Some("2023-11-14T22:13:20.000Z")));
    fake.deliver(1, MessageState::Delivered).await;
    fake.keep(1, 2).await;
    let found = one().await.unwrap();
    assert_eq!(
        (found.state.as_str(), found.kept, found.recipients[0].kept.clone()),
        ("delivered", None, None)
    );
    let mut told = Vec::new();
    while told.len() < 4 {
        if let Object::Receipt(receipt) = events.next().await.unwrap() {
            told.push((receipt.state, receipt.kept.map(|kept| (kept.mailboxes, kept.until.is_some()))));
        }
    }
    let mailbox = |kept| ("mailbox".to_owned(), Some(kept));
    assert_eq!(
        told,
        [mailbox((2, true)), mailbox((0, false)), mailbox((1, true)), ("delivered".to_owned(), None)]
    );
}

#[tokio::test]
async fn waiting_for_a_mailbox_ends_with_its_signature_or_says_that_there_is_none() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    let wait = |timeout: u64| json!({"to": "@bob", "text": "x", "wait": "mailbox", "timeout_ms": timeout});
    let fault = refused(&client, "send", wait(1)).await;
    assert_eq!((fault.code.as_str(), fault.exit), ("E-WAIT", 7));
    assert!(fault.means.starts_with("Bob has named no mailbox"), "{}", fault.means);
    let (sent, ()) = tokio::join!(client.call::<Sent>("send", wait(60_000)), async {
        // The second message: kept as soon as it is there.
        while fake.handle.store.message(id(2)).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        fake.keep(2, 1).await;
    });
    assert_eq!(sent.unwrap().state, "mailbox");
}

#[tokio::test]
async fn mailboxes_are_listed_used_and_given_up() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    let all: Vec<Mailbox> = client.call("mailbox.list", json!({})).await.unwrap();
    let short: Vec<_> =
        all.iter().map(|one| (one.role.as_str(), one.state.as_str(), one.name.as_deref())).collect();
    assert_eq!(short, [("mine", "ok", Some("Bob")), ("asks", "open", Some("Bob"))]);
    let used: Mailbox = client.call("mailbox.use", json!({"link": "good"})).await.unwrap();
    assert_eq!((used.id, used.bytes, used.quota), (BOX.to_string(), 10, 100));
    for drop in [BOX.to_string(), "@bob".to_owned()] {
        let _: Done = client.call("mailbox.drop", json!({ "id": drop })).await.unwrap();
    }
    let made: Mailbox = client.call("mailbox.grant", json!({"quota": 2})).await.unwrap();
    assert_eq!((made.link.as_deref(), made.quota), (Some("starling:x"), 2 << 20));
    assert_eq!(made.id, "ab".repeat(16));
    let kept = client.call::<Vec<KeptAt>>("kept", json!({"id": id(1).to_string()})).await;
    assert_eq!(kept.unwrap_err().exit, 4);
    let _: Sent = client.call("send", send("hello")).await.unwrap();
    let kept: Vec<KeptAt> = client.call("kept", json!({"id": id(1).to_string()})).await.unwrap();
    assert_eq!((kept[0].name.as_str(), kept[0].mailbox.as_str()), ("Bob", BOX.to_string().as_str()));
}

#[tokio::test]
async fn wishes_about_mailboxes_that_cannot_be_are_refused_in_words() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    let grant = MailKey::of(&DeviceKeys::from_entropy([3; 64])).grant([1; 16], 1, 1);
    let mailbox = MailKey::of(&DeviceKeys::from_entropy([3; 64])).id();
    let link = MailboxLink { mailbox, grant, hints: Vec::new() }.to_link();
    let added = refused(&client, "add", json!({ "link": link })).await;
    assert!(added.what.contains("not an invite") && added.do_.contains("mailbox use"), "{added}");
    let cases = [
        ("mailbox.use", json!({"link": "starling:invite"}), ("E-LINK", 1)),
        ("mailbox.use", json!({"link": "fourth"}), ("E-MAILBOX", 1)),
        ("mailbox.grant", json!({"uses": 2}), ("E-MAILBOX", 1)),
        ("mailbox.answer", json!({"who": "@bob", "agree": true}), ("E-NAME", 4)),
        ("mailbox.ask", json!({"who": "@nobody"}), ("E-NAME", 4)),
        ("mailbox.drop", json!({"id": MailboxId([8; 32]).to_string()}), ("E-NAME", 4)),
        ("mailbox.drop", json!({"id": "mailbox:short"}), ("E-NAME", 4)),
    ];
    for (method, params, expected) in cases {
        let fault = refused(&client, method, params.clone()).await;
        assert_eq!((fault.code.as_str(), fault.exit), expected, "{method} {params}");
        assert!(!fault.what.is_empty() && !fault.do_.is_empty());
    }
    let wrong = refused(&client, "mailbox.use", json!({"link": "starling:invite"})).await;
    assert!(wrong.what.contains("this is an invite, not a mailbox link"), "{}", wrong.what);
}

#[tokio::test]
async fn mail_of_others_that_cannot_be_read_is_said_to_be_so_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mail.db");
    std::fs::write(&path, b"not ours").unwrap();
    let mailbox = MailKey::of(&DeviceKeys::from_entropy([1; 64]));
    let key = zeroize::Zeroizing::new([7; 32]);
    let file = MailFile { path: path.clone(), key, mailbox, limits: Default::default() };
    let mut post = Post::start(file, mpsc::channel(9).0).unwrap();
    let fake = Fake::with(Some(post.handle())).await;
    let client = fake.client().await;

    let all: Vec<Mailbox> = client.call("mailbox.list", json!({})).await.unwrap();
    let here = all.iter().find(|one| one.role == "serving").unwrap();
    assert_eq!(here.state, "damaged");
    assert!(all.iter().any(|one| one.role == "mine"), "the own ones are listed all the same");
    let grant = "ab".repeat(16);
    for (method, params) in [("mailbox.grant", json!({})), ("mailbox.drop", json!({ "id": grant }))] {
        let fault = refused(&client, method, params).await;
        assert_eq!((fault.code.as_str(), fault.exit), ("E-STORE", 9), "{method}");
        assert!(fault.means.contains("not affected"), "{fault:?}");
    }
    post.end().await;
    post.join().await;
    assert_eq!(std::fs::read(&path).unwrap(), b"not ours");
}
