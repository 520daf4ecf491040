//! Documents that forget their past, and what is still made on it.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use redwedding_document::entry::{
    Body, Committed, Condition, Delta, Edit, Entry, Floor, Missing, Note, OriginPage, RULES,
};
use redwedding_document::entry::{Checkpoint, Intent};
use redwedding_document::limits;
use redwedding_document::{Archive, ChangeKind, Document, Segment, Verdict};
use redwedding_text::diff;
use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::identity::{Actor, Digest, DocumentKey, EditId, FlushId};
use redwedding_wire::version::{Base, Cursor, Place, Root, VersionRef};

#[derive(Default)]
struct MemoryArchive(BTreeMap<Digest, Vec<u8>>);

impl Archive for MemoryArchive {
    fn segment(&self, name: Digest) -> Option<Segment> {
        Segment::open(self.0.get(&name)?, name).ok()
    }
}

struct Page {
    document: Document,
    archive: MemoryArchive,
    saves: u64,
}

impl Page {
    fn new(text: &str) -> Page {
        let key = DocumentKey::new("wiki", "Page").unwrap();
        let document = Document::new(key, Cursor::start(1));
        let mut page = Page { document, archive: MemoryArchive::default(), saves: 0 };
        let (note, text) = (Note::default(), text.to_owned());
        let first = OriginPage { revision: 1, text, time_ms: 1, note };
        assert_eq!(page.put(Body::Base(first)), Verdict::Counted);
        page
    }

    fn entry(&self, body: Body) -> (Cursor, Entry) {
        let cursor = self.document.cursor().after(b"entry");
        (cursor, Entry::new(self.document.key().clone(), body))
    }

    fn put(&mut self, body: Body) -> Verdict {
        let (cursor, entry) = self.entry(body);
        self.document.apply_with(&self.archive, cursor, cursor.position, &entry)
    }

    fn edit(&mut self, base: &VersionRef, old: &str, new: &str) -> Body {
        self.saves += 1;
        self.edit_as(self.saves, base, old, new)
    }

    /// The save with a number, made on `base`.
    fn edit_as(&self, number: u64, base: &VersionRef, old: &str, new: &str) -> Body {
        let mut edit = EditId([7; 16]);
        edit.0[..8].copy_from_slice(&number.to_le_bytes());
        let base = Base::Version(base.clone());
        let delta = Delta {
            edit,
            base,
            patch: diff::between(old, new),
            note: Note::default(),
            rules: RULES,
        };
        let pop = "AMS".into();
        Body::Edit(Edit::new(delta, 1, pop))
    }

    fn save(&mut self, new: &str) {
        let (base, old) = (self.document.version(), self.document.text().to_owned());
        let body = self.edit(&base, &old, new);
        assert_eq!(self.put(body), Verdict::Counted);
    }

    /// Tells the log that the origin has the present text.
    fn flush(&mut self) {
        let from = self.document.origin().revision();
        let text = Digest::of_text(self.document.text());
        let (flush, upto) = (FlushId([from as u8; 16]), place(&self.document.version()));
        let intent = Intent { flush, upto, tip: from, text };
        assert_eq!(self.put(Body::Intent(intent)), Verdict::Counted);
        let revision = from + 1;
        let committed =
            Committed { flush, from, revision, stored: text, difference: None, time_ms: 2 };
        assert_eq!(self.put(Body::Committed(committed)), Verdict::Counted);
    }

    /// What the log would say to move the floor as far as it goes, the segment kept.
    fn floor(&mut self) -> Floor {
        let floor = self.document.prunable(self.document.changes().len());
        let segment = self.document.segment(floor).unwrap();
        let (name, bytes) = segment.name();
        self.archive.0.insert(name, segment.packed());
        let upto = self.document.changes().get(floor - 1).unwrap().place;
        let from = self.document.archive().last().map_or(Place::START, |segment| segment.upto);
        Floor { from, upto, segment: name, bytes }
    }

    fn prune(&mut self) {
        let floor = self.floor();
        assert_eq!(self.put(Body::Floor(floor)), Verdict::Counted);
    }
}

fn place(version: &VersionRef) -> Place {
    match version.root {
        Root::Log(place) => place,
        Root::Origin(_) => unreachable!("a document's own version"),
    }
}

