//! What a replica needs from the world, as contracts.
//!
//! Each port says what it may do wrong and what the caller must then do. The
//! adapters (the platform's, and the in-memory ones of the tests) stand behind
//! them and are held to one conformance suite per port (module
//! `testing::conformance`, behind the feature `testing`).
//!
//! All calls block; what may run side by side is begun and finished apart. A call that
//! waits for another machine than the platform's own is told how long it may take, in ms
//! (`wait_ms`). It MUST come back by then, whatever the other does; a few ms more are
//! allowed for what is under way. Who gives up knows nothing: it may happen all the same.

use redwedding_document::entry::{Note, OriginPage};
use redwedding_wire::identity::{Digest, DocumentKey};

/// A durable key-value store, shared by all points of presence.
///
/// It MAY: fail; apply a write although it reported failure; be stale, so that
/// a value written elsewhere is absent or old for a while; list keys late. It
/// MUST NOT: lose a write that it acknowledged, or mix values up.
///
/// The caller MUST write every value under a fresh key, and MUST NOT conclude
/// anything from absence.
pub trait Store {
    /// A write under way.
    type Pending;

    /// The value of `key`, if it is visible here.
    ///
    /// # Errors
    /// If the store does not say. Whether there is a value is then not known.
    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Begins to write `value` under `key`.
    fn begin_insert(&mut self, key: &str, value: Vec<u8>) -> Self::Pending;

    /// The same of a value that is of no use after `life_ms`: the store may forget it from then on,
    /// and MUST have within a day more.
    fn begin_insert_for(&mut self, key: &str, value: Vec<u8>, life_ms: u64) -> Self::Pending;

    /// Waits for the write. `Ok` means durable. The platform's store cannot be waited for with a
    /// deadline.
    ///
    /// # Errors
    /// If the store did not acknowledge it. The value may be there all the same, now or later.
    fn finish_insert(&mut self, pending: Self::Pending) -> Result<(), StoreError>;

    /// Removes `key`. Removing what is absent is no error. A removed value may
    /// still be seen for a while.
    ///
    /// # Errors
    /// If the store did not acknowledge it. The value may be gone all the same.
    fn delete(&mut self, key: &str) -> Result<(), StoreError>;

    /// At most `most` keys that begin with `prefix`, in order, those after
    /// `after` where it is given.
    ///
    /// # Errors
    /// If the store does not say. A part of the keys is never given for all.
    fn list(
        &mut self,
        prefix: &str,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<String>, StoreError>;
}

/// Why the store did not do it. The platform's fault; see [`Store`] for what
/// may have happened all the same.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StoreError {
    /// Not to be reached, or failing.
    #[error("the store cannot be reached: {0}")]
    Unavailable(String),
    /// Too many requests: wait.
    #[error("the store refuses for now: too many requests")]
    Busy,
}

/// The point of presence's cache: shared by its sandboxes, lost at any time.
///
/// It MAY: forget; serve a value that another sandbox has replaced; give a lock to
/// two at once. It MUST NOT: mix keys up, or give the metadata of one value with
/// another. Of many who look a stale or absent value up, it SHOULD give the
/// revalidation (RFC 5861) to one alone.
///
/// While it does none of what it may do, it is called *coherent*.
pub trait Cache {
    /// The right to refresh a value, given to one of those who ask. Dropping it hands it on.
    type Revalidation;

    /// Looks `key` up. Where the value is absent and somebody else revalidates it,
    /// this may wait for them, `wait_ms` at most; then it finds nothing.
    fn lookup(&mut self, key: &str, wait_ms: u64) -> Lookup<Self::Revalidation>;

    /// Looks `key` up without taking the revalidation or waiting.
    fn peek(&mut self, key: &str) -> Option<Vec<u8>>;

    /// The metadata of the value of `key`, empty where it was stored without. Far
    /// cheaper than the value.
    fn metadata(&mut self, key: &str) -> Option<Vec<u8>>;

