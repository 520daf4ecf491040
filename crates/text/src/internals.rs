//! The worked example of `INTERNALS.md`, run: each picture there is what the code gives.
//!
//! May assume nothing. Must never be looser than the document: a picture that is not in it, or a
//! number that is another one, fails.

use crate::sequence::{GROUND, NONE};
use crate::walker::Walker;
use crate::{Patch, Text, Version, diff};

const DOCUMENT: &str = include_str!("../INTERNALS.md");

/// A walker's spans as a table: identity, text, both states, both origins.
fn picture(text: &Text, start: &str, walker: &Walker) -> String {
    let name = |byte: u32| match byte {
        NONE => "-".to_owned(),
        byte if byte >= GROUND => format!("g{}", byte - GROUND),
        byte => byte.to_string(),
    };
    let mut table = format!(
        "{:<8} {:<10} {:>7} {:>6}   {:<5} {:<5}\n",
        "bytes", "text", "prepare", "shown", "left", "right"
    );
    for span in walker.sequence().spans() {
        let from = span.first & !GROUND;
        let source = if span.first >= GROUND { start } else { text.history().inserted() };
        let content = &source[from as usize..(from + span.len) as usize];
        let bytes = format!("{}..{}", name(span.first), from + span.len);
        let content = format!("{content:?}");
        let shown = if span.is_shown() { "yes" } else { "no" };
        let (left, right) = (name(span.left_origin), name(span.right_origin));
        let state = if span.prepare.is_known() { 1 + span.prepare.removals() } else { 0 };
        let row = format!("{bytes:<8} {content:<10} {state:>7} {shown:>6}   {left:<5} {right:<5}");
        table.push_str(row.trim_end());
        table.push('\n');
    }
    table
}

fn is_drawn(picture: &str) {
    let lines = picture.lines().map(|line| format!("{}\n", line.trim_end()));
    let picture: String = lines.collect();
    assert!(DOCUMENT.contains(&picture), "INTERNALS.md does not have this picture:\n{picture}");
}

#[test]
fn the_worked_example_is_what_happens() {
    let start = "The cat sat.";
    let mut page = Text::from_text(start);
    let base = page.head();

    // Save A: against the head, so that no walker is needed.
    let a = insertion(4, "black ");
    let merged = page.merge(1, &base, &a).expect("it fits");
    assert_eq!((page.text(), &merged.effect), ("The black cat sat.", &a));

    // Save B had not seen A.
    let b = insertion(4, "big ");
    let mut walker = page.walker_at(0);
    walker.replay(page.history(), (0, 1));
    is_drawn(&picture(&page, start, &walker));
    walker.set_prepare_version(page.history(), base.seen());
    is_drawn(&picture(&page, start, &walker));
    let merged = page.merge(2, &base, &b).expect("it fits");
    assert_eq!(page.text(), "The black big cat sat.");
    assert_eq!(merged.effect.edits().collect::<Vec<_>>(), [(10, 0, "big ")]);
    let mut walker = page.walker_at(0);
    walker.replay(page.history(), (0, 2));
    is_drawn(&picture(&page, start, &walker));

    // Save C had seen A, not B.
    let seen_by_c = Version::up_to(1);
    let c = diff::between("The black cat sat.", "The black cat.");
    assert_eq!(c.edits().collect::<Vec<_>>(), [(13, 4, "")]);
    walker.set_prepare_version(page.history(), seen_by_c.seen());
    is_drawn(&picture(&page, start, &walker));
    let merged = page.merge(3, &seen_by_c, &c).expect("it fits");
    assert_eq!(page.text(), "The black big cat.");
    assert_eq!(merged.effect.edits().collect::<Vec<_>>(), [(17, 4, "")]);
    let mut walker = page.walker_at(0);
    walker.replay(page.history(), (0, 3));
    is_drawn(&picture(&page, start, &walker));

    // Save D had seen B alone, and deletes what is deleted already.
    let seen_by_d = Version::new(0, vec![1]);
    let d = diff::between("The big cat sat.", "The big cat.");
    assert_eq!(d.edits().collect::<Vec<_>>(), [(11, 4, "")]);
    let merged = page.merge(4, &seen_by_d, &d).expect("it fits");
    assert_eq!(page.text(), "The black big cat.");
    assert!(merged.effect.is_empty());
    assert_eq!(merged.overlaps.iter().map(|overlap| overlap.with).collect::<Vec<_>>(), [2]);
    let mut walker = page.walker_at(0);
    walker.replay(page.history(), (0, 4));
    is_drawn(&picture(&page, start, &walker));
    assert_eq!(page.text_at(&seen_by_d).as_deref(), Ok("The big cat sat."));
}

/// An insertion alone.
fn insertion(at: u32, text: &str) -> Patch {
    Patch::builder().keep(at).insert(text).build().expect("it is short")
}

#[test]
fn a_replaced_word_may_stand_before_a_concurrent_one() {
    let start = "The cat sat.";
    let mut page = Text::from_text(start);
    let base = page.head();
    page.merge(1, &base, &insertion(4, "black ")).expect("it fits");
    page.merge(2, &base, &insertion(4, "big ")).expect("it fits");
    let c = diff::between("The black cat sat.", "The black dog sat.");
    let merged = page.merge(3, &Version::up_to(1), &c).expect("it fits");
    assert_eq!(page.text(), "The black dogbig  sat.");
    assert!(merged.overlaps.iter().any(|overlap| overlap.with == 1));
}

#[test]
fn in_any_order_it_is_the_same_text() {
    let start = "The cat sat.";
    let mut page = Text::from_text(start);
    let base = page.head();
    page.merge(2, &base, &diff::between(start, "The big cat sat.")).expect("it fits");
    page.merge(1, &base, &diff::between(start, "The black cat sat.")).expect("it fits");
    assert_eq!(page.text(), "The black big cat sat.");
}

#[test]
fn keystrokes_in_a_row_are_one_row_and_few_bytes() {
    let mut page = Text::default();
    for at in 0..1_000u32 {
        let patch = insertion(at, "x");
        let head = page.head();
        page.merge(crate::ChangeId { actor: 7, counter: at }, &head, &patch).expect("it fits");
    }
    assert_eq!(page.history().made().rows().len(), 1);
    assert_eq!((page.history().links().len(), page.history().ids().len()), (1, 1));
    let bytes = page.history().columns().len();
    let said = format!("are one link, one row of ids and one row of edits: {bytes} bytes");
    let document: Vec<&str> = DOCUMENT.split_whitespace().collect();
    assert!(document.join(" ").contains(&said), "{said}");
}
