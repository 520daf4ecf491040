//! What the handlers share: the store, the faults, the counters.
//!
//! Must never keep the store once the origin was stopped, whatever connections still live.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::faults::Faults;
use super::store::PageStore;

/// What the handlers share.
#[derive(Debug)]
pub(super) struct WikiState {
    /// Gone once the origin was stopped, whatever connections still live.
    store: RwLock<Option<Arc<PageStore>>>,
    pub(super) faults: Faults,
    requests: Mutex<BTreeMap<&'static str, u64>>,
    pub(super) revisions_written: AtomicU64,
}

impl WikiState {
    pub(super) fn new(store: PageStore) -> Self {
        Self {
            store: RwLock::new(Some(Arc::new(store))),
            faults: Faults::default(),
            requests: Mutex::default(),
            revisions_written: AtomicU64::new(0),
        }
    }

    /// The store; `None` once the wiki was closed.
    pub(super) fn store(&self) -> Option<Arc<PageStore>> {
        self.store.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets go of the store, so that its file can be opened again.
    pub(super) fn close(&self) {
        self.store.write().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Counts a request to this route.
    pub(super) fn count(&self, route: &'static str) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry(route).or_default() += 1;
    }

    /// Requests by route.
    pub(super) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
