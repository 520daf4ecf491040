//! Words outweigh white space and signs.
//!
//! An algorithm that counts tokens keeps, of a space and a word that cannot both stay, either. The
//! word has a meaning, and what others do to it is lost with it; a space is as good as any other.
//! So where nothing but such tokens is kept between changes, and a word stands on both sides, that
//! is aligned anew by weight. No word that is kept is given up for that: what stands around it
//! stays, too. May assume that changes are in order. (The rule is ours; the alignment is the one of
//! Needleman and Wunsch, 1970.)

use std::collections::HashSet;

use imara_diff::Token;

use super::sides::{self, Change, Sides};
use crate::words;

/// Pairs of tokens that are aligned by weight at once, at most. In all they are no more than were
/// compared.
const WEIGHED_PAIRS: usize = 1 << 16;

/// The same changes, but for those between which a word can be kept in place of signs.
pub(super) fn words_before_signs(sides: &Sides<'_>, changes: Vec<Change>) -> Vec<Change> {
    let keeps_signs = |last: &Change, next: &Change| {
        sides.input.before[last.0.1..next.0.0].iter().all(|token| !is_word(sides, *token))
    };
    let mut found = Vec::with_capacity(changes.len());
    for run in changes.chunk_by(keeps_signs) {
        match around(run).and_then(|stretch| by_weight(sides, stretch)) {
            Some(weighed) => found.extend(weighed),
            None => found.extend_from_slice(run),
        }
    }
    found
}

fn is_word(sides: &Sides<'_>, token: Token) -> bool {
    words::says(sides.input.interner[token])
}

/// Several changes with all that is kept between them.
fn around(run: &[Change]) -> Option<Change> {
    let [first, .., last] = run else { return None };
    Some(((first.0.0, last.0.1), (first.1.0, last.1.1)))
}

/// What differs in a stretch of which the most is kept by weight; `None` where no word can be kept.
fn by_weight(sides: &Sides<'_>, stretch: Change) -> Option<Vec<Change>> {
    let (old, new) = stretch;
    let (before, after) = (&sides.input.before[old.0..old.1], &sides.input.after[new.0..new.1]);
    if before.len().saturating_mul(after.len()) > WEIGHED_PAIRS {
        return None;
    }
    let went: HashSet<&Token> = before.iter().filter(|token| is_word(sides, **token)).collect();
    if !after.iter().any(|token| went.contains(token)) {
        return None;
    }
    let most_signs = before.len().min(after.len());
    let weights = before.iter().map(|token| weight(sides.input.interner[*token], most_signs));
    let weights: Vec<usize> = weights.collect();
    let score = |row: usize, column: usize| match before[row] == after[column] {
        true => weights[row],
        false => 0,
    };
    Some(changes_between(stretch, sides::aligned((before.len(), after.len()), score)))
}

/// What a token weighs where so many signs are kept at most: a word by its length, and more than
/// all of them.
fn weight(token: &str, most_signs: usize) -> usize {
    if words::says(token) { token.chars().count() * (most_signs + 1) } else { 1 }
}

/// What lies in a stretch between the tokens that are kept of it, which are counted from its start.
fn changes_between((old, new): Change, kept: Vec<(usize, usize)>) -> Vec<Change> {
    let (mut found, mut from) = (Vec::new(), (old.0, new.0));
    let kept = kept.into_iter().map(|(row, column)| (old.0 + row, new.0 + column));
    for stop in kept.chain([(old.1, new.1)]) {
        if from != stop {
            found.push(((from.0, stop.0), (from.1, stop.1)));
        }
        from = (stop.0 + 1, stop.1 + 1);
    }
    found
}

#[cfg(test)]
mod tests {
    use imara_diff::{Algorithm, Diff};
    use proptest::prelude::*;

    use super::{Change, Sides, Token, around, is_word, weight, words_before_signs};
    use crate::words;

