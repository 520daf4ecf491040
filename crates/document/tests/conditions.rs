//! Saves that are taken on a condition: what meets it, and that nothing is left of what does not.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use redwedding_document::entry::{Body, Condition, Delta, Edit, Entry, Note, OriginPage, RULES};
use redwedding_document::testing::log;
use redwedding_document::{Document, NoArchive, Verdict};
use redwedding_text::diff;
use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::identity::{Digest, DocumentKey, EditId};
use redwedding_wire::version::{Base, Cursor, Root, VersionRef};

/// A page and its log.
struct Page(Document);

fn of_origin(revision: u64, text: &str) -> OriginPage {
    OriginPage { revision, text: text.to_owned(), time_ms: 1, note: Note::default() }
}

fn unchanged(text: &str) -> Option<Condition> {
    Some(Condition::Unchanged(Digest::of_text(text)))
}

impl Page {
    fn empty() -> Self {
        Self(Document::new(DocumentKey::new("wiki", "Page").unwrap(), Cursor::start(1)))
    }

    fn new(text: &str) -> Self {
        let mut page = Self::empty();
        assert_eq!(page.put(Body::Base(of_origin(1, text))), Verdict::Counted);
        page
    }

    fn put(&mut self, body: Body) -> Verdict {
        let cursor = self.0.cursor().after(b"entry");
        let entry = Entry::new(self.0.key().clone(), body);
        // A node that may leave it out says the same, and keeps what it had.
        let mut admitting = self.0.clone();
        let admission = admitting.admit_with(&NoArchive, cursor, cursor.position, &entry).unwrap();
        let before = self.0.clone();
        let verdict = self.0.apply(cursor, cursor.position, &entry);
        assert_eq!(admission.verdict, verdict);
        if verdict == Verdict::Unmet {
            assert!(!admission.changed && admitting == before);
            assert!(before.would_not_take(&entry).is_some());
        }
        verdict
    }

    /// The save of one who changes the text at `base` to another one.
    fn edit(&self, number: u8, base: &VersionRef, to: &str, condition: Option<Condition>) -> Body {
        let old = self.0.text_of(&self.0.resolve_version(base).unwrap()).unwrap();
        let (edit, base) = (EditId([number; 16]), Base::Version(base.clone()));
        let (patch, note) = (diff::between(&old, to), Note::default());
        let delta = Delta { edit, base, patch, note, rules: RULES };
        let pop = "AMS".to_owned();
        Body::Edit(Edit { condition, ..Edit::new(delta, 1, pop) })
    }

    fn save(
        &mut self,
        number: u8,
        base: &VersionRef,
        to: &str,
        condition: Option<Condition>,
    ) -> Verdict {
        self.put(self.edit(number, base, to, condition))
    }
}

#[test]
fn only_the_first_of_two_on_one_text_is_taken() {
    let mut page = Page::new("a\n");
    let base = page.0.version();
    assert_eq!(page.save(1, &base, "a\nb\n", unchanged("a\n")), Verdict::Counted);
    let (changes, text) = (page.0.changes().len(), "a\nb\n");
    assert_eq!(page.save(2, &base, "c\na\n", unchanged("a\n")), Verdict::Unmet);
    assert_eq!((page.0.changes().len(), page.0.text()), (changes, text));
    assert!(page.0.quarantined().is_empty());
    // Sent again it is judged anew; one that is in is the same save, whatever its condition.
    assert_eq!(page.save(2, &base, "c\na\n", unchanged(text)), Verdict::Counted);
    assert!(matches!(page.save(1, &base, "a\nb\n", unchanged("a\n")), Verdict::Duplicate { .. }));
    assert_eq!(page.0.text(), "c\na\nb\n");
}

#[test]
fn a_text_that_is_there_again_is_unchanged() {
    let mut page = Page::new("a\n");
    let base = page.0.version();
    page.save(1, &base, "b\n", None);
    let there = page.0.version();
    page.save(2, &there, "a\n", None);
    assert_eq!(page.save(3, &base, "a\nc\n", unchanged("a\n")), Verdict::Counted);
    assert_eq!(page.0.text(), "a\nc\n");
}

#[test]
fn a_detached_base_is_held_against_the_page_by_its_text() {
    for (other, verdict) in [("a\n", Verdict::Counted), ("b\n", Verdict::Unmet)] {
        let mut page = Page::new("a\n");
        let base = of_origin(9, other);
        let on = VersionRef::of_root(Root::Origin(base.name()));
        assert_eq!(page.put(Body::Base(base)), Verdict::Superseded);
        let to = format!("{other}c\n");
        assert_eq!(page.save(1, &on, &to, unchanged(other)), verdict);
        assert_eq!(page.0.text() == "a\nc\n", verdict == Verdict::Counted);
    }
}

