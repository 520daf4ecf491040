//! What is merged: neighbouring revisions, made concurrent.

use std::collections::HashSet;
use std::ops::Range;

use redwedding_engine_bench::trace::Revision;

use crate::words::{FEW, Hunk, WAYS, hunks, hunks_by, is_white, is_word, words, words_and_gaps};

/// Kinds of cases, in the order of the report.
pub const KINDS: [&str; 6] = ["same", "contained", "taken back", "apart", "near", "reverted"];

/// Within how many revisions a line is followed on each side, where both changed it.
const WINDOW: usize = 20;

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

pub fn of_history(page: &str, revisions: &[Revision]) -> Vec<Case> {
    let texts: Vec<String> = revisions.iter().map(|revision| revision.text.clone()).collect();
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
    cases.extend(near(page, revisions));
    cases.extend(reverts(page, &texts));
    cases
}

/// What came to be of a line within some revisions, beside what somebody else's revision, some more
/// behind, has changed of it. Each change is a case of its own, and one that comes to the same line
/// is none. Nearer revisions come first.
fn near(page: &str, revisions: &[Revision]) -> Vec<Case> {
    let (mut cases, mut told) = (Vec::new(), HashSet::new());
    let lines: Vec<HashSet<&str>> =
        revisions.iter().map(|revision| revision.text.lines().collect()).collect();
    let steps = (2..=2 * WINDOW).flat_map(|far| (1..far).map(move |step| (step, far)));
    for (step, far) in steps.filter(|(step, far)| *step <= WINDOW && far - step <= WINDOW) {
        for at in 0..revisions.len().saturating_sub(far) {
            let of = [at, at + step, at + far];
            let [old, new, last] = of.map(|at| &lines[at]);
            let both = new.iter().any(|line| !old.contains(line) && !last.contains(line));
            if !both || revisions[of[1]].user == revisions[of[2]].user {
                continue;
            }
            let [r0, r1, r2] = of.map(|at| revisions[at].text.as_str());
            let mut others = apart(r0, r1, r2);
            others.retain(|other| other.shares_line);
            for others in others.chunk_by(|one, two| one.change == two.change) {
                let name = format!("{page} {}, {}, {}", of[0], of[1], of[2]);
                let (case, lines) = of_line(name, [r0, r1], others);
                let [two, right] = [&case.saves[1].1, case.right.as_ref().unwrap_or(&case.start)];
                let new = told.insert(lines) && is_apart([r0, r1, two]) && two != right;
                cases.extend(new.then_some(case));
            }
        }
    }
    cases
}

/// Whether two changed a text apart, in whatever way one tells what they changed.
fn is_apart(texts: [&str; 3]) -> bool {
    let [old, one, two] = texts.map(words);
    let parted = |from: &Hunk, to: &Hunk| {
        let between = old.get(from.old.end..to.old.start).unwrap_or_default();
        between.iter().any(|word| is_word(word))
    };
    WAYS.iter().all(|way| {
        let seconds = hunks_by(*way, &old, &two);
        let apart = |first: &Hunk| {
            seconds.iter().all(|second| parted(first, second) || parted(second, first))
        };
        hunks_by(*way, &old, &one).iter().all(apart)
    })
}

/// A change of a line by the second save, and that line as the first one left it and as it has to
/// come out.
fn of_line(name: String, [r0, r1]: [&str; 2], others: &[Other]) -> (Case, [String; 2]) {
    let others: Vec<&Other> = others.iter().collect();
    let two = with(r0, &others, |other| other.old.clone());
    let right = with(r1, &others, |other| other.new.clone());
    let hull = others[0].new.start..others[others.len() - 1].new.end;
    let start = r1[..hull.start].rfind('\n').map_or(0, |at| at + 1);
    let behind = r1[hull.end..].find('\n').map_or(0, |at| r1.len() - hull.end - at);
    let lines = [r1, &right].map(|text| text[start..text.len() - behind].to_owned());
    let saves = vec![(0, r1.to_owned()), (0, two)];
    (Case { kind: "near", name, start: r0.to_owned(), saves, right: Some(right) }, lines)
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
    let others = apart(r0, r1, r2);
    if !others.is_empty() {
        let others: Vec<&Other> = others.iter().collect();
        let two = with(r0, &others, |other| other.old.clone());
        add("apart", two, Some(with(r1, &others, |other| other.new.clone())));
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
    /// Which change of several hunks it is of.
    change: usize,
    /// Whether the first save changed something in a line that this one changes.
    shares_line: bool,
}

/// What the second save changed apart from what the first one did: on both sides a word stands that
/// neither touched. What it changed of a line with no more than a few words left in between is one
/// change, and apart only as a whole: a part of a rewritten sentence alone nobody wrote. Told by a
/// library's differences.
fn apart(r0: &str, r1: &str, r2: &str) -> Vec<Other> {
    let [old, new, last] = [r0, r1, r2].map(words);
    let (firsts, seconds) = (hunks(&old, &new), hunks(&new, &last));
    let parted = |from: usize, to: usize| new[from..to.max(from)].iter().any(|word| is_word(word));
    let one = |one: &Hunk, two: &Hunk| {
        let between = &new[one.old.end..two.old.start];
        let line = !between.iter().any(|word| word.contains('\n'));
        line && between.iter().filter(|word| is_word(word)).count() <= FEW
    };
    let stands_apart = |change: &&[Hunk]| {
        let (start, end) = (change[0].old.start, change[change.len() - 1].old.end);
        firsts.iter().all(|first| {
            first.new.end < start && parted(first.new.end, start)
                || end < first.new.start && parted(end, first.new.start)
        })
    };
    let changes = seconds.chunk_by(one).filter(stands_apart).enumerate();
    let changes = changes.flat_map(|(change, hunks)| hunks.iter().map(move |it| (change, it)));
    let other = |(change, hunk): (usize, &Hunk)| {
        // By how much what the first save did before it shifted it, in words.
        let before = firsts.iter().filter(|first| first.new.end <= hunk.old.start);
        let shift = before.map(|it| it.new.len() as isize - it.old.len() as isize).sum::<isize>();
        let back = |at: usize| at.saturating_add_signed(-shift);
        Other {
            old: bytes(&old, &(back(hunk.old.start)..back(hunk.old.end))),
            new: bytes(&new, &hunk.old),
            text: last[hunk.new.clone()].concat(),
            change,
            shares_line: shares_line(&new, &firsts, hunk),
        }
    };
    changes.map(other).collect()
}

/// Where some words are, in bytes.
fn bytes(words: &[&str], range: &Range<usize>) -> Range<usize> {
    let upto = |at: usize| words[..at].iter().map(|word| word.len()).sum();
    upto(range.start)..upto(range.end)
}

/// Whether the first save changed something in a line of its text that the second one changes.
fn shares_line(r1: &[&str], firsts: &[Hunk], second: &Hunk) -> bool {
    let ends = |word: &&str| word.contains('\n');
    let start = r1[..second.old.start].iter().rposition(ends).map_or(0, |end| end + 1);
    let end = r1[second.old.end..].iter().position(ends);
    let end = end.map_or(r1.len(), |end| second.old.end + end);
    firsts.iter().any(|first| first.new.start < end && first.new.end > start)
}

fn with(text: &str, others: &[&Other], place: impl Fn(&Other) -> Range<usize>) -> String {
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
