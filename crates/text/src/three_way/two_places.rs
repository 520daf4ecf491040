//! What is not shown of a move is one alternative, with two places.
//!
//! Lines that one edit takes elsewhere go at one place and come at another. Whoever chooses a
//! version of such lines chooses both: else the lines would stand twice, or nowhere. And what the
//! second edit made of lines that the first one took elsewhere is a version of them where they are
//! now. It changes nothing of what is shown, only what is told of the rest. May assume that the
//! merge is made. Must never drop what the second edit put.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::ops::Range;

use super::edit::{Edit, edits};
use super::lines::{bare_lines, begins_line, ends_line, is_lines};
use super::moves::{Links, gone_and_come, starts};
use super::outcome::{Met, Outcome, ThreeWay};
use super::versions::are_versions_of_one;
use crate::patch::{Patch, grown};
use crate::words;

/// Lines of a passage that are looked for where the first edit put some, at most, and lines that
/// it put somewhere; and moves of the second edit.
const LINES: usize = 32;
const PUT: usize = 256;
const LINKS: usize = 64;

/// The same, with what is not shown told where it is a version of what is shown. `links` are the
/// moves of the second edit. O(what the first edit puts, and for each passage that is not shown its
/// lines times those).
pub(super) fn told(
    base: &str,
    (first, seconds): (&Patch, &[Edit<'_>]),
    links: &Links,
    mut made: ThreeWay,
) -> ThreeWay {
    if !made.met.iter().any(|met| hidden(met).is_some()) {
        return made;
    }
    let firsts = edits(first);
    let page = Page { base, firsts: &firsts, moved: gone_and_come(base, &firsts) };
    let there = |at: Range<usize>, patch: &Patch| {
        grown(&(at.start as u32..at.end as u32), patch.in_turn()).0
    };
    let (text, patch) = (OnceCell::new(), made.patch.clone());
    let now = || text.get_or_init(|| merged(base, first, &patch)).as_str();
    for ((from, to), lines) in links.iter().take(LINKS) {
        let of = |hunk: u32| seconds.iter().find(|edit| edit.index == hunk);
        let Some((from, to)) = of(*from).zip(of(*to)) else { continue };
        let at = |edit: &Edit<'_>| made.met.iter().position(|met| is_of(met, edit));
        let Some(to) = at(to).filter(|at| hidden(&made.met[*at]).is_some()) else { continue };
        let gone = at(from).filter(|from| *from != to && deletes(&made.met[*from]));
        let came = || page.came(lines).map(|came| there(page.whole_lines(came), &patch));
        if let Some(from) = gone {
            let alone = || (Some(made.met[from].range.clone()), Vec::new());
            let (elsewhere, rest) =
                gone_beside((base, now()), &made.met[from], lines).unwrap_or_else(alone);
            made.met[to].elsewhere = elsewhere.or_else(came);
            made.met.splice(from..from + 1, rest);
        } else if made.met[to].elsewhere.is_none() {
            made.met[to].elsewhere = came();
        }
    }
    while let Some((from, to)) = page.reworded(&made.met) {
        made.met[to].elsewhere = Some(made.met[from].range.clone());
        made.met.remove(from);
    }
    let patch = &made.patch;
    for met in made.met.iter_mut().filter(|met| met.elsewhere.is_none() && met.range.is_empty()) {
        let Some(text) = hidden(met).filter(|text| !text.trim().is_empty()) else { continue };
        let came = page.came(&page.lines(&met.base));
        let Some((_, at)) = came else { continue };
        let text = text.trim_matches('\n').to_owned();
        (met.range, met.outcome) = (there(at, patch), Outcome::Hidden(text));
    }
    made
}

/// What is not shown of the second edit.
fn hidden(met: &Met) -> Option<&str> {
    match &met.outcome {
        Outcome::Hidden(text) => Some(text),
        _ => None,
    }
}

/// Whether what is not shown of the second edit is that it takes all of a passage away.
fn deletes(met: &Met) -> bool {
    hidden(met).is_some_and(|text| text.trim().is_empty())
}

/// What a merge comes to.
fn merged(base: &str, first: &Patch, patch: &Patch) -> String {
    let made = first.apply(base).and_then(|page| patch.apply(&page.text));
    made.map(|made| made.text).unwrap_or_default()
}

/// Of a passage that is not shown of the second edit, which takes away there some lines that it
/// puts elsewhere and others that it does not: where in the merged text the former stand, if they
/// do, and what of the passage is to be told by itself. `None` where it takes away these alone, or
/// nobody can say which of it they are.
fn gone_beside(
    (base, now): (&str, &str),
    met: &Met,
    lines: &[Range<usize>],
) -> Option<(Option<Range<u32>>, Vec<Met>)> {
    let (from, upto) = (lines.first()?.start, lines.last()?.end);
    let before = base.get(met.base.start as usize..from)?;
    let behind = base.get(upto..met.base.end as usize)?;
    if !words::says(before) && !words::says(behind) {
        return None;
    }
    let start = met.range.start as usize;
    let shown = now.get(start..met.range.end as usize)?;
    let line = &base[from..upto];
    let whole = |at: &usize| is_lines(now, &(start + at..start + at + line.len()));
    let mut stand = shown.match_indices(line).map(|(at, _)| at).filter(whole);
    let Some(at) = stand.next() else {
        let words: HashSet<&str> = words::bare(shown).collect();
        let gone = !words::bare(line).any(|word| words.contains(word));
        return gone.then(|| (None, vec![met.clone()]));
    };
    // With the end of the line that is of it: what is told beside it stays lines.
    let (mut there, leads) = (at..at + line.len(), shown.starts_with('\n') && at > 0);
    there.start -= usize::from(leads);
    there.end += usize::from(!leads && shown[there.end..].starts_with('\n'));
    let place = |part: &Range<usize>| (start + part.start) as u32..(start + part.end) as u32;
    let parts = [
        (met.base.start..from as u32, 0..there.start),
        (upto as u32..met.base.end, there.end..shown.len()),
    ];
    let rest = parts.into_iter().filter(|(_, part)| words::says(&shown[part.clone()]));
    let rest = rest.map(|(base, part)| {
        let outcome = Outcome::Hidden(String::new());
        Met { base, range: place(&part), outcome, elsewhere: None }
    });
    stand.next().is_none().then(|| (Some(place(&there)), rest.collect()))
}

fn is_of(met: &Met, edit: &Edit<'_>) -> bool {
    met.base.start as usize <= edit.range.start && edit.range.end <= met.base.end as usize
}

/// What the first edit made, and which lines it took elsewhere.
struct Page<'a> {
    base: &'a str,
    firsts: &'a [Edit<'a>],
    moved: Vec<[(u32, Range<usize>); 2]>,
}