    /// Takes the lock of this name, which one caller has at a time, and waits a short
    /// while for it. `None` where it is not to be had. Dropping it hands it on. The
    /// name MUST be no value's key. Who has a lock MUST NOT ask for another, nor wait
    /// for anything but the cache.
    fn lock(&mut self, name: &str) -> Option<Self::Revalidation>;

    /// Replaces the value of `key` and its metadata, fresh for `fresh_ms`, stale from
    /// then on.
    fn insert_with(
        &mut self,
        revalidation: Option<Self::Revalidation>,
        key: &str,
        value: Value,
        fresh_ms: u64,
    );

    /// The same without metadata.
    fn insert(
        &mut self,
        revalidation: Option<Self::Revalidation>,
        key: &str,
        value: Vec<u8>,
        fresh_ms: u64,
    ) {
        self.insert_with(revalidation, key, Value { bytes: value, metadata: Vec::new() }, fresh_ms);
    }
}

/// A value as a cache holds it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Value {
    /// The value itself.
    pub bytes: Vec<u8>,
    /// What is to be had without it: some hundred bytes.
    pub metadata: Vec<u8>,
}

/// What a look-up found.
pub struct Lookup<Revalidation> {
    /// The value.
    pub value: Option<Value>,
    /// Whether it is as fresh as whoever stored it promised.
    pub fresh: bool,
    /// The revalidation of it, if it is this caller's.
    pub revalidation: Option<Revalidation>,
}

/// The way to the relay.
///
/// It MAY: fail; deliver and report failure; deliver twice; answer late, never, or
/// with noise. The caller MUST treat every failure as "perhaps".
pub trait Relay {
    /// An exchange under way.
    type Pending;

    /// Begins an exchange: an encoded [`crate::sync::Request`].
    fn begin(&mut self, request: Vec<u8>) -> Self::Pending;

    /// Waits for the encoded [`crate::sync::Answer`], `wait_ms` at most.
    ///
    /// # Errors
    /// If none came in time, or the relay refuses the exchange. Unless it is
    /// [`RelayError::Refused`], what was pushed may be in the log all the same, or get there yet.
    fn finish(&mut self, pending: Self::Pending, wait_ms: u64) -> Result<Vec<u8>, RelayError>;

    /// A segment of a document's archive as [`redwedding_document::Segment::plain`] gives it;
    /// `None` where there is none. The caller MUST check that it has the name. Waits `wait_ms`
    /// at most.
    ///
    /// # Errors
    /// If the relay does not answer in time, or refuses. Whether there is such a segment is then
    /// not known.
    fn segment(
        &mut self,
        document: &DocumentKey,
        name: Digest,
        wait_ms: u64,
    ) -> Result<Option<Vec<u8>>, RelayError>;
}

/// Why an exchange failed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RelayError {
    /// Not to be reached, or its answer cannot be read. It may have happened all the same.
    #[error("the relay cannot be reached: {0}")]
    Unavailable(String),
    /// No answer in time. It may have happened all the same, or may yet.
    #[error("the relay does not answer in time")]
    TimedOut,
    /// It refuses this service: a wrong key, or a fault of ours.
    #[error("the relay refuses the exchange: status {status}, {detail}")]
    Refused {
        /// Its HTTP status.
        status: u16,
        /// What it said.
        detail: String,
    },
}

/// The origin: the wiki behind the edge.
///
/// It MAY: be slow or silent; fail; commit a write and report failure, at once or long
/// after; change a text that it stores; be edited by others at any time. Each call waits
/// `wait_ms` at most.
pub trait Origin {
    /// The page as it is now; `None` where there is none.
    ///
    /// # Errors
    /// If the origin does not say. Nothing may be concluded of the page.
    fn page(&mut self, key: &str, wait_ms: u64) -> Result<Option<OriginPage>, OriginError>;

