//! Logs in memory: the obvious implementation, for tests, with faults on demand.
//!
//! May assume nothing. Must never be offered by the program: it forgets.

use std::sync::{Mutex, MutexGuard, PoisonError};

use redwedding_wire::version::{Cursor, Position};

use super::{AppendError, Log, Logged, ReadError, check_lengths};
use crate::limits::READ_BYTES;

/// What the next append does instead of succeeding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AppendFault {
    /// It fails, and nothing is in the log.
    Lost,
    /// It reports failure, but the records are in the log.
    Unacknowledged,
}

/// Logs in memory.
#[derive(Debug)]
pub struct MemoryLog {
    epoch: u64,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    shards: Vec<MemoryShard>,
    faults: Vec<AppendFault>,
}

#[derive(Clone, Debug)]
struct MemoryShard {
    head: Cursor,
    kept: Vec<Logged>,
}

impl MemoryLog {
    /// Empty logs of this epoch.
    #[must_use]
    pub fn new(epoch: u64, shards: u16) -> Self {
        let shard = MemoryShard { head: Cursor::start(epoch), kept: Vec::new() };
        let shards = vec![shard; usize::from(shards)];
        Self { epoch, inner: Mutex::new(Inner { shards, faults: Vec::new() }) }
    }

    /// Lets the next append that has none yet meet `fault`.
    pub fn inject(&self, fault: AppendFault) {
        self.lock().faults.insert(0, fault);
    }

    /// Loses all records of `shard` from `from` on, as a restored backup would.
    pub fn lose_tail(&self, shard: u16, from: Position) {
        let mut inner = self.lock();
        let shard = &mut inner.shards[usize::from(shard)];
        shard.kept.retain(|logged| logged.cursor.position < from);
        shard.head = shard.kept.last().map_or(Cursor::start(self.epoch), |last| last.cursor);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(
        &self,
        shard: u16,
        read: impl FnOnce(&mut MemoryShard) -> T,
    ) -> Result<T, ReadError> {
        match self.lock().shards.get_mut(usize::from(shard)) {
            Some(shard) => Ok(read(shard)),
            None => Err(ReadError::Unavailable(format!("there is no shard {shard}"))),
        }
    }
}

impl Log for MemoryLog {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn head(&self, shard: u16) -> Result<Cursor, ReadError> {
        self.with(shard, |shard| shard.head)
    }

    fn append(&self, shard: u16, records: Vec<Vec<u8>>) -> Result<Position, AppendError> {
        check_lengths(&records)?;
        let fault = self.lock().faults.pop();
        let uncertain = |why: &str| AppendError::Uncertain(why.to_owned());
        if fault == Some(AppendFault::Lost) {
            return Err(uncertain("injected, lost"));
        }
        let appended = self.with(shard, |shard| {
            let first = shard.head.position + 1;
            for record in records {
                shard.head = shard.head.after(&record);
                shard.kept.push(Logged { cursor: shard.head, record });
            }
            first
        });
        match fault {
            None => appended.map_err(|error| uncertain(&error.to_string())),
            Some(_) => Err(uncertain("injected, but written")),
        }
    }

    fn read(&self, shard: u16, from: Position, limit: usize) -> Result<Vec<Logged>, ReadError> {
        self.with(shard, |shard| {
            let start = shard.kept.partition_point(|logged| logged.cursor.position < from);
            let mut bytes = 0;
            let fitting = shard.kept[start..].iter().take(limit).take_while(|logged| {
                let fits = bytes <= READ_BYTES;
                bytes += logged.record.len();
                fits
            });
            fitting.cloned().collect()
        })
    }

    fn record(&self, shard: u16, position: Position) -> Result<Option<Logged>, ReadError> {
        let found = self.read(shard, position, 1)?;
        Ok(found.into_iter().find(|logged| logged.cursor.position == position))
    }

    fn truncate(&self, shard: u16, before: Position) -> Result<(), ReadError> {
        self.with(shard, |shard| {
            let before = before.min(shard.head.position + 1);
            shard.kept.retain(|logged| logged.cursor.position >= before);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::conformance;

    #[test]
    fn it_is_a_log() {
        conformance::check(|| MemoryLog::new(7, 4));
    }

    #[test]
    fn faults_do_what_they_say() {
        let log = MemoryLog::new(7, 1);
        log.inject(AppendFault::Lost);
        log.inject(AppendFault::Unacknowledged);
        assert!(log.append(0, vec![b"a".to_vec()]).is_err());
        assert_eq!(log.head(0).map(|head| head.position), Ok(0));
        assert!(log.append(0, vec![b"b".to_vec()]).is_err());
        assert_eq!(log.head(0).map(|head| head.position), Ok(1));
        assert_eq!(log.append(0, vec![b"c".to_vec()]), Ok(2));
    }
}
