//! Merging for people: what a page reads as after people who had not seen each other saved it.
//!
//! The rules are stated by the slow page in `reference`; here it is held against what people
//! expect.

mod reference;

use reference::{Fate, Page};

/// A page after saves that were all made on one text.
fn merged(base: &str, saves: &[&str]) -> (String, Vec<Vec<Fate>>) {
    let mut page = Page::new(base);
    let fates = saves.iter().map(|text| page.save(0, text)).collect();
    (page.text(page.last()), fates)
}

#[test]
fn the_same_change_made_twice_is_one() {
    for (base, change) in [
        ("1. teh cat\n2. b\n", "1. the cat\n2. b\n"),
        ("Deaths: 10\n", "Deaths: 12\n"),
        ("", "# Red Wedding\n"),
        ("a\nb\n", "a\nc\nb\n"),
        ("a b c\n", "a c\n"),
    ] {
        let (text, fates) = merged(base, &[change, change, change]);
        assert_eq!(text, change);
        assert!(fates[1..].iter().flatten().all(|fate| *fate == Fate::Same));
    }
}

#[test]
fn of_two_versions_of_a_passage_one_is_shown_whole() {
    for (base, one, two) in [
        ("The sky is blue today.\n", "The sky is crimson today.\n", "The sky is azure today.\n"),
        ("Hello beatiful world.\n\nEnd.\n", "End.\n", "Hello beautiful world.\n\nEnd.\n"),
        ("a quick brown fox\n", "a slow red fox\n", "a fast brown fox\n"),
    ] {
        for (first, second) in [(one, two), (two, one)] {
            let (text, fates) = merged(base, &[first, second]);
            assert_eq!(text, first);
            assert!(fates[1].contains(&Fate::Hidden));
        }
    }
}

#[test]
fn changes_of_different_words_are_both_made() {
    let words = |changed: &[usize]| -> String {
        let word = |at| if changed.contains(&at) { format!("W{at} ") } else { format!("w{at} ") };
        (0..2_500).map(word).collect()
    };
    let (text, _) = merged(&words(&[]), &[&words(&[1, 2_498]), &words(&[1_200])]);
    assert_eq!(text, words(&[1, 1_200, 2_498]));
}

#[test]
fn what_holds_the_other_is_the_one() {
    for (base, small, large) in [
        ("A\n", "A\nB\n", "A\nB\nC\n"),
        ("10\n", "12\n", "12 (so far)\n"),
        ("A\n", "A b\n", "A b c\n"),
    ] {
        for saves in [[small, large], [large, small]] {
            assert_eq!(merged(base, &saves).0, large);
        }
    }
}

#[test]
fn whole_lines_survive() {
    let (text, _) = merged("a\nb\nc\nd\n", &["a\nb\nx\nc\nd\n", "a\nd\n"]);
    assert_eq!(text, "a\nx\nd\n");
    let (text, _) = merged("a\nb\nc\nd\n", &["a\nd\n", "a\nb\nx\nc\nd\n"]);
    assert_eq!(text, "a\nx\nd\n");
    // A word that is added to a line goes with the line.
    let (text, fates) = merged("a\nb c\nd\n", &["a\nd\n", "a\nb x c\nd\n"]);
    assert_eq!((text.as_str(), &fates[1][..]), ("a\nd\n", &[Fate::Hidden][..]));
    let (text, _) = merged("a\nb c\nd\n", &["a\nb x c\nd\n", "a\nd\n"]);
    assert_eq!(text, "a\nb x c\nd\n");
}

#[test]
fn what_comes_back_is_what_it_was() {
    let base = "One teh.\n\nTwo dog.\n\nThree cow.\n";
    let mut page = Page::new(base);
    page.save(0, "HI");
    page.save(1, base);
    assert_eq!(page.text(2), base);
    // A form that was opened before the vandal came still edits the page that is there.
    let edited = base.replace("dog", "cat");
    page.save(0, &edited);
    assert_eq!(page.text(3), edited);
    // What comes back in part is the same, too.
    let mut page = Page::new(base);
    page.save(0, "Two dog.\n");
    page.save(1, "One teh.\n\nTwo dog.\n");
    page.save(0, &base.replace("teh", "the"));
    assert_eq!(page.text(3), "One the.\n\nTwo dog.\n");
}
