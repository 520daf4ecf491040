//! What is merged: neighbouring revisions, made concurrent.

use std::ops::Range;

use redwedding_text::{Patch, diff};

use crate::words::{hunks, is_white, words_and_gaps};

/// Kinds of cases, in the order of the report.
pub const KINDS: [&str; 6] = ["same", "contained", "taken back", "apart", "near", "reverted"];

/// Saves of a page and what has to come of them.
pub struct Case {
    pub kind: &'static str,
    /// Which page, and which revisions of it, counted from 0.
    pub name: String,
    /// The page before.
    pub start: String,
    /// Each whole text, with the version that its author had opened: 0 is `start`, then each save
    /// makes one.
    pub saves: Vec<(usize, String)>,
    /// `None` where no text is it: all that both meant has to be there.
    pub right: Option<String>,
}

/// Bytes of a text that another one kept, and where they are there.
struct Kept {
    old: Range<usize>,
    new: Range<usize>,
}

pub fn of_history(page: &str, texts: &[String]) -> Vec<Case> {
    let mut cases = Vec::new();
    for (at, pair) in texts.windows(2).enumerate() {
        let [before, after] = pair else { continue };
        if before != after {
            let saves = vec![(0, after.clone()), (0, after.clone())];
            let name = format!("{page} {at}, {}", at + 1);
            let (start, right) = (before.clone(), Some(after.clone()));
            cases.push(Case { kind: "same", name, start, saves, right });
        }
    }
    // Neighbours, and those of whom every other one is left out: another three hundred.
    for step in [1, 2] {
        for at in 0..texts.len().saturating_sub(2 * step) {
            let (r0, r1, r2) = (&texts[at], &texts[at + step], &texts[at + 2 * step]);
            let name = format!("{page} {at}, {}, {}", at + step, at + 2 * step);
            cases.extend(of_three(name, r0, r1, r2));
        }
    }
    cases.extend(reverts(page, texts));
    cases
}

fn of_three(name: String, r0: &str, r1: &str, r2: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    if r0 == r1 || r1 == r2 || r0 == r2 {
        return cases;
    }
    let mut add = |kind, two: String, right: Option<String>| {
        let saves = vec![(0, r1.to_owned()), (0, two)];
        cases.push(Case { kind, name: name.clone(), start: r0.to_owned(), saves, right });
    };
    match is_kept(r0, r1, r2) {
        true => add("contained", r2.to_owned(), Some(r2.to_owned())),
        false => add("taken back", r2.to_owned(), None),
    }
    let first = diff::between(r0, r1);
    let kept = kept(r0, &first);
    let second = diff::between(r1, r2);
    let others: Vec<_> = second.edits().filter_map(|edit| on_kept(r0, r1, &kept, edit)).collect();
    if !others.is_empty() {
        add(
            "apart",
            with(r0, &others, |other| other.old.clone()),
            Some(with(r1, &others, |other| other.new.clone())),
        );
    }
    let near: Vec<_> = others.into_iter().filter(|other| other.shares_line(r1, &first)).collect();
    if !near.is_empty() {
        add(
            "near",
            with(r0, &near, |other| other.old.clone()),
            Some(with(r1, &near, |other| other.new.clone())),
        );
    }
    cases
}

/// Whether all that `r1` made of `r0` is still there in `r2`: nothing that came is gone, and
/// nothing that went came again in its place, but white space beside words.
fn is_kept(r0: &str, r1: &str, r2: &str) -> bool {
    let [r0, r1, r2] = [r0, r1, r2].map(words_and_gaps);
    let next = hunks(&r1, &r2);
    hunks(&r0, &r1).iter().all(|made| {
        let (came, went) = (&r1[made.new.clone()], &r0[made.old.clone()]);
        let white = came.iter().chain(went).all(|word| is_white(word));
        let counts = |word: &str| white || !is_white(word);
        next.iter().all(|then| {
            let (from, to) = (then.old.start, then.old.end);
            let lost = made.new.start.max(from)..made.new.end.min(to);
            let lost = r1.get(lost).unwrap_or_default().iter().any(|word| counts(word));
            let beside = from <= made.new.end && made.new.start <= to;
            let again = |word: &&str| counts(word) && went.contains(word);
            !(lost || beside && r2[then.new.clone()].iter().any(again))
        })
    })
}

/// A change that can be made on two texts.
struct Other {
    old: Range<usize>,
    new: Range<usize>,
    text: String,
}

impl Other {
    /// Whether the first save changed something in a line that this one changes.
    fn shares_line(&self, r1: &str, first: &Patch) -> bool {
        let start = r1[..self.new.start].rfind('\n').map_or(0, |end| end + 1);
        let end = r1[self.new.end..].find('\n').map_or(r1.len(), |end| self.new.end + end);
        let (mut came, mut went) = (0isize, 0isize);
        first.edits().any(|(at, deleted, text)| {
            let from = (at as isize + came - went) as usize;
            came += text.len() as isize;
            went += deleted as isize;
            from < end && from + text.len() > start
        })
    }
}

fn kept(old: &str, patch: &Patch) -> Vec<Kept> {
    let (mut rows, mut from, mut to) = (Vec::new(), 0, 0);
    for (at, deleted, text) in patch.edits() {
        let (at, deleted) = (at as usize, deleted as usize);
        rows.push(Kept { old: from..at, new: to..to + at - from });
        (from, to) = (at + deleted, to + at - from + text.len());
    }
    rows.push(Kept { old: from..old.len(), new: to..to + old.len() - from });
    rows
}

/// A change of the second save, if all that it touches was kept by the first, and a byte more.
fn on_kept(
    r0: &str,
    r1: &str,
    kept: &[Kept],
    (at, deleted, text): (u32, u32, &str),
) -> Option<Other> {
    let new = at as usize..(at + deleted) as usize;
    let row = kept.iter().find(|row| {
        let from = row.new.start < new.start || new.start == 0 && row.old.start == 0;
        let to = new.end < row.new.end || new.end == r1.len() && row.old.end == r0.len();
        row.new.start <= new.start && new.end <= row.new.end && from && to
    })?;
    let old = row.old.start + new.start - row.new.start..row.old.start + new.end - row.new.start;
    Some(Other { old, new, text: text.to_owned() })
}

fn with(text: &str, others: &[Other], place: impl Fn(&Other) -> Range<usize>) -> String {
    let mut made = text.to_owned();
    for other in others.iter().rev() {
        made.replace_range(place(other), &other.text);
    }
    made
}

/// Each true revert: what was taken back, and the next edit by somebody who had opened the page
/// before.
fn reverts(page: &str, texts: &[String]) -> Vec<Case> {
    let mut cases = Vec::new();
    for at in 2..texts.len().saturating_sub(1) {
        let Some(before) = (0..at - 1).rev().find(|before| texts[*before] == texts[at]) else {
            continue;
        };
        if texts[at - 1] == texts[at] || texts[at + 1] == texts[at] {
            continue;
        }
        let between = texts[before + 1..=at].iter().cloned().enumerate();
        let mut saves: Vec<_> = between.collect();
        saves.push((0, texts[at + 1].clone()));
        cases.push(Case {
            kind: "reverted",
            name: format!("{page} {before} to {}", at + 1),
            start: texts[before].clone(),
            saves,
            right: Some(texts[at + 1].clone()),
        });
    }
    cases
}
