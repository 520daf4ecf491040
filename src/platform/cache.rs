//! The point of presence's cache (Core Cache), behind the cache port.
//!
//! Any call may fail, and a failure is a value that is not there: the cache never
//! stops a request.

use std::io::Write;
use std::time::Duration;

use fastly::cache::core::{self, CacheError, CacheKey, Found, Transaction};
use redwedding::limits;
use redwedding_replica::ports::{Cache, Lookup, Value};

use super::body::whole_of_length;

/// How long a stale value is served while one refreshes it.
const STALE: Duration = Duration::from_millis(limits::CACHE_MS);

/// The longest that anybody waits for a lock.
const LOCK_WAIT: Duration = Duration::from_millis(500);

/// The Core Cache of this point of presence.
pub(crate) struct CoreCache;

/// The right to refresh a value, given to one of those who ask. Dropping it hands it on.
pub(crate) struct Revalidation(Option<Transaction>);

impl Drop for Revalidation {
    fn drop(&mut self) {
        if let Some(transaction) = &self.0 {
            // Where this fails, the platform notices the end of the sandbox.
            let _ = transaction.cancel_insert_or_update();
        }
    }
}

fn key(key: &str) -> CacheKey {
    CacheKey::copy_from_slice(key.as_bytes())
}

fn value(found: &Found) -> Option<Vec<u8>> {
    let length = found.known_length();
    whole_of_length(found.to_stream().ok()?, length, limits::DOCUMENT_BYTES).ok()
}

impl Cache for CoreCache {
    type Revalidation = Revalidation;

    fn lookup(&mut self, name: &str, wait_ms: u64) -> Lookup<Revalidation> {
        let wait = Duration::from_millis(wait_ms);
        let transaction = match Transaction::lookup(key(name)).timeout(wait).execute() {
            Ok(transaction) => transaction,
            Err(error) => {
                // Who waited in vain is not the one to refresh it; who could not ask is.
                let late = matches!(error, CacheError::Timeout);
                let revalidation = (!late).then_some(Revalidation(None));
                return Lookup { value: None, fresh: false, revalidation };
            }
        };
        let found = transaction.found();
        let fresh = found.as_ref().is_some_and(|found| found.is_usable() && !found.is_stale());
        let metadata = |found: &Found| found.user_metadata().to_vec();
        let value = found
            .as_ref()
            .and_then(|found| Some(Value { bytes: value(found)?, metadata: metadata(found) }));
        let ours = transaction.must_insert_or_update();
        Lookup { value, fresh, revalidation: ours.then_some(Revalidation(Some(transaction))) }
    }

    fn peek(&mut self, name: &str) -> Option<Vec<u8>> {
        let found = core::lookup(key(name)).execute().ok()??;
        value(&found)
    }

    fn metadata(&mut self, name: &str) -> Option<Vec<u8>> {
        let found = core::lookup(key(name)).execute().ok()??;
        Some(found.user_metadata().to_vec())
    }

    /// Of a key that never has a value, one alone is to insert it; the others wait, and
    /// are handed the same when that is given up.
    fn lock(&mut self, name: &str) -> Option<Revalidation> {
        let transaction = Transaction::lookup(key(name)).timeout(LOCK_WAIT).execute().ok()?;
        transaction.must_insert().then_some(Revalidation(Some(transaction)))
    }

    fn insert_with(
        &mut self,
        revalidation: Option<Revalidation>,
        name: &str,
        value: Value,
        fresh_ms: u64,
    ) {
        let fresh = Duration::from_millis(fresh_ms);
        let transaction = revalidation.and_then(|mut revalidation| revalidation.0.take());
        let Value { bytes, metadata } = value;
        let (length, metadata) = (bytes.len() as u64, metadata.into());
        // No node of the point of presence keeps a copy of its own: what one has replaced,
        // no other may serve.
        let writer = match transaction {
            Some(transaction) => transaction
                .insert(fresh)
                .stale_while_revalidate(STALE)
                .deliver_node_max_age(Duration::ZERO)
                .user_metadata(metadata)
                .known_length(length)
                .execute(),
            None => core::insert(key(name), fresh)
                .stale_while_revalidate(STALE)
                .deliver_node_max_age(Duration::ZERO)
                .user_metadata(metadata)
                .known_length(length)
                .execute(),
        };
        // A cache that does not take a value is a cache that has lost it.
        let Ok(mut writer) = writer else { return };
        match writer.write_all(&bytes) {
            Ok(()) => drop(writer.finish()),
            Err(_) => drop(writer.abandon()),
        }
    }
}
