//! What must not stand on the page twice, or nowhere: text that both put near one place, and text
//! that the second edit moved.
//!
//! Passages are decided one by one. Two that stand apart may be about the same text.

use std::collections::BTreeSet;
use std::ops::Range;

use super::edit::Kind;
use super::outcome::{Decided, Outcome};
use super::passage::Passage;
use super::versions::{are_versions_of_one, has_words, have_half, is_longer};
use crate::words::has_word;

/// Words from which on a text is known again.
const KNOWN: usize = 3;

/// Lines with words, on both sides of an insertion, in which the other edit may have put the same.
const LINES: usize = 2;

/// Bytes of a place that is looked at.
const LONGEST: usize = 64 << 10;

/// How many are looked at, at most.
const COMPARED: usize = 64;

/// Passages that are to be hidden of the second edit, one range for each: ascending, apart.
pub(super) fn repeated(
    base: &str,
    passages: &[Passage<'_>],
    decided: &[Option<Decided>],
) -> Vec<Range<usize>> {
    let open = (0..passages.len()).filter(|at| is_open(&decided[*at]));
    let candidates = open.filter(|at| inserted(&passages[*at]).is_some());
    let found = candidates.take(COMPARED).filter_map(|at| around(base, passages, at));
    apart(found.collect())
}

/// The same for text that the second edit moved: where one end of it is hidden already.
pub(super) fn half_moved(
    base: &str,
    passages: &[Passage<'_>],
    decided: &[Option<Decided>],
) -> Vec<Range<usize>> {
    let is_hidden = |at: &usize| {
        let decided = decided[*at].as_ref();
        decided.is_some_and(|it| matches!(it.outcome, Outcome::Hidden(_)))
    };
    // Only what takes or puts some words can be an end of it.
    let many = |text: &str| has_words(text, KNOWN + 1);
    let of_move = |at: &usize| {
        let mut seconds = passages[*at].seconds.iter();
        seconds.any(|edit| many(edit.text) || many(&base[edit.range.clone()]))
    };
    let all = 0..passages.len();
    let hidden: Vec<usize> = all.clone().filter(is_hidden).filter(of_move).take(COMPARED).collect();
    if hidden.is_empty() {
        return Vec::new();
    }
    let open: Vec<usize> =
        all.filter(|at| is_open(&decided[*at])).filter(of_move).take(COMPARED).collect();
    let pairs = hidden.into_iter().flat_map(|hidden| open.iter().map(move |at| (hidden, *at)));
    let moves = |(hidden, at): &(usize, usize)| is_move(base, [&passages[*hidden], &passages[*at]]);
    let found = pairs.filter(moves).take(COMPARED);
    apart(found.map(|(_, at)| at..at + 1).collect())
}

fn is_open(decided: &Option<Decided>) -> bool {
    decided.as_ref().is_none_or(|it| it.outcome == Outcome::Both)
}

/// Whether the second edit took from one of two passages what it put into the other.
fn is_move(base: &str, passages: [&Passage<'_>; 2]) -> bool {
    let moves = |from: &Passage<'_>, to: &Passage<'_>| {
        from.seconds.iter().any(|gone| {
            let text = &base[gone.range.clone()];
            let went = has_words(text, KNOWN + 1) && is_longer(text, gone.text);
            went && to.seconds.iter().any(|came| are_versions_of_one(text, came.text))
        })
    };
    let [one, two] = passages;
    moves(one, two) || moves(two, one)
}

/// What one edit alone inserts as a passage, and whether that is the second one.
fn inserted<'a>(passage: &Passage<'a>) -> Option<(&'a str, bool)> {
    let (edit, second) = match (&passage.firsts[..], &passage.seconds[..]) {
        ([first], []) => (first, false),
        ([], [second]) => (second, true),
        _ => return None,
    };
    (edit.is_insertion() && has_words(edit.text, KNOWN)).then_some((edit.text, second))
}

/// The passages around an insertion in which the other edit put the same.
fn around(base: &str, passages: &[Passage<'_>], at: usize) -> Option<Range<usize>> {
    let (text, second) = inserted(&passages[at])?;
    let window = lines_around(base, passages[at].hull().start);
    let inside = |other: &usize| {
        let hull = passages[*other].hull();
        window.start <= hull.end && hull.start <= window.end
    };
    let of_other = |other: &usize| {
        let passage = &passages[*other];
        let others = if second { &passage.firsts } else { &passage.seconds };
        // What has gone along with what is put here is in it.
        others.iter().any(|edit| edit.kind != Kind::Along)
    };
    let before = (0..at).rev().take_while(inside).filter(of_other).last();
    let after = (at + 1..passages.len()).take_while(inside).filter(of_other).last();
    let which = before.unwrap_or(at)..after.unwrap_or(at) + 1;
    if which.len() == 1 {
        return None;
    }
    let mut all = passages[which.start].clone();
    passages[which.start + 1..which.end].iter().for_each(|next| all.join(next.clone()));
    let hull = all.hull();
    let made = if second { all.first(base) } else { all.second(base) };
    let whole = window.start.min(hull.start)..window.end.max(hull.end);
    if whole.len().max(made.len()) > LONGEST {
        return None;
    }
    let (left, right) = (&base[whole.start..hull.start], &base[hull.end..whole.end]);
    let made = [left, &made, right].concat();
    let old: BTreeSet<&str> = base[whole].lines().collect();
    let new: Vec<&str> = made.lines().filter(|line| !old.contains(line)).collect();
    let start = passages[at].hull().start;
    let begins = start == 0 || base.as_bytes()[start - 1] == b'\n';
    let twice = match begins || text.starts_with('\n') {
        true => have_half(&new, text),
        false => new.iter().any(|line| line.contains(text.trim())),
    };
    twice.then_some(which)
}

/// The lines around a place, as far as some that have words.
fn lines_around(base: &str, at: usize) -> Range<usize> {
    let len = |lines: &mut dyn Iterator<Item = &str>| -> usize {
        let mut words = 0;
        let near = lines.take_while(|line| {
            words += usize::from(has_word(line));
            words <= LINES
        });
        near.map(str::len).sum()
    };
    let before = len(&mut base[..at].split_inclusive('\n').rev());
    at - before..at + len(&mut base[at..].split_inclusive('\n'))
}

/// Ranges, those that share something made one.
fn apart(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match joined.last_mut().filter(|last| range.start < last.end) {
            Some(last) => last.end = last.end.max(range.end),
            None => joined.push(range),
        }
    }
    joined
}
