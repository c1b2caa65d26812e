//! The parts of the DHT without a network. Live ones are in `net::tests`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod queries;
mod road;
mod seeds;
mod slow;
mod store;
mod table;

use starling_protocol::discovery::{self, Made, Record, Slot, SlotOwner};
use starling_protocol::wire::Signed;

/// The record of slot number `slot`, made in step `step`; of 8 KiB if `large`.
pub(in crate::net) fn sealed(slot: u64, step: u32, large: bool) -> Record {
    let mut rv = [0; 32];
    rv[..8].copy_from_slice(&slot.to_le_bytes());
    let slot = Slot { rv, who: SlotOwner::Account, day: 20_000 };
    let body = vec![u8::try_from(step % 251).unwrap(); if large { 6_000 } else { 900 }];
    let nonce = [u8::try_from(step % 251).unwrap(); 24];
    let made = Made(step * discovery::MADE_STEP_S);
    discovery::seal(&slot, made, &nonce, &Signed { body, sig: [7; 64] }).unwrap()
}
