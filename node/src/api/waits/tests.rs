#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;

fn reached(state: MessageState) -> Reached {
    Reached { state, reason: None }
}

fn id(n: usize) -> MessageId {
    MessageId((n as u128).to_be_bytes())
}

#[tokio::test]
async fn a_receipt_before_and_after_the_waiter_both_end_the_wait() {
    let waits = Waits::default();
    waits.reached(id(1), &reached(MessageState::Delivered));
    assert_eq!(
        waits.wait(id(1), MessageState::Delivered).over().await.unwrap().state,
        MessageState::Delivered
    );

    let mut wait = waits.wait(id(2), MessageState::Read);
    waits.reached(id(2), &reached(MessageState::Delivered));
    assert_eq!(waits.messages(), vec![id(2)]);
    waits.reached(id(2), &reached(MessageState::Read));
    assert_eq!(wait.over().await.unwrap().state, MessageState::Read);
    assert!(waits.messages().is_empty());
}

#[tokio::test]
async fn failing_ends_every_wait() {
    let waits = Waits::default();
    let mut wait = waits.wait(id(1), MessageState::Read);
    waits.reached(id(1), &reached(MessageState::Failed));
    assert_eq!(wait.over().await.unwrap().state, MessageState::Failed);
}

#[test]
fn giving_up_leaves_nothing_behind_and_the_memory_is_bounded() {
    let waits = Waits::default();
    drop(waits.wait(id(1), MessageState::Read));
    assert!(waits.messages().is_empty());
    for n in 0..RECENT + 100 {
        waits.reached(id(n), &reached(MessageState::Delivered));
    }
    let table = waits.table();
    assert_eq!((table.recent.len(), table.order.len()), (RECENT, RECENT));
}

#[test]
fn levels() {
    use MessageState::{Delivered, Expired, Failed, Mailbox, Queued, Read};
    assert!(is_over(Queued, Queued) && is_over(Mailbox, Mailbox) && is_over(Delivered, Mailbox));
    assert!(!is_over(Queued, Mailbox) && !is_over(Mailbox, Delivered) && !is_over(Delivered, Read));
    assert!(is_over(Failed, Delivered) && is_over(Expired, Read) && is_over(Read, Delivered));
}
