//! Work that nobody waits for: the outbox's sweep and due flushes.

use redwedding_wire::identity::DocumentKey;

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
        // Not even the cache is asked after each answer.
        let now_ms = self.ports.now_ms();
        let ago_ms = now_ms.checked_sub(self.replica.asked_to_sweep_ms);
        if ago_ms.is_some_and(|ago_ms| ago_ms < limits::SWEEP_ASKED_MS) {
            return;
        }
        self.replica.asked_to_sweep_ms = now_ms;
        let lookup = self.look_up(keys::SWEEPING);
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
        if !self.relay_client().is_asked() {
            return ticked;
        }
        for bucket in buckets.into_iter().take(usize::from(limits::OUTBOX_BUCKETS)) {
            if self.budget.calls_left(self.replica.calls) <= limits::CALLS_FOR_FLUSHES {
                ticked.more = true;
                break;
            }
            self.budget.renew_time();
            let swept = self.sweep(bucket % limits::OUTBOX_BUCKETS);
            ticked.swept += swept.settled;
            ticked.more |= swept.more;
        }
        self.budget.renew_time();
        let most = self.flushes_left();
        let due = self.due(most);
        for document in &due {
            if !self.may_flush() {
                break;
            }
            self.budget.renew_time();
            if self.flush(document) == Flushed::Done {
                ticked.flushed += 1;
            }
        }
        // An origin that takes nothing is not asked again and again.
        ticked.more |= due.len() == most && ticked.flushed > 0;
        ticked
    }

    /// How many documents can be flushed with the calls that are left, after the one that asks
    /// for them.
    fn flushes_left(&self) -> usize {
        let calls = self.budget.calls_left(self.replica.calls).saturating_sub(1);
        ((calls / limits::CALLS_PER_FLUSH) as usize).min(limits::FLUSHES_PER_TICK)
    }

    /// Documents that are due, leased to this point of presence.
    fn due(&mut self, most: usize) -> Vec<DocumentKey> {
        let pending = self.relay_client().begin(Vec::new(), Vec::new(), most as u16);
        let answer = pending.and_then(|pending| self.relay_client().finish(pending));
        let due = answer.map(|answer| answer.due).unwrap_or_default();
        due.into_iter().take(most).map(|lease| lease.document).collect()
    }

    /// Whether a flush that is begun now can be brought to its end, as far as can be told:
    /// one that breaks off leaves its intent open.
    pub(crate) fn may_flush(&self) -> bool {
        let calls = self.budget.calls_left(self.replica.calls);
        calls >= limits::CALLS_PER_FLUSH && !self.budget.origin.is_spent()
    }
}
