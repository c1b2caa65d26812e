//! Rooms: private groups (docs/spec/09-rooms.md). What is signed, who belongs to a room and may say so, and what a
//! message of a room is. Pure: nothing here does IO, reads a clock or keeps anything beyond the values it is given.

pub mod entry;
pub mod have;
mod link;
mod log;
mod members;
#[cfg(test)]
mod message_tests;
mod op;
pub mod open;
mod past;
mod policy;
mod receiver;
mod rule;
pub mod seal;
mod sender;
mod view;
pub mod words;

pub use entry::{Entry, EntryBody, EntryError, EntryId, Head, content_of, digest, place, plain};
pub use have::{Have, HaveError, HeadRange};
pub use link::RoomLink;
pub use log::{Inserted, LOG_BYTES, Log, OPS, WAITING};
pub use members::{MEMBERS, Member, Members};
pub use op::{
    ADD_UPTO, Add, Create, Meta, OP_BYTES, OP_TEXT_BYTES, Op, OpBody, OpError, OpId, PARENTS, ROOM_MAILBOXES,
    Remove, RoomMailbox, UPTO,
};
pub use policy::{Policy, PolicyError};
pub use receiver::{KEY_BYTES, Receiver, ReceiverError};
pub use sender::{Sender, SenderError};
pub use words::{Ask, Give, Heads, Words};
