//! Starling's protocol: everything two Starlings say to each other, decided here and nowhere else.
//!
//! This crate cannot do IO. There is no runtime, socket, file or clock in it: an [`engine::Engine`] takes
//! [`engine::Input`]s and the current time, and gives back a [`engine::Step`] of changes to commit and actions
//! to take afterwards. Key bytes inside vodozemac and snow come from the operating system and steer nothing;
//! every other random value comes from the seeded generator the engine is given.
//!
//! The written specification is `docs/spec/`; each module names the part it implements.

pub mod content;
pub mod discovery;
pub mod engine;
pub mod error;
#[doc(hidden)]
pub mod fuzzing;
pub mod identity;
pub mod ids;
pub mod invite;
pub mod kdf;
pub mod limits;
pub mod mail;
pub mod noise;
pub mod rng;
pub mod room;
pub mod session;
#[doc(hidden)]
pub mod testing;
pub mod text;
pub mod time;
pub mod wire;
