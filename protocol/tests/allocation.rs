//! W2, I2: no decoding asks the allocator for more than 1 MiB at once, whatever lengths the bytes promise. One test
//! in a binary of its own, because it counts every allocation of the process.
#![allow(unsafe_code, clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use starling_protocol::fuzzing;
use starling_protocol::rng::Rng;
use starling_protocol::wire;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The largest single allocation since it was last set to zero.
static LARGEST: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call goes on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`, and `alloc` gave the pointer.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn decoding_allocates_little() {
    let alice = common::person(1);
    let values = [
        (0, wire::encode(&common::frame()).unwrap()),
        (1, wire::encode(&alice.signed_card()).unwrap()),
        (2, wire::encode(&alice.manifest()).unwrap()),
        (3, wire::encode(&alice.card()).unwrap()),
        (4, wire::encode(&common::request()).unwrap()),
        (8, wire::encode(&common::content()).unwrap()),
        (9, wire::encode(&vec![common::part()]).unwrap()),
        (10, wire::encode(&common::ack()).unwrap()),
    ];
    let mut rng = Rng::from_number(1);
    LARGEST.store(0, Ordering::Relaxed);
    for (kind, golden) in &values {
        for _ in 0..2_000 {
            let mut bytes = golden.clone();
            let place = usize::try_from(rng.below(bytes.len() as u64)).unwrap();
            let bits = rng.below(40);
            let length = [&[0xfd][..], &rng.below(1 << bits).to_le_bytes()].concat();
            bytes.splice(place..place, length);
            fuzzing::wire(&[&[*kind][..], &bytes].concat());
        }
    }
    let largest = LARGEST.load(Ordering::Relaxed);
    assert!(largest > 100 && largest <= 1 << 20, "{largest} bytes at once");
}
