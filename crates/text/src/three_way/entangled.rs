//! Changes of two edits that touch nowhere, and still are one passage.
//!
//! Where one edit rewrote a passage, what stays of it between its changes stays by chance: what the
//! other one changed there is of a text that is gone. Must never join what is merely near.

use std::ops::Range;

use super::delimiters::exclusive;
use super::edit::{Edit, Kind};
use super::lines::{begins_line, ends_line};
use super::passage::{Passage, is_near};
use super::versions::words_of;
use crate::words;

/// Changes in a row, each near the next, from which on they are one that rewrote a passage.
const REWRITES: usize = 6;

/// Changes of both, one at the other's edge, from which on they are one passage.
const CHAIN: usize = 3;

/// How a link and a template begin and end,
const BRACKETS: [[&str; 2]; 2] = [["[[", "]]"], ["{{", "}}"]];

/// what begins a part of one,
const PART: char = '|';

/// and in how many bytes on each side of a place the ends of a link are looked for.
const LINK: usize = 512;

/// Joins the passages that only seem to stand apart. By the edits of the first side that `hide`
/// another version shows of what the second one changed. O(passages and what stays between them).
pub(super) fn join<'a>(
    base: &str,
    mut passages: Vec<Passage<'a>>,
    hide: &[&Edit<'_>],
) -> Vec<Passage<'a>> {
    let mut spans = rewritten(base, &passages, |passage| &passage.firsts, |it| &it.seconds);
    spans.extend(rewritten(base, &passages, |passage| &passage.seconds, |it| &it.firsts));
    spans.extend(chains(base, &passages));
    spans.extend(unwrapped(base, &passages, |passage| &passage.firsts, |it| &it.seconds));
    spans.extend(unwrapped(base, &passages, |passage| &passage.seconds, |it| &it.firsts));
    spans.extend(labelled(base, &passages));
    let exclusive = exclusive(base, &passages);
    exclusive.iter().for_each(|of| passages[of.start].is_one = true);
    spans.extend(exclusive);
    let of_hidden = of_hidden(base, &passages, hide);
    of_hidden.iter().for_each(|of| passages[of.start].is_one = true);
    spans.extend(of_hidden);
    spans.sort_by_key(|span| (span.start, span.end));
    let mut spans = spans.into_iter().peekable();
    let mut joined: Vec<Passage<'a>> = Vec::with_capacity(passages.len());
    let mut end = 0;
    for (at, passage) in passages.into_iter().enumerate() {
        let inside = at < end;
        while let Some(span) = spans.next_if(|span| span.start <= at) {
            end = end.max(span.end);
        }
        match joined.last_mut().filter(|_| inside) {
            Some(last) => last.join(passage),
            None => joined.push(passage),
        }
    }
    joined
}

