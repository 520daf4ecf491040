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

/// What differs: first lines, then words within changed lines.
pub fn hunks(old: &[&str], new: &[&str]) -> Vec<Hunk> {
    let (old_lines, new_lines) = (lines(old), lines(new));
    let text = |words: &[&str], lines: &[Range<usize>]| -> Vec<String> {
        lines.iter().map(|line| words[line.clone()].concat()).collect()
    };
    let place = |lines: &[Range<usize>], range: &Range<usize>, len: usize| {
        let start = lines.get(range.start).map_or(len, |line| line.start);
        start..range.clone().last().map_or(start, |last| lines[last].end)
    };
    let changed = differences(&text(old, &old_lines), &text(new, &new_lines));
    let within = changed.iter().flat_map(|lines| {
        let from = place(&old_lines, &lines.old, old.len());
        let to = place(&new_lines, &lines.new, new.len());
        let inner = differences(&old[from.clone()], &new[to.clone()]);
        inner.into_iter().map(move |hunk| Hunk {
            old: from.start + hunk.old.start..from.start + hunk.old.end,
            new: to.start + hunk.new.start..to.start + hunk.new.end,
        })
    });
    within.collect()
}

/// Where each line is, in words.
fn lines(words: &[&str]) -> Vec<Range<usize>> {
    let mut start = 0;
    let ends =
        (1..=words.len()).filter(|&end| end == words.len() || words[end - 1].ends_with('\n'));
    ends.map(|end| std::mem::replace(&mut start, end)..end).collect()
}

fn differences<T: AsRef<str>>(old: &[T], new: &[T]) -> Vec<Hunk> {
    let mut input = InternedInput::default();
    input.update_before(old.iter().map(AsRef::as_ref));
    input.update_after(new.iter().map(AsRef::as_ref));
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
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
