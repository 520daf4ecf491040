//! Lines that the first edit takes from one place to another, and what the second one changed in
//! them.
//!
//! The changes go along. May assume nothing. Must never guess: where a text went is said only of
//! one that goes once and comes once.

use std::ops::Range;

use super::edit::Edit;
use crate::words;

/// Bytes of what comes that are looked through for what goes, in all; and texts that are followed.
/// Where there is more, none is: an edit of a whole page moves nothing that others could follow.
const SEARCHED: usize = 4 << 20;
const FOLLOWED: usize = 256;

/// A change of the second edit that goes along with text that the first one moved.
#[derive(Clone, Debug)]
pub(super) struct Carried<'a> {
    /// Which hunk of the second edit it is.
    pub(super) index: u32,
    /// The hunk of the first edit that put the text where it is,
    pub(super) first: u32,
    /// what of that it replaces,
    pub(super) at: Range<usize>,
    /// and by what.
    pub(super) text: &'a str,
}

/// A text that goes from one place to another.
struct Move<'a> {
    from: Range<usize>,
    /// The same without white space around it.
    bare: Range<usize>,
    to: &'a Edit<'a>,
    /// Where in what comes there.
    at: usize,
}

/// What the first edit inserts, with what goes along with it.
pub(super) fn with_carried(firsts: &[Edit<'_>], carried: &[Carried<'_>]) -> Vec<String> {
    let with = |edit: &Edit<'_>| {
        let mut text = edit.text.to_owned();
        let own = carried.iter().rev().filter(|carried| carried.first == edit.index);
        own.for_each(|carried| text.replace_range(carried.at.clone(), carried.text));
        text
    };
    firsts.iter().map(with).collect()
}

/// The changes of the second edit that go along with moved text, in the order of where that went,
/// and the others.
pub(super) fn carry<'a>(
    base: &str,
    firsts: &[Edit<'_>],
    seconds: &[Edit<'a>],
) -> (Vec<Carried<'a>>, Vec<Edit<'a>>) {
    let mut moves = moves(base, firsts, seconds);
    // Who takes it elsewhere has not deleted it.
    let keeps = |of: &Range<usize>| seconds.iter().any(|it| it.text.contains(&base[of.clone()]));
    let inside = |of: &Move<'_>, edit: &Edit<'_>| {
        let (whole, bare) = (&of.from, &of.bare);
        let within = |of: &Range<usize>| of.start <= edit.range.start && edit.range.end <= of.end;
        let all = edit.range.start <= bare.start && bare.end <= edit.range.end;
        // What is written at its edge, or white space there, may be of what stands beside it.
        let at_edge = edit.is_insertion() && [bare.start, bare.end].contains(&edit.range.start);
        // What both did is no change of what was moved.
        let place = firsts.binary_search_by_key(&edit.place(), Edit::place);
        let same = place.is_ok_and(|at| firsts[at].text == edit.text);
        !same && (within(bare) && !at_edge && !all || within(whole) && all && !keeps(bare))
    };
    // All that was changed of it goes along, or nothing.
    moves.retain(|of| {
        let bare = &of.bare;
        let met = |edit: &&Edit<'_>| edit.range.start < bare.end && bare.start < edit.range.end;
        seconds.iter().filter(met).all(|edit| inside(of, edit))
    });
    let (mut carried, mut others) = (Vec::new(), Vec::new());
    for edit in seconds {
        match moves.iter().find(|of| inside(of, edit)) {
            Some(of) => {
                let place = |at: usize| at - of.from.start + of.at;
                let at = place(edit.range.start)..place(edit.range.end);
                let (index, text) = (edit.index, edit.text);
                carried.push(Carried { index, first: of.to.index, at, text });
            }
            None => others.push(edit.clone()),
        }
    }
    carried.sort_by_key(|edit| (edit.first, edit.at.start));
    (carried, others)
}

fn moves<'a>(base: &str, firsts: &'a [Edit<'a>], seconds: &[Edit<'_>]) -> Vec<Move<'a>> {
    // Only where the second edit changed something is there anything to go along.
    let changed = |edit: &&Edit<'_>| {
        let next = seconds.partition_point(|second| second.range.end < edit.range.start);
        seconds.get(next).is_some_and(|second| second.range.start <= edit.range.end)
    };
    let goes: Vec<&Edit<'_>> =
        firsts.iter().filter(|edit| !edit.is_insertion()).filter(changed).collect();
    let comes = || firsts.iter().filter(|edit| !edit.text.is_empty());
    let bytes: usize = comes().map(|edit| edit.text.len()).sum();
    if goes.len() > FOLLOWED || goes.len().saturating_mul(bytes) > SEARCHED {
        return Vec::new();
    }
    let mut moves: Vec<Move<'a>> = Vec::new();
    for edit in goes {
        let gone = &base[edit.range.clone()];
        let bare = gone.trim();
        // White space around it may be another there.
        let start = edit.range.start + gone.len() - gone.trim_start().len();
        let bare_range = start..start + bare.len();
        let line_end = |at: usize| base.as_bytes().get(at).is_none_or(|byte| *byte == b'\n');
        let lines = (start == 0 || line_end(start - 1)) && line_end(bare_range.end);
        if bare.is_empty() || !lines || edit.text.contains(bare) {
            continue;
        }
        for (text, from) in [(gone, edit.range.clone()), (bare, bare_range.clone())] {
            let whole = |(to, at): &(&Edit<'_>, usize)| {
                words::is_boundary(to.text, *at) && words::is_boundary(to.text, at + text.len())
            };
            let places =
                comes().flat_map(|to| to.text.match_indices(text).map(move |at| (to, at.0)));
            let mut places = places.filter(whole);
            if let (Some((to, at)), None) = (places.next(), places.next()) {
                moves.push(Move { from, bare: bare_range, to, at });
                break;
            }
        }
    }
    // Two that went to one place are copies of one text: which is which, nobody can tell.
    let taken = |one: &Move<'_>, two: &Move<'_>| {
        one.to.index == two.to.index
            && one.at < two.at + two.from.len()
            && two.at < one.at + one.from.len()
    };
    let unique: Vec<bool> =
        moves.iter().map(|one| moves.iter().filter(|two| taken(one, two)).count() == 1).collect();
    let mut unique = unique.into_iter();
    moves.retain(|_| unique.next().unwrap_or(false));
    moves
}
