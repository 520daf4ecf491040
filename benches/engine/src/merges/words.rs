//! Texts in words, and what became of them: by the Unicode standard and a library's differences.
//!
//! Nothing here is the engine's, so what is judged by it is not judged by what it is about.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};
use unicode_segmentation::UnicodeSegmentation;

/// Words that went and words that came in their place, as places in both texts' words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    pub old: Range<usize>,
    pub new: Range<usize>,
}

/// Words of a line that may stand between changes that are one passage, at most.
pub const FEW: usize = 3;

/// Pairs of changed lines that are compared, at most.
const MOST_PAIRS: usize = 4_096;

/// The words, spaces and signs of a text.
pub fn words(text: &str) -> Vec<&str> {
    text.split_word_bounds().collect()
}

/// The same, where white space in a row is one.
pub fn words_and_gaps(text: &str) -> Vec<&str> {
    let (mut all, mut from, mut at): (Vec<&str>, usize, usize) = (Vec::new(), 0, 0);
    for word in text.split_word_bounds() {
        if !(is_white(word) && all.last().is_some_and(|last| is_white(last))) {
            from = at;
        } else {
            all.pop();
        }
        at += word.len();
        all.push(&text[from..at]);
    }
    all
}

/// How texts are compared. Differences are not unique: which of two blank lines, or of two equal
/// words, stayed, each way tells otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    algorithm: Algorithm,
    first: First,
}

/// What is compared before words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    Lines,
    /// Lines with the blank ones behind them.
    Paragraphs,
    /// These, and of those that changed each with the one that has most words of it.
    Pairs,
    Nothing,
}

/// All ways that are tried, the usual one first.
pub const WAYS: [Way; 8] = [
    Way { algorithm: Algorithm::Histogram, first: First::Lines },
    Way { algorithm: Algorithm::Histogram, first: First::Paragraphs },
    Way { algorithm: Algorithm::Histogram, first: First::Pairs },
    Way { algorithm: Algorithm::Histogram, first: First::Nothing },
    Way { algorithm: Algorithm::Myers, first: First::Lines },
    Way { algorithm: Algorithm::Myers, first: First::Paragraphs },
    Way { algorithm: Algorithm::Myers, first: First::Pairs },
    Way { algorithm: Algorithm::Myers, first: First::Nothing },
];

/// What differs: first lines, then words within changed lines.
pub fn hunks(old: &[&str], new: &[&str]) -> Vec<Hunk> {
    hunks_by(WAYS[0], old, new)
}

/// What differs, told in one of the ways.
pub fn hunks_by(way: Way, old: &[&str], new: &[&str]) -> Vec<Hunk> {
    if way.first == First::Nothing {
        return differences(way.algorithm, old, new);
    }
    let blank = way.first != First::Lines;
    let (old_lines, new_lines) = (lines(old, blank), lines(new, blank));
    let text = |words: &[&str], lines: &[Range<usize>]| -> Vec<String> {
        lines.iter().map(|line| words[line.clone()].concat()).collect()
    };
    let changed = differences(way.algorithm, &text(old, &old_lines), &text(new, &new_lines));
    let changed = changed.into_iter().flat_map(|hunk| match way.first {
        First::Pairs => pairs([old, new], [&old_lines, &new_lines], &hunk),
        _ => vec![hunk],
    });
    let place = |lines: &[Range<usize>], range: &Range<usize>, len: usize| {
        let start = lines.get(range.start).map_or(len, |line| line.start);
        start..range.clone().last().map_or(start, |last| lines[last].end)
    };
    let within = changed.flat_map(|lines| {
        let from = place(&old_lines, &lines.old, old.len());
        let to = place(&new_lines, &lines.new, new.len());
        let inner = differences(way.algorithm, &old[from.clone()], &new[to.clone()]);
        inner.into_iter().map(move |hunk| Hunk {
            old: from.start + hunk.old.start..from.start + hunk.old.end,
            new: to.start + hunk.new.start..to.start + hunk.new.end,
        })
    });
    within.collect()
}

