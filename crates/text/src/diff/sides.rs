//! Two texts as rows of tokens, and what they have in common.
//!
//! May assume that a row's tokens make up its text. Must never depend on time, on the platform or
//! on hashing.

use imara_diff::{InternedInput, Interner};

/// Bytes compared at once.
const STRIDE: usize = 32;

/// How many bytes both begin with.
pub(super) fn common_start(one: &[u8], two: &[u8]) -> usize {
    let (whole, _) = one.as_chunks::<STRIDE>();
    let strides = whole.iter().zip(two.as_chunks().0).take_while(|(one, two)| one == two).count();
    let start = strides * STRIDE;
    let rest = one[start..].iter().zip(&two[start..]);
    start + rest.take_while(|(one, two)| one == two).count()
}

/// How many bytes both end with.
pub(super) fn common_end(one: &[u8], two: &[u8]) -> usize {
    let (whole, other) = (one.as_rchunks::<STRIDE>().1, two.as_rchunks().1);
    let strides = whole.iter().rev().zip(other.iter().rev());
    let end = strides.take_while(|(one, two)| one == two).count() * STRIDE;
    let rest = one[..one.len() - end].iter().rev().zip(two[..two.len() - end].iter().rev());
    end + rest.take_while(|(one, two)| one == two).count()
}

/// A changed range on each side.
pub(super) type Change = ((usize, usize), (usize, usize));

/// The tokens of both sides, with where each begins.
pub(super) struct Sides<'a> {
    pub(super) input: InternedInput<&'a str>,
    old_starts: Vec<usize>,
    new_starts: Vec<usize>,
}

impl<'a> Sides<'a> {
    pub(super) fn new(
        old: impl Iterator<Item = &'a str>,
        new: impl Iterator<Item = &'a str>,
    ) -> Self {
        let mut input =
            InternedInput { before: Vec::new(), after: Vec::new(), interner: Interner::new(0) };
        let (mut old_starts, mut new_starts) = (vec![0], vec![0]);
        input.update_before(old.inspect(|token| push_end(&mut old_starts, token)));
        input.update_after(new.inspect(|token| push_end(&mut new_starts, token)));
        Sides { input, old_starts, new_starts }
    }

    pub(super) fn count(&self) -> usize {
        self.input.before.len() + self.input.after.len()
    }

    pub(super) fn end(&self) -> (usize, usize) {
        (self.input.before.len(), self.input.after.len())
    }

    pub(super) fn old_bytes(&self, tokens: (usize, usize)) -> (usize, usize) {
        (self.old_starts[tokens.0], self.old_starts[tokens.1])
    }

    pub(super) fn new_bytes(&self, tokens: (usize, usize)) -> (usize, usize) {
        (self.new_starts[tokens.0], self.new_starts[tokens.1])
    }

    /// The longest ascending row of tokens that occur once on each side, as in patience diff.
    pub(super) fn anchors(&self) -> Vec<(usize, usize)> {
        let kinds = self.input.interner.num_tokens() as usize;
        let once = |side: &[imara_diff::Token]| {
            let mut at: Vec<Option<usize>> = vec![None; kinds];
            let mut seen = vec![0u8; kinds];
            for (index, token) in side.iter().enumerate() {
                at[token.0 as usize] = Some(index);
                seen[token.0 as usize] = seen[token.0 as usize].saturating_add(1);
            }
            let single = at.into_iter().zip(seen).map(|(at, seen)| at.filter(|_| seen == 1));
            single.collect::<Vec<_>>()
        };
        let (old, new) = (once(&self.input.before), once(&self.input.after));
        let both = old.into_iter().zip(new).filter_map(|(old, new)| Some((old?, new?)));
        let mut pairs: Vec<(usize, usize)> = both.collect();
        pairs.sort_unstable();
        longest_ascending(&pairs)
    }
}

fn push_end(starts: &mut Vec<usize>, token: &str) {
    let last = starts.last().copied().unwrap_or(0);
    starts.push(last + token.len());
}

/// Which of so many rows is paired with which of so many columns, in order and so that all together
/// score the most; none that scores 0 is. O(rows * columns). (Needleman and Wunsch, 1970.)
pub(super) fn aligned(
    (rows, columns): (usize, usize),
    score: impl Fn(usize, usize) -> usize,
) -> Vec<(usize, usize)> {
    // What is scored from here on at best.
    let width = columns + 1;
    let mut best = vec![0; (rows + 1) * width];
    let mut scores = vec![0; rows * columns];
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            let score = score(row, column);
            let (here, below) = (row * width + column, (row + 1) * width + column);
            let paired = if score > 0 { best[below + 1] + score } else { 0 };
            best[here] = paired.max(best[below]).max(best[here + 1]);
            scores[row * columns + column] = score;
        }
    }
    let (mut found, mut row, mut column) = (Vec::new(), 0, 0);
    while row < rows && column < columns {
        let (here, below) = (row * width + column, (row + 1) * width + column);
        let score = scores[row * columns + column];
        if score > 0 && best[here] == best[below + 1] + score {
            found.push((row, column));
            (row, column) = (row + 1, column + 1);
        } else if best[here] == best[below] {
            row += 1;
        } else {
            column += 1;
        }
    }
    found
}

/// The longest subsequence whose second numbers ascend. O(n log n).
pub(crate) fn longest_ascending(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // For each length the pair that ends a row of it lowest; for each pair the one before it.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (index, pair) in pairs.iter().enumerate() {
        let len = ends.partition_point(|&end| pairs[end].1 < pair.1);
        before.push(len.checked_sub(1).map(|shorter| ends[shorter]));
        if len == ends.len() {
            ends.push(index);
        } else {
            ends[len] = index;
        }
    }
    let mut row: Vec<(usize, usize)> =
        std::iter::successors(ends.last().copied(), |&index| before[index])
            .map(|index| pairs[index])
            .collect();
    row.reverse();
    row
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{common_end, common_start};

    proptest! {
        #[test]
        fn what_both_begin_and_end_with_is_found_byte_by_byte(
            start in "a{0,100}",
            one in "[abc]{0,40}",
            two in "[abc]{0,40}",
            end in "a{0,100}",
        ) {
            let (one, two) = (format!("{start}{one}{end}"), format!("{start}{two}{end}"));
            let from_start = one.bytes().zip(two.bytes());
            let from_start = from_start.take_while(|(one, two)| one == two).count();
            prop_assert_eq!(common_start(one.as_bytes(), two.as_bytes()), from_start);
            let from_end = one.bytes().rev().zip(two.bytes().rev());
            let from_end = from_end.take_while(|(one, two)| one == two).count();
            prop_assert_eq!(common_end(one.as_bytes(), two.as_bytes()), from_end);
        }
    }
}
