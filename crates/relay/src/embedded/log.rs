//! The log's side of the database, with group commit.
//!
//! Whoever appends queues its records and then waits for the right to commit;
//! who gets it commits everything that is queued by then, its own included. So
//! while one sync to disk is under way the next group gathers, and a single
//! appender never waits for company.

use std::sync::mpsc;
use std::sync::{MutexGuard, PoisonError};
use std::time::Instant;

use redb::ReadableDatabase;
use redwedding_wire::identity::Digest;
use redwedding_wire::version::{Cursor, Position};

use super::database::{Commit, Embedded, QueuedAppend};
use super::tables::{HEADS, LOG, read_heads};
use redwedding_fold::limits::READ_BYTES;
use redwedding_fold::log::{AppendError, Log, Logged, ReadError, check_lengths};

impl Embedded {
    fn heads(&self) -> MutexGuard<'_, Vec<Cursor>> {
        // Heads change only after a commit, so a panic leaves them whole.
        self.heads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn group(&self) -> MutexGuard<'_, Vec<QueuedAppend>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Commits what waits, and tells each who waited. The caller has the lock on the heads, so
    /// nobody else commits meanwhile.
    fn lead(&self, heads: &mut Vec<Cursor>) {
        // Everything that was queued by now; what comes from here on is the next group.
        let group = std::mem::take(&mut *self.group());
        let started = Instant::now();
        match self.commit(heads, &group) {
            // Only now: heads in memory never run ahead of the file.
            Ok((after, firsts)) => {
                *heads = after;
                let records = group.iter().map(|waiting| waiting.records.len()).sum();
                (self.observer)(Commit { took: started.elapsed(), records, appends: group.len() });
                for (waiting, first) in group.iter().zip(firsts) {
                    // Whoever went away does not want to know.
                    let _gone = waiting.done.send(Ok(first));
                }
            }
            Err(error) => {
                let failed = AppendError::Uncertain(error.to_string());
                for waiting in &group {
                    let _gone = waiting.done.send(Err(failed.clone()));
                }
                // The commit may have reached the disk all the same.
                let shards = heads.len() as u16;
                if let Ok(read) = read_heads(&self.database, shards, self.epoch) {
                    *heads = read;
                }
            }
        }
    }

    /// One transaction for the whole group: the new heads, and the first
    /// position of each append.
    fn commit(
        &self,
        heads: &[Cursor],
        group: &[QueuedAppend],
    ) -> Result<(Vec<Cursor>, Vec<Position>), redb::Error> {
        // On a copy: a transaction that fails leaves the heads as they were.
        let mut heads = heads.to_vec();
        let mut firsts = Vec::with_capacity(group.len());
        let transaction = self.database.begin_write()?;
        {
            let mut log = transaction.open_table(LOG)?;
            let mut table = transaction.open_table(HEADS)?;
            let mut row = Vec::new();
            for QueuedAppend { shard, records, .. } in group {
                let head = &mut heads[usize::from(*shard)];
                firsts.push(head.position + 1);
                for record in records {
                    *head = head.after(record);
                    row.clear();
                    row.extend_from_slice(&head.prefix.0);
                    row.extend_from_slice(record);
                    log.insert((*shard, head.position), row.as_slice())?;
                }
                table.insert(*shard, (head.position, head.prefix.0))?;
            }
        }
        // The sync to disk.
        transaction.commit()?;
        Ok((heads, firsts))
    }

    fn logged(&self, position: Position, row: &[u8]) -> Result<Logged, ReadError> {
        let Some((prefix, record)) = row.split_first_chunk::<16>() else {
            return Err(ReadError::Damaged(format!("the row of position {position} is cut")));
        };
        let cursor = Cursor { epoch: self.epoch, position, prefix: Digest(*prefix) };
        Ok(Logged { cursor, record: record.to_vec() })
    }

