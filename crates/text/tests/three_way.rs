//! Two edits of one text, merged as people mean them.

use std::collections::BTreeSet;

use proptest::prelude::*;
use redwedding_text::three_way::{Beside, Met, Outcome, PutAgain, ThreeWay, meet, merge};
use redwedding_text::{Patch, Text, Version, diff};
use unicode_segmentation::UnicodeSegmentation;

/// What comes of a second save beside a first one of the same text.
fn merged(base: &str, first: &str, second: &str) -> (String, Vec<Met>) {
    let (one, two) = (diff::between(base, first), diff::between(base, second));
    let near = meet(&one, &two);
    let ThreeWay { patch, met, decided, instead, .. } = merge(base, &one, &two);
    let text = patch.apply(first).expect("a patch that fits").text;
    for met in &met {
        let shown = text.get(met.range.start as usize..met.range.end as usize);
        assert!(shown.is_some(), "{:?} in {text:?}", met.range);
    }
    let of_both = met.iter().all(|met| met.outcome == Outcome::Both);
    assert!(!decided.is_empty() || of_both, "{met:?}");
    assert!(near || decided.is_empty(), "{base:?} {first:?} {second:?}");
    instead.apply(first).expect("a patch that fits");
    (text, met)
}

fn hidden(met: &[Met]) -> Vec<&str> {
    let found = met.iter().filter_map(|met| match &met.outcome {
        Outcome::Hidden(text) => Some(text.as_str()),
        _ => None,
    });
    found.collect()
}

#[test]
fn the_same_change_made_twice_is_one() {
    for (base, change) in [
        ("1. teh cat\n2. b\n", "1. the cat\n2. b\n"),
        ("Deaths: 10\n", "Deaths: 12\n"),
        ("", "# Red Wedding\n"),
        ("a\nb\n", "a\nc\nb\n"),
        ("a b c\n", "a c\n"),
        ("a\n\nb\n\nc\n", "c\n\na\n\nb\n"),
    ] {
        let (text, met) = merged(base, change, change);
        assert_eq!(text, change);
        assert!(met.iter().all(|met| met.outcome == Outcome::Same), "{met:?}");
    }
}

#[test]
fn of_two_versions_of_a_passage_one_is_shown_whole() {
    for (base, one, two, other) in [
        (
            "The sky is blue today.\n",
            "The sky is crimson today.\n",
            "The sky is azure today.\n",
            "azure",
        ),
        (
            "Hello beatiful world.\n\nEnd.\n",
            "End.\n",
            "Hello beautiful world.\n\nEnd.\n",
            "Hello beautiful world.\n\n",
        ),
        ("a quick brown fox\n", "a slow red fox\n", "a fast brown fox\n", "fast"),
        ("a quick brown fox\n", "a fast brown fox\n", "a slow red fox\n", "slow red"),
        ("", "# One page\n", "# Another page\n", "# Another page\n"),
        ("cat\n", "cats\n", "cat's\n", "cat's"),
        ("Hello\n", "Hello,\n", "Hello!\n", "!"),
        ("a\nb c\nd\n", "a\nd\n", "a\nb x c\nd\n", "b x c\n"),
        ("a\nb c\nd\n", "a\nb x c\nd\n", "a\nd\n", ""),
    ] {
        let (text, met) = merged(base, one, two);
        assert_eq!(text, one);
        assert_eq!(hidden(&met), [other]);
    }
}

#[test]
fn what_holds_the_other_is_the_one() {
    for (base, small, large) in [
        ("A\n", "A\nB\n", "A\nB\nC\n"),
        ("10\n", "12\n", "12 (so far)\n"),
        ("A\n", "A b\n", "A b c\n"),
        ("", "one\n", "one\ntwo\n"),
        ("x\n", "x\n# a\n</div>\n", "x\n# a\n# b\n</div>\n"),
        ("x.", "x.\n\nd: a\ne: a", "x.\n\nSee b\n\nd: a\ne: a\nf: a"),
        ("a\n", "a\ncat ", "a\noak\ncat elm fir\n"),
        // Of a line that both moved to the end.
        ("a 1\nb 2\nc 3\n", "b 2\nc 3\na 1\n", "b 2\nc 3\na 1\nd 4\n"),
    ] {
        for (first, second) in [(small, large), (large, small)] {
            let (text, met) = merged(base, first, second);
            assert_eq!(text, large);
            assert!(hidden(&met).is_empty());
        }
    }
}

#[test]
fn what_does_not_touch_is_all_there() {
    let words = |changed: &[usize]| -> String {
        let word = |at| if changed.contains(&at) { format!("W{at} ") } else { format!("w{at} ") };
        (0..2_500).map(word).collect()
    };
    let (text, met) = merged(&words(&[]), &words(&[1, 2_498]), &words(&[1_200]));
    assert_eq!((text, met), (words(&[1, 1_200, 2_498]), Vec::new()));
    for (base, one, two, right) in [
        ("a\nb\nc\nd\n", "a\nb\nx\nc\nd\n", "a\nd\n", "a\nx\nd\n"),
        ("a\nb\nc\nd\n", "a\nd\n", "a\nb\nx\nc\nd\n", "a\nx\nd\n"),
        ("a b c d\n", "a c d\n", "a b d\n", "a d\n"),
        ("a\n", "a\n* one\n", "a\n* two\n", "a\n* one\n* two\n"),
        ("a\n\nb\n", "a\none\nb\n", "a\ntwo\nb\n", "a\none\ntwo\nb\n"),
        ("a b\n", "a big b\n", "a red b\n", "a big red b\n"),
        ("a\n", "a", "a\nmore\n", "a\nmore\n"),
        ("a b", "a b ", "a b c", "a b c"),
    ] {
        let (text, met) = merged(base, one, two);
        assert_eq!(text.trim_end(), right.trim_end());
        assert!(hidden(&met).is_empty(), "{met:?}");
    }
}

#[test]
fn what_is_moved_takes_corrections_along() {
    let base = "First teh cat.\n\nSecond dog.\n\nThird cow.\n";
    let moved = "Second dog.\n\nThird cow.\n\nFirst teh cat.\n";
    let corrected = "First the cat.\n\nSecond dog.\n\nThird cow.\n";
    let right = "Second dog.\n\nThird cow.\n\nFirst the cat.\n";
    let (text, met) = merged(base, moved, corrected);
    assert_eq!((text.as_str(), hidden(&met)), (right, Vec::new()));
}

