//! How long a sandbox may wait for others, in virtual time.
//!
//! Must never be loosened to let a run pass: these are the bounds that clients are promised.

use redwedding_replica::limits;
use redwedding_replica::testing::{MemoryPorts, Waits};

use super::events::{Event, Events, tell};

const fn most(relay_ms: u64, relay_after_store_ms: u64, origin_ms: u64) -> Waits {
    let (store_took, store_failed) = (false, false);
    Waits { relay_ms, relay_after_store_ms, origin_ms, store_took, store_failed }
}

/// A read: little for the relay, and for the origin where it alone knows the page.
pub(super) const READ: Waits =
    most(limits::RELAY_WAIT_MS, limits::RELAY_WAIT_MS, limits::ORIGIN_WAIT_MS);

/// A save: once the store has it, no more for the relay than what it takes to say what the page
/// shows where others changed the same.
const SAVE: Waits = most(limits::RELAY_WAIT_MS, limits::DECISION_WAIT_MS, limits::ORIGIN_WAIT_MS);

/// A save that the store has not taken, or that has a condition: the relay has to.
const SAVE_WITHOUT_STORE: Waits = most(
    limits::RELAY_WAIT_MS + limits::RELAY_BACKGROUND_MS,
    limits::RELAY_BACKGROUND_MS,
    limits::ORIGIN_WAIT_MS,
);

/// What is done after an answer.
pub(super) const AFTER: Waits =
    most(limits::RELAY_BACKGROUND_MS, limits::RELAY_BACKGROUND_MS, limits::ORIGIN_WAIT_MS);

/// A tick: each bucket, of which a run has three at most, the exchange that asks for leases, and
/// each document that is flushed.
pub(super) const TICK: Waits = {
    let parts = 3 + 1 + limits::FLUSHES_PER_TICK as u64;
    let relay_ms = parts * limits::RELAY_BACKGROUND_MS;
    most(relay_ms, relay_ms, parts * limits::ORIGIN_WAIT_MS)
};

/// Whether somebody waited for longer than allowed.
pub(super) fn exceed(waits: &Waits, most: &Waits) -> bool {
    waits.relay_ms > most.relay_ms
        || waits.relay_after_store_ms > most.relay_after_store_ms
        || waits.origin_ms > most.origin_ms
}

/// Tells how long work has waited for others.
pub(super) fn tell_waits(events: &Events, what: &'static str, ports: &MemoryPorts, most: Waits) {
    tell(events, Event::Waited { what, waits: ports.take_waits(), most });
}

/// The same of a save, before its answer.
pub(super) fn tell_save(events: &Events, ports: &MemoryPorts, conditional: bool) {
    let waits = ports.take_waits();
    let most = if waits.store_failed || conditional { SAVE_WITHOUT_STORE } else { SAVE };
    tell(events, Event::Waited { what: "save", waits, most });
}
