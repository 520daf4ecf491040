//! A point of presence's cache in memory: it forgets, serves what was replaced,
//! and gives the duty to refresh to one caller at a time.

use std::collections::BTreeMap;

use super::network::{Network, Site, State};
use crate::ports::{Cache, Lookup};

/// The cache of one point of presence.
#[derive(Debug, Default)]
pub(super) struct CacheState {
    values: BTreeMap<String, Cached>,
    duties: BTreeMap<String, u64>,
    next_duty: u64,
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

/// The duty to refresh a value; dropping it hands it on.
#[derive(Debug)]
pub struct Duty {
    network: Network,
    pop: usize,
    key: String,
    number: u64,
}

impl Cache for MemoryCache {
    type Duty = Duty;

    fn lookup(&mut self, key: &str) -> Lookup<Duty> {
        let pop = self.0.pop();
        let mut state = self.0.call("cache.lookup", key);
        let now_ms = state.now_ms;
        let found = state.cached(pop, key);
        let fresh = found.as_ref().is_some_and(|found| now_ms < found.1);
        let cache = &mut state.caches[pop];
        let free = !fresh && !cache.duties.contains_key(key);
        let duty = free.then(|| {
            cache.next_duty += 1;
            cache.duties.insert(key.to_owned(), cache.next_duty);
            let network = self.0.network();
            Duty { network, pop, key: key.to_owned(), number: cache.next_duty }
        });
        Lookup { value: found.map(|found| found.0), fresh, duty }
    }

    fn peek(&mut self, key: &str) -> Option<Vec<u8>> {
        let pop = self.0.pop();
        self.0.call("cache.peek", key).cached(pop, key).map(|found| found.0)
    }

    fn insert(&mut self, duty: Option<Duty>, key: &str, value: Vec<u8>, fresh_ms: u64) {
        let pop = self.0.pop();
        let mut state = self.0.call("cache.insert", key);
        let fresh_until = state.now_ms + fresh_ms;
        let values = &mut state.caches[pop].values;
        let before = values.remove(key).map(|cached| (cached.value, cached.fresh_until));
        values.insert(key.to_owned(), Cached { value, fresh_until, before });
        drop(state);
        drop(duty);
    }
}

impl Drop for Duty {
    fn drop(&mut self) {
        let mut state = self.network.state();
        let duties = &mut state.caches[self.pop].duties;
        if duties.get(&self.key) == Some(&self.number) {
            duties.remove(&self.key);
        }
    }
}
