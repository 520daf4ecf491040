//! Paired delimiters that an edit puts around something, or takes from around it: a link's, a
//! template's, quotation marks.
//!
//! Both halves are there, or neither: half a pair tears the page. Passages are decided one by one.
//! May take for a pair what is none, where signs stand alone: then more of an edit is not shown
//! than had to be, as one version.

use std::ops::Range;

use super::edit::Edit;
use super::outcome::{Decided, Outcome};
use super::passage::Passage;
use super::repeated::apart;

/// How what reaches over lines begins and ends,
const OVER_LINES: [[&str; 2]; 3] = [["{{", "}}"], ["{|", "|}"], ["<!--", "-->"]];

/// what stands within one,
const WITHIN: [[&str; 2]; 2] = [["[[", "]]"], ["(", ")"]];

/// and what begins as it ends.
const ALIKE: [&str; 3] = ["'''", "''", "\""];

/// The passages that have the two halves of a pair.
type Halves = (usize, usize);

/// Passages that are to be hidden of the second edit, where one half of what it puts around
/// something is not shown, or is the half of what the first edit put around something else.
/// O(what the second edit takes and puts), where something of it is not shown.
pub(super) fn half_delimited(
    base: &str,
    passages: &[Passage<'_>],
    decided: &[Option<Decided>],
) -> Vec<Range<usize>> {
    // Whether it stands there by the first edit, and whether it is not shown.
    let state = |at: usize| {
        let outcome = decided[at].as_ref().map(|it| &it.outcome);
        let same = matches!(outcome, Some(Outcome::Same)) && !passages[at].firsts.is_empty();
        [same, matches!(outcome, Some(Outcome::Hidden(_)))]
    };
    if (0..passages.len()).all(|at| state(at) == [false; 2]) {
        return Vec::new();
    }
    let mut halves = Vec::new();
    for [open, close] in OVER_LINES.into_iter().chain(WITHIN) {
        let count = |text: &str| text.matches(open).count() as isize;
        let net = |text: &str| count(text) - text.matches(close).count() as isize;
        let lines = OVER_LINES.contains(&[open, close]);
        halves.extend(halves_of(base, passages, lines, |edit| {
            net(edit.text) - net(&base[edit.range.clone()])
        }));
    }
    for sign in ALIKE {
        let odd = |text: &str| match sign {
            "''" => text.replace("'''", "").matches(sign).count() % 2,
            _ => text.matches(sign).count() % 2,
        };
        let mut begins = false;
        halves.extend(halves_of(base, passages, false, |edit| {
            let is_half = odd(edit.text) != odd(&base[edit.range.clone()]);
            begins ^= is_half;
            match (is_half, begins) {
                (false, _) => 0,
                (true, true) => 1,
                (true, false) => -1,
            }
        }));
    }
    let torn = halves.into_iter().filter(|(from, to)| from != to && state(*from) != state(*to));
    apart(torn.map(|(from, to)| from..to + 1).collect())
}

/// Where the second edit put, or took, the two halves of something: how many more begin with an
/// edit than end. Within a line, unless it may reach over `lines`.
fn halves_of(
    base: &str,
    passages: &[Passage<'_>],
    lines: bool,
    mut net: impl FnMut(&Edit<'_>) -> isize,
) -> Vec<Halves> {
    let mut found = Vec::new();
    let mut begun: Option<(usize, &Edit<'_>, isize)> = None;
    let of_seconds = (0..).zip(passages);
    for (at, edit) in of_seconds.flat_map(|(at, it)| it.seconds.iter().map(move |it| (at, it))) {
        let by = net(edit);
        if by == 0 {
            continue;
        }
        let in_line =
            |from: &Edit<'_>| lines || !base[from.range.end..edit.range.start].contains('\n');
        match begun.filter(|(_, from, other)| *other == -by && in_line(from)) {
            Some((from, ..)) => {
                found.push((from, at));
                begun = None;
            }
            None => begun = Some((at, edit, by)),
        }
    }
    found
}
