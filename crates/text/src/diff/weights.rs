//! A word outweighs a few spaces and signs.
//!
//! An algorithm that counts tokens keeps, of a space and a word that cannot both stay, either. The
//! word has a meaning, and what others do to it is lost with it; a space is as good as any other.
//! So where nothing but spaces and signs is kept between changes, and a word stands on both sides,
//! that is aligned anew by weight. No word that is kept is given up for that. May assume that
//! changes are in order. Must never depend on time, on the platform or on hashing. (The rule is
//! ours.)

use imara_diff::Token;

use super::sides::{self, Change, Sides};
use crate::words;

/// Pairs of tokens that are aligned by weight at once, at most. In all they are no more than were
/// compared.
const WEIGHED_PAIRS: usize = 1 << 16;

/// What a word weighs where a sign, or a run of spaces, weighs 1: more than what stands between two
/// words, be it a comma with a space or the border of two cells. Not more than many signs: of a
/// sentence that was rewritten, links stay rather than one word that stands there again.
const WORD: usize = 5;

/// The same changes, but for those between which a word can be kept that outweighs the signs that
/// are kept there.
pub(super) fn words_before_signs(sides: &Sides<'_>, changes: Vec<Change>) -> Vec<Change> {
    if changes.len() < 2 {
        return changes;
    }
    let keeps_signs = |last: &Change, next: &Change| {
        sides.input.before[last.0.1..next.0.0].iter().all(|token| !is_word(sides, *token))
    };
    let mut found = Vec::with_capacity(changes.len());
    for run in changes.chunk_by(keeps_signs) {
        match by_weight(sides, run) {
            Some(weighed) => found.extend(weighed),
            None => found.extend_from_slice(run),
        }
    }
    found
}

fn is_word(sides: &Sides<'_>, token: Token) -> bool {
    words::says(sides.input.interner[token])
}

fn weight(sides: &Sides<'_>, token: Token) -> usize {
    if is_word(sides, token) { WORD } else { 1 }
}

/// What differs where changes keep only signs between them, so that what is kept weighs the most;
/// `None` where no word can be kept, or none that outweighs these.
fn by_weight(sides: &Sides<'_>, run: &[Change]) -> Option<Vec<Change>> {
    let [first, .., last] = run else { return None };
    let (old, new) = ((first.0.0, last.0.1), (first.1.0, last.1.1));
    let (before, after) = (&sides.input.before[old.0..old.1], &sides.input.after[new.0..new.1]);
    if before.len().saturating_mul(after.len()) > WEIGHED_PAIRS {
        return None;
    }
    let can_stay = |token: &Token| is_word(sides, *token) && after.contains(token);
    if !before.iter().any(can_stay) {
        return None;
    }
    let weights: Vec<usize> = before.iter().map(|token| weight(sides, *token)).collect();
    let score = |row: usize, column: usize| match before[row] == after[column] {
        true => weights[row],
        false => 0,
    };
    let kept = sides::aligned((before.len(), after.len()), score);
    let has_word = kept.iter().any(|(row, _)| is_word(sides, before[*row]));
    let signs = run.windows(2).map(|pair| pair[1].0.0 - pair[0].0.1).sum();
    let weight: usize = kept.iter().map(|(row, _)| weights[*row]).sum();
    (has_word && weight > signs).then(|| changes_between((old, new), kept))
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

    use super::{Change, Sides, Token, is_word, weight, words_before_signs};
    use crate::words;

    fn compared<'a>(old: &'a str, new: &'a str) -> (Sides<'a>, Vec<Change>) {
        let sides = Sides::new(words::words(old), words::words(new));
        let ends = |range: std::ops::Range<u32>| (range.start as usize, range.end as usize);
        let diff = Diff::compute(Algorithm::Histogram, &sides.input);
        let changes = diff.hunks().map(|hunk| (ends(hunk.before), ends(hunk.after))).collect();
        (sides, changes)
    }

    /// The most that can be kept of two rows, by weight: all ways are tried.
    fn heaviest(one: &[Token], two: &[Token], weight: &dyn Fn(Token) -> usize) -> usize {
        let ([first, one_rest @ ..], [other, two_rest @ ..]) = (one, two) else { return 0 };
        let paired = match first == other {
            true => weight(*first) + heaviest(one_rest, two_rest, weight),
            false => 0,
        };
        let skipped = heaviest(one_rest, two, weight).max(heaviest(one, two_rest, weight));
        paired.max(skipped)
    }

    /// The tokens within a range of the old side that no change takes.
    fn kept(sides: &Sides<'_>, changes: &[Change], within: (usize, usize)) -> Vec<Token> {
        let is_kept = |at: &usize| changes.iter().all(|(old, _)| *at < old.0 || old.1 <= *at);
        (within.0..within.1).filter(is_kept).map(|at| sides.input.before[at]).collect()
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
        fn words_that_are_kept_stay(old in row(), new in row()) {
            let (sides, changes) = compared(&old, &new);
            let words = |changes: &[Change]| {
                let kept = kept(&sides, changes, (0, sides.input.before.len()));
                kept.into_iter().filter(|token| is_word(&sides, *token)).collect::<Vec<_>>()
            };
            let before = words(&changes);
            let after = words(&words_before_signs(&sides, changes));
            let mut all = after.iter();
            prop_assert!(before.iter().all(|word| all.any(|kept| kept == word)));
        }

        #[test]
        fn where_a_word_outweighs_signs_no_other_way_keeps_more(old in row(), new in row()) {
            let (sides, changes) = compared(&old, &new);
            let [first, .., last] = changes.as_slice() else { return Ok(()) };
            let (old, new) = ((first.0.0, last.0.1), (first.1.0, last.1.1));
            if kept(&sides, &changes, old).iter().any(|token| is_word(&sides, *token)) {
                return Ok(());
            }
            let (one, two) =
                (&sides.input.before[old.0..old.1], &sides.input.after[new.0..new.1]);
            let of_sign = |token: Token| usize::from(!is_word(&sides, token));
            let most = heaviest(one, two, &|token| weight(&sides, token));
            if most == heaviest(one, two, &of_sign) {
                return Ok(());
            }
            let found = kept(&sides, &words_before_signs(&sides, changes), old);
            let found: usize = found.into_iter().map(|token| weight(&sides, token)).sum();
            prop_assert_eq!(found, most);
        }
    }
}
