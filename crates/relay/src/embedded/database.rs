//! The open database: one `redb` file, and what waits to be written to it.
//!
//! May assume that the file is this process's alone: the database locks it.

use std::path::Path;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use redb::Database;
use redwedding_wire::version::{Cursor, Position};

use super::tables::{OpenError, check_heads, prepare, read_heads};
use redwedding_fold::log::AppendError;

/// Memory that the database may use for its pages.
const CACHE_BYTES: usize = 64 << 20;

/// An append that waits for a commit.
pub(super) struct QueuedAppend {
    pub(super) shard: u16,
    pub(super) records: Vec<Vec<u8>>,
    /// Is told the position of the first record.
    pub(super) done: mpsc::Sender<Result<Position, AppendError>>,
}

/// One commit, as the observer is told.
#[derive(Clone, Copy, Debug)]
pub struct Commit {
    /// How long it took, the sync to disk included.
    pub took: Duration,
    /// Records that it made durable.
    pub records: usize,
    /// Appends that shared it.
    pub appends: usize,
}

/// Is told of every commit to the log.
pub type CommitObserver = Box<dyn Fn(Commit) + Send + Sync>;

/// Logs and store in one database file.
pub struct Embedded {
    pub(super) database: Database,
    pub(super) epoch: u64,
    pub(super) shards: u16,
    /// Appends that wait for a commit.
    pub(super) waiting: Mutex<Vec<QueuedAppend>>,
    /// The heads; whoever holds the lock commits for all who wait.
    pub(super) heads: Mutex<Vec<Cursor>>,
    pub(super) observer: CommitObserver,
}

impl Embedded {
    /// Opens the database at `path`, or creates it with the drawn `epoch` (of an
    /// existing one the epoch stays).
    ///
    /// # Errors
    /// If the file cannot be opened, or is not one of this format and number of shards.
    pub fn open(
        path: &Path,
        shards: u16,
        epoch: u64,
        observer: CommitObserver,
    ) -> Result<Self, OpenError> {
        let mut builder = Database::builder();
        builder.set_cache_size(CACHE_BYTES);
        let database = builder.create(path).map_err(redb::Error::from)?;
        let epoch = prepare(&database, shards, epoch)?;
        let heads = read_heads(&database, shards, epoch)?;
        check_heads(&database, &heads)?;
        let (waiting, heads) = (Mutex::new(Vec::new()), Mutex::new(heads));
        Ok(Self { database, epoch, shards, waiting, heads, observer })
    }
}
