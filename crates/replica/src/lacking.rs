//! What a client has seen and written and the log does not hold, as far as a document
//! is known; and a view that holds it.

use redwedding_document::View;
use redwedding_wire::version::{VersionName, VersionRef};

use crate::cached_document::CachedDocument;
use crate::client_session::ClientSession;
use crate::context::Context;
use crate::outbox::OutboxEntry;
use crate::ports::Ports;
use crate::view::{BasedView, Wanted};

/// What a client has seen and written and a document does not hold.
pub(crate) struct Lacking {
    /// Saves of its own, oldest first.
    pub(crate) own: Vec<OutboxEntry>,
    pub(crate) versions: Vec<VersionRef>,
    /// The newest revision of the origin that the client has seen; the document may hold it.
    pub(crate) revision: u64,
}

impl Lacking {
    /// Whether the document holds all.
    pub(crate) fn is_nothing(&self) -> bool {
        self.own.is_empty() && self.versions.is_empty()
    }
}

impl<P: Ports> Context<'_, P> {
    /// What of what a client has seen and written this state does not hold; the archive is asked
    /// only if it is the relay's `newest`. `None` where it is not visible here.
    pub(crate) fn lacking(
        &mut self,
        session: &mut ClientSession,
        cached: &CachedDocument,
        newest: bool,
    ) -> Option<Lacking> {
        let key = cached.key();
        for edit in session.own(key) {
            if self.has_save(cached.confirmed(), newest, edit) {
                session.confirmed_one(key, edit);
            }
        }
        let own = self.saves_of(cached, &session.own(key))?;
        Self::note_superseded(session, key, &own);
        let mut versions = Vec::new();
        for name in session.unsettled(key) {
            let VersionName::Object(id) = name else { continue };
            let version = self.version_store().object_of(cached.confirmed(), id)?;
            let held = match cached.is_logged() {
                true => self.holds(cached.confirmed(), newest, &version),
                false => cached.view().holds(&version),
            };
            if !held {
                versions.push(version);
            }
        }
        Some(Lacking { own, versions, revision: session.revision(key) })
    }

    /// A view that holds all that is lacking; while the relay is away, all that waits.
    pub(crate) fn view_with(
        &mut self,
        cached: &CachedDocument,
        lacking: &Lacking,
    ) -> Option<BasedView> {
        let Lacking { own, versions, revision } = lacking;
        let versions: Vec<_> = versions.iter().collect();
        let wanted = Wanted { own, versions: &versions, detached: None };
        let has = |view: &View, own: &OutboxEntry| {
            let there = own.edit().is_none_or(|edit| view.change_of(edit).is_some());
            // The log will tell whether it is the same.
            there && !view.may_double(&own.entry)
        };
        self.view_where(cached, &wanted, |view: &View| {
            own.iter().all(|own| has(view, own))
                && versions.iter().all(|version| view.holds(version))
                && view.origin().revision() >= *revision
        })
    }
}
