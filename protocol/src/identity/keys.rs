//! Which public keys are fit for use (docs/spec/02-identity.md, "Keys"). A key of small order makes every shared
//! secret zero, and a second spelling of a key would give one key two names, so both are refused on sight.

use ed25519_dalek::VerifyingKey;

/// The points of small order on Curve25519 and its twist as u-coordinates, little endian, with the top bit clear:
/// 0, 1, the two of order 8, p-1, and p and p+1 (second spellings of 0 and 1).
const LOW_ORDER: [[u8; 32]; 7] = [
    [0; 32],
    [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda,
        0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04,
        0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ],
    near_p(0xec),
    near_p(0xed),
    near_p(0xee),
];

/// A number whose upper 31 bytes are those of p = 2^255 - 19 and whose lowest byte is given.
const fn near_p(lowest: u8) -> [u8; 32] {
    let mut bytes = [0xff; 32];
    let [first, .., last] = &mut bytes;
    *first = lowest;
    *last = 0x7f;
    bytes
}

/// The number without its top bit, which X25519 ignores and Ed25519 uses as a sign.
fn without_top_bit(key: &[u8; 32]) -> [u8; 32] {
    let mut bytes = *key;
    let [.., last] = &mut bytes;
    *last &= 0x7f;
    bytes
}

/// Whether the number (top bit ignored) is below p.
fn is_below_p(key: &[u8; 32]) -> bool {
    // Big-endian order is the order of the numbers.
    without_top_bit(key).iter().rev().lt(near_p(0xed).iter().rev())
}

/// Whether an X25519 public key is a point of small order, in any spelling: every shared secret with it is zero.
pub fn x25519_is_low_order(public: &[u8; 32]) -> bool {
    LOW_ORDER.contains(&without_top_bit(public))
}

/// Whether an X25519 public key may be used: in its one canonical spelling and not of small order.
pub fn x25519_is_usable(public: &[u8; 32]) -> bool {
    without_top_bit(public) == *public && is_below_p(public) && !x25519_is_low_order(public)
}

/// Whether an Ed25519 public key may be used: a point, in its one canonical spelling and not of small order.
pub fn ed25519_is_usable(public: &[u8; 32]) -> bool {
    is_below_p(public) && VerifyingKey::from_bytes(public).is_ok_and(|key| !key.is_weak())
}
