//! What points of presence say of the outbox: how much waits there, and for how long.
//!
//! Soft state, for operators alone: nothing is decided by it, and a restart forgets it. It can be
//! old, where the relay was away: then nobody could say anything.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use redwedding_replica::outbox_report::BucketReport;

use crate::limits;

/// The last word on each bucket of each site, with when it was heard.
#[derive(Debug, Default)]
pub(crate) struct OutboxReports(Mutex<BTreeMap<(String, u16), (BucketReport, u64)>>);

/// What waits in the outbox, as far as was said.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OutboxMeasures {
    /// Acknowledged saves that the log does not hold.
    pub waiting: u64,
    /// For how long the oldest has waited, in ms.
    pub oldest_ms: u64,
}

impl OutboxReports {
    /// Takes in reports of a site. What is said of buckets that do not exist is not believed.
    pub(crate) fn hear(&self, site: &str, reports: Vec<BucketReport>, now_ms: u64) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for report in reports.into_iter().filter(|said| said.bucket < limits::OUTBOX_BUCKETS) {
            heard.insert((site.to_owned(), report.bucket), (report, now_ms));
        }
        heard.retain(|_, (_, heard_ms)| *heard_ms + limits::MEMBER_MS >= now_ms);
    }

    pub(crate) fn measure(&self, now_ms: u64) -> OutboxMeasures {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let reports = || heard.values().map(|(report, _)| report);
        let oldest = reports().filter(|report| report.waiting > 0 && report.oldest_ms > 0);
        let oldest_ms = oldest.map(|report| report.oldest_ms).min();
        OutboxMeasures {
            waiting: reports().map(|report| u64::from(report.waiting)).sum(),
            oldest_ms: oldest_ms.map_or(0, |oldest_ms| now_ms.saturating_sub(oldest_ms)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_on_a_bucket_stands_until_it_is_old() {
        let outbox = OutboxReports::default();
        let report = |bucket, waiting, oldest_ms| BucketReport { bucket, waiting, oldest_ms };
        outbox.hear("a", vec![report(1, 5, 400), report(2, 7, 300)], 1_000);
        outbox.hear("b", vec![report(1, 1, 700), report(999, 9, 1)], 1_000);
        assert_eq!(outbox.measure(1_000), OutboxMeasures { waiting: 13, oldest_ms: 700 });
        outbox.hear("a", vec![report(2, 0, 0)], 2_000);
        assert_eq!(outbox.measure(2_000), OutboxMeasures { waiting: 6, oldest_ms: 1_600 });
        outbox.hear("c", Vec::new(), 1_001 + limits::MEMBER_MS);
        assert_eq!(outbox.measure(2_000), OutboxMeasures::default());
    }
}
