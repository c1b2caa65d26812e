//! A mailbox and its callers: see `starling_protocol::fuzzing::mail_server`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| starling_protocol::fuzzing::mail_server(data));
