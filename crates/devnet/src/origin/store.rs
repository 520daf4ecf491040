//! Pages, revisions and remembered answers in a redb file.
//!
//! One write transaction per save: its precondition, the revision and the
//! answer under its `Idempotency-Key` are durable together or not at all.
//! Revision ids are global, increase, and stay below 2^50. Inputs were checked
//! by the caller; time is an argument. Nothing here is ever rewritten.

use std::path::Path;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Revision ids stay below this: clients tell them from the edge's by it.
const MAX_REVISION: u64 = 1 << 50;

/// Answers remembered for `Idempotency-Key`; the oldest go first.
const MAX_ANSWERS: u64 = 100_000;

const PAGES: TableDefinition<'_, &str, u64> = TableDefinition::new("pages");
const REVISIONS: TableDefinition<'_, (&str, u64), &[u8]> = TableDefinition::new("revisions");
const TEXTS: TableDefinition<'_, u64, &str> = TableDefinition::new("texts");
const ANSWERS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("answers");
const ANSWER_ORDER: TableDefinition<'_, u64, &str> = TableDefinition::new("answer_order");

/// Why the store could not do something. The state is as before the call,
/// except that a failed commit may turn out to have happened.
#[derive(Debug, thiserror::Error)]
pub enum PageStoreError {
    /// The database failed.
    #[error("database: {0}")]
    Database(#[from] redb::Error),
    /// A stored record cannot be read: the file is not ours, or damaged.
    #[error("a stored record is unreadable: {0}")]
    Record(#[from] serde_json::Error),
    /// The wiki has as many revisions as can be numbered.
    #[error("no revision numbers are left")]
    Full,
    /// The folder for the file could not be made.
    #[error("the data folder: {0}")]
    Folder(#[from] std::io::Error),
}

/// redb has one error type per operation; all of them are the database's.
macro_rules! from_redb {
    ($($error:ty),*) => {$(
        impl From<$error> for PageStoreError {
            fn from(error: $error) -> Self { Self::Database(error.into()) }
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

/// What is known of a revision besides its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRevision {
    /// Its number, unique in the wiki.
    pub id: u64,
    /// The page's revision before it; 0 for the first.
    pub parent: u64,
    /// When it was saved: RFC 3339, UTC.
    pub timestamp: String,
    /// The editor's comment; may be empty.
    pub summary: String,
    /// Who saved it; empty when not told.
    pub author: String,
    /// Length of its text in bytes.
    pub bytes: u64,
}

/// What a save requires of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Precondition {
    Absent,
    Exists,
    OneOf(Vec<u64>),
}

impl Precondition {
    fn holds(&self, current: Option<u64>) -> bool {
        match (self, current) {
            (Self::Absent, current) => current.is_none(),
            (Self::Exists, current) => current.is_some(),
            (Self::OneOf(revisions), Some(current)) => revisions.contains(&current),
            (Self::OneOf(_), None) => false,
        }
    }
}

/// A checked save.
#[derive(Clone, Debug)]
pub(super) struct Put {
    pub(super) title: String,
    pub(super) text: String,
    pub(super) precondition: Precondition,
    pub(super) key: Option<String>,
    pub(super) summary: String,
    pub(super) author: String,
}

impl Put {
    /// Identifies the save, so that a key cannot stand for two of them.
    fn fingerprint(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(self.title.len() as u64).to_le_bytes());
        hasher.update(self.title.as_bytes());
        hasher.update(self.text.as_bytes());
        hasher.finalize().to_hex().to_string()
    }
}

/// What became of a save.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PutOutcome {
    /// A revision was made: now, or (`replayed`) by an earlier request with
    /// the same key.
    Saved { id: u64, created: bool, replayed: bool },
    /// The page has this text already.
    Unchanged { id: u64 },
    /// The precondition does not hold; the text is that of the first answer.
    Conflict { current: Option<(u64, String)> },
    /// The key was used for another save.
    KeyReused,
}

/// A remembered answer.
#[derive(Serialize, Deserialize)]
struct RememberedAnswer {
    kind: AnswerKind,
    /// The revision it named; 0 for none.
    id: u64,
    fingerprint: String,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum AnswerKind {
    Created,
    Updated,
    Unchanged,
    Conflict,
}

/// The wiki's file.
#[derive(Debug)]
pub(super) struct PageStore {
    database: Database,
}

impl PageStore {
    pub(super) fn open(file: &Path) -> Result<Self, PageStoreError> {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let database = Database::create(file)?;
        let transaction = database.begin_write()?;
        transaction.open_table(PAGES)?;
        transaction.open_table(REVISIONS)?;
        transaction.open_table(TEXTS)?;
        transaction.open_table(ANSWERS)?;
        transaction.open_table(ANSWER_ORDER)?;
        transaction.commit()?;
        Ok(Self { database })
    }

    /// The page's revision and its text.
    pub(super) fn current(
        &self,
        title: &str,
    ) -> Result<Option<(StoredRevision, String)>, PageStoreError> {
        let read = self.database.begin_read()?;
        let Some(id) = read.open_table(PAGES)?.get(title)?.map(|id| id.value()) else {
            return Ok(None);
        };
        let Some(record) = read.open_table(REVISIONS)?.get((title, id))? else { return Ok(None) };
        let revision = serde_json::from_slice(record.value())?;
        let text = read.open_table(TEXTS)?.get(id)?.map(|text| text.value().to_owned());
        Ok(text.map(|text| (revision, text)))
    }

    /// The text of one revision of this page.
    pub(super) fn text_of(&self, title: &str, id: u64) -> Result<Option<String>, PageStoreError> {
        let read = self.database.begin_read()?;
        if read.open_table(REVISIONS)?.get((title, id))?.is_none() {
            return Ok(None);
        }
        Ok(read.open_table(TEXTS)?.get(id)?.map(|text| text.value().to_owned()))
    }

    /// Up to `limit` revisions after the one numbered `after`, oldest first;
    /// `None` when there is no such page.
    pub(super) fn history(
        &self,
        title: &str,
        after: u64,
        limit: usize,
    ) -> Result<Option<Vec<StoredRevision>>, PageStoreError> {
        let read = self.database.begin_read()?;
        if read.open_table(PAGES)?.get(title)?.is_none() {
            return Ok(None);
        }
        let table = read.open_table(REVISIONS)?;
        let mut found = Vec::new();
        for entry in table.range((title, after.saturating_add(1))..=(title, u64::MAX))?.take(limit)
        {
            found.push(serde_json::from_slice(entry?.1.value())?);
        }
        Ok(Some(found))
    }

    /// Up to `limit` titles after `after`, in byte order.
    pub(super) fn titles(&self, after: &str, limit: usize) -> Result<Vec<String>, PageStoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(PAGES)?;
        let mut found = Vec::new();
        for entry in table.range(after..)? {
            let title = entry?.0.value().to_owned();
            if title != after {
                found.push(title);
            }
            if found.len() == limit {
                break;
            }
        }
        Ok(found)
    }

    /// Saves a page, once per `Idempotency-Key`. Durable when it returns.
    pub(super) fn put(&self, put: &Put, now: OffsetDateTime) -> Result<PutOutcome, PageStoreError> {
        let write = self.database.begin_write()?;
        if let Some(key) = &put.key
            && let Some(outcome) = replay(&write, key, put)?
        {
            return Ok(outcome);
        }
        let outcome = save(&write, put, now)?;
        if let Some(key) = &put.key {
            remember(&write, key, &outcome, put)?;
        }
        write.commit()?;
        Ok(outcome)
    }
}

/// The outcome of an earlier save under this key.
fn replay(
    write: &WriteTransaction,
    key: &str,
    put: &Put,
) -> Result<Option<PutOutcome>, PageStoreError> {
    let answers = write.open_table(ANSWERS)?;
    let Some(stored) = answers.get(key)? else { return Ok(None) };
    let RememberedAnswer { kind, id, fingerprint } = serde_json::from_slice(stored.value())?;
    if fingerprint != put.fingerprint() {
        return Ok(Some(PutOutcome::KeyReused));
    }
    Ok(Some(match kind {
        AnswerKind::Created => PutOutcome::Saved { id, created: true, replayed: true },
        AnswerKind::Updated => PutOutcome::Saved { id, created: false, replayed: true },
        AnswerKind::Unchanged => PutOutcome::Unchanged { id },
        AnswerKind::Conflict => PutOutcome::Conflict {
            current: write.open_table(TEXTS)?.get(id)?.map(|text| (id, text.value().to_owned())),
        },
    }))
}

fn save(
    write: &WriteTransaction,
    put: &Put,
    now: OffsetDateTime,
) -> Result<PutOutcome, PageStoreError> {
    let title = put.title.as_str();
    let mut pages = write.open_table(PAGES)?;
    let mut texts = write.open_table(TEXTS)?;
    let current = pages.get(title)?.map(|id| id.value());
    let text = match current {
        Some(id) => texts.get(id)?.map(|text| (id, text.value().to_owned())),
        None => None,
    };
    if !put.precondition.holds(current) {
        return Ok(PutOutcome::Conflict { current: text });
    }
    if let Some((id, text)) = text
        && text == put.text
    {
        return Ok(PutOutcome::Unchanged { id });
    }
    let id = texts.last()?.map_or(0, |(id, _)| id.value()) + 1;
    if id >= MAX_REVISION {
        return Err(PageStoreError::Full);
    }
    let revision = describe(id, current.unwrap_or_default(), put, now);
    texts.insert(id, put.text.as_str())?;
    pages.insert(title, id)?;
    let record = serde_json::to_vec(&revision)?;
    write.open_table(REVISIONS)?.insert((title, id), record.as_slice())?;
    Ok(PutOutcome::Saved { id, created: current.is_none(), replayed: false })
}

fn describe(id: u64, parent: u64, put: &Put, now: OffsetDateTime) -> StoredRevision {
    let whole_milliseconds =
        now.replace_nanosecond(now.nanosecond() / 1_000_000 * 1_000_000).unwrap_or(now);
    StoredRevision {
        id,
        parent,
        timestamp: whole_milliseconds.format(&Rfc3339).unwrap_or_default(),
        summary: put.summary.clone(),
        author: put.author.clone(),
        bytes: put.text.len() as u64,
    }
}

fn remember(
    write: &WriteTransaction,
    key: &str,
    outcome: &PutOutcome,
    put: &Put,
) -> Result<(), PageStoreError> {
    let (kind, id) = match outcome {
        PutOutcome::Saved { id, created: true, .. } => (AnswerKind::Created, *id),
        PutOutcome::Saved { id, created: false, .. } => (AnswerKind::Updated, *id),
        PutOutcome::Unchanged { id } => (AnswerKind::Unchanged, *id),
        PutOutcome::Conflict { current } => {
            (AnswerKind::Conflict, current.as_ref().map_or(0, |(id, _)| *id))
        }
        PutOutcome::KeyReused => return Ok(()),
    };
    let answer = RememberedAnswer { kind, id, fingerprint: put.fingerprint() };
    let mut answers = write.open_table(ANSWERS)?;
    let mut order = write.open_table(ANSWER_ORDER)?;
    answers.insert(key, serde_json::to_vec(&answer)?.as_slice())?;
    let number = order.last()?.map_or(0, |(number, _)| number.value()) + 1;
    order.insert(number, key)?;
    if let Some(expired) = number.checked_sub(MAX_ANSWERS)
        && let Some(key) = order.remove(expired)?
    {
        answers.remove(key.value())?;
    }
    Ok(())
}
