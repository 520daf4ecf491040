//! What is known to be the same text at another place is compared with nothing else.
//!
//! May assume that each such text lies in one hunk where it went and in one where it came. Must
//! never change what a hunk comes to.

use std::ops::Range;

use super::edit::Edit;
use crate::diff;
use crate::patch::Patch;
use crate::words;

/// Characters at either end of an edit that are looked at for whether it leaves them.
const KEPT: usize = 64;

/// A text that was taken away and put in again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutAgain {
    /// Where it stood, in the text that both edits are of.
    pub from: Range<u32>,
    /// Where it begins in the text that the first edit comes to.
    pub to: u32,
}

/// What of a hunk is known to have gone elsewhere, what to have come from elsewhere, and what to
/// have stayed.
pub(super) struct Cut {
    gone: Vec<Range<usize>>,
    came: Vec<Range<usize>>,
    /// Where it stood and where it stands, in order in both.
    stayed: Vec<(Range<usize>, usize)>,
}

impl Cut {
    /// Of the hunk that replaces a range by so many bytes, which stand at a place of what comes.
    pub(super) fn of(again: &[PutAgain], range: &Range<usize>, at: isize, bytes: usize) -> Self {
        let within = |from: usize, len: usize, of: Range<usize>| {
            let inside = of.start <= from && from + len <= of.end;
            inside.then(|| from - of.start..from - of.start + len)
        };
        let sort = |mut parts: Vec<Range<usize>>| {
            parts.sort_by_key(|part| part.start);
            parts.dedup_by(|next, before| next.start < before.end);
            parts
        };
        let gone = |it: &PutAgain| within(it.from.start as usize, it.from.len(), range.clone());
        let at = at.max(0) as usize;
        let came = |it: &PutAgain| within(it.to as usize, it.from.len(), at..at + bytes);
        let elsewhere = again.iter().filter(|it| gone(it).is_none() || came(it).is_none());
        let (mut went, mut put): (Vec<_>, Vec<_>) =
            (elsewhere.clone().filter_map(gone).collect(), elsewhere.filter_map(came).collect());
        // What came back in the same hunk stayed, as far as its parts are in order. The others went
        // elsewhere, too: who changes words that stand elsewhere changes them there.
        let mut here: Vec<_> = again.iter().filter_map(|it| Some((gone(it)?, came(it)?))).collect();
        here.sort_by_key(|(from, _)| from.start);
        let places: Vec<_> = (0..).zip(&here).map(|(index, (_, to))| (index, to.start)).collect();
        let mut row = diff::longest_ascending(&places).into_iter().peekable();
        let mut stayed = Vec::with_capacity(here.len());
        for (index, (from, to)) in here.into_iter().enumerate() {
            if row.next_if(|(stays, _)| *stays == index).is_some() {
                stayed.push((from, to.start));
            } else {
                went.push(from);
                put.push(to);
            }
        }
        let (went, put) = (sort(went), sort(put));
        Self { gone: went, came: put, stayed }
    }

    /// What stayed, as far as whole words did, in the texts without what was cut out of them: in
    /// order, apart.
    fn anchors(&self, old: &str, new: &str) -> Vec<(Range<usize>, usize)> {
        let (mut gone, mut came) = (Before::of(&self.gone), Before::of(&self.came));
        let mut ends = (0, 0);
        let whole = self.stayed.iter().filter_map(|(from, to)| {
            let is_same = old.get(from.clone())? == new.get(*to..*to + from.len())?;
            let is_end =
                |at: &usize| parts_words(old, *at) && parts_words(new, at - from.start + to);
            let start = from.clone().find(is_end).filter(|_| is_same)?;
            let end = (start..=from.end).rev().find(is_end)?;
            let cut = gone.bytes(start);
            let here = start - cut..end - cut;
            let there = start - from.start + to;
            let there = there - came.bytes(there);
            let apart = here.start >= ends.0 && there >= ends.1;
            let known = (apart && words::has_word(&old[start..end])).then_some((here, there))?;
            ends = (known.0.end, known.1 + known.0.len());
            Some(known)
        });
        whole.collect()
    }

