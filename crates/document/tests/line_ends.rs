//! Where one trims the end of a text and another writes below it, lines stay lines.

#![allow(clippy::unwrap_used)]

use redwedding_document::entry::{
    Body, Committed, Delta, Edit, Entry, Intent, Moderation, Note, OriginPage, RULES,
};
use redwedding_document::{Document, Verdict};
use redwedding_text::diff;
use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::identity::{Actor, Digest, DocumentKey, EditId, FlushId};
use redwedding_wire::version::{Base, Cursor, Place, Root, VersionRef};

struct Page(Document);

fn key() -> DocumentKey {
    DocumentKey::new("wiki", "Page").unwrap()
}

impl Page {
    fn new(text: &str) -> Page {
        let mut page = Page(Document::new(key(), Cursor::start(1)));
        let (note, text) = (Note::default(), text.to_owned());
        page.put(Body::Base(OriginPage { revision: 1, text, time_ms: 1, note }));
        page
    }

    fn put(&mut self, body: Body) {
        assert_eq!(self.tell(body), Verdict::Counted);
        // What is stored says the same.
        let stored = Document::decode(&self.0.encode()).unwrap();
        assert_eq!(stored.state_hash(), self.0.state_hash());
        assert_eq!(stored.text(), self.0.text());
    }

    fn tell(&mut self, body: Body) -> Verdict {
        let cursor = self.0.cursor().after(b"entry");
        let entry = Entry::new(self.0.key().clone(), body);
        self.0.apply(cursor, cursor.position, &entry)
    }

    /// Makes a text of another one; who did.
    fn save(&mut self, base: &VersionRef, to: &str) -> Actor {
        let old = self.0.text_of(&self.0.resolve_version(base).unwrap()).unwrap();
        let edit = EditId([self.0.cursor().position as u8 + 1; 16]);
        let (base, patch) = (Base::Version(base.clone()), diff::between(&old, to));
        let delta = Delta { edit, base, patch, note: Note::default(), rules: RULES };
        let actor = delta.actor();
        let pop = "AMS".into();
        let edit = Edit::new(delta, 1, pop);
        self.put(Body::Edit(edit));
        actor
    }

    /// Announces that all is written to the origin; how to say that it stored this.
    fn announced(&mut self, stored: &str) -> Committed {
        let (upto, sent) = (self.0.version(), self.0.text().to_owned());
        let Root::Log(upto) = upto.root else { unreachable!() };
        assert_ne!(upto, Place::START);
        let (flush, tip) = (FlushId([self.0.cursor().position as u8; 16]), 1);
        self.put(Body::Intent(Intent { flush, upto, tip, text: Digest::of_text(&sent) }));
        Committed {
            flush,
            from: 1,
            revision: 2,
            stored: Digest::of_text(stored),
            difference: Some(diff::between(&sent, stored)),
            time_ms: 3,
        }
    }

    fn tip_is(&self, text: &str) {
        let tip = self.0.origin().tip.as_ref().unwrap();
        assert!(tip.exact);
        assert_eq!(self.0.text_at(&tip.version).unwrap(), text);
    }
}

#[test]
fn the_origin_trims_after_somebody_has_written_below() {
    let mut page = Page::new("one");
    page.save(&page.0.version(), "one\ntwo\n");
    let below = page.0.version();
    let committed = page.announced("one\ntwo");
    page.save(&below, "one\ntwo\nthree");
    page.put(Body::Committed(committed));
    assert_eq!(page.0.text(), "one\ntwo\nthree");
    page.tip_is("one\ntwo");
}

