//! What counts as a word: the tokens of UAX #29, over whole grapheme clusters.
//!
//! A token is a word, a run of spaces, a line end or a single sign, where the Unicode standard's
//! word boundaries are (UAX #29, "Unicode Text Segmentation", section 4). Where such a boundary
//! lies inside of what a reader takes for one character (section 3), both sides are one token, so
//! that flags, skin tones, joined emoji and combining marks are never cut. Scripts that are written
//! without spaces have a token for each character. May assume nothing. Must never change what it
//! does without a new [`DIFF_VERSION`](crate::diff::DIFF_VERSION): the tables of the Unicode
//! standard that it goes by are those of the package, so that one stays until then, too.

use std::collections::HashMap;

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

/// Bytes that are looked back at for a place where a token surely begins.
const LOOK_BACK: usize = 1_024;

/// The tokens of a text, in order; their concatenation is the text.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut bounds = text.split_word_bound_indices().map(|(at, word)| at + word.len());
    let mut from = 0;
    std::iter::from_fn(move || {
        let end = bounds.find(|&end| is_cluster_boundary(text, end))?;
        let word = &text[from..end];
        from = end;
        Some(word)
    })
}

/// The words among them: the tokens without white space and signs.
pub(crate) fn bare(text: &str) -> impl Iterator<Item = &str> {
    words(text).filter(|word| has_word(word))
}

/// The words of a text, each with how often it is there.
pub(crate) fn times(text: &str) -> HashMap<&str, usize> {
    let mut times = HashMap::new();
    words(text).for_each(|word| *times.entry(word).or_default() += 1);
    times
}

/// Whether a text has more than white space and signs.
pub(crate) fn has_word(text: &str) -> bool {
    text.contains(char::is_alphanumeric)
}

/// Whether a text has a word, or a symbol that says something by itself: an emoji, an arrow. Not a
/// dash or a full stop of another script, which [`telling`] counts in.
pub(crate) fn says(text: &str) -> bool {
    let is_symbol = |c| matches!(c, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}');
    text.contains(|c: char| c.is_alphanumeric() || is_symbol(c))
}

/// The words, and other signs than those of ASCII: an emoji is no word, and says something by
/// itself.
pub(crate) fn telling(text: &str) -> impl Iterator<Item = &str> {
    words(text).filter(|word| has_word(word) || !word.is_ascii())
}

/// Whether a token of the text begins or ends at a byte.
pub(crate) fn is_boundary(text: &str, at: usize) -> bool {
    if at == 0 || at == text.len() {
        return true;
    }
    if !text.is_char_boundary(at) {
        return false;
    }
    let from = safe_cut(text, at);
    let mut end = from;
    let reached = words(&text[from..]).find(|word| {
        end += word.len();
        end >= at
    });
    from == at || (reached.is_some() && end == at)
}

/// The last place at or before a byte at which a token surely begins, whatever comes before it.
pub(crate) fn safe_cut(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let least = at.saturating_sub(LOOK_BACK);
    let near = (least.max(1)..=at.min(bytes.len())).rev().find(|&cut| is_safe_cut(bytes, cut));
    near.or_else(|| bytes[..least].iter().rposition(|&byte| byte == b'\n').map(|end| end + 1))
        .unwrap_or(0)
}

/// Whether a line ends before a byte, or a word of ASCII begins there after a space: no rule of
/// UAX #29 joins across either.
pub(crate) fn is_safe_cut(bytes: &[u8], cut: usize) -> bool {
    match (cut.checked_sub(1).map(|before| bytes[before]), bytes.get(cut)) {
        (None, _) | (_, None) | (Some(b'\n'), _) => true,
        (Some(b' '), Some(after)) => after.is_ascii_alphanumeric(),
        _ => false,
    }
}

fn is_cluster_boundary(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    let plain = |at: usize| bytes.get(at).is_none_or(u8::is_ascii);
    (plain(at - 1) && plain(at))
        || GraphemeCursor::new(at, text.len(), true).is_boundary(text, 0).unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use super::{is_boundary, words};

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = words(text).collect();
        assert_eq!(found, expected);
        let mut end = 0;
        let ends: Vec<usize> = found
            .iter()
            .map(|word| {
                end += word.len();
                end
            })
            .collect();
        for at in 0..=text.len() {
            let expected = at == 0 || ends.contains(&at);
            assert_eq!(is_boundary(text, at), expected, "{text:?} at {at}");
        }
    }

    #[test]
    fn runs_of_words_and_spaces_and_single_signs() {
        check("Größe  42…!\nok", &["Größe", "  ", "42", "…", "!", "\n", "ok"]);
        check("don't 3.14\r\nx_y", &["don't", " ", "3.14", "\r\n", "x_y"]);
    }

    #[test]
    fn what_reads_as_one_character_is_never_cut() {
        check("e\u{301}t", &["e\u{301}t"]);
        check("漢字 ok", &["漢", "字", " ", "ok"]);
        // Flags, a skin tone, a joined family.
        check("🇩🇪🇫🇷", &["🇩🇪", "🇫🇷"]);
        check("👍🏽!", &["👍🏽", "!"]);
        check("👩‍👩‍👧 x", &["👩‍👩‍👧", " ", "x"]);
        // Thai: a vowel sign that the word boundaries would cut off.
        check("กำ", &["กำ"]);
    }
}