/// So is what is put before a word, in place of one behind it: the word stays, and what another one
/// makes of it.
#[test]
fn a_word_that_stays_takes_corrections_along() {
    let (base, moved) = ("oak elm iron tin ash box\n", "oak elm gold iron ash box\n");
    let (list, moved_list) = ("iron, tin, ash\n", "gold, iron, ash\n");
    for (base, moved, other, right) in [
        (base, moved, "oak elm irons tin ash box\n", "oak elm gold irons ash box\n"),
        (base, moved, "oak elm ash box\n", "oak elm gold ash box\n"),
        (list, moved_list, "irons, tin, ash\n", "gold, irons, ash\n"),
    ] {
        for (first, second) in [(moved, other), (other, moved)] {
            let (text, met) = merged(base, first, second);
            assert_eq!((text.as_str(), hidden(&met)), (right, Vec::new()), "{first:?} {second:?}");
        }
    }
}

/// Whole lines that are put into one that another had moved stand before it, or behind it: what the
/// other wrote into it stays in one line with it.
#[test]
fn what_is_written_into_a_moved_line_stays_in_one_line() {
    let base = "oak elm\nash fir\nyew\n";
    for (written, put, right) in [
        ("tall oak elm", "box\nold oak elm", "ash fir\nyew\nbox\nold tall oak elm\n"),
        ("oak elm tail", "oak elm end\nbox", "box\nash fir\nyew\noak elm end tail\n"),
    ] {
        let moved = format!("ash fir\nyew\n{written}\n");
        let put = format!("{put}\nash fir\nyew\n");
        let right = right.to_owned();
        for (first, second) in [(&moved, &put), (&put, &moved)] {
            let (text, met) = merged(base, first, second);
            assert_eq!((&text, hidden(&met)), (&right, vec![]), "{first:?} {second:?}");
        }
    }
    // Of which of two lines the first word is nobody can tell.
    let (base, other) = ("* oak\nash\nyew\n", "- oak\nash\nyew\n");
    is_first_with_alternative(base, other, "* box\nelm * oak\nash\nyew\n", &["box", "elm"]);
}

/// The first one's version of each passage is shown, and the second one's is at hand: nothing is
/// there twice, and nothing mixed.
#[track_caller]
fn is_first_with_alternative(base: &str, first: &str, second: &str, words: &[&str]) {
    let (text, met) = merged(base, first, second);
    assert_eq!(text, first, "{met:?}");
    let told = hidden(&met).concat();
    assert!(words.iter().all(|word| told.contains(word)), "{met:?}");
}

#[test]
fn items_of_the_same_words_are_one() {
    is_first_with_alternative(
        "a\n\nb\n",
        "a\n\n:Main article:[[Pet]]\n\nb\n",
        "a\n\n:Main article: [[Pet]]\n\nb\n",
        &["Main article: [[Pet]]"],
    );
    let list =
        |extra: &str| format!("a\n* one of these\n* two of those{extra}\n* three of mine\nb\n");
    is_first_with_alternative("a\nb\n", &list(""), &list(" again"), &["again"]);
    // Those that merely look alike are two.
    let (text, met) = merged("a\nb\n", "a\n* a list of red\nb\n", "a\n* a list of blue\nb\n");
    assert!(hidden(&met).is_empty() && text.contains("red") && text.contains("blue"), "{text:?}");
}

#[test]
fn what_both_put_at_one_word_is_there_once() {
    is_first_with_alternative(
        "schools such as old-style is a good one\n",
        "schools such as brand new style is a good one\n",
        "schools such as brand new style (lately) and old-style are good ones\n",
        &["(lately)"],
    );
    let list = |one: &str, two: &str| format!("* [[A]] one{one}\n{two}* C\n");
    let two = "* [[B]] two of b\n";
    let (text, _) = merged(&list("", two), &list(" [http:x]", two), &list(" [http:x]", ""));
    assert_eq!(text.matches("http:x").count(), 1, "{text:?}");
    // White space that the one put it in place of, and the other one kept, stays.
    let (base, kept) = ("and [[Mata Tam|M]]\n", "and [[Mata, Tam|M]]\n");
    for (one, two) in [("and [[Mata,Tam|M]]\n", kept), (kept, "and [[Mata,Tam|M]]\n")] {
        let (text, met) = merged(base, one, two);
        assert_eq!((text.as_str(), hidden(&met)), (kept, Vec::new()));
    }
}

#[test]
fn what_both_put_near_one_place_is_there_once() {
    is_first_with_alternative(
        "''See: a, b''\n\n[[de:A]]\n",
        "==See: a, b\n\n[[Red rivers]]\n[[Blue rivers]]\n\n[[de:A]]\n",
        "''See: a, b\n\n[[Red rivers]]\n[[Blue rivers|Blue]]\n\n[[de:A]]\n",
        &["Blue rivers|Blue"],
    );
    is_first_with_alternative(
        ":For the movie Bravo see the list of movies.\n\nText.\n",
        ":This article is about the river to the gulf of Mexico.\n\nText.\n",
        ":This article is about the river to the gulf of Mexico.\n\n\
         :For the movie Bravo see the list of movies.\n\nText.\n",
        &["This article"],
    );
}

#[test]
fn an_empty_line_is_taken_once() {
    let (text, met) = merged("a\n\n\nb\n", "a\n\nb\n", "a\n# x y\n\nb\n");
    assert_eq!((text.as_str(), hidden(&met)), ("a\n# x y\n\nb\n", Vec::new()));
}

/// What stays of a passage that was rewritten stays by chance.
#[test]
fn what_was_rewritten_is_one_passage() {
    is_first_with_alternative(
        "a red fox ran by one old house where some man had lost his dog\n",
        "every green cat sat by five new sheds while no girl ever found her bone\n",
        "a red fox ran right by one old house where some man had lost his dog\n",
        &["right"],
    );
    // Who changes words here and there has not.
    let (text, met) = merged(
        "a red fox ran by one old house where some man had lost his dog\n",
        "a green fox ran by one new house where some man had lost her dog\n",
        "a red fox ran right by one old house where some poor man had lost his dog\n",
    );
    let right = "a green fox ran right by one new house where some poor man had lost her dog\n";
    assert_eq!((text.as_str(), hidden(&met)), (right, Vec::new()));
}

/// The second edit's lines are not in both places, nor in none.
#[test]
fn who_moved_a_passage_has_moved_it_whole() {
    let (a, b) = ("The river rises in the hills of snow.\n\n", "It flows to the sea.\n\n");
    let base = [a, b, "It is long.\n"].concat();
    let one = base.replace("hills", "mountains");
    let two = [b, "It is long.\n\n", &a.replace("snow", "snow and ice")].concat();
    let (text, met) = merged(&base, &one, &two);
    assert_eq!(text.matches("The river rises").count(), 1, "{text:?} {met:?}");
}

