//! A point of presence's cache in memory: it forgets, serves what was replaced,
//! and gives the revalidation to one caller at a time.

use std::collections::BTreeMap;

use super::network::{Network, Site, State};
use crate::ports::{Cache, Lookup, Value};

/// How often a lock is asked for before it counts as not to be had. Others go on meanwhile.
const LOCK_WAITS: usize = 10_000;

/// The cache of one point of presence.
#[derive(Debug, Default)]
pub(super) struct CacheState {
    values: BTreeMap<String, Cached>,
    /// Who may refresh a value or has a lock.
    revalidations: BTreeMap<String, u64>,
    next_revalidation: u64,
}

#[derive(Clone, Debug)]
struct Cached {
    value: Value,
    fresh_until: u64,
    before: Option<(Value, u64)>,
}

impl CacheState {
    pub(super) fn first(&self, prefix: &str) -> Option<(String, Vec<u8>)> {
        let mut found = self.values.range(prefix.to_owned()..);
        let (key, cached) = found.next().filter(|(key, _)| key.starts_with(prefix))?;
        Some((key.clone(), cached.value.bytes.clone()))
    }

    pub(super) fn set(&mut self, key: &str, bytes: Option<Vec<u8>>) {
        match (bytes, self.values.get_mut(key)) {
            (Some(bytes), Some(cached)) => cached.value.bytes = bytes,
            _ => drop(self.values.remove(key)),
        }
    }

    pub(super) fn clear(&mut self) {
        self.values.clear();
    }

    /// What only one can have at a time, unless somebody has it.
    fn take(&mut self, site: &Site, key: &str) -> Option<Revalidation> {
        if self.revalidations.contains_key(key) {
            return None;
        }
        self.next_revalidation += 1;
        self.revalidations.insert(key.to_owned(), self.next_revalidation);
        let (network, pop, key) = (site.network(), site.pop(), key.to_owned());
        Some(Revalidation { network, pop, key, number: self.next_revalidation })
    }
}

impl State {
    fn cached(&mut self, pop: usize, key: &str) -> Option<(Value, u64)> {
        if self.strikes("cache forgets", self.faults.cache_forgets) {
            self.caches[pop].values.remove(key);
        }
        let old = self.strikes("cache is old", self.faults.cache_old);
        let cached = self.caches[pop].values.get(key)?;
        match &cached.before {
            Some(before) if old => Some(before.clone()),
            _ => Some((cached.value.clone(), cached.fresh_until)),
        }
    }
}

/// The cache as one sandbox reaches it.
#[derive(Debug)]
pub struct MemoryCache(pub(super) Site);

/// The right to refresh a value, given to one of those who ask; dropping it hands it on.
#[derive(Debug)]
pub struct Revalidation {
    network: Network,
    pop: usize,
    key: String,
    number: u64,
}

impl Cache for MemoryCache {
    type Revalidation = Revalidation;

    fn lookup(&mut self, key: &str, wait_ms: u64) -> Lookup<Revalidation> {
        let pop = self.0.pop();
        let mut state = self.0.call("cache.lookup", key);
        let cache = &state.caches[pop];
        if !cache.values.contains_key(key) && cache.revalidations.contains_key(key) {
            // Somebody else is about to insert it; nobody else runs meanwhile.
            let wait_ms = state.random.below(wait_ms + 1);
            self.0.waits_for_relay(&mut state, wait_ms);
        }
        let now_ms = state.now_ms;
        let found = state.cached(pop, key);
        let fresh = found.as_ref().is_some_and(|found| now_ms < found.1);
        let revalidation = match fresh {
            true => None,
            false => state.caches[pop].take(&self.0, key),
        };
        Lookup { value: found.map(|found| found.0), fresh, revalidation }
    }

    fn peek(&mut self, key: &str) -> Option<Vec<u8>> {
        let pop = self.0.pop();
        self.0.call("cache.peek", key).cached(pop, key).map(|found| found.0.bytes)
    }

    fn metadata(&mut self, key: &str) -> Option<Vec<u8>> {
        let pop = self.0.pop();
        self.0.call("cache.metadata", key).cached(pop, key).map(|found| found.0.metadata)
    }

    fn lock(&mut self, name: &str) -> Option<Revalidation> {
        let pop = self.0.pop();
        let mut taken = self.0.call("cache.lock", name).caches[pop].take(&self.0, name);
        for _ in 0..LOCK_WAITS {
            if taken.is_some() {
                break;
            }
            taken = self.0.call("cache.wait", name).caches[pop].take(&self.0, name);
        }
        taken
    }

    fn insert_with(
        &mut self,
        revalidation: Option<Revalidation>,
        key: &str,
        value: Value,
        fresh_ms: u64,
    ) {
        let pop = self.0.pop();
        let mut state = self.0.call("cache.insert", key);
        let fresh_until = state.now_ms + fresh_ms;
        let values = &mut state.caches[pop].values;
        let before = values.remove(key).map(|cached| (cached.value, cached.fresh_until));
        values.insert(key.to_owned(), Cached { value, fresh_until, before });
        drop(state);
        drop(revalidation);
    }
}

impl Drop for Revalidation {
    fn drop(&mut self) {
        let mut state = self.network.state();
        let revalidations = &mut state.caches[self.pop].revalidations;
        if revalidations.get(&self.key) == Some(&self.number) {
            revalidations.remove(&self.key);
        }
    }
}