#[test]
fn what_meets_another_change_is_not_taken_where_it_must_not() {
    let condition = Some(Condition::NoOverlap);
    let mut page = Page::new("The red wine.\n\nThe old castle.\n");
    let base = page.0.version();
    page.save(1, &base, "Some red wine.\n\nThe old castle.\n", None);
    page.save(2, &base, "The sour wine.\n\nThe old castle.\n", None);
    let other = "The red wine.\n\nThe great old castle.\n";
    assert_eq!(page.save(3, &base, other, condition), Verdict::Counted);
    let shown = "Some sour wine.\n\nThe great old castle.\n";
    assert_eq!(page.0.text(), shown);
    let same_words = page.edit(4, &base, "The white wine.\n\nThe old castle.\n", condition);
    let entry = Entry::new(page.0.key().clone(), same_words.clone());
    let told = page.0.would_not_take(&entry).unwrap();
    let words = told.iter().map(|it| &shown[it.start as usize..(it.start + it.length) as usize]);
    assert_eq!(words.collect::<Vec<_>>(), ["sour"]);
    assert_eq!(page.0.changes().get(told[0].with as usize).unwrap().edit, EditId([2; 16]));
    assert_eq!(page.put(same_words), Verdict::Unmet);
    assert_eq!(page.0.text(), shown);
}

#[test]
fn one_alone_brings_a_page_into_being() {
    let (nothing, condition) = (VersionRef::of_root(Root::EMPTY), Some(Condition::Absent));
    let mut page = Page::empty();
    assert_eq!(page.save(1, &nothing, "a\n", condition), Verdict::Counted);
    assert_eq!(page.save(2, &nothing, "b\n", condition), Verdict::Unmet);
    let mut page = Page::new("");
    assert_eq!(page.save(1, &nothing, "a\n", condition), Verdict::Unmet, "a blank page is one");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// In any log: what meets its condition does what it does without one, and what does not
    /// leaves the document as if it were another document's entry.
    #[test]
    fn a_condition_is_met_or_nothing_happens(
        bytes in prop::collection::vec(any::<u8>(), 0..2_000),
        conditions in prop::collection::vec(0..5u8, 40),
    ) {
        let written = log::written(&bytes, 40);
        let mut document = Document::new(log::key(), Cursor::start(7));
        for (logged, condition) in written.log.iter().zip(conditions) {
            let Some(Entry { body: Body::Edit(edit), .. }) = &logged.entry else {
                let _ = logged.apply_to(&mut document);
                continue;
            };
            let mut free = document.clone();
            let taken = logged.apply_to(&mut free);
            let text = Digest::of_text(if condition == 4 { free.text() } else { document.text() });
            let condition = match condition {
                0 => Condition::NoOverlap,
                1 => Condition::Absent,
                _ => Condition::Unchanged(text),
            };
            let told = free.change_of(edit.delta.edit);
            let told = told.is_some_and(|it| !it.overlaps.is_empty() || !it.hidden.is_empty());
            let met = match condition {
                Condition::NoOverlap => !told,
                Condition::Absent => document.is_empty(),
                Condition::Unchanged(text) => document.value_hash() == text,
            };
            let edit = Edit { condition: Some(condition), ..edit.clone() };
            let entry = Entry::new(log::key(), Body::Edit(edit));
            prop_assert_eq!(&Entry::decode(&entry.encode()).unwrap(), &entry);
            let logged = log::Logged { entry: Some(entry), ..logged.clone() };
            let mut stored = Document::decode(&document.encode()).unwrap();
            let known = matches!(taken, Some(Verdict::Duplicate { .. } | Verdict::Alias { .. }));
            let mut passed = document.clone();
            passed.carry(logged.cursor, String::new());
            let verdict = logged.apply_to(&mut document);
            prop_assert_eq!(logged.apply_to(&mut stored), verdict.clone());
            prop_assert_eq!(&stored, &document);
            if met || known {
                prop_assert_eq!(verdict, taken);
                prop_assert_eq!(&document, &free);
            } else {
                prop_assert_eq!(verdict, Some(Verdict::Unmet));
                prop_assert_eq!(document.text(), passed.text());
                prop_assert_eq!(document.changes(), passed.changes());
                prop_assert_eq!(document.quarantined().len() + 1, passed.quarantined().len());
            }
        }
    }
}
