//! What a request may still use of others: time to wait for them, and the platform's calls.
//!
//! Made with the request, and used up by everything that is done for it, in however many
//! steps. Whoever finds nothing left goes on from what is there. Durations are measured on
//! the monotonic clock, so that a clock that jumps neither ends nor prolongs a wait.

use crate::limits;
use crate::ports::Ports;

/// Time in which others may still be waited for, in ms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TimeBudget(u64);

impl TimeBudget {
    /// How much there is left, in ms.
    pub(crate) fn left_ms(self) -> u64 {
        self.0
    }

    /// Whether there is none left.
    pub(crate) fn is_spent(self) -> bool {
        self.0 == 0
    }

    /// Does what may wait for others, told how long at most; what that took is spent.
    pub(crate) fn spend<P: Ports, T>(
        &mut self,
        ports: &mut P,
        wait: impl FnOnce(&mut P, u64) -> T,
    ) -> T {
        let begun_ms = ports.monotonic_ms();
        let done = wait(ports, self.0);
        self.0 = self.0.saturating_sub(ports.monotonic_ms().saturating_sub(begun_ms));
        done
    }
}

/// What one request, or the work after its answer, may still use.
pub(crate) struct Budget {
    /// For the relay, and for who asks it for others; pauses count too.
    pub(crate) relay: TimeBudget,
    /// For the origin.
    pub(crate) origin: TimeBudget,
    /// How many segments of archives may still be fetched.
    pub(crate) segments: u32,
    /// How often documents that others left may still be looked for.
    handovers: u32,
    /// Calls to backends, counted since the sandbox's start, up to which more may be made.
    last_call: u32,
}

impl Budget {
    /// For a request that a client waits for, by a sandbox that has made so many calls.
    pub(crate) fn of_request(calls: u32) -> Self {
        let last_call = calls + limits::BACKEND_CALLS_PER_REQUEST;
        Self::new(limits::RELAY_WAIT_MS, last_call)
    }

    /// For work that nobody waits for.
    pub(crate) fn of_background(calls: u32) -> Self {
        let last_call = calls + limits::BACKEND_CALLS_PER_EXECUTION;
        Self::new(limits::RELAY_BACKGROUND_MS, last_call)
    }

    fn new(relay_ms: u64, last_call: u32) -> Self {
        Self {
            relay: TimeBudget(relay_ms),
            origin: TimeBudget(limits::ORIGIN_WAIT_MS),
            segments: limits::FETCHED_SEGMENTS,
            handovers: limits::HANDOVERS,
            last_call: last_call.min(limits::BACKEND_CALLS_PER_EXECUTION),
        }
    }

    /// The time of background work anew, for the next of several documents. Calls are
    /// not: the platform counts them.
    pub(crate) fn renew_time(&mut self) {
        self.relay = TimeBudget(limits::RELAY_BACKGROUND_MS);
        self.origin = TimeBudget(limits::ORIGIN_WAIT_MS);
    }

    /// Lets a save that the store did not take wait until the relay has it: nobody else can
    /// make it durable.
    pub(crate) fn await_durable(&mut self) {
        self.relay = TimeBudget(limits::RELAY_BACKGROUND_MS);
    }

    /// Lets a save that the store has wait a little for what the log makes of it, and for nothing
    /// else of the relay.
    pub(crate) fn await_decision(&mut self) {
        self.relay = TimeBudget(self.relay.0.min(limits::DECISION_WAIT_MS));
    }

    /// Counts one more look for what others left, if there may be one.
    pub(crate) fn take_handover(&mut self) -> bool {
        let left = self.handovers.checked_sub(1);
        self.handovers = left.unwrap_or_default();
        left.is_some()
    }

    /// How many calls may still be made by a sandbox that has made so many.
    pub(crate) fn calls_left(&self, calls: u32) -> u32 {
        self.last_call.saturating_sub(calls)
    }

    /// Counts one more call, if it may be made.
    pub(crate) fn take_call(&self, calls: &mut u32) -> bool {
        let may = *calls < self.last_call;
        *calls += u32::from(may);
        may
    }
}
