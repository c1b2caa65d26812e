//! The account's secret: a seed of 32 bytes, its 24 words, and the root key made from it (docs/spec/02-identity.md,
//! "Account"). The root key signs manifests and nothing else.

use super::manifest::{Manifest, ManifestError};
use crate::ids::AccountId;
use crate::kdf;
use crate::wire::{self, Signed};
use bip39::{Language, Mnemonic};
use ed25519_dalek::SigningKey;
use zeroize::Zeroizing;

/// How many words stand for a seed.
const WORDS: usize = 24;
/// Bytes of the longest text taken as words: 24 words of at most 8 letters, with generous white space.
const WORDS_BYTES: usize = 4_096;

/// Why a text is not the 24 words of a seed. Names no word: they are secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// Not 24 words.
    #[error("24 words are needed, not {found}")]
    Count {
        /// How many there were.
        found: usize,
    },
    /// A word that is not on the list.
    #[error("word {number} is not one of the list: check its spelling")]
    Unknown {
        /// Which one, counted from 1.
        number: usize,
    },
    /// All words are known, together they are no seed: one is wrong or two are exchanged.
    #[error("the words do not fit together: one is wrong, or two have changed places")]
    Checksum,
}

/// The secret an account is made from. Wiped from memory when dropped.
pub struct Seed(Zeroizing<[u8; 32]>);

impl Seed {
    /// A seed from 32 bytes of chance (or from storage).
    pub fn from_entropy(entropy: [u8; 32]) -> Self {
        Self(Zeroizing::new(entropy))
    }

    /// A seed from its 24 BIP39 words (English), in any case and with any white space between them.
    ///
    /// # Errors
    /// [`WordsError`] says which word is wrong by its number.
    pub fn from_words(text: &str) -> Result<Self, WordsError> {
        let found = text.split_whitespace().take(WORDS_BYTES).count();
        if found != WORDS || text.len() > WORDS_BYTES {
            return Err(WordsError::Count { found });
        }
        let text = Zeroizing::new(text.to_ascii_lowercase());
        let mnemonic =
            Mnemonic::parse_in_normalized(Language::English, &text).map_err(|error| match error {
                bip39::Error::BadWordCount(found) => WordsError::Count { found },
                bip39::Error::UnknownWord(index) => WordsError::Unknown { number: index.saturating_add(1) },
                _ => WordsError::Checksum,
            })?;
        let (entropy, _) = mnemonic.to_entropy_array();
        let entropy = Zeroizing::new(entropy);
        let bytes = entropy.first_chunk::<32>().ok_or(WordsError::Checksum)?;
        Ok(Self::from_entropy(*bytes))
    }

    /// The 24 words, separated by single spaces.
    pub fn words(&self) -> Zeroizing<String> {
        // 32 bytes are one of the lengths BIP39 knows, so there always are words.
        let words = Mnemonic::from_entropy(self.0.as_slice())
            .map(|mnemonic| mnemonic.words().collect::<Vec<_>>().join(" "));
        Zeroizing::new(words.unwrap_or_default())
    }

    /// The 32 bytes, for storage under a key.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The account's root key.
    pub fn root(&self) -> RootKey {
        RootKey(SigningKey::from_bytes(&Zeroizing::new(kdf::derive("root", &[self.0.as_slice()]))))
    }
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// The account's Ed25519 key. Wiped from memory when dropped.
pub struct RootKey(SigningKey);

impl RootKey {
    /// The account this key is.
    pub fn account(&self) -> AccountId {
        AccountId(self.0.verifying_key().to_bytes())
    }

    /// Signs a manifest of this account, after checking it as a receiver would.
    ///
    /// # Errors
    /// [`ManifestError`] when receivers would refuse it.
    pub fn sign_manifest(&self, manifest: &Manifest) -> Result<Signed, ManifestError> {
        if manifest.account != self.account() {
            return Err(ManifestError::Account);
        }
        manifest.check()?;
        let body = wire::encode(manifest)?;
        let sig = kdf::sign(&self.0, Manifest::DOMAIN, &body);
        Ok(Signed { body, sig })
    }
}

impl std::fmt::Debug for RootKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RootKey(..)")
    }
}
