//! Brings a document's state up: memory, cache, relay, origin.
//!
//! What is loaded holds every log entry up to its cursor, and what the client has
//! seen. A state of which the log holds nothing may stand on a text of the origin
//! instead.

use std::sync::Arc;

use redwedding_document::Document;
use redwedding_wire::identity::DocumentKey;
use redwedding_wire::version::Cursor;

use crate::cached_document::CachedDocument;
use crate::client_session::ClientSession;
use crate::confirmed_document::ConfirmedDocument;
use crate::context::Context;
use crate::keys;
use crate::limits;
use crate::ports::{Cache, OriginError, Ports};

/// Attempts to see what a client has saved or seen, with a pause between them.
pub(crate) const ATTEMPTS: usize = 3;
/// The pause, in ms.
pub(crate) const PAUSE_MS: u64 = 60;
/// Exchanges with a relay that has not heard of what the client has seen.
const EXCHANGES: usize = 3;
/// The pause between them, in ms.
const EXCHANGE_PAUSE_MS: u64 = 20;

/// Why a document could not be brought up. Nothing changed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LoadError {
    /// What the client has seen is not to be had here in time. Retry.
    #[error("what you have already seen has not arrived here yet")]
    Behind,
    /// A save of the client's own is lost, or the relay refused it. It is told once, and goes on.
    #[error("a save of yours could not be kept")]
    SaveLost,
    /// Nothing here knows the page, and neither relay nor origin answers.
    #[error("neither the relay nor the origin can be asked about the page: {0}")]
    Unreachable(String),
    /// Nothing here knows the page, and the origin did not answer in time. Retry.
    #[error("the origin does not answer in time")]
    TimedOut,
    /// An older part of the page's history is needed, and cannot be had from the relay now. Retry.
    #[error("an older part of the page's history cannot be fetched now")]
    Archived,
}

impl From<OriginError> for LoadError {
    fn from(error: OriginError) -> Self {
        match error {
            OriginError::TimedOut => Self::TimedOut,
            other => Self::Unreachable(other.to_string()),
        }
    }
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

/// A document, and what is known of it.
pub(crate) struct Loaded {
    pub(crate) cached: Arc<CachedDocument>,
    /// Whether the relay gave all of it just now. Only then can it be said that the
    /// log lacks something.
    pub(crate) authoritative: bool,
}

impl<P: Ports> Context<'_, P> {
    /// The document, as the first tier has it that does. The session forgets what it
    /// has seen of a log that lost it.
    ///
    /// # Errors
    /// [`LoadError`], but never [`LoadError::Archived`].
    pub(crate) fn load(
        &mut self,
        key: &DocumentKey,
        session: &mut ClientSession,
        freshness: Freshness,
    ) -> Result<Loaded, LoadError> {
        let cached = self.document_cache().document_for(key, session);
        let now_ms = self.ports.now_ms();
        if let Some(cached) = &cached {
            let age = now_ms.checked_sub(cached.exchanged_ms());
            let fresh = match freshness {
                Freshness::Any => true,
                Freshness::Fresh => age.is_some_and(|age| age < self.replica.config.staleness_ms),
                Freshness::Now => false,
            };
            if fresh && cached.satisfies(session) {
                return Ok(Loaded { cached: cached.clone(), authoritative: false });
            }
        }
        self.refresh(key, cached, session, freshness)
    }

    /// Exchanges with the relay; where it cannot be reached, what is cached has
    /// to do.
    fn refresh(
        &mut self,
        key: &DocumentKey,
        cached: Option<Arc<CachedDocument>>,
        session: &mut ClientSession,
        freshness: Freshness,
    ) -> Result<Loaded, LoadError> {
        let (mut cached, mut authoritative, mut reset) = (cached, false, false);
        for attempt in 0..EXCHANGES {
            let Some(pulled) = self.pull(key, cached.clone(), session)? else { break };
            authoritative |= pulled.complete;
            reset |= pulled.reset;
            let mut fresh = pulled.cached;
            if attempt == 0 && fresh.revision() < session.revision(key) {
                let (news, complete) = self.with_news_of_origin(fresh);
                authoritative |= complete;
                fresh = news;
            }
            let last = attempt + 1 == EXCHANGES;
            if last && reset && !fresh.satisfies(session) {
                // The log lost what the client saw.
                session.forget_beyond(key.shard(limits::SHARDS), fresh.confirmed().cursor());
            }
            if fresh.satisfies(session) {
                return Ok(Loaded { cached: fresh, authoritative });
            }
            if last {
                // The node that answers has not heard of it yet.
                return Err(LoadError::Behind);
            }
            cached = Some(fresh);
            if !self.pause(EXCHANGE_PAUSE_MS) {
                break;
            }
        }
        let found = self.without_relay(key, cached.clone(), session);
        // What is there does not do, or something is asked for that it does not have.
        let lacks = found.is_err() || freshness == Freshness::Now;
        let handed = match lacks {
            true => self.handed_over(key, cached.as_deref(), session),
            false => None,
        };
        let handed = handed.filter(|handed| handed.satisfies(session));
        let cached = handed.map_or(found, Ok)?;
        Ok(Loaded { cached, authoritative })
    }

