//! Several change the same: what the page shows then, and what becomes of the rest.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use redwedding_document::entry::{Body, Delta, Edit, Entry, Moderation, Note, OriginPage, RULES};
use redwedding_document::{Document, Verdict};
use redwedding_text::diff;
use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::identity::{Actor, DocumentKey, EditId};
use redwedding_wire::version::{Base, Cursor, VersionRef};

struct Page(Document);

impl Page {
    fn new(text: &str) -> Page {
        let key = DocumentKey::new("wiki", "Page").unwrap();
        let mut page = Page(Document::new(key, Cursor::start(1)));
        let (note, text) = (Note::default(), text.to_owned());
        if !text.is_empty() {
            page.put(Body::Base(OriginPage { revision: 1, text, time_ms: 1, note }));
        }
        page
    }

    fn put(&mut self, body: Body) {
        let cursor = self.0.cursor().after(b"entry");
        let entry = Entry::new(self.0.key().clone(), body);
        assert_eq!(Entry::decode(&entry.encode()).unwrap(), entry);
        assert_eq!(self.0.apply(cursor, cursor.position, &entry), Verdict::Counted);
        // What is stored says the same.
        let stored = Document::decode(&self.0.encode()).unwrap();
        assert_eq!(stored.state_hash(), self.0.state_hash());
        assert_eq!(stored.alternatives(), self.0.alternatives());
    }

    fn text_of(&self, version: &VersionRef) -> String {
        self.0.text_of(&self.0.resolve_version(version).unwrap()).unwrap()
    }

    /// Makes a text of another one; the version that its author has before them then.
    fn save(&mut self, base: &VersionRef, to: &str) -> VersionRef {
        self.save_by(RULES, base, to)
    }

    fn save_by(&mut self, rules: u8, base: &VersionRef, to: &str) -> VersionRef {
        let old = self.text_of(base);
        let edit = EditId([self.0.cursor().position as u8 + 1; 16]);
        let patch = diff::between(&old, to);
        let on = Base::Version(base.clone());
        let delta = Delta { edit, base: on, patch, note: Note::default(), rules };
        let actor = delta.actor();
        self.put(Body::Edit(Edit { delta, accepted_ms: 1, pop: "AMS".into(), served: None }));
        let served = VersionRef { extra: vec![actor], ..base.clone() };
        assert_eq!(self.text_of(&served), to, "who saved it has it before them");
        served
    }

    fn others(&self) -> Vec<(&str, &str)> {
        let text = |at: std::ops::Range<u32>| &self.0.text()[at.start as usize..at.end as usize];
        self.0.alternatives().into_iter().map(|it| (text(it.at), it.text)).collect()
    }
}

fn actor(version: &VersionRef) -> Actor {
    version.extra[0]
}

/// The page after saves that were all made on one text, and what is not shown.
#[track_caller]
fn comes_to(base: &str, saves: &[&str], right: &str, others: &[(&str, &str)]) {
    let mut page = Page::new(base);
    let version = page.0.version();
    for save in saves {
        page.save(&version, save);
    }
    assert_eq!((page.0.text(), page.others().as_slice()), (right, others));
}

#[test]
fn what_several_wrote_reads_as_if_one_had() {
    let the = "1. the cat\n2. b\n";
    comes_to("1. teh cat\n2. b\n", &[the, the, the, the], the, &[]);
    comes_to("Deaths: 10\n", &["Deaths: 12\n", "Deaths: 12\n"], "Deaths: 12\n", &[]);
    comes_to("", &["# Red Wedding\n", "# Red Wedding\n"], "# Red Wedding\n", &[]);
    comes_to("A\n", &["A\nB\n", "A\nB\nC\n"], "A\nB\nC\n", &[]);
    comes_to("A\n", &["A\nB\nC\n", "A\nB\n"], "A\nB\nC\n", &[]);
    comes_to(
        "The sky is blue today.\n",
        &["The sky is crimson today.\n", "The sky is azure today.\n", "The sky is azure today.\n"],
        "The sky is crimson today.\n",
        &[("crimson", "azure")],
    );
    comes_to(
        "Hello beatiful world.\n\nEnd.\n",
        &["End.\n", "Hello beautiful world.\n\nEnd.\n"],
        "End.\n",
        &[("", "Hello beautiful world.\n\n")],
    );
    // Both stay, in the order of their names.
    let mut page = Page::new("a z\n");
    let base = page.0.version();
    page.save(&base, "a one z\n");
    page.save(&base, "a two z\n");
    let words: BTreeSet<&str> = page.0.text().split_whitespace().collect();
    assert_eq!((words.len(), page.0.text().len()), (4, 12), "{:?}", page.0.text());
}

