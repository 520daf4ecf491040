//! What the second edit does where the first one is known to have put the text elsewhere, and what
//! cannot go along there.
//!
//! It is told where that text stands by now: where it was nobody would find it. May assume that no
//! part of the second edit has words of more than one such text. Must never tell what was done.

use std::collections::HashSet;
use std::ops::Range;

use super::again::PutAgain;
use super::edit::Edit;
use super::lines::{begins_line, ends_line, whole_line};
use super::moves::{FOLLOWED, SEARCHED, moved_lines};
use super::outcome::{Met, Outcome, ThreeWay};
use crate::patch::{Patch, grown};
use crate::words;

/// What the second edit makes of text that stands elsewhere by now.
pub(super) struct Astray<'a> {
    /// Which hunk does so,
    pub(super) index: u32,
    /// where the text stood,
    range: Range<u32>,
    /// what of the text that the first edit comes to it is told of,
    there: Range<u32>,
    /// and what it makes of it.
    text: &'a str,
}

/// Where texts stand that were put in again.
struct Places<'a>(Vec<&'a PutAgain>);

impl<'a> Places<'a> {
    fn of(again: &'a [PutAgain]) -> Self {
        let mut by_place: Vec<&PutAgain> = again.iter().collect();
        by_place.sort_by_key(|it| it.from.start);
        Self(by_place)
    }

    /// Where the text of a range begins by now, if it is of one of them. O(log n).
    fn place(&self, range: &Range<usize>) -> Option<usize> {
        let (start, end) = (range.start as u32, range.end as u32);
        let behind = self.0.partition_point(|it| it.from.start <= start);
        let it = self.0[..behind].last().filter(|it| end <= it.from.end)?;
        Some((it.to + start - it.from.start) as usize)
    }
}

/// Lines that the second edit deletes, or puts another one in place of, which the first one put
/// elsewhere in a line with something else; and its other parts. None where there are more than are
/// followed. O(texts put again and parts, n log n, and where there are any the text after the first
/// edit).
pub(super) fn astray<'a>(
    base: &str,
    first: &Patch,
    parts: Vec<Edit<'a>>,
    again: &[PutAgain],
) -> (Vec<Astray<'a>>, Vec<Edit<'a>>) {
    let changes = |edit: &Edit<'_>| {
        let ends = || edit.text.ends_with('\n') == base[edit.range.clone()].ends_with('\n');
        let other = || edit.puts_another_line(base) && ends();
        !edit.is_known() && (edit.takes_lines(base) || other())
    };
    let places = Places::of(again);
    let of = |edit: &Edit<'_>| places.place(&edit.range);
    if again.is_empty() || !parts.iter().any(|edit| changes(edit) && of(edit).is_some()) {
        return (Vec::new(), parts);
    }
    let page = first.apply(base).map(|made| made.text).unwrap_or_default();
    let (mut found, mut others) = (Vec::new(), Vec::new());
    for edit in &parts {
        let there = of(edit).filter(|_| changes(edit)).and_then(|at| {
            let end = at + edit.range.len();
            page.get(at..end).filter(|there| *there == &base[edit.range.clone()])?;
            let alone =
                begins_line(&page, at) && (ends_line(&page, end) || begins_line(&page, end));
            let start = page[..at].rfind('\n').map_or(0, |before| before + 1);
            let rest = if begins_line(&page, end) { 0 } else { page[end..].find('\n')? };
            (!alone).then(|| Astray::of(edit, start..end + rest))
        });
        match there {
            Some(astray) => found.push(astray),
            None => others.push(edit.clone()),
        }
    }
    if found.len() > FOLLOWED { (Vec::new(), parts) } else { (found, others) }
}