    /// One exchange, and what came in kept. `None` where the relay is not asked, or does not
    /// answer in time.
    fn pull(
        &mut self,
        key: &DocumentKey,
        cached: Option<Arc<CachedDocument>>,
        session: &mut ClientSession,
    ) -> Result<Option<Refreshed>, LoadError> {
        let known = cached.as_ref().map(|cached| cached.confirmed().clone());
        let Some(exchanged) = self.relay_client().exchange(key, known, Vec::new()) else {
            return Ok(None);
        };
        if !self.salvaged(&exchanged) {
            return Ok(None);
        }
        let news = exchanged.changed || cached.is_none();
        let origin = cached.and_then(|cached| cached.origin_page().cloned());
        let (complete, reset) = (exchanged.complete, exchanged.before.is_some());
        let fresh = self.with_origin(exchanged.document, complete, origin, session)?;
        let cached = match news {
            true => self.document_cache().keep(fresh, reset),
            false => self.document_cache().keep_unchanged(fresh),
        };
        Ok(Some(Refreshed { cached, complete, reset }))
    }

    /// With the relay away: what is cached, if it does; a page that the log may hold nothing of as
    /// the origin has it.
    fn without_relay(
        &mut self,
        key: &DocumentKey,
        cached: Option<Arc<CachedDocument>>,
        session: &mut ClientSession,
    ) -> Result<Arc<CachedDocument>, LoadError> {
        match cached {
            Some(cached) if cached.satisfies(session) => Ok(cached),
            Some(cached) if cached.is_logged() => Err(LoadError::Behind),
            cached => self.at_origin(key, cached, session),
        }
    }

    /// A page that the log may hold nothing of, as the origin has it.
    fn at_origin(
        &mut self,
        key: &DocumentKey,
        cached: Option<Arc<CachedDocument>>,
        session: &mut ClientSession,
    ) -> Result<Arc<CachedDocument>, LoadError> {
        let (document, origin) = match cached {
            Some(cached) => (cached.confirmed().clone(), cached.origin_page().cloned()),
            None => {
                let unknown = Document::new(key.clone(), Cursor::default());
                (ConfirmedDocument::new(unknown), None)
            }
        };
        if document.is_empty()
            && let Some(asked) = self.asked_origin(key, session)
        {
            return Ok(Arc::new(asked));
        }
        let asks = document.is_empty() && origin.is_none();
        let cached = self.with_origin(document, false, origin, session)?;
        if asks {
            self.keep_asked_origin(&cached);
        }
        match cached.satisfies(session) {
            true => Ok(Arc::new(cached)),
            false => Err(LoadError::Behind),
        }
    }

    /// A page that the log may hold nothing of, as the origin had it when it was asked last, by
    /// anybody here: it is not asked for each save that a long outage brings.
    fn asked_origin(
        &mut self,
        key: &DocumentKey,
        session: &ClientSession,
    ) -> Option<CachedDocument> {
        let bytes = self.ports.cache().peek(&keys::asked_origin(key))?;
        let asked = CachedDocument::decode(&bytes, key)?;
        let age = self.ports.now_ms().checked_sub(asked.exchanged_ms())?;
        let good = age < self.replica.config.poll_ms && asked.satisfies(session);
        // No log stands behind it.
        let (log, page) = good.then(|| asked.into_parts())?;
        Some(CachedDocument::new(log, page, 0))
    }

    fn keep_asked_origin(&mut self, cached: &CachedDocument) {
        let (log, page) = (cached.confirmed().clone(), cached.origin_page().cloned());
        let asked = CachedDocument::new(log, page, self.ports.now_ms()).encode();
        let name = keys::asked_origin(cached.key());
        self.ports.cache().insert(None, &name, asked, self.replica.config.poll_ms);
    }
}

/// What one exchange gave.
struct Refreshed {
    cached: Arc<CachedDocument>,
    /// Whether it is all that the log held.
    complete: bool,
    /// Whether the log has lost what was known.
    reset: bool,
}