/// Each kept other signs of the same ones.
#[test]
fn two_deletions_do_not_take_what_both_kept() {
    let base = "x.\n\nhistory of it all\n\n=====A=====\nold\n\n====B====\n";
    let one = "x.\n\nhistory of it all\n\n===B====\n";
    let two = "x.\n\n===B====\n";
    let (text, _) = merged(base, one, two);
    assert!(text.ends_with("\n\n===B====\n"), "{text:?}");
}

#[test]
fn words_are_not_followed_from_line_to_line() {
    is_first_with_alternative(
        "Zeno was a stoic\nold\nPeter was here\n",
        "Zeno was here\nold\nPeter was a stoic\n",
        "Zeno was a Stoic\nold\nPeter was here\n",
        &["Stoic"],
    );
}

/// What each deleted in turn left two words of two people side by side.
#[test]
fn words_far_apart_are_not_glued_either() {
    let (text, _) = merged("\n\na\nb\n\n", "b\nf\n\na\n", "b\nf\nf\na\n\n");
    assert!(!text.contains("ff"), "{text:?}");
}

/// What both came to is one change, however each one's differences cut it.
#[test]
fn the_same_passage_is_the_same_however_it_came_about() {
    for (base, one, two) in [
        (
            "[[de:Rio]]\nThe Rio is long.\n",
            "[[de:Rio]] [[es:Rio]]\n\nThe Rio is long.\n",
            "[[de:Rio]] [[es:Rio]]\n\nThe R\u{ed}o is long.\n",
        ),
        (
            "A.\n[[Image:A|right]]\n\n=====Red=====\nRed text.\n\n===Blue===\n\n====More====\nB.\n",
            "A.\n\n===More===\nB.\n",
            "A. b\n\n===More===\nB.\n",
        ),
    ] {
        let (text, met) = merged(base, one, two);
        assert_eq!((text.as_str(), hidden(&met)), (two, Vec::new()));
    }
}

/// Where one version of a phrase is shown, no word of the other one stands in it: neither what both
/// put beside each other, nor what holds what the other one put.
#[test]
fn no_word_of_another_version_stands_in_a_phrase() {
    is_first_with_alternative(
        "1038 pages - x 4th Reprint\n",
        "1038 pages - butt face 4th Reprint\n",
        "1038 pages - Wesleyan University Press 1991, 4th Reprint\n",
        &["Wesleyan", "University Press 1991"],
    );
    is_first_with_alternative(
        "and [[Matamoras, Mexico|Matamoras]].\nOther towns.\n",
        "and [[Matamoros, Mexico|Matamoros]].\nOther towns.\n",
        "and [[Matamoros]], Mexico.  Other towns.\n",
        &["Matamoros]], Mexico."],
    );
    is_first_with_alternative(
        "\nHowdy i am here if you would like to know more look there.",
        "Howdy I am there if you like to know more look there kids",
        "{{redirect}}\n{{box\n| name = HI\n\n| image = x\n| caption = y\n}}\nA river.",
        &["{{redirect}}", "| caption = y"],
    );
}

/// The more somebody wrote anew, the less do a few words that stayed in it tell that what they did
/// beside these is another change.
#[test]
fn what_was_written_anew_goes_together_as_far_as_it_reaches() {
    let anew: String = (0..24).map(|at| format!("n{at} ")).collect();
    let old: String = (0..24).map(|at| format!("o{at} ")).collect();
    let stays: String = (0..40).map(|at| format!(" k{at}")).collect();
    let page = |of: &str, end: &str| format!("{of}the only thing that stays here{end}{stays}.\n");
    let one = page(&old.replace("o7 ", "seven ").replace("o19 ", "nineteen "), "");
    is_first_with_alternative(&page(&old, ""), &one, &page(&anew, ")"), &["n23", "here)"]);
    // Beside a word that was changed that is another one.
    let (text, met) = merged(
        "a blue sky over the only thing that stays here today\n",
        "a red sky over the only thing that stays here today\n",
        "a green sky over the only thing that stays here now\n",
    );
    let right = "a red sky over the only thing that stays here now\n";
    assert_eq!((text.as_str(), hidden(&met)), (right, vec!["green"]));
}

/// However much else there is: what was taken from one place and put to another is in one of them.
#[test]
fn what_was_moved_is_not_there_twice_among_many_changes() {
    let many = |to: &str| -> String {
        (0..80).map(|at| format!("Line {at} is about a {to} thing of some kind.\n\n")).collect()
    };
    let moved = " A number of groups in several lands take their ideas from a pamphlet.";
    let page = |king: &str, first: &str, lines: &str, last: &str| {
        let lines = many(lines);
        format!("It had {king}.{first} All of it is long ago.\n\n{lines}They vote.{last}\n")
    };
    let (base, one) = (page("kings", moved, "red", ""), page("queens", moved, "red", ""));
    let (text, met) = merged(&base, &one, &page("lords", "", "blue", moved));
    assert_eq!((&text, hidden(&met).len()), (&page("queens", moved, "blue", ""), 2));
}

/// An insertion stands next to what else its author changed there, whoever was first.
#[test]
fn an_insertion_stands_with_the_change_beside_it() {
    let base = "in the 1000 miles Texas border\n";
    let (one, two) =
        ("in the 1000 miles {{fact}} Texas border\n", "in the 2,019 km (1,254 mi) Texas border\n");
    let right = "in the 2,019 km (1,254 mi) {{fact}} Texas border\n";
    for (first, second) in [(one, two), (two, one)] {
        let (text, met) = merged(base, first, second);
        assert_eq!((text.as_str(), hidden(&met)), (right, Vec::new()));
    }
}