impl Page<'_> {
    /// Lines of a part of the base that have something.
    fn lines(&self, at: &Range<u32>) -> Vec<Range<usize>> {
        let start = at.start as usize;
        let lines = bare_lines(&self.base[start..at.end as usize]);
        lines.map(|line| start + line.start..start + line.end).collect()
    }

    /// Two passages of which the second edit's version is not shown: where it took lines away, and
    /// where it put the same lines with other words, if there is but one such.
    fn reworded(&self, met: &[Met]) -> Option<(usize, usize)> {
        let deleted = (0..).zip(met).filter(|(_, met)| deletes(met));
        let put =
            || (0..).zip(met).filter(|(_, met)| met.elsewhere.is_none() && met.base.is_empty());
        let mut pairs = deleted.take(LINES).filter_map(|(from, gone)| {
            let gone = self.lines(&gone.base);
            let is_version = |text: &str| {
                let mut lines = text.lines().filter(|line| !line.trim().is_empty());
                let mut gone = gone.iter().map(|line| &self.base[line.clone()]);
                let alike = gone.all(|gone| {
                    lines.next().is_some_and(|line| are_versions_of_one(gone, line.trim()))
                });
                alike && lines.next().is_none()
            };
            let few = !gone.is_empty() && gone.len() <= LINES;
            let mut found = put().filter(|(_, met)| few && hidden(met).is_some_and(is_version));
            let (to, _) = found.next()?;
            found.next().is_none().then_some((from, to))
        });
        pairs.next()
    }

    /// Where the first edit put lines that it took away, if these stand together there and nothing
    /// else in between: in which hunk, and where in the text after it. Another line stands for one
    /// that it is a version of, if there is but one such.
    fn came(&self, lines: &[Range<usize>]) -> Option<(usize, Range<usize>)> {
        if lines.is_empty() || lines.len() > LINES {
            return None;
        }
        let came = lines.iter().map(|line| self.came_line(line));
        let came: Vec<(u32, Range<usize>)> = came.collect::<Option<_>>()?;
        let (hunk, first) = came.first()?;
        let at = self.firsts.iter().position(|edit| edit.index == *hunk)?;
        let beside = came.windows(2).all(|two| {
            let between = two[0].1.end..two[1].1.start;
            let between = self.firsts[at].text.get(between);
            two[0].0 == two[1].0 && between.is_some_and(|between| between.trim().is_empty())
        });
        let start = starts(self.firsts)[at];
        let last = came.last()?.1.end;
        let whole = lines.iter().all(|line| is_lines(self.base, line));
        (beside && whole && self.are_lines(at, &(first.start..last)))
            .then_some((at, start + first.start..start + last))
    }

    /// Whether a part of what a hunk puts is whole lines there.
    fn are_lines(&self, hunk: usize, part: &Range<usize>) -> bool {
        let Edit { text, range, .. } = &self.firsts[hunk];
        let begins = match part.start {
            0 => begins_line(self.base, range.start),
            start => begins_line(text, start),
        };
        let ends = match part.end == text.len() {
            true => ends_line(self.base, range.end),
            false => ends_line(text, part.end),
        };
        begins && ends
    }

    fn came_line(&self, line: &Range<usize>) -> Option<(u32, Range<usize>)> {
        let moved = self.moved.iter().find(|[(_, from), _]| from == line);
        if let Some([_, to]) = moved {
            return Some(to.clone());
        }
        // What stands in place of the lines themselves was not taken elsewhere.
        let firsts = self.firsts.iter().filter(|edit| edit.is_insertion());
        let put = firsts.flat_map(|edit| bare_lines(edit.text).map(move |at| (edit, at)));
        let put = put.take(PUT);
        let is_taken = |at: &(&Edit<'_>, Range<usize>)| {
            self.moved.iter().any(|[_, (hunk, to)]| *hunk == at.0.index && *to == at.1)
        };
        let mut found = put.filter(|it| !is_taken(it)).filter(|(edit, at)| {
            are_versions_of_one(&self.base[line.clone()], &edit.text[at.clone()])
        });
        let (edit, at) = found.next()?;
        found.next().is_none().then_some((edit.index, at))
    }

    /// Lines in the text after the first edit, with the end of the last one.
    fn whole_lines(&self, (hunk, at): (usize, Range<usize>)) -> Range<usize> {
        let edit = &self.firsts[hunk];
        let rest = &edit.text[at.end - starts(self.firsts)[hunk]..];
        let after = if rest.is_empty() { &self.base[edit.range.end..] } else { rest };
        at.start..at.end + usize::from(after.starts_with('\n'))
    }
}
