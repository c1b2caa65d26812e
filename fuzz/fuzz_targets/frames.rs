//! Plaintexts of a stream, after the handshake: see `starling_protocol::fuzzing::frames`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| starling_protocol::fuzzing::frames(data));