    fn compared<'a>(old: &'a str, new: &'a str) -> (Sides<'a>, Vec<Change>) {
        let sides = Sides::new(words::words(old), words::words(new));
        let ends = |range: std::ops::Range<u32>| (range.start as usize, range.end as usize);
        let diff = Diff::compute(Algorithm::Histogram, &sides.input);
        let changes = diff.hunks().map(|hunk| (ends(hunk.before), ends(hunk.after))).collect();
        (sides, changes)
    }

    /// The most that can be kept of two rows, by weight: all ways are tried.
    fn heaviest(sides: &Sides<'_>, one: &[Token], two: &[Token], most_signs: usize) -> usize {
        let ([first, one_rest @ ..], [other, two_rest @ ..]) = (one, two) else { return 0 };
        let paired = match first == other {
            true => {
                weight(sides.input.interner[*first], most_signs)
                    + heaviest(sides, one_rest, two_rest, most_signs)
            }
            false => 0,
        };
        let skipped = heaviest(sides, one_rest, two, most_signs);
        paired.max(skipped).max(heaviest(sides, one, two_rest, most_signs))
    }

    /// The tokens of a range of the old side that no change takes.
    fn kept(changes: &[Change], within: (usize, usize)) -> Vec<usize> {
        let is_kept = |at: &usize| changes.iter().all(|(old, _)| *at < old.0 || old.1 <= *at);
        (within.0..within.1).filter(is_kept).collect()
    }

    fn row() -> impl Strategy<Value = String> {
        "((iron|a|b|漢|👍)?( |, |-|\\n)){0,4}(iron|a|b)?"
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn what_leads_to_the_new_side_still_does(old in row(), new in row()) {
            let (sides, changes) = compared(&old, &new);
            let (mut at, mut made) = (0, Vec::new());
            for (old, new) in words_before_signs(&sides, changes) {
                made.extend_from_slice(&sides.input.before[at..old.0]);
                made.extend_from_slice(&sides.input.after[new.0..new.1]);
                prop_assert!(old.0 < old.1 || new.0 < new.1);
                at = old.1;
            }
            made.extend_from_slice(&sides.input.before[at..]);
            prop_assert_eq!(made, sides.input.after);
        }

        #[test]
        fn no_word_goes_and_comes_where_only_signs_are_kept(old in row(), new in row()) {
            let (sides, changes) = compared(&old, &new);
            let words = |changes: &[Change]| {
                let kept = kept(changes, (0, sides.input.before.len()));
                let kept = kept.into_iter().map(|at| sides.input.before[at]);
                kept.filter(|token| is_word(&sides, *token)).collect::<Vec<_>>()
            };
            let before = words(&changes);
            let changes = words_before_signs(&sides, changes);
            let after = words(&changes);
            let mut all = after.iter();
            prop_assert!(before.iter().all(|word| all.any(|kept| kept == word)));
            let signs = |last: &Change, next: &Change| {
                sides.input.before[last.0.1..next.0.0].iter().all(|it| !is_word(&sides, *it))
            };
            for run in changes.chunk_by(signs) {
                let came: Vec<Token> = run
                    .iter()
                    .flat_map(|(_, new)| &sides.input.after[new.0..new.1])
                    .copied()
                    .filter(|token| is_word(&sides, *token))
                    .collect();
                let mut went = run.iter().flat_map(|(old, _)| &sides.input.before[old.0..old.1]);
                prop_assert!(!went.any(|token| came.contains(token)), "{:?}", run);
            }
        }

        #[test]
        fn of_what_is_weighed_no_other_way_keeps_more(old in row(), new in row()) {
            let (sides, changes) = compared(&old, &new);
            let Some((old, new)) = around(&changes) else { return Ok(()) };
            let Some(found) = super::by_weight(&sides, (old, new)) else {
                return Ok(());
            };
            let (one, two) =
                (&sides.input.before[old.0..old.1], &sides.input.after[new.0..new.1]);
            let most = one.len().min(two.len());
            let weight = |at: usize| weight(sides.input.interner[sides.input.before[at]], most);
            let found: usize = kept(&found, old).into_iter().map(weight).sum();
            prop_assert_eq!(found, heaviest(&sides, one, two, most));
        }
    }
}
