//! The store's side of the database.
//!
//! Transactions are kept short: the log's commits wait while one is open.

use redb::{ReadableDatabase, ReadableTable, ReadableTableMetadata};
use redwedding_wire::identity::Digest;
use redwedding_wire::version::Cursor;

use super::database::Embedded;
use super::tables::{FOLDED, META, REFUSED, SEGMENTS, SNAPSHOTS};
use redwedding_fold::limits::{REFUSED_BYTES, REFUSED_ENTRIES};
use redwedding_fold::store::{
    DocumentSnapshot, NodeStore, NodeStoreError, RefusedEntry, RetainedRefusals, refusal_digest,
};

const REFUSED_SUM: &str = "refused_bytes";

fn failed(error: redb::Error) -> NodeStoreError {
    NodeStoreError(error.to_string())
}

impl Embedded {
    fn write_snapshots(
        &self,
        shard: u16,
        snapshots: &[DocumentSnapshot],
    ) -> Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        {
            let mut table = transaction.open_table(SNAPSHOTS)?;
            for snapshot in snapshots {
                table.insert((shard, snapshot.document.0), snapshot.encoded.as_slice())?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    fn write_folded(&self, shard: u16, cursor: Cursor) -> Result<(), redb::Error> {
        let row = (cursor.epoch, cursor.position, cursor.prefix.0);
        let transaction = self.database.begin_write()?;
        transaction.open_table(FOLDED)?.insert(shard, row)?;
        transaction.commit()?;
        Ok(())
    }

    fn read_folded(&self, shard: u16) -> Result<Option<Cursor>, redb::Error> {
        let table = self.database.begin_read()?.open_table(FOLDED)?;
        let row = table.get(shard)?.map(|row| row.value());
        Ok(row.map(|(epoch, position, prefix)| Cursor { epoch, position, prefix: Digest(prefix) }))
    }

    fn read_snapshots(
        &self,
        shard: u16,
        take: &mut dyn FnMut(DocumentSnapshot),
    ) -> Result<(), redb::Error> {
        let table = self.database.begin_read()?.open_table(SNAPSHOTS)?;
        for row in table.range((shard, [0; 16])..=(shard, [0xff; 16]))? {
            let (key, value) = row?;
            let document = Digest(key.value().1);
            take(DocumentSnapshot { document, encoded: value.value().to_vec() });
        }
        Ok(())
    }

    fn write_segment(
        &self,
        document: Digest,
        name: Digest,
        bytes: &[u8],
    ) -> Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        transaction.open_table(SEGMENTS)?.insert((document.0, name.0), bytes)?;
        transaction.commit()?;
        Ok(())
    }

    fn read_segment(&self, document: Digest, name: Digest) -> Result<Option<Vec<u8>>, redb::Error> {
        let table = self.database.begin_read()?.open_table(SEGMENTS)?;
        Ok(table.get((document.0, name.0))?.map(|row| row.value().to_vec()))
    }

    /// Whether all of these are retained already. A look is cheap; a commit would make the log's
    /// commits wait.
    fn all_retained(&self, refusals: &[RefusedEntry]) -> Result<bool, redb::Error> {
        let table = self.database.begin_read()?.open_table(REFUSED)?;
        for refusal in refusals {
            if table.get(refusal_digest(&refusal.bytes).0)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn write_refused(
        &self,
        refusals: &[RefusedEntry],
        now_ms: u64,
    ) -> Result<RetainedRefusals, redb::Error> {
        let mut retained = RetainedRefusals::default();
        let transaction = self.database.begin_write()?;
        {
            let mut table = transaction.open_table(REFUSED)?;
            let mut meta = transaction.open_table(META)?;
            let mut bytes = meta.get(REFUSED_SUM)?.map(|row| row.value()).unwrap_or_default();
            let mut entries = table.len()?;
            for refusal in refusals {
                let digest = refusal_digest(&refusal.bytes).0;
                let length = refusal.bytes.len() as u64;
                if table.get(digest)?.is_some() {
                    retained.known += 1;
                } else if entries >= REFUSED_ENTRIES as u64 || bytes + length > REFUSED_BYTES {
                    retained.dropped += 1;
                } else {
                    let row = (now_ms, refusal.reason.as_str(), refusal.bytes.as_slice());
                    table.insert(digest, row)?;
                    retained.new += 1;
                    entries += 1;
                    bytes += length;
                }
            }
            meta.insert(REFUSED_SUM, bytes)?;
        }
        transaction.commit()?;
        Ok(retained)
    }

    fn count_refused(&self) -> Result<u64, redb::Error> {
        Ok(self.database.begin_read()?.open_table(REFUSED)?.len()?)
    }
}

impl NodeStore for Embedded {
    fn put_snapshots(
        &self,
        shard: u16,
        snapshots: &[DocumentSnapshot],
    ) -> Result<(), NodeStoreError> {
        self.write_snapshots(shard, snapshots).map_err(failed)
    }

    fn set_folded(&self, shard: u16, cursor: Cursor) -> Result<(), NodeStoreError> {
        self.write_folded(shard, cursor).map_err(failed)
    }

    fn folded(&self, shard: u16) -> Result<Option<Cursor>, NodeStoreError> {
        self.read_folded(shard).map_err(failed)
    }

    fn snapshots(
        &self,
        shard: u16,
        take: &mut dyn FnMut(DocumentSnapshot),
    ) -> Result<(), NodeStoreError> {
        self.read_snapshots(shard, take).map_err(failed)
    }

    fn put_segment(
        &self,
        document: Digest,
        name: Digest,
        bytes: &[u8],
    ) -> Result<(), NodeStoreError> {
        // The first stays: the name is the hash of the content, so a second is the same.
        if self.segment(document, name)?.is_some() {
            return Ok(());
        }
        self.write_segment(document, name, bytes).map_err(failed)
    }

    fn segment(&self, document: Digest, name: Digest) -> Result<Option<Vec<u8>>, NodeStoreError> {
        self.read_segment(document, name).map_err(failed)
    }

    fn retain_refused(
        &self,
        refusals: &[RefusedEntry],
        now_ms: u64,
    ) -> Result<RetainedRefusals, NodeStoreError> {
        // The same entry is pushed again and again; that costs no commit.
        if self.all_retained(refusals).map_err(failed)? {
            return Ok(RetainedRefusals { known: refusals.len(), ..RetainedRefusals::default() });
        }
        self.write_refused(refusals, now_ms).map_err(failed)
    }

    fn refused(&self) -> Result<u64, NodeStoreError> {
        self.count_refused().map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redwedding_fold::store::conformance;

    fn open(path: &std::path::Path) -> Embedded {
        Embedded::open(path, 4, 7, Box::new(|_| ())).expect("open")
    }

    #[test]
    fn keeps_the_contract() {
        let folder = tempfile::tempdir().expect("folder");
        let opened = std::cell::Cell::new(0);
        conformance::check(|| {
            opened.set(opened.get() + 1);
            open(&folder.path().join(format!("{}.redb", opened.get())))
        });
        conformance::check_durable(|| open(&folder.path().join("durable.redb")));
    }
}