#[test]
fn the_log_moves_the_floor() {
    let mut page = Page::new("One.\n");
    page.save("One.\nTwo.\n");
    page.flush();
    let floor = page.floor();
    let (text, hash) = (page.document.text().to_owned(), page.document.value_hash());
    let other = Floor { segment: Digest([1; 16]), ..floor.clone() };
    assert!(matches!(page.put(Body::Floor(other)), Verdict::Quarantined(_)));
    assert_eq!(page.document.changes().floor(), 0);
    assert_eq!(page.put(Body::Floor(floor.clone())), Verdict::Counted);
    assert_eq!(page.put(Body::Floor(floor)), Verdict::Superseded, "it is there already");
    let document = &page.document;
    assert_eq!((document.changes().floor(), document.changes().kept().len()), (2, 0));
    assert_eq!((document.text(), document.value_hash()), (text.as_str(), hash));
    assert_eq!(document.changes().last().unwrap().bytes, 10, "who wrote last is known");
    assert!(document.id().is_some());
}

#[test]
fn what_the_origin_lacks_is_kept() {
    let mut page = Page::new("One.\n");
    page.save("One.\nTwo.\n");
    page.flush();
    page.save("One.\nTwo.\nThree.\n");
    assert_eq!(page.document.prunable(3), 2);
    let (revision, upto) = (page.document.origin().revision(), place(&page.document.version()));
    assert_eq!(page.put(Body::Checkpoint(Checkpoint { revision, upto })), Verdict::Superseded);
    assert_eq!(page.document.prunable(3), 2);
}

#[test]
fn an_edit_below_the_floor_waits_for_the_archive_and_merges_exactly() {
    let mut page = Page::new("One.\nThree.\n");
    let before = page.document.version();
    page.save("One.\nThree.\nFour.\n");
    page.flush();
    page.prune();
    let body = page.edit(&before, "One.\nThree.\n", "One.\nTwo.\nThree.\n");
    let (cursor, entry) = page.entry(body.clone());
    let (name, then) = (page.document.archive()[0].digest, page.document.clone());
    let verdict = page.document.apply(cursor, 9, &entry);
    assert_eq!(verdict, Verdict::Below { segment: name });
    assert_eq!(page.document, then, "nothing changed, not even the cursor");
    assert_eq!(page.put(body), Verdict::Counted);
    assert_eq!(page.document.text(), "One.\nTwo.\nThree.\nFour.\n");
    assert_eq!(page.document.changes().floor(), 0, "it is kept again, for as long as it takes");
    page.flush();
    page.prune();
    assert_eq!(page.document.changes().floor(), 3);
}

/// A page of three lines whose archive is in two segments, and the version of its first line.
fn pruned_twice() -> (Page, VersionRef) {
    let mut page = Page::new("One.\n");
    let start = page.document.version();
    for text in ["One.\nTwo.\n", "One.\nTwo.\nThree.\n"] {
        page.save(text);
        page.flush();
        page.prune();
    }
    (page, start)
}

/// What the page does not show of saves that are not kept any more is listed all the same, until
/// somebody decides.
#[test]
fn what_is_open_below_the_floor_stays_open() {
    let mut page = Page::new("The sky is blue today.\n");
    let others = |document: &Document| -> Vec<(u32, String, Actor)> {
        let others = document.alternatives().into_iter();
        others.map(|it| (it.at.start, it.text.to_owned(), it.change.actor)).collect()
    };
    let (base, old) = (page.document.version(), page.document.text().to_owned());
    for sky in ["The sky is crimson today.\n", "The sky is azure today.\n"] {
        let body = page.edit(&base, &old, sky);
        assert_eq!(page.put(body), Verdict::Counted);
    }
    let open = others(&page.document);
    assert_eq!((open.len(), open[0].1.as_str()), (1, "azure"));
    let mut kept = page.document.clone();
    for text in ["New.\nThe sky is crimson today.\n", "New.\nThe sky is crimson today.\nEnd.\n"] {
        page.flush();
        page.prune();
        assert_eq!(page.document.changes().kept().len(), 0);
        page.document = Document::decode(&page.document.encode()).unwrap();
        assert_eq!(others(&page.document).len(), 1);
        page.save(text);
    }
    let [(at, _, by)] = &others(&page.document)[..] else { panic!("one is open") };
    assert_eq!((*at, *by), (16, open[0].2));
    // With the archive taken back it is as it was.
    let mut whole = page.document.clone();
    while let Some(newest) = whole.archive().last() {
        let segment = page.archive.segment(newest.digest).unwrap();
        assert_eq!(Segment::unpacked(&segment.packed()), Ok(segment.clone()));
        whole.restore(&segment).unwrap();
        assert_eq!(others(&whole), others(&page.document));
    }
    assert!(others(&kept) == open && kept.changes().floor() == 0);
    // Somebody who could see it writes the passage anew.
    page.save("New.\nThe sky is green today.\nEnd.\n");
    kept = Document::decode(&page.document.encode()).unwrap();
    assert_eq!((others(&page.document), others(&kept)), (vec![], vec![]));
}

