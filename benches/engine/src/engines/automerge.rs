//! Automerge: stored by `save`, loaded without verifying its hashes once more.

use ::automerge::transaction::{CommitOptions, Transactable};
use ::automerge::{
    ActorId, AutoCommit, Change, LoadOptions, ObjId, ObjType, ROOT, ReadDoc, VerificationMode,
};

use crate::clock::Deadline;
use crate::document::{Document, Documents};
use crate::engine::{Engine, Merge, Stored};
use crate::failure::Failure;
use crate::trace::{Edit, Trace};

/// The engine.
pub struct Automerge;

struct Page {
    doc: AutoCommit,
    text: ObjId,
}

fn actor(number: u64) -> ActorId {
    ActorId::from(number.to_be_bytes())
}

/// The document with its one text, the same for all replicas.
fn seed() -> Result<AutoCommit, Failure> {
    let mut doc = AutoCommit::new().with_actor(actor(0));
    doc.put_object(ROOT, "text", ObjType::Text).map_err(Failure::of)?;
    doc.commit_with(CommitOptions::default().with_time(0));
    Ok(doc)
}

impl Page {
    fn new(doc: AutoCommit) -> Result<Page, Failure> {
        let found = doc.get(ROOT, "text").map_err(Failure::of)?;
        let (_, text) = found.ok_or(Failure::WrongText)?;
        Ok(Page { doc, text })
    }
}

impl Documents for Automerge {
    fn empty(&self, replica: u64) -> Result<Box<dyn Document>, Failure> {
        Ok(Box::new(Page::new(seed()?.with_actor(actor(replica)))?))
    }

    fn load(&self, bytes: &[u8], replica: u64) -> Result<Box<dyn Document>, Failure> {
        let options = LoadOptions::new().verification_mode(VerificationMode::DontCheck);
        let doc = AutoCommit::load_with_options(bytes, options).map_err(Failure::of)?;
        Ok(Box::new(Page::new(doc.with_actor(actor(replica)))?))
    }
}

impl Engine for Automerge {
    fn name(&self) -> String {
        "automerge".to_owned()
    }

    fn merge<'a>(&self, _: &'a Trace, stored: Option<&'a Stored>) -> Result<Merge<'a>, Failure> {
        let stored = stored.ok_or(Failure::Absent)?;
        let changes: Vec<Change> =
            AutoCommit::load(&stored.history).map_err(Failure::of)?.get_changes(&[]);
        let mut doc = AutoCommit::new();
        Ok(Box::new(move |_: Deadline| {
            doc.apply_changes_batch(changes).map_err(Failure::of)?;
            Page::new(doc)?.text()
        }))
    }
}

impl Document for Page {
    fn edit(&mut self, edits: &[Edit]) -> Result<(), Failure> {
        for edit in edits {
            let deleted = isize::try_from(edit.deleted).map_err(Failure::of)?;
            self.doc.splice_text(&self.text, edit.at, deleted, &edit.text).map_err(Failure::of)?;
        }
        self.doc.commit_with(CommitOptions::default().with_time(0));
        Ok(())
    }

    fn encode_update(&mut self) -> Result<Vec<u8>, Failure> {
        // A transaction without edits makes no change, and nothing to send.
        let change = self.doc.get_last_local_change();
        Ok(change.map(|change| change.raw_bytes().to_vec()).unwrap_or_default())
    }

    fn receive(&mut self, updates: &[&[u8]]) -> Result<(), Failure> {
        let sent = updates.iter().filter(|update| !update.is_empty());
        let changes = sent.map(|update| Change::from_bytes(update.to_vec()).map_err(Failure::of));
        let changes = changes.collect::<Result<Vec<_>, Failure>>()?;
        self.doc.apply_changes_batch(changes).map_err(Failure::of)
    }

    fn encode(&mut self) -> Result<Vec<u8>, Failure> {
        Ok(self.doc.save())
    }

    fn text(&self) -> Result<String, Failure> {
        self.doc.text(&self.text).map_err(Failure::of)
    }
}
