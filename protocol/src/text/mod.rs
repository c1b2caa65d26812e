//! The one cleaner (docs/spec/06-text.md). Everything a peer, a file or a user gives us as text goes through here
//! once, before it is stored or shown: what comes out cannot move a cursor, hide or reverse what stands beside it, or
//! pile up marks without end. Cleaning cleaned text changes nothing.
//!
//! This is no filter of meaning: letters of every script, emoji and line breaks stay.

mod chars;
mod clean;
mod names;
#[cfg(test)]
mod tests;

pub use clean::{clean_line, clean_text};
pub use names::{clean_name, handle, is_one_emoji, skeleton};
