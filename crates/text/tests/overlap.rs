//! Which concurrent saves are reported as having met, as editors would see it.

use redwedding_text::diff::between;
use redwedding_text::{MergeError, PartsError, Patch, Record, Text, Version};

/// Two saves of one page; the merged text, and what the second is told about the first.
fn meet(page: &str, one: &str, two: &str) -> (String, Vec<String>) {
    let mut text = Text::from_text(page);
    text.merge(1, &Version::EMPTY, &between(page, one)).expect("it fits");
    let merged = text.merge(2, &Version::EMPTY, &between(page, two)).expect("it fits");
    let shown = |range: std::ops::Range<u32>| {
        text.text()[range.start as usize..range.end as usize].to_owned()
    };
    let told = merged.overlaps.into_iter().map(|overlap| {
        assert_eq!(overlap.with, 0);
        shown(overlap.range)
    });
    let told = told.collect();
    (text.text().to_owned(), told)
}

#[track_caller]
fn assert_apart(page: &str, one: &str, two: &str, merged: &str) {
    assert_eq!(meet(page, one, two), (merged.to_owned(), vec![]));
    assert_eq!(meet(page, two, one).1, Vec::<String>::new());
}

#[track_caller]
fn assert_met(page: &str, one: &str, two: &str, merged: &str, words: &str) {
    assert_eq!(meet(page, one, two), (merged.to_owned(), vec![words.to_owned()]));
    assert_ne!(meet(page, two, one).1, Vec::<String>::new());
}

#[test]
fn edits_of_different_words_do_not_meet() {
    assert_apart("a cat sat\n", "a dog sat\n", "a cat ran\n", "a dog ran\n");
    assert_apart("a cat sat\n", "a black cat sat\n", "a cat sat down\n", "a black cat sat down\n");
    assert_apart("a cat sat\n", "a dog sat\n", "a cat quickly sat\n", "a dog quickly sat\n");
}

#[test]
fn whole_lines_at_one_place_do_not_meet() {
    assert_apart("x\n", "x\nhe was here\n", "x\nshe too\n", "x\nhe was here\nshe too\n");
    assert_apart("x\ny\n", "x\none\ny\n", "x\ntwo\ny\n", "x\none\ntwo\ny\n");
}

#[test]
fn edits_of_one_word_meet() {
    assert_met("a cat sat", "a dog sat", "a cow sat", "a dogcow sat", "dogcow");
    assert_met("a (x) b", "a (one) b", "a (two) b", "a (onetwo) b", "onetwo");
    assert_met("a  b", "a one b", "a two b", "a one  two b", " two ");
}

#[test]
fn what_somebody_did_in_a_row_meets_as_what_they_did_one_by_one() {
    let page = "one two three";
    let insert =
        |at: u32, text: &str| Patch::builder().keep(at).insert(text).build().expect("short");
    let mut text = Text::from_text(page);
    let mut seen = Version::EMPTY;
    for (id, at) in [(1, 5), (2, 7), (3, 9)] {
        text.merge(id, &seen, &insert(at, "ab")).expect("it fits");
        seen.insert(id as u32 - 1);
    }
    let all = Patch::builder().keep(4).delete(3).build().expect("short");
    let part = Patch::builder().keep(4).delete(1).build().expect("short");
    for (patch, met) in [(all, vec![0, 1, 2]), (part, vec![0, 1, 2])] {
        let merged = text.clone().merge(4, &Version::EMPTY, &patch).expect("it fits");
        let with: Vec<u32> = merged.overlaps.iter().map(|overlap| overlap.with).collect();
        assert_eq!(with, met, "{patch:?}");
    }
}

#[test]
fn words_that_only_together_form_one_meet() {
    assert_met("().", "(one).", "(two).", "(onetwo).", "onetwo");
}

#[test]
fn deleting_what_another_deleted_or_changed_meets() {
    assert_met("one two three", "one three", "one three", "one three", "");
    assert_met("a cat sat here", "a", "a cat stood here", "astood", "stood");
    assert_met("one two three", "one 2 three", "", "2", "2");
}

#[test]
fn an_insertion_into_what_another_deleted_meets() {
    assert_met(
        "A.\nlong dull text\nB.\n",
        "A.\nB.\n",
        "A.\nlong, dull text\nB.\n",
        "A.\n,B.\n",
        ",",
    );
}

#[test]
fn who_had_seen_it_does_not_meet() {
    let mut text = Text::from_text("a cat sat\n");
    text.merge(1, &Version::EMPTY, &between("a cat sat\n", "a dog sat\n")).expect("it fits");
    text.merge(2, &Version::EMPTY, &between("a cat sat\n", "a cat ran\n")).expect("it fits");
    let patch = between("a dog sat\n", "a cow sat\n");
    let merged = text.merge(3, &Version::up_to(1), &patch).expect("it fits");
    assert_eq!((text.text(), merged.overlaps.len()), ("a cow ran\n", 0));
}

#[test]
fn a_change_that_cannot_stand_is_refused() {
    let mut text = Text::from_text("abc");
    let patch = between("abc", "abcd");
    text.merge(1, &Version::EMPTY, &patch).expect("it fits");
    text.merge(2, &Version::up_to(1), &between("abcd", "abcde")).expect("it fits");
    let before = text.clone();
    let mut refused = |id, base| text.merge(id, &base, &patch).expect_err("refused");
    assert_eq!(refused(1, Version::EMPTY), MergeError::DuplicateId);
    assert_eq!(refused(3, Version::up_to(3)), MergeError::UnknownBase);
    assert_eq!(refused(3, Version::new(0, vec![1])), MergeError::OpenBase);
    assert_eq!(text, before);
}

/// Wrong records from outside give errors or another text, and never a panic.
#[test]
fn wrong_records_do_no_harm() {
    let patch = Patch::builder().keep(3).insert("é").build().expect("short");
    let record = |id: u64, effect: &Patch, removed: &str| Record {
        id: id.into(),
        base: Version::EMPTY,
        patch: patch.clone(),
        effect: Some(effect.clone()),
        removed: removed.into(),
    };
    let parts = |text: &str, records: Vec<Record>| Text::from_changes(text.into(), records);
    let far = Patch::builder().keep(3).delete(1).insert("é").build().expect("short");
    let records = vec![record(1, &patch, ""), record(2, &far, "x")];
    assert_eq!(parts("abc", records.clone()), Err(PartsError::Length));
    let lacking = vec![record(1, &patch, ""), record(2, &far, "")];
    assert_eq!(parts("abcéé", lacking), Err(PartsError::Removed));
    let other = vec![record(1, &Patch::builder().insert("e").build().expect("short"), "")];
    assert_eq!(parts("abcé", other), Err(PartsError::Effect(0)));
    let mut text = parts("éééé", records).expect("lengths are possible");
    let _ = text.text_at(&Version::new(0, vec![1]));
    let _ = text.prefix_text(0);
    let _ = text.merge(3, &Version::EMPTY, &between("c", "d"));
    let _ = text.merge(4, &Version::up_to(1), &between("abcdef", "abcdefgh"));
}