/// Changed lines, in parts: each line beside what it became, in order, as many words as can be kept
/// so; and what lies between. All together where there are too many.
fn pairs(words: [&[&str]; 2], lines: [&[Range<usize>]; 2], hunk: &Hunk) -> Vec<Hunk> {
    let (rows, columns) = (hunk.old.len(), hunk.new.len());
    if rows * columns > MOST_PAIRS || rows.min(columns) == 0 {
        return vec![hunk.clone()];
    }
    let bag = |side: usize, line: usize| {
        let mut bag: Vec<&str> = words[side][lines[side][line].clone()].to_vec();
        bag.retain(|word| is_word(word));
        bag.sort_unstable();
        bag
    };
    let olds: Vec<_> = hunk.old.clone().map(|line| bag(0, line)).collect();
    let news: Vec<_> = hunk.new.clone().map(|line| bag(1, line)).collect();
    let mut best = vec![vec![0; columns + 1]; rows + 1];
    let scores: Vec<Vec<usize>> =
        olds.iter().map(|one| news.iter().map(|two| common(one, two)).collect()).collect();
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            let paired = scores[row][column] + best[row + 1][column + 1];
            best[row][column] = paired.max(best[row + 1][column]).max(best[row][column + 1]);
        }
    }
    let (mut found, mut from, mut at) = (Vec::new(), (0, 0), (0, 0));
    let part = |from: (usize, usize), to: (usize, usize)| Hunk {
        old: hunk.old.start + from.0..hunk.old.start + to.0,
        new: hunk.new.start + from.1..hunk.new.start + to.1,
    };
    while at.0 < rows && at.1 < columns {
        let (score, here) = (scores[at.0][at.1], best[at.0][at.1]);
        if score > 0 && here == score + best[at.0 + 1][at.1 + 1] {
            let next = (at.0 + 1, at.1 + 1);
            found.extend([part(from, at), part(at, next)]);
            (from, at) = (next, next);
        } else if here == best[at.0 + 1][at.1] {
            at.0 += 1;
        } else {
            at.1 += 1;
        }
    }
    found.push(part(from, (rows, columns)));
    found
}

/// How many words two lines have in common, if these are not few.
fn common(one: &[&str], two: &[&str]) -> usize {
    let mut others = two.iter().peekable();
    let is_there = |word: &&&str| {
        while others.next_if(|other| other < word).is_some() {}
        others.next_if(|other| other == word).is_some()
    };
    let common = one.iter().filter(is_there).count();
    if 5 * common >= one.len() + two.len() { common } else { 0 }
}

/// Where each line is, in words; with the blank ones behind it, if that is asked for.
fn lines(words: &[&str], blank: bool) -> Vec<Range<usize>> {
    let mut start = 0;
    let ends = (1..=words.len()).filter(|&end| {
        let goes_on = |next: &&str| blank && next.ends_with('\n') && is_white(next);
        words[end - 1].ends_with('\n') && !words.get(end).is_some_and(goes_on) || end == words.len()
    });
    ends.map(|end| std::mem::replace(&mut start, end)..end).collect()
}

fn differences<T: AsRef<str>>(algorithm: Algorithm, old: &[T], new: &[T]) -> Vec<Hunk> {
    let mut input = InternedInput::default();
    input.update_before(old.iter().map(AsRef::as_ref));
    input.update_after(new.iter().map(AsRef::as_ref));
    let mut diff = Diff::compute(algorithm, &input);
    diff.postprocess_no_heuristic(&input);
    let place = |range: Range<u32>| range.start as usize..range.end as usize;
    diff.hunks().map(|hunk| Hunk { old: place(hunk.before), new: place(hunk.after) }).collect()
}

pub fn is_white(word: &str) -> bool {
    word.chars().all(char::is_whitespace)
}

/// Whether it is more than white space and signs.
pub fn is_word(word: &str) -> bool {
    word.contains(char::is_alphanumeric)
}
