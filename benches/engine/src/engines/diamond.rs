//! diamond-types, as published: 1.0.0 is of 2022, and its development went on unpublished.
//!
//! It stores the whole history and nothing else: a load replays it.

use diamond_types::LocalVersion;
use diamond_types::list::encoding::{ENCODE_FULL, ENCODE_PATCH};
use diamond_types::list::{ListCRDT, OpLog};

use crate::engine::{Deadline, Document, Documents, Engine, Failure, Merge, Stored};
use crate::trace::{Edit, Trace};

/// The engine.
pub struct Diamond;

struct Page {
    list: ListCRDT,
    replica: String,
    before: LocalVersion,
}

impl Page {
    fn new(list: ListCRDT, replica: String) -> Page {
        Page { list, replica, before: LocalVersion::new() }
    }
}

impl Documents for Diamond {
    fn empty(&self, replica: u64) -> Result<Box<dyn Document>, Failure> {
        Ok(Box::new(Page::new(ListCRDT::new(), replica.to_string())))
    }

    fn load(&self, bytes: &[u8], replica: u64) -> Result<Box<dyn Document>, Failure> {
        let list = ListCRDT::load_from(bytes).map_err(|error| Failure::of(format!("{error:?}")))?;
        Ok(Box::new(Page::new(list, replica.to_string())))
    }
}

impl Engine for Diamond {
    fn name(&self) -> String {
        "diamond-types".to_owned()
    }

    fn build(&self, trace: &Trace, _: Deadline) -> Result<Stored, Failure> {
        // Its log takes edits at any version: no replicas are needed.
        let mut log = OpLog::new();
        let mut ends: Vec<LocalVersion> = Vec::with_capacity(trace.transactions.len());
        for transaction in &trace.transactions {
            let agent = log.get_or_create_agent_id(&transaction.agent.to_string());
            let parents = transaction.parents.iter().map(|parent| &ends[*parent]);
            let mut now =
                parents.fold(LocalVersion::new(), |now, end| log.version_union(&now, end));
            for edit in &transaction.edits {
                if edit.deleted > 0 {
                    let range = edit.at..edit.at + edit.deleted;
                    now = LocalVersion::from_iter([log.add_delete_at(agent, &now, range)]);
                }
                if !edit.text.is_empty() {
                    let last = log.add_insert_at(agent, &now, edit.at, &edit.text);
                    now = LocalVersion::from_iter([last]);
                }
            }
            ends.push(now);
        }
        let document = log.encode(ENCODE_FULL);
        Ok(Stored { history: document.clone(), document })
    }

    fn merge<'a>(&self, _: &'a Trace, stored: Option<&'a Stored>) -> Result<Merge<'a>, Failure> {
        let stored = stored.ok_or(Failure::Absent)?;
        let log =
            OpLog::load_from(&stored.history).map_err(|error| Failure::of(format!("{error:?}")))?;
        Ok(Box::new(move |_: Deadline| Ok(log.checkout_tip().content().to_string())))
    }
}

impl Document for Page {
    fn counts_characters(&self) -> bool {
        true
    }

    fn edit(&mut self, edits: &[Edit]) -> Result<(), Failure> {
        self.before = self.list.oplog.local_version();
        let agent = self.list.get_or_create_agent_id(&self.replica);
        for edit in edits {
            if edit.deleted > 0 {
                self.list.delete_without_content(agent, edit.at..edit.at + edit.deleted);
            }
            if !edit.text.is_empty() {
                self.list.insert(agent, edit.at, &edit.text);
            }
        }
        Ok(())
    }

    fn encode_update(&mut self) -> Result<Vec<u8>, Failure> {
        Ok(self.list.oplog.encode_from(ENCODE_PATCH, &self.before))
    }

    fn receive(&mut self, updates: &[&[u8]]) -> Result<(), Failure> {
        updates.iter().try_for_each(|update| {
            let merged = self.list.merge_data_and_ff(update);
            merged.map_err(|error| Failure::of(format!("{error:?}"))).map(drop)
        })
    }

    fn encode(&mut self) -> Result<Vec<u8>, Failure> {
        Ok(self.list.oplog.encode(ENCODE_FULL))
    }

    fn text(&self) -> Result<String, Failure> {
        Ok(self.list.branch.content().to_string())
    }
}