/// Parts of the second edit that take away words which stand all the same, since the first one put
/// them elsewhere, and are told nowhere: the first of them, as many as are followed. O(texts put
/// again and parts, n log n; where there are any the texts, and for each the hunks of what was
/// made).
pub(super) fn untold<'a>(
    base: &str,
    [first, second]: [&Patch; 2],
    (parts, again): (&[Edit<'a>], &[PutAgain]),
    made: &ThreeWay,
) -> Vec<Astray<'a>> {
    let places = Places::of(again);
    let takes = |edit: &&Edit<'_>| {
        let gone = || words::has_word(&base[edit.range.clone()]);
        !edit.is_known() && places.place(&edit.range).is_some() && gone()
    };
    // What it puts elsewhere itself it has not deleted.
    let put = second.inserted();
    let most = FOLLOWED.min(SEARCHED / put.len().max(1));
    let mut takes = parts.iter().filter(takes).take(most).peekable();
    if takes.peek().is_none() {
        return Vec::new();
    }
    let page = first.apply(base).map(|made| made.text).unwrap_or_default();
    let merged = made.patch.apply(&page).map(|made| made.text).unwrap_or_default();
    let untold = takes.filter_map(|edit| {
        let (gone, at) = (&base[edit.range.clone()], places.place(&edit.range)?);
        let there = at..at + gone.len();
        let stands = page.get(there.clone()) == Some(gone)
            && grown(&(there.start as u32..there.end as u32), made.patch.in_turn()).1 == 0;
        let keeps = words::bare(gone).all(|word| put.contains(word));
        let told = || made.met.iter().any(|met| is_told(met, &edit.range, &merged));
        (stands && !keeps && !told()).then(|| Astray::of(edit, there))
    });
    untold.collect()
}

/// Lines that the second edit deletes, and that stand all the same, since the first one moved them:
/// a deletion against a move, of which the page shows what it had first. Those that the second one
/// takes elsewhere itself, and those that are told of already, are none. O(what both take and put,
/// and for each such line the hunks of what was made); none where there are more than are followed.
pub(super) fn deleted_elsewhere<'a>(
    base: &str,
    [first, second]: [&Patch; 2],
    (firsts, parts): (&[Edit<'_>], &[Edit<'_>]),
    made: &ThreeWay,
) -> Vec<Astray<'a>> {
    // Also where that is known to have been made: who moves them takes them away there just so.
    let takes = |edit: &&Edit<'_>| edit.takes_lines(base) || edit.takes_line_ends(base);
    if !parts.iter().any(|edit| takes(&edit)) {
        return Vec::new();
    }
    let moved = moved_lines(base, firsts);
    let put = second.inserted();
    if moved.is_empty() || moved.len() > FOLLOWED || moved.len() * put.len() > SEARCHED {
        return Vec::new();
    }
    let page = first.apply(base).map(|made| made.text).unwrap_or_default();
    let merged = made.patch.apply(&page).map(|made| made.text).unwrap_or_default();
    let mut found: Vec<Astray<'a>> = Vec::new();
    for edit in parts.iter().filter(takes) {
        let of = |from: &Range<usize>| edit.range.start <= from.start && from.end <= edit.range.end;
        let told = |from: &Range<usize>| made.met.iter().any(|met| is_told(met, from, &merged));
        let lines = moved.iter().filter(|(from, _)| of(from) && !told(from));
        for (from, to) in lines.filter(|(from, _)| !put.contains(&base[from.clone()])) {
            let there = whole_line(&page, *to..to + from.len());
            let stands =
                grown(&(there.start as u32..there.end as u32), made.patch.in_turn()).1 == 0;
            let edit = Edit::deletion(whole_line(base, from.clone()), edit.index);
            let line = Astray::of(&edit, there);
            match found.last_mut().filter(|last| last.is_before(&line, [base, &page])) {
                _ if !stands => {}
                Some(last) => (last.range.end, last.there.end) = (line.range.end, line.there.end),
                None => found.push(line),
            }
        }
    }
    found
}

/// Whether it is told of a part of the second edit that it does not show.
fn is_told(met: &Met, range: &Range<usize>, merged: &str) -> bool {
    let inside = met.base.start as usize <= range.start && range.end <= met.base.end as usize;
    // Nobody is told by white space in place of other white space.
    let shown = merged.get(met.range.start as usize..met.range.end as usize);
    let says = |text: &str| words::has_word(text) || shown.is_some_and(words::has_word);
    inside && matches!(&met.outcome, Outcome::Hidden(text) if says(text))
}

impl<'a> Astray<'a> {
    fn of(edit: &Edit<'a>, there: Range<usize>) -> Self {
        let [range, there] = [&edit.range, &there].map(|it| it.start as u32..it.end as u32);
        Self { index: edit.index, range, there, text: edit.text }
    }

