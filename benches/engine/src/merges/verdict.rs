//! Whether a page came out right.

use std::ops::Range;

use redwedding_text::{Patch, diff};

use crate::cases::Case;
use crate::meant::{Meant, meant, unread};
use crate::mergers::Merged;

/// Characters that are shown around what changed,
const AROUND: usize = 24;

/// and at most of what did.
const LONGEST: usize = 240;

/// Bytes from what is wrong within which what was done is shown.
const NEAR: usize = 200;

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
        let Some(text) = &merged.text else { return Verdict::Refused };
        let Some(right) = &case.right else { return of_both(case, merged) };
        if text == right {
            return Verdict::Right;
        }
        let version = match &case.saves[..] {
            [(0, _), (0, _)] => of_both(case, merged) != Verdict::Wrong,
            _ => is_of_writers(case, text),
        };
        match version && !merged.alternatives.is_empty() {
            true => Verdict::Version,
            false => Verdict::Wrong,
        }
    }
}

/// Two saves of one text, where all that both meant has to be there.
fn of_both(case: &Case, merged: &Merged) -> Verdict {
    let [(0, first), (0, second)] = &case.saves[..] else { return Verdict::Wrong };
    match meant(&case.start, [first, second], merged) {
        Meant::Both => Verdict::Right,
        Meant::One => Verdict::Version,
        Meant::Neither => Verdict::Wrong,
    }
}

/// Whether each passage that anybody changed reads as one writer left it, or as it was.
fn is_of_writers(case: &Case, page: &str) -> bool {
    let patches: Vec<Patch> =
        case.saves.iter().map(|(_, text)| diff::between(&case.start, text)).collect();
    let on_page = diff::between(&case.start, page);
    let touched = patches.iter().chain([&on_page]).flat_map(|patch| patch.edits().map(place));
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

/// Shows what came out wrong: what each save made, what the page shows and what was wanted, each
/// beside the page before, and what is at hand. Where it is known what was wanted, without what is
/// far from all that is wrong.
pub fn print(case: &Case, merged: &Merged) {
    println!("--- {} {}", case.kind, case.name);
    let got = merged.text.as_ref().map(|text| diff::between(&case.start, text));
    let wanted = case.right.as_ref().map(|text| diff::between(&case.start, text));
    let wrong = got.as_ref().zip(wanted.as_ref()).map(|(got, wanted)| {
        let only = |one: &Patch, two: &Patch| -> Vec<Range<usize>> {
            let other = |edit: &(u32, u32, &str)| !two.edits().any(|it| it == *edit);
            one.edits().filter(other).map(place).collect()
        };
        [only(got, wanted), only(wanted, got)].concat()
    });
    for (number, (on, text)) in case.saves.iter().enumerate() {
        let base = if *on == 0 { &case.start } else { &case.saves[*on - 1].1 };
        let wrong = wrong.as_deref().filter(|_| *on == 0);
        let what = format!("save {} of {on}", number + 1);
        show(base, &diff::between(base, text), &what, wrong);
    }
    for (patch, what) in [(got, "got"), (wanted, "wanted")] {
        patch.iter().for_each(|patch| show(&case.start, patch, what, wrong.as_deref()));
    }
    if let (Some(right), Some(text)) = (&case.right, &merged.text) {
        show(right, &diff::between(right, text), "wrong", None);
    }
    if let ([(0, first), (0, second)], Some(text)) = (&case.saves[..], &merged.text)
        && let Some([was, first, second, page]) = unread(&case.start, [first, second], text)
    {
        println!("    cannot be read: was {was:?}");
        println!("    one made {first:?}");
        println!("    the other {second:?}");
        println!("    the page has {page:?}");
    }
    for text in &merged.alternatives {
        println!("    at hand: {:?}", shortened(text));
    }
}

fn place((at, deleted, _): (u32, u32, &str)) -> Range<usize> {
    at as usize..(at + deleted) as usize
}

/// Shows an edit of a text, or of that what is near some of its places.
fn show(from: &str, patch: &Patch, what: &str, places: Option<&[Range<usize>]>) {
    for edit in patch.edits() {
        let (range, text) = (place(edit), edit.2);
        let near = |it: &Range<usize>| it.start <= range.end + NEAR && range.start <= it.end + NEAR;
        if places.is_some_and(|places| !places.iter().any(near)) {
            continue;
        }
        let (left, right) = (&from[..range.start], &from[range.end..]);
        let start = left.char_indices().rev().nth(AROUND).map_or(0, |(at, _)| at);
        let end = right.char_indices().nth(AROUND).map_or(right.len(), |(at, _)| at);
        println!(
            "    {what}: {:?} [-{:?}-]{{+{:?}+}} {:?}",
            &left[start..],
            shortened(&from[range]),
            shortened(text),
            &right[..end],
        );
    }
}

/// A long text without its middle.
fn shortened(text: &str) -> String {
    let count = text.chars().count();
    if count <= LONGEST {
        return text.to_owned();
    }
    let start: String = text.chars().take(LONGEST / 2).collect();
    let end: String = text.chars().skip(count - LONGEST / 2).collect();
    format!("{start} ...{} more... {end}", count - LONGEST)
}
