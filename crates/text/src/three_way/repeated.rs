//! What must not stand on the page twice, or nowhere: text that both put near one place, and text
//! that the second edit moved.
//!
//! Passages are decided one by one. Two that stand apart may be about the same text.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use super::edit::Kind;
use super::lines::begins_line;
use super::outcome::{Decided, Outcome, ThreeWay};
use super::passage::Passage;
use super::versions::{are_versions_of_one, has_words, have_half, is_longer};
use crate::patch::Patch;
use crate::words::{has_word, is_boundary, telling, times};

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
    let is_hidden = |at: &usize| is_hidden(&decided[*at]);
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

/// The same for words that the second edit took elsewhere, of which there was one each, or several
/// that all went from one place: where it is not shown that they went, they would stand twice; and
/// nowhere, where it is not shown that they came. O(passages and what they hold), and of the base
/// for each word that would.
pub(super) fn miscounted(
    base: &str,
    passages: &[Passage<'_>],
    decided: &[Option<Decided>],
) -> Vec<Range<usize>> {
    let of_seconds =
        || (0..).zip(passages).flat_map(|(at, it)| it.seconds.iter().map(move |e| (at, e)));
    let goes = places(of_seconds().map(|(at, edit)| (at, &base[edit.range.clone()])));
    let comes = places(of_seconds().map(|(at, edit)| (at, edit.text)));
    let both = goes.iter().filter_map(|(word, from)| {
        let (from, to) = (from[0], *comes.get(word).filter(|to| to.len() == 1)?.first()?);
        Some((*word, (from, to))).filter(|_| goes[word].iter().all(|at| *at == from))
    });
    let moved: HashMap<&str, (usize, usize)> = both.collect();
    if moved.is_empty() {
        return Vec::new();
    }
    let found = counted(base, passages, decided, &moved).into_iter().filter_map(|(word, more)| {
        let (from, to) = *moved.get(word)?;
        let [than_first, than_second, told] = more;
        let at = if than_first > 0 && than_second > 0 {
            to
        } else if than_first < 0 && than_second < 0 && told == 0 {
            from
        } else {
            return None;
        };
        let all = || stands(base, word).nth(goes[word].len()).is_none();
        (!is_hidden(&decided[at]) && all()).then_some(at..at + 1)
    });
    apart(found.collect())
}

/// How much more often some words are shown than the first edit has them, and than the second one
/// does; and how often they are told beside that.
fn counted<'a>(
    base: &str,
    passages: &[Passage<'_>],
    decided: &[Option<Decided>],
    words: &HashMap<&'a str, (usize, usize)>,
) -> HashMap<&'a str, [isize; 3]> {
    let mut counts: HashMap<&str, [isize; 3]> = HashMap::new();
    for (passage, decided) in passages.iter().zip(decided) {
        let (first, second) = (passage.first(base), passage.second(base));
        let alone = if passage.seconds.is_empty() { &first } else { &second };
        let shown = decided.as_ref().map_or(alone, |it| &it.text);
        let hidden = if is_hidden(decided) { second.as_str() } else { "" };
        let parts = [
            (shown.as_str(), [1, 1, 0]),
            (&first, [-1, 0, 0]),
            (&second, [0, -1, 0]),
            (hidden, [0, 0, 1]),
        ];
        for (text, by) in parts {
            for (word, _) in telling(text).filter_map(|word| words.get_key_value(word)) {
                let count = counts.entry(word).or_default();
                *count = [0, 1, 2].map(|at| count[at] + by[at]);
            }
        }
    }
    counts
}

/// Where a word stands in a text.
fn stands<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let of_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let alone = move |at: usize| {
        let (before, behind) = (&text[..at], &text[at + word.len()..]);
        let more = of_word(before.chars().next_back()) || of_word(behind.chars().next());
        !(has_word(word) && more)
    };
    let places = text.match_indices(word).map(|(at, _)| at).filter(move |at| alone(*at));
    places.filter(move |at| is_boundary(text, *at) && is_boundary(text, at + word.len()))
}

/// The words that say something, each with the passages that it is in, as often as it is there.
fn places<'a>(texts: impl Iterator<Item = (usize, &'a str)>) -> HashMap<&'a str, Vec<usize>> {
    let mut found: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, text) in texts {
        telling(text).for_each(|word| found.entry(word).or_default().push(at));
    }
    found
}

fn is_hidden(decided: &Option<Decided>) -> bool {
    decided.as_ref().is_some_and(|it| matches!(it.outcome, Outcome::Hidden(_)))
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
    let begins = begins_line(base, start);
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
pub(super) fn apart(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
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

/// Whether a merge of two edits of a text shows some word more often than either of them has it,
/// and than the second one has put it. O(texts).
pub(super) fn shows_again(base: &str, [first, second]: [&Patch; 2], made: &ThreeWay) -> bool {
    let text = |patch: &Patch, of: &str| patch.apply(of).map(|it| it.text).unwrap_or_default();
    let (now, theirs) = (text(first, base), text(second, base));
    let merged = text(&made.patch, &now);
    let [base, now, theirs] = [base, &now, &theirs].map(times);
    times(&merged).into_iter().any(|(word, shown)| {
        let of = |all: &HashMap<&str, usize>| all.get(word).copied().unwrap_or_default();
        let put = of(&theirs).saturating_sub(of(&base));
        has_word(word) && shown > of(&theirs) && shown > of(&now) + put
    })
}
