//! People near through the API, with an engine that only answers.

use super::*;
use crate::api::types::{Near, Trouble};
use crate::driver::handle::NodeFault;
use starling_protocol::engine::command::NearView;
use starling_protocol::engine::step::Notice;

fn bob() -> NearView {
    let (name, link) = ("Bob".to_owned(), "starling:link".to_owned());
    NearView { account: BOB, name, link, contact: true, seen: 1_000 }
}

/// Who looks is told of Bob, who only asks is refused, who ends it sees nobody.
pub(super) fn answer(
    on: Option<bool>,
    events: &broadcast::Sender<Arc<NodeEvent>>,
) -> Result<Reply, NodeFault> {
    match on {
        Some(true) => {
            let _ = events.send(Arc::new(NodeEvent::Notice(Notice::Near(bob()))));
            Ok(Reply::Near(vec![bob()]))
        }
        Some(false) => Ok(Reply::Near(vec![])),
        None => Err(Refusal::Invisible.into()),
    }
}

#[tokio::test]
async fn who_is_near_is_listed_and_told() {
    let fake = Fake::new().await;
    let client = fake.client().await;
    let wanted = Wanted { types: vec!["near".into()], ..Wanted::since("now") };
    let mut events = client.subscribe(&wanted).await.unwrap();
    let list: Vec<Near> = client.call("near", json!({ "on": true })).await.unwrap();
    let [one] = list.as_slice() else { panic!("{list:?}") };
    assert_eq!((one.account.clone(), one.name.as_str(), one.contact), (BOB.to_string(), "Bob", true));
    assert_eq!((one.link.as_str(), one.seen.as_str()), ("starling:link", "1970-01-01T00:00:01.000Z"));
    match events.next().await {
        Some(Object::Near(told)) => {
            assert_eq!((told.name, told.cursor.is_empty()), ("Bob".to_owned(), false))
        }
        other => panic!("{other:?}"),
    }
    assert!(client.call::<Vec<Near>>("near", json!({ "on": false })).await.unwrap().is_empty());
    let refused: Trouble = client.call::<Value>("near", json!({})).await.unwrap_err();
    assert_eq!(refused.exit, 6);
    assert!(
        client.subscribe(&Wanted { types: vec!["compare".into()], ..Wanted::since("now") }).await.is_ok()
    );
}