/// Nor do line ends of the other version.
#[test]
fn blank_lines_go_with_the_passage_that_they_end() {
    let law: String = (0..30).map(|at| format!("k{at} ")).collect();
    let page = |end: &str| format!("{law}law.{end}\n[[I]]\n");
    let long = page("  Within old lore, his vision of life without rule or fear is told.[u:b]");
    let (link, note) = (page(" \n\n[u:b]"), page(" {{ref|b}}\n"));
    is_first_with_alternative(&long, &link, &note, &["ref"]);
    is_first_with_alternative(&link, &note, &long, &["Within"]);
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

#[test]
fn of_what_came_and_went_again_it_is_told_by_whom() {
    let (base, long, short) = ("one\n", "one\ntwo\nthree\n", "one\nthree\n");
    let mut text = Text::from_text(base);
    text.merge(1, &Version::EMPTY, &diff::between(base, long)).expect("a change");
    text.merge(2, &Version::up_to(1), &diff::between(long, short)).expect("a change");
    let undone = |text: &mut Text, version| {
        let since = text.since(&version).expect("a version");
        since.undone.into_iter().map(|(put, by)| (put, Vec::from_iter(by))).collect::<Vec<_>>()
    };
    assert_eq!(undone(&mut text, Version::EMPTY), [(0, vec![1])]);
    // What was there only goes.
    assert_eq!(undone(&mut text, Version::up_to(1)), []);
    assert_eq!(undone(&mut text, Version::up_to(2)), []);
    // And what is there again came.
    text.set_suppressed(3, 1, true).expect("it is there");
    assert_eq!((undone(&mut text, Version::EMPTY), text.text()), (vec![], long));
    text.set_suppressed(4, 0, true).expect("it is there");
    assert_eq!((undone(&mut text, Version::EMPTY), text.text()), (vec![(0, vec![3])], base));
}

/// A line of a page, of few words, so that many are alike.
#[test]
fn what_is_written_below_a_line_stays_where_that_goes() {
    for (base, first, second, right) in [
        ("a\n", "a\nb ", "", "b "),
        ("a\n", "", "a\nb ", "b "),
        ("a\nb\n", "a\nb\nc", "a\n", "a\nc"),
        ("a\nb", "a\nb\nc", "a", "a\nc"),
        ("a\nb", "a", "a\nb\nc", "a\nc"),
        ("a\nb\n", "a\nb\nc", "b\nd\n", "b\nd\nc"),
    ] {
        let (text, met) = merged(base, first, second);
        assert_eq!((text.as_str(), hidden(&met)), (right, vec![]), "{base:?} {first:?} {second:?}");
    }
}

#[test]
fn who_decides_does_not_get_back_what_stands_elsewhere() {
    // The log had put `old` in front, and had taken it away where its author wrote it, with `own`.
    let base = "one\nnew \nold\nown ";
    let puts = Patch::builder().keep(4).insert("old\n\n").keep(4).delete(9).build();
    let first = puts.expect("a patch");
    let beside = Beside {
        yields: vec![BTreeSet::from([1])],
        decided: BTreeSet::from([0, 1]),
        again: vec![PutAgain { from: 9..13, to: 4 }],
        ..Beside::from(&first)
    };
    // Whose author then takes `own` back has kept `old`, which is there.
    let second = Patch::builder().keep(13).delete(4).build().expect("a patch");
    let made = merge(base, beside, &second);
    let before = first.apply(base).expect("a patch that fits").text;
    let after = made.patch.apply(&before).expect("a patch that fits").text;
    assert_eq!(after, "one\nold\n\nnew \n");
}

/// What others wrote around it may look as if the words that stayed were others.
#[test]
fn what_is_known_to_have_stayed_is_neither_gone_nor_new() {
    let base = "one red blue\nend\n";
    // `red ` is gone, three lines came, and `blue` and `end` are those of before.
    let all = "one white\nblack\nblue\ngreen\nend\n";
    let first = Patch::builder().delete(17).insert(all).build().expect("a patch");
    let second = Patch::builder().keep(8).insert("new\n").build().expect("a patch");
    for (gives_way, right) in [(false, all), (true, "one red new\nblue\ngreen\nend\n")] {
        let again = [(0..4, 0), (8..13, 16), (13..17, 27)];
        let again = again.map(|(from, to)| PutAgain { from, to }).to_vec();
        let made = merge(base, Beside { gives_way, again, ..Beside::from(&first) }, &second);
        assert_eq!(made.patch.apply(all).expect("a patch that fits").text, right);
    }
}

/// The second edit shows, but for what it had left as it was and the first one has elsewhere: be it
/// known, or not.
#[test]
fn what_shows_in_a_conflict_puts_nothing_again() {
    let lines =
        Patch::builder().keep(4).delete(8).keep(4).delete(4).insert("own \n\nsix\nten\nfin");
    let again = [(4..8, 13), (9..12, 18), (16..20, 21)];
    let again = again.map(|(from, to)| PutAgain { from, to }).to_vec();
    let right = "one\nnew\n\nend own \n\nsix\nten\nfin";
    let words = Patch::builder().delete(8).insert("ten\nsix").keep(1).delete(4);
    let words = words.insert("own \nnew all ");
    let cases = [
        ("one\n\nsix\ntenend \nfin", lines.build(), again, (5, "new\n"), right),
        ("red \nfir six ", words.build(), Vec::new(), (13, "end "), "ten\nsix own \nnew all "),
    ];
    for (base, first, again, (at, own), right) in cases {
        let first = first.expect("a patch");
        let second = Patch::builder().keep(at).insert(own).build().expect("a patch");
        let made = merge(base, Beside { gives_way: true, again, ..Beside::from(&first) }, &second);
        let page = first.apply(base).expect("a patch that fits").text;
        let after = made.patch.apply(&page).expect("a patch that fits").text;
        assert_eq!(after, right, "{page:?} {:?}", made.met);
    }
}

/// Words that stand elsewhere go there, whatever of what stood beside them goes along.
#[test]
fn words_that_are_elsewhere_are_deleted_there() {
    let base = "one\nred fir  oak elm";
    let first = Patch::builder().keep(3).delete(9).keep(8).insert("\nred fir ").build();
    let (first, page) = (first.expect("a patch"), "one oak elm\nred fir ");
    let cases = [
        // White space behind them,
        (4, "red fir  ", " ", "one oak elm\n"),
        // the end of the line before them, and more of it,
        (3, "\nred", "", "one oak elm\n fir "),
        (0, "one\nred", "", " oak elm\n fir "),
        // and words behind them.
        (8, "fir  oak", "", "one elm\nred  "),
    ];
    for (at, gone, came, right) in cases {
        let second = Patch::builder().keep(at).delete(gone.len() as u32).insert(came);
        let second = second.build().expect("a patch");
        let again = vec![PutAgain { from: 3..12, to: 11 }];
        let beside = Beside { again, ..Beside::from(&first) };
        let made = merge(base, beside, &second);
        let after = made.patch.apply(page).expect("a patch that fits").text;
        assert_eq!((after.as_str(), hidden(&made.met)), (right, vec![]), "{gone:?} {came:?}");
    }
}

/// Also where what stood behind them stayed, and both went and came with it.
#[test]
fn words_that_are_behind_what_stood_behind_them_are_changed_there() {
    let base = "oak ash red fir ";
    let first = Patch::builder().keep(8).delete(8).insert("elm fir red ").build();
    let first = first.expect("a patch");
    let page = "oak ash elm fir red ";
    let cases = [
        (8, "red ", "", "oak ash elm fir "),
        (8, "red", "yew", "oak ash elm fir yew "),
        (12, "fir ", "", "oak ash elm red "),
        (8, "red fir ", "", "oak ash elm "),
        (4, "ash red ", "", "oak elm fir "),
    ];
    for (at, gone, came, right) in cases {
        let second = Patch::builder().keep(at).delete(gone.len() as u32).insert(came);
        let second = second.build().expect("a patch");
        let mut again = [(8..12, 16), (12..16, 12)].map(|(from, to)| PutAgain { from, to });
        for _ in 0..2 {
            again.reverse();
            let beside = Beside { again: again.to_vec(), ..Beside::from(&first) };
            let made = merge(base, beside, &second);
            let after = made.patch.apply(page).expect("a patch that fits").text;
            assert_eq!((after.as_str(), hidden(&made.met)), (right, vec![]), "{gone:?} {came:?}");
        }
    }
}

/// A line goes where it is, or not at all: a version of what stands where it was would take away
/// what others have put there, or would say nothing of it.
#[test]
fn a_line_that_is_elsewhere_with_more_in_it_is_changed_there_or_not_at_all() {
    let base = "one\nten\nsix\ntwo\n";
    let puts = Patch::builder().keep(4).insert("six\nnine two\n").keep(4).delete(8);
    let first = puts.insert("eight\n").build().expect("a patch");
    let page = "one\nsix\nnine two\nten\neight\n";
    let again = [(8..12, 4), (12..16, 13)].map(|(from, to)| PutAgain { from, to }).to_vec();
    let cases = [("", 8..17, ""), ("new ", 12..21, ""), ("", 8..17, "oak elm ash\n")];
    for (front, at, line) in cases {
        let second = Patch::builder().insert(front).keep(12).delete(4).insert(line);
        let second = second.build().expect("a patch");
        let beside = Beside { again: again.clone(), ..Beside::from(&first) };
        let made = merge(base, beside, &second);
        let after = made.patch.apply(page).expect("a patch that fits").text;
        assert_eq!(after, format!("{front}{page}"));
        let outcome = Outcome::Hidden(line.to_owned());
        let right = Met { base: 12..16, range: at, outcome, elsewhere: None };
        assert_eq!(made.met, [right]);
        // Which hunk it is.
        assert_eq!(made.decided, [u32::from(!front.is_empty())]);
    }
}

/// What somebody put at the end of words that a view ran together with others, or in front of them,
/// is of what is told.
#[test]
fn what_is_put_beside_words_that_are_run_together_is_told_with_them() {
    for (base, gone, (at, put), told) in [
        ("oakelm\n", 3..7, (7, "\nfir "), "elm\n\nfir "),
        ("oakelmash\n", 3..6, (6, "fir"), "elmfir"),
        ("oakelmash\n", 3..6, (3, "fir"), "firelm"),
    ] {
        let first = Patch::builder().keep(gone.start).delete(gone.end - gone.start);
        let first = first.insert("\nyew\n\n").build().expect("a patch");
        let second = Patch::builder().keep(at).insert(put).build().expect("a patch");
        let hides = BTreeSet::from([0]);
        let beside = Beside { hides: hides.clone(), decided: hides, ..Beside::from(&first) };
        let made = merge(base, beside, &second);
        assert_eq!(hidden(&made.met), [told], "{base:?} {:?}", made.met);
    }
}

fn line() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        4 => "[a-e]{1,3}",
        1 => Just("漢字".to_owned()),
        1 => Just("👩\u{200d}👧🇩🇪".to_owned()),
        1 => Just("café,".to_owned()),
    ];
    let mark = prop_oneof![4 => Just(""), 1 => Just("* "), 1 => Just("|-"), 1 => Just("# ")];
    (mark, prop::collection::vec(word, 0..5))
        .prop_map(|(mark, words)| format!("{mark}{}", words.join(" ")))
}

