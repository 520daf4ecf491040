//! The second rules: lines first, then words, and fine at any size.
//!
//! Lines are aligned first, then the words of what changed. Where that would cost too much, what
//! occurs once on both sides is aligned (patience diff; Bram Cohen), and only what lies between is
//! looked at further; lines in which nothing is unique are paired in order. So no region is one
//! replacement only because it is long. A stretch that only came, or only went, can often stand at
//! several places with the same result; it is put where all who make the same change put it
//! ([`slid`]). May assume nothing about the texts. Must never depend on time, on the platform or on
//! hashing.

use std::ops::Range;

use imara_diff::{Algorithm, Diff};

use super::sides::{self, Sides, common_end, common_start};
use crate::patch::{Patch, PatchBuilder};
use crate::words;

/// Pairs of tokens that one comparison may make by the careful algorithm, histogram.
const HISTOGRAM_PAIRS: usize = 1 << 20;

/// Pairs of tokens that one call may spend on it in all.
const PAIRS: usize = 1 << 23;

/// Tokens (both sides) that are compared by the robust algorithm, Myers, where nothing is unique.
const MYERS_TOKENS: usize = 1 << 12;

/// Tokens that one call may spend on the robust algorithm in all.
const TOKENS: usize = 1 << 15;

/// How often what lies between anchors is looked at for anchors again.
const DEPTH: usize = 8;

/// Bytes that a stretch is moved at most, in each direction, to where it is put.
const SLIDE: usize = 1 << 10;

/// What changed: bytes of the old text, and bytes of the new one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Change {
    old: Range<usize>,
    new: Range<usize>,
}

impl Change {
    /// Whether something only came, or only went, or not even that.
    fn is_simple(&self) -> bool {
        self.old.is_empty() || self.new.is_empty()
    }

    fn is_nothing(&self) -> bool {
        self.old.is_empty() && self.new.is_empty()
    }

    /// A part of it, in bytes from where it begins on each side.
    fn part(&self, old: (usize, usize), new: (usize, usize)) -> Self {
        Self {
            old: self.old.start + old.0..self.old.start + old.1,
            new: self.new.start + new.0..self.new.start + new.1,
        }
    }
}

/// The edit that leads from `old` to `new`, by these rules.
pub(super) fn between(old: &str, new: &str) -> Patch {
    let mut differ = Differ { old, new, changes: Vec::new(), pairs: PAIRS, tokens: TOKENS };
    let whole = Change { old: 0..old.len(), new: 0..new.len() };
    differ.lines(&differ.trimmed(&whole, |bytes, at| at == 0 || bytes[at - 1] == b'\n'), DEPTH);
    differ.patch()
}

/// Collects what changed, in order, and counts down what may still be spent.
struct Differ<'a> {
    old: &'a str,
    new: &'a str,
    changes: Vec<Change>,
    pairs: usize,
    tokens: usize,
}

impl<'a> Differ<'a> {
    fn texts(&self, change: &Change) -> (&'a str, &'a str) {
        (&self.old[change.old.clone()], &self.new[change.new.clone()])
    }

    fn push(&mut self, change: Change) {
        if !change.is_nothing() {
            self.changes.push(change);
        }
    }

    /// Without what both sides begin and end with, cut only where `cut` allows it in both texts.
    fn trimmed(&self, change: &Change, cut: impl Fn(&[u8], usize) -> bool) -> Change {
        let (old, new) = (self.old.as_bytes(), self.new.as_bytes());
        let (from, to) = (&old[change.old.clone()], &new[change.new.clone()]);
        let may = |old_at: usize, new_at: usize| cut(old, old_at) && cut(new, new_at);
        let mut start = common_start(from, to);
        while start > 0 && !may(change.old.start + start, change.new.start + start) {
            start -= 1;
        }
        let mut end = common_end(&from[start..], &to[start..]);
        while end > 0 && !may(change.old.end - end, change.new.end - end) {
            end -= 1;
        }
        Change {
            old: change.old.start + start..change.old.end - end,
            new: change.new.start + start..change.new.end - end,
        }
    }