    /// Whether what it takes stood right before what another part of the edit takes, and stands
    /// there, in the base and in the text after the first edit.
    fn is_before(&self, other: &Self, [base, page]: [&str; 2]) -> bool {
        let meet = |text: &str, one: &Range<u32>, two: &Range<u32>| {
            let between = text.get(one.end as usize..two.start as usize);
            between.is_some_and(|between| between.trim().is_empty())
        };
        self.index == other.index
            && meet(base, &self.range, &other.range)
            && meet(page, &self.there, &other.there)
    }

    /// Whether it is this part of the second edit.
    pub(super) fn is(&self, edit: &Edit<'_>) -> bool {
        let (start, end) = (self.range.start as usize, self.range.end as usize);
        edit.index == self.index && edit.range == (start..end)
    }
}

/// With what the second edit makes of text that the first one put elsewhere told there: that text
/// stands, as one does that was not moved.
pub(super) fn with_astray(mut made: ThreeWay, astray: Vec<Astray<'_>>) -> ThreeWay {
    for Astray { range: base, there, text, .. } in astray {
        let (range, _) = grown(&there, made.patch.in_turn());
        // That both took it away where it was says nothing beside that.
        made.met.retain(|met| met.outcome != Outcome::Same || met.base != base);
        let at = made.met.partition_point(|met| met.base.start < base.start);
        let outcome = Outcome::Hidden(text.to_owned());
        made.met.insert(at, Met { base, range, outcome, elsewhere: None });
    }
    made
}

/// The same, where a passage of which another version is shown is told with parts of the second
/// edit left out that are told elsewhere: words that stand together only for that nobody wrote.
/// There it is told what the second edit has in place of the passage. O(what is told, and the
/// lines that it is in).
pub(super) fn as_written(base: &str, patches: [&Patch; 2], mut made: ThreeWay) -> ThreeWay {
    let hides = |met: &Met| matches!(met.outcome, Outcome::Hidden(_));
    if !made.met.iter().any(hides) {
        return made;
    }
    let [first, second] = patches;
    let text = second.apply(base).map(|made| made.text).unwrap_or_default();
    for met in &mut made.met {
        let Outcome::Hidden(told) = &mut met.outcome else { continue };
        let there = grown(&met.base, second.in_turn()).0;
        let lines = [lines_around(base, &met.base), lines_around(&text, &there)];
        let came = [first, second].into_iter().flat_map(|patch| patch.edits()).map(|edit| edit.2);
        let known: HashSet<&str> = lines.into_iter().chain(came).flat_map(words::bare).collect();
        if !words::bare(told).all(|word| known.contains(word))
            && let Some(written) = written(&text, told, (&met.base, second))
        {
            *told = written.to_owned();
        }
    }
    made
}

/// What an edit has in place of a passage, with what it put at the ends of that if so it was told;
/// `None` where nothing of that kind holds what it put and what was told.
fn written<'a>(text: &'a str, told: &str, (at, by): (&Range<u32>, &Patch)) -> Option<&'a str> {
    let near = by.edits().filter(|(start, gone, _)| *start <= at.end && at.start <= start + gone);
    let put = near.flat_map(|edit| words::bare(edit.2)).filter(|word| told.contains(word));
    let put: Vec<&str> = put.collect();
    let places = [grown(at, by.in_turn()).0, with_ends(at, by)];
    let texts = places.iter().filter_map(|at| text.get(at.start as usize..at.end as usize));
    texts.into_iter().find(|text| put.iter().all(|word| text.contains(word)))
}

/// Where a part of a text is once that was edited, with what came at its ends.
fn with_ends(at: &Range<u32>, by: &Patch) -> Range<u32> {
    by.in_turn().fold(at.clone(), |at, (place, deleted, inserted)| {
        let end = place + deleted;
        match end < at.start {
            true => at.start - deleted + inserted..at.end - deleted + inserted,
            false if place > at.end => at,
            false => at.start.min(place)..at.end.max(end) - deleted + inserted,
        }
    })
}

/// The lines that a part of a text is in.
fn lines_around<'a>(text: &'a str, at: &Range<u32>) -> &'a str {
    let (before, after) = (text.get(..at.start as usize), text.get(at.end as usize..));
    let start = before.and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    let rest =
        after.and_then(|after| after.find('\n')).map_or(text.len(), |end| at.end as usize + end);
    text.get(start..rest).unwrap_or_default()
}
