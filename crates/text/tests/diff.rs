//! Whole-page saves into edits, and edits carried onto other texts.
//!
//! `PROPTEST_CASES` sets how many inputs each property sees.

use proptest::prelude::*;
use redwedding_text::diff::{BY_WORDS, between, between_by};
use redwedding_text::{FitError, Hunk, Patch, PatchError, map_through};

fn hunks(patch: &Patch) -> Vec<(u32, u32, &str)> {
    patch.edits().collect()
}

/// Pages of few different words and lines, so that much is repeated.
fn page() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        Just("the"),
        Just("cat"),
        Just(" "),
        Just(" "),
        Just("\n"),
        Just("über"),
        Just("漢"),
        Just("字"),
        Just("😀"),
        Just("."),
        Just("\r\n"),
        Just("== A ==\n"),
        Just("a"),
    ];
    prop::collection::vec(token, 0..60).prop_map(|tokens| tokens.concat())
}

/// Byte places where words, spaces and lines may be cut.
fn word_places(text: &str) -> Vec<usize> {
    let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let space = |c: Option<char>| c.is_some_and(char::is_whitespace);
    let cut = |&at: &usize| {
        let (before, after) = (text[..at].chars().next_back(), text[at..].chars().next());
        !(word(before) && word(after) || space(before) && space(after))
    };
    (0..=text.len()).filter(|&at| text.is_char_boundary(at)).filter(cut).collect()
}

fn config() -> ProptestConfig {
    let given = std::env::var("PROPTEST_CASES").is_ok();
    let default = ProptestConfig::default();
    ProptestConfig { cases: if given { default.cases } else { 1000 }, ..default }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_edit_leads_to_what_was_saved(old in page(), new in page()) {
        let patch = between(&old, &new);
        let applied = patch.apply(&old).expect("it fits");
        prop_assert_eq!(&applied.text, &new);
        prop_assert_eq!(patch.undo(&new, &applied.removed), Ok(old.clone()));
        prop_assert_eq!(patch.is_empty(), old == new);
        prop_assert_eq!(Patch::new(patch.hunks().to_vec(), patch.inserted().to_owned()), Ok(patch));
    }

    #[test]
    fn any_texts_will_do(old in "\\PC{0,40}|[ab\n]{0,60}", new in "\\PC{0,40}|[ab\n]{0,60}") {
        prop_assert_eq!(between(&old, &new).apply(&old).expect("it fits").text, new);
    }

    #[test]
    fn an_inserted_word_deletes_nothing(
        old in page(),
        place in any::<prop::sample::Index>(),
        line: bool,
    ) {
        let places = word_places(&old);
        let at = places[place.index(places.len())];
        let joins = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let (before, after) = old.split_at(at);
        let word = match (line, joins(before.chars().next_back()) || joins(after.chars().next())) {
            (true, _) => "\nneu\n",
            (false, true) => "-",
            (false, false) => "neu",
        };
        let new = format!("{before}{word}{after}");
        let patch = between(&old, &new);
        // A full stop between letters is inside a word, which the line then cuts in two.
        let cuts = before.ends_with('.') || after.starts_with('.');
        prop_assert!(cuts || patch.hunks().len() == 1, "{patch:?}");
        // White space next to white space is one token, so a line there may replace it.
        let spaces = |c: Option<char>| c.is_some_and(char::is_whitespace);
        let merges = line && (spaces(before.chars().next_back()) || spaces(after.chars().next()));
        prop_assert!(merges || cuts || patch.deleted_len() == 0, "{patch:?}");
    }

    #[test]
    fn an_appended_line_deletes_nothing(old in page()) {
        let old = format!("{old}\n");
        let patch = between(&old, &format!("{old}one more line\n"));
        prop_assert_eq!(patch.deleted_len(), 0);
    }

    /// Carrying an edit back and forth over a pure insertion gives the edit itself.
    #[test]
    fn an_edit_of_kept_text_survives_transposition(
        text in page(),
        at in any::<prop::sample::Index>(),
        new in page(),
    ) {
        let edit = between(&text, &new);
        let places = word_places(&text);
        let start = places[at.index(places.len())] as u32;
        // A is the text with something more; B is the text.
        let longer = Patch::builder().keep(start).insert("[more]").build().expect("short");
        let a = longer.apply(&text).expect("it fits");
        let to_b = longer.inverse("").expect("short");
        let on_a = map_through(&edit, &to_b);
        prop_assert_eq!(on_a.inserted(), edit.inserted());
        prop_assert_eq!(on_a.deleted_len(), edit.deleted_len());
        let edited = on_a.apply(&a.text).expect("it fits A").text;
        prop_assert_eq!(edited.replacen("[more]", "", 1), new);
    }

    #[test]
    fn a_transposed_edit_fits_and_keeps_insertions(a in page(), b in page(), new in page()) {
        let edit = between(&b, &new);
        let on_a = map_through(&edit, &between(&a, &b));
        prop_assert!(on_a.apply(&a).is_ok());
        prop_assert_eq!(on_a.inserted(), edit.inserted());
        prop_assert!(on_a.deleted_len() <= edit.deleted_len());
    }
}

