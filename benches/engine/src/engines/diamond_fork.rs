//! diamond-types as it went on after what is published: by diamond-types-extended, a fork of it
//! that keeps its merging as it was and wraps the rest in an API of its own.
//!
//! A text is read by merging the whole log. Its log is of maps, of which the text is an entry, and
//! has no encoding but serde's.

use diamond_types_extended::{Document as Log, Frontier, SerializedOpsOwned, Uuid};

use crate::clock::Deadline;
use crate::document::{Document, Documents, READER};
use crate::engine::{Engine, Merge, Stored};
use crate::failure::Failure;
use crate::trace::{Edit, Trace};

/// The engine, for merging alone.
pub struct Fork;

struct Page {
    log: Log,
    replica: Uuid,
    before: Frontier,
}

/// Where in its map the text is.
const TEXT: &str = "text";

impl Page {
    /// All begin with the same operation, which makes the text.
    fn new(replica: u64) -> Page {
        let mut log = Log::new();
        let first = log.create_agent(Uuid::from_u64_pair(1, 0));
        log.transact(first, |transaction| transaction.root().create_text(TEXT));
        let before = log.version().clone();
        Page { log, replica: Uuid::from_u64_pair(2, replica), before }
    }
}

impl Documents for Fork {
    fn empty(&self, replica: u64) -> Result<Box<dyn Document>, Failure> {
        Ok(Box::new(Page::new(replica)))
    }

    fn load(&self, bytes: &[u8], replica: u64) -> Result<Box<dyn Document>, Failure> {
        let mut page = Page::new(replica);
        page.receive(&[bytes])?;
        Ok(Box::new(page))
    }
}

impl Engine for Fork {
    fn name(&self) -> String {
        "diamond-types, fork".to_owned()
    }

    fn merge<'a>(&self, _: &'a Trace, stored: Option<&'a Stored>) -> Result<Merge<'a>, Failure> {
        let stored = stored.ok_or(Failure::Absent)?;
        let page = self.load(&stored.history, READER)?;
        Ok(Box::new(move |_: Deadline| page.text()))
    }
}

impl Document for Page {
    fn counts_characters(&self) -> bool {
        true
    }

    fn edit(&mut self, edits: &[Edit]) -> Result<(), Failure> {
        self.before = self.log.version().clone();
        let agent = self.log.create_agent(self.replica);
        self.log.transact(agent, |transaction| {
            let mut text = transaction.get_text_mut(&[TEXT]).ok_or(Failure::Absent)?;
            for edit in edits {
                if edit.deleted > 0 {
                    text.delete(edit.at..edit.at + edit.deleted);
                }
                if !edit.text.is_empty() {
                    text.insert(edit.at, &edit.text);
                }
            }
            Ok(())
        })
    }

    fn encode_update(&mut self) -> Result<Vec<u8>, Failure> {
        serde_json::to_vec(&self.log.ops_since(&self.before)).map_err(Failure::of)
    }

    fn receive(&mut self, updates: &[&[u8]]) -> Result<(), Failure> {
        updates.iter().try_for_each(|update| {
            let update: SerializedOpsOwned = serde_json::from_slice(update).map_err(Failure::of)?;
            self.log.merge_ops(update).map_err(|error| Failure::of(format!("{error:?}")))
        })
    }

    fn encode(&mut self) -> Result<Vec<u8>, Failure> {
        serde_json::to_vec(&self.log.ops_since(&Frontier::root())).map_err(Failure::of)
    }

    fn text(&self) -> Result<String, Failure> {
        self.log.text_content(&[TEXT]).ok_or(Failure::Absent)
    }
}
