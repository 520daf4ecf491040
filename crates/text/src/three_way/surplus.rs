//! What a merge by characters shows, and should not.
//!
//! It knows nothing of moves: what one edit deletes and another one has put elsewhere shows again
//! there. Nor of what two made alike: that shows twice. Must never find a word that is shown
//! anywhere as it was meant, or told as an alternative, unless it is shown as often without.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::outcome::ThreeWay;
use crate::patch::Patch;
use crate::{diff, words};

/// Pairs of words that are compared at most; where there are more, nothing is found.
const COMPARED: usize = 1 << 18;

/// Ranges of `merged` that `meant`, the same edits merged as they were meant, does not have: of
/// words that somebody deleted (all that was, is `gone`), and of which that has none, nor any of
/// the passages that are told beside it; and of words that are shown as often as there without:
/// where that can be, of what somebody has put there (`own`, ascending and apart). In bytes,
/// ascending and apart. O(texts), and what comparing them takes.
#[must_use]
pub fn surplus<'a>(
    (merged, own): (&'a str, &[Range<u32>]),
    meant: &'a str,
    told: impl IntoIterator<Item = &'a str>,
    gone: impl IntoIterator<Item = &'a str>,
) -> Vec<Range<u32>> {
    let text = |at: &Range<u32>| &merged[at.start as usize..at.end as usize];
    let patch = diff::between(merged, meant);
    let more = patch.edits().filter_map(|(at, len, came)| {
        more(at, text(&(at..at + len)), came).map(|more| (slid(merged, more, own), came))
    });
    let mut found: Vec<(Range<u32>, &str)> =
        more.filter(|(at, _)| words::has_word(text(at))).collect();
    if !found.is_empty() {
        let said = std::iter::once(meant).chain(told);
        let said: BTreeSet<&str> = said.flat_map(words::bare).collect();
        let gone: BTreeSet<&str> = gone.into_iter().flat_map(words::bare).collect();
        let (mut shown, right) = (how_often(merged), how_often(meant));
        let mut left = COMPARED;
        found.retain(|(at, came)| {
            let mut is_gone = |word: &str| {
                left = left.saturating_sub(said.len());
                left > 0 && gone.contains(word) && !is_in(&said, word)
            };
            // What comes in its place has it.
            let stands = words::has_word(came) && came.contains(text(at));
            if stands || words::bare(text(at)).all(&mut is_gone) {
                return true;
            }
            if words::has_word(came) {
                return false;
            }
            let these = how_often(text(at));
            let mut is_surplus = |(token, count): (&&str, &usize)| {
                let of = |all: &BTreeMap<&str, usize>| all.get(token).copied().unwrap_or_default();
                let (shown, right) = (of(&shown), of(&right));
                right > 0 && shown >= right + count || words::has_word(token) && is_gone(token)
            };
            let found = these.iter().all(&mut is_surplus);
            for (token, count) in these.iter().filter(|_| found) {
                shown.entry(token).and_modify(|shown| *shown -= count);
            }
            found
        });
    }
    found.into_iter().map(|(at, _)| at).collect()
}

/// Whether a merge of two edits of a text shows some word more often than either of them has it,
/// and than the second one has put it. O(texts).
pub(super) fn shows_again(base: &str, [first, second]: [&Patch; 2], made: &ThreeWay) -> bool {
    let text = |patch: &Patch, of: &str| patch.apply(of).map(|it| it.text).unwrap_or_default();
    let (now, theirs) = (text(first, base), text(second, base));
    let merged = text(&made.patch, &now);
    let [base, now, theirs] = [base, &now, &theirs].map(how_often);
    how_often(&merged).into_iter().any(|(token, shown)| {
        let of = |all: &BTreeMap<&str, usize>| all.get(token).copied().unwrap_or_default();
        let put = of(&theirs).saturating_sub(of(&base));
        words::has_word(token) && shown > of(&theirs) && shown > of(&now) + put
    })
}

