//! Two edits of one text, merged as people mean them.

use redwedding_text::three_way::{Outcome, merge};
use redwedding_text::{Text, Version, diff};

/// What comes of a second save beside a first one of the same text.
fn merged(base: &str, first: &str, second: &str) -> (String, Vec<Outcome>) {
    let (one, two) = (diff::between(base, first), diff::between(base, second));
    let made = merge(base, &one, &two);
    let text = made.patch.apply(first).expect("a patch that fits").text;
    let met = made.met.into_iter();
    let outcomes = met.map(|met| {
        let shown = text.get(met.range.start as usize..met.range.end as usize);
        assert!(shown.is_some(), "{:?} in {text:?}", met.range);
        met.outcome
    });
    (text.clone(), outcomes.collect())
}

#[test]
fn what_came_back_was_never_away() {
    let base = "one\n*[http a b c] two\n*{{three}}\n";
    let mut text = Text::from_text(base);
    let gone = "one\n*{{three}}\n";
    text.merge(1, &Version::EMPTY, &diff::between(base, gone)).expect("a change");
    text.merge(2, &Version::up_to(1), &diff::between(gone, base)).expect("a change");
    let since = text.since(&Version::EMPTY).expect("a version");
    assert_eq!(since.patch.apply(base).expect("fits").text, base);
    let made = merge(base, &since.patch, &diff::between(base, gone));
    assert_eq!(made.patch.apply(base).expect("fits").text, gone, "{since:?} {made:?}");
}
