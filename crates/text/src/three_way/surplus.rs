//! What a merge by characters shows too much.
//!
//! It knows nothing of moves: what one edit deletes and another one has put elsewhere shows again
//! there. Must never find what is shown as it was meant, or told as an alternative.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::{diff, words};

/// Ranges of `merged` that show what `meant`, the same edits merged as they were meant, does not,
/// and that none of the passages has that are told beside it. In bytes, ascending and apart.
/// O(texts), and what comparing them takes.
#[must_use]
pub fn surplus<'a>(
    merged: &'a str,
    meant: &'a str,
    told: impl IntoIterator<Item = &'a str>,
) -> Vec<Range<u32>> {
    let text = |at: &Range<u32>| &merged[at.start as usize..at.end as usize];
    let patch = diff::between(merged, meant);
    let gone = patch.edits().filter_map(|(at, len, came)| more(at, text(&(at..at + len)), came));
    let mut found: Vec<Range<u32>> = gone.filter(|at| words::has_word(text(at))).collect();
    // How many there are of each word, and of each sign, beyond what is shown or told. Of those
    // that are in none of the ranges nothing is asked.
    let mut spare: BTreeMap<&str, i64> = BTreeMap::new();
    spare.extend(found.iter().flat_map(|at| parts(text(at))).map(|part| (part, 0)));
    let mut count = |of: &'a str, by: i64| {
        parts(of).for_each(|part| {
            spare.entry(part).and_modify(|spare| *spare += by);
        });
    };
    if !found.is_empty() {
        // What is one word with what stands beside it counts for itself.
        let mut from = 0;
        for at in &found {
            count(text(&(from..at.start)), 1);
            count(text(at), 1);
            from = at.end;
        }
        count(&merged[from as usize..], 1);
        count(meant, -1);
        told.into_iter().for_each(|told| count(told, -1));
    }
    found.retain(|at| {
        let mut left = spare.clone();
        let mut take =
            |word| left.get_mut(word).is_some_and(|left| std::mem::replace(left, *left - 1) > 0);
        let all = parts(text(at)).all(&mut take);
        if all {
            spare = left;
        }
        all
    });
    found
}

/// Its words, and all its signs: what is one word here may be two there.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let signs = text.char_indices().filter(|(_, sign)| !sign.is_whitespace());
    let signs = signs.map(|(at, sign)| &text[at..at + sign.len_utf8()]);
    words::bare(text).chain(signs)
}

/// What a passage has beyond what comes in its place, where that is all there is to it: where it
/// stands. `None` where it is another passage.
fn more(at: u32, gone: &str, came: &str) -> Option<Range<u32>> {
    if !words::has_word(came) {
        return Some(at..at + gone.len() as u32);
    }
    let same = |(one, other): &(char, char)| one == other;
    let before = gone.chars().zip(came.chars()).take_while(same);
    let before: usize = before.map(|(sign, _)| sign.len_utf8()).sum();
    let after = &came[before..];
    let more = gone[before..].strip_suffix(after)?;
    Some(at + before as u32..at + (before + more.len()) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(merged: &str, meant: &str, told: &[&str]) -> String {
        let gone = surplus(merged, meant, told.iter().copied());
        let mut text = merged.to_owned();
        gone.iter().rev().for_each(|at| text.replace_range(at.start as usize..at.end as usize, ""));
        text
    }

    #[test]
    fn deleted_words_that_were_put_elsewhere_are_found() {
        assert_eq!(
            shown("two\nthree\none x y\n", "two\nthree\none y\n", &[]),
            "two\nthree\none y\n"
        );
        assert_eq!(shown("one\ntwo\none\n", "two\none\n", &[]), "two\none\n");
    }

    #[test]
    fn what_two_wrote_alike_is_found_within_a_word() {
        assert_eq!(shown("1. thethe cat\n", "1. the cat\n", &[]), "1. the cat\n");
        assert_eq!(shown("Deaths: 1212\n", "Deaths: 12\n", &[]), "Deaths: 12\n");
        assert_eq!(shown("the redblue sky\n", "the blue sky\n", &[]), "the blue sky\n");
        assert_eq!(shown("crimsonazure\n", "crimson\n", &["azure"]), "crimsonazure\n");
        assert_eq!(shown("ключключи\n", "ключи\n", &[]), "ключи\n");
    }

    #[test]
    fn what_is_shown_or_told_stays() {
        // The word goes from one place to another one.
        assert_eq!(shown("a b c d\n", "b c d a\n", &[]), "a b c d\n");
        // One of two versions is an alternative.
        assert_eq!(shown("it is red blue\n", "it is red\n", &["it is blue"]), "it is red blue\n");
        assert_eq!(shown("it is red blue\n", "it is red\n", &[]), "it is red\n");
        // Nothing but spaces.
        assert_eq!(shown("a\n\n\nb\n", "a\nb\n", &[]), "a\n\n\nb\n");
        // Another word stands there.
        assert_eq!(shown("it is red\n", "it is blue\n", &[]), "it is red\n");
    }
}