/// A range where somebody put it, of those that can be left out of a text alike.
fn slid(text: &str, at: Range<u32>, own: &[Range<u32>]) -> Range<u32> {
    let len = at.end - at.start;
    let part = |from: u32, to: u32| text.get(from as usize..to as usize);
    let is_alike = |start: u32| match start <= at.start {
        true => part(start, at.start) == part(start + len, at.end),
        false => part(at.start, start) == part(at.end, start + len),
    };
    let starts = own.iter().filter(|own| own.end - own.start >= len).map(|own| own.start);
    let near = starts.filter(|start| start.abs_diff(at.start) <= len);
    let there = near.filter(|start| is_alike(*start) && part(*start, start + len).is_some());
    there
        .min_by_key(|start| start.abs_diff(at.start))
        .map_or(at.clone(), |start| start..start + len)
}

/// How often a text has each of its words and signs.
fn how_often(text: &str) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    let tokens = words::words(text).filter(|token| !token.trim().is_empty());
    tokens.for_each(|token| *counts.entry(token).or_default() += 1);
    counts
}

/// Whether a word is one of these, or a part of one.
fn is_in(words: &BTreeSet<&str>, word: &str) -> bool {
    words.contains(word) || words.iter().any(|other| other.contains(word))
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
        let gone = surplus((merged, &[]), meant, told.iter().copied(), ["x two red"]);
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
        assert_eq!(shown("one\ntwo\nsix\n", "one\nsix\n", &[]), "one\nsix\n");
        assert_eq!(shown("the redblue sky\n", "the blue sky\n", &[]), "the blue sky\n");
        assert_eq!(shown("it is red blue\n", "it is blue\n", &[]), "it is blue\n");
    }

    #[test]
    fn what_two_wrote_alike_is_found_once() {
        assert_eq!(shown("one\ntwo\none\n", "two\none\n", &[]), "two\none\n");
        assert_eq!(shown("1. thethe cat\n", "1. the cat\n", &[]), "1. the cat\n");
        assert_eq!(shown("Deaths: 1212\n", "Deaths: 12\n", &[]), "Deaths: 12\n");
        assert_eq!(shown("ключключи\n", "ключи\n", &[]), "ключи\n");
        // Three, and what is told stands beside it.
        assert_eq!(shown("a b b b\n", "a b\n", &["b c"]), "a b\n");
        // A sign that stands nowhere else stays.
        assert_eq!(shown("the grünc8\nthe.\n", "the grün.\n", &[]), "the grünc8\nthe.\n");
        // The last one stays, wherever the others would have it.
        assert_eq!(shown("b x b y\n", "x y b\n", &[]), "x b y\n");
        // Of two things, and one of them nobody wrote twice.
        assert_eq!(shown("a b a c\n", "a b\n", &[]), "a b a c\n");
    }

    #[test]
    fn what_is_found_is_what_somebody_put() {
        let found = |own: Range<u32>| {
            let own = std::slice::from_ref(&own);
            let found = surplus(("Deaths: 1212\n", own), "Deaths: 12\n", [], []);
            found.iter().map(|at| (at.start, at.end)).collect::<Vec<_>>()
        };
        assert_eq!((found(8..10), found(10..12)), (vec![(8, 10)], vec![(10, 12)]));
        assert_eq!(found(0..0), [(10, 12)]);
    }

    #[test]
    fn what_is_shown_or_told_stays() {
        let stays = |merged: &str, meant: &str, told: &[&str]| {
            assert_eq!(shown(merged, meant, told), merged);
        };
        // The word goes from one place to another one.
        stays("a b c d\n", "b c d a\n", &[]);
        // One of two versions is an alternative.
        stays("it is red blue\n", "it is red\n", &["it is blue"]);
        stays("crimsonazure\n", "crimson\n", &["azure"]);
        stays("it is red blue\n", "it is blue\n", &["it is red"]);
        // Nobody deleted it.
        stays("it is red blue\n", "it is red\n", &[]);
        // Nothing but spaces.
        stays("a\n\n\nb\n", "a\nb\n", &[]);
        // Another word stands there, or it is a part of one.
        stays("it is red\n", "it is blue\n", &[]);
        stays("elm oak twoelm\n", "oak twoelm\n", &[]);
    }
}
