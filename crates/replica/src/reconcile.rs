//! Reconciling with the origin: each of its revisions after the tip gets one entry
//! of the log that says what it is.
//!
//! A revision is a flush of ours, known by the authenticated id in its summary, or
//! an edit that somebody made at the origin, which is imported. Races are the log's
//! to settle: an entry counts only if it names the present tip. So whoever comes
//! here, after a death at any point, goes on where the log is.

use std::sync::Arc;

use redwedding_document::Document;
use redwedding_document::entry::{Abandoned, Body, Committed, Import, Moved};
use redwedding_text::diff;
use redwedding_wire::identity::{Digest, DocumentKey, FlushId};
use redwedding_wire::version::OriginText;

use crate::cached_document::CachedDocument;
use crate::confirmed_document::ConfirmedDocument;
use crate::context::Context;
use crate::limits;
use crate::ports::{Level, Ports, Revision};
use crate::summary::flush_id;

/// How far reconciling came.
pub(crate) struct Reconciled {
    /// The document as that left it.
    pub(crate) document: ConfirmedDocument,
    /// Whether nothing was in the way. More than [`limits::IMPORTS`] revisions take
    /// several goes.
    pub(crate) done: bool,
    /// Whether the relay gave a document completely on the way.
    pub(crate) authoritative: bool,
}

/// What the origin says when it is asked whether it has something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Found {
    Yes,
    No,
    /// It does not answer: nothing may follow from that.
    Unanswered,
}

