//! The store in memory: one for all points of presence, with the faults that
//! [`crate::ports::Store`] allows and no others.

use std::collections::BTreeMap;

use super::network::{Later, Network, Site, State};
use crate::keys;
use crate::ports::{Store, StoreError};

/// What all points of presence share.
#[derive(Debug, Default)]
pub(super) struct StoreState {
    keys: BTreeMap<String, Vec<Written>>,
    /// From when on keys are forgotten that were written for a while.
    ends: BTreeMap<String, u64>,
}

/// One value of a key, or its removal, and from when each point of presence sees it.
#[derive(Debug)]
struct Written {
    value: Option<Vec<u8>>,
    seen_from: Vec<u64>,
    listed_from: Vec<u64>,
}

impl StoreState {
    fn has_ended(&self, key: &str, now_ms: u64) -> bool {
        self.ends.get(key).is_some_and(|end_ms| *end_ms <= now_ms)
    }

    fn visible(&self, key: &str, pop: usize, now_ms: u64) -> Option<&[u8]> {
        if self.has_ended(key, now_ms) {
            return None;
        }
        let written = self.keys.get(key)?;
        let seen = written.iter().rev().find(|written| written.seen_from[pop] <= now_ms);
        seen?.value.as_deref()
    }

    fn listed(&self, prefix: &str, pop: usize, now_ms: u64) -> Vec<String> {
        let from = self.keys.range(prefix.to_owned()..);
        let of_prefix = from.take_while(|(key, _)| key.starts_with(prefix));
        let listed = of_prefix.filter(|(key, written)| {
            if self.has_ended(key, now_ms) {
                return false;
            }
            let seen = written.iter().rev().find(|written| written.listed_from[pop] <= now_ms);
            seen.is_some_and(|written| written.value.is_some())
        });
        listed.map(|(key, _)| key.clone()).collect()
    }

    /// Keys with this prefix whose last word is a value.
    pub(super) fn standing(&self, prefix: &str) -> Vec<String> {
        let from = self.keys.range(prefix.to_owned()..);
        let of_prefix = from.take_while(|(key, _)| key.starts_with(prefix));
        let standing = |written: &[Written]| written.last().is_some_and(|w| w.value.is_some());
        of_prefix.filter(|(_, written)| standing(written)).map(|(key, _)| key.clone()).collect()
    }

    /// All values that were ever written under keys with this prefix.
    pub(super) fn written(&self, prefix: &str) -> BTreeMap<String, Vec<Vec<u8>>> {
        let from = self.keys.range(prefix.to_owned()..);
        let of_prefix = from.take_while(|(key, _)| key.starts_with(prefix));
        let values = |written: &[Written]| written.iter().filter_map(|w| w.value.clone()).collect();
        of_prefix.map(|(key, written)| (key.clone(), values(written))).collect()
    }

    /// A key is as if it had never been written.
    pub(super) fn forget(&mut self, key: &str) {
        self.keys.remove(key);
    }

    /// Everybody sees everything.
    pub(super) fn heal(&mut self) {
        for written in self.keys.values_mut().flatten() {
            written.seen_from.fill(0);
            written.listed_from.fill(0);
        }
    }
}

impl State {
    /// Takes a write that point of presence `by` made.
    pub(super) fn store_write(&mut self, by: usize, key: &str, value: Option<Vec<u8>>) {
        let (now_ms, lag_ms) = (self.now_ms, self.faults.store_lag_ms);
        let stale = self.faults.store_stale;
        let mut seen_from = Vec::with_capacity(self.pops);
        let mut listed_from = Vec::with_capacity(self.pops);
        for pop in 0..self.pops {
            let late = pop != by && self.strikes("store is stale", stale);
            let seen = now_ms + if late { self.random.below(lag_ms + 1) } else { 0 };
            seen_from.push(seen);
            let late = self.strikes("store lists late", stale);
            listed_from.push(seen + if late { self.random.below(lag_ms + 1) } else { 0 });
        }
        let written = self.store.keys.entry(key.to_owned()).or_default();
        written.push(Written { value, seen_from, listed_from });
    }

    fn store_is_busy(&mut self) -> bool {
        self.strikes("store is busy", self.faults.store_busy)
    }

    fn store_fails(&mut self) -> bool {
        self.faults.store_down || self.strikes("store fails", self.faults.store_fails)
    }

