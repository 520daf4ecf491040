//! The engine of this project, as it stores a page: [`Document`].
//!
//! Each edit is one change with all that a save brings along: identity, author, times, base. What
//! it keeps of the edits decides how much there is to load, so that is its configuration here.

use std::collections::BTreeMap;

use redwedding_document::entry::{Body, Delta, Edit as Save, Entry, Note, OriginPage, RULES};
use redwedding_document::{Document, Verdict};
use redwedding_text::{ChangeId, History, Patch, Version, diff};
use redwedding_wire::codec::{self, Encode, Packed, pack, unpack};
use redwedding_wire::identity::{Actor, DocumentKey, EditId};
use redwedding_wire::version::{Base, Cursor, Root, VersionRef};

use crate::clock::Deadline;
use crate::document::{self, Documents};
use crate::engine::{Engine, Merge, Stored};
use crate::failure::Failure;
use crate::trace::{Edit, Trace};

/// The engine, and what it keeps.
pub enum Ours {
    /// The text and the last edits: those before are pruned. With none, it is the hot state.
    Pruned(usize),
    /// Every edit.
    Whole,
}

/// The state that a page is meant to be in.
pub const HOT: &str = "ours, hot state";

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

    fn change(&mut self, base: VersionRef, patch: Patch) -> Result<(), Failure> {
        let mut edit = [0xed; 16];
        edit[..8].copy_from_slice(&self.saves.to_le_bytes());
        let (edit, base, note) = (EditId(edit), Base::Version(base), Note::default());
        let delta = Delta { edit, base, patch, note, rules: RULES };
        let save = Save::new(delta, NOW_MS, "pop".to_owned());
        self.fold(Entry::new(self.document.key().clone(), Body::Edit(save)))
    }

    /// The version that holds an event's base: a part of the log, and the events beyond it that
    /// the event was made on.
    fn base(&self, event: &Event) -> VersionRef {
        let changes = self.document.changes();
        let prefix = event.base.prefix();
        let last = prefix.checked_sub(1).and_then(|last| changes.get(last as usize));
        let beyond = event.parents.iter().filter(|parent| **parent >= prefix);
        let actors = beyond.filter_map(|parent| Some(changes.get(*parent as usize)?.actor));
        let mut extra: Vec<Actor> = actors.collect();
        extra.sort_unstable();
        let root = last.map_or(Root::EMPTY, |last| Root::Log(last.place));
        VersionRef { root, extra, check: None, hidden: None, put: None }
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
    fn empty(&self, _: u64) -> Result<Box<dyn document::Document>, Failure> {
        Ok(Box::new(Page::from_text(String::new())?))
    }

    fn load(&self, bytes: &[u8], _: u64) -> Result<Box<dyn document::Document>, Failure> {
        Ok(Box::new(Page::of(Document::decode_own(bytes).map_err(Failure::of)?)))
    }
}

impl Engine for Ours {
    fn name(&self) -> String {
        match self {
            Ours::Pruned(0) => HOT.to_owned(),
            Ours::Pruned(edits) => format!("ours, text + {edits} edits"),
            Ours::Whole => "ours, whole history".to_owned(),
        }
    }

    fn build(&self, trace: &Trace, deadline: Deadline) -> Result<Stored, Failure> {
        let history = history(trace)?;
        let page = match self {
            Ours::Pruned(kept) => with_tail(trace, *kept)?,
            // A page decides of saves, and its text is not that of merging character by character,
            // on which several people's recorded keystrokes stand: those are a history alone.
            Ours::Whole if !trace.sequential => {
                Page::from_text(history.checkout("").map_err(Failure::of)?)?
            }
            Ours::Whole => {
                let mut page = Page::from_text(String::new())?;
                for event in events(trace)? {
                    deadline.check()?;
                    page.change(page.base(&event), event.patch)?;
                }
                page
            }
        };
        Ok(Stored { history: archived(&history), document: page.document.encode() })
    }

    fn merge<'a>(&self, _: &'a Trace, stored: Option<&'a Stored>) -> Result<Merge<'a>, Failure> {
        let stored = stored.ok_or(Failure::Absent)?;
        let history = from_archive(&stored.history)?;
        Ok(Box::new(move |_: Deadline| history.checkout("").map_err(Failure::of)))
    }
}

/// A history as the archive has it: columns and text, compressed.
fn archived(history: &History) -> Vec<u8> {
    let text = history.inserted_all().as_bytes().to_vec();
    codec::to_vec(&[pack(history.columns()), pack(text)])
}

fn from_archive(bytes: &[u8]) -> Result<History, Failure> {
    let [columns, text]: [Packed; 2] = codec::from_slice(bytes).map_err(Failure::of)?;
    let columns = unpack(columns).map_err(Failure::of)?;
    let text = String::from_utf8(unpack(text).map_err(Failure::of)?).map_err(Failure::of)?;
    History::from_columns(&columns, text).map_err(Failure::of)
}

/// Every edit of a trace as a change of its writer.
fn history(trace: &Trace) -> Result<History, Failure> {
    let mut history = History::default();
    let mut made = BTreeMap::<u64, u32>::new();
    for event in events(trace)? {
        let counter = made.entry(event.agent).or_default();
        let id = ChangeId { actor: event.agent, counter: *counter };
        *counter += 1;
        history.record(id, &event.base, &event.patch).map_err(Failure::of)?;
    }
    Ok(history)
}

/// The last edits of a sequential trace, made on a page of which no edit before is kept.
fn with_tail(trace: &Trace, kept: usize) -> Result<Page, Failure> {
    let edits: Vec<&Edit> = trace.edits().collect();
    let (before, tail) = edits.split_at(edits.len().saturating_sub(kept));
    let mut text = String::new();
    for edit in before {
        text.replace_range(edit.at..edit.at + edit.deleted, &edit.text);
    }
    let mut page = Page::from_text(text)?;
    let all = page.document.prunable(page.document.changes().len());
    page.document.prune(all);
    for edit in tail {
        page.change(page.document.version(), edit.patch()?)?;
    }
    Ok(page)
}

/// An edit as a change of its own.
struct Event {
    agent: u64,
    /// What it had seen.
    base: Version,
    /// The last of that: the rest had been seen by these.
    parents: Vec<u32>,
    patch: Patch,
}

/// Every edit of a trace, in order.
fn events(trace: &Trace) -> Result<Vec<Event>, Failure> {
    let mut events: Vec<Event> = Vec::new();
    let mut ends: Vec<(Version, Vec<u32>)> = Vec::with_capacity(trace.transactions.len());
    for transaction in &trace.transactions {
        let (mut base, mut parents) = (Version::EMPTY, Vec::new());
        for (seen, last) in transaction.parents.iter().map(|parent| &ends[*parent]) {
            base.join(seen);
            parents.extend_from_slice(last);
        }
        for edit in &transaction.edits {
            let index = u32::try_from(events.len()).map_err(Failure::of)?;
            let (agent, patch) = (transaction.agent, edit.patch()?);
            let last = std::mem::replace(&mut parents, vec![index]);
            events.push(Event { agent, base: base.clone(), parents: last, patch });
            base.insert(index);
        }
        ends.push((base, parents));
    }
    Ok(events)
}

impl document::Document for Page {
    fn edit(&mut self, edits: &[Edit]) -> Result<(), Failure> {
        edits.iter().try_for_each(|edit| self.change(self.document.version(), edit.patch()?))
    }

    fn save(&mut self, old: &str, new: &str) -> Result<(), Failure> {
        self.change(self.document.version(), diff::between(old, new))
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
