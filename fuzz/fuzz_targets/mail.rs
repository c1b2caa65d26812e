//! Words of a mailbox stream, and envelopes: see `starling_protocol::fuzzing::mail`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| starling_protocol::fuzzing::mail(data));
