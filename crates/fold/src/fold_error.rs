//! Why the fold of a log cannot go on.
//!
//! Must never be taken for a reason to step over a record: every node folds every one.

use redwedding_wire::identity::Digest;
use redwedding_wire::version::Position;

use crate::log::ReadError;
use crate::store::NodeStoreError;

/// Why records could not be folded in. The state is as it was before the one at fault.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FoldError {
    /// The log could not be read, or is damaged.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] NodeStoreError),
    /// The store does not have what an entry stands on. Only a replay from the log's start brings
    /// it back.
    #[error("position {position} needs segment {segment}, which the store does not have")]
    Archive {
        /// The entry's.
        position: Position,
        /// The segment's name.
        segment: Digest,
    },
}
