//! What goes wrong in a run, drawn anew for each of its phases.
//!
//! Must never switch a kind off without saying why.

use super::*;
use crate::kinds::{SKEWS, hung, some};

impl Run {
    /// Draws what goes wrong from now on.
    pub(super) fn phase(&mut self) {
        let faults = self.faults();
        let dies = some(&mut self.random, &self.plan, 17, 60);
        let leaps = faults.clock_leaps > 0 || faults.relay_clock_leaps > 0;
        if faults.origin_rejects > 0 {
            self.alarms_expected.push("the origin refuses the text");
        }
        if faults.clock_jumps > 0 || leaps {
            // How old a flush is that a node of the relay has not heard of yet
            // is told by clocks: it decides nothing but the alarm.
            self.alarms_expected.push("that nobody announced");
        }
        // A clock that jumps lets a point of presence give up too early on what it looks for.
        let clocks = faults.clock_jumps == 0 && !leaps;
        let coherent = faults.cache_forgets == 0 && faults.cache_old == 0 && clocks;
        if !coherent || !self.coherent {
            self.pops.iter_mut().for_each(Pop::loses_cache);
        }
        self.coherent = coherent;
        self.lags = (faults.relay_odd_answers > 0 || self.nodes > 1, self.lags.0);
        self.note(|| format!("  faults: dies {dies}, {faults:?}"));
        self.network.set_faults(faults);
        self.fate.lock().unwrap_or_else(PoisonError::into_inner).dies = dies;
        for pop in 0..self.pops.len() {
            if is_on(&self.plan, SKEWS) {
                let off = self.random.below(10_000) as i64 - 5_000;
                self.network.skew(pop, off);
            }
        }
    }

    fn faults(&mut self) -> Faults {
        let plan = self.plan;
        let mut some = |kind: u32, permille: u32| some(&mut self.random, &plan, kind, permille);
        Faults {
            store_fails: some(0, 300),
            store_applies: some(1, 1_000),
            store_stale: some(2, 600),
            store_lag_ms: 60_000,
            cache_forgets: some(3, 300),
            cache_old: some(4, 100),
            relay_loses: some(5, 300),
            relay_loses_answer: some(6, 300),
            relay_twice: some(7, 300),
            relay_odd_answers: some(8, 200),
            origin_fails: some(9, 300),
            origin_loses_answer: some(10, 400),
            origin_late: some(11, 300),
            origin_rejects: some(12, 250),
            clock_jumps: some(13, 20),
            store_down: some(14, 1_000) > 700,
            relay_down: some(15, 1_000) > 400,
            origin_down: some(16, 1_000) > 600,
            log_fails: some(20, 300),
            relay_hangs: hung(some(21, 1_000)),
            relay_slow: some(22, 600),
            relay_garbles: hung(some(23, 1_000)),
            origin_hangs: hung(some(24, 1_000)),
            store_busy: some(25, 200),
            // One bit for each point of presence.
            relay_unreached: some(26, 16) & some(26, 16),
            relay_unheard: some(26, 16) & some(26, 16),
            clock_leaps: some(27, 10),
            relay_clock_leaps: some(28, 10),
        }
    }
}
