//! Keeps the KV store across restarts.
//!
//! Viceroy's KV store lives in memory and has no door for the host, so a small
//! program ([`kv_access.wat`](./kv_access.wat)) running on the same store reads and
//! writes it. The store's content is mirrored into a redb file: at a graceful
//! stop, and every few seconds before that.
//!
//! The mirror takes key after key while the store changes, which is as much as
//! the real store promises anybody. Times to live are not kept.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hyper::{Body, Method, Request, StatusCode};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde::Deserialize;
use viceroy_lib::ExecuteCtx;
use viceroy_lib::config::ObjectStores;

use super::viceroy::{self, Program};

const PROGRAM: &str = include_str!("kv_access.wat");

/// Store name and key.
type MirrorKey = (&'static str, &'static str);

/// Metadata and value.
type MirrorItem = (&'static [u8], &'static [u8]);

const MIRROR: TableDefinition<'_, MirrorKey, MirrorItem> = TableDefinition::new("kv");

/// Between two saves, at least.
const SAVE_PAUSE: Duration = Duration::from_secs(3);

/// Pages of keys in one listing: an end to the loop whatever the store says.
const MAX_LIST_PAGES: usize = 10_000;

/// Why the KV store could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum KvError {
    /// The mirror's file failed.
    #[error("the KV store's file: {0}")]
    File(#[from] redb::Error),
    /// The program that reads and writes the store could not be run.
    #[error("the KV store's program: {0}")]
    Program(String),
    /// The mirror's folder or program could not be written.
    #[error("the KV store's folder: {0}")]
    Io(#[from] std::io::Error),
}

macro_rules! from_redb {
    ($($error:ty),*) => {$(
        impl From<$error> for KvError {
            fn from(error: $error) -> Self { Self::File(error.into()) }
        }
    )*};
}
from_redb!(
    redb::DatabaseError,
    redb::TransactionError,
    redb::TableError,
    redb::StorageError,
    redb::CommitError
);

#[derive(Clone, Debug, PartialEq, Eq)]
struct KvItem {
    metadata: Vec<u8>,
    value: Vec<u8>,
}

type KvItems = BTreeMap<String, KvItem>;

/// Mirrors one store of an [`ObjectStores`] into a file.
pub(super) struct KvMirror {
    program: PathBuf,
    stores: ObjectStores,
    store: String,
    /// Holds the mirror.
    database: Arc<Database>,
}

/// The program at work on one store. It lives for one task only: an
/// idle context costs Viceroy some percent of a processor.
struct KvAccess {
    context: Arc<ExecuteCtx>,
    store: String,
}

#[derive(Deserialize)]
struct Listing {
    data: Vec<String>,
    meta: ListingMeta,
}

#[derive(Deserialize)]
struct ListingMeta {
    next_cursor: Option<String>,
}

impl KvMirror {
    /// Opens the mirror in `folder` and puts what it holds into the store.
    pub(super) async fn open(
        folder: &Path,
        stores: ObjectStores,
        store: &str,
    ) -> Result<Self, KvError> {
        std::fs::create_dir_all(folder)?;
        let program = folder.join("kv_access.wat");
        std::fs::write(&program, PROGRAM)?;
        let database = Arc::new(Database::create(folder.join("kv.redb"))?);
        let opened = Self { program, stores, store: store.to_owned(), database };
        let access = opened.access().await?;
        for (key, item) in opened.mirrored()? {
            access.insert(&key, item).await?;
        }
        Ok(opened)
    }

    async fn access(&self) -> Result<KvAccess, KvError> {
        let program = Program::plain(self.program.clone(), self.stores.clone());
        let context = viceroy::compile(program).await.map_err(unexpected)?;
        Ok(KvAccess { context, store: self.store.clone() })
    }

    /// Brings the mirror up to date; returns how many keys it then holds.
    pub(super) async fn save(&self) -> Result<usize, KvError> {
        let access = self.access().await?;
        let mut items = KvItems::new();
        for key in access.keys().await? {
            // Deleted since it was listed: not an error.
            if let Some(item) = access.lookup(&key).await? {
                items.insert(key, item);
            }
        }
        let count = items.len();
        let (database, store) = (self.database.clone(), self.store.clone());
        tokio::task::spawn_blocking(move || write(&database, &store, &items))
            .await
            .map_err(|error| KvError::Program(error.to_string()))??;
        Ok(count)
    }

    /// Saves the store from time to time, for ever; more rarely when that takes long.
    pub(super) async fn save_repeatedly(&self) {
        let mut pause = SAVE_PAUSE;
        loop {
            tokio::time::sleep(pause).await;
            let begun = std::time::Instant::now();
            if let Err(error) = self.save().await {
                tracing::warn!(%error, "the KV store was not saved");
            }
            pause = SAVE_PAUSE.max(begun.elapsed() * 20);
        }
    }

    fn mirrored(&self) -> Result<KvItems, KvError> {
        let write = self.database.begin_write()?;
        write.open_table(MIRROR)?;
        write.commit()?;
        let read = self.database.begin_read()?;
        read_store(&read.open_table(MIRROR)?, &self.store)
    }
}

impl KvAccess {
    async fn keys(&self) -> Result<Vec<String>, KvError> {
        let mut keys = Vec::new();
        let mut cursor = None;
        for _ in 0..MAX_LIST_PAGES {
            let mut headers = Vec::new();
            if let Some(cursor) = &cursor {
                headers.push(("cursor", String::as_bytes(cursor).to_vec()));
            }
            let (_, _, body) = self.ask(Method::GET, headers, Vec::new()).await?;
            let listing: Listing = serde_json::from_slice(&body).map_err(unexpected)?;
            keys.extend(listing.data);
            cursor = listing.meta.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        Ok(keys)
    }

    async fn lookup(&self, key: &str) -> Result<Option<KvItem>, KvError> {
        let headers = vec![("key", key.as_bytes().to_vec())];
        let (status, metadata, value) = self.ask(Method::GET, headers, Vec::new()).await?;
        Ok((status == StatusCode::OK).then_some(KvItem { metadata, value }))
    }

    async fn insert(&self, key: &str, item: KvItem) -> Result<(), KvError> {
        let mut headers = vec![("key", key.as_bytes().to_vec())];
        if !item.metadata.is_empty() {
            headers.push(("metadata", item.metadata));
        }
        self.ask(Method::PUT, headers, item.value).await?;
        Ok(())
    }

    /// One run of the program: status, metadata, body.
    async fn ask(
        &self,
        method: Method,
        headers: Vec<(&'static str, Vec<u8>)>,
        body: Vec<u8>,
    ) -> Result<(StatusCode, Vec<u8>, Vec<u8>), KvError> {
        let mut request =
            Request::builder().method(method).uri("http://kv/").header("store", &self.store);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(body)).map_err(unexpected)?;
        let nobody = SocketAddr::from(([127, 0, 0, 1], 0));
        let (response, error) = self
            .context
            .clone()
            .handle_request(request, nobody, nobody)
            .await
            .map_err(unexpected)?;
        if let Some(error) = error {
            return Err(KvError::Program(error.to_string()));
        }
        let status = response.status();
        if status.is_server_error() {
            return Err(KvError::Program(format!("it answered {status}")));
        }
        let metadata = response.headers().get("metadata").map(|value| value.as_bytes().to_vec());
        let body = hyper::body::to_bytes(response.into_body()).await.map_err(unexpected)?;
        Ok((status, metadata.unwrap_or_default(), body.to_vec()))
    }
}

fn unexpected(error: impl std::fmt::Display) -> KvError {
    KvError::Program(error.to_string())
}

fn read_store<'a>(
    table: &impl ReadableTable<MirrorKey, MirrorItem>,
    store: &'a str,
) -> Result<KvItems, KvError> {
    let mut items = KvItems::new();
    for entry in table.range::<(&'a str, &'a str)>((store, "")..)? {
        let (key, item) = entry?;
        let (of, key) = key.value();
        if of != store {
            break;
        }
        let (metadata, value) = item.value();
        items.insert(key.to_owned(), KvItem { metadata: metadata.into(), value: value.into() });
    }
    Ok(items)
}

/// Writes the difference, in one transaction; none at all when there is none.
fn write(database: &Database, store: &str, items: &KvItems) -> Result<(), KvError> {
    let transaction = database.begin_write()?;
    {
        let mut table = transaction.open_table(MIRROR)?;
        let before = read_store(&table, store)?;
        if before == *items {
            return Ok(());
        }
        for key in before.keys().filter(|key| !items.contains_key(*key)) {
            table.remove((store, key.as_str()))?;
        }
        for (key, item) in items.iter().filter(|(key, item)| before.get(*key) != Some(*item)) {
            let stored = (item.metadata.as_slice(), item.value.as_slice());
            table.insert((store, key.as_str()), stored)?;
        }
    }
    transaction.commit()?;
    Ok(())
}
