//! Whether a page came out right.

use std::ops::Range;

use redwedding_text::{Patch, diff};

use crate::cases::Case;
use crate::mergers::Merged;

/// How a case came out; the order is the report's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Right,
    /// Wherever two changed the same, the page shows what one of them wrote, whole.
    Version,
    Refused,
    Wrong,
}

impl Verdict {
    pub fn of(case: &Case, merged: &Merged) -> Verdict {
        match &merged.text {
            None => Verdict::Refused,
            Some(text) if *text == case.right => Verdict::Right,
            Some(text) if merged.alternatives > 0 && is_of_writers(case, text) => Verdict::Version,
            Some(_) => Verdict::Wrong,
        }
    }
}

/// Whether each passage that anybody changed reads as one writer left it, or as it was.
fn is_of_writers(case: &Case, page: &str) -> bool {
    let patches: Vec<Patch> =
        case.saves.iter().map(|(_, text)| diff::between(&case.start, text)).collect();
    let on_page = diff::between(&case.start, page);
    let touched = patches.iter().chain([&on_page]).flat_map(|patch| {
        patch.edits().map(|(at, deleted, _)| at as usize..(at + deleted) as usize)
    });
    passages(touched.collect()).iter().all(|passage| {
        let shown = replaced(&case.start, &on_page, passage);
        let mut versions = patches.iter().map(|patch| replaced(&case.start, patch, passage));
        shown == case.start[passage.clone()] || versions.any(|version| version == shown)
    })
}

/// Ranges that touch each other, made one.
fn passages(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match joined.last_mut().filter(|last| range.start <= last.end) {
            Some(last) => last.end = last.end.max(range.end),
            None => joined.push(range),
        }
    }
    joined
}

/// What a patch makes of a passage of its base.
fn replaced(base: &str, patch: &Patch, passage: &Range<usize>) -> String {
    let (mut text, mut at) = (String::new(), passage.start);
    for (start, deleted, coming) in patch.edits() {
        let (start, end) = (start as usize, (start + deleted) as usize);
        if start < passage.start || end > passage.end {
            continue;
        }
        text.push_str(&base[at..start]);
        text.push_str(coming);
        at = end;
    }
    text.push_str(&base[at..passage.end]);
    text
}

/// Shows what came out wrong.
pub fn print(case: &Case, merged: &Merged) {
    println!("--- {} {}", case.kind, case.name);
    for (_, text) in &case.saves {
        show(&case.start, text, "save");
    }
    if let Some(text) = &merged.text {
        show(&case.right, text, "page beside what is right");
    }
}

fn show(from: &str, to: &str, what: &str) {
    for (at, deleted, text) in diff::between(from, to).edits() {
        let (start, end) = (at as usize, (at + deleted) as usize);
        let left = from[..start].char_indices().rev().nth(24).map_or(0, |(at, _)| at);
        let right = from[end..].char_indices().nth(24).map_or(from.len(), |(at, _)| end + at);
        println!(
            "    {what}: {:?} [-{:?}-]{{+{:?}+}} {:?}",
            &from[left..start],
            &from[start..end],
            text,
            &from[end..right],
        );
    }
}
