//! A read of a client that has seen what the log may not hold: a save of its own,
//! or a version object.

use std::sync::Arc;

use redwedding_document::View;
use redwedding_document::entry::Body;
use redwedding_wire::identity::{DocumentKey, EditId};
use redwedding_wire::version::{Root, VersionName, VersionRef};

use crate::cached_document::CachedDocument;
use crate::context::{ClientRequest, Context};
use crate::load::{ATTEMPTS, Freshness, LoadError, PAUSE_MS};
use crate::outbox::OutboxEntry;
use crate::page_snapshot::PageSnapshot;
use crate::ports::Ports;
use crate::view::Wanted;

impl<P: Ports> ClientRequest<'_, P> {
    /// A text that holds what the client has written and seen.
    ///
    /// # Errors
    /// [`LoadError::Behind`] where it is not to be had after several attempts.
    pub(super) fn read_unconfirmed(
        &mut self,
        key: &DocumentKey,
    ) -> Result<Arc<PageSnapshot>, LoadError> {
        for attempt in 0..ATTEMPTS {
            let freshness = if attempt == 0 { Freshness::Fresh } else { Freshness::Now };
            let loaded = self.context.load(key, self.session, freshness)?;
            if let Some(snapshot) = self.holding_all(&loaded.cached, attempt) {
                return Ok(snapshot);
            }
            self.context.ports.pause(PAUSE_MS);
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
        let Self { context, session } = self;
        let key = cached.key();
        if let Some(edit) = session.own(key) {
            if !context.has_save(cached.confirmed(), attempt > 0, edit) {
                return self.own_save(cached, edit).map(Arc::new);
            }
            session.confirmed(key);
        }
        let Some(VersionName::Object(id)) = session.unsettled(key) else {
            return Some(context.shown(cached));
        };
        let seen = context.version_store().object_of(cached.confirmed(), id)?;
        let confirmed = match cached.is_logged() {
            true => context.holds(cached.confirmed(), attempt > 0, &seen),
            false => cached.view().holds(&seen),
        };
        if confirmed {
            return Some(context.shown(cached));
        }
        let lacks = attempt == 1 && cached.is_logged() && lacks_root(cached, &seen);
        if lacks && !context.relay_client().in_backoff() {
            // The log does not have the edits that were made at the origin.
            let (cached, _) = context.with_news_of_origin(cached.clone());
            return cached.confirmed().holds(&seen).then(|| context.shown(&cached));
        }
        let wanted = Wanted { own: &[], versions: &[&seen], detached: None };
        let based = context.view_where(cached, &wanted, |view: &View| view.holds(&seen))?;
        context.shown_of_view(cached, &based).map(Arc::new)
    }

    /// The client's last save, which is not confirmed, at the version that it was
    /// answered with.
    fn own_save(&mut self, cached: &CachedDocument, edit: EditId) -> Option<PageSnapshot> {
        let Self { context, session } = self;
        let key = cached.key();
        let saves = context.saves_up_to(cached, edit)?;
        // What the client was answered. The save's copy can be that of
        // another answer, to a retry or to an attempt that was retried.
        let served = match session.unsettled(key) {
            Some(VersionName::Object(id)) => {
                context.version_store().object_of(cached.confirmed(), id)?
            }
            _ => recorded(&saves)?,
        };
        context.snapshot_at(cached, &saves, &served)
    }
}

impl<P: Ports> Context<'_, P> {
    /// The last of these saves, at the version that it was answered with.
    fn snapshot_at(
        &mut self,
        cached: &CachedDocument,
        saves: &[OutboxEntry],
        served: &VersionRef,
    ) -> Option<PageSnapshot> {
        let Body::Edit(last) = &saves.last()?.entry.body else { return None };
        let view = self.view_resolving(cached, saves, served)?;
        let text = view.text_of(&view.resolve_version(served).ok()?)?;
        let id = VersionName::Object(served.object_id(cached.key())).number().get();
        let mut snapshot = PageSnapshot::of_view(&view, id, cached.exchanged_ms());
        snapshot.note = last.delta.note.clone();
        snapshot.time_ms = last.accepted_ms;
        snapshot.text = text;
        Some(snapshot)
    }
}

/// The version that the copy of the last of these saves says it was answered with.
fn recorded(saves: &[OutboxEntry]) -> Option<VersionRef> {
    match &saves.last()?.entry.body {
        Body::Edit(last) => last.served.clone(),
        _ => None,
    }
}

/// Whether a version stands on a text of the origin that is newer than the state.
fn lacks_root(cached: &CachedDocument, version: &VersionRef) -> bool {
    let revision = cached.confirmed().origin().revision();
    matches!(version.root, Root::Origin(text) if revision < text.revision)
}
