//! Flush: writing pending edits to the origin, each exactly once, and taking
//! over what was edited there.
//!
//! The order is the log's: an intent that counts goes before every write, and
//! what the origin made of it is logged after. Whoever comes next, after a death
//! at any point, finds an open intent and resolves it by looking at every
//! revision after the tip.
//!
//! The steps, the reason for each one's place, and what a death after it leaves:
//!
//! 1. *Ask the relay for the newest state.* What is sent must name the present tip. A death
//!    leaves nothing.
//! 2. *Log the intent.* Only one counts for a tip, so only one flush writes on it. A death leaves
//!    an open intent and no revision. The next flush reconciles: it looks at every revision
//!    after the tip, finds none with the flush id, and logs that the intent is abandoned.
//! 3. *Write on the tip's revision*, with the flush id in the summary. The origin refuses a write
//!    on another revision. A death leaves a revision and an open intent. The next flush
//!    reconciles: it finds the flush id, and logs that it is committed.
//! 4. *Log that it is committed.* The tip moves, for all alike. A death leaves nothing.
//!
//! An answer that does not come (step 3) is like a death: the write may have been
//! committed, so nothing is tried again before reconciling. Two flushes that reconcile
//! at once log the same entries, of which the first counts. A write that arrives after its
//! intent was abandoned is still recognised by its flush id.

use std::sync::Arc;

use redwedding_document::entry::{
    Abandoned, Body, Checkpoint, Committed, Entry, Import, Intent, Moved,
};
use redwedding_document::{Document, Tip};
use redwedding_text::{Patch, diff, map_through};
use redwedding_wire::codec::Encode;
use redwedding_wire::identity::{Digest, DocumentKey, FlushId};
use redwedding_wire::version::OriginText;

use crate::client_session::ClientSession;
use crate::confirmed_document::ConfirmedDocument;
use crate::keys;
use crate::limits;
use crate::ports::{Cache, Level, Origin, OriginError, Ports, Revision, Write, Written};
use crate::replica::{CachedDocument, Replica};

/// What a flush came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flushed {
    /// The origin holds everything.
    Nothing,
    /// The origin took a revision, or its edits were taken over.
    Done,
    /// Not now: the relay, the origin or somebody else's flush is in the way.
    Later,
}

/// What leads the summary of a revision of ours.
const MARK: &str = "[rw ";

/// The summary for a flush: its id, then who and what.
fn summary(flush: FlushId, document: &Document) -> String {
    let mut summary = format!("{MARK}{flush}]");
    let mut edits = 0;
    for change in document.pending().filter(|change| change.is_ours()) {
        edits += 1;
        let author = match change.note.author.as_str() {
            "" => "anonymous",
            name => name,
        };
        let comment = change.note.comment.replace(['\r', '\n'], " ");
        let part = match comment.is_empty() {
            true => format!(" {author};"),
            false => format!(" {author}: {comment};"),
        };
        if summary.len() + part.len() <= limits::SUMMARY_BYTES {
            summary.push_str(&part);
        }
    }
    summary.push_str(&format!(" {edits} edit{}", if edits == 1 { "" } else { "s" }));
    summary
}

/// The flush id that leads a summary.
fn flush_id(summary: &str) -> Option<FlushId> {
    let (id, _) = summary.strip_prefix(MARK)?.split_once(']')?;
    FlushId::parse(id)
}

impl Replica {
    /// Writes what is pending of a document to the origin, or resolves what an
    /// earlier flush left open. One step of each at most; bounded calls.
    pub fn flush<P: Ports>(&mut self, ports: &mut P, key: &DocumentKey) -> Flushed {
        let Some(held) = self.confirmed_now(ports, key) else { return Flushed::Later };
        let document = held.document.clone();
        if document.is_empty() {
            return Flushed::Nothing;
        }
        if document.origin().open().is_some() {
            return self.reconcile(ports, document, true);
        }
        let exact = document.origin().tip.as_ref().is_some_and(|tip| tip.exact);
        if exact && document.pending().next().is_none() {
            return Flushed::Nothing;
        }
        self.write(ports, document)
    }

