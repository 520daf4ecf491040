//! The KV store, behind the store port.
//!
//! Inserts are begun and waited for apart, so that several run at once. A listing
//! may be older than the newest insert; the port's contract allows that.

use std::time::Duration;

use fastly::kv_store::{InsertMode, KVStore, KVStoreError, PendingInsertHandle};
use redwedding::limits;
use redwedding::settings::names;
use redwedding_replica::ports::{Store, StoreError};

use super::body::whole;

/// The service's KV store; absent where it is not linked to the service.
pub(crate) struct KvStore(Option<KVStore>);

impl KvStore {
    /// Opens it. A store that cannot be opened fails at each call.
    pub(crate) fn open() -> Self {
        Self(KVStore::open(names::KV_STORE).ok().flatten())
    }

    fn get_ref(&self) -> Result<&KVStore, StoreError> {
        self.0.as_ref().ok_or_else(|| StoreError::Unavailable("no KV store is linked".to_owned()))
    }
}

fn failed(error: KVStoreError) -> StoreError {
    match error {
        KVStoreError::TooManyRequests => StoreError::Busy,
        other => StoreError::Unavailable(other.to_string()),
    }
}

impl Store for KvStore {
    type Pending = Result<PendingInsertHandle, StoreError>;

    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match self.get_ref()?.lookup(key) {
            Ok(mut found) => whole(found.take_body(), limits::DOCUMENT_BYTES)
                .map(Some)
                .map_err(|error| StoreError::Unavailable(error.to_string())),
            Err(KVStoreError::ItemNotFound) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    fn begin_insert(&mut self, key: &str, value: Vec<u8>) -> Self::Pending {
        let store = self.get_ref()?;
        let insert = store.build_insert().mode(InsertMode::Overwrite);
        insert.execute_async(key, value).map_err(failed)
    }

    fn begin_insert_for(&mut self, key: &str, value: Vec<u8>, life_ms: u64) -> Self::Pending {
        let store = self.get_ref()?;
        let insert = store.build_insert().mode(InsertMode::Overwrite);
        let insert = insert.time_to_live(Duration::from_millis(life_ms));
        insert.execute_async(key, value).map_err(failed)
    }

    fn finish_insert(&mut self, pending: Self::Pending) -> Result<(), StoreError> {
        self.get_ref()?.pending_insert_wait(pending?).map_err(failed)
    }

    fn delete(&mut self, key: &str) -> Result<(), StoreError> {
        match self.get_ref()?.delete(key) {
            Ok(()) | Err(KVStoreError::ItemNotFound) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    fn list(
        &mut self,
        prefix: &str,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<String>, StoreError> {
        let store = self.get_ref()?;
        let mut keys: Vec<String> = Vec::new();
        let mut cursor: Option<String> = None;
        while keys.len() < most {
            let page_size = (most - keys.len()).min(1_000) as u32;
            let mut page = store.build_list().prefix(prefix).limit(page_size);
            if let Some(cursor) = &cursor {
                page = page.cursor(cursor);
            }
            let page = page.execute().map_err(failed)?;
            cursor = page.next_cursor();
            let fresh = page.into_keys().into_iter();
            keys.extend(fresh.filter(|key| after.is_none_or(|after| key.as_str() > after)));
            if cursor.is_none() {
                break;
            }
        }
        keys.truncate(most);
        Ok(keys)
    }
}
