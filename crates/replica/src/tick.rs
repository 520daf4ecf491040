//! Work that nobody waits for: the outbox's sweep and due flushes.

use crate::context::Context;
use crate::flush::Flushed;
use crate::limits;
use crate::ports::Ports;

/// What a tick did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Ticked {
    /// Saves that the log now has.
    pub swept: usize,
    /// Documents written to the origin.
    pub flushed: usize,
}

impl<P: Ports> Context<'_, P> {
    /// Sweeps these buckets of the outbox, then flushes what is due and leased
    /// to this point of presence. Bounded; what remains is for the next tick.
    pub fn tick(&mut self, buckets: impl IntoIterator<Item = u16>) -> Ticked {
        let mut ticked = Ticked::default();
        if self.relay_client().in_backoff() {
            return ticked;
        }
        for bucket in buckets.into_iter().take(usize::from(limits::OUTBOX_BUCKETS)) {
            ticked.swept += self.sweep(bucket % limits::OUTBOX_BUCKETS);
        }
        let leases = limits::FLUSHES_PER_TICK as u16;
        let pending = self.relay_client().begin(Vec::new(), Vec::new(), leases);
        let Ok(answer) = self.relay_client().finish(pending) else { return ticked };
        for lease in answer.due.iter().take(limits::FLUSHES_PER_TICK) {
            if self.flush(&lease.document) == Flushed::Done {
                ticked.flushed += 1;
            }
        }
        ticked
    }
}