/// What a person does to a page.
#[derive(Clone, Debug)]
enum Act {
    Word(prop::sample::Index, prop::sample::Index, String),
    Line(prop::sample::Index, String),
    Delete(prop::sample::Index, usize),
    Move(prop::sample::Index, prop::sample::Index),
}

fn act() -> impl Strategy<Value = Act> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        3 => (at(), at(), "[f-h]{0,2}|[f-h]{1,2} [f-h]").prop_map(|(l, w, t)| Act::Word(l, w, t)),
        2 => (at(), line()).prop_map(|(l, text)| Act::Line(l, text)),
        1 => (at(), 1usize..3).prop_map(|(l, many)| Act::Delete(l, many)),
        1 => (at(), at()).prop_map(|(from, to)| Act::Move(from, to)),
    ]
}

fn edited(lines: &[String], acts: &[Act], end: bool) -> String {
    let mut lines = lines.to_vec();
    for act in acts {
        match act {
            Act::Word(at, word, text) if !lines.is_empty() => {
                let at = at.index(lines.len());
                let line = &mut lines[at];
                let mut words: Vec<&str> = line.split(' ').collect();
                let word = word.index(words.len());
                words[word] = text;
                words.retain(|word| !word.is_empty());
                *line = words.join(" ");
            }
            Act::Line(at, text) => lines.insert(at.index(lines.len() + 1), text.clone()),
            Act::Delete(at, many) if !lines.is_empty() => {
                let at = at.index(lines.len());
                lines.drain(at..(at + many).min(lines.len()));
            }
            Act::Move(from, to) if !lines.is_empty() => {
                let line = lines.remove(from.index(lines.len()));
                lines.insert(to.index(lines.len() + 1), line);
            }
            _ => {}
        }
    }
    lines.join("\n") + if end { "\n" } else { "" }
}

/// A page and what two made of it; they often do the same.
fn saves() -> impl Strategy<Value = [String; 3]> {
    let acts = || prop::collection::vec(act(), 0..3);
    let lines = prop::collection::vec(line(), 0..8);
    (lines, acts(), acts(), acts(), any::<[bool; 3]>()).prop_map(|(lines, both, one, two, ends)| {
        let acts = [Vec::new(), [both.clone(), one].concat(), [both, two].concat()];
        [0, 1, 2].map(|who| edited(&lines, &acts[who], ends[who]))
    })
}

fn words(text: &str) -> BTreeSet<&str> {
    text.unicode_words().collect()
}

/// Cases: `PROPTEST_CASES`, or some thousands.
#[test]
fn what_is_written_at_a_line_that_became_another_one_is_of_that_line() {
    for (base, one, two, other) in [
        ("|-\n| a b\n", "same line\n| a b\n", "|- style\n| a b\n", "|- style"),
        ("* the river\nb\n", "a hill\nb\n", "* the river bends\nb\n", "* the river bends"),
        ("elm\nb\nc\n👍🏽\n", "👍🏽\nb\nc\n", "a elm\nb\nc\n👍🏽\n", "a elm"),
        ("b\n\na\n\nelm\n* 12\n", "\na\n\nb\n* 12\n", "b\n\na\n\nelm of\n12\n", "elm of\n"),
        // The end of the text ends a line, too.
        ("x\n\na", "x\nmore\na", "x\n", ""),
    ] {
        let (text, met) = merged(base, one, two);
        assert_eq!((text.as_str(), &hidden(&met)[..]), (one, &[other][..]));
    }
}

