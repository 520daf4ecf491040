//! Log time: the clock by which entries are stamped, leases last and documents become due.
//!
//! It never goes back, whatever the machine's clock does, and it never stands still: while it is
//! ahead of the clock it runs at half the clock's pace, until the clock has caught up. So a clock
//! that jumped an hour ahead and back makes everything wait twice as long for a while, and not
//! for an hour. (Slewing, as NTP does: RFC 5905, section 12.)

use std::sync::{Mutex, PoisonError};

/// Log time of a node. All times are in ms since 1970.
#[derive(Debug, Default)]
pub(crate) struct LogTime(Mutex<ClockReading>);

#[derive(Debug, Default)]
struct ClockReading {
    latest_ms: u64,
    /// What the clock said then, if it was asked.
    clock_ms: Option<u64>,
    /// Whether half a millisecond is left over.
    half: bool,
}

impl LogTime {
    /// Log time where the clock says `clock_ms`: not before what was given last.
    pub(crate) fn at(&self, clock_ms: u64) -> u64 {
        let mut reading = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that went back has let no time pass.
        let before_ms = reading.clock_ms.replace(clock_ms).unwrap_or(clock_ms);
        let passed_ms = clock_ms.saturating_sub(before_ms);
        if clock_ms >= reading.latest_ms {
            (reading.latest_ms, reading.half) = (clock_ms, false);
        } else {
            let halves = passed_ms + u64::from(reading.half);
            reading.latest_ms = clock_ms.max(reading.latest_ms + halves / 2);
            reading.half = halves % 2 == 1;
        }
        reading.latest_ms
    }

    /// Goes on from `latest_ms`, which the log has, and no earlier.
    pub(crate) fn go_on_from(&self, latest_ms: u64) {
        let mut reading = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reading.latest_ms = reading.latest_ms.max(latest_ms);
    }

    /// How far it is ahead of a clock that says `clock_ms`.
    pub(crate) fn ahead_ms(&self, clock_ms: u64) -> u64 {
        self.at(clock_ms) - clock_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000;

    #[test]
    fn it_follows_a_clock_that_goes_on() {
        let time = LogTime::default();
        assert_eq!([5, 9, 9, 40].map(|clock| time.at(clock)), [5, 9, 9, 40]);
    }

    #[test]
    fn after_a_jump_and_back_it_goes_on_at_half_the_pace_until_the_clock_is_there() {
        let (time, begin) = (LogTime::default(), 10 * HOUR);
        time.at(begin);
        assert_eq!(time.at(begin + HOUR), begin + HOUR);
        assert_eq!(time.at(begin), begin + HOUR, "never back");
        // Step by step it is the same as at once.
        (0..60_000).step_by(7).for_each(|ms| assert!(time.at(begin + ms) > begin + HOUR - 1));
        assert_eq!(time.at(begin + 60_000), begin + HOUR + 30_000, "never still");
        assert_eq!(time.ahead_ms(begin + 60_000), HOUR - 30_000);
        assert_eq!(time.at(begin + 2 * HOUR), begin + 2 * HOUR);
        assert_eq!(time.at(begin + 2 * HOUR + 1), begin + 2 * HOUR + 1);
    }

    #[test]
    fn it_goes_on_from_what_the_log_has() {
        let time = LogTime::default();
        [HOUR, 3 * HOUR, 2 * HOUR].into_iter().for_each(|logged| time.go_on_from(logged));
        assert_eq!(time.at(HOUR), 3 * HOUR);
        assert_eq!(time.at(HOUR + 10), 3 * HOUR + 5);
    }
}
