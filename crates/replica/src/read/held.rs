//! A text that holds what a client has seen and written: of the log, of the outbox, or
//! of both.
//!
//! Whatever is not in the log is shown under a version object that is written
//! before it is served.

use std::sync::Arc;

use redwedding_wire::identity::DocumentKey;
use redwedding_wire::version::Root;

use crate::cached_document::CachedDocument;
use crate::context::{ClientRequest, Context};
use crate::lacking::Lacking;
use crate::load::{ATTEMPTS, Freshness, LoadError, PAUSE_MS};
use crate::page_snapshot::PageSnapshot;
use crate::ports::Ports;
use crate::view::BasedView;

impl<P: Ports> ClientRequest<'_, P> {
    /// A text that holds what the client has written and seen.
    ///
    /// # Errors
    /// [`LoadError::Behind`] where it is not to be had after several attempts.
    pub(super) fn read_held(&mut self, key: &DocumentKey) -> Result<Arc<PageSnapshot>, LoadError> {
        for attempt in 0..ATTEMPTS {
            let freshness = if attempt == 0 { Freshness::Fresh } else { Freshness::Now };
            let loaded = self.context.load(key, self.session, freshness)?;
            if let Some(snapshot) = self.holding_all(&loaded.cached, attempt) {
                return Ok(snapshot);
            }
            if !self.context.pause(PAUSE_MS) {
                break;
            }
        }
        Err(LoadError::Behind)
    }

    /// A text that holds what the client has written and seen, if it can be had
    /// from this state and the outbox; from the second attempt on from the archive,
    /// too, and at the second the origin is looked at.
    fn holding_all(
        &mut self,
        cached: &Arc<CachedDocument>,
        attempt: usize,
    ) -> Option<Arc<PageSnapshot>> {
        let mut lacking = self.context.lacking(self.session, cached, attempt > 0)?;
        let context = &mut self.context;
        let mut cached = cached.clone();
        let lacks = |version| cached.lacks_root(version);
        let news = attempt == 1 && lacking.versions.iter().any(lacks);
        if news && !context.relay_client().is_away() {
            // The log does not have the edits that were made at the origin.
            (cached, _) = context.with_news_of_origin(cached);
            lacking.versions.retain(|version| !cached.confirmed().holds(version));
        }
        context.shown_with(&cached, &lacking)
    }
}

impl<P: Ports> Context<'_, P> {
    /// What is served of a loaded state: it alone, or with what it lacks, or with what the
    /// store shows of the outbox while the relay is away.
    fn shown_with(
        &mut self,
        cached: &CachedDocument,
        lacking: &Lacking,
    ) -> Option<Arc<PageSnapshot>> {
        let away = self.relay_client().is_away();
        let nothing = lacking.is_nothing();
        if nothing && !away {
            return Some(self.document_cache().snapshot_of(cached));
        }
        let based = self.view_with(cached, lacking)?;
        let more = !based.view.version().extra.is_empty();
        let shown = more.then(|| self.shown_of_view(cached, &based)).flatten();
        if shown.is_none() && !nothing {
            return None;
        }
        let mut snapshot = shown.unwrap_or_else(|| cached.snapshot());
        snapshot.stale = away;
        Some(Arc::new(snapshot))
    }

    /// What is shown of a view, its version written before it is served. `None` where
    /// it cannot be written.
    fn shown_of_view(
        &mut self,
        cached: &CachedDocument,
        based: &BasedView,
    ) -> Option<PageSnapshot> {
        let version = based.view.version();
        if let (Root::Origin(_), Some(base)) = (version.root, &based.base) {
            // Who edits this version elsewhere needs the text that it stands on.
            self.version_store().write_detached_base(base)?;
        }
        let id = self.version_store().write_object(cached.key(), &version)?;
        self.salvage_shown(cached, &based.view);
        Some(PageSnapshot::of_view(&based.view, id, cached.exchanged_ms()))
    }
}
