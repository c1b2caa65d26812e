//! Three words two people compare aloud (docs/spec/02-identity.md, "Three words"). Each puts in chance; who asks is bound
//! to theirs before they see the other's. So somebody in the middle, who is another account to each of the two, has
//! one guess among 2^33, and cannot try beforehand.

use crate::ids::AccountId;
use crate::kdf;
use bip39::Language;

/// What one side puts in: 32 bytes of chance, used once.
pub type Chance = [u8; 32];

/// What who asks is bound to: sent before they see the other's chance.
pub fn commitment(asker: &AccountId, other: &AccountId, chance: &Chance) -> [u8; 32] {
    kdf::derive("compare commitment", &[asker.as_bytes(), other.as_bytes(), chance])
}

/// The three words of a comparison, out of the 2048 of BIP-39: 33 bits. The same on both sides if both mean the same two
/// accounts.
pub fn words(asker: (&AccountId, &Chance), other: (&AccountId, &Chance)) -> [&'static str; 3] {
    let parts: [&[u8]; 4] = [asker.0.as_bytes(), asker.1, other.0.as_bytes(), other.1];
    let bytes: [u8; 6] = kdf::derive_short("compare words", &parts);
    let list = Language::English.word_list();
    let [a0, a1, b0, b1, c0, c1] = bytes;
    [[a0, a1], [b0, b1], [c0, c1]]
        .map(|pair| list.get(usize::from(u16::from_le_bytes(pair) % 2_048)).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{words as compared, *};

    const A: AccountId = AccountId([1; 32]);
    const B: AccountId = AccountId([2; 32]);

    #[test]
    fn words_depend_on_both_accounts_and_both_chances() {
        let words = |a: u8, b: u8, x: u8, y: u8| {
            compared((&AccountId([a; 32]), &[x; 32]), (&AccountId([b; 32]), &[y; 32]))
        };
        let these = words(1, 2, 3, 4);
        assert_eq!(these, words(1, 2, 3, 4));
        for other in
            [words(9, 2, 3, 4), words(1, 9, 3, 4), words(1, 2, 9, 4), words(1, 2, 3, 9), words(2, 1, 4, 3)]
        {
            assert_ne!(these, other);
        }
        assert!(these.iter().all(|word| word.len() >= 3));
    }

    #[test]
    fn a_commitment_is_for_one_pair_and_one_chance() {
        let these = commitment(&A, &B, &[3; 32]);
        assert_ne!(these, commitment(&B, &A, &[3; 32]));
        assert_ne!(these, commitment(&A, &B, &[4; 32]));
    }
}
