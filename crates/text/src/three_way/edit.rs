//! An edit, hunk by hunk.

use std::ops::Range;

use super::lines::{begins_line, ends_line};
use super::outcome::{Own, OwnPart};
use crate::patch::Patch;
use crate::words;

/// Bytes within which a deletion may slide.
const SLID: usize = 64;

/// Words of a line that are looked at.
const MANY: usize = 64;

/// Words that have to go from a line that keeps signs, for it to be another one.
const FEW: usize = 3;

/// Bytes of signs that a line may keep at either end and be another one.
pub(super) const SIGNS: usize = 16;

/// A change of an edit: what it replaces, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit<'a> {
    pub(super) range: Range<usize>,
    pub(super) text: &'a str,
    /// What stands there without what the other edit changed in it; else as `text`.
    pub(super) was: &'a str,
    /// Which hunk of its patch it is.
    pub(super) index: u32,
    /// What is special about it.
    pub(super) kind: Kind,
    /// What of its text the author of the other edit put there, of the same text, and when; the
    /// rest others put beside that.
    pub(super) own_part: Option<OwnPart>,
    /// What of its text each of several put there, where that is known.
    pub(super) parts: Vec<Range<usize>>,
    /// Where what it puts is no version of what it takes away, but stands beside that: behind how
    /// much of it that stood, in bytes.
    pub(super) apart: Option<usize>,
    /// Whether nobody wrote it, but others' text stands where it was decided that it should.
    pub(super) is_decided: bool,
    /// Whether by it another version shows of what the author of the other edit had before them.
    pub(super) hides: bool,
    /// Whether it puts a line that the same edit takes from another place, or something in place of
    /// one that it takes there.
    pub(super) is_moved: bool,
    /// Whether it begins a line of its author's, or ends one: that may be told as words of a line
    /// with which it has something in common.
    pub(super) begins_own: bool,
    pub(super) ends_own: bool,
}

/// What may be special about an edit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Plain,
    /// Nobody wrote it: the author of the other edit had both versions of the passage before them.
    /// Which hunk of its patch it is of.
    Yields(u32),
    /// The author of the other edit made it, of the same text.
    Own(Own),
    /// Somebody else had made just the same, whatever has become of that.
    Known,
    /// Its author has put something else in its place since.
    Withdrawn,
    /// The other edit takes what it is in elsewhere, and it has gone along.
    Along,
}

