//! The breaker (Nygard, *Release It!*): whether a point of presence asks the relay at all.
//!
//! One exchange that fails, is not answered in time or cannot be read opens it for all
//! sandboxes of the point of presence, through their cache. While it is open, nobody who is
//! waited for asks the relay. It is left alone for a while, longer after each failure; then
//! one of those whose answer is out probes it, and an exchange that succeeds closes it.
//!
//! How long it is left alone is how long the cache calls the value fresh: no clock of a
//! sandbox decides. The value may be lost at any time; the next exchange finds out anew.

use crate::limits;

/// The breaker as the cache has it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Breaker {
    open: bool,
    /// Failures since an exchange was answered as soon as a reader needs it.
    failures: u8,
}

impl Breaker {
    /// What the cache holds; closed where that is nothing.
    pub(crate) fn read(value: Option<&[u8]>) -> Self {
        match value {
            Some([open, failures]) => Self { open: *open != 0, failures: *failures },
            _ => Self::default(),
        }
    }

    pub(crate) fn value(self) -> Vec<u8> {
        vec![u8::from(self.open), self.failures]
    }

    pub(crate) fn is_open(self) -> bool {
        self.open
    }

    /// After one more failure.
    #[must_use]
    pub(crate) fn opened(self) -> Self {
        Self { open: true, failures: self.failures.saturating_add(1) }
    }

    /// After an exchange that took so long. One that took longer than a reader may wait
    /// does not let the failures be forgotten: the next time-out is likely.
    #[must_use]
    pub(crate) fn closed(self, took_ms: u64) -> Self {
        let slow = took_ms > limits::RELAY_WAIT_MS;
        Self { open: false, failures: if slow { self.failures } else { 0 } }
    }

    /// How long the relay is left alone before somebody probes it, in ms. `drawn` spreads
    /// the points of presence.
    pub(crate) fn rest_ms(self, drawn: u8) -> u64 {
        let doublings = u32::from(self.failures).saturating_sub(1).min(16);
        let rest = limits::RELAY_BACKOFF_MS << doublings;
        let rest = rest.min(limits::RELAY_BACKOFF_MOST_MS);
        rest / 2 + rest * u64::from(drawn) / 510
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_double_within_bounds() {
        let mut breaker = Breaker::default();
        let rests = |breaker: Breaker| (breaker.rest_ms(0), breaker.rest_ms(u8::MAX));
        for expected in [(500, 1_000), (1_000, 2_000)] {
            breaker = breaker.opened();
            assert_eq!(rests(breaker), expected);
        }
        for _ in 0..300 {
            breaker = breaker.opened();
            assert_eq!(rests(breaker), (1_500, 3_000));
        }
    }

    #[test]
    fn only_a_quick_exchange_lets_failures_be_forgotten() {
        let breaker = Breaker::default().opened().opened();
        assert_eq!(breaker.closed(limits::RELAY_WAIT_MS + 1).opened().failures, 3);
        assert_eq!(breaker.closed(limits::RELAY_WAIT_MS), Breaker::default());
        assert_eq!(Breaker::read(Some(&breaker.value())), breaker);
        assert_eq!(Breaker::read(None), Breaker::read(Some(b"noise")));
    }
}