    /// Writes a page on the revision that `write` names.
    ///
    /// # Errors
    /// [`OriginError::Unavailable`] and [`OriginError::TimedOut`]: it may be stored, now or later.
    /// [`OriginError::Rejected`]: nothing is stored.
    fn write(&mut self, key: &str, write: &Write, wait_ms: u64) -> Result<Written, OriginError>;

    /// The revisions after `after`, oldest first, at most some tens at once.
    ///
    /// # Errors
    /// If the origin does not say. That there are none is an answer, and no error.
    fn revisions(
        &mut self,
        key: &str,
        after: u64,
        wait_ms: u64,
    ) -> Result<Vec<Revision>, OriginError>;

    /// The stored text of a revision.
    ///
    /// # Errors
    /// If the origin does not give it, now or, where it is rejected, at all.
    fn revision_text(
        &mut self,
        key: &str,
        revision: u64,
        wait_ms: u64,
    ) -> Result<String, OriginError>;
}

/// A write to the origin.
#[derive(Clone, PartialEq, Debug)]
pub struct Write {
    /// The text.
    pub text: String,
    /// The revision that it is made on; 0: the page must not exist.
    pub on: u64,
    /// The edit summary; the flush id leads it.
    pub summary: String,
    /// Names the attempt: the origin does it once, however often it is asked.
    pub idempotency: String,
}

/// What became of a write.
#[derive(Clone, PartialEq, Debug)]
pub enum Written {
    /// Stored as a new revision on the one named.
    Stored {
        /// The new revision.
        revision: u64,
        /// The stored text where it differs from the one sent.
        stored: Option<String>,
        /// When, in ms since 1970.
        time_ms: u64,
    },
    /// The named revision has this very text: no new revision.
    Unchanged {
        /// The revision.
        revision: u64,
    },
    /// The page is not at the named revision any more.
    Conflict,
}

/// A revision in the origin's history.
#[derive(Clone, PartialEq, Debug)]
pub struct Revision {
    /// Its id.
    pub id: u64,
    /// When it was stored, in ms since 1970.
    pub time_ms: u64,
    /// Author and summary.
    pub note: Note,
}

/// Why the origin did not do it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OriginError {
    /// Not to be reached: a write may have been committed.
    #[error("the origin cannot be reached: {0}")]
    Unavailable(String),
    /// No answer in time: a write may have been committed, or may yet be.
    #[error("the origin does not answer in time")]
    TimedOut,
    /// It will not take this: a filter, a protection, a size.
    #[error("the origin refuses: {0}")]
    Rejected(String),
}

/// Everything together, with clock, entropy and log.
pub trait Ports {
    /// The store.
    type Store: Store;
    /// The cache.
    type Cache: Cache;
    /// The relay.
    type Relay: Relay;
    /// The origin.
    type Origin: Origin;

    /// The store.
    fn store(&mut self) -> &mut Self::Store;
    /// The cache.
    fn cache(&mut self) -> &mut Self::Cache;
    /// The relay.
    fn relay(&mut self) -> &mut Self::Relay;
    /// The origin.
    fn origin(&mut self) -> &mut Self::Origin;

    /// Milliseconds since 1970. It MAY jump either way: nothing that has to be
    /// right may depend on it.
    fn now_ms(&mut self) -> u64;

    /// Milliseconds on a clock that never goes back and never jumps, from a moment of this
    /// sandbox's own. For durations alone.
    fn monotonic_ms(&mut self) -> u64;

    /// Fills `bytes` with unpredictable ones.
    fn draw(&mut self, bytes: &mut [u8]);

    /// Lets a short while pass, for another's work to arrive.
    fn pause(&mut self, milliseconds: u64);

    /// Tells the operator. Never carries secrets or page content.
    fn log(&mut self, level: Level, event: &str);
}

/// How urgent a log event is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// For the curious.
    Info,
    /// Something is in the way; the system goes on by itself.
    Warning,
    /// An operator has to look.
    Alarm,
}