impl Edit<'_> {
    /// Whether it is not to be made: it was, or is no more to be.
    pub(super) fn is_known(&self) -> bool {
        matches!(self.kind, Kind::Known | Kind::Withdrawn)
    }

    /// Takes something away.
    pub(super) fn deletion(range: Range<usize>, index: u32) -> Self {
        Self {
            range,
            text: "",
            was: "",
            index,
            kind: Kind::Plain,
            own_part: None,
            parts: Vec::new(),
            apart: None,
            is_decided: false,
            hides: false,
            is_moved: false,
            begins_own: false,
            ends_own: false,
        }
    }

    /// By which edits are ordered: what comes in front of something stands in front of it.
    pub(super) fn place(&self) -> (usize, usize) {
        (self.range.start, self.range.end)
    }

    pub(super) fn is_insertion(&self) -> bool {
        self.range.is_empty()
    }

    /// Whether it is about nothing but white space.
    pub(super) fn is_white(&self, base: &str) -> bool {
        self.text.trim().is_empty() && base[self.range.clone()].trim().is_empty()
    }

    /// Whether the two share something, or meet.
    pub(super) fn touches(&self, other: &Self) -> bool {
        self.range.start <= other.range.end && other.range.start <= self.range.end
    }

    /// Whether the two share something, and each has more.
    pub(super) fn crosses(&self, other: &Self) -> bool {
        let (one, two) = (&self.range, &other.range);
        let shared = one.start.max(two.start) < one.end.min(two.end);
        let nested =
            |one: &Range<usize>, two: &Range<usize>| one.start <= two.start && two.end <= one.end;
        shared && !nested(one, two) && !nested(two, one)
    }

    /// Whether deleting words that stand beside it instead of its own comes to the same.
    pub(super) fn may_slide(&self, base: &str) -> bool {
        let (start, end) = (self.range.start, self.range.end);
        let left = base[..start].bytes().rev().zip(base[..end].bytes().rev());
        let left = left.take(SLID).take_while(|(one, two)| one == two).count();
        let right = base[start..].bytes().zip(base[end..].bytes());
        let right = right.take(SLID).take_while(|(one, two)| one == two).count();
        let words = |range: Range<usize>| {
            let bounds = range.clone().filter(|at| words::is_boundary(base, *at));
            let bounds: Vec<usize> = bounds.chain([range.end]).collect();
            bounds.windows(2).any(|pair| !base[pair[0]..pair[1]].trim().is_empty())
        };
        let from = (start - left..=start).find(|at| words::is_boundary(base, *at));
        let to = (end..=end + right).rev().find(|at| words::is_boundary(base, *at));
        from.is_some_and(|from| words(from..start)) || to.is_some_and(|to| words(end..to))
    }

    /// Whether it is white space in one line on one side, and where a line ends on the other.
    pub(super) fn joins_or_splits_lines(&self, base: &str) -> bool {
        let Range { start, end } = self.range;
        let within = |at: Option<&u8>| at.is_some_and(|byte| *byte != b'\n');
        let bytes = base.as_bytes();
        let before = start.checked_sub(1).and_then(|before| bytes.get(before));
        let ends = base[start..end].contains('\n') != self.text.contains('\n');
        ends && self.is_white(base) && within(before) && within(bytes.get(end))
    }

    /// Whether it puts something into an empty line.
    pub(super) fn fills_line(&self, base: &str) -> bool {
        let (at, text) = (self.range.start, self.text);
        let within = !text.starts_with('\n') && !text.ends_with('\n');
        self.is_insertion() && within && begins_line(base, at) && ends_line(base, at)
    }

    /// Whether it puts whole lines between others, and takes nothing away.
    pub(super) fn puts_lines(&self, base: &str) -> bool {
        let at = self.range.start;
        self.is_insertion() && self.text.ends_with('\n') && begins_line(base, at)
    }

    /// Whether it puts lines from elsewhere beside what the other one replaces by something of its
    /// own: these are two things, whatever they have in common.
    pub(super) fn comes_beside(&self, other: &Self, base: &str) -> bool {
        self.is_moved && self.puts_lines(base) && !other.is_insertion() && !other.is_moved
    }

    /// Whether it takes whole lines away, and puts nothing there. The end of the text ends the last
    /// one.
    pub(super) fn takes_lines(&self, base: &str) -> bool {
        let Range { start, end } = self.range;
        let begins = begins_line(base, start);
        let gone = &base[start..end];
        let ends = gone.ends_with('\n') || end == base.len();
        self.text.is_empty() && begins && ends && !gone.trim().is_empty()
    }

    /// Whether it puts something in place of a whole line, or of several.
    pub(super) fn replaces_line(&self, base: &str) -> bool {
        let Range { start, end } = self.range;
        let ends = ends_line(base, end) || begins_line(base, end);
        !self.is_insertion() && begins_line(base, start) && ends
    }

    /// The lines in which it puts others: where these, or those that were there, are moved, or none
    /// of the words that were there is left, but signs that both begin or end with. A single word
    /// may have been put right.
    pub(super) fn other_lines(&self, base: &str) -> Option<Range<usize>> {
        let Range { start, end } = self.range;
        if self.is_insertion() || self.text.is_empty() {
            return None;
        }
        // Where more is kept of the line than some signs, its ends need not be found.
        let bytes = base.as_bytes();
        let near = &bytes[start.saturating_sub(SIGNS + 1)..start];
        let before = near.iter().rev().take_while(|byte| **byte != b'\n').count();
        let near = &bytes[end..base.len().min(end + SIGNS + 1)];
        let behind = near.iter().take_while(|byte| **byte != b'\n').count();
        let behind = if base[..end].ends_with('\n') { 0 } else { behind };
        let (begin, last) = (start - before, end + behind);
        let signs = |part: Option<&str>| part.is_some_and(|part| !words::has_word(part));
        let kept = [base.get(begin..start), base.get(end..last)];
        if before.max(behind) > SIGNS || !kept.into_iter().all(signs) {
            return None;
        }
        let is_whole = begin == start && last == end;
        let is_other = || {
            let (gone, come) = (&base[self.range.clone()], words::bare(self.text));
            let gone: Vec<&str> = words::bare(gone).take(MANY).collect();
            let mut come = come.take(MANY).peekable();
            let differs = come.peek().is_some() && come.all(|word| !gone.contains(&word));
            // What is kept may be what they meant to keep, where few words went.
            let enough = is_whole || gone.len() >= FEW;
            differs && enough && (gone.len() != 1 || words::bare(self.text).nth(1).is_some())
        };
        (self.is_moved && self.replaces_line(base) || is_other()).then_some(begin..last)
    }

    /// Whether it puts others in place of whole lines.
    pub(super) fn puts_another_line(&self, base: &str) -> bool {
        self.other_lines(base).is_some_and(|lines| lines == self.range)
    }

    /// Where a line begins into which it puts the end of one line and the beginning of another, if
    /// it could as well do so there.
    pub(super) fn splits_line_from(&self, base: &str) -> Option<usize> {
        let (start, text) = (self.range.start, self.text);
        if !self.is_insertion() || !text.contains('\n') {
            return None;
        }
        let near = start.saturating_sub(SLID);
        let end = base.as_bytes()[near..start].iter().rposition(|byte| *byte == b'\n');
        let at = end.map_or(near, |end| near + end + 1);
        let begins = end.is_some() || near == 0;
        let over = base.get(at..start).filter(|over| begins && !over.is_empty())?;
        (text.len() >= over.len() && text.ends_with(over)).then_some(at)
    }

    /// Whether it takes lines away up to where the last one ends, without that end.
    pub(super) fn takes_line_ends(&self, base: &str) -> bool {
        let Range { start, end } = self.range;
        let begins = ends_line(base, start) || begins_line(base, start);
        let gone = &base[start..end];
        let takes = self.text.is_empty() && !gone.ends_with('\n') && !gone.trim().is_empty();
        takes && begins && ends_line(base, end)
    }

    /// Whether it takes the end of a line with words of the next, and not whole lines.
    pub(super) fn cuts_line(&self, base: &str) -> bool {
        let (Range { start, end: last }, gone) = (self.range.clone(), &base[self.range.clone()]);
        let whole = begins_line(base, start) && (begins_line(base, last) || last == base.len());
        let whole = whole || ends_line(base, start) && ends_line(base, last);
        gone.contains('\n') && !self.is_white(base) && !whole
    }
}