/// Passages that one side rewrote, where the other one changed something in between.
fn rewritten<'a, 'b>(
    base: &str,
    passages: &'b [Passage<'a>],
    own: fn(&'b Passage<'a>) -> &'b Vec<Edit<'a>>,
    others: fn(&'b Passage<'a>) -> &'b Vec<Edit<'a>>,
) -> Vec<Range<usize>> {
    if passages.iter().map(|passage| own(passage).len()).sum::<usize>() < REWRITES {
        return Vec::new();
    }
    // What both did alike is nobody's alone.
    let alone = |passage: &Passage<'a>| {
        let both = !passage.firsts.is_empty() && !passage.seconds.is_empty();
        !both || passage.first(base) != passage.second(base)
    };
    let own: Vec<(usize, &Edit<'_>)> = passages
        .iter()
        .enumerate()
        .filter(|(_, passage)| alone(passage))
        .flat_map(|(at, passage)| own(passage).iter().map(move |edit| (at, edit)))
        .collect();
    let near = |one: &(usize, &Edit<'_>), two: &(usize, &Edit<'_>)| {
        let between = &base[one.1.range.end..two.1.range.start];
        between.trim().is_empty() || is_near(between)
    };
    let mut found = Vec::new();
    for run in own.chunk_by(near).filter(|run| run.len() >= REWRITES) {
        let span = run[0].0..run[run.len() - 1].0 + 1;
        let met = |passage: &'b Passage<'a>| alone(passage) && !others(passage).is_empty();
        if !passages[span.clone()].iter().any(met) {
            continue;
        }
        let gone: usize = run.iter().map(|(_, edit)| words_of(&base[edit.range.clone()])).sum();
        let between = |pair: &[(usize, &Edit<'_>)]| {
            words_of(&base[pair[0].1.range.end..pair[1].1.range.start])
        };
        let kept: usize = run.windows(2).map(between).sum();
        if kept * 2 < gone {
            found.push(span);
        }
    }
    found
}

/// Passages within a line that each begin where the one before ends, now of one side, now of the
/// other.
fn chains(base: &str, passages: &[Passage<'_>]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let meet = |one: &Passage<'_>, two: &Passage<'_>| {
        let lines = |of: &Passage<'_>| base[of.hull()].contains('\n') || of.has_line_ends();
        one.hull().end == two.hull().start && !lines(one) && !lines(two)
    };
    for chain in passages.chunk_by(meet) {
        if chain.len() >= CHAIN {
            found.push(start..start + chain.len());
        }
        start += chain.len();
    }
    found
}

/// Links and templates of one line of which one side made plain text, where the other one put a
/// part of one in between: a label, a parameter. O(passages and what they hold).
fn unwrapped<'a, 'b>(
    base: &str,
    passages: &'b [Passage<'a>],
    own: fn(&'b Passage<'a>) -> &'b Vec<Edit<'a>>,
    others: fn(&'b Passage<'a>) -> &'b Vec<Edit<'a>>,
) -> Vec<Range<usize>> {
    let puts = |passage: &'b Passage<'a>| others(passage).iter().any(|it| it.text.contains(PART));
    if !passages.iter().any(puts) {
        return Vec::new();
    }
    let takes = |passage: &'b Passage<'a>, sign: &str| {
        let gone = |it: &Edit<'_>| base[it.range.clone()].contains(sign) && !it.text.contains(sign);
        own(passage).iter().any(gone)
    };
    let mut found = Vec::new();
    for [open, close] in BRACKETS {
        let mut begun = None;
        for (at, passage) in passages.iter().enumerate() {
            if takes(passage, open) {
                begun = Some(at);
            }
            let ends = takes(passage, close);
            let Some(from) = begun.filter(|from| ends && *from < at) else { continue };
            // Both of one: no other begins or ends in between.
            let between = &base[passages[from].hull().end..passage.hull().start];
            let of_one = ![open, close, "\n"].iter().any(|sign| between.contains(sign));
            if of_one && passages[from..=at].iter().any(puts) {
                found.push(from..at + 1);
            }
            begun = None;
        }
    }
    found
}

