//! Which documents wait to be written to the origin, and who was asked to do it.
//!
//! Kept up to date entry by entry; an exchange looks at the first few alone. All
//! of it follows from the documents and the clock, except the leases: advice,
//! forgotten at a restart. Must never be relied upon for exactly-once: two
//! holders of one document are an accident that the log's intents survive.

use std::collections::{BTreeSet, HashMap};

use redwedding_document::Document;
use redwedding_replica::sync::Lease;
use redwedding_wire::identity::DocumentKey;

use crate::limits;

/// When a document wants to be written to the origin, in log time; `None` while
/// the origin holds all of it.
///
/// After an intent the outcome is awaited for as long as a lease lasts. Before,
/// it is `interval_ms` after the first change that the origin lacks; at once
/// where these are many, or where the origin holds other bytes than it should.
#[must_use]
pub fn due_ms(document: &Document, interval_ms: u64) -> Option<u64> {
    let origin = document.origin();
    // One flush at a time. If its holder died, whoever takes the next lease reconciles.
    if let Some(open) = origin.open() {
        return Some(open.logged_ms.saturating_add(limits::LEASE_MS));
    }
    // What the origin stores is not the text at the tip's version: it merged by itself, or
    // something was erased since. The text is to be written again, now.
    if origin.tip.as_ref().is_some_and(|tip| !tip.exact) {
        return Some(0);
    }
    let mut pending = document.pending();
    let first = pending.next()?.logged_ms;
    match pending.nth(limits::FLUSH_MAX_EDITS.saturating_sub(2)) {
        // So many are worth a revision of their own, however young they are.
        Some(_) => Some(0),
        // Edits that come close together are written together.
        None => Some(first.saturating_add(interval_ms)),
    }
}

/// Documents that wait, by the time from which somebody may take them.
#[derive(Debug, Default)]
pub struct DueList {
    waiting: HashMap<DocumentKey, Waiting>,
    /// Per site, by the time from which a document may be taken.
    order: HashMap<String, BTreeSet<(u64, DocumentKey)>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Waiting {
    due_ms: u64,
    /// Until when it is somebody's; 0 if it is nobody's.
    leased_ms: u64,
}

impl Waiting {
    /// From when somebody may take it: once it is due, and no lease lasts any more.
    fn available_ms(self) -> u64 {
        self.due_ms.max(self.leased_ms)
    }
}

/// How many documents wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DueCounts {
    /// Documents that the origin does not hold in full.
    pub pending: usize,
    /// Those of them that are due and that nobody has.
    pub available: usize,
}

impl DueList {
    /// Takes note of when a document is due; `None` when it has nothing to write any more, which
    /// ends its lease, too. Otherwise a lease stays: its holder may have announced, or given up,
    /// and in both cases nobody else is to begin before the lease runs out.
    pub fn note(&mut self, key: &DocumentKey, due_ms: Option<u64>) {
        let leased_ms = self.waiting.get(key).map_or(0, |before| before.leased_ms);
        self.put(key, due_ms.map(|due_ms| Waiting { due_ms, leased_ms }));
    }

    /// Ends the lease on a document, because a flush of it came to a good end: what waits now can
    /// be taken by anyone once it is due.
    pub fn end_lease(&mut self, key: &DocumentKey) {
        if let Some(before) = self.waiting.get(key).copied() {
            self.put(key, Some(Waiting { leased_ms: 0, ..before }));
        }
    }

    /// Puts a document where its time is in its site's order, or takes it out.
    fn put(&mut self, key: &DocumentKey, after: Option<Waiting>) {
        let before = self.waiting.get(key).copied();
        if before == after {
            return;
        }
        let order = self.order.entry(key.site().to_owned()).or_default();
        if let Some(before) = before {
            order.remove(&(before.available_ms(), key.clone()));
            self.waiting.remove(key);
        }
        if let Some(after) = after {
            order.insert((after.available_ms(), key.clone()));
            self.waiting.insert(key.clone(), after);
        }
        // Sites come from callers: one with nothing due leaves nothing behind.
        if order.is_empty() {
            self.order.remove(key.site());
        }
    }

    /// Leases up to `most` due documents of `site`, those that waited longest
    /// first, so that none is left over. Nobody else gets them until the lease ends.
    #[must_use = "a lease that nobody gets keeps the document waiting"]
    pub fn lease(&mut self, site: &str, most: usize, now_ms: u64) -> Vec<Lease> {
        let available = |order: &BTreeSet<(u64, DocumentKey)>| {
            let due = order.iter().take_while(|(from, _)| *from <= now_ms);
            due.take(most).map(|(_, key)| key.clone()).collect::<Vec<_>>()
        };
        let keys = self.order.get(site).map(available).unwrap_or_default();
        let until_ms = now_ms.saturating_add(limits::LEASE_MS);
        for key in &keys {
            let leased = |waiting: &Waiting| Waiting { leased_ms: until_ms, ..*waiting };
            let after = self.waiting.get(key).map(leased);
            self.put(key, after);
        }
        keys.into_iter().map(|document| Lease { document, until_ms }).collect()
    }

    /// The documents that wait.
    #[must_use]
    pub fn keys(&self) -> Vec<DocumentKey> {
        self.waiting.keys().cloned().collect()
    }

    /// How many documents wait at `now_ms`.
    #[must_use]
    pub fn counts(&self, now_ms: u64) -> DueCounts {
        let available = |order: &BTreeSet<(u64, DocumentKey)>| {
            order.iter().take_while(|(from, _)| *from <= now_ms).count()
        };
        DueCounts {
            pending: self.waiting.len(),
            available: self.order.values().map(available).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> DocumentKey {
        DocumentKey::new("w", name).expect("key")
    }

    fn names(leases: &[Lease]) -> Vec<&str> {
        leases.iter().map(|lease| lease.document.key()).collect()
    }

    #[test]
    fn the_longest_waiting_come_first_and_once() {
        let mut due = DueList::default();
        due.note(&key("B"), Some(20));
        due.note(&key("A"), Some(10));
        due.note(&key("C"), Some(5_000));
        assert_eq!(names(&due.lease("w", 9, 5)), [""; 0]);
        assert_eq!(names(&due.lease("other", 9, 100)), [""; 0]);
        assert_eq!(names(&due.lease("w", 1, 100)), ["A"]);
        assert_eq!(names(&due.lease("w", 9, 100)), ["B"]);
        assert_eq!(names(&due.lease("w", 9, 100)), [""; 0]);
        assert_eq!(due.counts(100), DueCounts { pending: 3, available: 0 });
    }

    #[test]
    fn a_lease_runs_out_or_ends_early() {
        let mut due = DueList::default();
        due.note(&key("A"), Some(10));
        assert_eq!(due.lease("w", 1, 100)[0].until_ms, 100 + limits::LEASE_MS);
        // More edits came in: still leased.
        due.note(&key("A"), Some(10));
        assert_eq!(due.lease("w", 1, 200), []);
        assert_eq!(due.lease("w", 1, 100 + limits::LEASE_MS).len(), 1, "it ran out");
        // A flush was committed at the origin, and newer edits wait.
        due.end_lease(&key("A"));
        due.note(&key("A"), Some(300));
        assert_eq!(due.lease("w", 1, 400).len(), 1, "it ended early");
        due.note(&key("A"), None);
        assert_eq!(due.counts(u64::MAX), DueCounts { pending: 0, available: 0 });
        assert_eq!(due.order.len(), 0, "nothing of a site is left");
    }
}
