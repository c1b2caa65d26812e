//! Rooms: private groups (docs/spec/09-rooms.md). What is signed, who belongs to a room and may say so, and what a
//! message of a room is. Pure: nothing here does IO, reads a clock or keeps anything beyond the values it is given.

mod op;

pub use op::{
    Add, Create, Meta, OP_BYTES, OP_TEXT_BYTES, Op, OpBody, OpError, OpId, PARENTS, Policy, PolicyError,
    ROOM_MAILBOXES, Remove, RoomMailbox, UPTO,
};
