//! Where what stays of one edit meets what stays of another: no word may come of two.
//!
//! Passages are decided one by one, and each reads well by itself. But what stood between two of
//! them may be gone by now, by one edit or by both.

use std::collections::BTreeMap;
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
    /// Whether a line begins with it wherever it stands,
    begins_line: bool,
    /// or ends with it.
    ends_line: bool,
    /// In which edit's text a line ends between it and the piece before.
    parted: [bool; 2],
    /// How many passages end with it or before.
    passages: usize,
}

impl<'a> Piece<'a> {
    /// One that stands in neither edit's text.
    fn new(text: &'a str, passages: usize) -> Self {
        let (starts, ends, parted) = ([None; 2], [None; 2], [false; 2]);
        Self { text, starts, ends, begins_line: false, ends_line: false, parted, passages }
    }
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
    let words = pieces
        .windows(2)
        .filter(|pair| is_foreign(&pair[0], &pair[1]) || is_foreign_line(&pair[0], &pair[1]));
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
    // What stands in each edit's text there.
    let mut sides: Vec<[&str; 2]> = Vec::with_capacity(pieces.capacity());
    let (mut at, mut ends) = (0, [0, 0]);
    for (index, passage) in passages.iter().enumerate() {
        let hull = passage.hull();
        pieces.push(kept(&base[at..hull.start], &mut ends, index));
        sides.push([&base[at..hull.start]; 2]);
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
        let (starts, ends) = (only(starts), only(ends));
        pieces.push(Piece { starts, ends, ..Piece::new(text, index + 1) });
        sides.push([0, 1].map(|side| of[side].as_str()));
        at = hull.end;
    }
    pieces.push(kept(&base[at..], &mut ends, passages.len()));
    sides.push([&base[at..]; 2]);
    tell_lines(&mut pieces, &sides);
    pieces.retain(|piece| !piece.text.is_empty());
    pieces
}

/// Tells of each piece whether it begins or ends a line in each text that it stands in, and where
/// it is in another line than the piece before, nothing left in between.
fn tell_lines(pieces: &mut [Piece<'_>], sides: &[[&str; 2]]) {
    let is_everywhere = |there: [Option<usize>; 2], line: [bool; 2]| {
        let mut of = there.iter().zip(line).filter(|(there, _)| there.is_some()).peekable();
        of.peek().is_some() && of.all(|(_, line)| line)
    };
    let (mut line, mut parted) = ([true; 2], [false; 2]);
    for (piece, texts) in pieces.iter_mut().zip(sides) {
        piece.parted = parted;
        let ends = |side: usize| piece.text.is_empty() && texts[side].contains('\n');
        parted = [0, 1].map(|side| ends(side) || parted[side] && piece.text.is_empty());
        piece.begins_line = is_everywhere(piece.starts, line);
        line = [0, 1].map(|side| match texts[side].chars().next_back() {
            Some(last) => last == '\n',
            None => line[side],
        });
    }
    let mut line = [true; 2];
    for (piece, texts) in pieces.iter_mut().zip(sides).rev() {
        piece.ends_line = is_everywhere(piece.ends, line);
        line = [0, 1].map(|side| match texts[side].chars().next() {
            Some(first) => first == '\n',
            None => line[side],
        });
    }
}

/// Passages in a row, nothing kept between them, behind which the merged text goes on in the line
/// in which it was before them, though each edit's text has two lines there; or which bring words
/// into the line before them, or the one behind them, that neither edit does.
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
        let row = passages[from].hull().start..passages[upto - 1].hull().end;
        let sides = [0, 1].map(|side| -> String {
            texts[from..upto].iter().map(|of| of[side].as_str()).collect()
        });
        let merged = |at: usize| match (&decided[at], passages[at].seconds.is_empty()) {
            (Some(decided), _) => decided.text.as_str(),
            (None, alone) => texts[at][usize::from(!alone)].as_str(),
        };
        let parted = base[row.clone()].contains('\n') && sides.iter().all(|it| it.contains('\n'));
        let merged = || (from..upto).map(merged).collect::<String>();
        if parted && is_joined(base, row, &merged(), &sides) {
            found.push(from..upto);
        }
        from = upto;
    }
    found
}

/// Whether that is so of what comes of a row of passages.
fn is_joined(base: &str, row: Range<usize>, merged: &str, sides: &[String; 2]) -> bool {
    let [one, two] = sides;
    if merged.contains('\n') {
        return brings([first(one), first(two)], first(merged))
            || brings([last(one), last(two)], last(merged));
    }
    let within = |at: Option<&u8>| at.is_some_and(|byte| *byte != b'\n');
    let bytes = base.as_bytes();
    let before = row.start.checked_sub(1).and_then(|at| bytes.get(at));
    // Where nothing is left of it there is nothing to join, either.
    let has = |of: fn(&str) -> &str| {
        words::has_word(merged) && sides.iter().all(|side| words::has_word(of(side)))
    };
    (within(before) || has(first)) && (within(bytes.get(row.end)) || has(last))
}

/// The first line of a text, or of its part of that.
fn first(text: &str) -> &str {
    text.split('\n').next().unwrap_or_default()
}

/// The last one.
fn last(text: &str) -> &str {
    text.rsplit('\n').next().unwrap_or_default()
}

/// Whether a line has words that neither of two has, nor both together so many times.
fn brings(of: [&str; 2], line: &str) -> bool {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    of.into_iter().flat_map(words::bare).for_each(|word| *left.entry(word).or_default() += 1);
    let mut taken = |word| match left.get_mut(word) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        _ => false,
    };
    !words::bare(line).all(&mut taken)
}

fn kept<'a>(text: &'a str, ends: &mut [usize; 2], passages: usize) -> Piece<'a> {
    let starts = ends.map(Some);
    *ends = ends.map(|end| end + text.len());
    Piece { starts, ends: ends.map(Some), ..Piece::new(text, passages) }
}

/// Whether two pieces in a row stand in one line, though in no edit's text they do, and they are of
/// two lines in one that has both, or each of a line of its own.
fn is_foreign_line(one: &Piece<'_>, two: &Piece<'_>) -> bool {
    let is_white = |text: &str| text.trim().is_empty();
    let joined = !one.text.ends_with('\n') && !two.text.starts_with('\n');
    let beside = |side: usize| one.ends[side].is_some() && two.starts[side].is_some();
    let sides = || [0, 1].into_iter().filter(|side| beside(*side));
    let apart = two.begins_line && one.ends_line || sides().any(|side| two.parted[side]);
    let joined = joined && !is_white(one.text) && !is_white(two.text);
    joined && apart && sides().all(|side| two.parted[side])
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
