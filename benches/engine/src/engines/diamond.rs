//! diamond-types, as published: 1.0.0 is of 2022, and its development went on unpublished.
//!
//! It stores the whole history and nothing else: a load replays it. Each time that a merge goes
//! back in history, 1.0.0 looks up everything that it holds for that merge
//! (`M2Tracker::check_index`, a check that later code has no more), so a history is merged in steps
//! that are as small as can be.

use diamond_types::LocalVersion;
use diamond_types::list::encoding::{ENCODE_FULL, ENCODE_PATCH};
use diamond_types::list::{Branch, ListCRDT, OpLog};

use crate::clock::Deadline;
use crate::document::{Document, Documents};
use crate::engine::{Engine, Merge, Stored};
use crate::failure::Failure;
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
        Ok(Box::new(move |_: Deadline| Ok(merged(&log).content().to_string())))
    }
}

fn merged(log: &OpLog) -> Branch {
    let mut branch = Branch::new();
    gates(log).into_iter().for_each(|gate| branch.merge(log, &[gate]));
    branch.merge(log, log.local_version_ref());
    branch
}

/// The last operations of all that came before them which all that comes later was made on.
fn gates(log: &OpLog) -> Vec<usize> {
    let runs: Vec<_> = log.iter_history().collect();
    // The first operation that this run or a later one was made on.
    let mut first_parents: Vec<usize> = Vec::with_capacity(runs.len());
    let mut first = usize::MAX;
    for run in runs.iter().rev() {
        first_parents.push(first);
        first = first.min(run.parents.iter().copied().min().unwrap_or(0));
    }
    let mut gates = Vec::new();
    let mut tips: Vec<usize> = Vec::new();
    for (run, first_parent) in runs.iter().zip(first_parents.into_iter().rev()) {
        let last = run.span.end - 1;
        tips.retain(|tip| !run.parents.contains(tip));
        tips.push(last);
        let gate = last.min(first_parent);
        if tips.len() == 1 && gate >= run.span.start {
            gates.push(gate);
        }
    }
    gates
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