#[test]
fn the_origin_trims_before_what_was_written_below_comes_in() {
    let mut page = Page::new("one");
    page.save(&page.0.version(), "one\ntwo\n\n");
    let below = page.0.version();
    let committed = page.announced("one\ntwo");
    page.put(Body::Committed(committed));
    assert_eq!(page.0.text(), "one\ntwo");
    let trimmed = page.0.version();
    page.save(&below, "one\ntwo\n\nthree\n");
    assert_eq!(page.0.text(), "one\ntwo\n\nthree\n");
    page.tip_is("one\ntwo");
    // Versions stay what they were, and others go on from them.
    assert_eq!(page.0.text_of(&page.0.resolve_version(&trimmed).unwrap()).unwrap(), "one\ntwo");
    page.save(&trimmed, "One\ntwo");
    page.save(&below, "one\ntwo\n\nfour\n");
    let lines: Vec<_> = page.0.text().lines().collect();
    assert_eq!(lines.len(), 5, "{lines:?}");
    for line in ["One", "two", "", "three", "four"] {
        assert!(lines.contains(&line), "{lines:?}");
    }
}

#[test]
fn one_leaves_the_end_away_and_another_adds_a_line() {
    for trimmed_first in [true, false] {
        let mut page = Page::new("a\n");
        let base = page.0.version();
        let mut texts = ["a", "a\nmore\n"];
        if !trimmed_first {
            texts.reverse();
        }
        for text in texts {
            page.save(&base, text);
        }
        assert_eq!(page.0.text(), "a\nmore\n", "{trimmed_first}");
    }
}

#[test]
fn lines_that_two_wrote_at_one_place_stay_lines() {
    // What stood there, what two made of it, and the lines that come of it, in either order.
    let cases = [
        ("a\n\nb\n", "a\none\nb\n", "a\ntwo\nb\n", ["a", "b", "one", "two"].as_slice()),
        ("a\n", "a\none", "a\ntwo", &["a", "one", "two"]),
        ("a", "a\none", "a\ntwo", &["a", "one", "two"]),
    ];
    for (base, one, two, right) in cases {
        for (first, second) in [(one, two), (two, one)] {
            let mut page = Page(Document::new(key(), Cursor::start(1)));
            if !base.is_empty() {
                page = Page::new(base);
            }
            let version = page.0.version();
            page.save(&version, first);
            page.save(&version, second);
            let mut lines: Vec<_> = page.0.text().lines().collect();
            lines.sort_unstable();
            assert_eq!(lines, right, "{first:?} {second:?}");
        }
    }
    // Words of one line stay in it.
    let mut page = Page::new("a cat");
    let version = page.0.version();
    page.save(&version, "a big cat");
    page.save(&version, "a red cat");
    assert_eq!(page.0.text().lines().count(), 1);
}

#[test]
fn a_line_of_a_text_that_the_log_does_not_know_stays_one() {
    let mut page = Page::new("one\ntwo");
    let text = "one\ntwo\nthree".to_owned();
    let newer = OriginPage { revision: 8, text, time_ms: 1, note: Note::default() };
    let base = VersionRef::of_root(Root::Origin(newer.name()));
    assert_eq!(page.tell(Body::Base(newer)), Verdict::Superseded);
    page.save(&base, "one\ntwo\nnew three");
    assert_eq!(page.0.text(), "one\ntwo\nnew ");
}

#[test]
fn a_line_joined_with_the_next_is_joined() {
    let mut page = Page::new("a\nb\n");
    let base = page.0.version();
    page.save(&base, "ab\n");
    page.save(&base, "a\nb\nc\n");
    assert_eq!(page.0.text(), "ab\nc\n");
}

#[test]
fn who_trimmed_is_suppressed_and_released() {
    let mut page = Page::new("a\n");
    let base = page.0.version();
    let trimmed = page.save(&base, "a");
    page.save(&base, "a\nmore\n");
    let moderation = |change| Moderation { change, note: Note::default(), time_ms: 2 };
    for _ in 0..2 {
        page.put(Body::Suppress(moderation(trimmed)));
        assert_eq!(page.0.text(), "a\nmore\n");
        page.put(Body::Release(moderation(trimmed)));
        assert_eq!(page.0.text(), "a\nmore\n");
    }
}
