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
pub fn due_ms(document: &Document, interval_ms: u64) -> Option<u64> {
    let origin = document.origin();
    if let Some(open) = origin.open() {
        return Some(open.logged_ms.saturating_add(limits::LEASE_MS));
    }
    if origin.tip.as_ref().is_some_and(|tip| !tip.exact) {
        return Some(0);
    }
    let mut pending = document.pending();
    let first = pending.next()?.logged_ms;
    match pending.nth(limits::FLUSH_MAX_EDITS.saturating_sub(2)) {
        Some(_) => Some(0),
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
    fn available_ms(self) -> u64 {
        self.due_ms.max(self.leased_ms)
    }
}

impl DueList {
    /// Takes note of a document's state. A lease ends when its document has
    /// nothing to write any more, or when a flush of it came to a good end; not
    /// when its holder announces or gives up.
    pub fn note(&mut self, key: &DocumentKey, due_ms: Option<u64>, flushed: bool) {
        let before = self.waiting.get(key).copied();
        let after = due_ms.map(|due_ms| {
            let leased_ms = before.filter(|_| !flushed).map_or(0, |before| before.leased_ms);
            Waiting { due_ms, leased_ms }
        });
        self.put(key, before, after);
    }

    fn put(&mut self, key: &DocumentKey, before: Option<Waiting>, after: Option<Waiting>) {
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
        if order.is_empty() {
            self.order.remove(key.site());
        }
    }

    /// Leases up to `most` due documents of `site`, those that waited longest
    /// first.
    pub fn lease(&mut self, site: &str, most: usize, now_ms: u64) -> Vec<Lease> {
        let available = |order: &BTreeSet<(u64, DocumentKey)>| {
            let due = order.iter().take_while(|(from, _)| *from <= now_ms);
            due.take(most).map(|(_, key)| key.clone()).collect::<Vec<_>>()
        };
        let keys = self.order.get(site).map(available).unwrap_or_default();
        let until_ms = now_ms.saturating_add(limits::LEASE_MS);
        for key in &keys {
            let before = self.waiting.get(key).copied();
            let after = before.map(|before| Waiting { leased_ms: until_ms, ..before });
            self.put(key, before, after);
        }
        keys.into_iter().map(|document| Lease { document, until_ms }).collect()
    }

    /// How many documents wait, and how many of them could be taken now.
    pub fn counts(&self, now_ms: u64) -> (usize, usize) {
        let available = |order: &BTreeSet<(u64, DocumentKey)>| {
            order.iter().take_while(|(from, _)| *from <= now_ms).count()
        };
        (self.waiting.len(), self.order.values().map(available).sum())
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
        due.note(&key("B"), Some(20), false);
        due.note(&key("A"), Some(10), false);
        due.note(&key("C"), Some(5_000), false);
        assert_eq!(names(&due.lease("w", 9, 5)), [""; 0]);
        assert_eq!(names(&due.lease("other", 9, 100)), [""; 0]);
        assert_eq!(names(&due.lease("w", 1, 100)), ["A"]);
        assert_eq!(names(&due.lease("w", 9, 100)), ["B"]);
        assert_eq!(names(&due.lease("w", 9, 100)), [""; 0]);
        assert_eq!(due.counts(100), (3, 0));
    }

    #[test]
    fn a_lease_runs_out_or_ends_early() {
        let mut due = DueList::default();
        due.note(&key("A"), Some(10), false);
        assert_eq!(due.lease("w", 1, 100)[0].until_ms, 100 + limits::LEASE_MS);
        // More edits came in: still leased.
        due.note(&key("A"), Some(10), false);
        assert_eq!(due.lease("w", 1, 200), []);
        assert_eq!(due.lease("w", 1, 100 + limits::LEASE_MS).len(), 1, "it ran out");
        // A flush was committed at the origin, and newer edits wait.
        due.note(&key("A"), Some(300), true);
        assert_eq!(due.lease("w", 1, 400).len(), 1, "it ended early");
        due.note(&key("A"), None, false);
        assert_eq!((due.counts(u64::MAX), due.order.len()), ((0, 0), 0));
    }
}
