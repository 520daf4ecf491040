//! Where what stays of one edit meets what stays of another: no word may come of two.
//!
//! Passages are decided one by one, and each reads well by itself. But what stood between two of
//! them may be gone by now, by one edit or by both.

use std::ops::Range;

use super::outcome::{Decided, Outcome};
use super::passage::Passage;
use crate::words;

/// A part of the merged text.
struct Piece<'a> {
    text: &'a str,
    /// Where it begins in the text of each edit, if it stands there,
    starts: [Option<usize>; 2],
    /// and where it ends.
    ends: [Option<usize>; 2],
    /// How many passages end with it or before.
    passages: usize,
}

/// Passages, something of the second edit among them, around each place where two words or two
/// lines of the merged text became one that stands in neither edit's text: in order, none in two.
/// O(passages and what they hold).
pub(super) fn glued(
    base: &str,
    passages: &[Passage<'_>],
    decided: &[Option<Decided>],
) -> Vec<Range<usize>> {
    let texts: Vec<[String; 2]> =
        passages.iter().map(|passage| [passage.first(base), passage.second(base)]).collect();
    let pieces = pieces(base, passages, decided, &texts);
    let words = pieces.windows(2).filter(|pair| is_foreign(&pair[0], &pair[1]));
    let words = words.map(|pair| pair[0].passages.saturating_sub(1)..pair[1].passages);
    let mut all: Vec<Range<usize>> = words.collect();
    all.extend(joined_lines(base, passages, decided, &texts));
    all.sort_unstable_by_key(|around| (around.start, around.end));
    let mut found: Vec<Range<usize>> = Vec::new();
    for around in all {
        let of_second = |at: &usize| !passages[*at].seconds.is_empty();
        let ends = around.clone().find(of_second).zip(around.rev().find(of_second));
        let Some((from, to)) = ends else { continue };
        // Where one is hidden already there is nothing more to hide.
        let hidden = decided[from].as_ref();
        let hidden = hidden.is_some_and(|it| matches!(it.outcome, Outcome::Hidden(_)));
        let apart = found.last().is_none_or(|last| last.end <= from);
        if apart && (from < to || !hidden) {
            found.push(from..to + 1);
        }
    }
    found
}

/// The merged text: what both keep, and what becomes of each passage.
fn pieces<'a>(
    base: &'a str,
    passages: &[Passage<'_>],
    decided: &'a [Option<Decided>],
    texts: &'a [[String; 2]],
) -> Vec<Piece<'a>> {
    let mut pieces = Vec::with_capacity(2 * passages.len() + 1);
    let (mut at, mut ends) = (0, [0, 0]);
    for (index, passage) in passages.iter().enumerate() {
        let hull = passage.hull();
        pieces.push(kept(&base[at..hull.start], &mut ends, index));
        let of = &texts[index];
        let (text, there) = match &decided[index] {
            Some(decided) => {
                let text = decided.text.as_str();
                (text, [text == of[0], text == of[1]])
            }
            None if passage.seconds.is_empty() => (of[0].as_str(), [true, false]),
            None => (of[1].as_str(), [false, true]),
        };
        let starts = ends;
        ends = [0, 1].map(|side| starts[side] + of[side].len());
        let only = |places: [usize; 2]| [0, 1].map(|side| there[side].then_some(places[side]));
        pieces.push(Piece { text, starts: only(starts), ends: only(ends), passages: index + 1 });
        at = hull.end;
    }
    pieces.push(kept(&base[at..], &mut ends, passages.len()));
    pieces.retain(|piece| !piece.text.is_empty());
    pieces
}

/// Passages in a row, nothing kept between them, behind which the merged text goes on in the line
/// in which it was before them, though each edit's text has two lines there.
fn joined_lines(
    base: &str,
    passages: &[Passage<'_>],
    decided: &[Option<Decided>],
    texts: &[[String; 2]],
) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while from < passages.len() {
        let meets = |at: &usize| passages[at - 1].hull().end == passages[*at].hull().start;
        let upto = from + 1 + (from + 1..passages.len()).take_while(meets).count();
        let parted = |side: usize| texts[from..upto].iter().any(|of| of[side].contains('\n'));
        let merged = |at: usize| match (&decided[at], passages[at].seconds.is_empty()) {
            (Some(decided), _) => decided.text.contains('\n'),
            (None, alone) => texts[at][usize::from(!alone)].contains('\n'),
        };
        let (start, end) = (passages[from].hull().start, passages[upto - 1].hull().end);
        let within = |at: Option<&u8>| at.is_some_and(|byte| *byte != b'\n');
        let bytes = base.as_bytes();
        let on =
            within(start.checked_sub(1).and_then(|at| bytes.get(at))) && within(bytes.get(end));
        let joined = on && base[start..end].contains('\n') && !(from..upto).any(merged);
        if joined && parted(0) && parted(1) {
            found.push(from..upto);
        }
        from = upto;
    }
    found
}

fn kept<'a>(text: &'a str, ends: &mut [usize; 2], passages: usize) -> Piece<'a> {
    let starts = ends.map(Some);
    *ends = ends.map(|end| end + text.len());
    Piece { text, starts, ends: ends.map(Some), passages }
}

/// Whether two pieces in a row make one word of what stands so in neither edit's text.
fn is_foreign(one: &Piece<'_>, two: &Piece<'_>) -> bool {
    let meet = one.text.chars().next_back().zip(two.text.chars().next());
    let beside = |side: usize| one.ends[side].is_some() && one.ends[side] == two.starts[side];
    meet.is_some_and(|(left, right)| is_one_word(left, right)) && !beside(0) && !beside(1)
}

/// Whether two characters in a row are of one word.
pub(super) fn is_one_word(left: char, right: char) -> bool {
    let joined = format!("{left}{right}");
    !words::is_boundary(&joined, left.len_utf8())
}
