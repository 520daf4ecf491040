//! A page that is saved on, as the log has it: kept whole, stored and read again, and pruned.

use std::collections::BTreeMap;
use std::ops::Range;

use redwedding_document::entry::{
    Body, Committed, Delta, Edit, Entry, Intent, Note, OriginPage, RULES,
};
use redwedding_document::{Archive, Document, Segment, Verdict, View};
use redwedding_text::{Version, diff};
use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::identity::{Actor, Digest, DocumentKey, EditId, FlushId};
use redwedding_wire::version::{Base, Cursor, Root, VersionRef};

#[derive(Default)]
struct MemoryArchive(BTreeMap<Digest, Vec<u8>>);

impl Archive for MemoryArchive {
    fn segment(&self, name: Digest) -> Option<Segment> {
        Segment::open(self.0.get(&name)?, name).ok()
    }
}

pub(crate) struct Page {
    pub(crate) document: Document,
    stored: Document,
    pruned: Document,
    archive: MemoryArchive,
    saves: u64,
}

/// A save that was folded.
pub(crate) struct Saved {
    pub(crate) actor: Actor,
    pub(crate) verdict: Verdict,
    /// Where the ways of folding it do not agree.
    pub(crate) differs: Option<String>,
}

impl Page {
    pub(crate) fn new(text: &str) -> Self {
        let document = Document::new(DocumentKey::new("wiki", "Page").unwrap(), Cursor::start(1));
        let (stored, pruned) = (document.clone(), document.clone());
        let archive = MemoryArchive::default();
        let mut page = Self { document, stored, pruned, archive, saves: 0 };
        if !text.is_empty() {
            let (text, note) = (text.to_owned(), Note::default());
            page.put(Body::Base(OriginPage { revision: 1, text, time_ms: 1, note }));
        }
        page
    }

    fn put(&mut self, body: Body) -> (Verdict, Option<String>) {
        let cursor = self.document.cursor().after(b"entry");
        let entry = Entry::new(self.document.key().clone(), body);
        assert_eq!(Entry::decode(&entry.encode()).unwrap(), entry);
        let verdict = self.document.apply(cursor, cursor.position, &entry);
        let stored = self.stored.apply(cursor, cursor.position, &entry);
        let pruned = self.pruned.apply_with(&self.archive, cursor, cursor.position, &entry);
        let hash = self.document.state_hash();
        let whole = self.document.text();
        let others = [("stored", stored, &self.stored), ("pruned", pruned, &self.pruned)];
        let differs = others.into_iter().find_map(|(name, told, other)| {
            let same = told == verdict && other.state_hash() == hash && other.text() == whole;
            let listed = |document: &Document| -> Vec<(usize, Range<u32>, String)> {
                let open = document.alternatives().into_iter();
                open.map(|it| (it.save, it.at, it.text.to_owned())).collect()
            };
            let same = same && listed(other) == listed(&self.document);
            (!same).then(|| format!("{name}: {told:?} {:?} {:?}", other.text(), listed(other)))
        });
        let bytes = self.stored.encode();
        self.stored = Document::decode(&bytes).unwrap();
        let differs =
            differs.or_else(|| (self.stored.encode() != bytes).then(|| "encoded".to_owned()));
        (verdict, differs)
    }

    pub(crate) fn text_of(&self, version: &VersionRef) -> String {
        self.document.text_of(&self.document.resolve_version(version).unwrap()).unwrap()
    }

    pub(crate) fn version_of(&self, version: &VersionRef) -> Version {
        self.document.resolve_version(version).unwrap().version
    }

    /// Saves a text on a version, as a view and as the log take it in.
    pub(crate) fn save(&mut self, on: &VersionRef, old: &str, new: &str) -> Saved {
        self.saves += 1;
        let mut edit = EditId([self.saves as u8 * 29; 16]);
        edit.0[..8].copy_from_slice(&self.saves.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
        let (base, patch) = (Base::Version(on.clone()), diff::between(old, new));
        let delta = Delta { edit, base, patch, note: Note::default(), rules: RULES };
        let actor = delta.actor();
        let (pop, condition) = ("AMS".into(), None);
        let edit = Edit { condition, ..Edit::new(delta, 1, pop) };
        let entry = Entry::new(self.document.key().clone(), Body::Edit(edit.clone()));
        let mut view = View::of(&self.document);
        let added = view.add_save(&entry);
        let (verdict, differs) = self.put(Body::Edit(edit));
        let added = added.is_ok_and(|it| it.0 == Verdict::Counted);
        let of_view = (!added).then(|| "view".to_owned());
        Saved { actor, verdict, differs: differs.or(of_view) }
    }

    /// The origin has the page, and nothing below it is kept that need not be.
    pub(crate) fn flush(&mut self) -> Option<String> {
        let Root::Log(upto) = self.document.version().root else { return None };
        let tip = self.document.origin().revision();
        let text = Digest::of_text(self.document.text());
        let flush = FlushId([self.saves as u8; 16]);
        let (_, differs) = self.put(Body::Intent(Intent { flush, upto, tip, text }));
        let (from, revision) = (tip, tip + 1);
        let committed =
            Committed { flush, from, revision, stored: text, difference: None, time_ms: 2 };
        let (_, too) = self.put(Body::Committed(committed));
        let floor = self.pruned.prunable(self.pruned.changes().len());
        if let Some(segment) = self.pruned.prune(floor) {
            self.archive.0.insert(segment.name().0, segment.packed());
        }
        differs.or(too)
    }

    /// Passages of which the page shows another version.
    pub(crate) fn alternatives(&self) -> Vec<(usize, String)> {
        let open = self.document.alternatives().into_iter();
        open.map(|it| (it.save, it.text.to_owned())).collect()
    }
}
