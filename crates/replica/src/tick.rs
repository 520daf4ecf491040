//! Work that nobody waits for: the outbox's sweep, due flushes, origin polls.

use redwedding_wire::identity::DocumentKey;

use crate::flush::Flushed;
use crate::limits;
use crate::ports::Ports;
use crate::replica::Replica;

/// What a tick did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Ticked {
    /// Saves that the log now has.
    pub swept: usize,
    /// Documents written to the origin.
    pub flushed: usize,
}

impl Replica {
    /// Sweeps these buckets of the outbox, then flushes what is due and leased
    /// to this point of presence. Bounded; what remains is for the next tick.
    pub fn tick<P: Ports>(
        &mut self,
        ports: &mut P,
        buckets: impl IntoIterator<Item = u16>,
    ) -> Ticked {
        let mut ticked = Ticked::default();
        if self.relay_in_backoff(ports) {
            return ticked;
        }
        for bucket in buckets.into_iter().take(usize::from(limits::OUTBOX_BUCKETS)) {
            ticked.swept += self.sweep(ports, bucket % limits::OUTBOX_BUCKETS);
        }
        let pending =
            self.begin_exchange(ports, Vec::new(), Vec::new(), limits::FLUSHES_PER_TICK as u16);
        let Ok(answer) = self.finish_exchange(ports, pending) else { return ticked };
        for lease in answer.due.iter().take(limits::FLUSHES_PER_TICK) {
            if self.flush(ports, &lease.document) == Flushed::Done {
                ticked.flushed += 1;
            }
        }
        ticked
    }

    /// After a read was answered: has somebody edited the page at the origin?
    pub fn after_read<P: Ports>(&mut self, ports: &mut P, key: &DocumentKey) {
        self.poll_origin(ports, key, false);
    }
}
