//! Records of the DHT: see `starling_protocol::fuzzing::records`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| starling_protocol::fuzzing::records(data));