/// Links that have one name, and into which both sides put a part: one of them is the label that it
/// has then. O(passages, and [`LINK`] for each part).
fn labelled(base: &str, passages: &[Passage<'_>]) -> Vec<Range<usize>> {
    let of_side = |edits: &[Edit<'_>]| {
        let is_part = |edit: &&Edit<'_>| edit.text.contains(PART) && !edit.text.contains('\n');
        edits.iter().find(is_part).map(|edit| edit.range.start)
    };
    let parts = (0..).zip(passages).filter_map(|(at, of)| {
        match (of_side(&of.firsts), of_side(&of.seconds)) {
            (Some(start), None) => Some((at, false, start)),
            (None, Some(start)) => Some((at, true, start)),
            _ => None,
        }
    });
    let parts: Vec<(usize, bool, usize)> = parts.collect();
    let of_one_link = |pair: &&[(usize, bool, usize)]| {
        let link = link_around(base, pair[0].2);
        pair[0].1 != pair[1].1 && link.is_some_and(|link| link.contains(&pair[1].2))
    };
    parts.windows(2).filter(of_one_link).map(|pair| pair[0].0..pair[1].0 + 1).collect()
}

/// The link in which a place is, from its name to its last byte and one more.
fn link_around(base: &str, at: usize) -> Option<Range<usize>> {
    let [open, close] = BRACKETS[0].map(str::as_bytes);
    let bytes = base.as_bytes();
    let before = &bytes[at.saturating_sub(LINK)..at];
    let behind = &bytes[at..bytes.len().min(at + LINK)];
    let last = |sign: &[u8]| before.windows(2).rposition(|two| two == sign);
    let next = |sign: &[u8]| behind.windows(2).position(|two| two == sign);
    let (begin, end) = (last(open)?, next(close)?);
    let within = last(close).is_none_or(|other| other < begin)
        && next(open).is_none_or(|other| other > end)
        && !before[begin..].contains(&b'\n')
        && !behind[..end].contains(&b'\n');
    within.then(|| at - (before.len() - begin) + open.len()..at + end + 1)
}

/// Passages in one line of a version that is not shown: what the second side changed there is of
/// that version, and words that stand in the shown one, too, do not make it one of that. So it is
/// where a line ends in one of the two versions only. Whole lines that it puts there are of none.
fn of_hidden(base: &str, passages: &[Passage<'_>], hide: &[&Edit<'_>]) -> Vec<Range<usize>> {
    if hide.is_empty() {
        return Vec::new();
    }
    let shows = |of: &Passage<'_>| {
        let mut firsts = of.firsts.iter();
        !of.firsts.is_empty() && firsts.all(|edit| edit.kind == Kind::Plain)
    };
    let is_below = |edit: &Edit<'_>| {
        edit.is_insertion() && edit.text.starts_with('\n') && ends_line(base, edit.range.start)
    };
    let is_lines = |edit: &Edit<'_>| edit.puts_lines(base) || is_below(edit);
    let puts_lines = |of: &Passage<'_>| of.seconds.iter().any(is_lines);
    let changes = |of: &Passage<'_>| !of.seconds.is_empty() && !puts_lines(of);
    let in_line = |one: &Passage<'_>, two: &Passage<'_>| {
        let hulls = [one.hull(), two.hull()];
        let between = &base[hulls[0].end..hulls[1].start];
        let of = version(hide, &(hulls[0].start..hulls[1].end));
        // What is put beside a version is not of it, but in a line of which it has all.
        let is_beside = |of: &Range<usize>, hull: &Range<usize>| {
            let at_edge = [of.start, of.end].contains(&hull.start);
            hull.is_empty() && at_edge && !has_line(base, of, hull.start)
        };
        let beside = |of| hulls.iter().any(|hull| is_beside(of, hull));
        let near = |of| words::has_word(between) || !beside(of);
        let lines = [one, two].into_iter().any(|of| puts_lines(of) && of.firsts.is_empty());
        !between.contains('\n') && !lines && of.is_some_and(near)
    };
    let joins = |edit: &Edit<'_>| edit.joins_or_splits_lines(base) || edit.cuts_line(base);
    let torn =
        |of: &Passage<'_>| shows(of) && !of.seconds.is_empty() && of.firsts.iter().any(joins);
    let mut found = Vec::new();
    let mut start = 0;
    for line in passages.chunk_by(in_line) {
        let is_of = line.iter().any(shows) && line.iter().any(changes) || line.iter().any(torn);
        if is_of && version(hide, &line[0].hull()).is_some() {
            found.push(start..start + line.len());
        }
        start += line.len();
    }
    found
}

/// Whether a part of a text has all of the line that begins or ends at an edge of it. O(part).
fn has_line(base: &str, part: &Range<usize>, edge: usize) -> bool {
    let several = || base[part.clone()].contains('\n');
    let (begins, ends) = (begins_line(base, part.start), ends_line(base, part.end));
    match edge == part.start {
        true => begins && (ends || several()),
        false => ends && !begins_line(base, part.end) && (begins || several()),
    }
}

/// Where a text stands of which another version shows, if a part of the base is all in it. O(log).
fn version<'a>(hide: &[&'a Edit<'_>], of: &Range<usize>) -> Option<&'a Range<usize>> {
    let range = &hide.get(hide.partition_point(|edit| edit.range.end < of.end))?.range;
    (range.start <= of.start).then_some(range)
}