#[test]
fn a_segment_may_stand_for_older_ones() {
    let (mut page, start) = pruned_twice();
    page.save("One.\nTwo.\nThree.\nFour.\n");
    page.flush();
    let mut whole = page.document.clone();
    let newest = page.archive.segment(whole.archive()[1].digest).unwrap();
    whole.restore(&newest).unwrap();
    // It stands for the second one, too.
    let segment = whole.segment(whole.prunable(4)).unwrap();
    let (name, bytes) = segment.name();
    page.archive.0.insert(name, segment.packed());
    let from = page.document.archive()[0].upto;
    let merged = Floor { from, segment: name, bytes, ..page.floor() };
    let other = Floor { from: Place { check: !from.check, ..from }, ..merged.clone() };
    assert_eq!(page.put(Body::Floor(other)), Verdict::Superseded, "no segment ends there");
    assert_eq!(page.put(Body::Floor(merged)), Verdict::Counted);
    assert_eq!(page.document.archive().len(), 2);
    let body = page.edit(&start, "One.\n", "One and a half.\n");
    assert_eq!(page.put(body), Verdict::Counted);
    assert_eq!(page.document.text(), "One and a half.\nTwo.\nThree.\nFour.\n");
}

#[test]
fn an_archive_with_a_gap_changes_nothing() {
    let (mut page, start) = pruned_twice();
    let oldest = page.document.archive()[0].digest;
    let kept = page.archive.0.remove(&oldest).unwrap();
    let then = page.document.clone();
    let on_unknown = VersionRef { extra: vec![Actor(9)], ..start.clone() };
    let orphan = page.edit(&on_unknown, "One.\n", "1.\n");
    let body = page.edit(&start, "One.\n", "1.\n");
    assert_eq!(page.put(body.clone()), Verdict::Below { segment: oldest });
    let (cursor, entry) = page.entry(body.clone());
    let admitted = page.document.admit_with(&page.archive, cursor, 9, &entry);
    assert_eq!(admitted, Err(Missing::Segment(oldest)));
    page.archive.0.insert(oldest, kept);
    let (cursor, entry) = page.entry(orphan);
    let admitted = page.document.admit_with(&page.archive, cursor, 9, &entry);
    assert_eq!(admitted, Err(Missing::Actor(Actor(9))), "what is nowhere may still come");
    assert_eq!(page.document, then);
    assert_eq!(page.put(body), Verdict::Counted);
}

#[test]
fn what_was_seen_beyond_a_version_below_the_floor_need_not_be_in() {
    let mut page = Page::new("One.\n");
    let start = page.document.version();
    page.save("One.\nTwo.\n");
    let second = page.document.changes().last().unwrap().actor;
    page.flush();
    page.prune();
    let seen = |extra: &[Actor]| VersionRef { extra: extra.to_vec(), ..start.clone() };
    assert!(page.document.holds(&seen(&[])) && page.document.holds(&seen(&[second])));
    assert!(!page.document.holds(&seen(&[Actor(9)])), "it may be on its way");
}

#[test]
fn an_edit_far_below_the_floor_is_carried_over() {
    let start = "Title.\n";
    let mut page = Page::new(start);
    let before = page.document.version();
    // More than is taken back: long texts that come and go.
    let most = limits::RESTORED_BYTES / (limits::PAGE_BYTES - 64) + 1;
    for number in 0..most {
        let line = format!("{number:015}\n").repeat((limits::PAGE_BYTES - 64) / 16);
        page.save(&format!("{start}{line}"));
        page.save(&format!("{start}The end, {number}.\n"));
        page.flush();
        page.prune();
    }
    let kept = page.document.changes().floor();
    let again = page.edit_as(2, &before, start, "Title.\nAnother try.\n");
    assert!(matches!(page.put(again), Verdict::Alias { .. }), "the second save is in the archive");
    let body = page.edit(&before, start, "Title.\nBy hand.\n");
    let Body::Edit(edit) = body.clone() else { panic!("it is an edit") };
    let condition = Some(Condition::Unchanged(Digest::of_text(start)));
    let unmet = Body::Edit(Edit { condition, ..edit });
    let then = page.document.changes().clone();
    assert_eq!(page.put(unmet), Verdict::Unmet);
    assert_eq!(*page.document.changes(), then);
    assert_eq!(page.put(body), Verdict::Counted);
    let text = format!("Title.\nThe end, {}.\nBy hand.\n", most - 1);
    assert_eq!(page.document.text(), text);
    let last = page.document.changes().last().unwrap();
    assert_eq!(last.kind, ChangeKind::CarriedOver as u8);
    assert_eq!(page.document.changes().floor(), kept, "nothing was taken back for it");
}
