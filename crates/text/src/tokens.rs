//! What counts as a word, and where a text may be cut between tokens.
//!
//! A token is a run of word characters, a run of white space, or any other single character.
//! Scripts written without spaces have no words that a simple rule could find: each of their
//! characters is a token. These are the tokens of the first rules of differences. May assume
//! nothing. Must never change what it does: entries that are in logs are folded by it.

/// Whether a character is part of a word.
pub(crate) fn is_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric();
    }
    let combining = matches!(c, '\u{300}'..='\u{36f}');
    combining || (c.is_alphanumeric() && !is_unspaced(c))
}

/// Scripts written without spaces: Thai, Lao, Myanmar, Khmer, kana, Han.
fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{0e00}'..='\u{0eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{2e80}'..='\u{31ff}'
        | '\u{3400}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Word,
    Space,
    Other,
}

fn class(c: char) -> Class {
    if is_word(c) {
        Class::Word
    } else if c.is_whitespace() {
        Class::Space
    } else {
        Class::Other
    }
}

fn parts(before: char, after: char) -> bool {
    class(before) != class(after) || class(before) == Class::Other
}

/// Whether a token ends at byte `at`, which must be between characters.
pub(crate) fn is_boundary(text: &str, at: usize) -> bool {
    match (text[..at].chars().next_back(), text[at..].chars().next()) {
        (Some(before), Some(after)) => parts(before, after),
        _ => true,
    }
}

/// The tokens of a text, in order; their concatenation is the text.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut chars = rest.char_indices();
        let (_, mut before) = chars.next()?;
        let mut end = rest.len();
        for (at, c) in chars {
            if parts(before, c) {
                end = at;
                break;
            }
            before = c;
        }
        let token = &rest[..end];
        rest = &rest[end..];
        Some(token)
    })
}

#[cfg(test)]
mod tests {
    use super::tokens;

    #[test]
    fn runs_of_words_and_spaces_and_single_others() {
        let found: Vec<&str> = tokens("Größe  e\u{301}t 42…!\n漢字 ok").collect();
        let expected =
            ["Größe", "  ", "e\u{301}t", " ", "42", "…", "!", "\n", "漢", "字", " ", "ok"];
        assert_eq!(found, expected);
    }
}
