//! What counts as a word when messages are searched: the same for every store. Case, accents and width are
//! folded away; everything that is neither letter nor digit separates; ideographs and kana stand for themselves.
//!
//! Changing what comes out of here needs a migration that builds the index anew.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Characters of a word that count. Longer words are cut, so that a message of one endless word cannot bloat the
/// index; two words that begin alike for so long are one.
const WORD_CHARS: usize = 64;
/// Words of a search that count. More would only cost time.
const SEARCH_WORDS: usize = 32;

/// The words of a text, folded, each followed by one space.
pub fn fold(text: &str) -> String {
    let mut out = Folded { text: String::with_capacity(text.len().saturating_add(1)), word_chars: 0 };
    if text.is_ascii() {
        text.bytes().for_each(|byte| out.push(char::from(byte.to_ascii_lowercase())));
    } else {
        text.nfkd().flat_map(char::to_lowercase).filter(|c| !is_combining_mark(*c)).for_each(|c| out.push(c));
    }
    out.end_word();
    out.text
}

/// The words of a search, folded, each once.
pub fn search_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for word in fold(text).split_ascii_whitespace() {
        if words.len() < SEARCH_WORDS && !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    }
    words
}

struct Folded {
    text: String,
    word_chars: usize,
}

impl Folded {
    fn push(&mut self, c: char) {
        if is_ideograph(c) {
            self.end_word();
            self.text.push(c);
            self.text.push(' ');
        } else if c.is_alphanumeric() {
            if self.word_chars < WORD_CHARS {
                self.text.push(c);
            }
            self.word_chars += 1;
        } else if !is_invisible(c) {
            self.end_word();
        }
    }

    fn end_word(&mut self) {
        if self.word_chars > 0 {
            self.text.push(' ');
            self.word_chars = 0;
        }
    }
}

/// Scripts written without spaces whose characters mean something alone.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Soft hyphen, zero-width space and joiners: inside a word they are nothing.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::{fold, search_words};

    #[test]
    fn folds_case_accents_and_width() {
        assert_eq!(fold("Ärger  im CAFÉ—ＡＢＣ１"), "arger im cafe abc1 ");
        assert_eq!(fold("İstanbul co\u{ad}operate"), "istanbul cooperate ");
        assert_eq!(fold("漢字kana"), "漢 字 kana ");
        assert_eq!(fold("\"NEAR(a*)\" OR -b"), "near a or b ");
        assert_eq!(fold("\0 % '"), "");
    }

    #[test]
    fn long_words_are_cut_alike() {
        assert_eq!(fold(&"a".repeat(70)), fold(&"a".repeat(64)));
        assert_eq!(search_words("a A b a").join(","), "a,b");
        assert_eq!(search_words(&(0..99).map(|n| format!("w{n} ")).collect::<String>()).len(), 32);
    }
}