    fn read_rows(
        &self,
        shard: u16,
        from: Position,
        limit: usize,
    ) -> Result<Vec<(Position, Vec<u8>)>, redb::Error> {
        let table = self.database.begin_read()?.open_table(LOG)?;
        let (mut found, mut bytes) = (Vec::new(), 0);
        for row in table.range((shard, from)..=(shard, u64::MAX))?.take(limit) {
            let (key, value) = row?;
            bytes += value.value().len();
            found.push((key.value().1, value.value().to_vec()));
            if bytes > READ_BYTES {
                break;
            }
        }
        Ok(found)
    }

    fn drop_rows(&self, shard: u16, before: Position) -> Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        transaction.open_table(LOG)?.retain_in((shard, 0)..(shard, before), |_, _| false)?;
        transaction.commit()?;
        Ok(())
    }
}

fn unavailable(error: impl Into<redb::Error>) -> ReadError {
    ReadError::Unavailable(error.into().to_string())
}

impl Log for Embedded {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn head(&self, shard: u16) -> Result<Cursor, ReadError> {
        // Not from memory: whoever commits holds the lock until its sync is done.
        let table = self.database.begin_read().map_err(unavailable)?;
        let table = table.open_table(HEADS).map_err(unavailable)?;
        match table.get(shard).map_err(unavailable)?.map(|row| row.value()) {
            Some((position, prefix)) => {
                Ok(Cursor { epoch: self.epoch, position, prefix: Digest(prefix) })
            }
            None if shard < self.shards => Ok(Cursor::start(self.epoch)),
            None => Err(ReadError::Unavailable(format!("there is no shard {shard}"))),
        }
    }

    fn append(&self, shard: u16, records: Vec<Vec<u8>>) -> Result<Position, AppendError> {
        check_lengths(&records)?;
        if shard >= self.shards {
            return Err(AppendError::Uncertain(format!("there is no shard {shard}")));
        }
        // First into the queue, then for the lock: whoever has the lock commits for all in the
        // queue, so when it is this caller's turn it is either done or it leads the next group.
        let (done, result) = mpsc::channel();
        self.group().push(QueuedAppend { shard, records, done });
        let mut heads = self.heads();
        // Somebody led while this caller waited for the lock.
        if let Ok(result) = result.try_recv() {
            return result;
        }
        self.lead(&mut heads);
        // The leader before this one took the append along and panicked in its commit.
        let missed = || Err(AppendError::Uncertain("the commit was interrupted".to_owned()));
        result.try_recv().unwrap_or_else(|_| missed())
    }

    fn read(&self, shard: u16, from: Position, limit: usize) -> Result<Vec<Logged>, ReadError> {
        let rows = self.read_rows(shard, from, limit).map_err(unavailable)?;
        rows.iter().map(|(position, row)| self.logged(*position, row)).collect()
    }

    fn record(&self, shard: u16, position: Position) -> Result<Option<Logged>, ReadError> {
        let table = self.database.begin_read().map_err(unavailable)?;
        let table = table.open_table(LOG).map_err(unavailable)?;
        let row = table.get((shard, position)).map_err(unavailable)?;
        row.map(|row| self.logged(position, row.value())).transpose()
    }

    fn truncate(&self, shard: u16, before: Position) -> Result<(), ReadError> {
        let before = before.min(self.head(shard)?.position + 1);
        self.drop_rows(shard, before).map_err(unavailable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redwedding_fold::log::conformance;

    fn open(path: &std::path::Path) -> Embedded {
        Embedded::open(path, 4, 7, Box::new(|_| ())).expect("open")
    }

    #[test]
    fn it_is_a_log() {
        let folder = tempfile::tempdir().expect("folder");
        let number = std::cell::Cell::new(0);
        conformance::check(|| {
            number.set(number.get() + 1);
            open(&folder.path().join(format!("{}.redb", number.get())))
        });
    }

    #[test]
    fn it_is_durable() {
        let folder = tempfile::tempdir().expect("folder");
        conformance::check_durable(|| open(&folder.path().join("log.redb")));
    }

    #[test]
    fn another_number_of_shards_is_refused() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("log.redb");
        drop(open(&path));
        assert!(Embedded::open(&path, 8, 7, Box::new(|_| ())).is_err());
    }
}
