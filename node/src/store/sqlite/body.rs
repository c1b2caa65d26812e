//! How events are written in the `body` column. These shapes are in databases: they are frozen, new kinds go to the
//! end of the enum.

use super::error::nonsense;
use crate::store::{Custody, OtherEvent, StoreError};
use serde::{Deserialize, Serialize};
use starling_protocol::ids::{AccountId, ChatId, DeviceId, RoomId};
use starling_protocol::time::WallMs;
use starling_protocol::wire;

/// A receipt, besides the message it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptBody {
    /// For whom.
    pub who: AccountId,
    /// `MessageState` as number.
    pub state: u8,
    /// Why; empty for no reason.
    pub reason: String,
    /// When.
    pub at: WallMs,
    /// `MessageState` of the whole message as number.
    pub message_state: u8,
}

/// A receipt that says who keeps the message.
#[derive(Serialize, Deserialize)]
struct CustodyBody {
    receipt: ReceiptBody,
    mailboxes: u8,
    until: WallMs,
}

/// A receipt of a later try than the first.
#[derive(Serialize, Deserialize)]
struct LaterBody {
    receipt: CustodyBody,
    attempt: u32,
}

#[derive(Serialize, Deserialize)]
enum OtherBody {
    Request { account: AccountId, name: String, note: String },
    Contact { account: AccountId, name: String, state: String, verified: bool, key_changed: bool },
    Gap { chat: ChatId, account: AccountId, device: DeviceId, from_seq: u64, missing: u64 },
    GapClosed { chat: ChatId, device: DeviceId, from_seq: u64, count: u64, filled: bool },
    MailAsk { account: AccountId, change: String },
    Room { room: RoomId, name: String, open: bool, change: String, who: AccountId, members: u32 },
}

/// Encodes a body.
pub fn encode<T: Serialize>(body: &T) -> Result<Vec<u8>, StoreError> {
    wire::encode(body)
        .map_err(|error| StoreError::Io { what: format!("an event cannot be written: {error}") })
}

/// Decodes a receipt.
pub fn receipt(bytes: &[u8]) -> Result<ReceiptBody, StoreError> {
    wire::decode(bytes).map_err(|_| nonsense("an event makes no sense"))
}

/// Encodes a receipt that says who keeps the message.
pub fn encode_custody(receipt: ReceiptBody, custody: Custody) -> Result<Vec<u8>, StoreError> {
    encode(&CustodyBody { receipt, mailboxes: custody.mailboxes, until: custody.until })
}

/// Decodes such a receipt.
pub fn custody(bytes: &[u8]) -> Result<(ReceiptBody, Custody), StoreError> {
    let CustodyBody { receipt, mailboxes, until } =
        wire::decode(bytes).map_err(|_| nonsense("an event makes no sense"))?;
    Ok((receipt, Custody { mailboxes, until }))
}

/// Encodes a receipt of a later try.
pub fn encode_later(receipt: ReceiptBody, custody: Custody, attempt: u32) -> Result<Vec<u8>, StoreError> {
    let receipt = CustodyBody { receipt, mailboxes: custody.mailboxes, until: custody.until };
    encode(&LaterBody { receipt, attempt })
}

/// Decodes such a receipt.
pub fn later(bytes: &[u8]) -> Result<(ReceiptBody, Custody, u32), StoreError> {
    let LaterBody { receipt: CustodyBody { receipt, mailboxes, until }, attempt } =
        wire::decode(bytes).map_err(|_| nonsense("an event makes no sense"))?;
    Ok((receipt, Custody { mailboxes, until }, attempt))
}

/// Encodes one of the engine's own events.
pub fn encode_other(event: OtherEvent) -> Result<Vec<u8>, StoreError> {
    encode(&match event {
        OtherEvent::Request { account, name, note } => OtherBody::Request { account, name, note },
        OtherEvent::Contact { account, name, state, verified, key_changed } => {
            OtherBody::Contact { account, name, state, verified, key_changed }
        }
        OtherEvent::Gap { chat, account, device, from_seq, missing } => {
            OtherBody::Gap { chat, account, device, from_seq, missing }
        }
        OtherEvent::GapClosed { chat, device, from_seq, count, filled } => {
            OtherBody::GapClosed { chat, device, from_seq, count, filled }
        }
        OtherEvent::MailAsk { account, change } => OtherBody::MailAsk { account, change },
        OtherEvent::Room { room, name, open, change, who, members } => {
            OtherBody::Room { room, name, open, change, who, members }
        }
    })
}

/// Decodes one of the engine's own events.
pub fn other(bytes: &[u8]) -> Result<OtherEvent, StoreError> {
    Ok(match wire::decode(bytes).map_err(|_| nonsense("an event makes no sense"))? {
        OtherBody::Request { account, name, note } => OtherEvent::Request { account, name, note },
        OtherBody::Contact { account, name, state, verified, key_changed } => {
            OtherEvent::Contact { account, name, state, verified, key_changed }
        }
        OtherBody::Gap { chat, account, device, from_seq, missing } => {
            OtherEvent::Gap { chat, account, device, from_seq, missing }
        }
        OtherBody::GapClosed { chat, device, from_seq, count, filled } => {
            OtherEvent::GapClosed { chat, device, from_seq, count, filled }
        }
        OtherBody::MailAsk { account, change } => OtherEvent::MailAsk { account, change },
        OtherBody::Room { room, name, open, change, who, members } => {
            OtherEvent::Room { room, name, open, change, who, members }
        }
    })
}
