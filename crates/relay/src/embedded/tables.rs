//! The tables of the database file, and what has to be true of them before it is used.
//!
//! May assume nothing of a file that is there already: another program, format or number of
//! shards may have written it. Must never change a file that it does not know.

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use redwedding_wire::identity::Digest;
use redwedding_wire::version::Cursor;

/// (shard, position) → 16 bytes of prefix hash, then the record.
pub(super) const LOG: TableDefinition<'_, (u16, u64), &[u8]> = TableDefinition::new("log");
/// shard → (position, prefix hash) of its head.
pub(super) const HEADS: TableDefinition<'_, u16, (u64, [u8; 16])> = TableDefinition::new("heads");
/// (shard, document digest) → snapshot.
pub(super) const SNAPSHOTS: TableDefinition<'_, (u16, [u8; 16]), &[u8]> =
    TableDefinition::new("snapshots");
/// shard → (epoch, position, prefix hash) up to which every document has its snapshot.
pub(super) const FOLDED: TableDefinition<'_, u16, (u64, u64, [u8; 16])> =
    TableDefinition::new("folded");
/// (document digest, name) → segment of its archive.
pub(super) const SEGMENTS: TableDefinition<'_, ([u8; 16], [u8; 16]), &[u8]> =
    TableDefinition::new("segments");
/// digest → (when, why, what).
pub(super) const REFUSED: TableDefinition<'_, [u8; 16], (u64, &str, &[u8])> =
    TableDefinition::new("refused");
/// name → number: epoch, format, shards, bytes refused.
pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");

/// The format that this program writes and reads.
const FORMAT: u64 = 1;

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

/// Makes the tables; returns the log's epoch.
pub(super) fn prepare(database: &Database, shards: u16, drawn: u64) -> Result<u64, OpenError> {
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

pub(super) fn read_heads(
    database: &Database,
    shards: u16,
    epoch: u64,
) -> Result<Vec<Cursor>, redb::Error> {
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
pub(super) fn check_heads(database: &Database, heads: &[Cursor]) -> Result<(), OpenError> {
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