impl<P: Ports> Context<'_, P> {
    /// Looks at the revisions after the tip, oldest first, and logs one entry for
    /// each; at most [`limits::IMPORTS`]. With all seen, an intent that is still open
    /// came to nothing: it is abandoned, where `give_up` says so.
    pub(crate) fn reconcile(&mut self, document: ConfirmedDocument, give_up: bool) -> Reconciled {
        let mut reached = Reconciled { document, done: false, authoritative: false };
        let (key, after) = (reached.document.key().clone(), reached.document.origin().revision());
        let revisions = match self.origin_client().revisions(&key, after) {
            Ok(revisions) => revisions,
            Err(error) => {
                self.ports.log(Level::Warning, &error.to_string());
                return reached;
            }
        };
        for revision in revisions.iter().take(limits::IMPORTS) {
            if revision.id <= reached.document.origin().revision() {
                // Somebody else was faster.
                continue;
            }
            let Some(body) = self.account_for(&reached.document, revision) else { return reached };
            let appended = self.append_reconciled(&mut reached, body);
            if !appended || reached.document.origin().revision() < revision.id {
                return reached;
            }
        }
        let open = reached.document.origin().open().map(|open| open.intent.flush);
        let over = give_up && revisions.len() <= limits::IMPORTS;
        reached.done = match open.filter(|_| over) {
            Some(flush) => {
                let abandoned = Body::Abandoned(Abandoned { flush });
                self.append_reconciled(&mut reached, abandoned)
            }
            None => true,
        };
        reached
    }

    /// Logs what became of something; `false` where the relay cannot be asked.
    fn append_reconciled(&mut self, reached: &mut Reconciled, body: Body) -> bool {
        let Some(next) = self.append_to_log(reached.document.clone(), body) else { return false };
        reached.authoritative |= next.complete;
        reached.document = next.cached.confirmed().clone();
        true
    }

    /// A document with the edits made at the origin that the log did not hold, and
    /// whether the relay gave it completely on the way.
    pub(crate) fn with_news_of_origin(
        &mut self,
        cached: Arc<CachedDocument>,
    ) -> (Arc<CachedDocument>, bool) {
        let reached = self.reconcile(cached.confirmed().clone(), false);
        let news = self.document_cache().document(cached.key());
        (news.unwrap_or(cached), reached.authoritative)
    }

    /// The flush of ours that a revision says it is.
    fn our_flush(&self, key: &DocumentKey, revision: &Revision) -> Option<FlushId> {
        let config = &self.replica.config;
        let valid = |flush: &FlushId| config.all_keys().any(|of| flush.is_valid(&of.flushes, key));
        flush_id(&revision.note.comment).filter(valid)
    }

    /// Whether the origin has a flush of ours that nobody announced: what it has from there on is
    /// not taken over.
    pub(crate) fn stopped(&mut self, document: &Document) -> Found {
        self.unknown_flush(document, &[document], u64::MAX)
    }

    /// Whether a text of the origin is in the log, or will be the first in it, that holds a flush
    /// of ours of which neither the log knows nor what was known `before`.
    pub(crate) fn holds_unknown_flush(&mut self, before: &Document, now: &Document) -> Found {
        let upto = if now.is_empty() { u64::MAX } else { now.origin().revision() };
        self.unknown_flush(before, &[before, now], upto)
    }

    /// Whether the origin has a flush of ours after a document's tip, up to a revision, that none
    /// of these announced.
    fn unknown_flush(&mut self, after: &Document, known: &[&Document], upto: u64) -> Found {
        let (key, revision) = (after.key(), after.origin().revision());
        let Ok(revisions) = self.origin_client().revisions(key, revision) else {
            return Found::Unanswered;
        };
        let mut flushes = revisions
            .iter()
            .filter(|revision| revision.id <= upto)
            .filter_map(|revision| self.our_flush(key, revision));
        match flushes.any(|flush| known.iter().all(|it| it.origin().announced(flush).is_none())) {
            true => Found::Yes,
            false => Found::No,
        }
    }

    /// What a revision after the tip is: a flush of ours, or a person's edit. `None`
    /// where that cannot be said now.
    fn account_for(&mut self, document: &Document, revision: &Revision) -> Option<Body> {
        let key = document.key();
        let text = self.revision_text(key, revision.id)?;
        match self.our_flush(key, revision) {
            Some(flush) => self.account_for_flush(document, revision, flush, &text),
            None => self.import(document, revision, &text),
        }
    }

    /// The text of a revision; `None`, and a line in the log, where the origin does not give it.
    pub(crate) fn revision_text(&mut self, key: &DocumentKey, revision: u64) -> Option<String> {
        let text = self.origin_client().revision_text(key, revision);
        text.inspect_err(|error| self.ports.log(Level::Warning, &error.to_string())).ok()
    }

    /// What a revision is that carries the id of a flush of ours.
    fn account_for_flush(
        &mut self,
        document: &Document,
        revision: &Revision,
        flush: FlushId,
        text: &str,
    ) -> Option<Body> {
        let from = document.origin().revision();
        let to = OriginText { revision: revision.id, text: Digest::of_text(text) };
        let announced = document.origin().announced(flush).map(|announced| &announced.intent);
        let Some(intent) = announced else {
            // At first it may be this state that is behind.
            let age = self.ports.now_ms().saturating_sub(revision.time_ms);
            let level = if age < limits::LEASE_MS { Level::Warning } else { Level::Alarm };
            let what = format!("revision {} of {} is a flush of ours", revision.id, document.key());
            self.ports.log(level, &format!("{what} that nobody announced; stopped"));
            return None;
        };
        if intent.text != to.text && intent.tip != from {
            // Not what was sent, nor on the revision that it was meant for: somebody
            // brought it there.
            return Some(Body::Moved(Moved { from, to, flush: Some(flush) }));
        }
        // Stored on the very revision that it was meant for: where the bytes differ,
        // the origin has transformed them.
        let difference = match intent.text == to.text {
            true => None,
            false => Some(diff::between(&document.text_upto(intent.upto)?.1, text)),
        };
        Some(Body::Committed(Committed {
            flush,
            from,
            revision: to.revision,
            stored: to.text,
            difference,
            time_ms: revision.time_ms,
        }))
    }

    /// The import of a revision that somebody made at the origin, as an edit of the tip's text.
    fn import(&mut self, document: &Document, revision: &Revision, text: &str) -> Option<Body> {
        let inexact = document.origin().tip.as_ref().filter(|tip| !tip.exact);
        let stored = match inexact.map(|tip| tip.stored.revision) {
            Some(at) => Some(self.revision_text(document.key(), at)?),
            None => None,
        };
        let (shown, patch) = document.edit_at_origin(stored.as_deref(), text)?;
        Some(Body::Import(Import {
            from: document.origin().tip.as_ref().map(|tip| tip.stored),
            to: OriginText { revision: revision.id, text: Digest::of_text(text) },
            patch,
            time_ms: revision.time_ms,
            note: revision.note.clone(),
            rules: self.replica.config.rules,
            shown,
        }))
    }
}
