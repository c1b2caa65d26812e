//! What a node that serves as a relay gives to whoever asks. Must not know who that is.

use std::num::NonZeroU32;
use std::time::Duration;

use libp2p::relay;

/// How long one circuit may stand. A working day of talk; shorter cuts people off in the middle, longer lets
/// forgotten ones pile up. Whoever is cut off comes again at once.
const CIRCUIT: Duration = Duration::from_secs(8 * 3_600);
/// Bytes one circuit may carry: months of text, or a good many files. libp2p's own 128 KiB would cut a picture.
const CIRCUIT_BYTES: u64 = 256 * 1024 * 1024;
/// How long a place is kept without being asked for again; clients ask in time.
const PLACE: Duration = Duration::from_secs(3_600);
/// Places in all, and of one peer id. Each is a connection kept open, some 50 kB.
const PLACES_COUNT: usize = 512;
const PLACES_PER_PEER_COUNT: usize = 4;
/// Circuits in all, and of one peer id: each costs two streams and their buffers, at most some 100 kB.
const CIRCUITS_COUNT: usize = 256;
const CIRCUITS_PER_PEER_COUNT: usize = 16;
/// Requests that may come at once from one peer or host, and the time after which one more may.
const BURST: NonZeroU32 = NonZeroU32::new(60).unwrap();
const PER_PEER: Duration = Duration::from_secs(20);
const PER_HOST: Duration = Duration::from_secs(5);

/// The limits.
pub(in crate::net) fn limits() -> relay::Config {
    let mut config = relay::Config {
        max_reservations: PLACES_COUNT,
        max_reservations_per_peer: PLACES_PER_PEER_COUNT,
        reservation_duration: PLACE,
        max_circuits: CIRCUITS_COUNT,
        max_circuits_per_peer: CIRCUITS_PER_PEER_COUNT,
        max_circuit_duration: CIRCUIT,
        max_circuit_bytes: CIRCUIT_BYTES,
        ..relay::Config::default()
    };
    config.reservation_rate_limiters.clear();
    config.circuit_src_rate_limiters.clear();
    config
        .reservation_rate_per_peer(BURST, PER_PEER)
        .reservation_rate_per_ip(BURST, PER_HOST)
        .circuit_src_per_peer(BURST, PER_PEER)
        .circuit_src_per_ip(BURST, PER_HOST)
}