#[test]
fn two_who_write_into_one_empty_line_each_have_a_line() {
    for (base, one, two, right) in [
        ("a\n\nb\n", "a\nelm \nb\n", "a\noak\nb\n", "a\nelm \noak\nb\n"),
        ("a\n\n", "a\nelm \nfir\n", "a\n oak\n", "a\nelm \nfir\n oak\n"),
    ] {
        assert_eq!(merged(base, one, two).0, right);
    }
}

#[test]
fn a_line_that_both_moved_is_not_what_one_of_them_put_in_its_place() {
    let (base, one) = ("a a\nb\n\n* \n\n", "b\n\n\na a\n* \n\n");
    let (text, _) = merged(base, one, &format!("* \n{one}"));
    assert_eq!(text.lines().filter(|line| *line == "a a").count(), 1, "{text:?}");
}

#[test]
fn who_takes_both_copies_elsewhere_does_not_leave_one() {
    let base = "w3 12\n\nw1\na 12 🇩🇪a 12 🇩🇪";
    let (text, met) = merged(base, "w3 12\nw1\na b 12 🇩🇪", "a 12 🇩🇪\n w4\nw1");
    assert_eq!(text.matches("🇩🇪").count(), 1, "{text:?} {met:?}");
}

#[test]
fn what_is_added_below_the_last_line_of_a_moved_block_goes_along() {
    let (a, b) = ("== A ==\nQuestion?\n", "== B ==\nOther?\n");
    let (base, moved) = (format!("{a}\n{b}"), format!("{b}\n{a}"));
    let answered = format!("{a}: Answer.\n\n{b}");
    for (one, two) in [(&moved, &answered), (&answered, &moved)] {
        let (text, met) = merged(&base, one, two);
        assert_eq!((text, hidden(&met)), (format!("{moved}: Answer.\n"), vec![]));
    }
}

/// A section's last paragraph goes where the section does; a section that is put behind it stays.
#[test]
fn a_paragraph_stays_in_its_section() {
    let (a, b, c) = ("== A ==\nAlpha.\n", "== B ==\nBeta.\n", "== C ==\nGamma.\n");
    let sections = |of: [&str; 3]| of.join("\n");
    let (base, more) = (sections([a, b, c]), "\nMore of alpha.\n");
    for moved in [[b, a, c], [b, c, a], [c, a, b]] {
        let longer = sections([&format!("{a}{more}"), b, c]);
        let right = sections(moved).replace(a, &format!("{a}{more}"));
        for (one, two) in [(sections(moved), longer.clone()), (longer, sections(moved))] {
            let (text, met) = merged(&base, &one, &two);
            assert_eq!((text.as_str(), hidden(&met)), (right.as_str(), vec![]));
        }
    }
    let new = sections([a, "== D ==\nDelta.\n", &sections([b, c, ""])]);
    let (text, _) = merged(&base, &sections([b, a, c]), new.trim_end());
    assert!(text.starts_with("== D ==\nDelta.\n\n== B ==\n"), "{text:?}");
}

/// The end of a section is where the next one is put, too: a reply at that place is of the first.
#[test]
fn a_reply_stands_before_the_section_that_another_adds_below() {
    for (base, reply, section, both) in [
        ("== A ==\nHi.\n", ":Yes.\n", "\n== B ==\nWho?\n", ":Yes.\n\n== B ==\nWho?\n"),
        ("== A ==\nHi.\n", ":Yes.", "\n== B ==\nWho?", ":Yes.\n\n== B ==\nWho?"),
        ("== A ==\nHi.", "\n:Yes.", "\n\n== B ==\nWho?", "\n:Yes.\n\n== B ==\nWho?"),
        ("# A\n\nHi.\n", "\nYes.\n", "\n## B\n\nWho?\n", "\nYes.\n\n## B\n\nWho?\n"),
        (
            "== A ==\nHi.\n",
            "Yes.\n== C ==\nI.\n",
            "== B ==\nI.\n",
            "Yes.\n== B ==\nI.\n== C ==\nI.\n",
        ),
    ] {
        let with = |more: &str| format!("{base}{more}");
        let (text, met) = merged(base, &with(section), &with(reply));
        assert_eq!((text, hidden(&met)), (with(both), vec![]));
        if !reply.contains("==") {
            let (text, met) = merged(base, &with(reply), &with(section));
            assert_eq!((text, hidden(&met)), (with(both), vec![]));
        }
    }
    // So it is above what follows.
    let [base, reply, section] = [
        "== A ==\nHi.\n\n== Z ==\nEnd.\n",
        "== A ==\nHi.\n:Yes.\n\n== Z ==\nEnd.\n",
        "== A ==\nHi.\n\n== B ==\nWho?\n\n== Z ==\nEnd.\n",
    ];
    let both = "== A ==\nHi.\n:Yes.\n\n== B ==\nWho?\n\n== Z ==\nEnd.\n";
    for (one, two) in [(reply, section), (section, reply)] {
        assert_eq!(merged(base, one, two).0, both);
    }
}

/// What is added behind a sentence, an item or a source that ends alike is another one: what
/// somebody else changes in that stays there. So with what is taken away.
#[test]
fn a_correction_stays_with_what_it_corrects() {
    for (base, more, mended, right) in [
        (
            "Robb is dead.",
            "Robb is dead and Cat is dead.",
            "Robb is alive.",
            "Robb is alive and Cat is dead.",
        ),
        ("Robb died.", "Robb died. Cat died.", "Robb was killed.", "Robb was killed. Cat died."),
        (
            "Robb died. End.",
            "Robb fought. Robb died. End.",
            "Bran died. End.",
            "Robb fought. Bran died. End.",
        ),
        (
            "[[Robb]] (son), [[Bran]] (son)",
            "[[Robb]] (son), [[Bran]] (son), [[Rickon]] (son)",
            "[[Robb]] (son), [[Bran]] (heir)",
            "[[Robb]] (son), [[Bran]] (heir), [[Rickon]] (son)",
        ),
        (
            "Robb died.<ref>HBO</ref>",
            "Robb died.<ref>HBO</ref> Cat died.<ref>HBO</ref>",
            "Robb died.<ref>AMC</ref>",
            "Robb died.<ref>AMC</ref> Cat died.<ref>HBO</ref>",
        ),
        ("他死了。", "他死了。她死了。", "他活着。", "他活着。她死了。"),
    ] {
        for (one, two) in [(more, mended), (mended, more)] {
            let (text, met) = merged(base, one, two);
            assert_eq!((text.as_str(), hidden(&met)), (right, vec![]));
        }
    }
    for (base, mended, less) in [
        ("Robb died. Cat died.", "Robb died. Cat was killed.", "Robb died."),
        ("Robb (dead), Arya (alive)", "Robb (dead), Arya (missing)", "Robb (dead)"),
        (
            "Robb died.<ref>HBO</ref> Cat died.<ref>HBO</ref>",
            "Robb died.<ref>HBO</ref> Cat died.<ref>AMC</ref>",
            "Robb died.<ref>HBO</ref>",
        ),
    ] {
        let (text, met) = merged(base, less, mended);
        assert_eq!((text.as_str(), hidden(&met).len()), (less, 1));
        let (text, met) = merged(base, mended, less);
        assert_eq!((text.as_str(), hidden(&met).len()), (mended, 1));
    }
}

