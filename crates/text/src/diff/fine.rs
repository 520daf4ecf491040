//! The second rules: lines first, then words, and fine at any size.
//!
//! Lines are aligned first, then the changed ones with what they became, then the words in these.
//! Where that would cost too much, what occurs once on both sides is aligned (patience diff; Bram
//! Cohen), and only what lies between is looked at further; lines in which nothing is unique are
//! paired in order. So no region is one replacement only because it is long. A stretch that only
//! came, or only went, can often stand at several places with the same result; it is put where all
//! who make the same change put it ([`slid`]). May assume nothing about the texts. Must never
//! depend on time, on the platform or on hashing.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use imara_diff::{Algorithm, Diff};

use super::pairs::{self, Lines};
use super::sides::{self, Sides, common_end, common_start};
use super::weights::words_before_signs;
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

/// What ends a sentence,
const SENTENCE: [char; 7] = ['.', '!', '?', '…', '。', '！', '？'];

/// what begins and ends the source of one,
const SOURCE: &str = "<ref";
const SOURCE_ENDS: [&str; 2] = ["</ref>", "/>"];

/// and what ends a part of one.
const PART: [char; 7] = [',', ';', ':', '、', '，', '；', '：'];

/// Lines on both sides that are paired with what lies between them, at most.
const JOINED: usize = 256;

/// Words that are replaced, at most, where what is put there is looked through for an addition.
const MORE: usize = 64;

/// Words on either side from which on a line was split where others came in between.
const SPLIT: usize = 6;

/// Of so many words of changed lines one may have changed, for them to be compared together.
const KEPT: usize = 10;

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

    /// What is left of it without so many bytes at its start and its end, on each side.
    fn without(&self, start: usize, end: usize) -> Self {
        Self {
            old: self.old.start + start..self.old.end - end,
            new: self.new.start + start..self.new.end - end,
        }
    }

    /// A part of it, in bytes from where it begins on each side.
    fn part(&self, old: (usize, usize), new: (usize, usize)) -> Self {
        Self {
            old: self.old.start + old.0..self.old.start + old.1,
            new: self.new.start + new.0..self.new.start + new.1,
        }
    }
}

/// What differs by words in lines that changed.
struct ByWords {
    hunks: Vec<Change>,
    /// How many words went,
    went: usize,
    /// and how many came.
    came: usize,
}

/// The edit that leads from `old` to `new`, by these rules. The end of a text ends its last line:
/// where neither text has an end, it is the same line in the middle of the other.
pub(super) fn between(old: &str, new: &str) -> Patch {
    let is_open = |text: &str| !text.is_empty() && !text.ends_with(['\n', '\r']);
    if is_open(old) && is_open(new) {
        let ended = |text: &str| [text, "\n"].concat();
        return without_end(old, &between_ended(&ended(old), &ended(new)));
    }
    between_ended(old, new)
}

/// The same edit of a text without the last line's end, which it has before and after.
fn without_end(old: &str, ended: &Patch) -> Patch {
    let (mut patch, last) = (Patch::builder(), old.len() as u32);
    for (at, deleted, inserted) in ended.edits() {
        if at + deleted <= last {
            patch.keep_to(at);
            patch.push_delete(deleted);
            patch.push_insert(inserted);
            continue;
        }
        // What ends with it, or comes behind it, ends with the line before, or comes behind that.
        let turned = inserted.strip_suffix('\n').filter(|_| deleted == 0);
        let replaced = inserted.strip_suffix('\n').filter(|_| deleted > 0);
        patch.keep_to(at - u32::from(replaced.is_none()));
        patch.push_delete(deleted - u32::from(replaced.is_some()));
        if turned.is_some() {
            patch.push_insert("\n");
        }
        patch.push_insert(turned.or(replaced).unwrap_or_default());
    }
    patch.keep_to(last);
    patch.build().unwrap_or_default()
}

/// The same, of any two texts.
fn between_ended(old: &str, new: &str) -> Patch {
    let mut differ = Differ::new(old, new);
    let whole = Change { old: 0..old.len(), new: 0..new.len() };
    differ.lines(&differ.trimmed(&whole, |bytes, at| at == 0 || bytes[at - 1] == b'\n'), DEPTH);
    differ.stretches();
    differ.patch()
}

