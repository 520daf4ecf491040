//! The first rules: words where that is cheap enough, else lines, else one replaced stretch.
//!
//! Entries made under them are folded by them for ever. May assume nothing about the texts. Must
//! never change.

use imara_diff::{Algorithm, Diff};

use super::sides::{Change, Sides, common_end, common_start};
use crate::patch::{Patch, PatchBuilder};
use crate::tokens;

/// Pairs of tokens that one diff may compare by the careful algorithm, histogram.
const HISTOGRAM_PAIRS: usize = 1 << 20;

/// Pairs of tokens that one call may spend on the careful algorithm in all.
const PAIRS: usize = 1 << 22;

/// Tokens (both sides) that one diff may compare by the robust algorithm, Myers.
const MYERS_TOKENS: usize = 1 << 13;

/// Tokens that one call may spend on the robust algorithm in all.
const TOKENS: usize = 1 << 16;

/// Lines (both sides) above which only lines that occur once on each side are looked for first.
const ANCHOR_LINES: usize = 1 << 11;

/// The edit that leads from `old` to `new`, by these rules.
pub(super) fn between(old: &str, new: &str) -> Patch {
    let mut differ = Differ { patch: PatchBuilder::default(), pairs: PAIRS, tokens: TOKENS };
    let whole = Pair { old, new, at: 0 };
    let middle = whole.trimmed(tokens::is_boundary);
    if middle.is_simple() {
        differ.replace(middle);
    } else {
        differ.lines(whole.trimmed(|text, at| at == 0 || text.as_bytes()[at - 1] == b'\n'));
    }
    differ.patch.build().unwrap_or_default()
}

/// Two stretches to compare, the old one beginning at byte `at` of the old text.
#[derive(Clone, Copy)]
struct Pair<'a> {
    old: &'a str,
    new: &'a str,
    at: usize,
}

impl<'a> Pair<'a> {
    /// Whether one hunk says it all: something only came, or only went.
    fn is_simple(self) -> bool {
        self.old.is_empty() || self.new.is_empty()
    }

    /// The pair without what both begin and end with, cut only where `cut` allows it on both sides.
    fn trimmed(self, cut: impl Fn(&str, usize) -> bool) -> Self {
        let mut start = common_start(self.old.as_bytes(), self.new.as_bytes());
        let fits = |text: &str, at: usize| text.is_char_boundary(at) && cut(text, at);
        while !(fits(self.old, start) && fits(self.new, start)) {
            start -= 1;
        }
        let pair = Pair { old: &self.old[start..], new: &self.new[start..], at: self.at + start };
        let mut end = common_end(pair.old.as_bytes(), pair.new.as_bytes());
        // What is cut off must begin where a token or line begins in the whole texts.
        let fits = |text: &str, at: usize| at == text.len() || fits(text, at);
        let (old_end, new_end) = (self.old.len(), self.new.len());
        while !(fits(self.old, old_end - end) && fits(self.new, new_end - end)) {
            end -= 1;
        }
        Pair {
            old: &pair.old[..pair.old.len() - end],
            new: &pair.new[..pair.new.len() - end],
            ..pair
        }
    }

    /// The pair between two places on each side.
    fn part(self, old: (usize, usize), new: (usize, usize)) -> Self {
        Pair { old: &self.old[old.0..old.1], new: &self.new[new.0..new.1], at: self.at + old.0 }
    }
}

/// Collects the patch, and counts down what may still be spent.
struct Differ {
    patch: PatchBuilder,
    pairs: usize,
    tokens: usize,
}

impl Differ {
    fn replace(&mut self, pair: Pair<'_>) {
        let narrow = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        self.patch.keep_to(narrow(pair.at));
        self.patch.push_delete(narrow(pair.old.len()));
        self.patch.push_insert(pair.new);
    }

    /// Compares by lines, first by those that occur once if there are many.
    fn lines(&mut self, pair: Pair<'_>) {
        let sides = Sides::new(pair.old.split_inclusive('\n'), pair.new.split_inclusive('\n'));
        if sides.count() <= ANCHOR_LINES {
            return self.groups(pair, &sides);
        }
        let mut from = (0, 0);
        for stop in sides.anchors().into_iter().chain([sides.end()]) {
            let (old, new) = ((from.0, stop.0), (from.1, stop.1));
            let part = pair.part(sides.old_bytes(old), sides.new_bytes(new));
            let lines = |text| str::split_inclusive(text, '\n');
            self.groups(part, &Sides::new(lines(part.old), lines(part.new)));
            from = (stop.0 + 1, stop.1 + 1);
        }
    }

    /// Compares groups of changed lines by words.
    fn groups(&mut self, pair: Pair<'_>, sides: &Sides<'_>) {
        for (old, new) in self.hunks(sides) {
            self.words(pair.part(sides.old_bytes(old), sides.new_bytes(new)));
        }
    }

    /// Compares a changed group of lines by words.
    fn words(&mut self, pair: Pair<'_>) {
        let pair = pair.trimmed(tokens::is_boundary);
        if pair.is_simple() {
            return self.replace(pair);
        }
        let sides = Sides::new(tokens::tokens(pair.old), tokens::tokens(pair.new));
        let hunks = self.hunks(&sides);
        let parts =
            hunks.into_iter().map(|(old, new)| (sides.old_bytes(old), sides.new_bytes(new)));
        for (old, new) in join_replaced(pair.old, parts) {
            self.replace(pair.part(old, new));
        }
    }

    /// What differs between two rows of tokens, in order; all of it, if to look closer costs too
    /// much.
    fn hunks(&mut self, sides: &Sides<'_>) -> Vec<Change> {
        let (old, new) = sides.end();
        let (pairs, tokens) = (old.saturating_mul(new), old + new);
        let algorithm = if pairs <= HISTOGRAM_PAIRS.min(self.pairs) {
            self.pairs -= pairs;
            Algorithm::Histogram
        } else if tokens <= MYERS_TOKENS.min(self.tokens) {
            self.tokens -= tokens;
            Algorithm::Myers
        } else {
            return vec![((0, old), (0, new))];
        };
        let diff = Diff::compute(algorithm, &sides.input);
        let ends = |range: std::ops::Range<u32>| (range.start as usize, range.end as usize);
        diff.hunks().map(|hunk| (ends(hunk.before), ends(hunk.after))).collect()
    }
}

/// Joins replaced stretches with nothing but spaces between them: whoever replaces two words in a
/// row writes a phrase.
fn join_replaced(old: &str, changes: impl Iterator<Item = Change>) -> Vec<Change> {
    let replaces = |change: &Change| change.0.0 < change.0.1 && change.1.0 < change.1.1;
    let mut joined: Vec<Change> = Vec::new();
    for change in changes {
        match joined.last_mut() {
            Some(last)
                if replaces(last)
                    && replaces(&change)
                    && old[last.0.1..change.0.0].bytes().all(|byte| byte == b' ') =>
            {
                (last.0.1, last.1.1) = (change.0.1, change.1.1);
            }
            _ => joined.push(change),
        }
    }
    joined
}