/// The same edits, told of each whether it begins or ends a line of which no word was there.
/// O(edits and the signs between them).
pub(super) fn with_own_lines<'a>(base: &str, mut edits: Vec<Edit<'a>>) -> Vec<Edit<'a>> {
    let kept = |edits: &[Edit<'_>], at: usize| {
        let from = at.checked_sub(1).map_or(0, |before| edits[before].range.end);
        from..edits.get(at).map_or(base.len(), |edit| edit.range.start)
    };
    let breaks = |edit: &Edit<'_>| edit.text.contains('\n');
    let takes_break = |edit: &Edit<'_>| base[edit.range.clone()].contains('\n');
    let mut begun = None;
    for at in 0..edits.len() {
        begun = begun.filter(|_| are_signs(base, &kept(&edits, at)));
        if breaks(&edits[at]) || takes_break(&edits[at]) {
            let own = begun.take().filter(|_| !takes_break(&edits[at]));
            own.into_iter().for_each(|first: usize| edits[first].begins_own = true);
        } else if begun.is_none() && are_signs_before(base, edits[at].range.start) {
            begun = Some(at);
        }
    }
    let mut ended = None;
    for at in (0..edits.len()).rev() {
        ended = ended.filter(|_| are_signs(base, &kept(&edits, at + 1)));
        if breaks(&edits[at]) || takes_break(&edits[at]) {
            let own = ended.take().filter(|_| !takes_break(&edits[at]));
            own.into_iter().for_each(|last: usize| edits[last].ends_own = true);
        } else if ended.is_none() && are_signs_behind(base, edits[at].range.end) {
            ended = Some(at);
        }
    }
    edits
}

/// Whether a part of a text is some signs of one line, or nothing.
pub(super) fn are_signs(base: &str, part: &Range<usize>) -> bool {
    let kept = base.get(part.clone()).filter(|_| part.len() <= SIGNS);
    kept.is_some_and(|kept| !kept.contains('\n') && !words::has_word(kept))
}

/// Whether there is nothing else in a line before a place.
fn are_signs_before(base: &str, at: usize) -> bool {
    let near = at.saturating_sub(SIGNS + 1);
    let end = base.as_bytes()[near..at].iter().rposition(|byte| *byte == b'\n');
    let begins = end.is_some() || near == 0;
    begins && are_signs(base, &(end.map_or(near, |end| near + end + 1)..at))
}

/// The same behind it.
fn are_signs_behind(base: &str, at: usize) -> bool {
    let near = base.len().min(at + SIGNS + 1);
    let end = base.as_bytes()[at..near].iter().position(|byte| *byte == b'\n');
    let ends = end.is_some() || near == base.len();
    ends && are_signs(base, &(at..end.map_or(near, |end| at + end)))
}

/// The hunks of a patch, in order.
pub(super) fn edits(patch: &Patch) -> Vec<Edit<'_>> {
    let edit = |(index, (at, deleted, text)): (u32, (u32, u32, _))| {
        let range = at as usize..(at + deleted) as usize;
        Edit { text, was: text, ..Edit::deletion(range, index) }
    };
    (0..).zip(patch.edits()).map(edit).collect()
}
