//! Brings a trace into an engine that knows no history but its own: one replica for each writer,
//! and updates between them.
//!
//! A replica edits only where it holds exactly what the transaction had seen. A writer who branched
//! gets a new replica for each branch.

use std::collections::HashMap;

use redwedding_crdt::text::Version;

use crate::engine::{Deadline, Document, Engine, Failure};
use crate::trace::{Edit, Trace};

/// A document that holds all of the trace.
pub fn replay<E: Engine + ?Sized>(
    engine: &E,
    trace: &Trace,
    deadline: Deadline,
) -> Result<Box<dyn Document>, Failure> {
    if trace.sequential {
        let mut document = engine.empty(1)?;
        let edits: Vec<Edit> = trace.edits().cloned().collect();
        document.edit(&edits)?;
        return Ok(document);
    }
    let mut replicas: HashMap<u64, Replica> = HashMap::new();
    let mut updates: Vec<Vec<u8>> = Vec::with_capacity(trace.transactions.len());
    let mut names = 0;
    for (transaction, base) in trace.bases() {
        deadline.check()?;
        let usable = replicas.remove(&transaction.agent).filter(|held| base.includes(&held.holds));
        let mut replica = match usable {
            Some(replica) => replica,
            None => {
                names += 1;
                Replica { document: engine.empty(names)?, holds: Version::EMPTY }
            }
        };
        replica.go_to(&base, &updates, deadline)?;
        replica.document.edit(&transaction.edits)?;
        replica.holds.insert(updates.len() as u32);
        updates.push(replica.document.encode_update()?);
        replicas.insert(transaction.agent, replica);
    }
    let last = trace.transactions.last().and_then(|last| replicas.remove(&last.agent));
    let mut replica = last.ok_or(Failure::Absent)?;
    replica.go_to(&Version::up_to(updates.len() as u32), &updates, deadline)?;
    Ok(replica.document)
}

struct Replica {
    document: Box<dyn Document>,
    /// The transactions that are in.
    holds: Version,
}

impl Replica {
    fn go_to(
        &mut self,
        version: &Version,
        updates: &[Vec<u8>],
        deadline: Deadline,
    ) -> Result<(), Failure> {
        for missing in version.minus(&self.holds) {
            deadline.check()?;
            self.document.receive(&updates[missing as usize])?;
        }
        self.holds = version.clone();
        Ok(())
    }
}
