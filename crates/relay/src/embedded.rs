//! The embedded implementation of both ports: one `redb` file.
//!
//! May assume that the file is this process's alone (the database locks it) and
//! that the file system keeps what it was told to sync. Must never acknowledge
//! before the commit that holds the records has returned.
//!
//! Modules: `log` (group commit), `store` (snapshots, segments, refused entries).

mod log;
mod store;

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use redwedding_wire::identity::Digest;
use redwedding_wire::version::Cursor;

use log::Waiting;

/// (shard, position) → 16 bytes of prefix hash, then the record.
const LOG: TableDefinition<'_, (u16, u64), &[u8]> = TableDefinition::new("log");
/// shard → (position, prefix hash) of its head.
const HEADS: TableDefinition<'_, u16, (u64, [u8; 16])> = TableDefinition::new("heads");
/// (shard, document digest) → snapshot.
const SNAPSHOTS: TableDefinition<'_, (u16, [u8; 16]), &[u8]> = TableDefinition::new("snapshots");
/// shard → (epoch, position, prefix hash) up to which every document has its snapshot.
const FOLDED: TableDefinition<'_, u16, (u64, u64, [u8; 16])> = TableDefinition::new("folded");
/// (document digest, name) → segment of its archive.
const SEGMENTS: TableDefinition<'_, ([u8; 16], [u8; 16]), &[u8]> = TableDefinition::new("segments");
/// digest → (when, why, what).
const REFUSED: TableDefinition<'_, [u8; 16], (u64, &str, &[u8])> = TableDefinition::new("refused");
/// name → number: epoch, format, shards, bytes refused.
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");

const FORMAT: u64 = 1;
/// Memory that the database may use for its pages.
const CACHE_BYTES: usize = 64 << 20;

/// Why the database could not be opened. Nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file could not be opened: another process has it, or it is damaged.
    #[error("the database cannot be opened: {0}")]
    Database(#[from] redb::Error),
    /// It was written by a program whose format is not known here.
    #[error("the database has format {0}; this program knows {FORMAT}")]
    Format(u64),
    /// It was made for another number of shards.
    #[error("the database has {0} shards, this program {1}")]
    Shards(u64, u16),
    /// Head and records of a shard do not fit.
    #[error("the log of shard {0} does not end at its head")]
    Head(u16),
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
pub type Observer = Box<dyn Fn(Commit) + Send + Sync>;

/// Logs and store in one database file.
pub struct Embedded {
    database: Database,
    epoch: u64,
    shards: u16,
    /// Appends that wait for a commit.
    waiting: Mutex<Vec<Waiting>>,
    /// The heads; whoever holds the lock commits for all who wait.
    heads: Mutex<Vec<Cursor>>,
    observer: Observer,
}

impl Embedded {
    /// Opens the database at `path`, or creates it with the drawn `epoch` (of an
    /// existing one the epoch stays).
    pub fn open(
        path: &Path,
        shards: u16,
        epoch: u64,
        observer: Observer,
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

/// Makes the tables; returns the log's epoch.
fn prepare(database: &Database, shards: u16, drawn: u64) -> Result<u64, OpenError> {
    let transaction = database.begin_write().map_err(redb::Error::from)?;
    let meta = {
        let mut meta = transaction.open_table(META).map_err(redb::Error::from)?;
        let mut stored = |name: &str, new: u64| -> Result<u64, redb::Error> {
            let found = meta.get(name)?.map(|value| value.value());
            if found.is_none() {
                meta.insert(name, new)?;
            }
            Ok(found.unwrap_or(new))
        };
        (stored("format", FORMAT)?, stored("shards", shards.into())?, stored("epoch", drawn)?)
    };
    let (format, made_for, epoch) = meta;
    if format != FORMAT {
        return Err(OpenError::Format(format));
    }
    if made_for != u64::from(shards) {
        return Err(OpenError::Shards(made_for, shards));
    }
    transaction.open_table(LOG).map_err(redb::Error::from)?;
    transaction.open_table(HEADS).map_err(redb::Error::from)?;
    transaction.open_table(SNAPSHOTS).map_err(redb::Error::from)?;
    transaction.open_table(FOLDED).map_err(redb::Error::from)?;
    transaction.open_table(SEGMENTS).map_err(redb::Error::from)?;
    transaction.open_table(REFUSED).map_err(redb::Error::from)?;
    transaction.commit().map_err(redb::Error::from)?;
    Ok(epoch)
}

fn read_heads(database: &Database, shards: u16, epoch: u64) -> Result<Vec<Cursor>, redb::Error> {
    let table = database.begin_read()?.open_table(HEADS)?;
    let head = |shard| -> Result<Cursor, redb::Error> {
        Ok(match table.get(shard)?.map(|row| row.value()) {
            Some((position, prefix)) => Cursor { epoch, position, prefix: Digest(prefix) },
            None => Cursor::start(epoch),
        })
    };
    (0..shards).map(head).collect()
}

/// Each head is that of the last record, where one is kept.
fn check_heads(database: &Database, heads: &[Cursor]) -> Result<(), OpenError> {
    let transaction = database.begin_read().map_err(redb::Error::from)?;
    let table = transaction.open_table(LOG).map_err(redb::Error::from)?;
    for (shard, head) in (0u16..).zip(heads) {
        let rows = table.range((shard, 0)..=(shard, u64::MAX)).map_err(redb::Error::from)?;
        let Some(last) = rows.last() else { continue };
        let (key, value) = last.map_err(redb::Error::from)?;
        if key.value().1 != head.position || value.value().get(..16) != Some(&head.prefix.0) {
            return Err(OpenError::Head(shard));
        }
    }
    Ok(())
}
