//! Brings a trace into an engine that knows no history but its own: one replica for each writer,
//! and updates between them.
//!
//! A replica edits only where it holds exactly what the transaction had seen. A writer who
//! branched, or was away for long, gets a new replica: a copy of the one that is nearest.

use std::collections::BTreeMap;

use redwedding_text::Version;

use crate::clock::Deadline;
use crate::document::{Document, Documents};
use crate::failure::Failure;
use crate::trace::{Edit, Trace};

/// Edits of a lone writer between two looks at the clock.
const AT_ONCE: usize = 1 << 12;

/// Updates that a replica may have missed before a copy of another one is the quicker way.
const NEAR: usize = 32;

/// A document that holds all of the trace.
pub fn replay<E: Documents + ?Sized>(
    engine: &E,
    trace: &Trace,
    deadline: Deadline,
) -> Result<Box<dyn Document>, Failure> {
    if trace.sequential {
        let mut document = engine.empty(1)?;
        let edits: Vec<Edit> = trace.edits().cloned().collect();
        for edits in edits.chunks(AT_ONCE) {
            deadline.check()?;
            document.edit(edits)?;
        }
        return Ok(document);
    }
    let mut replicas: BTreeMap<u64, Replica> = BTreeMap::new();
    let mut updates: Vec<Vec<u8>> = Vec::with_capacity(trace.transactions.len());
    let mut names = 0;
    for (transaction, base) in trace.bases() {
        deadline.check()?;
        let usable = |held: &Replica| base.includes(&held.holds) && held.lacks(&base) <= NEAR;
        let mut replica = match replicas.remove(&transaction.agent).filter(usable) {
            Some(replica) => replica,
            None => {
                names += 1;
                Replica::copied(engine, names, &mut replicas, &base)?
            }
        };
        replica.go_to(&base, &updates)?;
        replica.document.edit(&transaction.edits)?;
        replica.holds.insert(updates.len() as u32);
        updates.push(replica.document.encode_update()?);
        replicas.insert(transaction.agent, replica);
    }
    let last = trace.transactions.last().and_then(|last| replicas.remove(&last.agent));
    let mut replica = last.ok_or(Failure::Absent)?;
    replica.go_to(&Version::up_to(updates.len() as u32), &updates)?;
    Ok(replica.document)
}

struct Replica {
    document: Box<dyn Document>,
    /// The transactions that are in.
    holds: Version,
}

impl Replica {
    /// A copy of the replica that lacks least of `version`, and has nothing else.
    fn copied<E: Documents + ?Sized>(
        engine: &E,
        name: u64,
        replicas: &mut BTreeMap<u64, Replica>,
        version: &Version,
    ) -> Result<Replica, Failure> {
        let usable = replicas.values_mut().filter(|held| version.includes(&held.holds));
        Ok(match usable.min_by_key(|held| held.lacks(version)) {
            None => Replica { document: engine.empty(name)?, holds: Version::EMPTY },
            Some(nearest) => Replica {
                document: engine.load(&nearest.document.encode()?, name)?,
                holds: nearest.holds.clone(),
            },
        })
    }

    fn lacks(&self, version: &Version) -> usize {
        version.minus(&self.holds).count()
    }

    fn go_to(&mut self, version: &Version, updates: &[Vec<u8>]) -> Result<(), Failure> {
        let missing = version.minus(&self.holds);
        let missing: Vec<&[u8]> = missing.map(|index| &*updates[index as usize]).collect();
        if !missing.is_empty() {
            self.document.receive(&missing)?;
        }
        self.holds = version.clone();
        Ok(())
    }
}
