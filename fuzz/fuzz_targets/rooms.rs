//! Words about rooms, entries, receipts and what is sealed for a room: see `starling_protocol::fuzzing::rooms`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| starling_protocol::fuzzing::rooms(data));
