//! Which line of a changed stretch became which.
//!
//! Words are compared within a line and what became of it. Where lines were added beside a changed
//! one, or lines were sorted, comparing the words of all of them would take the sign or the name
//! that two lines have in common for what was kept, and what somebody else writes at it would land
//! in another line. So lines are paired first: in order, those that have most words in common.
//! (The rule is ours; the alignment is the one of Needleman and Wunsch, 1970.)

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::sides::aligned;
use crate::words;

/// Of the words of two lines so many are in both, out of ten, that the one became the other.
const ALIKE: usize = 4;

/// Words that are looked at for one alignment, at most.
const LOOKED_AT: usize = 1 << 20;

/// The lines of either side, by the words in them.
pub(super) struct Lines<'a> {
    lines: Vec<&'a str>,
    /// The words of each line, sorted, as numbers.
    words: Vec<Vec<u32>>,
    /// The first one of each.
    begins: Vec<Option<u32>>,
    /// Which of them stand on the other side as they are, somewhere: none of those became another.
    stay: Vec<bool>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(
        text: &'a str,
        numbers: &mut HashMap<&'a str, u32>,
        other: &HashSet<&str>,
    ) -> Self {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let mut begins = Vec::with_capacity(lines.len());
        let words = lines.iter().map(|line| {
            let mut words: Vec<u32> = words::words(line)
                .filter(|word| words::says(word))
                .map(|word| {
                    let next = numbers.len() as u32;
                    *numbers.entry(word).or_insert(next)
                })
                .collect();
            begins.push(words.first().copied());
            words.sort_unstable();
            words
        });
        let words: Vec<_> = words.collect();
        let stay = lines.iter().zip(&words);
        let stay = stay.map(|(line, words)| words.len() > 1 && other.contains(line)).collect();
        Self { lines, words, begins, stay }
    }

    pub(super) fn lines(&self) -> &[&'a str] {
        &self.lines
    }

    /// The lines beside one, within bounds, that are in another side's line together with it: were
    /// joined there, or are what that one `splits` into.
    fn joined_in(
        &self,
        line: usize,
        within: Range<usize>,
        (other, splits): (&[u32], bool),
    ) -> Range<usize> {
        let mut words = self.words[line].clone();
        let mut shared = common(&words, other);
        // An item or a row of its own is no part of another one that was split.
        let is_item = |line: usize| self.lines[line].starts_with(['*', '#', ':', ';', '|', '!']);
        let mut takes = |beside: usize| {
            let more = &self.words[beside];
            if more.is_empty() || self.stay[beside] || splits && is_item(beside) {
                return false;
            }
            let mut all = [words.as_slice(), more].concat();
            all.sort_unstable();
            let gained = common(&all, other) - shared;
            let takes = 2 * gained >= more.len();
            if takes {
                (words, shared) = (all, shared + gained);
            }
            takes
        };
        let (mut start, mut end) = (line, line + 1);
        while end < within.end && takes(end) {
            end += 1;
        }
        while start > within.start && takes(start - 1) {
            start -= 1;
        }
        start..end
    }

    /// How many words all of them have.
    pub(super) fn count(&self) -> usize {
        self.words.iter().map(Vec::len).sum()
    }
}

/// Which old lines became which new ones, in order; `None` where there are too many to tell.
pub(super) fn pairs(old: &Lines<'_>, new: &Lines<'_>) -> Option<Vec<(usize, usize)>> {
    let (rows, columns) = (old.lines.len(), new.lines.len());
    let looked_at = (old.count() + rows).checked_mul(columns)?;
    let looked_at = looked_at.checked_add((new.count() + columns).checked_mul(rows)?)?;
    if looked_at > LOOKED_AT {
        return None;
    }
    Some(aligned((rows, columns), |row, column| score(old, row, new, column)))
}

/// The same with lines beside a pair of which at least half of the words are in the other side's
/// line, too, each once more: a line that was split, or lines that were joined. O(words of the
/// lines).
pub(super) fn joined(
    old: &Lines<'_>,
    new: &Lines<'_>,
    pairs: Vec<(usize, usize)>,
) -> Vec<(Range<usize>, Range<usize>)> {
    let next = pairs.iter().skip(1).copied().chain([(old.lines.len(), new.lines.len())]);
    let next: Vec<_> = next.collect();
    let mut from = (0, 0);
    let became = pairs.into_iter().zip(next).map(|((row, column), next)| {
        let rows = old.joined_in(row, from.0..next.0, (&new.words[column], false));
        // One of several became one of several: which words went where, nobody can tell.
        let alone = rows.len() > 1;
        let columns = match alone {
            true => column..column + 1,
            false => new.joined_in(column, from.1..next.1, (&old.words[row], true)),
        };
        from = (rows.end, columns.end);
        (rows, columns)
    });
    became.collect()
}

/// What a word counts that two lines have in common, where they begin with the same one counts 1: a
/// row or an item is named by that.
const WORD: usize = 64;

/// How much two lines have in common; 0 where the one did not become the other.
fn score(old: &Lines<'_>, row: usize, new: &Lines<'_>, column: usize) -> usize {
    let (one, two) = (&old.words[row], &new.words[column]);
    let same = old.lines[row] == new.lines[column];
    if one.is_empty() && two.is_empty() || same {
        return usize::from(same) * (2 * one.len() + 1) * WORD;
    }
    if old.stay[row] || new.stay[column] {
        return 0;
    }
    let common = common(one, two);
    // Words that only came, or only went, leave the others as they were.
    let holds = common > 0 && common == one.len().min(two.len());
    let alike = holds || 2 * common * 10 >= ALIKE * (one.len() + two.len());
    let begin = old.begins[row] == new.begins[column];
    if alike { 2 * common * WORD + usize::from(begin) } else { 0 }
}

/// How many words two lines have in common, each as often as both have it.
fn common(one: &[u32], two: &[u32]) -> usize {
    let mut two = two.iter().peekable();
    let is_there = |word: &&u32| {
        while two.next_if(|other| other < word).is_some() {}
        two.next_if(|other| other == word).is_some()
    };
    one.iter().filter(is_there).count()
}
