//! Who wrote which part of a document's text, across merges and pruning.
//!
//! May assume that the archive gives the segments it is asked for, or says that it cannot. Must
//! never attribute to anybody what another wrote.

use std::collections::BTreeMap;
use std::sync::Arc;

use redwedding_text::attribution::{Run, Source, resolved};
use redwedding_wire::identity::Digest;

use super::segment::Archive;
use super::{Change, State};

/// Bytes in a row that one change wrote.
#[derive(Clone, PartialEq, Debug)]
pub struct Attribution {
    /// How many.
    pub len: u32,
    /// Which change.
    pub change: Arc<Change>,
}

impl State {
    /// Who wrote which part of the text: together as long as it is. O(edits · log edits), of those
    /// that are kept and of as many segments as it takes to find everybody.
    ///
    /// # Errors
    /// The name of a segment that the archive did not give.
    pub fn attribution(&self, archive: &impl Archive) -> Result<Vec<Attribution>, Digest> {
        let mut runs = self.text.attribution();
        let mut writers: BTreeMap<u32, Arc<Change>> = BTreeMap::new();
        self.note_writers(&runs, &mut writers);
        let below = |runs: &[Run]| runs.iter().any(|run| matches!(run.source, Source::Below(_)));
        for name in self.archive.iter().rev().map(|segment| segment.digest) {
            if !below(&runs) {
                break;
            }
            let segment = archive.segment(name).ok_or(name)?;
            runs = resolved(&runs, &segment.attribution());
            let listed = (segment.history.floor()..).zip(&segment.changes);
            writers.extend(listed.map(|(index, change)| (index, Arc::clone(change))));
        }
        let attributed = |run: &Run| {
            let Source::Change(index) = run.source else { return None };
            Some(Attribution { len: run.len, change: Arc::clone(writers.get(&index)?) })
        };
        Ok(runs.iter().filter_map(attributed).collect())
    }

    fn note_writers(&self, runs: &[Run], writers: &mut BTreeMap<u32, Arc<Change>>) {
        for run in runs {
            if let Source::Change(index) = run.source
                && let Some(change) = self.changes.get(index as usize)
            {
                writers.insert(index, Arc::clone(change));
            }
        }
    }
}
