//! What changed between two texts, as rows to be shown.
//!
//! Lines first, then words inside the lines that changed. This is for eyes
//! only: the diff that saves are merged by is another one, and versioned.
//!
//! Bounded in what it gives and in what it looks at: unchanged stretches are
//! folded, rows stop at [`MAX_ROWS`], and stretches above
//! [`MAX_WORD_DIFF_BYTES`] are not compared by words.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};

/// Unchanged lines kept around a change.
pub const CONTEXT_LINES: usize = 3;

/// The most rows that one diff gives.
pub const MAX_ROWS: usize = 10_000;

/// The largest changed stretch, old and new together, compared by words.
pub const MAX_WORD_DIFF_BYTES: usize = 64 * 1024;

/// Lines with less than this share of their words in common are shown as
/// replaced whole: marking single words in them would only be noise.
const COMMON_PERCENT: usize = 30;

/// One row of a diff. Line numbers count from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row<'a> {
    /// A line that is in both texts.
    Same {
        /// Its number in the old text.
        old: usize,
        /// Its number in the new text.
        new: usize,
        /// The line without its end.
        text: &'a str,
    },
    /// A line that only the old text has.
    Removed {
        /// Its number in the old text.
        old: usize,
        /// The line in parts; what is marked is not in the new text.
        parts: Vec<Part<'a>>,
    },
    /// A line that only the new text has.
    Added {
        /// Its number in the new text.
        new: usize,
        /// The line in parts; what is marked is not in the old text.
        parts: Vec<Part<'a>>,
    },
    /// This many unchanged lines are not shown.
    Folded(usize),
    /// There is more, but [`MAX_ROWS`] is reached.
    Cut,
}

/// A piece of a changed line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// The piece.
    pub text: &'a str,
    /// Whether it differs from the other text.
    pub marked: bool,
}

/// The rows that lead from `old` to `new`; none if they are equal.
pub fn diff_rows<'a>(old: &'a str, new: &'a str) -> Vec<Row<'a>> {
    if old == new {
        return Vec::new();
    }
    let input = InternedInput::new(old, new);
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let mut rows = Rows {
        old: old.split_inclusive('\n').collect(),
        new: new.split_inclusive('\n').collect(),
        rows: Vec::new(),
        at: (0, 0),
    };
    for hunk in diff.hunks() {
        if !rows.change(span(&hunk.before), span(&hunk.after)) {
            rows.rows.push(Row::Cut);
            return rows.rows;
        }
    }
    rows.same_until(rows.old.len(), rows.at.0 == 0, true);
    rows.rows
}

/// Both texts whole, line by line, with the words marked by which they differ.
pub fn sides<'a>(old: &'a str, new: &'a str) -> [Lines<'a>; 2] {
    let lines = |text: &'a str| text.split_inclusive('\n').collect::<Vec<_>>();
    word_parts(&lines(old), &lines(new)).into()
}

fn span(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

struct Rows<'a> {
    old: Vec<&'a str>,
    new: Vec<&'a str>,
    rows: Vec<Row<'a>>,
    /// Lines of each text that the rows account for.
    at: (usize, usize),
}

impl<'a> Rows<'a> {
    /// Adds what is unchanged before a change, then the change. False if there
    /// is no room for it.
    fn change(&mut self, before: Range<usize>, after: Range<usize>) -> bool {
        let room = MAX_ROWS.saturating_sub(self.rows.len() + 2 * CONTEXT_LINES + 2);
        if before.len() + after.len() > room {
            return false;
        }
        self.same_until(before.start, self.at == (0, 0), false);
        let (removed, added) = (&self.old[before.clone()], &self.new[after.clone()]);
        let (old_parts, new_parts) = word_parts(removed, added);
        for (old, parts) in (before.start + 1..).zip(old_parts) {
            self.rows.push(Row::Removed { old, parts });
        }
        for (new, parts) in (after.start + 1..).zip(new_parts) {
            self.rows.push(Row::Added { new, parts });
        }
        self.at = (before.end, after.end);
        true
    }

