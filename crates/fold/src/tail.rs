//! Folds what a shard's log holds beyond the shard's head.
//!
//! May assume that nobody else writes the shard's state. Must never step over a position, nor
//! fold a record that does not continue the prefix folded so far.

use crate::fold_error::FoldError;
use crate::log::ReadError;
use crate::node::RelayNode;
use crate::shard::{FoldedRecord, Shard};

/// Records read from the log at once; for so long readers of the shard wait.
const TAIL_RECORDS: usize = 512;

/// Folds the log's records beyond the shard's head in, one by one, and gives each to `each`.
///
/// # Errors
/// If the log cannot be read or is damaged, or a record cannot be folded. What lies before it is
/// folded.
pub(crate) fn tail(
    node: &RelayNode,
    shard: &Shard,
    mut each: impl FnMut(FoldedRecord),
) -> Result<(), FoldError> {
    loop {
        let from = shard.read().head.position + 1;
        let records = node.log.read(shard.number, from, TAIL_RECORDS)?;
        if records.is_empty() {
            return Ok(());
        }
        let mut state = shard.write();
        for logged in &records {
            // The prefix hash runs over all records: one that was lost, doubled or changed on the
            // way is noticed here, on every node alike.
            if logged.cursor != state.head.after(&logged.record) {
                let position = logged.cursor.position;
                let why = format!("position {position} breaks the chain");
                return Err(ReadError::Damaged(why).into());
            }
            if let Some(folded) = state.fold(logged, node)? {
                each(folded);
            }
        }
    }
}