#[test]
fn entries_of_before_are_merged_as_before() {
    let mut page = Page::new("Deaths: 10\n");
    let version = page.0.version();
    page.save_by(1, &version, "Deaths: 12\n");
    page.save_by(1, &version, "Deaths: 12\n");
    assert_eq!(page.0.text(), "Deaths: 1212\n");
}

/// Who saved something that is not shown goes on from what they have before them.
#[test]
fn what_is_written_on_an_alternative_belongs_to_it() {
    let mut page = Page::new("The sky is blue today.\nAnd so on.\n");
    let base = page.0.version();
    page.save(&base, "The sky is crimson today.\nAnd so on.\n");
    let mine = page.save(&base, "The sky is azure today.\nAnd so on.\n");
    let more = page.save(&mine, "The sky is azure today.\nAnd so forth.\n");
    assert_eq!(page.0.text(), "The sky is crimson today.\nAnd so forth.\n");
    page.save(&more, "The sky is azurite today.\nAnd so forth.\n");
    assert_eq!(page.0.text(), "The sky is crimson today.\nAnd so forth.\n");
    assert_eq!(page.others().last(), Some(&("crimson", "azurite")));
    // Whoever changes the passage closes it.
    let head = page.0.version();
    page.save(&head, "The sky is azure today.\nAnd so forth.\n");
    assert_eq!(page.others(), []);
}

/// Who keeps both leaves the passage as it is, and adds the other version.
#[test]
fn what_stands_on_the_page_is_no_alternative_any_more() {
    let mut page = Page::new("a blue sky\nend\n");
    let base = page.0.version();
    page.save(&base, "a crimson sky\nend\n");
    page.save(&base, "a green sky\nend\n");
    assert_eq!(page.others(), [("crimson", "green")]);
    let head = page.0.version();
    page.save(&head, "a crimson green sky\nend\n");
    assert_eq!(page.others(), []);
}

#[test]
fn a_form_from_before_a_vandal_is_good() {
    let text = "One teh.\n\nTwo dog.\n\nThree cow.\n";
    let mut page = Page::new(text);
    let base = page.0.version();
    page.save(&base, "HI");
    let head = page.0.version();
    page.save(&head, text);
    page.save(&base, &text.replace("dog", "cat"));
    assert_eq!(page.0.text(), text.replace("dog", "cat"));
    assert_eq!(page.others(), []);
}

/// What was put back is in another order than it was: what stayed of it stands elsewhere.
#[test]
fn a_form_from_before_is_good_whatever_stayed() {
    let [x, y] =
        ["a line that is there twice, as long as this one is\n", "one that is there once\n"];
    let q = "and what a vandal wrote, which is just as long as all of it\n";
    let text = [x, y, x, "end\n"].concat();
    let mut page = Page::new(&text);
    let base = page.0.version();
    for to in
        [[y, x, "end\n"].concat(), [x, "end\n"].concat(), [x, q, "end\n"].concat(), text.clone()]
    {
        let head = page.0.version();
        page.save(&head, &to);
    }
    let right = [x, y, &x.replace("long", "short"), "end\n"].concat();
    page.save(&base, &right);
    assert_eq!((page.0.text(), page.others().len()), (right.as_str(), 0));
}

#[test]
fn a_save_that_is_not_shown_is_suppressed_released_and_erased() {
    let mut page = Page::new("a blue sky\nend\n");
    let base = page.0.version();
    page.save(&base, "a crimson sky\nend\n");
    let (second, both) = (page.save(&base, "an azure sky\nthe end\n"), "a crimson sky\nthe end\n");
    assert_eq!(page.0.text(), both);
    let moderation = |of| Moderation { change: actor(of), note: Note::default(), time_ms: 2 };
    for _ in 0..2 {
        page.put(Body::Suppress(moderation(&second)));
        assert_eq!(page.0.text(), "a crimson sky\nend\n");
        page.put(Body::Release(moderation(&second)));
        assert_eq!(page.0.text(), both);
    }
    // One that stands in place of an other one.
    let mut page = Page::new("A\n");
    let base = page.0.version();
    page.save(&base, "A\nB\n");
    let larger = page.save(&base, "A\nB\nsecret\n");
    page.put(Body::Suppress(moderation(&larger)));
    assert!(!page.0.text().contains("secret"), "{:?}", page.0.text());
    page.put(Body::Release(moderation(&larger)));
    assert_eq!(page.0.text(), "A\nB\nsecret\n");
    page.put(Body::Erase(moderation(&larger)));
    assert!(!page.0.text().contains("secret"), "{:?}", page.0.text());
    assert!(!String::from_utf8_lossy(&page.0.encode()).contains("secret"));
}