    /// How the hunk's text came of what it replaces, the rest of both compared with each other.
    pub(super) fn between(&self, old: &str, new: &str) -> Patch {
        let rest = (without(old, &self.gone), without(new, &self.came));
        let rest = compared((&rest.0, &rest.1), &self.anchors(old, new));
        if self.gone.is_empty() && self.came.is_empty() {
            return rest;
        }
        let mut made =
            Made { patch: Patch::builder(), new, at: [0, 0], cut: [&self.gone, &self.came] };
        let mut at = 0;
        for (start, deleted, inserted) in rest.edits() {
            made.step([start - at, start - at], true);
            made.step([deleted, 0], false);
            made.step([0, inserted.len() as u32], false);
            at = start + deleted;
        }
        let left = without(old, &self.gone).len() as u32 - at;
        made.step([left, left], true);
        made.patch.build().unwrap_or_else(|_| diff::between(old, new))
    }
}

/// Whether a word ends at a place, or begins, beside white space or the end of the text: what is
/// told by the two characters there alone, however long a word is. O(1).
fn parts_words(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    let (before, behind) = (at.checked_sub(1).and_then(|at| bytes.get(at)), bytes.get(at));
    match (before, behind) {
        (None, _) | (_, None) | (Some(b'\n'), _) => true,
        (Some(b' '), _) => {
            text[at..].starts_with(|c: char| c.is_ascii_graphic() || c.is_alphanumeric())
        }
        (Some(before), Some(b' ' | b'\n')) => *before != b'\r',
        _ => false,
    }
}

/// How much was cut out before a place; asked in order.
struct Before<'a> {
    parts: &'a [Range<usize>],
    bytes: usize,
}

impl<'a> Before<'a> {
    fn of(parts: &'a [Range<usize>]) -> Self {
        Self { parts, bytes: 0 }
    }

    fn bytes(&mut self, at: usize) -> usize {
        while let [first, rest @ ..] = self.parts
            && first.start < at
        {
            self.bytes += first.len();
            self.parts = rest;
        }
        self.bytes
    }
}

/// How one text came of another one, of which some parts are known to have stayed.
fn compared((old, new): (&str, &str), stayed: &[(Range<usize>, usize)]) -> Patch {
    let mut made = Patch::builder();
    let (mut from, mut to) = (0, 0);
    for (part, at) in stayed.iter().cloned().chain([(old.len()..old.len(), new.len())]) {
        let mut kept = 0;
        for (start, deleted, inserted) in
            diff::between(&old[from..part.start], &new[to..at]).edits()
        {
            made.push_keep(start - kept);
            made.push_delete(deleted);
            made.push_insert(inserted);
            kept = start + deleted;
        }
        made.push_keep((part.end - from) as u32 - kept);
        (from, to) = (part.end, at + part.len());
    }
    made.build().unwrap_or_else(|_| diff::between(old, new))
}

/// An edit in which what changes words of a text that was put in again, and something beside it,
/// does so in parts: these are at different places by now. What it puts there comes with the first
/// other part, else with the first. O(edits, and those texts of each, n log n of the texts).
pub(super) fn divided<'a>(base: &str, edits: &[Edit<'a>], again: &[PutAgain]) -> Vec<Edit<'a>> {
    let mut again: Vec<_> =
        again.iter().map(|it| it.from.start as usize..it.from.end as usize).collect();
    again.sort_by_key(|from| from.start);
    let mut parts = Vec::with_capacity(edits.len());
    for edit in edits {
        let of = again.partition_point(|from| from.end <= edit.range.start);
        let near = again[of..].iter().take_while(|from| from.start < edit.range.end);
        let cuts = |edit: &Edit<'_>| {
            near.clone().flat_map(|from| bounds(base, &edit.range, from)).collect::<Vec<_>>()
        };
        let bounds = cuts(edit);
        if bounds.is_empty() {
            parts.push(edit.clone());
            continue;
        }
        let edit = trimmed(base, edit, &bounds);
        let ends = [vec![edit.range.start], cuts(&edit), vec![edit.range.end]].concat();
        let ranges = ends.windows(2).filter(|cut| cut[0] < cut[1]).map(|cut| cut[0]..cut[1]);
        let ranges: Vec<_> = ranges.collect();
        let is_of = |part: &Range<usize>| {
            near.clone().any(|from| from.start <= part.start && part.end <= from.end)
        };
        let puts = ranges.iter().position(|part| !is_of(part)).unwrap_or(0);
        for (at, range) in ranges.into_iter().enumerate() {
            let (text, was) = if at == puts { (edit.text, edit.was) } else { ("", "") };
            parts.push(Edit { range, text, was, ..edit.clone() });
        }
    }
    parts
}

