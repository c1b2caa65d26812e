//! Text of strangers: see `starling_protocol::fuzzing::cleaner`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| starling_protocol::fuzzing::cleaner(data));
