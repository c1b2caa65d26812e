//! Real `starling` processes, each with a profile of its own in a temporary folder, talking over loopback. Used by
//! the live suites and by the benchmarks.

mod meet;
mod person;

pub use meet::{befriend, wait_for};
pub use person::{Person, Said, binary, free_port};