#[test]
fn only_the_changed_words_are_touched() {
    let old = "The cat sat.\nA dog ran away.\nNothing here.\n";
    let new = "The black cat sat.\nA dog walked away.\nNothing here.\nThe end.\n";
    let patch = between(old, new);
    assert_eq!(hunks(&patch), [(4, 0, "black "), (19, 3, "walked"), (43, 0, "The end.\n")]);
}

#[test]
fn a_rewritten_phrase_is_changed_word_by_word() {
    let patch = between("a quick brown fox\nx\ny", "a slow red fox\nx\nz");
    assert_eq!(hunks(&patch), [(2, 5, "slow"), (8, 5, "red"), (20, 1, "z")]);
}

/// The text that an edit was made on has words that the other lacks: they stay out.
#[test]
fn what_an_edit_keeps_is_not_carried_over() {
    let (ours, stored) = ("tin\nlead iron zinc ", "gold tin\nlead iron silver copper zinc ");
    let edit = between_by(BY_WORDS, stored, "gold lead iron nickel\nsilver copper zinc ");
    let carried = map_through(&edit, &between(ours, stored));
    let text = carried.apply(ours).expect("it fits").text;
    assert_eq!(text, "lead iron nickel\nzinc ");
}

/// Where a word and what stands between words cannot both stay: what others do to the word is done
/// to it.
#[test]
fn words_outweigh_the_spaces_and_signs_between_them() {
    for (one, other, stays) in [
        ("iron tin", "gold iron", "iron"),
        ("iron, tin", "gold, iron", "iron"),
        ("x [iron] tin y", "x gold [iron] y", "iron"),
        ("iron]], tin", "gold]], iron", "iron"),
        ("| iron || tin\n", "| gold || iron\n", "iron"),
        ("a - iron", "iron - b", "iron"),
        ("== A ==\n* iron: tin\n", "== A ==\n* gold: iron\n", "iron"),
        ("über ä", "ö über", "über"),
        ("漢, 字", "東, 漢", "漢"),
        ("👩‍👩‍👧 👍🏽", "🎉 👩‍👩‍👧", "👩‍👩‍👧"),
    ] {
        for (old, new) in [(one, other), (other, one)] {
            let patch = between(old, new);
            let at = old.find(stays).expect("a word");
            let kept =
                |(from, gone, _)| (from + gone) as usize <= at || at + stays.len() <= from as usize;
            let stays = patch.edits().all(kept);
            assert!(stays, "{old:?} to {new:?}: {:?}", hunks(&patch));
        }
    }
}

#[test]
fn a_word_is_not_kept_in_place_of_others() {
    let patch = between("the big red cat sat", "cat the big red sat");
    assert_eq!(hunks(&patch), [(0, 0, "cat "), (12, 4, "")]);
}

/// So what others do to the words that stay is done to them.
#[test]
fn of_lines_that_were_joined_or_split_the_words_stay() {
    let (apart, one) = ("iron tin\nlead zinc\ngold ", "iron lead zinc gold silver ");
    for (old, new) in [(apart, one), (one, apart)] {
        let patch = between(old, new);
        for word in ["iron", "lead", "zinc", "gold"] {
            let at = old.find(word).expect("a word") as u32;
            let stays = |(from, deleted, _)| from + deleted <= at || at + word.len() as u32 <= from;
            assert!(patch.edits().all(stays), "{word} of {old:?}: {:?}", hunks(&patch));
        }
    }
}

#[test]
fn words_that_went_along_with_lines_bring_nothing() {
    let patch = between("a\nw12 w8\nw6\nw5 w1\n\nb\n", "a\nw12 w5 w1\n\nb\n");
    assert_eq!(hunks(&patch), [(6, 6, "")]);
}

