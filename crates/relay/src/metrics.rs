//! What is counted, in Prometheus' text format.
//!
//! Counters that stand for an alarm have "alarm" in their help text. Must never
//! name a document, an author or a client.

use std::fmt;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Metric, Registry};
use redwedding_fold::relay::Measures;
use redwedding_replica::sync::{Pulled, Receipt};

/// What became of a pushed entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ReceiptLabel {
    kind: ReceiptKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
#[allow(non_camel_case_types)]
enum ReceiptKind {
    logged,
    known,
    not_counted,
    unmet,
    deferred,
    refused,
    quarantined,
    busy,
}

/// What a pull was answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct PulledLabel {
    kind: PulledKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
#[allow(non_camel_case_types)]
enum PulledKind {
    entries,
    snapshot,
    reset,
    behind,
    not_now,
}

/// The status of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StatusLabel {
    status: u16,
}

/// All that is counted.
pub struct Metrics {
    registry: Registry,
    /// Entries appended to the logs.
    pub appended: Counter,
    /// Batches appended.
    pub batches: Counter,
    /// Batches that the log did not confirm.
    pub append_failures: Counter,
    /// How long commits to the log took, in seconds.
    pub commit_seconds: Histogram,
    /// Snapshots written.
    pub snapshots: Counter,
    /// Snapshot rounds that failed.
    pub snapshot_failures: Counter,
    /// Floors moved up.
    pub floors: Counter,
    /// Refused entries that found no room to be retained.
    pub refused_dropped: Counter,
    /// Batches that ended in a panic.
    pub panics: Counter,
    /// Ticks sent.
    pub ticks: Counter,
    /// Ticks that were not answered well.
    pub tick_failures: Counter,
    receipts: Family<ReceiptLabel, Counter>,
    pulls: Family<PulledLabel, Counter>,
    exchanges: Family<StatusLabel, Counter>,
    segments: Family<StatusLabel, Counter>,
    gauges: Gauges,
}

/// What is measured at the moment of a scrape.
#[derive(Clone, Default)]
pub struct Gauges {
    /// Documents held.
    pub documents: Gauge,
    /// Documents that the origin does not hold in full.
    pub pending: Gauge,
    /// Documents that are due and nobody's.
    pub due: Gauge,
    /// Points of presence known.
    pub members: Gauge,
    /// Refused entries that are retained.
    pub refused_kept: Gauge,
    /// For how long the oldest edit that the origin lacks has been in the log, in s.
    pub oldest_pending_s: Gauge,
    /// Saves that sweeps found waiting in the outbox.
    pub outbox_waiting: Gauge,
    /// For how long the oldest of them has waited, in s.
    pub outbox_oldest_s: Gauge,
    /// How far log time is ahead of the clock, in ms.
    pub log_time_ahead_ms: Gauge,
    /// Logged entries that documents keep out.
    pub quarantined: Gauge,
    /// Logged records that could not be read.
    pub unreadable: Gauge,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

fn named<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("redwedding_relay");
        let r = &mut registry;
        // From a tenth of a millisecond to three seconds.
        let buckets = Histogram::new(exponential_buckets(0.0001, 2.0, 16));
        let counter = Counter::<u64>::default;
        Self {
            appended: named(r, "entries_appended", "Entries appended to the logs", counter()),
            batches: named(r, "batches", "Batches appended", counter()),
            append_failures: named(
                r,
                "append_failures",
                "Batches that the log did not confirm (alarm)",
                counter(),
            ),
            commit_seconds: named(r, "commit_seconds", "Commits to the log, with fsync", buckets),
            snapshots: named(r, "snapshots", "Snapshots written", counter()),
            snapshot_failures: named(
                r,
                "snapshot_failures",
                "Snapshots not written (alarm)",
                counter(),
            ),
            floors: named(r, "floors", "Floors of documents moved up", counter()),
            refused_dropped: named(
                r,
                "refused_dropped",
                "Refused entries that were not kept: no room (alarm)",
                counter(),
            ),
            panics: named(r, "panics", "Batches that ended in a panic (alarm)", counter()),
            ticks: named(r, "ticks", "Ticks sent", counter()),
            tick_failures: named(r, "tick_failures", "Ticks not answered well", counter()),
            receipts: named(r, "receipts", "Pushed entries by receipt", Family::default()),
            pulls: named(r, "pulls", "Pulls by answer", Family::default()),
            exchanges: named(r, "sessions", "Exchanges by status", Family::default()),
            segments: named(r, "segments", "Segments asked for by status", Family::default()),
            gauges: Gauges::register(r),
            registry,
        }
    }
}

