//! What judges Starling from outside: the seeded simulator ([`sim`] when it is there) and real processes ([`live`]).
//! Nothing in the product depends on this crate.

pub mod figures;
pub mod live;
pub mod sim;
