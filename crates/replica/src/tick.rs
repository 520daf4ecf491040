//! Work that nobody waits for: the outbox's sweep and due flushes.

use crate::context::Context;
use crate::flush::Flushed;
use crate::keys;
use crate::limits;
use crate::ports::{Cache, Ports};

/// What a tick did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Ticked {
    /// Saves that the log now has.
    pub swept: usize,
    /// Documents written to the origin.
    pub flushed: usize,
    /// Whether another tick of the same buckets would find more to do at once.
    pub more: bool,
}

impl<P: Ports> Context<'_, P> {
    /// After an answer, with the relay in reach: sweeps the next bucket, so that what waits
    /// arrives where no ticks come, too. At most once in [`limits::SWEEP_MS`] in a point of
    /// presence.
    pub(crate) fn sweep_sometimes(&mut self) {
        let lookup = self.ports.cache().lookup(keys::SWEEPING);
        if lookup.fresh || lookup.revalidation.is_none() {
            return;
        }
        let last = lookup.value.and_then(|found| <[u8; 2]>::try_from(found.bytes).ok());
        let bucket = last.map_or(0, |last| u16::from_le_bytes(last).wrapping_add(1));
        let bucket = bucket % limits::OUTBOX_BUCKETS;
        let value = bucket.to_le_bytes().to_vec();
        self.ports.cache().insert(lookup.revalidation, keys::SWEEPING, value, limits::SWEEP_MS);
        self.sweep(bucket);
    }

    /// Sweeps these buckets of the outbox, then flushes what is due and leased
    /// to this point of presence. Bounded; what remains is for the next tick.
    pub fn tick(&mut self, buckets: impl IntoIterator<Item = u16>) -> Ticked {
        let mut ticked = Ticked::default();
        if self.relay_client().in_backoff() {
            return ticked;
        }
        for bucket in buckets.into_iter().take(usize::from(limits::OUTBOX_BUCKETS)) {
            let swept = self.sweep(bucket % limits::OUTBOX_BUCKETS);
            ticked.swept += swept.settled;
            ticked.more |= swept.more;
        }
        let leases = limits::FLUSHES_PER_TICK as u16;
        let pending = self.relay_client().begin(Vec::new(), Vec::new(), leases);
        let Ok(answer) = self.relay_client().finish(pending) else { return ticked };
        for lease in answer.due.iter().take(limits::FLUSHES_PER_TICK) {
            if self.flush(&lease.document) == Flushed::Done {
                ticked.flushed += 1;
            }
        }
        // An origin that takes nothing is not asked again and again.
        ticked.more |= answer.due.len() == limits::FLUSHES_PER_TICK && ticked.flushed > 0;
        ticked
    }
}