/// What two put around something, and what they put beside that, is there whole: no half of it.
#[test]
fn no_half_of_a_pair_of_signs_stands_alone() {
    for (base, one, two) in [
        (
            "Robb is king in the North.",
            "Robb is [[king]] in the North.",
            "Robb is [[king in the North]].",
        ),
        ("Robb Stark is king.", "'''Robb Stark''' is king.", "'''Robb Stark is king'''."),
        ("Robb Stark died.", "[[Robb]] Stark died.", "[[Robb Stark]] died."),
        ("Robb died.", "[[Robb]] died.", "[[Robb Stark|Robb]] died."),
        ("To [[Twins]].", "To [[The Twins|Twins]].", "To [[Twins|the Twins]]."),
        ("He said bye and left.", "He said \"bye\" and left.", "He said \"bye and left\"."),
    ] {
        for (one, two) in [(one, two), (two, one)] {
            let (text, met) = merged(base, one, two);
            assert_eq!((text.as_str(), hidden(&met).len()), (one, 1));
        }
    }
    for (base, one, two, right) in [
        (
            "Killed at Dun.",
            "Killed at [[Dun]].",
            "Killed at Dun in [[Trent]].",
            "Killed at [[Dun]] in [[Trent]].",
        ),
        (
            "Winter came.",
            "{{quote|Winter came.}}",
            "Winter came. So.",
            "{{quote|Winter came.}} So.",
        ),
        (
            "x Robb of y",
            "x [[Robb Stark|Robb]] of y",
            "x Robb Stark of y",
            "x [[Robb Stark|Robb]] of y",
        ),
        ("{{a|b=1}}", "{{a|b=1|c=2}}", "{{a|d=3|b=1}}", "{{a|d=3|b=1|c=2}}"),
    ] {
        for (one, two) in [(one, two), (two, one)] {
            let (text, met) = merged(base, one, two);
            assert_eq!((text.as_str(), hidden(&met)), (right, vec![]));
        }
    }
}

/// Two pairs that cross are none, and of some signs one within the other is none, either: the page
/// has one pair, and who takes the other version has that one, whole.
#[test]
fn of_two_pairs_of_signs_that_cannot_both_be_one_stands_whole() {
    let base = "He is the king of all.";
    let around = |[open, close]: [&str; 2], words: &str| {
        base.replacen(words, &[open, words, close].concat(), 1)
    };
    let signs = [
        ["[[", "]]"],
        ["[", "](u)"],
        ["{{", "}}"],
        ["(", ")"],
        ["'''", "'''"],
        ["''", "''"],
        ["\"", "\""],
        ["“", "”"],
        ["**", "**"],
        ["*", "*"],
        ["__", "__"],
        ["_", "_"],
        ["`", "`"],
        ["[[King|", "]]"],
    ];
    let only_one = |one: &str, two: &str| {
        let (text, met) = merged(base, one, two);
        assert_eq!((text.as_str(), hidden(&met).len()), (one, 1), "{two}");
        let [Met { range, outcome: Outcome::Hidden(other), .. }] = &met[..] else {
            panic!("{one} {two} {met:?}")
        };
        let mut used = text;
        used.replace_range(range.start as usize..range.end as usize, other);
        assert_eq!(used, two, "{one}");
    };
    for (one, two) in signs.iter().flat_map(|one| signs.iter().map(move |two| (*one, *two))) {
        let (first, second) = (around(one, "the king"), around(two, "king of all"));
        only_one(&first, &second);
        only_one(&second, &first);
    }
    let within = [["[[", "]]"], ["'''", "'''"], ["\"", "\""], ["`", "`"]];
    for sign in within {
        let (first, second) = (around(sign, "the king of all"), around(sign, "king"));
        only_one(&first, &second);
        only_one(&second, &first);
    }
    // So is one of which an end was moved.
    let (base, less) = ("x '''the king of all'''.", "x '''the king''' of all.");
    let link = "x '''the [[king of all]]'''.";
    for (one, two) in [(less, link), (link, less)] {
        let (text, met) = merged(base, one, two);
        assert_eq!((text.as_str(), hidden(&met).len()), (one, 1));
    }
}

/// One within the other may be, and so may two beside each other.
#[test]
fn pairs_of_signs_that_do_not_cross_stand_both() {
    for (base, one, two, right) in [
        (
            "So the king of all.",
            "So '''the king of all'''.",
            "So the [[king]] of all.",
            "So '''the [[king]] of all'''.",
        ),
        (
            "So the king of all.",
            "So (the king of all).",
            "So the (king) of all.",
            "So (the (king) of all).",
        ),
        ("So a b c d.", "So ''a'' b c d.", "So a b c ''d''.", "So ''a'' b c ''d''."),
        ("[[a b]] c d\n", "a b c d\n", "[[a b]] ''c d''\n", "a b ''c d''\n"),
        ("a b\nc d\n", "\"a b\nc d\n", "a \"b\"\nc \"d\n", "\"a \"b\"\nc \"d\n"),
    ] {
        for (one, two) in [(one, two), (two, one)] {
            let (text, met) = merged(base, one, two);
            assert_eq!((text.as_str(), hidden(&met)), (right, vec![]));
        }
    }
}

