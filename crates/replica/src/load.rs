//! Brings a document's state up: memory, cache, relay, store, origin.
//!
//! What is loaded holds every log entry up to its cursor. A state of which the
//! log holds nothing may stand on a text of the origin instead.

use std::num::NonZeroU64;
use std::sync::Arc;

use redwedding_document::entry::{Body, Entry, OriginPage};
use redwedding_document::{Document, Unresolved, View};
use redwedding_wire::codec::{self, Decode, Encode};
use redwedding_wire::identity::DocumentKey;
use redwedding_wire::version::{Cursor, VersionName, VersionRef};
use serde_bytes::ByteBuf;
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::client_session::ClientSession;
use crate::confirmed_document::{ConfirmedDocument, Tail};
use crate::keys;
use crate::limits;
use crate::page_snapshot::PageSnapshot;
use crate::ports::{Cache, Level, Origin, OriginError, Ports};
use crate::relay_client::Exchanged;
use crate::replica::{CachedDocument, Replica};

const FORMAT: u8 = 1;

/// Why a document could not be brought up. Nothing changed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LoadError {
    /// What the client has seen is not to be had here in time. Retry.
    #[error("what you have already seen has not arrived here yet")]
    Behind,
    /// Nothing here knows the page, and neither relay nor origin answers.
    #[error("neither the relay nor the origin can be asked about the page: {0}")]
    Unreachable(String),
    /// An older part of the page's history is needed, and cannot be had from the relay now. Retry.
    #[error("an older part of the page's history cannot be fetched now")]
    Archived,
}

/// How old a state may be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// Any state that holds what the client has seen.
    Any,
    /// Exchanged within `staleness_ms`, where the relay can be reached.
    Fresh,
    /// Exchanged now.
    Now,
}

#[derive(Serialize_tuple, Deserialize_tuple)]
struct CachedWire {
    format: u8,
    exchanged_ms: u64,
    document: ByteBuf,
    origin: Option<OriginPage>,
}

impl CachedDocument {
    pub(crate) fn encode(&self) -> Vec<u8> {
        codec::to_vec(&CachedWire {
            format: FORMAT,
            exchanged_ms: self.exchanged_ms,
            document: ByteBuf::from(self.document.encode()),
            origin: self.origin.clone(),
        })
    }

    pub(crate) fn decode(bytes: &[u8], key: &DocumentKey) -> Option<Self> {
        let wire: CachedWire = codec::from_own(bytes).ok()?;
        let document = Document::decode_own(&wire.document).ok()?;
        let ours = wire.format == FORMAT && document.key() == key;
        let document = ConfirmedDocument::cached(document);
        ours.then_some(Self { document, origin: wire.origin, exchanged_ms: wire.exchanged_ms })
    }

    /// Whether it holds what a client has seen.
    pub(crate) fn satisfies(&self, session: &ClientSession) -> bool {
        satisfies(self.document.cursor(), self.revision(), self.document.key(), session)
    }

    /// The newest revision of the origin that is in it.
    fn revision(&self) -> u64 {
        match &self.origin {
            Some(page) if self.document.is_empty() => page.revision,
            _ => self.document.origin().revision(),
        }
    }

    /// The number that names what is shown of it; 0 while there is no page.
    pub(crate) fn id(&self) -> u64 {
        match &self.origin {
            Some(page) if self.document.is_empty() => page.revision,
            _ => self.document.id().map_or(0, NonZeroU64::get),
        }
    }

    /// The full form of the version that a client names.
    pub(crate) fn named(&self, name: VersionName) -> Result<VersionRef, Unresolved> {
        match self.base_entry() {
            None => self.document.named(name),
            Some(_) => self.view().named(name),
        }
    }

    /// What is shown of it, no overlay added.
    pub(crate) fn snapshot(&self) -> PageSnapshot {
        match &self.origin {
            Some(page) if self.document.is_empty() => {
                PageSnapshot::of_origin(page, self.document.cursor(), self.exchanged_ms)
            }
            _ => PageSnapshot::of_document(&self.document, self.exchanged_ms),
        }
    }

    /// The entry that brings the origin's text into the log, where it is needed.
    pub(crate) fn base_entry(&self) -> Option<Entry> {
        let page = self.origin.as_ref().filter(|_| self.document.is_empty())?;
        Some(Entry::new(self.document.key().clone(), Body::Base(page.clone())))
    }