    /// Adds unchanged lines up to line `end` of the old text, and folds the
    /// middle of a long stretch.
    fn same_until(&mut self, end: usize, first: bool, last: bool) {
        let (start, shift) = (self.at.0, self.at);
        let head = if first { 0 } else { CONTEXT_LINES };
        let tail = if last { 0 } else { CONTEXT_LINES };
        let total = end.saturating_sub(start);
        // A fold takes a row itself: it must replace at least two.
        let folded = Some(total.saturating_sub(head + tail)).filter(|lines| *lines > 1);
        for line in start..end {
            match folded {
                Some(lines) if line == start + head => self.rows.push(Row::Folded(lines)),
                Some(lines) if (start + head..start + head + lines).contains(&line) => {}
                _ => self.rows.push(Row::Same {
                    old: line + 1,
                    new: line - shift.0 + shift.1 + 1,
                    text: without_end(self.old[line]),
                }),
            }
        }
    }
}

fn without_end(line: &str) -> &str {
    line.strip_suffix('\n').unwrap_or(line)
}

/// Lines in parts, without their ends.
pub type Lines<'a> = Vec<Vec<Part<'a>>>;

/// The lines of a changed stretch in parts.
fn word_parts<'a>(removed: &[&'a str], added: &[&'a str]) -> (Lines<'a>, Lines<'a>) {
    let bytes: usize = removed.iter().chain(added).map(|line| line.len()).sum();
    if removed.is_empty() || added.is_empty() || bytes > MAX_WORD_DIFF_BYTES {
        return (whole(removed), whole(added));
    }
    // Blanks are left out: there are so many that they would be matched first.
    let compared = |line: &&'a str| words(line).filter(|word| !is_blank(word));
    let mut input = InternedInput::default();
    input.update_before(removed.iter().flat_map(compared));
    input.update_after(added.iter().flat_map(compared));
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_no_heuristic(&input);
    (marked(removed, |word| diff.is_removed(word)), marked(added, |word| diff.is_added(word)))
}

fn whole<'a>(lines: &[&'a str]) -> Lines<'a> {
    lines.iter().map(|line| vec![Part { text: without_end(line), marked: false }]).collect()
}

fn marked<'a>(lines: &[&'a str], differs: impl Fn(u32) -> bool) -> Lines<'a> {
    let mut word = 0;
    lines
        .iter()
        .map(|line| {
            let mut flags: Vec<(usize, bool)> = Vec::new();
            let mut pieces = words(line).peekable();
            while let Some(piece) = pieces.next() {
                let marked = if is_blank(piece) {
                    // A blank goes with its neighbours where they agree.
                    let before = flags.last().is_none_or(|(_, marked)| *marked);
                    before && pieces.peek().is_some_and(|_| differs(word))
                } else {
                    word += 1;
                    differs(word - 1)
                };
                flags.push((piece.len(), marked));
            }
            line_parts(without_end(line), &flags)
        })
        .collect()
}

/// Joins words with the same mark; a line with little in common gets no marks.
fn line_parts<'a>(line: &'a str, words: &[(usize, bool)]) -> Vec<Part<'a>> {
    let common: usize = words.iter().filter(|(_, differs)| !differs).map(|(bytes, _)| bytes).sum();
    if common * 100 < line.len() * COMMON_PERCENT {
        return vec![Part { text: line, marked: false }];
    }
    let mut parts: Vec<Part<'a>> = Vec::new();
    let (mut start, mut end) = (0, 0);
    for (index, (bytes, marked)) in words.iter().enumerate() {
        end = (end + bytes).min(line.len());
        if words.get(index + 1).is_none_or(|(_, next)| next != marked) {
            if start < end {
                parts.push(Part { text: &line[start..end], marked: *marked });
            }
            start = end;
        }
    }
    parts
}

/// A line as words, blanks and single signs. Concatenated they are the line.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let class = kind(rest.chars().next()?);
        let end = match class {
            Kind::Sign => rest.chars().next()?.len_utf8(),
            _ => rest.find(|c| kind(c) != class).unwrap_or(rest.len()),
        };
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

fn is_blank(word: &str) -> bool {
    word.chars().next().is_some_and(|c| kind(c) == Kind::Blank)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Blank,
    Sign,
}

/// Scripts without spaces are compared sign by sign.
fn kind(c: char) -> Kind {
    match c {
        '\u{e00}'..='\u{eff}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' => Kind::Sign,
        '\n' => Kind::Sign,
        c if c.is_alphanumeric() || c == '_' || c == '\u{2019}' => Kind::Word,
        c if c.is_whitespace() => Kind::Blank,
        _ => Kind::Sign,
    }
}

#[cfg(test)]
#[path = "diff_tests.rs"]
mod tests;
