//! A point of presence's cache in memory: it forgets, serves what was replaced,
//! and gives the revalidation to one caller at a time.

use std::collections::BTreeMap;

use super::network::{Network, Site, State};
use crate::ports::{Cache, Lookup};

/// The cache of one point of presence.
#[derive(Debug, Default)]
pub(super) struct CacheState {
    values: BTreeMap<String, Cached>,
    revalidations: BTreeMap<String, u64>,
    next_revalidation: u64,
}

#[derive(Clone, Debug)]
struct Cached {
    value: Vec<u8>,
    fresh_until: u64,
    before: Option<(Vec<u8>, u64)>,
}

impl CacheState {
    pub(super) fn clear(&mut self) {
        self.values.clear();
    }
}

impl State {
    fn cached(&mut self, pop: usize, key: &str) -> Option<(Vec<u8>, u64)> {
        if self.random.chance(self.faults.cache_forgets) {
            self.caches[pop].values.remove(key);
        }
        let old = self.random.chance(self.faults.cache_old);
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

    fn lookup(&mut self, key: &str) -> Lookup<Revalidation> {
        let pop = self.0.pop();
        let mut state = self.0.call("cache.lookup", key);
        let now_ms = state.now_ms;
        let found = state.cached(pop, key);
        let fresh = found.as_ref().is_some_and(|found| now_ms < found.1);
        let cache = &mut state.caches[pop];
        let free = !fresh && !cache.revalidations.contains_key(key);
        let revalidation = free.then(|| {
            cache.next_revalidation += 1;
            cache.revalidations.insert(key.to_owned(), cache.next_revalidation);
            let network = self.0.network();
            Revalidation { network, pop, key: key.to_owned(), number: cache.next_revalidation }
        });
        Lookup { value: found.map(|found| found.0), fresh, revalidation }
    }

    fn peek(&mut self, key: &str) -> Option<Vec<u8>> {
        let pop = self.0.pop();
        self.0.call("cache.peek", key).cached(pop, key).map(|found| found.0)
    }

    fn insert(
        &mut self,
        revalidation: Option<Revalidation>,
        key: &str,
        value: Vec<u8>,
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
