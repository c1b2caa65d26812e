//! Every wire type and the links: see `starling_protocol::fuzzing::wire`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| starling_protocol::fuzzing::wire(data));
