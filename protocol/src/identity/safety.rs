//! The safety number two people compare (docs/spec/02-identity.md, "Safety number"): 60 digits over both accounts,
//! the same on both sides and untouched by changes of devices.

use crate::ids::AccountId;

/// Groups of five digits.
const GROUPS: usize = 12;

/// The 60 digits of a pair of accounts, in 12 groups of five, separated by spaces. Each group is a 40-bit number of
/// the BLAKE3 output (little endian) modulo 100,000: the bias is below 10^-7.
pub fn safety_number(a: &AccountId, b: &AccountId) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("starling v1 safety number");
    for account in [a.min(b), a.max(b)] {
        hasher.update(&(AccountId::LEN as u64).to_le_bytes());
        hasher.update(account.as_bytes());
    }
    let mut output = hasher.finalize_xof();
    let mut groups = Vec::with_capacity(GROUPS);
    for _ in 0..GROUPS {
        let mut bytes = [0; 5];
        output.fill(&mut bytes);
        let number = bytes.iter().rev().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        groups.push(format!("{:05}", number % 100_000));
    }
    groups.join(" ")
}