    /// Compares by lines.
    fn lines(&mut self, region: &Change, depth: usize) {
        if region.is_simple() {
            return self.push(region.clone());
        }
        let (old, new) = self.texts(region);
        let sides = Sides::new(old.split_inclusive('\n'), new.split_inclusive('\n'));
        if let Some(hunks) = self.compared(&sides) {
            for (old, new) in hunks {
                self.group(&region.part(sides.old_bytes(old), sides.new_bytes(new)));
            }
            return;
        }
        self.between_anchors(region, &sides, depth, Self::lines, Self::group);
    }

    /// Compares changed lines by words.
    fn group(&mut self, region: &Change) {
        let region = self.trimmed(region, words::is_safe_cut);
        self.words(&region, DEPTH);
    }

    fn words(&mut self, region: &Change, depth: usize) {
        if region.is_simple() {
            return self.push(region.clone());
        }
        let (old, new) = self.texts(region);
        let sides = Sides::new(words::words(old), words::words(new));
        if let Some(hunks) = self.compared(&sides) {
            for (old, new) in hunks {
                self.push(region.part(sides.old_bytes(old), sides.new_bytes(new)));
            }
            return;
        }
        self.between_anchors(region, &sides, depth, Self::words, Self::rows);
    }

    /// Pairs lines in order, where nothing tells which belong together.
    fn rows(&mut self, region: &Change) {
        let (old, new) = self.texts(region);
        let (mut olds, mut news) = (old.split_inclusive('\n'), new.split_inclusive('\n'));
        if old.trim_end_matches('\n').contains('\n') && new.trim_end_matches('\n').contains('\n') {
            let (mut at, mut to) = (region.old.start, region.new.start);
            loop {
                let (old, new) = (olds.next().unwrap_or(""), news.next().unwrap_or(""));
                if old.is_empty() && new.is_empty() {
                    return;
                }
                let row = Change { old: at..at + old.len(), new: to..to + new.len() };
                (at, to) = (row.old.end, row.new.end);
                if self.texts(&row).0 != self.texts(&row).1 {
                    self.group(&row);
                }
            }
        }
        self.robust(region);
    }

    /// Compares by the robust algorithm, if there is enough left to spend; else all is replaced.
    fn robust(&mut self, region: &Change) {
        let (old, new) = self.texts(region);
        let sides = Sides::new(words::words(old), words::words(new));
        let count = sides.count();
        if count > MYERS_TOKENS.min(self.tokens) {
            return self.push(region.clone());
        }
        self.tokens -= count;
        for (old, new) in differences(Algorithm::Myers, &sides) {
            self.push(region.part(sides.old_bytes(old), sides.new_bytes(new)));
        }
    }

    /// What differs between two rows of tokens by the careful algorithm, if that is not too much.
    fn compared(&mut self, sides: &Sides<'_>) -> Option<Vec<sides::Change>> {
        // What both begin or end with costs nothing.
        let (before, after) = (&sides.input.before, &sides.input.after);
        let start = before.iter().zip(after).take_while(|(one, two)| one == two).count();
        let (rest, other) = (&before[start..], &after[start..]);
        let end = rest.iter().rev().zip(other.iter().rev());
        let end = end.take_while(|(one, two)| one == two).count();
        let pairs = (rest.len() - end).saturating_mul(other.len() - end);
        if pairs > HISTOGRAM_PAIRS.min(self.pairs) {
            return None;
        }
        self.pairs -= pairs;
        Some(differences(Algorithm::Histogram, sides))
    }

    /// Looks further at what lies between tokens that occur once on each side; where there are
    /// none, or that was done often enough, as `last` does.
    fn between_anchors(
        &mut self,
        region: &Change,
        sides: &Sides<'_>,
        depth: usize,
        further: fn(&mut Self, &Change, usize),
        last: fn(&mut Self, &Change),
    ) {
        let anchors = sides.anchors();
        if anchors.is_empty() || depth == 0 {
            return last(self, region);
        }
        let mut from = (0, 0);
        for stop in anchors.into_iter().chain([sides.end()]) {
            let (old, new) = ((from.0, stop.0), (from.1, stop.1));
            further(self, &region.part(sides.old_bytes(old), sides.new_bytes(new)), depth - 1);
            from = (stop.0 + 1, stop.1 + 1);
        }
    }