    fn store_applies(&mut self) -> bool {
        !self.faults.store_down && self.strikes("store fails falsely", self.faults.store_applies)
    }
}

/// The store as one sandbox reaches it.
#[derive(Debug)]
pub struct MemoryStore(pub(super) Site);

/// A write under way.
#[derive(Debug)]
pub struct PendingWrite {
    network: Network,
    pop: usize,
    fate: Fate,
    /// Whether a save waits for it: what is joined or salvaged was acknowledged long ago.
    of_save: bool,
    /// What is still to be written.
    left: Option<(String, Vec<u8>)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Done,
    Failed,
    Refused,
}

fn unavailable() -> StoreError {
    StoreError::Unavailable("injected".into())
}

impl Store for MemoryStore {
    type Pending = PendingWrite;

    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut state = self.0.call("store.get", key);
        if state.store_is_busy() {
            return Err(StoreError::Busy);
        }
        if state.store_fails() {
            return Err(unavailable());
        }
        Ok(state.store.visible(key, self.0.pop(), state.now_ms).map(<[u8]>::to_vec))
    }

    fn begin_insert(&mut self, key: &str, value: Vec<u8>) -> PendingWrite {
        let pop = self.0.pop();
        let mut state = self.0.call("store.begin_insert", key);
        let network = self.0.network();
        let busy = state.store_is_busy();
        let failed = state.store_fails();
        let mut pending = PendingWrite {
            network,
            pop,
            fate: Fate::Done,
            of_save: !keys::is_joined(key),
            left: None,
        };
        if busy {
            pending.fate = Fate::Refused;
            return pending;
        }
        if !failed {
            match state.random.chance(500) {
                true => state.store_write(pop, key, Some(value)),
                false => pending.left = Some((key.to_owned(), value)),
            }
            return pending;
        }
        pending.fate = Fate::Failed;
        if state.store_applies() {
            if state.random.chance(500) {
                state.store_write(pop, key, Some(value));
            } else {
                let wait_ms = state.random.below(20_000);
                state.later(wait_ms, Later::Store(pop, key.to_owned(), value));
            }
        }
        pending
    }

    fn begin_insert_for(&mut self, key: &str, value: Vec<u8>, life_ms: u64) -> PendingWrite {
        let mut state = self.0.call("store.begin_insert_for", key);
        let end_ms = state.now_ms + life_ms;
        state.store.ends.insert(key.to_owned(), end_ms);
        drop(state);
        self.begin_insert(key, value)
    }

    fn finish_insert(&mut self, mut pending: PendingWrite) -> Result<(), StoreError> {
        let mut state = self.0.call("store.finish_insert", "");
        if let Some((key, value)) = pending.left.take() {
            if state.faults.store_down {
                pending.fate = Fate::Failed;
            } else {
                state.store_write(pending.pop, &key, Some(value));
            }
        }
        let fate = pending.fate;
        drop(state);
        if pending.of_save {
            self.0.store_said(fate == Fate::Done);
        }
        match fate {
            Fate::Done => Ok(()),
            Fate::Failed => Err(unavailable()),
            Fate::Refused => Err(StoreError::Busy),
        }
    }

    fn delete(&mut self, key: &str) -> Result<(), StoreError> {
        let pop = self.0.pop();
        let mut state = self.0.call("store.delete", key);
        if state.store_is_busy() {
            return Err(StoreError::Busy);
        }
        let failed = state.store_fails();
        let applies = state.store_applies();
        if !failed || applies {
            state.store_write(pop, key, None);
        }
        if failed { Err(unavailable()) } else { Ok(()) }
    }

    fn list(
        &mut self,
        prefix: &str,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<String>, StoreError> {
        let mut state = self.0.call("store.list", prefix);
        if state.store_is_busy() {
            return Err(StoreError::Busy);
        }
        if state.store_fails() {
            return Err(unavailable());
        }
        let mut keys = state.store.listed(prefix, self.0.pop(), state.now_ms);
        keys.retain(|key| after.is_none_or(|after| key.as_str() > after));
        keys.truncate(most);
        Ok(keys)
    }
}

impl Drop for PendingWrite {
    /// A sandbox died between beginning and end: it may have been written.
    fn drop(&mut self) {
        let Some((key, value)) = self.left.take() else { return };
        let mut state = self.network.state();
        if !state.faults.store_down && state.random.chance(500) {
            state.store_write(self.pop, &key, Some(value));
        }
    }
}