    /// A view of the document, standing on the origin's text where the log
    /// holds nothing.
    pub(crate) fn view(&self) -> View {
        let mut view = View::of(&self.document);
        if let Some(base) = self.base_entry() {
            // A base has no parents and nothing is there: it counts.
            let added = view.add(&base);
            debug_assert!(added.is_ok());
        }
        view
    }
}

/// Whether a state at `cursor`, with the origin's edits up to `revision`, holds
/// what a client has seen.
pub(crate) fn satisfies(
    cursor: Cursor,
    revision: u64,
    key: &DocumentKey,
    session: &ClientSession,
) -> bool {
    let shard = key.shard(limits::SHARDS);
    // A state that no log stands behind holds nothing of any log.
    let epoch = if cursor.epoch == 0 { session.epoch() } else { cursor.epoch };
    session.seen(epoch, shard) <= cursor.position && session.revision(key) <= revision
}

impl Replica {
    /// The whole document.
    pub(crate) fn load<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        session: &mut ClientSession,
        freshness: Freshness,
    ) -> Result<Arc<CachedDocument>, LoadError> {
        let held = self.held(ports, key);
        let now_ms = ports.now_ms();
        if let Some(held) = &held {
            let age = now_ms.checked_sub(held.exchanged_ms);
            let fresh = match freshness {
                Freshness::Any => true,
                Freshness::Fresh => age.is_some_and(|age| age < self.config.staleness_ms),
                Freshness::Now => false,
            };
            if fresh && held.satisfies(session) {
                return Ok(held.clone());
            }
        }
        self.refresh(ports, key, held, session)
    }

    /// What this sandbox or its point of presence holds.
    pub(crate) fn held<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
    ) -> Option<Arc<CachedDocument>> {
        if let Some(held) = self.recall(key) {
            return Some(held.clone());
        }
        let base = ports.cache().peek(&keys::document(key))?;
        let mut held = CachedDocument::decode(&base, key)?;
        let tail = ports.cache().peek(&keys::tail(key, held.document.cursor()));
        if let Some(tail) = tail.and_then(|bytes| Tail::decode(&bytes).ok()) {
            let exchanged_ms = tail.exchanged_ms;
            if held.document.extend(tail) {
                held.exchanged_ms = exchanged_ms;
                held.origin = held.origin.filter(|_| held.document.is_empty());
            }
        }
        let held = Arc::new(held);
        self.remember(held.clone());
        Some(held)
    }

    /// Exchanges with the relay; where it cannot be reached, what is held has
    /// to do.
    fn refresh<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        held: Option<Arc<CachedDocument>>,
        session: &mut ClientSession,
    ) -> Result<Arc<CachedDocument>, LoadError> {
        let (mut held, mut reset) = (held, false);
        if !self.relay_in_backoff(ports) {
            for attempt in 0..3 {
                let document = held.as_ref().map(|held| held.document.clone());
                let Ok(exchanged) = self.exchange(ports, key, document, Vec::new()) else { break };
                let origin = held.as_ref().and_then(|held| held.origin.clone());
                reset |= exchanged.reset;
                let news = exchanged.changed || held.is_none();
                let Exchanged { document, complete, .. } = exchanged;
                let fresh = self.standing_on(ports, document, complete, origin, session)?;
                let mut fresh = match news {
                    true => self.keep(ports, fresh),
                    false => self.keep_snapshot(ports, fresh),
                };
                if attempt == 0 && fresh.revision() < session.revision(key) {
                    fresh = self.with_news_of_origin(ports, fresh);
                }
                if fresh.satisfies(session) {
                    return Ok(fresh);
                }
                if attempt == 2 {
                    if !reset {
                        // The node that answers has not heard of it yet.
                        return Err(LoadError::Behind);
                    }
                    // The log lost what the client saw.
                    session.forget_beyond(key.shard(limits::SHARDS), fresh.document.cursor());
                    return match fresh.satisfies(session) {
                        true => Ok(fresh),
                        false => Err(LoadError::Behind),
                    };
                }
                held = Some(fresh);
                ports.pause(20);
            }
        }
        match held {
            Some(held) if held.satisfies(session) => Ok(held),
            Some(held) if !held.document.is_empty() => Err(LoadError::Behind),
            held => self.bootstrap_without_relay(ports, key, held, session),
        }
    }

    /// A state with the edits made at the origin that the log did not hold.
    pub(crate) fn with_news_of_origin<P: Ports>(
        &mut self,
        ports: &mut P,
        held: Arc<CachedDocument>,
    ) -> Arc<CachedDocument> {
        self.reconcile(ports, held.document.clone(), false);
        self.held(ports, held.document.key()).unwrap_or(held)
    }

    /// A document that the relay told about: where its log holds nothing, the
    /// origin's text. It counts as exchanged now if it is `complete`.
    pub(crate) fn standing_on<P: Ports>(
        &mut self,
        ports: &mut P,
        document: ConfirmedDocument,
        complete: bool,
        origin: Option<OriginPage>,
        session: &mut ClientSession,
    ) -> Result<CachedDocument, LoadError> {
        self.complete_answers += u64::from(complete);
        let exchanged_ms = if complete { ports.now_ms() } else { 0 };
        if !document.is_empty() {
            return Ok(CachedDocument { document, origin: None, exchanged_ms });
        }
        let key = document.key();
        let seen = session.revision(key);
        let origin = match origin.filter(|page| page.revision >= seen) {
            Some(page) => Some(page),
            None => {
                let page = self.ask_origin(ports, key)?;
                if page.as_ref().map_or(0, |page| page.revision) < seen {
                    // What the client saw was deleted there since.
                    session.settled(key);
                }
                page
            }
        };
        Ok(CachedDocument { document, origin, exchanged_ms })
    }

    fn bootstrap_without_relay<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        held: Option<Arc<CachedDocument>>,
        session: &mut ClientSession,
    ) -> Result<Arc<CachedDocument>, LoadError> {
        let (document, origin) = match held {
            Some(held) => (held.document.clone(), held.origin.clone()),
            None => (ConfirmedDocument::new(Document::new(key.clone(), Cursor::default())), None),
        };
        let held = self.standing_on(ports, document, false, origin, session)?;
        match held.satisfies(session) {
            true => Ok(Arc::new(held)),
            false => Err(LoadError::Behind),
        }
    }

    fn ask_origin<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
    ) -> Result<Option<OriginPage>, LoadError> {
        self.count_call();
        match ports.origin().page(key.key()) {
            Ok(page) => Ok(page),
            Err(error @ (OriginError::Unavailable(_) | OriginError::Rejected(_))) => {
                ports.log(Level::Warning, &error.to_string());
                Err(LoadError::Unreachable(error.to_string()))
            }
        }
    }

    /// Keeps a state in memory and in the cache.
    pub(crate) fn keep<P: Ports>(
        &mut self,
        ports: &mut P,
        held: CachedDocument,
    ) -> Arc<CachedDocument> {
        let mut held = held;
        let key = &held.document.key().clone();
        // What stands on a text of the origin has no entries of its own.
        let tail = held.document.tail(held.exchanged_ms).filter(|_| !held.document.is_empty());
        if tail.is_none() {
            ports.cache().insert(None, &keys::document(key), held.encode(), limits::CACHE_MS);
            held.document.rebase();
        }
        // Even an empty one: an older may have entries that the log has lost since.
        if let Some(tail) = tail.or_else(|| held.document.tail(held.exchanged_ms)) {
            let name = keys::tail(key, tail.base());
            ports.cache().insert(None, &name, tail.encode(), limits::CACHE_MS);
        }
        self.keep_snapshot(ports, held)
    }

    /// Keeps a state that an exchange found unchanged. The cached document may
    /// stay behind in its cursor: nothing lies between.
    fn keep_snapshot<P: Ports>(
        &mut self,
        ports: &mut P,
        held: CachedDocument,
    ) -> Arc<CachedDocument> {
        let snapshot = Arc::new(held.snapshot());
        let held = Arc::new(held);
        let key = held.document.key();
        let fresh_ms = self.config.staleness_ms;
        ports.cache().insert(None, &keys::snapshot(key), snapshot.encode(), fresh_ms);
        self.remember_snapshot(key, snapshot);
        self.remember(held.clone());
        held
    }
}