/// Collects what changed, in order, and counts down what may still be spent.
struct Differ<'a> {
    old: &'a str,
    new: &'a str,
    changes: Vec<Change>,
    pairs: usize,
    tokens: usize,
    /// Stretches of lines that changed,
    stretches: Vec<Change>,
    /// and the lines in them, on each side.
    went: HashSet<&'a str>,
    came: HashSet<&'a str>,
}

impl<'a> Differ<'a> {
    fn new(old: &'a str, new: &'a str) -> Self {
        Self {
            old,
            new,
            changes: Vec::new(),
            pairs: PAIRS,
            tokens: TOKENS,
            stretches: Vec::new(),
            went: HashSet::new(),
            came: HashSet::new(),
        }
    }

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
        let (old, new) = self.texts(change);
        let (from, to) = (old.as_bytes(), new.as_bytes());
        let start = self.cut_start(change, common_start(from, to), &cut);
        let end = common_end(&from[start..], &to[start..]);
        change.without(start, self.cut_end(change, end, &cut))
    }

    /// Without words that both sides begin and end with, and only such as a comparison of all words
    /// leaves aside, too: what may belong to either end belongs to the start.
    fn without_same_words(&self, change: &Change) -> Change {
        let (old, new) = self.texts(change);
        let (from, to) = (old.as_bytes(), new.as_bytes());
        let start = common_start(from, to);
        let end = common_end(&from[start..], &to[start..]);
        let start = self.cut_start(change, start, words::is_safe_cut);
        change.without(start, self.cut_end(change, end, words::is_safe_cut))
    }

    /// The last place, so many bytes in or before, at which both sides may be cut.
    fn cut_start(&self, change: &Change, most: usize, cut: impl Fn(&[u8], usize) -> bool) -> usize {
        let (old, new) = (self.old.as_bytes(), self.new.as_bytes());
        let may = |at| cut(old, change.old.start + at) && cut(new, change.new.start + at);
        (1..=most).rev().find(|at| may(*at)).unwrap_or(0)
    }

    /// The first place, so many bytes before the end or after, at which both sides may be cut: in
    /// bytes from the end.
    fn cut_end(&self, change: &Change, most: usize, cut: impl Fn(&[u8], usize) -> bool) -> usize {
        let (old, new) = (self.old.as_bytes(), self.new.as_bytes());
        let may = |end| cut(old, change.old.end - end) && cut(new, change.new.end - end);
        (1..=most).rev().find(|end| may(*end)).unwrap_or(0)
    }

    /// Compares by lines.
    fn lines(&mut self, region: &Change, depth: usize) {
        if region.is_simple() {
            return self.stretch(region);
        }
        let (old, new) = self.texts(region);
        let sides = Sides::new(old.split_inclusive('\n'), new.split_inclusive('\n'));
        if let Some(hunks) = self.compared(&sides) {
            for (old, new) in over_blank_lines(&sides, hunks) {
                self.stretch(&region.part(sides.old_bytes(old), sides.new_bytes(new)));
            }
            return;
        }
        self.between_anchors(region, &sides, depth, Self::lines, Self::stretch);
    }

    /// Puts a stretch of lines that changed aside.
    fn stretch(&mut self, region: &Change) {
        let (old, new) = self.texts(region);
        self.went.extend(old.split_inclusive('\n'));
        self.came.extend(new.split_inclusive('\n'));
        self.stretches.push(region.clone());
    }

    /// Looks further at those stretches.
    fn stretches(&mut self) {
        for region in std::mem::take(&mut self.stretches) {
            self.group(&region);
        }
    }

    /// Compares changed lines by words: each with what it became.
    fn group(&mut self, region: &Change) {
        if region.is_simple() {
            return self.push(region.clone());
        }
        let (old, new) = self.texts(region);
        let by_words = self.by_words(region);
        // Words only came, or only went: what lines they stand in does not matter, unless a sign
        // became something else, or something a sign.
        let is_sign = |text: &str| {
            text.contains(|c: char| c.is_ascii_punctuation()) && !words::has_word(text)
        };
        let replaces = |hunk: &Change| {
            let (old, new) = self.texts(hunk);
            let both = !old.trim().is_empty() && !new.trim().is_empty();
            both && (is_sign(old) || is_sign(new))
        };
        // Nor where they came with the end of a line, and not as whole lines.
        let cuts_line = |hunk: &Change| hunk.is_simple() && cuts_line(self.new, &hunk.new);
        let one_way = |found: &&ByWords| {
            let plain = |hunk: &Change| !replaces(hunk) && !cuts_line(hunk);
            (found.went == 0 || found.came == 0) && found.hunks.iter().all(plain)
        };
        if let Some(found) = by_words.as_ref().filter(one_way) {
            return found.hunks.iter().for_each(|hunk| self.push(hunk.clone()));
        }
        let mut numbers = HashMap::new();
        let olds = Lines::of(old, &mut numbers, &self.came);
        let news = Lines::of(new, &mut numbers, &self.went);
        // Nearly all words are kept: lines that were wrapped anew, or in which little was changed.
        let kept = |found: &ByWords| {
            found.went * KEPT <= olds.count() && found.came * KEPT <= news.count()
        };
        if let Some(found) = by_words.filter(kept) {
            return found.hunks.into_iter().for_each(|hunk| self.push(hunk));
        }
        let Some(pairs) = pairs::pairs(&olds, &news) else { return self.line(region) };
        let mut from = (region.old.start, region.new.start);
        let mut at = (0, 0);
        let length = |lines: &[&str]| lines.iter().map(|line| line.len()).sum::<usize>();
        let (rows, columns) = (olds.lines().len(), news.lines().len());
        let became = pairs::joined(&olds, &news, pairs);
        for (row, column) in became.into_iter().chain([(rows..rows, columns..columns)]) {
            let old = from.0..from.0 + length(&olds.lines()[at.0..row.start]);
            let new = from.1..from.1 + length(&news.lines()[at.1..column.start]);
            from = (old.end, new.end);
            self.others(&Change { old, new });
            let old = from.0..from.0 + length(&olds.lines()[row.clone()]);
            let new = from.1..from.1 + length(&news.lines()[column.clone()]);
            from = (old.end, new.end);
            at = (row.end, column.end);
            self.line(&Change { old, new });
        }
    }

    /// Compares a line with what it became.
    fn line(&mut self, region: &Change) {
        let region = self.trimmed(region, words::is_safe_cut);
        self.words(&region, DEPTH);
    }

    /// Lines of which none became another: all is replaced, but for signs that both begin and end
    /// with. Those of lines that went elsewhere go with them.
    fn others(&mut self, region: &Change) {
        if region.is_simple() {
            return self.push(region.clone());
        }
        let (old, new) = self.texts(region);
        let stays = |text: &'a str, other: &HashSet<&str>| {
            text.split_inclusive('\n').any(|line| words::says(line) && other.contains(line))
        };
        let is_sign = match stays(old, &self.came) || stays(new, &self.went) {
            true => |token: &str| token == "\n",
            false => |token: &str| !words::says(token),
        };
        let (from, to): (Vec<_>, Vec<_>) =
            (words::words(old).collect(), words::words(new).collect());
        let end = alike(from.iter().rev(), to.iter().rev(), is_sign);
        let least = old.len().min(new.len()) - end;
        let on_line = |token: &str| !token.contains('\n') && is_sign(token);
        let start = alike(from.iter(), to.iter(), on_line);
        let start = if start <= least { start } else { 0 };
        self.push(region.part((start, old.len() - end), (start, new.len() - end)));
    }

    /// What differs by words, whatever the lines, if that is not too much to compare.
    fn by_words(&mut self, region: &Change) -> Option<ByWords> {
        let region = self.without_same_words(region);
        let (old, new) = self.texts(&region);
        let sides = Sides::new(words::words(old), words::words(new));
        let hunks = self.compared_words(&sides)?;
        let changed = |row: &[imara_diff::Token], tokens: (usize, usize)| {
            let tokens = row[tokens.0..tokens.1].iter();
            tokens.filter(|token| words::says(sides.input.interner[**token])).count()
        };
        let sum = |all: &mut dyn Iterator<Item = usize>| all.sum::<usize>();
        let went = sum(&mut hunks.iter().map(|hunk| changed(&sides.input.before, hunk.0)));
        let came = sum(&mut hunks.iter().map(|hunk| changed(&sides.input.after, hunk.1)));
        let part = |(old, new)| region.part(sides.old_bytes(old), sides.new_bytes(new));
        Some(ByWords { hunks: hunks.into_iter().map(part).collect(), went, came })
    }

    fn words(&mut self, region: &Change, depth: usize) {
        if region.is_simple() {
            return self.push(region.clone());
        }
        let (old, new) = self.texts(region);
        let sides = Sides::new(words::words(old), words::words(new));
        if let Some(hunks) = self.compared_words(&sides) {
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
        let hunks = differences(Algorithm::Myers, &sides);
        for (old, new) in words_before_signs(&sides, hunks) {
            self.push(region.part(sides.old_bytes(old), sides.new_bytes(new)));
        }
    }

    /// The same of words, where these outweigh what stands between them.
    fn compared_words(&mut self, sides: &Sides<'_>) -> Option<Vec<sides::Change>> {
        let hunks = self.compared(sides)?;
        Some(words_before_signs(sides, hunks))
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

    /// What was collected, neighbours as one; and what comes with more than it replaces as two.
    fn parted(&mut self) -> Vec<Change> {
        let mut found: Vec<Change> = Vec::with_capacity(self.changes.len());
        let mut changes = std::mem::take(&mut self.changes).into_iter().peekable();
        while let Some(mut change) = changes.next() {
            while let Some(next) = changes.next_if(|next| next.old.start == change.old.end) {
                (change.old.end, change.new.end) = (next.old.end, next.new.end);
            }
            // Of neighbours the one may have come with what the other had gone with.
            let trimmed = self.trimmed(&change, words::is_safe_cut);
            change = if trimmed.is_simple() { trimmed } else { change };
            let kept = change.old.end..changes.peek().map_or(self.old.len(), |next| next.old.start);
            match self.with_more(&change, &self.old[kept]) {
                Some((replaces, adds)) => found.extend([replaces, adds]),
                None => found.push(change),
            }
        }
        found
    }

    /// Where some words are replaced by as many and then more: the one and the other. So what
    /// somebody adds is the same whether they correct what stands before it or not. What is kept
    /// behind it has to stand in between, too.
    fn with_more(&self, change: &Change, kept: &str) -> Option<(Change, Change)> {
        let (old, new) = self.texts(change);
        let next = words::words(kept).next().filter(|_| !change.is_simple())?;
        let is_word = |token: &&str| words::has_word(token);
        let many = words::words(old).take(MORE + 1).filter(is_word).count();
        let (mut counted, mut at) = (0, 0);
        let place = words::words(new).take(2 * MORE).find_map(|token| {
            let here = at;
            at += token.len();
            counted += usize::from(words::has_word(token));
            (counted == many && token == next).then_some(here)
        })?;
        let rest = place + next.len();
        if many == 0 || many > MORE || !words::has_word(&new[rest..]) {
            return None;
        }
        let replaces = change.part((0, old.len()), (0, place));
        let at = old.len() + next.len();
        // What is kept stands behind the addition as well as before it.
        let adds = change.part((at, at), (rest, new.len() + next.len()));
        Some((replaces, adds))
    }

    /// What was collected, each stretch where it is put.
    fn patch(mut self) -> Patch {
        let mut patch = PatchBuilder::default();
        let mut ends = (0, 0);
        let mut changes = self.parted().into_iter().peekable();
        while let Some(change) = changes.next() {
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

/// Changed lines, those as one between which nothing is kept but lines without a word: a blank line
/// says nothing of what stands around it.
fn over_blank_lines(sides: &Sides<'_>, hunks: Vec<sides::Change>) -> Vec<sides::Change> {
    let mut found: Vec<sides::Change> = Vec::with_capacity(hunks.len());
    let is_simple = |(old, new): &sides::Change| (old.0 == old.1, new.0 == new.1);
    for hunk in hunks {
        let joins = |last: &&mut sides::Change| {
            let (kept, lines) = (last.0.1..hunk.0.0, hunk.0.1 - last.0.0 + hunk.1.1 - last.1.0);
            let same_kind =
                is_simple(last) == is_simple(&hunk) && is_simple(last) != (false, false);
            let blank = |line| !words::says(sides.input.interner[sides.input.before[line]]);
            !same_kind && lines <= JOINED && kept.clone().all(blank)
        };
        match found.last_mut().filter(joins) {
            Some(last) => (last.0.1, last.1.1) = (hunk.0.1, hunk.1.1),
            None => found.push(hunk),
        }
    }
    found
}

fn differences(algorithm: Algorithm, sides: &Sides<'_>) -> Vec<sides::Change> {
    let ends = |range: Range<u32>| (range.start as usize, range.end as usize);
    let diff = Diff::compute(algorithm, &sides.input);
    diff.hunks().map(|hunk| (ends(hunk.before), ends(hunk.after))).collect()
}

/// The length of the signs that two rows of tokens have in common.
fn alike<'a>(
    one: impl Iterator<Item = &'a &'a str>,
    two: impl Iterator<Item = &'a &'a str>,
    is_sign: impl Fn(&str) -> bool,
) -> usize {
    let common = one.zip(two).take_while(|(one, two)| one == two && is_sign(one));
    common.map(|(one, _)| one.len()).sum()
}

fn moved(change: &Change, by: isize) -> Change {
    let range = |range: &Range<usize>| {
        range.start.saturating_add_signed(by)..range.end.saturating_add_signed(by)
    };
    Change { old: range(&change.old), new: range(&change.new) }
}

/// Whether a stretch of a text has words and the end of a line, and is not whole lines, wherever it
/// is put; and so little is left of the line on one side that it may stand there by chance.
fn cuts_line(text: &str, stretch: &Range<usize>) -> bool {
    let part = &text[stretch.clone()];
    if !part.trim().contains('\n') {
        return false;
    }
    let by = slid(text, stretch, 0, text.len());
    let begins = |at: usize| at == 0 || at == text.len() || text.as_bytes()[at - 1] == b'\n';
    let ends = [stretch.start, stretch.end].map(|at| begins(at.saturating_add_signed(by)));
    let before = text[..stretch.start].rsplit('\n').next().unwrap_or_default();
    let behind = text[stretch.end..].split('\n').next().unwrap_or_default();
    let is_little = |part: &str| words::bare(part).nth(SPLIT - 1).is_none();
    ends != [true; 2] && (is_little(before) || is_little(behind))
}

/// By how many bytes to move a stretch of a text, so that without it the same remains: to whole
/// lines, else to whole sentences or parts of them, else to between words; always to the last such
/// place. So what is added behind a sentence that ends alike is not a part of it, and what is
/// inserted before a word stands there whatever becomes of the word before.
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
    let both = |by: &isize, is: &dyn Fn(usize) -> bool| {
        let (start, end) = place(*by);
        let is = |at: usize| is(at) && words::is_boundary(text, at);
        is(start) && is(end)
    };
    let line_begins = |at: usize| at == 0 || bytes[at - 1] == b'\n';
    let line_edge = |at: usize| line_begins(at) || at == bytes.len();
    // What stands for a source is of the sentence before it.
    let ends = |at: usize, signs: &[char]| {
        let Some((before, behind)) = text.split_at_checked(at) else { return false };
        let sign = || before.ends_with(|c: char| signs.contains(&c));
        let source = || SOURCE_ENDS.iter().any(|end| before.ends_with(end));
        !behind.starts_with(SOURCE) && (sign() || source())
    };
    // Behind the space that follows a sign, or where a line begins.
    let begins = |at: usize, signs: &[char]| {
        let before = || text.get(..at).unwrap_or_default();
        let word = || before().trim_end_matches(' ');
        line_begins(at) || before().ends_with(' ') && ends(word().len(), signs)
    };
    let places = || (-back..=forth).rev();
    let find = |is: &dyn Fn(usize) -> bool| places().find(|by| both(by, is));
    find(&line_edge)
        .or_else(|| find(&|at| begins(at, &SENTENCE)))
        .or_else(|| find(&|at| ends(at, &SENTENCE)))
        .or_else(|| find(&|at| begins(at, &PART)))
        .or_else(|| find(&|_| true))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Change, Differ, Sides, words};

    proptest! {
        #[test]
        fn words_that_both_begin_and_end_with_need_not_be_compared(
            start in "([ab] ?|c, |\\n){0,12}",
            one in "([ab] ?|c, |\\n|ä){0,6}",
            two in "([ab] ?|c, |\\n|ä){0,6}",
            end in "([ab] ?|c, |\\n){0,12}",
        ) {
            let (old, new) = (format!("{start}{one}{end}"), format!("{start}{two}{end}"));
            let mut differ = Differ::new(&old, &new);
            let whole = Change { old: 0..old.len(), new: 0..new.len() };
            let sides = Sides::new(words::words(&old), words::words(&new));
            let all = differ.compared_words(&sides).expect("it is little");
            let part = |(old, new)| whole.part(sides.old_bytes(old), sides.new_bytes(new));
            let all: Vec<Change> = all.into_iter().map(part).collect();
            let found = differ.by_words(&whole).expect("it is less");
            prop_assert_eq!(found.hunks, all);
        }
    }
}