impl Gauges {
    fn register(r: &mut Registry) -> Self {
        let gauge = Gauge::<i64>::default;
        Self {
            documents: named(r, "documents", "Documents held", gauge()),
            pending: named(r, "pending_documents", "Documents that the origin lacks", gauge()),
            due: named(r, "due_documents", "Documents due and not leased", gauge()),
            members: named(r, "members", "Points of presence known", gauge()),
            refused_kept: named(r, "refused_kept", "Refused entries kept (alarm)", gauge()),
            oldest_pending_s: named(
                r,
                "oldest_pending_seconds",
                "How long the oldest edit that the origin lacks has been in the log",
                gauge(),
            ),
            outbox_waiting: named(
                r,
                "outbox_waiting",
                "Acknowledged saves that sweeps found, and the log does not hold",
                gauge(),
            ),
            outbox_oldest_s: named(
                r,
                "outbox_oldest_seconds",
                "How long the oldest of them has waited",
                gauge(),
            ),
            log_time_ahead_ms: named(
                r,
                "log_time_ahead_ms",
                "How far log time is ahead of the clock, in ms",
                gauge(),
            ),
            quarantined: named(r, "quarantined", "Logged entries kept out (alarm)", gauge()),
            unreadable: named(r, "unreadable", "Logged records not readable (alarm)", gauge()),
        }
    }
}

impl Metrics {
    /// Counts a receipt.
    pub fn count_receipt(&self, receipt: &Receipt) {
        let kind = match receipt {
            Receipt::Logged(_) => ReceiptKind::logged,
            Receipt::Known(_) => ReceiptKind::known,
            Receipt::NotCounted => ReceiptKind::not_counted,
            Receipt::Unmet => ReceiptKind::unmet,
            Receipt::Deferred(_) => ReceiptKind::deferred,
            Receipt::Refused(_) => ReceiptKind::refused,
            Receipt::Quarantined(_) => ReceiptKind::quarantined,
            Receipt::Busy => ReceiptKind::busy,
        };
        self.receipts.get_or_create(&ReceiptLabel { kind }).inc();
    }

    /// Counts an answer to a pull.
    pub fn count_pulled(&self, pulled: &Pulled) {
        let kind = match pulled {
            Pulled::Entries { .. } => PulledKind::entries,
            Pulled::Snapshot(_) => PulledKind::snapshot,
            Pulled::Reset => PulledKind::reset,
            Pulled::Behind => PulledKind::behind,
            Pulled::NotNow => PulledKind::not_now,
        };
        self.pulls.get_or_create(&PulledLabel { kind }).inc();
    }

    /// Counts an exchange that was answered with `status`.
    pub fn count_exchange(&self, status: u16) {
        self.exchanges.get_or_create(&StatusLabel { status }).inc();
    }

    /// Counts a question for a segment that was answered with `status`.
    pub fn count_segment(&self, status: u16) {
        self.segments.get_or_create(&StatusLabel { status }).inc();
    }

    /// Shows what was measured.
    pub fn show(&self, measures: &Measures) {
        let gauges = &self.gauges;
        gauges.documents.set(measures.documents as i64);
        gauges.quarantined.set(measures.quarantined as i64);
        gauges.unreadable.set(measures.unreadable as i64);
        gauges.pending.set(measures.pending as i64);
        gauges.due.set(measures.due as i64);
        gauges.members.set(measures.members as i64);
        gauges.refused_kept.set(measures.refused_kept as i64);
        gauges.oldest_pending_s.set((measures.oldest_pending_ms / 1_000) as i64);
        gauges.outbox_waiting.set(measures.outbox.waiting as i64);
        gauges.outbox_oldest_s.set((measures.outbox.oldest_ms / 1_000) as i64);
        gauges.log_time_ahead_ms.set(measures.log_time_ahead_ms as i64);
    }

    /// What is measured at a scrape.
    #[must_use]
    pub fn gauges(&self) -> &Gauges {
        &self.gauges
    }

    /// All of it as text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _written = encode(&mut text, &self.registry);
        text
    }
}
