//! Flush: writing pending edits to the origin, each exactly once.
//!
//! The order is the log's: an intent that counts goes before every write, and
//! what the origin made of it is logged after. Whoever comes next, after a death
//! at any point, finds an open intent and reconciles: looks at every revision
//! after the tip.
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

use redwedding_document::entry::{Abandoned, Body, Checkpoint, Committed, Intent};
use redwedding_text::diff;
use redwedding_wire::identity::{Digest, DocumentKey, FlushId};

use crate::confirmed_document::ConfirmedDocument;
use crate::context::Context;
use crate::limits;
use crate::log::FromLog;
use crate::ports::{Level, OriginError, Ports, Write, Written};
use crate::summary::summary;

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

/// What is asked of the origin in a flush, once the log has the intent.
struct Attempt {
    flush: FlushId,
    write: Write,
    digest: Digest,
}

impl<P: Ports> Context<'_, P> {
    /// Writes what is pending of a document to the origin, once what an earlier flush left open is
    /// resolved. Bounded by the calls and the time that are left.
    pub fn flush(&mut self, key: &DocumentKey) -> Flushed {
        // Step 1. Without the newest state nobody knows the tip that the write has to name.
        let pulled = self.pull_from_log(key).and_then(|pulled| self.read_on(pulled));
        let Some(pulled) = pulled else { return Flushed::Later };
        let document = pulled.cached.confirmed().clone();
        if document.is_empty() {
            return Flushed::Nothing;
        }
        // Here a flush that died after step 2 or 3 is mended, before anything else: while its
        // intent is open no other counts, so nothing can be written.
        if document.origin().open().is_some() {
            return self.resolve(document);
        }
        // Where the origin has other bytes than the tip's version (it merged by itself, or
        // something was erased since), the text is written again although nothing is pending.
        if document.is_at_origin() {
            return Flushed::Nothing;
        }
        self.write_pending(document)
    }

    /// The document as the log has it, after an answer that may have a part of that. Who lags far
    /// behind reads on, as long as a flush may still be brought to its end: an intent made on a
    /// part of the log, or behind much that came in just then, does not show in the answer to it,
    /// and is open for as long as a lease lasts if nobody looks again.
    fn read_on(&mut self, answered: FromLog) -> Option<FromLog> {
        let (key, mut pulled) = (answered.cached.key().clone(), answered);
        let spare = limits::CALLS_PER_FLUSH + limits::EXCHANGE_ROUNDS;
        while !pulled.complete && self.budget.calls_left(self.replica.calls) >= spare {
            let before = pulled.cached.confirmed().cursor();
            pulled = self.pull_from_log(&key)?;
            // The log itself is behind what is known here.
            if pulled.cached.confirmed().cursor() == before {
                break;
            }
        }
        Some(pulled)
    }

    /// Says what became of an intent that is open, and writes what is pending then: nobody else may
    /// begin before the lease of whoever came here ends. Where calls or time are short that is left
    /// to the next.
    fn resolve(&mut self, document: ConfirmedDocument) -> Flushed {
        let reached = self.reconcile(document, true);
        if !reached.done {
            return Flushed::Later;
        }
        let document = reached.document;
        let is_free = document.origin().open().is_none() && self.may_flush();
        match is_free && !document.is_at_origin() {
            true => self.write_pending(document),
            false => Flushed::Done,
        }
    }

    fn write_pending(&mut self, document: ConfirmedDocument) -> Flushed {
        let Some(last) = document.changes().last() else { return Flushed::Nothing };
        let (upto, text) = (last.place, document.text().to_owned());
        let revision = document.origin().revision();
        let digest = Digest::of_text(&text);
        // Edits took each other back: the origin has this text. Nothing is written, so no intent is
        // needed. A death before the log has the checkpoint leaves nothing: the next flush comes
        // here again.
        if document.origin().tip.as_ref().is_some_and(|tip| tip.stored.text == digest) {
            let checkpoint = Body::Checkpoint(Checkpoint { revision, upto });
            return self.end_with(document, checkpoint, Flushed::Done);
        }
        let flush = self.draw_flush(document.key());
        // Step 2. The summary is made before: what comes in with the intent is not in the text.
        let intent = Body::Intent(Intent { flush, upto, tip: revision, text: digest });
        let summary = summary(flush, &document);
        // If no answer comes, the log may have the intent. It is open then, as after a death.
        let next = self.append_to_log(document, intent).and_then(|next| self.read_on(next));
        let Some(next) = next else { return Flushed::Later };
        let document = next.cached.confirmed().clone();
        // Another intent, or another tip, came first in the log, or the answer does not show ours
        // yet. Nothing may be written. If ours counts after all, it is open, as after a death.
        if document.origin().open().is_none_or(|open| open.intent.flush != flush) {
            let event = format!("an intent to write {} does not count yet", document.key());
            self.ports.log(Level::Warning, &event);
            return Flushed::Later;
        }
        // Step 3. The origin takes the write on this revision alone, however late it arrives.
        let write = Write { text, on: revision, summary, idempotency: flush.to_string() };
        self.write_intended(document, &Attempt { flush, write, digest })
    }

    /// Writes what an intent that counts announced, and logs what came of it.
    fn write_intended(&mut self, document: ConfirmedDocument, attempt: &Attempt) -> Flushed {
        let Attempt { flush, write, digest } = attempt;
        let (flush, from) = (*flush, write.on);
        match self.origin_client().write(document.key(), write) {
            // Step 4. Until the log has it, the intent is open: whoever comes next finds the
            // revision by its flush id, and logs the same.
            Ok(Written::Stored { revision, stored, time_ms }) => {
                let committed = Committed {
                    flush,
                    from,
                    revision,
                    stored: stored.as_deref().map_or(*digest, Digest::of_text),
                    difference: stored.map(|stored| diff::between(&write.text, &stored)),
                    time_ms,
                };
                self.end_with(document, Body::Committed(committed), Flushed::Done)
            }
            Ok(Written::Unchanged { revision }) if revision == from => {
                self.committed_unchanged(document, attempt)
            }
            // The page is elsewhere by now: somebody edited it there, or a flush that was thought
            // to be over has arrived. The revisions after the tip tell.
            Ok(Written::Unchanged { .. } | Written::Conflict) => self.resolve(document),
            Err(error @ (OriginError::Unavailable(_) | OriginError::TimedOut)) => {
                // It may have been committed: whoever comes next will look.
                self.ports.log(Level::Warning, &error.to_string());
                Flushed::Later
            }
            // Nothing was stored. An open intent would keep the next flush from writing, so it is
            // ended here. If that fails, the next one finds no revision and ends it.
            Err(OriginError::Rejected(why)) => {
                let key = document.key();
                let event = format!("the origin refuses the text of {key}: {why}");
                self.ports.log(Level::Alarm, &event);
                self.end_with(document, Body::Abandoned(Abandoned { flush }), Flushed::Later)
            }
        }
    }

    /// The origin says that it has this very text already, and its text is another
    /// one: it transforms what is sent, and would have stored what it has.
    fn committed_unchanged(&mut self, document: ConfirmedDocument, attempt: &Attempt) -> Flushed {
        let revision = attempt.write.on;
        // What it has is the tip's text, where the log knows it exactly. Else only the origin can
        // tell; if it does not answer, the intent stays open, as after a death.
        let stored = match document.origin().tip.as_ref().filter(|tip| tip.exact) {
            Some(tip) => document.text_at(&tip.version),
            None => self.revision_text(document.key(), revision),
        };
        let Some(stored) = stored else { return Flushed::Later };
        let committed = Committed {
            flush: attempt.flush,
            from: revision,
            revision,
            stored: Digest::of_text(&stored),
            difference: Some(diff::between(&attempt.write.text, &stored)),
            time_ms: self.ports.now_ms(),
        };
        self.end_with(document, Body::Committed(committed), Flushed::Done)
    }

    /// Appends the entry that ends a flush; `end` is what it came to then. If the relay does not
    /// answer, the flush is left as by a death right before: the next one ends it.
    fn end_with(&mut self, document: ConfirmedDocument, body: Body, end: Flushed) -> Flushed {
        self.append_to_log(document, body).map_or(Flushed::Later, |_| end)
    }

    fn draw_flush(&mut self, key: &DocumentKey) -> FlushId {
        let mut drawn = [0; 8];
        self.ports.draw(&mut drawn);
        FlushId::new(&self.replica.config.keys.flushes, key, drawn)
    }
}