/// The end of a text ends its last line: that is taken elsewhere as a line, not as its words.
#[test]
fn the_last_line_is_one_without_an_end() {
    let (old, new) = ("x\n| \nx\n| elm oak", "x\n| elm oak\nx\n| \nx");
    assert_eq!(hunks(&between(old, new)), [(2, 0, "| elm oak\nx\n"), (6, 10, "")]);
    assert_eq!(hunks(&between("one\ntwo", "two\none")), [(0, 4, ""), (7, 0, "\none")]);
    assert_eq!(hunks(&between("one\ntwo", "one")), [(3, 4, "")]);
    assert_eq!(hunks(&between("one\ntwo\nsix", "one\nten")), [(4, 7, "ten")]);
    assert_eq!(hunks(&between("one", "two\nsix")), [(0, 3, "two\nsix")]);
    assert_eq!(hunks(&between("one\ntwo", "two")), [(0, 4, "")]);
}

#[test]
fn scripts_without_spaces_change_by_the_character() {
    let patch = between("東京都は大きい", "東京は大きい。");
    assert_eq!(hunks(&patch), [(6, 3, ""), (21, 0, "。")]);
}

#[test]
fn far_apart_edits_of_a_long_page_stay_apart() {
    let old: String = (0..20_000).map(|line| format!("line {line} of the page\n")).collect();
    let new = old.replace("line 77 of", "line 77 in").replace("line 19000 of", "line 19000 on");
    let patch = between(&old, &new);
    let words: Vec<_> = patch.edits().map(|(_, deleted, text)| (deleted, text)).collect();
    assert_eq!(words, [(2, "in"), (2, "on")]);
}

/// However much of a page a save touches, it touches nothing else.
#[test]
fn an_edit_of_every_row_is_as_fine_as_an_edit_of_one() {
    for row in
        ["| row {} || of the table || 17\n", "| 0 || of the table || 17\n", "a {} 17 17 17\n"]
    {
        let page = |value: &str| -> String {
            let rows = (0..5_000).map(|at| row.replace("{}", &at.to_string()));
            rows.map(|row| row.replace(" 17\n", &format!(" {value}\n"))).collect()
        };
        let (old, new) = (page("17"), page("18"));
        let patch = between(&old, &new);
        assert!(patch.edits().all(|(_, deleted, text)| (deleted, text) == (2, "18")), "{row:?}");
        assert_eq!(patch.hunks().len(), 5_000, "{row:?}");
    }
}

#[test]
fn a_long_line_is_changed_by_the_word() {
    for count in [2_500, 50_000] {
        let old: String = (0..count).map(|at| format!("w{at} ")).collect();
        let last = format!(" w{} ", count - 2);
        let new = old.replacen(" w1 ", " one ", 1).replacen(&last, " last ", 1);
        let patch = between(&old, &new);
        let changed: Vec<_> = patch.edits().map(|(_, _, text)| text).collect();
        assert_eq!(changed, ["one", "last"]);
    }
}

/// What came, or went, alone is put where everybody's would be put, whatever else was changed.
#[test]
fn the_same_insertion_stands_at_the_same_place() {
    let place = |old: &str, new: &str| -> Vec<(u32, u32, String)> {
        between(old, new).edits().map(|(at, gone, text)| (at, gone, text.to_owned())).collect()
    };
    // Whole lines, the last such place.
    let old = "* a\n* a\n* a\n";
    assert_eq!(place(old, "* a\n* a\n* a\n* a\n"), [(12, 0, "* a\n".to_owned())]);
    assert_eq!(place(old, "* b\n* a\n* a\n* a\n")[..], [(0, 0, "* b\n".to_owned())]);
    assert_eq!(place("a\n\nb\n", "a\n\nc\n\nb\n"), [(3, 0, "c\n\n".to_owned())]);
    // Words with the space behind them.
    assert_eq!(place("a b", "a c b"), [(2, 0, "c ".to_owned())]);
    assert_eq!(place("One. Two.", "One. New. Two."), [(5, 0, "New. ".to_owned())]);
    assert_eq!(place("a b c", "a c"), [(2, 2, String::new())]);
    assert_eq!(place("b", "a b"), [(0, 0, "a ".to_owned())]);
    assert_eq!(place("a\n", "a b\n"), [(1, 0, " b".to_owned())]);
    // With another change beside it.
    assert_eq!(place("a b x", "a c b y")[..1], [(2, 0, "c ".to_owned())]);
}