/// What means something within a link or a template alone is not left without it.
#[test]
fn a_part_of_a_link_stands_and_falls_with_it() {
    for (base, labelled, plain, told) in [
        ("of [[Robb Stark]].\n", "of [[Robb Stark|Robb]].\n", "of Robb Stark.\n", "|Robb]]"),
        (
            "See [[A Song of Ice and Fire]] now.\n",
            "See [[A Song of Ice and Fire|the books]] now.\n",
            "See A Song of Ice and Fire now.\n",
            "|the books]]",
        ),
        ("x {{cite|a}} y\n", "x {{cite|a|b=1}} y\n", "x cite a y\n", "|b=1}}"),
    ] {
        is_first_with_alternative(base, plain, labelled, &[told]);
        let (text, met) = merged(base, labelled, plain);
        assert_eq!((text.as_str(), hidden(&met).len()), (labelled, 1));
    }
    // A word of it is corrected whether it is a link or not.
    let (text, _) = merged("of [[Rob Stark]].\n", "of Rob Stark.\n", "of [[Robb Stark]].\n");
    assert_eq!(text, "of Robb Stark.\n");
}

#[test]
fn whole_lines_stand_before_what_is_written_into_the_line_behind_them() {
    let base = "Intro.\nRobb died.\n";
    let (one, two) = ("Intro.\n\n== Death ==\nRobb died.\n", "Intro.\nKing Robb died.\n");
    for (one, two) in [(one, two), (two, one)] {
        assert_eq!(merged(base, one, two).0, "Intro.\n\n== Death ==\nKing Robb died.\n");
    }
}

#[test]
fn what_is_written_behind_the_full_stop_of_a_line_that_became_another_is_of_that() {
    let base = "Nothing is known yet.\n";
    let (one, two) = ("Something entirely other came.\n", "Nothing is known yet. So sorry!\n");
    let (text, met) = merged(base, one, two);
    assert_eq!((text.as_str(), &hidden(&met)[..]), (one, &["Nothing is known yet. So sorry!"][..]));
}

#[test]
fn what_is_written_into_a_row_stays_in_it_where_that_trades_places_with_a_symbol() {
    for (base, one, two, right) in [
        ("| 👍🏽\n|-\n", "| 👍🏽\na |-\n", "|-\n| 👍🏽\n", "a |-\n| 👍🏽\n"),
        ("| 👍🏽\n|-\n\n", "| 👍🏽\n|- a\n\n", "|-\n\n| 👍🏽\n\n", "|- a\n\n| 👍🏽\n\n"),
    ] {
        for (first, second) in [(one, two), (two, one)] {
            assert_eq!(merged(base, first, second).0, right);
        }
    }
}

fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig { cases: default.cases.max(4_000), ..default }
}

proptest! {
    #![proptest_config(config())]

    /// Who alone changed something, or the same as the other, has it.
    #[test]
    fn one_edit_beside_none_or_itself_is_that_edit([base, one, _] in saves()) {
        prop_assert_eq!(&merged(&base, &one, &one).0, &one);
        prop_assert_eq!(&merged(&base, &base, &one).0, &one);
        prop_assert_eq!(&merged(&base, &one, &base).0, &one);
    }

    /// No word stands there that nobody wrote, and none is gone that somebody inserted, unless an
    /// alternative has it.
    #[test]
    fn every_word_is_somebodys_and_none_is_lost([base, one, two] in saves()) {
        let (text, met) = merged(&base, &one, &two);
        let texts = [&base, &one, &two];
        let written: BTreeSet<&str> = texts.into_iter().flat_map(|text| words(text)).collect();
        let there = words(&text);
        let glued: Vec<_> = there.difference(&written).collect();
        prop_assert!(glued.is_empty(), "{:?} in {:?}", glued, text);
        let others = hidden(&met);
        let mut told = there.clone();
        told.extend(others.iter().flat_map(|text| words(text)));
        for (of, kept) in [(&one, &there), (&two, &told)] {
            let patch = diff::between(&base, of);
            let inserted: BTreeSet<&str> = patch.edits().flat_map(|edit| words(edit.2)).collect();
            // What an edit's differences begin or end within is no word of it; and which of several
            // that are alike it inserted, differences cannot say.
            let mut lost: BTreeSet<&str> = inserted.intersection(&words(of)).copied().collect();
            lost.retain(|word| !kept.contains(word) && !words(&base).contains(word));
            prop_assert!(lost.is_empty(), "{:?} of {:?} in {:?} {:?}", lost, of, text, met);
        }
    }

    /// A line that somebody added as a line stands there as one, unless an alternative has it.
    #[test]
    fn whole_lines_survive(
        [base, one, two] in saves(),
        at in any::<prop::sample::Index>(),
        first in any::<bool>(),
    ) {
        let base = if base.ends_with('\n') || base.is_empty() { base } else { base + "\n" };
        let mut lines: Vec<&str> = base.lines().collect();
        lines.insert(at.index(lines.len() + 1), "zebra of one line");
        let added = lines.join("\n") + "\n";
        let other = if first { &one } else { &two };
        let (text, met) = merged(&base, &added, other);
        prop_assert!(text.lines().any(|line| line == "zebra of one line"), "{:?}", text);
        let (text, met_second) = merged(&base, other, &added);
        let told = hidden(&met_second).concat();
        let there = |text: &str| text.lines().any(|line| line == "zebra of one line");
        prop_assert!(there(&text) || there(&told), "{:?} {:?} {:?}", text, met_second, met);
    }
}

/// Who takes lines away beside one that they take elsewhere is told of both where that is not
/// shown, and whoever chooses the one does not do the other unasked.
#[test]
fn what_goes_beside_lines_that_are_taken_elsewhere_is_told_by_itself() {
    let yew = "one two six\nten\nfir elm\nyew\nend\n";
    let to_yew = "fir elm\none two six\nend\n";
    let cases = [
        // The lines are there, or there is only what was to go with them.
        (
            yew,
            "one two six\nten oak\nfir elm\nyew\nend\n",
            to_yew,
            vec![("ten oak\n", ""), ("yew", "one two six")],
        ),
        (
            "w1q\nw2q w3q w4q w5q w6q w7q\nw8q\nw9q\nw10q\nw11q w12q\nw13q ",
            "w1q\nw2q w14q w3q w4q w5q w6q w7q\nw8q\nw10q\nw11q w12q\nw13q ",
            "w1q\nw15q\nw2q w3q w4q w5q w6q w9q\nw10q\nw11q w12q\nw13q ",
            vec![("w7q", "w9q"), ("w8q\n", "")],
        ),
    ];
    for (base, first, second, told) in cases {
        let (text, met) = merged(base, first, second);
        assert_eq!(text.replace("w15q\n", ""), first);
        let hidden = met.iter().map(|met| match &met.outcome {
            Outcome::Hidden(other) => {
                (&text[met.range.start as usize..met.range.end as usize], other.as_str())
            }
            other => panic!("{other:?}"),
        });
        assert_eq!(hidden.collect::<Vec<_>>(), told, "of {base:?}");
    }
}