    /// The document as the relay has it now; `None` where it cannot be asked.
    fn confirmed_now<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
    ) -> Option<Arc<CachedDocument>> {
        if self.relay_in_backoff(ports) {
            return None;
        }
        let held = self.held(ports, key);
        let (document, origin) =
            held.map(|held| (held.document.clone(), held.origin.clone())).unzip();
        let exchanged = self.exchange(ports, key, document, Vec::new()).ok()?;
        let session = &mut ClientSession::new();
        let (document, complete) = (exchanged.document, exchanged.complete);
        let held = self.standing_on(ports, document, complete, origin.flatten(), session).ok()?;
        Some(self.keep(ports, held))
    }

    fn write<P: Ports>(&mut self, ports: &mut P, document: ConfirmedDocument) -> Flushed {
        let Some(last) = document.changes().last() else { return Flushed::Nothing };
        let (upto, text) = (last.place, document.text().to_owned());
        let tip = document.origin().tip.clone();
        let revision = document.origin().revision();
        let digest = Digest::of_text(&text);
        if tip.is_some_and(|tip| tip.stored.text == digest) {
            let checkpoint = Body::Checkpoint(Checkpoint { revision, upto });
            return self.append_then(ports, document, checkpoint, Flushed::Done);
        }
        let flush = self.draw_flush(ports, document.key());
        let intent = Body::Intent(Intent { flush, upto, tip: revision, text: digest });
        let summary = summary(flush, &document);
        let Some(document) = self.append(ports, document, intent) else { return Flushed::Later };
        if document.origin().open().is_none_or(|open| open.intent.flush != flush) {
            return Flushed::Later;
        }
        let write = Write { text, on: revision, summary, idempotency: flush.to_string() };
        self.count_call();
        let written = ports.origin().write(document.key().key(), &write);
        match written {
            Ok(Written::Stored { revision: stored_as, stored, time_ms }) => {
                let committed = Committed {
                    flush,
                    from: revision,
                    revision: stored_as,
                    stored: stored.as_deref().map_or(digest, Digest::of_text),
                    difference: stored.map(|stored| diff::between(&write.text, &stored)),
                    time_ms,
                };
                self.append_then(ports, document, Body::Committed(committed), Flushed::Done)
            }
            Ok(Written::Unchanged { revision: stays }) if stays == revision => {
                let stored = match document.origin().tip.as_ref().filter(|tip| tip.exact) {
                    Some(tip) => document.text_at(&tip.version),
                    None => {
                        self.count_call();
                        ports.origin().revision_text(document.key().key(), revision).ok()
                    }
                };
                // The origin would have stored what it has: it transforms what is sent.
                let Some(stored) = stored else { return Flushed::Later };
                let committed = Committed {
                    flush,
                    from: revision,
                    revision,
                    stored: Digest::of_text(&stored),
                    difference: Some(diff::between(&write.text, &stored)),
                    time_ms: ports.now_ms(),
                };
                self.append_then(ports, document, Body::Committed(committed), Flushed::Done)
            }
            // The page is elsewhere by now.
            Ok(Written::Unchanged { .. }) => self.reconcile(ports, document, true),
            Ok(Written::Conflict) => self.reconcile(ports, document, true),
            Err(OriginError::Unavailable(why)) => {
                // It may have been committed: whoever comes next will look.
                ports.log(Level::Warning, &why);
                Flushed::Later
            }
            Err(OriginError::Rejected(why)) => {
                let key = document.key();
                ports.log(Level::Alarm, &format!("the origin refuses the text of {key}: {why}"));
                self.append_then(
                    ports,
                    document,
                    Body::Abandoned(Abandoned { flush }),
                    Flushed::Later,
                )
            }
        }
    }

    fn draw_flush<P: Ports>(&self, ports: &mut P, key: &DocumentKey) -> FlushId {
        let mut drawn = [0; 8];
        ports.draw(&mut drawn);
        FlushId::new(&self.config.flush_key, key, drawn)
    }

    /// Appends an entry and gives the document after it.
    pub(crate) fn append<P: Ports>(
        &mut self,
        ports: &mut P,
        document: ConfirmedDocument,
        body: Body,
    ) -> Option<ConfirmedDocument> {
        let key = document.key().clone();
        let entry = Entry::new(key.clone(), body).encode();
        let exchanged = self.exchange(ports, &key, Some(document), vec![entry]).ok()?;
        let (document, complete) = (exchanged.document, exchanged.complete);
        let held =
            self.standing_on(ports, document, complete, None, &mut ClientSession::new()).ok()?;
        Some(self.keep(ports, held).document.clone())
    }

    fn append_then<P: Ports>(
        &mut self,
        ports: &mut P,
        document: ConfirmedDocument,
        body: Body,
        done: Flushed,
    ) -> Flushed {
        self.append(ports, document, body).map_or(Flushed::Later, |_| done)
    }

    /// Looks at the revisions after the tip, oldest first, one entry each. With
    /// all seen, an intent that is still open came to nothing.
    pub(crate) fn reconcile<P: Ports>(
        &mut self,
        ports: &mut P,
        document: ConfirmedDocument,
        give_up: bool,
    ) -> Flushed {
        self.count_call();
        let after = document.origin().revision();
        let revisions = match ports.origin().revisions(document.key().key(), after) {
            Ok(revisions) => revisions,
            Err(error) => {
                ports.log(Level::Warning, &error.to_string());
                return Flushed::Later;
            }
        };
        let mut document = document;
        for revision in revisions.iter().take(limits::IMPORTS) {
            if revision.id <= document.origin().revision() {
                // Somebody else was faster.
                continue;
            }
            let Some(body) = self.account_for(ports, &document, revision) else {
                return Flushed::Later;
            };
            match self.append(ports, document, body) {
                Some(next) if next.origin().revision() >= revision.id => document = next,
                _ => return Flushed::Later,
            }
        }
        if revisions.len() > limits::IMPORTS {
            return Flushed::Done;
        }
        let open = document.origin().open().map(|open| open.intent.flush);
        match open.filter(|_| give_up) {
            Some(flush) => self.append_then(
                ports,
                document,
                Body::Abandoned(Abandoned { flush }),
                Flushed::Done,
            ),
            None => Flushed::Done,
        }
    }

    /// What a revision after the tip is: a flush of ours, or a person's edit.
    fn account_for<P: Ports>(
        &mut self,
        ports: &mut P,
        document: &Document,
        revision: &Revision,
    ) -> Option<Body> {
        let key = document.key();
        self.count_call();
        let text = ports.origin().revision_text(key.key(), revision.id).ok()?;
        let to = OriginText { revision: revision.id, text: Digest::of_text(&text) };
        let from = document.origin().revision();
        let ours = flush_id(&revision.note.comment);
        let ours = ours.filter(|flush| flush.is_valid(&self.config.flush_key, key));
        if let Some(flush) = ours {
            return match document.origin().announced(flush).map(|announced| &announced.intent) {
                Some(intent) if intent.text == to.text || intent.tip == from => {
                    // Stored on the very revision that it was meant for: where the
                    // bytes differ, the origin has transformed them.
                    let differs = intent.text != to.text;
                    let sent = differs.then(|| document.text_upto(intent.upto));
                    let difference = match sent {
                        Some(sent) => Some(diff::between(&sent?.1, &text)),
                        None => None,
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
                Some(_) => Some(Body::Moved(Moved { from, to })),
                None => {
                    // At first it may be this state that is behind.
                    let age = ports.now_ms().saturating_sub(revision.time_ms);
                    let level = match age < limits::LEASE_MS {
                        true => Level::Warning,
                        false => Level::Alarm,
                    };
                    let what = format!("revision {} of {key} is a flush of ours", revision.id);
                    ports.log(level, &format!("{what} that nobody announced; stopped"));
                    None
                }
            };
        }
        let patch = self.import_patch(ports, document, &text)?;
        Some(Body::Import(Import {
            from: document.origin().tip.as_ref().map(|tip| tip.stored),
            to,
            patch,
            time_ms: revision.time_ms,
            note: revision.note.clone(),
        }))
    }

    /// From the text at the tip's version to a later text of the origin.
    fn import_patch<P: Ports>(
        &mut self,
        ports: &mut P,
        document: &Document,
        text: &str,
    ) -> Option<Patch> {
        let Some(tip) = &document.origin().tip else { return Some(diff::between("", text)) };
        let ours = document.text_at(&tip.version)?;
        if tip.exact {
            return Some(diff::between(&ours, text));
        }
        self.patch_over_moved_tip(ports, document, tip, &ours, text)
    }

    fn patch_over_moved_tip<P: Ports>(
        &mut self,
        ports: &mut P,
        document: &Document,
        tip: &Tip,
        ours: &str,
        text: &str,
    ) -> Option<Patch> {
        self.count_call();
        let key = document.key().key();
        let stored = ports.origin().revision_text(key, tip.stored.revision).ok()?;
        Some(map_through(&diff::between(&stored, text), &diff::between(ours, &stored)))
    }

    /// Looks whether the origin has edits that the log does not know, and takes
    /// them over. At most once in `poll_ms` per page and point of presence,
    /// unless `now`.
    pub fn poll_origin<P: Ports>(&mut self, ports: &mut P, key: &DocumentKey, now: bool) {
        let (now_ms, poll_ms) = (ports.now_ms(), self.config.poll_ms);
        // Not even the cache is asked more often than a reader may be behind.
        let looked = self.looked(key, now_ms);
        if !now && looked.is_some_and(|ago_ms| ago_ms < self.config.staleness_ms.min(poll_ms)) {
            return;
        }
        let lookup = ports.cache().lookup(&keys::polled(key));
        if !now && (lookup.fresh || lookup.revalidation.is_none()) {
            return;
        }
        ports.cache().insert(lookup.revalidation, &keys::polled(key), vec![1], poll_ms);
        self.count_call();
        let Ok(page) = ports.origin().page(key.key()) else { return };
        let Some(held) = self.held(ports, key) else { return };
        if held.document.is_empty() {
            if held.origin != page {
                let document = held.document.clone();
                self.keep(ports, CachedDocument { document, origin: page, ..*held });
            }
            return;
        }
        let revision = page.map_or(0, |page| page.revision);
        if revision <= held.document.origin().revision() {
            return;
        }
        if let Some(held) = self.confirmed_now(ports, key)
            && revision > held.document.origin().revision()
        {
            self.reconcile(ports, held.document.clone(), false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flush_id_is_read_back_from_its_summary() {
        let key = DocumentKey::new("wiki", "A").expect("key");
        let flush = FlushId::new(&[1; 32], &key, [3; 8]);
        let document = Document::new(key, Default::default());
        assert_eq!(flush_id(&summary(flush, &document)), Some(flush));
        for other in ["", "[rw ", "[rw xyz] a", "fixed [rw typo]"] {
            assert_eq!(flush_id(other), None);
        }
    }
}