    /// What was collected, each stretch where it is put.
    fn patch(self) -> Patch {
        let mut patch = PatchBuilder::default();
        let mut ends = (0, 0);
        let mut changes = self.changes.into_iter().peekable();
        while let Some(mut change) = changes.next() {
            // Neighbours are one change.
            while let Some(next) = changes.next_if(|next| next.old.start == change.old.end) {
                (change.old.end, change.new.end) = (next.old.end, next.new.end);
            }
            let next = changes.peek();
            let change = match (change.old.is_empty(), change.new.is_empty()) {
                (true, false) => {
                    let high = next.map_or(self.new.len(), |next| next.new.start - 1);
                    let by = slid(self.new, &change.new, ends.1, high);
                    moved(&change, by)
                }
                (false, true) => {
                    let high = next.map_or(self.old.len(), |next| next.old.start - 1);
                    let by = slid(self.old, &change.old, ends.0, high);
                    moved(&change, by)
                }
                _ => change,
            };
            patch.keep_to(u32::try_from(change.old.start).unwrap_or(u32::MAX));
            patch.push_delete(u32::try_from(change.old.len()).unwrap_or(u32::MAX));
            patch.push_insert(&self.new[change.new.clone()]);
            // A byte is kept between two changes.
            ends = (change.old.end + 1, change.new.end + 1);
        }
        patch.build().unwrap_or_default()
    }
}

fn differences(algorithm: Algorithm, sides: &Sides<'_>) -> Vec<sides::Change> {
    let ends = |range: Range<u32>| (range.start as usize, range.end as usize);
    let diff = Diff::compute(algorithm, &sides.input);
    diff.hunks().map(|hunk| (ends(hunk.before), ends(hunk.after))).collect()
}

fn moved(change: &Change, by: isize) -> Change {
    let range = |range: &Range<usize>| {
        range.start.saturating_add_signed(by)..range.end.saturating_add_signed(by)
    };
    Change { old: range(&change.old), new: range(&change.new) }
}

/// By how many bytes to move a stretch of a text, so that without it the same remains: to whole
/// lines, else to words with the space behind them, else to between words; always to the last such
/// place. So what is inserted before a word stands there whatever becomes of the word before.
fn slid(text: &str, stretch: &Range<usize>, low: usize, high: usize) -> isize {
    let bytes = text.as_bytes();
    let (start, end) = (stretch.start, stretch.end);
    let back = (1..=SLIDE.min(start.saturating_sub(low)))
        .take_while(|by| bytes[start - by] == bytes[end - by])
        .count() as isize;
    let forth = (0..SLIDE.min(high.saturating_sub(end)))
        .take_while(|by| bytes[start + by] == bytes[end + by])
        .count() as isize;
    let place = |by: isize| (start.saturating_add_signed(by), end.saturating_add_signed(by));
    let line_begins = |at: usize| at == 0 || at == bytes.len() || bytes[at - 1] == b'\n';
    let whole_lines = |by: &isize| {
        let (start, end) = place(*by);
        line_begins(start) && line_begins(end)
    };
    let space = |at: usize| bytes[at].is_ascii_whitespace();
    let between_words = |by: &isize| {
        let (start, end) = place(*by);
        words::is_boundary(text, start) && words::is_boundary(text, end)
    };
    let spaced = |by: &isize| {
        let (start, end) = place(*by);
        space(end - 1) && (start == 0 || space(start - 1)) && between_words(by)
    };
    let places = || (-back..=forth).rev();
    let found = places().find(whole_lines).or_else(|| places().find(spaced));
    found.or_else(|| places().find(between_words)).unwrap_or(0)
}
