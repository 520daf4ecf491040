//! The engine of this project, as it stores a page: [`Document`].
//!
//! Each edit is one change with all that a save brings along: identity, author, times, base. What
//! it keeps of the edits decides how much there is to load, so that is its configuration here.

use redwedding_crdt::codec::Encode;
use redwedding_crdt::document::{Document, Verdict};
use redwedding_crdt::entry::{Body, Delta, Edit as Save, Entry, Note, OriginPage};
use redwedding_crdt::identity::{DocumentKey, EditId};
use redwedding_crdt::text::{Patch, Text, Version, diff};
use redwedding_crdt::version::{Base, Cursor};

use crate::engine::{self, Deadline, Documents, Engine, Failure, Merge, Stored};
use crate::trace::{Edit, Trace};

/// The engine, and what it keeps.
pub enum Ours {
    /// The text, and no edit at all: those before the present are pruned.
    Hot,
    /// The last edits, made on a text that came from elsewhere.
    Tail(usize),
    /// Every edit.
    Whole,
}

/// The state that a page is meant to be in, and the one nearest to it that there is.
pub const HOT: &str = "ours, hot state";
pub const NEAREST: &str = "ours, text + 0 edits";

struct Page {
    document: Document,
    saves: u64,
    last: Option<Entry>,
}

/// When everything here happens, in ms since 1970.
const NOW_MS: u64 = 1_700_000_000_000;

fn key() -> Result<DocumentKey, Failure> {
    DocumentKey::new("wiki", "page").map_err(Failure::of)
}

impl Page {
    fn of(document: Document) -> Page {
        Page { saves: document.cursor().position, document, last: None }
    }

    /// The page whose first text came from elsewhere.
    fn from_text(text: String) -> Result<Page, Failure> {
        let mut page = Page::of(Document::new(key()?, Cursor::start(1)));
        if !text.is_empty() {
            let note = Note::default();
            let first = OriginPage { revision: 1, text, time_ms: NOW_MS, note };
            page.fold(Entry::new(key()?, Body::Base(first)))?;
        }
        Ok(page)
    }

    fn change(&mut self, patch: Patch) -> Result<(), Failure> {
        let mut edit = [0xed; 16];
        edit[..8].copy_from_slice(&self.saves.to_le_bytes());
        let delta = Delta {
            edit: EditId(edit),
            base: Base::Version(self.document.version()),
            patch,
            note: Note::default(),
        };
        let save = Save { delta, accepted_ms: NOW_MS, pop: "pop".to_owned(), served: None };
        self.fold(Entry::new(self.document.key().clone(), Body::Edit(save)))
    }

    fn fold(&mut self, entry: Entry) -> Result<(), Failure> {
        self.saves += 1;
        let cursor = self.document.cursor().after(&self.saves.to_le_bytes());
        match self.document.apply(cursor, NOW_MS, &entry) {
            Verdict::Counted => {
                self.last = Some(entry);
                Ok(())
            }
            verdict => Err(Failure::Engine(format!("{verdict:?}"))),
        }
    }
}

impl Documents for Ours {
    fn empty(&self, _: u64) -> Result<Box<dyn engine::Document>, Failure> {
        Ok(Box::new(Page::from_text(String::new())?))
    }

    fn load(&self, bytes: &[u8], _: u64) -> Result<Box<dyn engine::Document>, Failure> {
        Ok(Box::new(Page::of(Document::decode_own(bytes).map_err(Failure::of)?)))
    }
}

impl Engine for Ours {
    fn name(&self) -> String {
        match self {
            Ours::Hot => HOT.to_owned(),
            Ours::Tail(edits) => format!("ours, text + {edits} edits"),
            Ours::Whole => "ours, whole history".to_owned(),
        }
    }

    fn build(&self, trace: &Trace, deadline: Deadline) -> Result<Stored, Failure> {
        let edits: Vec<&Edit> = trace.edits().collect();
        let kept = match self {
            // A document has no floor yet, below which nothing is kept.
            Ours::Hot => return Err(Failure::Absent),
            Ours::Tail(kept) => edits.len().min(*kept),
            Ours::Whole => edits.len(),
        };
        if !trace.sequential {
            return Err(Failure::Absent);
        }
        let (before, tail) = edits.split_at(edits.len() - kept);
        let mut text = String::new();
        for edit in before {
            text.replace_range(edit.at..edit.at + edit.deleted, &edit.text);
        }
        let mut page = Page::from_text(text)?;
        for edit in tail {
            deadline.check()?;
            page.change(edit.patch()?)?;
        }
        let document = page.document.encode();
        Ok(Stored { history: document.clone(), document })
    }

    fn merge<'a>(&self, trace: &'a Trace, _: Option<&'a Stored>) -> Result<Merge<'a>, Failure> {
        let events = events(trace)?;
        Ok(Box::new(move |deadline: Deadline| {
            let mut text = Text::default();
            for (id, base, patch) in events {
                deadline.check()?;
                text.merge(id, base, patch).map_err(Failure::of)?;
            }
            Ok(text.into_parts().0)
        }))
    }
}

/// Every edit as a change of its own: identity, what it had seen, what it did.
fn events(trace: &Trace) -> Result<Vec<(u64, Version, Patch)>, Failure> {
    let mut events: Vec<(u64, Version, Patch)> = Vec::new();
    let mut ends: Vec<Version> = Vec::with_capacity(trace.transactions.len());
    for transaction in &trace.transactions {
        let mut base = Version::EMPTY;
        transaction.parents.iter().for_each(|parent| base.join(&ends[*parent]));
        for edit in &transaction.edits {
            let index = u32::try_from(events.len()).map_err(Failure::of)?;
            let id = transaction.agent << 32 | u64::from(index);
            events.push((id, base.clone(), edit.patch()?));
            base.insert(index);
        }
        ends.push(base);
    }
    Ok(events)
}

impl engine::Document for Page {
    fn edit(&mut self, edits: &[Edit]) -> Result<(), Failure> {
        edits.iter().try_for_each(|edit| self.change(edit.patch()?))
    }

    fn save(&mut self, old: &str, new: &str) -> Result<(), Failure> {
        self.change(diff::between(old, new))
    }

    fn encode_update(&mut self) -> Result<Vec<u8>, Failure> {
        self.last.as_ref().map(Encode::encode).ok_or(Failure::Absent)
    }

    fn receive(&mut self, _: &[&[u8]]) -> Result<(), Failure> {
        // A log's entries are ordered by the relay, and come with a cursor.
        Err(Failure::Absent)
    }

    fn encode(&mut self) -> Result<Vec<u8>, Failure> {
        Ok(self.document.encode())
    }

    fn text(&self) -> Result<String, Failure> {
        Ok(self.document.text().to_owned())
    }
}