#[test]
fn what_reads_as_one_character_is_never_cut() {
    for (old, new) in [("🇩🇪 x", "🇩🇰 x"), ("👍🏽", "👍🏾"), ("cafe\u{301} x", "cafe x"), ("กำ", "กา")]
    {
        let patch = between(old, new);
        let (at, gone, _) = patch.edits().next().expect("an edit");
        let first = old.split(' ').next().expect("a word").len() as u32;
        assert_eq!((at, gone), (0, first), "{old:?}");
    }
}

/// Costs are bounded: what is too much to compare becomes a coarser edit, and still the right one.
#[test]
fn texts_that_are_hard_to_compare_still_give_the_edit() {
    let word = |n: u64, kinds: u64| format!("w{}", n * n % 1_000_003 % kinds);
    let join = |kinds: u64, seed: u64, separator: &str| -> String {
        (0..60_000).map(|n| word(n + seed, kinds) + separator).collect()
    };
    for (kinds, separator) in [(2, "\n"), (60, " "), (60, "\n"), (50_000, "\n"), (50_000, " ")] {
        let (old, new) = (join(kinds, 0, separator), join(kinds, 777, separator));
        assert_eq!(between(&old, &new).apply(&old).expect("it fits").text, new);
    }
}

#[test]
fn a_patch_has_one_form_only() {
    let hunk = |skip, delete, insert| Hunk { skip, delete, insert };
    let new = |hunks: &[Hunk], inserted: &str| Patch::new(hunks.to_vec(), inserted.to_owned());
    assert_eq!(new(&[hunk(3, 0, 0)], ""), Err(PatchError::EmptyHunk));
    assert_eq!(new(&[hunk(0, 1, 0), hunk(0, 1, 0)], ""), Err(PatchError::AdjacentHunks));
    assert_eq!(new(&[hunk(u32::MAX, 1, 0)], ""), Err(PatchError::TooLong));
    assert_eq!(new(&[hunk(0, 0, 2)], "a"), Err(PatchError::InsertedLength));
    assert_eq!(new(&[hunk(0, 0, 1)], "ab"), Err(PatchError::InsertedLength));
    assert_eq!(new(&[hunk(0, 0, 1), hunk(1, 0, 1)], "ä"), Err(PatchError::InsertedBoundary));
    let built = Patch::builder().keep(2).delete(1).insert("x").delete(1).keep(0).insert("y");
    assert_eq!(built.build(), new(&[hunk(2, 2, 2)], "xy"));
    assert_eq!(Patch::builder().keep(u32::MAX).delete(1).build(), Err(PatchError::TooLong));
}

#[test]
fn a_patch_that_does_not_fit_is_refused() {
    let delete = |skip, len| Patch::builder().keep(skip).delete(len).build().expect("short");
    assert_eq!(delete(1, 3).apply("abc"), Err(FitError::PastEnd));
    assert_eq!(delete(1, 1).apply("äb"), Err(FitError::InsideCharacter));
    assert_eq!(delete(0, 1).apply("äb"), Err(FitError::InsideCharacter));
    assert_eq!(delete(0, 2).undo("b", "a"), Err(FitError::Mismatch));
    let insert = Patch::builder().insert("x").build().expect("short");
    assert_eq!(insert.undo("yb", ""), Err(FitError::Mismatch));
}

/// Items are named by what they begin with: which of two lines one became, it tells.
#[test]
fn a_line_and_another_one_below_it_are_not_one_that_was_split() {
    let edits = |new: &str| {
        let patch = between("* Robb: alive\n", new);
        patch.edits().map(|(at, gone, text)| (at, gone, text.to_owned())).collect::<Vec<_>>()
    };
    let cat = (14, 0, "* Cat: alive\n".to_owned());
    let robb = |text: &str| edits(&format!("* Robb Stark: {text}\n* Cat: alive\n"));
    assert!(robb("living").contains(&cat), "{:?}", robb("living"));
}

#[test]
fn words_of_lines_that_were_joined_without_what_was_between_stay() {
    let patch = between("oak elm\nash\nfir\nyew\n", "oak fir\nyew\n");
    assert_eq!(patch.edits().collect::<Vec<_>>(), [(4, 8, "")]);
}

/// A symbol says something by itself: a line of it and of signs is a line as one of words is.
#[test]
fn lines_of_symbols_are_lines() {
    for (old, new, edits) in [
        ("| 👍🏽\n|-\n", "|-\n| 👍🏽\n", [(0, 0, "|-\n"), (11, 3, "")]),
        ("== ☀\n==\n", "==\n== ☀\n", [(0, 0, "==\n"), (7, 3, "")]),
    ] {
        assert_eq!(hunks(&between(old, new)), edits);
    }
}
