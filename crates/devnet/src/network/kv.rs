//! Keeps the KV store across restarts.
//!
//! Viceroy's KV store lives in memory and has no door for the host, so a small
//! program ([`keeper.wat`](./keeper.wat)) running on the same store reads and
//! writes it. The store's content is mirrored into a redb file: at a graceful
//! stop, and every few seconds before that.
//!
//! The mirror takes key after key while the store changes, which is as much as
//! the real store promises anybody. Times to live are not kept.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper::{Body, Method, Request, StatusCode};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde::Deserialize;
use viceroy_lib::ExecuteCtx;
use viceroy_lib::config::ObjectStores;

use super::viceroy::{self, Program};

const PROGRAM: &str = include_str!("keeper.wat");

/// Store name and key.
type MirrorKey = (&'static str, &'static str);

/// Metadata and value.
type MirrorItem = (&'static [u8], &'static [u8]);

const MIRROR: TableDefinition<'_, MirrorKey, MirrorItem> = TableDefinition::new("kv");

/// Pages of keys in one listing: an end to the loop whatever the store says.
const MAX_LIST_PAGES: usize = 10_000;

/// Why the KV store could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum KvError {
    /// The mirror's file failed.
    #[error("the KV store's file: {0}")]
    File(#[from] redb::Error),
    /// The keeper's program could not be run.
    #[error("the KV store's keeper: {0}")]
    Keeper(String),
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
struct Item {
    metadata: Vec<u8>,
    value: Vec<u8>,
}

type Items = BTreeMap<String, Item>;

/// Mirrors one store of an [`ObjectStores`] into a file.
pub(super) struct Keeper {
    program: PathBuf,
    stores: ObjectStores,
    store: String,
    mirror: Arc<Database>,
}

/// The keeper's program at work on one store. It lives for one task only: an
/// idle context costs Viceroy some percent of a processor.
struct Access {
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

impl Keeper {
    /// Opens the mirror in `folder` and puts what it holds into the store.
    pub(super) async fn open(
        folder: &Path,
        stores: ObjectStores,
        store: &str,
    ) -> Result<Self, KvError> {
        std::fs::create_dir_all(folder)?;
        let program = folder.join("keeper.wat");
        std::fs::write(&program, PROGRAM)?;
        let mirror = Arc::new(Database::create(folder.join("kv.redb"))?);
        let keeper = Self { program, stores, store: store.to_owned(), mirror };
        let access = keeper.access().await?;
        for (key, item) in keeper.mirrored()? {
            access.insert(&key, item).await?;
        }
        Ok(keeper)
    }

    async fn access(&self) -> Result<Access, KvError> {
        let program = Program::plain(self.program.clone(), self.stores.clone());
        let context = viceroy::compile(program).await.map_err(unexpected)?;
        Ok(Access { context, store: self.store.clone() })
    }

    /// Brings the mirror up to date; returns how many keys it then holds.
    pub(super) async fn save(&self) -> Result<usize, KvError> {
        let access = self.access().await?;
        let mut items = Items::new();
        for key in access.keys().await? {
            // Deleted since it was listed: not an error.
            if let Some(item) = access.lookup(&key).await? {
                items.insert(key, item);
            }
        }
        let count = items.len();
        let (mirror, store) = (self.mirror.clone(), self.store.clone());
        tokio::task::spawn_blocking(move || write(&mirror, &store, &items))
            .await
            .map_err(|error| KvError::Keeper(error.to_string()))??;
        Ok(count)
    }

    fn mirrored(&self) -> Result<Items, KvError> {
        let write = self.mirror.begin_write()?;
        write.open_table(MIRROR)?;
        write.commit()?;
        let read = self.mirror.begin_read()?;
        read_store(&read.open_table(MIRROR)?, &self.store)
    }
}

impl Access {
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

    async fn lookup(&self, key: &str) -> Result<Option<Item>, KvError> {
        let headers = vec![("key", key.as_bytes().to_vec())];
        let (status, metadata, value) = self.ask(Method::GET, headers, Vec::new()).await?;
        Ok((status == StatusCode::OK).then_some(Item { metadata, value }))
    }

    async fn insert(&self, key: &str, item: Item) -> Result<(), KvError> {
        let mut headers = vec![("key", key.as_bytes().to_vec())];
        if !item.metadata.is_empty() {
            headers.push(("metadata", item.metadata));
        }
        self.ask(Method::PUT, headers, item.value).await?;
        Ok(())
    }

    /// One run of the keeper's program: status, metadata, body.
    async fn ask(
        &self,
        method: Method,
        headers: Vec<(&'static str, Vec<u8>)>,
        body: Vec<u8>,
    ) -> Result<(StatusCode, Vec<u8>, Vec<u8>), KvError> {
        let mut request =
            Request::builder().method(method).uri("http://keeper/").header("store", &self.store);
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
            return Err(KvError::Keeper(error.to_string()));
        }
        let status = response.status();
        if status.is_server_error() {
            return Err(KvError::Keeper(format!("its program answered {status}")));
        }
        let metadata = response.headers().get("metadata").map(|value| value.as_bytes().to_vec());
        let body = hyper::body::to_bytes(response.into_body()).await.map_err(unexpected)?;
        Ok((status, metadata.unwrap_or_default(), body.to_vec()))
    }
}

fn unexpected(error: impl std::fmt::Display) -> KvError {
    KvError::Keeper(error.to_string())
}

fn read_store<'a>(
    table: &impl ReadableTable<MirrorKey, MirrorItem>,
    store: &'a str,
) -> Result<Items, KvError> {
    let mut items = Items::new();
    for entry in table.range::<(&'a str, &'a str)>((store, "")..)? {
        let (key, item) = entry?;
        let (of, key) = key.value();
        if of != store {
            break;
        }
        let (metadata, value) = item.value();
        items.insert(key.to_owned(), Item { metadata: metadata.into(), value: value.into() });
    }
    Ok(items)
}

/// Writes the difference, in one transaction; none at all when there is none.
fn write(mirror: &Database, store: &str, items: &Items) -> Result<(), KvError> {
    let transaction = mirror.begin_write()?;
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