/// Where a range is cut that has words of a text which was put in again: where that begins and
/// ends, and of one that has not all of its words where these do. The white space around them may
/// be of what stands beside it.
fn bounds(base: &str, range: &Range<usize>, from: &Range<usize>) -> Vec<usize> {
    let text = &base[from.clone()];
    let start = from.start + text.len() - text.trim_start().len();
    let end = start + text.trim().len();
    let all = range.start <= start && end <= range.end;
    let some = range.start < end && start < range.end;
    let cuts = if all { [from.start, from.end] } else { [start, end] };
    cuts.into_iter().filter(|at| some && range.start < *at && *at < range.end).collect()
}

/// The same edit without what it leaves as it was at its ends: whole words, or what is up to where
/// it is cut. O(1).
fn trimmed<'a>(base: &str, edit: &Edit<'a>, cuts: &[usize]) -> Edit<'a> {
    let (mut range, mut text) = (edit.range.clone(), edit.text);
    let parts = |at: usize| cuts.contains(&at) || words::is_boundary(base, at);
    let old = base[range.clone()].char_indices().rev().zip(text.chars().rev()).take(KEPT);
    let same = old.take_while(|((_, one), two)| one == two).map(|((at, _), _)| range.start + at);
    if let Some(end) = same.filter(|at| parts(*at)).last() {
        text = &text[..text.len() - (range.end - end)];
        range.end = end;
    }
    let old = base[range.clone()].char_indices().zip(text.chars()).take(KEPT);
    let same = old.take_while(|((_, one), two)| one == two);
    let same = same.map(|((at, one), _)| range.start + at + one.len_utf8());
    if let Some(start) = same.filter(|at| parts(*at)).last() {
        text = &text[start - range.start..];
        range.start = start;
    }
    Edit { range, text, was: text, ..edit.clone() }
}

fn without(text: &str, parts: &[Range<usize>]) -> String {
    let ends = std::iter::once(0).chain(parts.iter().map(|part| part.end));
    let starts = parts.iter().map(|part| part.start).chain([text.len()]);
    ends.zip(starts).map(|(from, to)| &text[from..to]).collect()
}

/// The patch so far, and how far it has come in what goes and in what comes.
struct Made<'a> {
    patch: crate::patch::PatchBuilder,
    new: &'a str,
    at: [usize; 2],
    cut: [&'a [Range<usize>]; 2],
}

impl Made<'_> {
    /// Goes on by so much of both texts, without what was cut out of them, which goes and comes.
    fn step(&mut self, [mut gone, mut came]: [u32; 2], kept: bool) {
        loop {
            self.pass();
            let left = |at: usize, cut: &[Range<usize>], most: u32| match cut.first() {
                Some(next) => ((next.start - at) as u32).min(most),
                None => most,
            };
            let mut by = [left(self.at[0], self.cut[0], gone), left(self.at[1], self.cut[1], came)];
            if kept {
                by = [by[0].min(by[1]); 2];
                self.patch.push_keep(by[0]);
            } else {
                self.patch.push_delete(by[0]);
                self.patch.push_insert(&self.new[self.at[1]..self.at[1] + by[1] as usize]);
            }
            (gone, came) = (gone - by[0], came - by[1]);
            self.at = [self.at[0] + by[0] as usize, self.at[1] + by[1] as usize];
            if gone == 0 && came == 0 {
                return self.pass();
            }
        }
    }

    /// Passes what was cut out here.
    fn pass(&mut self) {
        while let [first, rest @ ..] = self.cut[0]
            && first.start == self.at[0]
        {
            self.patch.push_delete(first.len() as u32);
            (self.at[0], self.cut[0]) = (first.end, rest);
        }
        while let [first, rest @ ..] = self.cut[1]
            && first.start == self.at[1]
        {
            self.patch.push_insert(&self.new[first.clone()]);
            (self.at[1], self.cut[1]) = (first.end, rest);
        }
    }
}
