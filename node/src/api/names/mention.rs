//! Whether a text calls somebody by name: `@ilse`, `@Ilse Brandt`, `@ilse-brandt`.

use super::handle;

/// Whether a text has `@` and then this name, its first word, or the name as it is typed, as whole words.
pub fn mentions(text: &str, name: &str) -> bool {
    let name = name.trim().to_lowercase();
    let first = name.split_whitespace().next().unwrap_or("").to_owned();
    let wanted = [handle(&name), name, first];
    let text: Vec<char> = text.to_lowercase().chars().collect();
    text.iter().enumerate().filter(|(_, c)| **c == '@').any(|(at, _)| {
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        let rest = text.get(at + 1..).unwrap_or_default();
        before.is_none_or(|c| !c.is_alphanumeric())
            && wanted.iter().any(|word| !word.is_empty() && begins_with_word(rest, word))
    })
}

/// Whether a text begins with a word that ends there.
fn begins_with_word(text: &[char], word: &str) -> bool {
    let mut rest = text.iter();
    if !word.chars().all(|c| rest.next() == Some(&c)) {
        return false;
    }
    match rest.next() {
        // A longer name: `@ilse-brandt` is not `@ilse`.
        Some('-') => !rest.next().is_some_and(|c| c.is_alphanumeric()),
        Some(c) => !c.is_alphanumeric() && *c != '_',
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_called_by_their_name_or_its_first_word() {
        for text in [
            "@Ilse",
            "hi @ilse, come",
            "(@ILSE BRANDT)",
            "@ilse-brandt!",
            "x\n@ilse\n",
            "@ilse- well",
            "@@ilse",
        ] {
            assert!(mentions(text, "Ilse Brandt"), "{text}");
        }
        for text in
            ["Ilse", "@ilsebill", "mail@ilse", "@ilse-maria", "@ brandt", "@brandt", "@", "", "@ilse_x"]
        {
            assert!(!mentions(text, "Ilse Brandt"), "{text}");
        }
        assert!(mentions("@王小明 你好", "王小明") && mentions("@ÄNNE", "änne"));
        assert!(!mentions("@ everybody", "") && !mentions("@", "@"));
    }
}
